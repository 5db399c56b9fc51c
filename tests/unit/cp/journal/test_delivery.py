"""The durable lane's position. What it does within a charge is tested with the charge."""

from evcharge.cp.journal.delivery import Delivery
from evcharge.cp.journal.journal import Journal
from evcharge.domain.journal_records import SupplyRefused
from tests.unit.cp.journal.memory_disk import MemoryDisk


def journal_with(count: int) -> Journal:
    journal = Journal(MemoryDisk(), bytes)
    for seq in range(1, count + 1):
        journal.append(SupplyRefused(seq=seq, session_id=f"S-{seq:08}", reason="busy"))
    return journal


def test_a_journal_fits_what_central_has_up_to_its_own_end():
    delivery = Delivery(journal_with(3))
    assert [delivery.fits(seq) for seq in (0, 1, 3, 4)] == [True, True, True, False]


def test_nothing_is_done_before_central_has_spoken():
    delivery = Delivery(journal_with(0))
    assert not delivery.linked
    assert not delivery.done
    assert delivery.next_batch(0.0) is None
    delivery.acked(1)
    assert not delivery.linked
    delivery.place(0)
    assert delivery.linked
    assert delivery.done
    assert delivery.next_batch(0.0) is None


def test_an_ack_never_takes_anything_back():
    delivery = Delivery(journal_with(3))
    delivery.place(2)
    delivery.acked(1)
    batch = delivery.next_batch(0.0)
    assert batch is not None
    assert [record.seq for record in batch.records] == [3]
    delivery.acked(3)
    assert delivery.done
    delivery.lost()
    assert not delivery.done
