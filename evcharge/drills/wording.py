"""What a drill says, line by line, in the language of whoever watches. Pure."""

from collections.abc import Sequence

from evcharge import labels
from evcharge.domain.charging_point import CpStatus
from evcharge.drills.course import (
    Drill,
    DrillReport,
    DrillVerdict,
    Expectation,
    Need,
    Proof,
    Screen,
    Seen,
    Step,
)
from evcharge.labels import Speech
from evcharge.labels.causes import cause
from evcharge.labels.command_errors import translated
from evcharge.labels.drills import SENTENCES


class DrillWords:
    """The sentences of drills with `cp_id` and `driver_id` in them."""

    def __init__(self, lang: str, cp_id: str, driver_id: str) -> None:
        self._say = Speech(SENTENCES, lang)
        self.lang = self._say.lang
        self._who = {"cp": cp_id, "driver": driver_id}

    def __call__(self, name: str, **values: object) -> str:
        """Return any other sentence of this room."""
        return self._say(name, **self._who, **values)

    def title(self, drill: Drill) -> str:
        """Return what a drill shows."""
        return f"== {drill.name}: {self(f't {drill.name}')}"

    def does(self, step: Step) -> str:
        """Return what a step does."""
        return self(f"a {step.act}")

    def look(self, step: Step) -> str:
        """Return where to look, and what is seen there."""
        screens = ", ".join(self.screen(screen) for screen in step.look)
        return f"{screens}: {self(f'l {step.act}')}"

    def screen(self, screen: Screen) -> str:
        """Return what a screen is called."""
        return self(f"s {screen}")

    def announced(self, number: int, step: Step) -> list[str]:
        """Return the lines that stand before a step."""
        return [f"{number}. {self.does(step)}", f"   {self('look')} {self.look(step)}"]

    def expected(self, wanted: Expectation) -> str:
        """Return what must become so."""
        value = wanted.value
        if wanted.proof is Proof.STATUS:
            value = labels.status(CpStatus(value), self.lang)
        elif wanted.proof in (Proof.ALERT, Proof.NO_ALERT):
            value = value.format(**self._who)
        return self(f"e {wanted.proof}", value=value)

    def seen(self, seen: Seen, between: str = "  ") -> str:
        """Return what became of it; `between` stands after the verdict."""
        mark = self("v passed" if seen.holds else "v failed")
        line = f"   {mark}{between}{self.expected(seen.expectation)} ({seen.seconds:.1f} s)"
        return line if seen.holds else f"{line}: {self('instead', what=cause(seen.what, self.lang))}"

    def lacks(self, need: Need) -> str:
        """Return why a drill is not run."""
        return self(f"n {need}")

    def counts(self, reports: Sequence[DrillReport]) -> str:
        """Return how many ended how."""
        count = {one: sum(report.verdict is one for report in reports) for one in DrillVerdict}
        passed, failed = count[DrillVerdict.PASSED], count[DrillVerdict.FAILED]
        return self("sum", passed=passed, failed=failed, left=count[DrillVerdict.NOT_RUN])

    def verdict(self, report: DrillReport) -> str:
        """Return how a drill ended."""
        why = f": {translated(report.why, self.lang)}" if report.why else ""
        return f"{report.drill.name}: {self(f'v {report.verdict}')}{why}"
