"""One file of a journal: reads and appends entries, and keeps room for the last words of a charge."""

from array import array
from bisect import bisect_left

from evcharge.cp.journal import records
from evcharge.cp.journal.disk import File
from evcharge.cp.journal.records import Acked, Entry
from evcharge.domain.errors import StateError
from evcharge.domain.journal_records import AnyRecord, Record
from evcharge.runtime import failpoints, failures
from evcharge.runtime.files import NO_SPACE

# Two hours of METER records, one a second.
SESSION_BYTES = 1024 * 1024
# Kept for the last words of a charge, when the session's space is used up and the disk is full.
TAIL_BYTES = 8 * 1024
# Finer marks would not make the week after which a record is forgotten any more exact.
MARK_EVERY_S = 3600.0


class JournalFull(StateError):
    """The disk has no room left. Nothing was written."""


class JournalFailed(StateError):
    """Writing failed: open the contactor, then recover."""


class Segment:
    """An open file whose entries add up to `state`."""

    def __init__(self, file: File, data: bytes, size: int) -> None:
        """Take over `file`, which holds `data` and has `size` bytes. Raises records.Damaged or Unknown."""
        self._file = file
        self.state, offsets, self.marks, self.end = records.replay(data)
        self._offsets = array("Q", offsets)
        self._size = size
        self._failed = False

    def read(self) -> bytes:
        """Return all entries, as bytes. Raises OSError."""
        return self._file.read(0, self.end)

    def cut_off(self, data: bytes) -> bool:
        """Overwrite with zeros what a cut write left behind the last entry; return whether there was any.

        The space stays reserved. Raises OSError, or records.Damaged when it was more than a cut write.
        """
        if not records.check_tail(data, self.end):
            return False
        self._file.write(self.end, bytes(len(data.rstrip(b"\0")) - self.end))
        self._file.sync()
        return True

    def records_after(self, seq: int, most: int) -> list[AnyRecord]:
        """Return up to `most` records numbered above `seq`, oldest first. Raises JournalFailed."""
        first = max(0, seq - self.state.base_seq)
        past = min(len(self._offsets), first + most)
        if first >= past:
            return []
        start = self._offsets[first]
        end = self._offsets[past] if past < len(self._offsets) else self.end
        try:
            data = self._file.read(start, end - start)
        except OSError as problem:
            raise self._failure(problem) from problem
        found = [entry for _, _, entry in records.entries(data) if isinstance(entry, Record)]
        if len(found) != past - first:
            raise self._failure("it does not give back what was written")
        return found

    def seq_at(self, offset: int) -> int:
        """Return the number of the last record that begins before byte `offset`."""
        return self.state.base_seq + bisect_left(self._offsets, offset)

    def bytes_up_to(self, seq: int) -> int:
        """Return how many bytes the entries up to record `seq` take."""
        count = max(0, seq - self.state.base_seq)
        return self._offsets[count] if count < len(self._offsets) else self.end

    def take(self, length: int) -> None:
        """Make sure of `length` bytes after the last entry. Raises JournalFull or JournalFailed."""
        self._check()
        try:
            self._file.reserve(self.end, length)
        except OSError as problem:
            raise self._full_or_failed(problem) from problem
        self._size = max(self._size, self.end + length)

    def append(self, entry: Entry, *, last_words: bool, data_only: bool) -> None:
        """Make one entry durable and count it. Only `last_words` may use the tail.

        Raises ValueError when it cannot follow, JournalFull (nothing was written) or JournalFailed.
        """
        self.state.check(entry)
        data = records.encode(entry)
        self._check()
        if self.end + len(data) > self._size - (0 if last_words else TAIL_BYTES):
            self.take(len(data) + SESSION_BYTES + TAIL_BYTES)
        try:
            self._file.write(self.end, data)
        except OSError as problem:
            # Reserved space is not a promise on every file system. What is half written is written over.
            raise self._full_or_failed(problem) from problem
        failpoints.reach("engine.before_sync")
        try:
            self._file.sync(data_only=data_only)
        except OSError as problem:
            raise self._failure(problem) from problem
        failpoints.reach("engine.after_sync")
        self.state.apply(entry)
        if isinstance(entry, Acked):
            self.marks.append(entry)
        else:
            self._offsets.append(self.end)
        self.end += len(data)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _check(self) -> None:
        # After a failed sync the cache calls lost pages clean: another sync would succeed, and lie.
        if self._failed:
            raise JournalFailed("the journal failed before and was not recovered")

    def _full_or_failed(self, problem: OSError) -> JournalFull | JournalFailed:
        if problem.errno in NO_SPACE:
            return JournalFull("journal full: the disk has no room for a charge, free some space")
        return self._failure(problem)

    def _failure(self, problem: OSError | str) -> JournalFailed:
        self._failed = True
        text = problem if isinstance(problem, str) else failures.why(problem)
        return JournalFailed(f"the disk of the journal failed: {text}")
