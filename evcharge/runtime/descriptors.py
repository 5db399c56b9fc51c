"""How many connections a process can hold: its limit of open files, raised as far as it goes, and what fits."""

import resource
from dataclasses import dataclass, replace

from evcharge.runtime.admission import SeatLimits

# Kept for databases, logs, locks, and the connections that a process itself makes.
RESERVED = 64
# Strangers and members of one server need at most this part of the limit each, so that most of it is left for links.
_LARGEST_PART = 8
# Where the hard limit is "as many as you like", the kernel still has its own: the largest of these that it takes.
_ENOUGH = (1_048_576, 65_536, 10_240)


@dataclass(frozen=True, slots=True)
class Budget:
    """How `limit` descriptors are shared: the seats of each server, and whether some had to be cut down."""

    limit: int
    servers: tuple[SeatLimits, ...]
    is_short: bool


def raise_limit() -> int:
    """Let this process open as many files as it may at all; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in _ENOUGH if hard == resource.RLIM_INFINITY else (hard,):
        if soft not in (resource.RLIM_INFINITY, limit):
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            except (OSError, ValueError):
                continue
        return limit
    return soft


def share(limit: int, *servers: SeatLimits) -> Budget:
    """Return what fits into `limit`; the server whose members have no limit gets all that is left for them."""
    most = max(1, limit // _LARGEST_PART)
    fitted = [
        replace(
            seats,
            strangers=min(seats.strangers, most),
            strangers_per_network=min(seats.strangers_per_network, most),
            members=seats.members and min(seats.members, most),
        )
        for seats in servers
    ]
    is_short = fitted != list(servers)
    left = max(0, limit - RESERVED - sum(seats.strangers + (seats.members or 0) for seats in fitted))
    rest = [replace(seats, members=left) if seats.members is None else seats for seats in fitted]
    return Budget(limit, tuple(rest), is_short)
