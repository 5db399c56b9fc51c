"""What an operator types at Central's panel: a line becomes an Order, or a sentence that says why not. Pure."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from evcharge.domain.billing import parse_cents
from evcharge.domain.errors import BadInput
from evcharge.domain.ids import check_id
from evcharge.domain.location import NOWHERE, Location
from evcharge.labels import Speech

MOST_CHARACTERS = 300
MOST_REASON = 200
ALL = "all"
# How the ids of sessions begin.
_SESSION = "S-"
_MOST_SESSION_ID = 96
_MOST_DIGITS = 15


class Verb(StrEnum):
    """The commands of the panel."""

    OUT = "out"
    RESUME = "resume"
    REVOKE = "revoke"
    MOVE = "move"
    ROTATE = "rotate"
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


USAGE: Mapping[Verb, str] = {
    Verb.OUT: "out CP001 | out all",
    Verb.RESUME: "resume CP001 | resume all",
    Verb.REVOKE: "revoke CP001 | revoke D01",
    Verb.MOVE: "move CP001 Alicante",
    Verb.ROTATE: "rotate CP001",
    Verb.CLOSE_LOST: "close-lost CP001",
    Verb.SESSIONS: "sessions",
    Verb.ALERTS: "alerts",
    Verb.CLOSE: "close CP001",
    Verb.DRIVERS: "drivers",
    Verb.TOP_UP: "top-up D01 20",
    Verb.CORRECT: "correct D01 -5 REASON",
    Verb.REFUND: "refund S-1 all REASON",
    Verb.PAY_OUT: "pay-out D01 all REASON",
    Verb.HELP: "help",
    Verb.QUIT: "quit",
}
_TAKES_ALL = (Verb.OUT, Verb.RESUME)
_TAKES_NOTHING = (Verb.SESSIONS, Verb.ALERTS, Verb.DRIVERS, Verb.HELP, Verb.QUIT)
_TWO = (Verb.TOP_UP, Verb.MOVE)
_MOVES_MONEY = (Verb.CORRECT, Verb.REFUND, Verb.PAY_OUT)


@dataclass(frozen=True, slots=True)
class Order:
    """One understood command. `subject` is an id, or "" for all of them and for commands without one.

    `cents` None is all that there is. `session_id` is the ticket that is put right; `registration` names the wallet of
    an earlier owner of the id.
    """

    verb: Verb
    subject: str = ""
    cents: int | None = 0
    location: Location = NOWHERE
    session_id: str = ""
    registration: int | None = None
    reason: str = ""


def parse(line: str, say: Speech) -> Order | None:
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
    # A location may have blanks, and so has a reason.
    if len(rest) < wanted or (len(rest) > wanted and verb not in (Verb.MOVE, *_MOVES_MONEY)):
        raise BadInput(say("usage", usage=USAGE[verb]))
    match verb:
        case Verb.MOVE:
            return Order(verb, _id(rest[0], say), location=_location(" ".join(rest[1:]), say))
        case Verb.TOP_UP:
            return Order(verb, _id(rest[0], say), _cents(rest[1], say))
        case Verb.CORRECT | Verb.REFUND | Verb.PAY_OUT:
            return _money(verb, rest, say)
        case _ if not rest or (verb in _TAKES_ALL and rest[0].lower() == ALL):
            return Order(verb)
        case _:
            return Order(verb, _id(rest[0], say))


def _money(verb: Verb, words: Sequence[str], say: Speech) -> Order:
    """Read whose money, how much, and why."""
    subject, amount, *why = words
    if verb is Verb.CORRECT:
        sign = -1 if amount.startswith("-") else 1
        cents = sign * _cents(amount.removeprefix("-"), say)
        session_id = _session(why[0], say) if why[0].upper().startswith(_SESSION) else ""
        reason = _reason(why[1:] if session_id else why, verb, say)
        return Order(verb, _id(subject, say), cents, session_id=session_id, reason=reason)
    part = None if amount.lower() == ALL else _cents(amount, say)
    reason = _reason(why, verb, say)
    if verb is Verb.REFUND:
        return Order(verb, cents=part, session_id=_session(subject, say), reason=reason)
    driver_id, slash, registration = subject.partition("/")
    if slash and not (
        registration.isascii() and registration.isdigit() and len(registration) <= _MOST_DIGITS
    ):
        raise BadInput(say("usage", usage=USAGE[verb]))
    whose = int(registration) if slash else None
    return Order(verb, _id(driver_id, say), part, registration=whose, reason=reason)


def completions(
    before: str, points: Iterable[str], drivers: Iterable[str], billed: Iterable[str] = (), most: int = 100
) -> tuple[int, list[str]]:
    """Return how many characters the word at the cursor has, and what it may become; `billed` are sessions."""
    *given, word = before.split(" ") if before else [""]
    given = [part for part in given if part]
    choices: Sequence[str]
    if not given:
        choices = list(Verb)
    elif len(given) > 1 or given[0].lower() not in list(Verb):
        choices = []
    else:
        verb = Verb(given[0].lower())
        choices = {
            Verb.OUT: [ALL, *sorted(points)],
            Verb.RESUME: [ALL, *sorted(points)],
            Verb.REVOKE: [*sorted(points), *sorted(drivers)],
            Verb.MOVE: sorted(points),
            Verb.ROTATE: sorted(points),
            Verb.CLOSE: [*sorted(points), *sorted(drivers)],
            Verb.CLOSE_LOST: sorted(points),
            Verb.TOP_UP: sorted(drivers),
            Verb.CORRECT: sorted(drivers),
            Verb.PAY_OUT: sorted(drivers),
            Verb.REFUND: list(billed),
        }.get(verb, [])
    found = [choice for choice in choices if choice.lower().startswith(word.lower())]
    return len(word), found[:most]


def help_page(say: Speech) -> list[str]:
    """Return the page that lists every command."""
    width = max(len(usage) for usage in USAGE.values())
    rows = [f"  {USAGE[verb]:<{width}}  {say(f'help {verb}')}" for verb in Verb]
    return [say("help title"), *rows, "", say("help keys")]


def _verb(word: str, say: Speech) -> Verb:
    try:
        return Verb(word.lower())
    except ValueError:
        near = difflib.get_close_matches(word.lower(), list(Verb), n=1)
        name = "unknown command, near" if near else "unknown command"
        raise BadInput(say(name, word=_shown(word), near=near[0] if near else "")) from None


def _id(word: str, say: Speech) -> str:
    try:
        return check_id(word.upper() if word.isascii() else word)
    except BadInput:
        raise BadInput(say("bad id", word=_shown(word))) from None


def _cents(word: str, say: Speech) -> int:
    try:
        return parse_cents(word)
    except BadInput:
        raise BadInput(say("bad amount", word=_shown(word))) from None


def _session(word: str, say: Speech) -> str:
    if not word.upper().startswith(_SESSION) or not word.isascii() or len(word) > _MOST_SESSION_ID:
        raise BadInput(say("bad session", word=_shown(word)))
    return word


def _reason(words: Sequence[str], verb: Verb, say: Speech) -> str:
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
