"""What a monitor says: the health of its charging point."""

import asyncio

from msgspec import UNSET

from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.peers.quotas import Quotas
from evcharge.central.peers.talk import PeerLink, Talk
from evcharge.central.rules.commands import (
    MonitorArrives,
    MonitorReports,
)
from evcharge.domain.ids import CpId
from evcharge.domain.location import Location
from evcharge.evc1.messages import (
    Health,
    Message,
)


class MonitorTalk(Talk):
    def __init__(self, link: PeerLink, dispatcher: Dispatcher, feed: Feed, quotas: Quotas) -> None:
        super().__init__(link, dispatcher)
        self._feed = feed
        self._quotas = quotas
        self._cp_id = CpId(link.identity.id)
        # Reports since the last one that Central took in.
        self._reports = 0
        # The newest of them, while it waits for its turn.
        self._waiting: Health | None = None

    async def run(self) -> None:
        identity, link = self._link.identity, self._link
        await self.arrive(
            MonitorArrives(
                by=link.actor,
                cp_id=self._cp_id,
                link=link.number,
                epoch=identity.epoch,
                location=Location(identity.location),
                registration=identity.registration,
            )
        )
        while True:
            message = await self._next()
            match message:
                case Health():
                    await self._report(message)
                    if message.temperature_deci_celsius is not UNSET:
                        self._feed.on_temperature(self._cp_id, message.temperature_deci_celsius)
                case _:
                    return

    async def _next(self) -> Message:
        """Return what the monitor says next, or the report that waited, when its turn has come."""
        if self._waiting is None:
            return await self.receive()
        wait_s = self._quotas.next_change_of_health_s(self._cp_id, asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(wait_s):
                return await self.receive()
        except TimeoutError:
            return self._waiting

    async def _report(self, health: Health) -> None:
        """Take in how the engine is; a monitor that changes its mind too often waits for its turn."""
        if health is not self._waiting:
            self._reports += 1
        if self._fickle(health):
            self._waiting = health
            return
        self._waiting = None
        live = self._feed.live.get(self._cp_id)
        await self._dispatcher.submit(
            MonitorReports(
                by=self._link.actor,
                link=self._link.number,
                epoch=self._link.identity.epoch,
                cp_id=self._cp_id,
                fault=health.fault,
                occupied=health.occupied is True,
                live_mwh=live.energy_mwh if live is not None else 0,
                times=self._reports,
            )
        )
        self._reports = 0

    def _fickle(self, health: Health) -> bool:
        point = self._dispatcher.facts.point(self._cp_id)
        if point is None or not point.monitor_heard:
            return False
        if point.fault is None and health.fault is not None:
            # A fault that begins counts at once, whatever was said before it.
            return False
        if (point.fault, point.occupied) == (health.fault, health.occupied is True):
            return False
        return not self._quotas.change_of_health(self._cp_id, asyncio.get_running_loop().time())
