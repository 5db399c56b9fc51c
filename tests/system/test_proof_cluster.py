"""The short form of `make proof-cluster`: some faults under charges, and nothing is lost or doubled."""

from pathlib import Path

import pytest

from tests.cluster.nemesis import Kind
from tests.cluster.proof import Wish, prove

# What costs no more than the start of a Central, however busy the machine is.
_QUICK = frozenset({Kind.KILL, Kind.HANDOVER, Kind.UNSENT, Kind.UNANSWERED, Kind.CRASH, Kind.CLOCK})
_SEED, _FAULTS = 5, 6
# It waits for nothing but what it counts, and ends when that is reached; this is for one that never is.
_WITHIN_S = 500.0


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_what_breaks_between_two_centrals_loses_and_doubles_nothing(tmp_path: Path):
    wish = Wish(_SEED, _WITHIN_S, _FAULTS, tickets=60, points=8, centrals="AB", kinds=_QUICK)
    report = await prove(tmp_path, wish)
    assert report.good, report
    assert sum(report.faults.values()) >= _FAULTS
    assert report.verdict.tickets >= 60
    assert report.takeovers > 0
    assert report.snapshots > 0
