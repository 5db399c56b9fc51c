"""What PostgreSQL alone has: one Central at a time by a fence in each commit, lost answers, moving there and back."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from evcharge import cli
from evcharge.central.books import setup
from evcharge.central.books.invariants import violations
from evcharge.central.books.rows import STATEMENTS, DecidedEntry
from evcharge.central.rules.commands import CENTRAL
from evcharge.central.rules.decision import Decision
from evcharge.domain.errors import Deposed, StateError, Taken
from evcharge.domain.events import CentralStopped
from evcharge.evc1 import messages
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import CentralSettings, Config
from evcharge.security import secret_files, state_folder
from evcharge.storage import postgres_books, postgres_copy, postgres_lease
from evcharge.storage.members import Me
from evcharge.storage.postgres_books import PostgresBooks, open_postgres
from evcharge.storage.postgres_connection import connect
from evcharge.storage.postgres_place import Place, place_of
from evcharge.storage.statements import Put, Sql
from evcharge.storage.store_errors import (
    StoreAway,
    StoreBusy,
    StoreDeposed,
    StoreError,
    StoreFull,
    StoreInDoubt,
    StoreUnwritable,
)
from tests.component import engines
from tests.component.books import busy_day, entries, lasting, opened, reloaded
from tests.component.engines import Killed
from tests.component.town import Town, hear
from tests.postgres import restart, server, server_user

ENGINES = (engines.POSTGRES,)
PUT = Put("order_taken", ("command_id", "at"))


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[PostgresBooks]:
    async with engines.opened(tmp_path) as found:
        assert isinstance(found, PostgresBooks)
        yield found


async def stored(books: PostgresBooks) -> list[str]:
    return [row[0] for row in await books.read("SELECT command_id FROM order_taken ORDER BY command_id")]


async def put(books: PostgresBooks, name: str) -> None:
    await books.commit(
        [(Put("order_offset", ("cluster", "partition", "next"), ("cluster", "partition")), [])]
    )
    await books.commit([(PUT, [(name, "t")])])


async def refused(place: Place) -> str:
    with pytest.raises(StateError) as problem:
        async with open_postgres(place, setup.SCHEMA, STATEMENTS):
            pass
    return problem.value.text


# ---- one Central at a time


async def test_a_second_central_is_told_that_the_first_is_there(books, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(postgres_lease, "_FREE_WITHIN_S", 0.0)
    with pytest.raises(Taken, match="is in use by another Central called central"):
        async with engines.opened(tmp_path):
            pass
    await put(books, "still ours")


@pytest.mark.parametrize("write", [(PUT, [("late", "t")]), (Sql("DELETE FROM order_taken"), [{}])])
async def test_whoever_was_taken_over_stores_nothing_any_more(books, tmp_path: Path, write):
    await put(books, "a")
    # PostgreSQL loses the connection that says we live; another Central finds the books free.
    books._lease._keeping.cancel()
    books._lease._life.terminate()
    async with engines.opened(tmp_path) as heir:
        await heir.commit([(PUT, [("b", "t")])])
        with pytest.raises(StoreDeposed):
            await books.commit([write])
        assert await stored(heir) == ["a", "b"]
        await heir.commit([(PUT, [("c", "t")])])
    assert await stored(books) == ["a", "b", "c"]


async def test_a_commit_is_one_statement_whatever_it_is_about(books):
    await put(books, "a")
    said: list[str] = []
    books._writer.add_query_logger(lambda asked: said.append(asked.query.partition("(")[0]))
    await books.commit([(PUT, [("b", "t")])])
    await books.commit([(PUT, [("c", "t"), ("d", "t")])], [0])
    assert said == [f"SELECT {books._function}"] * 2


# ---- answers that are lost


@pytest.mark.parametrize("eaten", ["answer", "question"])
async def test_a_commit_whose_answer_is_lost_is_found_by_its_number(books, eaten: str, monkeypatch):
    await put(books, "a")
    real, lost = PostgresBooks._send, False

    async def send(self, writer, *given) -> None:
        nonlocal lost
        if lost:
            await real(self, writer, *given)
            return
        lost = True
        if eaten == "answer":
            await real(self, writer, *given)
        writer.terminate()
        raise asyncpg.ConnectionDoesNotExistError("cut")

    monkeypatch.setattr(PostgresBooks, "_send", send)
    if eaten == "answer":
        await books.commit([(PUT, [("b", "t")])])
    else:
        with pytest.raises(StoreAway):
            await books.commit([(PUT, [("b", "t")])])
    assert lost
    await put(books, "c")
    assert await stored(books) == (["a", "b", "c"] if eaten == "answer" else ["a", "c"])


@pytest.mark.parametrize("is_stored", [True, False])
async def test_while_nobody_knows_of_a_commit_nothing_more_is_stored(books, is_stored: bool, monkeypatch):
    await put(books, "a")
    monkeypatch.setattr(postgres_books, "_DOUBT_S", 0.0)
    real = PostgresBooks._send

    async def send(self, writer, *given) -> None:
        if is_stored:
            await real(self, writer, *given)
        writer.terminate()
        raise asyncpg.ConnectionDoesNotExistError("cut")

    async def nobody(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(PostgresBooks, "_send", send)
        patch.setattr(postgres_books, "connect", nobody)
        with pytest.raises(StoreInDoubt):
            await books.commit([(PUT, [("b", "t")])])
        with pytest.raises(StoreAway):
            await books.commit([(PUT, [("c", "t")])])
    if is_stored:
        # Memory lacks it: whoever leads next reads it, and nothing is stored before.
        with pytest.raises(StoreDeposed, match="had been stored after all"):
            await books.commit([(PUT, [("d", "t")])])
        with pytest.raises(Deposed):
            await books.membership.watch()
        assert await stored(books) == ["a", "b"]
    else:
        await books.commit([(PUT, [("d", "t")])])
        assert await stored(books) == ["a", "d"]


async def test_a_backend_that_was_ended_is_replaced(books, postgres: str):
    await put(books, "a")
    pid = books._writer.get_server_pid()
    other = await asyncpg.connect(postgres)
    await other.execute("SELECT pg_terminate_backend($1, 5000)", pid)
    await other.close()
    for name in ("b", "c"):
        try:
            await books.commit([(PUT, [(name, "t")])])
        except StoreAway:
            await books.commit([(PUT, [(name, "t")])])
    assert await stored(books) == ["a", "b", "c"]


# ---- what befalls a server while Central runs


@contextlib.asynccontextmanager
async def of_a_user(postgres: str, tmp_path: Path) -> AsyncIterator[tuple[PostgresBooks, asyncpg.Connection]]:
    """Books of a user of its own, and the connection of an administrator to whom nothing of it applies."""
    master = await asyncpg.connect(postgres)
    name = f"u{os.urandom(4).hex()}"
    try:
        await master.execute(f"CREATE ROLE {name} LOGIN; CREATE SCHEMA {name} AUTHORIZATION {name}")
        await master.execute(f"SET search_path = {name}")
        place = Place(url=f"{postgres.replace('evcharge@', f'{name}@')}?schema={name}")
        async with open_postgres(place, setup.SCHEMA, STATEMENTS) as books:
            yield books, master
    finally:
        await master.execute(f"ROLLBACK; DROP SCHEMA IF EXISTS {name} CASCADE; DROP ROLE IF EXISTS {name}")
        await master.close()


FAULTS = {
    "read-only": (
        "ALTER ROLE {user} SET default_transaction_read_only = on",
        "ALTER ROLE {user} RESET ALL",
        (StoreUnwritable, "may only be read now"),
    ),
    "no login": (
        "ALTER ROLE {user} NOLOGIN",
        "ALTER ROLE {user} LOGIN",
        (StoreUnwritable, "refuses our login"),
    ),
    "no connections": (
        "ALTER ROLE {user} CONNECTION LIMIT 0",
        "ALTER ROLE {user} CONNECTION LIMIT -1",
        (StoreAway, "takes no more connections"),
    ),
    "locked": ("BEGIN; LOCK TABLE order_taken", "ROLLBACK", (StoreBusy, "another session locks the books")),
    "dropped": (
        "ALTER TABLE order_taken RENAME TO gone",
        "ALTER TABLE gone RENAME TO order_taken",
        (StoreError, "a part of the books is missing"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_while_a_server_has_a_fault_nothing_is_stored_and_afterwards_it_goes_on(
    postgres: str, tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
):
    breaks, mends, (kind, said) = FAULTS[fault]
    monkeypatch.setattr(postgres_books, "_DOUBT_S", 0.0)
    async with of_a_user(postgres, tmp_path) as (books, master):
        await put(books, "a")
        user = await books._writer.fetchval("SELECT current_user")
        # Settings of a user are those of its next connection.
        await books._writer.close()
        await master.execute(breaks.format(user=user))
        for _ in range(2):
            with pytest.raises(kind, match=said):
                await books.commit([(PUT, [("b", "t")])])
        await master.execute(mends.format(user=user))
        await put(books, "c")
        assert await stored(books) == ["a", "c"]
        # Nobody left connections behind in trying again.
        count = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1"
        assert await master.fetchval(count, user) <= 5


async def test_how_long_a_commit_may_take_is_not_what_is_set_for_people(postgres: str, tmp_path: Path):
    async with of_a_user(postgres, tmp_path) as (books, master):
        user = await books._writing()
        name = await user.fetchval("SELECT current_user")
        await master.execute(f"ALTER ROLE {name} SET statement_timeout = '1ms'")
        await user.close()
        await put(books, "a")
        await books.commit([(Sql("SELECT pg_sleep(0.1)"), [{}])])


async def test_a_password_that_is_changed_while_central_runs_is_read_anew(tmp_path: Path):
    folder = Path(tempfile.mkdtemp(prefix="evcharge-postgres-hba-"))
    try:
        folder.chmod(0o755)
        hba = folder / "pg_hba.conf"
        hba.write_text("host all all 127.0.0.1/32 trust\n")
        hba.chmod(0o644)
        with server(hba_file=str(hba)) as url:
            master = await asyncpg.connect(url)
            await master.execute("ALTER ROLE evcharge PASSWORD 'one'")
            hba.write_text("host all all 127.0.0.1/32 scram-sha-256\n")
            await master.execute("SELECT pg_reload_conf()")
            path = tmp_path / "central" / "database.password"
            secret_files.replace_secret(path, "one")
            config = Config(state=tmp_path, central=CentralSettings(database=url))
            async with open_postgres(place_of(config), setup.SCHEMA, STATEMENTS) as books:
                await put(books, "a")
                await master.execute("ALTER ROLE evcharge PASSWORD 'two'")
                # Whoever is connected stays so.
                await put(books, "b")
                await books._writer.close()
                with pytest.raises(StoreUnwritable, match="check the user and the password"):
                    await books.commit([(PUT, [("c", "t")])])
                secret_files.replace_secret(path, "two")
                await put(books, "d")
                assert await stored(books) == ["a", "b", "d"]
            await master.close()
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def small_disk() -> Iterator[Path]:
    """A disk that has room for a database, and for little more."""
    folder = Path(tempfile.mkdtemp(prefix="evcharge-postgres-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "tmpfs", folder],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        folder.rmdir()
        # A right, not a part that CI could install.
        pytest.skip("a small disk cannot be mounted here: not root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        folder.rmdir()


def fill(disk: Path) -> Path:
    """Leave no room on a disk; return what takes it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


