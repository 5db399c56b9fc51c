"""Central's API as the weather service uses it."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from evcharge.domain.errors import Refused, StateError
from evcharge.domain.ids import CpId
from evcharge.domain.location import Location, WeatherKind
from evcharge.http.central_client import OPERATOR_VARIABLE, ApiClient, BearerToken
from evcharge.labels import Speech
from evcharge.security import state_folder
from evcharge.weather.readings import Reading, Spot

TOKEN_VARIABLE = "EVCHARGE_WEATHER_TOKEN"  # noqa: S105  its name, not the token
# A round must not wait for ever: Central hears of us by the rounds.
_WITHIN_S = 8.0


class LocationRow(Struct, frozen=True):
    """A location as Central knows it."""

    location: str
    cps: list[str]
    alerts: list[str]
    override: bool = False
    # None: an older Central, which takes no places.
    country: str | None = None


class _Locations(Struct):
    locations: Annotated[list[LocationRow], Meta(max_length=100_000)]


class _Done(Struct):
    error: bool


class WeatherClient(ApiClient):
    """Central at `url`, with the token of the weather service."""

    def __init__(
        self, url: str, state: Path, say: Speech, environ: Mapping[str, str], others: Sequence[str] = ()
    ) -> None:
        """Raises what ApiClient raises."""
        token = BearerToken(TOKEN_VARIABLE, state_folder.weather_token_path(state), environ)
        super().__init__(url, state / "ca.pem", say, token, _WITHIN_S, others)
        self._takes_places = False
        self._operator = BearerToken(
            OPERATOR_VARIABLE, state_folder.operator_token_path(state), environ, refused="operator refused"
        )

    async def locations(self) -> list[LocationRow]:
        """Return every location that has charging points or weather."""
        found = (await self.call("GET", "/api/locations", _Locations)).locations
        self._takes_places = any(one.country is not None for one in found)
        return found

    async def update(self, location: Location, reading: Reading, source: str, spot: Spot | None) -> None:
        """Tell what was measured, and where."""
        where: dict[str, object] = {}
        if spot is not None and self._takes_places:
            where = {"country": spot.country, "latitude": spot.latitude, "longitude": spot.longitude}
        body = where | {
            "location": location.name,
            "temperature_celsius": reading.celsius,
            "wind_m_per_s": reading.wind_m_per_s,
            "measured_at": reading.measured_at.timestamp(),
            "source": source[:40],
        }
        await self.call("POST", "/api/weather_update", _Done, body=body)

    async def begin(self, location: Location, alert: WeatherKind, reading: Reading) -> None:
        """Tell that bad weather begins."""
        body = {
            "location": location.name,
            "alert": alert.value,
            "temperature_celsius": reading.celsius,
            "measured_at": reading.measured_at.timestamp(),
        }
        await self.call("POST", "/api/weather_alert", _Done, body=body)

    async def end(self, location: Location, alert: WeatherKind) -> None:
        """Tell that it is over."""
        query = {"location": location.name, "alert": alert.value}
        await self.call("DELETE", "/api/weather_alert", _Done, params=query)

    async def source_state(self, why: str) -> None:
        """Tell that we watch, and why the source gives us nothing; "" when it does. An older Central does without."""
        with contextlib.suppress(Refused):
            await self.call("POST", "/api/weather_source", _Done, body={"why": why[:200]})

    async def goodbye(self) -> None:
        """Tell that we stop."""
        await self.call("POST", "/api/weather_goodbye", _Done)

    async def move(self, cp_id: CpId, location: Location) -> None:
        """Move a charging point: an operator's order, with the operator's token. Raises StateError without one."""
        try:
            self._operator.read()
        except StateError:
            raise StateError(self._say("needs operator", path=self._operator.path)) from None
        await self.call(
            "PATCH", f"/api/cps/{cp_id}", _Done, body={"location": location.name}, token=self._operator
        )
