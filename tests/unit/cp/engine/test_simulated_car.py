"""The simulated car: how much flows, in whole mWh, and when it ends."""

import pytest

from evcharge.cp.engine.simulated_car import AMBIENT_CELSIUS, RISE_CELSIUS, SimulatedCar, Thermometer
from evcharge.cp.hardware import Flow

KWH = 1_000_000
NO_LIMIT = 10**12


def car(
    capacity_kwh: int = 50, permille: int = 400, power_w: int = 22_000, speed: float = 1.0
) -> SimulatedCar:
    return SimulatedCar(capacity_kwh * KWH, permille, power_w, speed)


def test_fractions_of_a_mwh_are_carried_over():
    supply = car(permille=100)
    steps = [supply.read(1.0, NO_LIMIT) for _ in range(3600)]
    assert steps[0] == Flow(power_w=22_000, energy_mwh=6111)
    assert {step.energy_mwh for step in steps} == {6111, 6112}
    assert sum(step.energy_mwh for step in steps) == 22 * KWH


@pytest.mark.parametrize("parts", [1, 2, 7, 100])
def test_a_second_in_parts_is_a_second(parts):
    supply = car()
    assert sum(supply.read(36 / parts, NO_LIMIT).energy_mwh for _ in range(parts)) == pytest.approx(
        220_000, abs=parts * 4
    )


def test_speed_scales_time_and_not_the_power_shown():
    assert car(speed=60.0).read(1.0, NO_LIMIT) == Flow(power_w=22_000, energy_mwh=366_666)


def test_a_limit_is_reached_exactly_and_never_passed():
    supply = car()
    assert supply.read(1.0, 6000) == Flow(power_w=22_000, energy_mwh=6000)
    assert supply.read(1.0, 0) == Flow(power_w=0, energy_mwh=0)
    # What the limit cut off never flowed, not even its fraction.
    assert supply.read(1.0, NO_LIMIT).energy_mwh == 6111


def test_the_battery_keeps_less_than_it_takes():
    supply = car(capacity_kwh=10, permille=0)
    supply.read(600.0, NO_LIMIT)
    assert supply.charge_permille == 22_000 // 6 * 92 * 1000 // 100 // 10_000


def test_above_eighty_percent_it_takes_less_and_less():
    powers = [car(permille=permille).power_w for permille in (0, 799, 800, 850, 900, 950, 999)]
    assert powers[:3] == [22_000, 22_000, 22_000]
    assert powers == sorted(powers, reverse=True)
    assert powers[4] == 22_000 * 55 // 100
    assert 22_000 // 10 < powers[6] < 22_000 // 9


@pytest.mark.parametrize("permille", [0, 400, 800, 900, 990])
@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_it_says_in_how_many_seconds_it_is_full(permille: int, speed: float):
    supply = car(permille=permille, speed=speed)
    said, took = supply.full_in_s, 0
    while not supply.full:
        supply.read(1.0, NO_LIMIT)
        took += 1
    assert said == pytest.approx(took, rel=0.03, abs=1)
    assert supply.full_in_s == 0


def test_a_car_that_gets_no_power_is_never_full():
    assert car(power_w=0).full_in_s is None


def test_a_long_step_follows_the_taper_like_short_ones():
    fast, slow = car(permille=790, speed=600.0), car(permille=790)
    one_step = fast.read(1.0, NO_LIMIT).energy_mwh
    many = sum(slow.read(1.0, NO_LIMIT).energy_mwh for _ in range(600))
    assert one_step == pytest.approx(many, rel=0.01)


def test_a_full_battery_takes_exactly_what_fits_and_then_nothing():
    supply = car(capacity_kwh=1, permille=990)
    assert not supply.full
    total = 0
    while not supply.full:
        total += supply.read(60.0, NO_LIMIT).energy_mwh
    assert total == -(-KWH // 100 * 100 // 92)
    assert supply.power_w == 0
    assert supply.read(60.0, NO_LIMIT) == Flow(0, 0)
    assert supply.charge_permille == 1000


def test_no_time_and_time_that_runs_back_move_nothing():
    supply = car()
    assert supply.read(0.0, NO_LIMIT).energy_mwh == 0
    assert supply.read(-5.0, NO_LIMIT).energy_mwh == 0


# ---- warmth


def test_it_is_as_warm_as_the_air_until_power_flows():
    thermometer = Thermometer(22_000)
    thermometer.step(0, 3_600)
    assert thermometer.deci_celsius == AMBIENT_CELSIUS * 10


def test_power_warms_slowly_and_never_beyond_its_goal():
    thermometer = Thermometer(22_000)
    seen = []
    for _ in range(3_600):
        thermometer.step(22_000, 1.0)
        seen.append(thermometer.deci_celsius)
    assert seen == sorted(seen)
    assert seen[0] <= AMBIENT_CELSIUS * 10 + 2
    assert seen[-1] == (AMBIENT_CELSIUS + RISE_CELSIUS) * 10


def test_less_power_is_less_warm():
    thermometer = Thermometer(22_000)
    thermometer.step(11_000, 3_600)
    assert thermometer.deci_celsius == (AMBIENT_CELSIUS + RISE_CELSIUS / 2) * 10


def test_without_power_it_cools_down_to_the_air():
    thermometer = Thermometer(22_000)
    thermometer.step(22_000, 3_600)
    thermometer.step(0, 240)
    assert AMBIENT_CELSIUS * 10 < thermometer.deci_celsius < (AMBIENT_CELSIUS + RISE_CELSIUS / 2) * 10
    thermometer.step(0, 7_200)
    assert thermometer.deci_celsius == AMBIENT_CELSIUS * 10


@pytest.mark.parametrize("parts", [1, 3, 60])
def test_a_minute_of_warmth_in_parts_is_a_minute(parts: int):
    thermometer = Thermometer(22_000)
    for _ in range(parts):
        thermometer.step(22_000, 60 / parts)
    assert thermometer.deci_celsius == 293


def test_speed_scales_warming_too():
    fast, slow = Thermometer(22_000, speed=60.0), Thermometer(22_000)
    fast.step(22_000, 1.0)
    slow.step(22_000, 60.0)
    assert fast.deci_celsius == slow.deci_celsius


def test_a_point_without_power_and_a_clock_that_stands_still_do_no_harm():
    thermometer = Thermometer(0)
    thermometer.step(0, 0.0)
    thermometer.step(0, -1.0)
    assert thermometer.deci_celsius == AMBIENT_CELSIUS * 10
