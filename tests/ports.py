"""Ports for servers of the tests, outside of those that outgoing connections are given."""

import contextlib
import itertools
import random
import socket

# A block for each process that asks; of 60 that go on at once each gets one.
_BLOCKS = range(20_000, 32_000, 200)


def _block() -> range:
    """Return ports that are this process's alone while it lives, whoever else runs tests on this machine."""
    for first in random.sample(_BLOCKS, len(_BLOCKS)):
        claim = socket.socket()
        try:
            claim.bind(("127.0.0.1", first))
        except OSError:
            claim.close()
            continue
        # The first one stands for all of them. It is never closed: the end of the process gives it back.
        claim.detach()
        return range(first + 1, first + _BLOCKS.step)
    raise AssertionError("no block of ports is free: do that many runs go on?")


_mine = _block()
_next = itertools.cycle(random.sample(_mine, len(_mine)))


def free_port() -> int:
    """Return a port that nobody listens on now, and that nobody was given lately.

    Each process has ports of its own: what looks free may be one that another is about to listen on.
    """
    for port in itertools.islice(_next, len(_mine)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("all ports of this process are taken")
