"""What the Registry's tables do in PostgreSQL alone: lost answers, lost connections, those who pause, wrong places."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.fernet import Fernet

from evcharge import cli
from evcharge.central.books import moving
from evcharge.central.books import setup as central_setup
from evcharge.domain.errors import StateError, Taken
from evcharge.labels.command_errors import translated
from evcharge.registry import setup
from evcharge.registry.registrations import RegistrationChange
from evcharge.registry.setup import SCHEMA
from evcharge.registry.store import Overtaken, Store, entry
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import Config, RegistrySettings
from evcharge.security import secret_files
from evcharge.security.key_digests import network_of
from evcharge.storage import hash_chain, postgres_connection, postgres_copy, postgres_transactions
from evcharge.storage.anchor_file import ANCHORS
from evcharge.storage.database import open_database
from evcharge.storage.members import REGISTRY_KEY_FILES
from evcharge.storage.postgres_place import REGISTRY, Place, place_of
from evcharge.storage.postgres_transactions import (
    PostgresTransactions,
    mark_moved,
    nobody_at_work,
    open_transactions,
    prepare_tables,
)
from evcharge.storage.store_errors import StoreAway, StoreBusy, StoreInDoubt, StoreUnwritable
from tests import postgres
from tests.component import engines
from tests.component.engines import Killed
from tests.component.registry.looking import rows
from tests.component.registry.test_registry_store import ADMIN, CP1, register
from tests.component.registry_process import copy_state

ENGINES = (engines.POSTGRES,)


@pytest.fixture
async def tables(tmp_path: Path) -> AsyncIterator[PostgresTransactions]:
    async with engines.opened_tables(tmp_path) as found:
        assert isinstance(found, PostgresTransactions)
        yield found


@pytest.fixture
def store(tables: PostgresTransactions) -> Store:
    return Store(tables, utc_now)


class Cut:
    """A connection that is cut in its COMMIT: what is `eaten` is the server's answer, or the question."""

    def __init__(self, real: asyncpg.Connection, eaten: str) -> None:
        self._real = real
        self._eaten = eaten

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def execute(self, sql: str) -> str:
        if sql != "COMMIT":
            return await self._real.execute(sql)
        if self._eaten == "answer":
            await self._real.execute(sql)
        self._real.terminate()
        raise asyncpg.ConnectionDoesNotExistError("cut")


def cutting(monkeypatch: pytest.MonkeyPatch, *eaten: str) -> Callable[..., Awaitable[Any]]:
    """Let the connections that write be cut in turn; return what makes them."""
    left = list(eaten)

    async def connect(*args: Any, **settings: str) -> Any:
        connection = await postgres_connection.connect(*args, **settings)
        return Cut(connection, left.pop(0)) if left else connection

    monkeypatch.setattr(postgres_transactions, "connect", connect)
    return connect


async def test_a_transaction_whose_answer_is_lost_is_found_by_its_number(tmp_path: Path, monkeypatch):
    cutting(monkeypatch, "answer", "question")
    async with engines.opened_tables(tmp_path) as tables:
        store = Store(tables, utc_now)
        await register(store)  # stored, and known to be
        with pytest.raises(StoreAway) as problem:
            await register(store, "CP002")
        assert not isinstance(problem.value, StoreInDoubt)
        assert await store.find("CP002") is None
        await register(store, "CP002")
        assert [row["target"] for row in await store.events()] == ["CP001", "CP002"]


