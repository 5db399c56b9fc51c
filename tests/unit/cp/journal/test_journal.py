"""The journal: what was appended is there after any crash, and nothing else ever is."""

import logging
import os
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evcharge.cp.journal import journal as journal_module
from evcharge.cp.journal import records
from evcharge.cp.journal import segment as segment_module
from evcharge.cp.journal.disk import FolderDisk
from evcharge.cp.journal.journal import Journal, JournalFailed, JournalFull
from evcharge.cp.journal.segment import SESSION_BYTES, TAIL_BYTES
from evcharge.domain.errors import StateError
from evcharge.domain.journal_records import AnyRecord, Meter, SupplyEnd, SupplyRefused, SupplyStart
from tests.component.small_disk import small_disk
from tests.unit.cp.journal.memory_disk import MemoryDisk

NOON = 1_800_000_000.0
WEEK = 7 * 86_400.0


def opened(disk) -> Journal:
    ids = random.Random(len(getattr(disk, "calls", ())))
    return Journal(disk, ids.randbytes)


def start(journal: Journal, session_id: str = "S-D01-CP001-00000001", limit_mwh: int = 10**9) -> SupplyStart:
    return SupplyStart(
        seq=journal.last_seq + 1,
        session_id=session_id,
        driver_id="D01",
        request_id="R-00000001",
        price=2500,
        hold_cents=2000,
        limit_mwh=limit_mwh,
        auth="signed",
        meter_mwh=journal.meter_mwh,
    )


def meter(journal: Journal, more_mwh: int = 6111) -> Meter:
    assert journal.running
    return Meter(
        seq=journal.last_seq + 1,
        session_id=journal.running.session_id,
        meter_mwh=journal.meter_mwh + more_mwh,
    )


def end(journal: Journal, reason: str = "unplugged") -> SupplyEnd:
    assert journal.running
    return SupplyEnd(
        seq=journal.last_seq + 1,
        session_id=journal.running.session_id,
        meter_mwh=journal.meter_mwh,
        reason=reason,
    )


def refused(journal: Journal, session_id: str) -> SupplyRefused:
    return SupplyRefused(seq=journal.last_seq + 1, session_id=session_id, reason="busy")


def charge(journal: Journal, session_id: str, meters: int = 3) -> None:
    journal.reserve()
    journal.append(start(journal, session_id))
    for _ in range(meters):
        journal.append(meter(journal))
    journal.append(end(journal))


def facts(journal: Journal) -> tuple[Any, ...]:
    return (journal.journal_id, journal.last_seq, journal.meter_mwh, journal.running)


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk()


# ---- what was appended is there


def test_a_new_journal_has_a_random_id_and_nothing_in_it(disk):
    journal = opened(disk)
    assert len(journal.journal_id) == 32
    assert journal.journal_id != Journal(MemoryDisk(), random.Random(2).randbytes).journal_id
    assert (journal.last_seq, journal.meter_mwh, journal.running) == (0, 0, None)
    assert journal.damage is None


def test_a_reopened_journal_says_what_it_said(disk):
    journal = opened(disk)
    charge(journal, "S-00000001")
    journal.append(refused(journal, "S-00000002"))
    journal.append(start(journal, "S-00000003"))
    journal.append(meter(journal))
    before = facts(journal)
    journal.close()
    again = opened(disk)
    assert facts(again) == before
    assert again.running is not None
    assert again.running.session_id == "S-00000003"
    assert all(again.knows(f"S-0000000{n}") for n in (1, 2, 3))
    assert not again.knows("S-00000004")


def test_a_real_folder_keeps_what_the_memory_one_does(tmp_path):
    folder = tmp_path / "cp" / "CP001" / "journal"
    journal = opened(FolderDisk(folder))
    charge(journal, "S-00000001")
    journal.append(start(journal, "S-00000002"))
    before = facts(journal)
    journal.close()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "journal").stat().st_mode & 0o777 == 0o600
    assert (folder / "journal").stat().st_size >= SESSION_BYTES
    again = opened(FolderDisk(folder))
    assert facts(again) == before
    again.close()


def test_a_second_engine_on_the_same_folder_is_refused_with_a_sentence(tmp_path):
    journal = opened(FolderDisk(tmp_path))
    with pytest.raises(StateError, match=r"another engine \(pid \d+\) uses the journal in"):
        opened(FolderDisk(tmp_path))
    journal.close()
    opened(FolderDisk(tmp_path)).close()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot use the folder"):
        opened(FolderDisk(tmp_path / "file" / "journal"))


