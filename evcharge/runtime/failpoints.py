"""Named places at which a test may kill this process: EVCHARGE_FAILPOINT=central.after_commit:0.05[,...].

Each entry is NAME:ODDS; when execution reaches NAME the process dies by SIGKILL with those odds. Without the
variable, `reach` does nothing. The places: central.before_commit, central.after_commit, central.after_publish,
engine.before_sync, engine.after_sync, driver.after_show, driver.after_seen.
"""

import os
import random
import signal


def _read(text: str) -> dict[str, float]:
    odds = {}
    for entry in filter(None, text.split(",")):
        name, _, chance = entry.partition(":")
        odds[name.strip()] = float(chance or 1)
    return odds


_ODDS = _read(os.environ.get("EVCHARGE_FAILPOINT", ""))


def reach(name: str) -> None:
    """Kill this process with the odds given for `name`."""
    if _ODDS and random.random() < _ODDS.get(name, 0.0):
        os.kill(os.getpid(), signal.SIGKILL)
