"""A full disk, and one that fails: no power that is not journaled."""

import pytest

from evcharge.cp.engine.charge import PlanMoment
from evcharge.cp.health import JOURNAL_FULL
from evcharge.cp.journal import journal as journal_module
from evcharge.domain.errors import StateError
from tests.unit.cp.engine.charge_point import S1, S2, Point


def test_a_full_disk_is_a_fault_before_anybody_asks_and_goes_away_with_room(point, caplog):
    caplog.set_level("INFO")
    point.charge.plug()
    point.start()
    point.disk.free_bytes = 0
    point.charge.unplug()
    assert point.charge.fault == JOURNAL_FULL
    point.start(S2)
    assert point.ends()[-1] == (S2, "fault")
    point.tick(3)
    assert len([line for line in caplog.records if line.levelname == "ERROR"]) == 1
    point.disk.free_bytes = 1 << 30
    point.tick()
    assert point.charge.fault is None
    assert "room for the journal again" in caplog.text


def test_a_start_that_finds_no_room_is_refused(point):
    point.start()
    point.disk.free_bytes = 0
    point.disk.names["journal"].taken = 0
    point.charge.plug()
    assert not point.contactor.closed
    point.disk.free_bytes = 1 << 30
    point.tick()
    assert point.ends() == [(S1, "fault")]


def test_power_does_not_begin_without_the_space_of_a_whole_session(point):
    point.disk.free_bytes = 0
    for number in range(20):
        point.charge.on_query(f"S-D09-CP001-{number:08}")
    point.start()
    point.charge.plug()
    assert not point.contactor.closed
    assert point.ends()[-1] == (S1, "fault")
    assert point.charge.fault == JOURNAL_FULL


def test_a_charge_that_uses_up_its_space_on_a_full_disk_ends_as_a_fault(monkeypatch):
    monkeypatch.setattr(journal_module, "SESSION_BYTES", 4096)
    charging = Point()
    charging.link()
    charging.start()
    charging.charge.plug()
    charging.disk.free_bytes = 0
    charging.tick(100)
    assert charging.ends() == [(S1, "fault")]
    assert charging.charge.fault == JOURNAL_FULL
    assert not charging.contactor.closed
    assert charging.journal.meter_mwh == charging.contactor.delivered_mwh > 0


@pytest.mark.parametrize("step", ["write", "data sync"])
def test_a_disk_that_fails_during_a_charge_powers_off_and_ends_it_at_what_is_there(charging, step):
    charging.tick(3)
    charging.disk.fail_next[step] = 1
    charging.tick()
    assert not charging.contactor.closed
    assert charging.ends() == [(S1, "fault")]
    assert charging.moments.count(PlanMoment.ENDED) == 1
    assert 0 <= charging.journal.meter_mwh - charging.contactor.delivered_mwh <= 6112
    assert charging.charge.fault is None
    charging.charge.plug()
    charging.start(S2)
    assert charging.contactor.closed


@pytest.mark.parametrize("step", ["write", "sync"])
def test_a_disk_that_fails_at_a_start_lets_no_power_flow(point, step):
    point.start()
    point.disk.fail_next[step] = 1
    point.charge.plug()
    assert not point.contactor.closed
    # Either the start reached the disk after all and ended with nothing, or it never did.
    assert point.ends() == [(S1, "fault")]
    assert point.journal.meter_mwh == 0


def test_a_disk_that_fails_at_the_end_of_a_charge_still_ends_it_once(charging):
    charging.tick(2)
    charging.disk.fail_next["sync"] = 1
    charging.charge.unplug()
    assert not charging.contactor.closed
    assert len(charging.ends()) == 1
    assert charging.journal.running is None
    assert charging.moments.count(PlanMoment.ENDED) == 1


def test_a_disk_that_fails_again_stops_the_engine_with_the_power_off(charging):
    charging.disk.fail_next = {"data sync": 1}
    charging.tick()
    charging.charge.plug()
    charging.start(S2)
    charging.tick()
    charging.disk.fail_next = {"data sync": 1}
    with pytest.raises(StateError, match="replace the disk"):
        charging.tick()
    assert not charging.contactor.closed


def test_a_refusal_that_finds_no_room_is_journaled_when_there_is_some(point, monkeypatch):
    point.disk.free_bytes = 0
    segment = point.journal._segment
    monkeypatch.setattr(segment, "_size", segment.end)
    point.disk.names["journal"].taken = segment.end
    point.charge.on_query(S1)
    assert point.ends() == []
    assert not point.charge.delivered
    point.charge.on_query(S1)
    point.start()
    point.tick()
    assert point.ends() == []
    point.disk.free_bytes = 1 << 30
    point.tick()
    assert point.ends() == [(S1, "never started")]
