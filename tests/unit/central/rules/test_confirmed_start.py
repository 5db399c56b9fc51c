"""A driver's id that somebody types at a charging point is no key to its wallet: the driver confirms, or has a PIN."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from evcharge.central.peers.letters import letters
from evcharge.central.rules import commands as c
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.manual_start import MOST_PIN_MISSES, pin_seal
from evcharge.central.rules.replies import DriverAsked, PinLimit
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus, Hold
from evcharge.domain.errors import Code, StaleLink
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.labels.command_refusals import in_words
from tests.unit.central.builders import Network, in_english, only, said

ENGINE = c.Actor("CP001", Role.ENGINE, "127.0.0.1:40000")
REQUEST = "R-typed-0001"


def typed(
    town: Network,
    driver_id: str = "D01",
    cp_id: str = "CP001",
    *,
    reach: c.Reach = c.Reach.DRIVER,
    request_id: str = REQUEST,
    **by_hand: object,
) -> Decision:
    """Somebody types a driver's id at a charging point."""
    consent = c.ByHand(reach=reach, **by_hand)
    return town.asks(driver_id, cp_id, by=ENGINE, by_hand=consent, request_id=request_id)


def answers(town: Network, *, yes: bool, driver_id: str = "D01", request_id: str = REQUEST) -> Decision:
    return town.does(
        c.AnswerStart, driver_id=driver_id, request_id=request_id, yes=yes, nonce="1234567890abcdef"
    )


def gives_up(town: Network, request_id: str = REQUEST) -> Decision:
    return town.does(c.GiveUpStart, cp_id="CP001", request_id=request_id)


def told(decision: Decision) -> list[tuple[Role, str, messages.Message]]:
    return [letter for event in decision.events for letter in letters(event, lambda _: "signed")]


def is_over(town: Network, decision: Decision, code: Code, text: str) -> None:
    """The question has ended, nothing was started, and both who asked and who was asked are told why."""
    end = only(decision, events.ConfirmationEnded)
    assert (end.driver_id, end.cp_id, end.request_id) == ("D01", "CP001", REQUEST)
    assert (end.code, in_english(end)) == (code, text)
    assert town.facts.asking("D01") is None
    assert town.point().question is None
    assert town.driver().held_cents == 0
    assert [
        (role, who, letter.code, letter.text)
        for role, who, letter in told(decision)
        if isinstance(letter, messages.Progress | messages.ConfirmOver)
    ] == [(Role.ENGINE, "CP001", code, text), (Role.DRIVER, "D01", code, text)]


# ---- the question


def test_a_typed_id_holds_no_money_and_starts_nothing_before_its_driver_has_confirmed(town: Network):
    decision = typed(town)
    assert said(decision) == [events.ConfirmationAsked]
    assert decision.reply == DriverAsked(request_id=REQUEST, driver_id="D01", within_s=30)
    assert (town.driver().balance_cents, town.driver().held_cents) == (2_000, 0)
    assert town.point().status is CpStatus.AVAILABLE
    ((role, who, letter),) = told(decision)
    assert (role, who) == (Role.DRIVER, "D01")
    assert letter == messages.ConfirmStart(
        request_id=REQUEST,
        cp_id="CP001",
        location="Alicante",
        price=2_500,
        hold_cents=2_000,
        within_s=30,
    )


def test_an_id_is_typed_at_a_charging_point_or_nowhere(town: Network):
    with pytest.raises(StaleLink, match="typed nowhere"):
        town.does(
            c.StartCharging, by=ENGINE, driver_id="D01", request_id=REQUEST, nonce="1", by_hand=c.ByHand(),
            link=town.point().engine_link, epoch=0, cp_id=None,
        )  # fmt: skip