async def test_after_a_crash_of_the_server_another_ones_commit_is_not_taken_for_it(monkeypatch):
    """The number of a transaction that was never written down is given again to the next one."""
    # What was not confirmed is not written down either, as in the moment before.
    with postgres.server(wal_writer_delay="10000ms") as url:
        place = Place(url=url, section=REGISTRY)
        looking = await postgres_connection.connect(place)
        data = await looking.fetchval("SHOW data_directory")
        await looking.close()

        class Crashing(Cut):
            async def execute(self, sql: str) -> str:
                if sql != "COMMIT":
                    return await self._real.execute(sql)
                await asyncio.to_thread(postgres.restart, data, "immediate")
                other = await postgres_connection.connect(place)
                await other.execute("CREATE TABLE another (n bigint)")
                await other.close()
                raise asyncpg.ConnectionDoesNotExistError("crashed")

        connections = 0

        async def connect(*args: Any, **settings: str) -> Any:
            nonlocal connections
            connections += 1
            connection = await postgres_connection.connect(*args, **settings)
            return Crashing(connection, "question") if connections == 1 else connection

        monkeypatch.setattr(postgres_transactions, "connect", connect)
        async with open_transactions(place, SCHEMA) as tables:
            store = Store(tables, utc_now)
            with pytest.raises(StoreAway) as problem:
                await register(store)
            assert not isinstance(problem.value, StoreInDoubt)
            await register(store)
            assert await store.find("CP001") == CP1


async def test_a_commit_that_is_still_under_way_is_waited_for(tmp_path: Path, monkeypatch):
    class UnderWay(Cut):
        """A connection whose COMMIT comes to the server later than the question what became of it."""

        committing: asyncio.Task[None] | None = None

        async def execute(self, sql: str) -> str:
            if sql != "COMMIT":
                return await self._real.execute(sql)
            self.committing = asyncio.create_task(self._commit())
            raise asyncpg.ConnectionDoesNotExistError("cut")

        def is_closed(self) -> bool:
            return self.committing is not None

        def terminate(self) -> None:
            pass

        async def _commit(self) -> None:
            watching = await postgres_connection.connect(at)
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while not await watching.fetchval(waiting):
                await asyncio.sleep(0.01)
            await watching.close()
            await self._real.execute("COMMIT")
            await self._real.close()

    at, made = Place(url=engines.registry_address(tmp_path), section=REGISTRY), []

    async def connect(*args: Any, **settings: str) -> Any:
        connection = await postgres_connection.connect(*args, **settings)
        made.append(connection if made else UnderWay(connection, ""))
        return made[-1]

    monkeypatch.setattr(postgres_transactions, "connect", connect)
    async with engines.opened_tables(tmp_path) as tables, asyncio.timeout(20):
        store = Store(tables, utc_now)
        await register(store)
        assert await store.find("CP001") == CP1
        await made[0].committing


async def test_whoever_wrote_last_a_day_ago_is_forgotten(tmp_path: Path):
    at = Place(url=engines.registry_address(tmp_path), section=REGISTRY)
    async with engines.opened_tables(tmp_path) as tables:
        await register(Store(tables, utc_now))
        looking = await postgres_connection.connect(at)
        assert await looking.fetchval("SELECT count(*) FROM written") == 1
        await looking.execute("UPDATE written SET at = at - interval '25 hours'")
        async with engines.opened_tables(tmp_path):
            assert await looking.fetchval("SELECT count(*) FROM written") == 0
        await register(Store(tables, utc_now), "CP002")
        assert await looking.fetchval("SELECT count(*) FROM written") == 1
        await looking.close()


async def test_a_database_that_begins_otherwise_changes_nothing(tmp_path: Path):
    """Whatever the transactions of this user are without being told."""
    async with engines.opened_tables(tmp_path) as tables:
        store = Store(tables, utc_now)
        async with tables.transaction() as writing:
            await writing.execute(
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY"
            )
        await register(store)
        async with tables.transaction() as writing:
            assert (await writing.execute("SHOW transaction_isolation"))[0][0] == "read committed"


async def test_who_only_reads_is_at_work_again_after_the_connection_was_lost(tmp_path: Path):
    at = Place(url=engines.registry_address(tmp_path), section=REGISTRY)
    async with engines.opened_tables(tmp_path) as tables, asyncio.timeout(20):
        store = Store(tables, utc_now)
        with pytest.raises(StoreAway):
            async with tables.transaction() as writing:
                await writing.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert await store.find("CP001") is None
        with pytest.raises(Taken):
            async with nobody_at_work(at, ""):
                pass


