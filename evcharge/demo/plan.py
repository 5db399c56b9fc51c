"""Who plays in the demo: names, ports, what each driver asks for."""

import errno
import socket
from collections.abc import Sequence
from pathlib import Path

# A charge at this speed takes some seconds: 22 kW become 0.18 kWh in each of them.
SPEED = 30.0
PLUG_AFTER_S = 1.0
UNPLUG_AFTER_S = 5.0
PAUSE_S = 1.0
SERVICES = 2  # charges that each driver asks for
CITIES = ("Alicante", "Elche", "Alcoy", "Benidorm", "Orihuela", "Torrevieja")


def timeline(*, once: bool) -> Path:
    """Return the file of the demo's weather; with `once` it ends no charge."""
    return Path(__file__).with_name("calm.txt" if once else "front.txt")


def cp_ids(points: int) -> list[str]:
    """Return CP001, CP002, …"""
    return [f"CP{number:03d}" for number in range(1, points + 1)]


def driver_ids(drivers: int) -> list[str]:
    """Return D01, D02, …"""
    return [f"D{number:02d}" for number in range(1, drivers + 1)]


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


def port_or_any(host: str, port: int) -> int:
    """Return `port` when it is free on `host`, else 0: the system then chooses one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            # Anything else (no such address, not allowed) is told better by who really wants to listen.
            return 0 if problem.errno == errno.EADDRINUSE else port
    return port


def reachable(host: str) -> str:
    """Return the address at which a server that listens on `host` is found from this PC."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  not bound here


def joined(host: str, port: str | int) -> str:
    """Return HOST:PORT, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