def test_a_yes_starts_it_and_only_then_money_is_held(town: Network):
    typed(town)
    decision = answers(town, yes=True)
    assert said(decision) == [events.StartConfirmed, events.SessionAuthorised]
    granted = only(decision, events.SessionAuthorised)
    assert (granted.request_id, granted.driver_id, granted.hold_cents) == (REQUEST, "D01", 2_000)
    assert town.driver().held_cents == 2_000
    assert decision.reply.step == "ASKING"
    # The engine hears that it is granted, then what to do.
    assert [(role, who, type(letter)) for role, who, letter in told(decision)] == [
        (Role.ENGINE, "CP001", messages.Progress),
        (Role.ENGINE, "CP001", messages.Start),
    ]
    assert town.facts.asking("D01") is None


def test_a_no_starts_nothing(town: Network):
    typed(town)
    is_over(town, answers(town, yes=False), Code.NOT_CONFIRMED, "D01 said no.")


def test_silence_is_a_no(town: Network):
    typed(town)
    town.later(31)
    is_over(town, gives_up(town), Code.NOT_CONFIRMED, "D01 did not confirm within 30 s.")
    refusal = town.refuses(
        c.AnswerStart, driver_id="D01", request_id=REQUEST, yes=True, nonce="1234567890abcdef"
    )
    assert in_words(refusal) == "There is no such question, or it is over."


def test_the_deadline_of_a_question_that_is_over_changes_nothing(town: Network):
    typed(town)
    answers(town, yes=True)
    assert gives_up(town).is_empty
    assert gives_up(town, "R-other-00001").is_empty


def test_the_same_request_again_is_answered_the_same(town: Network):
    typed(town)
    town.later(10)
    again = typed(town)
    assert again.is_empty
    assert again.reply == DriverAsked(request_id=REQUEST, driver_id="D01", within_s=20)
    granted = answers(town, yes=True)
    for decision in (typed(town), answers(town, yes=True), answers(town, yes=False)):
        assert decision.is_empty
        assert decision.reply == granted.reply


def test_the_clock_of_a_question_may_jump(town: Network):
    typed(town)
    town.later(10)
    for jump in (timedelta(days=3), timedelta(days=-6)):
        town.clock_is_set(jump)
        assert typed(town).reply.within_s == 20
    town.later(3_600)
    assert typed(town).reply.within_s == 1


@pytest.mark.parametrize("who", ["D02", "D99"])
def test_nobody_else_can_answer(town: Network, who: str):
    town.driver_is_there("D02")
    typed(town)
    refusal = town.refuses(
        c.AnswerStart, driver_id=who, request_id=REQUEST, yes=True, nonce="1234567890abcdef"
    )
    assert refusal.code is Code.NOT_CONFIRMED
    assert town.facts.asking("D01") is not None


def test_another_id_at_the_same_charging_point_takes_the_place_of_the_first(town: Network):
    town.driver_is_there("D02")
    typed(town)
    decision = typed(town, "D02", request_id="R-typed-0002")
    assert said(decision) == [events.ConfirmationEnded, events.ConfirmationAsked]
    assert in_english(only(decision, events.ConfirmationEnded)) == "CP001 asked for another driver."
    assert town.facts.asking("D01") is None
    assert town.facts.asking("D02") is not None


def test_a_driver_is_asked_by_one_charging_point_at_a_time(town: Network):
    town.point_is_there("CP002")
    typed(town)
    decision = typed(town, cp_id="CP002", request_id="R-typed-0002")
    assert said(decision) == [events.StartRefused]
    assert in_english(decision.reply) == "D01 is being asked by another charging point."
    assert town.facts.asking("D01") is not None


@pytest.mark.parametrize(
    ("reach", "text"),
    [
        (
            c.Reach.NOBODY,
            "D01 is not connected: open its app or its page to confirm, or type its PIN.",
        ),
        (c.Reach.OLD_APP, "The app of D01 is too old to confirm: open its page, or type its PIN."),
    ],
)
def test_a_driver_that_cannot_be_asked_is_refused_at_once(town: Network, reach: c.Reach, text: str):
    decision = typed(town, reach=reach)
    assert said(decision) == [events.StartRefused]
    assert (decision.reply.step, decision.reply.code, in_english(decision.reply)) == (
        "REFUSED",
        Code.NOT_CONFIRMED,
        text,
    )


