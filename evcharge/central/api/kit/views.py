"""Facts, rows and alerts as the JSON of Central's API. Energy in mWh, money in cents, instants ISO 8601 UTC."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from evcharge.central.books.rows import ticket_of
from evcharge.central.feed import Live
from evcharge.central.rules.alert_kinds import CLOSED_BY_HAND, Alert
from evcharge.central.rules.facts import Driver, Facts, Weather
from evcharge.central.views.alerts import alert_detail, alert_text, restored_text
from evcharge.central.views.event_text import why
from evcharge.central.views.refusal_text import fields_in_words
from evcharge.domain.billing import price_text
from evcharge.domain.charging_point import ChargingPoint, CpStatus
from evcharge.domain.ids import CpId
from evcharge.domain.location import Location
from evcharge.domain.session import Session, SessionState
from evcharge.domain.tariff import Consumption, Tariff
from evcharge.labels import DEFAULT_LANGUAGE, LANGUAGES
from evcharge.labels.causes import beside
from evcharge.storage.books import Row

Json = dict[str, object]
# Where rows of the audit log have words of a peer, or of Central's own parts.
_CAUSES = ("fault", "why", "reason", "detail", "text")


def point(found: ChargingPoint, session: Session | None, live: Live | None) -> Json:
    """Return one charging point; while it is taken, also its session and the live figures."""
    content: Json = {
        "cp_id": found.cp_id,
        "location": found.location.name,
        "price": price_text(found.price_centi_cents_per_kwh),
        "status": found.status,
        "reason": found.reason,
        "holds": sorted(found.holds),
        "fault": found.fault,
        "revoked": found.revoked,
        "engine": found.engine_link is not None,
        "monitor": found.monitor_heard,
        "session": None,
    }
    if session is not None:
        shown = live if live is not None and live.session_id == session.session_id else None
        energy_mwh = max(session.energy_mwh, shown.energy_mwh if shown else 0)
        content["session"] = {
            "session_id": session.session_id,
            "driver_id": session.driver_id,
            "state": session.state,
            "power_w": shown.power_w if shown else 0,
            "energy_mwh": energy_mwh,
            "cost_cents": session.cost_cents(energy_mwh),
            "stopping": session.stop_reason is not None,
        }
    return content


def free_point(found: ChargingPoint) -> Json:
    """Return what a driver may know of a charging point."""
    return {
        "cp_id": found.cp_id,
        "location": found.location.name,
        "price": price_text(found.price_centi_cents_per_kwh),
        "free": found.status is CpStatus.AVAILABLE,
    }


def still_out(found: ChargingPoint, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return why a charging point is out of service whatever an operator lifts, or ""."""
    shut = found.status in (CpStatus.UNAVAILABLE, CpStatus.FAULTED, CpStatus.DISCONNECTED)
    return why(found, lang) if shut else ""


def still_out_beside(points: Iterable[ChargingPoint], lang: str) -> dict[str, dict[str, str]]:
    """Return in Spanish and in `lang` why charging points are out of service, by what `still_out` says in English."""
    others = [one for one in dict.fromkeys((*LANGUAGES, lang)) if one != DEFAULT_LANGUAGE]
    return {
        still_out(one): {other: still_out(one, other) for other in others} for one in points if still_out(one)
    }


def causes(rows: Iterable[Json], lang: str) -> dict[str, Mapping[str, str]]:
    """Return in Spanish and in `lang` what rows of the audit log tell in somebody else's words, which are English."""
    told = (data.get(name) for row in rows if isinstance(data := row["data"], dict) for name in _CAUSES)
    return beside((text for text in told if isinstance(text, str)), lang)


