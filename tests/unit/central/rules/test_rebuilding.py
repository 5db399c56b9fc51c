"""Central's books were restored from an older copy: what they lack comes back from the engines, each charge once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from evcharge.central.rules import commands as c
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Quarantined
from evcharge.central.rules.replies import RecordsMissing, RecordsTaken
from evcharge.domain import events, journal_records
from evcharge.domain.charging_point import Hold
from evcharge.domain.session import EndReason, Session, SessionState
from tests.unit.central.builders import KWH, NOON, only, owed_cents, said
from tests.unit.central.history import History, replaced


@pytest.fixture
def history() -> History:
    history = History()
    history.network.point_is_there("CP001")
    history.network.driver_is_there("D01")
    return history


def test_charges_that_the_copy_lacks_are_billed_as_they_were(history: History):
    history.charge(KWH)
    history.is_copied()
    first = history.charge(2 * KWH)
    second = history.charge(3 * KWH)
    balance = history.network.driver().balance_cents
    lost = history.is_restored()
    decision = history.tells()
    assert [ticket.session_id for ticket in history.network.tickets] == [first, second]
    # All but when Central heard of it.
    for before, after in zip(lost[1:], history.network.tickets, strict=True):
        assert replace(after, started_at=before.started_at, ended_at=before.ended_at) == before
    assert history.network.driver().balance_cents == balance
    assert history.network.driver().held_cents == 0
    assert said(decision).count(events.SessionRebuilt) == 2
    assert events.RecordQuarantined not in said(decision)
    assert events.StraySupply not in said(decision)
    assert [one.rebuilt for one in changed(decision, Session)] == [True] * len(changed(decision, Session))


def changed(decision: Decision, kind: type) -> list:
    return [change for change in decision.changes if isinstance(change, kind)]


def test_a_charge_that_still_runs_goes_on_and_is_billed_at_its_end(history: History):
    history.is_copied()
    start = history.start()
    engine = history.network.engines["CP001"]
    history.tells("CP001", engine.meter(start.session_id, KWH))
    history.is_restored()
    decision = history.tells()
    assert said(decision)[:2] == [events.SessionRebuilt, events.SessionStarted]
    assert events.StopOrdered not in said(decision)
    point, session = history.network.point(), history.network.session(start.session_id)
    assert (point.status, session.state, session.energy_mwh) == ("Charging", SessionState.CHARGING, KWH)
    assert history.network.driver().held_cents == start.hold_cents
    history.tells("CP001", engine.ended(start.session_id, KWH))
    (ticket,) = history.network.tickets
    assert (ticket.energy_mwh, ticket.cost_cents) == (2 * KWH, 50)


def test_told_again_nothing_is_billed_twice(history: History):
    history.is_copied()
    history.charge(KWH)
    history.is_restored()
    decision = history.tells()
    history.network.engine("CP001", journal_id="c" * 32)
    engine = history.network.engines["CP001"]
    again = [replaced_seq(record, seq) for seq, record in enumerate(history.journals["CP001"], 1)]
    engine.last_seq = len(again)
    decision = history.network.sends(*again)
    assert events.SessionRebuilt not in said(decision)
    assert len(history.network.tickets) == 1


def replaced_seq(record: journal_records.AnyRecord, seq: int) -> journal_records.AnyRecord:
    return type(record)(**{name: getattr(record, name) for name in record.__struct_fields__} | {"seq": seq})


@pytest.mark.parametrize(
    "lie",
    [
        {"auth": "0" * 64},
        {"driver_id": "D02"},
        {"price": 1},
        {"hold_cents": 1},
        {"limit_mwh": 10**9},
        {"request_id": "R-another-1"},
        {"session_id": "S-another-1"},
    ],
    ids=lambda lie: next(iter(lie)),
)
def test_what_central_did_not_sign_is_set_aside_as_ever_and_stopped(history: History, lie: dict):
    history.is_copied()
    start = history.start()
    history.is_restored()
    history.journals["CP001"] = [replaced(start, **lie)]
    decision = history.tells()
    assert said(decision) == [events.RecordQuarantined, events.StraySupply]
    assert history.network.driver().sessions == frozenset()


def test_what_central_signed_for_another_charging_point_is_set_aside(history: History):
    history.network.point_is_there("CP002")
    history.is_copied()
    start = history.start("D01", "CP001")
    history.is_restored()
    decision = history.network.sends(replaced_seq(start, 1), cp_id="CP002")
    assert said(decision) == [events.RecordQuarantined, events.StraySupply]


def test_a_driver_whom_the_copy_does_not_know_is_added_and_pays(history: History):
    history.is_copied()
    history.network.driver_is_there("D09")
    session_id = history.charge(KWH, "D09")
    history.is_restored()
    decision = history.tells()
    assert only(decision, events.DriverAdded).driver_id == "D09"
    (ticket,) = history.network.tickets
    assert (ticket.session_id, ticket.driver_id, ticket.cost_cents) == (session_id, "D09", 25)
    assert history.network.driver("D09").balance_cents == 2_000 - 25
    # It comes back as one who is known: no second welcome credit.
    history.network.driver_is_there("D09")
    assert history.network.driver("D09").balance_cents == 2_000 - 25


def test_a_charging_point_that_the_copy_does_not_know_brings_its_charges(history: History):
    history.is_copied()
    history.network.point_is_there("CP002")
    session_id = history.charge(KWH, cp_id="CP002")
    history.is_restored()
    history.tells("CP002")
    assert [ticket.session_id for ticket in history.network.tickets] == [session_id]


# ---- money


def test_what_the_wallet_cannot_hold_any_more_becomes_a_debt_that_the_next_money_pays(history: History):
    history.is_copied()
    # The money came in after the copy, too, and is lost with it.
    history.network.does(c.TopUp, driver_id="D01", cents=5_000)
    for _ in range(2):
        history.charge(70 * KWH)
    history.is_restored()
    decision = history.tells()
    tickets = history.network.tickets
    assert [ticket.cost_cents for ticket in tickets] == [1_750, 1_750]
    # 20.00 € were there: the first is paid, and 2.50 € of the second.
    made = [event for event in decision.events if isinstance(event, events.TicketMade)]
    assert [(event.session_id, event.owed_cents) for event in made] == [
        (tickets[0].session_id, 0), (tickets[1].session_id, 1_500),
    ]  # fmt: skip
    assert (history.network.driver().balance_cents, history.network.driver().held_cents) == (0, 0)
    assert owed_cents(history.network.facts, "D01") == 1_500

    paid = only(history.network.does(c.TopUp, driver_id="D01", cents=1_000), events.DebtPaid)
    assert (paid.cents, paid.left_cents, paid.owed_cents, paid.balance_cents) == (1_000, 500, 500, 0)
    paid = only(history.network.does(c.TopUp, driver_id="D01", cents=4_000), events.DebtPaid)
    assert (paid.cents, paid.left_cents, paid.owed_cents, paid.balance_cents) == (500, 0, 0, 3_500)
    assert history.network.driver().balance_cents == 3_500
    assert events.DebtPaid not in said(history.network.does(c.TopUp, driver_id="D01", cents=1))


def test_money_that_is_given_back_pays_a_debt_first(history: History):
    history.network.point_is_there("CP002")
    history.network.rules = replace(history.network.rules, max_active_per_driver=2, max_hold_cents=1_500)
    history.is_copied()
    history.network.does(c.TopUp, driver_id="D01", cents=5_000)
    history.charge(60 * KWH)
    other = history.start("D01", "CP002")
    history.is_restored()
    # At CP002 a hold of 15.00 € is taken first, and then only 5.00 € are left for what CP001 tells.
    history.tells("CP002")
    history.tells("CP001")
    assert owed_cents(history.network.facts, "D01") == 1_000
    decision = history.tells("CP002", history.network.engines["CP002"].ended(other.session_id, 4 * KWH))
    assert only(decision, events.DebtPaid).cents == 1_000
    assert history.network.driver().balance_cents == 1_500 - 100 - 1_000
    assert owed_cents(history.network.facts, "D01") == 0


def test_without_wallets_nobody_owes_anything(history: History):
    history.network.rules = replace(history.network.rules, wallets=False)
    history.is_copied()
    history.charge(KWH)
    history.is_restored()
    decision = history.tells()
    assert only(decision, events.TicketMade).owed_cents == 0
    assert history.network.tickets[0].cost_cents == 25


# ---- what else has happened at the charging point and to the request


def test_a_request_that_was_granted_anew_meanwhile_keeps_its_answer(history: History):
    history.network.point_is_there("CP002")
    history.network.rules = replace(history.network.rules, max_active_per_driver=2)
    history.is_copied()
    start = history.start()
    history.is_restored()
    # Its driver never heard of the outcome, and asks again before the engine tells.
    history.network.asks("D01", "CP002", request_id=start.request_id)
    decision = history.tells("CP001")
    assert only(decision, events.SessionRebuilt).request_id == start.session_id
    known = history.network.facts.outcome(start.request_id)
    assert known is not None
    assert known.cp_id == "CP002"


def test_nobody_is_let_in_where_an_engine_has_not_told_all_it_knows(history: History):
    history.is_copied()
    history.charge(KWH)
    history.is_restored()
    history.network.driver_is_there("D02")
    answer = history.network.asks("D02", "CP001").reply
    assert (answer.step, answer.code) == ("REFUSED", "E_CP_BUSY")
    assert history.network.asks("D02", None).reply.code == "E_NONE_AVAILABLE"
    history.tells()
    assert history.network.asks("D02", "CP001").reply.step == "ASKING"


def test_a_session_that_the_copy_holds_for_open_ends_where_the_engine_has_begun_another(history: History):
    started = history.start()
    history.tells()
    history.is_copied()
    engine = history.network.engines["CP001"]
    history.tells("CP001", engine.ended(started.session_id, KWH))
    next_one = history.charge(2 * KWH)
    # The records of the first one are lost with the disk: what is told begins with the second.
    history.is_restored(with_engines=False)
    history.network.engine("CP001", journal_id="b" * 32)
    kept = [record for record in history.journals["CP001"] if record.session_id == next_one]
    history.network.engines["CP001"].last_seq = len(kept)
    history.network.sends(*[replaced_seq(record, seq) for seq, record in enumerate(kept, 1)])
    first, second = history.network.tickets
    assert (first.session_id, first.estimated) == (started.session_id, True)
    assert (second.session_id, second.energy_mwh) == (next_one, 2 * KWH)


def test_an_authorised_one_makes_way_for_what_the_engine_has_really_begun(history: History):
    history.is_copied()
    start = history.start()
    history.network.driver_is_there("D02")
    history.network.engines["CP001"].last_seq = 0
    history.is_restored()
    history.network.engines["CP001"].last_seq = 1
    history.network.driver_is_there("D02")
    # Nothing of it was journaled yet: the engine only waits for the plug.
    later = history.network.authorised("D02", "CP001")
    decision = history.tells()
    refused = only(decision, events.SessionRefused)
    assert (refused.session_id, refused.reason) == (later.session_id, EndReason.BUSY)
    assert history.network.point().session_id == start.session_id
    # The engine says so as well, later, and that is nothing to set aside.
    decision = history.tells("CP001", history.network.engines["CP001"].refused(later.session_id, "busy"))
    assert said(decision) == []


@pytest.mark.parametrize(
    ("hold", "reason"), [(Hold.OPERATOR, EndReason.OPERATOR), (Hold.WEATHER, EndReason.WEATHER)]
)
def test_a_charge_that_runs_where_nothing_may_is_told_to_end(history: History, hold: Hold, reason: EndReason):
    history.is_copied()
    start = history.start()
    history.is_restored()
    history.network.holds(hold)
    decision = history.tells()
    ordered = only(decision, events.StopOrdered)
    assert (ordered.session_id, ordered.reason) == (start.session_id, reason)


def test_a_charge_that_runs_at_a_faulty_point_is_told_to_end(history: History):
    history.is_copied()
    start = history.start()
    history.is_restored()
    history.network.reports("overheating")
    ordered = only(history.tells(), events.StopOrdered)
    assert (ordered.session_id, ordered.reason) == (start.session_id, EndReason.FAULT)


@pytest.mark.parametrize(("told_s", "believed_s"), [(-600, -600), (600, 0)])
def test_a_charge_began_when_its_engine_says_but_never_in_the_future(
    history: History, told_s: int, believed_s: int
):
    history.is_copied()
    record = replaced(history.start(), began_at=(NOON + timedelta(seconds=told_s)).timestamp())
    history.journals["CP001"] = [record]
    history.is_restored()
    history.tells()
    session = history.network.session(record.session_id)
    assert session.authorised_at == NOON + timedelta(seconds=believed_s)


def test_a_refusal_of_a_session_that_nobody_knows_is_nothing_to_keep(history: History):
    history.is_copied()
    lost = history.network.authorised()
    history.is_restored()
    decision = history.tells("CP001", history.network.engines["CP001"].refused(lost.session_id))
    assert said(decision) == []
    assert decision.reply == RecordsTaken(last_seq=1)


def test_any_goes_where_the_engine_has_told_all(history: History):
    history.network.point_is_there("CP002")
    history.network.does(c.SetPrice, cp_id="CP002", price_centi_cents_per_kwh=2_500)
    history.is_copied()
    start = history.start("D01", "CP001")
    history.is_restored()
    history.network.driver_is_there("D02")
    # CP001 was used least recently; but there something runs that has not been told.
    assert history.network.authorised("D02", None).cp_id == "CP002"
    history.tells("CP001")
    assert history.network.point("CP001").session_id == start.session_id


# ---- whose it is


def test_the_signature_says_for_which_registration_it_was(history: History):
    history.network.driver_is_there("D01", registration=2, epoch=2)
    history.is_copied()
    session_id = history.charge(KWH)
    history.is_restored()
    decision = history.tells()
    assert only(decision, events.SessionRebuilt).registration == 2
    (ticket,) = history.network.tickets
    assert (ticket.session_id, ticket.registration) == (session_id, 2)


def test_a_next_owner_whom_the_copy_does_not_know_pays_from_a_wallet_of_its_own(history: History):
    history.is_copied()
    history.network.driver_is_there("D01", registration=1, epoch=1)
    history.charge(KWH)
    history.is_restored()
    decision = history.tells()
    assert only(decision, events.DriverAdded).registration == 1
    assert history.network.driver().balance_cents == 2_000 - 25
    assert history.network.facts.former_wallet("D01", 0).balance_cents == 2_000
    assert history.network.tickets[0].registration == 1


def test_whoever_has_the_id_now_pays_nothing_for_whoever_had_it_before(history: History):
    history.is_copied()
    history.charge(KWH)
    history.is_restored()
    # The next owner comes before the engine tells.
    history.network.driver_is_there("D01", registration=1, epoch=1)
    decision = history.tells()
    first = decision.events[0]
    assert isinstance(first, events.RecordQuarantined)
    assert first.why == "authorised for an earlier owner of that id, whose wallet is closed"
    assert all(kept.ours for kept in changed(decision, Quarantined))
    assert history.network.tickets == []
    assert history.network.driver().balance_cents == 2_000


def test_an_id_that_a_charging_point_has_now_is_no_driver(history: History):
    history.is_copied()
    history.network.driver_is_there("X01")
    history.charge(KWH, "X01")
    history.is_restored()
    history.network.point_is_there("X01")
    first = history.tells().events[0]
    assert isinstance(first, events.RecordQuarantined)
    assert "whose id a charging point has now" in first.why


@pytest.mark.parametrize(("barred", "reason"), [(True, EndReason.OPERATOR), (False, EndReason.REVOKED)])
def test_who_may_not_charge_any_more_is_billed_and_stopped(history: History, barred: bool, reason: EndReason):
    history.is_copied()
    start = history.start()
    history.is_restored()
    if barred:
        history.network.does(c.BarDriver, driver_id="D01", barred=True)
    else:
        history.network.does(c.Withdraw, subject="D01", epoch=1, registration=0)
    ordered = only(history.tells(), events.StopOrdered)
    assert (ordered.session_id, ordered.reason) == (start.session_id, reason)
    history.tells("CP001", history.network.engines["CP001"].ended(start.session_id, KWH))
    assert history.network.driver().balance_cents == 2_000 - 25


def test_a_second_restore_bills_each_charge_once_again(history: History):
    history.is_copied()
    first = history.charge(KWH)
    history.is_restored()
    history.tells()
    second = history.charge(2 * KWH)
    history.is_restored()
    history.tells()
    assert [ticket.session_id for ticket in history.network.tickets] == [first, second]
    assert history.network.driver().balance_cents == 2_000 - 25 - 50


def test_records_that_come_twice_after_a_resync_are_billed_once(history: History):
    history.is_copied()
    session_id = history.charge(KWH)
    history.is_restored()
    start, *rest = history.journals["CP001"]
    # A gap is answered with where it begins; then all of it comes, and once more.
    assert history.network.sends(*rest).reply == RecordsMissing(last_seq=0)
    history.network.sends(start, *rest)
    again = history.network.sends(start, *rest)
    assert (said(again), again.changes) == ([], ())
    assert [ticket.session_id for ticket in history.network.tickets] == [session_id]