async def test_on_a_full_disk_nothing_is_stored_and_when_it_has_room_it_goes_on():
    def large(number: int) -> str:
        # As large as an index takes, and nothing that can be packed.
        return f"{number:05}{os.urandom(1200).hex()}"

    with small_disk() as disk, server(disk) as url:
        master = await asyncpg.connect(url)
        async with open_postgres(Place(url=url), setup.SCHEMA, STATEMENTS) as books:
            # The log has room: it is the tables that find none.
            await master.execute("SELECT pg_switch_wal()")
            await books.commit([(PUT, [(large(0), "t")])])
            confirmed = await stored(books)
            filler = fill(disk)
            with pytest.raises(StoreFull, match="the disk is full"):
                for number in range(1, 500):
                    name = large(number)
                    await books.commit([(PUT, [(name, "t")])])
                    confirmed.append(name)
            with pytest.raises(StoreFull):
                await books.commit([(PUT, [(large(600 + number), "t") for number in range(20)])])
            assert await stored(books) == confirmed
            filler.unlink()
            name = large(999)
            await books.commit([(PUT, [(name, "t")])])
            assert await stored(books) == [*confirmed, name]
        await master.close()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_server_that_is_restarted_under_commits_loses_nothing_that_was_confirmed(
    mode: str, monkeypatch: pytest.MonkeyPatch
):
    # Also where a restart takes long, it is found out what became of the commit under way.
    monkeypatch.setattr(postgres_books, "_DOUBT_S", 80.0)
    with server() as url:
        async with open_postgres(Place(url=url), setup.SCHEMA, STATEMENTS) as books:
            data = (await books.read("SHOW data_directory"))[0][0]
            confirmed: list[str] = []
            begun, is_back = asyncio.Event(), asyncio.Event()

            async def writes() -> None:
                afterwards = 0
                while afterwards < 20:
                    afterwards += is_back.is_set()
                    name = f"{len(confirmed):06}"
                    # Refused, it was not stored: asked again, it is stored once.
                    with contextlib.suppress(StoreAway):
                        await books.commit([(PUT, [(name, "t")])])
                        confirmed.append(name)
                    if len(confirmed) == 20:
                        begun.set()

            async with asyncio.timeout(100), asyncio.TaskGroup() as tasks:
                tasks.create_task(writes())
                await begun.wait()
                await asyncio.to_thread(restart, data, mode)
                is_back.set()
            assert await stored(books) == confirmed