def test_the_journal_is_for_its_owner_only_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        opened(FolderDisk(tmp_path / "cp" / "journal")).close()
    finally:
        os.umask(before)
    assert {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "cp" / "journal").iterdir()} == {
        "lock": 0o600,
        "journal": 0o600,
    }


@pytest.mark.parametrize("name", ["lock", "journal"])
def test_a_planted_link_in_the_folder_of_the_journal_is_refused(tmp_path, name):
    (tmp_path / "target").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / name).symlink_to(tmp_path / "target")
    with pytest.raises(StateError, match="it must be a plain file"):
        opened(FolderDisk(tmp_path / "folder"))
    assert (tmp_path / "target").read_text() == "precious"


def test_a_lock_that_finds_no_room_is_a_sentence(tmp_path):
    no_room = pytest.raises(StateError, match="no space left on the disk. Free some space, and try again")
    with small_disk(tmp_path / "small", "4k") as disk:
        (disk / "filler").write_bytes(b"x" * 4096)
        with no_room:
            FolderDisk(disk / "x" / "journal").lock()


def test_a_folder_disk_without_fallocate_writes_zeros(tmp_path, monkeypatch):
    monkeypatch.delattr("os.posix_fallocate")
    journal = opened(FolderDisk(tmp_path))
    charge(journal, "S-00000001")
    assert (tmp_path / "journal").stat().st_size >= SESSION_BYTES
    before = facts(journal)
    journal.close()
    again = opened(FolderDisk(tmp_path))
    assert facts(again) == before
    again.close()


def test_starts_and_ends_are_synced_whole_and_meters_as_data(disk):
    journal = opened(disk)
    journal.reserve()
    disk.calls.clear()
    journal.append(start(journal))
    assert disk.calls == ["write", "sync"]
    disk.calls.clear()
    journal.append(meter(journal))
    assert disk.calls == ["write", "data sync"]
    disk.calls.clear()
    journal.append(end(journal))
    assert disk.calls == ["write", "sync"]


def test_a_new_file_is_synced_before_it_has_its_name_and_then_the_folder_is(disk):
    opened(disk)
    steps = [call for call in disk.calls if call in ("sync", "rename", "sync folder")]
    assert steps == ["sync", "rename", "sync folder"]


def test_records_keep_their_numbers_or_are_a_bug(disk):
    journal = opened(disk)
    with pytest.raises(ValueError, match="record 2"):
        journal.append(SupplyRefused(seq=2, session_id="S-00000001", reason="busy"))
    with pytest.raises(ValueError, match="a meter that cannot be"):
        journal.append(Meter(seq=1, session_id="S-00000001", meter_mwh=5))
    assert journal.last_seq == 0
    assert journal.records_after(0) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda journal: start(journal, "S-00000002"),
        lambda journal: Meter(seq=journal.last_seq + 1, session_id="S-00000001", meter_mwh=0),
        lambda journal: Meter(seq=journal.last_seq + 1, session_id="S-00000009", meter_mwh=10**9),
    ],
)
def test_a_record_that_cannot_be_true_is_never_written(disk, make):
    journal = opened(disk)
    journal.append(start(journal, "S-00000001"))
    journal.append(meter(journal))
    with pytest.raises(ValueError, match="that cannot be"):
        journal.append(make(journal))
    assert facts(opened_again(disk)) == facts(journal)


def test_a_record_that_could_not_be_read_back_is_never_written(disk):
    journal = opened(disk)
    with pytest.raises(ValueError, match="regex"):
        journal.append(SupplyRefused(seq=1, session_id="S-00000001", reason="two\nlines"))
    assert journal.last_seq == 0


def opened_again(disk: MemoryDisk) -> Journal:
    disk.kill()
    return opened(disk)


# ---- what goes to Central


def test_records_after_a_position_come_in_order_and_at_most_a_hundred(disk):
    journal = opened(disk)
    charge(journal, "S-00000001", meters=120)
    journal.acknowledge(60, NOON)
    assert [record.seq for record in journal.records_after(0)] == list(range(1, 101))
    assert [record.seq for record in journal.records_after(100)] == list(range(101, 123))
    assert [record.seq for record in journal.records_after(5, 2)] == [6, 7]
    assert journal.records_after(122) == journal.records_after(999) == []


def test_acknowledgements_are_remembered_over_a_restart_and_never_go_back(disk):
    journal = opened(disk)
    charge(journal, "S-00000001")
    journal.acknowledge(4, NOON)
    journal.acknowledge(3, NOON)
    journal.acknowledge(99, NOON)
    assert opened_again(disk).acked_seq == 5


