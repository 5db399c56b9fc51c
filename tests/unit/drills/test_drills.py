"""Drills are data; what they say has words; the page that a teacher files is one safe file."""

import asyncio
import contextlib
import re
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs

from evcharge import cli
from evcharge.drills import mending, processes_here, stage
from evcharge.drills.cable import Cable
from evcharge.drills.catalogue import DRILLS
from evcharge.drills.course import (
    Act,
    Drill,
    DrillReport,
    DrillVerdict,
    Need,
    Proof,
    Seen,
    StepReport,
    verdict_of,
)
from evcharge.drills.report import page
from evcharge.drills.wording import DrillWords
from evcharge.labels import LANGUAGES
from evcharge.runtime.config import ReachSettings, load

ALL = list(DRILLS.values())


def words(lang: str = "en") -> DrillWords:
    return DrillWords(lang, "DRILL-CP", "DRILL-D")


def reported(drill: Drill, verdict: DrillVerdict, why: str = "", what: str = "-") -> DrillReport:
    holds = verdict is DrillVerdict.PASSED
    steps = tuple(
        StepReport(
            step=step,
            seen=tuple(Seen(expectation=one, holds=holds, seconds=1.26, what=what) for one in step.expects),
        )
        for step in drill.steps
    )
    return DrillReport(
        drill=drill,
        verdict=verdict,
        began_at="2026-11-29 12:00:00 UTC",
        steps=steps if verdict is not DrillVerdict.NOT_RUN else (),
        why=why,
    )


@pytest.mark.parametrize("drill", ALL, ids=lambda drill: drill.name)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_step_has_its_words(drill: Drill, lang: str):
    say = words(lang)
    assert say.title(drill)
    for number, step in enumerate(drill.steps, 1):
        assert all(say.announced(number, step))
        assert all(say.expected(one) for one in step.expects)
    for need in drill.needs:
        assert say.lacks(need)


@pytest.mark.parametrize("drill", ALL, ids=lambda drill: drill.name)
def test_every_drill_breaks_something_and_ends_with_what_was_before(drill: Drill):
    acts = [step.act for step in drill.steps]
    undone = {
        Act.KILL_ENGINE: Act.START_ENGINE,
        Act.KILL_MONITOR: Act.START_MONITOR,
        Act.KILL_DRIVER: Act.START_DRIVER,
        Act.KILL_CENTRAL: Act.START_CENTRAL,
        Act.KILL_LEADER: Act.START_LEADER,
        Act.FREEZE_LEADER: Act.GO_ON_LEADER,
        Act.KILL_REGISTRY: Act.START_REGISTRY,
        Act.FREEZE_REGISTRY: Act.GO_ON_REGISTRY,
        Act.SPOIL_KEY: Act.RIGHT_KEY,
        Act.REVOKE: Act.ROTATE,
        Act.FREEZE_OVER: Act.THAW,
        Act.STOP_BROKER: Act.GO_ON_BROKER,
        Act.FILL_DISK: Act.FREE_DISK,
        Act.CUT_CABLE: Act.MEND_CABLE,
    }
    broken = [act for act in acts if act in undone]
    assert broken
    # Nothing else is broken before it is right again.
    whole = [act for act in acts if act in undone or act in undone.values()]
    assert whole == [act for one in broken for act in (one, undone[one])]
    assert all(step.expects and step.look for step in drill.steps)
    # A pattern that is none would never be seen.
    for step in drill.steps:
        for one in step.expects:
            if one.proof in (Proof.ENGINE_SAYS, Proof.MONITOR_SAYS, Proof.DRIVER_SAYS):
                assert re.compile(one.value)


def test_what_was_not_run_has_not_passed():
    drill = ALL[0]
    passed, failed = reported(drill, DrillVerdict.PASSED), reported(drill, DrillVerdict.FAILED)
    left = reported(drill, DrillVerdict.NOT_RUN)
    assert verdict_of([left]) is DrillVerdict.NOT_RUN
    assert verdict_of([]) is DrillVerdict.NOT_RUN
    assert verdict_of([passed, left]) is DrillVerdict.PASSED
    assert verdict_of([passed, failed, left]) is DrillVerdict.FAILED


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name in ("src", "onload", "onerror") for name, _ in attrs)
        self.seen.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_one_file_without_scripts_and_says_every_verdict(lang: str):
    hostile = "<script>alert(1)</script>"
    kafka = next(drill for drill in ALL if Need.BROKER_HERE in drill.needs)
    found = [
        reported(ALL[0], DrillVerdict.PASSED),
        reported(ALL[1], DrillVerdict.FAILED, hostile, hostile),
        reported(kafka, DrillVerdict.NOT_RUN, words(lang).lacks(Need.BROKER_HERE)),
    ]
    html = page(found, words(lang), version="0.1.0", network=f"https://{hostile}")
    tags = _Tags()
    tags.feed(html)
    assert tags.open == []
    assert not {"script", "img", "link", "iframe"} & set(tags.seen)
    assert hostile not in html
    assert html.count("&lt;script&gt;") >= 3
    # A verdict that leaves something out says so, and each proof is a sentence that begins with its own.
    assert words(lang).counts(found) in html
    assert re.search(r"[:.] 1[.].*: 1[.].*: 1[.]", words(lang).counts(found))
    assert f"{words(lang)('v passed')}: " in html
    assert f'<html lang="{lang}">' in html
    for report in found:
        assert words(lang)(f"v {report.verdict}") in html
        assert f'id="{report.drill.name}"' in html


