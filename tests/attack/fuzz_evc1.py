"""Spoilt EVC1, before the login and after it: at Central, and at peers whose Central is not what it should be.

By itself, against a network of its own: `python -m tests.attack.fuzz_evc1 --seconds 60 --seed 1`.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import random
import struct
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from unittest import mock

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from evcharge.domain.errors import Code, EvchargeError
from evcharge.domain.ids import Role
from evcharge.evc1 import client, key_schedule
from evcharge.evc1.client import Timing
from evcharge.evc1.connection import Channel
from evcharge.evc1.frames import LENGTH, MAX_FRAME_BYTES, FrameCutter, Opener, frame
from evcharge.evc1.handshake import MAC_BYTES, CentralHandshake, PeerHandshake
from evcharge.evc1.messages import (
    MESSAGE_TYPES,
    Ack,
    Bye,
    ErrorNotice,
    Heartbeat,
    Message,
    Ready,
    Records,
    Start,
    Sync,
    Synced,
)
from evcharge.evc1.tickets import LIVENESS, Identity, IssuedTicket, TicketOpener, seal_ticket
from evcharge.security import secret_files
from tests.attack.grammar import Grammar, Node, node
from tests.attack.result import Bounds, Result
from tests.attack.sockets import SOURCES
from tests.attack.target import Address, Target
from tests.component.gate import Gate
from tests.golden.scene import CP, D, People, people
from tests.ports import free_port
from tests.serving import listening

NAME = "spoilt EVC1"
# Each of its many logins is true, and so are their rows. Half of the time peers of its own keep this PC busy.
BOUNDS = Bounds(rows=50_000, login_s=6.0)

PEERS = tuple(LIVENESS)
# An identity may log in about so often before it has to wait.
IDENTITIES = 200
AT_ONCE = 8
WITHIN_S = 10.0
# Who was not understood says no more after this: half a frame would be waited for.
PATIENCE_S = 0.25
SESSION = "S-D01-CP001-0123456789abcdef"
# No peer waits for a person here.
QUICK = Timing(
    connect_s=1.0,
    first_retry_s=0.002,
    most_retry_s=0.01,
    duplicate_s=0.01,
    for_people_s=0.01,
    most_obeyed_s=0.01,
)
# Said when our own code failed.
_MISTAKES = ("something failed", "not foreseen")

Stop = Callable[[int], bool]


def frames(data: bytes) -> list[bytes]:
    """Return the whole frames in `data`."""
    cutter, found = FrameCutter(MAX_FRAME_BYTES), []
    cutter.feed(data)
    with contextlib.suppress(EvchargeError):
        while (one := cutter.pop()) is not None:
            found.append(one)
    return found


def framed(chance: random.Random, payload: bytes) -> bytes:
    """Return `payload` in a frame; now and then in none."""
    kind = chance.random()
    if kind < 0.9:
        return LENGTH.pack(len(payload)) + payload
    if kind < 0.95:
        wrong = chance.choice([0, 1, len(payload) + 1, 4_097, 65_537, 2**31, 2**32 - 1])
        return struct.pack(">I", wrong) + payload
    return (LENGTH.pack(len(payload)) + payload)[: chance.randrange(len(payload) + 4)]


def sealed(key: bytes, text: bytes) -> bytes:
    """Return the token of a plaintext, however wrong that is."""
    return Fernet(base64.urlsafe_b64encode(key)).encrypt_at_time(text, 0)


def envelope(grammar: Grammar, number: int, kind: type[Message]) -> Node:
    """Return the plaintext of a good frame."""
    return Node(pairs=[('"n"', node(number)), ('"m"', grammar.struct(kind))])


# ---- at Central


class Callers:
    """Peers and strangers that call Central, each once."""

    def __init__(self, address: Address, service_key: bytes | None, seed: int, result: Result) -> None:
        self._address = address
        self._service_key = service_key
        self._chance = random.Random(seed)
        self._result = result
        self._number = 0

    async def press(self, stop: Stop) -> None:
        """Call until `stop(calls)`, a few at once; then see whether Central still lets in who is as it should be."""

        async def calls() -> None:
            while not stop(self._result.tried):
                self._result.tried += 1
                self._number += 1
                chance = random.Random(self._chance.random())
                try:
                    async with asyncio.timeout(WITHIN_S):
                        await self._call(chance, self._number)
                except TimeoutError:
                    self._result.broken.append("Central neither answers nor hangs up")
                except OSError as problem:
                    self._result.answers[f"cut ({type(problem).__name__})"] += 1

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(calls())
        if self._service_key is not None:
            await self._check_that_all_is_well()

    async def _call(self, chance: random.Random, number: int) -> None:
        role = chance.choice(PEERS)
        issued = self._ticket(f"FUZZ{number % IDENTITIES}", role)
        peer = PeerHandshake(issued.ticket, issued.key, f"FUZZ{number % IDENTITIES}", role)
        async with self._line(chance.choice(SOURCES)) as (reader, writer):
            hello = peer.hello()
            if self._service_key is None or chance.random() < 0.3:
                grammar = Grammar(chance)
                writer.write(framed(chance, grammar.spoilt(node(json.loads(hello)))))
                await self._hears_why(reader, writer)
                return
            writer.write(frame(hello))
            proof = peer.on_challenge(await _frame(reader))
            if chance.random() < 0.3:
                writer.write(framed(chance, self._spoilt_proof(chance, peer, proof)))
                await self._hears_why(reader, writer)
                return
            writer.write(frame(proof))
            keys = peer.on_accept(await _frame(reader)).keys
            for text in self._speech(chance, role):
                key = keys.from_peer if chance.random() < 0.97 else keys.from_central
                writer.write(framed(chance, sealed(key, text)))
            await self._hears_why(reader, writer, Opener(keys.from_central))

    def _ticket(self, name: str, role: Role) -> IssuedTicket:
        now = time.time()
        key = self._service_key or Fernet.generate_key()
        return seal_ticket(key, Identity(name, role, 0, int(now)), issuer="registry", ttl_s=900, now=now)

    @contextlib.asynccontextmanager
    async def _line(self, source: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(
            self._address.host, self._address.port, local_addr=(source, 0)
        )
        try:
            yield reader, writer
        finally:
            await _cut(writer)

    @staticmethod
    def _spoilt_proof(chance: random.Random, peer: PeerHandshake, proof: bytes) -> bytes:
        mac, about = proof[:MAC_BYTES], proof[MAC_BYTES:]
        if chance.random() < 0.3:
            return chance.choice([b"", mac[:-1], bytes(MAC_BYTES), about, mac[::-1] + about, mac + b"{}"])
        about = Grammar(chance).spoilt(node(json.loads(about)))
        return key_schedule.mac(key_schedule.auth_key(peer._ticket_key), b"peer", peer._th + about) + about

    def _speech(self, chance: random.Random, role: Role) -> list[bytes]:
        """Return what a peer says: mostly of its role, mostly spoilt, at last goodbye."""
        grammar = Grammar(chance, {"session_id": [SESSION], "driver_id": [D], "cp_id": [CP]})
        own = [kind for kind in MESSAGE_TYPES if role in kind.senders]
        kinds: list[type[Message]] = [Sync] if role is Role.ENGINE and chance.random() < 0.8 else []
        first = len(kinds)
        kinds += [
            chance.choice(own if chance.random() < 0.9 else MESSAGE_TYPES)
            for _ in range(chance.randrange(1, 9))
        ]
        said = []
        spoken: list[type[Message]] = [*kinds, Bye]
        for number, kind in enumerate(spoken):
            good = envelope(grammar, number if chance.random() < 0.97 else number + 1, kind)
            is_good = number < first or kind is Bye or chance.random() < 0.4
            said.append(good.written().encode() if is_good else grammar.spoilt(good))
        return said

    async def _hears_why(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, opener: Opener | None = None
    ) -> None:
        """Read until Central hangs up; note the last it said. It never says that its own code failed."""
        said = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                said = await reader.read(MAX_FRAME_BYTES)
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()
        last = "hung up"
        for one in frames(said + await reader.read()):
            code, text = _why(one, opener)
            last = code or last
            self._result.expect(
                holds=not any(mistake in text for mistake in _MISTAKES), sentence=f"Central says: {text}"
            )
            self._result.expect(holds=code is None or code in set(Code), sentence=f"Central answers {code}")
        self._result.answers[last] += 1

    async def _check_that_all_is_well(self) -> None:
        peer_id = f"FUZZ{IDENTITIES}"
        issued = self._ticket(peer_id, Role.MONITOR)
        peer = PeerHandshake(issued.ticket, issued.key, peer_id, Role.MONITOR)
        async with asyncio.timeout(WITHIN_S), self._line("127.0.0.1") as (reader, writer):
            writer.write(frame(peer.hello()))
            writer.write(frame(peer.on_challenge(await _frame(reader))))
            keys = peer.on_accept(await _frame(reader)).keys
            beat = json.dumps({"n": 0, "m": {"t": "HEARTBEAT"}}).encode()
            writer.write(frame(sealed(keys.from_peer, beat)))
            answered = Opener(keys.from_central).open(await _frame(reader))
        self._result.expect(holds=answered == Heartbeat(), sentence=f"a good peer is answered {answered}")


async def _cut(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    # The socket is closed in the next turn of the loop.
    await asyncio.sleep(0)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    return await reader.readexactly(length)


def _why(received: bytes, opener: Opener | None) -> tuple[str | None, str]:
    """Return code and text of an error, before the login or after it."""
    if opener is None:
        try:
            said = json.loads(received)
        except ValueError:
            return None, ""
        return said.get("code"), str(said.get("text", ""))
    message = opener.open(received)
    return (message.code, message.text) if isinstance(message, ErrorNotice) else (None, "")


# ---- at peers


class Impostor:
    """Stands at Central's address and knows its keys: before the login and after it, what it says is spoilt."""

    def __init__(self, gate: Gate, seed: int, result: Result, *, logs_in: bool) -> None:
        self._keys = (gate.service_key, gate.resume_key)
        self._chance = random.Random(seed)
        self._result = result
        # Whether it ever proves to be Central.
        self._logs_in = logs_in
        self.called = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with whoever calls."""
        self.called += 1
        chance = random.Random(self._chance.random())
        try:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await self._talk(chance, reader, writer)
        finally:
            await _cut(writer)

    async def _talk(
        self, chance: random.Random, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        service_key, resume_key = self._keys
        central = CentralHandshake(TicketOpener([service_key, resume_key]), resume_key, time.time())
        challenge = central.on_hello(await _frame(reader))
        assert central.identity is not None
        role = central.identity.role
        self._result.answers[f"{role} called"] += 1
        if not self._logs_in or chance.random() < 0.3:
            writer.write(framed(chance, self._before_the_login(chance, central, challenge)))
            await reader.read()
            return
        writer.write(frame(challenge))
        accept = central.on_proof(await _frame(reader))
        if chance.random() < 0.3:
            writer.write(framed(chance, self._spoilt_accept(chance, central, accept)))
        else:
            writer.write(frame(accept))
        first = 0
        ids: dict[str, list[Any]] = {"session_id": [SESSION], "driver_id": [D], "cp_id": [CP]}
        if role is Role.ENGINE and chance.random() < 0.8:
            # Only an engine whose journal is in step goes on listening.
            opener = Opener(central.keys.from_peer)
            while not isinstance(said := opener.open(await _frame(reader)), Sync):
                pass
            in_step = {"n": 0, "m": {"t": "SYNCED", "last_seq": said.last_seq}}
            writer.write(frame(sealed(central.keys.from_central, node(in_step).written().encode())))
            first, ids = 1, ids | {"seq": [said.last_seq], "last_seq": [said.last_seq]}
        grammar = Grammar(chance, ids)
        own = [kind for kind in MESSAGE_TYPES if Role.CENTRAL in kind.senders]
        for number in range(first, chance.randrange(3, 30)):
            good = envelope(grammar, number, chance.choice(own if chance.random() < 0.97 else MESSAGE_TYPES))
            text = good.written().encode() if chance.random() < 0.85 else grammar.spoilt(good)
            token = sealed(central.keys.from_central, text)
            writer.write(framed(chance, token) if chance.random() < 0.1 else frame(token))
        writer.write_eof()
        await reader.read()

    def _before_the_login(self, chance: random.Random, central: CentralHandshake, challenge: bytes) -> bytes:
        grammar = Grammar(chance)
        if chance.random() < 0.6:
            error = {
                "t": "error",
                "code": chance.choice(list(Code)),
                "text": "x",
                "retry_after": 0.01,
                "now": 1.0,
            }
            return grammar.spoilt(node(error))
        body = grammar.spoilt(node(json.loads(challenge[:-MAC_BYTES])))
        th = key_schedule.transcript(b"", body)
        return body + key_schedule.mac(key_schedule.auth_key(central._ticket_key), b"central", th)

    @staticmethod
    def _spoilt_accept(chance: random.Random, central: CentralHandshake, accept: bytes) -> bytes:
        shared = central._secret.exchange(X25519PublicKey.from_public_bytes(central._peer_public))
        wrap_key = key_schedule.derived(shared + central._ticket_key, central._th, b"EVC1 wrap")
        good = Fernet(base64.urlsafe_b64encode(wrap_key)).decrypt(accept)
        return sealed(wrap_key, Grammar(chance).spoilt(node(json.loads(good))))


async def at_peers(folder: Path, stop: Stop, seed: int, result: Result) -> None:
    """Let real peers meet an Impostor, first during a charge, which must go on; then they find Central again."""
    gate = Gate()
    arrived: dict[Role, Channel] = {}

    async def points_are_there() -> None:
        await _arrivals(gate, arrived, {Role.ENGINE, Role.MONITOR})

    with mock.patch.object(client, "Timing", return_value=QUICK):
        async with contextlib.AsyncExitStack() as stack:
            port = free_port()
            async with gate.open(port=port):
                here = await stack.enter_async_context(
                    people(folder, port, gate.ticket, points_are_there, speed=1.0)
                )
                await _arrivals(gate, arrived, {Role.DRIVER})
                await _begin_a_charge(here, arrived[Role.ENGINE])
            for logs_in in (False, True):
                impostor = Impostor(gate, seed, result, logs_in=logs_in)
                async with listening(impostor.accept, port):
                    while not stop(impostor.called) and not any(one.done() for one in here.programs.values()):
                        await _ping(here.health_port, random.Random(seed + impostor.called))
                        await asyncio.sleep(0.01)
                result.tried += impostor.called
                result.expect(
                    holds=logs_in or here.engine.charge.state == "charging",
                    sentence="the charge did not go on",
                )
                ended = [role for role, one in here.programs.items() if one.done()]
                result.expect(holds=not ended, sentence=f"ended: {', '.join(ended)}")
            async with gate.open(port=port):
                arrived.clear()
                await _arrivals(gate, arrived, set(PEERS))


async def _arrivals(gate: Gate, arrived: dict[Role, Channel], wanted: set[Role]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not wanted <= set(arrived):
            channel = await gate.arrived.get()
            arrived[channel.identity.role] = channel


async def _begin_a_charge(here: People, engine: Channel) -> None:
    start = Start(
        session_id=SESSION,
        request_id="R-00000001",
        driver_id=D,
        price=2_500,
        hold_cents=10_000_000,
        limit_mwh=10**12,
        plug_within_s=60,
        auth="signed",
    )
    async with asyncio.timeout(WITHIN_S):
        while True:
            match await engine.receive():
                case Sync(last_seq=seq):
                    engine.send(Synced(last_seq=seq))
                    engine.send(start)
                case Ready():
                    here.hand("plug")
                case Records(records=[*_, last]):
                    engine.send(Ack(seq=last.seq))
                    return
                case _:
                    pass


async def _ping(port: int, chance: random.Random) -> None:
    """Say something at the engine's health port that is no good question."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                question = node({"t": "PING", "n": "0" * 32, "mac": "0" * 64})
                writer.write(Grammar(chance).spoilt(question) + b"\n")
                writer.write_eof()
                await reader.read(1024)
            finally:
                await _cut(writer)


