"""What a charging point says of a charge: when it was, how long it lasted, and how much of its energy is believed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from evcharge import events
from evcharge import messages as m
from evcharge.billing import MAX_SESSION_MWH
from evcharge.central import commands as c
from evcharge.central.ruling import Rules
from evcharge.central.state import Quarantined
from evcharge.session import EndReason, Session
from tests.unit.central.builders import KWH, NOON, Network, only, set_aside


@pytest.fixture
def town() -> Network:
    """One charging point that is ready, one driver with 20.00 €."""
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    return network


HOUR = 3_600
SECOND = timedelta(seconds=1)


def begun(town: Network, after_s: float = 5.0) -> Session:
    """A charge whose engine tells its times: plugged in so many seconds after it was authorised, told at once."""
    session = town.authorised()
    town.later(after_s)
    town.sends(told_start(town, session, after_s))
    return town.session(session.session_id)


def told_start(town: Network, session: Session, after_s: float) -> m.SupplyStart:
    began_at = session.authorised_at.timestamp() + after_s
    return town.engines["CP001"].started(session.session_id, began_at=began_at)


# ---- its times


def test_a_charge_that_is_told_hours_later_has_the_times_that_it_had(town: Network):
    session = town.authorised()
    engine = town.engines["CP001"]
    records = [told_start(town, session, 10.0)]
    records += [
        engine.meter(session.session_id, 22 * KWH // 60, elapsed_s=60 * minute) for minute in range(1, 60)
    ]
    records.append(engine.ended(session.session_id, elapsed_s=HOUR))
    town.later(3 * HOUR)
    made = only(town.sends(*records), events.TicketMade)
    (ticket,) = town.tickets
    assert ticket.started_at == NOON + 10 * SECOND
    assert ticket.ended_at == NOON + (10 + HOUR) * SECOND
    assert (ticket.elapsed_s, ticket.received_at, ticket.late) == (HOUR, NOON + 3 * HOUR * SECOND, True)
    assert (made.started_at, made.ended_at) == (ticket.started_at.timestamp(), ticket.ended_at.timestamp())
    assert (made.elapsed_s, made.received_at) == (HOUR, ticket.received_at.timestamp())


def test_an_outage_makes_no_charge_longer(town: Network):
    session = begun(town)
    engine = town.engines["CP001"]
    town.later(37)
    town.sends(engine.ended(session.session_id, elapsed_s=8))
    assert town.tickets[0].ended_at - town.tickets[0].started_at == 8 * SECOND
    assert not town.tickets[0].late


@pytest.mark.parametrize("moved", [timedelta(hours=-1), timedelta(days=400), timedelta(days=-4_000)])
@pytest.mark.parametrize("tells", [True, False], ids=["new engine", "engine of 0.1"])
def test_a_clock_that_is_set_during_a_charge_changes_nothing_of_it(
    town: Network, moved: timedelta, tells: bool
):
    session = begun(town) if tells else town.charging()
    started_at = town.session(session.session_id).started_at
    town.later(60)
    town.clock_is_set(moved)
    town.later(60)
    town.sends(town.engines["CP001"].ended(session.session_id, **({"elapsed_s": 120} if tells else {})))
    (ticket,) = town.tickets
    assert ticket.started_at == started_at
    assert ticket.ended_at == ticket.started_at + 120 * SECOND
    # What is said is said by the clock of now.
    assert ticket.received_at == town.rules.now


@pytest.mark.parametrize("moved", [timedelta(), timedelta(hours=-5)])
def test_of_an_engine_that_tells_no_times_those_of_arrival_count_and_never_backwards(
    town: Network, moved: timedelta
):
    session = town.charging()
    # Central was started anew since: it does not know how long ago that was.
    town.facts.put(replace(town.session(session.session_id), started_s=None, authorised_s=None))
    town.later(60)
    town.clock_is_set(moved)
    town.sends(town.engines["CP001"].ended(session.session_id))
    (ticket,) = town.tickets
    assert ticket.elapsed_s is None
    assert ticket.ended_at == max(ticket.started_at, town.rules.now)


def test_an_engine_that_got_no_instant_still_tells_how_long_it_took(town: Network):
    session = town.charging()
    town.later(50)
    town.sends(town.engines["CP001"].ended(session.session_id, elapsed_s=44))
    (ticket,) = town.tickets
    assert (ticket.started_at, ticket.ended_at) == (NOON, NOON + 44 * SECOND)


def test_an_estimate_ends_at_the_last_second_that_was_told(town: Network):
    session = begun(town)
    town.later(30)
    town.sends(town.engines["CP001"].meter(session.session_id, KWH, elapsed_s=30))
    town.engine_leaves()
    town.later(5 * HOUR)
    town.does(c.CloseLost, session_id=session.session_id)
    assert town.tickets[0].ended_at == town.tickets[0].started_at + 30 * SECOND


@pytest.mark.parametrize(
    ("after_s", "believed_s"),
    [(-1.0, 0.0), (-86_400.0, 0.0), (70.0, 70.0), (71.0, 70.0), (10.0**9, 70.0)],
)
def test_a_charge_began_between_its_authorisation_and_the_last_moment_to_plug_in(
    town: Network, after_s: float, believed_s: float
):
    session = town.authorised()
    decision = town.sends(told_start(town, session, after_s))
    assert only(decision, events.SessionStarted).started_at == NOON.timestamp() + believed_s
    if after_s != believed_s:
        set_aside(decision, "began at a time that cannot be")


def test_a_charge_cannot_last_longer_than_central_knows_of_it(town: Network):
    session = begun(town)
    town.later(100)
    decision = town.sends(town.engines["CP001"].meter(session.session_id, elapsed_s=400 * 86_400))
    set_aside(decision, "lasts longer than its session")
    # 105 s since it was authorised, a hundredth, and ten for letters that were under way.
    assert town.session(session.session_id).elapsed_s == 116


def test_after_a_restart_of_central_a_charge_may_have_lasted_as_long_as_it_says(town: Network):
    session = begun(town)
    town.facts.put(replace(town.session(session.session_id), authorised_s=None))
    town.sends(town.engines["CP001"].ended(session.session_id, elapsed_s=5 * HOUR))
    assert town.tickets[0].elapsed_s == 5 * HOUR


def test_the_seconds_of_a_charge_never_go_back(town: Network):
    session = begun(town)
    town.later(20)
    engine = town.engines["CP001"]
    town.sends(engine.meter(session.session_id, elapsed_s=20), engine.meter(session.session_id, elapsed_s=3))
    assert town.session(session.session_id).elapsed_s == 20
    town.sends(engine.ended(session.session_id, elapsed_s=7))
    assert town.tickets[0].elapsed_s == 20


def test_what_was_not_taken_ended_no_earlier_than_it_was_asked_for(town: Network):
    session = town.authorised()
    town.clock_is_set(timedelta(hours=-1))
    refused = only(town.sends(town.engines["CP001"].refused(session.session_id)), events.SessionRefused)
    assert refused.ended_at == session.authorised_at.timestamp()


# ---- the limit of a session


def test_an_engine_that_exceeds_the_limit_is_billed_to_the_limit(town: Network):
    session = town.charging()
    decision = town.sends(town.engines["CP001"].ended(session.session_id, 500 * KWH))
    set_aside(decision, "more energy than was allowed")
    assert (town.tickets[0].energy_mwh, town.tickets[0].cost_cents) == (80 * KWH, 2_000)
    assert (town.driver().balance_cents, town.driver().held_cents) == (0, 0)


@pytest.mark.parametrize("free", ["no wallets", "price 0"])
def test_what_costs_nothing_has_its_limit_too(free: str):
    network = Network(Rules(now=NOON, wallets=False)) if free == "no wallets" else Network()
    network.point_is_there()
    network.driver_is_there()
    if free == "price 0":
        network.does(c.SetPrice, cp_id="CP001", price_centi_cents_per_kwh=0)
    session = network.charging()
    decision = network.sends(network.engines["CP001"].ended(session.session_id, 10**15))
    set_aside(decision, "billed to the limit")
    assert network.tickets[0].energy_mwh == 100 * KWH
    assert network.tickets[0].cost_cents == (0 if free == "price 0" else 2_500)


def test_a_charge_beyond_its_limit_shows_the_limit_and_is_told_to_stop(town: Network):
    session = town.charging(more_mwh=80 * KWH)
    engine = town.engines["CP001"]
    decision = town.sends(engine.meter(session.session_id, 1))
    set_aside(decision, "more energy than was allowed")
    assert only(decision, events.StopOrdered).reason is EndReason.LIMIT
    assert town.session(session.session_id).energy_mwh == 80 * KWH


def test_of_a_charge_that_goes_on_beyond_its_limit_the_first_and_the_last_record_are_kept(town: Network):
    session = town.charging(more_mwh=80 * KWH)
    engine = town.engines["CP001"]
    over = [engine.meter(session.session_id, KWH) for _ in range(9)]
    decision = town.sends(*over, engine.ended(session.session_id))
    kept = [change.seq for change in decision.changes if isinstance(change, Quarantined)]
    assert kept == [over[0].seq, over[-1].seq + 1]
    assert town.tickets[0].energy_mwh == 80 * KWH


def test_a_charge_that_an_older_central_allowed_more_ends_at_the_most_that_any_may_have(town: Network):
    session = town.charging()
    town.facts.put(replace(session, limit_mwh=2 * MAX_SESSION_MWH, price_centi_cents_per_kwh=0, hold_cents=0))
    town.facts.put(replace(town.driver(), balance_cents=2_000, held_cents=0))
    town.sends(town.engines["CP001"].ended(session.session_id, 2 * MAX_SESSION_MWH))
    assert town.tickets[0].energy_mwh == MAX_SESSION_MWH


def test_an_estimate_too_stays_within_the_limit(town: Network):
    session = town.charging(more_mwh=KWH)
    # As an older Central kept it.
    town.facts.put(replace(session, meter_mwh=session.meter_mwh + 900 * KWH))
    town.engine_leaves()
    town.does(c.CloseLost, session_id=session.session_id)
    assert town.tickets[0].energy_mwh == 80 * KWH


def test_a_driver_whose_charge_breaks_off_hears_of_no_more_than_the_limit(town: Network):
    session = town.charging(more_mwh=KWH)
    link = town.point().monitor_link
    told = town.does(c.MonitorReports, cp_id="CP001", link=link, fault="hot", live_mwh=10**15)
    assert only(told, events.SessionInterrupted).energy_mwh == session.limit_mwh
