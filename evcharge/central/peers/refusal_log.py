"""What was refused at the door, for the audit log: one row at once, then the last one a minute per source and kind."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from msgspec import structs

from evcharge.central.rules.alert_kinds import NOT_UNDERSTOOD
from evcharge.central.rules.commands import Actor, AnyCommand, Note
from evcharge.domain.errors import Code, EvchargeError
from evcharge.domain.events import (
    DriverConnected,
    EngineConnected,
    Event,
    FiguresUnderstood,
    InputRefused,
    LoginRefused,
    MonitorSpoke,
)
from evcharge.domain.ids import Role
from evcharge.labels import Phrase, Saying, meaning, phrase
from evcharge.labels.central import said

log = logging.getLogger(__name__)

# Kinds of refusal that are counted at the same time: a flood from many addresses must not fill memory.
_MOST_KINDS = 1024
# So many names a minute are believed of one address that has no ticket; a computer may run a street of them.
_MOST_CLAIMS = 64
UNKNOWN = "unknown"


@dataclass(slots=True)
class _Repeats:
    actor: Actor
    event: InputRefused | LoginRefused
    times: int = 0


class Refusals:
    """Counts refusals; `post` takes the commands that write them into the audit log."""

    def __init__(self, post: Callable[[AnyCommand], object]) -> None:
        self._post = post
        # Whose messages made no sense: when they do again, that is said, too.
        self._undecodable: set[str] = set()
        self._repeats: dict[tuple[str, ...], _Repeats] = {}
        # Who was named without a ticket, by address, within this minute.
        self._claims: dict[str, set[str]] = {}

    def login(
        self, claimed: str, role: Role | None, address: str, problem: EvchargeError, *, proven: bool = False
    ) -> None:
        """Somebody at `address` did not prove to be `claimed`, or did (`proven`) and is not let in all the same."""
        if problem.code is Code.TICKET and not self._hears(claimed, address):
            claimed, role = "", None
        own_word = "" if proven or role is None else role.value
        event = LoginRefused(claimed=claimed[:40], code=problem.code, text=problem.text[:200], role=own_word)
        self._note(_actor(claimed, role, address, proven=proven), claimed, role, event)

    def _hears(self, claimed: str, address: str) -> bool:
        """Whether a name without a ticket gets a row of its own: whoever makes up names fills no books."""
        whence = _whence(address)
        if whence not in self._claims and len(self._claims) >= _MOST_KINDS:
            return False
        names = self._claims.setdefault(whence, set())
        if len(names) < _MOST_CLAIMS:
            names.add(claimed)
        return claimed in names

    def input(
        self, who: str, role: Role, address: str, problem: EvchargeError, *, proven: bool = True
    ) -> None:
        """A known peer sent what it may not, or somebody did in its name (not `proven`)."""
        event = InputRefused(code=problem.code, text=problem.text[:200], who=who[:40])
        self._note(_actor(who, role, address, proven=proven), who, role, event)

    def _note(self, actor: Actor, who: str, role: Role | None, event: InputRefused | LoginRefused) -> None:
        who = who[:40] or UNKNOWN
        key: tuple[str, ...] = (type(event).__name__, who, _whence(actor.address), event.code)
        known = self._repeats.get(key)
        if known is None and len(self._repeats) >= _MOST_KINDS:
            key = ("overflow",)
            known = self._repeats.get(key)
        if known is not None:
            known.actor, known.event, known.times = actor, event, known.times + 1
            return
        self._repeats[key] = _Repeats(actor, event)
        log.warning("%s", self._sentence(who, role, actor.address, event))
        self._post(Note(by=actor, event=event))

    def _sentence(
        self, who: str, role: Role | None, address: str, event: InputRefused | LoginRefused
    ) -> Saying:
        # An operator who orders over Kafka has no connection that could be lost.
        if event.code in NOT_UNDERSTOOD and role is not Role.OPERATOR:
            if who != UNKNOWN and len(self._undecodable) < _MOST_KINDS:
                self._undecodable.add(who)
            named = who if who != UNKNOWN else _whence(address)
            sentence = phrase(Phrase.NOT_UNDERSTOOD, cp_id=named)
            return said("not understood from", sentence=sentence, address=address, code=event.code)
        text = meaning(event.code, event.text)
        return said("refused at the door", who=who, address=address, code=event.code, text=text)

    def on_event(self, event: Event) -> None:
        """Say so when somebody is understood again."""
        match event:
            case EngineConnected() | MonitorSpoke() | FiguresUnderstood():
                who: str = event.cp_id
            case DriverConnected():
                who = event.driver_id
            case _:
                return
        if who in self._undecodable:
            self._undecodable.discard(who)
            log.info("%s", phrase(Phrase.UNDERSTOOD_AGAIN, cp_id=who))

    def flush(self) -> None:
        """Write the last of each kind that was repeated since, and how often; call it once a minute."""
        repeats, self._repeats = self._repeats, {}
        self._claims.clear()
        for known in repeats.values():
            if known.times:
                self._post(Note(by=known.actor, event=structs.replace(known.event, times=known.times)))


def _whence(address: str) -> str:
    """Return `address` without its port, which every connection changes; a topic of Kafka has none."""
    host, _, port = address.rpartition(":")
    return host if port.isdigit() else address


def _actor(who: str, role: Role | None, address: str, *, proven: bool) -> Actor:
    """Return who the audit log says it was: nobody is named there who has not proved it."""
    if proven and role is not None:
        return Actor(who[:40], role, address)
    return Actor(UNKNOWN, Role.UNKNOWN, address)
