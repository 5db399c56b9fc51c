"""`evcharge doctor`: one line for each thing that was looked at on this PC."""

from pathlib import Path
from typing import Any

import click

from evcharge.operator.invocation import API, JSON
from evcharge.runtime.cli_options import CENTRAL, KAFKA, REGISTRY, options, settings
from evcharge.runtime.plain import clean


@click.command()
@click.option(
    "--within",
    "within_s",
    type=click.FloatRange(0.1, 60),
    default=4.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each question may take.",
)
@options(JSON, CENTRAL, REGISTRY, API, KAFKA)
def doctor(within_s: float, as_json: bool, config_file: Path | None, **given: Any) -> int:
    """Say what is wrong with this PC and with its ways to the others, and what to type.

    It changes nothing and logs nobody in. 0 when nothing is wrong, else 1.
    """
    config = settings(config_file, given)
    import asyncio

    from evcharge.doctor import probes
    from evcharge.doctor.findings import FindingMark, findings
    from evcharge.labels import Speech
    from evcharge.labels.command_errors import translated
    from evcharge.labels.doctor import SENTENCES
    from evcharge.operator import tables

    found = findings(asyncio.run(probes.look(config, within_s)))
    say = Speech(SENTENCES, config.lang)

    def sentence(name: str, values: dict[str, Any]) -> str:
        if "why" in values:
            values = values | {"why": translated(str(values["why"]), config.lang)}
        return clean(say(name, **values))

    wrong = sum(one.mark is FindingMark.WRONG for one in found)
    if as_json:
        rows = [
            {"check": one.check, "mark": one.mark, "name": one.name, "text": sentence(one.name, one.values)}
            for one in found
        ]
        tables.show_json({"well": not wrong, "findings": rows})
        return 1 if wrong else 0
    widths = (
        max(len(say(f"m {mark}")) for mark in FindingMark),
        max(len(say(f"c {one.check}")) for one in found),
    )
    for one in found:
        head = f"{say(f'm {one.mark}'):<{widths[0]}}  {say(f'c {one.check}'):<{widths[1]}}"
        click.echo(f"{head}  {sentence(one.name, one.values)}")
    click.echo(say("some wrong", count=wrong) if wrong else say("all well"))
    return 1 if wrong else 0
