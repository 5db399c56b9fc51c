"""The network's power before Central started, from what its charges had drawn when."""

from hypothesis import given
from hypothesis import strategies as st

from evcharge.central.views.past_power import past_power
from evcharge.central.views.telemetry import NETWORK_S

FIRST = 5_890_000
FROM_S = FIRST * NETWORK_S
# Of 22 kW in five minutes.
MWH = 22_000 * NETWORK_S * 1000 // 3600


def test_charges_add_up_to_the_power_of_each_stretch():
    one = [(FROM_S, 0, 1000), (FROM_S + NETWORK_S, MWH, 1000), (FROM_S + 2 * NETWORK_S, MWH, 1000)]
    other = [(FROM_S + 150, 0, 1000), (FROM_S + 450, MWH, 1000)]
    assert list(past_power([one, other], FROM_S, FROM_S + 3 * NETWORK_S)) == [
        (FIRST, 33_000, 20),
        (FIRST + 1, 11_000, 20),
        (FIRST + 2, 0, 20),
    ]


def test_simulated_time_has_the_power_of_its_vehicle():
    fast = [(FROM_S, 0, 60_000), (FROM_S + NETWORK_S, 60 * MWH, 60_000)]
    assert list(past_power([fast], FROM_S, FROM_S + NETWORK_S)) == [(FIRST, 22_000, 20)]


def test_what_was_before_and_after_counts_no_longer():
    course = [(FROM_S - 7_200, 0, 1000), (FROM_S + 7_200, 48 * MWH, 1000)]
    assert list(past_power([course], FROM_S + 240, FROM_S + NETWORK_S + 30)) == [
        (FIRST, 22_000, 4),
        (FIRST + 1, 22_000, 2),
    ]
    assert list(past_power([course], FROM_S, FROM_S)) == []


@given(
    st.lists(st.tuples(st.floats(-4_000, 4_000), st.integers(0, 10**6)), min_size=2, max_size=8),
    st.floats(0, 3_000),
    st.floats(0, 3_000),
)
def test_however_readings_fall_no_stretch_is_told_twice_or_of_less_than_nothing(readings, since_s, lasted_s):
    times, energies = sorted(at for at, _ in readings), sorted(mwh for _, mwh in readings)
    course = [(FROM_S + at, mwh, 1000) for at, mwh in zip(times, energies, strict=True)]
    told = list(past_power([course], FROM_S + since_s, FROM_S + since_s + lasted_s))
    assert [stretch for stretch, _, _ in told] == sorted({stretch for stretch, _, _ in told})
    assert all(power_w >= 0 and samples > 0 for _, power_w, samples in told)
