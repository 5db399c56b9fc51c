"""The driver's app against a Central that says what the test tells it: lines in, lines out, files kept."""

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.fernet import Fernet

from evcharge.domain.errors import BadInput, Code, EvchargeError, Overloaded, StateError
from evcharge.domain.features import SPOKEN
from evcharge.domain.ids import DriverId, Role
from evcharge.driver import session_run as attending
from evcharge.driver.actions import ActionRunner, LineOutput
from evcharge.driver.app import run
from evcharge.driver.file_mode import check_file
from evcharge.driver.prompt import read_chunks
from evcharge.driver.script import Mark
from evcharge.driver.session_run import run_session
from evcharge.driver.state_files import Memory
from evcharge.evc1.client import TicketWallet
from evcharge.evc1.connection import Channel
from evcharge.evc1.messages import (
    Balance,
    Bye,
    ErrorNotice,
    Heartbeat,
    ListPoints,
    Message,
    Points,
    Progress,
    RequestStart,
    RequestStop,
    Supply,
    TicketSeen,
)
from evcharge.evc1.server import ServerOptions, serve
from evcharge.evc1.tickets import Identity, TicketOpener, seal_ticket
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import Config, DriverSettings, ReachSettings
from tests.unit.driver.conversations import bill

D01 = DriverId("D01")


class Closed(EvchargeError):
    """The connection is cut."""


class FakeChannel:
    """The driver's end of a connection; the test holds the other one."""

    speaks = SPOKEN

    def __init__(self) -> None:
        self.to_driver: asyncio.Queue[Message | Closed] = asyncio.Queue()
        self.to_central: asyncio.Queue[Message] = asyncio.Queue()

    async def receive(self) -> Message:
        message = await self.to_driver.get()
        if isinstance(message, Closed):
            raise message
        return message

    def send(self, message: Message) -> None:
        self.to_central.put_nowait(message)


class Central:
    """Accepts a driver when the test says so. `hears` and `says` speak over the newest connection."""

    def __init__(self, *, reachable: bool = True) -> None:
        self.reachable = asyncio.Event()
        if reachable:
            self.reachable.set()
        self.channel = FakeChannel()
        self.desk: ActionRunner | None = None

    async def serve(self, desk: ActionRunner) -> None:
        self.desk = desk
        while True:
            if not self.reachable.is_set():
                desk.lost(None)
            await self.reachable.wait()
            try:
                await desk.talk(self.channel)
            except Closed:
                desk.lost(None)

    def hang_up(self, *, for_good: bool = False) -> None:
        old, self.channel = self.channel, FakeChannel()
        if for_good:
            self.reachable.clear()
        old.to_driver.put_nowait(Closed("the connection ended"))

    async def hears(self) -> Message:
        async with asyncio.timeout(5):
            return await self.channel.to_central.get()

    def says(self, *messages: Message) -> None:
        for message in messages:
            self.channel.to_driver.put_nowait(message)

    async def takes(self, cp_id: str | None) -> RequestStart:
        request = await self.hears()
        assert isinstance(request, RequestStart)
        assert request.cp_id == cp_id
        return request


