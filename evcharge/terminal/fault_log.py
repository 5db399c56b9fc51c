"""What went wrong and when it was all right again: a list that can be read later. Pure."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from evcharge.domain.local_time import here

MOST = 200


@dataclass(slots=True)
class LoggedFault:
    """One fault from its begin to its end."""

    what: str
    since: datetime
    restored: datetime | None = None


class FaultLog:
    """The latest troubles, one open at a time for each `source`."""

    def __init__(self) -> None:
        self._all: deque[LoggedFault] = deque(maxlen=MOST)
        self._open: dict[str, LoggedFault] = {}

    @property
    def newest_first(self) -> list[LoggedFault]:
        """Every trouble that is remembered."""
        return list(reversed(self._all))

    def note(self, source: str, what: str | None, at: datetime) -> None:
        """`source` is in trouble (`what`), or is well (None). The same trouble in other words is one trouble."""
        trouble = self._open.get(source)
        if what is None:
            if trouble is not None:
                trouble.restored = at
                del self._open[source]
        elif trouble is not None:
            trouble.what = what
        else:
            trouble = self._open[source] = LoggedFault(what, at)
            self._all.append(trouble)


def told(troubles: Sequence[LoggedFault], words: Callable[..., str]) -> list[str]:
    """Return the list in a room's `words`, each trouble with its begin and, when it is over, its end."""
    lines = []
    for trouble in troubles:
        over = f", {words('restored', at=clock(trouble.restored))}" if trouble.restored else ""
        lines.append(f"{words('since', at=clock(trouble.since))}{over}: {trouble.what}")
    return lines or [words("no faults")]


def clock(at: datetime, zone: tzinfo | None = None) -> str:
    """Return an instant as the time of day here, or in `zone`."""
    return f"{here(at, zone):%H:%M:%S}"