async def test_tables_that_were_moved_away_are_used_no_more(tmp_path: Path):
    at = Place(url=engines.registry_address(tmp_path), section=REGISTRY)
    async with engines.opened_tables(tmp_path) as tables, asyncio.timeout(20):
        with pytest.raises(StoreAway):
            async with tables.transaction() as writing:
                await writing.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        for _ in range(2):  # one that was broken off is begun again
            async with nobody_at_work(at, "", "/there") as mover:
                await mark_moved(mover, "/there")
        with pytest.raises(StoreUnwritable, match="were moved to /there"):
            await Store(tables, utc_now).find("CP001")
        with pytest.raises(StoreUnwritable, match="were moved to /there"):
            await register(Store(tables, utc_now))
    with pytest.raises(StateError, match="were moved to /there"):
        async with engines.opened_tables(tmp_path):
            pass
    with pytest.raises(StateError, match="were moved to /there"):
        async with nobody_at_work(at, "", "/elsewhere"):
            pass


async def test_while_nobody_knows_whether_it_was_stored_that_is_said(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(postgres_transactions, "_DOUBT_S", 0.0)
    connect, tries = cutting(monkeypatch, "answer"), 0

    async def away_then(*args: Any, **settings: str) -> Any:
        nonlocal tries
        tries += 1
        if tries == 2:
            raise ConnectionRefusedError
        return await connect(*args, **settings)

    monkeypatch.setattr(postgres_transactions, "connect", away_then)
    async with engines.opened_tables(tmp_path) as tables:
        store = Store(tables, utc_now)
        with pytest.raises(StoreInDoubt):
            await register(store)
        # What is asked again is decided on what is there.
        assert await store.find("CP001") == CP1
        with pytest.raises(Overtaken):
            await register(store)


async def test_a_lost_connection_is_made_anew_and_half_a_transaction_is_none(
    tables: PostgresTransactions, store: Store
):
    await register(store)
    async with asyncio.timeout(20):
        with pytest.raises(StoreAway):
            async with tables.transaction() as writing:
                await writing.execute("DELETE FROM admins")
                await writing.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        await register(store, "CP002")
    assert hash_chain.first_broken(await store.events()) is None


async def test_whoever_pauses_inside_a_transaction_stops_the_others_for_a_moment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postgres_transactions, "_PAUSED", "300ms")
    async with (
        engines.opened_tables(tmp_path) as tables,
        engines.opened_tables(tmp_path) as other,
        asyncio.timeout(20),
    ):
        with pytest.raises(StoreAway):
            async with tables.transaction() as writing:
                await writing.execute("INSERT INTO admins VALUES ('ana', '$argon2id$x', 1)")
                # It is frozen meanwhile, and does not know what has become of it.
                await register(Store(other, utc_now))
                await writing.execute("SELECT 1")
        assert not await Store(other, utc_now).has_admin()
        await Store(tables, utc_now).note([entry(ADMIN, "log in", "admin", "done")])
        assert [row["n"] for row in await Store(other, utc_now).events()] == [1, 2]


async def test_whoever_holds_it_too_long_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(postgres_transactions, "_LOCKED", "100ms")
    async with engines.opened_tables(tmp_path) as tables, engines.opened_tables(tmp_path) as other:
        async with tables.transaction():
            with pytest.raises(StoreBusy):
                await register(Store(other, utc_now))
        await register(Store(other, utc_now))


async def test_two_registries_that_start_at_once_make_the_tables_once(tmp_path: Path):
    async def started() -> hash_chain.Head:
        async with engines.opened_tables(tmp_path) as tables:
            return await Store(tables, utc_now).head()

    assert await asyncio.gather(started(), started()) == [hash_chain.Head()] * 2


