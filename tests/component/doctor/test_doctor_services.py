"""The doctor looks for real at the services: Central, databases, brokers, sources of weather."""

import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from evcharge.central.books.setup import open_books
from evcharge.central.rules.commands import CENTRAL, Note
from evcharge.doctor import probes
from evcharge.doctor.findings import FindingMark
from evcharge.domain.events import NotifyLost
from evcharge.kafka import diagnosis
from evcharge.labels.command_errors import translated
from evcharge.registry.setup import open_tables
from evcharge.runtime.config import (
    CentralSettings,
    Config,
    KafkaSettings,
    MonitorSettings,
    NotifySettings,
    RegistrySettings,
    WeatherSettings,
)
from evcharge.storage.postgres_connection import connect
from evcharge.storage.postgres_place import Place, place_of
from tests.component.doctor.looks import settings, told
from tests.component.gate import Gate
from tests.component.office import Office, opened

# ---- one Central


@contextlib.asynccontextmanager
async def working_central(tmp_path: Path) -> AsyncIterator[tuple[Office, Config]]:
    async with opened(tmp_path / "state") as office:
        yield office, settings(tmp_path / "state", central_api=office.url, central_port=office.town.port)


async def test_the_central_of_these_books_is_at_work(tmp_path: Path):
    async with working_central(tmp_path) as (_, config):
        mark, text = await told(config, "books")
        assert (mark, text.startswith(f"Central (process {os.getpid()}) works with ")) == (
            FindingMark.WELL,
            True,
        )
        assert (await told(config, "central api"))[0] is FindingMark.WELL
        assert await told(config, "version") == (FindingMark.WELL, "Central has evcharge 0.1.0, too.")


async def test_of_several_centrals_the_api_that_answers_is_looked_at_and_the_one_that_is_away_is_told(
    tmp_path: Path,
):
    async with opened(tmp_path / "state") as office:
        config = settings(tmp_path / "state", other_apis=[office.url], central_port=office.town.port)
        mark, text = await told(config, "central api")
        assert (mark, office.url.rpartition("/")[2] in text) == (FindingMark.MIND, True)
        assert f"{config.reach.central_api.rpartition('/')[2]} refuses the connection" in text, text
        assert (await told(config, "version"))[0] is FindingMark.WELL


async def test_books_that_were_copied_and_a_second_central_that_works_with_them(tmp_path: Path):
    async with working_central(tmp_path) as (office, config):
        copy = tmp_path / "copy"
        await office.town.point()
        shutil.copytree(tmp_path / "state", copy)
        there = structs.replace(config, state=copy)
        mark, text = await told(there, "books")
        assert (mark, "is a copy of the books of the Central at" in text) == (FindingMark.MIND, True)
        async with opened(copy) as second:
            # Both go on, each with a history of its own.
            await second.town.point("CP002")
            mark, text = await told(there, "books")
        assert mark is FindingMark.WRONG
        assert (
            f"there are two Centrals: the one at {office.url} does not work with {copy}/central/central.db"
            in text
        )


async def test_a_central_of_another_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with working_central(tmp_path) as (_, config):
        monkeypatch.setattr(probes, "__version__", "0.9.0")
        mark, text = await told(config, "version")
    assert (mark, text[:43]) == (FindingMark.MIND, "here is evcharge 0.9.0, at Central 0.1.0. T")


async def test_a_way_by_which_operators_are_not_told(tmp_path: Path):
    async with working_central(tmp_path) as (office, config):
        told_by = structs.replace(config, notify=NotifySettings(webhook="https://hook.example/"))
        assert (await told(told_by, "notify"))[0] is FindingMark.WELL
        lost = NotifyLost(way="webhook", why="connection refused")
        await office.town.dispatcher.submit(Note(by=CENTRAL, event=lost))
        mark, text = await told(told_by, "notify")
        _, spanish = await told(structs.replace(told_by, lang="es"), "notify")
    assert (mark, "nobody is told by webhook: connection refused" in text) == (FindingMark.WRONG, True)
    assert "webhook: conexión rechazada." in spanish


# ---- what may be there


async def test_an_engine_on_another_pc(state: Path):
    config = settings(state, {"monitor": MonitorSettings(engine_host="127.0.0.9", engine_port=1)})
    mark, text = await told(config, "health port")
    assert (mark, "127.0.0.9:1 refuses" in text) == (FindingMark.WRONG, True)


SECTIONS = {"central": CentralSettings, "registry": RegistrySettings}


def with_tables_at(state: Path, section: str, database: str, **more: Any) -> Config:
    return settings(state, {section: SECTIONS[section](database=database, **more)})


async def test_a_database_that_central_can_use(state: Path, postgres: str):
    config = with_tables_at(state, "central", f"{postgres}?schema=doctor")
    mark, text = await told(config, "central database")
    assert (mark, "holds no books yet" in text) == (FindingMark.WELL, True)
    async with open_books(config):
        pass
    mark, text = await told(config, "central database")
    assert (mark, "its books are of schema" in text) == (FindingMark.WELL, True)
    await mark_as_moved(config, "UPDATE leader SET moved = '/there'")
    mark, text = await told(config, "central database")
    assert (mark, "were moved to /there" in text) == (FindingMark.WRONG, True)


