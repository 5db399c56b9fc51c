"""The bytes of an engine's journal, and what they add up to. Pure.

A record is `u32 length | u32 crc32 | JSON`, big-endian; the sum is that of the JSON. A journal begins with a
BASE and goes on with the `Record` structs of `messages`, numbered without gaps, and a few ACKs. Zeros after
the last record are space reserved for the next ones.
"""

import contextlib
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, dataclass_transform

import msgspec
from msgspec import UNSET, Meta, Struct

from evcharge.domain import journal_records
from evcharge.domain.journal_records import (
    AnyRecord,
    Count,
    Energy,
    Instant,
    Meter,
    SupplyEnd,
    SupplyRefused,
    SupplyStart,
    Token,
    known,
)
from evcharge.domain.session import EndReason
from evcharge.domain.strict_json import JsonReader, read_json
from evcharge.runtime import failures

HEADER = struct.Struct(">II")
# The longest record is a BASE that names SEEN_KEPT sessions: about 26 KiB.
MAX_RECORD_BYTES = 64 * 1024
SEEN_KEPT = 256
# All entries begin like this, and no JSON string can contain it (its quotes would be escaped).
_MARK = b'{"k":"'


@dataclass_transform(frozen_default=True, kw_only_default=True)
class _Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="k", gc=False):
    pass


class Base(_Entry, tag="BASE"):
    """The first entry of every file: what was true before the records that follow."""

    journal_id: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    seq: Count
    meter_mwh: Energy
    # Sessions started or refused before; the latest SEEN_KEPT of them.
    seen: list[Token]


class Acked(_Entry, tag="ACK"):
    """Central has committed every record up to `seq`; noted `at` this wall-clock time."""

    seq: Count
    at: Instant


Entry = Base | Acked | AnyRecord

_reader: JsonReader[Entry] = JsonReader(Entry)


class Damaged(Exception):
    """A journal is not what was written: `at` is the first byte that is wrong."""

    def __init__(self, at: int) -> None:
        super().__init__(f"damaged at byte {at}")
        self.at = at


class UnknownRecord(Exception):
    """An intact record that this version does not know."""


def encode(entry: Entry) -> bytes:
    """Return the bytes of one entry. Raises ValueError for one that could not be read back."""
    text = msgspec.json.encode(entry)
    if len(text) > MAX_RECORD_BYTES or _reader.read(text) != entry:
        raise ValueError("this entry would not be read back as it is")
    return HEADER.pack(len(text), zlib.crc32(text)) + text


def entries(data: bytes, start: int = 0) -> Iterator[tuple[int, int, Entry]]:
    """Yield (first byte, end, entry) until the first bytes that are not one. Raises Unknown."""
    while (found := _entry_at(data, start)) is not None:
        end, entry = found
        yield start, end, entry
        start = end


def check_tail(data: bytes, end: int) -> bool:
    """Return whether what follows the last good record is a write cut short (else: reserved space).

    Raises Damaged when it was more than that: another record stands further on, or all bytes of the last
    one are there and it is still wrong. A write cut short was never synced, so nothing was promised on it.
    """
    tail = data[end:].rstrip(b"\0")
    if not tail:
        return False
    if any(True for _ in _further(data, end)):
        raise Damaged(end)
    if len(tail) >= HEADER.size:
        length, _ = HEADER.unpack_from(tail)
        text = tail[HEADER.size :]
        if 0 < length <= len(text) or _is_whole(text):
            raise Damaged(end)
    return True


def salvage(data: bytes) -> Iterator[Entry]:
    """Yield every entry whose checksum holds, wherever it stands."""
    return _further(data, 0)


def _further(data: bytes, start: int) -> Iterator[Entry]:
    """Yield the entries that stand at or after `start`, skipping over what is damaged."""
    at = data.find(_MARK, start + HEADER.size)
    while at != -1:
        next_at = at + 1
        with contextlib.suppress(UnknownRecord):
            if (found := _entry_at(data, at - HEADER.size)) is not None:
                next_at, entry = found
                yield entry
        at = data.find(_MARK, next_at)


