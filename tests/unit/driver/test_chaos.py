"""The faulty driver: what it does to a connection, and that the same seed does the same."""

import asyncio

import pytest

from evcharge.driver import chaos as module
from evcharge.driver.chaos import Chaos
from evcharge.driver.words import ENGLISH
from evcharge.evc1.messages import AskBalance, Message, RequestStart, RequestStop, Supply, TicketSeen

ASKED = RequestStart(request_id="request-1")
FLOWS = Supply(session_id="S-D01-CP001-1", cp_id="CP001", power_w=7400, energy_mwh=1, cost_cents=0)


class FakeChannel:
    """Notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[object] = []
        self.is_closing = False

    def send(self, message: Message) -> None:
        self.done.append(message)

    def send_half_frame(self, message: Message) -> None:
        self.done.append(("torn", message))
        self.is_closing = True

    def abort(self) -> None:
        self.done.append("aborted")
        self.is_closing = True

    async def receive(self) -> Message:
        return FLOWS


class FakeDesk:
    """Keeps the lines."""

    def __init__(self) -> None:
        self.words = ENGLISH
        self.lines: list[str] = []

    def show(self, *lines: str) -> None:
        self.lines += lines


def spoiled(monkeypatch: pytest.MonkeyPatch, fault: str | None = None, odds: bool = False):
    chaos, channel, desk = Chaos(7, 0.0), FakeChannel(), FakeDesk()
    monkeypatch.setattr(chaos, "happens", lambda _: odds)
    if fault is not None:
        monkeypatch.setattr(chaos, "fault", lambda: fault)
    return chaos.spoil(channel, desk), channel, desk


@pytest.mark.parametrize(
    ("fault", "done", "said"),
    [
        ("", [ASKED], None),
        ("cut", [ASKED, "aborted"], "dropped in the middle of a request"),
        ("tear", [("torn", ASKED)], "half a frame"),
        ("double", [ASKED, ASKED], "the same request is sent twice"),
    ],
)
def test_a_request_goes_wrong(monkeypatch, fault: str, done: list[object], said: str | None):
    talker, channel, desk = spoiled(monkeypatch, fault)
    talker.send(ASKED)
    assert channel.done == done
    assert desk.lines[0].startswith("chaos 7: this driver misbehaves on purpose")
    assert (said is None and len(desk.lines) == 1) or said in desk.lines[1]


def test_a_fresh_request_goes_out_while_one_is_under_way(monkeypatch):
    talker, channel, _ = spoiled(monkeypatch, "fresh")
    talker.send(ASKED)
    first, second = channel.done
    assert first == ASKED
    assert isinstance(second, RequestStart)
    assert second.request_id != ASKED.request_id


def test_stop_is_sent_twice(monkeypatch):
    talker, channel, _ = spoiled(monkeypatch, odds=True)
    talker.send(RequestStop())
    assert channel.done == [RequestStop(), RequestStop()]


def test_the_connection_drops_between_a_ticket_and_its_acknowledgement(monkeypatch):
    talker, channel, _ = spoiled(monkeypatch, odds=True)
    talker.send(TicketSeen(session_id="S-D01-CP001-1"))
    assert channel.done == ["aborted"]


async def test_the_connection_drops_while_charging(monkeypatch):
    talker, channel, _ = spoiled(monkeypatch, odds=True)
    assert await talker.receive() == FLOWS
    assert channel.done == ["aborted"]


async def test_without_a_fault_everything_goes_through(monkeypatch):
    talker, channel, desk = spoiled(monkeypatch, odds=False)
    assert await talker.receive() == FLOWS
    sent = [RequestStop(), TicketSeen(session_id="S-D01-CP001-1"), AskBalance()]
    for message in sent:
        talker.send(message)
    assert channel.done == sent
    assert len(desk.lines) == 1


def test_nothing_is_done_on_a_connection_that_ended(monkeypatch):
    talker, channel, _ = spoiled(monkeypatch, "tear")
    talker.send(ASKED)
    talker.send(ASKED)
    assert channel.done == [("torn", ASKED)]


def test_the_same_seed_makes_the_same_faults_and_none_given_is_drawn():
    def faults(seed: int) -> list[str]:
        chaos = Chaos(seed, 0.0)
        return [chaos.fault() for _ in range(50)]

    assert faults(7) == faults(7) != faults(8)
    assert set(faults(7)) == {"", "cut", "tear", "double", "fresh"}
    assert Chaos(0, 0.0).seed > 0


async def test_it_asks_again_and_again_and_stops_what_takes_too_long(monkeypatch):
    monkeypatch.setattr(module, "_LONGEST_PATIENCE_S", 0.01)
    told: list[str] = []

    class Talk:
        request: object = None

        def start(self, *_: object) -> str:
            self.request = object()
            return "start"

        def stop(self) -> str:
            self.request = None
            return "stop"

    class Desk:
        conversation = Talk()

        def carry_out(self, reaction: str) -> None:
            told.append(reaction)

        async def until(self, condition) -> None:
            while not condition():
                await asyncio.sleep(0.001)

    roaming = asyncio.create_task(Chaos(7, 0.0).roam(Desk()))
    async with asyncio.timeout(5):
        while len(told) < 6:
            await asyncio.sleep(0.001)
    roaming.cancel()
    assert told[:6] == ["start", "stop"] * 3
