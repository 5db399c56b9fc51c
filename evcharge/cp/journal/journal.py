"""The engine's journal: the only truth about energy.

What `append` has returned from is on the disk; nothing is delivered, shown or sent before. It lives in one
file of a locked folder, whose space is reserved before power flows, so that a full disk cannot interrupt a
charge. After a failed sync that file is never synced again: what can be read of it goes to a new one, once.
"""

import contextlib
import logging
from collections.abc import Callable, Sequence

from evcharge.cp.journal import records
from evcharge.cp.journal.disk import Disk, File
from evcharge.cp.journal.records import Acked, Base, Damaged, Entry, JournalState
from evcharge.cp.journal.segment import (
    MARK_EVERY_S,
    SESSION_BYTES,
    TAIL_BYTES,
    JournalFailed,
    JournalFull,
    Segment,
)
from evcharge.domain.errors import StateError
from evcharge.domain.ids import JournalId
from evcharge.domain.journal_records import AnyRecord, Meter, SupplyEnd, SupplyRefused, SupplyStart
from evcharge.runtime import failures
from evcharge.runtime.files import NO_SPACE

__all__ = ["Journal", "JournalFailed", "JournalFull"]

log = logging.getLogger(__name__)

NAME = "journal"
NEW_NAME = "journal.new"
# Acknowledged records stay this long, so that a Central restored from a backup can catch up…
KEPT_S = 7 * 86_400.0
# …but not beyond this size.
KEPT_BYTES = 64 * 1024 * 1024
WORTH_COMPACTING_BYTES = 1024 * 1024
# Only one session can be unacknowledged for long: a file of this size is not ours.
MAX_FILE_BYTES = 256 * 1024 * 1024

Entropy = Callable[[int], bytes]


