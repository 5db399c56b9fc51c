"""Figures that come over Kafka: the record's id names the key, and nothing else opens it."""

import asyncio
import tracemalloc
from types import SimpleNamespace
from unittest import mock

import pytest

from evcharge.central.feed import Feed
from evcharge.central.kafka import telemetry_receiver as module
from evcharge.central.kafka.telemetry_receiver import TelemetryReceiver
from evcharge.central.peers.quotas import BAN_S, USELESS, USELESS_RECORDS, Quotas
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.rules.alert_kinds import AlertKind
from evcharge.central.rules.commands import AnyCommand
from evcharge.central.views.alerts import Alerts
from evcharge.domain.errors import Code
from evcharge.domain.events import FiguresUnderstood, InputRefused
from evcharge.domain.ids import Role
from evcharge.evc1.frames import RisingOpener, Sealer
from evcharge.evc1.messages import ErrorNotice, Heartbeat, Message, SupplyUpdate
from tests.unit.central.builders import NOON, Network

KEYS = {"CP001": bytes(range(32)), "CP002": bytes(range(1, 33))}


class FakeChannel:
    def __init__(self, key: bytes) -> None:
        self.telemetry_key = key
        self.sent: list[Message] = []

    def send(self, message: Message) -> None:
        self.sent.append(message)


class Room:
    def __init__(self) -> None:
        self.town = Network()
        for cp_id in KEYS:
            self.town.point_is_there(cp_id)
        self.town.driver_is_there()
        self.session = self.town.charging("D01", "CP001")
        self.channels = {cp_id: FakeChannel(key) for cp_id, key in KEYS.items()}
        self.posted: list[AnyCommand] = []
        self.feed = Feed()
        dispatcher = SimpleNamespace(facts=self.town.facts, post=self.posted.append)
        peers = SimpleNamespace(
            channel=lambda role, cp_id: self.channels.get(cp_id) if role is Role.ENGINE else None
        )
        self.lane = TelemetryReceiver(dispatcher, peers, self.feed, Refusals(self.posted.append), Quotas())
        self.sealers = {cp_id: Sealer(key) for cp_id, key in KEYS.items()}

    def figures(self, energy_mwh: int = 5, power_w: int = 22_000, cp_id: str = "CP001") -> bytes:
        update = SupplyUpdate(session_id=self.session.session_id, power_w=power_w, energy_mwh=energy_mwh)
        return self.sealers[cp_id].seal(update)

    @property
    def refused(self) -> list[tuple[str, str]]:
        events = [command.event for command in self.posted]
        return [(event.who, event.code) for event in events if isinstance(event, InputRefused)]


@pytest.fixture
async def room() -> Room:
    return Room()


async def test_figures_go_to_the_screens(room: Room):
    room.lane.take("CP001", room.figures(5))
    live = room.feed.live["CP001"]
    assert (live.session_id, live.energy_mwh, live.power_w) == (room.session.session_id, 5, 22_000)
    assert room.posted == []


async def test_figures_that_come_twice_or_late_are_shown_once(room: Room):
    first, second = room.figures(5), room.figures(9)
    for record in (second, first, second):
        room.lane.take("CP001", record)
    assert room.feed.live["CP001"].energy_mwh == 9
    # Nor does an old one take the place of what came over the connection meanwhile.
    room.lane.take("CP001", room.figures(8))
    assert room.feed.live["CP001"].energy_mwh == 9
    assert room.posted == []


async def test_another_charging_points_key_is_never_tried(room: Room):
    room.lane.take("CP001", room.figures(cp_id="CP002"))
    assert room.feed.live == {}
    assert room.refused == [("CP001", Code.CRYPTO)]
    (told,) = room.channels["CP001"].sent
    assert isinstance(told, ErrorNotice)
    assert room.channels["CP002"].sent == []


async def test_a_charging_point_cannot_speak_of_anothers_session(room: Room):
    room.lane.take("CP002", room.figures(cp_id="CP002"))
    assert room.feed.live == {}
    assert room.refused == [("CP002", Code.ID)]


async def test_nothing_but_figures_is_heard_there(room: Room):
    room.lane.take("CP001", room.sealers["CP001"].seal(Heartbeat()))
    assert room.refused == [("CP001", Code.ROLE)]


@pytest.mark.parametrize("value", [b"", b"garbage", b"gAAAAA" + b"x" * 100])
async def test_garbage_under_an_id_is_one_row_a_minute(room: Room, value: bytes):
    for _ in range(50):
        room.lane.take("CP001", value)
    assert room.refused == [("CP001", Code.CRYPTO)]
    assert len(room.channels["CP001"].sent) == 1


