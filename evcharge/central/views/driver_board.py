"""What drivers see on their own pages: their wallet, charge, last refusal and unseen tickets. Pure.

Kept for those who have a page open only, but for the last minute of power of each charge: a page that is opened in
the middle of one shows it.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice
from typing import Any

import msgspec

from evcharge.central.feed import Feed, Live
from evcharge.central.rules.charging import present_step
from evcharge.central.rules.facts import Facts
from evcharge.central.views import page_frames, refusal_text
from evcharge.central.views.board import Board, drawn
from evcharge.central.views.charge_trouble import trouble
from evcharge.domain.billing import price_text
from evcharge.domain.events import (
    Event,
    SessionAuthorised,
    SessionRefused,
    StartRefused,
    TicketCorrected,
    TicketMade,
    TicketShown,
)
from evcharge.domain.ids import DriverId, SessionId
from evcharge.domain.session import Session, Ticket
from evcharge.domain.timestamps import text_of

POWER_FIGURES = 60
# More unseen tickets than these come when the first of them were seen.
MAX_TICKETS = 50
# With so few left of those that were read, the next are read from the books.
_FEW_TICKETS = 25


@dataclass(slots=True)
class _Reader:
    """A driver with open pages."""

    pages: int = 0
    refused: page_frames.Refusal | None = None
    # Unseen: those that the books held, as far as they were read, and those that were made meanwhile.
    stored: dict[SessionId, Ticket] = field(default_factory=dict)
    made: dict[SessionId, Ticket] = field(default_factory=dict)
    # Where the books go on; None when all is read.
    place: int | None = 0
    # Whether they are being read, and what was seen since: the read may have begun before that.
    is_reading: bool = False
    seen: set[SessionId] = field(default_factory=set)
    # A ticket was put right, and may lie in the inbox again: what was read, or is being read, does not tell that.
    is_outdated: bool = False
    shown: page_frames.Me | None = None
    # The board's revision when `shown` was made.
    rev: int = -1

    @property
    def wants_more(self) -> bool:
        """Whether the books should be read on."""
        is_more = self.place is not None or self.is_outdated
        return is_more and not self.is_reading and len(self.stored) <= _FEW_TICKETS

    def correct(self, event: TicketCorrected) -> None:
        """Show a ticket that waits to be seen, or to be seen again, as it is now."""
        self.is_outdated |= event.told_later or self.is_reading
        for kept in (self.stored, self.made):
            if (ticket := kept.get(event.session_id)) is not None:
                kept[event.session_id] = replace(
                    ticket,
                    corrected_mwh=ticket.corrected_mwh + event.energy_mwh,
                    corrected_cents=ticket.corrected_cents + event.cost_cents,
                )

    def next_tickets(self) -> list[Ticket]:
        """Return the unseen tickets that are shown now; those that were made of late only when no older are left."""
        later = () if self.place else self.made.values()
        return list(islice(chain(self.stored.values(), later), MAX_TICKETS))


@dataclass(frozen=True, slots=True)
class InboxRead:
    """One read of a driver's inbox, from `place` on."""

    driver_id: DriverId
    place: int
    reader: _Reader


