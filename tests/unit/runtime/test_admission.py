"""Who keeps a seat when a server is full."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.domain.errors import Overloaded
from evcharge.runtime.admission import Admission, Seat, SeatLimits, network_of

LIMITS = SeatLimits(strangers=4, strangers_per_network=2, members=3, members_per_login=2, grace_s=0.25)
NAT, CAFE, HOME = "192.0.2.1", "192.0.2.2", "192.0.2.3"


@pytest.fixture
def admission() -> Admission:
    return Admission(LIMITS)


def arrive(admission: Admission, address: str, now_s: float) -> Seat:
    seat, leaving = admission.arrive(address, now_s)
    assert leaving is None
    return seat


def test_a_newcomer_takes_the_seat_of_the_oldest_stranger_behind_its_own_address(admission):
    arrive(admission, CAFE, 0)
    oldest = arrive(admission, NAT, 1)
    arrive(admission, NAT, 2)
    newcomer, leaving = admission.arrive(NAT, 3)
    assert leaving is oldest
    assert admission.strangers == 3
    assert newcomer.login is None


def test_when_all_seats_are_taken_the_oldest_stranger_of_all_goes(admission):
    oldest = arrive(admission, NAT, 0)
    for address, now_s in ((CAFE, 1), (NAT, 2), (CAFE, 3)):
        arrive(admission, address, now_s)
    assert admission.arrive(HOME, 4)[1] is oldest


@pytest.mark.parametrize("addresses", [(NAT, NAT), (NAT, NAT, CAFE, CAFE)], ids=["of its address", "of all"])
def test_newcomers_cannot_push_each_other_out_before_they_had_time_to_log_in(admission, addresses):
    first = arrive(admission, addresses[0], 0)
    for address in addresses[1:]:
        arrive(admission, address, 0.1)
    late = NAT if len(addresses) == 2 else HOME
    with pytest.raises(Overloaded) as caught:
        admission.arrive(late, 0.24)
    assert caught.value.retry_after_s == 1.0
    assert admission.strangers == len(addresses)
    assert admission.arrive(late, 0.25)[1] is first


def test_a_login_that_is_under_way_goes_after_the_silent_ones(admission):
    busy, silent = arrive(admission, NAT, 0), arrive(admission, NAT, 1)
    busy.is_busy = True
    assert admission.arrive(NAT, 2)[1] is silent
    # All others have only just come: then it goes after all.
    assert admission.arrive(NAT, 2.1)[1] is busy


def test_members_make_room_for_strangers_and_are_sent_away_by_none(admission):
    member = arrive(admission, NAT, 0)
    assert admission.prove(member, "D01") is None
    for now_s in range(1, 9):
        assert admission.arrive(NAT, now_s)[1] is not member
    assert (admission.strangers, admission.members) == (2, 1)


def test_a_login_beyond_its_share_loses_its_oldest_idle_connection_and_no_one_elses(admission):
    seats = [arrive(admission, address, 0) for address in (NAT, NAT, CAFE)]
    seats[0].is_busy = True
    assert [admission.prove(seat, "D01") for seat in seats] == [None, None, seats[1]]
    assert admission.members == 2
    other = arrive(admission, HOME, 1)
    assert admission.prove(other, "D02") is None


def test_a_login_whose_connections_are_all_busy_loses_the_oldest(admission):
    seats = [arrive(admission, address, 0) for address in (NAT, NAT, CAFE)]
    for seat in seats:
        seat.is_busy = True
    assert [admission.prove(seat, "D01") for seat in seats] == [None, None, seats[0]]


def test_beyond_the_most_members_whoever_proves_itself_is_put_off_and_stays_a_stranger(admission):
    for number in range(3):
        admission.prove(arrive(admission, NAT, number), f"D{number}")
    late = arrive(admission, NAT, 4)
    with pytest.raises(Overloaded):
        admission.prove(late, "D9")
    assert late.login is None
    assert (admission.strangers, admission.members) == (1, 3)


def test_who_proves_to_be_another_one_on_the_same_connection_keeps_one_seat(admission):
    seat = arrive(admission, NAT, 0)
    admission.prove(seat, "D01")
    admission.prove(seat, "D01")
    admission.prove(seat, "D02")
    assert (seat.login, admission.members) == ("D02", 1)
    admission.leave(seat)
    assert admission.members == 0


def test_a_seat_that_was_taken_from_somebody_proves_nothing(admission):
    gone = arrive(admission, NAT, 0)
    admission.leave(gone)
    assert admission.prove(gone, "D01") is None
    assert (gone.login, admission.members) == (None, 0)
    admission.leave(gone)


def test_when_the_process_can_hold_no_more_the_oldest_stranger_that_is_not_busy_goes(admission):
    assert admission.make_room() is None
    busy, silent = arrive(admission, NAT, 0), arrive(admission, NAT, 0)
    busy.is_busy = True
    assert [admission.make_room(), admission.make_room(), admission.make_room()] == [silent, busy, None]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_strangers_share_the_seats_of_their_network(address, network):
    assert network_of(address) == network


@given(
    st.lists(st.tuples(st.sampled_from(["arrive", "prove", "leave"]), st.integers(0, 5), st.integers(0, 3)))
)
def test_no_more_than_the_seats_there_are_and_each_one_is_held_once(deeds):
    admission, now_s, held = Admission(LIMITS), 0.0, []
    for deed, who, where in deeds:
        now_s += 0.1
        try:
            if deed == "arrive":
                seat, leaving = admission.arrive(f"192.0.2.{where}", now_s)
                held.append(seat)
            elif not held:
                continue
            elif deed == "prove":
                leaving = admission.prove(held[who % len(held)], f"D{where}")
            else:
                leaving = held[who % len(held)]
                admission.leave(leaving)
        except Overloaded:
            continue
        if leaving is not None:
            held.remove(leaving)
        strangers = [seat for seat in held if seat.login is None]
        assert (admission.strangers, admission.members) == (len(strangers), len(held) - len(strangers))
        assert admission.strangers <= LIMITS.strangers
        assert admission.members <= LIMITS.members
        for seat in held:
            same = [one for one in held if one.login == seat.login]
            if seat.login is None:
                here = [one for one in same if one.network == seat.network]
                assert len(here) <= LIMITS.strangers_per_network
            else:
                assert len(same) <= LIMITS.members_per_login
