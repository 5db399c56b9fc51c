"""The course of a charge: which of its readings the books keep."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from evcharge.central.rules import commands as c
from evcharge.central.rules.charge_curve import MOST, stretch_s
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import MeterReading
from tests.unit.central.builders import KWH, Network

HOUR = 3_600


def town() -> Network:
    network = Network()
    network.engine(speed_permille=1000, max_power_w=22_000)
    network.monitor()
    network.driver_is_there()
    return network


def readings(*decisions: Decision) -> list[MeterReading]:
    return [change for one in decisions for change in one.changes if isinstance(change, MeterReading)]


def in_the_books(found: list[MeterReading]) -> dict[int, int]:
    """Return what is left of readings by their second, as the books thin them."""
    kept: dict[int, int] = {}
    for one in found:
        kept[one.elapsed_s] = one.energy_mwh
        if one.thinned_to_s:
            firsts: dict[int, int] = {}
            for second in sorted(kept):
                firsts.setdefault(second // one.thinned_to_s, second)
            kept = {second: kept[second] for second in {*firsts.values(), max(kept)}}
    return dict(sorted(kept.items()))


def whole_charge(network: Network, seconds: list[int]) -> list[MeterReading]:
    """A charge that is metered at those seconds, and ends a second after the last."""
    session = network.authorised()
    engine = network.engines["CP001"]
    began_at = session.authorised_at.timestamp()
    found = readings(network.sends(engine.started(session.session_id, began_at=began_at)))
    for second in seconds:
        network.later(1)
        network.rules = replace(network.rules, steady_s=float(second))
        found += readings(network.sends(engine.meter(session.session_id, 1_000, elapsed_s=second)))
    end = seconds[-1] + 1 if seconds else 1
    network.rules = replace(network.rules, steady_s=float(end))
    return found + readings(network.sends(engine.ended(session.session_id, 500, elapsed_s=end)))


def test_a_short_charge_is_kept_second_by_second():
    found = whole_charge(town(), list(range(1, 60)))
    assert [one.elapsed_s for one in found] == list(range(61))
    assert (found[0].energy_mwh, found[-1].energy_mwh) == (0, 59_500)


def test_a_long_charge_keeps_readings_of_even_stretches_and_its_last():
    kept = in_the_books(whole_charge(town(), list(range(1, 1_000))))
    assert list(kept) == [*range(0, 1_000, 16), 1_000]


@settings(max_examples=25)
@given(st.sets(st.integers(1, 20_000), max_size=120))
def test_however_a_charge_is_metered_its_readings_are_few_and_only_grow(seconds: set[int]):
    kept = in_the_books(whole_charge(town(), sorted(seconds)))
    assert len(kept) <= MOST + 1
    energies = [kept[second] for second in sorted(kept)]
    assert energies == sorted(energies)


def told(network: Network, session_id: str, seconds: range) -> list[MeterReading]:
    """Return what is kept while those seconds are metered."""
    engine = network.engines["CP001"]
    return readings(*(network.sends(engine.meter(session_id, 1_000, elapsed_s=second)) for second in seconds))


def test_a_charge_that_is_closed_on_its_way_keeps_no_more_than_the_most():
    network = town()
    session = network.authorised()
    engine = network.engines["CP001"]
    network.later(4 * HOUR)
    found = readings(
        network.sends(engine.started(session.session_id, began_at=session.authorised_at.timestamp()))
    )
    # The very last second of a stretch: nothing follows that would thin what was kept as the last by then.
    end = 120 * 16 - 1
    found += told(network, session.session_id, range(4, 1_004, 4))
    network.engine_leaves()
    found += readings(network.does(c.CloseLost, session_id=session.session_id))
    network.engine()
    found += told(network, session.session_id, range(1_004, end, 4))
    found += readings(network.sends(engine.ended(session.session_id, 1_000, elapsed_s=end)))
    kept = in_the_books(found)
    assert len(kept) == MOST + 1
    assert list(kept) == [*range(0, end, 16), end]


def test_a_reading_says_how_full_the_battery_was_where_that_is_known():
    network = town()
    session = network.authorised()
    engine, of_it = network.engines["CP001"], session.session_id
    network.later(HOUR)
    began_at = session.authorised_at.timestamp()
    found = readings(
        network.sends(
            engine.started(of_it, began_at=began_at, battery_permille=231),
            engine.meter(of_it, 1_000, elapsed_s=1, battery_permille=232),
            engine.meter(of_it, 1_000, elapsed_s=2),
            engine.ended(of_it, elapsed_s=3, battery_permille=240),
        )
    )
    assert [one.battery_permille for one in found] == [231, 232, None, 240]


@given(st.integers(0, 10**9))
def test_the_stretches_of_any_charge_are_fewer_than_the_most(elapsed_s: int):
    assert elapsed_s // stretch_s(elapsed_s) < MOST


def test_a_charge_that_is_closed_keeps_its_last_reading_and_what_its_engine_tells_later():
    network = town()
    session = network.authorised()
    engine = network.engines["CP001"]
    began_at = session.authorised_at.timestamp()
    network.later(HOUR)
    network.sends(
        engine.started(session.session_id, began_at=began_at),
        engine.meter(session.session_id, KWH, elapsed_s=600),
        engine.meter(session.session_id, 10, elapsed_s=601),
    )
    network.engine_leaves()
    (last,) = readings(network.does(c.CloseLost, session_id=session.session_id))
    assert (last.elapsed_s, last.energy_mwh) == (601, KWH + 10)
    network.engine()
    (later,) = readings(network.sends(engine.ended(session.session_id, KWH, elapsed_s=1_200)))[-1:]
    assert (later.elapsed_s, later.energy_mwh) == (1_200, 2 * KWH + 10)


def test_an_engine_that_tells_no_seconds_leaves_no_course():
    network = town()
    session = network.charging(more_mwh=KWH)
    assert not readings(network.sends(network.engines["CP001"].ended(session.session_id)))
