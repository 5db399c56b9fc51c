"""The rules of a start at the charging point's own menu: a typed id is no key to a wallet. Pure.

Its driver has to want it. It says so when it is asked (a question is a fact with a deadline), or has allowed it
before, by a PIN of its choice and up to a limit. Money is held only then. `Rules.manual_start_is_open` asks nobody.
"""

import hashlib
from dataclasses import replace

from evcharge.central.rules import charging, presence
from evcharge.central.rules.charging import Offer, StartRefusal
from evcharge.central.rules.commands import (
    CENTRAL,
    AnswerStart,
    ByHand,
    GiveUpStart,
    Reach,
    SetPin,
    StartCharging,
)
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Driver
from evcharge.central.rules.replies import DriverAsked, PinLimit
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.charging_point import ChargingPoint, Question
from evcharge.domain.errors import Code, CommandRefused, StaleLink
from evcharge.domain.refusals import RefusalFacts

# As at a bank's machine: then it is void, and nobody goes on guessing.
MOST_PIN_MISSES = 10


def start(draft: Draft, command: StartCharging, by_hand: ByHand, rules: Rules) -> None:
    """Start a charge, ask its driver, or say why not. The same request id always gets the same answer."""
    cp_id = command.cp_id
    if cp_id is None:
        raise StaleLink("typed nowhere", driver_id=command.driver_id)
    presence.check_engine(draft, command, cp_id)
    known = draft.outcome(command.request_id)
    if known is not None:
        draft.reply = charging.same_answer(draft, known, command.driver_id, command.request_id)
        return
    point = draft.point(cp_id)
    if point is not None and (question := point.question) is not None:
        if (question.request_id, question.driver_id) == (command.request_id, command.driver_id):
            draft.reply = _confirming(question, rules)
            return
        _end(draft, point, question, _unconfirmed("another driver"))
    try:
        if by_hand.has_pin:
            _start_by_pin(draft, command, by_hand, rules)
        elif rules.manual_start_is_open:
            _authorise(draft, charging.offered(draft, command, rules), command, rules)
        else:
            _ask(draft, command, by_hand.reach, rules)
    except StartRefusal as no:
        charging.decline(draft, command, charging.discreet(no))


def _start_by_pin(draft: Draft, command: StartCharging, by_hand: ByHand, rules: Rules) -> None:
    driver = draft.driver(command.driver_id)
    if driver is None or driver.pin_hash is None or driver.pin_hash != by_hand.proved:
        if driver is not None and driver.pin_hash is not None:
            _miss(draft, driver)
        # Whether there is such a driver, and has a PIN, is nobody's business here.
        raise StartRefusal(Code.PIN, RefusalFacts(reason="wrong pin", by_hand=True))
    if driver.pin_misses:
        draft.put(replace(driver, pin_misses=0))
    offer = charging.offered(draft, command, rules, driver.pin_limit_cents)
    _authorise(draft, offer, command, rules)


def _miss(draft: Draft, driver: Driver) -> None:
    misses = driver.pin_misses + 1
    if misses < MOST_PIN_MISSES:
        draft.put(replace(driver, pin_misses=misses))
    else:
        draft.put(without_pin(draft, driver, "misses"))


def _ask(draft: Draft, command: StartCharging, reach: Reach, rules: Rules) -> None:
    offer = charging.offered(draft, command, rules)
    driver, point = offer.driver, offer.point
    if driver.asked_by is not None:
        raise StartRefusal(Code.DRIVER_BUSY, RefusalFacts(reason="asked elsewhere", by_hand=True))
    if reach is Reach.NOBODY:
        raise _unconfirmed("nobody")
    if reach is Reach.OLD_APP:
        raise _unconfirmed("old app")
    question = Question(
        request_id=command.request_id,
        driver_id=driver.driver_id,
        price_centi_cents_per_kwh=point.price_centi_cents_per_kwh,
        hold_cents=offer.hold_cents,
        within_s=rules.confirm_within_s,
        asked_at=rules.now,
        asked_s=rules.steady_s,
    )
    draft.put(replace(point, question=question))
    draft.put(replace(driver, asked_by=point.cp_id))
    draft.say(
        events.ConfirmationAsked(
            driver_id=driver.driver_id,
            request_id=question.request_id,
            cp_id=point.cp_id,
            location=point.location.name,
            price_centi_cents_per_kwh=question.price_centi_cents_per_kwh,
            hold_cents=question.hold_cents,
            within_s=question.within_s,
        )
    )
    draft.reply = _confirming(question, rules)


def _confirming(question: Question, rules: Rules) -> DriverAsked:
    return DriverAsked(
        request_id=question.request_id,
        driver_id=question.driver_id,
        within_s=question.left_s(rules.steady_s),
    )


# ---- how a question ends