@pytest.mark.virtual_time
async def test_a_charging_point_in_whose_name_garbage_comes_without_end_is_not_read_for_a_minute(room: Room):
    for _ in range(8):
        for _ in range(100):
            room.lane.take("CP001", b"garbage")
        await asyncio.sleep(1)
    assert room.refused == [("CP001", Code.CRYPTO), ("CP001", Code.SLOW)]
    before = len(room.posted)
    room.lane.take("CP001", room.figures(5))
    assert (room.feed.live, len(room.posted)) == ({}, before)
    await asyncio.sleep(BAN_S + 1)
    room.lane.take("CP001", room.figures(6))
    assert room.feed.live["CP001"].energy_mwh == 6


@pytest.mark.virtual_time
@pytest.mark.parametrize("key", ["CP9{:04}", "no id {}"])
async def test_keys_that_are_no_charging_points_are_cut_off_together(room: Room, key: str):
    with mock.patch.object(Refusals, "input", autospec=True, side_effect=Refusals.input) as refused:
        for number in range(2 * USELESS_RECORDS):
            room.lane.take(key.format(number), b"garbage")
    # One more than is forgiven, and that they are cut off.
    assert refused.call_count == USELESS_RECORDS + 2
    events = [command.event for command in room.posted]
    (flood,) = [event for event in events if event.code == Code.SLOW]
    assert (flood.who, flood.text) == ("KAFKA", USELESS)
    alerts = Alerts(lambda _: False)
    alerts.take(flood, NOON)
    assert [(alert.kind, alert.about) for alert in alerts.open()] == [(AlertKind.FLOOD, "KAFKA")]
    room.lane.take("CP001", room.figures(5))
    assert room.feed.live["CP001"].energy_mwh == 5


async def test_a_mistake_of_ours_over_a_record_is_a_row_like_any_other(room: Room, monkeypatch):
    monkeypatch.setattr(RisingOpener, "open", lambda *_: {}["nobody thought of it"])
    room.lane.take("CP001", room.figures())
    monkeypatch.undo()
    room.lane.take("CP001", room.figures(7))
    assert room.refused == [("CP001", Code.CLOSED)]
    assert room.feed.live["CP001"].energy_mwh == 7


async def test_of_a_key_that_is_no_charging_points_nothing_is_kept(room: Room):
    """Anybody may write there, and a key may be as long as a record."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(50):
            room.lane.take(f"{number:0100000}", b"")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept - before < 1_000_000


async def test_nobodys_records_are_noted_and_dropped(room: Room):
    room.lane.take("CP009", room.figures())
    room.lane.take("not an id", room.figures())
    assert room.refused == [("CP009", Code.ID), ("unknown", Code.ID)]


async def test_the_last_words_of_a_connection_before_are_no_offence(room: Room):
    late = room.figures(5)
    room.lane.take("CP001", room.figures(6))
    room.channels["CP001"] = FakeChannel(bytes(32))
    room.lane.take("CP001", late)
    assert room.refused == []
    assert room.feed.live["CP001"].energy_mwh == 6
    room.sealers["CP001"] = Sealer(bytes(32))
    room.lane.take("CP001", room.figures(7))
    assert room.feed.live["CP001"].energy_mwh == 7


async def test_figures_of_an_engine_that_has_gone_or_a_session_that_has_ended_are_dropped(room: Room):
    ended = room.sealers["CP001"].seal(SupplyUpdate(session_id="S-another-one", power_w=1, energy_mwh=1))
    room.lane.take("CP001", ended)
    del room.channels["CP001"]
    room.lane.take("CP001", room.figures())
    assert (room.feed.live, room.posted) == ({}, [])


async def test_who_was_not_understood_is_said_to_be_understood_again(room: Room, monkeypatch):
    room.lane.take("CP001", b"garbage")
    room.lane.take("CP001", room.figures(1))
    assert not any(isinstance(command.event, FiguresUnderstood) for command in room.posted)
    monkeypatch.setattr(module, "QUIET_S", 0.0)
    await asyncio.sleep(0.001)
    room.lane.take("CP001", room.figures(2))
    assert [command.event for command in room.posted[1:]] == [FiguresUnderstood(cp_id="CP001")]


@pytest.mark.virtual_time
async def test_figures_that_come_faster_than_the_rate_are_dropped_and_told(room: Room):
    flood = [room.figures(number) for number in range(1, module.RECORDS_PER_S + 51)]
    for value in flood:
        room.lane.take("CP001", value)
    assert room.feed.live["CP001"].energy_mwh == module.RECORDS_PER_S
    assert room.refused == [("CP001", Code.SLOW)]
    room.lane.take("CP002", b"nonsense")
    assert room.refused[1:] == [("CP002", Code.CRYPTO)]
