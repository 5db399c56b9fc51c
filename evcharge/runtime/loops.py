"""Which event loop a role runs on."""

import asyncio
from collections.abc import Callable

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def fastest() -> LoopFactory | None:
    """Return what makes the loop of a role with many links: uvloop, where it is installed; None is asyncio's own."""
    try:
        from evcharge.runtime.uv_loop import UvLoop
    except ImportError:
        return None
    return UvLoop