# ---- what it refuses


async def test_a_server_that_may_lose_what_it_confirms_is_refused(postgres: str):
    master = await asyncpg.connect(postgres)
    await master.execute(
        "DROP ROLE IF EXISTS lazy; CREATE ROLE lazy LOGIN SUPERUSER; ALTER ROLE lazy SET synchronous_commit = off"
    )
    await master.close()
    text = await refused(Place(url=postgres.replace("evcharge@", "lazy@")))
    assert "runs with synchronous_commit = off: what it confirms may be lost." in text


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_a_server_that_may_lose_what_it_wrote_is_refused(setting: str):
    with server(**{setting: "off"}) as url:
        assert f"runs with {setting} = off: what it confirms may be lost." in await refused(Place(url=url))


@contextlib.contextmanager
def certificate(state: Path) -> Iterator[Path]:
    """A folder with the certificate and the key of a state folder, as PostgreSQL wants them: of its own user."""
    folder = Path(tempfile.mkdtemp(prefix="evcharge-postgres-tls-"))
    try:
        for name in ("central.pem", "central.key"):
            shutil.copy(state / name, folder / name)
            (folder / name).chmod(0o600)
        if (owner := server_user()) is not None:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, owner)
        yield folder
    finally:
        shutil.rmtree(folder)


