"""One simulated charging point: its engine's link, its monitor's, and its driver's while that charges."""

import asyncio
import contextlib
import random
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

from evcharge.cp.journal.delivery import REPEAT_AFTER_S
from evcharge.domain.errors import EvchargeError
from evcharge.domain.ids import Role
from evcharge.domain.journal_records import AnyRecord, Meter, SupplyEnd, SupplyRefused, SupplyStart
from evcharge.domain.session import EndReason
from evcharge.evc1 import messages
from evcharge.evc1.client import keep_beating
from evcharge.evc1.connection import Channel
from evcharge.fleet.tally import Tally
from evcharge.runtime import network_currency

Dial = Callable[[str, Role], Coroutine[Any, Any, Channel]]

_POWER_W = 22_000
_METERS_TOGETHER = 5
# A journal is delivered in messages of so many records.
_MOST_RECORDS = 100
_MILD_DECI_CELSIUS, _COLD_DECI_CELSIUS = 180, -120


def name_of(number: int) -> tuple[str, str]:
    """Return the ids of a charging point and of its driver."""
    return f"SIM{number:05}", f"SIMD{number:05}"


class SimulatedPoint:
    """Lives until its task is cancelled. What befalls it is set from outside: `powered`, `fault`, `is_cold`."""

    # How long a second of a charge lasts, and how long a link that ended is waited for.
    second_s = 1.0
    retry_s = (0.2, 2.0)

    def __init__(self, number: int, dial: Dial, tally: Tally, seed: int, register_mwh: int = 0) -> None:
        # Where its meter stands: it never begins anew.
        self.register_mwh = register_mwh
        self.cp_id, self.driver_id = name_of(number)
        # Always the same: a second fleet goes on where the first one stopped.
        self._journal_id = f"{number:032x}"
        self._dial = dial
        self._tally = tally
        self._random = random.Random(f"{seed} {number}")
        self.powered = asyncio.Event()
        self.powered.set()
        self.fault: str | None = None
        self.is_cold = False
        self._wants = asyncio.Event()
        self._links: dict[Role, Channel] = {}
        self._unacknowledged: list[AnyRecord] = []
        self._seq = 0
        self._start: messages.Start | None = None
        self._asked_at: float | None = None
        self._is_closed = False
        self._supplied_s = 0
        # Metered and not journaled yet.
        self._meters: list[AnyRecord] = []
        # The oldest record that is not acknowledged, and for how many seconds it has been that.
        self._oldest, self._waited_s = 0, 0

    @property
    def is_up(self) -> bool:
        """Whether engine and monitor are connected."""
        return {Role.ENGINE, Role.MONITOR} <= self._links.keys()

    @property
    def is_charging(self) -> bool:
        """Whether its contactor is closed."""
        return self._start is not None and self._supplied_s > 0

    async def live(self, pause_s: float, charge_s: float) -> None:
        """Be there for ever: links, charges, drivers."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._linked(self.cp_id, Role.ENGINE, self._as_engine))
            tasks.create_task(self._linked(self.cp_id, Role.MONITOR, self._as_monitor))
            tasks.create_task(self._charges(charge_s))
            tasks.create_task(self._drivers(pause_s))

    def wants(self) -> None:
        """Let its driver ask now."""
        self._wants.set()

    @property
    def has_told_all(self) -> bool:
        """Whether Central has acknowledged all that it has journaled, and no driver's request is under way."""
        return not self._unacknowledged and self._asked_at is None

    def closes(self) -> None:
        """End its charge, if there is one, and begin no other."""
        self._is_closed = True
        if self._start is not None:
            self._end(self._start.session_id, EndReason.SHUTDOWN)

    def cut(self, *roles: Role) -> None:
        """Tear the links of these roles."""
        for role in roles:
            if (channel := self._links.pop(role, None)) is not None:
                channel.abort()

    # ---- links

    async def _linked(
        self, name: str, role: Role, talk: Callable[[Channel], Coroutine[Any, Any, None]]
    ) -> None:
        """Keep a link up while there is power."""
        while True:
            await self.powered.wait()
            began = asyncio.get_running_loop().time()
            try:
                channel = await self._dial(name, role)
            except EvchargeError:
                self._tally.lost += 1
            else:
                self._tally.logins.append(asyncio.get_running_loop().time() - began)
                await self._talk(channel, role, talk)
            await asyncio.sleep(self._random.uniform(*self.retry_s))

    async def _talk(
        self, channel: Channel, role: Role, talk: Callable[[Channel], Coroutine[Any, Any, None]]
    ) -> None:
        self._links[role] = channel
        network_currency.adopt(channel.accepted.currency)
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(keep_beating(channel, channel.accepted.heartbeat_s))]
                if role is Role.MONITOR:
                    beside.append(tasks.create_task(self._reports(channel)))
                try:
                    await talk(channel)
                except EvchargeError:
                    self._tally.lost += 1
                finally:
                    for task in beside:
                        task.cancel()
        finally:
            if self._links.get(role) is channel:
                del self._links[role]
            await channel.close(messages.Bye())

    # ---- engine

    async def _as_engine(self, channel: Channel) -> None:
        channel.send(messages.Sync(journal_id=self._journal_id, last_seq=self._seq))
        while True:
            match await channel.receive():
                case messages.Synced(last_seq=last_seq) | messages.Resync(last_seq=last_seq):
                    self._seq = max(self._seq, last_seq)
                    self._acknowledge(last_seq)
                    self._deliver(self._unacknowledged)
                case messages.Ack(seq=seq):
                    self._acknowledge(seq)
                case messages.Start() as start:
                    self._take(start)
                case messages.Stop(session_id=session_id):
                    self._end(session_id, EndReason.DRIVER)
                case messages.Query(session_id=session_id):
                    self._answer(channel, session_id)
                case _:
                    pass

    def _take(self, start: messages.Start) -> None:
        if self._asked_at is not None:
            self._tally.starts.append(asyncio.get_running_loop().time() - self._asked_at)
            self._asked_at = None
        if self._start is not None or self._is_closed:
            return self._journal(SupplyRefused(seq=self._seq + 1, session_id=start.session_id, reason="busy"))
        self._start, self._supplied_s = start, 0
        return self._journal(
            SupplyStart(
                seq=self._seq + 1,
                session_id=start.session_id,
                driver_id=start.driver_id,
                request_id=start.request_id,
                price=start.price,
                hold_cents=start.hold_cents,
                limit_mwh=start.limit_mwh,
                auth=start.auth,
                meter_mwh=self.register_mwh,
            )
        )

    def _end(self, session_id: str, reason: EndReason) -> None:
        start = self._start
        if start is None or start.session_id != session_id:
            return
        self._start = None
        meters, self._meters = self._meters, []
        self.register_mwh += self._energy_mwh(start)
        self._journal(
            *meters,
            SupplyEnd(
                seq=self._seq + len(meters) + 1,
                session_id=session_id,
                meter_mwh=self.register_mwh,
                reason=reason,
                elapsed_s=self._supplied_s,
            ),
        )

    def _answer(self, channel: Channel, session_id: str) -> None:
        if self._start is not None and self._start.session_id == session_id:
            channel.send(messages.Ready(session_id=session_id))
        elif all(record.session_id != session_id for record in self._unacknowledged):
            self._journal(SupplyRefused(seq=self._seq + 1, session_id=session_id, reason="unknown here"))

    def _journal(self, *records: AnyRecord) -> None:
        self._unacknowledged += records
        self._seq = records[-1].seq
        self._deliver(list(records))

    def _deliver(self, records: list[AnyRecord]) -> None:
        engine = self._links.get(Role.ENGINE)
        if engine is None:
            return
        for first in range(0, len(records), _MOST_RECORDS):
            engine.send(messages.Records(records=records[first : first + _MOST_RECORDS]))

    def _acknowledge(self, seq: int) -> None:
        self._unacknowledged = [record for record in self._unacknowledged if record.seq > seq]

    def _energy_mwh(self, start: messages.Start) -> int:
        return min(_POWER_W * self._supplied_s * 1000 // 3600, start.limit_mwh)

    async def _charges(self, charge_s: float) -> None:
        """Each second of a charge: the meter, in batches, and what screens show."""
        while True:
            await asyncio.sleep(self.second_s)
            self._repeat()
            start = self._start
            if start is None:
                continue
            self._supplied_s += 1
            session_id, energy_mwh = start.session_id, self._energy_mwh(start)
            self._meters.append(
                Meter(
                    seq=self._seq + len(self._meters) + 1,
                    session_id=session_id,
                    meter_mwh=self.register_mwh + energy_mwh,
                    elapsed_s=self._supplied_s,
                )
            )
            if len(self._meters) == _METERS_TOGETHER:
                meters, self._meters = self._meters, []
                self._journal(*meters)
            if self._supplied_s >= charge_s or energy_mwh == start.limit_mwh:
                self._end(session_id, EndReason.FULL)
            elif (engine := self._links.get(Role.ENGINE)) is not None:
                engine.send(
                    messages.SupplyUpdate(session_id=session_id, power_w=_POWER_W, energy_mwh=energy_mwh)
                )

    def _repeat(self) -> None:
        """Send again what Central could not store when it came, as an engine does."""
        oldest = self._unacknowledged[0].seq if self._unacknowledged else 0
        self._waited_s = self._waited_s + 1 if oldest and oldest == self._oldest else 0
        self._oldest = oldest
        if self._waited_s >= REPEAT_AFTER_S:
            self._waited_s = 0
            self._deliver(self._unacknowledged)

    # ---- monitor

    async def _as_monitor(self, channel: Channel) -> None:
        while True:
            await channel.receive()

    async def _reports(self, channel: Channel) -> None:
        told: tuple[str | None, bool] | None = None
        while True:
            if told != (now := (self.fault, self.is_cold)):
                told = now
                warmth = _COLD_DECI_CELSIUS if self.is_cold else _MILD_DECI_CELSIUS
                channel.send(messages.Health(fault=self.fault, temperature_deci_celsius=warmth))
            await asyncio.sleep(0.5)

    # ---- driver

    async def _wish(self, pause_s: float) -> None:
        """Wait until somebody wants to charge: after some `pause_s`, or when all do at once."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._random.expovariate(1 / pause_s)):
                await self._wants.wait()
        self._wants.clear()

    async def _drivers(self, pause_s: float) -> None:
        while True:
            await self._wish(pause_s)
            if not self.is_up or self._start is not None:
                continue
            try:
                channel = await self._dial(self.driver_id, Role.DRIVER)
            except EvchargeError:
                self._tally.lost += 1
                continue
            # Asked here, since the login takes a while.
            if self._is_closed:
                await channel.close(messages.Bye())
                return
            await self._talk(channel, Role.DRIVER, self._as_driver)
            self._asked_at = None

    async def _as_driver(self, channel: Channel) -> None:
        self._asked_at = asyncio.get_running_loop().time()
        channel.send(messages.RequestStart(request_id=secrets.token_hex(8), cp_id=self.cp_id))
        while True:
            match await channel.receive():
                case messages.Progress(step="REFUSED", code=code):
                    self._tally.refused[code] += 1
                    return
                case messages.TicketIssued() as ticket:
                    channel.send(messages.TicketSeen(session_id=ticket.session_id))
                    if ticket.while_away:
                        continue
                    self._tally.tickets += 1
                    self._tally.energy_mwh += ticket.energy_mwh
                    self._tally.cost_cents += ticket.cost_cents
                    return
                case _:
                    pass
