"""`evcharge health`: asks what runs here how it is; for people, service managers and containers."""

from pathlib import Path
from typing import Any

import click

from evcharge.operator.invocation import JSON
from evcharge.runtime.cli_options import options, settings
from evcharge.runtime.plain import clean

_ROLES = ("registry", "central", "cp-engine", "cp-monitor", "driver", "weather", "up")


@click.command()
@click.argument("names", nargs=-1, metavar="[ROLE[.ID]]...")
@click.option(
    "--within",
    "within_s",
    type=click.FloatRange(0.1, 60),
    default=3.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each may take to answer.",
)
@options(JSON)
def health(
    names: tuple[str, ...], within_s: float, as_json: bool, config_file: Path | None, **given: Any
) -> int:
    """Ask the processes of this state folder, or those of a ROLE (central, cp-engine.CP001), how they are.

    One sentence each; 0 when all are well, 1 when one is not, or none runs.
    """
    config = settings(config_file, given)
    from evcharge.domain.errors import BadInput
    from evcharge.labels import Speech
    from evcharge.labels.pulse import SENTENCES
    from evcharge.operator import tables
    from evcharge.runtime import health_socket
    from evcharge.runtime.health_socket import Pulse

    for name in names:
        if name.partition(".")[0] not in _ROLES:
            raise BadInput(f"{name!a} is not a role: one of {', '.join(_ROLES)}, with .ID for one of several")
    say = Speech(SENTENCES, config.lang)
    found = health_socket.look(config.health_folder, list(names), within_s)
    well = bool(found) and all(one.pulse is Pulse.WELL for one in found)
    if as_json:
        tables.show_json(
            {
                "well": well,
                "processes": [{"name": one.name, "pulse": one.pulse, "why": one.why} for one in found],
            }
        )
        return 0 if well else 1
    for one in found:
        click.echo(clean(say(one.pulse, who=one.name, why=one.why, seconds=f"{within_s:g}")))
    if not found:
        click.echo(clean(say("nobody", folder=config.health_folder)))
    return 0 if well else 1
