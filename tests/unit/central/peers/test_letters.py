"""Who is told what, once an event is stored."""

from typing import Any

import pytest
from msgspec import UNSET

from evcharge.central.peers.letters import letters, message_of
from evcharge.central.rules import replies
from evcharge.domain import events as e
from evcharge.domain.charging_point import Hold
from evcharge.domain.errors import Code
from evcharge.domain.ids import Role
from evcharge.domain.session import EndReason
from evcharge.evc1 import messages
from tests.unit.central.views.test_event_text import LINES, ticket

S, R = "S-D01-CP001-00000000000000ff", "R-00000001"
WHOSE = {"session_id": S, "request_id": R, "cp_id": "CP001", "driver_id": "D01"}


def told(event: e.Event) -> list[tuple[Role, str, Any]]:
    found = letters(event, lambda authorised: f"signed {authorised.limit_mwh}")
    for role, peer_id, message in found:
        # Whatever is sent must open at the other end, and be Central's to say.
        assert messages.decode(messages.encode(0, message)).m == message
        messages.check_sender(message, Role.CENTRAL)
        assert (role, peer_id) in ((Role.ENGINE, "CP001"), (Role.MONITOR, "CP001"), (Role.DRIVER, "D01"))
    return found


def progress(step: str, **what: object) -> messages.Progress:
    return messages.Progress(request_id=R, step=step, session_id=S, cp_id="CP001", **what)


@pytest.mark.parametrize(
    ("authorised_at", "at"), [(1_800_000_000.25, 1_800_000_000.25), (0.0, UNSET)], ids=["now", "by 0.1"]
)
def test_an_authorised_session_is_put_to_its_engine_signed_with_centrals_instant(authorised_at: float, at):
    event = e.SessionAuthorised(
        **WHOSE,
        price_centi_cents_per_kwh=2_500,
        hold_cents=2_000,
        limit_mwh=7,
        plug_within_s=60,
        authorised_at=authorised_at,
    )
    start = messages.Start(
        session_id=S,
        request_id=R,
        driver_id="D01",
        price=2_500,
        hold_cents=2_000,
        limit_mwh=7,
        plug_within_s=60,
        auth="signed 7",
        at=at,
    )
    assert told(event) == [(Role.ENGINE, "CP001", start)]


def test_a_driver_is_told_that_the_operator_starts_a_charge_for_it():
    event = e.SessionAuthorised(
        **WHOSE,
        price_centi_cents_per_kwh=2_500,
        hold_cents=80,
        limit_mwh=3_200_000,
        plug_within_s=60,
        by_operator=True,
    )
    (_, letter) = told(event)
    text = "The operator starts a charge for you at CP001."
    assert letter == (Role.DRIVER, "D01", messages.Notice(code="STARTED", text=text, cp_id="CP001"))


@pytest.mark.parametrize(
    ("wish", "limit_mwh", "is_told"),
    [
        ({"until_mwh": 5_000_000}, 3_200_000, True),
        ({"until_mwh": 5_000_000}, 5_000_000, False),
        ({"until_cents": 300}, 3_200_000, True),
        ({"until_cents": 80}, 3_200_000, False),
        ({}, 3_200_000, False),
    ],
)
def test_a_driver_is_told_that_its_charge_may_not_have_all_it_asked_for(wish, limit_mwh: int, is_told: bool):
    event = e.SessionAuthorised(
        **WHOSE,
        price_centi_cents_per_kwh=2_500,
        hold_cents=80,
        limit_mwh=limit_mwh,
        plug_within_s=60,
        authorised_at=1_800_000_000.0,
        **wish,
    )
    (_, *letters) = told(event)
    text = "Your charge at CP001 ends at 3.200 kWh, 0.80 €: no more is allowed."
    limited = messages.Notice(code="LIMITED", text=text, cp_id="CP001", energy_mwh=3_200_000, cost_cents=80)
    assert letters == ([(Role.DRIVER, "D01", limited)] if is_told else [])


def test_a_connected_engine_hears_first_where_it_stands_then_what_to_stop_then_what_is_asked():
    event = e.EngineConnected(
        cp_id="CP001",
        link=1,
        journal_id="a" * 32,
        last_seq=7,
        ask=(S,),
        stop=((S, EndReason.WEATHER),),
    )
    assert [message for _, _, message in told(event)] == [
        messages.Synced(last_seq=7),
        messages.Stop(session_id=S, reason="weather"),
        messages.Query(session_id=S),
    ]


