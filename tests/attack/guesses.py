"""Brute force: passwords at the pages, credentials and tokens at the Registry, bearer tokens at the API, tickets."""

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable

import aiohttp

from evcharge.domain.errors import EvchargeError
from evcharge.domain.ids import Role
from evcharge.evc1.caller import connect
from evcharge.evc1.tickets import IssuedTicket
from evcharge.security import tls
from tests.attack.result import Bounds, Result
from tests.attack.sockets import SOURCES
from tests.attack.target import Address, Target

NAME = "brute force of passwords, tokens, tickets"
# What is refused is counted, a few rows a minute for each name and address.
# Two passwords checked at once take 19 MiB each, and the allocator keeps twice that: 80 MiB after 4 s as after 20 s.
BOUNDS = Bounds(rows=400, memory_mib=100, ticket_s=5.0, api_s=4.0)
GUESSERS = 4
# A server that says "wait" is asked again after this.
PAUSE_S = 0.02


async def run(target: Target, seconds: float, seed: int) -> Result:
    """Guess everywhere at once, from several addresses."""
    result = Result()
    async with asyncio.TaskGroup() as tasks:
        for number in range(GUESSERS):
            chance = random.Random(seed + number)
            source = SOURCES[number % len(SOURCES)]
            for guess in (_password, _bearer, _credential, _token, _ticket):
                tasks.create_task(_guesses(target, source, chance, seconds, guess, result))
    for answer in list(result.answers):
        right = answer.rsplit(" ", 1)[-1] in ("200", "201", "in")
        result.expect(holds=not right, sentence=f"a guess was right: {answer}")
    return result


Guess = Callable[[aiohttp.ClientSession, Target, random.Random], Awaitable[str | None]]


async def _guesses(
    target: Target, source: str, chance: random.Random, seconds: float, guess: Guess, result: Result
) -> None:
    loop = asyncio.get_running_loop()
    until_s = loop.time() + seconds
    connector = aiohttp.TCPConnector(local_addr=(source, 0), ssl=_tls(target))
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        while loop.time() < until_s:
            try:
                answer = await guess(session, target, chance)
            except (aiohttp.ClientError, OSError, TimeoutError) as problem:
                answer = f"{guess.__name__.lstrip('_')} {type(problem).__name__}"
            if answer is None:
                return
            result.tried += 1
            result.answers[answer] += 1
            await asyncio.sleep(PAUSE_S)


async def _password(session: aiohttp.ClientSession, target: Target, chance: random.Random) -> str | None:
    body = {"name": chance.choice(["admin", "operator", "D01"]), "password": _word(chance)}
    return await _asked(session, "password", target.api, "http", "/api/login", body)


async def _bearer(session: aiohttp.ClientSession, target: Target, chance: random.Random) -> str | None:
    return await _asked(session, "bearer", target.api, "http", "/api/cps", None, _word(chance))


async def _credential(session: aiohttp.ClientSession, target: Target, chance: random.Random) -> str | None:
    body = {"id": chance.choice(["CP001", "CP002", "D01"]), "role": "engine", "secret": _word(chance)}
    return await _asked(session, "credential", target.registry, "https", "/v1/ticket", body)


async def _token(session: aiohttp.ClientSession, target: Target, chance: random.Random) -> str | None:
    return await _asked(session, "token", target.registry, "https", "/list", None, _word(chance))


async def _ticket(session: aiohttp.ClientSession, target: Target, chance: random.Random) -> str | None:
    del session
    issued = IssuedTicket(_word(chance) * 10, chance.randbytes(32), 2**40, 2**40)
    try:
        channel = await connect(target.central.host, target.central.port, issued, "CP001", Role.ENGINE)
    except EvchargeError as problem:
        return f"ticket {problem.code}"
    channel.abort()
    return "ticket in"


async def _asked(
    session: aiohttp.ClientSession,
    what: str,
    address: Address | None,
    scheme: str,
    path: str,
    body: dict[str, str] | None,
    bearer: str = "",
) -> str | None:
    if address is None:
        return None
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    method = "GET" if body is None else "POST"
    async with session.request(method, f"{scheme}://{address}{path}", json=body, headers=headers) as response:
        await response.read()
        return f"{what} {response.status}"


def _word(chance: random.Random) -> str:
    return f"{chance.getrandbits(64):016x}"


def _tls(target: Target) -> ssl.SSLContext | bool:
    return tls.client_context(target.state / "ca.pem") if target.state is not None else False
