"""What the facts will be once what was decided is committed: changes on top of facts that they leave alone. Pure.

A batch of commands is decided on one of these, and each of its commands on a `Draft` of its own on top of that. They
answer for one charging point, driver or session at a time: whoever wants all that are committed asks the `Facts`.
"""

from collections.abc import Iterator
from dataclasses import replace
from heapq import merge
from typing import assert_never

from evcharge.central.rules.facts import (
    Change,
    Closed,
    Correction,
    Debt,
    Driver,
    Facts,
    FormerWallet,
    JournalCursor,
    JournalForgotten,
    Metered,
    MeterReading,
    OrderTaken,
    Quarantined,
    TicketSeen,
    TicketUnseen,
    Weather,
    Welcomed,
    asks,
)
from evcharge.domain.charging_point import ChargingPoint, CpStatus, Question
from evcharge.domain.ids import CpId, DriverId, JournalId, RequestId, SessionId
from evcharge.domain.issuer import Issuer
from evcharge.domain.location import Location
from evcharge.domain.session import Session, Ticket


class PendingFacts:
    """Changes on top of facts, or of other changes; what lies `beneath` shows through."""

    def __init__(self, beneath: "Facts | PendingFacts") -> None:
        self._beneath = beneath
        self._points: dict[CpId, ChargingPoint] = {}
        # Also those that are over by now.
        self._sessions: dict[SessionId, Session] = {}
        self._drivers: dict[DriverId, Driver] = {}
        self._former_wallets: dict[tuple[DriverId, int], FormerWallet] = {}
        # 0 for a journal that is forgotten.
        self._cursors: dict[tuple[CpId, JournalId], int] = {}
        # New in this decision.
        self._journals: dict[CpId, list[JournalId]] = {}
        self._weather: dict[Location, Weather] = {}
        self._requests: dict[RequestId, Session | Ticket] = {}
        # Whose inbox a ticket lies in; None once it was seen.
        self._unseen: dict[SessionId, DriverId | None] = {}
        # Also debts that are paid by now.
        self._debts: dict[DriverId, dict[SessionId, Debt]] = {}
        self._orders: set[str] = set()
        # Sessions that are over: recalled from the books, or closed here.
        self._closed: dict[SessionId, Closed] = {}
        self._quarantine: dict[tuple[CpId, SessionId, str], Quarantined] = {}
        # How many more of them are not `ours`, by charging point.
        self._foreign: dict[CpId, int] = {}
        # The largest `last_used` of any charging point.
        self.uses: int = beneath.uses
        self.welcomed: Welcomed = beneath.welcomed
        self.issuers: tuple[Issuer, ...] = beneath.issuers

    def point(self, cp_id: CpId) -> ChargingPoint | None:
        """Return the charging point, also a withdrawn one, or None when it is unknown."""
        found = self._points.get(cp_id)
        return found if found is not None else self._beneath.point(cp_id)

    def points(self) -> Iterator[ChargingPoint]:
        """Yield every charging point of the network: none that was withdrawn."""
        unseen = dict(self._points)
        for beneath in self._beneath.points():
            point = unseen.pop(beneath.cp_id, beneath)
            if not point.withdrawn:
                yield point
        yield from (point for point in unseen.values() if not point.withdrawn)

    def free(self, town_key: str = "") -> Iterator[ChargingPoint]:
        """Yield every charging point that is Available (there), the one that was used longest ago first."""
        beneath = (point for point in self._beneath.free(town_key) if point.cp_id not in self._points)
        here = [
            point
            for point in self._points.values()
            if point.status is CpStatus.AVAILABLE and town_key in ("", point.location.town_key)
        ]
        yield from merge(beneath, sorted(here, key=_by_use), key=_by_use)

    def session(self, session_id: SessionId) -> Session | None:
        """Return the session while it is open, else None."""
        found = self._sessions.get(session_id)
        if found is None:
            return self._beneath.session(session_id)
        return found if found.is_open else None

    def closed(self, session_id: SessionId) -> Closed | None:
        """Return a session that is over, as far as it is recalled."""
        found = self._closed.get(session_id)
        if found is None and isinstance(self._beneath, PendingFacts):
            return self._beneath.closed(session_id)
        return found

    def driver(self, driver_id: DriverId) -> Driver | None:
        """Return the driver who has that id now, or had it last; None when unknown."""
        found = self._drivers.get(driver_id)
        return found if found is not None else self._beneath.driver(driver_id)

    def asking(self, driver_id: DriverId) -> tuple[ChargingPoint, Question] | None:
        """Return what the driver is asked now, and which charging point asks, or None."""
        return asks(self.driver(driver_id), self.point)

    def former_wallet(self, driver_id: DriverId, registration: int) -> FormerWallet | None:
        """Return the wallet of an earlier registration of `driver_id`, if there was one."""
        found = self._former_wallets.get((driver_id, registration))
        return found if found is not None else self._beneath.former_wallet(driver_id, registration)

    def last_seq(self, cp_id: CpId, journal_id: JournalId) -> int:
        """Return how much of that journal is committed, or will be (0: nothing)."""
        found = self._cursors.get((cp_id, journal_id))
        return found if found is not None else self._beneath.last_seq(cp_id, journal_id)

    def journals(self, cp_id: CpId) -> list[JournalId]:
        """Return the journals of which something is committed, the one seen first at the beginning."""
        known = [*self._beneath.journals(cp_id), *self._journals.get(cp_id, ())]
        return [journal_id for journal_id in known if self._cursors.get((cp_id, journal_id)) != 0]

    def weather(self, location: Location) -> Weather | None:
        """Return the weather there, however the location is spelt, or None when nothing is known."""
        found = self._weather.get(location)
        return found if found is not None else self._beneath.weather(location)

    def weathers(self) -> Iterator[Weather]:
        """Yield the weather of every location that has any."""
        changed = dict(self._weather)
        for one in self._beneath.weathers():
            yield changed.pop(one.location, one)
        yield from changed.values()

    def outcome(self, request_id: RequestId) -> Session | Ticket | None:
        """Return what became of a request that was granted, or None."""
        found = self._requests.get(request_id)
        return found if found is not None else self._beneath.outcome(request_id)

    def unseen_by(self, session_id: SessionId) -> DriverId | None:
        """Return the driver who has not seen the ticket of that session yet, if there is one."""
        if session_id in self._unseen:
            return self._unseen[session_id]
        return self._beneath.unseen_by(session_id)

    def debts_under(self, driver_id: DriverId) -> list[Debt]:
        """Return what is owed under an id, whichever registration, the oldest debt first."""
        beneath = {debt.session_id: debt for debt in self._beneath.debts_under(driver_id)}
        known = beneath | self._debts.get(driver_id, {})
        return [debt for debt in known.values() if debt.left_cents]

    def debts(self, driver_id: DriverId, registration: int) -> list[Debt]:
        """Return what a driver owes, the oldest debt first; nothing of another registration of its id."""
        return [debt for debt in self.debts_under(driver_id) if debt.registration == registration]

    def owed_cents(self, driver_id: DriverId, registration: int) -> int:
        """Return what a driver owes in all."""
        return sum(debt.left_cents for debt in self.debts(driver_id, registration))

    def order_taken(self, command_id: str) -> bool:
        """Return whether that order was taken, as far as is remembered; older ones are refused for their age."""
        return command_id in self._orders or self._beneath.order_taken(command_id)

    def quarantined(self, cp_id: CpId, session_id: SessionId, kind: str) -> Quarantined | None:
        """Return the record of that kind and session that is kept aside."""
        found = self._quarantine.get((cp_id, session_id, kind))
        return found if found is not None else self._beneath.quarantined(cp_id, session_id, kind)

    def foreign_records(self, cp_id: CpId) -> int:
        """Return how many records of that charging point are kept aside that cannot be money."""
        return self._beneath.foreign_records(cp_id) + self._foreign.get(cp_id, 0)

    def recall(self, known: Session | OrderTaken | TicketUnseen | Closed) -> None:
        """Take in what memory has let go and the books still know; it is no change."""
        match known:
            case Session():
                self._requests[known.request_id] = known
            case OrderTaken():
                self._orders.add(known.command_id)
            case TicketUnseen():
                self._unseen[known.session_id] = known.driver_id
            case Closed():
                self._closed[known.session.session_id] = known
            case _:
                assert_never(known)

    def put(self, change: Change) -> None:
        """Change one fact."""
        match change:
            # What a batch of METERs changes comes first: most commits are these.
            case MeterReading():
                pass
            case Metered(session=session):
                self._sessions[session.session_id] = self._requests[session.request_id] = session
            case JournalCursor():
                if self.last_seq(change.cp_id, change.journal_id) == 0:
                    self._journals.setdefault(change.cp_id, []).append(change.journal_id)
                self._cursors[change.cp_id, change.journal_id] = change.last_seq
            case ChargingPoint():
                self._points[change.cp_id] = change
                self.uses = max(self.uses, change.last_used)
            case Session():
                self._sessions[change.session_id] = change
                self._requests[change.request_id] = change
                self._close(change)
            case Ticket():
                self._requests[change.request_id] = change
                self._unseen[change.session_id] = change.driver_id
                self._close(change)
            case Correction():
                self._close(change)
            case TicketSeen():
                self._unseen[change.session_id] = None
            case TicketUnseen():
                self._unseen[change.session_id] = change.driver_id
            case Driver():
                self._drivers[change.driver_id] = change
            case FormerWallet():
                self._former_wallets[change.driver_id, change.registration] = change
            case Debt():
                self._debts.setdefault(change.driver_id, {})[change.session_id] = change
            case JournalForgotten():
                self._cursors[change.cp_id, change.journal_id] = 0
            case Weather():
                self._weather[change.location] = change
            case Quarantined():
                self._set_aside(change)
            case Welcomed():
                self.welcomed = change
            case Issuer():
                self.issuers = (*self.issuers, change)
            case OrderTaken():
                self._orders.add(change.command_id)
            case _:
                pass  # what else changes lives in the database alone

    def _close(self, change: Session | Ticket | Correction) -> None:
        """Keep what is over for those who decide on it next; the committed facts leave it to the books."""
        if isinstance(change, Session) and change.is_open:
            return
        known = self.closed(change.session_id)
        match change:
            case Session():
                self._closed[change.session_id] = replace(known, session=change) if known else Closed(change)
            case Ticket() if known is not None:
                self._closed[change.session_id] = replace(known, ticket=change)
            case Correction() if known is not None and known.ticket is not None:
                ticket = replace(
                    known.ticket,
                    corrected_mwh=known.ticket.corrected_mwh + change.energy_mwh,
                    corrected_cents=known.ticket.corrected_cents + change.cost_cents,
                    corrected_paid_cents=known.ticket.corrected_paid_cents + change.paid_cents,
                )
                self._closed[change.session_id] = replace(known, ticket=ticket, corrections=change.number)

    def _set_aside(self, change: Quarantined) -> None:
        known = self.quarantined(change.cp_id, change.session_id, change.kind)
        more = (not change.ours) - (known is not None and not known.ours)
        self._foreign[change.cp_id] = self._foreign.get(change.cp_id, 0) + more
        self._quarantine[change.cp_id, change.session_id, change.kind] = change


def _by_use(point: ChargingPoint) -> tuple[int, CpId]:
    return point.last_used, point.cp_id
