"""The time zone of the network: by its name in the tz database, else that of this computer."""

import os
import re
import time
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from evcharge.domain.errors import BadInput

# Beside the zones lie lists of other kinds, and zones that count leap seconds.
_NAME = re.compile(r"(?!posix/|right/|posixrules\Z|localtime\Z|Factory\Z)[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
_UTC_NAMES = ("UTC", "Etc/UTC")
_LOCALTIME, _DEBIAN_NAME = Path("/etc/localtime"), Path("/etc/timezone")
_DATABASE = "zoneinfo/"


def zone(name: str) -> tzinfo:
    """Return the time zone of that name, such as "Europe/Madrid". Raises BadInput when this computer has none."""
    if name in _UTC_NAMES:
        return UTC  # known to a computer without a database, too
    try:
        if not _NAME.fullmatch(name):
            raise ValueError(name)
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        raise BadInput(f"this computer has no time zone {name!a}") from None


def adopt(name: str) -> None:
    """Let this process tell every instant by the clocks of that zone. Raises BadInput when this computer has none."""
    zone(name)
    os.environ["TZ"] = name
    time.tzset()


def own_name() -> str | None:
    """Return the name of this computer's time zone, or None when it has none that can be found."""
    given = os.environ.get("TZ")
    if given is not None:
        candidates = [_after_database(given.removeprefix(":"))]
    elif _LOCALTIME.exists():
        candidates = [_after_database(os.path.realpath(_LOCALTIME)), _first_line(_DEBIAN_NAME)]
    else:
        candidates = ["UTC"]
    found = next((name for name in candidates if name and _is_known(name)), None)
    return "UTC" if found in _UTC_NAMES else found


def _after_database(path: str) -> str:
    return path.rpartition(_DATABASE)[2]


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _is_known(name: str) -> bool:
    try:
        zone(name)
    except BadInput:
        return False
    return True
