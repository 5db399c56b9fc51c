"""Power cuts, a full disk and a failing one: what the journal has promised is there."""

import random

import pytest

from evcharge.cp.journal import journal as journal_module
from evcharge.cp.journal import records
from evcharge.cp.journal.journal import Journal, JournalFailed, JournalFull
from evcharge.cp.journal.segment import SESSION_BYTES, TAIL_BYTES
from evcharge.domain.errors import StateError
from evcharge.domain.journal_records import AnyRecord
from tests.unit.cp.journal.journals import (
    NOON,
    WEEK,
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