async def test_a_database_that_the_registry_can_use(state: Path, postgres: str):
    config = with_tables_at(state, "registry", f"{postgres}?schema=doctor_registry")
    mark, text = await told(config, "registry database")
    assert (mark, "holds no tables of it yet" in text) == (FindingMark.WELL, True)
    (state / "registry" / "registry.db").unlink(missing_ok=True)
    async with open_tables(config):
        pass
    mark, text = await told(config, "registry database")
    assert (mark, "its tables are of schema" in text) == (FindingMark.WELL, True)
    await mark_as_moved(config, "INSERT INTO moved (there) VALUES ('/there')")
    mark, text = await told(config, "registry database")
    assert (mark, "were moved to /there" in text) == (FindingMark.WRONG, True)
    mark, text = await told(with_tables_at(state, "central", config.registry.database), "central database")
    assert (mark, "holds the books of another service" in text) == (FindingMark.WRONG, True)


async def mark_as_moved(config: Config, sql: str) -> None:
    section = "central" if config.central.database else "registry"
    connection = await connect(place_of(config, section=section))
    await connection.execute(sql)
    await connection.close()


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize(
    ("wrong", "more", "says"),
    [
        (("/postgres", "/nowhere"), {}, "there is no such database"),
        (("evcharge@", "nobody@"), {}, "refuses the login: check the user, and the password"),
        (("", ""), {"database_security": "tls"}, "cannot be reached"),
        (("", ""), {"database_ca_file": "gone.pem"}, "gone.pem is not a readable file of certificates"),
    ],
)
async def test_a_database_that_cannot_be_used(
    state: Path, postgres: str, section: str, wrong, more, says: str
):
    config = with_tables_at(state, section, postgres.replace(*wrong), **more)
    mark, text = await told(config, f"{section} database")
    assert (mark, says in text) == (FindingMark.WRONG, True), text


@pytest.mark.parametrize("section", SECTIONS)
async def test_a_database_that_is_not_there_is_said_in_spanish_too(state: Path, section: str):
    config = with_tables_at(state, section, "postgresql://evcharge@127.0.0.1:1/evcharge")
    mark, text = await told(config, f"{section} database")
    assert (mark, "cannot be reached" in text) == (FindingMark.WRONG, True)
    assert "no se llega a" in translated(text, "es")


async def test_a_database_that_may_lose_what_it_confirmed_is_wrong_for_both(state: Path, postgres: str):
    master = await connect(Place(url=postgres))
    await master.execute("CREATE ROLE hasty LOGIN SUPERUSER; ALTER ROLE hasty SET synchronous_commit = off")
    try:
        database = postgres.replace("evcharge@", "hasty@")
        for section in SECTIONS:
            mark, text = await told(with_tables_at(state, section, database), f"{section} database")
            assert (mark, "runs with synchronous_commit = off" in text) == (FindingMark.WRONG, True), text
    finally:
        await master.execute("DROP ROLE hasty")
        await master.close()


async def test_of_several_centrals_one_is_at_work(state: Path):
    async with Gate().open() as gate:
        at = f"127.0.0.1:{gate.port}"
        mark, text = await told(settings(state, other_centrals=[at]), "central")
        assert (mark is FindingMark.WRONG, at in text) == (False, True), text


async def test_brokers_that_are_not_there(state: Path):
    config = settings(state, {"kafka": KafkaSettings(bootstrap="127.0.0.1:1")})
    mark, text = await told(config, "kafka")
    assert (mark, text[:30]) == (FindingMark.WRONG, "127.0.0.1:1 refuses connection")


async def test_a_broker_that_names_an_address_of_its_own(state: Path, monkeypatch: pytest.MonkeyPatch):
    # A stand-in: tests/component/test_broker.py has the broker that does so.
    async def reason(*_: Any) -> str:
        return f"{diagnosis.SENT_ON}10.0.0.9:9092 does not answer"

    monkeypatch.setattr(diagnosis, "reason", reason)
    mark, text = await told(settings(state, {"kafka": KafkaSettings(bootstrap="127.0.0.1:1")}), "kafka")
    assert mark is FindingMark.WRONG
    assert "127.0.0.1:1 answers, but sends us on to an address that is wrong here: 10.0.0.9:9092" in text
    assert "advertised.listeners" in text


@pytest.mark.parametrize(
    ("more", "mark", "words"),
    [
        ({"simulate": "gone.txt"}, FindingMark.WRONG, "cannot read the timeline gone.txt"),
        ({"source": "openweather"}, FindingMark.WRONG, "OpenWeather needs a key"),
        (
            {"source": "openmeteo", "api_url": "http://127.0.0.1:1"},
            FindingMark.WRONG,
            "Open-Meteo gives nothing: ",
        ),
        ({"api_url": "http://127.0.0.1:1"}, FindingMark.MIND, "Open-Meteo gives nothing: "),
    ],
)
async def test_a_source_of_weather_that_gives_nothing(state: Path, more: dict, mark: FindingMark, words: str):
    found, text = await told(settings(state, {"weather": WeatherSettings(**more)}), "weather")
    assert (found, words in text) == (mark, True), text


async def test_a_timeline_is_a_source(state: Path, tmp_path: Path):
    (tmp_path / "calm.txt").write_text("0 *: 18\n")
    config = settings(state, {"weather": WeatherSettings(simulate=str(tmp_path / "calm.txt"))})
    assert (await told(config, "weather"))[0] is FindingMark.WELL


async def test_a_process_that_was_killed_has_its_line(state: Path):
    folder = state / "health"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / "central.socket"))
    mark, text = await told(settings(state, {"central": CentralSettings()}), "process")
    assert (mark, text[:21]) == (FindingMark.WRONG, "central: it was kille")
