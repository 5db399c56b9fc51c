"""Central's ear for the weather service."""

import asyncio
from types import SimpleNamespace

import pytest

from evcharge.central.rules.commands import Actor, Note
from evcharge.central.services.weather_watch import WeatherLink
from evcharge.domain import events
from evcharge.domain.ids import Role
from tests.virtual_time import VirtualLoop

pytestmark = pytest.mark.virtual_time

SILENT_S = 5.0


async def test_the_silence_of_the_service_begins_anew_after_our_own_stall():
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    told: list[Note] = []
    link = WeatherLink(SimpleNamespace(post=told.append), SILENT_S, events.WeatherReached(first=True))
    watching = asyncio.create_task(link.run())
    link.heard(Actor("weather", Role.SERVICE, "local"))
    await asyncio.sleep(1)
    # The whole computer stands still, and the service with it.
    loop.stands_still(60.0)
    await asyncio.sleep(SILENT_S - 1)
    assert told == []
    await asyncio.sleep(2)
    assert [note.event for note in told] == [
        events.WeatherLost(why="the weather service was not heard for 5 s")
    ]
    watching.cancel()
