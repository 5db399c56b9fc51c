"""How much of what a charging point meters is believed, and billed."""

from dataclasses import replace

import pytest

from evcharge import events
from evcharge.billing import MAX_SESSION_MWH
from evcharge.central import commands as c
from evcharge.central.ruling import Rules
from evcharge.central.state import Quarantined
from evcharge.session import EndReason
from tests.unit.central.builders import KWH, NOON, Network, only, set_aside


@pytest.fixture
def town() -> Network:
    """One charging point that is ready, one driver with 20.00 €."""
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    return network


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
