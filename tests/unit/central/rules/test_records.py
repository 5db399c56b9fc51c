"""The engine's records: what they make of a session, and what is set aside."""

from dataclasses import replace

import pytest

from evcharge.central.rules import commands as c
from evcharge.central.rules.facts import JournalCursor, TransferKind
from evcharge.central.rules.replies import RecordsMissing, RecordsTaken
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code
from evcharge.domain.ids import CpId
from evcharge.domain.journal_records import AnyRecord
from evcharge.domain.session import EndReason, SessionState
from tests.unit.central.builders import (
    JOURNAL,
    KWH,
    NOON,
    OTHER_JOURNAL,
    Network,
    only,
    set_aside,
)


def test_a_start_a_meter_and_an_end_make_a_ticket(town: Network):
    session = town.authorised()
    engine = town.engines["CP001"]
    engine.meter_mwh = 5 * KWH
    town.later(10)
    decision = town.sends(engine.started(session.session_id))
    assert only(decision, events.SessionStarted).meter_mwh == 5 * KWH
    assert town.point().status is CpStatus.CHARGING
    assert decision.reply == RecordsTaken(last_seq=1)
    town.later(10)
    town.sends(engine.meter(session.session_id, 1_000))
    town.later(10)
    decision = town.sends(engine.ended(session.session_id, 1_233_567))
    (ticket,) = town.tickets
    assert (ticket.energy_mwh, ticket.cost_cents, ticket.reason) == (1_234_567, 31, EndReason.UNPLUGGED)
    assert (ticket.ended_at - ticket.started_at).total_seconds() == 20
    assert ticket.started_at.timestamp() == NOON.timestamp() + 10
    assert not ticket.estimated
    made = only(decision, events.TicketMade)
    assert (made.energy_mwh, made.cost_cents, made.balance_cents) == (1_234_567, 31, 1_969)
    assert (town.driver().balance_cents, town.driver().held_cents, town.driver().sessions) == (
        1_969, 0, frozenset(),
    )  # fmt: skip
    assert [(one.kind, one.cents) for one in town.transfers[1:]] == [
        (TransferKind.HOLD, 2_000),
        (TransferKind.CAPTURE, 31),
        (TransferKind.RELEASE, 1_969),
    ]
    assert town.point().status is CpStatus.AVAILABLE


def test_only_meters_of_the_last_seconds_may_be_stored_a_moment_later(town: Network):
    session, engine = town.authorised(), town.engines["CP001"]
    start = engine.started(session.session_id)
    meters = [engine.meter(session.session_id, 1_000) for _ in range(11)]

    def can_wait(*records: AnyRecord) -> bool:
        journal = engine.journal_id
        return c.TakeRecords(
            by=c.CENTRAL, cp_id=CpId("CP001"), epoch=0, link=1, journal_id=journal, records=records
        ).can_wait

    assert can_wait(*meters[:10])
    assert not can_wait(*meters)
    assert not can_wait(start, *meters[:2])
    assert not c.Note(by=c.CENTRAL, event=events.CentralStopped()).can_wait


def test_the_price_is_the_one_that_was_granted(town: Network):
    session = town.charging(more_mwh=KWH)
    town.facts.put(replace(town.point(), price_centi_cents_per_kwh=9_900))
    town.sends(town.engines["CP001"].ended(session.session_id))
    assert (town.tickets[0].price_centi_cents_per_kwh, town.tickets[0].cost_cents) == (2_500, 25)


def test_a_charge_that_delivered_nothing_has_a_ticket_of_nothing(town: Network):
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id, reason="restart"))
    assert (town.tickets[0].energy_mwh, town.tickets[0].cost_cents) == (0, 0)
    assert town.driver().balance_cents == 2_000
    assert [one.kind for one in town.transfers] == [
        TransferKind.TOP_UP,
        TransferKind.HOLD,
        TransferKind.RELEASE,
    ]


