"""What one charging point writes down, and what of it Central has: the journal behind one rule.

When writing fails the contactor opens before anything else is tried; then what was running is ended with what
is really on the disk. A second failure ends the engine.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType

from evcharge import labels
from evcharge.cp.hardware import Contactor
from evcharge.cp.journal.delivery import Delivery
from evcharge.cp.journal.journal import Journal, JournalFailed, JournalFull
from evcharge.domain.billing import kwh
from evcharge.domain.journal_records import Meter, SupplyEnd, SupplyRefused, SupplyStart
from evcharge.domain.session import EndReason
from evcharge.evc1.messages import Records, Start, Sync
from evcharge.labels import Speech
from evcharge.runtime.outage import Outage

log = logging.getLogger(__name__)

_T = TypeVar("_T")


class SessionJournal:
    """Writes starts, meters, ends and refusals, and hands them to Central in order.

    Every method may raise StateError: the journal is beyond help, and the contactor open.
    """

    def __init__(
        self, journal: Journal, contactor: Contactor, on_end: Callable[[], None], words: Speech
    ) -> None:
        """`on_end` hears of each end of a session that was running.

        One that the journal shows running ended with the last life of this engine: it is ended here.
        """
        self._journal = journal
        self._contactor = contactor
        self._on_end = on_end
        self._delivery = Delivery(journal)
        self._words = words
        self._to_refuse: dict[str, str] = {}
        # By the steady clock of this process; of a session that began in another life, the journal knows.
        self._now_s = 0.0
        self._began_s: float | None = None
        self._fullness = Outage(
            lambda: log.error("%s", self._words("journal full")),
            lambda: log.info("%s", self._words("journal has room")),
        )
        if journal.running is not None:
            self.end(EndReason.RESTART)
        self.take_space()

    # ---- what they say

    @property
    def full(self) -> bool:
        """Whether the disk has no room for another session."""
        return self._fullness.is_on

    @property
    def running(self) -> SupplyStart | None:
        """The start of the session that has no end yet."""
        return self._journal.running

    @property
    def energy_mwh(self) -> int:
        """What the running session has had so far; 0 when none runs."""
        running = self._journal.running
        return 0 if running is None else self._journal.meter_mwh - running.meter_mwh

    @property
    def elapsed_s(self) -> int | None:
        """For how many whole seconds the running session has lasted; None when nobody counted them."""
        journaled_s = self._journal.elapsed_s
        if self._began_s is None:
            return journaled_s
        return max(journaled_s or 0, int(self._now_s - self._began_s))

    @property
    def lasted_s(self) -> float:
        """For how long power has flowed at most, by the steady clock of this process."""
        return 0.0 if self._began_s is None else self._now_s - self._began_s

    @property
    def meter_mwh(self) -> int:
        """All that ever flowed through this charging point."""
        return self._journal.meter_mwh

    @property
    def last_seq(self) -> int:
        """The number of the latest record."""
        return self._journal.last_seq

    @property
    def linked(self) -> bool:
        """Whether Central is there and in step."""
        return self._delivery.linked

    @property
    def delivered(self) -> bool:
        """Whether Central has committed all there is to say."""
        return self._delivery.done and not self._to_refuse

    def knows(self, session_id: str) -> bool:
        """Return whether that session was started or refused, or its refusal waits for room on the disk."""
        return self._journal.knows(session_id) or session_id in self._to_refuse

    # ---- Central

    def sync(self) -> Sync:
        """Return the first message of a new link."""
        return Sync(journal_id=self._journal.journal_id, last_seq=self._journal.last_seq)

    def synced(self, last_seq: int) -> bool:
        """Central has committed up to `last_seq`. False: reconnect, the journal is another now."""
        if self._delivery.fits(last_seq):
            self._delivery.place(last_seq)
            return True
        self._delivery.lost()
        behind = last_seq > self._journal.last_seq
        if behind:
            log.error("%s", self._words("old journal", last=self._journal.last_seq, known=last_seq))
            self.end(EndReason.FAULT)
        else:
            log.error("%s", self._words("records gone", missing=last_seq + 1, first=self._journal.first_seq))
        self._journal.renew(carry=not behind)
        if self._journal.running is None:
            self.take_space()
        return False

    def acked(self, seq: int, wall_s: float) -> bool:
        """Central has committed up to `seq`. False: reconnect, the journal is another now."""
        if seq > self._journal.last_seq:
            return self.synced(seq)
        self._delivery.acked(seq)
        self.guarded(self._journal.acknowledge, seq, wall_s)
        if self._journal.running is None and self.guarded(self._journal.compact, wall_s):
            log.info("%s", self._words("sessions dropped"))
            self.take_space()
        return True

    def link_lost(self) -> None:
        """There is nobody to send to."""
        self._delivery.lost()

    def next_batch(self, now_s: float) -> Records | None:
        """Return the records to send now, if any."""
        return self.guarded(self._delivery.next_batch, now_s)

    # ---- writing

    def passed(self, now_s: float) -> None:
        """Take note of the steady clock: what is written next happens at this instant."""
        self._now_s = now_s

    def begin(self, start: Start, received_s: float, battery_permille: int | None) -> None:
        """Journal the start of a session, then close the contactor. To be used within `guarded`.

        START came at `received_s` of the steady clock.
        """
        self._journal.reserve()
        began_at = UNSET if start.at is UNSET else round(start.at + self._now_s - received_s, 3)
        self._journal.append(
            SupplyStart(
                seq=self._journal.last_seq + 1,
                session_id=start.session_id,
                driver_id=start.driver_id,
                request_id=start.request_id,
                price=start.price,
                hold_cents=start.hold_cents,
                limit_mwh=start.limit_mwh,
                auth=start.auth,
                meter_mwh=self._journal.meter_mwh,
                began_at=began_at,
                battery_permille=_field(battery_permille),
            )
        )
        self._began_s = self._now_s
        self._contactor.close()

    def meter(self, session_id: str, energy_mwh: int, battery_permille: int | None) -> None:
        """Journal that so much more has flowed, then count it. To be used within `guarded`."""
        self._journal.append(
            Meter(
                seq=self._journal.last_seq + 1,
                session_id=session_id,
                meter_mwh=self._journal.meter_mwh + energy_mwh,
                elapsed_s=_field(self.elapsed_s),
                battery_permille=_field(battery_permille),
            )
        )
        self._contactor.deliver(energy_mwh)

    def end(self, reason: str) -> None:
        """Open the contactor; journal the end of what was running, if anything was."""
        self._contactor.open()
        if self._journal.running is not None:
            if self.guarded(self._write_end, reason):
                self._on_end()
            self.take_space()

    def refuse(self, session_id: str, reason: str) -> None:
        """Journal that no power flows for this session; without room for it, at the next `retry`."""
        log.info(
            "%s",
            self._words("session refused", session=session_id, reason=self._why(reason)),
            extra={"session_id": session_id},
        )
        self._to_refuse[session_id] = reason
        self.retry()

    def retry(self) -> None:
        """Do what the disk had no room for."""
        if self.full and self._journal.running is None:
            self.take_space()
        for session_id in list(self._to_refuse):
            self.guarded(self._write_refusal, session_id)

    def take_space(self) -> None:
        """Have the space of the next session while there is some."""
        if self.guarded(self._is_full):
            self._fullness.lost()
        else:
            self._fullness.back()

    def guarded(self, work: Callable[..., _T], *args: Any) -> _T | None:
        """Return what `work` returns; None after a failure to write, which ends what was running."""
        was_running = self._journal.running is not None
        try:
            return work(*args)
        except (JournalFull, JournalFailed) as problem:
            self._contactor.open()
            failure = problem
        if isinstance(failure, JournalFull):
            self._fullness.lost()
        else:
            log.error("%s", self._words("power is off", why=failure.text))
            self._journal.recover()
        if self._journal.running is not None:
            # Not guarded: a disk that fails now, too, is beyond help.
            was_running = self._write_end(EndReason.FAULT)
        if was_running:
            self._on_end()
        return None

    # ---- inside

    def _write_end(self, reason: str) -> bool:
        running, meter_mwh = self._journal.running, self._journal.meter_mwh
        if running is None:
            return False
        self._journal.append(
            SupplyEnd(
                seq=self._journal.last_seq + 1,
                session_id=running.session_id,
                meter_mwh=meter_mwh,
                reason=reason,
                elapsed_s=_field(self.elapsed_s),
                battery_permille=_field(self._journal.battery_permille),
            )
        )
        self._began_s = None
        said = {"session": running.session_id, "driver": running.driver_id, "reason": self._why(reason)}
        log.info(
            "%s",
            self._words("session ended", kwh=kwh(meter_mwh - running.meter_mwh), **said),
            extra={"request_id": running.request_id, "session_id": running.session_id},
        )
        return True

    def _why(self, reason: str) -> str:
        # In English the term itself: it is what the journal and Central's books say.
        return reason if self._words.lang == "en" else labels.reason(EndReason.read(reason), self._words.lang)

    def _write_refusal(self, session_id: str) -> None:
        if not self._journal.knows(session_id):
            reason = self._to_refuse[session_id]
            try:
                self._journal.append(
                    SupplyRefused(seq=self._journal.last_seq + 1, session_id=session_id, reason=reason)
                )
            except JournalFull:
                return
        del self._to_refuse[session_id]

    def _is_full(self) -> bool:
        try:
            self._journal.reserve()
        except JournalFull:
            return True
        return False


def _field(value: int | None) -> int | UnsetType:
    return UNSET if value is None else value
