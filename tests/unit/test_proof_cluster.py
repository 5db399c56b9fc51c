"""The proof of several Centrals: what it breaks comes from its seed, and it sees what is lost or doubled."""

import asyncio
import contextlib
import itertools

import pytest

from evcharge.domain.journal_records import AnyRecord, SupplyEnd, SupplyStart
from evcharge.fleet.tally import Tally
from tests.cluster.fleet import RememberingPoint
from tests.cluster.history import Answer, History, Request, TopUp
from tests.cluster.judge import Books, judge
from tests.cluster.nemesis import Kind, plan
from tests.cluster.wire import Way, Wire

_SESSION, _REQUEST = "S-00000001", "request-0001"


def test_a_seed_fixes_what_breaks_and_each_kind_comes_early():
    first = list(itertools.islice(plan(7), 60))
    assert first == list(itertools.islice(plan(7), 60))
    assert first != list(itertools.islice(plan(8), 60))
    assert {fault.kind for faults in first[: len(Kind)] for fault in faults} == set(Kind)
    assert any(len(faults) == 2 for faults in first)


def _told() -> tuple[Books, History, RememberingPoint]:
    """Return books, a history and a charging point that agree: one charge of 1000 mWh, one payment."""
    history = History()
    point = RememberingPoint(1, None, Tally(), 1, history)
    journal: list[AnyRecord] = [
        SupplyStart(
            seq=1, session_id=_SESSION, driver_id=point.driver_id, request_id=_REQUEST, price=5000,
            hold_cents=2000, limit_mwh=10_000, auth="", meter_mwh=500,
        ),
        SupplyEnd(seq=2, session_id=_SESSION, meter_mwh=1500, reason="FULL"),
    ]  # fmt: skip
    point.journal, point.confirmed = journal, 2
    history.requests[_REQUEST] = Request(_REQUEST, point.driver_id, Answer.TICKETED)
    history.top_ups["paid"] = TopUp("paid", point.driver_id, 100, is_confirmed=True)
    history.shown[(_SESSION, 1000, 50)] += 1
    books = Books(
        sessions={_REQUEST: [(_SESSION, "TICKETED")]},
        tickets={_SESSION: (1000, 50)},
        corrected_mwh={},
        top_ups={"paid": [100]},
        journals={point.cp_id: 2},
        unseen=0,
    )
    return books, history, point


def test_what_agrees_is_good():
    books, history, point = _told()
    found = judge(books, history, [point])
    assert (found.problems, found.tickets, found.energy_mwh, found.cents) == ([], 1, 1000, 50)


def _lost_ticket(books: Books, history: History, point: RememberingPoint) -> None:
    books.tickets.clear()


def _lost_session(books: Books, history: History, point: RememberingPoint) -> None:
    books.sessions.clear()


def _two_sessions(books: Books, history: History, point: RememberingPoint) -> None:
    books.sessions[_REQUEST] *= 2


def _refused_and_stored(books: Books, history: History, point: RememberingPoint) -> None:
    history.requests[_REQUEST].answer = Answer.REFUSED


def _never_answered(books: Books, history: History, point: RememberingPoint) -> None:
    history.requests[_REQUEST].answer = Answer.IN_DOUBT


def _lost_energy(books: Books, history: History, point: RememberingPoint) -> None:
    books.tickets[_SESSION] = (999, 50)


def _ticket_of_nobody(books: Books, history: History, point: RememberingPoint) -> None:
    point.journal.clear()


def _other_ticket_shown(books: Books, history: History, point: RememberingPoint) -> None:
    history.shown[(_SESSION, 1000, 49)] += 1


def _never_shown(books: Books, history: History, point: RememberingPoint) -> None:
    history.shown.clear()


def _lost_records(books: Books, history: History, point: RememberingPoint) -> None:
    books.journals[point.cp_id] = 1


def _unconfirmed_records(books: Books, history: History, point: RememberingPoint) -> None:
    point.confirmed = 1


def _lost_payment(books: Books, history: History, point: RememberingPoint) -> None:
    books.top_ups.clear()


def _paid_twice(books: Books, history: History, point: RememberingPoint) -> None:
    books.top_ups["paid"] *= 2


def _in_an_inbox(books: Books, history: History, point: RememberingPoint) -> None:
    books.unseen = 1


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (_lost_ticket, "energy was supplied and has no ticket"),
        (_lost_session, "a request was granted and is not in the books"),
        (_two_sessions, "a request has two sessions"),
        (_refused_and_stored, "a request was refused and is in the books"),
        (_never_answered, "a request never had an answer"),
        (_lost_energy, "a ticket is not what the engine supplied"),
        (_ticket_of_nobody, "a ticket is for what no engine supplied"),
        (_other_ticket_shown, "a ticket was shown that the books do not have"),
        (_never_shown, "its ticket was never shown"),
        (_lost_records, "records were confirmed that the books do not have"),
        (_unconfirmed_records, "records were never confirmed"),
        (_lost_payment, "a payment was confirmed and is not in the books"),
        (_paid_twice, "a payment is not in the books as it was made, once"),
        (_in_an_inbox, "1 tickets lie in inboxes"),
    ],
)
def test_what_is_lost_or_doubled_is_named(harm, found):
    books, history, point = _told()
    harm(books, history, point)
    assert any(problem.startswith(found) for problem in judge(books, history, [point]).problems)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


@pytest.mark.parametrize("ways", [(Way.OUT,), (Way.BACK,), (Way.OUT, Way.BACK)])
async def test_what_is_said_over_a_cut_wire_arrives_when_it_is_mended(ways):
    far = await asyncio.start_server(_echo, "127.0.0.1", 0)
    wire = Wire(far.sockets[0].getsockname)
    await wire.begin()
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(b"before")
        assert await reader.readexactly(6) == b"before"
        wire.cut(*ways)
        writer.write(b"during")
        answer = asyncio.create_task(reader.readexactly(6))
        assert not (await asyncio.wait([answer], timeout=0.05))[0]
        wire.mend()
        assert await answer == b"during"
        wire.cut(*ways)
        writer.write(b"lost")
        wire.reset()
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()
    await wire.end()
    far.close()
    await far.wait_closed()
