"""The short version of `make soak`: random kills of everything, and not one mWh or cent is lost."""

from pathlib import Path

import pytest

from tests.system.soak import soak


@pytest.mark.timeout(400)
async def test_random_kills_lose_and_double_nothing(tmp_path: Path):
    report = await soak(tmp_path, kills=15, seed=11)
    assert report.wrong == []
    assert report.tickets > 0
