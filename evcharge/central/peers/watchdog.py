"""Watches links, lost sessions and Central itself: silence, slow readers, mute logins, stalls, clock jumps."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

from evcharge.central.books.store import CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.peers.deadlines import Lost
from evcharge.central.peers.links import Peers
from evcharge.central.peers.quotas import TOO_FAST
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.peers.talk import MAX_UNSENT_BYTES, PeerLink
from evcharge.domain.errors import Code, Overloaded
from evcharge.evc1.tickets import LIVENESS
from evcharge.labels.central import said
from evcharge.runtime.clock import Clock, steady, utc_now
from evcharge.runtime.heap import Heap
from evcharge.storage.store_errors import StoreError

log = logging.getLogger(__name__)

SWEEP_S = 0.25
# A reader that is MAX_UNSENT_BYTES behind for this long is not reading.
SLOW_S = 5.0
# As long as the whole login may take: an engine that has its ticket in hand has its journal's number too.
FIRST_WORD_S = 5.0
# When our own loop stood still this long, nobody is declared dead until the next round.
STALL_S = 1.0
# A peer that exceeds its rate for this long, all the time, will not stop by itself.
PRESSING_S = 30.0
MINUTE_S = 60.0


class Watchdog:
    """Ends links that are dead or do not read. Deadlines count from when the loop read the socket."""

    def __init__(self, peers: Peers, dispatcher: Dispatcher) -> None:
        self._peers = peers
        self._dispatcher = dispatcher
        self._lost = Lost(dispatcher, peers)
        self._behind_since: dict[int, float] = {}

    async def run(self) -> None:
        """Sweep for ever."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(SWEEP_S)
            now = loop.time()
            self._dispatcher.look_at_the_clock()
            stalled = now - last > SWEEP_S + STALL_S
            if stalled:
                log.warning("%s", said("stood still", seconds=f"{now - last:.1f}"))
            else:
                self.sweep(now, self._peers.links.values())
                self._lost.sweep(now)
            last = now

    def sweep(self, now: float, links: Iterable[PeerLink]) -> None:
        """End every link that has been silent, behind or owing for too long, or faster than its rate."""
        behind: dict[int, float] = {}
        for link in links:
            channel = link.channel
            dead_after = LIVENESS[link.identity.role].dead_after_s
            # Half a sweep earlier than promised, so that the promise holds.
            if now - channel.heard_at > dead_after - SWEEP_S / 2:
                link.drop(f"silent for {dead_after:.0f} s")
            elif link.owes_since is not None and now - link.owes_since > FIRST_WORD_S:
                why = f"no first word within {FIRST_WORD_S:.0f} s"
                link.cut(why, Overloaded(f"{why} of the login", Code.TIMEOUT))
            elif channel.unsent_bytes > MAX_UNSENT_BYTES:
                since = behind[link.number] = self._behind_since.get(link.number, now)
                if now - since > SLOW_S:
                    link.drop("too slow: it does not read what it is sent")
            elif channel.pressing_since is not None and now - channel.pressing_since > PRESSING_S:
                self._peers.cut_off(link.actor, TOO_FAST)
        self._behind_since = behind


async def each_minute(
    refusals: Refusals,
    dispatcher: Dispatcher,
    store: CentralStore,
    anchor: Callable[[], Awaitable[None]],
    heap: Heap,
    clock: Clock = utc_now,
) -> None:
    """Write repeated refusals and facts, and a sign of life; anchor the audit log outside of the books."""
    going = steady(clock)
    while True:
        await asyncio.sleep(MINUTE_S)
        refusals.flush()
        dispatcher.flush()
        # A full disk is the dispatcher's trouble, and told by it.
        with contextlib.suppress(StoreError):
            await store.live(clock(), datetime.fromtimestamp(going(), UTC))
        await anchor()
        heap.look_again()
