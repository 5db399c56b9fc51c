"""Locations and their weather: what sources report, what it forbids, and an operator's word against it."""

from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

from aiohttp import hdrs, web
from msgspec import Meta, Struct

from evcharge.central.api.kit import answers, views
from evcharge.central.api.kit.date_ranges import read_instant
from evcharge.central.api.kit.location_names import LocationName
from evcharge.central.api.kit.request_inputs import body_of, carried_out
from evcharge.central.api.kit.routes import OPERATORS, VIEWERS, WEATHER, Parameter, Route
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import (
    Actor,
    AnyCommand,
    WeatherAlert,
    WeatherClear,
    WeatherOverride,
    WeatherReport,
)
from evcharge.central.rules.facts import Weather as Known
from evcharge.central.rules.weather import is_stale
from evcharge.central.services.weather_watch import WeatherLink
from evcharge.domain import events
from evcharge.domain.errors import BadInput, Code
from evcharge.domain.ids import CpId
from evcharge.domain.journal_records import Text
from evcharge.domain.location import Location, WeatherKind
from evcharge.http.server import answer, language_of
from evcharge.labels.causes import beside
from evcharge.runtime.clock import Clock

# Nowhere on Earth is it colder, hotter or windier: what is beyond was not measured.
Celsius = Annotated[float, Meta(ge=-100, le=100)]
MetresPerSecond = Annotated[float, Meta(ge=0, le=150)]
Source = Annotated[str, Meta(max_length=40, pattern=get_args(Text)[1].pattern)]
# Unix seconds until the year 9999.
UnixSeconds = Annotated[float, Meta(ge=0, lt=253_402_300_800)]

Country = Annotated[str, Meta(pattern=r"\A([A-Z]{2})?\Z")]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]

_LOCATION = Parameter("location", "The location, in any spelling.")
_ALERT = Parameter(
    "alert",
    "Only this alert; without it, all of them.",
    {"type": "string", "enum": [kind.value for kind in WeatherKind]},
)


class UpdateBody(Struct, forbid_unknown_fields=True):
    """A measurement; `measured_at` is ISO 8601 with a zone, or Unix seconds, and now when it is not given.

    `country`, `latitude` and `longitude` say where the source takes the location to be; both degrees, or none.
    """

    location: LocationName
    temperature_celsius: Celsius
    wind_m_per_s: MetresPerSecond | None = None
    measured_at: str | UnixSeconds | None = None
    source: Source = ""
    country: Country | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class AlertBody(Struct, forbid_unknown_fields=True):
    """Bad weather that forbids charging at a location; OK ends every alert there."""

    location: LocationName
    alert: Literal["COLD", "HEAT", "WIND", "STORM", "OK"]
    temperature_celsius: Celsius | None = None
    measured_at: str | UnixSeconds | None = None
    text: Text = ""


class SourceBody(Struct, forbid_unknown_fields=True):
    """Why the source of the weather gives nothing, in English; "" when it answers."""

    why: Text = ""


class OverrideBody(Struct, forbid_unknown_fields=True):
    """Whether the charging points of a location are to work in spite of the weather."""

    override: bool


