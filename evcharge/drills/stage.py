"""The stage of a drill: the network that it finds, a charging point and a driver of its own, what can be done to them.

The drill registers them for itself and withdraws them at the end: nobody else's charge is touched.
"""

import asyncio
import contextlib
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from evcharge.central.books.setup import database_path
from evcharge.demo import scenario
from evcharge.demo.demo_screen import DemoScreen
from evcharge.demo.processes import Cast, Child
from evcharge.domain.charging_point import CpStatus, Hold
from evcharge.domain.errors import Code, EvchargeError, Refused, StateError
from evcharge.domain.ids import DRILL_DRIVER
from evcharge.drills import processes_here
from evcharge.drills.cable import Cable
from evcharge.drills.course import Act, Drill, Expectation, Need, Proof, Seen
from evcharge.drills.damages import BadWeather, Damage, Guests, KilledCentral, KilledRegistry, StoppedProcess
from evcharge.drills.mending import GUESTS, LOOK_AGAIN_S, Mender, new_reference, until
from evcharge.drills.processes_here import StartedProgram
from evcharge.evc1.central_addresses import Address
from evcharge.labels import Speech
from evcharge.labels.demo import SENTENCES as DEMO
from evcharge.operator.client import OperatorClient
from evcharge.runtime.config import Config, ReachSettings
from evcharge.runtime.waiting import uninterrupted
from evcharge.security import secret_files
from evcharge.storage.database import holder

CP_ID, DRIVER_ID, LOCATION = "DRILL-CP", DRILL_DRIVER, "Drill"
# More than its charges cost: what is left is paid out at the end.
_MONEY_CENTS = 2_000
_SPEED, _PLUG_AFTER_S = "10", "0.5"
# A charge wants 1 MiB of journal.
_DISK, _FILLER_BYTES = "2m", 1_700_000
_LEAVE_WITHIN_S = 6.0
# Three programs start, on a machine that may have much to do.
_ENTER_WITHIN_S = 120.0


class _Lines(DemoScreen):
    """Keeps what each process says."""

    def __init__(self) -> None:
        super().__init__(0, "text", quiet=True)
        self.lines: list[tuple[str, str]] = []

    def say(self, sentence: str) -> None:
        """Keep nothing of how processes ended: the drill knows."""

    def show(self, name: str, line: str) -> None:
        """Keep a line."""
        self.lines.append((name, line))