class Output:
    """What the driver has shown so far."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._changed = asyncio.Event()

    def show(self, line: str) -> None:
        self.lines.append(line)
        self._changed.set()

    async def has(self, part: str, times: int = 1) -> None:
        async with asyncio.timeout(5):
            while sum(part in line for line in self.lines) < times:
                self._changed.clear()
                await self._changed.wait()

    def count(self, part: str) -> int:
        return sum(part in line for line in self.lines)


class App:
    """A driver's app that runs; `types` is its standard input."""

    def __init__(self, task: "asyncio.Task[int]", output: Output, stop: asyncio.Event, stdin: int) -> None:
        self.task = task
        self.output = output
        self.stop = stop
        self._stdin: int | None = stdin

    def types(self, text: str) -> None:
        assert self._stdin is not None
        os.write(self._stdin, text.encode())

    def ends_input(self) -> None:
        if self._stdin is not None:
            os.close(self._stdin)
            self._stdin = None

    async def exit_code(self) -> int:
        async with asyncio.timeout(5):
            return await asyncio.shield(self.task)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    @asynccontextmanager
    async def running(
        central: Central, *, file: Path | None = None, terminal: bool = False, pause_s: float = 0.01
    ) -> AsyncIterator[App]:
        output, stop = Output(), asyncio.Event()
        theirs, ours = os.pipe()
        monkeypatch.setattr(LineOutput, "show", lambda _, line: output.show(line))
        monkeypatch.setattr(attending, "STDIN", theirs)
        monkeypatch.setattr(sys, "stdin", sys.__stdin__)
        monkeypatch.setattr(os, "isatty", lambda _: terminal)
        config = Config(state=tmp_path, driver=DriverSettings(pause_s=pause_s))
        path = check_file(str(file)) if file else None
        task = asyncio.create_task(run_session(config, D01, stop, central.serve, path))
        app = App(task, output, stop, ours)
        try:
            yield app
        finally:
            app.ends_input()
            stop.set()
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()

    return running


def step(request: RequestStart, name: str, **more: Any) -> Progress:
    return Progress(
        request_id=request.request_id, step=name, session_id="S-D01-CP001-1", cp_id="CP001", **more
    )


def services(folder: Path, text: str) -> Path:
    file = folder / "services.txt"
    file.write_text(text)
    return file


# ---- line mode


async def test_a_charge_typed_by_hand_ends_with_its_ticket(start, tmp_path):
    central = Central()
    async with start(central) as app:
        app.types("start CP001\n")
        request = await central.takes("CP001")
        central.says(step(request, "ASKING"), step(request, "READY"), step(request, "CHARGING"))
        central.says(
            Supply(session_id="S-D01-CP001-1", cp_id="CP001", power_w=7400, energy_mwh=1, cost_cents=0)
        )
        await app.output.has("7.40 kW")
        app.types("stop\n")
        assert await central.hears() == RequestStop(session_id="S-D01-CP001-1")
        central.says(step(request, "STOPPING"), bill(request.request_id, reason="driver"))
        assert await central.hears() == TicketSeen(session_id="S-D01-CP001-1")
        # Acknowledged only now that it was shown and is on disk.
        assert app.output.count("SESSION SUMMARY") == 1
        assert Memory(tmp_path, "D01").seen == ("S-D01-CP001-1",)
        app.types("quit\n")
        assert await app.exit_code() == 0


async def test_questions_and_nonsense_get_answers(start):
    central = Central()
    async with start(central) as app:
        app.types("help\nfrobnicate\n\nlist now\nst\x1bart\n" + "x" * 2000 + "\nlist\n")
        assert await central.hears() == ListPoints()
        central.says(Points(points=[]))
        await app.output.has("No charging point is available now.")
        assert app.output.count("Not understood") == 4
        assert app.output.count("near LOCATION") == 1
        assert all(line.isprintable() for line in app.output.lines)


async def test_the_end_of_a_pipe_waits_for_the_outcome(start):
    central = Central()
    async with start(central) as app:
        app.types("start CP001")  # no newline
        app.ends_input()
        request = await central.takes("CP001")
        central.says(step(request, "CHARGING"))
        await app.output.has("Charging at CP001")
        assert not app.task.done()
        central.says(bill(request.request_id))
        assert await app.exit_code() == 0
        assert app.output.count("SESSION SUMMARY") == 1
        assert app.output.count("goes on") == 0


async def test_the_end_of_a_pipe_waits_for_an_answer_too(start):
    central = Central()
    async with start(central) as app:
        app.types("balance\n")
        app.ends_input()
        await central.hears()
        central.says(Balance(balance_cents=1250, held_cents=0))
        assert await app.exit_code() == 0
        assert app.output.count("12.50 €") == 1


