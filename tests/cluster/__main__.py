"""Breaks several Centrals on one PostgreSQL on purpose, while charges go on: `python -m tests.cluster`.

Processes are killed, frozen and stopped, wires cut one way or both, PostgreSQL crashed and failed over to its
synchronous standby, clocks set by an hour, sometimes two of it at once. The seed fixes what breaks when; what it hits
is up to the machine. At the end every request, ticket, mWh and cent must be in the books, once.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.cluster.history import History
from tests.cluster.mutants import MUTANTS
from tests.cluster.nemesis import Kind
from tests.cluster.proof import Report, Wish, prove

# An hour of 300 faults has 20,000 of them.
_TICKETS = 67


def table(report: Report) -> Table:
    """Return the figures for people."""
    made = Table("what", "figure", title=f"{sum(report.faults.values())} faults, seed {report.seed}")
    for kind in Kind:
        took = sorted(report.took_s.get(kind, ()))
        text = str(report.faults[kind])
        if took:
            p99 = took[min(len(took) - 1, round(len(took) * 0.99))]
            text += f"; of {len(took)} taken over in {took[len(took) // 2]:.2f} s (median), {p99:.2f} s (p99)"
        made.add_row(kind.value, text)
    verdict = report.verdict
    made.add_row("two at once; died at a failpoint", f"{report.together}; {report.died}")
    made.add_row("take-overs", str(report.takeovers))
    made.add_row(
        "tickets", f"{verdict.tickets}, {verdict.energy_mwh / 1e6:.3f} kWh, {verdict.cents / 100:.2f} euros"
    )
    asked = ", ".join(f"{count} {name}" for name, count in sorted(verdict.requests.items()))
    made.add_row("requests", f"{asked}; repeated {report.repeated} times")
    made.add_row("payments and refunds", str(report.orders))
    made.add_row("snapshots of the bank, bad ones", f"{report.snapshots}, {report.bad_snapshots}")
    made.add_row("seconds", f"{report.seconds:.0f}")
    made.add_row("… of CPU", f"{report.cpu_s:.0f} of clients, {report.centrals_cpu_s:.0f} of Centrals")
    hours = max(report.seconds, 1.0) / 3600
    pace = f"{sum(report.faults.values()) / hours:.0f} faults, {verdict.tickets / hours:.0f} tickets"
    made.add_row("an hour of it", pace)
    for note in report.notes:
        made.add_row("note", note)
    for problem in report.problems:
        made.add_row("VIOLATION", problem)
    made.add_row("violations", str(len(report.problems)))
    return made


def main() -> int:
    """Run from the command line, with a progress bar, and a table at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument(
        "--seconds", type=float, default=5400.0, help="at most; what was reached till then counts"
    )
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--tickets", type=int, help=f"in all; {_TICKETS} for each fault, none with a mutant")
    parser.add_argument("--points", type=int, default=40)
    parser.add_argument("--centrals", default="ABC", help="a letter for each")
    parser.add_argument(
        "--kind", choices=[kind.name.lower() for kind in Kind], action="append", help="only this one"
    )
    parser.add_argument(
        "--mutant", choices=MUTANTS, default="", help="with Centrals that are wrong: must fail"
    )
    parser.add_argument(
        "--one-host", action="store_true", help="without network namespaces, in which packets are lost"
    )
    parser.add_argument("--logs", type=Path, help="a folder that keeps all that the programs said")
    given = parser.parse_args()
    # Whoever looks for a mutant wants faults.
    tickets = 0 if given.mutant else _TICKETS * given.faults
    tickets = tickets if given.tickets is None else given.tickets
    wish = Wish(
        given.seed, given.seconds, given.faults, tickets, given.points, centrals=given.centrals,
        mutant=given.mutant, kinds=frozenset(Kind[name.upper()] for name in given.kind or ()),
        ends_at_problem=bool(given.mutant), logs=given.logs, apart=not given.one_host,
    )  # fmt: skip
    console = Console()
    with Progress(console=console) as progress, tempfile.TemporaryDirectory() as folder:
        bar = progress.add_task(f"breaking (seed {wish.seed})", total=wish.faults)

        def tell(report: Report, history: History) -> None:
            said = f"{history.tickets} tickets (seed {wish.seed})"
            progress.update(bar, completed=sum(report.faults.values()), description=said)

        async def run() -> Report:
            task = asyncio.current_task()
            assert task is not None
            # Whoever ends this leaves no Central behind.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
            return await prove(Path(folder), wish, tell)

        report = asyncio.run(run())
    console.print(table(report))
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
