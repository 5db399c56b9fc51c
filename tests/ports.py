"""Ports for servers of the tests, outside of those that outgoing connections are given."""

import contextlib
import itertools
import os
import random
import socket

# More than there ever are.
_WORKERS = 32
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_mine = list(range(20_000 + _worker, 32_000, _WORKERS))
_next = itertools.cycle(random.sample(_mine, len(_mine)))


def free_port() -> int:
    """Return a port that nobody listens on now, and that nobody was given lately.

    Each worker has ports of its own: what looks free may be one that another is about to listen on.
    """
    for port in _next:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a cycle does not end")