def test_while_power_flows_acknowledgements_are_noted_once_an_hour(disk):
    journal = opened(disk)
    journal.append(start(journal))
    for _ in range(4):
        journal.append(meter(journal))
    disk.calls.clear()
    journal.acknowledge(1, NOON)
    journal.acknowledge(2, NOON + 5)
    assert disk.calls.count("write") == 1
    journal.acknowledge(3, NOON + 3600)
    assert disk.calls.count("write") == 2
    journal.acknowledge(4, NOON - 86_400 * 3650)
    assert disk.calls.count("write") == 3


# ---- any cut, any flip


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
            assert journal.last_seq == 0
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


# ---- power


@pytest.mark.parametrize("seed", range(60))
def test_after_a_power_cut_everything_that_append_returned_from_is_there(seed):
    chance = random.Random(seed)
    disk = MemoryDisk()
    journal = opened(disk)
    for _ in range(12):
        promised = facts(journal)
        torn: AnyRecord | None = None
        if journal.running is None:
            torn = start(journal, f"S-{chance.randrange(10**8):08}")
        elif chance.random() < 0.7:
            torn = meter(journal, chance.randrange(9000))
        else:
            torn = end(journal)
        if chance.random() < 0.3:
            # Power goes between the write and the sync.
            disk.fail_next = {"sync": 1, "data sync": 1}
            unsynced = list(disk.names["journal"].unsynced)
            with pytest.raises(JournalFailed):
                journal.append(torn)
            disk.fail_next = {}
            file = disk.names["journal"]
            file.unsynced = [*unsynced, (journal._segment.end, records.encode(torn))]
            disk.lose_power(seed)
            journal = opened(disk)
            now = facts(journal)
            assert journal.damage is None
            assert now == promised or (
                now[1] == promised[1] + 1 and now[2] == getattr(torn, "meter_mwh", None)
            )
        else:
            journal.append(torn)
            if chance.random() < 0.3:
                said = facts(journal)
                disk.lose_power(seed)
                journal = opened(disk)
                assert facts(journal) == said


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("step", ["write", "sync", "rename", "sync folder"])
def test_power_lost_while_a_new_file_is_made_leaves_the_old_or_the_new_one(monkeypatch, seed, step):
    monkeypatch.setattr(journal_module, "WORTH_COMPACTING_BYTES", 0)
    disk = MemoryDisk()
    disk.fail_next[step] = 1
    with pytest.raises(StateError):
        opened(disk)
    disk.lose_power(seed)
    disk.fail_next.clear()
    journal = opened(disk)
    assert journal.damage is None
    for number in range(3):
        charge(journal, f"S-0000000{number}")
    journal.acknowledge(10, NOON)
    said = (journal.journal_id, journal.last_seq, journal.meter_mwh)
    disk.fail_next[step] = 1
    with pytest.raises(JournalFailed):
        journal.compact(NOON + WEEK)
    disk.fail_next.clear()
    disk.lose_power(seed)
    journal = opened(disk)
    assert journal.damage is None
    assert (journal.journal_id, journal.last_seq, journal.meter_mwh) == said
    assert [record.seq for record in journal.records_after(10)] == [11, 12, 13, 14, 15]


def test_a_new_file_that_never_got_its_name_gets_it(disk):
    journal = opened(disk)
    charge(journal, "S-00000001")
    said = facts(journal)
    disk.rename("journal", "journal.new")
    assert facts(opened_again(disk)) == said
    assert set(disk.names) == {"journal"}


# ---- a full disk


def test_a_start_without_room_is_refused_before_power(disk):
    journal = opened(disk)
    disk.free_bytes = 1000
    with pytest.raises(JournalFull, match="journal full"):
        journal.reserve()
    journal.append(refused(journal, "S-00000001"))
    disk.free_bytes = 1 << 30
    journal.reserve()
    charge(journal, "S-00000002")


def test_a_disk_that_fills_up_does_not_interrupt_a_charge_and_leaves_room_for_its_end(disk):
    journal = opened(disk)
    journal.reserve()
    disk.free_bytes = 0
    journal.append(start(journal))
    # An hour and more of meters, once a second.
    for _ in range(5000):
        journal.append(meter(journal))
    with pytest.raises(JournalFull):
        run_until_full(journal)
    journal.append(end(journal, "fault"))
    for number in range(20):
        journal.append(refused(journal, f"S-9000{number:04}"))
    said = facts(journal)
    assert TAIL_BYTES < SESSION_BYTES
    assert facts(opened_again(disk)) == said


def run_until_full(journal: Journal) -> None:
    if journal.running is None:
        journal.append(start(journal, f"S-{journal.last_seq:08}"))
    while True:
        journal.append(meter(journal))


