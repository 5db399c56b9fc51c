"""A journal that was cut or changed is noticed, and nothing in it is invented."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evcharge.cp.journal import journal as journal_module
from evcharge.cp.journal import records
from evcharge.cp.journal import segment as segment_module
from evcharge.cp.journal.journal import Journal
from evcharge.domain.errors import StateError
from evcharge.domain.journal_records import Record, SupplyEnd, SupplyStart
from tests.unit.cp.journal.journals import (
    NOON,
    charge,
    end,
    facts,
    meter,
    opened,
    opened_again,
    refused,
    start,
)
from tests.unit.cp.journal.memory_disk import MemoryDisk


def an_interesting_journal() -> tuple[bytes, list[tuple[object, ...]]]:
    """Return the bytes of a journal, and what it said at the end of each of its entries."""
    disk = MemoryDisk()
    journal = opened(disk)
    said = [facts(journal)]
    steps = [
        lambda: journal.append(start(journal, "S-00000001")),
        lambda: journal.append(meter(journal)),
        lambda: journal.append(refused(journal, "S-00000002")),
        lambda: journal.append(meter(journal)),
        lambda: journal.append(end(journal)),
        lambda: journal.append(refused(journal, "S-00000003")),
        lambda: journal.append(start(journal, "S-00000004")),
        lambda: journal.append(meter(journal)),
    ]
    for step in steps:
        step()
        said.append(facts(journal))
    journal.acknowledge(5, NOON)
    segment = disk.names["journal"]
    return bytes(segment.cache).rstrip(b"\0"), said


CONTENT, SAID = an_interesting_journal()

METERS = {meter_mwh for _, _, meter_mwh, _ in SAID}


@pytest.fixture
def short_sessions(monkeypatch):
    """Less space for each session, and so less to copy for the model of the page cache."""
    monkeypatch.setattr(segment_module, "SESSION_BYTES", 2048)
    monkeypatch.setattr(journal_module, "SESSION_BYTES", 2048)


def disk_with(content: bytes) -> MemoryDisk:
    disk = MemoryDisk()
    disk.create("journal").write(0, content)
    disk.names["journal"].sync()
    disk.sync_folder()
    return disk


@pytest.mark.parametrize("padding", [0, 64], ids=["short file", "reserved space"])
def test_a_journal_cut_at_any_byte_reopens_as_it_was_at_an_earlier_moment(short_sessions, padding):
    base_bytes = next(past for _, past, _ in records.entries(CONTENT))
    last = -1
    for cut in range(len(CONTENT) + 1):
        disk = disk_with(CONTENT[:cut] + bytes(padding if cut else 0))
        journal = opened(disk)
        if cut < base_bytes:
            assert (journal.last_seq, journal.meter_mwh) == (0, 0)
            assert (journal.damage is None) == (cut == 0)
            continue
        assert journal.damage is None
        moment = SAID.index(facts(journal))
        assert moment >= last
        last = moment
        # It goes on from there.
        if journal.running:
            journal.append(end(journal, "restart"))
        charge(journal, "S-00000009")
        assert facts(opened_again(disk)) == facts(journal)
    assert last == len(SAID) - 1


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
@pytest.mark.parametrize("padding", [0, 64], ids=["short file", "reserved space"])
def test_one_byte_flipped_anywhere_is_noticed_and_the_meter_is_never_invented(short_sessions, mask, padding):
    whole = CONTENT + bytes(padding)
    for at in range(len(whole)):
        content = bytearray(whole)
        content[at] ^= mask
        disk = disk_with(bytes(content))
        journal = opened(disk)
        assert journal.meter_mwh in METERS
        if at < len(CONTENT):
            assert journal.damage is not None
            assert journal.journal_id != SAID[0][0]
            assert [record.seq for record in journal.records_after(0)] == list(range(1, journal.last_seq + 1))
            assert journal.running is None
            assert bytes(disk.names["journal.damaged-1"].cache) == bytes(content)
        else:
            assert facts(journal) == SAID[-1]
            journal.append(end(journal, "restart"))
        charge(journal, "S-00000009")
        assert facts(opened_again(disk)) == facts(journal)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_rubbish_in_the_file_is_survived(data):
    content = bytearray(CONTENT)
    at = data.draw(st.integers(0, len(content)))
    rubbish = data.draw(st.binary(max_size=200))
    if data.draw(st.booleans()):
        content[at:at] = rubbish
    else:
        content[at : at + len(rubbish)] = rubbish
    disk = disk_with(bytes(content))
    journal = opened(disk)
    assert journal.meter_mwh in METERS
    assert journal.damage or facts(journal) in SAID


def test_a_damaged_journal_is_moved_aside_and_its_best_meter_and_sessions_go_on(caplog):
    content = bytearray(CONTENT)
    at = CONTENT.index(b'"seq":2')
    content[at] ^= 1
    disk = disk_with(bytes(content))
    journal = opened(disk)
    assert journal.damage is not None
    assert journal.damage.startswith("journal damaged at byte ")
    assert journal.damage.endswith(", moved to journal.damaged-1")
    assert journal.meter_mwh == SAID[-1][2]
    assert all(journal.knows(f"S-0000000{n}") for n in (1, 2, 3, 4))
    assert [entry.levelname for entry in caplog.records] == ["ERROR"]
    # Damaged once more: the first file is not overwritten.
    disk.names["journal"].cache[0] ^= 1
    opened_again(disk)
    assert {"journal.damaged-1", "journal.damaged-2"} <= set(disk.names)


def told(journal: Journal) -> list[tuple[str, int, str]]:
    """The energy of each session that a journal tells of, and why it ended."""
    begun = {
        record.session_id: record for record in journal.records_after(0) if isinstance(record, SupplyStart)
    }
    ends = [record for record in journal.records_after(0) if isinstance(record, SupplyEnd)]
    return [(one.session_id, one.meter_mwh - begun[one.session_id].meter_mwh, one.reason) for one in ends]


def flipped(disk: MemoryDisk, number: int) -> None:
    """Change one bit of record `number`, as a worn card does."""
    (at, *_) = [
        first for first, _, entry in records.entries(bytes(disk.names["journal"].cache))
        if isinstance(entry, Record) and entry.seq == number
    ]  # fmt: skip
    disk.names["journal"].cache[at + records.HEADER.size + 9] ^= 1


@pytest.mark.parametrize("number", [2, 3, 4])
def test_what_a_damaged_journal_metered_while_central_was_away_is_told_by_the_next_one(number):
    disk = MemoryDisk()
    journal = opened(disk)
    charge(journal, "S-00000001")
    flipped(disk, number)
    assert told(opened_again(disk)) == [("S-00000001", 3 * 6111, "unplugged")]


@pytest.mark.parametrize(("number", "energy_mwh"), [(2, 3 * 6111), (3, 3 * 6111), (4, 2 * 6111)])
def test_a_charge_that_ran_in_a_damaged_journal_ends_where_it_was_seen_last(number, energy_mwh):
    disk = MemoryDisk()
    journal = opened(disk)
    journal.append(start(journal, "S-00000001"))
    for _ in range(3):
        journal.append(meter(journal))
    journal.append(refused(journal, "S-00000002"))
    flipped(disk, number)
    again = opened_again(disk)
    assert told(again) == [("S-00000001", energy_mwh, "journal damaged")]
    assert (again.running, again.meter_mwh, again.last_seq) == (None, energy_mwh, 3)


def test_an_end_that_is_damaged_is_where_the_next_charge_began():
    disk = MemoryDisk()
    journal = opened(disk)
    charge(journal, "S-00000001")
    charge(journal, "S-00000002")
    flipped(disk, 5)
    flipped(disk, 4)
    assert told(opened_again(disk)) == [
        ("S-00000001", 3 * 6111, "journal damaged"), ("S-00000002", 3 * 6111, "unplugged"),
    ]  # fmt: skip


def test_what_central_has_of_a_damaged_journal_is_not_told_again():
    disk = MemoryDisk()
    journal = opened(disk)
    charge(journal, "S-00000001")
    journal.acknowledge(5, NOON)
    charge(journal, "S-00000002")
    flipped(disk, 3)
    assert told(opened_again(disk)) == [("S-00000002", 3 * 6111, "unplugged")]


def test_a_damaged_journal_whose_start_is_lost_tells_nothing_and_keeps_its_register():
    disk = MemoryDisk()
    journal = opened(disk)
    charge(journal, "S-00000001")
    journal.append(start(journal, "S-00000002"))
    journal.append(meter(journal))
    flipped(disk, 6)
    again = opened_again(disk)
    assert (again.last_seq, again.meter_mwh) == (0, 4 * 6111)


def test_a_torn_tail_is_cut_off_with_one_line_and_its_space_stays_taken(caplog):
    disk = disk_with(CONTENT[:-3] + bytes(500))
    journal = opened(disk)
    assert [entry.message for entry in caplog.records] == [
        f"journal: a write cut short at byte {journal._segment.end} was cut off"
    ]
    assert disk.names["journal"].size() == len(CONTENT) - 3 + 500
    assert not any(disk.names["journal"].cache[journal._segment.end :])
    caplog.clear()
    opened_again(disk)
    assert caplog.records == []


def test_intact_records_that_do_not_follow_one_another_are_damage():
    first = [entry for _, _, entry in records.entries(CONTENT)]
    for wrong in (
        [first[1], first[0]],
        [first[0], first[0]],
        [first[0], first[2]],
        [first[0], records.Acked(seq=7, at=NOON)],
    ):
        journal = opened(disk_with(b"".join(map(records.encode, wrong))))
        assert journal.damage is not None


def test_a_record_of_a_newer_version_is_not_thrown_away():
    text = b'{"k":"DISCHARGE","seq":9}'
    import zlib

    unknown = records.HEADER.pack(len(text), zlib.crc32(text)) + text
    disk = disk_with(CONTENT + unknown)
    with pytest.raises(StateError, match="does not know"):
        opened(disk)
    assert not disk.locked
    assert bytes(disk.names["journal"].cache) == CONTENT + unknown
    # Amid damage it is one more thing that cannot be read.
    broken = bytearray(CONTENT + unknown + CONTENT)
    broken[20] ^= 1
    assert opened(disk_with(bytes(broken))).damage


def test_a_file_beyond_all_reason_is_refused(monkeypatch):
    monkeypatch.setattr(journal_module, "MAX_FILE_BYTES", 100)
    disk = disk_with(CONTENT)
    with pytest.raises(StateError, match="not written by an engine"):
        opened(disk)
    assert not disk.locked


def test_a_folder_that_cannot_be_read_is_a_sentence(disk):
    disk.fail_next["open"] = 1
    with pytest.raises(StateError, match="cannot open the journal in memory: reading or writing failed"):
        opened(disk)
    assert not disk.locked
