"""Reactions become deeds: what is planned for later."""

import asyncio

import pytest

from evcharge.driver.actions import ActionRunner, LineOutput
from evcharge.driver.state_files import Memory
from evcharge.evc1.messages import ErrorNotice, Message, RequestStart
from tests.unit.driver.conversations import conversation

pytestmark = pytest.mark.virtual_time

FULL = ErrorNotice(code="E_STORAGE", text="the disk of Central is full")


class Silent(LineOutput):
    """A screen that nobody reads."""

    def show(self, line: str) -> None:
        """Show nothing."""


class FakeTalker:
    """A Central that is heard when the test says so."""

    speaks: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        return await asyncio.get_running_loop().create_future()

    def send(self, message: Message) -> None:
        self.sent.append(message)


async def test_however_often_central_could_not_store_a_request_it_is_repeated_once(tmp_path):
    talk, central = conversation(connected=False), FakeTalker()
    desk = ActionRunner(talk, Memory(tmp_path, "D01"), Silent(), asyncio.Event())
    async with asyncio.TaskGroup() as tasks:
        talking = tasks.create_task(desk.talk(central))
        await asyncio.sleep(0)
        desk.carry_out(talk.start("CP001", None))
        # One answer for each connection of a link that flaps.
        for _ in range(3):
            desk.carry_out(talk.hear(FULL))
        await asyncio.sleep(6.0)
        assert [type(message) for message in central.sent] == [RequestStart, RequestStart]
        talking.cancel()
    desk.close()