def test_a_long_charge_takes_more_space_as_it_goes(disk, monkeypatch):
    journal = opened(disk)
    journal.append(start(journal))
    size = disk.names["journal"].size()
    while disk.names["journal"].size() == size:
        journal.append(meter(journal))
    journal.append(end(journal))
    assert facts(opened_again(disk)) == facts(journal)


def test_an_acknowledgement_without_room_is_just_forgotten(disk):
    journal = opened(disk)
    charge(journal, "S-00000001", meters=1)
    disk.free_bytes = 0
    with pytest.raises(JournalFull):
        run_until_full(journal)
    journal.append(end(journal))
    size = journal._segment.end
    journal.acknowledge(3, NOON)
    assert journal._segment.end == size
    assert journal.acked_seq == 3


# ---- a failing disk


@pytest.mark.parametrize("step", ["write", "data sync"])
def test_after_a_failure_nothing_is_written_before_the_recovery(disk, step):
    journal = opened(disk)
    journal.append(start(journal))
    journal.append(meter(journal))
    said = facts(journal)
    disk.fail_next[step] = 1
    with pytest.raises(JournalFailed, match="reading or writing failed"):
        journal.append(meter(journal))
    assert facts(journal) == said
    calls = list(disk.calls)
    with pytest.raises(JournalFailed, match="was not recovered"):
        journal.append(meter(journal))
    with pytest.raises(JournalFailed, match="was not recovered"):
        journal.reserve()
    assert disk.calls == calls


@pytest.mark.parametrize("step", ["write", "data sync"])
def test_a_recovered_journal_is_durable_as_it_reads(disk, step):
    journal = opened(disk)
    journal.append(start(journal))
    journal.append(meter(journal))
    promised = facts(journal)
    disk.fail_next[step] = 1
    with pytest.raises(JournalFailed):
        journal.append(meter(journal))
    journal.recover()
    # The record of the failed sync may be there: power was on while it was written.
    assert facts(journal)[:2] in (promised[:2], (promised[0], promised[1] + 1))
    assert journal.running == promised[3]
    journal.append(end(journal, "fault"))
    said = facts(journal)
    disk.lose_power(1)
    assert facts(opened(disk)) == said


def test_a_start_whose_write_failed_is_not_running_after_the_recovery(disk):
    journal = opened(disk)
    disk.fail_next["write"] = 1
    with pytest.raises(JournalFailed):
        journal.append(start(journal))
    journal.recover()
    assert journal.running is None
    assert not journal.knows("S-D01-CP001-00000001")


def test_a_disk_that_fails_twice_stops_the_engine_with_a_sentence(disk):
    journal = opened(disk)
    for _ in range(2):
        disk.fail_next["sync"] = 1
        with pytest.raises(JournalFailed):
            journal.append(start(journal))
        if not journal._recovered:
            journal.recover()
            if journal.running:
                journal.append(end(journal))
    with pytest.raises(StateError, match="free or replace the disk"):
        journal.recover()


def test_a_disk_that_fails_during_the_recovery_stops_the_engine_with_a_sentence(disk):
    journal = opened(disk)
    disk.fail_next["sync"] = 2
    with pytest.raises(JournalFailed):
        journal.append(start(journal))
    with pytest.raises(StateError, match=r"free or replace the disk.*reading or writing failed"):
        journal.recover()


def test_a_journal_that_does_not_read_back_fails(disk, monkeypatch):
    journal = opened(disk)
    charge(journal, "S-00000001")
    disk.names["journal"].cache[journal._segment._offsets[2] + 12] ^= 1
    with pytest.raises(JournalFailed, match="does not give back"):
        journal.records_after(0)
    journal.recover()
    assert journal.damage is not None

    def unreadable(offset: int, length: int) -> bytes:
        raise OSError(5, "reading or writing failed")

    charge(journal, "S-00000002")
    monkeypatch.setattr(disk.names["journal"], "read", unreadable)
    with pytest.raises(JournalFailed, match="reading or writing failed"):
        journal.records_after(0)


# ---- compaction


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(journal_module, "WORTH_COMPACTING_BYTES", 1000)


