"""Walks along the chains of the audit log while Central works, a few rows at a time.

`evcharge audit verify` does the same for books at rest. What was walked is trusted until the next walk from the
beginning; what is new is checked as it comes.
"""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from datetime import datetime

from evcharge.central.books.store import CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import CENTRAL, Note
from evcharge.domain.events import ChainBroken
from evcharge.labels.causes import because
from evcharge.labels.central import said
from evcharge.runtime.clock import Clock
from evcharge.storage import hash_chain
from evcharge.storage.books import Books
from evcharge.storage.store_errors import StoreError

log = logging.getLogger(__name__)

# Some milliseconds of work: meanwhile nobody else is served.
ROWS_AT_ONCE = 200
# Seconds of rest for each second of walking: a few hundredths of one core.
_REST = 25.0
_LEAST_REST_S = 0.05
# At the end of the log: how often to look for more, and when to begin again.
_LOOK_EVERY_S = 5.0
_AGAIN_AFTER_S = 3600.0


@dataclass(frozen=True, slots=True)
class ChainState:
    """How far the log was walked, when its end was last reached, and the first row that does not fit."""

    checked: int = 0
    verified_at: datetime | None = None
    broken: hash_chain.Broken | None = None


class ChainWalker:
    """Knows whether every chain is whole. `run` it beside the dispatcher."""

    def __init__(self, database: Books, store: CentralStore, dispatcher: Dispatcher, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._walk = hash_chain.Walk()
        self.state = ChainState()

    async def run(self) -> None:
        """Walk for ever; begin again from the first row every hour, because old rows may be changed, too."""
        began = time.monotonic()
        while True:
            pause = _LOOK_EVERY_S
            with contextlib.suppress(StoreError):
                started = time.monotonic()
                at_end = await self.step()
                if not at_end:
                    pause = max(_LEAST_REST_S, (time.monotonic() - started) * _REST)
                elif time.monotonic() - began > _AGAIN_AFTER_S:
                    began, self._walk = time.monotonic(), hash_chain.Walk()
            await asyncio.sleep(pause)

    async def step(self) -> bool:
        """Check the next few rows; return whether the end is reached (raises StoreError)."""
        # Asked before the rows: what is committed afterwards is not missing.
        head, walk = self._store.head, self._walk
        sql = "SELECT * FROM events WHERE n > :after ORDER BY n LIMIT :limit"
        rows = await self._database.read(sql, {"after": walk.n, "limit": ROWS_AT_ONCE})
        broken = walk.first_broken(rows)
        if broken is None and not rows and head.n > walk.n:
            broken = hash_chain.Broken(walk.n + 1, f"rows {walk.n + 1} to {head.n} were cut off")
        if broken is None and rows and head.n == walk.n and head.hash != rows[-1]["hash"]:
            broken = hash_chain.Broken(head.n, f"row {head.n} is not the one that was written")
        if broken is not None:
            self._tell(broken)
            return True
        at_end = walk.n >= head.n
        found = self.state.broken
        if at_end:
            # A walk that has passed where something was wrong has found it mended.
            self.state = ChainState(walk.n, self._clock(), None)
        else:
            self.state = ChainState(walk.n, self.state.verified_at, found)
        return at_end

    def _tell(self, broken: hash_chain.Broken) -> None:
        known = self.state.broken
        self.state = ChainState(self._walk.n, self._clock(), broken)
        # The next look is from the beginning: whoever puts the books right is seen to have done so.
        self._walk = hash_chain.Walk()
        if known != broken:
            log.error("%s", said("chain found broken", why=because(broken.why)))
            self._dispatcher.post(Note(by=CENTRAL, event=ChainBroken(n=broken.n, why=broken.why)))
