"""What a person needs once the network stands: where it is, how to log in, what to try."""

import os
import sys
from pathlib import Path

from msgspec import Struct

from evcharge.demo import page_logins, scenario
from evcharge.demo.scenario import joined
from evcharge.domain.errors import EvchargeError
from evcharge.labels import Speech
from evcharge.operator.client import OperatorClient
from evcharge.runtime.config import Config, ReachSettings

_PROGRAM = Path(sys.executable).with_name("evcharge")


class ReachFlags(Struct, frozen=True, kw_only=True):
    """The flags with which a command finds this network; none when it does by itself."""

    of_peers: tuple[str, ...] = ()
    of_operators: tuple[str, ...] = ()

    @classmethod
    def to(cls, settings: ReachSettings, registry_at: str, central_at: str, url: str | None) -> "ReachFlags":
        """Return what is needed beside the `settings` that every command reads."""
        peers: tuple[str, ...] = ()
        if registry_at != settings.registry_url:
            peers += ("--registry", registry_at)
        if central_at != joined(settings.central_host, settings.central_port):
            peers += ("--central", central_at)
        return cls(
            of_peers=peers,
            of_operators=("--central-api", url) if url not in (None, settings.central_api) else (),
        )


async def sentences(
    state: Path, say: Speech, url: str | None, api: OperatorClient | None, reach: ReachFlags, log: Path | None
) -> list[str]:
    """Return the lines that stand last; `url` is None without pages. A login that cannot be told is left out."""
    said = ["", say("stands"), ""]
    if url is not None:
        rows = [(say("pages"), url)]
        if api is not None:
            rows += await _one_click(api, say)
        rows += _passwords(state, say)
        width = max(len(what) for what, _ in rows)
        said += [f"  {what:<{width}}  {value}" for what, value in rows] + [""]
    said += [f"  {say('try')}", *_to_try(state, say, reach), ""]
    if log is not None:
        said.append(f"  {say('log', path=log)}")
    return said


async def _one_click(api: OperatorClient, say: Speech) -> list[tuple[str, str]]:
    try:
        made = await api.post(f"/api/accounts/{page_logins.ADMIN}/link")
    except EvchargeError:
        return []  # the administrator has another name here, or the pages are open to other PCs
    return [(say("one click"), api.url + made["path"]), ("", say("one click for"))]


def _passwords(state: Path, say: Speech) -> list[tuple[str, str]]:
    admin = page_logins.admin_password(state)
    known = say("login known", who=page_logins.ADMIN)
    rows = [
        (say("admin"), say("login", who=page_logins.ADMIN, password=admin) if admin is not None else known)
    ]
    if (driver := page_logins.driver_password(state, scenario.GUEST)) is not None:
        password, path = driver
        rows += [
            (say("driver"), say("login", who=scenario.GUEST, password=password)),
            ("", say("kept in", path=path)),
        ]
    return rows


def _to_try(state: Path, say: Speech, reach: ReachFlags) -> list[str]:
    program = min(os.path.relpath(_PROGRAM), str(_PROGRAM), key=len)
    # Only what differs from what every command takes by itself.
    where = () if state == Config().state else ("--state", str(state.absolute()))
    commands = {
        " ".join([program, "driver", "D09", *reach.of_peers, *where]): say("try driver"),
        " ".join([program, "cps", *reach.of_operators, *where]): say("try cps"),
        " ".join([program, "out", "CP001", *reach.of_operators, *where]): say("try out"),
        'pkill -9 -f "cp-engine CP002"': say("try kill", seconds=f"{scenario.BACK_AFTER_S:.0f}"),
    }
    return [f"    {command}   # {what}" for command, what in commands.items()]
