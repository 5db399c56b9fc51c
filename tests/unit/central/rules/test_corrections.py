"""Tickets are put right, never changed: what is heard of a session that is over."""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from evcharge.central.peers.letters import letters
from evcharge.central.rules import commands as c
from evcharge.central.rules import corrections, metering
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Closed, Correction, CorrectionKind, TicketUnseen, TransferKind
from evcharge.central.rules.start_seal import seal
from evcharge.domain import events, journal_records
from evcharge.domain.errors import Code, Refused
from evcharge.domain.session import EndReason, Session, SessionState
from tests.unit.central.builders import (
    JOURNAL,
    KWH,
    NOON,
    OTHER_JOURNAL,
    FakeEngine,
    Network,
    only,
    owed_cents,
    said,
    set_aside,
)

KEY = b"k" * 32


@pytest.fixture
def town() -> Network:
    """One charging point that is ready, one driver with 20.00 €."""
    network = Network()
    network.rules = replace(network.rules, sign_key=KEY)
    network.point_is_there()
    network.driver_is_there()
    return network


def lost(town: Network, more_mwh: int = KWH) -> tuple[Session, FakeEngine]:
    """A charge that was billed by estimate, because its point came with another journal; its engine charges on."""
    session, engine = town.charging(more_mwh=more_mwh), town.engines["CP001"]
    town.engine(journal_id=OTHER_JOURNAL)
    assert town.tickets[-1].estimated
    return session, engine


def back(town: Network, engine: FakeEngine) -> None:
    """The engine of before is there again, with its own journal."""
    town.engines["CP001"] = engine
    town.engine()


def correction(decision) -> Correction:
    (made,) = [change for change in decision.changes if isinstance(change, Correction)]
    return made


# ---- the true end of a charge that was billed by estimate


def test_the_rest_of_a_charge_that_was_billed_by_estimate_becomes_a_correction(town: Network):
    session, engine = lost(town)
    back(town, engine)
    decision = town.sends(engine.ended(session.session_id, 9 * KWH))
    made, told = correction(decision), only(decision, events.TicketCorrected)
    assert (made.energy_mwh, made.cost_cents, made.paid_cents, made.number) == (9 * KWH, 225, 225, 1)
    assert (told.energy_mwh, told.cost_cents, told.paid_cents, told.owed_cents) == (9 * KWH, 225, 225, 0)
    assert told.reason == "its charging point told the rest"
    # The ticket itself stays as it was, and nothing was set aside.
    assert (town.tickets[0].energy_mwh, town.tickets[0].cost_cents) == (KWH, 25)
    assert events.RecordQuarantined not in said(decision)
    assert (town.driver().balance_cents, told.balance_cents) == (2_000 - 250, 2_000 - 250)
    transfer = town.transfers[-1]
    assert (transfer.kind, transfer.debit, transfer.credit, transfer.cents) == (
        TransferKind.CORRECTION, "wallet", "revenue", 225,
    )  # fmt: skip


def test_a_charge_that_was_closed_by_hand_is_corrected_too(town: Network):
    session = town.charging(more_mwh=KWH)
    town.engine_leaves()
    town.does(c.CloseLost, session_id=session.session_id)
    town.engine()
    decision = town.sends(town.engines["CP001"].ended(session.session_id, 2 * KWH))
    assert correction(decision).energy_mwh == 2 * KWH


def test_what_flows_on_meanwhile_is_told_to_stop_and_counts_to_the_end(town: Network):
    session, engine = lost(town)
    back(town, engine)
    flowing = town.sends(*(engine.meter(session.session_id, KWH) for _ in range(3)))
    assert set(said(flowing)) == {events.StraySupply}
    assert correction(town.sends(engine.ended(session.session_id, KWH))).energy_mwh == 4 * KWH


def test_a_journal_that_was_begun_anew_tells_the_whole_charge_again_and_its_rest_counts(town: Network):
    session, _ = lost(town)
    anew = town.engines["CP001"]
    decision = town.sends(anew.started(session.session_id), anew.ended(session.session_id, 9 * KWH))
    assert correction(decision).energy_mwh == 8 * KWH
    assert {events.RecordQuarantined, events.StraySupply}.isdisjoint(said(decision))


def test_a_journal_that_was_begun_anew_in_a_charge_is_told_to_end_it(town: Network):
    session, _ = lost(town)
    assert said(town.sends(town.engines["CP001"].started(session.session_id))) == [events.StraySupply]


def test_an_end_that_adds_nothing_corrects_nothing_and_is_the_last_word(town: Network):
    session, engine = lost(town)
    back(town, engine)
    assert said(town.sends(engine.ended(session.session_id))) == []
    set_aside(town.sends(engine.ended(session.session_id, 5 * KWH)), "unknown or closed")


