"""The quarantine: whatever could be money is kept, and nonsense has an end."""

from dataclasses import replace

import pytest
from msgspec import structs

from evcharge.central.rules import commands as c
from evcharge.central.rules.facts import Quarantined
from evcharge.central.rules.quarantine import MOST_FOREIGN
from evcharge.central.rules.replies import RecordsTaken
from evcharge.central.rules.start_seal import seal
from evcharge.domain import events, journal_records
from evcharge.domain.ids import CpId
from tests.unit.central.builders import KWH, Network, only

KEY = b"k" * 32


@pytest.fixture
def town() -> Network:
    town = Network()
    town.rules = replace(town.rules, sign_key=KEY)
    town.point_is_there()
    town.driver_is_there()
    return town


def kept(town: Network, session_id: str, kind: str) -> Quarantined | None:
    return town.facts.quarantined(CpId("CP001"), session_id, kind)


def rows(town: Network) -> int:
    return len(town.facts._quarantine)


def forgotten(town: Network, **changes: object) -> journal_records.SupplyStart:
    """The start of a session that Central signed, and that its books do not hold: they are an older copy."""
    said = {
        "session_id": "S-D01-CP001-forgotten",
        "request_id": "R-00000077",
        "driver_id": "D01",
        "hold_cents": 2_000,
        "limit_mwh": 80 * KWH,
    }
    event = events.SessionAuthorised(**said, cp_id="CP001", price_centi_cents_per_kwh=2_500, plug_within_s=60)
    record = journal_records.SupplyStart(
        seq=town.engines["CP001"].next_seq(), **said, price=2_500, auth=seal(KEY, event), meter_mwh=0
    )
    return structs.replace(record, **changes)


def its_id_has_another_owner(town: Network) -> None:
    """So that nobody can be billed for what Central signed for the first one."""
    town.driver_is_there(registration=1, epoch=1)


def nonsense(town: Network, number: int) -> journal_records.Meter:
    return town.engines["CP001"].meter(f"S-nonsense-{number:08}", 1)


def test_a_record_that_makes_no_sense_is_kept_acknowledged_and_told(town: Network):
    record = nonsense(town, 1)
    decision = town.sends(record)
    assert decision.reply == RecordsTaken(last_seq=record.seq)
    one = kept(town, record.session_id, "METER")
    assert (one.why, one.ours, one.times) == ("unknown or closed session", False, 1)
    assert only(decision, events.RecordQuarantined).kept


def test_nonsense_of_ever_new_sessions_is_kept_up_to_a_bound_and_then_only_counted(town: Network):
    for number in range(MOST_FOREIGN):
        town.sends(nonsense(town, number))
    assert rows(town) == MOST_FOREIGN
    record = nonsense(town, MOST_FOREIGN)
    decision = town.sends(record)
    assert decision.reply == RecordsTaken(last_seq=record.seq)
    assert not only(decision, events.RecordQuarantined).kept
    assert rows(town) == MOST_FOREIGN


def test_the_bound_holds_within_one_delivery(town: Network):
    town.sends(*(nonsense(town, number) for number in range(MOST_FOREIGN + 100)))
    assert rows(town) == MOST_FOREIGN


def test_the_nonsense_of_one_point_leaves_room_for_that_of_another(town: Network):
    town.point_is_there("CP002")
    town.sends(*(nonsense(town, number) for number in range(MOST_FOREIGN)))
    record = town.engines["CP002"].meter("S-nonsense", 1)
    assert only(town.sends(record, cp_id="CP002"), events.RecordQuarantined).kept


def test_the_same_record_again_is_counted_in_its_row(town: Network):
    for _ in range(3):
        decision = town.sends(town.engines["CP001"].meter("S-nonsense", 5))
    one = kept(town, "S-nonsense", "METER")
    assert (one.times, one.seq) == (3, town.engines["CP001"].last_seq), "the last meter stands for all"
    assert not only(decision, events.RecordQuarantined).kept
    assert rows(town) == 1


