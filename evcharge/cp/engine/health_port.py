"""The engine's health port: answers every ping with how the engine is, whoever else presses in."""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import cast

from evcharge.cp import health
from evcharge.cp.engine.charge import ChargeControl
from evcharge.domain.errors import Overloaded, ProtocolError, unforeseen
from evcharge.domain.ids import CpId
from evcharge.runtime.admission import SeatLimits
from evcharge.runtime.descriptors import raise_limit, share
from evcharge.runtime.listener import Connection, PortOptions, listen
from evcharge.runtime.rate_limit import TokenBucket

log = logging.getLogger(__name__)

# A monitor pings as soon as it is connected, and is a member from then on: strangers need little time.
SEATS = SeatLimits(strangers=256, strangers_per_network=64, members=8, members_per_login=8, grace_s=0.05)
# A monitor that has not asked for this long is not counted any more.
LATELY_S = 3.0
IDLE_S, STRANGER_S = 60.0, 5.0
# A monitor asks once a second; whoever asks faster than this waits.
QUESTIONS_PER_S, _STRANGERS_QUESTIONS_PER_S = 200, 10
_MOST_UNREAD_BYTES = 16 * 1024
# Pings that were answered, so that a recorded one proves nothing.
_REMEMBERED = 4096
_SAID_EVERY_S = 60.0


class HealthPort:
    """Answers for one engine. Before `use`, nobody could prove anything, and it does not answer."""

    def __init__(self, cp_id: CpId, charge: ChargeControl) -> None:
        self._cp_id = cp_id
        self._charge = charge
        self._key: bytes | None = None
        self._askers: set[_Asker] = set()
        self._asked_at: dict[_Asker, float] = {}
        self._nonces: OrderedDict[str, None] = OrderedDict()
        self._said = TokenBucket(_SAID_EVERY_S)
        # Whether a monitor of ours has ever asked.
        self.was_asked = False

    def use(self, secret: str) -> None:
        """From now on, and from the next question on, prove with the charging point's credential who this is."""
        self._key = health.health_key(secret)

    @contextlib.asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[int]:
        """Answer on `host:port` while the block runs; yields the port. Raises Taken."""
        budget = share(raise_limit(), SEATS)
        if budget.is_short:
            log.warning("only %d files may be open here: raise the limit (ulimit -n)", budget.limit)
        try:
            options = PortOptions(name=f"{self._cp_id} health port", limits=budget.servers[0])
            async with listen(host, port, self._serve, options) as number:
                yield number
        finally:
            for asker in self._askers:
                asker.hang_up()

    def _serve(self, connection: Connection) -> asyncio.Protocol:
        return _Asker(self, connection)

    def monitors(self, now_s: float) -> int:
        """Return how many monitors of ours have asked lately."""
        return sum(at >= now_s - LATELY_S for at in self._asked_at.values())

    # ---- for one who asks

    def greet(self, asker: "_Asker") -> bool:
        """Remember `asker`; return whether there is a credential to answer it with."""
        self._askers.add(asker)
        return self._key is not None

    def answer(self, asker: "_Asker", line: bytes, now_s: float) -> tuple[bytes, bool]:
        """Return the answer to a ping, and whether a monitor of ours asked. Raises ProtocolError.

        Who does not know our credential is answered, so that it learns whom it reached.
        """
        key = self._key
        if key is None:
            raise ProtocolError("this engine has no credential yet")
        ping = health.read_ping(line)
        is_ours = health.is_ours(key, line) and ping.n not in self._nonces
        if is_ours:
            self._asked_at[asker] = now_s
            self.was_asked = True
            self._nonces[ping.n] = None
            if len(self._nonces) > _REMEMBERED:
                self._nonces.popitem(last=False)
        return health.answer(key, ping, self._pong(ping, now_s)), is_ours

    def forget(self, asker: "_Asker") -> None:
        """Count `asker` no more."""
        self._askers.discard(asker)
        self._asked_at.pop(asker, None)

    def complain(self, problem: str, now_s: float) -> None:
        """Say what is wrong on this port, at most once a minute: it may be a flood."""
        if self._said.take(now_s):
            log.warning("health port: %s", problem)

    def _pong(self, ping: health.Ping, now_s: float) -> health.Pong:
        fault = self._charge.fault
        return health.Pong(
            cp_id=self._cp_id,
            n=ping.n,
            state="fault" if fault is not None else self._charge.state,
            fault=fault,
            seq=self._charge.last_seq,
            central_link=self._charge.linked,
            monitors=self.monitors(now_s),
            temperature_deci_celsius=self._charge.temperature_deci_celsius,
            occupied=self._charge.plugged,
        )


class _Asker(asyncio.Protocol):
    """One connection to the health port, until it ends, goes silent or says what is not ours."""

    _transport: asyncio.Transport
    _idle: asyncio.TimerHandle

    def __init__(self, port: HealthPort, connection: Connection) -> None:
        self._port = port
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._waiting = bytearray()
        self._bucket = TokenBucket(1 / _STRANGERS_QUESTIONS_PER_S, _STRANGERS_QUESTIONS_PER_S)
        self._is_stranger = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._idle = self._loop.call_later(STRANGER_S, self._transport.abort)
        if not self._port.greet(self):
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        try:
            self._answer()
        except (ProtocolError, Overloaded) as problem:
            self._port.complain(problem.text, self._loop.time())
            self._transport.abort()
        except Exception as problem:  # whatever a stranger sends must not reach the charge
            log.debug("health port: a question failed", exc_info=True)
            self._port.complain(unforeseen(problem).text, self._loop.time())
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._idle.cancel()
        self._connection.left()
        self._port.forget(self)

    def hang_up(self) -> None:
        self._transport.abort()

    def _answer(self) -> None:
        """Answer what has come, as fast as questions are answered here; meanwhile nothing is read."""
        while not self._transport.is_closing() and (end := self._waiting.find(b"\n") + 1):
            now_s = self._loop.time()
            if not self._bucket.take(now_s):
                self._transport.pause_reading()
                self._loop.call_later(self._bucket.wait_s(now_s), self._go_on)
                return
            line = bytes(self._waiting[:end])
            del self._waiting[:end]
            self._on_line(line, now_s)
        if len(self._waiting) > health.MAX_LINE_BYTES:
            raise ProtocolError("what arrived on the health port is no line of ours")

    def _go_on(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self.data_received(b"")

    def _on_line(self, line: bytes, now_s: float) -> None:
        answer, is_ours = self._port.answer(self, line, now_s)
        if is_ours:
            self._connection.prove("monitor")
            if self._is_stranger:
                self._is_stranger = False
                self._bucket = TokenBucket(1 / QUESTIONS_PER_S, QUESTIONS_PER_S)
            self._idle.cancel()
            self._idle = self._loop.call_later(IDLE_S, self._transport.abort)
        self._transport.write(answer)
        if self._transport.get_write_buffer_size() > _MOST_UNREAD_BYTES:
            self._transport.abort()
