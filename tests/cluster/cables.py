"""Each Central on a computer of its own, in network namespaces: its packets are lost, and nobody is told."""

import asyncio
import contextlib
import ctypes
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from enum import Enum

from tests.system.lab import Network as Lab
from tests.system.lab import Pc

_CLONE_NEWNET = 0x40000000


class Loss(Enum):
    """Which packets are lost."""

    SENT = "sent"
    HEARD = "heard"


class Cable:
    """The cable of one Central to this process: to its database, and to its peers."""

    def __init__(self, lab: Lab, here: Pc, pc: Pc) -> None:
        self.pc = pc
        self._lab = lab
        self._ways = {Loss.SENT: (pc, here), Loss.HEARD: (here, pc)}

    @contextlib.asynccontextmanager
    async def lost(self, *losses: Loss) -> AsyncIterator[None]:
        """Lose packets during the block; those who sent them repeat them for a while."""
        with contextlib.ExitStack() as ends:
            for loss in losses:
                await asyncio.to_thread(ends.enter_context, self._lab.lost(*self._ways[loss]))
            try:
                yield
            finally:
                await asyncio.shield(asyncio.to_thread(ends.close))


@contextlib.contextmanager
def apart(names: Sequence[str]) -> Iterator[tuple[Pc, list[Cable]]]:
    """Put this process on one computer of a network, and a cable to each of `names` there. Raises NoLab, OSError.

    For whatever is opened from now on until the block ends, by this thread and those that it begins.
    """
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    with contextlib.ExitStack() as ends:
        ends.callback(os.close, before)
        lab = Lab()
        ends.callback(lab.close)
        here = lab.pc("here")
        cables = [Cable(lab, here, lab.pc(name)) for name in names]
        inside = os.open(f"/proc/{lab.process_of(here)}/ns/net", os.O_RDONLY)
        ends.callback(os.close, inside)
        _enter(inside)
        ends.callback(_enter, before)
        yield here, cables


def _enter(namespace: int) -> None:
    # os.setns comes with Python 3.12.
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
