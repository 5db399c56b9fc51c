"""Engines and monitors that log in, new or again, also with another journal."""

import pytest

from evcharge.central.rules import commands as c
from evcharge.central.rules.replies import RequestStep
from evcharge.domain import events
from evcharge.domain.charging_point import NEW_JOURNAL, CpStatus, Hold
from evcharge.domain.errors import Code
from evcharge.domain.session import EndReason
from tests.unit.central.builders import JOURNAL, KWH, OTHER_JOURNAL, Network, in_english, only, said

# ---- new, or here again


def test_a_point_seen_for_the_first_time_gets_the_usual_price(network: Network):
    decision = network.engine(location="Alicante", epoch=3)
    added = only(decision, events.PointAdded)
    assert (added.location, added.price_centi_cents_per_kwh) == ("Alicante", 2_500)
    point = network.point()
    assert (point.location.name, point.price_centi_cents_per_kwh, point.epoch) == ("Alicante", 2_500, 3)


def test_a_returning_point_is_not_new(town: Network):
    assert said(town.engine()) == [events.EngineConnected]


def test_a_ticket_without_a_location_does_not_erase_it(town: Network):
    town.engine(location="")
    assert town.point().location.name == "Alicante"


# ---- the engine's return


def test_an_engine_is_told_how_much_of_its_journal_is_committed(town: Network):
    town.charging(more_mwh=10)
    assert only(town.engine(), events.EngineConnected).last_seq == 2


def test_a_new_journal_starts_from_nothing_and_is_an_alarm(town: Network):
    town.charging(more_mwh=10)
    decision = town.engine(journal_id=OTHER_JOURNAL)
    replaced = only(decision, events.JournalReplaced)
    assert (replaced.old, replaced.new) == (JOURNAL, OTHER_JOURNAL)
    assert only(decision, events.EngineConnected).last_seq == 0
    assert town.facts.last_seq("CP001", OTHER_JOURNAL) == 0
    assert town.facts.last_seq("CP001", JOURNAL) == 2


def test_a_charge_whose_journal_is_gone_is_billed_at_its_last_meter_as_an_estimate(town: Network):
    session = town.charging(more_mwh=KWH)
    town.engine(journal_id=OTHER_JOURNAL)
    (ticket,) = town.tickets
    assert (ticket.session_id, ticket.energy_mwh, ticket.cost_cents) == (session.session_id, KWH, 25)
    assert (ticket.estimated, ticket.reason) == (True, EndReason.LOST)
    assert town.point().session_id is None
    assert town.point().engine_link is not None
    assert (town.point().status, town.point().reason) == (CpStatus.UNAVAILABLE, NEW_JOURNAL)


def test_a_new_journal_is_asked_about_a_charge_that_may_not_have_begun_and_must_not_begin_now(town: Network):
    session = town.authorised()
    decision = town.engine(journal_id=OTHER_JOURNAL)
    connected = only(decision, events.EngineConnected)
    assert connected.ask == (session.session_id,)
    assert connected.stop == ((session.session_id, EndReason.LOST),)
    assert town.tickets == []


def test_a_first_journal_and_the_same_one_again_need_no_confirmation(town: Network):
    town.engine()
    assert town.point().holds == frozenset()


@pytest.mark.parametrize("by_hand", [None, c.ByHand(reach=c.Reach.DRIVER)])
def test_a_point_with_a_new_journal_takes_no_charge(town: Network, by_hand: c.ByHand | None):
    town.engine(journal_id=OTHER_JOURNAL)
    answer = town.asks(by_hand=by_hand).reply
    assert isinstance(answer, RequestStep)
    assert (
        in_english(answer)
        == "CP001 not available. CP out of service (Unavailable: new journal not confirmed)."
    )
    assert town.asks(cp_id=None).reply.code == Code.NONE_AVAILABLE


def test_a_journal_replaced_twice_is_held_once_and_told_twice(town: Network):
    assert events.HoldPlaced in said(town.engine(journal_id=OTHER_JOURNAL))
    again = said(town.engine(journal_id=JOURNAL))
    assert events.JournalReplaced in again
    assert events.HoldPlaced not in again
    assert town.point().holds == {Hold.JOURNAL}


def test_an_old_journal_that_comes_back_goes_on_where_it_was(town: Network):
    town.charging(more_mwh=10)
    town.engine(journal_id=OTHER_JOURNAL)
    connected = only(town.does(
        c.EngineArrives, cp_id="CP001", link=99, epoch=0, location="", journal_id=JOURNAL, last_seq=2
    ), events.EngineConnected)  # fmt: skip
    assert connected.last_seq == 2


def test_a_returning_engine_is_asked_what_became_of_an_authorised_charge(town: Network):
    session = town.authorised()
    town.engine_leaves()
    connected = only(town.engine(), events.EngineConnected)
    assert (connected.ask, connected.stop) == ((session.session_id,), ())


def test_a_returning_engine_is_told_again_what_it_must_stop(town: Network):
    session = town.charging()
    town.engine_leaves()
    town.holds()
    connected = only(town.engine(), events.EngineConnected)
    assert connected.ask == ()
    assert connected.stop == ((session.session_id, EndReason.OPERATOR),)


def test_a_returning_engine_that_simply_charges_is_left_alone(town: Network):
    town.charging()
    connected = only(town.engine(), events.EngineConnected)
    assert (connected.ask, connected.stop) == ((), ())
