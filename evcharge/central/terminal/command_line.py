"""What an operator types at Central's panel: a line becomes an Order, or a sentence that says why not. Pure."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from evcharge.domain.billing import parse_cents, typed_number
from evcharge.domain.errors import BadInput
from evcharge.domain.ids import natural, typed_id
from evcharge.domain.location import NOWHERE, Location
from evcharge.domain.own_limit import NO_LIMITS, OwnLimits, cut_off
from evcharge.labels import Speech
from evcharge.runtime.network_currency import currency

MOST_CHARACTERS = 300
MOST_REASON = 200
ALL = "all"
_ANY = "ANY"
# How the ids of sessions begin.
_SESSION = "S-"
_MOST_SESSION_ID = 96
_MOST_DIGITS = 15


class PanelVerb(StrEnum):
    """The commands of the panel."""

    OUT = "out"
    RESUME = "resume"
    REVOKE = "revoke"
    MOVE = "move"
    ROTATE = "rotate"
    START = "start"
    STOP = "stop"
    CLOSE_LOST = "close-lost"
    SESSIONS = "sessions"
    ALERTS = "alerts"
    CLOSE = "close"
    DRIVERS = "drivers"
    TOP_UP = "top-up"
    CORRECT = "correct"
    REFUND = "refund"
    PAY_OUT = "pay-out"
    HELP = "help"
    QUIT = "quit"


USAGE: Mapping[PanelVerb, str] = {
    PanelVerb.OUT: "out CP001 | out all",
    PanelVerb.RESUME: "resume CP001 | resume all",
    PanelVerb.REVOKE: "revoke CP001 | revoke D01",
    PanelVerb.MOVE: "move CP001 Alicante",
    PanelVerb.ROTATE: "rotate CP001",
    PanelVerb.START: "start CP001 D01 5 kWh",
    PanelVerb.STOP: "stop CP001 | stop S-1",
    PanelVerb.CLOSE_LOST: "close-lost CP001",
    PanelVerb.SESSIONS: "sessions",
    PanelVerb.ALERTS: "alerts",
    PanelVerb.CLOSE: "close CP001",
    PanelVerb.DRIVERS: "drivers",
    PanelVerb.TOP_UP: "top-up D01 20",
    PanelVerb.CORRECT: "correct D01 -5 REASON",
    PanelVerb.REFUND: "refund S-1 all REASON",
    PanelVerb.PAY_OUT: "pay-out D01 all REASON",
    PanelVerb.HELP: "help",
    PanelVerb.QUIT: "quit",
}
_TAKES_ALL = (PanelVerb.OUT, PanelVerb.RESUME)
_TAKES_NOTHING = (PanelVerb.SESSIONS, PanelVerb.ALERTS, PanelVerb.DRIVERS, PanelVerb.HELP, PanelVerb.QUIT)
_TWO = (PanelVerb.START, PanelVerb.TOP_UP, PanelVerb.MOVE)
_GOES_ON = (PanelVerb.START, PanelVerb.MOVE)
_MOVES_MONEY = (PanelVerb.CORRECT, PanelVerb.REFUND, PanelVerb.PAY_OUT)


@dataclass(frozen=True, slots=True)
class PanelOrder:
    """One understood command. `subject` is an id, or "" for all of them and for commands without one.

    `cents` None means everything there is. `driver_id` says for whom a charge is started, `limits` where it ends.
    `session_id` is the ticket that is put right; `registration` names the wallet of an earlier owner of the id.
    """

    verb: PanelVerb
    subject: str = ""
    cents: int | None = 0
    location: Location = NOWHERE
    session_id: str = ""
    registration: int | None = None
    reason: str = ""
    driver_id: str = ""
    limits: OwnLimits = NO_LIMITS


def parse(line: str, say: Speech) -> PanelOrder | None:
    """Return what `line` asks for; None when it is empty. Raises BadInput with the sentence to show."""
    line = line.strip()
    if not line:
        return None
    if len(line.splitlines()) > 1:
        raise BadInput(say("several lines"))
    if len(line) > MOST_CHARACTERS:
        raise BadInput(say("too long", most=MOST_CHARACTERS))
    if not line.replace("\t", " ").isprintable():
        raise BadInput(say("control characters"))
    word, *rest = line.split()
    verb = _verb(word, say)
    wanted = 0 if verb in _TAKES_NOTHING else 3 if verb in _MOVES_MONEY else 2 if verb in _TWO else 1
    # A location may have blanks, and so has a reason, or a limit.
    if len(rest) < wanted or (len(rest) > wanted and verb not in (*_GOES_ON, *_MOVES_MONEY)):
        raise BadInput(say("usage", usage=USAGE[verb]))
    match verb:
        case PanelVerb.MOVE:
            return PanelOrder(verb, _id(rest[0], say), location=_location(" ".join(rest[1:]), say))
        case PanelVerb.TOP_UP:
            return PanelOrder(verb, _id(rest[0], say), _cents(rest[1], say))
        case PanelVerb.CORRECT | PanelVerb.REFUND | PanelVerb.PAY_OUT:
            return _money(verb, rest, say)
        case PanelVerb.START:
            return _start(rest, say)
        case PanelVerb.STOP if rest[0].upper().startswith(_SESSION):
            return PanelOrder(verb, session_id=_session(rest[0], say))
        case _ if not rest or (verb in _TAKES_ALL and rest[0].lower() == ALL):
            return PanelOrder(verb)
        case _:
            return PanelOrder(verb, _id(rest[0], say))


def _start(words: Sequence[str], say: Speech) -> PanelOrder:
    """Read where, for whom, and after how much it is to end."""
    try:
        rest, limits = cut_off(" ".join(words), currency(), comma=say.lang == "es")
    except BadInput as problem:
        raise BadInput(say("bad limit", word=_shown(problem.text))) from None
    match rest.split():
        case [cp_id, driver_id]:
            at = "" if cp_id.upper() == _ANY else _id(cp_id, say)
            return PanelOrder(PanelVerb.START, at, driver_id=_id(driver_id, say), limits=limits)
        case _:
            raise BadInput(say("usage", usage=USAGE[PanelVerb.START]))


def _money(verb: PanelVerb, words: Sequence[str], say: Speech) -> PanelOrder:
    """Read whose money, how much, and why."""
    subject, amount, *why = words
    if verb is PanelVerb.CORRECT:
        sign = -1 if amount.startswith("-") else 1
        cents = sign * _cents(amount.removeprefix("-"), say)
        session_id = _session(why[0], say) if why[0].upper().startswith(_SESSION) else ""
        reason = _reason(why[1:] if session_id else why, verb, say)
        return PanelOrder(verb, _id(subject, say), cents, session_id=session_id, reason=reason)
    part = None if amount.lower() == ALL else _cents(amount, say)
    reason = _reason(why, verb, say)
    if verb is PanelVerb.REFUND:
        return PanelOrder(verb, cents=part, session_id=_session(subject, say), reason=reason)
    driver_id, slash, registration = subject.partition("/")
    if slash and not (
        registration.isascii() and registration.isdigit() and len(registration) <= _MOST_DIGITS
    ):
        raise BadInput(say("usage", usage=USAGE[verb]))
    whose = int(registration) if slash else None
    return PanelOrder(verb, _id(driver_id, say), part, registration=whose, reason=reason)


def completions(
    before: str, points: Iterable[str], drivers: Iterable[str], billed: Iterable[str] = (), most: int = 100
) -> tuple[int, list[str]]:
    """Return how many characters the word at the cursor has, and what it may become; `billed` are sessions."""
    *given, word = before.split(" ") if before else [""]
    given = [part for part in given if part]
    choices: Sequence[str]
    if not given:
        choices = list(PanelVerb)
    elif len(given) > 1 or given[0].lower() not in list(PanelVerb):
        choices = []
    else:
        verb = PanelVerb(given[0].lower())
        choices = {
            PanelVerb.OUT: [ALL, *sorted(points, key=natural)],
            PanelVerb.RESUME: [ALL, *sorted(points, key=natural)],
            PanelVerb.REVOKE: [*sorted(points, key=natural), *sorted(drivers, key=natural)],
            PanelVerb.MOVE: sorted(points, key=natural),
            PanelVerb.ROTATE: sorted(points, key=natural),
            PanelVerb.CLOSE: [*sorted(points, key=natural), *sorted(drivers, key=natural)],
            PanelVerb.START: ["any", *sorted(points, key=natural)],
            PanelVerb.STOP: sorted(points, key=natural),
            PanelVerb.CLOSE_LOST: sorted(points, key=natural),
            PanelVerb.TOP_UP: sorted(drivers, key=natural),
            PanelVerb.CORRECT: sorted(drivers, key=natural),
            PanelVerb.PAY_OUT: sorted(drivers, key=natural),
            PanelVerb.REFUND: list(billed),
        }.get(verb, [])
    found = [choice for choice in choices if choice.lower().startswith(word.lower())]
    return len(word), found[:most]


def help_page(say: Speech) -> list[str]:
    """Return the page that lists every command."""
    width = max(len(usage) for usage in USAGE.values())
    rows = [f"  {USAGE[verb]:<{width}}  {say(f'help {verb}')}" for verb in PanelVerb]
    return [say("help title"), *rows, "", say("help keys")]


def _verb(word: str, say: Speech) -> PanelVerb:
    try:
        return PanelVerb(word.lower())
    except ValueError:
        near = difflib.get_close_matches(word.lower(), list(PanelVerb), n=1)
        name = "unknown command, near" if near else "unknown command"
        raise BadInput(say(name, word=_shown(word), near=near[0] if near else "")) from None


def _id(word: str, say: Speech) -> str:
    try:
        return typed_id(word)
    except BadInput:
        raise BadInput(say("bad id", word=_shown(word))) from None


def _cents(word: str, say: Speech) -> int:
    try:
        return parse_cents(typed_number(word, comma=say.lang == "es"))
    except BadInput:
        raise BadInput(say("bad amount", word=_shown(word))) from None


def _session(word: str, say: Speech) -> str:
    if not word.upper().startswith(_SESSION) or not word.isascii() or len(word) > _MOST_SESSION_ID:
        raise BadInput(say("bad session", word=_shown(word)))
    return word


def _reason(words: Sequence[str], verb: PanelVerb, say: Speech) -> str:
    reason = " ".join(words)
    if not reason:
        raise BadInput(say("usage", usage=USAGE[verb]))
    if len(reason) > MOST_REASON:
        raise BadInput(say("long reason", most=MOST_REASON))
    return reason


def _location(words: str, say: Speech) -> Location:
    try:
        return Location.checked(words)
    except BadInput:
        raise BadInput(say("bad location")) from None


def _shown(word: str) -> str:
    return ascii(word if len(word) <= 24 else word[:24] + "…")
