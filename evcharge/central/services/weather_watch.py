"""Whether the weather service is heard: its silence and its goodbye are facts, and so is its return.

A service that was never here is not missed. Nothing is decided by it: what the weather withholds stays withheld.
"""

import asyncio
from datetime import datetime

from evcharge.central.books.archive import Archive
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import CENTRAL, Actor, Note
from evcharge.domain import events
from evcharge.domain.ids import Role
from evcharge.runtime.outage import Outage

SWEEP_S = 0.5
# When our own loop stood still this long, the silence begins anew: the service may have stood still with it.
_STALL_S = 1.0

Word = events.WeatherLost | events.WeatherReached


async def last_word(archive: Archive) -> tuple[datetime, Word] | None:
    """Return what the books say last of the weather service, or None when it was never heard or that cannot be read."""
    rows = [
        row for name in ("WeatherLost", "WeatherReached") for row in await archive.events(limit=1, type_=name)
    ]
    if not rows:
        return None
    row = max(rows, key=lambda row: int(row["n"]))
    word = events.stored(row["n"], row["type"], row["data"])
    return (datetime.fromisoformat(row["at"]), word) if isinstance(word, Word) else None


class WeatherLink:
    """Notes when the service is lost and when it is back. `last` is what the books say of it."""

    def __init__(self, dispatcher: Dispatcher, silent_s: float, last: Word | None) -> None:
        self._dispatcher = dispatcher
        self._silent_s = silent_s
        self._known = last is not None
        self._outage = Outage(self._say_lost, is_on=isinstance(last, events.WeatherLost))
        self._why = last.why if isinstance(last, events.WeatherLost) else ""
        # What it has said of its source: only itself can say that this is over.
        self._source_is_ill = False
        self._heard_at = asyncio.get_running_loop().time()

    def heard(self, by: Actor) -> None:
        """Somebody reported the weather. An operator who does so by hand is not the service."""
        if by.role is not Role.SERVICE:
            return
        self._heard_at = asyncio.get_running_loop().time()
        if self._source_is_ill:
            return
        if self._outage.is_on or not self._known:
            self._dispatcher.post(Note(by=by, event=events.WeatherReached(first=not self._known)))
        self._known = True
        self._outage.back()

    def source(self, by: Actor, why: str) -> None:
        """The service lives, and says why its source gives nothing, or "" when it does."""
        if by.role is not Role.SERVICE:
            return
        self._source_is_ill = bool(why)
        self.heard(by)
        if why:
            self._known = True
            if _kind(why) != _kind(self._why):
                # Another cause than the one that is shown, such as its own silence.
                self._outage.is_on = False
            self._outage.lost(why, by)

    def goodbye(self, by: Actor) -> None:
        """The service stops: it is not waited for."""
        if by.role is Role.SERVICE and self._known:
            self._source_is_ill = False
            self._outage.lost("the weather service was stopped", by)

    async def run(self) -> None:
        """Listen for silence, for ever."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(SWEEP_S)
            now = loop.time()
            self._look(now, since=last)
            last = now

    def _look(self, now: float, since: float) -> None:
        """Note a silence that has become too long; `since` is the look before this one, both in loop time."""
        if now - since > SWEEP_S + _STALL_S:
            self._heard_at = now
        if self._known and now - self._heard_at > self._silent_s:
            self._outage.lost(f"the weather service was not heard for {self._silent_s:.0f} s", CENTRAL)

    def _say_lost(self, why: str, by: Actor) -> None:
        self._why = why
        self._dispatcher.post(Note(by=by, event=events.WeatherLost(why=why)))


def _kind(why: str) -> str:
    """Return a cause without its particulars, which may change with each try."""
    return why.partition(" (")[0]