class DriverBoard:
    """Views of single drivers, on top of the `board` of everything."""

    def __init__(self, facts: Facts, feed: Feed, board: Board) -> None:
        self._facts = facts
        self._live = feed.live
        self._board = board
        self._readers: dict[DriverId, _Reader] = {}
        self._changed: set[DriverId] = set()
        self._power: dict[SessionId, array[int]] = {}

    # ---- pages

    def open(self, driver_id: DriverId) -> None:
        """One more page of `driver_id` is open. What its inbox holds must be read next."""
        self._readers.setdefault(driver_id, _Reader()).pages += 1
        self._changed.add(driver_id)

    def is_open(self, driver_id: DriverId) -> bool:
        """Return whether `driver_id` has a page open."""
        return driver_id in self._readers

    def wanting(self) -> list[DriverId]:
        """Return the drivers whose inbox must be read on, so that their pages can show what is next."""
        return [driver_id for driver_id, reader in self._readers.items() if reader.wants_more]

    def next_read(self, driver_id: DriverId) -> InboxRead | None:
        """Return what to read of the inbox of `driver_id` now, None for nothing; `adopt` ends the read."""
        reader = self._readers.get(driver_id)
        if reader is None or not reader.wants_more:
            return None
        place = 0 if reader.is_outdated else reader.place or 0
        reader.is_reading, reader.is_outdated = True, False
        return InboxRead(driver_id, place, reader)

    def adopt(self, read: InboxRead, tickets: Iterable[Ticket], place: int | None) -> None:
        """Take in what the books hold, oldest first; they go on at `place`."""
        reader = read.reader
        if self._readers.get(read.driver_id) is not reader:
            return  # all pages were closed meanwhile
        for ticket in tickets:
            if ticket.session_id not in reader.seen and ticket.session_id not in reader.made:
                reader.stored[ticket.session_id] = ticket
        reader.place, reader.is_reading = place, False
        reader.seen.clear()
        self._changed.add(read.driver_id)

    def close(self, driver_id: DriverId) -> None:
        """A page of `driver_id` is gone; with the last one, what was kept for it is forgotten."""
        reader = self._readers[driver_id]
        reader.pages -= 1
        if not reader.pages:
            del self._readers[driver_id]
            self._changed.discard(driver_id)

    # ---- what happens

    def on_event(self, event: Event) -> None:
        """Take in one stored event."""
        match event:
            case SessionRefused() | TicketMade():
                self._power.pop(event.session_id, None)
            case _:
                pass
        driver_id: DriverId | None = getattr(event, "driver_id", None)
        reader = self._readers.get(driver_id) if driver_id is not None else None
        if reader is None or driver_id is None:
            return
        self._changed.add(driver_id)
        match event:
            case SessionAuthorised():
                reader.refused = None
            case StartRefused(times=1, by_operator=False) | SessionRefused():
                reader.refused = refusal_text.of_event(event)
            case TicketMade():
                reader.made[event.session_id] = _ticket(event)
            case TicketCorrected():
                reader.correct(event)
            case TicketShown():
                reader.stored.pop(event.session_id, None)
                reader.made.pop(event.session_id, None)
                if reader.is_reading:
                    reader.seen.add(event.session_id)
            case _:
                pass

    def on_live(self, session: Session, live: Live) -> None:
        """Take in live figures."""
        figures = self._power.get(session.session_id)
        if figures is None:
            figures = self._power[session.session_id] = array("I")
        elif len(figures) >= POWER_FIGURES:
            del figures[0]
        figures.append(live.power_w)
        if session.driver_id in self._readers:
            self._changed.add(session.driver_id)

    # ---- the present

    def refresh(self) -> None:
        """Look again at those for whom something has happened."""
        changed, self._changed = self._changed, set()
        for driver_id in changed:
            reader = self._readers[driver_id]
            shown = self.view(driver_id)
            if shown != reader.shown:
                reader.shown, reader.rev = shown, reader.rev + 1

    def changes(self, driver_id: DriverId) -> int:
        """Return a number that is another one whenever that driver's own view has changed."""
        return self._readers[driver_id].rev

    def view(self, driver_id: DriverId) -> page_frames.Me:
        """Return what the driver is shown of itself now."""
        driver = self._facts.driver(driver_id)
        reader = self._readers.get(driver_id)
        tickets = reader.next_tickets() if reader is not None else []
        sessions = sorted(driver.sessions) if driver is not None else []
        session = self._facts.session(sessions[0]) if sessions else None
        return page_frames.Me(
            driver_id=driver_id,
            balance_cents=driver.balance_cents if driver is not None else 0,
            held_cents=driver.held_cents if driver is not None else 0,
            owed_cents=self._facts.owed_cents(driver_id, driver.registration) if driver is not None else 0,
            session=self.charge(session) if session is not None else None,
            refused=reader.refused if reader is not None else None,
            tickets=[ticket_row(ticket) for ticket in tickets],
            question=self._question(driver_id),
            pin_limit_cents=driver.pin_limit_cents if driver is not None and driver.pin_hash else None,
        )

    def _question(self, driver_id: DriverId) -> page_frames.Question | None:
        asking = self._facts.asking(driver_id)
        if asking is None:
            return None
        point, question = asking
        return page_frames.Question(
            request_id=question.request_id,
            cp_id=point.cp_id,
            price=question.price_centi_cents_per_kwh,
            hold_cents=question.hold_cents,
            within_s=question.within_s,
            until=self._board.by_the_clock(question.request_id, question.asked_at) + question.within_s,
        )

    def charge(self, session: Session) -> page_frames.Charge:
        """Return an open session as its driver is shown it."""
        point = self._facts.point(session.cp_id)
        linked = point is not None and point.engine_link is not None
        live = self._live.get(session.cp_id)
        power_w, energy_mwh, cost = drawn(session, live, linked=linked)
        if not linked or (live is not None and live.session_id != session.session_id):
            live = None
        at = partial(self._board.by_the_clock, session.session_id)
        return page_frames.Charge(
            session_id=session.session_id,
            request_id=session.request_id,
            cp_id=session.cp_id,
            step=present_step(session),
            power_w=power_w if linked else None,
            energy_mwh=energy_mwh,
            cost_cents=cost,
            limit_mwh=session.limit_mwh,
            until_mwh=session.until_mwh,
            until_cents=session.until_cents,
            by_operator=session.by_operator,
            started_at=at(session.started_at) if session.started_at is not None else None,
            elapsed_s=session.elapsed_s,
            authorised_at=at(session.authorised_at),
            plug_within_s=session.plug_within_s,
            price=session.price_centi_cents_per_kwh,
            power=self._power.get(session.session_id, array("I")).tolist(),
            battery_permille=live.battery_permille if live is not None else None,
            full_in_s=live.full_in_s if live is not None else None,
            trouble=trouble(session, point),
        )

    def frame(self, driver_id: DriverId, seen: int | None) -> bytes:
        """Return a frame for `driver_id`: everything (`seen` None), or what is newer than that revision."""
        board = self._board
        return page_frames.encode(
            page_frames.DriverFrame(
                t="snap" if seen is None else "d",
                epoch=board.epoch,
                rev=board.rev,
                now=board.now_s,
                lang=board.lang,
                zone=board.zone,
                c=board.names(-1 if seen is None else seen),
                free=msgspec.Raw(board.free()),
                me=self.view(driver_id),
            )
        )


