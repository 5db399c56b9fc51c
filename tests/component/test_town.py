"""What the tests of Central wait for has happened in full."""

import asyncio
from pathlib import Path
from unittest import mock

from evcharge.central.rules.commands import PlaceHold
from evcharge.domain.charging_point import Hold
from tests.component.town import running


async def test_what_is_recorded_is_in_the_facts_and_has_been_told(tmp_path: Path):
    async with running(tmp_path) as town:
        await town.point()
        store, told = town.dispatcher._store, asyncio.Event()
        commit = store.commit

        async def stored_long_before_it_is_told(batch: list) -> None:
            await commit(batch)
            # What only looks at the log has had its look by then.
            asyncio.get_running_loop().call_later(0.2, told.set)
            await told.wait()

        with mock.patch.object(store, "commit", stored_long_before_it_is_told):
            ordered = asyncio.create_task(town.operator(PlaceHold, cp_id="CP001", hold=Hold.OPERATOR))
            await town.recorded("HoldPlaced")
            assert town.dispatcher.facts.point("CP001").holds == {Hold.OPERATOR}
            assert any("Out of Order" in line for line in town.lines)
        await ordered