async def test_an_empty_input_ends_at_once(start):
    async with start(Central()) as app:
        app.ends_input()
        assert await app.exit_code() == 0


async def test_closed_standard_input_is_an_empty_one(start, monkeypatch):
    async with start(Central()) as app:
        monkeypatch.setattr(sys, "stdin", None)
        assert await app.exit_code() == 0


async def test_control_d_on_a_terminal_leaves_and_says_that_the_charge_goes_on(start):
    central = Central()
    async with start(central, terminal=True) as app:
        app.types("start CP001\n")
        request = await central.takes("CP001")
        central.says(step(request, "CHARGING"))
        await app.output.has("Charging at CP001")
        app.ends_input()
        assert await app.exit_code() == 0
        assert app.output.lines[-1].startswith("Your charge at CP001 goes on")


async def test_the_stop_signal_ends_the_app_while_a_charge_goes_on(start):
    central = Central()
    async with start(central) as app:
        app.types("start CP001\n")
        await central.takes("CP001")
        app.stop.set()
        assert await app.exit_code() == 0


async def test_an_outage_is_told_once_and_the_same_request_is_repeated(start):
    central = Central()
    async with start(central) as app:
        app.types("start CP001\n")
        request = await central.takes("CP001")
        central.says(step(request, "CHARGING"))
        await app.output.has("Charging at CP001")
        central.hang_up(for_good=True)
        await app.output.has("Cannot connect to CENTRAL at 127.0.0.1:9002; retrying (your charge goes on)")
        central.reachable.set()
        assert await central.hears() == request
        central.says(bill(request.request_id, while_away=True))
        await app.output.has("while you were away")
        assert app.output.count("Cannot connect") == 1
        assert app.output.count("Connected to CENTRAL again.") == 1


async def test_a_ticket_is_shown_once_though_its_acknowledgement_was_lost(start):
    central = Central()
    async with start(central) as app:
        central.says(bill("request-1"))
        assert await central.hears() == TicketSeen(session_id="S-D01-CP001-1")
        central.hang_up()
        central.says(bill("request-1"))
        assert await central.hears() == TicketSeen(session_id="S-D01-CP001-1")
        assert app.output.count("SESSION SUMMARY") == 1
    async with start(again := Central()) as app:
        again.says(bill("request-1"))
        assert await again.hears() == TicketSeen(session_id="S-D01-CP001-1")
        assert app.output.count("SESSION SUMMARY") == 0


async def test_a_request_that_central_cannot_store_is_repeated(start, monkeypatch):
    central = Central()
    async with start(central) as app:
        app.types("start CP001\n")
        request = await central.takes("CP001")
        monkeypatch.setattr("evcharge.driver.conversation._REPEAT_AFTER_S", 0.01)
        central.says(ErrorNotice(code="E_STORAGE", text="the disk of Central is full"))
        assert await central.takes("CP001") == request
        assert app.output.count("the disk of Central is full") == 1


async def test_quit_leaves_at_once_also_without_a_newline(start):
    central = Central()
    async with start(central) as app:
        app.types("start CP001\nquit")
        app.ends_input()
        assert await app.exit_code() == 0


async def test_a_descriptor_that_never_blocks_is_waited_for():
    theirs, ours = os.pipe()
    os.set_blocking(theirs, False)
    async with aclosing(read_chunks(lambda: theirs)) as chunks:
        asyncio.get_running_loop().call_later(0.02, os.write, ours, b"list")
        assert await anext(chunks) == b"list"
        os.close(ours)
        assert [chunk async for chunk in chunks] == []


# ---- what is not usable


