"""The engine's health port: answers every ping with how the engine is."""

import asyncio
import logging
from collections.abc import Callable

from evcharge.cp import health
from evcharge.cp.charge import Charge
from evcharge.errors import ProtocolError
from evcharge.ids import CpId
from evcharge.rate_limit import TokenBucket

log = logging.getLogger(__name__)

# A monitor that has not asked for this long is not counted any more.
LATELY_S = 3.0
IDLE_S = 60.0
# A monitor asks once a second; whoever asks faster than this waits.
QUESTIONS_PER_S = 200


class HealthPort:
    """Answers for one engine. Before `use`, nobody could prove anything, and it does not answer."""

    def __init__(self, cp_id: CpId, charge: Charge) -> None:
        self._cp_id = cp_id
        self._charge = charge
        self._key: bytes | None = None
        self._asked_at: dict[object, float] = {}
        # Whether a monitor of ours has ever asked.
        self.was_asked = False

    def use(self, secret: str) -> None:
        """From now on, and from the next question on, prove with the charging point's credential who this is."""
        self._key = health.health_key(secret)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends, goes silent or says what is not ours."""
        now: Callable[[], float] = asyncio.get_running_loop().time
        bucket = TokenBucket(1 / QUESTIONS_PER_S, QUESTIONS_PER_S)
        try:
            while self._key is not None:
                async with asyncio.timeout(IDLE_S):
                    line = await reader.readline()
                if not line:
                    return
                await asyncio.sleep(bucket.spend(now()))
                ping = health.read_ping(line)
                # Who does not know our credential is answered, so that it learns whom it reached; it is no
                # monitor of ours.
                if health.is_ours(self._key, line):
                    self._asked_at[writer] = now()
                    self.was_asked = True
                writer.write(health.answer(self._key, ping, self._pong(ping, now())))
                await writer.drain()
        except ProtocolError as problem:
            log.warning("health port: %s", problem.text)
        except (OSError, ValueError, TimeoutError) as problem:
            log.debug("health port: %s", problem)
        except Exception:  # whatever a stranger sends must not reach the charge
            log.debug("health port: a question failed", exc_info=True)
        finally:
            self._asked_at.pop(writer, None)
            writer.close()

    def monitors(self, now_s: float) -> int:
        """Return how many monitors of ours have asked lately."""
        return sum(at >= now_s - LATELY_S for at in self._asked_at.values())

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
