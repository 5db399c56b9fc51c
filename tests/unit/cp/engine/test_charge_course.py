"""While power flows: what is counted and shown, what ends it, and the time it tells."""

import pytest
from msgspec import UNSET

from evcharge.cp.engine.simulated_car import SimulatedCar
from evcharge.cp.health import BROKEN
from evcharge.domain.journal_records import Meter, SupplyEnd
from evcharge.evc1.messages import SupplyUpdate
from tests.unit.cp.engine.charge_point import KWH, NOON, S1, S2

# ---- flowing


def test_each_second_is_journaled_then_delivered_then_shown(charging):
    charging.said.clear()
    charging.tick(2)
    assert charging.contactor.delivered_mwh == 12222
    car = SimulatedCar(50 * KWH, charging.permille, 22_000)
    first, second = (
        {"battery_permille": car.charge_permille, "full_in_s": car.full_in_s}
        for _ in range(2)
        if car.read(1.0, 10**12)
    )
    full = [battery["battery_permille"] for battery in (first, second)]
    assert charging.records(1) == [
        Meter(seq=2, session_id=S1, meter_mwh=6111, elapsed_s=1, battery_permille=full[0]),
        Meter(seq=3, session_id=S1, meter_mwh=12222, elapsed_s=2, battery_permille=full[1]),
    ]
    assert charging.said == [
        SupplyUpdate(session_id=S1, power_w=22_000, energy_mwh=6111, temperature_deci_celsius=221, **first),
        SupplyUpdate(session_id=S1, power_w=22_000, energy_mwh=12222, temperature_deci_celsius=223, **second),
    ]
    # The car knows how full it is, and when it will be.
    assert first["full_in_s"] - second["full_in_s"] in (1, 2)


def test_the_register_goes_on_over_sessions_and_each_counts_its_own(charging):
    charging.tick(2)
    charging.charge.unplug()
    charging.start(S2)
    charging.charge.plug()
    charging.tick()
    assert charging.journal.running.meter_mwh == 12222
    assert charging.said[-1].energy_mwh == 6111
    assert charging.journal.meter_mwh == 12222 + 6111 == charging.contactor.delivered_mwh


@pytest.mark.parametrize("limit_mwh", [0, 1, 6110, 6111, 6112, 30_000])
@pytest.mark.parametrize("linked", [True, False])
def test_the_limit_is_reached_exactly_also_without_central(point, limit_mwh, linked):
    point.start(limit_mwh=limit_mwh)
    point.charge.plug()
    if not linked:
        point.charge.on_link_lost()
    point.tick(10)
    assert point.contactor.delivered_mwh == limit_mwh
    assert point.ends() == [(S1, "limit")]
    assert not point.contactor.closed


