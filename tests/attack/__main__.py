"""Attacks a network on this PC and says what its neighbours notice: `python -m tests.attack` (make attack).

By default it starts a small network of its own in a temporary folder: Registry, Central, two charging points. With
--central it attacks one that runs; --state names its state folder, without which only strangers' attacks are possible.
"""

import argparse
import asyncio
import contextlib
import importlib
import pkgutil
import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from rich.console import Console
from rich.table import Table

import tests.attack
from tests.attack.neighbours import Neighbourhood, Waits, neighbourhood
from tests.attack.result import Bounds, Result
from tests.attack.target import Address, NotLoopback, Target, Use
from tests.system.city import City, city

NEIGHBOURS = ("heartbeat", "balance", "ping", "login", "api", "ticket")
POINTS = ("CP001", "CP002")
IDLE_S = 5.0
LOOK_S = 0.2
# After an attack its connections must be gone within this.
CALM_WITHIN_S = 20.0
SPARE_DESCRIPTORS = 30


@dataclass(frozen=True, slots=True)
class Attack:
    """One module of this package."""

    name: str
    module: str
    run: Callable[[Target, float, int], Awaitable[Result]]
    bounds: Bounds


@dataclass
class Outcome:
    """What one attack did to the network."""

    attack: Attack
    result: Result
    waits: Waits = field(default_factory=Waits)
    rows: int = 0
    grown_kib: int = 0
    descriptors: int = 0


def attacks() -> list[Attack]:
    """Return every attack of this package, by the names of their modules."""
    found = []
    for module in pkgutil.iter_modules(tests.attack.__path__):
        if module.name.startswith("__"):
            continue
        loaded = importlib.import_module(f"tests.attack.{module.name}")
        if hasattr(loaded, "NAME"):
            bounds = getattr(loaded, "BOUNDS", Bounds())
            found.append(Attack(loaded.NAME, module.name, loaded.run, bounds))
    return found


@contextlib.asynccontextmanager
async def own_network() -> AsyncIterator[Target]:
    """Run a small network until the block ends."""
    with tempfile.TemporaryDirectory(prefix="evcharge-attack-") as folder:
        async with city(Path(folder) / "state", City) as network:
            await (await network.central()).says("API for operators is listening")
            for cp_id in POINTS:
                await (await network.engine(cp_id)).says("connected to CENTRAL")
                await (await network.monitor(cp_id)).says("connected to CENTRAL")
            yield Target(
                central=Address("127.0.0.1", network.central_port),
                api=Address("127.0.0.1", network.api_port),
                registry=Address("127.0.0.1", network.registry_port),
                health=Address("127.0.0.1", network.health_ports[POINTS[0]]),
                cp_id=POINTS[0],
                state=network.state,
                processes={program.name: program.process.pid for program in network.programs},
            )


async def carry_out(
    attack: Attack,
    target: Target,
    neighbours: Neighbourhood | None,
    seconds: float,
    seed: int,
    rows_per_s: float,
) -> Outcome:
    """Run one attack, and judge it by its bounds. `rows_per_s` are written without any attack."""
    loop = asyncio.get_running_loop()
    before, rows, began_at = target.use(), target.rows(), loop.time()
    most = dict(before)
    if neighbours is not None:
        await neighbours.waits()
    watching = asyncio.create_task(_watch(target, most))
    try:
        result = await attack.run(target, seconds, seed)
    finally:
        watching.cancel()
    outcome = Outcome(attack, result)
    if neighbours is not None:
        outcome.waits = await neighbours.waits()
    after = await _calm(target, before)
    outcome.rows = max(0, round(target.rows() - rows - rows_per_s * (loop.time() - began_at)))
    outcome.descriptors = max((use.descriptors for use in most.values()), default=0)
    outcome.grown_kib = max((most[name].memory_kib - before[name].memory_kib for name in before), default=0)
    for name, use in before.items():
        if name not in after:
            result.broken.append(f"{name} ended")
        elif _holds_on(after[name], use):
            result.broken.append(
                f"{name} still holds {after[name].descriptors} descriptors ({use.descriptors} before): "
                f"{target.held(name)}"
            )
    _judge(outcome)
    return outcome