async def test_books_of_central_are_no_place_for_a_registry_nor_the_other_way_round(tmp_path: Path):
    async with engines.opened(tmp_path):
        pass
    with pytest.raises(
        StateError, match=r"holds the books of another service: name another schema, as in \?schema=reg"
    ):
        async with open_transactions(Place(url=engines.address(tmp_path), section=REGISTRY), SCHEMA):
            pass
    async with engines.opened_tables(tmp_path):
        pass
    at = Place(url=engines.registry_address(tmp_path))
    with pytest.raises(StateError, match=r"holds the books of another service"):
        async with engines.open_postgres(at, central_setup.SCHEMA, engines.STATEMENTS):
            pass


async def test_it_has_a_schema_and_a_password_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("EVCHARGE_DATABASE_PASSWORD", raising=False)
    url = "postgresql://evcharge@127.0.0.1/evcharge"
    config = Config(state=tmp_path, registry=RegistrySettings(database=url))
    place = place_of(config, section=REGISTRY)
    assert (place.schema, place.secret()) == ("registry", None)
    secret_files.replace_secret(tmp_path / "registry" / "database.password", "its own")
    secret_files.replace_secret(tmp_path / "central" / "database.password", "Central's")
    assert place_of(config, section=REGISTRY).secret() == "its own"
    assert place_of(config, f"{url}?schema=other", section=REGISTRY).schema == "other"


@pytest.mark.parametrize("file", ["service.key", "enrolment.token"])
async def test_a_registry_of_another_network_is_refused_and_told_which_file_it_is(
    made: tuple[Path, str], tmp_path: Path, file: str
):
    """Of two behind one list of addresses, Central would be refused by one, now and then."""
    first, second = (copy_state(made[0], tmp_path / name) for name in ("a", "b"))
    url = engines.registry_address(tmp_path)
    one, two = (Config(state=state, registry=RegistrySettings(database=url)) for state in (first, second))
    for state in (first, second):
        shutil.rmtree(state / "registry")
    async with setup.open_tables(one), setup.open_tables(two):
        pass
    new = Fernet.generate_key().decode() if file == "service.key" else secret_files.new_secret()
    secret_files.replace_secret(second / file, new)
    with pytest.raises(StateError, match=f"other keys: {file} of this state folder differ") as refused:
        async with setup.open_tables(two):
            pass
    assert "Copie la carpeta de estado de un Registry de allí" in translated(refused.value.text, "es")
    async with setup.open_tables(two, new_keys=True):
        pass
    with pytest.raises(StateError, match="start the Registry once with --new-keys"):
        async with setup.open_tables(one):
            pass
    if file == "service.key":
        # Rotated line by line, one line stays.
        (first / file).write_text(f"{new}\n{(first / file).read_text()}")
        async with setup.open_tables(one), setup.open_tables(two):
            pass


async def test_what_was_decided_before_another_registry_changed_it_is_not_stored(tmp_path: Path):
    """Both read the same registration; only one may store what it made of it."""
    async with engines.opened_tables(tmp_path) as tables, engines.opened_tables(tmp_path) as other:
        one, two = Store(tables, utc_now), Store(other, utc_now)
        await register(one)
        before = [await one.find("CP001"), await two.find("CP001")]
        changes = [
            RegistrationChange(CP1.__replace__(epoch=1, number=n), "rotate", revokes=True) for n in (0, 1)
        ]
        results = await asyncio.gather(
            *(
                store.save(was, change, ADMIN)
                for store, was, change in zip((one, two), before, changes, strict=True)
            ),
            return_exceptions=True,
        )
        assert sorted(str(type(result).__name__) for result in results) == ["NoneType", "Overtaken"]


# ---- there and back


def dump(state: Path) -> list[list[dict[str, Any]]]:
    tables = ("registrations", "revocations", "admins", "admin_tokens", "invitations", "anchors", "events")
    return [rows(state, f"SELECT * FROM {table} ORDER BY 1") for table in tables]


