"""`evcharge drill`: one drill, or all of them, against a network that runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from evcharge.operator.invocation import API
from evcharge.runtime.cli_options import CENTRAL, KAFKA, REGISTRY, options, settings
from evcharge.runtime.plain import clean


@click.command()
@click.argument("names", nargs=-1, metavar="[DRILL]...")
@click.option("--all", "everything", is_flag=True, help="Every drill, one after the other.")
@click.option("--up", is_flag=True, help="Start a small network of its own for them.")
@click.option("--mend", is_flag=True, help="Only put right what a drill that was killed has left.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    metavar="FILE",
    help="Write an HTML page: what was done, what was seen, the verdict.",
)
@click.option(
    "--within",
    "within_s",
    type=click.FloatRange(1, 600),
    show_default="40",
    metavar="SECONDS",
    help="How long each expected effect may take to appear.",
)
@options(CENTRAL, REGISTRY, API, KAFKA)
def drill(
    names: tuple[str, ...],
    everything: bool,
    up: bool,
    mend: bool,
    report: Path | None,
    within_s: float | None,
    config_file: Path | None,
    **given: Any,
) -> int:
    """Break the network on purpose, say where to look, check that it comes back; without a DRILL, list them.

    It brings a charging point and a driver of its own, and leaves the network as it found it; what a drill that was
    killed has left is put right first. 0 when all that was run has passed, 1 when something failed or nothing could be
    run.
    """
    config = settings(config_file, given)
    import asyncio
    import tempfile

    from msgspec import structs

    from evcharge import __version__
    from evcharge.domain.errors import BadInput
    from evcharge.drills import mending, own_postgres, runner, small_network
    from evcharge.drills import report as pages
    from evcharge.drills.catalogue import DRILLS
    from evcharge.drills.course import Drill, DrillReport, DrillVerdict, Need, verdict_of
    from evcharge.drills.damages import damages_of, tag_of
    from evcharge.drills.stage import CP_ID, DRIVER_ID
    from evcharge.drills.wording import DrillWords
    from evcharge.labels import Speech
    from evcharge.labels.operator import SENTENCES
    from evcharge.operator.client import OperatorClient
    from evcharge.runtime import files, lifecycle
    from evcharge.runtime.config import Config

    words = DrillWords(config.lang, CP_ID, DRIVER_ID)

    def tell(line: str) -> None:
        click.echo(clean(line))

    for name in names:
        if name not in DRILLS:
            raise BadInput(words("no such drill", given=name, names=", ".join(DRILLS)))
    chosen = list(DRILLS.values()) if everything else [DRILLS[name] for name in dict.fromkeys(names)]
    if not chosen and not mend:
        for one in DRILLS.values():
            tell(f"{one.name:<16} {words(f't {one.name}')}")
        return 0

    async def run() -> list[DrillReport]:
        if count := await mending.sweep():
            tell(words("m networks", count=count))
        if not up:
            return await against(config, Path(tempfile.gettempdir()), chosen)
        # Those of two Centrals, or Registries, have a network of their own, and are the last.
        of_two = {
            (small_network.two_centrals, "starting two"): Need.TWO_CENTRALS,
            (small_network.two_registries, "starting registries"): Need.TWO_REGISTRIES,
        }
        of_one = [one for one in chosen if not set(of_two.values()) & set(one.needs)]
        reports: list[DrillReport] = []
        if of_one or not chosen:
            async with mending.room_for_a_network() as folder:
                tell(words("starting up"))
                async with small_network.small_network(config, folder / "network") as own:
                    reports += await against(own, folder, of_one)
        for (network, starting), need in of_two.items():
            drills = [one for one in chosen if need in one.needs]
            if drills and not own_postgres.is_here():
                reports += runner.not_run(drills, Need.POSTGRES_HERE, words, tell)
            elif drills:
                async with own_postgres.own_postgres() as database, mending.room_for_a_network() as folder:
                    tell(words(starting))
                    async with network(config, folder / "network", database) as own:
                        reports += await against(own, folder, drills)
        return reports

    async def against(network: Config, room: Path, drills: Sequence[Drill]) -> list[DrillReport]:
        api = OperatorClient(network.reach, network.state, Speech(SENTENCES, config.lang))
        with damages_of(network.state) as damages:
            mender = mending.Mender(network, api, damages)
            await mender.mend_all(lambda one: tell(words(f"m {tag_of(one)}", **structs.asdict(one))))
            if mend:
                return []
            # Whether there is a network, before anything is done.
            await api.get("/api/audit")
            return await runner.run(drills, network, api, mender, words, tell, within_s, room, passing=up)

    found: list[DrillReport] = []
    ended = False

    async def main(stop: asyncio.Event) -> None:
        async def play() -> None:
            nonlocal ended
            found.extend(await run())
            ended = True
            stop.set()

        async def hear() -> None:
            try:
                await stop.wait()
            finally:
                # Said at once: what is left to do may take a while.
                if stop.is_set() and not ended:
                    tell(words("interrupting own" if up else "interrupting"))

        # Whoever interrupts it gets the network back as it was, too.
        await lifecycle.run_until(stop, play(), hear())

    lifecycle.run(main)
    if not ended:
        tell(words("interrupted own" if up else "interrupted"))
        return 1
    if mend:
        tell(words("m nothing more"))
        return 0
    verdict = verdict_of(found)
    tell(words.counts(found))
    if report is not None:
        where = words("own network") if up else config.reach.central_api
        try:
            report.write_text(pages.page(found, words, version=__version__, network=where), encoding="utf-8")
        except OSError as problem:
            raise BadInput(words("no report", path=report, why=files.why(problem))) from None
        tell(words("report", path=report))
    return 0 if verdict is DrillVerdict.PASSED else 1