def test_a_second_end_with_other_numbers_is_set_aside(town: Network):
    session, engine = lost(town)
    back(town, engine)
    town.sends(engine.ended(session.session_id, KWH))
    set_aside(town.sends(engine.ended(session.session_id, 5 * KWH)), "unknown or closed")


def test_the_end_is_believed_as_far_as_the_limit_of_its_session(town: Network):
    session, engine = lost(town)
    back(town, engine)
    decision = town.sends(engine.ended(session.session_id, 500 * KWH))
    assert correction(decision).energy_mwh == 79 * KWH
    assert town.driver().balance_cents == 0
    assert "more energy than was allowed" in only(decision, events.RecordQuarantined).why


def test_the_end_has_its_own_time(town: Network):
    session = town.authorised()
    engine = town.engines["CP001"]
    town.sends(
        engine.started(session.session_id, began_at=NOON.timestamp()),
        engine.meter(session.session_id, KWH, elapsed_s=0),
    )
    town.engine(journal_id=OTHER_JOURNAL)
    town.later(3_600)
    back(town, engine)
    made = correction(town.sends(engine.ended(session.session_id, KWH, elapsed_s=600)))
    assert (made.ended_at, made.elapsed_s) == (NOON + timedelta(seconds=600), 600)
    assert made.ticket_ended_at == town.tickets[0].ended_at


def test_what_the_wallet_lacks_is_owed_and_no_wallet_falls_below_nothing(town: Network):
    session, engine = lost(town)
    town.closes()
    # It spends what it got back.
    other = town.charging(more_mwh=70 * KWH)
    town.sends(town.engines["CP001"].ended(other.session_id))
    assert town.driver().balance_cents == 225
    back(town, engine)
    told = only(town.sends(engine.ended(session.session_id, 20 * KWH)), events.TicketCorrected)
    assert (told.cost_cents, told.paid_cents, told.owed_cents, told.balance_cents) == (500, 225, 275, 0)


def test_where_nothing_was_held_nothing_is_paid_or_owed():
    town = Network()
    town.rules = replace(town.rules, wallets=False)
    town.point_is_there()
    town.driver_is_there()
    session, engine = lost(town)
    back(town, engine)
    decision = town.sends(engine.ended(session.session_id, KWH))
    told = only(decision, events.TicketCorrected)
    assert (told.cost_cents, told.paid_cents, told.owed_cents) == (25, 0, 0)
    assert town.transfers == []


@pytest.mark.parametrize("there", [True, False])
def test_whoever_is_not_there_finds_the_ticket_in_its_inbox_again(town: Network, there: bool):
    session, engine = lost(town)
    town.does(c.MarkTicketShown, driver_id="D01", session_id=session.session_id)
    if not there:
        town.does(c.DriverLeaves, driver_id="D01", link=town.driver().link, reason="cut")
    back(town, engine)
    decision = town.sends(engine.ended(session.session_id, KWH))
    assert any(isinstance(change, TicketUnseen) for change in decision.changes) is not there
    assert only(decision, events.TicketCorrected).told_later is not there
    assert (town.facts.unseen_by(session.session_id) is None) == there


def test_another_point_cannot_correct_the_ticket(town: Network):
    session, _ = lost(town)
    town.point_is_there("CP002")
    rogue = town.engines["CP002"]
    set_aside(town.sends(rogue.ended(session.session_id, KWH), cp_id="CP002"), "unknown or closed")


@pytest.mark.parametrize("left_cents", [1_975, 100])
def test_the_rest_of_a_former_owners_charge_is_paid_from_the_wallet_that_was_left(
    town: Network, left_cents: int
):
    session, engine = lost(town)
    town.does(c.Withdraw, subject="D01", epoch=1, registration=0)
    town.driver_is_there(epoch=1, registration=1)
    left = town.facts.former_wallet("D01", 0)
    town.facts.put(replace(left, balance_cents=left_cents))
    back(town, engine)
    decision = town.sends(engine.ended(session.session_id, 9 * KWH))
    told, paid = only(decision, events.TicketCorrected), min(225, left_cents)
    assert (told.paid_cents, told.owed_cents, told.registration) == (paid, 225 - paid, 0)
    assert (town.driver().balance_cents, town.facts.former_wallet("D01", 0).balance_cents) == (
        2_000, left_cents - paid,
    )  # fmt: skip
    assert town.transfers[-1].registration == 0
    # The next owner of the id hears nothing of it, neither now nor later.
    assert letters(told, lambda _: "") == []
    assert not told.told_later


