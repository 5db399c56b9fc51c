"""Heads of the audit logs that are kept away from the books: whoever changes the books must reach all of them."""

import asyncio
import json
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from evcharge.central.books import verify
from evcharge.central.peers import watchdog
from evcharge.central.rules.commands import CENTRAL, Note
from evcharge.central.services import anchor_keeper as central_anchors
from evcharge.central.services import registry_sync
from evcharge.domain.events import RegistryAnchored
from evcharge.kafka.topics import EVENT_TOPICS
from evcharge.labels import Speech
from evcharge.labels.book_findings import in_words
from evcharge.labels.operator import SENTENCES
from evcharge.operator import far_witnesses
from evcharge.registry import app as registry_app
from evcharge.registry import store
from evcharge.runtime.config import Config, KafkaSettings, ReachSettings
from evcharge.storage import hash_chain
from evcharge.storage.anchor_file import ANCHORS, AnchorFile, anchors_in
from evcharge.storage.database import open_database
from evcharge.storage.store_errors import ConstraintViolated
from evcharge.storage.witnesses import CENTRAL as CENTRAL_LOG
from evcharge.storage.witnesses import KAFKA, REGISTRY, Witness
from tests.component.books import raw, rechained
from tests.component.registry_process import Running, make_state, running_registry
from tests.component.town import running
from tests.ports import free_port

HEADS = [hash_chain.Head(n, f"{n:064x}") for n in range(1, 2000)]


# ---- the file


async def test_heads_go_into_the_file_one_a_line_for_its_owner_only(tmp_path: Path):
    file = AnchorFile(tmp_path / ANCHORS)
    for head in HEADS[:3]:
        await file.append(head)
    assert (tmp_path / ANCHORS).read_text() == "".join(f"{one.n} {one.hash}\n" for one in HEADS[:3])
    assert (tmp_path / ANCHORS).stat().st_mode & 0o777 == 0o600
    assert file.newest == HEADS[2]


async def test_anchors_are_not_written_through_a_planted_link(tmp_path: Path, caplog):
    (tmp_path / "target").write_text("precious")
    (tmp_path / ANCHORS).symlink_to(tmp_path / "target")
    await AnchorFile(tmp_path / ANCHORS).append(HEADS[0])
    assert "it must be a plain file" in caplog.text
    assert (tmp_path / "target").read_text() == "precious"


async def test_what_the_disk_does_not_take_goes_in_with_the_next_one(tmp_path: Path, caplog):
    file = AnchorFile(tmp_path / "gone" / ANCHORS)
    await file.append(HEADS[0])
    assert "cannot anchor the audit log" in caplog.text
    (tmp_path / "gone").mkdir()
    await file.append(HEADS[1])
    assert anchors_in((tmp_path / "gone" / ANCHORS).read_text()) == HEADS[:2]


async def test_a_head_whose_writer_was_stopped_before_it_wrote_is_written_by_the_next(tmp_path: Path):
    file, free = AnchorFile(tmp_path / ANCHORS), threading.Event()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    busy = asyncio.create_task(asyncio.to_thread(free.wait))
    dropping = asyncio.create_task(file.append(HEADS[0]))
    await asyncio.sleep(0)
    dropping.cancel()
    await asyncio.wait({dropping})
    assert dropping.cancelled()
    free.set()
    await busy
    assert file.newest != HEADS[0]
    await file.append(HEADS[0])
    assert anchors_in((tmp_path / ANCHORS).read_text()) == [HEADS[0]]
    assert file.newest == HEADS[0]


def test_a_kept_log_holds_the_anchors_of_each_book(tmp_path: Path):
    one, other = HEADS[:2]
    text = (
        f"2026-01-01T12:00:00Z INFO audit log: central.db {one.n} {one.hash}\n"
        f'{{"at":"…","message":"registro de auditoría: registry.db {other.n} {other.hash}"}}\n'
        f"central.db 7 {'0' * 63}\n7 {'0' * 63}g\n"
    )
    assert anchors_in(text, "central.db") == [one]
    assert anchors_in(text, "registry.db") == [other]
    assert anchors_in(text) == []