def test_what_central_has_had_for_a_week_is_dropped_at_the_end_of_a_session(disk, small):
    journal = opened(disk)
    for number in range(4):
        charge(journal, f"S-0000000{number}")
    journal.acknowledge(12, NOON)
    journal.acknowledge(20, NOON + WEEK / 2)
    said = facts(journal)
    assert not journal.compact(NOON + WEEK - 1)
    size = disk.names["journal"].size()
    assert journal.compact(NOON + WEEK)
    # Record 12 is amid the third session: two are gone.
    assert journal.first_seq == 11
    assert disk.names["journal"].size() < size
    assert [record.seq for record in journal.records_after(0)] == list(range(11, 21))
    assert facts(journal) == said
    assert journal.acked_seq == 20
    assert journal.knows("S-00000000")
    again = opened_again(disk)
    assert facts(again) == said
    assert again.knows("S-00000000")
    assert not again.compact(NOON + WEEK)
    charge(again, "S-00000009")
    assert facts(opened_again(disk)) == facts(again)


def test_nothing_is_dropped_while_something_runs_or_is_not_acknowledged(disk, small):
    journal = opened(disk)
    charge(journal, "S-00000001", meters=30)
    assert not journal.compact(NOON + 10 * WEEK)
    journal.acknowledge(20, NOON)
    assert not journal.compact(NOON + 10 * WEEK)
    journal.acknowledge(32, NOON)
    journal.append(start(journal, "S-00000002"))
    assert not journal.compact(NOON + 10 * WEEK)
    journal.append(end(journal))
    assert journal.compact(NOON + 10 * WEEK)
    assert journal.first_seq == 33


def test_a_big_journal_drops_the_older_half_of_what_central_has(disk, small, monkeypatch):
    monkeypatch.setattr(journal_module, "KEPT_BYTES", 20_000)
    journal = opened(disk)
    for number in range(50):
        charge(journal, f"S-000000{number:02}")
    journal.acknowledge(100, NOON)
    assert journal.compact(NOON)
    assert journal.first_seq == 101
    for number in range(50, 70):
        charge(journal, f"S-000000{number:02}")
    journal.acknowledge(350, NOON)
    assert journal.compact(NOON)
    assert 9_000 < journal._segment.end < 11_000


def test_a_compaction_without_room_is_left_for_later(disk, small):
    journal = opened(disk)
    for number in range(4):
        charge(journal, f"S-0000000{number}")
    journal.acknowledge(20, NOON)
    disk.free_bytes = 0
    assert not journal.compact(NOON + WEEK)
    journal.append(start(journal, "S-00000009"))
    journal.append(end(journal))
    assert facts(opened_again(disk)) == facts(journal)


def test_only_the_latest_sessions_are_remembered_by_name(disk, small):
    journal = opened(disk)
    for number in range(300):
        journal.append(refused(journal, f"S-{number:08}"))
    journal.acknowledge(300, NOON)
    assert journal.compact(NOON + WEEK)
    assert not journal.knows("S-00000043")
    assert journal.knows("S-00000044")
    assert facts(opened_again(disk)) == facts(journal)


# ---- another journal


def test_a_renewed_journal_has_another_id_and_goes_on_from_the_register(disk):
    journal = opened(disk)
    charge(journal, "S-00000001")
    old = facts(journal)
    journal.renew(carry=False)
    assert journal.journal_id != old[0]
    assert (journal.last_seq, journal.meter_mwh) == (0, old[2])
    assert journal.knows("S-00000001")
    assert "journal.old-1" in disk.names
    charge(journal, "S-00000002")
    assert facts(opened_again(disk)) == facts(journal)


def test_a_renewed_journal_can_carry_the_records_over_with_new_numbers(disk, small):
    journal = opened(disk)
    for number in range(4):
        charge(journal, f"S-0000000{number}")
    journal.acknowledge(10, NOON)
    assert journal.compact(NOON + WEEK)
    journal.append(start(journal, "S-00000008"))
    journal.append(meter(journal))
    old = journal.records_after(10)
    meter_mwh = journal.meter_mwh
    journal.renew(carry=True)
    assert [record.seq for record in journal.records_after(0)] == list(range(1, 13))
    assert [record.session_id for record in journal.records_after(0)] == [record.session_id for record in old]
    assert journal.meter_mwh == meter_mwh
    assert journal.running is not None
    assert journal.running.session_id == "S-00000008"
    with pytest.raises(ValueError, match="a session is running"):
        journal.renew(carry=False)
    assert facts(opened_again(disk)) == facts(journal)


def test_a_journal_that_cannot_be_renewed_is_a_sentence(disk):
    journal = opened(disk)
    disk.fail_next["sync"] = 1
    with pytest.raises(StateError, match="cannot begin a new journal"):
        journal.renew(carry=False)


def test_a_failing_log_line_never_holds_a_secret(caplog):
    caplog.set_level(logging.DEBUG)
    opened(MemoryDisk())
    assert "signed" not in caplog.text