class WeatherRoutes:
    """/api/locations…, /api/weather_update, /api/weather_alert, /api/weather_source,
    /api/weather_goodbye"""

    def __init__(self, dispatcher: Dispatcher, link: WeatherLink, clock: Clock) -> None:
        self._dispatcher = dispatcher
        self._link = link
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/api/locations",
                handler=self.locations,
                roles=VIEWERS | WEATHER,
                answers=answers.LocationsAnswer,
                summary="Every location, with its charging points and its weather.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/weather_update",
                handler=self.update,
                roles=WEATHER,
                body=UpdateBody,
                answers=answers.LocationAnswer,
                summary="Report what was measured at a location. It ends no alert and begins none.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/weather_alert",
                handler=self.alert,
                roles=WEATHER,
                body=AlertBody,
                answers=answers.LocationAnswer,
                also={404: "No charging point is there, and no weather was ever reported."},
                summary="Put the charging points of a location out of order because of its weather, or end that.",
            ),
            Route(
                method=hdrs.METH_DELETE,
                path="/api/weather_alert",
                handler=self.clear,
                roles=WEATHER,
                query=(_LOCATION, _ALERT),
                answers=answers.LocationAnswer,
                summary="End every weather alert of a location, or one of them.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/weather_source",
                handler=self.source,
                roles=WEATHER,
                body=SourceBody,
                answers=answers.Answer,
                summary="The weather service is there, and says whether its source is.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/weather_goodbye",
                handler=self.goodbye,
                roles=WEATHER,
                answers=answers.Answer,
                summary="The weather service stops: until it reports again, its connection is unavailable.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/locations/{location}/override",
                handler=self.override,
                roles=OPERATORS,
                body=OverrideBody,
                answers=answers.LocationAnswer,
                summary="Let a location work in spite of the alerts it has now, or no longer.",
            ),
        ]

    async def locations(self, request: web.Request, _: Actor) -> web.Response:
        """List every location that has charging points or weather."""
        facts = self._dispatcher.facts
        points: dict[Location, list[CpId]] = {}
        for point in facts.points():
            if point.location:
                points.setdefault(point.location, []).append(point.cp_id)
        known = {weather.location: weather for weather in facts.weathers()}
        # As the weather service spells them, where it knows them.
        spelt = {location: location for location in (*points, *known)}
        found = [
            self._shown(where, points.get(where, []), known.get(where))
            for where in sorted(spelt.values(), key=lambda location: location.key)
        ]
        sources = beside((weather.source for weather in known.values()), language_of(request))
        return answer({"locations": found, "causes": sources})

    async def update(self, request: web.Request, actor: Actor) -> web.Response:
        """Take in a measurement."""
        body = await body_of(request, UpdateBody)
        if (body.latitude is None) != (body.longitude is None) or (body.country and body.latitude is None):
            raise BadInput("Give latitude and longitude, or neither.", Code.FIELD)
        command = WeatherReport(
            by=actor,
            location=Location.checked(body.location),
            temperature_celsius=body.temperature_celsius,
            wind_m_per_s=body.wind_m_per_s,
            measured_at=_measured(body.measured_at),
            source=body.source.strip() or actor.id,
            country=body.country,
            latitude=body.latitude,
            longitude=body.longitude,
        )
        return await self._reported(command.location, command)

    async def alert(self, request: web.Request, actor: Actor) -> web.Response:
        """Begin an alert, or end all of a location."""
        body = await body_of(request, AlertBody)
        location = Location.checked(body.location)
        if body.alert == "OK":
            return await self._reported(location, WeatherClear(by=actor, location=location))
        command = WeatherAlert(
            by=actor,
            location=location,
            alert=WeatherKind(body.alert),
            temperature_celsius=body.temperature_celsius,
            measured_at=_measured(body.measured_at),
            text=body.text,
        )
        return await self._reported(location, command)

    async def clear(self, request: web.Request, actor: Actor) -> web.Response:
        """End every alert of a location, or one of them."""
        if "location" not in request.query:
            raise BadInput("Say where: ?location=…")
        location = Location.checked(request.query["location"])
        command = WeatherClear(by=actor, location=location, alert=_kind(request.query.get("alert")))
        return await self._reported(location, command)

    async def source(self, request: web.Request, actor: Actor) -> web.Response:
        """The weather service says how its source is."""
        body = await body_of(request, SourceBody)
        self._link.source(actor, body.why)
        return answer({})

    async def goodbye(self, _request: web.Request, actor: Actor) -> web.Response:
        """The weather service says that it stops."""
        self._link.goodbye(actor)
        return answer({})

    async def override(self, request: web.Request, actor: Actor) -> web.Response:
        """Let a location work in spite of its weather, or no longer."""
        location = Location.checked(request.match_info["location"])
        body = await body_of(request, OverrideBody)
        command = WeatherOverride(by=actor, location=location, override=body.override)
        return await self._done(location, command)

    async def _reported(self, location: Location, command: AnyCommand) -> web.Response:
        """Carry out what a source of weather wants. It is heard before that: its goodbye may come meanwhile."""
        self._link.heard(command.by)
        return await self._done(location, command)

    async def _done(self, location: Location, command: AnyCommand) -> web.Response:
        """Carry out `command`; show the location as it is then, and how much changed."""
        decision = await carried_out(self._dispatcher, command)
        happened = decision.events
        facts = self._dispatcher.facts
        there = [point for point in facts.points() if point.location == location]
        weather = facts.weather(location)
        where = weather.location if weather is not None else there[0].location if there else location
        return answer(
            {
                "location": self._shown(where, [point.cp_id for point in there], weather),
                "changed": sum(
                    isinstance(event, events.HoldPlaced | events.HoldLifted) for event in happened
                ),
                "ended": sum(isinstance(event, events.StopOrdered) for event in happened),
            }
        )

    def _shown(self, where: Location, points: list[CpId], weather: Known | None) -> views.Json:
        return views.location(where, points, weather, stale=_stale(weather, self._clock))


def _stale(weather: Known | None, clock: Clock) -> bool:
    return weather is None or is_stale(weather, clock())


def _kind(text: str | None) -> WeatherKind | None:
    try:
        return WeatherKind(text) if text is not None else None
    except ValueError:
        raise BadInput(f"alert must be one of {', '.join(WeatherKind)}.") from None


def _measured(value: str | float | None) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        found = read_instant(value)
        if found is None:
            raise BadInput("measured_at must be like 2026-11-21T08:30:00Z, or Unix seconds.")
        return found
    return datetime.fromtimestamp(value, UTC)