def test_a_charge_that_costs_all_that_was_held_releases_nothing(town: Network):
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id, 80 * KWH, reason="limit"))
    assert town.tickets[0].cost_cents == 2_000
    assert [one.kind for one in town.transfers] == [
        TransferKind.TOP_UP,
        TransferKind.HOLD,
        TransferKind.CAPTURE,
    ]
    assert (town.driver().balance_cents, town.driver().held_cents) == (0, 0)


def test_a_session_that_was_not_taken_gives_everything_back(town: Network):
    session = town.authorised()
    decision = town.sends(town.engines["CP001"].refused(session.session_id, "not plugged in"))
    assert only(decision, events.SessionRefused).reason is EndReason.NOT_PLUGGED
    assert town.tickets == []
    assert (town.driver().balance_cents, town.driver().held_cents) == (2_000, 0)
    assert town.point().status is CpStatus.AVAILABLE
    assert town.facts.outcome(session.request_id).state is SessionState.REFUSED


def test_records_that_came_already_are_acknowledged_again(town: Network):
    session = town.charging(more_mwh=10)
    engine = town.engines["CP001"]
    records = (engine.meter(session.session_id, 5), engine.ended(session.session_id))
    town.sends(*records)
    balance = town.driver().balance_cents
    decision = town.sends(*records)
    assert decision.is_empty
    assert decision.reply == RecordsTaken(last_seq=4)
    assert (len(town.tickets), town.driver().balance_cents) == (1, balance)


def test_a_batch_that_overlaps_is_applied_from_where_it_is_new(town: Network):
    session = town.charging()
    engine = town.engines["CP001"]
    one, two = engine.meter(session.session_id, 5), engine.meter(session.session_id, 5)
    town.sends(one)
    decision = town.sends(one, two)
    assert decision.reply == RecordsTaken(last_seq=3)
    assert town.session(session.session_id).energy_mwh == 10


def test_a_gap_asks_for_the_records_again_and_applies_nothing_behind_it(town: Network):
    session = town.charging()
    engine = town.engines["CP001"]
    one, _, three = (engine.meter(session.session_id, 5) for _ in range(3))
    decision = town.sends(one, three)
    assert decision.reply == RecordsMissing(last_seq=2)
    assert town.session(session.session_id).energy_mwh == 5
    assert JournalCursor("CP001", JOURNAL, 2) in decision.changes
    decision = town.sends(three)
    assert decision.is_empty
    assert decision.reply == RecordsMissing(last_seq=2)


def test_records_of_a_journal_that_the_point_no_longer_keeps_are_refused(town: Network):
    session = town.charging()
    record = town.engines["CP001"].meter(session.session_id, 5)
    town.engine(journal_id=OTHER_JOURNAL)
    refusal = town.refuses(c.TakeRecords, cp_id="CP001", journal_id=JOURNAL, records=(record,))
    assert refusal.code is Code.SEQ


def test_a_late_end_of_an_old_session_does_not_touch_the_new_one(town: Network):
    first = town.charging()
    engine = town.engines["CP001"]
    town.sends(engine.ended(first.session_id))
    second = town.charging()
    decision = town.sends(engine.ended(first.session_id, 99 * KWH))
    set_aside(decision, "unknown or closed session")
    assert town.session(second.session_id) == second
    assert len(town.tickets) == 1


def test_a_second_end_with_other_numbers_is_set_aside(town: Network):
    session = town.charging()
    engine = town.engines["CP001"]
    town.sends(engine.ended(session.session_id, KWH))
    set_aside(town.sends(engine.ended(session.session_id, 5 * KWH)), "unknown or closed")
    assert town.tickets[0].energy_mwh == KWH


