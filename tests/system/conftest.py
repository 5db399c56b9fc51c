"""Fixtures of the tests with real processes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.system import city as cities


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[cities.City]:
    """A Registry in a fresh state folder; the books are checked at the end."""
    async with cities.city(tmp_path / "state", cities.City) as city:
        yield city
        if (city.state / "central" / "central.db").exists():
            city.check_books()
    for program in city.programs:
        assert "Traceback" not in program.text, f"{program.name}:\n{program.text}"
