"""Programs of different releases in one network: peers of 0.1 at the Central of today, and the other way round."""

import asyncio
import contextlib
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

from evcharge.central.rules.commands import TopUp
from evcharge.domain.ids import Role
from evcharge.domain.strict_json import base64_bytes
from evcharge.evc1 import handshake, messages, server
from evcharge.evc1.connection import Channel, ChannelClosed
from evcharge.evc1.handshake import CentralHandshake
from evcharge.evc1.messages import Ack, Heartbeat, Message, Records, Sync, decode
from tests.component.gate import Gate
from tests.component.town import Town, running
from tests.golden.first import conversation, takes
from tests.golden.scene import D, People, people, play, scene

WITHIN_S = 20.0
OLD_CENTRAL = functools.partial(CentralHandshake, versions=None)


@contextlib.contextmanager
def overheard() -> Iterator[list[dict[str, Any]]]:
    """Note whatever is said inside frames, by everybody in this process."""
    said: list[dict[str, Any]] = []
    encode = messages.encode

    def noted(number: int, message: Message) -> bytes:
        plaintext = encode(number, message)
        said.append(json.loads(plaintext)["m"])
        return plaintext

    with mock.patch.object(messages, "encode", noted):
        yield said


# ---- a network of which one side is of the first release


async def test_peers_of_today_say_nothing_that_a_central_of_the_first_release_refuses(tmp_path: Path):
    with mock.patch.object(server, "CentralHandshake", OLD_CENTRAL), overheard() as said:
        async with scene(tmp_path) as here:
            await play(here)
            assert {channel.speaks for channel in here.at_central} == {frozenset()}
    assert {message["t"] for message in said} > {"SYNC", "HEALTH", "RECORDS", "TICKET_SEEN"}
    assert [message for message in said if not takes(message)] == []


async def test_central_says_nothing_today_that_peers_of_the_first_release_refuse(tmp_path: Path):
    with mock.patch.object(handshake, "_versions_in", return_value=None), overheard() as said:
        async with scene(tmp_path) as here:
            await play(here)
            assert {channel.speaks for channel in here.at_central} == {frozenset()}
    assert {message["t"] for message in said} > {"START", "ACK", "PROGRESS", "TICKET", "NOTICE"}
    assert [message for message in said if not takes(message)] == []


# ---- the recorded conversation, one side of it today's

# What tells one message of its kind from another; all else may be said better today.
TELLING: dict[str, tuple[str, ...]] = {
    "SYNCED": ("last_seq",),
    "ACK": ("seq",),
    "START": ("request_id", "driver_id", "price", "hold_cents", "limit_mwh", "plug_within_s"),
    "STOP": ("reason",),
    "QUERY": (),
    "PROGRESS": ("request_id", "step", "cp_id", "code", "status"),
    "SUPPLY": ("cp_id", "power_w", "energy_mwh", "cost_cents", "limit_mwh"),
    "TICKET": (
        "request_id",
        "cp_id",
        "energy_mwh",
        "cost_cents",
        "price",
        "reason",
        "estimated",
        "while_away",
    ),
    "NOTICE": ("code", "cp_id"),
    "POINTS": ("points",),
    "WALLET": ("balance_cents", "held_cents"),
    "SESSIONS": (),
}
# Said by each end on its own.
UNRECORDED = {"HEARTBEAT", "REKEY", "REKEYED"}


def in_words(message: Message) -> dict[str, Any]:
    return json.loads(msgspec.json.encode(message))


def from_words(text: dict[str, Any]) -> Message:
    return decode(json.dumps({"n": 0, "m": text}).encode()).m


class Ids:
    """Which id of today stands for one of that day."""

    def __init__(self) -> None:
        self._today: dict[str, str] = {}

    def learn(self, then: dict[str, Any], now: dict[str, Any]) -> None:
        """Note the ids of a message and of its counterpart."""
        for name in ("session_id", "request_id", "journal_id", "auth"):
            if isinstance(then.get(name), str) and isinstance(now.get(name), str):
                self._today[then[name]] = now[name]

    def today(self, then: Any) -> Any:
        """Return `then` with the ids of today in it."""
        if isinstance(then, dict):
            return {name: self.today(value) for name, value in then.items()}
        if isinstance(then, list):
            return [self.today(value) for value in then]
        return self._today.get(then, then) if isinstance(then, str) else then


