"""Each key is given when its instant has come, whatever happened to it before."""

from hypothesis import given
from hypothesis import strategies as st

from evcharge.runtime.timer_wheel import TimerWheel


def test_a_key_comes_once_at_the_earliest_instant_that_it_was_put_for():
    wheel = TimerWheel[str](0.25)
    wheel.put("a", 5.0)
    wheel.put("a", 2.0)
    wheel.put("a", 9.0)
    wheel.put("b", 5.0)
    assert (wheel.due(1.9), wheel.due(2.0)) == ([], ["a"])
    assert (wheel.due(60.0), wheel.due(60.0), len(wheel)) == (["b"], [], 0)


def test_a_key_that_is_put_back_at_once_comes_with_the_next_look_even_within_a_tick():
    wheel = TimerWheel[str](0.25)
    wheel.put("a", 0.0)
    for now in (1.0, 1.01, 1.02):
        assert wheel.due(now) == ["a"]
        wheel.put("a", now - 0.5)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), st.integers(0, 5), st.floats(0, 30)),
            st.tuples(st.just("look"), st.just(0), st.floats(0, 3)),
        ),
        max_size=60,
    )
)
def test_no_key_is_late_or_lost_and_none_early_by_more_than_a_tick(steps):
    tick_s, now = 0.25, 0.0
    wheel, earliest = TimerWheel[int](tick_s), dict[int, float]()
    for what, key, number in steps:
        if what == "put":
            wheel.put(key, number)
            earliest[key] = min(number, earliest.get(key, number))
        else:
            now += number
            found = wheel.due(now)
            assert len(set(found)) == len(found)
            assert {one for one, at in earliest.items() if at <= now} <= set(found)
            assert all(earliest.pop(one) < now + tick_s for one in found)
    assert len(wheel) == len(earliest)