# ---- the Registry keeps those of Central


@pytest.fixture
def password(tmp_path: Path) -> str:
    return make_state(tmp_path)


@pytest.fixture
async def registry(tmp_path: Path, password: str) -> AsyncIterator[Running]:
    async with running_registry(tmp_path, password) as running_one:
        yield running_one


async def told(registry: Running, head: hash_chain.Head, token: str | None = None):
    body = {"n": head.n, "hash": head.hash}
    return await registry.ask("POST", "/v1/anchors", body, token=token or registry.central)


async def test_the_registry_keeps_each_head_once_and_tells_its_own(registry: Running):
    for head in (*HEADS[:3], HEADS[2]):
        answer = await told(registry, head)
        assert answer.status == 200
    assert answer.body["n"] >= 1
    assert len(answer.body["hash"]) == 64
    kept = await registry.ask("GET", "/v1/anchors", token=registry.central)
    assert [(row["n"], row["hash"]) for row in kept.body["anchors"]] == [
        (head.n, head.hash) for head in HEADS[:3]
    ]
    admin = await registry.ask("GET", "/v1/anchors", token=await registry.admin())
    assert admin.body == kept.body


async def test_only_central_leaves_anchors_and_only_staff_reads_them(registry: Running):
    assert (await told(registry, HEADS[0], await registry.admin())).status == 403
    assert (await told(registry, HEADS[0], registry.enrolment)).status == 403
    assert (await registry.ask("GET", "/v1/anchors", token=registry.enrolment)).status == 403
    assert (await registry.ask("GET", "/v1/anchors")).status == 401


@pytest.mark.parametrize(
    "body",
    [
        {"n": 0, "hash": "0" * 64},
        {"n": 2**53 + 1, "hash": "0" * 64},
        {"n": "1", "hash": "0" * 64},
        {"n": 1, "hash": "0" * 63},
        {"n": 1, "hash": "G" * 64},
        {"n": 1},
        {"n": 1, "hash": "0" * 64, "more": 1},
    ],
)
async def test_what_is_no_anchor_is_refused_and_not_kept(registry: Running, body: dict):
    answer = await registry.ask("POST", "/v1/anchors", body, token=registry.central)
    assert answer.status == 422
    assert (await registry.ask("GET", "/v1/anchors", token=registry.central)).body["anchors"] == []


