"""Asks one engine, every second, how it is."""

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from evcharge.cp import health
from evcharge.domain.errors import Code, ProtocolError, unforeseen
from evcharge.domain.ids import CpId
from evcharge.labels import Speech
from evcharge.labels.point import SENTENCES
from evcharge.runtime import failures
from evcharge.runtime.clock import utc_now
from evcharge.runtime.plain import place

log = logging.getLogger(__name__)

# An engine that was frozen answers all that it was asked; one whose machine is gone never does.
SILENCE_S = 10.0
# On the wire and in Central's books a fault is named in English.
_ENGLISH = Speech(SENTENCES)


class _NotOurs(Exception):
    """Something else answers on the port; `values` fill in the sentence."""

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.values = values


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """Where an engine answers pings: its health port."""

    host: str
    port: int


class Watcher:
    """Asks one engine, over one connection as long as it lasts, and keeps the verdict."""

    def __init__(
        self,
        cp_id: CpId,
        key: bytes,
        engine: EngineAddress,
        ping_s: float,
        words: Speech = _ENGLISH,
        newest_key: Callable[[], bytes | None] = lambda: None,
    ) -> None:
        """`key` is the health key of `cp_id`; half of `ping_s` is the time to answer.

        `newest_key` is asked when the engine has another key: it may have noticed a new credential before us.
        """
        self._cp_id = cp_id
        self._keys = [key]
        self._engine = engine
        self._ping_s = ping_s
        self._words = words
        self._newest_key = newest_key
        self._waiting: dict[str, None] = {}
        self._was_lost = False
        self.verdict = health.Verdict()
        # How many monitors the engine counts.
        self.monitors = 1
        # The fault in the language of this screen; None when all is well.
        self.spoken: str | None = None
        # Whether nobody answers at all, as opposed to somebody with a fault, or somebody else.
        self.is_silent = False
        # What the engine said last, and when; None while it does not answer.
        self.pong: health.Pong | None = None
        self.heard_at: datetime | None = None

    def use(self, key: bytes) -> None:
        """Ask with a new key; the old one is believed until the engine has the new one too."""
        if key != self._keys[0]:
            self._keys = [key, self._keys[0]]

    async def run(self, on_change: Callable[[], None], on_pong: Callable[[], None] = lambda: None) -> None:
        """Watch for ever; `on_change` is called after each change of the verdict, `on_pong` after each answer."""
        where = place(self._engine.host, self._engine.port)
        while True:
            try:
                async with asyncio.timeout(self._ping_s):
                    reader, writer = await asyncio.open_connection(
                        self._engine.host, self._engine.port, limit=health.MAX_LINE_BYTES
                    )
            except TimeoutError:
                self._missed(on_change)
                continue
            except OSError as problem:
                why = f" ({failures.why(problem)})"
                self._lost(on_change, "nothing answers", where=where, why=why)
            else:
                began_at = asyncio.get_running_loop().time()
                try:
                    await self._ask(reader, writer, on_change, on_pong)
                except _NotOurs as problem:
                    self._lost(on_change, problem.sentence, **problem.values)
                except ProtocolError as problem:
                    self._lost(on_change, "as it is", text=problem.text)
                except (OSError, ValueError):
                    lasted_s = asyncio.get_running_loop().time() - began_at
                    if self.pong is not None and lasted_s > self._ping_s:
                        # It was well until now: no charge must end if a new connection is answered.
                        continue
                    self._lost(on_change, "hung up", where=where)
                finally:
                    writer.close()
            await asyncio.sleep(self._ping_s)

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_change: Callable[[], None],
        on_pong: Callable[[], None],
    ) -> None:
        """Ping until the connection ends (OSError, ProtocolError) or has been silent for too long."""
        now = asyncio.get_running_loop().time
        self._waiting.clear()
        heard_at = now()
        while now() - heard_at < SILENCE_S:
            asked_at = now()
            nonce = health.new_nonce(os.urandom)
            self._waiting[nonce] = None
            writer.write(health.seal(self._keys[0], health.Ping(n=nonce)))
            pong: health.Pong | None = None
            # An answer to an earlier question is a sign of life too, but there may be a newer one behind it.
            while nonce in self._waiting and (line := await _line(reader, asked_at + self._ping_s / 2)):
                pong = self._read(line)
            if pong is None:
                self._missed(on_change)
                continue
            heard_at = now()
            self.pong, self.heard_at, self.is_silent = pong, utc_now(), False
            self._count(pong.monitors)
            fault = None if pong.fault is None else _ENGLISH("engine fault", fault=pong.fault)
            self._tell(
                self.verdict.heard(fault),
                on_change,
                "" if fault is None else "engine fault",
                fault=pong.fault,
            )
            on_pong()
            while line := await _line(reader, asked_at + self._ping_s):
                self._read(line)

    def _read(self, line: bytes) -> health.Pong:
        try:
            return self._understood(line)
        except (ProtocolError, _NotOurs):
            raise
        except Exception as problem:
            log.debug("an answer of %s failed", self._engine.port, exc_info=True)
            raise unforeseen(problem) from None

    def _understood(self, line: bytes) -> health.Pong:
        pong = health.read_pong(line)
        if pong.cp_id != self._cp_id:
            raise _NotOurs("wrong engine", port=self._engine.port, other=pong.cp_id, cp_id=self._cp_id)
        if not self._proves(line):
            raise _NotOurs("not proved", port=self._engine.port, cp_id=self._cp_id)
        if pong.n not in self._waiting:
            raise ProtocolError(f"port {self._engine.port} answers what nobody asked", Code.SEQ)
        del self._waiting[pong.n]
        return pong

    def _proves(self, line: bytes) -> bool:
        if health.is_ours(self._keys[0], line):
            del self._keys[1:]
            return True
        if any(health.is_ours(key, line) for key in self._keys[1:]):
            return True
        newest = self._newest_key()
        if newest is None or not health.is_ours(newest, line):
            return False
        self._keys = [newest]
        return True

    def _count(self, monitors: int) -> None:
        if monitors > 1 and monitors != self.monitors:
            log.warning("%s", self._words("many monitors", count=monitors))
        self.monitors = monitors

    def _missed(self, on_change: Callable[[], None]) -> None:
        if self.verdict.missed():
            self.pong = None
            self.is_silent = True
            self._tell(self.verdict.known, on_change, "engine silent")

    def _lost(self, on_change: Callable[[], None], sentence: str, **values: object) -> None:
        self.pong, self.monitors = None, 1
        self.is_silent = sentence in ("nothing answers", "hung up")
        self._tell(self.verdict.lost(_ENGLISH(sentence, **values)[:200]), on_change, sentence, **values)

    def _tell(self, changed: bool, on_change: Callable[[], None], sentence: str, **values: object) -> None:
        if not changed:
            return
        self.spoken = self._words(sentence, **values) if sentence else None
        if self.spoken is not None:
            log.warning("%s", self._words("ko", cp_id=self._cp_id, fault=self.spoken))
        else:
            log.info("%s", self._words("engine back" if self._was_lost else "status ok", cp_id=self._cp_id))
        self._was_lost = self.spoken is not None
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
