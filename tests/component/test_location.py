"""Where a charging point stands, between its programs, Central and the Registry."""

import asyncio
from pathlib import Path

import pytest
from msgspec import UNSET

from evcharge.central.rules.commands import MovePoint
from evcharge.central.services import registry_sync
from evcharge.domain.errors import Code, EvchargeError
from evcharge.domain.ids import Role
from evcharge.domain.location import Location
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel
from tests.component.point import Stage, stage
from tests.component.registry_process import Running, make_state, running_registry
from tests.component.test_monitor import both
from tests.component.town import Town, hear, running
from tests.ports import free_port

WITHIN_S = 20.0
JOURNAL = "a" * 32


@pytest.fixture
def password(tmp_path: Path) -> str:
    return make_state(tmp_path)


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_sync, "POLL_S", 0.05)


@pytest.fixture
async def point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with stage(tmp_path, monkeypatch) as point:
        yield point


async def engine_says(town: Town, location: str, journal: str = JOURNAL) -> Channel:
    """An engine that somebody told where it stands."""
    channel = await town.dial("CP001", Role.ENGINE)
    channel.send(messages.Sync(journal_id=journal, last_seq=0, location=location))
    return channel


async def told(channel: Channel, location: str) -> messages.Located:
    """Wait until a program of the charging point hears that it stands there."""
    while (located := await hear(channel, messages.Located)).location != location:
        pass
    return located


async def has(registry: Running, location: str, cp_id: str = "CP001") -> None:
    """Wait until the Registry's list shows the charging point there."""
    found = ""
    try:
        async with asyncio.timeout(WITHIN_S):
            while found != location:
                rows = (await registry.ask("GET", "/list", token=registry.enrolment)).body["cps"]
                found = next(row["location"] for row in rows if row["cp_id"] == cp_id)
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"the Registry has {cp_id} in {found!r}, not {location!r}") from None


# ---- Central and its peers


async def test_a_monitor_that_comes_first_does_not_say_where_its_point_stands(tmp_path: Path):
    async with running(tmp_path) as town:
        town.places["CP001"] = ""
        monitor = await town.monitor()
        await town.says("CP001 is new here: no location")
        engine = await engine_says(town, "Elche")
        for channel in (engine, monitor):
            assert await told(channel, "Elche") == messages.Located(location="Elche", said="Elche")
        assert town.dispatcher.facts.point("CP001").location == Location("Elche")


async def test_an_operators_move_is_heard_at_once_by_both_programs(tmp_path: Path):
    async with running(tmp_path) as town:
        engine, monitor = await engine_says(town, "Elche"), await town.monitor()
        await town.says("CP001 .Elche. Available")
        await town.operator(MovePoint, cp_id="CP001", location="Madrid")
        for channel in (engine, monitor):
            assert await told(channel, "Madrid") == messages.Located(location="Madrid", said="Elche")
        await town.says("WARNING CP001 says Elche; the network has it in Madrid")
    # It holds over a restart of Central, and against an engine that says what it said before.
    async with running(tmp_path) as town:
        engine, monitor = await engine_says(town, "Elche"), await town.monitor()
        for channel in (engine, monitor):
            assert await told(channel, "Madrid") == messages.Located(location="Madrid", said="Elche")
        assert not any("WARNING" in line for line in town.lines)


async def test_an_engine_that_was_told_nothing_stands_where_it_is_registered(tmp_path: Path):
    async with running(tmp_path) as town:
        town.places["CP001"] = "Elche"
        engine = await town.engine()
        assert await told(engine.channel, "Elche") == messages.Located(location="Elche")
        await town.operator(MovePoint, cp_id="CP001", location="Madrid")
        assert await told(engine.channel, "Madrid") == messages.Located(location="Madrid")


@pytest.mark.parametrize("location", ["", " ", "x" * 81, "one\ttwo"])
async def test_a_location_that_is_no_name_is_refused(tmp_path: Path, location: str):
    async with running(tmp_path) as town:
        channel = await engine_says(town, location)
        with pytest.raises(EvchargeError) as refused:
            await hear(channel, messages.Synced)
        assert refused.value.code is Code.FIELD
        assert town.dispatcher.facts.point("CP001") is None


# ---- the Registry


