"""The last hour of power and temperature, in bounded memory."""

import sys

from evcharge.central.views.telemetry import NETWORK_S, NETWORK_SAMPLES, SAMPLE_S, SAMPLES, Telemetry

NOON = 1_767_268_800 // SAMPLE_S * SAMPLE_S


def sampled(*figures: tuple[int, int | None]) -> Telemetry:
    """Return telemetry with one sample of each, SAMPLE_S apart, from noon on."""
    telemetry = Telemetry()
    for number, (power_w, warmth) in enumerate(figures):
        assert telemetry.sample([("CP001", power_w, warmth)], NOON + number * SAMPLE_S)
    return telemetry


def test_figures_come_back_with_their_instants_the_oldest_first():
    series = sampled((22_000, 431), (21_000, 440)).series("CP001")
    assert series.power == [(NOON, 22_000), (NOON + SAMPLE_S, 21_000)]
    assert series.temperature == [(NOON, 43.1), (NOON + SAMPLE_S, 44.0)]


def test_a_sample_is_taken_once_in_its_time():
    telemetry = sampled((1, None))
    assert not telemetry.sample([("CP001", 2, None)], NOON + SAMPLE_S - 0.1)
    assert telemetry.series("CP001").power == [(NOON, 1)]


def test_an_hour_is_kept_and_no_more():
    series = sampled(*((number, number) for number in range(1, SAMPLES + 11))).series("CP001")
    assert len(series.power) == SAMPLES
    assert series.power[0] == (NOON + 10 * SAMPLE_S, 11)
    assert series.power[-1] == (NOON + (SAMPLES + 9) * SAMPLE_S, SAMPLES + 10)
    assert [celsius for _, celsius in series.temperature] == [n / 10 for n in range(11, SAMPLES + 11)]


def test_what_is_not_known_is_left_out():
    series = sampled((22_000, None), (0, 250)).series("CP001")
    assert series.power == [(NOON, 22_000), (NOON + SAMPLE_S, 0)]
    assert series.temperature == [(NOON + SAMPLE_S, 25.0)]


def test_a_standstill_is_a_gap():
    telemetry = sampled((1, 10), (2, 20))
    for later in (5, SAMPLES + 3):
        telemetry.sample([("CP001", later, later)], NOON + later * SAMPLE_S)
    series = telemetry.series("CP001")
    assert series.power == [(NOON + 5 * SAMPLE_S, 5), (NOON + (SAMPLES + 3) * SAMPLE_S, SAMPLES + 3)]
    telemetry.sample([("CP001", 7, 7)], NOON + 10 * SAMPLES * SAMPLE_S)
    assert telemetry.series("CP001").power == [(NOON + 10 * SAMPLES * SAMPLE_S, 7)]


def test_a_clock_that_is_put_back_starts_anew():
    telemetry = sampled((1, 10), (2, 20))
    telemetry.sample([("CP001", 3, 30)], NOON - 3_600)
    assert telemetry.series("CP001").power == [(NOON - 3_600, 3)]


def test_nothing_is_kept_of_a_point_that_never_did_anything():
    telemetry = sampled((0, None), (0, None))
    assert telemetry._rings == {}
    assert telemetry.series("CP001").power == []


def test_a_charging_point_costs_less_than_four_kibibytes():
    (rings,) = sampled((1, 1))._rings.values()
    assert sum(map(sys.getsizeof, (rings, rings.power, rings.temperature, rings.last))) < 4096


def test_the_network_has_means_of_five_minutes_of_the_last_day():
    telemetry = Telemetry()
    for number in range(2 * NETWORK_S // SAMPLE_S):
        figures = [("CP001", 10_000 + number, None), ("CP002", 1_000, None)]
        telemetry.sample(figures, NOON // NETWORK_S * NETWORK_S + number * SAMPLE_S)
    first = NOON // NETWORK_S * NETWORK_S
    assert telemetry.network() == [(first, 11_009), (first + NETWORK_S, 11_029)]
    telemetry.sample([("CP001", 7, None)], first + NETWORK_SAMPLES * NETWORK_S)
    assert telemetry.network() == [(first + NETWORK_S, 11_029), (first + NETWORK_SAMPLES * NETWORK_S, 7)]
    telemetry.sample([("CP001", 7, None)], first)
    assert telemetry.network() == [(first, 7)]
    assert Telemetry().network() == []


def test_what_was_before_stands_in_front_of_what_is_sampled():
    telemetry = Telemetry()
    first = NOON // NETWORK_S * NETWORK_S
    telemetry.sample([("CP001", 1_000, None)], first + NETWORK_S + 200)
    stretch = first // NETWORK_S
    # Of the stretch in which Central started, both count by how much of it they saw.
    telemetry.remember([(stretch, 22_000, 20), (stretch + 1, 9_000, 3)])
    assert telemetry.network() == [(first, 22_000), (first + NETWORK_S, 7_000)]
    telemetry.remember([(stretch - number, 5, 20) for number in range(1, NETWORK_SAMPLES + 9)])
    assert len(telemetry.network()) == NETWORK_SAMPLES
    assert telemetry.network()[-1] == (first + NETWORK_S, 7_000)


def test_what_a_point_gave_before_fills_what_was_not_sampled():
    telemetry = sampled((1_000, 430), (2_000, 440))
    number = NOON // SAMPLE_S
    # Older than an hour, before the first sample, at it, and newer than the last.
    telemetry.recall("CP001", [(number - SAMPLES, 9), (number - 2, 22_000), (number, 9), (number + 9, 9)])
    assert telemetry.series("CP001").power == [
        (NOON - 2 * SAMPLE_S, 22_000),
        (NOON, 1_000),
        (NOON + SAMPLE_S, 2_000),
    ]
    assert telemetry.series("CP001").temperature == [(NOON, 43.0), (NOON + SAMPLE_S, 44.0)]


def test_a_point_that_rests_since_the_start_has_what_it_gave_before():
    telemetry = sampled((0, None))
    number = NOON // SAMPLE_S
    telemetry.recall("CP001", [(number - 3, 22_000), (number - 2, 0)])
    telemetry.sample([("CP001", 0, None)], NOON + SAMPLE_S)
    assert telemetry.series("CP001").power == [
        (NOON - 3 * SAMPLE_S, 22_000),
        (NOON - 2 * SAMPLE_S, 0),
        (NOON + SAMPLE_S, 0),
    ]
    telemetry.recall("CP002", [(number - 3, 0)])
    assert telemetry.series("CP002").power == []
