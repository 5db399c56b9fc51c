"""A charge on paper: its curve, its money line by line, and what a receipt and a month's statement say. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from evcharge.domain.billing import price_text
from evcharge.domain.issuer import Issuer
from evcharge.domain.session import Ticket
from evcharge.domain.tariff import Consumption, Tariff, vat_cents
from evcharge.runtime.network_currency import currency

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Amendment:
    """What put a ticket right: `by_order` when an operator said so, else its charging point told the rest."""

    at: str
    energy_mwh: int
    cents: int
    reason: str
    by_order: bool


def course(readings: Iterable[tuple[int, int, int, int | None]]) -> list[list[int | None]]:
    """Return readings (seconds, mWh, thousandths of speed and of the battery) as [seconds, mWh, W, battery].

    The power is the mean since the reading before, by the clock of the vehicle; battery of None: nobody said.
    """
    found: list[list[int | None]] = []
    before_s = before_mwh = 0
    for elapsed_s, energy_mwh, speed_permille, battery_permille in readings:
        took_s, more_mwh = elapsed_s - before_s, energy_mwh - before_mwh
        # 3600 mW s are a mWh, and simulated time runs so many thousandths as fast.
        power_w = more_mwh * 3600 // (took_s * speed_permille) if took_s > 0 else 0
        before_s, before_mwh = elapsed_s, energy_mwh
        found.append([elapsed_s, energy_mwh, power_w, battery_permille])
    return found


def bill(ticket: Ticket, corrections: Iterable[Amendment]) -> list[Json]:
    """Return the lines of a bill, whose cents come to what the charge costs: its energy, then what put it right."""
    use = Consumption(ticket.energy_mwh, ticket.started_at, ticket.elapsed_s)
    tariff = Tariff(ticket.price_centi_cents_per_kwh)
    lines: list[Json] = [
        _line(
            "energy",
            at=part.began_at.isoformat() if part.began_at is not None else None,
            until=(part.began_at + timedelta(seconds=part.elapsed_s)).isoformat()
            if part.began_at is not None and part.elapsed_s is not None
            else None,
            energy_mwh=part.energy_mwh,
            price=price_text(price),
            cents=cents,
        )
        for part, price, cents in tariff.periods(use)
    ]
    lines += [
        _line(
            "refund" if one.by_order else "correction",
            at=one.at,
            energy_mwh=one.energy_mwh,
            cents=one.cents,
            # What a charging point told late is no sentence of anybody: pages say it in their own words.
            reason=one.reason if one.by_order else "",
        )
        for one in corrections
    ]
    return lines


def _line(kind: str, **what: Any) -> Json:
    blank = {"at": None, "until": None, "energy_mwh": 0, "price": None, "cents": 0, "reason": ""}
    return {"kind": kind, **blank, **what}


def receipt(
    number: int, ticket: Ticket, corrections: Iterable[Amendment], issuer: Issuer, location: str
) -> Json:
    """Return what a printed receipt says; its total is that of its lines."""
    lines = bill(ticket, corrections)
    total = sum(line["cents"] for line in lines)
    return {
        "number": number,
        "issued_at": ticket.received_at.isoformat(),
        "location": location,
        "lines": lines,
        "total_cents": total,
        "energy_mwh": ticket.energy_mwh + ticket.corrected_mwh,
        "vat": next(iter(_vat([(ticket.vat_percent, total)])), None),
        **_who(issuer),
        "currency": currency().code,
    }


def statement(tickets: list[Json], moved: Iterable[Mapping[str, Any]], issuers: Sequence[Issuer]) -> Json:
    """Return the sums of a driver's month: `tickets` as the API tells them, with all that was put right since.

    `issuers` are those of its tickets, the earliest first; each is named once, however often its VAT changed.
    """
    cents = sum(one["cost_cents"] + one["corrected_cents"] for one in tickets)
    named = [_who(one) for one in issuers]
    movements = [
        {name: row[name] for name in ("at", "kind", "cents", "session_id", "reason")} for row in moved
    ]
    return {
        "tickets": tickets,
        "moved": movements,
        "sessions": len(tickets),
        "energy_mwh": sum(one["energy_mwh"] + one["corrected_mwh"] for one in tickets),
        "total_cents": cents,
        "vat": _vat((one["vat_percent"], one["cost_cents"] + one["corrected_cents"]) for one in tickets),
        "issuers": [who for place, who in enumerate(named) if who not in named[:place]],
        "currency": currency().code,
    }


def _who(issuer: Issuer) -> Json:
    return {"operator": issuer.operator, "tax_id": issuer.tax_id, "address": issuer.address}


def _vat(sums: Iterable[tuple[float | None, int]]) -> list[Json]:
    """Return the VAT that `sums` (a rate in percent, cents) contain, rate by rate; [] where no rate is above 0.

    Cents whose rate nobody kept (None) are in none of them.
    """
    of_rate: dict[float, int] = {}
    for percent, cents in sums:
        if percent is not None:
            of_rate[percent] = of_rate.get(percent, 0) + cents
    return [
        {"percent": percent, "total_cents": cents, "cents": vat_cents(cents, round(percent * 10))}
        for percent, cents in sorted(of_rate.items())
        if any(of_rate)
    ]
