"""What a driver's page shows: its own, and nobody else's."""

import json
from dataclasses import replace

import pytest

from evcharge.central.rules import commands as c
from evcharge.central.views.driver_board import MAX_TICKETS, POWER_FIGURES, InboxRead
from evcharge.domain import events
from evcharge.domain.charging_point import Hold
from tests.unit.central.builders import KWH, NOON
from tests.unit.central.pages import Shown


@pytest.fixture
def town() -> Shown:
    town = Shown(points=3, drivers=2)
    town.drivers_board.open("D01")
    return town


def me(town: Shown, driver_id: str = "D01") -> dict:
    return json.loads(town.drivers_board.frame(driver_id, None))["me"]


def test_a_driver_sees_its_wallet_and_which_points_are_free(town: Shown):
    town.holds(cp_id="CP002")
    town.ticks()
    frame = json.loads(town.drivers_board.frame("D01", None))
    assert (frame["t"], frame["epoch"], frame["rev"]) == ("snap", "9f3c21aa", town.board.rev)
    assert frame["free"] == [0, 2]
    assert sorted(name[1] for name in frame["c"]) == ["CP001", "CP002", "CP003"]
    assert frame["me"] == {
        "driver_id": "D01",
        "balance_cents": 2_000,
        "held_cents": 0,
        "owed_cents": 0,
        "session": None,
        "refused": None,
        "tickets": [],
        "question": None,
        "pin_limit_cents": None,
    }


def test_a_later_frame_names_only_points_that_are_new_but_is_whole_otherwise(town: Shown):
    seen = town.board.rev
    town.point_is_there("CP004")
    town.ticks()
    frame = json.loads(town.drivers_board.frame("D01", seen))
    assert (frame["t"], [name[1] for name in frame["c"]], frame["free"]) == ("d", ["CP004"], [0, 1, 2, 3])


def test_a_driver_sees_why_its_charge_is_interrupted_and_that_the_ticket_follows(town: Shown):
    town.charging()
    town.ticks()
    assert me(town)["session"]["trouble"] is None
    town.reports("engine lost")
    town.ticks()
    shown = me(town)["session"]
    assert shown["step"] == "STOPPING"
    kept = "Ce que vous avez jusqu’ici est conservé\u00a0; le ticket final suit."
    assert shown["trouble"] == {
        "en": "CP001 failed (engine lost). What you have so far is kept; the final ticket follows.",
        "es": "Avería en CP001 (engine lost). Lo que lleva queda guardado; llegará el tique final.",
        "de": "CP001 ist ausgefallen (engine lost). Was Sie bis jetzt haben, bleibt; der endgültige Beleg folgt.",
        "fr": f"CP001 a eu une panne (engine lost). {kept}",
        "pt": "CP001 falhou (engine lost). O que tem até agora mantém-se; o talão final segue.",
        "ca": "CP001 ha fallat (engine lost). El que teniu fins ara es conserva; el tiquet final arribarà.",
    }
    town.engine_leaves()
    assert "failed (engine lost)" in me(town)["session"]["trouble"]["en"]


@pytest.mark.parametrize(
    "where", ["nothing answers at 10.0.0.7:9101 (connection refused)", "10.0.0.7:9101 hung up"]
)
def test_a_driver_sees_no_address_of_an_engine_that_is_lost(town: Shown, where: str):
    town.charging()
    town.reports(f"engine lost: {where}")
    said = me(town)["session"]["trouble"]
    assert said["en"].startswith("CP001 failed (engine lost: it does not answer). ")
    assert said["es"].startswith("Avería en CP001 (motor perdido: no responde). ")


def test_a_driver_sees_who_ended_its_charge_and_nothing_of_its_own_stop(town: Shown):
    town.charging()
    town.holds(cp_id="CP001")
    said = me(town)["session"]["trouble"]
    assert said["en"] == "Stopped by the operator. What you have so far is kept; the final ticket follows."
    assert said["es"] == "Parado por el operador. Lo que lleva queda guardado; llegará el tique final."
    assert said["de"] == "Vom Betreiber beendet. Was Sie bis jetzt haben, bleibt; der endgültige Beleg folgt."


def test_a_driver_sees_that_its_own_stop_waits_for_an_engine_that_is_away(town: Shown):
    town.charging()
    town.does(c.StopCharging, driver_id="D01")
    assert me(town)["session"]["trouble"] is None
    town.engine_leaves()
    assert "CP001 failed (no link to Central)" in me(town)["session"]["trouble"]["en"]


def test_a_charge_that_goes_on_without_link_or_monitor_says_so(town: Shown):
    town.charging()
    town.monitor_leaves()
    assert "The monitor of CP001 is not heard" in me(town)["session"]["trouble"]["en"]
    town.engine_leaves()
    assert "its figures stand still" in me(town)["session"]["trouble"]["en"]