async def test_the_registry_follows_a_move(tmp_path: Path, password: str):
    async with running_registry(tmp_path, password) as registry, running(tmp_path, registry.url) as town:
        await registry.register("CP001", location="")
        town.places["CP001"] = ""
        await town.monitor()
        await engine_says(town, "Elche")
        await has(registry, "Elche")
        await town.operator(MovePoint, cp_id="CP001", location="Madrid")
        await has(registry, "Madrid")
        # Whoever of the two registers again changes nothing of it.
        again = await registry.register("CP001", location="Berlin")
        assert (again.status, again.body["location"]) == (200, "Madrid")
        assert (await registry.ticket("CP001")).status == 200


async def test_a_registry_that_was_away_learns_of_the_move_on_its_return(
    tmp_path: Path, password: str, quick_polls
):
    async with running_registry(tmp_path, password, free_port()) as registry:
        await registry.register("CP001", location="Berlin")
    async with running(tmp_path, registry.url) as town:
        await town.monitor()
        await town.operator(MovePoint, cp_id="CP001", location="Madrid")
        await town.says("Registry")
    # Nor did it learn of it before Central stopped.
    async with running(tmp_path, registry.url) as town:
        await town.says("Registry")
        async with running_registry(tmp_path, password, registry.port) as registry:
            await has(registry, "Madrid")


async def test_a_move_is_not_told_to_a_later_registration(tmp_path: Path, password: str):
    async with running_registry(tmp_path, password) as registry:
        await registry.register("CP001", location="Berlin")
        body = {"cp_id": "CP001", "registration": 1, "location": "Madrid"}
        answer = await registry.ask("POST", "/v1/locate", body, token=registry.central)
        assert (answer.status, answer.body["code"]) == (404, "E_NOT_FOUND")
        await has(registry, "Berlin")


@pytest.mark.parametrize("who", ["enrolment", "nobody"])
async def test_only_central_says_to_the_registry_where_a_point_stands(
    tmp_path: Path, password: str, who: str
):
    async with running_registry(tmp_path, password) as registry:
        await registry.register("CP001", location="Berlin")
        token = registry.enrolment if who == "enrolment" else None
        body = {"cp_id": "CP001", "registration": 0, "location": "Madrid"}
        answer = await registry.ask("POST", "/v1/locate", body, token=token)
        assert answer.status in (401, 403)
        await has(registry, "Berlin")


# ---- the engine and its monitor


async def test_the_engine_says_only_what_it_was_told(point: Stage):
    async with point.engine():
        assert (await (await point.central()).hear(messages.Sync)).location is UNSET
    point.engine_settings["location"] = " San   Juan "
    async with point.engine():
        assert (await (await point.central()).hear(messages.Sync)).location == "San Juan"


async def test_a_difference_is_one_warning_of_engine_and_monitor(point: Stage):
    point.engine_settings["location"] = "Berlin"
    async with point.engine(), point.monitor():
        engine, monitor = await both(point)
        await engine.hear(messages.Sync)
        for central in (engine, monitor):
            for _ in range(3):
                central.channel.send(messages.Located(location="Elche", said="Berlin"))
        await point.lines.says("the engine of CP001 was started for Berlin; the network has it in Elche")
        engine.channel.send(messages.Synced(last_seq=0))
        engine.channel.send(messages.Located(location="Berlin", said="Berlin"))
        await point.lines.says("CP001 is now in Berlin")
        warnings = [line for line in point.lines.said if "was started for" in line]
        assert len(warnings) <= 2


async def test_the_screen_shows_where_the_network_has_it(point: Stage):
    point.engine_settings["location"] = "Berlin"
    async with point.engine():
        central = await point.central()
        await central.hear(messages.Sync)
        assert point.engines[-1].facts().location == "Berlin"
        central.channel.send(messages.Located(location="Elche", said="Berlin"))
        await point.lines.says("network has it in Elche")
        assert point.engines[-1].facts().location == "Elche"
        assert [trouble.restored for trouble in point.engines[-1].troubles.newest_first] == [None]
        # Without a link it is still there.
        central.channel.abort()
        central = await point.central()
        await central.hear(messages.Sync)
        assert point.engines[-1].facts().location == "Elche"
        central.channel.send(messages.Located(location="Berlin", said="Berlin"))
        await point.lines.says("CP001 is now in Berlin")
        assert point.engines[-1].facts().location == "Berlin"