def _judge(outcome: Outcome) -> None:
    result, bounds = outcome.result, outcome.attack.bounds
    for name in NEIGHBOURS:
        p99_s = outcome.waits.p99_s(name)
        if p99_s is not None and p99_s > bounds.of(name):
            result.broken.append(
                f"{name}: p99 {p99_s * 1000:.0f} ms, allowed {bounds.of(name) * 1000:.0f} ms"
            )
    result.broken += [f"{what} ({times} times)" for what, times in outcome.waits.failures.items()]
    for what, used, allowed in (
        ("rows in the audit logs", outcome.rows, bounds.rows),
        ("MiB more memory", outcome.grown_kib // 1024, bounds.memory_mib),
        ("descriptors", outcome.descriptors, bounds.descriptors),
    ):
        result.expect(holds=used <= allowed, sentence=f"{used} {what}, allowed {allowed}")


async def _watch(target: Target, most: dict[str, Use]) -> None:
    while True:
        for name, use in target.use().items():
            known = most.get(name, use)
            most[name] = Use(max(known.memory_kib, use.memory_kib), max(known.descriptors, use.descriptors))
        await asyncio.sleep(LOOK_S)


def _holds_on(now: Use, before: Use) -> bool:
    return now.descriptors > before.descriptors + SPARE_DESCRIPTORS


async def _calm(target: Target, before: dict[str, Use]) -> dict[str, Use]:
    """Return what each process uses once none holds on to its connections, or CALM_WITHIN_S later.

    What was seen is what is judged: those whom the kernel held ready are let in after the others have gone, so the
    next look may find more again.
    """
    loop = asyncio.get_running_loop()
    until_s = loop.time() + CALM_WITHIN_S
    while True:
        found = target.use()
        if loop.time() >= until_s or not any(_holds_on(use, before[name]) for name, use in found.items()):
            return found
        await asyncio.sleep(LOOK_S)


def table(idle: Waits, outcomes: list[Outcome]) -> Table:
    """Return the figures for people."""
    columns = ["attack", "tried", *NEIGHBOURS, "rows", "memory", "fds", ""]
    shown = Table(
        *columns, title="p99 of the neighbours in ms; memory in MiB more; most descriptors of a process"
    )
    shown.add_row("(none)", "", *(_ms(idle, name) for name in NEIGHBOURS), "", "", "", "", end_section=True)
    for outcome in outcomes:
        shown.add_row(
            outcome.attack.name,
            str(outcome.result.tried),
            *(_ms(outcome.waits, name) for name in NEIGHBOURS),
            str(outcome.rows),
            f"{outcome.grown_kib / 1024:.1f}",
            str(outcome.descriptors),
            "FAILED" if outcome.result.broken else "passed",
        )
    return shown


def _ms(waits: Waits, name: str) -> str:
    p99_s = waits.p99_s(name)
    return f"{p99_s * 1000:.0f}" if p99_s is not None else "–"


async def main(given: argparse.Namespace, chosen: list[Attack], console: Console) -> int:
    """Carry the attacks out, one after the other; return 1 when a bound was broken."""
    async with contextlib.AsyncExitStack() as stack:
        named = cast(Target | None, given.target)
        target = named if named is not None else await stack.enter_async_context(own_network())
        neighbours, idle, rows_per_s = None, Waits(), 0.0
        if target.state is not None and target.registry is not None:
            neighbours = await stack.enter_async_context(neighbourhood(target))
            rows = target.rows()
            await asyncio.sleep(IDLE_S)
            idle, rows_per_s = await neighbours.waits(), (target.rows() - rows) / IDLE_S
        outcomes = []
        for attack in chosen:
            console.print(f"{attack.name} …", style="dim")
            outcomes.append(
                await carry_out(attack, target, neighbours, given.seconds, given.seed, rows_per_s)
            )
            for answer, times in outcomes[-1].result.answers.most_common():
                console.print(f"  {times} × {answer}", style="dim", highlight=False)
    console.print(table(idle, outcomes))
    for outcome in outcomes:
        for sentence in outcome.result.broken:
            console.print(f"{outcome.attack.name}: {sentence}", style="bold", highlight=False)
    console.print(f"seed {given.seed}")
    return 1 if any(outcome.result.broken for outcome in outcomes) else 0


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except NotLoopback as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _arguments(known: list[Attack]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--only", action="append", metavar="ATTACK", choices=[one.module for one in known])
    parser.add_argument("--list", action="store_true", help="name the attacks, and do nothing")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long each of them lasts")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31), help="what chance decides")
    for name, what in (
        ("central", "Central's port for peers"),
        ("api", "its API"),
        ("registry", "the Registry"),
        ("health", "the health port of an engine"),
    ):
        parser.add_argument(f"--{name}", type=_address, metavar="HOST:PORT", help=f"where {what} is")
    parser.add_argument("--cp-id", default="CP001", help="the charging point of that engine")
    parser.add_argument("--state", type=Path, help="the state folder of that network")
    return parser


if __name__ == "__main__":
    KNOWN = attacks()
    PARSER = _arguments(KNOWN)
    GIVEN = PARSER.parse_args()
    if GIVEN.list:
        print("\n".join(f"{one.module}: {one.name}" for one in KNOWN))
        raise SystemExit(0)
    if GIVEN.central is None and any((GIVEN.api, GIVEN.registry, GIVEN.health, GIVEN.state)):
        PARSER.error("a network that runs is named by --central HOST:PORT at least")
    GIVEN.target = GIVEN.central and Target(
        central=GIVEN.central,
        api=GIVEN.api,
        registry=GIVEN.registry,
        health=GIVEN.health,
        cp_id=GIVEN.cp_id,
        state=GIVEN.state,
    )
    CHOSEN = [one for one in KNOWN if GIVEN.only is None or one.module in GIVEN.only]
    raise SystemExit(asyncio.run(main(GIVEN, CHOSEN, Console())))