def test_tables_move_there_and_back_and_are_checked_and_backed_up(
    made: tuple[Path, str], state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    where = engines.registry_address(tmp_path)

    async def fill(config: Config, *ids: str) -> None:
        async with setup.open_tables(config) as found:
            store = Store(found, utc_now)
            for id_ in ids:
                await register(store, id_)
            await store.add_token("admin", f"token {ids}", 60, ADMIN)
            await store.anchor(hash_chain.Head(len(ids), "e" * 64))

    asyncio.run(fill(Config(state=state), "CP001", "CP002"))
    before = dump(state)
    flags = ["--state", str(state)]
    assert cli.run(["migrate", "--books", "registry", *flags, "--to", where]) == 0, capsys.readouterr().err
    assert not (state / "registry/registry.db").exists()
    with pytest.raises(StateError, match=r"set `\[registry\] database`"):
        asyncio.run(fill(Config(state=state)))
    monkeypatch.setenv("EVCHARGE_REGISTRY__DATABASE", where)
    assert cli.run(["audit", "verify", *flags]) == 0
    assert "registry.db" in capsys.readouterr().out
    assert cli.run(["backup", str(tmp_path / "b.evb"), *flags]) == 0, capsys.readouterr().err
    assert cli.run(["restore", str(tmp_path / "b.evb"), *flags]) == 1
    assert "empty, restore, then" in capsys.readouterr().err
    # A Registry that is at work is not moved from under it.
    config = Config(state=state, registry=RegistrySettings(database=where))

    async def at_work() -> int:
        async with open_transactions(place_of(config, section=REGISTRY), SCHEMA):
            return await asyncio.to_thread(
                cli.run, ["migrate", "--books", "registry", *flags, "--to", "file"]
            )

    assert asyncio.run(at_work()) == 2
    assert "is in use by a Registry" in capsys.readouterr().err
    assert cli.run(["migrate", "--books", "registry", *flags, "--to", "file"]) == 0, capsys.readouterr().err
    assert dump(state) == before
    with pytest.raises(StateError, match="holds tables, too"):
        asyncio.run(fill(config))
    # Nor does one on another computer begin with what is there.
    elsewhere = Config(state=tmp_path / "elsewhere", registry=RegistrySettings(database=where))
    with pytest.raises(StateError, match="the Registry's tables of .* were moved to .*registry.db on "):
        asyncio.run(fill(elsewhere))
    monkeypatch.delenv("EVCHARGE_REGISTRY__DATABASE")
    asyncio.run(fill(Config(state=state), "CP003"))
    assert cli.run(["audit", "verify", *flags]) == 0


def test_bringing_tables_back_that_was_broken_off_is_finished_after_an_update(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    """Neither the Registry nor the move waits for the other one to go first."""
    where, path = engines.registry_address(tmp_path), state / "registry" / "registry.db"
    flags = ["--books", "registry", "--state", str(state)]

    async def registers(cp_id: str, database: str) -> None:
        settings = RegistrySettings(database=database)
        async with setup.open_tables(Config(state=state, registry=settings)) as found:
            await register(Store(found, utc_now), cp_id)

    def rename(*_: object) -> None:
        raise Killed

    asyncio.run(registers("CP001", ""))
    assert cli.run(["migrate", *flags, "--to", where]) == 0, capsys.readouterr().err
    monkeypatch.setenv("EVCHARGE_REGISTRY__DATABASE", where)
    with monkeypatch.context() as dying, pytest.raises(Killed):
        dying.setattr(Path, "rename", rename)
        cli.run(["migrate", *flags, "--to", "file"])
    assert not path.exists()
    engines.update(monkeypatch)
    with pytest.raises(StateError, match="the Registry's tables of .* were moved to .*registry.db on "):
        asyncio.run(registers("CP002", where))
    assert cli.run(["migrate", *flags, "--to", "file"]) == 0, capsys.readouterr().err
    assert rows(state, "SELECT id, later FROM registrations") == [{"id": "CP001", "later": 7}]
    monkeypatch.delenv("EVCHARGE_REGISTRY__DATABASE")
    assert cli.run(["audit", "verify", "--state", str(state)]) == 0, capsys.readouterr().err


def test_a_database_without_tables_of_a_registry_is_called_that_and_gets_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    place = Place(url=engines.registry_address(tmp_path), section=REGISTRY)
    monkeypatch.setenv("EVCHARGE_REGISTRY__DATABASE", place.url)
    flags = ["--books", "registry", "--state", str(tmp_path), "--to", "file"]
    assert cli.run(["migrate", *flags]) == 1
    assert "holds no books. Is it the right database" in capsys.readouterr().err

    async def tables() -> int:
        connection = await postgres_connection.connect(place)
        try:
            return await connection.fetchval(
                "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema()"
            )
        finally:
            await connection.close()

    assert asyncio.run(tables()) == 0


def test_no_registry_begins_with_tables_that_are_being_copied(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    place = Place(url=engines.registry_address(tmp_path), section=REGISTRY)
    told: list[str] = []
    real = postgres_copy.compared

    async def begins() -> str:
        try:
            async with open_transactions(place, SCHEMA):
                return "begun"
        except StateError as problem:
            return problem.text

    def meanwhile(*files: Path) -> Any:
        told.append(asyncio.run(begins()))
        return real(*files)

    monkeypatch.setattr(postgres_copy, "compared", meanwhile)
    flags = ["--books", "registry", "--state", str(state), "--to", place.url]
    assert cli.run(["migrate", *flags]) == 0, capsys.readouterr().err
    assert len(told) == 1
    assert "another program holds the database" in told[0]
    assert asyncio.run(begins()) == "begun"


def test_both_books_are_copied_for_checks_whichever_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """One that went on meanwhile would remember more of the other than is in its copy."""
    config = Config(state=tmp_path, registry=RegistrySettings(database=engines.registry_address(tmp_path)))
    file = central_setup.database_path(tmp_path)

    async def fill() -> None:
        async with setup.open_tables(config), open_database(file, central_setup.SCHEMA):
            pass

    asyncio.run(fill())
    file.with_name(ANCHORS).write_text("")
    tries: list[Path] = []

    def agree(folder: Path) -> bool:
        tries.append(folder)
        return len(tries) == 2

    monkeypatch.setattr(moving, "agree", agree)
    with moving.as_files(config) as folder:
        assert tries == [folder] * 2
        for name in (f"central/{ANCHORS}", "central/central.db", "registry/registry.db"):
            assert (folder / name).resolve() == folder.resolve() / name
            assert (folder / name).is_file()
    with pytest.raises(StateError, match="changed faster than they could be copied"), moving.as_files(config):
        pass


def test_init_makes_the_first_administrator_where_the_tables_are(tmp_path: Path):
    config = Config(state=tmp_path, registry=RegistrySettings(database=engines.registry_address(tmp_path)))
    assert setup.initialise(config).admin_password is not None
    assert setup.initialise(config).admin_password is None
    assert not (tmp_path / "registry" / "registry.db").exists()


def test_tables_are_not_moved_to_those_of_a_network_with_other_keys_nor_from_there(
    made: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    ours, theirs = (copy_state(made[0], tmp_path / name) for name in ("ours", "theirs"))
    secret_files.replace_secret(theirs / "enrolment.token", secret_files.new_secret())
    place = Place(url=engines.registry_address(tmp_path), section=REGISTRY)
    known = network_of(theirs, REGISTRY_KEY_FILES)
    # They have begun there and written nothing yet.
    asyncio.run(prepare_tables(place, SCHEMA, known))
    flags = ["--books", "registry", "--state", str(ours)]
    assert cli.run(["migrate", *flags, "--to", place.url]) == 1
    assert "other keys: enrolment.token of this state folder differ" in capsys.readouterr().err
    assert (ours / "registry" / "registry.db").exists()
    assert cli.run(["migrate", "--books", "registry", "--state", str(theirs), "--to", place.url]) == 0
    (ours / "registry" / "registry.db").unlink()
    monkeypatch.setenv("EVCHARGE_REGISTRY__DATABASE", place.url)
    assert cli.run(["migrate", *flags, "--to", "file"]) == 1
    assert "other keys: enrolment.token of this state folder differ" in capsys.readouterr().err
    assert not (ours / "registry" / "registry.db").exists()