def test_the_steps_of_a_charge(town: Shown):
    session = town.authorised()
    shown = me(town)["session"]
    assert (shown["step"], shown["started_at"], shown["plug_within_s"]) == ("ASKING", None, 60)
    town.does(c.ReportReady, cp_id="CP001", session_id=session.session_id)
    assert me(town)["session"]["step"] == "READY"
    town.later(5)
    town.sends(town.engines["CP001"].started(session.session_id))
    shown = me(town)["session"]
    assert (shown["step"], shown["started_at"]) == ("CHARGING", int(NOON.timestamp()) + 5)
    assert (shown["limit_mwh"], shown["price"]) == (80 * KWH, 2_500)
    town.does(c.StopCharging, driver_id="D01")
    assert me(town)["session"]["step"] == "STOPPING"
    town.ends(session)
    assert me(town)["session"] is None


def test_a_session_that_was_ready_and_came_to_nothing_tells_why(town: Shown):
    session = town.authorised()
    town.does(c.ReportReady, cp_id="CP001", session_id=session.session_id)
    town.sends(town.engines["CP001"].refused(session.session_id, "not plugged in"))
    refused = me(town)["refused"]
    assert refused["request_id"] == session.request_id
    assert refused["en"] == "CP001: the car was not plugged in in time."
    assert refused["es"] == "CP001: el vehículo no se enchufó a tiempo."


def test_the_last_minute_of_power_is_kept_also_while_no_page_is_open(town: Shown):
    session = town.charging("D02", "CP002")
    for number in range(POWER_FIGURES + 5):
        town.draws(session, 20_000 + number, number)
    town.drivers_board.open("D02")
    power = me(town, "D02")["session"]["power"]
    assert (len(power), power[0], power[-1]) == (POWER_FIGURES, 20_005, 20_064)
    town.ends(session)
    assert town.drivers_board._power == {}


def test_a_refusal_stays_until_a_request_is_granted(town: Shown):
    town.asks("D01", "CP404", request_id="R-00000404")
    assert me(town)["refused"]["request_id"] == "R-00000404"
    town.authorised()
    assert me(town)["refused"] is None


def reopened(town: Shown) -> InboxRead:
    """Return what must be read for a page that was just opened."""
    town.drivers_board.close("D01")
    town.drivers_board.open("D01")
    read = town.drivers_board.next_read("D01")
    assert read is not None
    return read


def test_tickets_of_the_books_and_of_this_moment_are_shown_until_they_were_seen(town: Shown):
    town.ends(town.charging(more_mwh=KWH))
    town.ends(town.charging(more_mwh=2 * KWH))
    stored = list(town.tickets)
    read = reopened(town)
    # A ticket is made, and one seen, while the books are being read.
    town.ends(town.charging(more_mwh=3 * KWH))
    town.does(c.MarkTicketShown, driver_id="D01", session_id=stored[1].session_id)
    town.drivers_board.adopt(read, [*stored, town.tickets[-1]], None)
    assert [row["energy_mwh"] for row in me(town)["tickets"]] == [KWH, 3 * KWH]
    town.does(c.MarkTicketShown, driver_id="D01", session_id=stored[0].session_id)
    assert [row["energy_mwh"] for row in me(town)["tickets"]] == [3 * KWH]
    assert town.drivers_board.next_read("D01") is None


def test_a_long_inbox_is_read_on_when_most_of_it_was_seen(town: Shown):
    for _ in range(60):
        town.ends(town.charging(more_mwh=KWH))
    stored = list(town.tickets)
    read = reopened(town)
    assert (read.place, town.drivers_board.next_read("D01")) == (0, None)
    town.drivers_board.adopt(read, stored[:50], 50)
    # What was made of late comes after what is older.
    town.ends(town.charging(more_mwh=2 * KWH))
    shown = [row["session_id"] for row in me(town)["tickets"]]
    assert shown == [ticket.session_id for ticket in stored[:50]]
    for ticket in stored[:24]:
        town.does(c.MarkTicketShown, driver_id="D01", session_id=ticket.session_id)
        assert town.drivers_board.wanting() == []
    town.does(c.MarkTicketShown, driver_id="D01", session_id=stored[24].session_id)
    assert town.drivers_board.wanting() == ["D01"]
    read = town.drivers_board.next_read("D01")
    assert read is not None
    assert read.place == 50
    town.drivers_board.adopt(read, stored[50:], None)
    shown = [row["session_id"] for row in me(town)["tickets"]]
    assert shown == [ticket.session_id for ticket in [*stored[25:], town.tickets[-1]]]


