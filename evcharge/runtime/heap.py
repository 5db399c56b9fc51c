"""Keeps Python's garbage collector from stopping the loop: what it has looked at once is set aside.

A full collection looks at every object there is, so it takes longer with each link. Set aside (`gc.freeze`), an object
is looked at once in its life. It still goes when nobody refers to it any more, which is how links go; only what refers
to itself would stay, so when twice as much is set aside as there was, all of it is looked at once more.
"""

import contextlib
import gc
import logging
import time
from collections.abc import Iterator

log = logging.getLogger(__name__)

# Below this a look at everything takes a few milliseconds, and pays for nothing.
_FEW_OBJECTS = 200_000
# Python looks at the youngest after 700: most of them are about to go, such as what each message and login leaves for
# a moment.
YOUNGEST = 10_000


class Heap:
    """The objects that are set aside."""

    def __init__(self) -> None:
        # Counted at the first look: to count them is to pass by each, which no start should wait for.
        self._last: int | None = None

    def look_again(self) -> None:
        """Look at everything once more if there is twice as much of it as there was; call it once a minute."""
        before = gc.get_freeze_count()
        if self._last is None:
            self._last = before
        if before < 2 * max(self._last, _FEW_OBJECTS):
            return
        began = time.perf_counter()
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._last = gc.get_freeze_count()
        took_ms = (time.perf_counter() - began) * 1000
        log.debug("%d of %d objects were garbage (%.0f ms)", before - self._last, before, took_ms)


@contextlib.contextmanager
def settled() -> Iterator[Heap]:
    """Set aside what there is; while the block runs, look at the youngest less often, and set aside what survives."""

    def set_aside(phase: str, _info: dict[str, int]) -> None:
        if phase == "stop":
            gc.freeze()

    gc.freeze()
    before = gc.get_threshold()
    gc.set_threshold(YOUNGEST)
    gc.callbacks.append(set_aside)
    try:
        yield Heap()
    finally:
        gc.callbacks.remove(set_aside)
        gc.set_threshold(*before)
        gc.unfreeze()