async def test_over_tls_its_certificate_must_be_one_that_we_trust(tmp_path: Path):
    for network in ("ours", "another"):
        state_folder.init_state(tmp_path / network, [], utc_now())
    with (
        certificate(tmp_path / "ours") as folder,
        server(
            ssl="on", ssl_cert_file=str(folder / "central.pem"), ssl_key_file=str(folder / "central.key")
        ) as url,
    ):
        place = Place(url=url, security="tls", ca_file=str(tmp_path / "ours" / "ca.pem"))
        async with open_postgres(place, setup.SCHEMA, STATEMENTS) as books:
            await put(books, "a")
            everyone = await books.read(
                "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                "WHERE application_name = 'evcharge'"
            )
            assert everyone[0][0] is True
        for other in (str(tmp_path / "another" / "ca.pem"), ""):
            assert "is not one that we trust for this host" in await refused(
                Place(url=url, security="tls", ca_file=other)
            )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("/postgres", "/nowhere"), "there is no such database"),
        (("evcharge@", "nobody@"), "refuses the login: check the user, and the password"),
        (("127.0.0.1:", "127.0.0.1:1"), "cannot be reached"),
    ],
)
async def test_a_database_that_cannot_be_used_is_a_sentence(postgres: str, wrong, said: str):
    url = (
        postgres.replace(*wrong)
        if wrong[1] != "127.0.0.1:1"
        else "postgresql://evcharge@127.0.0.1:1/postgres"
    )
    assert said in await refused(Place(url=url))


async def test_books_of_a_newer_evcharge_are_left_alone(books, tmp_path: Path):
    await books.commit([(Sql("UPDATE schema_version SET n = 999"), [{}])])
    assert "has schema 999, written by a newer evcharge" in await refused(
        Place(url=engines.address(tmp_path))
    )


def test_its_library_is_imported_only_where_it_is_asked_for():
    code = "import evcharge.central.app, evcharge.cli, sys; print('asyncpg' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"


# ---- Central on it


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