async def test_the_registry_keeps_a_day_of_anchors_and_the_first_of_each_day(tmp_path: Path, monkeypatch):
    now = [1_800_000_000.0]
    async with open_database(tmp_path / "registry.db", "evcharge.registry.schema") as database:
        books = store.Store(database, lambda: None)
        monkeypatch.setattr(books, "_time", lambda: now[0])
        for head in HEADS:
            await books.anchor(head)
            # Two hundred a day.
            now[0] += 86_400 / 200
        kept = [row["n"] for row in await books.anchors()]
        assert kept[-store.MAX_ANCHORS :] == [head.n for head in HEADS[-store.MAX_ANCHORS :]]
        assert len(kept) == store.MAX_ANCHORS + 3
        days = {row["n"]: int(row["at"] // 86_400) for row in await books.anchors()}
        assert len({days[n] for n in kept[:3]}) == 3
        # Ten years later only the newest are left.
        now[0] += 3_700 * 86_400
        await books.anchor(hash_chain.Head(5000, "e" * 64))
        assert len(await books.anchors()) == store.MAX_ANCHORS
        for change in (
            "UPDATE anchors SET n = 1",
            "DELETE FROM anchors",
            "INSERT INTO anchors VALUES (1, 1, '', 1)",
        ):
            with pytest.raises(ConstraintViolated) as refused:
                async with database.transaction() as writing:
                    await writing.execute(change)
            # Which of the rules it was is for a traceback only.
            assert "append-only" in str(refused.value.__cause__)


# ---- Central and the Registry, at work


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_sync, "POLL_S", 0.05)
    monkeypatch.setattr(watchdog, "MINUTE_S", 0.1)
    monkeypatch.setattr(registry_app, "_ANCHOR_EVERY_S", 0.1)


def asked(path: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as books:
        return books.execute(sql).fetchall()


@pytest.fixture
async def state(tmp_path: Path, password: str, quick) -> Path:
    """Two programs have worked side by side, and were stopped: their books, and all anchors."""
    book = tmp_path / "central/central.db"
    async with running_registry(tmp_path, password) as registry, running(tmp_path, registry.url) as town:
        await town.point()
        for number in (1, 2):
            await registry.register(f"CP00{number}")
            await town.driver(f"D0{number}")
            async with asyncio.timeout(10):
                while len(asked(book, "SELECT 1 FROM events WHERE type = 'RegistryAnchored'")) < number:
                    await asyncio.sleep(0.05)
    return tmp_path


async def test_both_logs_are_anchored_at_the_other_and_in_the_files_also_at_the_end(state: Path):
    central, registry = state / "central/central.db", state / "registry/registry.db"
    ((last, hash_),) = asked(central, "SELECT n, hash FROM events ORDER BY n DESC LIMIT 1")
    # The last word of a clean stop is anchored, too.
    assert asked(central, f"SELECT type FROM events WHERE n = {last}") == [("CentralStopped",)]
    assert asked(registry, "SELECT n, hash FROM anchors ORDER BY k DESC LIMIT 1") == [(last, hash_)]
    for book in (central, registry):
        (newest,) = asked(book, "SELECT n, hash FROM events ORDER BY n DESC LIMIT 1")
        found = verify.examine(book)
        assert found.problems == []
        assert (found.witnesses[0].newest, len(found.witnesses)) == (newest[0], 2)
        assert all(witness.heads for witness in found.witnesses)
        assert "none checked" not in [note.name for note in found.notes]


async def test_the_log_of_central_says_each_anchor(tmp_path: Path, quick, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", central_anchors.__name__)
    async with running(tmp_path) as town:
        await town.point()
        async with asyncio.timeout(5):
            while not anchors_in(caplog.text, "central.db"):
                await asyncio.sleep(0.05)
    found = anchors_in(caplog.text, "central.db")
    assert {(head.n, head.hash) for head in found} <= set(
        asked(tmp_path / "central/central.db", "SELECT n, hash FROM events")
    )
    log = tmp_path / "central.log"
    log.write_text(caplog.text)
    (tmp_path / "central" / ANCHORS).unlink()
    with raw(tmp_path / "central/central.db", tamper=True) as connection:
        connection.execute(f"DELETE FROM events WHERE n >= {found[-1].n}")
    assert verify.main(tmp_path, logs=[log]) == 1


async def test_a_registry_that_is_away_gets_the_newest_when_it_is_back(tmp_path: Path, password: str, quick):
    async with running_registry(tmp_path, password, free_port()) as first:
        port = first.port
    async with running(tmp_path, f"https://127.0.0.1:{port}") as town:
        await town.point()
        async with asyncio.timeout(5):
            while not (tmp_path / "central" / ANCHORS).exists():
                await asyncio.sleep(0.05)
        async with running_registry(tmp_path, password, port) as registry, asyncio.timeout(5):
            while not (await registry.ask("GET", "/v1/anchors", token=registry.central)).body["anchors"]:
                await asyncio.sleep(0.05)


def forged(book: Path, how: str) -> None:
    last = asked(book, "SELECT MAX(n) FROM events")[0][0]
    half = last // 2
    with raw(book, tamper=True) as connection:
        match how:
            case "its end is cut off":
                connection.execute(f"DELETE FROM events WHERE n > {last - 2}")
            case "half of it is made anew":
                column = "address"
                rechained(connection, lambda row: row | {column: "10.9.9.9"} if row["n"] > half else row)
            case "all of it is made anew":
                rechained(connection, lambda row: row | {"address": "10.9.9.9"})


@pytest.mark.parametrize("how", ["its end is cut off", "half of it is made anew", "all of it is made anew"])
@pytest.mark.parametrize("book", ["central/central.db", "registry/registry.db"])
@pytest.mark.parametrize("left", ["file", "other"])
async def test_a_forged_log_shows_against_any_anchor_that_is_left(
    state: Path, how: str, book: str, left: str
):
    path, other = state / book, state / ("registry" if "central" in book else "central")
    forged(path, how)
    assert hash_chain.first_broken(rows(path)) is None
    if left == "file":
        (other / f"{other.name}.db").unlink()
    else:
        (path.parent / ANCHORS).unlink()
    (line,) = [line for line in verify.check(path) if line.startswith("audit log broken")]
    who = "anchors.txt" if left == "file" else "the Registry" if "central" in book else "Central's audit log"
    said = "were cut off" if "cut off" in how else "is not the one that was anchored"
    assert said in line
    assert line.endswith(f", says {who}")


def rows(book: Path) -> list[dict]:
    with raw(book) as connection:
        return [dict(row) for row in connection.execute("SELECT * FROM events ORDER BY n")]


def first_at_both(state: Path) -> str:
    """Return the first line of Central's file that the Registry has too, which is sent the newest alone."""
    sent = {str(n) for (n,) in asked(state / "registry/registry.db", "SELECT n FROM anchors")}
    lines = (state / "central" / ANCHORS).read_text().splitlines(keepends=True)
    return next(line for line in lines if line.split()[0] in sent)


@pytest.mark.parametrize("how", ["all", "the first", "another hash"])
async def test_anchors_that_somebody_took_out_of_the_file_are_missed_at_the_registry(state: Path, how: str):
    file, first = state / "central" / ANCHORS, first_at_both(state)
    match how:
        case "all":
            file.unlink()
        case "the first":
            file.write_text(file.read_text().replace(first, ""))
        case _:
            other = first.replace(first.split()[1][:8], "00000000")
            file.write_text(file.read_text().replace(first, other))
    found = verify.check(state / "central/central.db")
    assert any(line.startswith("anchors.txt lacks ") and "the Registry" in line for line in found), found


async def test_anchors_that_another_central_wrote_on_its_own_disk_are_not_missed_here(
    state: Path, capsys: pytest.CaptureFixture
):
    file = state / "central" / ANCHORS
    file.write_text(file.read_text().replace(first_at_both(state), ""))
    assert verify.main(state) == 1
    assert "anchors.txt lacks" in capsys.readouterr().out
    assert verify.main(state, shared=True) == 0
    # What any of them knows must be there all the same.
    forged(state / "central/central.db", "its end is cut off")
    assert verify.main(state, shared=True) == 1


async def test_who_could_not_be_asked_is_said(state: Path, capsys: pytest.CaptureFixture):
    (state / "registry/registry.db").unlink()
    far = {"central.db": [Witness(REGISTRY, why="nobody answers at https://127.0.0.1:1")]}
    assert verify.main(state, far=far) == 0
    said = capsys.readouterr().out
    assert "the Registry (not asked: nobody answers at https://127.0.0.1:1)" in said


# ---- witnesses on other computers


def config(state: Path, **reach: str) -> Config:
    return Config(state=state, reach=ReachSettings(**reach))


SAY = Speech(SENTENCES)


async def test_the_registry_on_another_computer_is_asked(tmp_path: Path, registry: Running):
    for head in HEADS[:2]:
        await told(registry, head)
    here = tmp_path / "here"
    here.mkdir()
    for name in ("ca.pem", "service.key"):
        shutil.copy(tmp_path / name, here / name)
    (here / "central").mkdir()
    (here / "central/central.db").touch()
    found = await far_witnesses.ask(config(here, registry_url=registry.url), SAY)
    assert found == {"central.db": [Witness(REGISTRY, tuple(HEADS[:2]))], "registry.db": []}
    found = await far_witnesses.ask(config(here, registry_url="https://127.0.0.1:1"), SAY)
    assert "127.0.0.1:1" in found["central.db"][0].why
    (here / "service.key").unlink()
    found = await far_witnesses.ask(config(here, registry_url=registry.url), SAY)
    assert "service.key is missing" in found["central.db"][0].why


async def test_central_on_another_computer_is_asked_for_what_it_knows_of_the_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(far_witnesses, "_PAGE", 3)
    async with running(tmp_path) as town:
        line = await town.says("listening on http")
        api = line[line.index("http") :]
        for head in HEADS[:7]:
            event = RegistryAnchored(n=head.n, hash=head.hash)
            await town.dispatcher.submit(Note(by=CENTRAL, event=event))
        here = tmp_path / "here"
        here.mkdir()
        for name in ("ca.pem", "operator.token"):
            shutil.copy(tmp_path / name, here / name)
        (here / "registry").mkdir()
        (here / "registry/registry.db").touch()
        found = await far_witnesses.ask(config(here, central_api=api), SAY)
        assert found["registry.db"] == [Witness(CENTRAL_LOG, tuple(HEADS[:7]))]
    found = await far_witnesses.ask(config(here, central_api=api), SAY)
    assert found["registry.db"][0].why


class FakeConsumer:
    """Two events, one of them in both topics, and what somebody else wrote there."""

    def __init__(self, _brokers: object, topics: tuple[str, ...]) -> None:
        assert topics == EVENT_TOPICS
        self.closed = False
        told = {
            "type": "x",
            "at": "2026-11-21T08:30:00Z",
            "cp_id": None,
            "driver_id": None,
            "session_id": None,
            "data": {},
        }
        ids = [f"{head.n}-{head.hash[:16]}" for head in HEADS[:2]]
        values = [json.dumps(told | {"event_id": one}) for one in (*ids, ids[0], "x", "-", "7")]
        self.batches = [[SimpleNamespace(value=value.encode()) for value in (*values, "no JSON")]]

    async def start(self, begin) -> None:
        assert begin("cp-events", 0) == -200_000

    async def left(self) -> bool:
        return bool(self.batches)

    async def fetch(self, _within_s: float) -> list[SimpleNamespace]:
        return self.batches.pop()

    async def close(self) -> None:
        self.closed = True


async def test_every_event_in_kafka_is_an_anchor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("evcharge.kafka.client.Consumer", FakeConsumer)
    (tmp_path / "registry").mkdir()
    (tmp_path / "central").mkdir()
    (tmp_path / "registry/registry.db").touch()
    (tmp_path / "central/central.db").touch()
    with_kafka = Config(state=tmp_path, kafka=KafkaSettings(bootstrap="127.0.0.1:9"))
    found = await far_witnesses.ask(with_kafka, SAY)
    short = tuple(hash_chain.Head(head.n, head.hash[:16]) for head in HEADS[:2])
    assert found == {"central.db": [Witness(KAFKA, short)], "registry.db": []}


async def test_the_beginning_of_a_hash_is_enough_to_find_another_log(state: Path):
    book = state / "central/central.db"
    events = asked(book, "SELECT n, hash FROM events ORDER BY n")
    kafka = Witness(KAFKA, tuple(hash_chain.Head(n, hash_[:16]) for n, hash_ in events))
    assert verify.examine(book, [kafka]).problems == []
    (book.with_name(ANCHORS)).unlink()
    (state / "registry/registry.db").unlink()
    forged(book, "half of it is made anew")
    half = len(events) // 2
    (problem,) = verify.examine(book, [kafka]).problems
    assert (
        in_words(problem)
        == f"audit log broken: row {half + 1} is not the one that was anchored; row {half} still is, says Kafka"
    )