class Stage:
    """What the acts and proofs of a drill work on. `within_s`: how long a thing may take to become so."""

    def __init__(
        self,
        config: Config,
        api: OperatorClient,
        mender: Mender,
        guests: Guests,
        cast: Cast,
        lines: _Lines,
        cable: Cable,
        drill: Drill,
    ) -> None:
        self._config = config
        self._api = api
        self._mender = mender
        self._guests = guests
        self._folder = guests.path
        self._cast = cast
        self._lines = lines
        self._cable = cable
        self._health_port = scenario.free_port("127.0.0.1", 0)
        self._children: dict[str, Child] = {}
        self._since = 0
        self._known_tickets: set[str] = set()
        self._energy = -1
        self._has_small_disk = False
        self._pulls_cable = any(step.act is Act.CUT_CABLE for step in drill.steps)
        # Of several Centrals: the one that was broken, and how it had been started; where the others take peers.
        self._broken = ""
        self._leader: StartedProgram | None = None
        self._others: list[Address] = []
        # Of several Registries: the address of the one that is broken.
        self._registry = ""

    # ---- the way in and out

    async def enter(self) -> None:
        """Register the two, start them, and wait until the charging point is Available."""
        for kind, id_, path in (
            ("cp", CP_ID, self._secret),
            ("driver", DRIVER_ID, self._folder / "driver" / DRIVER_ID / "password"),
        ):
            secret_files.replace_secret(path, await self._registered(kind, id_))
        await self._driver_joins()
        if self._has_small_disk:
            # Its engine begins with a disk that is full.
            return
        await self._start_engine()
        await self._start_monitor()
        await until(self._is_free, _ENTER_WITHIN_S)
        seen = await self.becomes(Expectation(Proof.STATUS, CpStatus.AVAILABLE), LOOK_AGAIN_S)
        if not seen.holds:
            raise StateError(f"{CP_ID}: {seen.what}")

    async def leave(self) -> None:
        """Undo what was done, end any charge, stop the programs and withdraw the two."""
        self._cable.mend()
        for one in self._mender.damages.last_first:
            if one is not self._guests:
                with contextlib.suppress(EvchargeError):
                    await self._mender.mend(one)
        (self._journal / "filler").unlink(missing_ok=True)
        if (engine := self._children.get("engine")) is not None:
            engine.types("unplug")
        with contextlib.suppress(EvchargeError):
            await until(self._has_no_session, _LEAVE_WITHIN_S)
        await self.stop()
        # What cannot be put right now stays in the list, for the next drill.
        with contextlib.suppress(EvchargeError):
            await self._mender.mend(self._guests)

    async def stop(self) -> None:
        """Stop the drill's programs, and undo nothing."""
        roles = ("driver", "monitor", "engine")
        living = [[self._children[role]] for role in roles if role in self._children]
        await self._cast.leave(*living, within_s=_LEAVE_WITHIN_S)

    async def _registered(self, kind: str, id_: str) -> str:
        body = {"kind": kind, "id": id_} | ({"location": LOCATION} if kind == "cp" else {})
        try:
            made = await self._api.post("/api/registrations", body)
        except Refused as refusal:
            if refusal.code is not Code.CONFLICT:
                raise
            # One of another PC was cut off before it could withdraw it.
            await self._api.send("DELETE", f"/api/registrations/{id_}")
            made = await self._api.post("/api/registrations", body)
        return str(made["credential"])

    async def _driver_joins(self) -> None:
        """Start the driver under a new registration, and fill its wallet."""
        await self._start_driver()
        await until(self._gives_money, _ENTER_WITHIN_S)

    async def _gives_money(self) -> bool:
        """Fill the wallet of the driver, once Central has let it in: before, the id may be an older registration's."""
        drivers = (await self._api.get("/api/drivers"))["drivers"]
        if not any(one["driver_id"] == DRIVER_ID and one["connected"] for one in drivers):
            return False
        body = {"cents": _MONEY_CENTS, "reference": new_reference()}
        await self._api.post(f"/api/drivers/{DRIVER_ID}/top-up", body)
        return True

    @property
    def _secret(self) -> Path:
        return self._folder / "cp" / CP_ID / "secret"

    @property
    def _journal(self) -> Path:
        return self._folder / "cp" / CP_ID / "journal"

    async def _start(self, role: str, *args: str) -> None:
        reach = self._config.reach
        # The flag is one alone, and counts before what the environment says.
        registry = () if reach.other_registries else ("--registry", reach.registry_url)
        shared = (
            *("--state", str(self._folder), "--config", str(self._folder / "config.toml")),
            *(*registry, "--lang", "en", "--log-format", "text"),
        )
        self._children[role] = await self._cast.start(role, *args, *shared, may_end=True, typed=True)

    async def _start_engine(self) -> None:
        at = f"127.0.0.1:{self._cable.port}" if self._pulls_cable else self._central_at
        await self._start(
            "engine",
            *("cp-engine", CP_ID, "--central", at, "--location", LOCATION),
            *("--health-host", "127.0.0.1", "--health-port", str(self._health_port)),
            *("--speed", _SPEED, "--auto-plug", _PLUG_AFTER_S),
        )

    async def _start_monitor(self) -> None:
        at = f"127.0.0.1:{self._health_port}"
        await self._start("monitor", "cp-monitor", CP_ID, "--central", self._central_at, "--engine", at)

    async def _start_driver(self) -> None:
        await self._start("driver", "driver", DRIVER_ID, "--central", self._central_at)

    @property
    def _central_at(self) -> str:
        return ",".join(scenario.joined(*one) for one in self._config.reach.centrals)

    # ---- what a drill needs

    async def lacks(self, need: Need) -> bool:
        """Return whether this machine does not offer it. A small disk is mounted by asking for it."""
        match need:
            case Need.CENTRAL_HERE:
                pid = holder(database_path(self._config.state))
                return not pid or processes_here.started(pid) is None
            case Need.CENTRAL_ALONE:
                return len(await self._living()) > 1
            case Need.TWO_CENTRALS:
                reach = self._config.reach
                several = len(reach.centrals) > 1 and reach.other_apis and len(await self._living()) > 1
                return not several or await self._find_leader() is None
            case Need.TWO_REGISTRIES:
                return len(self._config.reach.registries) < 2 or self._find_registry() is None
            case Need.POSTGRES_HERE:
                return False  # what brings up a network of its own has looked
            case Need.BROKER_HERE:
                return self._find_broker() is None
            case Need.SMALL_DISK:
                self._journal.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._has_small_disk = await processes_here.mounted(self._journal, _DISK)
                return not self._has_small_disk

    def _find_broker(self) -> int | None:
        host, _, port = self._config.kafka.bootstrap.partition(",")[0].rpartition(":")
        return processes_here.listener(int(port)) if host in ("127.0.0.1", "localhost") else None

    def _find_registry(self) -> tuple[str, int, StartedProgram] | None:
        """Return the first Registry of this PC: its address, its port, and its process."""
        for url in self._config.reach.registries:
            at = urlsplit(url)
            if at.port and processes_here.is_here(at.hostname or ""):
                pid = processes_here.listener(at.port)
                program = processes_here.started(pid) if pid is not None else None
                if program is not None:
                    return at.netloc, at.port, program
        return None

    def _breaks_registry(self) -> tuple[StartedProgram, int]:
        """Return the process that is to be broken, and its port. Raises StateError."""
        found = self._find_registry()
        if found is None:
            raise StateError("The Registry is not running on this PC.")
        self._registry, port, program = found
        return program, port

    async def _living(self) -> list[dict[str, Any]]:
        members: list[dict[str, Any]] = (await self._api.get("/api/members"))["members"]
        return [one for one in members if one["alive"]]

    async def _find_leader(self) -> tuple[str, int, StartedProgram] | None:
        """Return the name of the Central that leads, the port of its API, and its process; None: not of this PC."""
        for one in await self._living():
            at = urlsplit(one["address"])
            if one["leads"] and at.port and processes_here.is_here(at.hostname or ""):
                pid = processes_here.listener(at.port)
                program = processes_here.started(pid) if pid is not None else None
                return None if program is None else (one["name"], at.port, program)
        return None

    async def _breaks_leader(self) -> tuple[StartedProgram, int]:
        """Return the process that is to be broken, and the port of its API. Raises StateError."""
        found = await self._find_leader()
        if found is None:
            raise StateError("Central is not running on this PC.")
        self._broken, port, self._leader = found
        # One that stands by does not listen for peers yet.
        self._others = [
            (host, at)
            for host, at in self._config.reach.centrals
            if not processes_here.is_here(host) or processes_here.listener(at) != self._leader.pid
        ]
        return self._leader, port

    # ---- acts

    async def does(self, act: Act) -> None:
        """Do one thing. Raises EvchargeError when it cannot be done."""
        self._since = len(self._lines.lines)
        self._energy = -1
        match act:
            case Act.CHARGE:
                self._known_tickets = set(await self._tickets())
                self._children["driver"].types(f"start {CP_ID}")
            case Act.ASK:
                self._children["driver"].types(f"start {CP_ID}")
            case Act.UNPLUG:
                self._children["engine"].types("unplug")
            case Act.KILL_ENGINE | Act.KILL_MONITOR | Act.KILL_DRIVER:
                child = self._children[act.removeprefix("kill ")]
                child.process.kill()
                await child.ended.wait()
            case Act.START_ENGINE:
                await self._start_engine()
            case Act.START_MONITOR:
                await self._start_monitor()
            case Act.START_DRIVER:
                await self._start_driver()
            case Act.KILL_CENTRAL:
                central = processes_here.started(holder(database_path(self._config.state)) or 0)
                if central is None:
                    raise StateError("Central is not running on this PC.")
                self._mender.damages.add(KilledCentral(central))
                processes_here.kill(central.pid)
            case Act.START_CENTRAL:
                await self._mend(KilledCentral)
            case Act.KILL_LEADER:
                leader, port = await self._breaks_leader()
                self._mender.damages.add(KilledCentral(leader, port))
                processes_here.kill(leader.pid)
            case Act.START_LEADER:
                await self._mend(KilledCentral)
            case Act.FREEZE_LEADER:
                leader, _ = await self._breaks_leader()
                if not self._freezes(leader.pid):
                    raise StateError("Central is not running on this PC.")
            case Act.GO_ON_LEADER:
                await self._mend(StoppedProcess)
            case Act.KILL_REGISTRY:
                registry, port = self._breaks_registry()
                self._mender.damages.add(KilledRegistry(registry, port))
                processes_here.kill(registry.pid)
            case Act.START_REGISTRY:
                await self._mend(KilledRegistry)
            case Act.FREEZE_REGISTRY:
                registry, _ = self._breaks_registry()
                if not self._freezes(registry.pid):
                    raise StateError("The Registry is not running on this PC.")
            case Act.GO_ON_REGISTRY:
                await self._mend(StoppedProcess)
            case Act.REGISTER_ANEW:
                driver = self._children["driver"]
                driver.process.kill()
                await driver.ended.wait()
                await self._api.send("DELETE", f"/api/registrations/{DRIVER_ID}")
                home = self._folder / "driver" / DRIVER_ID
                await asyncio.to_thread(shutil.rmtree, home)
                secret_files.replace_secret(home / "password", await self._registered("driver", DRIVER_ID))
                await self._driver_joins()
            case Act.VERIFY:
                pass  # the proof does it
            case Act.SPOIL_KEY:
                shutil.copy2(self._secret, self._secret.with_name("secret.right"))
                secret_files.replace_secret(self._secret, secrets.token_urlsafe(32))
            case Act.RIGHT_KEY:
                self._secret.with_name("secret.right").replace(self._secret)
            case Act.REVOKE:
                await self._api.post(f"/api/cps/{CP_ID}/revoke")
            case Act.ROTATE:
                made = await self._api.post(f"/api/registrations/{CP_ID}/rotate")
                secret_files.replace_secret(self._secret, str(made["credential"]))
            case Act.FREEZE_OVER:
                frost = BadWeather(LOCATION, "COLD")
                self._mender.damages.add(frost)
                await self._api.post("/api/weather_alert", {"location": frost.location, "alert": frost.alert})
            case Act.THAW:
                await self._mend(BadWeather)
            case Act.STOP_BROKER:
                if not self._freezes(self._find_broker()):
                    raise StateError("no broker is running on this PC.")
            case Act.GO_ON_BROKER:
                await self._mend(StoppedProcess)
            case Act.FILL_DISK:
                await asyncio.to_thread((self._journal / "filler").write_bytes, bytes(_FILLER_BYTES))
                await self._start_engine()
                await self._start_monitor()
            case Act.FREE_DISK:
                (self._journal / "filler").unlink(missing_ok=True)
                await until(self._is_free, _ENTER_WITHIN_S)
            case Act.CUT_CABLE:
                self._cable.cut()
            case Act.MEND_CABLE:
                self._cable.mend()

    def _freezes(self, pid: int | None) -> bool:
        """Freeze a process until it is mended; return whether there is one."""
        began = None if pid is None else processes_here.began(pid)
        if pid is None or began is None:
            return False
        self._mender.damages.add(StoppedProcess(pid, began))
        processes_here.freeze(pid)
        return True

    async def _mend(self, kind: type[Damage]) -> None:
        for one in self._mender.damages.last_first:
            if isinstance(one, kind):
                await self._mender.mend(one)

    async def _is_free(self) -> bool:
        try:
            point = await self._api.get(f"/api/cps/{CP_ID}")
            if Hold.JOURNAL in point["holds"]:
                # It was here before, so this journal is a new one: an operator has to say that it is right.
                await self._api.post(f"/api/alerts/{CP_ID}-journal/close")
        except EvchargeError:
            return False
        return bool(point["status"] == CpStatus.AVAILABLE)

    async def _has_no_session(self) -> bool:
        return await self._session() is None

    # ---- proofs

    async def becomes(self, wanted: Expectation, within_s: float) -> Seen:
        """Wait until `wanted` holds, at most `within_s` seconds; return what was seen."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        what = ""
        while True:
            try:
                holds, what = await self._holds(wanted)
            except EvchargeError as problem:
                holds, what = wanted.proof is Proof.API_AWAY, problem.text
            seconds = loop.time() - began
            if holds or seconds >= within_s:
                return Seen(expectation=wanted, holds=holds, seconds=seconds, what=what)
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _holds(self, wanted: Expectation) -> tuple[bool, str]:
        value = (
            wanted.value.format(cp=CP_ID) if wanted.proof in (Proof.ALERT, Proof.NO_ALERT) else wanted.value
        )
        match wanted.proof:
            case Proof.STATUS:
                point = await self._api.get(f"/api/cps/{CP_ID}")
                return point["status"] == value, f"{point['status']} {point['reason']}".strip()
            case Proof.GROWS:
                session = await self._session()
                energy = -1 if session is None else int(session["energy_mwh"])  # type: ignore[call-overload]
                before, self._energy = self._energy, max(self._energy, energy)
                return 0 <= before < energy, f"{max(energy, 0)} mWh"
            case Proof.TICKET:
                new = set(await self._tickets()) - self._known_tickets
                session = await self._session()
                return len(new) == 1 and session is None, ", ".join(sorted(new)) or "-"
            case Proof.ENGINE_SAYS | Proof.MONITOR_SAYS | Proof.DRIVER_SAYS:
                return self._said(wanted.proof.partition(" ")[0], value)
            case Proof.API_AWAY | Proof.API_BACK:
                await self._api.get("/api/audit")
                return wanted.proof is Proof.API_BACK, "Central"
            case Proof.ALERT | Proof.NO_ALERT:
                alerts = (await self._api.get("/api/alerts"))["alerts"]
                is_open = any(alert["id"] == value and alert["solved_at"] is None for alert in alerts)
                return is_open is (wanted.proof is Proof.ALERT), value
            case Proof.OTHER_WORKS:
                return await _first_that_listens(self._others)
            case Proof.OTHER_REGISTRY:
                places = [urlsplit(url) for url in self._config.reach.registries]
                others = [(at.hostname or "", at.port or 0) for at in places if at.netloc != self._registry]
                return await _first_that_listens(others)
            case Proof.REGISTRY_AWAY | Proof.REGISTRY_BACK:
                rows = (await self._api.get("/api/members"))["registries"]
                since = next((one["away_since"] for one in rows if one["name"] == self._registry), None)
                is_away = since is not None
                return is_away is (
                    wanted.proof is Proof.REGISTRY_AWAY
                ), f"{self._registry} {since or ''}".strip()
            case Proof.TOOK_OVER:
                told = await self._api.get("/api/members")
                so = (told["before"], told["cause"]) == (self._broken, value) and told[
                    "leader"
                ] != self._broken
                return so, f"{told['leader']}: {told['cause']}"
            case Proof.STANDS_BY:
                found = next((one for one in await self._living() if one["name"] == self._broken), None)
                return found is not None and not found["leads"], self._broken
            case Proof.VERIFIED:
                if self._leader is None:
                    return False, "-"
                code, said = await self._leader.asks("audit", "verify", "--lang", "en")
                return code == 0, said

    def _said(self, role: str, pattern: str) -> tuple[bool, str]:
        lines = [line for name, line in self._lines.lines[self._since :] if name == role]
        found = next((line for line in lines if re.search(pattern, line)), None)
        return found is not None, (found or (lines[-1] if lines else "-")).strip()

    async def _session(self) -> dict[str, object] | None:
        session: dict[str, object] | None = (await self._api.get(f"/api/cps/{CP_ID}"))["session"]
        return session

    async def _tickets(self) -> list[str]:
        rows = (await self._api.get("/api/tickets", driver_id=DRIVER_ID, limit=50))["tickets"]
        return [row["session_id"] for row in rows]


async def _first_that_listens(addresses: Sequence[Address]) -> tuple[bool, str]:
    for host, port in addresses:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(LOOK_AGAIN_S):
                _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return True, scenario.joined(host, port)
    return False, ", ".join(scenario.joined(*one) for one in addresses)


@asynccontextmanager
async def staged(
    config: Config, api: OperatorClient, mender: Mender, room: Path, drill: Drill, *, passing: bool = False
) -> AsyncIterator[Stage | Need]:
    """Yield the stage for one drill, in a folder in `room`; or what this machine lacks. All is undone afterwards.

    Of a `passing` network, which ends with the drills, nothing is undone once they are interrupted.
    """
    guests = Guests(CP_ID, DRIVER_ID, os.fsencode(tempfile.mkdtemp(prefix=GUESTS, dir=room)))
    mender.damages.add(guests)
    furnish(guests.path, config.state / "ca.pem", config.reach)
    lines = _Lines()
    cable = Cable(config.reach.centrals)
    async with asyncio.TaskGroup() as tasks, cable.laid():
        stage = Stage(
            config,
            api,
            mender,
            guests,
            Cast(tasks, lines, Speech(DEMO), unheard="EVCHARGE_REACH__"),
            lines,
            cable,
            drill,
        )
        is_interrupted = False
        try:
            missing = await _first_missing(stage, drill.needs)
            if missing is None:
                await stage.enter()
            yield stage if missing is None else missing
        except asyncio.CancelledError:
            is_interrupted = True
            raise
        finally:
            await uninterrupted(stage.stop() if passing and is_interrupted else stage.leave())


def furnish(folder: Path, ca_file: Path, reach: ReachSettings) -> None:
    """Give the folder of a drill's programs the authority, and where the Registries are."""
    shutil.copyfile(ca_file, folder / "ca.pem")
    # Named, so that a config.toml that lies about counts for none of the drill's programs.
    first, others = json.dumps(reach.registry_url), json.dumps(list(reach.other_registries))
    told = f"[reach]\nregistry_url = {first}\nother_registries = {others}\n"
    (folder / "config.toml").write_text(told, encoding="utf-8")


async def _first_missing(stage: Stage, needs: Sequence[Need]) -> Need | None:
    for need in needs:
        if await stage.lacks(need):
            return need
    return None
