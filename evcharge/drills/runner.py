"""Runs drills: one step after the other, aloud; what is so is looked up, and all is put back at the end."""

from collections.abc import Callable, Sequence
from pathlib import Path

from evcharge.domain.errors import EvchargeError
from evcharge.drills import stage as stages
from evcharge.drills.course import Drill, DrillReport, DrillVerdict, Need, StepReport
from evcharge.drills.mending import Mender
from evcharge.drills.stage import Stage
from evcharge.drills.wording import DrillWords
from evcharge.operator.client import OperatorClient
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import Config

WITHIN_S = 40.0


def not_run(
    drills: Sequence[Drill], need: Need, words: DrillWords, tell: Callable[[str], None]
) -> list[DrillReport]:
    """Say of `drills` what this machine lacks for a network on which they could be run."""
    began_at = f"{utc_now():%Y-%m-%d %H:%M:%S} UTC"
    reports = []
    for drill in drills:
        tell(words.title(drill))
        verdict, why = DrillVerdict.NOT_RUN, words.lacks(need)
        reports.append(DrillReport(drill=drill, verdict=verdict, began_at=began_at, why=why))
        tell(words.verdict(reports[-1]))
    return reports


async def run(
    drills: Sequence[Drill],
    config: Config,
    api: OperatorClient,
    mender: Mender,
    words: DrillWords,
    tell: Callable[[str], None],
    within_s: float | None,
    room: Path,
    *,
    passing: bool = False,
) -> list[DrillReport]:
    """Run `drills` on the network of `config`, each thing within `within_s` seconds; return what became of them.

    Without `within_s`, what has a limit of its own has that, the rest some time. A `passing` network ends with them:
    who interrupts them does not wait until it is as it was.
    They keep files in `room`, and what they break in the list of `mender`, until they have put it right.
    """
    return [
        await _run(drill, config, api, mender, words, tell, within_s, room, passing=passing)
        for drill in drills
    ]


async def _run(
    drill: Drill,
    config: Config,
    api: OperatorClient,
    mender: Mender,
    words: DrillWords,
    tell: Callable[[str], None],
    within_s: float | None,
    room: Path,
    *,
    passing: bool,
) -> DrillReport:
    tell(words.title(drill))
    began_at = f"{utc_now():%Y-%m-%d %H:%M:%S} UTC"
    steps: list[StepReport] = []
    why, is_run = "", True
    try:
        async with stages.staged(config, api, mender, room, drill, passing=passing) as stage:
            if isinstance(stage, Need):
                why, is_run = words.lacks(stage), False
            else:
                await _play(drill, stage, words, tell, within_s, steps)
    except* EvchargeError as problems:
        why = _first(problems).text
    passed = (
        is_run
        and not why
        and len(steps) == len(drill.steps)
        and all(seen.holds for step in steps for seen in step.seen)
    )
    verdict = DrillVerdict.NOT_RUN if not is_run else DrillVerdict.PASSED if passed else DrillVerdict.FAILED
    report = DrillReport(drill=drill, verdict=verdict, began_at=began_at, steps=tuple(steps), why=why)
    tell(words.verdict(report))
    return report


async def _play(
    drill: Drill,
    stage: Stage,
    words: DrillWords,
    tell: Callable[[str], None],
    within_s: float | None,
    steps: list[StepReport],
) -> None:
    for number, step in enumerate(drill.steps, 1):
        for line in words.announced(number, step):
            tell(line)
        await stage.does(step.act)
        seen = []
        for expectation in step.expects:
            limit_s = within_s or expectation.within_s or WITHIN_S
            seen.append(await stage.becomes(expectation, limit_s))
            tell(words.seen(seen[-1]))
        steps.append(StepReport(step=step, seen=tuple(seen)))
        if not all(one.holds for one in seen):
            return


def _first(problems: BaseExceptionGroup[EvchargeError]) -> EvchargeError:
    leaf: BaseException = problems
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    assert isinstance(leaf, EvchargeError)
    return leaf
