"""Which alerts the service takes for its own; Central and the source do what the test tells them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evcharge.domain.errors import Code, Refused
from evcharge.domain.location import Location, WeatherKind
from evcharge.labels import Speech
from evcharge.labels.weather_service import SENTENCES
from evcharge.weather.atlas import Atlas
from evcharge.weather.client import LocationRow
from evcharge.weather.own_alerts import OwnAlerts
from evcharge.weather.readings import Reading, Spot
from evcharge.weather.station import Station
from evcharge.weather.thresholds import Thresholds

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLACE = Location("Campus")


class Central:
    """Central with one charging point at one place; `moved` says that something was asked of it."""

    def __init__(self) -> None:
        self.alerts: set[str] = set()
        self.is_known = self.takes_measurements = True
        self.ended: list[str] = []
        self.rounds = self.reports = 0
        self.moved = asyncio.Condition()

    async def locations(self) -> list[LocationRow]:
        await self._count("rounds")
        return [LocationRow(PLACE.name, ["CP001"], sorted(self.alerts))] if self.is_known else []

    async def update(self, location: Location, reading: Reading, source: str, spot: Spot | None) -> None:
        await self._count("reports")
        if not self.takes_measurements:
            raise Refused("no", Code.CONFLICT)

    async def begin(self, location: Location, alert: WeatherKind, reading: Reading) -> None:
        self.alerts.add(alert)
        await self._count("reports")

    async def source_state(self, why: str) -> None:
        pass

    async def end(self, location: Location, alert: WeatherKind) -> None:
        self.ended.append(alert)
        self.alerts.discard(alert)
        await self._count("reports")

    async def _count(self, what: str) -> None:
        async with self.moved:
            setattr(self, what, getattr(self, what) + 1)
            self.moved.notify_all()

    async def has(self, *alerts: str) -> None:
        """Wait until these are the alerts."""
        async with asyncio.timeout(5), self.moved:
            await self.moved.wait_for(lambda: self.alerts == set(alerts))

    async def goes_round(self, times: int = 2) -> None:
        """Wait until it was asked for its locations so many more times: what was begun before is done."""
        async with asyncio.timeout(5), self.moved:
            wanted = self.rounds + times
            await self.moved.wait_for(lambda: self.rounds >= wanted)


class Sky:
    """A source that answers what the test says next, and is silent until then."""

    name, between_s = "Sky", 0.0

    def __init__(self) -> None:
        self.now = NOW
        self.said: asyncio.Queue[tuple[float, timedelta]] = asyncio.Queue()

    async def measure(self, location: Location) -> Reading:
        celsius, old = await self.said.get()
        self.said.task_done()
        return Reading(celsius=celsius, wind_m_per_s=3.0, storm=False, measured_at=self.now - old)

    async def says(self, celsius: float, old: timedelta = timedelta()) -> None:
        self.said.put_nowait((celsius, old))
        async with asyncio.timeout(5):
            await self.said.join()


@contextlib.asynccontextmanager
async def working(folder: Path, central: Central, sky: Sky) -> AsyncIterator[Station]:
    """Run a station until the block ends."""
    station = Station(
        sky,
        central,
        Atlas(folder / "places.json"),
        OwnAlerts(folder / "alerts.json"),
        Thresholds(),
        Speech(SENTENCES, "en"),
        lambda: sky.now,
        every_s=0.01,
        min_request_s=0.01,
    )
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(station.run())
        yield station
        work.cancel()


@pytest.fixture
async def central() -> Central:
    return Central()


@pytest.fixture
async def sky() -> Sky:
    return Sky()


async def test_an_operators_alert_stays_when_the_place_is_asked_about_anew(tmp_path, central, sky):
    async with working(tmp_path, central, sky) as station:
        await sky.says(20.0)
        await central.goes_round()
        central.alerts.add("COLD")
        # As `change Campus = Alicante` does: for a while nothing is known of it.
        station.wake(PLACE)
        await central.goes_round()
        await sky.says(20.0)
        await central.goes_round(3)
    assert central.ended == []
    assert central.alerts == {"COLD"}


async def test_an_alert_begins_and_ends_whether_central_takes_the_measurement_or_not(tmp_path, central, sky):
    central.takes_measurements = False
    async with working(tmp_path, central, sky) as station:
        for celsius, alerts in ((-5.0, ["COLD"]), (20.0, [])):
            await sky.says(celsius)
            await central.has(*alerts)
        await central.goes_round()
        (city,) = station.cities.values()
        assert city.refused == "no"


async def test_weather_counts_at_once_after_the_clock_was_set_back(tmp_path, central, sky):
    async with working(tmp_path, central, sky):
        await sky.says(-5.0)
        await central.has("COLD")
        sky.now -= timedelta(hours=1)
        # No answer is of the very instant at which it is read.
        await sky.says(20.0, old=timedelta(minutes=10))
        await central.has()
        await sky.says(-5.0, old=timedelta(minutes=20))
        await central.goes_round()
    assert central.alerts == set()


async def test_what_a_source_measures_ahead_of_our_clock_is_of_now(tmp_path, central, sky):
    async with working(tmp_path, central, sky):
        await sky.says(20.0, old=-timedelta(minutes=2))
        await sky.says(-5.0, old=timedelta(minutes=1))
        await central.goes_round()
        assert central.alerts == set()
        sky.now += timedelta(minutes=1)
        await sky.says(-5.0)
        await central.has("COLD")


async def test_an_answer_that_was_overtaken_changes_nothing(tmp_path, central, sky):
    async with working(tmp_path, central, sky) as station:
        await sky.says(20.0)
        await sky.says(-5.0, old=timedelta(minutes=10))
        await central.goes_round()
        (city,) = station.cities.values()
        assert city.reading is not None
        assert city.reading.celsius == 20.0
    assert central.alerts == set()


async def test_an_operators_alert_stays_when_it_was_there_before_the_first_reading(tmp_path, central, sky):
    async with working(tmp_path, central, sky):
        await central.goes_round()
        central.alerts.add("COLD")
        await central.goes_round()
        await sky.says(20.0)
        await central.goes_round(3)
    assert central.alerts == {"COLD"}


async def test_what_was_ours_once_is_the_operators_when_he_raises_it_again(tmp_path, central, sky):
    async with working(tmp_path, central, sky):
        await sky.says(-5.0)
        await central.has("COLD")
        # Ended by hand while the source says nothing new; then it gets warmer before the service begins it again.
        central.alerts.clear()
        await sky.says(20.0)
        await central.goes_round()
        await central.has()
        central.alerts.add("COLD")
        await central.goes_round(3)
    assert central.alerts == {"COLD"}


async def test_an_operators_alert_stays_when_the_service_comes_back(tmp_path, central, sky):
    async with working(tmp_path, central, sky):
        await sky.says(20.0)
        await central.goes_round()
    central.alerts.add("COLD")
    async with working(tmp_path, central, sky):
        await sky.says(20.0)
        await central.goes_round(3)
    assert central.alerts == {"COLD"}


async def test_an_operators_alert_stays_at_a_place_that_is_new_to_the_service(tmp_path, central, sky):
    central.is_known = False
    async with working(tmp_path, central, sky):
        await central.goes_round()
        central.is_known = True
        central.alerts.add("COLD")
        await sky.says(20.0)
        await central.goes_round(3)
    assert central.alerts == {"COLD"}


async def test_what_an_earlier_life_began_ends_and_what_the_operator_added_stays(tmp_path, central, sky):
    async with working(tmp_path, central, sky):
        await sky.says(-5.0)
        await central.has("COLD")
    central.alerts.add("WIND")
    async with working(tmp_path, central, sky):
        await sky.says(20.0)
        await central.has("WIND")
        await central.goes_round(3)
    assert central.alerts == {"WIND"}


@pytest.mark.parametrize("content", [None, "", "{", '{"campus": ["RAIN"]}', "[]"])
async def test_where_nothing_was_kept_every_alert_passes_for_ours(tmp_path, central, sky, content):
    # Else a service that was moved to another PC would leave points out of order for ever.
    if content is not None:
        (tmp_path / "alerts.json").write_text(content)
    central.alerts.add("COLD")
    async with working(tmp_path, central, sky):
        await sky.says(20.0)
        await central.has()


async def test_an_alert_that_cannot_be_kept_begins_and_ends_and_is_kept_later(tmp_path, central, sky, caplog):
    (tmp_path / "alerts.json").mkdir()
    async with working(tmp_path, central, sky):
        await sky.says(-5.0)
        await central.has("COLD")
        await central.goes_round(3)
        assert caplog.text.count("cannot write") == 1
        # Tried again until it can be.
        (tmp_path / "alerts.json").rmdir()
        await central.goes_round()
        assert (tmp_path / "alerts.json").read_text() == '{"campus": ["COLD"]}\n'
        await sky.says(20.0)
        await central.has()