def test_without_a_name_the_drills_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["drill"]) == 0
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()] == list(DRILLS)
    assert cli.run(["drill", "engine-crush"]) == 1
    assert "There is no drill engine-crush: choose from engine-crash, " in capsys.readouterr().err


def test_without_a_network_nothing_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["drill", "revoke", "--state", "none"]) == 1
    assert "==" not in capsys.readouterr().out


def test_a_report_of_another_time_is_another_page():
    one = reported(ALL[0], DrillVerdict.PASSED)
    two = structs.replace(one, began_at="2026-11-30 12:00:00 UTC")
    assert page([one], words(), version="1", network="n") != page([two], words(), version="1", network="n")


# ---- what is cut, frozen, started again


@pytest.mark.virtual_time
async def test_a_cable_that_is_cut_lets_nothing_through_and_says_nothing():
    echoes: list[asyncio.Task[Any] | None] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        echoes.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError):
            while part := await reader.read(100):
                writer.write(part)
        writer.transport.abort()

    async with asyncio.timeout(30):
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        cable = Cable([("127.0.0.1", 1), server.sockets[0].getsockname()[:2]])
        async with cable.laid():
            reader, writer = await asyncio.open_connection("127.0.0.1", cable.port)
            writer.write(b"one")
            assert await reader.readexactly(3) == b"one"
            cable.cut()
            writer.write(b"two")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await reader.read(1)
            cable.mend()
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(3)
            writer.transport.abort()
            again, writer = await asyncio.open_connection("127.0.0.1", cable.port)
            writer.write(b"three")
            assert await again.readexactly(5) == b"three"
            writer.transport.abort()
        server.close()
        await asyncio.gather(*filter(None, echoes))


def test_a_process_is_found_by_its_port_and_started_again_as_it_was(tmp_path: Path):
    code = (
        "import os, socket, sys, time\n"
        "door = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "print(door.getsockname()[1], os.getcwd(), os.environ['DRILLED'], flush=True)\ntime.sleep(60)\n"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", code, "0"],
        cwd=tmp_path,
        env={"DRILLED": "yes"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None
    try:
        port = int(first.stdout.readline().split()[0])
        assert processes_here.listener(port) == first.pid
        found = processes_here.started(first.pid)
        assert found is not None
        assert (found.folder, found.environ, found.command[-1]) == (bytes(tmp_path), (b"DRILLED=yes",), b"0")
        assert not found.comes_back
        assert "yes" not in repr(found)
    finally:
        processes_here.kill(first.pid)
        first.wait()
        first.stdout.close()
    assert first.returncode == -signal.SIGKILL
    assert processes_here.listener(port) is None
    assert processes_here.started(first.pid) is None
    one = structs.replace(
        found,
        command=(sys.executable.encode(), b"-c", b"import os; print(os.environ['DRILLED'], os.getcwd())"),
    )
    one.start_again(tmp_path / "log").wait(30)
    assert (tmp_path / "log").read_text() == f"yes {tmp_path}\n"
    assert structs.replace(found, command=(*found.command, b"--parent-pipe", b"7")).comes_back


@pytest.mark.parametrize("others", [[], ["https://b:5001", "https://c:5001"]])
def test_the_programs_of_a_drill_know_every_registry(tmp_path: Path, others: list[str]):
    reach = ReachSettings(registry_url="https://a:5001", other_registries=others)
    (tmp_path / "own.pem").write_text("an authority")
    stage.furnish(tmp_path, tmp_path / "own.pem", reach)
    told = load(tmp_path / "config.toml", {}, {})
    assert (tmp_path / "ca.pem").read_text() == "an authority"
    assert told.reach.registries == ("https://a:5001", *others)


class _LetsInLater:
    """A Central that lets the driver's app in some looks after it began; `paid`: who had the id when money came."""

    def __init__(self) -> None:
        self.has_begun, self.looks = False, 0
        self.paid: list[str] = []

    async def send(self, *_: str) -> None:
        """Withdraw it, of which Central hears later."""

    async def starts_app(self) -> None:
        self.has_begun = True

    async def get(self, _path: str) -> dict[str, list[dict[str, object]]]:
        self.looks += self.has_begun
        return {"drivers": [{"driver_id": "DRILL-D", "connected": self.is_in}]}

    async def post(self, path: str, _body: object) -> dict[str, str]:
        if path.endswith("/top-up"):
            self.paid.append("the new one" if self.is_in else "the old one")
        return {"credential": "a-password"}

    @property
    def is_in(self) -> bool:
        return self.looks >= 3


async def test_a_driver_that_a_drill_registers_anew_has_money_in_its_own_wallet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mending, "LOOK_AGAIN_S", 0)
    central, nobody = _LetsInLater(), SimpleNamespace(lines=[])
    parts: dict[str, Any] = dict.fromkeys(("config", "mender", "cast", "cable", "lines"), nobody)
    parts |= {"api": central, "guests": SimpleNamespace(path=tmp_path), "drill": DRILLS["registry-failover"]}
    made = stage.Stage(**parts)
    (tmp_path / "driver" / "DRILL-D").mkdir(parents=True)
    ended = asyncio.Event()
    made._children["driver"] = SimpleNamespace(process=SimpleNamespace(kill=ended.set), ended=ended)  # noqa: SLF001
    monkeypatch.setattr(made, "_start_driver", central.starts_app)
    await made.does(Act.REGISTER_ANEW)
    assert central.paid == ["the new one"]
