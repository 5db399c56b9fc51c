"""Which ids of a batch memory does not know, so that the books are asked before anything is decided. Pure.

Memory holds the requests, orders and unseen tickets of the last hours; the books hold all of them, and each id only
once. Whoever names an old one gets the answer that it would get from memory.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from evcharge.central.rules.commands import (
    AnswerStart,
    AnyCommand,
    CorrectMoney,
    MarkTicketShown,
    Refund,
    StartCharging,
    TakeOrder,
    TakeRecords,
)
from evcharge.central.rules.facts import Facts
from evcharge.domain.ids import RequestId, SessionId
from evcharge.domain.journal_records import SupplyStart


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownIds:
    """Ids that the commands of a batch name, and memory does not know."""

    requests: frozenset[RequestId]
    orders: frozenset[str]
    tickets: frozenset[SessionId]
    # Sessions that are over here but that records still mention.
    sessions: frozenset[SessionId]


def unknown(facts: Facts, commands: Iterable[AnyCommand]) -> UnknownIds:
    """Return what to ask the books before `commands` are decided against `facts`."""
    requests: set[RequestId] = set()
    orders: set[str] = set()
    tickets: set[SessionId] = set()
    sessions: set[SessionId] = set()
    for command in commands:
        match command:
            case StartCharging(request_id=request_id) | AnswerStart(request_id=request_id) if (
                facts.outcome(request_id) is None
            ):
                requests.add(request_id)
            case TakeOrder(order=order) if order is not None and not facts.order_taken(order.command_id):
                orders.add(order.command_id)
            case MarkTicketShown(session_id=session_id) if facts.unseen_by(session_id) is None:
                tickets.add(session_id)
            case TakeRecords(records=records):
                untold = [record for record in records if facts.session(SessionId(record.session_id)) is None]
                sessions |= {SessionId(record.session_id) for record in untold}
                # A session that is rebuilt must not take a request id that was granted anew meanwhile.
                starts = (record.request_id for record in untold if isinstance(record, SupplyStart))
                requests |= {RequestId(one) for one in starts if facts.outcome(RequestId(one)) is None}
            case CorrectMoney(session_id=session_id) | Refund(session_id=session_id) if (
                session_id is not None
            ):
                sessions.add(session_id)
            case _:
                pass
    return UnknownIds(
        requests=frozenset(requests),
        orders=frozenset(orders),
        tickets=frozenset(tickets),
        sessions=frozenset(sessions),
    )
