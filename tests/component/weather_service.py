"""A weather service that runs in this process beside a Central, and what its tests wait for."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from evcharge import labels
from evcharge.labels import Phrase
from evcharge.runtime.config import Config, ReachSettings, WeatherSettings
from evcharge.weather import app, sources
from tests.component.office import Office
from tests.component.skies import KEY, Sky

LOST, BACK = labels.say(Phrase.WEATHER_LOST), labels.say(Phrase.WEATHER_BACK)


@dataclass
class Service:
    """A weather service that runs in this process."""

    task: asyncio.Task[int]
    stop: asyncio.Event
    typed: asyncio.Queue[str | None]
    stopped: bool = False
    ended: list[BaseException] = field(default_factory=list)

    async def stops(self) -> None:
        """As Ctrl+C does: it says goodbye."""
        self.stopped = True
        self.stop.set()
        async with asyncio.timeout(5):
            assert await self.task == 0

    async def dies(self) -> None:
        """As kill -9 does: without a word."""
        self.stopped = True
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@contextlib.asynccontextmanager
async def reporting(
    state: Path,
    url: str,
    sky: Sky,
    *,
    environ: dict[str, str] | None = None,
    lang: str = "en",
    **settings: object,
) -> AsyncIterator[Service]:
    """Run the service until the block ends."""
    stop, typed = asyncio.Event(), asyncio.Queue[str | None]()

    async def lines() -> AsyncGenerator[str, None]:
        while (line := await typed.get()) is not None:
            yield line

    wanted = {"source": "openweather", "api_url": sky.url, "every_s": 0.1, "min_request_s": 0.1} | settings
    config = Config(
        state=state,
        lang=lang,
        reach=ReachSettings(central_api=url),
        weather=WeatherSettings(**wanted),
    )
    with pytest.MonkeyPatch.context() as patch:
        # Nobody here minds being asked often.
        patch.setattr(sources.OpenWeather, "between_s", 0.01)
        patch.setattr("evcharge.weather.app.keyboard.lines", lines)
        patch.setattr("evcharge.weather.app.keyboard.is_terminal", lambda: False)
        given = {"OPENWEATHER_API_KEY": KEY} if environ is None else environ
        service = Service(asyncio.create_task(app.run(config, stop, environ=given)), stop, typed)
        try:
            yield service
        finally:
            if not service.stopped:
                await service.stops()


def service(office: Office, sky: Sky, **more) -> contextlib.AbstractAsyncContextManager[Service]:
    return reporting(office.town.state, office.url, sky, **more)


async def at(office: Office, name: str = "Berlin") -> dict:
    found = (await office.get("/api/locations"))["locations"]
    return next((one for one in found if one["location"] == name), {})


async def until(check, within_s: float = 10.0):
    """Wait until `check()` returns something; return it."""
    async with asyncio.timeout(within_s):
        while not (found := await check()):
            await asyncio.sleep(0.02)
    return found


async def celsius_is(office: Office, celsius: float, name: str = "Berlin") -> None:
    async def check() -> bool:
        weather = (await at(office, name)).get("weather")
        return weather is not None and weather["temperature_celsius"] == celsius

    await until(check)


def news(office: Office, pattern: str) -> list[str]:
    return [line for line in office.town.lines if pattern in line]


async def alerts_are(office: Office, wanted: list[str]) -> bool:
    return (await at(office))["alerts"] == wanted


async def said(caplog, pattern: str) -> bool:
    return any(pattern in record.getMessage() for record in caplog.records)
