"""The proof of several Centrals: what it breaks comes from its seed, and it sees what is lost or doubled."""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest
import pytest_asyncio

from evcharge.domain.journal_records import AnyRecord, SupplyEnd, SupplyStart
from evcharge.evc1.messages import Message, Progress
from evcharge.fleet.tally import Tally
from tests.absent import absent
from tests.cluster import bank
from tests.cluster.cables import Loss, apart
from tests.cluster.fleet import RememberingPoint
from tests.cluster.history import Answer, History, Order, Request
from tests.cluster.judge import Books, judge
from tests.cluster.nemesis import Kind, plan
from tests.cluster.network import Member
from tests.cluster.proof import Wish, unproved
from tests.cluster.starter import Started, Starter
from tests.cluster.wire import Way, Wire
from tests.system.lab import NoLab

_SESSION, _REQUEST = "S-00000001", "request-0001"


def test_a_seed_fixes_what_breaks_and_each_kind_comes_early():
    first = list(itertools.islice(plan(7), 60))
    assert first == list(itertools.islice(plan(7), 60))
    assert first != list(itertools.islice(plan(8), 60))
    assert {fault.kind for faults in first[: len(Kind)] for fault in faults} == set(Kind)
    assert any(len(faults) == 2 for faults in first)


def test_before_the_next_fault_half_of_the_points_have_charged_and_the_last_one_has_its_share_of_the_tickets():
    hour = Wish(1, 3600.0, 300, 20_000, points=40)
    # A fault during which charges went on, and one that held them all up.
    assert (hour.due(1000, 1060), hour.due(1000, 1000)) == (1080, 1067)
    # Each has been waited for, so after all faults there are all tickets.
    worked = 0
    for _ in range(hour.faults):
        worked = hour.due(worked, worked)
    assert worked >= hour.tickets
    assert Wish(1, 60.0, 5, points=8).due(100, 100) == 104


def _told() -> tuple[Books, History, RememberingPoint]:
    """Return books, a history and a charging point that agree: one charge of 1000 mWh, one payment."""
    history = History()
    point = RememberingPoint(1, None, Tally(), 1, history)
    journal: list[AnyRecord] = [
        SupplyStart(
            seq=1, session_id=_SESSION, driver_id=point.driver_id, request_id=_REQUEST, price=5000,
            hold_cents=2000, limit_mwh=10_000, auth="", meter_mwh=500,
        ),
        SupplyEnd(seq=2, session_id=_SESSION, meter_mwh=1500, reason="FULL"),
    ]  # fmt: skip
    point.journal, point.confirmed = journal, 2
    history.requests[_REQUEST] = Request(_REQUEST, point.driver_id, Answer.TICKETED)
    history.orders["paid"] = Order("paid", "/api/…/top-up", 100, is_confirmed=True)
    history.shown[(_SESSION, 1000, 50)] += 1
    books = Books(
        sessions={_REQUEST: [(_SESSION, "TICKETED")]},
        tickets={_SESSION: (1000, 50)},
        corrected_mwh={},
        moved={"paid": [100]},
        journals={point.cp_id: 2},
        unseen=0,
    )
    return books, history, point


def test_what_agrees_is_good():
    books, history, point = _told()
    found = judge(books, history, [point])
    assert (found.problems, found.tickets, found.energy_mwh, found.cents) == ([], 1, 1000, 50)


def _lost_ticket(books: Books, history: History, point: RememberingPoint) -> None:
    books.tickets.clear()


def _lost_session(books: Books, history: History, point: RememberingPoint) -> None:
    books.sessions.clear()


def _two_sessions(books: Books, history: History, point: RememberingPoint) -> None:
    books.sessions[_REQUEST] *= 2


def _refused_and_stored(books: Books, history: History, point: RememberingPoint) -> None:
    history.requests[_REQUEST].answer = Answer.REFUSED