@pytest.mark.parametrize("kind", ["started", "meter", "ended", "refused"])
def test_a_point_cannot_speak_of_another_points_session(town: Network, kind: str):
    town.point_is_there("CP002")
    session = town.charging()
    rogue = town.engines["CP002"]
    decision = town.sends(getattr(rogue, kind)(session.session_id), cp_id="CP002")
    set_aside(decision, "session of another charging point")
    assert town.session(session.session_id) == session
    assert town.tickets == []


def test_a_meter_that_goes_backwards_is_set_aside(town: Network):
    session = town.charging(more_mwh=KWH)
    decision = town.sends(town.engines["CP001"].meter(session.session_id, -1))
    set_aside(decision, "meter goes backwards")
    assert town.session(session.session_id).energy_mwh == KWH


def test_a_final_meter_below_an_earlier_one_is_set_aside_and_the_highest_counts(town: Network):
    session = town.charging(more_mwh=KWH)
    decision = town.sends(town.engines["CP001"].ended(session.session_id, -10))
    set_aside(decision, "final meter is below an earlier one")
    assert town.tickets[0].energy_mwh == KWH


def test_a_start_that_comes_twice_is_set_aside(town: Network):
    session = town.charging(more_mwh=KWH)
    decision = town.sends(town.engines["CP001"].started(session.session_id))
    set_aside(decision, "does not fit a session that is CHARGING")
    assert town.session(session.session_id).energy_mwh == KWH


def test_a_running_charge_cannot_be_refused(town: Network):
    session = town.charging(more_mwh=KWH)
    set_aside(town.sends(town.engines["CP001"].refused(session.session_id)), "CHARGING")
    assert town.session(session.session_id).is_open


def test_a_meter_before_the_start_is_set_aside(town: Network):
    session = town.authorised()
    set_aside(town.sends(town.engines["CP001"].meter(session.session_id, KWH)), "AUTHORISED")
    assert town.session(session.session_id).energy_mwh == 0


def test_an_end_without_a_start_is_set_aside_and_nothing_is_paid(town: Network):
    session = town.authorised()
    decision = town.sends(town.engines["CP001"].ended(session.session_id, KWH))
    set_aside(decision, "ended without a start")
    assert only(decision, events.SessionRefused).reason is EndReason.OTHER
    assert (town.tickets, town.driver().balance_cents) == ([], 2_000)


def test_a_start_that_crossed_the_stop_still_runs_until_the_engine_ends_it(town: Network):
    session = town.authorised()
    town.does(c.StopCharging, driver_id="D01")
    engine = town.engines["CP001"]
    town.sends(engine.started(session.session_id))
    assert town.session(session.session_id).stop_reason is EndReason.DRIVER
    town.sends(engine.ended(session.session_id, 5, reason="driver"))
    assert (town.tickets[0].energy_mwh, town.tickets[0].reason) == (5, EndReason.DRIVER)


@pytest.mark.parametrize(
    ("ordered", "said_by_engine", "on_the_ticket"),
    [
        (True, "a new kind of reason", EndReason.OPERATOR),
        (True, "unplugged", EndReason.UNPLUGGED),
        (False, "a new kind of reason", EndReason.OTHER),
    ],
)
def test_an_unknown_reason_is_explained_by_the_stop_that_was_ordered(
    town: Network, ordered: bool, said_by_engine: str, on_the_ticket: EndReason
):
    session = town.charging()
    if ordered:
        town.holds()
    town.sends(town.engines["CP001"].ended(session.session_id, reason=said_by_engine))
    assert town.tickets[0].reason is on_the_ticket


def test_a_charge_goes_on_to_its_ticket_with_its_monitor_and_driver_gone(town: Network):
    session = town.charging(more_mwh=KWH)
    town.monitor_leaves()
    town.does(c.DriverLeaves, driver_id="D01", link=town.driver().link, reason="cut")
    town.sends(town.engines["CP001"].ended(session.session_id))
    assert town.tickets[0].energy_mwh == KWH
    assert town.facts.unseen_by(session.session_id) == "D01"
