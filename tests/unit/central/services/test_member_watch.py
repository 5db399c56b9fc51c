"""Which of several Centrals or Registries is away is noted once, and when it is over."""

from collections.abc import Sequence
from typing import Any, Self

import aiohttp
import pytest

from evcharge.central.rules.alert_kinds import WRONG_SERVICE_KEY
from evcharge.central.rules.commands import Note
from evcharge.central.services.member_watch import CentralWatch, RegistryWatch
from evcharge.central.services.registry_sync import RegistryAccess
from evcharge.domain.events import Event, MemberAway, MemberBack

NOBODY, B = (), ("B",)


class Centrals:
    """A Central whose lease finds what a test says, and what is noted of it."""

    def __init__(self, told: Sequence[str] = ()) -> None:
        self.away: Sequence[str] | None = None
        self.noted: list[Event] = []
        membership: Any = self
        self.watch = CentralWatch(membership, lambda note: self.noted.append(note.event), told)

    def looks(self, *found: Sequence[str] | None) -> list[Event]:
        for self.away in found:
            self.watch.look()
        return self.noted


B_AWAY = MemberAway(role="central", name="B", why="silent for 5 s")
B_BACK = MemberBack(role="central", name="B")


def test_a_central_that_is_missed_for_long_is_noted_once_and_so_is_its_return():
    assert Centrals().looks(NOBODY, *[B] * 4) == []
    assert Centrals().looks(NOBODY, *[B] * 9) == [B_AWAY]
    assert Centrals().looks(*[B] * 5, NOBODY, NOBODY) == [B_AWAY, B_BACK]


def test_a_central_that_is_only_started_again_is_not_noted():
    assert Centrals().looks(*[B] * 4, NOBODY, *[B] * 4, NOBODY) == []


def test_what_was_noted_before_a_take_over_is_not_noted_again_and_ends_also_if_it_is_forgotten():
    assert Centrals(told=B).looks(None, *[B] * 9) == []
    # One that leads now is among nobody's missing.
    assert Centrals(told=B).looks(None, NOBODY) == [B_BACK]


class Registries:
    """Two Registries of which a test says what each answers, and what is noted of it."""

    def __init__(self, told: Sequence[str] = ()) -> None:
        self.noted: list[Event] = []
        self.answers: dict[str, Exception | None] = {}
        tls: Any = None
        access = RegistryAccess(("https://a:5001", "https://b:5001/"), tls, "token")

        def post(note: Note) -> None:
            self.noted.append(note.event)

        self.watch = RegistryWatch(access, post, told)

    def get(self, url: str, params: dict[str, int]) -> "_Answer":
        assert url.endswith(":5001/v1/revocations")
        return _Answer(self.answers[url[8]])

    async def looks(self, *found: tuple[Exception | None, Exception | None]) -> list[Event]:
        for one, other in found:
            self.answers = {"a": one, "b": other}
            http: Any = self
            await self.watch.look(http)
        return self.noted


class _Answer:
    def __init__(self, problem: Exception | None) -> None:
        self.problem = problem

    async def __aenter__(self) -> Self:
        if self.problem is not None and not isinstance(self.problem, aiohttp.ClientResponseError):
            raise self.problem
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def raise_for_status(self) -> None:
        if self.problem is not None:
            raise self.problem


def answered(status: int) -> Exception:
    info: Any = None
    return aiohttp.ClientResponseError(info, (), status=status)


BOTH, ONE, NONE = (None, None), (None, TimeoutError()), (TimeoutError(), TimeoutError())
AWAY = MemberAway(role="registry", name="b:5001", why="no answer in time")
BACK = MemberBack(role="registry", name="b:5001")


async def test_a_registry_that_is_missed_twice_is_noted_once_and_so_is_its_return():
    assert await Registries().looks(BOTH, ONE, BOTH, ONE) == []
    assert await Registries().looks(ONE, ONE, ONE) == [AWAY]
    assert await Registries().looks(ONE, ONE, BOTH, BOTH) == [AWAY, BACK]


async def test_while_none_of_them_answers_nothing_is_said_of_one():
    assert await Registries().looks(NONE, NONE, NONE) == []
    assert await Registries().looks(ONE, ONE, NONE, NONE, BOTH) == [AWAY, BACK]


async def test_what_was_noted_before_a_restart_is_not_noted_again_and_ends():
    assert await Registries(told=["b:5001"]).looks(ONE, ONE) == []
    assert await Registries(told=["b:5001"]).looks(BOTH) == [BACK]
    # It is not one of them any more.
    assert (await Registries(told=["c:5001"]).looks(BOTH)) == [MemberBack(role="registry", name="c:5001")]


@pytest.mark.parametrize(
    ("status", "why"), [(503, "it answered with HTTP status 503"), (401, WRONG_SERVICE_KEY)]
)
async def test_one_that_answers_and_cannot_do_its_work_is_away(status: int, why: str):
    (noted,) = await Registries().looks(*[(None, answered(status))] * 2)
    assert noted == MemberAway(role="registry", name="b:5001", why=why)
