"""What hands do at a charging point, by itself: a file of timed steps, or automatic plugging. Pure.

One step a line; `#` begins a comment:

    2.0 plug                      two seconds after the engine has started
    10 unplug
    12 break                      simulate a fault (KO), until mend
    15 mend
    after authorised 1.5 plug     each time, 1.5 s after a session was authorised
    after started 30 unplug       each time, 30 s after power began to flow
    after ended 2 plug            each time, 2 s after a session ended or was refused
    17 manual D01                 ask Central to let driver D01 charge here, who must confirm it
    18 manual D01 4711            the same, allowed by the PIN of D01
    20 stop                       stop the engine, as Ctrl+C does

`ko` and `ok` are other words for break and mend.

An "after" step that is still waiting when the next session is authorised is dropped: it belonged to the last.
"""

import heapq
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from evcharge.cp.engine.charge import PlanMoment
from evcharge.domain.errors import BadInput, ConfigError
from evcharge.domain.ids import DriverId, typed_id

MAX_WAIT_S = 7 * 86_400.0


class Action(StrEnum):
    """What a hand can do."""

    PLUG = "plug"
    UNPLUG = "unplug"
    BREAK = "break"
    MEND = "mend"
    MANUAL = "manual"
    STATUS = "status"
    FAULTS = "faults"
    STOP = "stop"


_ALIASES = {"ko": Action.BREAK, "ok": Action.MEND, "quit": Action.STOP}


_Kind = TypeVar("_Kind", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class HandOrder:
    """What a hand does; `driver_id` is whose charge a manual start asks for, `pin` by what it is allowed."""

    action: Action
    driver_id: DriverId | None = None
    pin: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PlanStep:
    """Do `order` `wait_s` seconds after `moment`; None is the start of the engine."""

    moment: PlanMoment | None
    wait_s: float
    order: HandOrder


def parse(text: str, name: str = "plan") -> list[PlanStep]:
    """Return the steps of a plan. Raises ConfigError that names the line and what is wrong with it."""
    steps = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            steps.append(_step(words))
        except ValueError as problem:
            raise ConfigError(f"{name} line {number}: {problem}") from None
    return steps


def order(words: list[str]) -> HandOrder:
    """Return what `words` (at least one) want. Raises ValueError with what is wrong with them."""
    word = words[0].lower()
    action = _ALIASES.get(word) or _one_of(Action, word, "an action is")
    if action is Action.MANUAL:
        if len(words) not in (2, 3):
            raise ValueError(
                'a manual start names its driver, such as "manual D01" or, with a PIN, "manual D01 4711"'
            )
        return HandOrder(action, _driver(words[1]), pin(words[2]) if len(words) == 3 else None)
    if len(words) != 1:
        raise ValueError(f"{action} takes nothing after it, but there is {words[1][:20]!a}")
    return HandOrder(action)


def _driver(word: str) -> DriverId:
    try:
        return DriverId(typed_id(word, "driver id"))
    except BadInput as problem:
        raise ValueError(problem.text) from None


def pin(word: str) -> str:
    """Return a PIN. Raises ValueError without repeating what was typed."""
    if not (word.isascii() and word.isdecimal() and 4 <= len(word) <= 12):
        raise ValueError("a PIN has 4 to 12 digits")
    return word


def _step(words: list[str]) -> PlanStep:
    moment = None
    if words[0] == "after":
        moment = _one_of(PlanMoment, words[1] if len(words) > 1 else "", "after")
        words = words[2:]
    if len(words) < 2:
        raise ValueError('a step is SECONDS ACTION, such as "2.0 plug" or "after authorised 1.5 plug"')
    return PlanStep(moment, _seconds(words[0]), order(words[1:]))


def _seconds(word: str) -> float:
    try:
        wait_s = float(word)
    except ValueError:
        wait_s = -1.0
    if not 0 <= wait_s <= MAX_WAIT_S:
        raise ValueError(f"{word[:20]!a} is not a number of seconds from 0 to {MAX_WAIT_S:.0f}")
    return wait_s


def _one_of(kind: type[_Kind], word: str, lead: str) -> _Kind:
    try:
        return kind(word)
    except ValueError:
        raise ValueError(f"{lead} one of {', '.join(kind)}, not {word[:20]!a}") from None


def automatic(auto_plug_s: float | None, auto_unplug_s: float | None) -> list[PlanStep]:
    """Return the steps of automatic plugging; without `auto_unplug_s` the car goes when its session has ended."""
    if auto_plug_s is None:
        return []
    plug, unplug = HandOrder(Action.PLUG), HandOrder(Action.UNPLUG)
    steps = [PlanStep(PlanMoment.AUTHORISED, auto_plug_s, plug), PlanStep(PlanMoment.ENDED, 0.0, unplug)]
    if auto_unplug_s is not None:
        steps.append(PlanStep(PlanMoment.STARTED, auto_unplug_s, unplug))
    return steps


class Plan:
    """Steps that wait for their time. Times are seconds of one steady clock."""

    def __init__(self, steps: list[PlanStep], now_s: float) -> None:
        """The engine starts at `now_s`."""
        self._steps = steps
        # (due, count, moment, order): steps of the same instant keep the order of the file.
        self._waiting: list[tuple[float, int, PlanMoment | None, HandOrder]] = []
        self._count = 0
        self._add(None, now_s)

    @property
    def next_at_s(self) -> float | None:
        """When the next step is due."""
        return self._waiting[0][0] if self._waiting else None

    def happened(self, moment: PlanMoment, now_s: float) -> None:
        """Something happened that steps may wait for."""
        if moment is PlanMoment.AUTHORISED:
            self._waiting = [entry for entry in self._waiting if entry[2] is None]
            heapq.heapify(self._waiting)
        self._add(moment, now_s)

    def due(self, now_s: float) -> list[HandOrder]:
        """Take out and return what is to be done by now, in order."""
        orders = []
        while self._waiting and self._waiting[0][0] <= now_s:
            orders.append(heapq.heappop(self._waiting)[3])
        return orders

    def _add(self, moment: PlanMoment | None, now_s: float) -> None:
        for step in self._steps:
            if step.moment is moment:
                self._count += 1
                heapq.heappush(self._waiting, (now_s + step.wait_s, self._count, moment, step.order))
