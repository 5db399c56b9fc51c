"""Prints what happens, a plain line each, and every change of a charging point's status."""

import asyncio
import logging
import time
from collections.abc import Callable
from itertools import islice

from evcharge import labels
from evcharge.central.rules.facts import Facts
from evcharge.central.views.event_text import line, status_line
from evcharge.domain.events import Event
from evcharge.domain.ids import CpId
from evcharge.labels.central import said
from evcharge.runtime.rate_limit import TokenBucket

log = logging.getLogger(__name__)

# More events than these nobody reads: in a storm of them, whatever prints them would hold up the charges.
_EVENTS_PER_S = 100
_EVENTS_AT_ONCE = 1000
_CATCH_UP_S = 2.0


class EventLog:
    """A listener of the feed. Events beyond what anyone can read are counted; statuses are told when it is over."""

    def __init__(
        self, facts: Facts, lang: str = labels.DEFAULT_LANGUAGE, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._facts = facts
        self._lang = lang
        self._now = now
        self._budget = TokenBucket(1 / _EVENTS_PER_S, _EVENTS_AT_ONCE)
        self._unshown = 0
        # Whose status may be another than the one that was told last, in the order of the events.
        self._stale: dict[CpId, None] = {}
        self._shown: dict[CpId, str] = {point.cp_id: status_line(point, lang) for point in facts.points()}

    def show_all(self) -> None:
        """Print the charging points, all Disconnected until their monitors speak; of thousands, the first."""
        for text in islice(self._shown.values(), _EVENTS_AT_ONCE):
            log.info("%s", text)
        if (more := len(self._shown) - _EVENTS_AT_ONCE) > 0:
            log.info("%s", said("points not shown", n=more))

    def on_event(self, event: Event) -> None:
        """Print `event`, and the status that follows from it; in a storm of events, count it."""
        cp_id = getattr(event, "cp_id", None)
        if self._unshown or not self._budget.take(self._now()):
            self._count(cp_id)
            return
        text = line(event, self._lang)
        if text is not None:
            log.info("%s", text, extra=_fields(event))
        if cp_id is not None:
            self._show_status(cp_id)

    def _count(self, cp_id: CpId | None) -> None:
        if not self._unshown:
            asyncio.get_running_loop().call_later(_CATCH_UP_S, self._catch_up)
        self._unshown += 1
        if cp_id is not None:
            self._stale[cp_id] = None

    def _catch_up(self) -> None:
        """Say how many events were not shown, and how the charging points stand that they were about."""
        log.info("%s", said("events not shown", n=self._unshown))
        self._unshown = 0
        self._show_stale()

    def _show_stale(self) -> None:
        # Some at a time: thousands of lines would make Central stand still.
        for cp_id in list(islice(self._stale, _EVENTS_PER_S)):
            del self._stale[cp_id]
            self._show_status(cp_id)
        if self._stale:
            asyncio.get_running_loop().call_later(1.0, self._show_stale)

    def _show_status(self, cp_id: CpId) -> None:
        point = self._facts.point(cp_id)
        if point is None:
            return
        if point.withdrawn:
            self._shown.pop(point.cp_id, None)
            return
        status = status_line(point, self._lang)
        if self._shown.get(point.cp_id) != status:
            self._shown[point.cp_id] = status
            log.info("%s", status, extra={"cp_id": cp_id})


def _fields(event: Event) -> dict[str, str]:
    """Return what a line of JSON says of an event beside its words: the row of the audit log has them, too."""
    found = {name: getattr(event, name, None) for name in ("request_id", "session_id", "cp_id", "driver_id")}
    return {"event": type(event).__name__} | {name: str(value) for name, value in found.items() if value}
