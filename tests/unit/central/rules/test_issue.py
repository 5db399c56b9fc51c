"""Who issues a ticket, and with which VAT: whoever issued receipts when its charge ended, and no later one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from evcharge.central.rules import commands as c
from evcharge.domain import events
from evcharge.domain.issuer import Issuer, issuing, named
from tests.unit.central.builders import KWH, NOON, Network, only

UNI = Issuer(operator="Uni EV", tax_id="Q0332001G", address="Alicante", vat_permille=100)
PLUS = replace(UNI, operator="Uni EV Plus", vat_permille=210)
HOUR = timedelta(hours=1)


def starts(town: Network, issuer: Issuer) -> events.CentralStarted:
    """Start Central with these settings; return the row that tells it."""
    town.rules = replace(town.rules, issuer=issuer)
    event = events.CentralStarted(version="1", points=1, open_sessions=0)
    return only(town.does(c.StartCentral, event=event), events.CentralStarted)


def noted(town: Network) -> list[tuple[int, str, int, float]]:
    return [
        (one.number, one.operator, one.vat_permille, (one.since - NOON).total_seconds())
        for one in town.facts.issuers
    ]


def test_whom_the_settings_name_is_noted_and_told_once(town: Network):
    first = starts(town, UNI)
    assert (first.issuer, first.operator, first.tax_id, first.address) == (
        1, "Uni EV", "Q0332001G", "Alicante",
    )  # fmt: skip
    assert (first.country_code, first.party_id, first.vat_permille) == ("ES", "EVC", 100)
    town.later(60)
    again = starts(town, UNI)
    assert again == events.CentralStarted(version="1", points=1, open_sessions=0)
    town.later(60)
    assert (starts(town, PLUS).issuer, starts(town, PLUS).issuer) == (2, None)
    # Whoever comes back has begun anew.
    town.later(60)
    assert starts(town, UNI).issuer == 3
    assert noted(town) == [(1, "Uni EV", 100, 0), (2, "Uni EV Plus", 210, 120), (3, "Uni EV", 100, 180)]


@pytest.mark.parametrize("field", ["operator", "tax_id", "address", "country_code", "party_id"])
def test_each_thing_that_papers_say_of_an_issuer_makes_another_one(town: Network, field: str):
    starts(town, UNI)
    assert starts(town, replace(UNI, **{field: "XX"})).issuer == 2


def ended(town: Network, charged: timedelta, told_after: timedelta) -> events.TicketMade:
    """Let CP001 charge so long from now on without a link, and tell it so long after it began."""
    session, engine = town.authorised(), town.engines["CP001"]
    records = [
        engine.started(session.session_id, began_at=session.authorised_at.timestamp()),
        engine.ended(session.session_id, KWH, elapsed_s=round(charged.total_seconds())),
    ]
    return only(told(town, records, told_after), events.TicketMade)


def told(town: Network, records: list, told_after: timedelta):
    for record in records[:-1]:
        town.sends(record)
    town.later(told_after.total_seconds() / 2)
    starts(town, PLUS)
    town.later(told_after.total_seconds() / 2)
    return town.sends(records[-1])


@pytest.mark.parametrize(
    ("charged", "number", "vat_permille"),
    # Two hours after it began Central starts with other settings; it hears of the end after four.
    [(HOUR, 1, 100), (2 * HOUR - timedelta(seconds=1), 1, 100), (2 * HOUR, 2, 210), (3 * HOUR, 2, 210)],
)
def test_a_charge_that_is_told_late_is_issued_as_when_it_ended(
    town: Network, charged: timedelta, number: int, vat_permille: int
):
    starts(town, UNI)
    made = ended(town, charged, 4 * HOUR)
    assert (made.issuer, made.vat_permille) == (number, vat_permille)
    (ticket,) = town.tickets
    assert (ticket.issuer, ticket.vat_permille, ticket.late) == (number, vat_permille, True)


def test_the_price_of_a_charge_that_is_told_late_is_that_of_its_beginning(town: Network):
    session, engine = town.authorised(), town.engines["CP001"]
    town.sends(engine.started(session.session_id, began_at=session.authorised_at.timestamp()))
    town.later(7_200)
    town.does(c.SetPrice, cp_id="CP001", price_centi_cents_per_kwh=9_900)
    town.later(7_200)
    made = only(town.sends(engine.ended(session.session_id, KWH, elapsed_s=3_600)), events.TicketMade)
    assert (made.price_centi_cents_per_kwh, made.cost_cents) == (2_500, 25)


def test_an_engine_cannot_put_its_charge_before_its_session(town: Network):
    starts(town, UNI)
    town.later(60)
    starts(town, PLUS)
    session, engine = town.authorised(), town.engines["CP001"]
    town.sends(engine.started(session.session_id, began_at=NOON.timestamp()))
    made = only(town.sends(engine.ended(session.session_id, elapsed_s=0)), events.TicketMade)
    assert made.issuer == 2


def test_where_no_issuer_is_noted_yet_a_ticket_has_the_vat_of_the_settings(town: Network):
    town.rules = replace(town.rules, issuer=PLUS)
    session = town.charging(more_mwh=KWH)
    made = only(town.sends(town.engines["CP001"].ended(session.session_id)), events.TicketMade)
    assert (made.issuer, made.vat_permille) == (None, 210)


def at(hours: int, number: int) -> Issuer:
    return Issuer(number=number, since=NOON + hours * HOUR)


@pytest.mark.parametrize(
    ("hours", "number"),
    # Before the first one was noted nobody knows better.
    [(-9, 1), (0, 1), (4, 1), (5, 2), (9, 2), (10, 3), (99, 3)],
)
def test_of_each_instant_it_is_the_last_that_had_begun(hours: int, number: int):
    known = [at(0, 1), at(5, 2), at(10, 3)]
    assert issuing(known, NOON + hours * HOUR, NOON + 100 * HOUR).number == number


@pytest.mark.parametrize(("hours", "number"), [(0, 2), (4, 2), (5, 3), (6, 3)])
def test_one_that_was_noted_by_a_clock_that_was_ahead_issues_all_the_same(hours: int, number: int):
    # The second was noted by a clock that showed a day too much, and was set right before the third.
    known = [at(0, 1), at(26, 2), at(5, 3)]
    assert issuing(known[:2], NOON + 4 * HOUR, NOON + 4 * HOUR).number == 2
    assert issuing(known, NOON + hours * HOUR, NOON + 7 * HOUR).number == number


@pytest.mark.parametrize(("number", "found"), [(None, 1), (1, 1), (2, 2), (7, 1)])
def test_a_ticket_that_names_none_is_the_oldest_ones(number: int | None, found: int):
    assert named([at(0, 1), at(5, 2)], number).number == found
