"""A disk in memory."""

import pytest

from tests.unit.cp.journal.memory_disk import MemoryDisk


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk()
