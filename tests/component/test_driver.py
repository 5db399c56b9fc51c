"""The driver's app against a Central that says what the test tells it: lines in, lines out, files kept."""

import asyncio
import functools
import io
import os
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from evcharge.domain.errors import BadInput, Code, Overloaded, StateError
from evcharge.domain.ids import DriverId
from evcharge.driver.actions import LineOutput
from evcharge.driver.app import run
from evcharge.driver.prompt import read_chunks
from evcharge.driver.state_files import Memory
from evcharge.evc1.messages import Balance, ErrorNotice, ListPoints, Points, RequestStop, Supply, TicketSeen
from evcharge.runtime.config import Config, DriverSettings
from tests.component.driver_app import D01, Central, Output, running, services, step
from tests.unit.driver.conversations import bill


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    return functools.partial(running, tmp_path, monkeypatch)


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


# ---- before it reaches Central


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
