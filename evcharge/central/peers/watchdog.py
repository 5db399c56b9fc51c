"""Watches links, lost sessions and Central itself: silence, slow readers, mute logins, stalls, clock jumps."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
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
from evcharge.runtime.timer_wheel import TimerWheel
from evcharge.storage.store_errors import StoreError

log = logging.getLogger(__name__)

SWEEP_S = 0.25
# A reader that is MAX_UNSENT_BYTES behind for this long is not reading.
SLOW_S = 5.0
# As long as the whole login may take: an engine that has its ticket in hand has its journal's number too.
FIRST_WORD_S = 5.0
# When our own loop stood still this long, everybody's time begins anew: the peers may have stood still with it.
STALL_S = 1.0
# A peer that exceeds its rate for this long, all the time, will not stop by itself.
PRESSING_S = 30.0
MINUTE_S = 60.0


class Watchdog:
    """Ends links that are dead or do not read. Deadlines count from when the loop read the socket.

    It sweeps four times a second, but looks only at links whose deadline may have come: one that speaks has its next
    look when it would be dead if it never spoke again.
    """

    def __init__(self, peers: Peers, dispatcher: Dispatcher) -> None:
        self._peers = peers
        self._dispatcher = dispatcher
        self._lost = Lost(dispatcher, peers)
        self._behind_since: dict[int, float] = {}
        # Numbers of links, not links: one that has ended leaves nothing here but its number.
        self._looks: TimerWheel[int] = TimerWheel(SWEEP_S)
        self._awake_since = float("-inf")
        peers.watch = self.watch

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
                self._awake_since = now
                self._lost.stood_still(now - last)
                log.warning("%s", said("stood still", seconds=f"{now - last:.1f}"))
            else:
                self.sweep(now)
                self._lost.sweep(now)
            last = now

    def watch(self, link: PeerLink) -> None:
        """Look at `link` in the next sweep: it is new, or owes a word, or its far end presses or leaves much unread."""
        self._looks.put(link.number, 0.0)

    def sweep(self, now: float) -> None:
        """End every link that has been silent, behind or owing for too long, or faster than its rate."""
        for number in self._looks.due(now):
            link = self._peers.links.get(number)
            again_at = self._look(now, link) if link is not None else None
            if again_at is None:
                self._behind_since.pop(number, None)
            else:
                self._looks.put(number, again_at)

    def _look(self, now: float, link: PeerLink) -> float | None:
        """Return when to look at `link` again; None when it was ended."""
        channel, awake_since = link.channel, self._awake_since
        dead_after = LIVENESS[link.identity.role].dead_after_s
        # Half a sweep earlier than promised, so that the promise holds.
        again_at = dead_at = max(channel.heard_at, awake_since) + dead_after - SWEEP_S / 2
        if now > dead_at:
            link.drop(f"silent for {dead_after:.0f} s")
            return None
        if link.owes_since is not None:
            owed_at = max(link.owes_since, awake_since) + FIRST_WORD_S
            again_at = min(again_at, owed_at)
            if now > owed_at:
                why = f"no first word within {FIRST_WORD_S:.0f} s"
                link.cut(why, Overloaded(f"{why} of the login", Code.TIMEOUT))
                return None
        if channel.unsent_bytes > MAX_UNSENT_BYTES:
            if now > max(self._behind_since.setdefault(link.number, now), awake_since) + SLOW_S:
                link.drop("too slow: it does not read what it is sent")
                return None
            # Whether it reads any of it in between is seen by looking.
            return now
        self._behind_since.pop(link.number, None)
        if channel.pressing_since is not None:
            again_at = min(again_at, channel.pressing_since + PRESSING_S)
            if now > channel.pressing_since + PRESSING_S:
                self._peers.cut_off(link.actor, TOO_FAST)
                return None
        return again_at


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
        # While nothing can be stored they are counted on: as facts they would wait in memory, more each minute.
        if dispatcher.trouble is None:
            refusals.flush()
            dispatcher.flush()
        # A full disk is the dispatcher's trouble, and told by it.
        with contextlib.suppress(StoreError):
            await store.live(clock(), datetime.fromtimestamp(going(), UTC))
            dispatcher.stores_again()
        await anchor()
        heap.look_again()
