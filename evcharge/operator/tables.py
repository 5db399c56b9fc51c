"""Answers as tables: rich on a terminal, plain aligned text without one, JSON for programs."""

import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from evcharge import labels
from evcharge.domain.billing import euros, kwh
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.local_time import here
from evcharge.domain.session import EndReason
from evcharge.labels import Speech
from evcharge.labels.causes import cause
from evcharge.runtime.plain import clean, clean_json

Row = Mapping[str, Any]
_COLOURS = {
    CpStatus.AVAILABLE: "green",
    CpStatus.PREPARING: "green",
    CpStatus.CHARGING: "bold green",
    CpStatus.UNAVAILABLE: "dark_orange",
    CpStatus.FAULTED: "red",
    CpStatus.DISCONNECTED: "bright_black",
    CpStatus.FINISHING: "blue",
}


class Column:
    """One column: the name of its heading, how a row fills it, and whether it is a number."""

    def __init__(
        self,
        heading: str,
        cell: Callable[[Row], str],
        *,
        number: bool = False,
        style: Callable[[Row], str] = lambda _: "",
    ) -> None:
        self.heading = heading
        # Whatever is printed of it came from outside.
        self.cell: Callable[[Row], str] = lambda row: clean(cell(row))
        self.number = number
        self.style = style


def show_json(content: Mapping[str, Any]) -> None:
    """Print an answer for programs."""
    click.echo(clean_json(msgspec.json.format(msgspec.json.encode(content), indent=2).decode()))


def show(rows: Sequence[Row], columns: Sequence[Column], say: Speech) -> None:
    """Print a table, in colours on a terminal."""
    if not rows:
        click.echo(say("nothing"))
    elif sys.stdout.isatty():
        _rich(rows, columns, say)
    else:
        for line in plain(rows, columns, say):
            click.echo(line)


def plain(rows: Sequence[Row], columns: Sequence[Column], say: Speech) -> list[str]:
    """Return aligned lines, the headings first."""
    table = [[say(f"h {column.heading}") for column in columns]]
    table += [[_shown(column, row, say) for column in columns] for row in rows]
    widths = [max(len(line[place]) for line in table) for place in range(len(columns))]
    return [_line(cells, columns, widths) for cells in table]


