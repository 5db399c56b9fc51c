"""What Central has had is dropped; a journal is replaced by another one."""

import pytest

from evcharge.cp.journal import journal as journal_module
from evcharge.domain.errors import StateError
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
