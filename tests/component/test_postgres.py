"""What PostgreSQL alone has: one Central at a time by a fence in each commit, lost answers, faults of a server."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from evcharge.central.books import setup
from evcharge.central.books.rows import STATEMENTS
from evcharge.domain.errors import Deposed, StateError, Taken
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import CentralSettings, Config
from evcharge.security import secret_files, state_folder
from evcharge.storage import postgres_books, postgres_lease
from evcharge.storage.postgres_books import PostgresBooks, open_postgres
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
