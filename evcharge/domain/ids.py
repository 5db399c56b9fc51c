"""The names things go by: ids as types of their own, roles, and the one check at the door."""

import functools
import re
from enum import StrEnum
from typing import NewType

from evcharge.domain.errors import BadInput

CpId = NewType("CpId", str)
DriverId = NewType("DriverId", str)
SessionId = NewType("SessionId", str)
RequestId = NewType("RequestId", str)
JournalId = NewType("JournalId", str)

# The driver of drills. It gets no welcome credit: that is for people, and there is only so much of it.
DRILL_DRIVER = DriverId("DRILL-D")
# ASCII only and never empty: safe as a file name, a log field and a bound parameter. `\A..\Z`, because
# `$` would let a trailing newline through.
ID_PATTERN = r"\A[A-Z0-9_-]{1,32}\Z"
_ID = re.compile(ID_PATTERN)
_PARTS = re.compile(r"([^0-9]*)([0-9]*)")


class Role(StrEnum):
    """The role of a speaker. The first three are peers of Central's stream; the others act on Central itself.

    UNKNOWN has proved nothing: whatever it claims is a parameter of what it did.
    """

    ENGINE = "engine"
    MONITOR = "monitor"
    DRIVER = "driver"
    OPERATOR = "operator"
    ADMIN = "admin"
    VIEWER = "viewer"
    SERVICE = "service"
    WEATHER = "weather"
    CENTRAL = "central"
    REGISTRY = "registry"
    UNKNOWN = "unknown"


# Lists of ten thousand points are put in order again and again.
@functools.lru_cache(maxsize=1 << 15)
def natural(id_: str) -> tuple[tuple[str, int], ...]:
    """Return by what ids are in order for people: CP2 before CP10."""
    return tuple((text, int(digits or 0)) for text, digits in _PARTS.findall(id_)[:-1])


def typed_id(text: str, what: str = "id") -> str:
    """Return the id that a person typed, in either case and with blanks around it; raise BadInput naming `what`."""
    typed = text.strip()
    # Only of ASCII: "ß".upper() is two letters.
    return check_id(typed.upper() if typed.isascii() else typed, what)


def check_id(text: str, what: str = "id") -> str:
    """Return `text` when it is a well-formed id, else raise BadInput naming `what`."""
    if not _ID.match(text):
        shown = text if len(text) <= 40 else text[:40] + "…"
        raise BadInput(f"bad {what} {shown!a}: use 1 to 32 of A-Z, 0-9, _ and -")
    return text
