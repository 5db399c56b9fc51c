"""Whether Central's clock is off that of the database: a fact when it begins, when it changes, and when it is over."""

import asyncio
from collections.abc import Callable

from evcharge.central.rules.commands import CENTRAL, Note
from evcharge.domain.events import ClockOff, ClockRight
from evcharge.storage.members import CLOCK_OFF_S, Membership

_LOOK_EVERY_S = 1.0


class ClockWatch:
    """Notes what the lease finds. `told_s` is what the books say of it already (0: nothing is wrong)."""

    def __init__(self, membership: Membership, post: Callable[[Note], object], *, told_s: int = 0) -> None:
        self._membership = membership
        self._post = post
        self._told_s = told_s

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    def look(self) -> None:
        """Note it if it is not what was noted last."""
        off_s = self._membership.clock_off_s
        if off_s is None:
            return
        if off_s == 0 and self._told_s:
            self._post(Note(by=CENTRAL, event=ClockRight()))
        elif off_s and (not self._told_s or abs(off_s - self._told_s) > CLOCK_OFF_S):
            self._post(Note(by=CENTRAL, event=ClockOff(seconds=off_s)))
        else:
            return
        self._told_s = off_s
