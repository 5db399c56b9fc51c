"""What must be so at the end: engines' journals, drivers' requests and tickets, and payments stand in the books."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from evcharge.domain.journal_records import SupplyEnd, SupplyStart
from tests.cluster.fleet import RememberingPoint
from tests.cluster.history import Answer, History, Order, Request

# Examples of one kind; the rest is counted.
_MOST = 3
_MOVED = """
SELECT reference, cents FROM ledger WHERE reference IS NOT NULL AND kind <> 'CORRECTION'
UNION ALL SELECT reference, -cost_cents FROM correction WHERE reference IS NOT NULL
"""


@dataclass
class Books:
    """What of the books is held against the clients' word: rows by their key."""

    # request -> (session, state) of each session.
    sessions: dict[str, list[tuple[str, str]]]
    # session -> (energy in mWh, cents), corrections included in the energy.
    tickets: dict[str, tuple[int, int]]
    corrected_mwh: dict[str, int]
    # reference -> cents of each payment or refund.
    moved: dict[str, list[int]]
    journals: dict[str, int]
    unseen: int


@dataclass
class Verdict:
    """Figures, and what is wrong."""

    tickets: int = 0
    energy_mwh: int = 0
    cents: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


async def read(url: str) -> Books:
    """Read the books from the database."""
    connection = await asyncpg.connect(url)
    try:

        async def rows(sql: str) -> Sequence[Any]:
            return await connection.fetch(sql)

        sessions: dict[str, list[tuple[str, str]]] = {}
        for row in await rows("SELECT request_id, session_id, state FROM session"):
            sessions.setdefault(row[0], []).append((row[1], row[2]))
        moved: dict[str, list[int]] = {}
        for row in await rows(_MOVED):
            moved.setdefault(row[0], []).append(row[1])
        return Books(
            sessions=sessions,
            tickets={
                row[0]: (row[1], row[2])
                for row in await rows("SELECT session_id, energy_mwh, cost_cents FROM ticket")
            },
            corrected_mwh={
                row[0]: int(row[1])
                for row in await rows(
                    "SELECT session_id, SUM(energy_mwh) FROM correction GROUP BY session_id"
                )
            },
            moved=moved,
            journals={
                row[0]: row[1]
                for row in await rows("SELECT cp_id, MAX(last_seq) FROM journal GROUP BY cp_id")
            },
            unseen=(await rows("SELECT COUNT(*) FROM inbox"))[0][0],
        )
    finally:
        await connection.close()


def judge(books: Books, history: History, points: Iterable[RememberingPoint]) -> Verdict:
    """Hold what clients did and were told against the books. Pure."""
    found = Verdict(
        tickets=len(books.tickets),
        energy_mwh=sum(mwh for mwh, _ in books.tickets.values()) + sum(books.corrected_mwh.values()),
        cents=sum(cents for _, cents in books.tickets.values()),
        problems=list(dict.fromkeys(history.problems)),
    )
    wrong: dict[str, list[str]] = {}
    for request in history.requests.values():
        found.requests[request.answer.value] += 1
        _note(wrong, request.request_id, _of_request(request, books))
    for order in history.orders.values():
        _note(wrong, order.reference, _of_order(order, books))
    supplied: Counter[str] = Counter()
    for point in points:
        _note(wrong, point.cp_id, _of_point(point, books))
        for record in point.journal:
            if isinstance(record, SupplyStart):
                supplied[record.session_id] -= record.meter_mwh
            elif isinstance(record, SupplyEnd):
                supplied[record.session_id] += record.meter_mwh
    for session_id in supplied.keys() | books.tickets.keys():
        _note(wrong, session_id, _of_session(session_id, supplied, books))
    for session_id, energy_mwh, cents in history.shown:
        if books.tickets.get(session_id) != (energy_mwh, cents):
            _note(wrong, session_id, "a ticket was shown that the books do not have")
    shown = {session_id for session_id, *_ in history.shown}
    for session_id in books.tickets.keys() - shown:
        _note(wrong, session_id, "its ticket was never shown")
    if books.unseen:
        found.problems.append(f"{books.unseen} tickets lie in inboxes")
    found.problems += [f"{why}: {len(who)} ({', '.join(who[:_MOST])})" for why, who in sorted(wrong.items())]
    return found


def _note(wrong: dict[str, list[str]], who: str, why: str) -> None:
    if why:
        wrong.setdefault(why, []).append(who)


def _of_request(request: Request, books: Books) -> str:
    stored = books.sessions.get(request.request_id, [])
    states = [state for _, state in stored]
    if len(stored) > 1:
        return "a request has two sessions"
    match request.answer:
        case Answer.GRANTED | Answer.TICKETED if not stored:
            return "a request was granted and is not in the books"
        case Answer.REFUSED if request.was_granted and not stored:
            return "a request was granted and is not in the books"
        case Answer.TICKETED if states != ["TICKETED"]:
            return "a request had a ticket and its session has none"
        case Answer.REFUSED if states and states != ["REFUSED"]:
            return "a request was refused and is in the books"
        case Answer.NONE | Answer.IN_DOUBT:
            return "a request never had an answer"
    return ""


def _of_order(order: Order, books: Books) -> str:
    moved = books.moved.get(order.reference, [])
    if moved not in ([], [order.cents]):
        return "an order about money is not in the books as it was given, once"
    return (
        "an order about money was confirmed and is not in the books"
        if order.is_confirmed and not moved
        else ""
    )


def _of_point(point: RememberingPoint, books: Books) -> str:
    if books.journals.get(point.cp_id, 0) < point.confirmed:
        return "records were confirmed that the books do not have"
    return (
        ""
        if not point.journal or point.confirmed == point.journal[-1].seq
        else "records were never confirmed"
    )


def _of_session(session_id: str, supplied: Counter[str], books: Books) -> str:
    if session_id not in books.tickets:
        return "energy was supplied and has no ticket"
    if session_id not in supplied:
        return "a ticket is for what no engine supplied"
    billed = books.tickets[session_id][0] + books.corrected_mwh.get(session_id, 0)
    return "" if billed == supplied[session_id] else "a ticket is not what the engine supplied"
