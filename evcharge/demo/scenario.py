"""The cast of the demo: names, ports, what each driver asks for, and how long things take."""

import errno
import socket
from collections.abc import Sequence
from pathlib import Path

from evcharge.runtime.plain import place

# ---- with --once: charges of some seconds; 22 kW become 0.18 kWh in each of them
SPEED = 30.0
PLUG_AFTER_S = 1.0
UNPLUG_AFTER_S = 5.0
PAUSE_S = 1.0
SERVICES = 2  # charges that each driver asks for

# ---- until Ctrl+C: a charge lasts until its driver stops it, and 22 kW become 3.7 kWh in a minute
LIVING_SPEED = 10.0
LIVING_PLUG_AFTER_S = 3.0
# Each is drawn between the two.
CHARGE_S = (60.0, 180.0)
BREAK_S = (10.0, 40.0)
UNTIL_FAULT_S = (90.0, 240.0)
FAULT_S = (20.0, 40.0)
# One driver after the other begins.
NEXT_DRIVER_S = 6.0
WALLET_EVERY_S = 20.0
POOR_CENTS, TOP_UP_CENTS = 500, 2_000
# A process that was killed is there again after so long: time enough to see what every screen says.
BACK_AFTER_S = 15.0
# Whose page is shown to a person: it is left out by the drivers that play.
GUEST = "D01"

CITIES = ("Alicante", "Elche", "Alcoy", "Benidorm", "Orihuela", "Torrevieja")


def timeline(*, once: bool) -> Path:
    """Return the file of the demo's weather; with `once` it ends no charge."""
    return Path(__file__).with_name("calm.txt" if once else "front.txt")


def cp_ids(points: int) -> list[str]:
    """Return CP001, CP002, …"""
    return [f"CP{number:03d}" for number in range(1, points + 1)]


def driver_ids(drivers: int, first: int = 1) -> list[str]:
    """Return D01, D02, … or those from `first` on."""
    return [f"D{number:02d}" for number in range(first, first + drivers)]


def waves(drivers: Sequence[str], points: int) -> list[list[str]]:
    """Return the drivers in groups that find a free charging point each."""
    return [list(drivers[first : first + points]) for first in range(0, len(drivers), points)]


def services(wave: Sequence[str], points: Sequence[str]) -> dict[str, list[str]]:
    """Return which charging points each driver of a wave asks for, one after the other.

    No two drivers of the wave share one, so that nobody is refused because another one was quicker.
    """
    share = len(points) // len(wave)
    own = {driver: points[place * share : (place + 1) * share] for place, driver in enumerate(wave)}
    return {driver: [mine[turn % share] for turn in range(SERVICES)] for driver, mine in own.items()}


def once_within_s(drivers: int, points: int) -> float:
    """Return how long `--once` may take from the first request to the last ticket, in seconds."""
    charge_s = PLUG_AFTER_S + UNPLUG_AFTER_S + PAUSE_S
    return 60.0 + len(waves(driver_ids(drivers), points)) * SERVICES * 3 * charge_s


def free_port(host: str, port: int) -> int:
    """Return `port` when it is free on `host`, else (or for 0) one that is: a process keeps it when it starts again."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for wanted in (port, 0):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, wanted))
            except OSError as problem:
                if problem.errno != errno.EADDRINUSE:
                    break
                continue
            return int(probe.getsockname()[1])
    # Anything else (no such address, not allowed) is told better by who really wants to listen.
    return port


def reachable(host: str) -> str:
    """Return the address at which a server that listens on `host` is found from this PC."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  not bound here


def joined(host: str, port: str | int) -> str:
    """Return HOST:PORT, an IPv6 address in brackets."""
    return place(host, port)
