"""A loop whose clock stands still while anybody works, and jumps to the next timer when all wait.

On it a heartbeat, a deadline or a pause is met exactly, however busy the machine: what a test says about time holds
because of the code, not because something else is quick or slow. Sockets of this process are real. Threads and other
processes are not waited for, so their tests stay on the wall clock.

    pytestmark = pytest.mark.virtual_time
"""

import asyncio
import selectors

# The kernel hands bytes from one end of a loopback connection to the other within this, also on a busy machine.
_DELIVERED_S = 0.000_5
# What a turn of the loop takes, so that timers are reached even where somebody always works.
_TURN_S = 0.000_01


class _Jumping(selectors.DefaultSelector):
    """Instead of waiting for a timer it moves `skipped_s` on, once no socket has anything to say."""

    skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select()
        ready = super().select(0)
        if not ready and timeout > 0:
            ready = super().select(_DELIVERED_S)
        self.skipped_s += _TURN_S if ready or timeout <= 0 else timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own, which starts at 1 000 s."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return 1_000.0 + self._jumping.skipped_s

    def stands_still(self, length_s: float) -> None:
        """Let so much time pass in which nothing of this process runs."""
        self._jumping.skipped_s += length_s
