"""What a start holds, how far that lasts, and a driver's own limit."""

from dataclasses import replace

import pytest

from evcharge.central.rules import commands as c
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.errors import Code
from evcharge.domain.session import EndReason
from tests.unit.central.builders import (
    KWH,
    NOON,
    Network,
    in_english,
    only,
    refused,
    said,
)

# ---- money


def test_an_empty_wallet_starts_nothing(town: Network):
    town.facts.put(replace(town.driver(), balance_cents=0))
    reply = refused(town)
    assert (reply.code, in_english(reply)) == (Code.BALANCE, "Balance too low (0.00 €): top up first.")


def test_one_cent_gives_a_limit_of_its_worth(town: Network):
    town.facts.put(replace(town.driver(), balance_cents=1))
    session = town.authorised()
    assert (session.hold_cents, session.limit_mwh) == (1, 40_000)


def test_no_more_is_held_than_the_longest_session_costs():
    network = Network(Rules(now=NOON, welcome_credit_cents=2_000, max_session_mwh=4 * KWH))
    network.point_is_there()
    network.driver_is_there()
    session = network.authorised()
    assert (session.hold_cents, session.limit_mwh) == (100, 4 * KWH)
    assert (network.driver().balance_cents, network.driver().held_cents) == (1_900, 100)


def test_the_hold_is_at_most_what_operators_allow():
    network = Network(Rules(now=NOON, welcome_credit_cents=9_000, max_hold_cents=500))
    network.point_is_there()
    network.driver_is_there()
    assert network.authorised().hold_cents == 500


def free_of_charge() -> Network:
    return Network(Rules(now=NOON, default_price_centi_cents_per_kwh=0))


def without_wallets() -> Network:
    return Network(Rules(now=NOON, wallets=False))


@pytest.mark.parametrize(("network", "cents"), [(free_of_charge(), 0), (without_wallets(), 25)])
def test_without_a_price_or_wallets_nothing_is_held_and_the_limit_is_the_longest_session(
    network: Network, cents: int
):
    network.point_is_there()
    network.driver_is_there()
    session = network.charging(more_mwh=KWH)
    assert (session.hold_cents, session.limit_mwh) == (0, 100 * KWH)
    network.sends(network.engines["CP001"].ended(session.session_id))
    assert network.tickets[0].cost_cents == cents
    assert network.transfers == []
    assert (network.driver().balance_cents, network.driver().held_cents) == (0, 0)


def test_what_was_held_is_settled_even_when_wallets_are_switched_off_meanwhile(town: Network):
    session = town.charging(more_mwh=KWH)
    town.rules = replace(town.rules, wallets=False)
    town.sends(town.engines["CP001"].ended(session.session_id))
    assert (town.driver().balance_cents, town.driver().held_cents) == (1_975, 0)


# ---- a driver's own limit


@pytest.mark.parametrize(
    ("wish", "limit_mwh", "hold_cents"),
    [
        ({"until_mwh": 5 * KWH}, 5 * KWH, 125),
        ({"until_cents": 300}, 12 * KWH, 300),
        ({"until_mwh": 5 * KWH, "until_cents": 100}, 4 * KWH, 100),
        ({}, 80 * KWH, 2_000),
    ],
    ids=["energy", "money", "both", "none"],
)
def test_an_own_limit_bounds_the_energy_and_the_hold(town: Network, wish, limit_mwh: int, hold_cents: int):
    session = town.authorised(**wish)
    assert (session.limit_mwh, session.hold_cents) == (limit_mwh, hold_cents)
    assert (town.driver().balance_cents, town.driver().held_cents) == (2_000 - hold_cents, hold_cents)
    assert (session.until_mwh, session.until_cents) == (wish.get("until_mwh"), wish.get("until_cents"))
    assert session.limit_reason is (EndReason.OWN_LIMIT if wish else EndReason.LIMIT)


@pytest.mark.parametrize("wish", [{"until_mwh": 90 * KWH}, {"until_cents": 2_500}])
def test_what_the_balance_does_not_pay_for_is_not_granted(town: Network, wish):
    session = town.authorised(**wish)
    assert (session.limit_mwh, session.hold_cents) == (80 * KWH, 2_000)
    assert session.limit_reason is EndReason.LIMIT
    town.sends(town.engines["CP001"].started(session.session_id))
    town.sends(town.engines["CP001"].ended(session.session_id, 80 * KWH, reason="limit"))
    assert town.tickets[0].reason is EndReason.LIMIT


def test_a_charge_begins_at_no_higher_price_than_its_driver_was_shown(town: Network):
    town.does(c.SetPrice, cp_id="CP001", price_centi_cents_per_kwh=3_000)
    reply = refused(town, shown_price=2_999)
    assert (reply.code, reply.cp_id, reply.facts.price) == (Code.PRICE, "CP001", 3_000)
    assert in_english(reply) == (
        "CP001 costs 0.30 €/kWh now, more than you were shown: ask again if you still want it."
    )
    assert town.driver().held_cents == 0
    # Who asks for any of them is told of which one.
    assert refused(town, cp_id=None, shown_price=2_999).cp_id == "CP001"
    # What it costs now was said: whoever asks again knows.
    assert town.authorised(shown_price=3_000).price_centi_cents_per_kwh == 3_000


def test_a_price_that_fell_since_it_was_shown_keeps_nobody_from_charging(town: Network):
    assert town.authorised(shown_price=9_999).price_centi_cents_per_kwh == 2_500


def test_where_charging_is_free_a_limit_of_money_limits_nothing(town: Network):
    town.does(c.SetPrice, cp_id="CP001", price_centi_cents_per_kwh=0)
    session = town.authorised(until_cents=1)
    assert (session.limit_mwh, session.until_cents) == (town.rules.max_session_mwh, None)


def test_a_charge_that_its_engine_ended_at_the_drivers_limit_says_so(town: Network):
    session = town.authorised(until_mwh=5 * KWH)
    engine = town.engines["CP001"]
    decision = town.sends(
        engine.started(session.session_id),
        engine.meter(session.session_id, 5 * KWH),
        engine.ended(session.session_id, reason="limit"),
    )
    assert events.StopOrdered not in said(decision)
    assert (town.tickets[0].reason, town.tickets[0].cost_cents) == (EndReason.OWN_LIMIT, 125)


@pytest.mark.parametrize(("wish", "reason"), [(5 * KWH, "own limit"), (None, "limit")])
@pytest.mark.parametrize("more_mwh", [0, 1])
def test_central_ends_a_charge_that_its_engine_does_not_end_at_its_limit(
    town: Network, wish: int | None, reason: str, more_mwh: int
):
    session = town.authorised(until_mwh=wish)
    engine = town.engines["CP001"]
    town.later(3_600)
    town.sends(engine.started(session.session_id))
    before = town.sends(engine.meter(session.session_id, session.limit_mwh - 1))
    assert events.StopOrdered not in said(before)
    town.later(1)
    decision = town.sends(engine.meter(session.session_id, 1 + more_mwh))
    assert only(decision, events.StopOrdered).reason == reason
    assert town.sends(engine.meter(session.session_id, 1)).changes
    town.sends(engine.ended(session.session_id, reason=reason))
    assert (town.tickets[0].reason, town.tickets[0].energy_mwh) == (reason, session.limit_mwh)