def _shown(column: Column, row: Row, say: Speech) -> str:
    """Return a cell as its reader writes figures; those of a column of numbers have their unit in the heading."""
    cell = column.cell(row)
    if column.number and say.lang == "es":
        return cell.replace(".", ",")
    return say.figures(cell)


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    padded = (
        cell.rjust(width) if column.number else cell.ljust(width)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


def _rich(rows: Sequence[Row], columns: Sequence[Column], say: Speech) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(say(f"h {column.heading}"), justify="right" if column.number else "left")
    for row in rows:
        table.add_row(*(Text(_shown(column, row, say), style=column.style(row)) for column in columns))
    console = Console(highlight=False)
    lines = plain(rows, columns, say)
    if max(map(len, lines)) + len(columns) <= console.width:
        console.print(table)
        return
    # An id that is cut off cannot be copied, and a column that is left out tells nothing: lines go on below.
    for line in lines:
        click.echo(textwrap.fill(line, console.width, subsequent_indent="    ", break_long_words=False))


# ---- what stands in the cells


def points(lang: str) -> list[Column]:
    """Return the columns of charging points."""
    return [
        _field("cp_id"),
        _field("location"),
        _field("price", number=True),
        Column("status", lambda row: _status(row, lang), style=lambda row: _COLOURS.get(row["status"], "")),
        _field("reason"),
        Column("charging", lambda row: _charging(row, lang)),
    ]


def sessions(lang: str) -> list[Column]:
    """Return the columns of sessions."""
    say = Speech(_words(), lang)

    def reason(row: Row) -> str:
        return " ".join(
            [_reason(row["end_reason"] or row["stop_reason"], lang), *_notes(row, say, "rebuilt")]
        )

    return [
        _field("session_id"),
        _field("cp_id"),
        _field("driver_id"),
        Column("state", lambda row: say(f"state {row['state']}")),
        Column("at", lambda row: local(row["started_at"] or row["authorised_at"])),
        Column("energy", _energy, number=True),
        Column("cost", _cost, number=True),
        Column("reason", reason),
    ]


def tickets(lang: str) -> list[Column]:
    """Return the columns of tickets."""
    say = Speech(_words(), lang)

    def reason(row: Row) -> str:
        flags = {"corrected": row["corrected_mwh"] or row["corrected_cents"], **row}
        notes = _notes(flags, say, "estimated", "late", "corrected", "rebuilt")
        return " ".join([_reason(row["reason"], lang), *notes])

    return [
        _field("session_id"),
        _field("cp_id"),
        _field("driver_id"),
        Column("ended_at", lambda row: local(row["ended_at"])),
        Column("energy", _energy, number=True),
        _field("price", number=True),
        Column("cost", _cost, number=True),
        Column("reason", reason),
    ]


def alerts(lang: str) -> list[Column]:
    """Return the columns of alerts; a solved one says how it ended."""
    what = "what_es" if lang == "es" else "what"
    restored = "restored_es" if lang == "es" else "restored"
    return [
        _field("id"),
        Column("at", lambda row: local(row["since"])),
        Column("times", lambda row: str(row["times"]), number=True),
        Column("solved_at", lambda row: local(row["solved_at"])),
        Column("taken_by", lambda row: row.get("taken_by", "")),
        Column(
            "alert",
            lambda row: f"{row[what]} {row[restored]}".rstrip(),
            style=lambda row: "" if row["solved_at"] else "bold red",
        ),
    ]


def members(say: Speech) -> list[Column]:
    """Return the columns of Centrals that share their books."""
    return [
        _field("name"),
        Column(
            "role", lambda row: say("leading" if row["leads"] else "standing by" if row["alive"] else "gone")
        ),
        Column("at", lambda row: local(row["since"])),
        Column("away", _away),
        _field("version"),
        _field("address"),
    ]


def registries(lang: str) -> list[Column]:
    """Return the columns of several Registries."""
    return [
        _field("name"),
        Column("away", _away, style=lambda row: "bold red" if row["away_since"] else ""),
        Column("why", lambda row: cause(row["why"], lang)),
    ]


def report(by: str) -> list[Column]:
    """Return the columns of a report by driver or by charging point."""
    return [
        Column("driver_id" if by == "driver" else "cp_id", lambda row: row["id"]),
        _field("sessions", number=True),
        Column("duration", lambda row: length(row["elapsed_s"]), number=True),
        Column("energy", _energy, number=True),
        Column("cost", _cost, number=True),
    ]


def registered(id_field: str, lang: str) -> list[Column]:
    """Return the columns of the Registry's list."""
    say = Speech(_words(), lang)
    columns = [_field(id_field)]
    if id_field == "cp_id":
        columns.append(_field("location"))
    return [
        *columns,
        Column("state", lambda row: say(f"state {row['state']}")),
        Column("epoch", lambda row: str(row["epoch"]), number=True),
        Column("registered_at", lambda row: _moment(datetime.fromtimestamp(row["registered_at"], UTC))),
    ]


def accounts() -> list[Column]:
    """Return the columns of the accounts."""
    return [*tokens(), _field("logins", number=True)]


def tokens() -> list[Column]:
    """Return the columns of the tokens of programs."""
    return [
        _field("name"),
        _field("role"),
        Column("registered_at", lambda row: local(row["created_at"])),
        _field("created_by"),
    ]


def length(seconds: int) -> str:
    """Return a length of time as 1:02:03."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def local(text: str | None) -> str:
    """Return an ISO instant as local time, for people."""
    return _moment(datetime.fromisoformat(text)) if text else ""


def _moment(instant: datetime) -> str:
    return f"{here(instant):%Y-%m-%d %H:%M:%S}"


def _field(name: str, *, number: bool = False) -> Column:
    return Column(name, lambda row: str(row[name] if row[name] is not None else ""), number=number)


def _away(row: Row) -> str:
    return local(row["away_since"]) if row.get("away_since") else ""


def _status(row: Row, lang: str) -> str:
    return labels.status(CpStatus(row["status"]), lang) if row["status"] in set(CpStatus) else row["status"]


def _charging(row: Row, lang: str) -> str:
    session = row["session"]
    if session is None:
        return ""
    kw = f"{session['power_w'] / 1000:.1f} kW"
    cost = labels.money(session["cost_cents"], lang)
    return f"{session['driver_id']}  {kw}  {kwh(session['energy_mwh'])} kWh  {cost}"


def _energy(row: Row) -> str:
    return kwh(row["energy_mwh"])


def _cost(row: Row) -> str:
    return euros(row["cost_cents"])


def _notes(row: Row, say: Speech, *names: str) -> list[str]:
    """Return what is unusual about a session or ticket, and what is owed of it."""
    owed = [say("owed", euros=euros(row["owed_cents"]))] if row["owed_cents"] else []
    return [f"({note})" for note in [*(say(name) for name in names if row[name]), *owed]]


def _reason(value: str | None, lang: str) -> str:
    return labels.reason(EndReason.read(value), lang) if value else ""


def _words() -> Mapping[str, labels.Words]:
    from evcharge.labels.operator import SENTENCES

    return SENTENCES
