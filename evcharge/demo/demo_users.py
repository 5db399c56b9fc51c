"""`evcharge init --demo`: charging points and drivers of a course, registered, with money in their wallets."""

import asyncio
from dataclasses import dataclass
from typing import Literal

from evcharge import labels
from evcharge.central.app import rules_of
from evcharge.central.books import setup as books_setup
from evcharge.central.books.rows import DecidedEntry
from evcharge.central.books.store import CentralStore
from evcharge.central.rules.commands import Actor, DriverVisits, TopUp
from evcharge.central.rules.decide import decide
from evcharge.central.rules.pending_facts import PendingFacts
from evcharge.central.rules.settings import Rules
from evcharge.domain.ids import DriverId, Role
from evcharge.domain.location import Location
from evcharge.http.registry_client import secret_path
from evcharge.registry import setup as registry_setup
from evcharge.registry.registrations import IdKind, Registration
from evcharge.runtime import clock
from evcharge.runtime.config import Config
from evcharge.security import secret_files
from evcharge.security.state_folder import InitReport


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Whom `--demo` registers: a charging point at its `location`, or a driver with `cents` in its wallet."""

    id: str
    kind: Literal["cp", "driver"]
    location: str = ""
    cents: int = 0


CAST = (
    *(
        DemoUser(f"CP_{number:03}", "cp", location)
        for number, location in enumerate(("Berlin", "Madrid", "Paris", "Rome", "Lisbon"), 1)
    ),
    DemoUser("DRIVER1", "driver", cents=15_000),
    DemoUser("DRIVER2", "driver", cents=10_000),
)


def initialise(config: Config, report: InitReport) -> None:
    """Register the cast, each with a secret of its own in the state folder, and fill the drivers' wallets.

    May be run again. Raises Refused where others are registered: a network that people use gets no made-up money.
    """
    asyncio.run(registry_setup.check_nobody_else(config, {user.id for user in CAST}, "--demo"))
    wanted = []
    for user in CAST:
        path = secret_path(config.state, user.kind, user.id)
        secret = secret_files.kept_secret(path, secret_files.new_secret())
        wanted.append(
            (
                Registration(
                    id=user.id, kind=IdKind(user.kind), location=Location(user.location), secret_hash=None
                ),
                secret,
            )
        )
    new = registry_setup.register(config, wanted)
    asyncio.run(_fill_wallets(config))
    for user in CAST:
        path = secret_path(config.state, user.kind, user.id)
        about = f"in {user.location}"
        if user.kind != "cp":
            about = f"{labels.money(user.cents, config.lang)}, password in {path}"
        (report.made if user.id in new else report.kept).append(f"demo {user.kind} {user.id}: {about}")


async def _fill_wallets(config: Config) -> None:
    """Give each driver that Central does not know a wallet with its money."""
    by, now = Actor("evcharge init --demo", Role.OPERATOR, "this computer"), clock.utc_now()
    async with books_setup.open_books(config) as database:
        store = await CentralStore.open(database)
        draft, entries = PendingFacts(await store.load(now)), list[DecidedEntry]()
        rules = rules_of(config, clock.utc_now, b"")
        for user in CAST:
            driver_id = DriverId(user.id)
            if user.kind != "driver" or draft.driver(driver_id) is not None:
                continue
            entries += _decided(draft, DriverVisits(by=by, driver_id=driver_id), rules)
            # The welcome credit is a part of it.
            driver = draft.driver(driver_id)
            missing = user.cents - (driver.balance_cents if driver is not None else 0)
            if missing > 0:
                top_up = TopUp(by=by, driver_id=driver_id, cents=missing, reference=f"demo {driver_id}")
                entries += _decided(draft, top_up, rules)
        if entries:
            await store.commit(entries)


def _decided(draft: PendingFacts, command: DriverVisits | TopUp, rules: Rules) -> list[DecidedEntry]:
    decision = decide(draft, command, rules)
    for change in decision.changes:
        draft.put(change)
    return [DecidedEntry(decision, command.by, rules.now)]