def _entry_at(data: bytes, start: int) -> tuple[int, Entry] | None:
    body = start + HEADER.size
    if body > len(data):
        return None
    length, checksum = HEADER.unpack_from(data, start)
    if not 0 < length <= MAX_RECORD_BYTES or body + length > len(data):
        return None
    text = data[body : body + length]
    if zlib.crc32(text) != checksum:
        return None
    try:
        return body + length, _reader.read(text)
    except ValueError as problem:
        raise UnknownRecord(failures.why(problem)) from None


def _is_whole(text: bytes) -> bool:
    try:
        read_json(text, dict[str, Any])
    except ValueError:
        return False
    return True


class JournalState:
    """What a journal adds up to. `apply` its entries one by one, in order."""

    def __init__(self, base: Base) -> None:
        self.journal_id = base.journal_id
        self.base_seq = base.seq
        self.last_seq = base.seq
        # Records before the base had been committed by Central, else they would still be here.
        self.acked_seq = base.seq
        self.meter_mwh = base.meter_mwh
        self.open: SupplyStart | None = None
        # The second of the open session that is journaled last; None when its records do not say.
        self.elapsed_s: int | None = None
        # How full its battery was then; None when its records do not say.
        self.battery_permille: int | None = None
        self.seen: dict[str, None] = dict.fromkeys(base.seen)

    def check(self, entry: Entry) -> None:
        """Raise ValueError when `entry` cannot follow what came before."""
        running = self.open.session_id if self.open else None
        match entry:
            case Base():
                raise ValueError("a second BASE")
            case Acked(seq=seq):
                if seq > self.last_seq:
                    raise ValueError("an ACK for what is not there")
                return
            case SupplyStart(meter_mwh=meter_mwh):
                if running or meter_mwh != self.meter_mwh:
                    raise ValueError("a start that cannot be")
            case (
                Meter(session_id=session_id, meter_mwh=meter_mwh)
                | SupplyEnd(session_id=session_id, meter_mwh=meter_mwh)
            ):
                if session_id != running or meter_mwh < self.meter_mwh:
                    raise ValueError("a meter that cannot be")
            case SupplyRefused(session_id=session_id):
                if session_id == running:
                    raise ValueError("a refusal of what is running")
        if entry.seq != self.last_seq + 1:
            raise ValueError(f"record {entry.seq} cannot follow {self.last_seq}")

    def apply(self, entry: Entry) -> None:
        """Count one more entry in. Raises ValueError, and changes nothing, when it cannot follow."""
        self.check(entry)
        match entry:
            case Base():
                pass
            case Acked(seq=seq):
                self.acked_seq = max(self.acked_seq, seq)
                return
            case SupplyStart(session_id=session_id):
                self.open = entry
                self.elapsed_s = 0
                self.battery_permille = known(entry.battery_permille)
                self.seen[session_id] = None
            case Meter(meter_mwh=meter_mwh, elapsed_s=elapsed_s, battery_permille=battery_permille):
                self.meter_mwh = meter_mwh
                self.elapsed_s = known(elapsed_s)
                self.battery_permille = known(battery_permille)
            case SupplyEnd(meter_mwh=meter_mwh):
                self.meter_mwh = meter_mwh
                self.open = None
            case SupplyRefused(session_id=session_id):
                self.seen[session_id] = None
        self.last_seq = entry.seq

    def base(self) -> Base:
        """Return the entry that stands for all that was applied so far. Nothing may be running."""
        return Base(
            journal_id=self.journal_id,
            seq=self.last_seq,
            meter_mwh=self.meter_mwh,
            seen=list(self.seen)[-SEEN_KEPT:],
        )


def replay(data: bytes) -> tuple[JournalState, list[int], list[Acked], int]:
    """Return what `data` adds up to: state, the offset of each record, the ACKs, the end of the last entry.

    Raises Damaged when it does not begin with a BASE, or when intact entries do not follow one another.
    """
    state: JournalState | None = None
    offsets: list[int] = []
    marks: list[Acked] = []
    end = 0
    for start, past, entry in entries(data):
        try:
            if isinstance(entry, Base) and state is None:
                state = JournalState(entry)
            elif state is not None:
                state.apply(entry)
            else:
                raise Damaged(start)
        except ValueError:
            raise Damaged(start) from None
        if isinstance(entry, Acked):
            marks.append(entry)
        elif not isinstance(entry, Base):
            offsets.append(start)
        end = past
    if state is None:
        raise Damaged(0)
    return state, offsets, marks, end


