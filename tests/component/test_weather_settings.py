"""What people tell the weather service, before its start and while it runs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evcharge.central.books import verify
from evcharge.domain.errors import AuthenticationError, ConfigError, StateError
from evcharge.security import secret_files
from tests.component.office import Office, opened
from tests.component.skies import KEY, Sky
from tests.component.weather_service import LOST, alerts_are, at, celsius_is, news, service, until


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path / "state") as office:
        yield office
    assert verify.check(tmp_path / "state" / "central" / "central.db") == []


# ---- what people tell it


async def test_cities_and_places_are_changed_while_it_runs(office: Office, sky: Sky):
    await office.town.point()
    sky.of("Madrid").celsius, sky.of("Elche").celsius = 31.0, 8.0
    async with service(office, sky) as running:
        await celsius_is(office, 14.0)
        running.typed.put_nowait("add Madrid")
        await celsius_is(office, 31.0, "Madrid")
        running.typed.put_nowait("change Madrid = Elche")
        await celsius_is(office, 8.0, "Madrid")
        running.typed.put_nowait("change Madrid = 52.5, 13.4")
        await celsius_is(office, 14.0, "Madrid")
        running.typed.put_nowait("move cp001 Elche")
        await office.town.says("CP001 is now in Elche")
        await celsius_is(office, 8.0, "Elche")
        assert (await office.get("/api/cps/CP001"))["location"] == "Elche"
        running.typed.put_nowait("move CP009 Elche")
        await office.town.says("not done: ")
        running.typed.put_nowait("list")
        await office.town.says(r"^Elche, ES \(38\.27, -0\.70\): 8\.0 °C, wind 3\.0 m/s; good; CPs: CP001")
        running.typed.put_nowait("drop Madrid")
        await office.town.says("Madrid is no longer watched")
        running.typed.put_nowait("drop Elche")
        await office.town.says("a location of charging points is always watched")
        running.typed.put_nowait("nonsense")
        await office.town.says("add CITY")
        running.typed.put_nowait("faults")
        await office.town.says("no faults")
        running.typed.put_nowait("add Madrid")
        await until(lambda: watched(office, "Madrid", 2))
        running.typed.put_nowait("quit")
        async with asyncio.timeout(5):
            await running.task
        running.stopped = True
    # Kept for the next time.
    async with service(office, sky):
        await until(lambda: watched(office, "Madrid", 3))


async def watched(office: Office, name: str, times: int) -> bool:
    return len(news(office, f"{name} is watched now")) == times


async def test_a_point_that_moves_into_bad_weather_is_held_and_out_of_it_is_not(office: Office, sky: Sky):
    await office.town.point()
    sky.of("Madrid").celsius = -6.0
    async with service(office, sky, cities=["Madrid"]) as running:
        await until(lambda: cold_in(office, "Madrid"))
        running.typed.put_nowait("move CP001 madrid")
        await office.town.says("CP001 .*Out of Order")
        seen = len(office.town.lines)
        running.typed.put_nowait("move CP001 Berlin")
        await office.town.says("CP001 .*Berlin.* Available", since=seen)


async def cold_in(office: Office, name: str) -> bool:
    return (await at(office, name)).get("alerts") == ["COLD"]


async def test_moving_a_point_needs_the_operators_token(office: Office, sky: Sky):
    await office.town.point()
    (office.town.state / "operator.token").unlink()
    async with service(office, sky) as running:
        running.typed.put_nowait("move CP001 Elche")
        await office.town.says(
            "not done: Moving a charging point needs the operator's token: copy operator.token to "
        )


async def test_an_operators_token_that_central_does_not_know_is_named_and_not_the_services(
    office: Office, sky: Sky
):
    await office.town.point()
    secret_files.replace_secret(office.town.state / "operator.token", secret_files.new_secret())
    async with service(office, sky) as running:
        running.typed.put_nowait("move CP001 Elche")
        said = await office.town.says("not done: ")
    assert "operator.token" in said
    assert "weather.token" not in said


# ---- what it cannot start without


async def refuses(office: Office, sky: Sky, kind: type[Exception], **more) -> str:
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        async with service(office, sky, **more) as running:
            async with asyncio.timeout(5):
                await running.task
    problem = caught.value
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    assert isinstance(problem, kind), problem
    return str(problem)


async def test_without_a_key_openweather_is_refused_with_the_remedy(office: Office, sky: Sky):
    said = await refuses(office, sky, ConfigError, environ={})
    assert "weather.key (chmod 600), or set OPENWEATHER_API_KEY" in said


async def test_a_key_that_others_may_read_is_refused(office: Office, sky: Sky):
    path = office.town.state / "weather.key"
    path.write_text(KEY)
    path.chmod(0o644)
    said = await refuses(office, sky, StateError, environ={})
    assert "chmod 600" in said
    assert KEY not in said


async def test_a_key_does_not_travel_in_clear_text(office: Office, sky: Sky):
    said = await refuses(office, sky, ConfigError, api_url="http://weather.example:80")
    assert "clear text" in said


async def test_a_token_that_central_does_not_know_is_refused_with_the_remedy(office: Office, sky: Sky):
    environ = {"OPENWEATHER_API_KEY": KEY, "EVCHARGE_WEATHER_TOKEN": "wrong"}
    said = await refuses(office, sky, AuthenticationError, environ=environ)
    assert "copy its weather.token" in said


async def test_without_a_token_it_says_how_to_get_one(office: Office, sky: Sky):
    (office.town.state / "weather.token").unlink()
    assert "weather.token is missing" in await refuses(office, sky, StateError)


@pytest.mark.parametrize(
    "wrong", [{"cold_clear": -1.0}, {"heat_clear": 41.0}, {"wind_clear": 21.0}], ids=["cold", "heat", "wind"]
)
async def test_an_alert_that_ends_before_it_begins_is_refused(office: Office, sky: Sky, wrong):
    assert "must not be less than" in await refuses(office, sky, ConfigError, **wrong)


async def test_a_timeline_is_read_again_when_it_changes(office: Office, sky: Sky, tmp_path: Path):
    await office.town.point()
    file = tmp_path / "front.txt"
    file.write_text("0 *: 12 3\n")
    async with service(office, sky, source="auto", simulate=str(file), environ={}):
        await celsius_is(office, 12.0)
        file.write_text("0 *: cold\n")
        await office.town.says(f"{LOST}: the timeline cannot be used: front.txt line 1: 'cold' is not a temp")
        assert (await at(office))["alerts"] == []
        file.write_text("0 *: -12 3 \n")
        await until(lambda: alerts_are(office, ["COLD"]))
    assert not sky.asked
