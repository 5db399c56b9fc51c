"""What goes on in the demo until Ctrl+C; time stands by."""

import asyncio
from random import Random

import pytest

from evcharge.demo import life, scenario
from evcharge.domain.errors import Overloaded

pytestmark = pytest.mark.virtual_time


class Program:
    """What was typed into it, and when."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.typed: list[tuple[float, str]] = []

    def types(self, line: str) -> None:
        self.typed.append((asyncio.get_running_loop().time(), line))

    @property
    def words(self) -> list[str]:
        return [word for _, word in self.typed]


class Api:
    """Central: who charges where, and how much money each has."""

    def __init__(self) -> None:
        self.charging: dict[str, str] = {}
        self.money: dict[str, int] = {}
        self.is_away = False

    async def points(self) -> dict:
        if self.is_away:
            raise Overloaded("away")
        return {
            "cps": [
                {"cp_id": cp_id, "session": {"driver_id": who} if who else None}
                for cp_id, who in self.charging.items()
            ]
        }

    async def get(self, _: str) -> dict:
        if self.is_away:
            raise Overloaded("away")
        rows = [{"driver_id": who, "balance_cents": has, "held_cents": 0} for who, has in self.money.items()]
        return {"drivers": rows}

    async def post(self, path: str, body: dict) -> dict:
        self.money[path.split("/")[3]] += body["cents"]
        return {}


async def for_a_while(work, hours: float) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(hours * 3600):
            await work


async def test_a_driver_charges_again_and_again_for_one_to_three_minutes():
    driver = Program("D02")
    await for_a_while(life.drives(driver, 6.0, Random(1)), 1)
    assert driver.words[:4] == ["start", "stop", "start", "stop"]
    assert len(driver.words) > 30
    times = [at for at, _ in driver.typed]
    lengths = [stop - start for start, stop in zip(times[::2], times[1::2], strict=False)]
    assert all(60 <= length <= 180 for length in lengths)


async def test_now_and_then_a_point_breaks_and_is_mended_and_never_under_a_guest():
    monitors = [Program(f"{cp_id} monitor") for cp_id in scenario.cp_ids(3)]
    api = Api()
    api.charging = {"CP001": "D01", "CP002": "D02", "CP003": ""}
    await for_a_while(life.breaks(monitors, api, ["D02"], Random(1)), 2)
    assert monitors[0].words == []
    for monitor in monitors[1:]:
        assert monitor.words[:2] == ["fault", "recover"]
        assert {"fault", "recover"} == set(monitor.words)


async def test_a_wallet_is_filled_before_it_is_empty_also_after_central_was_away():
    api = Api()
    api.money = {"D01": 0, "D02": scenario.POOR_CENTS - 1, "D03": scenario.POOR_CENTS}
    api.is_away = True

    async def comes_back() -> None:
        await asyncio.sleep(100)
        assert api.money["D02"] < scenario.POOR_CENTS
        api.is_away = False

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(comes_back())
        tasks.create_task(for_a_while(life.pays(["D02", "D03"], api), 0.1))
    # A guest's own money is its own affair.
    assert api.money == {
        "D01": 0,
        "D02": scenario.POOR_CENTS - 1 + scenario.TOP_UP_CENTS,
        "D03": scenario.POOR_CENTS,
    }
