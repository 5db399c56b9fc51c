"""The operator's commands against a network of real processes, as a person types them."""

import asyncio
import json
from pathlib import Path

import pexpect
import pytest

from tests.system.city import City, Program
from tests.system.terminal import heed_ctrl_c


async def done(city: City, *args: str, code: int = 0, **env: str) -> str:
    """Run one command to its end; return what it printed."""
    program: Program = await city.run(*args, env=env)
    assert await program.ends() == code, program.text
    assert "Traceback" not in program.text
    return program.text


async def alerts_say(city: City, sentence: str, *flags: str) -> None:
    """Wait until the alerts hold that sentence: they follow the audit log, and the line, a moment later."""
    async with asyncio.timeout(20):
        while sentence not in await done(city, "alerts", *flags):
            pass


async def charging(city: City) -> tuple[Program, Program]:
    """CP001 supplies D01; return engine and driver."""
    engine = await city.engine("CP001", "--auto-plug", "0.1", "--speed", "30")
    await city.monitor("CP001")
    await city.latest("central").says("CP001 .*Available")
    driver = await city.driver("D01")
    await driver.says("(?i)connected")
    driver.types("start CP001")
    await city.latest("central").says("CP001 supplies D01")
    return engine, driver


@pytest.fixture
async def central(city: City) -> Program:
    program = await city.central()
    await program.says("API for operators is listening")
    return program


async def test_out_while_charging_ends_it_with_a_ticket_and_resume_puts_it_back(city: City, central: Program):
    engine, driver = await charging(city)
    monitor = city.latest("monitor CP001")
    assert "D01" in await done(city, "cps")
    assert (
        json.loads(await done(city, "sessions", "--only", "open", "--json"))["sessions"][0]["driver_id"]
        == "D01"
    )
    said = await done(city, "out", "CP001")
    assert "CP001 is out of order." in said
    assert "being ended" in said
    await driver.says("SESSION SUMMARY")
    # Whoever stands at the machine reads why.
    for program in (engine, monitor):
        await program.says("Out of Order at Central: an operator stopped it")
    await city.settles()
    assert "stopped by the operator" in await done(city, "tickets")
    assert "Out of Order" in await done(city, "cps")
    assert "parado por el operador" in await done(city, "tickets", "--lang", "es")
    # Also who was away when it was said, and comes back.
    await monitor.dies()
    monitor = await city.monitor("CP001")
    await monitor.says("Out of Order at Central: an operator stopped it")
    assert "resumed: " in await done(city, "resume", "CP001")
    for program in (engine, monitor):
        await program.says("In service again at Central")
    assert "was not held" in await done(city, "resume", "CP001")


async def test_money_comes_in_once(city: City, central: Program):
    driver = await city.driver("D01")
    await driver.says("(?i)connected")
    assert "balance 40.00" in await done(city, "top-up", "D01", "20", "--reference", "r-1")
    assert "were already counted" in await done(city, "top-up", "D01", "20", "--reference", "r-1")
    assert city.books("SELECT balance_cents FROM driver")[0]["balance_cents"] == 4_000


async def test_killed_parts_are_alerts_until_they_are_back(city: City, central: Program):
    engine = await city.engine("CP001")
    monitor = await city.monitor("CP001")
    await central.says("CP001 .*Available")
    await engine.dies()
    await central.says("CP001 .*Faulted")
    alerts = await done(city, "alerts")
    # One cause is one alert, however many hear of it.
    assert "CP001-fault" in alerts
    assert "CP001-engine" not in alerts
    await city.engine("CP001")
    await central.says("CP001 .*Available", times=2)
    await monitor.dies()
    await central.says("CP001 .*Disconnected", times=2)
    rows = {row["id"]: row for row in json.loads(await done(city, "alerts", "--json"))["alerts"][::-1]}
    assert rows["CP001-monitor"]["solved_at"] is None
    assert rows["CP001-fault"]["solved_at"] is not None
    assert rows["CP001-fault"]["restored"]
    await city.monitor("CP001")
    await central.says("CP001 .*Available", times=3)
    rows = {row["id"]: row for row in json.loads(await done(city, "alerts", "--json"))["alerts"][::-1]}
    assert rows["CP001-monitor"]["restored"] == "The monitor of CP001 is heard again."