async def test_a_ticket_that_cannot_be_stored_is_not_acknowledged(start, tmp_path):
    # A folder where the new file should go: what a full disk is to anybody but root.
    (tmp_path / "driver" / "D01" / "seen.new").mkdir(parents=True)
    central = Central()
    async with start(central) as app:
        central.says(bill("request-1"))
        with pytest.raises(StateError, match=r"cannot use .*seen\.json"):
            await app.exit_code()
        assert app.output.count("SESSION SUMMARY") == 1
    assert central.channel.to_central.empty()


async def test_a_ticket_that_nobody_can_read_is_not_acknowledged(start, tmp_path, monkeypatch):
    central = Central()
    async with start(central) as app:
        monkeypatch.undo()
        monkeypatch.setattr(sys, "stdout", None)
        central.says(bill("request-1"))
        with pytest.raises(StateError, match="nobody reads the screen"):
            await app.exit_code()
    assert central.channel.to_central.empty()
    assert Memory(tmp_path, "D01").seen == ()


async def test_a_closed_screen_is_one_sentence(monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        with pytest.raises(StateError, match="nobody reads the screen"):
            LineOutput().show("a line")


async def test_a_screen_without_descriptor_that_closed_is_one_sentence(monkeypatch):
    gone = io.StringIO()
    gone.close()
    monkeypatch.setattr(sys, "stdout", gone)
    for _ in range(2):
        with pytest.raises(StateError, match="nobody reads the screen"):
            LineOutput().show("a line")


async def test_a_memory_that_cannot_be_read_is_one_sentence(tmp_path):
    (tmp_path / "driver" / "D01" / "seen.json").mkdir(parents=True)
    with pytest.raises(StateError, match=r"cannot use .*seen\.json: it must be a plain file"):
        Memory(tmp_path, "D01")


async def test_a_screen_without_euro_signs_shows_the_rest(tmp_path, monkeypatch):
    with (tmp_path / "screen").open("w", encoding="ascii") as ascii_only:
        monkeypatch.setattr(sys, "stdout", ascii_only)
        LineOutput().show("0.28 €")
    assert (tmp_path / "screen").read_text() == "0.28 ?\n"


async def test_damaged_files_are_begun_anew(tmp_path, caplog):
    folder = tmp_path / "driver" / "D01"
    folder.mkdir(parents=True)
    (folder / "seen.json").write_bytes(b"{torn")
    (folder / "script.json").write_bytes(b'{"x": 1}')
    memory = Memory(tmp_path, "D01")
    assert memory.seen == ()
    assert memory.mark(Path("x")).line == 0
    assert "may be shown once more" in caplog.text
    assert "starts again at its first line" in caplog.text


async def test_what_it_keeps_is_for_its_owner_only_and_not_written_through_a_planted_link(tmp_path):
    before = os.umask(0)
    try:
        memory = Memory(tmp_path, "D01")
        memory.remember_seen("session-1")
    finally:
        os.umask(before)
    folder = tmp_path / "driver" / "D01"
    assert [one.stat().st_mode & 0o777 for one in (folder.parent, folder, folder / "seen.json")] == [
        0o700,
        0o700,
        0o600,
    ]
    (tmp_path / "target").write_text("precious")
    (folder / "seen.new").symlink_to(tmp_path / "target")
    with pytest.raises(StateError, match="it must be a plain file"):
        memory.remember_seen("session-2")
    assert (tmp_path / "target").read_text() == "precious"


async def test_the_memory_of_tickets_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("evcharge.driver.state_files._SEEN_KEPT", 3)
    memory = Memory(tmp_path, "D01")
    for number in range(5):
        memory.remember_seen(f"session-{number}")
    assert Memory(tmp_path, "D01").seen == ("session-2", "session-3", "session-4")


# ---- file mode


async def test_a_file_is_played_to_its_end(start, tmp_path):
    central = Central()
    file = services(tmp_path, "# two services\nCP001\nno such line here\nany near Berlin\n")
    async with start(central, file=file) as app:
        request = await central.takes("CP001")
        central.says(step(request, "CHARGING"), bill(request.request_id))
        assert await central.hears() == TicketSeen(session_id="S-D01-CP001-1")
        second = await central.takes(None)
        assert second.location == "Berlin"
        central.says(Progress(request_id=second.request_id, step="REFUSED", code="E_NONE_AVAILABLE"))
        assert await app.exit_code() == 0
    assert app.output.count("services.txt, line 3 skipped: expected a charging point") == 1
    assert app.output.count("Next service in 0.01 s") == 1
    assert app.output.lines[-4:] == [
        "Line  Asked for                       Point  kWh    €     Result",
        "2     CP001                           CP001  1.100  0.28  unplugged",
        "4     any charging point near Berlin  -      0.000  0.00  Refused: No charging point available at the moment.",
        "Total: 1 charged, 1 refused, 1 bad line skipped; 1.100 kWh, 0.28 €",
    ]
    # The next run begins at the first line.
    assert Memory(tmp_path, "D01").mark(file.resolve()).line == 0


async def test_a_service_is_waited_for_across_an_outage(start, tmp_path):
    central = Central(reachable=False)
    async with start(central, file=services(tmp_path, "CP001\n")) as app:
        await app.output.has("Cannot connect to CENTRAL")
        central.reachable.set()
        request = await central.takes("CP001")
        central.hang_up()
        assert await central.takes("CP001") == request
        central.says(bill(request.request_id))
        assert await app.exit_code() == 0


async def test_a_restarted_driver_asks_for_the_unknown_outcome_with_the_same_request(start, tmp_path):
    file = services(tmp_path, "CP001\nCP002\nCP003\n")
    central = Central()
    async with start(central, file=file):
        first = await central.takes("CP001")
        central.says(bill(first.request_id))
        await central.hears()
        second = await central.takes("CP002")
    central = Central()
    async with start(central, file=file) as app:
        assert await central.takes("CP002") == second
        assert (
            app.output.count("Continuing services.txt where it was left: asking what became of line 2") == 1
        )
        central.says(bill(second.request_id, "S-D01-CP002-1", cp_id="CP002"))
        await central.hears()
        third = await central.takes("CP003")
        central.says(Progress(request_id=third.request_id, step="REFUSED", code="E_CP_BUSY", text="busy"))
        assert await app.exit_code() == 0
        assert app.output.lines[-1].startswith("Total: 2 charged, 1 refused;")


async def test_a_restart_between_two_services_goes_on_with_the_next(start, tmp_path):
    file = services(tmp_path, "CP001\nCP002\n")
    Memory(tmp_path, "D01").keep_mark(file.resolve(), Mark(line=1, charged=1))
    central = Central()
    async with start(central, file=file) as app:
        await central.takes("CP002")
        assert app.output.count("Continuing services.txt where it was left: after line 1") == 1


async def test_the_progress_is_on_disk_before_the_ticket_is_acknowledged(start, tmp_path):
    file = services(tmp_path, "CP001\nCP002\n")
    central = Central()
    async with start(central, file=file):
        request = await central.takes("CP001")
        stored = msgspec.json.decode((tmp_path / "driver/D01/script.json").read_bytes())
        assert stored[str(file.resolve())]["asked"]["request_id"] == request.request_id
        central.says(bill(request.request_id))
        assert await central.hears() == TicketSeen(session_id="S-D01-CP001-1")
        mark = Memory(tmp_path, "D01").mark(file.resolve())
        assert mark.charged == 1


async def test_a_charge_begun_elsewhere_goes_before_the_next_service(start, tmp_path):
    central = Central()
    async with start(central, file=services(tmp_path, "CP001\nCP002\n"), pause_s=0) as app:
        first = await central.takes("CP001")
        central.says(Progress(request_id=first.request_id, step="REFUSED", code="E_CP_BUSY", text="busy"))
        central.says(step(RequestStart(request_id="by-hand-1"), "CHARGING"))
        await app.output.has("Next service")
        for _ in range(10):
            await asyncio.sleep(0)
        central.says(bill("by-hand-1"))
        assert isinstance(await central.hears(), TicketSeen)
        await central.takes("CP002")
        assert app.output.count("already running") == 0


async def test_the_pause_between_two_services_is_kept(start, tmp_path):
    central = Central()
    async with start(central, file=services(tmp_path, "CP001\nCP002\n"), pause_s=0.1) as app:
        first = await central.takes("CP001")
        before = asyncio.get_running_loop().time()
        central.says(Progress(request_id=first.request_id, step="REFUSED", code="E_CP_BUSY", text="busy"))
        await app.output.has("Next service in 0.1 s")
        await central.takes("CP002")
        assert asyncio.get_running_loop().time() - before >= 0.1


async def test_a_flood_of_bad_lines_is_named_at_most_twenty_times(start, tmp_path):
    async with start(Central(), file=services(tmp_path, "bad line\n" * 1000)) as app:
        with pytest.raises(StateError, match=r"No services in services\.txt\."):
            await app.exit_code()
        assert app.output.count("skipped: ") == 20
        assert app.output.count("further bad lines are skipped") == 1


async def test_a_file_of_json_is_played_with_its_limits(start, tmp_path):
    central = Central()
    file = services(tmp_path, '[{"cp":"cp001","kwh":5}]')
    async with start(central, file=file) as app:
        request = await central.takes("CP001")
        assert request.until_mwh == 5_000_000
        await app.output.has("CP001, up to 5 kWh")
        central.says(bill(request.request_id))
        assert await app.exit_code() == 0


async def test_a_binary_file_is_one_sentence(tmp_path):
    file = tmp_path / "services.txt"
    file.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    with pytest.raises(StateError, match=r"services\.txt is not a text file"):
        check_file(str(file))


async def test_a_binary_pipe_is_one_sentence(start, tmp_path):
    pipe = tmp_path / "services.pipe"
    os.mkfifo(pipe)
    async with start(Central(), file=pipe) as app:
        await asyncio.to_thread(pipe.write_bytes, b"CP001\n\0\0")
        with pytest.raises(StateError, match=r"services\.pipe is not a text file"):
            await app.exit_code()


async def test_a_file_that_cannot_be_opened_any_more_is_one_sentence(start, tmp_path):
    file = services(tmp_path, "CP001\n")
    async with start(Central(), file=file) as app:
        file.unlink()
        with pytest.raises(StateError, match=r"cannot read services\.txt: it is not there"):
            await app.exit_code()


@pytest.mark.parametrize(("name", "why"), [("", "it is a folder"), ("absent.txt", "it is not there")])
def test_a_file_that_is_none_is_named_at_once(tmp_path, name, why):
    with pytest.raises(StateError, match=f"cannot read .*{why}"):
        check_file(str(tmp_path / name))


async def test_services_can_come_through_a_named_pipe(start, tmp_path):
    pipe = tmp_path / "services.pipe"
    os.mkfifo(pipe)
    central = Central()
    async with start(central, file=pipe) as app:
        await asyncio.to_thread(pipe.write_text, "CP001")
        request = await central.takes("CP001")
        central.says(bill(request.request_id))
        assert await app.exit_code() == 0


# ---- over the real protocol


@asynccontextmanager
async def real_central(
    folder: Path, on_channel: Callable[[Channel], Any], file: Path, currency: str = "EUR"
) -> AsyncIterator[Config]:
    """Central's end of EVC1, and the settings of a driver that already has a ticket for it."""
    key, resume_key = Fernet.generate_key(), Fernet.generate_key()
    now = utc_now().timestamp()
    identity = Identity(id="D01", role=Role.DRIVER, epoch=1, auth=int(now))
    ticket = seal_ticket(key, identity, issuer="registry", ttl_s=900, now=now)
    TicketWallet(folder / "driver" / "D01" / "driver.ticket").keep_registry(ticket)
    door = ServerOptions(
        opener=TicketOpener([key, resume_key]),
        resume_key=resume_key,
        now=lambda: utc_now().timestamp(),
        wall_now=lambda: utc_now().timestamp(),
        admit=lambda _: None,
        on_refused=lambda *_: None,
        currency=currency,
    )
    async with serve("127.0.0.1", 0, door, on_channel) as port:
        reach = ReachSettings(central_port=port, registry_url="https://127.0.0.1:9")
        yield Config(state=folder, reach=reach, driver=DriverSettings(pause_s=0.01, file=str(file)))


async def test_a_file_is_played_over_the_real_protocol(tmp_path, capfd):
    heard: asyncio.Queue[Message] = asyncio.Queue()
    connections = 0

    async def converse(channel: Channel) -> None:
        nonlocal connections
        connections += 1
        if connections == 2:
            channel.send(bill("an-older-one", "S-D01-CP009-1", while_away=True))
        while True:
            message = await channel.receive()
            if isinstance(message, Heartbeat):
                continue
            heard.put_nowait(message)
            if isinstance(message, RequestStart):
                if connections == 1:
                    return  # Central dies: what became of the request?
                channel.send(step(message, "CHARGING"))
                channel.send(bill(message.request_id))

    file = services(tmp_path, "CP001\n")
    async with real_central(tmp_path, converse, file) as config:
        async with asyncio.timeout(20):
            assert await run(config, D01, asyncio.Event()) == 0
    first, *rest = [heard.get_nowait() for _ in range(heard.qsize())]
    older, newer = TicketSeen(session_id="S-D01-CP009-1"), TicketSeen(session_id="S-D01-CP001-1")
    assert isinstance(first, RequestStart)
    assert rest == [first, older, newer, Bye()]
    shown = capfd.readouterr().out
    assert f"Cannot connect to CENTRAL at 127.0.0.1:{config.reach.central_port}; retrying" in shown
    assert "Connected to CENTRAL again." in shown
    assert shown.count("SESSION SUMMARY") == 2
    assert "Total: 1 charged, 0 refused; 1.100 kWh, 0.28 €" in shown


async def test_a_driver_without_registration_is_told_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("EVCHARGE_CREDENTIAL", raising=False)
    monkeypatch.delenv("EVCHARGE_ENROLMENT_TOKEN", raising=False)
    file = services(tmp_path, "CP001\n")
    config = Config(state=tmp_path, driver=DriverSettings(file=str(file)))
    with pytest.raises(StateError, match="D01"):
        await run(config, D01, asyncio.Event())


async def test_a_registry_that_does_not_respond_is_named_once(tmp_path, monkeypatch):
    async def unreachable(*_: object) -> None:
        raise Overloaded("Registry not responding at https://127.0.0.1:9.", Code.UNREACHABLE)

    monkeypatch.setenv("EVCHARGE_CREDENTIAL", "x" * 43)
    monkeypatch.setattr("evcharge.driver.app.fetch_ticket", unreachable)
    output, stop = Output(), asyncio.Event()
    monkeypatch.setattr(LineOutput, "show", lambda _, line: output.show(line))
    config = Config(state=tmp_path, driver=DriverSettings(file=str(services(tmp_path, "CP001\n"))))
    task = asyncio.create_task(run(config, D01, stop))
    await output.has("Registry not responding at https://127.0.0.1:9. Retrying.")
    await output.has("Service 1 (line 1): CP001")
    stop.set()
    assert await task == 0
    assert output.lines[-1] == "The request for CP001 was never sent."


async def test_a_bad_id_is_refused_before_anything_happens(tmp_path):
    with pytest.raises(BadInput, match="bad driver id"):
        await run(Config(state=tmp_path), DriverId("../D01"), asyncio.Event())
