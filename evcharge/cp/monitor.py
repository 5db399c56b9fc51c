"""The monitor role: asks its engine every second how it is, and tells Central what has changed."""

import asyncio
import logging
import os
from collections.abc import Callable

from evcharge.channel import Channel
from evcharge.config import Config
from evcharge.cp import health
from evcharge.cp.central import LinkLines, credential, link_to_central
from evcharge.errors import Code, ProtocolError
from evcharge.ids import CpId, Role, check_id
from evcharge.lifecycle import run_until
from evcharge.messages import ErrorNotice, Health

log = logging.getLogger(__name__)

# An engine that was frozen answers all that it was asked; one whose machine is gone never does.
SILENCE_S = 10.0


async def run(config: Config, cp_id: CpId, stop: asyncio.Event) -> int:
    """Be the monitor of `cp_id` until `stop`. Returns the exit code.

    Raises BadInput for a bad id, StateError when the credential is not usable.
    """
    check_id(cp_id, "charging point id")
    log.info("%s monitor started", cp_id)
    await run_until(stop, _watch(config, cp_id))
    log.info("%s monitor stopped", cp_id)
    return 0


async def _watch(config: Config, cp_id: CpId) -> None:
    secret = await credential(config, cp_id)
    settings = config.monitor
    watcher = Watcher(
        cp_id, health.health_key(secret), settings.engine_host, settings.engine_port, settings.ping_s
    )
    teller = Teller(watcher)
    lines = LinkLines(config)
    link = link_to_central(config, cp_id, Role.MONITOR, secret)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watcher.run(teller.tell))
        tasks.create_task(link.run(teller.talk, lines.tell))


class Teller:
    """Tells Central the verdict: at each login, and when it changes."""

    def __init__(self, watcher: "Watcher") -> None:
        self._watcher = watcher
        self._channel: Channel | None = None

    async def talk(self, channel: Channel) -> None:
        """Converse with Central over one connection."""
        self._channel = channel
        try:
            self.tell()
            while True:
                message = await channel.receive()
                if isinstance(message, ErrorNotice):
                    log.warning("CENTRAL says: %s", message.text)
        finally:
            self._channel = None

    def tell(self) -> None:
        """Say how the engine is, once that is known."""
        verdict = self._watcher.verdict
        if self._channel is not None and verdict.known:
            self._channel.send(Health(fault=verdict.fault))


class Watcher:
    """Asks one engine, over one connection as long as it lasts, and keeps the verdict."""

    def __init__(self, cp_id: CpId, key: bytes, host: str, port: int, ping_s: float) -> None:
        """`key` is the health key of `cp_id`; half of `ping_s` is the time to answer."""
        self._cp_id = cp_id
        self._key = key
        self._host = host
        self._port = port
        self._ping_s = ping_s
        self._monitors = 1
        self._waiting: dict[str, None] = {}
        self._was_lost = False
        self.verdict = health.Verdict()

    async def run(self, on_change: Callable[[], None]) -> None:
        """Watch for ever; `on_change` is called after each change of the verdict."""
        where = f"{self._host}:{self._port}"
        while True:
            try:
                async with asyncio.timeout(self._ping_s):
                    reader, writer = await asyncio.open_connection(
                        self._host, self._port, limit=health.MAX_LINE_BYTES
                    )
            except TimeoutError:
                self._tell(self.verdict.missed(), on_change)
                continue
            except OSError as problem:
                # asyncio's own words are for programmers; several addresses have no common number.
                why = f" ({os.strerror(problem.errno).lower()})" if problem.errno else ""
                self._tell(self.verdict.lost(f"engine lost: nothing answers at {where}{why}"), on_change)
            else:
                try:
                    await self._ask(reader, writer, on_change)
                except ProtocolError as problem:
                    self._tell(self.verdict.lost(problem.text), on_change)
                except (OSError, ValueError):
                    self._tell(self.verdict.lost(f"engine lost: {where} hung up"), on_change)
                finally:
                    writer.close()
            await asyncio.sleep(self._ping_s)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_change: Callable[[], None]
    ) -> None:
        """Ping until the connection ends (OSError, ProtocolError) or has been silent for too long."""
        now = asyncio.get_running_loop().time
        self._waiting.clear()
        heard_at = now()
        while now() - heard_at < SILENCE_S:
            asked_at = now()
            nonce = os.urandom(health.NONCE_BYTES).hex()
            self._waiting[nonce] = None
            writer.write(health.seal(self._key, health.Ping(n=nonce)))
            pong: health.Pong | None = None
            # An answer to an earlier question is a sign of life too, but there may be a newer one behind it.
            while nonce in self._waiting and (line := await _line(reader, asked_at + self._ping_s / 2)):
                pong = self._read(line)
            if pong is None:
                self._tell(self.verdict.missed(), on_change)
                continue
            heard_at = now()
            self._count(pong.monitors)
            fault = None if pong.fault is None else f"engine fault: {pong.fault}"
            self._tell(self.verdict.heard(fault), on_change)
            while line := await _line(reader, asked_at + self._ping_s):
                self._read(line)

    def _read(self, line: bytes) -> health.Pong:
        pong = health.read_pong(line)
        health.check_pong(self._key, pong, self._cp_id, self._port)
        if pong.n not in self._waiting:
            raise ProtocolError(f"port {self._port} answers what nobody asked", Code.SEQ)
        del self._waiting[pong.n]
        return pong

    def _count(self, monitors: int) -> None:
        if monitors > 1 and monitors != self._monitors:
            log.warning("%d monitors ask this engine; one is enough", monitors)
        self._monitors = monitors

    def _tell(self, changed: bool, on_change: Callable[[], None]) -> None:
        if not changed:
            return
        fault = self.verdict.fault
        if fault is not None:
            log.warning("%s KO: %s", self._cp_id, fault)
        elif self._was_lost:
            log.info("%s STATUS OK: engine is back", self._cp_id)
        else:
            log.info("%s STATUS OK", self._cp_id)
        self._was_lost = fault is not None
        on_change()


async def _line(reader: asyncio.StreamReader, until_s: float) -> bytes | None:
    """Return the next line, or None when there is none until then. Raises ConnectionError at the end."""
    try:
        async with asyncio.timeout_at(until_s):
            line = await reader.readline()
    except TimeoutError:
        return None
    if not line:
        raise ConnectionError
    return line
