"""How a driver's terminal looks: tables, the receipt, the line at the bottom. Facts in, text out. Pure."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from msgspec import UNSET
from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from evcharge.domain.billing import euros, kwh
from evcharge.driver.known_facts import KnownFacts
from evcharge.driver.requests import SENT, UNSENT, Request
from evcharge.driver.words import Words, as_corrected
from evcharge.evc1.messages import Balance, History, Points, Supply, TicketIssued
from evcharge.labels import step
from evcharge.runtime.plain import clean

_RECEIPT_COLUMNS = 52
# From here on a table has room for all columns but the longest.
_ENOUGH_COLUMNS = 50
# So many columns fit only into a broad window.
_FEW = 3
# Figures come every second: older ones say how old they are, and claim no power.
_STANDS_STILL_S = 3.0
# Which columns of the latest charges there is room for; the session's id stands on its receipt, too.
_CHARGES: tuple[tuple[int, tuple[int, ...]], ...] = (
    (110, (0, 1, 2, 3, 4, 5)),
    (80, (0, 2, 3, 4, 5)),
    (50, (0, 2, 3, 4)),
    (0, (2, 3, 4)),
)
_LEAST_BAR = 8
_MOST_BAR = 30
# What the shortest bar takes, with its gap and " 100%".
_BAR_ROOM = _LEAST_BAR + 7


def render(thing: RenderableType, columns: int, *, color: bool = True) -> str:
    """Return `thing` as ANSI text of at most `columns` columns, without the last newline."""
    console = Console(
        file=io.StringIO(),
        force_terminal=True,
        width=max(columns, 10),
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(thing)
    return captured.get().rstrip("\n")


def points(answer: Points, words: Words, columns: int) -> RenderableType:
    """The free charging points."""
    if not answer.points:
        return Text(words("no points"), style="yellow")
    return _table(
        words("free points"),
        words.heads("point", "price", "status", "location"),
        words.point_rows(answer),
        figures={1},
        styles=("bold", "", "green", ""),
        shown=range(4 if columns >= _ENOUGH_COLUMNS else 2),
    )


def history(answer: History, words: Words, columns: int) -> RenderableType:
    """The latest tickets, and what else moved in the wallet."""
    charges = _charges(answer, words, columns)
    moved = list(words.moved_rows(answer))
    if not moved:
        return charges
    below = _table(
        words("moved"),
        words.heads("at", "what", "amount", "why"),
        moved,
        figures={2},
        styles=("", "", "bold", "dim"),
        shown=range(4 if columns >= _ENOUGH_COLUMNS else 3),
    )
    return Group(charges, below)


def _charges(answer: History, words: Words, columns: int) -> RenderableType:
    if not answer.tickets:
        return Text(words("no history"), style="yellow")
    shown = next(shown for least, shown in _CHARGES if columns >= least)
    return _table(
        words("latest charges"),
        words.heads("at", "session", "point", "energy", "cost", "ended"),
        words.history_rows(answer),
        figures={3, 4},
        styles=("", "dim", "bold", "", "bold", ""),
        shown=shown,
    )


def balance(answer: Balance, words: Words) -> RenderableType:
    """The wallet."""
    free = _table(
        words("wallet"),
        words.heads("free money", "held money"),
        [tuple(words.money(cents) for cents in (answer.balance_cents, answer.held_cents))],
        figures={0, 1},
        styles=("bold green", ""),
    )
    return Group(free, *(Text(line, style="bold yellow") for line in words.owes(answer)))


def receipt(driver_id: str, bill: TicketIssued, words: Words) -> RenderableType:
    """The ticket, as a till would print it."""
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(justify="left")
    grid.add_column(justify="right")
    energy_mwh, cents = as_corrected(bill)
    energy = words.figures(f"{kwh(energy_mwh)} kWh{' ' + words('estimated') if bill.estimated else ''}")
    rows = [
        ("driver", driver_id),
        ("session", bill.session_id),
        ("point", bill.cp_id),
        ("date", words.span(bill)),
        ("time", "–" if bill.elapsed_s is UNSET else clock(bill.elapsed_s)),
        ("energy", energy),
        ("price", words.price(bill.price)),
        ("ended", words.ended(bill.reason)),
    ]
    for name, value in rows:
        grid.add_row(Text(words(name)), Text(clean(value)))
    grid.add_row(Text(""), Text("─" * 10))
    grid.add_row(Text(words("total"), style="bold"), Text(words.money(cents), style="bold"))
    for note in words.notes(bill):
        grid.add_row(Text(words("note")), Text(note, style="italic"))
    title = Text(f" {words('summary')} ", style="bold")
    return Panel(grid, title=title, box=box.ROUNDED, width=_RECEIPT_COLUMNS, padding=(0, 1))


@dataclass(frozen=True, slots=True)
class BarTimes:
    """The figures of the charge came at `supply_at` (Unix seconds), `age_s` ago; `left_s` is left for an answer."""

    supply_at: float = 0.0
    age_s: float = 0.0
    left_s: float = 0.0


def toolbar(
    driver_id: str,
    facts: KnownFacts,
    request: Request | None,
    words: Words,
    columns: int,
    times: BarTimes,
) -> Text:
    """The line at the bottom: what is asked, the running charge, or the money; and whether CENTRAL is there.

    What does not fit into `columns` is left out, the least important first.
    """
    if facts.question is not None:
        asks = words("asks", cp_id=facts.question.cp_id, s=max(0, round(times.left_s)))
        return _fitted([(f" {driver_id} ", "bold reverse"), (asks, "bold yellow reverse")], columns, None)
    if facts.supply is not None:
        parts = [(words.figures(text), style) for text, style in _supply_parts(facts.supply, words)]
        # Whole or not at all: a balance of nothing, without what is held, looks like a mistake.
        money = _money_parts(facts, words)
        if sum(len(text) + 1 for text, _ in parts + money) + _BAR_ROOM <= columns:
            parts += money
        if times.age_s > _STANDS_STILL_S:
            at = f"{datetime.fromtimestamp(times.supply_at, UTC).astimezone():%H:%M:%S}"
            parts[1] = (words("as of", at=at), "bold yellow")
        if not facts.connected:
            parts.insert(1, (f"✗ {words('not linked')}", "bold red"))
        return _fitted(parts, columns, _share(facts.supply))
    parts = [(f" {driver_id} ", "bold reverse")]
    if request is not None:
        place = request.place or request.cp_id or words("any point")
        doing = words("waiting") if request.step in (UNSENT, SENT) else step(request.step, words.lang)
        parts.append((f"{place}: {doing}", "bold yellow"))
    parts += _money_parts(facts, words)
    if facts.connected:
        parts.append((f"● {words('linked')}", "green"))
    else:
        parts.insert(1, (f"✗ {words('not linked')}", "bold red"))
    return _fitted(parts, columns, None)


def clock(seconds: float) -> str:
    """Return a duration as 0:42, or 1:02:03."""
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _supply_parts(supply: Supply, words: Words) -> list[tuple[str, str]]:
    parts = [
        (f" {supply.cp_id} ", "bold reverse green"),
        (f"{supply.power_w / 1000:.2f} kW", "bold"),
        (words.energy(supply), "bold"),
        (words.cost(supply), "bold"),
    ]
    if supply.elapsed_s is not UNSET:
        parts.append((clock(supply.elapsed_s), ""))
    return parts


def _money_parts(facts: KnownFacts, words: Words) -> list[tuple[str, str]]:
    if facts.balance is None:
        return []
    parts = [(words("balance", euros=euros(facts.balance.balance_cents)), "bold")]
    if facts.balance.held_cents:
        parts.append((words("held, short", euros=euros(facts.balance.held_cents)), ""))
    if facts.balance.owed_cents:
        parts.append((words("owes, short", euros=euros(facts.balance.owed_cents)), "bold yellow"))
    return parts


def _share(supply: Supply) -> float | None:
    return min(supply.energy_mwh / supply.limit_mwh, 1.0) if supply.limit_mwh else None


def _fitted(parts: list[tuple[str, str]], columns: int, share: float | None) -> Text:
    line = Text(no_wrap=True)
    for text, style in parts:
        room = columns - line.cell_len - (1 if line.plain else 0)
        if Text(text).cell_len > room:
            if not line.plain:
                line.append(text[: max(columns, 0)], style)
            continue
        if line.plain:
            line.append(" ")
        line.append(text, style)
    if share is not None:
        percent = f" {share:.0%}"
        room = min(columns - line.cell_len - len(percent) - 2, _MOST_BAR)
        if room >= _LEAST_BAR:
            full = round(share * room)
            line.append("  ").append("█" * full, "green").append("░" * (room - full), "dim")
            line.append(percent)
    return line


def _table(
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    figures: set[int],
    styles: Sequence[str],
    shown: Sequence[int] | None = None,
) -> Table:
    """`figures` are the columns that stand to the right, `shown` those that there is room for."""
    table = Table(
        title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    shown = range(len(heads)) if shown is None else shown
    for number in shown:
        justify: Literal["left", "right"] = "right" if number in figures else "left"
        table.add_column(
            Text(heads[number]),
            style=styles[number],
            justify=justify,
            overflow="fold",
            # Words may go on in the next line; figures and names stay whole while there is room.
            no_wrap=len(shown) > _FEW and number != shown[-1],
        )
    for row in rows:
        table.add_row(*(Text(clean(row[number])) for number in shown))
    return table
