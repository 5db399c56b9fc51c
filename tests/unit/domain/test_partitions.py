"""Which partition a charging point belongs to: books are divided by it for ever."""

from collections import Counter

import pytest

from evcharge.domain.ids import CpId
from evcharge.domain.partitions import partition_of


@pytest.mark.parametrize(("cp_id", "of_64", "of_7"), [("CP001", 63, 3), ("CP002", 5, 3), ("Z_9-", 24, 1)])
def test_a_point_stays_in_its_partition_from_release_to_release(cp_id: CpId, of_64: int, of_7: int):
    assert (partition_of(cp_id, 64), partition_of(cp_id, 7)) == (of_64, of_7)


def test_of_one_partition_all_points_are():
    assert {partition_of(CpId(f"CP{number:03}"), 1) for number in range(1000)} == {0}


@pytest.mark.parametrize("shape", ["CP%03d", "FLEET-%d", "ES-ALC-%04d"])
def test_points_that_are_numbered_are_spread_evenly(shape: str):
    sizes = Counter(partition_of(CpId(shape % number), 64) for number in range(6400))
    assert len(sizes) == 64
    assert min(sizes.values()) > 90
    assert max(sizes.values()) < 110
