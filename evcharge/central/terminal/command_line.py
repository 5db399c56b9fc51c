"""What an operator types at Central's panel: a line becomes an Order, or a sentence that says why not. Pure."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from evcharge.domain.billing import SURE_CENTS, euros, parse_cents
from evcharge.domain.errors import BadInput
from evcharge.domain.ids import check_id
from evcharge.domain.location import check
from evcharge.labels import Speech

MOST_CHARACTERS = 200
ALL, YES = "all", "yes"


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
    TOP_UP = "top-up"
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
    Verb.TOP_UP: "top-up D01 20",
    Verb.HELP: "help",
    Verb.QUIT: "quit",
}
_TAKES_ALL = (Verb.OUT, Verb.RESUME)
_TAKES_NOTHING = (Verb.SESSIONS, Verb.ALERTS, Verb.HELP, Verb.QUIT)


@dataclass(frozen=True, slots=True)
class Order:
    """One understood command. `subject` is an id, or "" for all of them and for commands without one."""

    verb: Verb
    subject: str = ""
    cents: int = 0
    location: str = ""


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
    sure = verb is Verb.TOP_UP and len(rest) == 3 and rest[2].lower() == YES
    rest = rest[:2] if sure else rest
    wanted = 0 if verb in _TAKES_NOTHING else 2 if verb in (Verb.TOP_UP, Verb.MOVE) else 1
    # A location may have blanks.
    if len(rest) < wanted or (len(rest) > wanted and verb is not Verb.MOVE):
        raise BadInput(say("usage", usage=USAGE[verb]))
    if not rest:
        return Order(verb)
    if verb is Verb.MOVE:
        return Order(verb, _id(rest[0], say), location=_location(" ".join(rest[1:]), say))
    if verb in _TAKES_ALL and rest[0].lower() == ALL:
        return Order(verb)
    if verb is not Verb.TOP_UP:
        return Order(verb, _id(rest[0], say))
    subject, cents = _id(rest[0], say), _cents(rest[1], say)
    if cents > SURE_CENTS and not sure:
        raise BadInput(say("surely", amount=euros(cents), most=euros(SURE_CENTS), line=f"{line} {YES}"))
    return Order(verb, subject, cents)


def completions(
    before: str, points: Iterable[str], drivers: Iterable[str], most: int = 100
) -> tuple[int, list[str]]:
    """Return how many characters the word at the cursor has, and what it may become."""
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


def _location(words: str, say: Speech) -> str:
    try:
        return check(words)
    except BadInput:
        raise BadInput(say("bad location")) from None


def _shown(word: str) -> str:
    return ascii(word if len(word) <= 24 else word[:24] + "…")