def _never_answered(books: Books, history: History, point: RememberingPoint) -> None:
    history.requests[_REQUEST].answer = Answer.IN_DOUBT


def _lost_energy(books: Books, history: History, point: RememberingPoint) -> None:
    books.tickets[_SESSION] = (999, 50)


def _ticket_of_nobody(books: Books, history: History, point: RememberingPoint) -> None:
    point.journal.clear()


def _other_ticket_shown(books: Books, history: History, point: RememberingPoint) -> None:
    history.shown[(_SESSION, 1000, 49)] += 1


def _never_shown(books: Books, history: History, point: RememberingPoint) -> None:
    history.shown.clear()


def _lost_records(books: Books, history: History, point: RememberingPoint) -> None:
    books.journals[point.cp_id] = 1


def _unconfirmed_records(books: Books, history: History, point: RememberingPoint) -> None:
    point.confirmed = 1


def _lost_payment(books: Books, history: History, point: RememberingPoint) -> None:
    books.moved.clear()


def _paid_twice(books: Books, history: History, point: RememberingPoint) -> None:
    books.moved["paid"] *= 2


def _in_an_inbox(books: Books, history: History, point: RememberingPoint) -> None:
    books.unseen = 1


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (_lost_ticket, "energy was supplied and has no ticket"),
        (_lost_session, "a request was granted and is not in the books"),
        (_two_sessions, "a request has two sessions"),
        (_refused_and_stored, "a request was refused and is in the books"),
        (_never_answered, "a request never had an answer"),
        (_lost_energy, "a ticket is not what the engine supplied"),
        (_ticket_of_nobody, "a ticket is for what no engine supplied"),
        (_other_ticket_shown, "a ticket was shown that the books do not have"),
        (_never_shown, "its ticket was never shown"),
        (_lost_records, "records were confirmed that the books do not have"),
        (_unconfirmed_records, "records were never confirmed"),
        (_lost_payment, "an order about money was confirmed and is not in the books"),
        (_paid_twice, "an order about money is not in the books as it was given, once"),
        (_in_an_inbox, "1 tickets lie in inboxes"),
    ],
)
def test_what_is_lost_or_doubled_is_named(harm, found):
    books, history, point = _told()
    harm(books, history, point)
    assert any(problem.startswith(found) for problem in judge(books, history, [point]).problems)


class _Told:
    """A link on which Central says `messages`, and is lost."""

    def __init__(self, *messages: Message) -> None:
        self._messages = [*messages]

    def send(self, message: Message) -> None: ...

    async def receive(self) -> Message:
        if not self._messages:
            raise ConnectionResetError
        return self._messages.pop(0)


async def test_what_was_granted_and_then_refused_and_is_not_stored_is_named():
    books, history, point = _told()
    request = history.requests["again"] = Request("again", point.driver_id)
    for step in ("ASKING", "REFUSED"):
        with contextlib.suppress(ConnectionResetError):
            await point._converse(_Told(Progress(request_id="again", step=step)), request)  # noqa: SLF001
    assert request.answer is Answer.REFUSED
    found = "a request was granted and is not in the books: 1 (again)"
    assert judge(books, history, [point]).problems == [found]
    # The charging point refused it: that is stored.
    books.sessions["again"] = [("S-00000002", "REFUSED")]
    assert judge(books, history, [point]).problems == []


async def test_the_bank_waits_for_a_database_that_is_away_and_for_nothing_else(monkeypatch):
    said = [
        ConnectionRefusedError(),
        asyncpg.CannotConnectNowError("it starts"),
        asyncpg.AdminShutdownError("it ends"),
        asyncpg.ConnectionDoesNotExistError("cut"),
        asyncpg.UndefinedTableError("no table ticket"),
    ]

    async def connect(*_: object, **__: object) -> None:
        raise said.pop(0)

    monkeypatch.setattr(asyncpg, "connect", connect)
    monkeypatch.setattr(bank, "_EVERY_S", 0.0)
    async with asyncio.timeout(10):
        with pytest.raises(asyncpg.UndefinedTableError):
            await bank.Bank(SimpleNamespace(url="")).look()
    assert said == []


