"""`evcharge events`: what has happened, and what happens."""

from pathlib import Path
from typing import Any

import click

from evcharge.operator.invocation import API, Operating
from evcharge.runtime.cli_options import KAFKA, options


def _type(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    from evcharge.domain.events import EVENT_TYPES
    from evcharge.runtime.toml_file import did_you_mean

    names = [kind.__name__ for kind in EVENT_TYPES]
    if value is not None and value not in names:
        raise click.BadParameter(f"{value!a} is not a type of event{did_you_mean(value, names)}")
    return value


@click.command()
@options(
    click.option("--follow", "-f", is_flag=True, help="Go on with what happens from now on, until Ctrl+C."),
    click.option("--type", "type_", callback=_type, metavar="TYPE", help="Only these, such as TicketMade."),
    click.option("--cp", "cp_id", metavar="CP_ID", help="Only of this charging point."),
    click.option(
        "--from",
        "source",
        type=click.Choice(("api", "kafka")),
        default="api",
        show_default=True,
        help="Where they are read: at Central's API, or in Kafka.",
    ),
    click.option(
        "--limit",
        type=click.IntRange(0, 1000),
        default=20,
        show_default=True,
        help="How many of the last ones.",
    ),
    API,
    KAFKA,
    click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs."),
)
def events(
    follow: bool,
    type_: str | None,
    cp_id: str | None,
    source: str,
    limit: int,
    as_json: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """Print what has happened, oldest first."""
    import asyncio

    from evcharge.operator.stream import show

    work = Operating(config_file, given, as_json=as_json)

    asyncio.run(show(work, source=source, limit=limit, type_=type_, cp_id=cp_id, follow=follow))
