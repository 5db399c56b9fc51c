"""Requests that come too fast wait for their turn, and are refused when that would take long."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from evcharge.domain.errors import Code, Overloaded
from evcharge.http.server import LONGEST_WAIT_S, Turns, application, serving

pytestmark = pytest.mark.virtual_time
PER_S = 20


class House:
    """A server of one route, and what it refused."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.port = 0

    async def ask(self, number: int, come_from: str = "127.0.0.1") -> list[aiohttp.ClientResponse]:
        """Ask so often at once."""
        connector = aiohttp.TCPConnector(local_addr=(come_from, 0), limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            url = f"http://127.0.0.1:{self.port}/"
            answers = await asyncio.gather(*(session.get(url) for _ in range(number)))
            for answer in answers:
                answer.release()
            return answers


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()

    async def ok(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def refused(_: web.Request, code: str) -> None:
        house.refused.append(code)

    app = application([web.get("/", ok)], refused, requests_per_s=PER_S)
    async with serving(app, "127.0.0.1", 0, None) as port:
        house.port = port
        yield house


def statuses(answers: list[aiohttp.ClientResponse]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


async def test_as_many_as_the_rate_of_one_second_are_answered_at_once_and_more_wait(house: House):
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    assert statuses(await house.ask(PER_S)) == {200: PER_S}
    assert loop.time() - began_at < 0.1
    assert statuses(await house.ask(PER_S)) == {200: PER_S}
    assert loop.time() - began_at == pytest.approx(1.0, abs=0.2)


async def test_whoever_would_wait_long_is_told_when_to_come_back(house: House):
    most = PER_S + int(PER_S * LONGEST_WAIT_S)
    answers = await house.ask(most + 10)
    assert statuses(answers) == {200: most, 429: 10}
    assert {answer.headers["Retry-After"] for answer in answers if answer.status == 429} <= {"2", "3"}
    assert house.refused == [Code.SLOW] * 10


async def test_another_address_does_not_wait(house: House):
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        flood = tasks.create_task(house.ask(3 * PER_S))
        await asyncio.sleep(0.5)
        began_at = loop.time()
        assert statuses(await house.ask(1, come_from="127.0.0.2")) == {200: 1}
        assert loop.time() - began_at < 0.1
        assert not flood.done()


async def test_a_login_has_one_rate_from_however_many_addresses():
    turns = Turns(PER_S)
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    for _ in range(PER_S):
        await turns.wait(("driver", "D01"))
    assert loop.time() == pytest.approx(began_at)
    await turns.wait(("driver", "D01"))
    assert loop.time() - began_at == pytest.approx(1 / PER_S, abs=0.01)
    waiting = [asyncio.create_task(turns.wait(("driver", "D01"))) for _ in range(200)]
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert any(isinstance(end, Overloaded) and end.code is Code.SLOW for end in ends)
