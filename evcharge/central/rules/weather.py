"""The rules of the weather: an alert withholds the charging points of its location, and no others. Pure.

A hold of the weather follows from the alerts of the place and the operator's override; nothing else lifts it.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from evcharge.central.rules import charging
from evcharge.central.rules.commands import WeatherAlert, WeatherClear, WeatherOverride, WeatherReport
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Weather
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.charging_point import ChargingPoint, Hold, in_order
from evcharge.domain.errors import Code, CommandRefused
from evcharge.domain.location import Location
from evcharge.domain.session import EndReason

# A measurement that is older than this says nothing about now.
STALE_AFTER = timedelta(minutes=15)
# Clocks differ; what is from further in the future was kept before Central's was set back.
MAX_AHEAD = timedelta(minutes=5)
# Most places without a charging point that are kept: a source that makes up names must not fill the memory.
MAX_EMPTY_PLACES = 1000


def is_stale(weather: Weather, now: datetime) -> bool:
    """Return whether what is known of the weather is too old to be believed."""
    return weather.measured_at is None or not -MAX_AHEAD <= now - weather.measured_at <= STALE_AFTER


def report(draft: Draft, command: WeatherReport, rules: Rules) -> None:
    """Take in a measurement; one that is older than the last changes nothing. Raises Refused for too many places."""
    known = _known(draft, command.location)
    measured_at = _measured(command.measured_at, rules)
    if not _is_news(measured_at, known, rules):
        return
    if command.latitude is not None:
        known = replace(
            known, country=command.country or "", latitude=command.latitude, longitude=command.longitude
        )
    draft.put(
        replace(
            known,
            temperature_celsius=command.temperature_celsius,
            wind_m_per_s=command.wind_m_per_s,
            measured_at=measured_at,
            received_at=rules.now,
            source=command.source,
        )
    )


def raise_alert(draft: Draft, command: WeatherAlert, rules: Rules) -> None:
    """Withhold the charging points of a location; their sessions end. Said again, it changes nothing.

    An override was for the alerts that there were: another kind ends it.

    Raises Refused for a place without charging points of which no weather was ever reported: a slip of the pen.
    """
    known = draft.weather(command.location)
    if known is None:
        spelt = _spelt(draft, command.location)
        if spelt is None:
            raise CommandRefused("no such place", Code.NOT_FOUND, location=command.location.name)
        known = Weather(location=spelt)
    begins = command.alert not in known.alerts
    weather = replace(known, alerts=known.alerts | {command.alert}, override=known.override and not begins)
    measured_at = _measured(command.measured_at, rules)
    if command.temperature_celsius is not None and _is_news(measured_at, known, rules):
        weather = replace(
            weather,
            temperature_celsius=command.temperature_celsius,
            measured_at=measured_at,
            received_at=rules.now,
        )
    if begins:
        draft.say(
            events.WeatherAlertRaised(
                location=weather.location.name,
                alert=command.alert,
                temperature_celsius=command.temperature_celsius,
                text=command.text,
            )
        )
    if known.override != weather.override:
        draft.say(events.WeatherOverridden(location=weather.location.name, override=weather.override))
    if weather != known:
        draft.put(weather)
    if begins:
        _apply(draft, weather)


def clear(draft: Draft, command: WeatherClear) -> None:
    """End every alert of a location, or one; with the last goes the override that was meant for them."""
    known = draft.weather(command.location)
    if known is None:
        return
    over = known.alerts if command.alert is None else known.alerts & {command.alert}
    if not over:
        return
    left = known.alerts - over
    weather = replace(known, alerts=left, override=known.override and bool(left))
    draft.put(weather)
    draft.say(
        events.WeatherAlertCleared(
            location=weather.location.name, alerts=tuple(sorted(over)), left=tuple(sorted(left))
        )
    )
    _apply(draft, weather)


def override(draft: Draft, command: WeatherOverride) -> None:
    """Let the charging points of a location work in spite of its alerts, or no longer."""
    known = draft.weather(command.location)
    if known is None or known.override == command.override:
        if command.override and known is None:
            raise _nothing_there(command.location)
        return
    if command.override and not known.alerts:
        raise _nothing_there(known.location)
    weather = replace(known, override=command.override)
    draft.put(weather)
    draft.say(events.WeatherOverridden(location=weather.location.name, override=command.override))
    _apply(draft, weather)


def settled(draft: Draft, point: ChargingPoint) -> ChargingPoint:
    """Return `point`, which has just come to its location, held or not as the weather there wants it."""
    weather = draft.weather(point.location)
    return _held(draft, point, wanted=weather is not None and weather.withholds)


def _apply(draft: Draft, weather: Weather) -> None:
    for point in list(draft.points()):
        if point.location != weather.location:
            continue
        after = _held(draft, point, wanted=weather.withholds)
        if after is not point:
            draft.put(after)
            if Hold.WEATHER in after.holds:
                charging.order_stop(draft, after, EndReason.WEATHER)


def _held(draft: Draft, point: ChargingPoint, *, wanted: bool) -> ChargingPoint:
    if wanted == (Hold.WEATHER in point.holds):
        return point
    if wanted:
        draft.say(
            events.HoldPlaced(
                cp_id=point.cp_id, hold=Hold.WEATHER, holds=in_order(point.holds | {Hold.WEATHER})
            )
        )
        return replace(point, holds=point.holds | {Hold.WEATHER})
    draft.say(
        events.HoldLifted(cp_id=point.cp_id, hold=Hold.WEATHER, holds=in_order(point.holds - {Hold.WEATHER}))
    )
    return replace(point, holds=point.holds - {Hold.WEATHER})


def _measured(measured_at: datetime | None, rules: Rules) -> datetime:
    """Return when something counts as measured: not in the future, or it would shut out all that follow.

    Whether our clock or the source's is wrong is not known, and bad weather is bad by either.
    """
    return rules.now if measured_at is None else min(measured_at, rules.now)


def _is_news(measured_at: datetime, known: Weather, rules: Rules) -> bool:
    """Return whether it is newer than what is known; what is of later than now was kept before the clock was set."""
    return known.measured_at is None or measured_at >= known.measured_at or known.measured_at > rules.now


def _known(draft: Draft, location: Location) -> Weather:
    """Return the weather of `location`, new when nothing is known yet. Raises Refused when there are too many."""
    known = draft.weather(location)
    if known is not None:
        return known
    spelt = _spelt(draft, location)
    if spelt is None and len(list(islice(draft.weathers(), MAX_EMPTY_PLACES))) >= MAX_EMPTY_PLACES:
        raise CommandRefused("too many places", Code.CONFLICT, location=location.name)
    return Weather(location=spelt or location)


def _spelt(draft: Draft, location: Location) -> Location | None:
    """Return `location` as its charging points spell it, or None when there are none."""
    return next((point.location for point in draft.points() if point.location == location), None)


def _nothing_there(location: Location) -> CommandRefused:
    return CommandRefused("no weather alert", Code.CONFLICT, location=location.name)
