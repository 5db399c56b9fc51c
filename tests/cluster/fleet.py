"""Charging points and drivers that remember all that they were told, and ask again until they have an answer."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from evcharge.domain.errors import Code, EvchargeError
from evcharge.domain.ids import Role
from evcharge.domain.journal_records import AnyRecord
from evcharge.evc1 import messages
from evcharge.evc1.caller import connect
from evcharge.evc1.connection import Channel
from evcharge.evc1.tickets import Identity, seal_ticket
from evcharge.fleet.simulated_point import Dial, SimulatedPoint
from evcharge.fleet.tally import Tally
from evcharge.runtime.clock import utc_now
from tests.cluster.history import Answer, History, Request

# A charge of a second is one of a hundred: there is money in it.
_SPEED = 100
_LOGIN_WITHIN_S = 3.0
# As long as an engine waits; a driver's app is more patient, and would only make the run longer.
_SILENT_S = 6.0
_RETRY_S = (0.1, 0.6)
# How often a driver that has its ticket asks again over the same link.
_STAYS = 0.75
_TICKET_S = 900
_IN_DOUBT = Code.STORAGE


class Dialler:
    """Logs in whoever is simulated at the Central that serves, with a ticket that is fresh by that one's clock of now.

    As of a Registry on the same computer: whatever that clock was before, such a ticket is good.
    """

    def __init__(self, key: bytes, clocks: Callable[[], Mapping[int, int]]) -> None:
        """`clocks` says of each Central's port how many seconds its clock is ahead just now."""
        # Why the last attempts failed.
        self.failures: deque[str] = deque(maxlen=12)
        self._key = key
        self._clocks = clocks
        self._order: list[int] = []

    async def dial(self, name: str, role: Role) -> Channel:
        """Return a link of `name`. Raises what `connect` raises, of the last Central that was tried."""
        self._order = self._order or [*self._clocks()]
        problem: EvchargeError | None = None
        for port in self._order[:]:
            now = utc_now().timestamp() + self._clocks()[port]
            identity = Identity(name, role, 0, int(now), "Proof")
            issued = seal_ticket(self._key, identity, issuer="registry", ttl_s=_TICKET_S, now=now)
            try:
                channel = await connect("127.0.0.1", port, issued, name, role, timeout_s=_LOGIN_WITHIN_S)
            except EvchargeError as failed:
                problem = failed
                self.failures.append(f"{name} {role}: {failed.code} {failed.text}")
                if port == self._order[0]:
                    self._order.append(self._order.pop(0))
            else:
                return channel
        assert problem is not None
        raise problem


class RememberingPoint(SimulatedPoint):
    """A charging point whose whole journal is kept, and whose driver repeats a request under its number."""

    # An hour of it is to have many charges, and many faults.
    second_s = 0.25
    retry_s = (0.1, 0.5)

    def __init__(self, number: int, dial: Dial, tally: Tally, seed: int, history: History) -> None:
        super().__init__(number, dial, tally, seed)
        self._history = history
        # All that was ever journaled, and up to where Central has confirmed it.
        self.journal: list[AnyRecord] = []
        self.confirmed = 0
        self._made = 0
        self._request: Request | None = None

    @property
    def has_told_all(self) -> bool:
        """Whether all is acknowledged, and its driver has every answer."""
        return super().has_told_all and (self._request is None or self._request.is_over)

    # ---- the engine

    def _journal(self, *records: AnyRecord) -> None:
        self.journal += records
        super()._journal(*records)

    def _acknowledge(self, seq: int) -> None:
        if seq < self.confirmed:
            self._history.problems.append(f"{self.cp_id}: {self.confirmed} was confirmed, now only {seq} is")
        self.confirmed = max(self.confirmed, seq)
        super()._acknowledge(seq)

    def _take(self, start: messages.Start) -> None:
        # What Central sends again after a take-over is the same charge.
        if self._start is None or self._start.session_id != start.session_id:
            super()._take(start)

    def _energy_mwh(self, start: messages.Start) -> int:
        return min(super()._energy_mwh(start) * _SPEED, start.limit_mwh)

    # ---- every link

    async def _talk(
        self, channel: Channel, role: Role, talk: Callable[[Channel], Coroutine[Any, Any, None]]
    ) -> None:
        watching = asyncio.create_task(_watch(channel))
        try:
            await super()._talk(channel, role, talk)
        finally:
            watching.cancel()

    # ---- the driver

    async def _drivers(self, pause_s: float) -> None:
        while True:
            await self._wish(pause_s)
            if self._is_closed:
                # Only what is in its inbox.
                await self._asks(None, pause_s)
            elif self._may_ask():
                self._new_request()
                while (request := self._request) is not None and not request.is_over:
                    await self._asks(request, pause_s)
                    await asyncio.sleep(self._random.uniform(*_RETRY_S))

    def _may_ask(self) -> bool:
        return self.is_up and self._start is None

    def _new_request(self) -> Request:
        self._made += 1
        request = Request(f"{self.driver_id}-{self._made:06}", self.driver_id)
        self._request = self._history.requests[request.request_id] = request
        return request

    async def _asks(self, request: Request | None, pause_s: float) -> None:
        """Ask over a link of its own, and now and then for more once there is an answer."""
        try:
            channel = await self._dial(self.driver_id, Role.DRIVER)
        except EvchargeError:
            self._tally.lost += 1
            return

        async def talk(channel: Channel) -> None:
            await self._converse(channel, request)
            while (last := self._request) is not None and last.is_over and self._random.random() < _STAYS:
                await self._wish(pause_s)
                if self._is_closed:
                    return
                if self._may_ask():
                    await self._converse(channel, self._new_request())

        await self._talk(channel, Role.DRIVER, talk)

    async def _converse(self, channel: Channel, request: Request | None) -> None:
        """Ask, and stay until there is an answer; without a request, take what lies there, and leave."""
        history = self._history
        if request is not None:
            history.repeated += request.times > 0
            request.times += 1
            channel.send(messages.RequestStart(request_id=request.request_id, cp_id=self.cp_id))
        while True:
            message = await channel.receive()
            match message:
                case messages.Progress(step="REFUSED", code=code) if self._is_ours(message, request):
                    self._tally.refused[code] += 1
                    assert request is not None
                    request.answer = Answer.IN_DOUBT if code == _IN_DOUBT else Answer.REFUSED
                    return
                case messages.Progress() if self._is_ours(message, request):
                    assert request is not None
                    request.answer, request.was_granted = Answer.GRANTED, True
                case messages.TicketIssued() as ticket:
                    history.ticket(ticket)
                    channel.send(messages.TicketSeen(session_id=ticket.session_id))
                    if request is not None and request.is_over:
                        return
                case messages.ErrorNotice(code=code) if request is not None:
                    self._tally.refused[code] += 1
                    request.answer = Answer.IN_DOUBT
                    return
                case _:
                    pass

    def _is_ours(self, message: messages.Progress, request: Request | None) -> bool:
        return request is not None and message.request_id == request.request_id


async def _watch(channel: Channel) -> None:
    """Leave a Central that is silent."""
    loop = asyncio.get_running_loop()
    while loop.time() - channel.heard_at < _SILENT_S:
        await asyncio.sleep(0.5)
    channel.abort()