# ---- together


async def run(target: Target, seconds: float, seed: int) -> Result:
    """Half of the time at Central, half of it at peers of our own."""
    result = Result()
    key = secret_files.read_keys(target.state / "service.key")[0] if target.state is not None else None
    clock = asyncio.get_running_loop().time

    def until(end_s: float) -> Stop:
        return lambda _: clock() >= end_s

    await Callers(target.central, key, seed, result).press(until(clock() + seconds / 2))
    with tempfile.TemporaryDirectory() as folder:
        began_s = clock()
        ends = iter((began_s + seconds / 4, began_s + seconds / 2))
        now = [next(ends)]

        def stop(called: int) -> bool:
            if clock() < now[0]:
                return False
            now[0] = next(ends, now[0])
            return called > 0

        await at_peers(Path(folder), stop, seed, result)
    return result


async def _main(given: argparse.Namespace) -> int:
    from tests.attack.__main__ import own_network

    async with own_network() as target:
        result = await run(target, given.seconds, given.seed)
    for answer, times in result.answers.most_common():
        print(f"{times} × {answer}")
    for sentence in result.broken:
        print(f"BROKEN: {sentence}")
    print(f"{result.tried} tried, seed {given.seed}")
    return 1 if result.broken else 0


if __name__ == "__main__":
    PARSER = argparse.ArgumentParser(prog="python -m tests.attack.fuzz_evc1", description=__doc__)
    PARSER.add_argument("--seconds", type=float, default=60.0)
    PARSER.add_argument("--seed", type=int, default=random.randrange(2**31))
    raise SystemExit(asyncio.run(_main(PARSER.parse_args())))
