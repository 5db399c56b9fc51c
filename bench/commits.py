"""What a group commit costs: real decisions of starts and tickets, 128 at a time.

`python -m bench.commits`; with `--postgres ADDRESS` in an empty PostgreSQL, whose own CPU is not counted.
"""

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from evcharge.central.books.rows import STATEMENTS, DecidedEntry
from evcharge.central.books.store import CentralStore
from evcharge.storage.books import Books
from evcharge.storage.database import open_database
from evcharge.storage.postgres_books import open_postgres
from evcharge.storage.postgres_place import Place
from tests.unit.central.builders import ADMIN, Network

BATCH = 128
SCHEMA = "evcharge.central.books.schema"


@dataclass(frozen=True)
class Cost:
    """Microseconds for each command: of the clock, of the loop's thread, and of all other threads of this process."""

    wall_us: float
    loop_us: float
    other_us: float


def _batches(decided: Iterable[DecidedEntry]) -> Iterator[list[DecidedEntry]]:
    batch: list[DecidedEntry] = []
    for entry in decided:
        batch.append(entry)
        if len(batch) == BATCH:
            yield batch
            batch = []


def _taken(network: Network) -> list[DecidedEntry]:
    found = [
        DecidedEntry(decision, ADMIN, at)
        for decision, at in zip(network.decisions, network.instants, strict=True)
    ]
    network.decisions, network.instants = [], []
    return found


@contextlib.asynccontextmanager
async def _books(url: str) -> AsyncIterator[Books]:
    if url:
        async with open_postgres(Place(url=url), SCHEMA, STATEMENTS) as books:
            yield books
        return
    with tempfile.TemporaryDirectory() as folder:
        async with open_database(Path(folder) / "central.db", SCHEMA) as database:
            yield database


async def measure(rounds: int, url: str = "") -> tuple[Cost, Cost]:
    """Return what a start and what a ticket costs, over `rounds` batches of each."""
    network = Network()
    points = [(f"CP{n:03}", f"D{n:03}") for n in range(1, BATCH + 1)]
    for cp_id, driver_id in points:
        network.point_is_there(cp_id)
        network.driver_is_there(driver_id)
    there = _taken(network)
    starts, tickets = list[DecidedEntry](), list[DecidedEntry]()
    for _ in range(rounds):
        sessions = [network.authorised(driver_id, cp_id) for cp_id, driver_id in points]
        starts += _taken(network)
        for session in sessions:
            engine = network.engines[session.cp_id]
            network.sends(
                engine.started(session.session_id),
                engine.meter(session.session_id, 1_000),
                engine.ended(session.session_id),
                cp_id=session.cp_id,
            )
        tickets += _taken(network)
    spent = {"starts": [0.0, 0.0, 0.0], "tickets": [0.0, 0.0, 0.0]}
    async with _books(url) as database:
        store = await CentralStore.open(database)
        await store.commit(there)
        pairs = zip(_batches(starts), _batches(tickets), strict=True)
        for begun, ended in pairs:
            for name, batch in (("starts", begun), ("tickets", ended)):
                wall, own, whole = time.perf_counter(), time.thread_time(), time.process_time()
                await store.commit(batch)
                own = time.thread_time() - own
                spent[name][0] += time.perf_counter() - wall
                spent[name][1] += own
                spent[name][2] += time.process_time() - whole - own
    each = 1e6 / (rounds * BATCH)
    costs = [Cost(*(seconds * each for seconds in figures)) for figures in spent.values()]
    return costs[0], costs[1]


async def main(url: str = "", rounds: int = 24) -> None:
    """Print them."""
    for name, cost in zip(("start", "ticket"), await measure(rounds, url), strict=True):
        print(
            f"commit of a {name:7} wall {cost.wall_us:6.1f} us, loop {cost.loop_us:6.1f} us of CPU, "
            f"database's thread {cost.other_us:6.1f} us"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", default="", metavar="ADDRESS", help="postgresql://user@host:port/name")
    asyncio.run(main(parser.parse_args().postgres))
