"""A whole Central with its books in PostgreSQL: it is killed again and again, and books move there and back."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from evcharge import cli
from evcharge.central.books import setup
from evcharge.central.books.invariants import violations
from evcharge.central.books.rows import STATEMENTS, DecidedEntry
from evcharge.central.rules.commands import CENTRAL
from evcharge.central.rules.decision import Decision
from evcharge.domain.errors import StateError, Taken
from evcharge.domain.events import CentralStopped
from evcharge.evc1 import messages
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import CentralSettings, Config
from evcharge.security import secret_files, state_folder
from evcharge.storage import (
    database,
    postgres_books,
    postgres_copy,
    postgres_lease,
    postgres_opening,
    postgres_schema,
)
from evcharge.storage.members import Me
from evcharge.storage.postgres_books import open_postgres
from evcharge.storage.postgres_connection import connect
from evcharge.storage.postgres_place import Place
from evcharge.storage.statements import Sql
from tests.component import engines
from tests.component.books import busy_day, entries, lasting, opened, reloaded
from tests.component.engines import Killed
from tests.component.town import Town, hear

ENGINES = (engines.POSTGRES,)


# ---- killed again and again, and begun where its books are not


@contextlib.asynccontextmanager
async def central(state: Path) -> AsyncIterator[tuple[Town, asyncio.subprocess.Process]]:
    """A Central in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "evcharge", "central", "--state", str(state), "--port", "0", "--api-port", "0",
        env=os.environ | {"EVCHARGE_CENTRAL__DATABASE": engines.address(state)},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            async for line in process.stdout:
                if b"Central listening on" in line:
                    break
        town = Town(state, int(line.rpartition(b":")[2]), [], asyncio.Event(), asyncio.Event(), None)
        yield town, process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_central_that_is_killed_again_and_again_loses_nothing_of_a_charge(tmp_path: Path):
    state_folder.init_state(tmp_path, [], utc_now())
    engine, acknowledged = None, 0
    told: list[Any] = []
    for life in range(4):
        async with central(tmp_path) as (town, process):
            back = await town.engine("CP001")
            if engine is None:
                engine, driver = back, await town.driver()
                engine.monitor = await town.monitor("CP001")
                driver.asks("CP001")
                while (await hear(driver.channel, messages.Progress)).step != "ASKING":
                    driver.asks("CP001")  # until its monitor is heard
                await engine.is_asked()
                told.append(engine.starts())
            else:
                # What it has committed it never asks for again.
                assert back.seq >= acknowledged
                engine.channel = back.channel
                if owed := [record for record in told if record.seq > back.seq]:
                    await engine.journals(*owed)
            told += [engine.meters(1_000) for _ in range(3)]
            acknowledged = (await engine.journals(*told[-3 - (life == 0) : -1])).seq
            # Of the last one nobody knows.
            engine.channel.send(messages.Records(records=told[-1:]))
            process.kill()
            await process.wait()
    async with central(tmp_path) as (town, _):
        back = await town.engine("CP001")
        engine.channel = back.channel
        told.append(engine.ends())
        await engine.journals(*[record for record in told if record.seq > back.seq])
        ticket = await hear(await town.driver_link("D01"), messages.TicketIssued)
    assert ticket.energy_mwh == 12_000
    with engines.looked_at(tmp_path) as copy:
        assert violations(copy) == []
        assert copy.execute("SELECT COUNT(*), SUM(energy_mwh) FROM ticket").fetchone()[:] == (1, 12_000)
    assert not (tmp_path / "central/central.db").exists()


async def test_a_central_that_forgets_where_its_books_are_does_not_begin_new_ones(tmp_path: Path):
    async with setup.open_books(settings(tmp_path)):
        pass
    with pytest.raises(StateError, match="the books of this network are in PostgreSQL"):
        async with setup.open_books(Config(state=tmp_path)):
            pass


async def test_books_in_both_places_are_refused(tmp_path: Path):
    async with setup.open_books(Config(state=tmp_path)):
        pass
    with pytest.raises(StateError, match="holds books, too"):
        async with setup.open_books(settings(tmp_path)):
            pass


