"""What a person tells the weather service: a line becomes an Order, or a sentence that says why not. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from evcharge.domain.errors import BadInput
from evcharge.domain.ids import check_id
from evcharge.domain.location import NOWHERE, Location
from evcharge.labels import Speech


class MenuVerb(StrEnum):
    """What can be done."""

    ADD = "add"
    DROP = "drop"
    CHANGE = "change"
    MOVE = "move"
    LIST = "list"
    FAULTS = "faults"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class MenuOrder:
    """What is to be done; `what` is a city or a location, `where` what it, or a charging point, is to be."""

    verb: MenuVerb
    what: Location = NOWHERE
    where: Location = NOWHERE
    cp_id: str = ""


def parse(line: str, say: Speech) -> MenuOrder | None:
    """Return the order of a line, None for an empty one. Raises BadInput with a sentence."""
    word, _, rest = " ".join(line.split()).partition(" ")
    if not word:
        return None
    try:
        verb = MenuVerb(word.lower())
    except ValueError:
        raise BadInput(say("help")) from None
    match verb:
        case MenuVerb.ADD | MenuVerb.DROP:
            return MenuOrder(verb, checked(rest, say))
        case MenuVerb.CHANGE:
            what, _, where = rest.partition("=")
            return MenuOrder(verb, checked(what, say), checked(where, say))
        case MenuVerb.MOVE:
            cp_id, _, where = rest.partition(" ")
            return MenuOrder(verb, cp_id=checked_cp(cp_id, say), where=checked(where, say))
        case _ if rest:
            raise BadInput(say("help"))
        case _:
            return MenuOrder(verb)


def checked(name: str, say: Speech) -> Location:
    """Return the location that somebody typed. Raises BadInput."""
    try:
        return Location.checked(name)
    except BadInput:
        raise BadInput(say("bad city")) from None


def checked_cp(cp_id: str, say: Speech) -> str:
    """Return the name of a charging point. Raises BadInput."""
    try:
        return check_id(cp_id.strip().upper())
    except BadInput:
        raise BadInput(say("bad cp", cp_id=ascii(cp_id)[1:-1][:40] or "?")) from None
