"""The driver's app plays a file of services, against a Central that says what the test tells it."""

import asyncio
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from evcharge.domain.errors import StateError
from evcharge.driver.app import run
from evcharge.driver.file_mode import check_file
from evcharge.driver.script import Mark
from evcharge.driver.state_files import Memory
from evcharge.evc1.connection import Channel
from evcharge.evc1.messages import Bye, Heartbeat, Message, Progress, RequestStart, TicketSeen
from tests.component.driver_app import D01, Central, real_central, running, services, step
from tests.unit.driver.conversations import bill


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    return functools.partial(running, tmp_path, monkeypatch)


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