def test_a_ticket_that_is_put_right_while_the_page_is_open_is_shown_again(town: Shown):
    town.does(c.DriverLeaves, driver_id="D01", link=town.driver().link, reason="cut")
    town.drivers_board.adopt(reopened(town), [], None)
    town.ends(town.charging(more_mwh=4 * KWH))
    (ticket,) = town.tickets
    town.does(c.MarkTicketShown, driver_id="D01", session_id=ticket.session_id)
    assert town.drivers_board.wanting() == []
    town.does(c.Refund, session_id=ticket.session_id, cents=40, reason="slow", reference="R-1")
    assert town.drivers_board.wanting() == ["D01"]
    read = town.drivers_board.next_read("D01")
    assert read is not None
    assert read.place == 0
    town.drivers_board.adopt(read, [replace(ticket, corrected_cents=-40)], None)
    assert [row["corrected_cents"] for row in me(town)["tickets"]] == [-40]
    assert town.drivers_board.wanting() == []


def test_a_ticket_that_is_put_right_while_the_inbox_is_read_is_read_again(town: Shown):
    town.ends(town.charging(more_mwh=4 * KWH))
    (ticket,) = town.tickets
    read = reopened(town)
    town.does(c.Refund, session_id=ticket.session_id, cents=40, reason="slow", reference="R-1")
    town.drivers_board.adopt(read, [ticket], None)
    assert town.drivers_board.wanting() == ["D01"]
    read = town.drivers_board.next_read("D01")
    assert read is not None
    town.drivers_board.adopt(read, [replace(ticket, corrected_cents=-40)], None)
    assert [row["corrected_cents"] for row in me(town)["tickets"]] == [-40]


def test_what_was_read_for_pages_that_are_closed_is_shown_on_no_others(town: Shown):
    town.ends(town.charging(more_mwh=KWH))
    read = reopened(town)
    again = reopened(town)
    town.drivers_board.adopt(read, town.tickets, None)
    assert me(town)["tickets"] == []
    town.drivers_board.adopt(again, town.tickets, None)
    assert len(me(town)["tickets"]) == 1


def test_a_ticket_looks_as_in_the_lists_of_the_api(town: Shown):
    town.ends(town.charging(more_mwh=2 * KWH))
    (row,) = me(town)["tickets"]
    assert (row["price"], row["cost_cents"], row["estimated"], row["reason"]) == (
        "0.25",
        50,
        False,
        "unplugged",
    )
    assert row["ended_at"] == "2026-01-01T12:00:00.000000+00:00"


def test_of_very_many_tickets_the_first_are_shown(town: Shown):
    for number in range(MAX_TICKETS + 1):
        town.feed.publish(
            events.TicketMade(
                session_id=f"S-{number:08}",
                request_id=f"R-{number:08}",
                cp_id="CP001",
                driver_id="D01",
                energy_mwh=1,
                cost_cents=0,
                price_centi_cents_per_kwh=2_500,
                reason="unplugged",
                started_at=0.0,
                ended_at=0.0,
                estimated=False,
                balance_cents=0,
            )
        )
    assert len(me(town)["tickets"]) == MAX_TICKETS


def test_a_view_is_numbered_anew_only_when_it_changed(town: Shown):
    town.ticks()
    before = town.drivers_board.changes("D01")
    town.holds(Hold.WEATHER, cp_id="CP003")
    town.charging("D02", "CP002")
    town.ticks()
    town.driver_is_there("D01")
    town.ticks()
    assert town.drivers_board.changes("D01") == before
    town.does(c.TopUp, driver_id="D01", cents=100)
    town.ticks()
    assert town.drivers_board.changes("D01") != before
    before = town.drivers_board.changes("D01")
    town.draws(town.charging(), 22_000, KWH)
    town.ticks()
    assert town.drivers_board.changes("D01") != before


def test_nothing_is_kept_of_a_driver_whose_last_page_is_closed(town: Shown):
    town.drivers_board.open("D01")
    read = town.drivers_board.next_read("D01")
    assert read is not None
    town.asks("D01", "CP404")
    town.drivers_board.close("D01")
    assert me(town)["refused"] is not None
    town.drivers_board.close("D01")
    assert me(town)["refused"] is None
    assert town.drivers_board._readers == {}
    # What arrives late for a page that is gone harms nobody.
    town.drivers_board.adopt(read, [], None)
    town.does(c.TopUp, driver_id="D01", cents=100)
    town.ticks()


def test_a_driver_that_nobody_knows_has_nothing(town: Shown):
    town.drivers_board.open("D99")
    assert me(town, "D99")["balance_cents"] == 0


def test_the_view_follows_even_when_only_the_link_of_the_point_is_gone(town: Shown):
    session = town.charging()
    town.draws(session, 22_000, KWH)
    assert me(town)["session"]["power_w"] == 22_000
    town.engine_leaves()
    town.ticks()
    assert me(town)["session"]["power_w"] is None
