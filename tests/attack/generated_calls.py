"""Calls of Central's API that Schemathesis makes after our own OpenAPI: right ones, and ones that are wrong on purpose.

Whatever is asked, by whomever: the status, the media type and the shape of the answer stand in the description.
"""

import asyncio
import contextlib
import json
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from evcharge.security import secret_files
from tests.attack.result import Bounds, Result
from tests.attack.target import Target

NAME = "generated calls of the API"
# Every order that is carried out is a row, and so is everything that is refused.
BOUNDS = Bounds(rows=20_000, login_s=6.0)

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
# What there is in any network, so that not all that is asked comes to 404.
KNOWN = {
    "cp_id": ["CP001", "CP404"],
    "driver_id": ["D01", "D404"],
    "id": ["CP001", "D01"],
    "location": ["Berlin", "Málaga"],
    "alert_id": ["CP001-fault"],
    "name": ["fuzz-viewer", "nobody"],
}
ROLES = ("admin", "operator", "viewer", "service")
ANSWER_S = 20.0
_ENDS = {"/api/logout", "/api/password"}

Headers = Mapping[str, str]


class Presser:
    """Asks everything that `description` tells of. Blocks: for a thread of its own."""

    def __init__(
        self, url: str, description: dict[str, Any], callers: Sequence[Headers], result: Result
    ) -> None:
        self._url = url
        self._operations = [
            one.ok()  # type: ignore[union-attr]  # ours is a valid description, says test_api_openapi
            for one in schemathesis.openapi.from_dict(description).get_all_operations()
        ]
        self._callers = callers
        self._result = result
        self._chance = Random()

    def press(self, examples: int, number: int, stop: Callable[[], bool] = lambda: False) -> None:
        """Ask each operation about so often in each way, unless `stop` says that it is enough."""
        self._chance.seed(number)
        with requests.Session() as http:
            for operation in self._operations:
                for mode in GenerationMode:
                    if not stop():
                        self._ask(operation.as_strategy(generation_mode=mode), examples, number, http)

    def _ask(
        self, cases: st.SearchStrategy[Case], examples: int, number: int, http: requests.Session
    ) -> None:
        @seed(number)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases)
        def once(case: Case) -> None:
            self._call(case, http)

        # An address that takes nothing cannot be asked wrongly.
        with contextlib.suppress(Unsatisfiable):
            once()

    def _call(self, case: Case, http: requests.Session) -> None:
        chance = self._chance
        # Whoever has logged in is needed for longer.
        callers = [one for one in self._callers if case.path not in _ENDS or "Cookie" not in one]
        for name in case.path_parameters:
            if name in KNOWN and chance.random() < 0.7:
                case.path_parameters[name] = chance.choice(KNOWN[name])
        answer = case.call(
            base_url=self._url,
            headers=dict(chance.choice(callers)),
            session=http,
            timeout=ANSWER_S,
            allow_redirects=False,
        )
        self._result.tried += 1
        self._result.answers[str(answer.status_code)] += 1
        asked = f"{case.method} {case.path}"
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failures:
            for failure in failures.exceptions:
                self._broken(f"{asked}: {answer.status_code}: {' '.join(str(failure).split())[:200]}")
        if answer.status_code == 500:
            self._broken(f"{asked}: a mistake of the server")

    def _broken(self, sentence: str) -> None:
        # One of a kind is enough to know.
        if sentence not in self._result.broken:
            self._result.broken.append(sentence)


def callers(url: str, operator_token: str) -> list[Headers]:
    """Return who asks: nobody, each role with a token of its own, and most of all the operator."""
    found: list[Headers] = [{}]
    for role in ROLES:
        body = json.dumps({"name": f"fuzz-{role}", "role": role}).encode()
        headers = {"Authorization": f"Bearer {operator_token}", "Content-Type": "application/json"}
        with urllib.request.urlopen(
            urllib.request.Request(f"{url}/api/tokens", body, headers), timeout=ANSWER_S
        ) as made:
            found.append({"Authorization": f"Bearer {json.load(made)['token']}"})
    return found + [{"Authorization": f"Bearer {operator_token}"}] * 6


def described(url: str) -> dict[str, Any]:
    """Return what the API says of itself."""
    with urllib.request.urlopen(f"{url}/api/openapi.json", timeout=ANSWER_S) as answer:
        return json.load(answer)


async def run(target: Target, seconds: float, number: int) -> Result:
    """Ask for so long. Without the state folder there are no tokens: then nobody asks."""
    result = Result()
    if target.api is None:
        return result
    url = f"http://{target.api}"
    until_s = time.monotonic() + seconds

    def press() -> None:
        token = (
            secret_files.read_secret(target.state / "operator.token") if target.state is not None else None
        )
        presser = Presser(url, described(url), callers(url, token) if token else [{}], result)
        turn = 0
        while time.monotonic() < until_s:
            presser.press(5, number + turn, lambda: time.monotonic() >= until_s)
            turn += 1

    await asyncio.to_thread(press)
    return result