def shorten(data: bytes, up_to_seq: int) -> tuple[Base, list[Entry]]:
    """Return a BASE in place of the sessions that ended by `up_to_seq`, and the entries after it."""
    (_, _, first), *rest = entries(data)
    if not isinstance(first, Base):
        raise Damaged(0)
    state, base, kept = JournalState(first), first, []
    for _, _, entry in rest:
        state.apply(entry)
        kept.append(entry)
        if state.open is None and state.last_seq <= up_to_seq and not isinstance(entry, Acked):
            base, kept = state.base(), []
    return base, [entry for entry in kept if not (isinstance(entry, Acked) and entry.seq <= base.seq)]


def best_known(data: bytes) -> tuple[int, list[str]]:
    """Return the highest meter and the sessions that a damaged journal still tells of."""
    meter_mwh = 0
    seen: dict[str, None] = {}
    for entry in salvage(data):
        if not isinstance(entry, Acked | SupplyRefused):
            meter_mwh = max(meter_mwh, entry.meter_mwh)
        if isinstance(entry, Base):
            seen |= dict.fromkeys(entry.seen)
        elif not isinstance(entry, Acked):
            seen[entry.session_id] = None
    return meter_mwh, list(seen)[-SEEN_KEPT:]


def last_words(data: bytes) -> list[AnyRecord]:
    """Return what Central may not have yet of what a damaged journal still tells, numbered from 1.

    Of each session its start and its end; one whose end cannot be read ends where its register was seen last. [] when
    that does not come to the best known meter: more is missing, and nothing is invented.
    """
    found = list(salvage(data))
    acked = max((entry.seq for entry in found if isinstance(entry, Base | Acked)), default=0)
    kept: list[AnyRecord] = []
    begun: SupplyStart | None = None
    seen: SupplyStart | Meter | None = None

    def close(end: SupplyEnd, last_seq: int) -> None:
        if begun is not None and last_seq > acked:
            kept.extend((begun, end))

    for entry in found:
        match entry:
            case SupplyStart():
                if seen is not None:
                    # Its end is damaged; the register stood there until the next one began.
                    close(_end_at(seen, entry.meter_mwh), entry.seq - 1)
                begun = seen = entry
            case Meter() if begun is not None and entry.session_id == begun.session_id:
                seen = entry
            case SupplyEnd() if begun is not None and entry.session_id == begun.session_id:
                close(entry, entry.seq)
                begun = seen = None
            case SupplyRefused() if entry.seq > acked:
                kept.append(entry)
    if seen is not None:
        close(_end_at(seen, seen.meter_mwh), seen.seq)
    told = renumbered(kept)
    return told if _comes_to(told, best_known(data)[0]) else []


def _end_at(seen: SupplyStart | Meter, meter_mwh: int) -> SupplyEnd:
    """Return the end of a session that was `seen` last so, and whose own end cannot be read."""
    return SupplyEnd(
        seq=seen.seq,
        session_id=seen.session_id,
        meter_mwh=meter_mwh,
        reason=EndReason.JOURNAL_DAMAGED,
        elapsed_s=seen.elapsed_s if isinstance(seen, Meter) else UNSET,
        battery_permille=seen.battery_permille,
    )


def _comes_to(told: list[AnyRecord], meter_mwh: int) -> bool:
    """Return whether `told` can follow one another in a journal, up to that register."""
    state = JournalState(Base(journal_id="", seq=0, meter_mwh=first_meter(told, meter_mwh), seen=[]))
    try:
        for record in told:
            state.apply(record)
    except ValueError:
        return False
    return state.meter_mwh == meter_mwh


def first_meter(told: list[AnyRecord], otherwise: int) -> int:
    """Return the register from which the first session in `told` goes on; `otherwise` when there is none."""
    return next((record.meter_mwh for record in told if isinstance(record, SupplyStart)), otherwise)


def renumbered(kept: Sequence[Entry]) -> list[AnyRecord]:
    """Return the records among `kept` with numbers from 1, for a journal that begins anew."""
    found = [entry for entry in kept if isinstance(entry, journal_records.Record)]
    return [msgspec.structs.replace(record, seq=seq) for seq, record in enumerate(found, start=1)]
