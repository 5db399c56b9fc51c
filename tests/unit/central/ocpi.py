"""What OCPI 2.2.1 says of a CDR, by hand as JSON Schema, and what the CDRs of some books add up to."""

import json
import sqlite3
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator

from evcharge.central.api.kit.exports import Exports
from evcharge.central.books.archive import Archive
from evcharge.domain.days import UTC_DAYS
from evcharge.domain.issuer import Issuer
from evcharge.storage.reading import AtOneInstant

PARTY = Issuer(country_code="ES", party_id="EVC")
INSTANT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
COUNTRY = {"type": "string", "pattern": "^[A-Z]{2}$"}
PARTY_ID = {"type": "string", "pattern": "^[A-Z0-9]{3}$"}
CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$"}


def ci(most: int) -> dict[str, object]:
    """A CiString: printable ASCII."""
    return {"type": "string", "minLength": 1, "maxLength": most, "pattern": "^[ -~]+$"}


def text(most: int) -> dict[str, object]:
    return {"type": "string", "minLength": 1, "maxLength": most, "pattern": r"^[^\x00-\x1f]+$"}


def an_object(required: dict[str, object], optional: dict[str, object] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


PRICE = an_object({"excl_vat": {"type": "number"}}, {"incl_vat": {"type": "number"}})
TARIFF = an_object(
    {
        "country_code": COUNTRY,
        "party_id": PARTY_ID,
        "id": ci(36),
        "currency": CURRENCY,
        "elements": {
            "type": "array",
            "minItems": 1,
            "items": an_object(
                {
                    "price_components": {
                        "type": "array",
                        "minItems": 1,
                        "items": an_object(
                            {
                                "type": {"enum": ["ENERGY", "FLAT", "PARKING_TIME", "TIME"]},
                                "price": {"type": "number", "minimum": 0},
                                "step_size": {"type": "integer", "minimum": 1},
                            },
                            {"vat": {"type": "number", "minimum": 0, "maximum": 100}},
                        ),
                    }
                }
            ),
        },
        "last_updated": INSTANT,
    }
)
LOCATION = an_object(
    {
        "id": ci(36),
        "address": text(45),
        "city": text(45),
        "country": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "evse_uid": ci(36),
        "evse_id": {
            "type": "string",
            "pattern": r"^[A-Z]{2}\*[A-Z0-9]{3}\*E[A-Z0-9*]{1,31}$",
            "maxLength": 48,
        },
        "connector_id": ci(36),
        "connector_standard": {"enum": ["IEC_62196_T2"]},
        "connector_format": {"enum": ["SOCKET", "CABLE"]},
        "connector_power_type": {"enum": ["AC_1_PHASE", "AC_2_PHASE", "AC_3_PHASE", "DC"]},
    },
    {
        "name": text(255),
        # OCPI requires them. Where nobody knows them they are missing: a place in the sea would be worse.
        "coordinates": an_object(
            {
                "latitude": {"type": "string", "pattern": r"^-?[0-9]{1,2}\.[0-9]{5,7}$"},
                "longitude": {"type": "string", "pattern": r"^-?[0-9]{1,3}\.[0-9]{5,7}$"},
            }
        ),
    },
)
CDR = an_object(
    {
        "country_code": COUNTRY,
        "party_id": PARTY_ID,
        "id": ci(39),
        "start_date_time": INSTANT,
        "end_date_time": INSTANT,
        "cdr_token": an_object(
            {
                "country_code": COUNTRY,
                "party_id": PARTY_ID,
                "uid": ci(36),
                "type": {"enum": ["AD_HOC_USER", "APP_USER", "OTHER", "RFID"]},
                "contract_id": ci(36),
            }
        ),
        "auth_method": {"enum": ["AUTH_REQUEST", "COMMAND", "WHITELIST"]},
        "cdr_location": LOCATION,
        "currency": CURRENCY,
        "charging_periods": {
            "type": "array",
            "minItems": 1,
            "items": an_object(
                {
                    "start_date_time": INSTANT,
                    "dimensions": {
                        "type": "array",
                        "minItems": 1,
                        "items": an_object(
                            {
                                "type": {"enum": ["ENERGY", "TIME"]},
                                "volume": {"type": "number", "minimum": 0},
                            }
                        ),
                    },
                },
                {"tariff_id": ci(36)},
            ),
        },
        "total_cost": PRICE,
        "total_energy": {"type": "number", "minimum": 0},
        "last_updated": INSTANT,
    },
    {
        "session_id": ci(36),
        "authorization_reference": ci(36),
        "tariffs": {"type": "array", "items": TARIFF},
        # OCPI requires it. Engines of an old release do not say how long a charge lasted.
        "total_time": {"type": "number", "minimum": 0},
        "remark": text(255),
        "credit": {"const": True},
        "credit_reference_id": ci(39),
    },
) | {"dependentRequired": {"credit": ["credit_reference_id"], "credit_reference_id": ["credit"]}}
_VALIDATOR = Draft202012Validator({"type": "array", "items": CDR})


def checked(cdrs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return CDRs that are as OCPI wants them, each under an id of its own, each credit of one that is there."""
    assert [f"{list(fault.path)}: {fault.message}" for fault in _VALIDATOR.iter_errors(cdrs)] == []
    ids = [one["id"] for one in cdrs]
    assert len(ids) == len(set(ids))
    credited = [one["credit_reference_id"] for one in cdrs if "credit" in one]
    assert len(credited) == len(set(credited))
    assert set(credited) <= set(ids)
    return cdrs


def read(data: bytes | str) -> list[dict[str, Any]]:
    """Return CDRs as they were written, with every digit."""
    cdrs = json.loads(data, parse_float=Decimal)
    checked(json.loads(data))
    return cdrs


def sums(cdrs: list[dict[str, Any]]) -> tuple[int, int]:
    """Return what CDRs come to, in cents and mWh."""
    costs = [one["total_cost"] for one in cdrs]
    cents = sum(Decimal(one.get("incl_vat", one["excl_vat"])) * 100 for one in costs)
    mwh = sum(Decimal(one["total_energy"]) * (-1 if "credit" in one else 1) * 1_000_000 for one in cdrs)
    assert (cents, mwh) == (int(cents), int(mwh))
    return int(cents), int(mwh)


def exported(books: sqlite3.Connection, what: Any, format_: Any, **filters: Any) -> bytes:
    """Return a file of the books behind `books`."""
    exports = Exports(Archive(AtOneInstant(books)), UTC_DAYS, {}, PARTY)

    async def run() -> bytes:
        return b"".join([part async for part in exports.file(what, format_, filters)])

    # Nothing there waits for anything, so that no loop is needed, and one that runs is not in the way.
    made = run()
    try:
        made.send(None)
    except StopIteration as done:
        return bytes(done.value)
    raise AssertionError("reading a file waits for nothing")


def everything_is_exported_once(books: sqlite3.Connection) -> None:
    """Hold the files of some books against their ledger: every cent and mWh is there, once."""
    ((cents, mwh),) = books.execute(
        "SELECT COALESCE(SUM(cost_cents + corrected_cents), 0), COALESCE(SUM(energy_mwh + corrected_mwh), 0) "
        "FROM ticket_now"
    )
    cdrs = read(exported(books, "tickets", "cdr"))
    assert sums(cdrs) == (cents, mwh)
    tickets = json.loads(exported(books, "tickets", "json"))
    assert sum(one["cost_cents"] + one["corrected_cents"] for one in tickets) == cents
    assert sum(one["energy_mwh"] + one["corrected_mwh"] for one in tickets) == mwh
    # What was billed of who had a wallet is in the ledger, or owed.
    ((revenue,),) = books.execute(
        "SELECT COALESCE(SUM(CASE WHEN credit = 'revenue' THEN cents ELSE -cents END), 0) FROM ledger "
        "WHERE session_id IS NOT NULL AND 'revenue' IN (credit, debit)"
    )
    ((owed,),) = books.execute("SELECT COALESCE(SUM(left_cents), 0) FROM debt")
    paying = {
        row[0] for row in books.execute("SELECT session_id FROM session WHERE hold_cents + short_cents > 0")
    }
    billed, _ = sums([one for one in cdrs if one["session_id"] in paying])
    assert billed == revenue + owed
    sessions = json.loads(exported(books, "sessions", "json"))
    ((count,),) = books.execute("SELECT COUNT(*) FROM session")
    assert len(sessions) == len({one["session_id"] for one in sessions}) == count
