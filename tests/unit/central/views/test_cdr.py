"""Tickets as OCPI's CDRs: what stands in them, and what is left out because nobody knows it."""

import json
from decimal import Decimal

import msgspec
import pytest

from evcharge.central.rules.facts import Weather
from evcharge.central.views.cdr import cdrs, short
from evcharge.domain.countries import ALPHA_3
from evcharge.domain.location import NOWHERE, Location
from tests.unit.central.ocpi import PARTY, read, sums

TICKET = {
    "session_id": "S-D01-CP001-0011223344556677", "request_id": "5d1c9a", "cp_id": "CP001", "driver_id": "D01",
    "registration": 0, "energy_mwh": 1_234_567, "cost_cents": 31, "price_centi_cents_per_kwh": 2500,
    "reason": "unplugged", "started_at": "2026-11-21T10:00:00.000000+00:00",
    "ended_at": "2026-11-21T10:20:00.500000+00:00", "received_at": "2026-11-21T10:20:01.250000+00:00",
    "elapsed_s": 1200, "estimated": 0, "rebuilt": 0, "by_operator": 0, "vat_permille": 0,
}  # fmt: skip
CORRECTION = {
    "number": 1, "at": "2026-11-22T08:00:00.000000+00:00", "energy_mwh": 1, "cost_cents": -30,
    "ended_at": "2026-11-21T10:21:00.000000+00:00", "elapsed_s": 1260, "reason": "cable broken",
}  # fmt: skip
ALICANTE = Weather(location=Location("Alicante"), country="ES", latitude=38.345, longitude=-0.4815)


def made(ticket=TICKET, corrections=(), where=ALICANTE.location, weather=ALICANTE) -> list[dict]:
    rows = list(cdrs(ticket, corrections, PARTY, where, weather))
    return read(msgspec.json.Encoder(decimal_format="number").encode(rows))


def test_a_ticket_as_ocpi_tells_it():
    (cdr,) = made()
    assert (cdr["start_date_time"], cdr["end_date_time"]) == (
        "2026-11-21T10:00:00.000Z",
        "2026-11-21T10:20:00.500Z",
    )
    assert cdr["last_updated"] == "2026-11-21T10:20:01.250Z"
    assert (cdr["total_energy"], cdr["total_time"]) == (Decimal("1.234567"), Decimal("0.3333"))
    assert cdr["total_cost"] == {"excl_vat": Decimal("0.31")}
    assert cdr["cdr_location"]["coordinates"] == {"latitude": "38.345000", "longitude": "-0.481500"}
    assert cdr["cdr_location"]["country"] == "ESP"
    assert cdr["remark"] == "Ended: unplugged"


def test_a_correction_takes_back_the_one_before_and_makes_a_new_one():
    further = CORRECTION | {"number": 2, "cost_cents": 5, "energy_mwh": 0}
    first, credit, second, credit_of_second, third = rows = made(corrections=(CORRECTION, further))
    assert [row["id"] for row in rows] == [first["id"] + end for end in ("", "-C", "-1", "-1-C", "-2")]
    assert (credit["credit_reference_id"], credit_of_second["credit_reference_id"]) == (
        first["id"],
        second["id"],
    )
    assert [row["total_cost"]["excl_vat"] for row in rows] == [
        Decimal(one) / 100 for one in (31, -31, 1, -1, 6)
    ]
    # A credit repeats all but the sign of the cost.
    assert credit["total_energy"] == first["total_energy"]
    assert (third["total_energy"], third["total_time"]) == (Decimal("1.234568"), Decimal("0.35"))
    assert sums(rows) == (6, 1_234_568)


def test_vat_is_what_the_ticket_kept_also_for_what_corrects_it():
    first, credit, corrected = made(TICKET | {"vat_permille": 210}, [CORRECTION])
    assert first["total_cost"] == {"excl_vat": Decimal("0.26"), "incl_vat": Decimal("0.31")}
    assert credit["total_cost"] == {"excl_vat": Decimal("-0.26"), "incl_vat": Decimal("-0.31")}
    (component,) = first["tariffs"][0]["elements"][0]["price_components"]
    assert (component["price"], component["vat"]) == (Decimal("0.206612"), 21)
    assert sums([first, credit, corrected]) == (1, 1_234_568)


def test_what_nobody_knows_is_left_out():
    unknown = TICKET | {"elapsed_s": None, "estimated": 1, "vat_permille": None}
    (cdr,) = made(unknown, where=NOWHERE, weather=None)
    assert "total_time" not in cdr
    assert cdr["total_cost"] == {"excl_vat": Decimal("0.31")}
    assert "coordinates" not in cdr["cdr_location"]
    # Where nobody says which country it is, it is the operator's.
    assert (cdr["cdr_location"]["city"], cdr["cdr_location"]["country"]) == ("CP001", "ESP")
    assert "estimate" in cdr["remark"]


@pytest.mark.parametrize("name", ["Donostia / San Sebastián", "x" * 80, "Guadalajara, MX"])
def test_a_location_of_any_name_fits(name: str):
    (cdr,) = made(where=Location(name), weather=None)
    assert cdr["cdr_location"]["country"] == ("MEX" if "MX" in name else "ESP")


def test_the_longest_ids_have_digests_that_stay_the_same_and_differ():
    longest = {
        "session_id": f"S-{'D' * 32}-{'C' * 32}-0011223344556677",
        "cp_id": "C" * 31,
        "driver_id": "D" * 32,
    }
    rows = made(TICKET | longest | {"registration": 12345}, (CORRECTION,))
    assert json.dumps(rows, default=str) == json.dumps(
        made(TICKET | longest | {"registration": 12345}, (CORRECTION,)), default=str
    )
    assert len({row["id"] for row in rows}) == 3
    assert short("a" * 36) == "a" * 36
    assert short("a" * 37) != short("a" * 38)


def test_every_country_has_both_of_its_codes():
    assert len(ALPHA_3) == len(set(ALPHA_3.values())) == 249
    assert (ALPHA_3["ES"], ALPHA_3["MX"], ALPHA_3["GB"]) == ("ESP", "MEX", "GBR")