def session(row: Row, live: Mapping[CpId, Live]) -> Json:
    """Return one stored session; an open one with its live energy."""
    energy_mwh = row["meter_mwh"] - row["start_meter_mwh"] - row["excess_mwh"]
    is_open = row["state"] in (SessionState.AUTHORISED, SessionState.CHARGING)
    shown = live.get(CpId(row["cp_id"])) if is_open else None
    if shown is not None and shown.session_id == row["session_id"]:
        energy_mwh = max(energy_mwh, shown.energy_mwh)
    names = (
        "session_id", "request_id", "cp_id", "driver_id", "registration", "state", "authorised_at", "started_at",
        "ended_at", "elapsed_s", "received_at", "stop_reason", "end_reason", "hold_cents", "limit_mwh", "owed_cents",
        "until_mwh", "until_cents",
    )  # fmt: skip
    return {
        **{name: row[name] for name in names},
        "rebuilt": bool(row["rebuilt"]),
        "by_operator": bool(row["by_operator"]),
        "price": price_text(row["price_centi_cents_per_kwh"]),
        "energy_mwh": energy_mwh,
        # As a ticket is computed: nothing beyond the limit is billed.
        "cost_cents": Tariff(row["price_centi_cents_per_kwh"]).cost_cents(
            Consumption(min(energy_mwh, row["limit_mwh"]))
        ),
    }


def ticket(row: Row) -> Json:
    """Return one ticket."""
    content: dict[str, Any] = {name: row[name] for name in row.keys()}  # noqa: SIM118  a Row yields values
    content["price"] = price_text(content.pop("price_centi_cents_per_kwh"))
    content |= {name: bool(content[name]) for name in ("estimated", "rebuilt", "by_operator")}
    kept = ticket_of(row)
    content |= {"late": kept.late, "vat_percent": kept.vat_percent}
    for name in ("corrections", "corrected_paid_cents", "vat_permille", "issuer"):
        del content[name]
    return content


def location(where: Location, points: list[CpId], weather: Weather | None, *, stale: bool) -> Json:
    """Return one location with its charging points and its weather, if any was ever measured."""
    measured: Json | None = None
    if weather is not None and weather.received_at is not None:
        measured = {
            "temperature_celsius": weather.temperature_celsius,
            "wind_m_per_s": weather.wind_m_per_s,
            "measured_at": instant(weather.measured_at) if weather.measured_at is not None else None,
            "received_at": instant(weather.received_at),
            "stale": stale,
            "source": weather.source,
        }
    return {
        "location": where.name,
        "cps": sorted(points),
        "weather": measured,
        "alerts": sorted(weather.alerts) if weather is not None else [],
        "override": weather is not None and weather.override,
        "country": country(where, weather),
        "latitude": weather.latitude if weather is not None else None,
        "longitude": weather.longitude if weather is not None else None,
    }


def country(where: Location, weather: Weather | None) -> str:
    """Return the country of a location, as its name says or else the source of its weather, or ""."""
    return where.country or (weather.country if weather is not None else "")


def driver(found: Driver, facts: Facts) -> Json:
    """Return one driver's wallet, what it has open, and what it owes by `facts`."""
    return {
        "driver_id": found.driver_id,
        "balance_cents": found.balance_cents,
        "held_cents": found.held_cents,
        "owed_cents": facts.owed_cents(found.driver_id, found.registration),
        "blocked": found.blocked or found.barred,
        "barred": found.barred,
        "connected": found.link is not None,
        "sessions": sorted(found.sessions),
    }


def alert(found: Alert, lang: str) -> Json:
    """Return one alert, in English, Spanish and `lang`."""
    others: Json = {f"what_{lang}": alert_text(found, lang), f"restored_{lang}": restored_text(found, lang)}
    return ({} if lang in LANGUAGES else others) | {
        "id": found.id,
        "kind": found.kind,
        "about": found.about,
        "detail": alert_detail(found),
        "what": alert_text(found),
        "what_es": alert_text(found, "es"),
        "since": instant(found.since),
        "solved_at": instant(found.solved_at) if found.solved_at is not None else None,
        "restored": restored_text(found),
        "restored_es": restored_text(found, "es"),
        "times": found.times,
        "closable": found.solved_at is None and found.kind in CLOSED_BY_HAND,
        "taken_by": found.taken_by,
        "taken_at": instant(found.taken_at) if found.taken_at is not None else None,
    }


def event(row: Row) -> Json:
    """Return one row of the audit log; its data as JSON, not as text."""
    content: Json = {name: row[name] for name in row.keys()}  # noqa: SIM118
    content["data"] = fields_in_words(row["type"], row["data"])
    return content


def instant(at: datetime) -> str:
    """Return an instant as text, to the millisecond."""
    return at.isoformat(timespec="milliseconds")