def settings(state: Path) -> Config:
    return Config(state=state, central=CentralSettings(database=engines.address(state)))


# ---- there and back


def test_books_move_there_and_back_and_are_checked_and_backed_up(tmp_path: Path, monkeypatch, capsys):
    state_folder.init_state(tmp_path, [], utc_now())
    network = busy_day()
    where, engines.server = engines.address(tmp_path), ""

    async def fill() -> object:
        async with opened(tmp_path / "central") as found:
            await found.store.commit(entries(network))
            await found.database.commit([(Sql("UPDATE currency SET code = 'GBP'"), [{}])])
        return lasting(await reloaded(tmp_path / "central"))

    before = asyncio.run(fill())
    monkeypatch.setenv("EVCHARGE_CENTRAL__CURRENCY", "GBP")
    state = ["--state", str(tmp_path)]
    assert cli.run(["migrate", *state, "--to", where]) == 0, capsys.readouterr().err
    assert not (tmp_path / "central/central.db").exists()
    assert (tmp_path / "central/central.db.moved").exists()
    monkeypatch.setenv("EVCHARGE_CENTRAL__DATABASE", where)
    assert cli.run(["audit", "verify", *state]) == 0
    assert "every sum holds" in capsys.readouterr().out
    assert cli.run(["backup", str(tmp_path / "b.evb"), *state]) == 0, capsys.readouterr().err
    assert cli.run(["restore", str(tmp_path / "b.evb"), *state]) == 1
    assert "migrate --to" in capsys.readouterr().err

    async def goes_on() -> None:
        with pytest.raises(StateError, match="the books of this network count in GBP"):
            async with setup.open_books(Config(state=tmp_path, central=CentralSettings(database=where))):
                pass
        in_pounds = CentralSettings(database=where, currency="GBP")
        async with setup.open_books(Config(state=tmp_path, central=in_pounds)) as found:
            # Numbers go on after those that were copied.
            await found.commit([(Sql("UPDATE driver SET blocked = 0"), [{}])])

    asyncio.run(goes_on())
    assert cli.run(["migrate", *state, "--to", "file"]) == 0, capsys.readouterr().err
    # Another Central that still names the database must not begin with what was left there.
    shutil.copytree(
        tmp_path, other := tmp_path.with_name("other"), ignore=shutil.ignore_patterns("central.db*")
    )
    for command in (["central"], ["migrate", "--to", "file"]):
        assert cli.run([*command, "--state", str(other)]) == 1
        assert "were moved to" in (said := capsys.readouterr().err)
        assert "what is here is older" in said
    monkeypatch.delenv("EVCHARGE_CENTRAL__DATABASE")
    assert lasting(asyncio.run(reloaded(tmp_path / "central"))) == before
    assert cli.run(["audit", "verify", *state]) == 0


def a_file_of_books(state: Path) -> str:
    """Leave books in a file of `state`; return where they may be moved."""
    state_folder.init_state(state, [], utc_now())
    where, engines.server = engines.address(state), ""

    async def fill() -> None:
        async with opened(state / "central") as found:
            await found.store.commit(entries(busy_day()))

    asyncio.run(fill())
    return where


def another_begins(where: str) -> str:
    """Let another Central begin with the books in PostgreSQL, in a loop of its own; return how that went."""

    async def begins() -> str:
        try:
            async with open_postgres(Place(url=where), setup.SCHEMA, STATEMENTS, Me(name="B")):
                return "begun"
        except Taken as problem:
            return problem.text

    return asyncio.run(begins())


def test_no_central_begins_with_books_that_are_being_copied(tmp_path: Path, monkeypatch, capsys):
    where, told, real = a_file_of_books(tmp_path), [], postgres_copy.compared

    def meanwhile(*files: Path) -> Any:
        told.append(another_begins(where))
        return real(*files)

    monkeypatch.setattr(postgres_copy, "compared", meanwhile)
    monkeypatch.setattr(postgres_books, "_FREE_WITHIN_S", 0.0)
    assert cli.run(["migrate", "--state", str(tmp_path), "--to", where]) == 0, capsys.readouterr().err
    assert len(told) == 1
    assert "is in use by Central" in told[0]
    assert another_begins(where) == "begun"


