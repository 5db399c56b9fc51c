"""`evcharge report`, and files of sessions, tickets and reports, for programs (`--csv`) and people (`--excel`)."""

import re
import sys
from pathlib import Path
from typing import Any

import click

from evcharge.domain.errors import BadInput
from evcharge.operator.invocation import API, JSON, Operating
from evcharge.runtime.cli_options import Decorator, options

CSV = click.option("--csv", "as_csv", is_flag=True, help="Print a file of values with commas, for programs.")
EXCEL = click.option(
    "--excel",
    is_flag=True,
    help="Print such a file for people, as a spreadsheet in your language opens it (--lang es: ; and 0,25).",
)
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def as_file(*decorators: Decorator) -> Decorator:
    """Give a command `--csv` and `--excel`, too."""
    return options(*decorators, CSV, EXCEL, API, JSON)


def is_file(*, as_csv: bool, excel: bool, as_json: bool) -> bool:
    """Return whether a file is wanted; raise UsageError for two kinds of answer at once."""
    if as_csv + excel + as_json > 1:
        raise click.UsageError("Give only one of --json, --csv and --excel.")
    return as_csv or excel


def print_file(work: Operating, path: str, *, excel: bool, **params: object) -> None:
    """Print the file at `path`, as it comes."""
    import asyncio

    if excel:
        params["lang"] = work.lang

    async def run() -> None:
        client = work.api()
        await client.download(path, sys.stdout.buffer.write, **params)

    asyncio.run(run())
    sys.stdout.buffer.flush()


@click.command()
@as_file(
    click.option("--month", metavar="YYYY-MM", help="Such as 2026-11; if left out, this month."),
    click.option(
        "--by",
        type=click.Choice(("driver", "cp")),
        default="driver",
        show_default=True,
        help="A row for each driver, or for each charging point.",
    ),
)
def report(
    month: str | None,
    by: str,
    as_csv: bool,
    excel: bool,
    as_json: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """Add up the tickets of a month, corrections included, by driver or by charging point."""
    from evcharge.operator import tables

    work = Operating(config_file, given, as_json=as_json)
    if month is not None and not _MONTH.fullmatch(month):
        raise BadInput(work.say("bad month"))
    if is_file(as_csv=as_csv, excel=excel, as_json=as_json):
        print_file(work, "/api/report.csv", excel=excel, month=month, by=by)
        return
    content = work.ask(lambda api: api.get("/api/report", month=month, by=by))
    if as_json:
        return
    work.tell("report of", month=content["month"], zone=content["timezone"])
    rows = content["rows"]
    total = content["total"] | {"id": work.say("report total")}
    tables.show([*rows, total] if rows else [], tables.report(by), work.say)