def test_a_driver_whose_charge_went_on_hears_who_is_back():
    spoke = e.MonitorSpoke(cp_id="CP001", driver_id="D01")
    heard = messages.Notice(code="MONITOR_BACK", text="The monitor of CP001 is heard again.", cp_id="CP001")
    assert told(spoke) == [(Role.DRIVER, "D01", heard)]
    assert told(e.MonitorSpoke(cp_id="CP001")) == []
    connected = e.EngineConnected(cp_id="CP001", link=1, journal_id="a" * 32, last_seq=7, driver_id="D01")
    notice = messages.Notice(code="ENGINE_BACK", text="CP001 is connected to CENTRAL again.", cp_id="CP001")
    assert told(connected)[1:] == [(Role.DRIVER, "D01", notice)]


def test_a_driver_hears_what_came_into_its_wallet():
    came_in = e.WalletToppedUp(driver_id="D01", cents=2_000, balance_cents=2_500)
    notice = messages.Notice(code="TOPPED_UP", text="20.00 € were added to your wallet.", cost_cents=2_000)
    assert told(came_in) == [(Role.DRIVER, "D01", notice)]


def test_a_driver_is_led_through_its_request():
    plug_in = progress("READY", text="Plug in at CP001 within 60 s.", plug_within_s=60)
    assert told(e.SessionReady(**WHOSE, plug_within_s=60)) == [(Role.DRIVER, "D01", plug_in)]
    assert told(e.SessionStarted(**WHOSE, meter_mwh=0)) == [(Role.DRIVER, "D01", progress("CHARGING"))]


@pytest.mark.parametrize(
    ("reason", "text"), [(EndReason.DRIVER, ""), (EndReason.WEATHER, "Stopped: weather.")]
)
def test_a_stop_goes_to_the_engine_and_its_reason_to_the_driver(reason: EndReason, text: str):
    assert told(e.StopOrdered(**WHOSE, reason=reason)) == [
        (Role.ENGINE, "CP001", messages.Stop(session_id=S, reason=reason)),
        (Role.DRIVER, "D01", progress("STOPPING", text=text, reason=reason)),
    ]


def test_a_session_that_was_not_taken_is_refused_to_its_driver():
    (letter,) = told(e.SessionRefused(**WHOSE, reason=EndReason.NOT_PLUGGED))
    text = "CP001: the car was not plugged in in time."
    assert letter[2] == progress(
        "REFUSED", code=Code.CP_NOT_AVAILABLE, text=text, reason=EndReason.NOT_PLUGGED
    )


def test_an_interrupted_driver_hears_what_it_has_so_far():
    (letter,) = told(e.SessionInterrupted(**WHOSE, energy_mwh=1_234_567, reason="overheating"))
    text = "CP001 failed (overheating); 1.234 kWh so far; final ticket follows."
    assert letter[2] == messages.Notice(
        code="FAULT", text=text, cp_id="CP001", reason="overheating", energy_mwh=1_234_567
    )


@pytest.mark.parametrize(
    ("fault", "told_as"),
    [
        ("engine lost: nothing answers at 10.0.0.7:9101", "engine lost: it does not answer"),
        ("engine lost: 10.0.0.7:9101 hung up", "engine lost: it does not answer"),
        ("port 9101 is CP002, not CP001", "fault at the charging point"),
        ("journal damaged at byte 7, moved to /srv/cp/journal.bad", "fault at the charging point"),
        ("engine fault: smoke", "engine fault: smoke"),
    ],
)
def test_a_driver_hears_no_address_or_path_of_a_fault_that_it_cannot_mend(fault: str, told_as: str):
    (letter,) = told(e.SessionInterrupted(**WHOSE, energy_mwh=0, reason=fault))
    assert letter[2].text == f"CP001 failed ({told_as}); 0.000 kWh so far; final ticket follows."
    assert letter[2].reason == told_as


def test_a_fault_of_the_longest_text_still_fits_a_notice():
    (letter,) = told(e.SessionInterrupted(**WHOSE, energy_mwh=0, reason="x" * 200))
    assert len(letter[2].text) == 200


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (e.EngineLost, "CP001 has no link to CENTRAL; a running charge goes on, its figures stand still."),
        (e.MonitorLost, "The monitor of CP001 is not heard; your charge goes on to its end."),
    ],
)
def test_the_driver_of_a_silent_point_is_told_and_nobody_else(kind: type[e.Event], text: str):
    (letter,) = told(kind(cp_id="CP001", link=1, reason="cut", session_id=S, driver_id="D01"))
    assert (letter[2].text, letter[2].cp_id) == (text, "CP001")
    assert told(kind(cp_id="CP001", link=1, reason="cut")) == []