# ---- what makes a yes come to nothing


def a_stranger_takes_the_point(town: Network) -> Decision:
    town.driver_is_there("D02")
    return town.asks("D02")


ENDS = {
    "the link to the engine ends": lambda town: town.engine_leaves(),
    "the monitor is not heard": lambda town: town.monitor_leaves(),
    "a fault": lambda town: town.reports("overheating"),
    "the operator withholds the point": lambda town: town.holds(),
    "the weather withholds the point": lambda town: town.holds(Hold.WEATHER),
    "the point is revoked": lambda town: town.does(c.RevokeKeys, subject="CP001"),
    "the point is withdrawn": lambda town: town.does(c.Withdraw, subject="CP001", epoch=1, registration=0),
    "the point is registered anew": lambda town: town.engine(epoch=1, registration=1),
    "a new journal": lambda town: town.engine(journal_id="b" * 32),
    "the driver is revoked": lambda town: town.does(c.RevokeKeys, subject="D01"),
    "the driver is withdrawn": lambda town: town.does(c.Withdraw, subject="D01", epoch=1, registration=0),
    "somebody else has its id": lambda town: town.driver_is_there(epoch=1, registration=1),
    "the driver is barred": lambda town: town.does(c.BarDriver, driver_id="D01", barred=True),
    "somebody else charges there": a_stranger_takes_the_point,
}


@pytest.mark.parametrize("happens", list(ENDS.values()), ids=list(ENDS))
def test_what_forbids_charging_ends_the_question_in_the_same_decision(town: Network, happens):
    typed(town)
    decision = happens(town)
    assert only(decision, events.ConfirmationEnded).request_id == REQUEST
    assert town.facts.asking("D01") is None
    assert town.point().question is None
    assert town.refuses(
        c.AnswerStart, driver_id="D01", request_id=REQUEST, yes=True, nonce="1234567890abcdef"
    )


def test_a_driver_that_charges_elsewhere_meanwhile_is_asked_no_more(town: Network):
    town.point_is_there("CP002")
    typed(town)
    end = only(town.asks("D01", "CP002"), events.ConfirmationEnded)
    assert (end.code, in_english(end)) == (Code.DRIVER_BUSY, "D01 already has a charge at CP002.")
    assert town.facts.asking("D01") is None


def test_a_lost_link_to_the_driver_leaves_it_its_time(town: Network):
    typed(town)
    town.does(c.DriverLeaves, driver_id="D01", link=town.driver().link, reason="cut")
    assert town.facts.asking("D01") is not None
    town.driver_is_there()
    assert answers(town, yes=True).reply.step == "ASKING"


def test_another_price_than_the_one_that_was_shown_is_not_agreed_to(town: Network):
    typed(town)
    town.does(c.SetPrice, cp_id="CP001", price_centi_cents_per_kwh=9_900)
    is_over(
        town,
        answers(town, yes=True),
        Code.NOT_CONFIRMED,
        "The price of CP001 has changed: start again.",
    )


def test_no_more_is_held_than_was_shown(town: Network):
    town.rules = replace(town.rules, max_hold_cents=5_000)
    typed(town)
    town.does(c.TopUp, driver_id="D01", cents=3_000)
    granted = only(answers(town, yes=True), events.SessionAuthorised)
    assert granted.hold_cents == 2_000


# ---- the PIN


def has_pin(town: Network, cents: int = 500) -> Decision:
    return town.does(c.SetPin, driver_id="D01", pin_hash="kept", limit_cents=cents)


def types_pin(town: Network, *, right: bool, request_id: str = REQUEST) -> Decision:
    return typed(
        town,
        reach=c.Reach.NOBODY,
        has_pin=True,
        proved="kept" if right else None,
        request_id=request_id,
    )


