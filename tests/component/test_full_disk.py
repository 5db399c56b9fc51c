"""Central on a disk that is really full: what runs goes on, what is asked is refused, nothing acknowledged is lost."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from evcharge import messages as m
from evcharge.central import verify
from evcharge.errors import Code
from tests.component.small_disk import small_disk
from tests.component.town import hear, running


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
                answer = await hear(other.channel, m.Progress, m.ErrorNotice)
                if isinstance(answer, m.ErrorNotice):
                    refused = answer
                elif answer.step == "ASKING":
                    # It fitted into the last page; give it back and try again.
                    other.channel.send(m.RequestStop())
        assert refused.code == Code.STORAGE
        assert "disk full" in refused.text
        records = [engine.meters(1_000_000), engine.ends()]
        engine.channel.send(m.Records(records=records))
        engine.channel.send(m.Heartbeat())
        assert isinstance(await hear(engine.channel, m.Heartbeat, m.Ack), m.Heartbeat)
        filler.unlink()
        async with asyncio.timeout(20):
            while True:
                engine.channel.send(m.Records(records=records))
                try:
                    async with asyncio.timeout(1):
                        await hear(engine.channel, m.Ack)
                    break
                except TimeoutError:
                    continue
        assert (await driver.ticket()).energy_mwh == 1_000_000
    assert verify.check(disk / "central" / "central.db") == []