def test_what_central_itself_signed_is_kept_however_much_nonsense_there_is(town: Network):
    its_id_has_another_owner(town)
    town.sends(*(nonsense(town, number) for number in range(MOST_FOREIGN)))
    engine, start = town.engines["CP001"], forgotten(town)
    decision = town.sends(start, engine.meter(start.session_id, KWH), engine.meter(start.session_id, KWH))
    decision = town.sends(engine.ended(start.session_id))
    assert only(decision, events.RecordQuarantined).kept
    assert kept(town, start.session_id, "SUPPLY_START").ours
    meter = kept(town, start.session_id, "METER")
    assert (meter.ours, meter.times, meter.seq) == (True, 2, engine.last_seq - 1)
    assert kept(town, start.session_id, "SUPPLY_END").ours


@pytest.mark.parametrize(
    "forged",
    [
        {"auth": "0" * 64},
        {"limit_mwh": 99 * KWH},
        {"driver_id": "D02"},
        {"price": 1},
        {"session_id": "S-another"},
    ],
)
def test_a_forged_start_is_not_ours(town: Network, forged: dict):
    start = forgotten(town, **forged)
    town.sends(start)
    assert not kept(town, start.session_id, "SUPPLY_START").ours


def test_a_start_that_was_signed_for_another_point_is_not_ours(town: Network):
    town.point_is_there("CP002")
    start = forgotten(town)
    record = structs.replace(start, seq=town.engines["CP002"].next_seq())
    town.sends(record, cp_id="CP002")
    assert not town.facts.quarantined(CpId("CP002"), start.session_id, "SUPPLY_START").ours


def test_a_signed_start_replaces_a_forged_one_and_gives_its_room_back(town: Network):
    its_id_has_another_owner(town)
    town.sends(forgotten(town, auth="0" * 64))
    assert town.facts.foreign_records(CpId("CP001")) == 1
    start = forgotten(town)
    town.sends(start)
    one = kept(town, start.session_id, "SUPPLY_START")
    assert (one.ours, one.seq, one.times) == (True, start.seq, 2)
    assert town.facts.foreign_records(CpId("CP001")) == 0


def test_a_forged_start_does_not_replace_a_signed_one(town: Network):
    its_id_has_another_owner(town)
    start = forgotten(town)
    town.sends(start)
    town.sends(forgotten(town, auth="0" * 64))
    one = kept(town, start.session_id, "SUPPLY_START")
    assert (one.ours, one.seq, one.times) == (True, start.seq, 2)


def test_odd_records_of_an_open_session_are_ours(town: Network):
    town.sends(*(nonsense(town, number) for number in range(MOST_FOREIGN)))
    session = town.charging(more_mwh=KWH)
    engine = town.engines["CP001"]
    for meter_mwh in (3, 2, 1):
        decision = town.sends(
            journal_records.Meter(seq=engine.next_seq(), session_id=session.session_id, meter_mwh=meter_mwh)
        )
        assert only(decision, events.RecordQuarantined).kept
    one = kept(town, session.session_id, "METER")
    assert (one.why, one.ours, one.times) == ("meter goes backwards", True, 3)


def test_records_about_the_session_of_another_point_are_not_ours(town: Network):
    session = town.charging()
    town.point_is_there("CP002")
    town.sends(town.engines["CP002"].meter(session.session_id, KWH), cp_id="CP002")
    assert not town.facts.quarantined(CpId("CP002"), session.session_id, "METER").ours


def test_a_draft_that_is_given_up_leaves_the_count_alone(town: Network):
    before = town.facts.foreign_records(CpId("CP001"))
    town.refuses(c.TakeRecords, cp_id="CP001", journal_id="c" * 32, records=(nonsense(town, 1),))
    assert town.facts.foreign_records(CpId("CP001")) == before