class Journal:
    """An open journal. Energy exists when `append` has returned."""

    def __init__(self, disk: Disk, entropy: Entropy) -> None:
        """Open the journal of this folder, or begin one; raise StateError.

        A write cut short is cut off. A damaged file is moved aside, and a new journal begun that goes on from
        the best known meter; `damage` then says so.
        """
        self._disk = disk
        self._entropy = entropy
        self._recovered = False
        self._looked_at = 0
        self.damage: str | None = None
        disk.lock()
        try:
            self._segment = self._load(again=False)
        except OSError as problem:
            disk.close()
            raise StateError(
                f"cannot open the journal in {disk}: {failures.why(problem)}. Check the disk."
            ) from problem
        except StateError:
            disk.close()
            raise

    @property
    def journal_id(self) -> JournalId:
        """The name of this journal: 32 hex digits, new whenever it does not continue the old one."""
        return JournalId(self._state.journal_id)

    @property
    def first_seq(self) -> int:
        """The number of the oldest record that is still here (or, without any, of the next one)."""
        return self._state.base_seq + 1

    @property
    def last_seq(self) -> int:
        """The number of the latest record."""
        return self._state.last_seq

    @property
    def acked_seq(self) -> int:
        """The number up to which Central has acknowledged, as far as remembered."""
        return self._state.acked_seq

    @property
    def meter_mwh(self) -> int:
        """The register: all energy that ever flowed here."""
        return self._state.meter_mwh

    @property
    def elapsed_s(self) -> int | None:
        """The second of the running session that is journaled last; None when its records do not say."""
        return self._state.elapsed_s

    @property
    def battery_permille(self) -> int | None:
        """How full the battery was at that second; None when the records of the session do not say."""
        return self._state.battery_permille

    @property
    def running(self) -> SupplyStart | None:
        """The start of the session that has no end yet."""
        return self._state.open

    @property
    def _state(self) -> JournalState:
        return self._segment.state

    def knows(self, session_id: str) -> bool:
        """Return whether that session was started or refused here."""
        return session_id in self._state.seen

    def records_after(self, seq: int, most: int = 100) -> list[AnyRecord]:
        """Return up to `most` records numbered above `seq`, oldest first. Raises JournalFailed."""
        return self._segment.records_after(seq, most)

    def reserve(self) -> None:
        """Take a whole session's space; call it before power flows. Raises JournalFull or JournalFailed."""
        self._segment.take(SESSION_BYTES + TAIL_BYTES)

    def append(self, record: AnyRecord) -> None:
        """Make one record durable. Raises JournalFull or JournalFailed; the record then does not count."""
        idle = self.running is None
        last_words = isinstance(record, SupplyEnd) or (isinstance(record, SupplyRefused) and idle)
        self._segment.append(record, last_words=last_words, data_only=isinstance(record, Meter))

    def acknowledge(self, seq: int, now: float) -> None:
        """Note that Central has committed up to `seq`. Raises JournalFailed.

        `now` is Unix time by a clock that nobody sets while the engine runs.
        """
        seq = min(seq, self.last_seq)
        if seq <= self.acked_seq:
            return
        self._state.acked_seq = seq
        marks = self._segment.marks
        # While power flows this is noted rarely: Central tells its position at each connect anyway.
        if self.running is None or not marks or abs(now - marks[-1].at) >= MARK_EVERY_S:
            with contextlib.suppress(JournalFull):
                self._segment.append(Acked(seq=seq, at=max(0.0, now)), last_words=False, data_only=True)

    def compact(self, now: float) -> bool:
        """Drop sessions that Central has had for a week, when it is worth it and nothing runs.

        Returns whether it did. Raises JournalFailed.
        """
        seq = self._forgettable(now)
        if self.running is not None or seq <= self._looked_at:
            return False
        self._looked_at = seq
        acked_seq = self.acked_seq
        try:
            base, kept = records.shorten(self._segment.read(), seq)
            if base.seq < self.first_seq:
                return False
            self._segment = self._begin(base, kept, old=self._segment)
        except OSError as problem:
            if problem.errno in NO_SPACE:
                return False
            raise JournalFailed(f"cannot compact the journal: {failures.why(problem)}") from problem
        self._state.acked_seq = max(acked_seq, self.acked_seq)
        return True

    def _forgettable(self, now: float) -> int:
        """Return the last record that may go; 0 when dropping it would not be worth the writing."""
        segment = self._segment
        seq = max((mark.seq for mark in segment.marks if mark.at <= now - KEPT_S), default=0)
        if segment.end > KEPT_BYTES:
            seq = max(seq, min(self.acked_seq, segment.seq_at(segment.end - KEPT_BYTES // 2)))
        return seq if segment.bytes_up_to(seq) >= WORTH_COMPACTING_BYTES else 0

    def recover(self) -> None:
        """After JournalFailed: go on from what is really there, in a new file.

        `running` is then what was running, if its start was there. Raises StateError the second time.
        """
        sentence = (
            f"the disk of the journal in {self._disk} is failing. The engine stops, with the power off: "
            "free or replace the disk, then start it again"
        )
        with contextlib.suppress(OSError):
            self._segment.close()
        if self._recovered:
            raise StateError(f"{sentence}.")
        self._recovered = True
        try:
            self._segment = self._load(again=True)
        except OSError as problem:
            raise StateError(f"{sentence} ({failures.why(problem)}).") from problem
        log.warning("journal: went on in a new file after record %d, %d mWh", self.last_seq, self.meter_mwh)

    def renew(self, *, carry: bool) -> None:
        """Begin another journal from this register, keeping the old file beside it. Raises StateError.

        With `carry`, all records that are here are taken along, numbered anew; else nothing may be running.
        """
        if self.running is not None and not carry:
            raise ValueError("a session is running")
        try:
            base, kept = records.shorten(self._segment.read(), 0 if carry else self.last_seq)
            fresh = self._fresh(base.meter_mwh, base.seen)
            aside = self._free_name("old")
            self._segment = self._begin(fresh, records.renumbered(kept), aside=aside, old=self._segment)
        except OSError as problem:
            raise StateError(
                f"cannot begin a new journal in {self._disk}: {failures.why(problem)}. Check the disk."
            ) from problem
        self._looked_at = 0

    def close(self) -> None:
        """Let go of the file and the folder."""
        with contextlib.suppress(OSError):
            self._segment.close()
        self._disk.close()

    # ---- the folder

    def _load(self, *, again: bool) -> Segment:
        file = self._find()
        if file is None:
            return self._begin(self._fresh(0, []), [])
        size = file.size()
        if size > MAX_FILE_BYTES:
            file.close()
            raise StateError(
                f"the journal in {self._disk} has {size} bytes, but ours stay below {MAX_FILE_BYTES}: it was not "
                "written by an engine. Move it away."
            )
        data = file.read(0, size)
        try:
            segment = Segment(file, data, size)
            if again:
                # The cache may show what the disk has not got: write all of it once more, elsewhere.
                records.check_tail(data, segment.end)
                return self._begin(*records.shorten(data, 0), old=segment)
            if segment.cut_off(data):
                log.warning("journal: a write cut short at byte %d was cut off", segment.end)
        except Damaged as damage:
            file.close()
            segment = self._begin_after(damage, data)
        except records.UnknownRecord as problem:
            file.close()
            raise StateError(
                f"the journal in {self._disk} holds a record that this version does not know ({problem}). "
                "Start the newer evcharge that wrote it."
            ) from None
        return segment

    def _begin_after(self, damage: Damaged, data: bytes) -> Segment:
        meter_mwh, seen = records.best_known(data)
        told = records.last_words(data)
        aside = self._free_name("damaged")
        segment = self._begin(self._fresh(records.first_meter(told, meter_mwh), seen), told, aside=aside)
        self.damage = f"journal damaged at byte {damage.at}, moved to {aside}"
        log.error(
            "journal damaged at byte %d, moved to %s; a new one goes on from %d mWh",
            damage.at,
            aside,
            meter_mwh,
        )
        return segment

    def _find(self) -> File | None:
        """Open the present file; None when a journal is to begin."""
        disk = self._disk
        if not disk.exists(NAME) and (file := disk.open(NEW_NAME)) is not None:
            # Power was lost before the new file had its name. A torn one was never used by anybody.
            data = file.read(0, MAX_FILE_BYTES)
            file.close()
            with contextlib.suppress(Damaged, records.UnknownRecord):
                records.replay(data)
                disk.rename(NEW_NAME, NAME)
                disk.sync_folder()
        present = disk.open(NAME)
        if present is not None and present.size() == 0:
            present.close()
            return None
        return present

    def _fresh(self, meter_mwh: int, seen: list[str]) -> Base:
        return Base(journal_id=self._entropy(16).hex(), seq=0, meter_mwh=meter_mwh, seen=seen)

    def _begin(
        self, base: Base, rest: Sequence[Entry], *, aside: str | None = None, old: Segment | None = None
    ) -> Segment:
        """Put a new file in place of the present one, atomically; keep that as `aside`. Raises OSError."""
        data = b"".join(map(records.encode, [base, *rest]))
        size = len(data) + TAIL_BYTES
        file = self._disk.create(NEW_NAME)
        try:
            file.reserve(0, size)
            file.write(0, data)
            file.sync()
            if aside is not None:
                self._disk.rename(NAME, aside)
            self._disk.rename(NEW_NAME, NAME)
            self._disk.sync_folder()
        except OSError:
            file.close()
            raise
        if old is not None:
            with contextlib.suppress(OSError):
                old.close()
        return Segment(file, data, size)

    def _free_name(self, kind: str) -> str:
        number = 1
        while self._disk.exists(name := f"{NAME}.{kind}-{number}"):
            number += 1
        return name