async def test_a_registry_that_went_and_came_back(city: City, central: Program):
    registry = city.latest("registry")
    await registry.dies()
    await central.says("Registry not responding")
    await alerts_say(city, "Registry not responding")
    await city.registry()
    await central.says("Registry responding again")
    await alerts_say(city, "Registry responde de nuevo", "--lang", "es")


async def test_central_that_is_gone_is_a_sentence(city: City, central: Program):
    await central.dies()
    said = await done(city, "out", "CP001", code=1)
    assert said.startswith("evcharge: Central is not running at http://127.0.0.1:")
    assert said.count("\n") == 0


async def test_a_taken_api_port_is_named(city: City, central: Program):
    other = str(city.state.parent / "other")
    await done(city, "init", "--state", other)
    said = await done(
        city, "central", "--state", other, "--port", "0", "--api-port", str(city.api_port), code=2
    )
    assert f"127.0.0.1:{city.api_port}" in said
    assert "in use" in said


async def test_a_point_that_an_administrator_added_runs_where_its_credential_is(city: City, central: Program):
    (city.state / "enrolment.token").rename(city.state / "kept.token")
    add = ("cp", "add", "CP009", "--location", "Berlin", "--here")
    await done(city, *add, EVCHARGE_ADMIN_PASSWORD=city.admin_password)
    engine = await city.engine("CP009")
    await engine.says("(?i)connected")
    await city.monitor("CP009")
    await central.says("CP009 .*Available")
    # The login is kept: no password is needed any more.
    assert "CP009" in await done(city, "cp", "list")
    await done(city, "cp", "disable", "CP009")
    await central.says("CP009: keys revoked")
    (city.state / "kept.token").rename(city.state / "enrolment.token")


async def reads_the_terminal(pid: int) -> None:
    """Wait until a program sleeps in its read: before that, Ctrl+C may come between Python's last look and the read."""
    async with asyncio.timeout(10):
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
            await asyncio.sleep(0.01)


async def test_on_a_terminal_there_are_colours_and_a_question(city: City, central: Program):
    await charging(city)
    environment = {**city.environment(), "TERM": "xterm-256color", "COLUMNS": "100"}

    def typed(*args: str) -> pexpect.spawn:
        import sys

        return pexpect.spawn(
            sys.executable, ["-m", "evcharge", *args], env=environment, cwd=str(city.state.parent),
            encoding="utf-8", timeout=30, dimensions=(24, 100), preexec_fn=heed_ctrl_c,
        )  # fmt: skip

    listing = typed("cps")
    listing.expect(pexpect.EOF)
    assert "CP001" in listing.before
    assert "\x1b[" in listing.before
    listing.close()
    stop_all = typed("out", "--all")
    stop_all.expect_exact("This ends 1 running charge; go on? [y/N]")
    stop_all.sendline("n")
    stop_all.expect(pexpect.EOF)
    stop_all.close()
    assert stop_all.exitstatus == 1
    assert not city.books("SELECT 1 FROM events WHERE type = 'HoldPlaced'")
    stop_all = typed("out", "--all")
    stop_all.expect_exact("[y/N]")
    await reads_the_terminal(stop_all.pid)
    stop_all.sendintr()
    stop_all.expect(pexpect.EOF)
    stop_all.close()
    assert stop_all.exitstatus == 130
    stop_all = typed("out", "--all")
    stop_all.expect_exact("[y/N]")
    stop_all.sendline("y")
    stop_all.expect("put out of order")
    stop_all.expect(pexpect.EOF)
    stop_all.close()
    assert stop_all.exitstatus == 0
    await city.settles()


async def test_the_password_is_asked_for_without_showing_it(city: City, central: Program):
    import sys

    listing = pexpect.spawn(
        sys.executable, ["-m", "evcharge", "cp", "list"], env=city.environment(), cwd=str(city.state.parent),
        encoding="utf-8", timeout=30,
    )  # fmt: skip
    listing.expect_exact("Password of the administrator admin at https://127.0.0.1:")
    listing.sendline("wrong-password")
    listing.expect("password is wrong")
    listing.expect(pexpect.EOF)
    assert "wrong-password" not in listing.before
    listing.close()
    assert listing.exitstatus == 1
