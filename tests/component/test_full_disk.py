"""Central on a disk that is really full: what runs goes on, what is asked is refused, nothing acknowledged is lost."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evcharge.central.books import verify
from evcharge.central.rules.commands import Actor, RevokeKeys
from evcharge.central.rules.decision import Decision
from evcharge.domain.errors import AuthenticationError, Code
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from tests.component.small_disk import small_disk
from tests.component.town import FakeDriver, FakeEngine, Town, hear, running


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", "2m") as folder:
        yield folder


def fill(disk: Path) -> Path:
    """Use up all the space there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass
    return filler


async def test_central_goes_on_over_a_full_disk_and_recovers(disk: Path):
    async with running(disk) as town:
        engine, driver, other = await town.point(), await town.driver("D01"), await town.driver("D02")
        await town.point("CP002")
        driver.asks("CP001")
        await engine.is_asked()
        await engine.journals(engine.starts())
        await driver.step("CHARGING")
        filler = fill(disk)
        # What is asked is refused in a sentence; what an engine delivers is not acknowledged, so it is kept.
        refused = None
        async with asyncio.timeout(20):
            while refused is None:
                other.asks("CP002")
                answer: Any = await hear(other.channel, messages.Progress, messages.ErrorNotice)
                if isinstance(answer, messages.ErrorNotice):
                    refused = answer
                elif answer.step == "ASKING":
                    # It fitted into the last page; give it back and try again.
                    other.channel.send(messages.RequestStop())
        assert refused.code == Code.STORAGE
        assert "disk full" in refused.text
        records = [engine.meters(1_000_000), engine.ends()]
        engine.channel.send(messages.Records(records=records))
        engine.channel.send(messages.Heartbeat())
        assert isinstance(await hear(engine.channel, messages.Heartbeat, messages.Ack), messages.Heartbeat)
        filler.unlink()
        async with asyncio.timeout(20):
            while True:
                engine.channel.send(messages.Records(records=records))
                try:
                    async with asyncio.timeout(1):
                        await hear(engine.channel, messages.Ack)
                    break
                except TimeoutError:
                    continue
        assert (await driver.ticket()).energy_mwh == 1_000_000
    assert verify.check(disk / "central" / "central.db") == []


async def test_a_revocation_on_a_full_disk_cuts_at_once_and_is_stored_when_there_is_room(disk: Path):
    async with running(disk) as town:
        engine, driver = await town.point(), await town.driver("D01")
        driver.asks("CP001")
        await engine.is_asked()
        await engine.journals(engine.starts())
        await driver.step("CHARGING")
        filler = fill(disk)
        decision = await withdrawn_in_vain(town, engine, driver)
        assert not decision.stored
        # The engine hears its stop order, then that it is believed no more; the driver likewise.
        for channel in (engine.channel, engine.monitor, driver.channel):
            with pytest.raises(AuthenticationError) as caught:
                await hear(channel, messages.Ack)
            assert caught.value.code == Code.REVOKED
        for name, role in (("CP001", Role.ENGINE), ("CP001", Role.MONITOR), ("D01", Role.DRIVER)):
            with pytest.raises(AuthenticationError) as caught:
                await town.dial(name, role)
            assert caught.value.code == Code.REVOKED
        assert not town.dispatcher.facts.point("CP001").revoked
        filler.unlink()
        await town.says("CP001: keys revoked")
        await town.says("Central stores again")
        assert town.dispatcher.facts.point("CP001").revoked
        assert town.dispatcher.facts.driver("D01").blocked
    assert verify.check(disk / "central" / "central.db") == []


async def withdrawn_in_vain(town: Town, engine: FakeEngine, driver: FakeDriver) -> Decision:
    """Use up what is left of the disk; then withdraw D01 and CP001, and return what came of it."""
    async with asyncio.timeout(20):
        while town.dispatcher.trouble is None:
            driver.channel.send(messages.RequestStart(request_id=secrets.token_hex(8), cp_id="CP009"))
            await hear(driver.channel, messages.Progress, messages.ErrorNotice)
    # `evcharge health` tells it.
    assert town.health.wrong() == town.dispatcher.trouble
    # What its monitor says now waits for room on the disk, and its link with it.
    engine.monitor.send(messages.Health(fault="overheating"))
    by = Actor("admin", Role.OPERATOR, "local")
    await town.dispatcher.post(RevokeKeys(by=by, subject="D01"))
    return await town.dispatcher.post(RevokeKeys(by=by, subject="CP001"))
