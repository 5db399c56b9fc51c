"""OpenWeather and Open-Meteo on one local server: their documented answers, and every way to be wrong."""

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from evcharge.runtime.clock import utc_now

# No key of anybody's: what must never be seen anywhere.
KEY = "canary5ecret0key0that0nobody0sees"  # 33 characters; real ones have 32
PLACES = {
    "alicante": ("Alicante", 38.3452, -0.4815, {"ca": "Alacant", "es": "Alicante"}),
    "elche": ("Elx", 38.2653, -0.6988, {"es": "Elche", "ca": "Elx"}),
    "madrid": ("Madrid", 40.4168, -3.7038, {}),
    "berlin": ("Berlin", 52.517, 13.3889, {}),
    # Two of one name, the larger first; and one of Guadalajara's own suburbs.
    "guadalajara": ("Guadalajara", 20.6767, -103.3475, {}),
    "guadalajara, es": ("Guadalajara", 40.6333, -3.1667, {}),
}
COUNTRIES = {"berlin": "DE", "guadalajara": "MX"}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Weather:
    celsius: float | None = 14.0
    wind: float | None = 3.0
    code: int = 800
    wmo: int = 3
    # Seconds before now.
    age_s: float = 60.0


@dataclass
class Sky:
    """The server's address, the weather of each city, and what goes wrong now."""

    url: str = ""
    weathers: dict[str, Weather] = field(default_factory=dict)
    wrong: Answer | None = None
    wrong_in: str = ""
    asked: list[str] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def of(self, city: str) -> Weather:
        return self.weathers.setdefault(city.casefold(), Weather())

    async def is_asked(self, times: int = 1) -> None:
        """Wait until weather was asked for `times` more times."""
        wanted = len(self.asked) + times
        async with asyncio.timeout(20):
            while len(self.asked) < wanted:
                self.news.clear()
                await self.news.wait()

    # ---- OpenWeather

    async def current(self, request: web.Request) -> web.StreamResponse:
        query = self._asked(request)
        city = nearest(float(query["lat"]), float(query["lon"]))
        if self._is_wrong(city):
            return await self.wrong(request)
        if query.get("appid") != KEY:
            return error_401()
        name, latitude, longitude, _ = PLACES[city]
        weather = self.of(city)
        celsius = weather.celsius
        if celsius is not None and query.get("units") != "metric":
            celsius += 273.15
        return web.json_response(
            {
                "coord": {"lon": longitude, "lat": latitude},
                "weather": [
                    {"id": weather.code, "main": "Clear", "description": "clear sky", "icon": "01d"}
                ],
                "base": "stations",
                "main": {
                    **({"temp": celsius} if celsius is not None else {}),
                    "feels_like": 13.5, "temp_min": 12.8, "temp_max": 15.0, "pressure": 1021, "humidity": 60,
                    "sea_level": 1021, "grnd_level": 1015,
                },
                "visibility": 10000,
                "wind": {"speed": weather.wind, "deg": 240, "gust": 5.1},
                "clouds": {"all": 0},
                "dt": int(utc_now().timestamp() - weather.age_s),
                "sys": {"type": 1, "id": 6391, "country": "ES", "sunrise": 1763707200, "sunset": 1763743200},
                "timezone": 3600,
                "id": 2521978,
                "name": name,
                "cod": 200,
            }
        )  # fmt: skip

    async def direct(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("appid") != KEY:
            return error_401()
        name, _, country = request.query["q"].partition(", ")
        cities = [
            {"name": city, "local_names": others, "lat": latitude, "lon": longitude, "country": land}
            for land, (city, latitude, longitude, others) in named(name, country)
        ]
        nowhere = {"name": "Nowhere", "lat": 1.0, "lon": 2.0, "country": "XX"}
        return web.json_response([nowhere, *cities] if cities else [])

    # ---- Open-Meteo

    async def forecast(self, request: web.Request) -> web.StreamResponse:
        query = self._asked(request)
        city = nearest(float(query["latitude"]), float(query["longitude"]))
        if self._is_wrong(city):
            return await self.wrong(request)
        weather = self.of(city)
        metres = query.get("wind_speed_unit") == "ms"
        _, latitude, longitude, _ = PLACES[city]
        return web.json_response(
            {
                "latitude": round(latitude, 2), "longitude": round(longitude, 2), "generationtime_ms": 0.05,
                "utc_offset_seconds": 0, "timezone": "GMT", "timezone_abbreviation": "GMT", "elevation": 7.0,
                "current_units": {
                    "time": "unixtime", "interval": "seconds", "temperature_2m": "°C",
                    "wind_speed_10m": "m/s" if metres else "km/h", "weather_code": "wmo code",
                },
                "current": {
                    "time": int(utc_now().timestamp() - weather.age_s), "interval": 900,
                    "temperature_2m": weather.celsius,
                    "wind_speed_10m": weather.wind if metres or weather.wind is None else weather.wind * 3.6,
                    "weather_code": weather.wmo,
                },
            }
        )  # fmt: skip

    async def search(self, request: web.Request) -> web.StreamResponse:
        name = request.query["name"]
        cities = [
            {
                "id": 2521978, "name": name.title(), "latitude": latitude, "longitude": longitude, "elevation": 16.0,
                "feature_code": "PPLA2", "country_code": land, "country": "Spain",
            }
            for land, (_, latitude, longitude, _) in named(name, request.query.get("countryCode", ""))
        ]  # fmt: skip
        return web.json_response({"generationtime_ms": 0.9} | ({"results": cities} if cities else {}))

    def _asked(self, request: web.Request) -> dict[str, str]:
        self.asked.append(request.path)
        self.queries.append(dict(request.query))
        self.news.set()
        return dict(request.query)

    def _is_wrong(self, city: str) -> bool:
        return self.wrong is not None and self.wrong_in in ("", city)


def nearest(latitude: float, longitude: float) -> str:
    return min(PLACES, key=lambda city: math.dist(PLACES[city][1:3], (latitude, longitude)))


def named(name: str, country: str) -> list[tuple[str, tuple[str, float, float, dict[str, str]]]]:
    """The cities of that name, each with its country, the best known first."""
    found = [
        (COUNTRIES.get(key, "ES"), one)
        for key, one in PLACES.items()
        if key.partition(",")[0] == name.casefold()
    ]
    return [one for one in found if country in ("", one[0])]


def error_401() -> web.Response:
    message = "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info."
    return web.json_response({"cod": 401, "message": message}, status=401)


# ---- what can be wrong


def text(body: str, status: int = 200, kind: str = "application/json", **headers: str) -> Answer:
    """Answer with exactly this."""

    async def wrong(_request: web.Request) -> web.Response:
        return web.Response(text=body, status=status, content_type=kind, headers=headers)

    return wrong


def altered(change: Callable[[dict], object]) -> Answer:
    """Answer as usual, but changed."""

    async def wrong(request: web.Request) -> web.StreamResponse:
        sky: Sky = request.app[SKY]
        sky.wrong, kept = None, sky.wrong
        try:
            plain = await (sky.forecast if "forecast" in request.path else sky.current)(request)
        finally:
            sky.wrong = kept
        assert isinstance(plain, web.Response)
        content = json.loads(plain.text or "")
        change(content)
        # Python's own NaN is no JSON; that is what some servers send.
        return web.Response(text=json.dumps(content), content_type="application/json")

    return wrong


async def slow(request: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.sleep(60)
    return web.Response()


async def cut(request: web.Request) -> web.StreamResponse:
    """Hang up in the middle."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"coord":')
    assert request.transport is not None
    request.transport.abort()
    return response


async def endless(request: web.Request) -> web.StreamResponse:
    """Answer without end."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await response.write(b" " * 65_536)
    return response


SKY = web.AppKey("sky", Sky)


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[Sky]:
    """Serve both services."""
    sky = Sky()
    app = web.Application()
    app[SKY] = sky
    app.router.add_get("/data/2.5/weather", sky.current)
    app.router.add_get("/geo/1.0/direct", sky.direct)
    app.router.add_get("/v1/forecast", sky.forecast)
    app.router.add_get("/v1/search", sky.search)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        sky.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield sky
    finally:
        await runner.cleanup()
