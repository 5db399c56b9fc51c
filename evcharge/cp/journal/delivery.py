"""Which records go to Central next, and how far it has committed them. Plain arithmetic on a journal."""

from evcharge.cp.journal.journal import Journal
from evcharge.domain.journal_records import Meter
from evcharge.evc1.messages import Records

# Starts, ends and refusals go at once; meters wait for company.
METERS_EVERY_S = 5.0
MOST_RECORDS = 100
# Central repeats an ACK for what it has, so asking again is harmless. Its disk may have been full.
REPEAT_AFTER_S = 15.0


class Delivery:
    """The durable lane: one batch outstanding at a time, and after a new link from what Central has."""

    def __init__(self, journal: Journal) -> None:
        """Nothing is sent before `place`."""
        self._journal = journal
        self._committed: int | None = None
        self._outstanding: int | None = None
        self._sent_at_s = float("-inf")

    @property
    def linked(self) -> bool:
        """Whether Central has said how much it has."""
        return self._committed is not None

    @property
    def done(self) -> bool:
        """Whether Central has committed everything."""
        return self._committed is not None and self._committed >= self._journal.last_seq

    def fits(self, last_seq: int) -> bool:
        """Return whether this journal can go on after `last_seq`.

        Not when Central has more than is here (an old disk image), nor when what it misses was dropped.
        """
        return self._journal.first_seq - 1 <= last_seq <= self._journal.last_seq

    def place(self, last_seq: int) -> None:
        """Central has committed up to `last_seq` and waits for the next."""
        self._committed = last_seq
        self._outstanding = None
        self._sent_at_s = float("-inf")

    def acked(self, seq: int) -> None:
        """Central has committed up to `seq`, perhaps a part of a batch."""
        if self._committed is None:
            return
        self._committed = max(self._committed, seq)
        if self._outstanding is not None and self._committed >= self._outstanding:
            self._outstanding = None

    def lost(self) -> None:
        """The link is gone; what is outstanding may or may not have arrived."""
        self._committed = self._outstanding = None

    def next_batch(self, now_s: float) -> Records | None:
        """Return what to send now, if anything. Raises JournalFailed."""
        if self._committed is None or self.done:
            return None
        waited_s = now_s - self._sent_at_s
        if self._outstanding is not None and waited_s < REPEAT_AFTER_S:
            return None
        records = self._journal.records_after(self._committed, MOST_RECORDS)
        few_meters = len(records) < MOST_RECORDS and all(isinstance(record, Meter) for record in records)
        if few_meters and waited_s < METERS_EVERY_S:
            return None
        self._outstanding = records[-1].seq
        self._sent_at_s = now_s
        return Records(records=records)
