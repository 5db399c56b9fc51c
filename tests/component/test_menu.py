"""The engine's menu, through a real pipe."""

import asyncio
import os

import pytest

from evcharge.cp import typed_input
from tests.component.point import stage


@pytest.fixture
def pipe():
    read_end, write_end = os.pipe()
    yield read_end, write_end
    os.close(read_end)


async def collected(descriptor: int) -> list[str]:
    async with asyncio.timeout(5):
        return [line async for line in typed_input.typed(descriptor)]


async def test_lines_come_in_lower_case_and_the_last_needs_no_end(pipe):
    read_end, write_end = pipe
    os.write(write_end, b"Plug\r\n\n  UNPLUG \nqu")
    os.write(write_end, b"it")
    os.close(write_end)
    assert await collected(read_end) == ["plug", "", "unplug", "quit"]


async def test_a_line_without_end_is_not_kept_whole(pipe):
    read_end, write_end = pipe
    os.write(write_end, b"x" * 60_000)
    os.close(write_end)
    assert [len(line) for line in await collected(read_end)] == [200]


async def test_a_closed_input_is_an_empty_one():
    assert await collected(os.open("/", os.O_RDONLY)) == []
    assert await collected(10_000) == []


async def test_the_menu_moves_the_charging_point_and_ends_the_engine(tmp_path, monkeypatch, pipe):
    read_end, write_end = pipe
    typed = typed_input.typed
    monkeypatch.setattr(typed_input, "typed", lambda: typed(read_end))
    async with stage(tmp_path, monkeypatch) as town, town.engine() as stop:
        for word, answer in [
            (b"plug\n", "plugged in"),
            (b"dance\n", "type plug, unplug, break, mend or quit"),
            (b"manual\n", "whose charge"),
            (b"ko\n", "KO"),
            (b"OK\n", "OK"),
            (b"status\n", "CP001 Idle.*not plugged in|CP001 Idle.*plugged in"),
            (b"unplug\n", "unplugged"),
            (b"break\n", "KO"),
            (b"mend\n", "OK"),
        ]:
            since = len(town.lines.said)
            os.write(write_end, word)
            await town.lines.says(answer, since)
        os.write(write_end, b"quit\n")
        async with asyncio.timeout(5):
            await stop.wait()
    os.close(write_end)
