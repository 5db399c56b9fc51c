"""`evcharge ports`: what a firewall must let through, role by role, by the settings of this PC."""

from pathlib import Path
from typing import Any

import click

from evcharge.operator.invocation import API, JSON
from evcharge.runtime.cli_options import CENTRAL, KAFKA, REGISTRY, options, settings
from evcharge.runtime.plain import clean

_ROLES = ("registry", "central", "cp-engine", "cp-monitor", "driver", "weather")


@click.command()
@click.argument("roles", nargs=-1, type=click.Choice(_ROLES), metavar="[ROLE]...")
@options(JSON, CENTRAL, REGISTRY, API, KAFKA)
def ports(roles: tuple[str, ...], as_json: bool, config_file: Path | None, **given: Any) -> None:
    """List the ports that each ROLE listens on and goes to, and what opens them on this PC."""
    config = settings(config_file, given)
    import msgspec

    from evcharge.labels import Speech
    from evcharge.labels.ports import SENTENCES
    from evcharge.operator import listening_ports, tables

    rows = [row for row in listening_ports.ports(config) if not roles or row.role in roles]
    if as_json:
        tables.show_json({"ports": [msgspec.to_builtins(row) for row in rows]})
        return
    say = Speech(SENTENCES, config.lang)
    for into, heading in ((True, "in"), (False, "out")):
        some = [row for row in rows if row.into is into]
        if not some:
            continue
        click.echo(say(heading))
        widths = max(len(row.role) for row in some), max(len(row.at) for row in some)
        for row in some:
            closed = say("closed", flag=f"evcharge {row.role} {row.flag}") if row.is_closed else ""
            line = f"  {row.role:<{widths[0]}}  {row.at:<{widths[1]}}  {say(row.who)} {closed}"
            click.echo(clean(line.rstrip()))
    if opened := sorted({row.port for row in rows if row.into and row.port}):
        click.echo(say("open"))
        click.echo("  " + "; ".join(f"sudo ufw allow {port}/tcp" for port in opened))
        added = " ".join(f"--add-port={port}/tcp" for port in opened)
        click.echo(f"  sudo firewall-cmd --permanent {added} && sudo firewall-cmd --reload")
