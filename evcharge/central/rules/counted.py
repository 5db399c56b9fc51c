"""Facts that one source can say as often as it likes: of each minute the first few are kept in full, and the last one
with how many it stands for. Pure.

So a source that floods Central writes a few rows a minute, however much it says.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from msgspec import structs

from evcharge.central.rules.commands import CENTRAL, Actor
from evcharge.domain.events import EngineConnected, Event, RecordQuarantined, StartRefused, StraySupply

# Per kind, source and minute: more than a person or a healthy program causes.
IN_FULL = 10
# What comes to nothing, from one source in one minute: whoever says more is cut off.
MOST_USELESS = 600
# Kinds of facts that are counted at the same time: a flood from many sources must not fill memory.
MOST_KINDS = 1024

CountedEvent = RecordQuarantined | StraySupply | StartRefused
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """How often something was said this minute; the last of what was only counted, and how many that were."""

    by: Actor
    in_full: int = 0
    last: CountedEvent | None = None
    times: int = 0
    useless: int = 0


class CountedFacts:
    """What every source has said this minute."""

    def __init__(self) -> None:
        self._said: dict[_Key, _Said] = {}

    def draft(self) -> "CountDraft":
        """Return a count on top of this one, for facts that are about to be stored."""
        return CountDraft(self._said)

    def take(self, draft: "CountDraft") -> list[Actor]:
        """Take in what was stored; return the sources that have now said too much that comes to nothing."""
        before = self._said
        flooding = [
            said.by
            for key, said in draft.said.items()
            if said.useless > MOST_USELESS and (key not in before or before[key].useless <= MOST_USELESS)
        ]
        before.update(draft.said)
        return flooding

    def due(self) -> Iterator[tuple[Actor, CountedEvent]]:
        """Begin another minute; yield what was only counted in the one before, with `times`."""
        said, self._said = self._said, {}
        for one in said.values():
            if one.last is not None:
                yield one.by, structs.replace(one.last, times=one.times)


class CountDraft:
    """Counts the facts of one batch."""

    def __init__(self, beneath: dict[_Key, _Said]) -> None:
        self._beneath = beneath
        self.said: dict[_Key, _Said] = {}

    def kept(self, by: Actor, events: Iterable[Event]) -> tuple[Event, ...]:
        """Return those of `events` that are to be stored in full now; the others are counted."""
        return tuple(event for event in events if self._keeps(by, event))

    def _keeps(self, by: Actor, event: Event) -> bool:
        if isinstance(event, EngineConnected):
            # Over this connection nobody has told it yet to stop.
            key = _key(by, StraySupply.__name__)
            self.said[key] = replace(self._said_before(key, by), in_full=0)
        if not isinstance(event, CountedEvent):
            return True
        key = _key(by, type(event).__name__, event.code if isinstance(event, StartRefused) else "")
        if not self._knows(key) and len(self._beneath) + len(self.said) >= MOST_KINDS:
            by = CENTRAL
            key = _key(by, type(event).__name__)
        said = self._said_before(key, by)
        said = replace(said, by=by, useless=said.useless + (by is not CENTRAL and _is_useless(event)))
        in_full = said.in_full < IN_FULL
        if in_full:
            self.said[key] = replace(said, in_full=said.in_full + 1)
        else:
            self.said[key] = replace(said, last=event, times=said.times + 1)
        return in_full

    def _knows(self, key: _Key) -> bool:
        return key in self.said or key in self._beneath

    def _said_before(self, key: _Key, by: Actor) -> _Said:
        return self.said.get(key) or self._beneath.get(key) or _Said(by)


def _is_useless(event: CountedEvent) -> bool:
    match event:
        case RecordQuarantined():
            return not event.kept
        case StartRefused():
            return True
        case _:
            return False


def _key(by: Actor, kind: str, code: str = "") -> _Key:
    return kind, by.role, by.id, code
