"""The journal: what was appended is there, and goes to Central in order."""

import logging
import os
import random

import pytest

from evcharge.cp.journal.disk import FolderDisk
from evcharge.cp.journal.journal import Journal
from evcharge.cp.journal.segment import SESSION_BYTES
from evcharge.domain.errors import StateError
from evcharge.domain.journal_records import Meter, SupplyRefused
from tests.component.small_disk import small_disk
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


# ---- another journal


def test_a_failing_log_line_never_holds_a_secret(caplog):
    caplog.set_level(logging.DEBUG)
    opened(MemoryDisk())
    assert "signed" not in caplog.text