class OldPeers:
    """Connects to Central as the recorded peers did, says what they said, and waits for what they heard."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._ids = Ids()
        self._channels: dict[str, Channel] = {}
        self._heard: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self._known: dict[str, list[dict[str, Any]]] = {}
        self._readers: list[asyncio.Task[None]] = []

    async def live_through(self) -> None:
        for name, who, _, text in conversation()["said"]:
            if text["t"] in UNRECORDED:
                continue
            if name not in self._channels:
                await self._arrive(name)
            if text.get("code") == "ENGINE_LOST":
                self._leave(Role.ENGINE)
            if text["t"] == "LIST":
                # What an operator did, and what the others said meanwhile, is done.
                await self._town.says(r"CP001 .*Available")
                await self._town.operator(TopUp, driver_id=D, cents=5_000, reference="golden")
            if who == "peer":
                self._channels[name].send(from_words(self._ids.today(text)))
            else:
                await self._hear(name, text)
        for reader in self._readers:
            reader.cancel()

    async def _arrive(self, name: str) -> None:
        one = conversation()["connections"][name]
        self._leave(Role(one["role"]))
        channel = self._channels[name] = await self._town.dial(one["id"], Role(one["role"]))
        self._heard[name], self._known[name] = asyncio.Queue(), []
        self._readers.append(asyncio.create_task(self._read(name, channel)))

    def _leave(self, role: Role) -> None:
        for name, channel in self._channels.items():
            if name.split()[0] == role:
                channel.abort()

    async def _read(self, name: str, channel: Channel) -> None:
        while True:
            message = in_words(await channel.receive())
            assert takes(message), message
            if message["t"] != "HEARTBEAT":
                self._heard[name].put_nowait(message)

    async def _hear(self, name: str, then: dict[str, Any]) -> None:
        """Wait for what was heard `then`. Less may be said twice today."""
        if self._told(then, self._known[name]):
            return
        known = self._known[name]
        try:
            async with asyncio.timeout(WITHIN_S):
                while not self._told(then, known[-1:]):
                    known.append(await self._heard[name].get())
        except TimeoutError:
            raise AssertionError(f"{name} was not told {then}, but {known}") from None

    def _told(self, then: dict[str, Any], heard: list[dict[str, Any]]) -> bool:
        wanted = self._ids.today(then)
        for now in heard:
            if now["t"] == then["t"] and all(now.get(field) == wanted[field] for field in TELLING[then["t"]]):
                self._ids.learn(then, now)
                return True
        return False


async def test_what_peers_of_the_first_release_said_is_answered_today_as_then(tmp_path: Path):
    with mock.patch.object(handshake, "_versions_in", return_value=None):
        async with running(tmp_path, plug_within_s=2, manual_start="open") as town:
            await OldPeers(town).live_through()


class OldCentral:
    """Lets today's peers in as the recorded Central did, and says what it said; hands do at the point what they did."""

    def __init__(self, gate: Gate, here: People, arrived: dict[Role, Channel]) -> None:
        self._gate = gate
        self._people = here
        self._ids = Ids()
        self._by_role = arrived
        self._channels: dict[str, Channel] = {}
        self._heard: dict[str, asyncio.Queue[Message]] = {}
        self._last_seq = 0
        self._ends = 0

    async def live_through(self) -> None:
        async with asyncio.TaskGroup() as readers:
            listening: list[asyncio.Task[None]] = []
            await self._say_all(lambda name: listening.append(readers.create_task(self._listen(name))))
            for reader in listening:
                reader.cancel()

    async def _say_all(self, came: Callable[[str], None]) -> None:
        for name, who, _, text in conversation()["said"]:
            if text["t"] == "REKEY":
                self._channels[name].rekey(base64_bytes(text["key"], "key"))
            if text["t"] in UNRECORDED or text["t"] == "BYE":
                continue
            if who == "peer":
                await self._act(text)
            if name not in self._channels:
                self._channels[name] = await self._arrival(name)
                self._heard[name] = asyncio.Queue()
                came(name)
            if who == "central":
                self._channels[name].send(from_words(self._today(text)))
                self._ends += text["t"] == "TICKET" or text.get("step") == "REFUSED"
            else:
                await self._hear(name, text)

    async def _arrival(self, name: str) -> Channel:
        role = Role(name.split(maxsplit=1)[0])
        before = next((channel for other, channel in self._channels.items() if other.startswith(role)), None)
        if before is not None:
            before.abort()
        async with asyncio.timeout(WITHIN_S):
            while self._by_role.get(role) in (None, before):
                channel = await self._gate.arrived.get()
                self._by_role[channel.identity.role] = channel
        return self._by_role[role]

    async def _listen(self, name: str) -> None:
        """Answer the heartbeats of one peer, however long another one takes: it would leave."""
        channel = self._channels[name]
        with contextlib.suppress(ChannelClosed):
            while True:
                message = await channel.receive()
                if isinstance(message, Heartbeat):
                    channel.send(message)
                else:
                    self._heard[name].put_nowait(message)

    async def _act(self, then: dict[str, Any]) -> None:
        """Do what made the peer say so."""
        point, driver = self._people, self._people.driver
        match then:
            case {"t": "SYNC"} if Role.ENGINE not in point.programs:
                # Not before its monitor has said that it is missing.
                point.begin(Role.ENGINE)
            case {"t": "LIST" | "BALANCE" | "HISTORY" as question}:
                driver.types(question.lower())
            case {"t": "REQUEST_START", "cp_id": cp_id}:
                # One at a time: the end of the last one must have arrived.
                await driver.has_seen(r"^Refused: |^Ended: ", self._ends)
                driver.types(f"start {cp_id}" if cp_id else "start")
            case {"t": "REQUEST_STOP"}:
                driver.types("stop")
            case {"t": "MANUAL_START", "driver_id": driver_id}:
                point.hand("unplug")
                point.hand("mend")
                point.hand("manual", driver_id)
            case {"t": "RECORDS", "records": [{"k": "SUPPLY_START"}]}:
                point.hand("plug")
            case {"t": "RECORDS", "records": [*_, {"k": "SUPPLY_END", "reason": "unplugged"}]}:
                point.hand("unplug")
            case {"t": "RECORDS", "records": [*_, {"k": "SUPPLY_END", "reason": reason}]} if (
                "driver" not in reason
            ):
                point.hand("break")
            case {"t": "RECORDS", "records": [{"k": "SUPPLY_REFUSED"}]}:
                point.hand("unplug")

    def _today(self, then: dict[str, Any]) -> dict[str, Any]:
        text: dict[str, Any] = self._ids.today(then)
        # How many seconds a charge took, and so how many records, is another matter.
        if text["t"] == "ACK":
            return text | {"seq": self._last_seq}
        return text | {"last_seq": self._last_seq} if text["t"] == "SYNCED" else text

    async def _hear(self, name: str, then: dict[str, Any]) -> None:
        last = then["records"][-1]["k"] if then["t"] == "RECORDS" else None
        passed = []
        channel = self._channels[name]
        try:
            async with asyncio.timeout(WITHIN_S):
                while True:
                    message = await self._heard[name].get()
                    now = in_words(message)
                    passed.append(now)
                    match message:
                        case Sync(last_seq=seq):
                            self._last_seq = seq
                        case Records(records=records):
                            self._last_seq = records[-1].seq
                            if now["records"][-1]["k"] != last:
                                channel.send(Ack(seq=self._last_seq))
                                continue
                    if now["t"] == then["t"]:
                        self._ids.learn(then, now)
                        return
        except TimeoutError:
            raise AssertionError(f"{name} did not say {then}, but {passed}") from None


async def test_what_the_central_of_the_first_release_said_is_understood_by_peers_of_today(tmp_path: Path):
    gate, arrived = Gate(), dict[Role, Channel]()

    async def monitor_is_there() -> None:
        while Role.MONITOR not in arrived:
            channel = await gate.arrived.get()
            arrived[channel.identity.role] = channel

    with mock.patch.object(server, "CentralHandshake", OLD_CENTRAL), overheard() as said:
        async with (
            gate.open(),
            people(tmp_path, gate.port, gate.ticket, monitor_is_there, first=[Role.MONITOR]) as here,
        ):
            await OldCentral(gate, here, arrived).live_through()
            shown = "\n".join(here.driver.shown)
    assert [message for message in said if not takes(message)] == []
    assert shown.count("===== SESSION SUMMARY") == 3
    for sentence in ("Balance: 70.00 €", "Refused: CP009", "plug in at CP001", "stopped by the driver"):
        assert sentence in shown