def test_books_are_not_moved_to_where_another_central_has_begun_meanwhile(
    tmp_path: Path, monkeypatch, capsys
):
    """Whoever copies stood still for longer than its lease."""
    where, told, real = a_file_of_books(tmp_path), [], postgres_copy.compared

    async def lease_is_over() -> None:
        connection = await connect(Place(url=where))
        await connection.execute("UPDATE central SET until = clock_timestamp() - interval '1 s'")
        await connection.close()

    def meanwhile(*files: Path) -> Any:
        asyncio.run(lease_is_over())
        told.append(another_begins(where))
        return real(*files)

    monkeypatch.setattr(postgres_copy, "compared", meanwhile)
    monkeypatch.setattr(postgres_lease, "RENEW_S", 3_600.0)
    assert cli.run(["migrate", "--state", str(tmp_path), "--to", where]) == 1
    assert told == ["begun"]
    assert "another Central has taken these books over" in capsys.readouterr().err
    assert (tmp_path / "central/central.db").exists()

    async def count() -> int:
        connection = await connect(Place(url=where))
        try:
            return await connection.fetchval("SELECT COUNT(*) FROM events")
        finally:
            await connection.close()

    assert asyncio.run(count()) == 0


class _Killed(BaseException):
    """As if the process had been killed at that place."""


def dies_when_moved(dying: pytest.MonkeyPatch, *, stored: bool) -> None:
    """Between COMMIT and the renaming of the file, or just before COMMIT."""
    real = secret_files.replace_secret

    def rename(*_: object) -> None:
        raise Killed

    def mark(path: Path, text: str) -> None:
        real(path, text)
        if path.name == "central.db.moving":
            raise Killed

    if stored:
        dying.setattr(Path, "rename", rename)
    else:
        dying.setattr(secret_files, "replace_secret", mark)


@pytest.mark.parametrize("stored", [True, False])
def test_a_move_that_was_broken_off_is_finished_by_the_same_command(
    tmp_path: Path, monkeypatch, capsys, stored: bool
):
    where, path = a_file_of_books(tmp_path), tmp_path / "central" / "central.db"
    flags, before = ["--state", str(tmp_path)], path.read_bytes()
    with monkeypatch.context() as dying, pytest.raises(Killed):
        dies_when_moved(dying, stored=stored)
        cli.run(["migrate", *flags, "--to", where])
    assert path.exists()
    # Which of the two is right is not known here: nobody begins with the file.
    assert cli.run(["central", *flags]) == 1
    assert "central.db was being moved to PostgreSQL" in (told := capsys.readouterr().err)
    assert "finish that with `evcharge migrate --to`" in told
    assert cli.run(["migrate", *flags, "--to", f"{where}_other"]) == 1
    assert "central.db was being moved to PostgreSQL" in capsys.readouterr().err
    # Somebody has gone on there meanwhile, where the books had arrived.
    if stored:
        assert another_begins(where) == "begun"
    assert cli.run(["migrate", *flags, "--to", where]) == 0, capsys.readouterr().err
    assert not path.exists()
    assert not path.with_name("central.db.moving").exists()
    assert path.with_name("central.db.moved").read_bytes() == before
    monkeypatch.setenv("EVCHARGE_CENTRAL__DATABASE", where)
    assert cli.run(["audit", "verify", *flags]) == 0


