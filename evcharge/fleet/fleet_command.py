"""`evcharge fleet`: many simulated charging points in one process, a progress bar, a table at the end."""

from pathlib import Path
from typing import Any

import click

from evcharge.runtime.cli_options import CENTRAL, options, settings


@click.command()
@click.option(
    "--points",
    type=click.IntRange(1, 20_000),
    default=100,
    show_default=True,
    help="Simulated charging points.",
)
@click.option(
    "--scenario",
    "scenario_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="What happens to them (TOML): blackout, surge, flapping, faults, cold.",
)
@click.option(
    "--seconds", type=click.FloatRange(1, 86_400), help="How long, instead of what the scenario says."
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Who is struck, repeatably."
)
@options(CENTRAL)
def fleet(
    points: int,
    scenario_file: Path | None,
    seconds: float | None,
    seed: int,
    config_file: Path | None,
    **given: Any,
) -> int:
    """Load a Central with thousands of simulated charging points in this one process, and say how it fared.

    It needs Central's own state folder. SIM00001 and so on stay in its books: let it be a network for trying out.
    """
    config = settings(config_file, given)
    import asyncio

    from msgspec import structs
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Table

    from evcharge.fleet import fleet_run
    from evcharge.fleet.fleet_scenario import Scenario, parse
    from evcharge.fleet.tally import Tally, percentile
    from evcharge.labels import Speech
    from evcharge.labels.fleet import SENTENCES
    from evcharge.runtime import descriptors, lifecycle, loops

    say = Speech(SENTENCES, config.lang)
    wish = Scenario()
    if scenario_file is not None:
        wish = parse(scenario_file.read_text("utf-8", "replace"), str(scenario_file))
    if seconds is not None:
        wish = structs.replace(wish, seconds=seconds)
    descriptors.raise_limit()
    dialler = fleet_run.Dialler(config.state, config.reach.centrals)
    tally = Tally()
    console = Console(highlight=False)
    standing: list[int] = []
    simulated = fleet_run.simulated_points(points, dialler, tally, seed)

    async def main(stop: asyncio.Event) -> None:
        with Progress(
            TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console
        ) as bar:
            line = bar.add_task(say("title", points=points, seconds=wish.seconds), total=wish.seconds)

            def tell(passed_s: float) -> None:
                up, charging = sum(one.is_up for one in simulated), sum(one.is_charging for one in simulated)
                standing[:] = [up]
                bar.update(line, completed=passed_s, description=say("going", up=up, charging=charging))

            async def happen() -> None:
                await fleet_run.play(simulated, wish, seed, tell)
                stop.set()

            await lifecycle.run_until(stop, happen())

    lifecycle.run(main, loops.fastest())
    fleet_run.keep_registers(simulated, config.state)
    table = Table(say("what"), say("figure"), title=say("title", points=points, seconds=wish.seconds))
    table.columns[1].justify = "right"
    for name, value in (
        ("up", f"{standing[0] if standing else 0}"),
        ("logins", f"{len(tally.logins)}"),
        ("login p50", f"{percentile(tally.logins, 0.5):.0f}"),
        ("login p99", f"{percentile(tally.logins, 0.99):.0f}"),
        ("lost", f"{tally.lost}"),
        ("starts", f"{len(tally.starts)}"),
        ("start p50", f"{percentile(tally.starts, 0.5):.0f}"),
        ("start p99", f"{percentile(tally.starts, 0.99):.0f}"),
    ):
        table.add_row(say(name), value)
    for code, count in sorted(tally.refused.items()):
        table.add_row(say("refused", code=code), f"{count}")
    table.add_row(say("tickets"), f"{tally.tickets}")
    table.add_row(say("energy"), say.figures(f"{tally.energy_mwh / 1e6:.3f}"))
    table.add_row(say("cost"), say.figures(f"{tally.cost_cents / 100:.2f}"))
    console.print(table)
    return 0 if tally.logins else 1
