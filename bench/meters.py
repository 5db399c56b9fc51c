"""What a batch of five METERs costs Central, from its bytes to those of its ACK, without the sockets.

`python -m bench.meters [--points 60] [--late]`: CPU of the loop's thread and of the database's. So many charging points
deliver at once, as often as they like: within their first two minutes, when the books keep each reading for the curve
of the charge, or `--late`, when they keep one in sixteen seconds.
"""

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from evcharge.central.books.store import CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.peers.consents import Consents
from evcharge.central.peers.engine import EngineTalk
from evcharge.central.peers.quotas import Quotas
from evcharge.central.peers.talk import PeerLink
from evcharge.central.rules import commands
from evcharge.central.rules.settings import Rules
from evcharge.domain.ids import CpId, DriverId, RequestId, Role
from evcharge.domain.location import Location
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel, Traffic
from evcharge.evc1.frames import Cipher, FrameCutter, GcmCipher, Sealer, frame
from evcharge.evc1.handshake import SessionKeys
from evcharge.evc1.tickets import Identity
from evcharge.runtime.clock import utc_now
from evcharge.storage.database import open_database
from tests.unit.central.builders import ADMIN, FakeEngine

_SCHEMA = "evcharge.central.books.schema"
_LATE_S = 2_000
_MWH = 3_000


@dataclass(frozen=True)
class Cost:
    """Microseconds for each batch: of the loop's thread, and of all other threads of this process."""

    loop_us: float
    other_us: float


class _Answers:
    """What comes from Central: nobody looks for it meanwhile, which would cost what is measured."""

    def __init__(self) -> None:
        self.count = self.expected = 0
        self.all_there = asyncio.Event()

    def expect(self, number: int) -> None:
        self.count, self.expected = 0, number
        self.all_there.clear()


class _Wire(asyncio.Transport):
    """A connection that keeps nothing, and counts answers with all others."""

    def __init__(self, answers: "_Answers") -> None:
        super().__init__()
        self._answers = answers

    def write(self, data: Any) -> None:  # noqa: ARG002
        self._answers.count += 1
        if self._answers.count == self._answers.expected:
            self._answers.all_there.set()

    def get_write_buffer_size(self) -> int:
        return 0

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def abort(self) -> None: ...
    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        return ("127.0.0.1", 1)


class _Point:
    """One charging point whose engine speaks to Central without a socket."""

    def __init__(self, number: int, answers: _Answers, cipher: type[Cipher]) -> None:
        self.cp_id, self.driver_id = f"CP{number:04}", f"D{number:04}"
        self.session_id = ""
        self.engine = FakeEngine(self.cp_id)
        keys = SessionKeys(bytes(32), bytes(32), cipher)
        self.channel = Channel(
            _Wire(answers), FrameCutter(), keys, Role.ENGINE, traffic=Traffic(messages_per_s=1e9)
        )
        self.channel.identity = Identity(self.cp_id, Role.ENGINE, 0, 0)
        self._sealer = Sealer(keys.from_peer, cipher=cipher)

    def frame(self, message: messages.Message) -> bytes:
        return frame(self._sealer.seal(message))

    def says(self, message: messages.Message) -> None:
        self.channel.data_received(self.frame(message))

    def meters(self, after_s: int) -> bytes:
        """Return a batch of five METERs, those of the seconds that follow."""
        seconds = range(after_s + 1, after_s + 6)
        records = [self.engine.meter(self.session_id, _MWH, elapsed_s=second) for second in seconds]
        return self.frame(messages.Records(records=list(records)))


async def _charges(dispatcher: Dispatcher, point: _Point, link: int, answers: _Answers) -> None:
    """Bring a charging point to where its engine supplies."""
    cp_id, driver_id = CpId(point.cp_id), DriverId(point.driver_id)
    sync = messages.Sync(journal_id=point.engine.journal_id, last_seq=0, max_power_w=22_000, speed=1.0)
    point.says(sync)
    await asyncio.sleep(0)
    arrives = commands.MonitorArrives(by=ADMIN, link=link, epoch=0, cp_id=cp_id, location=Location("Elche"))
    await dispatcher.submit(arrives)
    await dispatcher.submit(commands.MonitorReports(by=ADMIN, link=link, epoch=0, cp_id=cp_id, fault=None))
    await dispatcher.submit(commands.DriverVisits(by=ADMIN, driver_id=driver_id))
    asked = commands.StartCharging(
        by=ADMIN,
        driver_id=driver_id,
        request_id=RequestId(f"R-{link:08}"),
        nonce=f"{link:016}",
        cp_id=cp_id,
    )
    await dispatcher.submit(asked)
    session = next(one for one in dispatcher.facts.sessions() if one.cp_id == cp_id)
    point.session_id = session.session_id
    started = point.engine.started(session.session_id, began_at=session.authorised_at.timestamp())
    answers.expect(1)
    point.says(messages.Records(records=[started]))
    await answers.all_there.wait()


async def measure(points: int, rounds: int, *, late: bool = False, cipher: type[Cipher] = GcmCipher) -> Cost:
    """Let `points` deliver at once, `rounds` times; return the median of what a batch costs."""
    loop = asyncio.get_running_loop()
    steady, began, now, moved_s = loop.time, loop.time(), utc_now(), 0.0
    # Both of Central's clocks: how long a charge may have lasted, and what time it is.
    loop.time = lambda: steady() + moved_s  # type: ignore[method-assign]

    def clock() -> datetime:
        return now + timedelta(seconds=loop.time() - began)

    own, other = list[float](), list[float]()
    async with contextlib.AsyncExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory())
        books = await held.enter_async_context(open_database(Path(folder) / "central.db", _SCHEMA))
        store, feed = await CentralStore.open(books), Feed()
        rules = Rules(now=now, welcome_credit_cents=20_000, welcome_per_hour=points)
        dispatcher = Dispatcher(await store.load(now), store, feed, rules, clock)
        tasks, answers = [asyncio.create_task(dispatcher.run())], _Answers()
        town = [_Point(number, answers, cipher) for number in range(1, points + 1)]
        for number, point in enumerate(town, 1):
            link, consents = PeerLink(number, point.channel.identity, point.channel), cast(Consents, None)
            tasks.append(asyncio.create_task(EngineTalk(link, dispatcher, feed, Quotas(), consents).run()))
            await _charges(dispatcher, point, number, answers)
        after_s = _LATE_S if late else 0
        moved_s += after_s
        for _ in range(rounds):
            moved_s += 5
            frames = [point.meters(after_s) for point in town]
            after_s += 5
            answers.expect(points)
            mine, whole = time.thread_time(), time.process_time()
            for point, token in zip(town, frames, strict=True):
                point.channel.data_received(token)
            await answers.all_there.wait()
            mine, whole = time.thread_time() - mine, time.process_time() - whole
            own.append(mine)
            other.append(whole - mine)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return Cost(statistics.median(own) / points * 1e6, statistics.median(other) / points * 1e6)


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--late", action="store_true", help="half an hour after their start")
    given = parser.parse_args()
    cost = asyncio.run(measure(given.points, given.rounds, late=given.late))
    print(
        f"batch of five METERs of {given.points} points: loop {cost.loop_us:.1f} us of CPU, "
        f"database's thread {cost.other_us:.1f} us"
    )


if __name__ == "__main__":
    main()
