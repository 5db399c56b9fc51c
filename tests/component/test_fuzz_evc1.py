"""A short run of the fuzzer of EVC1 (tests/attack/fuzz_evc1.py): with chance that is the same each time."""

import logging
from pathlib import Path

import pytest

from evcharge.security import secret_files
from tests.attack.fuzz_evc1 import Callers, at_peers
from tests.attack.result import Result
from tests.attack.target import Address
from tests.component.town import running

CALLS, MEETINGS = 300, 100


async def test_whatever_calls_central_it_is_answered_and_everybody_else_is_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    result = Result()
    async with running(tmp_path) as town:
        key = secret_files.read_keys(tmp_path / "service.key")[0]
        await Callers(Address("127.0.0.1", town.port), key, 1, result).press(lambda tried: tried >= CALLS)
    assert result.broken == []
    assert {"E_MALFORMED", "E_FIELD", "E_TOO_BIG", "E_PROOF", "E_CRYPTO", "E_SEQ", "E_ROLE"} <= set(
        result.answers
    )
    assert "Traceback" not in caplog.text


async def test_whoever_poses_as_central_no_peer_ends_and_the_charge_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    result = Result()
    await at_peers(tmp_path, lambda called: called >= MEETINGS, 1, result)
    assert result.broken == []
    assert {"engine called", "monitor called", "driver called"} <= set(result.answers)
    assert "Traceback" not in caplog.text