@pytest.mark.parametrize("estimated", [False, True])
def test_a_ticket_goes_to_its_driver(estimated: bool):
    (letter,) = told(ticket(estimated=estimated))
    assert letter[:2] == (Role.DRIVER, "D01")
    issued = letter[2]
    assert isinstance(issued, messages.TicketIssued)
    assert (issued.energy_mwh, issued.cost_cents, issued.price) == (1_234_567, 31, 2_500)
    assert (issued.reason, issued.estimated, issued.while_away) == ("unplugged", estimated, False)


def test_a_driver_is_told_that_its_pin_was_guessed_at_and_nothing_of_what_it_did_itself():
    ((role, who, letter),) = told(e.PinRemoved(driver_id="D01", why="misses"))
    assert (role, who, letter.code) == (Role.DRIVER, "D01", "PIN_VOID")
    for why in ("driver", "credential"):
        assert told(e.PinRemoved(driver_id="D01", why=why)) == []


def test_a_driver_is_told_that_its_money_paid_what_it_owed():
    paid = e.DebtPaid(driver_id="D01", session_id=S, cents=120, left_cents=30, owed_cents=30, balance_cents=0)
    ((role, who, letter),) = told(paid)
    assert (role, who, letter.code, letter.cost_cents) == (Role.DRIVER, "D01", "DEBT_PAID", -120)
    assert letter.text == f"1.20 € from your wallet paid what you owed for {S}."


def test_where_a_point_stands_is_for_its_two_programs():
    located = messages.Located(location="Elche", said="Berlin")
    both = [(Role.ENGINE, "CP001", located), (Role.MONITOR, "CP001", located)]
    assert told(e.PointMoved(cp_id="CP001", location="Elche", by="operator", said="Berlin")) == both
    engine = e.EngineConnected(
        cp_id="CP001", link=1, journal_id="a" * 32, last_seq=0, location="Elche", said="Berlin"
    )
    assert told(engine)[1:] == both
    assert told(e.MonitorConnected(cp_id="CP001", link=1, location="Elche", said="Berlin")) == both[1:]
    assert told(e.MonitorConnected(cp_id="CP001", link=1)) == []


def test_what_withholds_a_point_is_for_its_two_programs():
    withheld = messages.Withheld(holds=("operator", "weather"))
    both = [(Role.ENGINE, "CP001", withheld), (Role.MONITOR, "CP001", withheld)]
    holds = (Hold.OPERATOR, Hold.WEATHER)
    assert told(e.HoldPlaced(cp_id="CP001", hold=Hold.WEATHER, holds=holds)) == both
    assert told(e.MonitorConnected(cp_id="CP001", link=1, holds=holds)) == both[1:]
    engine = e.EngineConnected(cp_id="CP001", link=1, journal_id="a" * 32, last_seq=0, holds=holds)
    assert told(engine)[1:] == both
    # Nothing withholds it any more: that is said, once, and not to those who arrive.
    nothing = messages.Withheld(holds=())
    assert [letter[2] for letter in told(e.HoldLifted(cp_id="CP001", hold=Hold.WEATHER))] == [
        nothing,
        nothing,
    ]
    assert told(e.MonitorConnected(cp_id="CP001", link=1)) == []


def test_everything_else_is_for_the_screens_alone():
    speak = {
        e.SessionAuthorised, e.EngineConnected, e.SessionReady, e.SessionStarted, e.StopOrdered, e.SessionRefused,
        e.SessionInterrupted, e.StraySupply, e.TicketMade, e.ConfirmationAsked, e.StartConfirmed, e.ConfirmationEnded,
        e.PinRemoved, e.TicketCorrected, e.PointMoved, e.HoldPlaced, e.HoldLifted, e.WalletCorrected, e.PaidOut,
        e.DebtPaid, e.WalletToppedUp,
    }  # fmt: skip
    for event in LINES:
        if type(event) not in speak:
            assert told(event) == []


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (replies.RequestStep(request_id=R, step="ASKING", session_id=S, cp_id="CP001"), progress("ASKING")),
        (
            replies.RequestStep(request_id=R, step="READY", session_id=S, cp_id="CP001", plug_within_s=60),
            progress("READY", plug_within_s=60),
        ),
        (
            replies.DriverAsked(request_id=R, driver_id="D01", within_s=30),
            messages.Confirming(request_id=R, driver_id="D01", within_s=30),
        ),
        (replies.PinLimit(limit_cents=None), messages.PinState(limit_cents=None)),
        (replies.RecordsTaken(last_seq=7), messages.Ack(seq=7)),
        (replies.RecordsMissing(last_seq=7), messages.Resync(last_seq=7)),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_the_rules_answer_is_a_message_to_whoever_asked(reply: replies.Reply, message: messages.Message):
    assert message_of(reply) == message
