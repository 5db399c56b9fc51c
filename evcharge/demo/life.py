"""What goes on in the demo until Ctrl+C: drivers come and go, machines break and are mended, wallets are filled."""

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from random import Random
from typing import Any

from evcharge.demo import scenario
from evcharge.demo.processes import Child
from evcharge.domain.errors import EvchargeError
from evcharge.operator.client import OperatorClient


async def drives(driver: Child, begins_after_s: float, chance: Random) -> None:
    """Let `driver` charge again and again, as a person would at its terminal: any free point, a while, stop."""
    await asyncio.sleep(begins_after_s)
    while True:
        driver.types("start")
        await asyncio.sleep(chance.uniform(*scenario.CHARGE_S))
        # Without a charge, because every point was taken or one broke, it has nothing to stop and says so.
        driver.types("stop")
        await asyncio.sleep(chance.uniform(*scenario.BREAK_S))


async def breaks(monitors: Sequence[Child], api: OperatorClient, own: Sequence[str], chance: Random) -> None:
    """Let a charging point break now and then, and be mended; never under a driver who is not one of `own`."""
    while True:
        await asyncio.sleep(chance.uniform(*scenario.UNTIL_FAULT_S))
        with contextlib.suppress(EvchargeError):
            busy = {point["cp_id"] for point in await _points(api) if _charges(point, others_than=own)}
            if free := [monitor for monitor in monitors if monitor.name.split()[0] not in busy]:
                monitor = chance.choice(free)
                monitor.types("fault")
                await asyncio.sleep(chance.uniform(*scenario.FAULT_S))
                monitor.types("recover")


async def pays(drivers: Sequence[str], api: OperatorClient) -> None:
    """Put money into the wallet of each of `drivers` before it is empty."""
    while True:
        await asyncio.sleep(scenario.WALLET_EVERY_S)
        with contextlib.suppress(EvchargeError):
            for driver in (await api.get("/api/drivers"))["drivers"]:
                if driver["driver_id"] in drivers and _money(driver) < scenario.POOR_CENTS:
                    body = {"cents": scenario.TOP_UP_CENTS, "reference": secrets.token_hex(8)}
                    await api.post(f"/api/drivers/{driver['driver_id']}/top-up", body)


async def _points(api: OperatorClient) -> list[dict[str, Any]]:
    cps: list[dict[str, Any]] = (await api.points())["cps"]
    return cps


def _charges(point: dict[str, Any], *, others_than: Sequence[str]) -> bool:
    return point["session"] is not None and point["session"]["driver_id"] not in others_than


def _money(driver: dict[str, Any]) -> int:
    # What is held for a charge that runs comes back, or is spent: it is topped up afterwards.
    cents: int = driver["balance_cents"] + driver["held_cents"]
    return cents