def test_a_right_pin_starts_a_charge_up_to_its_limit(town: Network):
    assert has_pin(town).reply == PinLimit(limit_cents=500)
    granted = only(types_pin(town, right=True), events.SessionAuthorised)
    assert (granted.hold_cents, granted.limit_mwh) == (500, 20_000_000)


def test_without_wallets_too_a_pin_has_its_limit(town: Network):
    town.rules = replace(town.rules, wallets=False)
    has_pin(town)
    granted = only(types_pin(town, right=True), events.SessionAuthorised)
    assert (granted.hold_cents, granted.limit_mwh) == (0, 20_000_000)


@pytest.mark.parametrize("who", ["no PIN", "no driver", "another PIN"])
def test_a_wrong_pin_says_nothing_of_the_driver(town: Network, who: str):
    if who == "another PIN":
        has_pin(town)
    driver_id = "D99" if who == "no driver" else "D01"
    reply = typed(town, driver_id, has_pin=True).reply
    assert (reply.code, in_english(reply)) == (Code.PIN, f"The PIN is wrong, or {driver_id} has none.")


def test_a_pin_that_was_replaced_while_it_was_checked_is_wrong(town: Network):
    has_pin(town)
    town.does(c.SetPin, driver_id="D01", pin_hash="another", limit_cents=500)
    assert types_pin(town, right=True).reply.code == Code.PIN


def test_a_pin_that_is_guessed_at_becomes_void(town: Network):
    has_pin(town)
    for number in range(MOST_PIN_MISSES - 1):
        types_pin(town, right=False, request_id=f"R-typed-1{number:03}")
    # One that is right begins the count anew.
    granted = only(types_pin(town, right=True, request_id="R-typed-2000"), events.SessionAuthorised)
    town.sends(town.engines["CP001"].refused(granted.session_id))
    for number in range(MOST_PIN_MISSES - 1):
        types_pin(town, right=False, request_id=f"R-typed-3{number:03}")
    assert town.driver().pin_hash == "kept"
    last = types_pin(town, right=False, request_id="R-typed-4000")
    assert only(last, events.PinRemoved).why == "misses"
    assert town.driver().pin_hash is None
    assert types_pin(town, right=True, request_id="R-typed-5000").reply.code == Code.PIN


def test_a_pin_is_void_with_the_credential_of_its_driver(town: Network):
    has_pin(town)
    assert only(town.driver_is_there(epoch=1), events.PinRemoved).why == "credential"
    has_pin(town)
    assert only(town.does(c.RevokeKeys, subject="D01"), events.PinRemoved).why == "credential"
    assert town.driver().pin_hash is None


@pytest.mark.parametrize("told_before", [True, False])
def test_a_next_owner_of_the_id_has_no_pin_and_is_asked_nothing(town: Network, told_before: bool):
    has_pin(town)
    typed(town)
    if told_before:
        decision = town.does(c.Withdraw, subject="D01", epoch=1, registration=0)
        town.driver_is_there(epoch=1, registration=1)
    else:
        decision = town.driver_is_there(epoch=1, registration=1)
    end = only(decision, events.ConfirmationEnded)
    assert (end.code, in_english(end)) == (Code.DRIVER_BLOCKED, "D01 may not charge here: blocked.")
    assert only(decision, events.PinRemoved).why == "credential"
    assert (town.driver().registration, town.driver().pin_hash, town.driver().asked_by) == (1, None, None)
    assert types_pin(town, right=True).reply.code == Code.PIN
    assert typed(town).reply == DriverAsked(request_id=REQUEST, driver_id="D01", within_s=30)


def test_a_pin_that_was_typed_on_the_page_of_the_one_before_is_not_that_of_the_next(town: Network):
    town.driver_is_there(epoch=1, registration=1)
    pin = {"driver_id": "D01", "pin_hash": "kept", "limit_cents": 500}
    assert town.refuses(c.SetPin, registration=0, **pin).code is Code.ID
    assert town.does(c.SetPin, registration=1, **pin).reply == PinLimit(limit_cents=500)
    town.does(c.Withdraw, subject="D01", epoch=2, registration=1)
    assert town.refuses(c.SetPin, registration=1, **pin).code is Code.ID


