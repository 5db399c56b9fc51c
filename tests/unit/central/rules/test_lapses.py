"""Whoever asks and never plugs in keeps a charging point from others: that costs a growing pause."""

from dataclasses import replace
from datetime import timedelta

import pytest

from evcharge.central.peers.letters import message_of
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.lapses import forgiven
from evcharge.central.views import refusal_text
from evcharge.domain import events
from evcharge.domain.errors import Code
from evcharge.domain.session import EndReason
from evcharge.driver.words import Words
from tests.unit.central.builders import Network, only

PAUSE_S = 60


def lapses(town: Network, times: int = 1, reason: str = EndReason.NOT_PLUGGED) -> None:
    """D01 asks and is granted; its charging point waits in vain."""
    for _ in range(times):
        session = town.authorised()
        town.later(session.plug_within_s)
        town.sends(town.engines["CP001"].refused(session.session_id, reason))


def wait_s(decision: Decision) -> int:
    """Return how long a refused request must wait."""
    assert decision.changes == ()
    refused = only(decision, events.StartRefused)
    assert (refused.code, refused.reason) == (Code.PAUSE, decision.reply.facts.reason)
    return int(refused.reason)


def test_two_lapses_are_forgiven(town: Network):
    lapses(town, times=2)
    town.authorised()


def test_whoever_blocks_a_point_waits_longer_each_time(town: Network):
    lapses(town, times=2)
    for pause_s in (60, 120, 240, 480, 960, 1920, 3600, 3600, 3600):
        lapses(town)
        assert wait_s(town.asks()) == pause_s
        town.later(pause_s - 1)
        assert wait_s(town.asks()) == 1
        town.later(1)


def test_a_charge_that_begins_forgives_every_lapse(town: Network):
    lapses(town, times=3)
    town.later(PAUSE_S)
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id))
    lapses(town, times=2)
    town.authorised()


def test_lapses_of_yesterday_are_forgotten(town: Network):
    lapses(town, times=3)
    town.later(86_401)
    lapses(town, times=2)
    town.authorised()


def test_stopping_just_before_the_time_is_over_is_a_lapse_too(town: Network):
    lapses(town, times=3, reason=EndReason.DRIVER)
    assert wait_s(town.asks()) == PAUSE_S


def test_changing_ones_mind_at_once_is_none(town: Network):
    for _ in range(9):
        session = town.authorised()
        town.later(5)
        town.sends(town.engines["CP001"].refused(session.session_id, EndReason.DRIVER))


@pytest.mark.parametrize(
    "reason", [EndReason.NOT_STARTED, EndReason.BUSY, EndReason.OPERATOR, EndReason.FAULT]
)
def test_what_is_not_the_drivers_doing_is_no_lapse(town: Network, reason: EndReason):
    lapses(town, times=9, reason=reason)


def test_nobody_else_waits(town: Network):
    town.driver_is_there("D02")
    lapses(town, times=3)
    town.authorised("D02")


@pytest.mark.parametrize("by", [timedelta(days=2), timedelta(days=-2)])
def test_a_clock_that_is_set_makes_no_pause_longer_or_shorter(town: Network, by: timedelta):
    lapses(town, times=3)
    town.clock_is_set(by)
    assert wait_s(town.asks()) == PAUSE_S
    town.later(PAUSE_S)
    town.authorised()


def test_a_pause_of_nothing_is_none(town: Network):
    town.rules = replace(town.rules, unplugged_pause_s=0)
    lapses(town, times=9)


def test_a_request_that_was_granted_keeps_its_answer(town: Network):
    lapses(town, times=2)
    session = town.authorised()
    town.later(session.plug_within_s)
    town.sends(town.engines["CP001"].refused(session.session_id, EndReason.NOT_PLUGGED))
    assert town.asks(request_id=session.request_id).reply.code == Code.CP_NOT_AVAILABLE


def test_the_driver_reads_the_seconds_in_both_languages(town: Network):
    lapses(town, times=3)
    decision = town.asks()
    english = "Too many requests without plugging in: ask again in 60 s."
    spanish = "Demasiadas peticiones sin enchufar: vuelva a pedir en 60 s."
    for said in (
        refusal_text.of_answer(decision.reply),
        refusal_text.of_event(only(decision, events.StartRefused)),
    ):
        assert (said.en, said.es) == (english, spanish)
    assert Words("en").refused(message_of(decision.reply)).endswith(english)
    assert Words("es").refused(message_of(decision.reply)).endswith(spanish)


def test_a_driver_who_plugged_in_has_a_clean_sheet(town: Network):
    clean = town.driver()
    lapses(town)
    lapsed = town.driver()
    assert (lapsed.lapses, lapsed.lapsed_s) == (1, town.rules.steady_s)
    assert forgiven(lapsed) == clean
    assert forgiven(clean) is clean
