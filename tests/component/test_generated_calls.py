"""A short run of generated calls of the API (tests/attack/generated_calls.py), the same ones each time."""

import asyncio
from pathlib import Path

import pytest

from tests.attack.generated_calls import Presser, callers
from tests.attack.result import Result
from tests.component.callers import cookie_of
from tests.component.office import opened

EXAMPLES = 3


# Schemathesis gives Hypothesis a generator that may be gone before it is noted: a warning about their code, not ours.
@pytest.mark.filterwarnings("ignore:It looks like `register_random`")
@pytest.mark.timeout(300)
async def test_whatever_is_asked_the_answer_is_one_that_is_described(tmp_path: Path):
    result = Result()
    async with opened(tmp_path) as office:
        await office.charging()
        description = (await office.ask("GET", "/api/openapi.json", token=None)).body
        driver = {"Cookie": await cookie_of(office), "Sec-Fetch-Site": "same-origin"}
        known = await asyncio.to_thread(callers, office.url, office.token)
        presser = Presser(office.url, description, [*known, *[driver] * 3], result)
        await asyncio.to_thread(presser.press, EXAMPLES, 1)
    assert result.broken == []
    assert {"200", "401", "403", "404", "409", "422"} <= set(result.answers)