def test_what_the_one_before_confirmed_is_not_answered_to_the_next(town: Network):
    typed(town)
    granted = only(answers(town, yes=True), events.SessionAuthorised)
    town.sends(town.engines["CP001"].refused(granted.session_id))
    town.driver_is_there(epoch=1, registration=1)
    refused = town.refuses(
        c.AnswerStart, driver_id="D01", request_id=REQUEST, yes=True, nonce="1234567890abcdef"
    )
    assert refused.code is Code.NOT_CONFIRMED
    assert typed(town).reply.code == Code.ID


def test_a_driver_gives_its_pin_up(town: Network):
    has_pin(town)
    decision = town.does(c.SetPin, driver_id="D01", pin_hash=None)
    assert only(decision, events.PinRemoved).why == "driver"
    assert decision.reply == PinLimit(limit_cents=None)
    assert town.does(c.SetPin, driver_id="D01", pin_hash=None).is_empty


@pytest.mark.parametrize("cents", [0, -1, 2_001, 10**12])
def test_the_limit_of_a_pin_is_small(town: Network, cents: int):
    refusal = town.refuses(c.SetPin, driver_id="D01", pin_hash="kept", limit_cents=cents)
    assert (refusal.code, in_words(refusal)) == (
        Code.FIELD,
        "A charge with a PIN may cost from 0.01 to 20.00 €.",
    )


def test_neither_the_events_nor_what_is_printed_of_facts_and_commands_hold_a_pin(town: Network):
    decision = has_pin(town)
    texts = [repr(event) for event in decision.events]
    texts += [repr(town.driver()), repr(c.ByHand(proved="kept"))]
    texts += [repr(c.SetPin(by=ENGINE, driver_id="D01", pin_hash="kept", limit_cents=5))]
    texts += [repr(messages.SetPin(pin="4711", limit_cents=5))]
    texts += [repr(messages.ManualStart(request_id=REQUEST, driver_id="D01", pin="4711"))]
    assert not any("kept" in text or "4711" in text for text in texts)


def test_a_pin_is_told_with_its_limit_and_a_proof_of_what_is_kept(town: Network):
    told = only(has_pin(town), events.PinSet)
    # As the audit logs of every release have it.
    kept = hashlib.sha256(b"D01 kept").hexdigest()[:32]
    assert (told.driver_id, told.limit_cents, told.seal) == ("D01", 500, kept)
    assert (pin_seal("D01", "kept"), pin_seal("D01", None)) == (kept, "")


def test_a_new_pin_has_every_try_again(town: Network):
    has_pin(town)
    types_pin(town, right=False)
    assert town.driver().pin_misses == 1
    has_pin(town)
    assert town.driver().pin_misses == 0


@pytest.mark.parametrize(("cents", "fits"), [(0, False), (1, True), (2_000, True), (2_001, False)])
def test_a_pin_allows_from_one_cent_to_the_largest_hold(town: Network, cents: int, fits: bool):
    if fits:
        assert has_pin(town, cents).reply == PinLimit(limit_cents=cents)
    else:
        refused = town.refuses(c.SetPin, driver_id="D01", pin_hash="kept", limit_cents=cents)
        assert (refused.code, in_words(refused)) == (
            Code.FIELD,
            "A charge with a PIN may cost from 0.01 to 20.00 €.",
        )


def test_a_confirmed_start_is_told_with_its_driver_and_request(town: Network):
    typed(town)
    told = only(answers(town, yes=True), events.StartConfirmed)
    assert (told.driver_id, told.request_id, told.cp_id) == ("D01", REQUEST, "CP001")


def test_a_question_is_kept_with_the_moment_it_was_asked(town: Network):
    typed(town)
    question = town.point().question
    assert (question.asked_at, question.asked_s) == (town.rules.now, town.rules.steady_s)
