"""A charge on paper: its curve, its lines of money, and the VAT in them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from evcharge.central.views.papers import Amendment, Issuer, bill, course, receipt, statement
from evcharge.domain.session import EndReason, Ticket
from tests.unit.central.builders import KWH, NOON

TICKET = Ticket(
    session_id="S-00000001",
    request_id="R-00000001",
    cp_id="CP001",
    driver_id="D01",
    energy_mwh=10 * KWH,
    cost_cents=250,
    price_centi_cents_per_kwh=2_500,
    reason=EndReason.UNPLUGGED,
    started_at=NOON,
    ended_at=NOON + timedelta(hours=1),
    received_at=NOON + timedelta(hours=1),
    elapsed_s=3_600,
)
BACK = Amendment("2026-01-01T14:00:00+00:00", 0, -100, "plug was broken", by_order=True)
REST = Amendment("2026-01-01T13:30:00+00:00", 2 * KWH, 50, "its charging point told the rest", by_order=False)


def test_the_power_between_two_readings_is_what_flowed_there_by_the_clock_of_the_vehicle():
    assert course([(0, 0, 1000, 400), (60, 366_667, 1000, 412), (120, 366_667, 1000, None)]) == [
        [0, 0, 0, 400],
        [60, 366_667, 22_000, 412],
        [120, 366_667, 0, None],
    ]
    # A simulated hour in a minute.
    assert course([(0, 0, 60_000, None), (60, 22 * KWH, 60_000, None)])[1] == [60, 22 * KWH, 22_000, None]


def test_the_lines_of_a_bill_come_to_what_the_charge_costs():
    lines = bill(TICKET, [REST, BACK])
    assert [
        (line["kind"], line["energy_mwh"], line["price"], line["cents"], line["reason"]) for line in lines
    ] == [
        ("energy", 10 * KWH, "0.25", 250, ""),
        ("correction", 2 * KWH, None, 50, ""),
        ("refund", 0, None, -100, "plug was broken"),
    ]
    assert (lines[0]["at"], lines[0]["until"]) == ("2026-01-01T12:00:00+00:00", "2026-01-01T13:00:00+00:00")


def test_an_engine_that_tells_no_seconds_leaves_no_end_on_the_line():
    assert bill(replace(TICKET, elapsed_s=None), [])[0]["until"] is None


@pytest.mark.parametrize(
    ("cents", "permille", "vat"),
    [(121, 210, 21), (250, 210, 43), (-250, 210, -43), (1, 210, 0), (250, 0, 0), (105, 55, 5)],
)
def test_vat_is_the_part_of_the_sum_that_it_is(cents: int, permille: int, vat: int):
    assert Issuer(vat_permille=permille).vat_cents(cents) == vat


def test_a_receipt_says_its_number_who_charges_and_the_vat_if_there_is_one():
    told = receipt(7, TICKET, [BACK], Issuer("Uni EV", "Q0332001G", "Alicante", 210), "Elche")
    assert (told["number"], told["total_cents"], told["vat"]) == (7, 150, {"percent": 21.0, "cents": 26})
    assert (told["operator"], told["tax_id"], told["address"]) == ("Uni EV", "Q0332001G", "Alicante")
    assert receipt(7, TICKET, [], Issuer(), "Elche")["vat"] is None


def test_a_statement_sums_tickets_as_they_are_now():
    tickets = [
        {"energy_mwh": KWH, "corrected_mwh": 5, "cost_cents": 25, "corrected_cents": -5},
        {"energy_mwh": KWH, "corrected_mwh": 0, "cost_cents": 25, "corrected_cents": 0},
    ]
    moved = [{"at": "x", "kind": "TOP_UP", "cents": 2_000, "session_id": None, "reason": None}]
    told = statement(tickets, moved, Issuer(vat_permille=210))
    assert (told["sessions"], told["energy_mwh"], told["total_cents"]) == (2, 2 * KWH + 5, 45)
    assert (told["vat"], told["moved"]) == ({"percent": 21.0, "cents": 8}, moved)
