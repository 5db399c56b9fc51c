"""Tickets and their corrections as OCPI 2.2.1 Charge Detail Records. Pure.

A CDR never changes. What a correction puts right takes two more of them, as OCPI wants it: a credit CDR that repeats
the one before with its cost negative, and a new one with what holds from then on. So the costs of all add up to what
the books say, and so does the energy, where that of credit CDRs is taken away.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from evcharge import labels
from evcharge.central.rules.facts import Weather
from evcharge.domain.countries import ALPHA_3
from evcharge.domain.issuer import Issuer
from evcharge.domain.location import Location
from evcharge.domain.session import EndReason
from evcharge.domain.tariff import Tariff, vat_cents
from evcharge.runtime.network_currency import currency

_MOST_ID = 36
_MOST_LINE = 45
_MOST_REMARK = 255
_SECONDS_OF_AN_HOUR = 3600
Row = Mapping[str, Any]
Cdr = dict[str, Any]


def cdrs(
    ticket: Row, corrections: Sequence[Row], issuer: Issuer, where: Location, weather: Weather | None
) -> Iterator[Cdr]:
    """Yield the CDRs of one ticket, which `issuer` issued, oldest first.

    `corrections` are in their order, `where` is where the charge was.
    What nobody knows is left out: degrees, how long an engine of an old release charged, VAT.
    """
    made = _first(ticket, issuer, where, weather)
    yield made
    energy_mwh, cents = ticket["energy_mwh"], ticket["cost_cents"]
    for correction in corrections:
        credit_id = f"{made['id']}-C"
        yield {
            **made,
            "id": credit_id,
            "total_cost": _price(ticket, -cents),
            "credit": True,
            "credit_reference_id": made["id"],
            "last_updated": _instant(correction["at"]),
        }
        energy_mwh += correction["energy_mwh"]
        cents += correction["cost_cents"]
        elapsed_s = correction["elapsed_s"]
        made = {
            **made,
            "id": short(f"{ticket['session_id']}-{correction['number']}"),
            "end_date_time": _instant(correction["ended_at"]),
            **_measured(ticket, energy_mwh, made["tariffs"][0]["id"], elapsed_s),
            "total_cost": _price(ticket, cents),
            "remark": f"Corrected: {correction['reason']}"[:_MOST_REMARK],
            "last_updated": _instant(correction["at"]),
        }
        yield made


def short(text: str) -> str:
    """Return `text` as an id of OCPI, 36 printable characters of ASCII at most; a longer one as its digest."""
    if 0 < len(text) <= _MOST_ID and text.isascii() and text.isprintable():
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_MOST_ID]


def _first(ticket: Row, issuer: Issuer, where: Location, weather: Weather | None) -> Cdr:
    owner = {"country_code": issuer.country_code, "party_id": issuer.party_id}
    tariff_id = f"P{ticket['price_centi_cents_per_kwh']}"
    driver_id, registration = ticket["driver_id"], ticket["registration"]
    contract_id = f"{driver_id}/{registration}" if registration else driver_id
    return {
        **owner,
        "id": short(ticket["session_id"]),
        "start_date_time": _instant(ticket["started_at"]),
        "end_date_time": _instant(ticket["ended_at"]),
        "session_id": short(ticket["session_id"]),
        "cdr_token": {**owner, "uid": driver_id, "type": "APP_USER", "contract_id": short(contract_id)},
        # Central starts every charge by a command to the engine, for a driver whom it knows.
        "auth_method": "COMMAND",
        "authorization_reference": short(ticket["request_id"]),
        "cdr_location": _location(ticket["cp_id"], issuer, where, weather),
        "currency": currency().code,
        "tariffs": [
            {
                **owner,
                "id": tariff_id,
                "currency": currency().code,
                "elements": [
                    {
                        "price_components": [
                            {
                                "type": "ENERGY",
                                **_kwh_price(ticket),
                                "step_size": 1,
                            }
                        ]
                    }
                ],
                "last_updated": _instant(ticket["started_at"]),
            }
        ],
        **_measured(ticket, ticket["energy_mwh"], tariff_id, ticket["elapsed_s"]),
        "total_cost": _price(ticket, ticket["cost_cents"]),
        "remark": _remark(ticket),
        "last_updated": _instant(ticket["received_at"]),
    }


def _price(ticket: Row, cents: int) -> dict[str, Decimal]:
    """Return what a driver pays as OCPI has it: with the VAT that it contains, where the ticket kept that."""
    if not ticket["vat_permille"]:
        return {"excl_vat": Decimal(cents).scaleb(-2)}
    without = cents - vat_cents(cents, ticket["vat_permille"])
    return {"excl_vat": Decimal(without).scaleb(-2), "incl_vat": Decimal(cents).scaleb(-2)}


def _kwh_price(ticket: Row) -> dict[str, Decimal]:
    """Return the price of a kWh, which OCPI wants without its VAT, and that in percent."""
    permille = ticket["vat_permille"] or 0
    price = {"price": Tariff(ticket["price_centi_cents_per_kwh"]).euros_without_vat(permille)}
    return price | ({"vat": Decimal(permille).scaleb(-1)} if permille else {})


def _measured(ticket: Row, energy_mwh: int, tariff_id: str, elapsed_s: int | None) -> Cdr:
    energy = Decimal(energy_mwh).scaleb(-6)
    dimensions = [{"type": "ENERGY", "volume": energy}]
    measured: Cdr = {"total_energy": energy}
    if elapsed_s is not None:
        hours = round(Decimal(elapsed_s) / _SECONDS_OF_AN_HOUR, 4)
        dimensions.append({"type": "TIME", "volume": hours})
        measured["total_time"] = hours
    period = {
        "start_date_time": _instant(ticket["started_at"]),
        "dimensions": dimensions,
        "tariff_id": tariff_id,
    }
    return {"charging_periods": [period], **measured}


def _location(cp_id: str, issuer: Issuer, where: Location, weather: Weather | None) -> Cdr:
    country = where.country or (weather.country if weather is not None else "") or issuer.country_code
    name = where.name or cp_id
    found: Cdr = {
        "id": short(where.key or cp_id),
        "name": name,
        # No street is known: the name of the location is all there is.
        "address": name[:_MOST_LINE],
        "city": (where.town or cp_id)[:_MOST_LINE],
        "country": ALPHA_3.get(country, ALPHA_3[issuer.country_code]),
    }
    if weather is not None and weather.latitude is not None and weather.longitude is not None:
        found["coordinates"] = {
            "latitude": f"{weather.latitude:.6f}",
            "longitude": f"{weather.longitude:.6f}",
        }
    return found | {
        "evse_uid": cp_id,
        "evse_id": f"{issuer.country_code}*{issuer.party_id}*E{cp_id.replace('-', '*').replace('_', '*')}",
        # A charging point is one EVSE with one connector; its kind is the simulated car's.
        "connector_id": "1",
        "connector_standard": "IEC_62196_T2",
        "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
    }


def _remark(ticket: Row) -> str:
    said = [f"Ended: {labels.reason(EndReason.read(ticket['reason']), labels.DEFAULT_LANGUAGE)}"]
    if ticket["estimated"]:
        said.append("by estimate, the last meter was never received")
    if ticket["rebuilt"]:
        said.append("rebuilt after a restore")
    if ticket["by_operator"]:
        said.append("started by an operator")
    return "; ".join(said)[:_MOST_REMARK]


def _instant(text: str) -> str:
    """Return an instant of the books as OCPI writes it: in UTC, with Z."""
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
