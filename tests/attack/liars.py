"""An engine and a monitor with a true credential that say what is not so: meters, sessions, faults without end."""

import asyncio
import contextlib
import random

from evcharge.domain import journal_records
from evcharge.domain.errors import EvchargeError
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel
from tests.attack.insiders import Insider, can_log_in
from tests.attack.result import Bounds, Result
from tests.attack.target import Target

NAME = "liars with a credential"
# What is set aside and what is said of it: some rows a minute for each of them.
BOUNDS = Bounds(rows=400)
# Every other second one more is tried; a liar that is cut off stays away.
LIARS = 4


async def run(target: Target, seconds: float, seed: int) -> Result:
    """Say as much as is taken, for so long; no money may move and nobody's session may end."""
    result = Result()
    if not can_log_in(target):
        return result
    before = _money(target)
    async with asyncio.TaskGroup() as tasks:
        for number in range(LIARS):
            chance = random.Random(seed + number)
            insider = await Insider(target, f"LIAR-{seed % 100_000}-{number}").joins()
            tasks.create_task(_lies(insider, Role.ENGINE, chance, seconds, result))
            tasks.create_task(_lies(insider, Role.MONITOR, chance, seconds, result))
    result.expect(holds=_money(target) == before, sentence="money moved, or a ticket was made")
    return result


async def _lies(insider: Insider, role: Role, chance: random.Random, seconds: float, result: Result) -> None:
    loop = asyncio.get_running_loop()
    until_s = loop.time() + seconds
    while loop.time() < until_s:
        try:
            async with asyncio.timeout_at(until_s):
                await _talks(await insider.dial(role), role, chance, result)
        except (EvchargeError, TimeoutError, OSError) as problem:
            result.answers[f"{role}: {getattr(problem, 'code', type(problem).__name__)}"] += 1
            await asyncio.sleep(0.5)


async def _talks(channel: Channel, role: Role, chance: random.Random, result: Result) -> None:
    seq = 0
    try:
        if role is Role.ENGINE:
            channel.send(messages.Sync(journal_id=f"{chance.getrandbits(128):032x}", last_seq=0))
            while not isinstance(await channel.receive(), messages.Synced):
                pass
        while True:
            if role is Role.MONITOR:
                channel.send(messages.Health(fault=f"made up {chance.getrandbits(32)}"))
                result.tried += 1
            else:
                records = [_record(seq + number, chance) for number in range(1, 51)]
                seq += len(records)
                channel.send(messages.Records(records=records))
                result.tried += len(records)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await channel.receive()
    finally:
        channel.abort()


def _record(seq: int, chance: random.Random) -> journal_records.AnyRecord:
    session_id = f"S-lie-{chance.getrandbits(64):016x}"
    if chance.random() < 0.5:
        return journal_records.Meter(seq=seq, session_id=session_id, meter_mwh=chance.getrandbits(40))
    return journal_records.SupplyEnd(
        seq=seq, session_id=session_id, meter_mwh=chance.getrandbits(40), reason="unplugged"
    )


def _money(target: Target) -> tuple[int, int]:
    if target.books is None:
        return 0, 0
    return (
        target.ask(target.books, "SELECT COUNT(*) FROM ticket"),
        target.ask(target.books, "SELECT COUNT(*) FROM ledger WHERE kind <> 'TOP_UP'"),
    )