def ticket_row(ticket: Ticket) -> dict[str, Any]:
    """Return a ticket as the lists of the API show it."""
    return {
        "session_id": ticket.session_id,
        "request_id": ticket.request_id,
        "cp_id": ticket.cp_id,
        "driver_id": ticket.driver_id,
        "registration": ticket.registration,
        "energy_mwh": ticket.energy_mwh,
        "cost_cents": ticket.cost_cents,
        "price": price_text(ticket.price_centi_cents_per_kwh),
        "reason": ticket.reason,
        "started_at": text_of(ticket.started_at.astimezone(UTC)),
        "ended_at": text_of(ticket.ended_at.astimezone(UTC)),
        "estimated": ticket.estimated,
        "elapsed_s": ticket.elapsed_s,
        "received_at": text_of(ticket.received_at.astimezone(UTC)),
        "late": ticket.late,
        "corrected_mwh": ticket.corrected_mwh,
        "corrected_cents": ticket.corrected_cents,
        "by_operator": ticket.by_operator,
        "vat_percent": ticket.vat_percent,
    }


def _ticket(event: TicketMade) -> Ticket:
    return Ticket(
        session_id=event.session_id,
        request_id=event.request_id,
        cp_id=event.cp_id,
        driver_id=event.driver_id,
        energy_mwh=event.energy_mwh,
        cost_cents=event.cost_cents,
        price_centi_cents_per_kwh=event.price_centi_cents_per_kwh,
        reason=event.reason,
        started_at=datetime.fromtimestamp(event.started_at, UTC),
        ended_at=datetime.fromtimestamp(event.ended_at, UTC),
        estimated=event.estimated,
        elapsed_s=event.elapsed_s,
        received_at=datetime.fromtimestamp(event.received_at or event.ended_at, UTC),
        registration=event.registration,
        by_operator=event.by_operator,
        vat_permille=event.vat_permille,
        issuer=event.issuer,
    )
