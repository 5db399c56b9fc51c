"""What goes into the audit log, and how a flood of the same becomes two rows a minute. Pure."""

import re

from msgspec import Struct, structs

WITHIN_S = 60.0
# Beyond so many sources within a minute, the rest are counted together.
MAX_SOURCES = 1000
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a1-\u02af\u0370-\u1fff]")


class AuditEntry(Struct, frozen=True):
    """One audit row before it gets its number, time and hash. Texts are made printable and short here."""

    who: str
    role: str
    address: str
    what: str
    target: str
    result: str
    detail: str = ""
    times: int = 1

    def __post_init__(self) -> None:
        for name in ("who", "role", "address", "what", "target", "result", "detail"):
            text = _UNPRINTABLE.sub("?", getattr(self, name))
            structs.force_setattr(self, name, text[:200])


class _Counted(Struct):
    entry: AuditEntry
    until: float
    times: int = 0
    targets_differ: bool = False


class Repeats:
    """Lets the first refusal of a source through at once, and counts its like for the rest of a minute.

    `now` is monotonic seconds.
    """

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str, str], _Counted] = {}

    def first(self, entry: AuditEntry, now: float) -> bool:
        """Return whether `entry` is to be written now; otherwise it has been counted."""
        key = (entry.address, entry.what, entry.result)
        if key not in self._counted and len(self._counted) >= MAX_SOURCES:
            key = ("many addresses", "", "")
            entry = structs.replace(entry, address=key[0], who="", what="requests refused", target="")
        counted = self._counted.get(key)
        if counted is None:
            self._counted[key] = _Counted(entry, now + WITHIN_S)
            return True
        counted.times += 1
        counted.targets_differ |= entry.target != counted.entry.target
        return False

    def due(self, now: float) -> list[AuditEntry]:
        """Return what was counted and whose minute is over, as rows with `times`."""
        over = [key for key, counted in self._counted.items() if now >= counted.until]
        done = [self._counted.pop(key) for key in over]
        return [_summed(counted) for counted in done if counted.times]

    def rest(self) -> list[AuditEntry]:
        """Return everything counted: the Registry is about to end."""
        return self.due(float("inf"))


def _summed(counted: _Counted) -> AuditEntry:
    if counted.targets_differ:
        return structs.replace(
            counted.entry, times=counted.times, who="various", target="various", detail="within a minute"
        )
    return structs.replace(counted.entry, times=counted.times, detail="within a minute")