def test_a_full_battery_ends_the_session(point):
    point.permille = 999
    point.start()
    point.charge.plug()
    point.tick(600)
    assert point.ends() == [(S1, "battery full")]
    assert point.contactor.delivered_mwh == point.journal.meter_mwh == -(-50_000 * 100 // 92)


def test_a_stall_of_the_process_is_not_billed(charging):
    charging.tick(dt_s=3600.0)
    assert charging.journal.meter_mwh == 22_000_000 * 5 // 3600


# ---- ending


@pytest.mark.parametrize("reason", ["driver", "operator", "weather", "fault", "words of a later version"])
def test_a_stop_ends_the_session_with_its_reason(charging, reason):
    charging.tick(2)
    charging.charge.on_stop(S1, reason)
    assert not charging.contactor.closed
    battery = {"battery_permille": charging.charge.battery_permille}
    end = SupplyEnd(seq=4, session_id=S1, meter_mwh=12222, reason=reason, elapsed_s=2, **battery)
    assert charging.records(3) == [end]
    charging.charge.on_stop(S1, "operator")
    charging.tick(2)
    assert charging.journal.last_seq == 4


def test_a_stop_of_a_waiting_session_refuses_it(point):
    point.start()
    point.charge.on_stop(S1, "operator")
    assert point.ends() == [(S1, "operator")]
    assert point.charge.state == "idle"


def test_a_stop_of_a_session_that_never_came_keeps_it_from_ever_starting(point):
    point.charge.on_stop(S1, "operator")
    point.start()
    point.charge.plug()
    assert point.ends() == [(S1, "operator")]
    assert not point.contactor.closed


def test_unplugging_ends_the_session(charging):
    charging.tick()
    charging.charge.unplug()
    assert charging.ends() == [(S1, "unplugged")]
    assert not charging.contactor.closed


def test_unplugging_before_the_session_begins_only_takes_the_car_away(point):
    point.charge.plug()
    point.charge.unplug()
    point.start()
    assert point.charge.state == "pending"
    assert not point.contactor.closed


def test_a_fault_opens_the_contactor_at_once_and_nothing_begins_until_it_is_mended(charging):
    charging.tick()
    charging.charge.break_down()
    charging.charge.break_down()
    assert not charging.contactor.closed
    assert charging.ends() == [(S1, "fault")]
    assert charging.charge.fault == BROKEN
    charging.charge.plug()
    charging.start(S2)
    assert charging.ends()[-1] == (S2, "fault")
    charging.charge.mend()
    charging.charge.mend()
    assert charging.charge.fault is None
    charging.start("S-D03-CP001-00000003")
    assert charging.contactor.closed


def test_a_fault_while_a_session_waits_refuses_it(point):
    point.start()
    point.charge.break_down()
    assert point.ends() == [(S1, "fault")]


def test_an_engine_that_is_stopped_ends_its_session_and_takes_nothing_new(charging):
    charging.tick()
    charging.charge.shut_down()
    assert charging.ends() == [(S1, "engine stopped")]
    assert not charging.contactor.closed
    charging.start(S2)
    assert charging.ends()[-1] == (S2, "engine stopped")


# ---- its own time


def test_a_charge_begins_so_long_after_centrals_instant_as_it_waited_for_the_plug(point):
    point.start(at=NOON)
    point.later(12.5)
    point.charge.plug()
    assert point.journal.running.began_at == NOON + 12.5


def test_without_centrals_instant_only_the_seconds_are_told(point):
    point.start()
    point.charge.plug()
    point.tick(3)
    assert point.journal.running.began_at is UNSET
    assert point.records()[-1].elapsed_s == 3


def test_an_end_tells_the_whole_seconds_that_have_passed_when_it_comes(charging):
    charging.tick(2)
    charging.later(1.9)
    charging.charge.unplug()
    assert charging.records()[-1].elapsed_s == 3


def test_what_began_between_two_ticks_flows_from_then_on(point):
    point.start()
    point.tick()
    point.later(0.75)
    point.charge.plug()
    point.later(-0.75)
    point.tick()
    assert point.charge.energy_mwh == 6111 // 4


@pytest.mark.parametrize("power_cut", [False, True])
def test_a_restart_ends_a_charge_at_the_second_that_was_journaled_last(point, power_cut: bool):
    point.start(at=NOON)
    point.charge.plug()
    point.tick(8)
    battery = {"battery_permille": point.charge.battery_permille}
    # However long the engine is away, and whatever its clocks begin with.
    point.restart(power_cut=power_cut)
    assert point.records()[-1] == SupplyEnd(
        seq=10, session_id=S1, meter_mwh=8 * 6111, reason="restart", elapsed_s=8, **battery
    )


def test_a_charge_that_an_older_engine_began_ends_without_a_time(point):
    point.start()
    point.charge.plug()
    point.journal.append(Meter(seq=2, session_id=S1, meter_mwh=5))
    point.restart()
    assert point.records()[-1] == SupplyEnd(seq=3, session_id=S1, meter_mwh=5, reason="restart")


def test_the_next_charge_counts_from_its_own_beginning(charging):
    charging.tick(5)
    charging.charge.unplug()
    charging.later(100)
    charging.start(S2)
    charging.charge.plug()
    charging.tick(2)
    assert charging.records()[-1].elapsed_s == 2
    assert charging.charge.elapsed_s == 2
