"""A start that finds its database away waits for it, with growing pauses. Without any engine's library."""

import asyncio
import logging

from evcharge.domain.errors import NotNow
from evcharge.runtime.health_socket import OwnHealth
from evcharge.runtime.outage import Outage
from evcharge.runtime.waiting import Backoff, wait_until

log = logging.getLogger(__name__)

_FIRST_S, _MOST_S = 1.0, 10.0
_LEAST_S = 0.1


class StartRetry:
    """Waits between one attempt to start and the next, until `stop` is set; says once that it waits, and its end.

    What a person has to mend (a login, a setting) is no NotNow, and ends the start.
    """

    def __init__(self, stop: asyncio.Event, health: OwnHealth | None) -> None:
        self.was_there = False
        self._stop = stop
        self._health = health
        self._backoff = Backoff(_FIRST_S, _MOST_S)
        self._away = Outage(self._say_lost, self._say_back)

    async def again(self, problem: NotNow) -> bool:
        """Wait after an attempt that ended with `problem`; return whether there is to be another one."""
        self._away.lost(problem.text)
        if self._health is not None:
            self._health.wrong = lambda: problem.text
        return not await wait_until(self._stop, self._backoff.next_s(_LEAST_S))

    def is_there(self) -> None:
        """Note that the database could be used."""
        self.was_there = True
        self._backoff.reset()
        self._away.back()
        if self._health is not None:
            self._health.wrong = lambda: None

    @staticmethod
    def _say_lost(why: str) -> None:
        log.warning("%s Trying again until it can be used.", why)

    @staticmethod
    def _say_back() -> None:
        log.info("The database can be used now.")