async def test_a_part_of_the_proof_that_has_failed_is_a_problem():
    async def fails() -> None:
        raise ValueError("a line too long")

    async def goes_on() -> None:
        await asyncio.Event().wait()

    async def ends() -> None: ...

    tasks = [asyncio.create_task(one()) for one in (fails, goes_on, ends, goes_on)]
    tasks[3].cancel()
    await asyncio.wait([tasks[0], *tasks[2:]], timeout=10)
    assert unproved(tasks, 1) == ["a part of the proof has failed: ValueError('a line too long')"]
    assert unproved(tasks[1:], 1) == []
    assert unproved(tasks[1:], 0) == ["the bank was never looked at"]
    tasks[1].cancel()


_READY = "Central listening on 127.0.0.1:9002"


@pytest.mark.parametrize(
    ("says", "ends", "found"),
    [
        (_READY, "sys.exit(3)", [f"A ended by itself with 3: ['{_READY}']"]),
        (_READY, "os.kill(os.getpid(), signal.SIGUSR1)", [f"A ended by itself with -10: ['{_READY}']"]),
        (_READY, "sys.exit(0)", []),
        # At a failpoint.
        (_READY, "os.kill(os.getpid(), signal.SIGKILL)", []),
        ("PostgreSQL is away", "sys.exit(3)", []),
    ],
)
async def test_a_central_that_was_there_and_ends_by_itself_is_a_problem(starter, tmp_path, says, ends, found):
    member = _member(starter, tmp_path, f"print({says!r}, flush=True)\n{ends}\n")
    async with asyncio.timeout(30):
        await member.live()
    assert (len(member.ends), member.problems) == (1, found)


async def test_a_central_that_was_told_to_end_is_none(starter, tmp_path):
    waits = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))"
    member = _member(starter, tmp_path, f"{waits}\nprint({_READY!r}, flush=True)\nsignal.pause()\n")
    async with asyncio.timeout(30):
        life = asyncio.create_task(member.live())
        await member.ready.wait()
        assert await member.goes_down(signal.SIGTERM) == 3
        await life
    assert (member.ends, member.problems) == ([3], [])


@pytest_asyncio.fixture
async def starter() -> AsyncIterator[Starter]:
    """What starts a process of whatever module."""
    starter = Starter(())
    await starter.begin()
    yield starter
    await starter.end()


async def test_whoever_is_started_is_as_it_would_be_by_itself_and_lives_no_longer_than_the_proof(
    starter, tmp_path
):
    (tmp_path / "one.py").write_text(
        "import os, sys\n"
        "print(__name__, os.getcwd(), sys.argv[1:], sorted(os.environ), sys.stdin.read(), flush=True)\n"
        "print(file=sys.stderr)\n"
    )
    async with asyncio.timeout(30):
        one = await starter.start(["one"], {"A": "1"}, tmp_path)
        assert (await one.stdout.read()).decode() == f"__main__ {tmp_path} [] ['A'] \n\n"
        assert await one.wait() == 0
        (tmp_path / "two.py").write_text("import signal\nprint('there', flush=True)\nsignal.pause()\n")
        first, two, three = [await starter.start(["two"], {}, tmp_path) for _ in range(3)]
        assert {await each.stdout.readline() for each in (first, two, three)} == {b"there\n"}
        three.send_signal(signal.SIGSTOP)
        for each in (first, two):
            each.send_signal(signal.SIGTERM)
            assert await each.wait() == -signal.SIGTERM
        assert three.returncode is None
        await starter.end()
        assert await three.wait() == -signal.SIGKILL
        assert await three.stdout.read() == b""
    with pytest.raises(ProcessLookupError):
        os.kill(three.pid, 0)


class _Once(Member):
    """One that is not started again."""

    async def _read(self, process: Started) -> None:
        self.stays_down = True
        await super()._read(process)