def update(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this be an evcharge whose books have one column more, in both engines."""
    steps = database.schema_steps

    def known(package: str) -> list[tuple[int, list[str]]]:
        newest = steps(package)[-1][0]
        table = "driver" if package == setup.SCHEMA else "registrations"
        return [
            *steps(package),
            (newest + 1, [f"ALTER TABLE {table} ADD COLUMN later INTEGER NOT NULL DEFAULT 7"]),
        ]

    for module in (database, postgres_schema, postgres_opening):
        monkeypatch.setattr(module, "schema_steps", known)
    monkeypatch.setattr(postgres_schema, "columns", postgres_schema.columns.__wrapped__)


@pytest.mark.parametrize("stored", [True, False])
def test_a_move_that_was_broken_off_is_finished_after_an_update(
    tmp_path: Path, monkeypatch, capsys, stored: bool
):
    """Neither Central nor the move waits for the other one to go first."""
    where, path = a_file_of_books(tmp_path), tmp_path / "central" / "central.db"
    flags = ["--state", str(tmp_path)]
    with monkeypatch.context() as dying, pytest.raises(Killed):
        dies_when_moved(dying, stored=stored)
        cli.run(["migrate", *flags, "--to", where])
    engines.update(monkeypatch)
    assert cli.run(["central", *flags]) == 1
    assert "finish that with `evcharge migrate --to`" in capsys.readouterr().err
    if stored:
        assert another_begins(where) == "begun"
    assert cli.run(["migrate", *flags, "--to", where]) == 0, capsys.readouterr().err
    assert not path.exists()
    assert not path.with_name("central.db.moving").exists()
    monkeypatch.setenv("EVCHARGE_CENTRAL__DATABASE", where)
    assert cli.run(["audit", "verify", *flags]) == 0, capsys.readouterr().err


def test_books_that_went_on_in_the_file_are_never_mixed_with_those_that_were_moved(
    tmp_path: Path, monkeypatch, capsys
):
    where, path = a_file_of_books(tmp_path), tmp_path / "central" / "central.db"
    flags = ["--state", str(tmp_path)]
    with monkeypatch.context() as dying, pytest.raises(Killed):
        dies_when_moved(dying, stored=True)
        cli.run(["migrate", *flags, "--to", where])
    path.with_name("central.db.moving").unlink()

    async def go_on() -> None:
        async with opened(path.parent) as found:
            await found.store.commit([DecidedEntry(Decision((CentralStopped(),), ()), CENTRAL, utc_now())])

    asyncio.run(go_on())
    assert cli.run(["migrate", *flags, "--to", where]) == 1
    assert "holds books already" in capsys.readouterr().err
    assert path.exists()


def test_bringing_books_back_that_was_broken_off_is_finished_after_an_update(
    tmp_path: Path, monkeypatch, capsys
):
    where, path = a_file_of_books(tmp_path), tmp_path / "central" / "central.db"
    flags = ["--state", str(tmp_path)]
    assert cli.run(["migrate", *flags, "--to", where]) == 0, capsys.readouterr().err
    monkeypatch.setenv("EVCHARGE_CENTRAL__DATABASE", where)
    with monkeypatch.context() as dying, pytest.raises(Killed):
        dies_when_moved(dying, stored=True)
        cli.run(["migrate", *flags, "--to", "file"])
    engines.update(monkeypatch)
    assert cli.run(["central", *flags]) == 1
    assert "were moved to" in capsys.readouterr().err
    assert cli.run(["migrate", *flags, "--to", "file"]) == 0, capsys.readouterr().err
    monkeypatch.delenv("EVCHARGE_CENTRAL__DATABASE")
    assert path.exists()
    assert cli.run(["audit", "verify", *flags]) == 0, capsys.readouterr().err


def test_a_database_without_books_is_called_that_and_gets_none(tmp_path: Path, monkeypatch, capsys):
    state_folder.init_state(tmp_path, [], utc_now())
    where = engines.address(tmp_path)
    monkeypatch.setenv("EVCHARGE_CENTRAL__DATABASE", where)

    async def tables() -> int:
        connection = await connect(Place(url=where))
        try:
            return await connection.fetchval(
                "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema()"
            )
        finally:
            await connection.close()

    def is_called_empty(*command: str) -> bool:
        assert cli.run([*command, "--state", str(tmp_path)]) == 1
        return "holds no books. Is it the right database" in capsys.readouterr().err

    assert is_called_empty("migrate", "--to", "file")
    assert is_called_empty("audit", "verify")
    assert is_called_empty("backup", str(tmp_path / "b.evb"))
    assert asyncio.run(tables()) == 0
    # Nor are those moved that a move was broken off before.
    assert another_begins(where) == "begun"
    assert is_called_empty("migrate", "--to", "file")
    assert not (tmp_path / "central" / "central.db").exists()
    assert another_begins(where) == "begun"
