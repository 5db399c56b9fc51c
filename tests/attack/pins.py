"""Engines with a true credential that guess drivers' PINs and type ids without end: no cent is held by that."""

import asyncio
import random
import secrets

from evcharge.domain.errors import Code, EvchargeError
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel
from tests.attack.insiders import Insider, can_log_in
from tests.attack.result import Bounds, Result
from tests.attack.target import Target

NAME = "brute force of PINs, ids typed without end"
# A question that nobody answers is refused or counted; a PIN that is checked takes memory and time, two at once.
BOUNDS = Bounds(rows=400, memory_mib=100, ticket_s=5.0, api_s=4.0)
ENGINES = 4
VICTIMS = 3
# None that is guessed begins like that.
PIN = "99{:04}"
# At one charging point so many tries are free; then each one waits twice as long as the one before.
FREE = 15


async def run(target: Target, seconds: float, seed: int) -> Result:
    """Guess at every charging point at once; the drivers are there, and never say yes."""
    result = Result()
    if not can_log_in(target):
        return result
    tag = f"{seed % 100_000}"
    victims = [await Insider(target, f"PIN-D-{tag}-{number}").joins(driver=True) for number in range(VICTIMS)]
    apps = [await victim.dial(Role.DRIVER) for victim in victims]
    try:
        for number, app in enumerate(apps):
            app.send(messages.SetPin(pin=PIN.format(number), limit_cents=500))
            await _hear(app, messages.PinState)
        before = [await _wallet(app) for app in apps]
        names = [victim.name for victim in victims]
        async with asyncio.TaskGroup() as tasks:
            for number in range(ENGINES):
                engine = await Insider(target, f"PIN-CP-{tag}-{number}").joins()
                chance = random.Random(seed + number)
                tasks.create_task(_watches(engine, seconds))
                tasks.create_task(_guesses(engine, names, chance, seconds, result))
        after = [await _wallet(app) for app in apps]
    finally:
        for app in apps:
            app.abort()
    result.expect(holds=before == after, sentence=f"money was held: {before} became {after}")
    checked = result.answers[f"pin {Code.PIN}"]
    most = ENGINES * (FREE + 1 + int(seconds).bit_length())
    sentence = f"{checked} PINs were looked at, at {ENGINES} charging points: more than {most}"
    result.expect(holds=checked <= most, sentence=sentence)
    for answer in result.answers:
        right = answer in ("START", "pin ASKING", "id ASKING")
        result.expect(holds=not right, sentence=f"a charge began: {answer}")
    return result


async def _watches(point: Insider, seconds: float) -> None:
    """Say that all is well there: else no id that is typed comes to a question."""
    channel = await point.dial(Role.MONITOR)
    try:
        async with asyncio.timeout(seconds):
            channel.send(messages.Health(fault=None))
            await _hear(channel, messages.Bye)
    except (EvchargeError, TimeoutError):
        pass
    finally:
        channel.abort()


async def _guesses(
    engine: Insider, drivers: list[str], chance: random.Random, seconds: float, result: Result
) -> None:
    loop = asyncio.get_running_loop()
    until_s = loop.time() + seconds
    while loop.time() < until_s:
        try:
            async with asyncio.timeout_at(until_s):
                await _types(await engine.dial(Role.ENGINE), drivers, chance, result)
        except (EvchargeError, TimeoutError, OSError) as problem:
            result.answers[f"link {getattr(problem, 'code', type(problem).__name__)}"] += 1
            await asyncio.sleep(0.5)


async def _types(channel: Channel, drivers: list[str], chance: random.Random, result: Result) -> None:
    try:
        channel.send(messages.Sync(journal_id=f"{chance.getrandbits(128):032x}", last_seq=0))
        await _hear(channel, messages.Synced)
        while True:
            has_pin = chance.random() < 0.8
            more = {"pin": f"{chance.randrange(9_000):04}"} if has_pin else {}
            request_id = secrets.token_hex(8)
            # Also of drivers that there are not: the answer is the same.
            driver_id = chance.choice([*drivers, "NOBODY"])
            channel.send(messages.ManualStart(request_id=request_id, driver_id=driver_id, **more))
            result.tried += 1
            what = "pin" if has_pin else "id"
            answer = await _answer(channel, request_id)
            result.answers[f"{what} {answer}" if answer != "START" else answer] += 1
    finally:
        channel.abort()


async def _answer(channel: Channel, request_id: str) -> str:
    """Return what that request comes to: a code, a step, "asked"; answers to earlier ones pass by."""
    while True:
        match await _hear(
            channel, messages.Progress, messages.Confirming, messages.Start, messages.ErrorNotice
        ):
            case messages.Start():
                return "START"
            case messages.ErrorNotice(code=code):
                return code
            case messages.Confirming():
                return "asked"
            case messages.Progress(request_id=answered, code=code, step=step) if answered == request_id:
                return code or step


async def _wallet(app: Channel) -> tuple[int, int]:
    app.send(messages.AskBalance())
    money = await _hear(app, messages.Balance)
    assert isinstance(money, messages.Balance)
    return money.balance_cents, money.held_cents


async def _hear(channel: Channel, *kinds: type[messages.Message]) -> messages.Message:
    """Return the next message of one of `kinds`; heartbeats and questions pass by."""
    while not isinstance(message := await channel.receive(), kinds):
        if isinstance(message, messages.Heartbeat):
            channel.send(messages.Heartbeat())
    return message