def _member(starter: Starter, folder: Path, code: str) -> Member:
    """Return a Central that is `code`."""
    (folder / "ending.py").write_text(f"import os, signal, sys\n{code}")
    wire = Wire(lambda: ("127.0.0.1", 1))
    return _Once("A", folder / "A", starter, wire, wire, 1, 1, entry=("ending",))


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


@pytest.mark.parametrize("ways", [(Way.OUT,), (Way.BACK,), (Way.OUT, Way.BACK)])
async def test_what_is_said_over_a_cut_wire_arrives_when_it_is_mended(ways):
    far = await asyncio.start_server(_echo, "127.0.0.1", 0)
    wire = Wire(far.sockets[0].getsockname)
    await wire.begin()
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(b"before")
        assert await reader.readexactly(6) == b"before"
        wire.cut(*ways)
        writer.write(b"during")
        answer = asyncio.create_task(reader.readexactly(6))
        assert not (await asyncio.wait([answer], timeout=0.05))[0]
        wire.mend()
        assert await answer == b"during"
        wire.cut(*ways)
        writer.write(b"lost")
        wire.reset()
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()
    await wire.end()
    far.close()
    await far.wait_closed()


async def test_of_all_connections_only_the_one_that_stores_is_broken_off():
    far = await asyncio.start_server(_echo, "127.0.0.1", 0)
    wire = Wire(far.sockets[0].getsockname)
    await wire.begin()
    async with asyncio.timeout(10):
        lives, alive = await asyncio.open_connection("127.0.0.1", wire.port)
        stores, storing = await asyncio.open_connection("127.0.0.1", wire.port)
        for reader, writer, said in ((lives, alive, b"SELECT 1"), (stores, storing, b"SELECT commit_1($1)")):
            writer.write(said)
            assert await reader.readexactly(len(said)) == said
        wire.reset_storing()
        with contextlib.suppress(ConnectionResetError):
            assert await stores.read() == b""
        alive.write(b"still")
        assert await lives.readexactly(5) == b"still"
    for writer in (alive, storing):
        writer.close()
    await wire.end()
    far.close()
    await far.wait_closed()


_ECHO = """
import socket, sys
here = socket.socket(type=socket.SOCK_DGRAM)
here.bind((sys.argv[1], 7))
print("there", flush=True)
while True:
    data, far = here.recvfrom(100)
    print(data.decode(), flush=True)
    here.sendto(data, far)
"""


async def test_of_two_computers_one_says_what_the_other_does_not_hear(tmp_path):
    (tmp_path / "echo.py").write_text(_ECHO)
    with contextlib.ExitStack() as ends:
        try:
            here, (cable,) = ends.enter_context(apart("A"))
        except (NoLab, OSError) as problem:
            absent(str(problem))
        starter = Starter((), through=cable.pc.through)
        said = ends.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        said.bind((here.address, 0))
        said.settimeout(0)
        loop = asyncio.get_running_loop()

        async def sends(data: bytes) -> None:
            await loop.sock_sendto(said, data, (cable.pc.address, 7))

        async def hears() -> bytes:
            return await loop.sock_recv(said, 100)

        async with asyncio.timeout(60):
            await starter.begin()
            far = await starter.start(["echo", cable.pc.address], {}, tmp_path)
            assert await far.stdout.readline() == b"there\n"
            await sends(b"1")
            assert (await far.stdout.readline(), await hears()) == (b"1\n", b"1")
            async with cable.lost(Loss.SENT):
                await sends(b"2")
                assert await far.stdout.readline() == b"2\n"
            await sends(b"3")
            assert (await far.stdout.readline(), await hears()) == (b"3\n", b"3")
            async with cable.lost(Loss.HEARD):
                await sends(b"4")
            await sends(b"5")
            assert (await far.stdout.readline(), await hears()) == (b"5\n", b"5")
            await starter.end()