def answer(draft: Draft, command: AnswerStart, rules: Rules) -> None:
    """Start the charge that was asked for, or do not. Raises Refused when that question does not exist or is over."""
    presence.check_driver(draft, command, command.driver_id)
    asking = draft.asking(command.driver_id)
    if asking is None or asking[1].request_id != command.request_id:
        known = draft.outcome(command.request_id)
        driver = draft.driver(command.driver_id)
        asker = (driver.driver_id, driver.registration) if driver is not None else None
        if known is None or (known.driver_id, known.registration) != asker:
            raise CommandRefused("no question", Code.NOT_CONFIRMED)
        draft.reply = charging.same_answer(draft, known, command.driver_id, command.request_id)
        return
    point, question = asking
    if not command.yes:
        _end(draft, point, question, _unconfirmed("no"))
        return
    _close(draft, point, question)
    asked = StartCharging(
        by=command.by,
        driver_id=command.driver_id,
        request_id=command.request_id,
        nonce=command.nonce,
        cp_id=point.cp_id,
        by_hand=ByHand(),
    )
    try:
        offer = charging.offered(draft, asked, rules, question.hold_cents or None)
        if offer.point.price_centi_cents_per_kwh != question.price_centi_cents_per_kwh:
            raise _unconfirmed("new price")
    except StartRefusal as no:
        _say_ended(draft, point, question, charging.discreet(no))
        return
    draft.say(
        events.StartConfirmed(driver_id=question.driver_id, request_id=question.request_id, cp_id=point.cp_id)
    )
    _authorise(draft, offer, asked, rules)


def give_up(draft: Draft, command: GiveUpStart) -> None:
    """Silence is a no."""
    point = draft.point(command.cp_id)
    question = point.question if point is not None else None
    if point is not None and question is not None and question.request_id == command.request_id:
        _end(draft, point, question, _unconfirmed("late", within_s=question.within_s))


def settle(draft: Draft, rules: Rules) -> None:
    """End the questions to which a yes would come to nothing any more: whatever forbids charging ends them, too."""
    for point in draft.changed_points():
        if point.question is not None:
            _settle(draft, point, point.question, rules)
    for driver in draft.changed_drivers():
        if (asking := draft.asking(driver.driver_id)) is not None:
            _settle(draft, *asking, rules)


def _settle(draft: Draft, point: ChargingPoint, question: Question, rules: Rules) -> None:
    asked = StartCharging(
        by=CENTRAL,
        driver_id=question.driver_id,
        request_id=question.request_id,
        nonce="",
        cp_id=point.cp_id,
        by_hand=ByHand(),
    )
    try:
        charging.offered(draft, asked, rules)
    except StartRefusal as no:
        _end(draft, point, question, charging.discreet(no))


def without_consents(draft: Draft, driver: Driver) -> Driver:
    """Return a driver who leaves the network: it is asked nothing any more, and has no PIN. Both die with it."""
    if (asking := draft.asking(driver.driver_id)) is not None:
        _end(draft, *asking, StartRefusal(Code.DRIVER_BLOCKED))
        driver = replace(driver, asked_by=None)
    return without_pin(draft, driver, "credential")


def _end(draft: Draft, point: ChargingPoint, question: Question, no: StartRefusal) -> None:
    _close(draft, point, question)
    _say_ended(draft, point, question, no)


def _close(draft: Draft, point: ChargingPoint, question: Question) -> None:
    draft.put(replace(point, question=None))
    draft.put(replace(draft.existing_driver(question.driver_id), asked_by=None))


def _say_ended(draft: Draft, point: ChargingPoint, question: Question, no: StartRefusal) -> None:
    draft.say(
        events.ConfirmationEnded(
            driver_id=question.driver_id,
            request_id=question.request_id,
            cp_id=point.cp_id,
            code=no.code,
            reason=no.facts.reason,
            facts=no.facts,
        )
    )


def _authorise(draft: Draft, offer: Offer, command: StartCharging, rules: Rules) -> None:
    charging.authorise(draft, offer, command.request_id, command.nonce, rules)


def _unconfirmed(reason: str, within_s: int | None = None) -> StartRefusal:
    facts = RefusalFacts(reason=reason, within_s=within_s, by_hand=True)
    return StartRefusal(Code.NOT_CONFIRMED, facts)


# ---- the PIN


def set_pin(draft: Draft, command: SetPin, rules: Rules) -> None:
    """Take a driver's PIN, another one, or none."""
    presence.check_driver(draft, command, command.driver_id)
    driver = draft.driver(command.driver_id)
    if driver is None or driver.withdrawn or command.registration not in (None, driver.registration):
        raise CommandRefused("unknown driver", Code.ID, driver_id=command.driver_id)
    if command.pin_hash is None:
        if driver.pin_hash is not None:
            draft.put(without_pin(draft, driver, "driver"))
        draft.reply = PinLimit(limit_cents=None)
        return
    if not 0 < command.limit_cents <= rules.max_hold_cents:
        raise CommandRefused("pin limit", Code.FIELD, most_cents=rules.max_hold_cents)
    draft.put(replace(driver, pin_hash=command.pin_hash, pin_limit_cents=command.limit_cents, pin_misses=0))
    seal = pin_seal(driver.driver_id, command.pin_hash)
    draft.say(events.PinSet(driver_id=driver.driver_id, limit_cents=command.limit_cents, seal=seal))
    draft.reply = PinLimit(limit_cents=command.limit_cents)


def pin_seal(driver_id: str, pin_hash: str | None) -> str:
    """Return a digest of what is kept of a PIN; the audit log has it, to prove the row of its driver."""
    return hashlib.sha256(f"{driver_id} {pin_hash}".encode()).hexdigest()[:32] if pin_hash is not None else ""


def without_pin(draft: Draft, driver: Driver, why: str) -> Driver:
    """Return `driver` with its PIN void, and say so, if it has one."""
    if driver.pin_hash is None:
        return driver
    draft.say(events.PinRemoved(driver_id=driver.driver_id, why=why))
    return replace(driver, pin_hash=None, pin_limit_cents=0, pin_misses=0)
