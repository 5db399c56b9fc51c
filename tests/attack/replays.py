"""What was recorded is played again: a login at Central, a monitor's ping, a driver's request."""

import asyncio
import contextlib
import itertools
import os

from evcharge.cp import health
from evcharge.domain.errors import EvchargeError
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.frames import LENGTH, frame
from evcharge.evc1.handshake import PeerHandshake
from evcharge.evc1.login_errors import parse_error
from evcharge.evc1.tickets import IssuedTicket
from evcharge.security import secret_files
from tests.attack.insiders import Insider, can_log_in
from tests.attack.result import Result
from tests.attack.target import Target

NAME = "replays of logins, pings, requests"
WITHIN_S = 5.0


async def run(target: Target, seconds: float, seed: int) -> Result:
    """Play them again as long as there is time; none may count twice."""
    result = Result()
    if not can_log_in(target):
        return result
    victim = await Insider(target, f"REPLAYED-{seed % 100_000}").joins(driver=True)
    issued = await victim.ticket(Role.DRIVER)
    await _requests(target, victim, issued, result)
    until_s = asyncio.get_running_loop().time() + seconds
    recorded = await _login(target, victim.name, issued, None, result)
    while asyncio.get_running_loop().time() < until_s:
        await _login(target, victim.name, issued, recorded, result)
        await _pings(target, result)
        await asyncio.sleep(0.02)
    return result


async def _login(
    target: Target, name: str, issued: IssuedTicket, recorded: list[bytes] | None, result: Result
) -> list[bytes]:
    """Log in as whoever has the ticket's key, or say what such a one once said. Returns what was said."""
    peer = PeerHandshake(issued.ticket, issued.key, name, Role.DRIVER)
    said: list[bytes] = []
    reader, writer = await asyncio.open_connection(target.central.host, target.central.port)
    try:
        async with asyncio.timeout(WITHIN_S):
            said.append(recorded[0] if recorded else peer.hello())
            writer.write(frame(said[0]))
            challenge = await _frame(reader)
            said.append(recorded[1] if recorded else peer.on_challenge(challenge))
            writer.write(frame(said[1]))
            answer = await _frame(reader)
        if recorded:
            result.tried += 1
            error = parse_error(answer)
            result.answers[f"login: {error.code if error is not None else 'LET IN'}"] += 1
            result.expect(holds=error is not None, sentence="a recorded login was let in")
    except (OSError, EvchargeError, TimeoutError, asyncio.IncompleteReadError) as problem:
        result.answers[f"login: {getattr(problem, 'code', type(problem).__name__)}"] += 1
    finally:
        writer.close()
    return said


async def _pings(target: Target, result: Result) -> None:
    """Play a monitor's ping from another connection: it makes nobody a monitor."""
    if target.health is None or target.state is None:
        return
    key = health.health_key(secret_files.read_secret(target.state / "cp" / target.cp_id / "secret"))
    line = health.seal(key, health.Ping(n=health.new_nonce(os.urandom)))
    counts = []
    for _ in range(2):
        with contextlib.suppress(OSError, EvchargeError):
            reader, writer = await asyncio.open_connection(target.health.host, target.health.port)
            try:
                writer.write(line)
                counts.append(health.read_pong(await reader.readline()).monitors)
            finally:
                writer.close()
    result.tried += 1
    # The first one was true, and has left again.
    if len(counts) == 2:
        result.expect(holds=counts[1] <= counts[0], sentence="a recorded ping counted as a monitor")


async def _requests(target: Target, victim: Insider, issued: IssuedTicket, result: Result) -> None:
    """Repeat one request: it gets one session at most."""
    channel = await victim.dial(Role.DRIVER, issued)
    request_id = f"R-replay-{os.urandom(8).hex()}"
    try:
        for _ in range(50):
            channel.send(messages.RequestStart(request_id=request_id, cp_id=target.cp_id))
            result.tried += 1
        async with asyncio.timeout(WITHIN_S):
            for _ in itertools.repeat(None, 50):
                answer = await channel.receive()
                result.answers[f"request: {getattr(answer, 'step', getattr(answer, 'code', '?'))}"] += 1
    except (EvchargeError, TimeoutError) as problem:
        result.answers[f"request: {getattr(problem, 'code', type(problem).__name__)}"] += 1
    finally:
        channel.abort()
    if target.books is not None:
        found = target.ask(target.books, "SELECT COUNT(*) FROM session WHERE request_id = ?", request_id)
        result.expect(holds=found <= 1, sentence=f"one request made {found} sessions")


async def _frame(reader: asyncio.StreamReader) -> bytes:
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    return await reader.readexactly(length)
