"""Machine faults, a Registry that is away, a reader that never reads: what each screen says, and how it ends."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evcharge.central.books import verify
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.caller import connect
from evcharge.evc1.connection import Channel
from evcharge.evc1.tickets import Identity, seal_ticket
from evcharge.runtime.clock import utc_now
from evcharge.security import secret_files
from tests.component.small_disk import small_disk
from tests.component.test_full_disk import fill
from tests.stopwatch import Stopwatch
from tests.system.city import City, Program, searched
from tests.system.test_kills import STAYS, Charge, charge  # noqa: F401  the fixture
from tests.system.test_point_terminal import as_admin

MANY = 30
# What one reader may cost: 256 KiB here, and something of the interpreter; unbounded it was 10 MiB in 5 s.
MOST_GROWTH_KIB = 4 * 1024


async def alerts(city: City, *flags: str) -> str:
    shown = await city.run("alerts", *flags)
    assert await shown.ends() == 0, shown.text
    return shown.text


# ---- the Registry


async def test_a_registry_that_is_away_keeps_only_newcomers_waiting(city: City):
    central = await city.central("--lang", "es")
    await city.latest("registry").dies()
    await central.says(r"Registry no responde .*: sin altas ni primeros accesos; todo lo demás sigue\.")
    engine = await city.engine("CP001", stdin=True)
    await engine.says("Registry not responding at https://")
    monitor = await city.monitor("CP001", "--lang", "es", stdin=True)
    driver = await city.driver("D01")
    other = await city.driver("D02", "--lang", "es")
    await monitor.says("Registry no responde: no se puede alcanzar")
    await driver.says(r"Registry not responding at https://.*\. Retrying\.")
    await other.says(r"Registry no responde\. Se reintenta\.")
    await city.registry()
    await engine.says("Registry responding again")
    await monitor.says("Registry responde de nuevo")
    await driver.says(r"Registry responding again\.")
    await other.says(r"Registry responde de nuevo\.")
    await central.says(r"Registry responde de nuevo\.")
    await central.says("CP001 .*Disponible")
    engine.types("faults")
    await engine.says("since .*, restored .*: Registry not responding")
    monitor.types("faults")
    await monitor.says("desde .*, restablecido .*: Registry no responde")
    driver.types("troubles")
    await driver.says("since .*, restored .*: Registry not responding")
    assert "Registry responde de nuevo" in await alerts(city, "--lang", "es")


async def test_the_monitors_errands_speak_its_language(city: City):
    central = await city.central()
    await city.engine("CP001")
    monitor = await city.monitor("CP001", "--lang", "es", stdin=True)
    await central.says("CP001 .*Available")
    await city.latest("registry").dies()
    monitor.types("register")
    await monitor.says("Registry no responde: no se puede alcanzar")
    await city.registry()
    monitor.types("register")
    await monitor.says("CP001 ya estaba registrado con esta credencial")
    monitor.types("faults")
    await monitor.says("desde .*, restablecido .*: Registry no responde")
    # What the Registry itself says is English: told by its code.
    await as_admin(city, "/deactivate", {"cp_id": "CP001"})
    monitor.types("register")
    assert "is disabled" not in await monitor.says("No se ha hecho: dado de baja")


# ---- a reader that never reads


@contextlib.asynccontextmanager
async def crowd(city: City) -> AsyncIterator[None]:
    """Charging points with long locations, so that a list of them is long; they live while the block runs."""
    channels: list[Channel] = []
    for number in range(100, 100 + MANY):
        cp_id = f"CP{number}"
        engine = await dial(city, cp_id, Role.ENGINE, f"{number} " + "x" * 190)
        engine.send(messages.Sync(journal_id="a" * 32, last_seq=0))
        monitor = await dial(city, cp_id, Role.MONITOR)
        monitor.send(messages.Health(fault=None))
        channels += [engine, monitor]

    async def live() -> None:
        while True:
            for channel in channels:
                channel.send(messages.Heartbeat())
            await asyncio.sleep(0.7)

    living = asyncio.create_task(live())
    try:
        yield
    finally:
        living.cancel()
        for channel in channels:
            channel.abort()
        await asyncio.wait([living])


async def dial(city: City, name: str, role: Role, location: str = "") -> Channel:
    """Log in with a ticket as the Registry would make it."""
    now = utc_now().timestamp()
    key = secret_files.read_keys(city.state / "service.key")[0]
    issued = seal_ticket(
        key, Identity(name, role, 0, int(now), location), issuer="registry", ttl_s=900, now=now
    )
    return await connect("127.0.0.1", city.central_port, issued, name, role)


def memory_kib(program: Program) -> int:
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    return int(searched(r"VmRSS:\s+(\d+) kB", status))


@pytest.mark.timeout(180)
async def test_a_reader_that_never_reads_is_dropped_and_nobody_else_notices(charge: Charge):  # noqa: F811
    city, central, driver = charge.city, charge.central, charge.driver
    async with crowd(city):
        await central.says(f"CP{99 + MANY} .*Available")
        before_kib = peak_kib = memory_kib(central)
        first = len(driver.lines)
        # It has the right key and asks and asks, and never calls receive.
        mute = await dial(city, "D09", Role.DRIVER)
        # Of all through whose hands a figure goes, to the last that is seen here.
        watch = Stopwatch(
            lambda: [os.getpid(), *(each.process.pid for each in (central, charge.engine, driver))]
        )
        figures, figure_s, longest_s = 0, 0.0, 0.0
        dropped = asyncio.create_task(central.says("D09 left: too slow: it does not read", within_s=60))
        while not dropped.done():
            for _ in range(50):
                mute.send(messages.ListPoints())
            await asyncio.wait([dropped], timeout=0.25)
            peak_kib = max(peak_kib, memory_kib(central))
            seen = sum(" kW" in line for line in driver.lines[first:])
            longest_s = max(longest_s, watch.read_s() - figure_s)
            if seen > figures:
                figures, figure_s = seen, watch.read_s()
        await dropped
        took_s = watch.read_s()
        grown_kib = peak_kib - before_kib
        mute.abort()
        assert grown_kib < MOST_GROWTH_KIB, f"Central grew by {grown_kib} KiB in {took_s:.1f} s"
        # The charge of D01 was live all the time: from the first of it to the last.
        assert longest_s < 5
        # It may come back, and be answered.
        again = await dial(city, "D09", Role.DRIVER)
        again.send(messages.ListPoints())
        async with asyncio.timeout(10):
            while not isinstance(answer := await again.receive(), messages.Points):
                pass
        assert len(answer.points) == MANY
        again.abort()
    driver.types("stop")
    await driver.says("Ended:   stopped by the driver")


# ---- disks


async def test_a_full_disk_at_central_is_said_and_what_runs_goes_on(city: City):
    folder = city.state / "central"
    shutil.move(folder, kept := city.state / "central.before")
    with small_disk(folder, "3m") as disk:
        shutil.copytree(kept, disk, dirs_exist_ok=True)
        central = await city.central()
        for cp_id in ("CP001", "CP002"):
            await city.engine(cp_id, *STAYS)
            await city.monitor(cp_id)
            await central.says(f"{cp_id} .*Available")
        driver, other = await city.driver("D01"), await city.driver("D02", "--lang", "es")
        for program in (driver, other):
            await program.says("Connected|Conectado")
        driver.types("start CP001")
        await driver.says("CP001: .* kW")
        filler = fill(disk)
        await central.says(r"Central cannot store new charges \(disk full\); what is running goes on\.")
        assert "Central cannot store new charges (disk full)" in await alerts(city)
        other.types("start CP002")
        await other.says("La CENTRAL dice: ahora no se pueden guardar datos")
        await driver.says("CP001: .* kW", since=len(driver.lines))
        filler.unlink()
        await central.says(r"Central stores again\.")
        # Its request was not lost: it is repeated by itself.
        await other.says(r"La CENTRAL vuelve a guardar\.")
        await other.says("CP002: .* kW")
        other.types("troubles")
        await other.says("desde .*, restablecido .*: ahora no se pueden guardar datos")
        for program in (driver, other):
            program.types("stop")
            await program.says("stopped by the driver|parado por el conductor")
        assert "Central stores again." in await alerts(city)
        for program in city.programs[::-1]:
            if program.process.returncode is None:
                await program.stops()
        assert verify.check(disk / "central.db") == []
    shutil.rmtree(folder)


async def test_a_damaged_journal_is_said_on_each_screen_and_no_charge_begins_until_it_is_confirmed(
    city: City,
):
    central = await city.central()
    flags = ("--speed", "60", "--auto-plug", "0.1", "--lang", "es")
    engine = await city.engine("CP001", *flags)
    await engine.says("puerto de salud: escucha")
    await city.monitor("CP001")
    await central.says("CP001 .*Available")
    driver = await city.driver("D01")
    await driver.says("Connected")
    driver.types("start")
    await driver.says("CP001: .* kW", times=2)
    await engine.dies()
    (journal,) = [path for path in (city.state / "cp/CP001/journal").iterdir() if path.stat().st_size > 4096]
    data = bytearray(journal.read_bytes())
    at = data.index(b'"METER"')
    data[at : at + 7] = b"rubbish"
    journal.write_bytes(data)
    engine = await city.engine("CP001", *flags, "--auto-unplug", "2", stdin=True)
    await engine.says("diario dañado en el byte")
    await central.says("ALERT CP001 has a new journal")
    assert "vino con otro diario" in await alerts(city, "--lang", "es")
    await driver.says("Energy: .*estimated")
    await central.says("CP001 .*Out of Order: new journal: close its alert to confirm")
    driver.types("start CP001")
    await driver.says(r"CP001 not available\. CP out of service \(Unavailable: new journal not confirmed\)\.")
    seen = len(central.lines)
    await alerts(city, "--close", "CP001-journal")
    await central.says("CP001: its new journal is confirmed", since=seen)
    driver.types("start CP001")
    await central.says("ticket .* kWh", since=seen)
    engine.types("faults")
    await engine.says("desde .*, restablecido .*: diario dañado en el byte")