@pytest.mark.parametrize("given_back", [100, 30])
def test_what_an_operator_gave_back_stays_given_back_when_the_rest_is_told(town: Network, given_back: int):
    """Else its driver pays again for what it got back, and the ticket costs less than its energy."""
    session, engine = lost(town, 4 * KWH)
    town.does(c.Refund, session_id=session.session_id, cents=given_back, reason="sorry", reference="R-1")
    back(town, engine)
    made = correction(town.sends(engine.ended(session.session_id, KWH)))
    # 1 kWh more has flowed: that is what it costs.
    assert (made.kind, made.energy_mwh, made.cost_cents) == ("RECORD", KWH, 25)
    assert town.driver().balance_cents == 2_000 - 100 + given_back - 25


# ---- by order


def entered(town: Network, **what: object) -> Draft:
    closed = town.over[town.tickets[0].session_id]
    draft = Draft(town.facts)
    usual = {"energy_mwh": 0, "cents": 0, "ended": NOON, "elapsed_s": None}
    difference = corrections.TicketDifference(**usual | what)
    cause = corrections.CorrectionCause(CorrectionKind.ORDER, "the cable was broken")
    corrections.correct(draft, closed, difference, cause)
    return draft


def test_money_goes_back_into_the_wallet(town: Network):
    session = town.charging(more_mwh=4 * KWH)
    town.sends(town.engines["CP001"].ended(session.session_id))
    decision = entered(town, cents=-60).decision()
    made = correction(decision)
    assert (made.kind, made.cost_cents, made.paid_cents, made.reason) == (
        "ORDER", -60, -60, "the cable was broken",
    )  # fmt: skip
    transfer = next(change for change in decision.changes if getattr(change, "debit", "") == "revenue")
    assert (transfer.credit, transfer.cents) == ("wallet", 60)
    assert only(decision, events.TicketCorrected).balance_cents == 2_000 - 100 + 60


@pytest.mark.parametrize("what", [{"cents": -101}, {"energy_mwh": -4 * KWH - 1}])
def test_no_ticket_comes_to_less_than_nothing(town: Network, what: dict[str, int]):
    session = town.charging(more_mwh=4 * KWH)
    town.sends(town.engines["CP001"].ended(session.session_id))
    with pytest.raises(Refused, match="less than nothing") as refused:
        entered(town, **what)
    assert refused.value.code is Code.FIELD


def test_what_was_not_taken_has_nothing_to_correct(town: Network):
    session = town.authorised()
    town.sends(town.engines["CP001"].refused(session.session_id))
    with pytest.raises(Refused, match="no ticket"):
        corrections.correct(
            Draft(town.facts),
            Closed(town.over[session.session_id].session),
            corrections.TicketDifference(energy_mwh=0, cents=-1, ended=NOON, elapsed_s=None),
            corrections.CorrectionCause(CorrectionKind.ORDER, "why"),
        )


# ---- what a wallet lacked


def test_what_a_correction_could_not_take_is_owed_until_the_next_money_comes(town: Network):
    session, engine = lost(town)
    town.facts.put(replace(town.driver(), balance_cents=100))
    back(town, engine)
    told = only(town.sends(engine.ended(session.session_id, 9 * KWH)), events.TicketCorrected)
    assert (told.paid_cents, told.owed_cents, told.balance_cents) == (100, 125, 0)
    paid = only(town.does(c.TopUp, driver_id="D01", cents=1_000), events.DebtPaid)
    assert (paid.session_id, paid.cents, paid.left_cents, paid.balance_cents) == (
        session.session_id,
        125,
        0,
        875,
    )


def test_what_comes_back_was_first_what_was_never_paid(town: Network):
    session, engine = lost(town)
    town.facts.put(replace(town.driver(), balance_cents=100))
    back(town, engine)
    town.sends(engine.ended(session.session_id, 9 * KWH))
    told = only(entered(town, cents=-200).decision(), events.TicketCorrected)
    assert (told.paid_cents, told.owed_cents, told.balance_cents) == (-75, -125, 75)


def test_what_comes_back_to_the_wallet_that_a_former_owner_left_pays_what_it_owes(town: Network):
    """Else it could be paid out beside the debt."""
    paid = town.charging(more_mwh=4 * KWH)
    town.sends(town.engines["CP001"].ended(paid.session_id))
    session, engine = lost(town)
    town.does(c.Withdraw, subject="D01", epoch=1, registration=0)
    town.driver_is_there(epoch=1, registration=1)
    town.facts.put(replace(town.facts.former_wallet("D01", 0), balance_cents=0))
    back(town, engine)
    town.sends(engine.ended(session.session_id, 9 * KWH))
    assert town.facts.owed_cents("D01", 0) == 225
    decision = town.does(c.Refund, session_id=paid.session_id, cents=100, reason="sorry", reference="R-1")
    told = only(decision, events.DebtPaid)
    assert (told.cents, told.left_cents, told.balance_cents, told.former_owner) == (100, 125, 0, True)
    assert (town.facts.former_wallet("D01", 0).balance_cents, town.driver().balance_cents) == (0, 2_000)
    assert letters(told, lambda _: "") == []


