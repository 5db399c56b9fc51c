"""What becomes of a charge after a crash, a lost link or a lost journal; the records' way to Central."""

import pytest

from evcharge.cp.journal import journal as journal_module
from evcharge.domain.journal_records import SupplyRefused
from evcharge.evc1.messages import Ready, Records, Sync
from tests.unit.cp.engine.charge_point import NOON, S1, S2, Point

# ---- questions of Central


def test_a_query_is_answered_ready_while_the_session_waits_or_runs(point):
    point.start()
    point.said.clear()
    point.charge.on_query(S1)
    point.charge.plug()
    point.charge.on_query(S1)
    assert point.said == [Ready(session_id=S1)] * 2
    assert point.ends() == []


def test_a_query_for_a_session_that_never_came_is_journaled_as_never_started(point):
    point.charge.on_query(S1)
    point.charge.on_query(S1)
    assert point.ends() == [(S1, "never started")]
    point.start()
    assert point.charge.state == "idle"


def test_a_query_for_an_ended_session_adds_nothing(charging):
    charging.charge.unplug()
    charging.charge.on_query(S1)
    assert charging.ends() == [(S1, "unplugged")]


# ---- crashes


@pytest.mark.parametrize("power_cut", [False, True])
@pytest.mark.parametrize("ticks", [0, 3])
def test_a_charge_that_a_crash_cut_short_ends_at_its_last_journaled_meter(charging, ticks, power_cut):
    charging.tick(ticks)
    delivered = charging.contactor.delivered_mwh
    charging.restart(power_cut=power_cut)
    assert not charging.contactor.closed
    assert charging.ends() == [(S1, "restart")]
    assert charging.journal.meter_mwh == delivered
    assert charging.journal.running is None
    charging.restart()
    assert charging.ends() == [(S1, "restart")]


def test_a_session_that_waited_for_its_plug_is_forgotten_by_a_crash_until_central_asks(point):
    point.start()
    point.restart()
    point.link()
    point.charge.on_query(S1)
    assert point.ends() == [(S1, "never started")]


# ---- the durable lane


def test_the_first_word_names_the_journal_and_how_far_it_goes(charging):
    assert charging.charge.sync() == Sync(journal_id=charging.journal.journal_id, last_seq=1)


def sent(point: Point) -> list[int]:
    batch = point.charge.next_batch(point.now_s)
    return [record.seq for record in batch.records] if isinstance(batch, Records) else []


def test_nothing_is_sent_before_central_has_said_what_it_has():
    point = Point()
    point.charge.on_query(S1)
    assert sent(point) == []
    point.link(0)
    assert sent(point) == [1]


def test_starts_and_ends_go_at_once_and_meters_every_five_seconds(charging):
    assert sent(charging) == [1]
    charging.charge.on_ack(1, NOON)
    charging.tick(4)
    assert sent(charging) == []
    charging.tick()
    assert sent(charging) == [2, 3, 4, 5, 6]
    charging.charge.on_ack(6, NOON)
    charging.tick()
    assert sent(charging) == []
    charging.charge.unplug()
    assert sent(charging) == [7, 8]
    assert not charging.charge.delivered
    charging.charge.on_ack(8, NOON)
    assert charging.charge.delivered
    assert sent(charging) == []


def test_one_batch_is_outstanding_and_a_part_of_it_may_be_acknowledged(charging):
    charging.tick(250)
    assert sent(charging) == list(range(1, 101))
    assert sent(charging) == []
    charging.charge.on_ack(40, NOON)
    assert sent(charging) == []
    charging.charge.on_ack(100, NOON)
    assert sent(charging) == list(range(101, 201))
    charging.charge.on_ack(100, NOON)
    assert sent(charging) == []


def test_a_batch_that_central_does_not_acknowledge_is_repeated(charging):
    assert sent(charging) == [1]
    charging.tick(14)
    assert sent(charging) == []
    charging.tick()
    assert sent(charging) == list(range(1, 17))


def test_after_a_lost_link_everything_goes_again_from_what_central_has(charging):
    charging.tick(10)
    assert sent(charging) == list(range(1, 12))
    charging.charge.on_link_lost()
    charging.charge.on_ack(11, NOON)
    assert sent(charging) == []
    assert not charging.charge.linked
    charging.tick(2)
    charging.link(4)
    assert sent(charging) == list(range(5, 14))


def test_a_resync_goes_back_to_what_central_has(charging):
    charging.tick(10)
    sent(charging)
    charging.charge.on_ack(11, NOON)
    assert charging.charge.on_synced(3)
    assert sent(charging) == list(range(4, 12))


# ---- another journal


@pytest.mark.parametrize("by_ack", [False, True])
def test_a_journal_that_is_older_than_central_knows_is_replaced(charging, by_ack):
    charging.tick(3)
    before = charging.journal.journal_id
    again = charging.charge.on_ack(99, NOON) if by_ack else charging.charge.on_synced(99)
    assert again is False
    assert charging.journal.journal_id != before
    assert charging.charge.sync().last_seq == 0
    assert charging.journal.meter_mwh == charging.contactor.delivered_mwh
    assert not charging.contactor.closed
    assert not charging.charge.linked
    charging.start(S1)
    assert charging.charge.state == "idle"
    charging.link(0)
    charging.charge.plug()
    charging.start(S2)
    assert charging.contactor.closed


def test_an_idle_journal_that_is_older_than_central_knows_is_replaced(point):
    assert not point.charge.on_synced(7)
    point.link(0)
    point.start()
    point.charge.plug()
    assert point.contactor.closed


def test_records_that_central_misses_and_that_were_dropped_make_a_new_journal_with_the_rest(
    charging, monkeypatch
):
    monkeypatch.setattr(journal_module, "WORTH_COMPACTING_BYTES", 100)
    charging.tick(3)
    charging.charge.unplug()
    charging.charge.on_ack(5, NOON)
    charging.charge.on_query(S2)
    charging.charge.on_ack(6, NOON + 8 * 86_400)
    assert charging.journal.first_seq == 6
    charging.charge.on_link_lost()
    before = charging.journal.journal_id
    assert not charging.charge.on_synced(2)
    assert charging.journal.journal_id != before
    charging.link(0)
    batch = charging.charge.next_batch(charging.now_s)
    assert batch == Records(records=[SupplyRefused(seq=1, session_id=S2, reason="never started")])


def test_a_running_charge_survives_a_central_that_lost_old_records(charging, monkeypatch):
    monkeypatch.setattr(journal_module, "WORTH_COMPACTING_BYTES", 100)
    charging.charge.unplug()
    charging.charge.on_ack(2, NOON)
    charging.charge.on_query("S-D03-CP001-00000003")
    charging.charge.on_ack(3, NOON + 8 * 86_400)
    charging.start(S2)
    charging.charge.plug()
    charging.tick(2)
    assert not charging.charge.on_synced(0)
    assert charging.contactor.closed
    charging.link(0)
    charging.tick()
    assert charging.journal.running.session_id == S2
    assert charging.contactor.delivered_mwh == charging.journal.meter_mwh
