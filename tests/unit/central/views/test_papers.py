"""A charge on paper: its curve, its lines of money, and the VAT in them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from evcharge.central.views.papers import Amendment, bill, course, receipt, statement
from evcharge.domain.issuer import Issuer
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
UNI = Issuer(operator="Uni EV", tax_id="Q0332001G", address="Alicante")
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


def test_a_receipt_says_its_number_who_charges_and_the_vat_that_its_ticket_kept():
    kept = replace(TICKET, vat_permille=210)
    told = receipt(7, kept, [BACK], UNI, "Elche")
    vat = {"percent": 21.0, "total_cents": 150, "cents": 26}
    assert (told["number"], told["total_cents"], told["vat"]) == (7, 150, vat)
    assert (told["operator"], told["tax_id"], told["address"]) == ("Uni EV", "Q0332001G", "Alicante")


@pytest.mark.parametrize("permille", [0, None])
def test_a_receipt_says_nothing_of_vat_where_there_is_none_or_nobody_kept_it(permille: int | None):
    assert receipt(7, replace(TICKET, vat_permille=permille), [], Issuer(), "Elche")["vat"] is None


def of_month(vat_percent: float | None, cents: int, corrected_cents: int = 0) -> dict[str, Any]:
    return {
        "energy_mwh": KWH,
        "corrected_mwh": 5,
        "cost_cents": cents,
        "corrected_cents": corrected_cents,
        "vat_percent": vat_percent,
    }


def test_a_statement_sums_tickets_as_they_are_now():
    moved = [{"at": "x", "kind": "TOP_UP", "cents": 2_000, "session_id": None, "reason": None}]
    told = statement([of_month(21.0, 25, -5), of_month(21.0, 25)], moved, [UNI])
    assert (told["sessions"], told["energy_mwh"], told["total_cents"]) == (2, 2 * KWH + 10, 45)
    assert (told["vat"], told["moved"]) == ([{"percent": 21.0, "total_cents": 45, "cents": 8}], moved)


def test_a_statement_says_the_vat_of_each_rate_and_nothing_of_what_nobody_kept():
    month = [of_month(21.0, 121), of_month(None, 1_000), of_month(10.0, 220, -110), of_month(0.0, 7)]
    told = statement(month, [], [UNI])
    assert told["total_cents"] == 1_238
    assert [(one["percent"], one["total_cents"], one["cents"]) for one in told["vat"]] == [
        (0.0, 7, 0),
        (10.0, 110, 10),
        (21.0, 121, 21),
    ]
    # A network without VAT has no line of it.
    assert statement([of_month(0.0, 7), of_month(None, 5)], [], [UNI])["vat"] == []


def test_a_statement_names_each_issuer_of_its_tickets_once():
    later = replace(UNI, operator="Uni EV Plus", number=3)
    told = statement([], [], [UNI, replace(UNI, vat_permille=210, number=2), later])
    about = {"tax_id": "Q0332001G", "address": "Alicante"}
    assert told["issuers"] == [{"operator": name, **about} for name in ("Uni EV", "Uni EV Plus")]