def test_a_debt_that_an_operator_lets_off_is_said_with_what_is_owed_still(town: Network):
    session, engine = lost(town)
    town.facts.put(replace(town.driver(), balance_cents=100))
    back(town, engine)
    town.sends(engine.ended(session.session_id, 9 * KWH))
    for cents, left_cents in ((-25, 100), (-100, 0)):
        order = {"session_id": session.session_id, "cents": -cents, "reason": "x", "reference": f"R{cents}"}
        told = only(town.does(c.Refund, **order), events.TicketCorrected)
        assert (told.paid_cents, told.owed_cents, told.all_owed_cents) == (0, cents, left_cents)


# ---- begun after it was given up


def given_up(town: Network) -> tuple[Session, journal_records.SupplyStart]:
    """A session that was closed by hand before its engine said anything of it, and the start that it journaled."""
    session = town.authorised()
    authorised = only(town.decisions[-1], events.SessionAuthorised)
    town.engine_leaves()
    town.does(c.CloseLost, session_id=session.session_id)
    town.engine()
    start = town.engines["CP001"].started(session.session_id)
    return session, structs.replace(
        start,
        request_id=session.request_id,
        hold_cents=session.hold_cents,
        limit_mwh=session.limit_mwh,
        auth=seal(KEY, authorised),
    )


def test_a_session_that_began_after_it_was_given_up_is_billed_within_its_hold_and_told_to_stop(town: Network):
    session, start = given_up(town)
    decision = town.sends(start)
    assert said(decision) == [events.SessionReopened, events.SessionStarted, events.StopOrdered]
    assert (town.driver().balance_cents, town.driver().held_cents) == (0, 2_000)
    assert town.session(session.session_id).state is SessionState.CHARGING
    assert town.point().session_id == session.session_id
    town.sends(town.engines["CP001"].ended(session.session_id, KWH))
    (ticket,) = town.tickets
    assert (ticket.energy_mwh, ticket.cost_cents, ticket.estimated) == (KWH, 25, False)
    assert town.driver().balance_cents == 1_975


def test_a_beginning_before_it_was_authorised_is_set_aside_and_the_charge_is_billed(town: Network):
    session, start = given_up(town)
    early = (session.authorised_at - timedelta(hours=1)).timestamp()
    decision = town.sends(structs.replace(start, began_at=early))
    set_aside(decision, metering.NOT_THEN)
    assert said(decision)[-2:] == [events.SessionStarted, events.StopOrdered]
    assert town.session(session.session_id).started_at == session.authorised_at


def test_what_its_wallet_has_no_more_of_its_hold_is_owed(town: Network):
    session, start = given_up(town)
    town.facts.put(replace(town.driver(), balance_cents=10))
    decision = town.sends(start)
    reopened = only(decision, events.SessionReopened)
    assert (reopened.hold_cents, reopened.short_cents) == (10, 1_990)
    decision = town.sends(town.engines["CP001"].ended(session.session_id, KWH))
    assert only(decision, events.TicketMade).owed_cents == 15
    assert (town.driver().balance_cents, owed_cents(town.facts, "D01")) == (0, 15)


def test_where_its_point_was_promised_to_another_that_one_makes_way(town: Network):
    session, start = given_up(town)
    town.driver_is_there("D02")
    later = town.authorised("D02")
    decision = town.sends(start)
    refused = only(decision, events.SessionRefused)
    assert (refused.session_id, refused.reason) == (later.session_id, EndReason.BUSY)
    assert town.point().session_id == session.session_id
    assert town.driver("D02").balance_cents == 2_000


def test_where_another_has_its_id_by_now_it_is_set_aside(town: Network):
    _, start = given_up(town)
    town.driver_is_there(registration=1, epoch=1)
    decision = town.sends(start)
    set_aside(decision, "authorised for an earlier owner of that id")
    assert events.StraySupply in said(decision)
    assert town.driver().balance_cents == 2_000


def test_a_start_that_central_did_not_sign_reopens_nothing(town: Network):
    session, start = given_up(town)
    set_aside(town.sends(structs.replace(start, auth="forged")), "unknown or closed")
    assert town.facts.session(session.session_id) is None


def test_what_its_own_engine_refused_it_cannot_begin_afterwards(town: Network):
    session = town.authorised()
    authorised = only(town.decisions[-1], events.SessionAuthorised)
    engine = town.engines["CP001"]
    town.sends(engine.refused(session.session_id, EndReason.NOT_PLUGGED))
    start = structs.replace(
        engine.started(session.session_id),
        request_id=session.request_id,
        hold_cents=session.hold_cents,
        limit_mwh=session.limit_mwh,
        auth=seal(KEY, authorised),
    )
    set_aside(town.sends(start), "unknown or closed")
    assert town.engines["CP001"].journal_id == JOURNAL
