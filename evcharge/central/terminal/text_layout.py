"""A sheet of a certain width: lines of rich text that fill it, in the styles of a palette. Pure.

What peers wrote (a location, a fault) is shown as data: no markup, no control characters.
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

from evcharge import labels
from evcharge.central.views.event_text import speech
from evcharge.domain.charging_point import CpStatus
from evcharge.labels import Speech
from evcharge.runtime.plain import clean
from evcharge.terminal.fault_log import clock

# Narrower than this there is room for one list only.
NARROW = 40
# A longer message is cut off.
_MESSAGE_LINES = 3


@dataclass(frozen=True, slots=True)
class Palette:
    """The styles of a wall: what each status looks like, and everything else."""

    statuses: Mapping[CpStatus, Style]
    title: Style
    rule: Style
    banner: Style
    quiet: Style


def _palette(colours: Mapping[CpStatus, tuple[str, str]], banner: tuple[str, str]) -> Palette:
    return Palette(
        {status: Style(color=ink, bgcolor=ground) for status, (ground, ink) in colours.items()},
        title=Style(bold=True),
        rule=Style(bold=True),
        banner=Style(color=banner[1], bgcolor=banner[0], bold=True),
        quiet=Style(),
    )


TRUE_COLOURS = _palette(
    {
        CpStatus.AVAILABLE: ("#1b4d37", "#ffffff"),
        CpStatus.PREPARING: ("#1b5f37", "#ffffff"),
        CpStatus.CHARGING: ("#00773a", "#ffffff"),
        CpStatus.UNAVAILABLE: ("#f6a33c", "#241300"),
        CpStatus.FAULTED: ("#fb595c", "#1c0002"),
        CpStatus.DISCONNECTED: ("#626a76", "#ffffff"),
        CpStatus.FINISHING: ("#2a5a80", "#ffffff"),
    },
    banner=("#fb595c", "#1c0002"),
)
# The nearest of 256 to a deep green is a grey: these are chosen by hand.
COLOURS_256 = _palette(
    {
        CpStatus.AVAILABLE: ("#005f00", "#ffffff"),
        CpStatus.PREPARING: ("#005f00", "#ffffff"),
        CpStatus.CHARGING: ("#008700", "#ffffff"),
        CpStatus.UNAVAILABLE: ("#ffaf5f", "#000000"),
        CpStatus.FAULTED: ("#ff5f5f", "#000000"),
        CpStatus.DISCONNECTED: ("#626262", "#ffffff"),
        CpStatus.FINISHING: ("#005f87", "#ffffff"),
    },
    banner=("#ff5f5f", "#000000"),
)
NO_COLOURS = Palette(
    {
        status: Style(reverse=True) if status in (CpStatus.UNAVAILABLE, CpStatus.FAULTED) else Style()
        for status in CpStatus
    },
    title=Style(bold=True),
    rule=Style(bold=True),
    banner=Style(reverse=True, bold=True),
    quiet=Style(),
)


class Sheet:
    """Makes lines that are exactly as wide as is asked for; without a width, as wide as the sheet."""

    def __init__(self, width: int, palette: Palette, lang: str, zone: tzinfo | None = None) -> None:
        """Times are told by `zone`; None is this computer's."""
        self.zone = zone
        self.width = max(1, width)
        self.palette = palette
        self.lang = lang
        self.say: Speech = speech(lang)

    def status(self, status: CpStatus) -> str:
        """What a status is called."""
        return labels.status(status, self.lang)

    def clock(self, instant: datetime) -> str:
        """The time of day of `instant`."""
        return clock(instant, self.zone)

    def line(self, text: str, style: Style | None = None, width: int | None = None) -> Text:
        """`text`, cut off or filled up."""
        shown = _fit(self.say.figures(text), self.width if width is None else width)
        return Text(shown, style or self.palette.quiet)

    def apart(self, left: str, right: str, style: Style, width: int | None = None) -> Text:
        """`left` and, when it fits, `right` at the other end of the line."""
        width = self.width if width is None else width
        left, right = self.say.figures(left), self.say.figures(right)
        room = width - cell_len(right)
        if right and room > min(cell_len(left), width // 3):
            return Text(_fit(left, room - 1) + " " + right, style)
        return self.line(left, style, width)

    def rule(self, title: str, width: int) -> Text:
        """A title that begins something new."""
        text = f"── {title} "
        return Text(_fit(text + "─" * max(0, width - cell_len(text)), width), self.palette.rule)

    def cut(self, line: Text) -> Text:
        """`line`, cut off or filled up."""
        line.truncate(self.width, overflow="ellipsis", pad=True)
        return line

    def most(self, rows: Sequence[Text], room: int, width: int) -> list[Text]:
        """As many of `rows` as there is room for; the last line says how many more there are."""
        if len(rows) <= room:
            return list(rows)
        more = self.line(self.say("and more", count=len(rows) - room + 1), width=width)
        return [*rows[: max(0, room - 1)], more]

    def beside(self, blocks: Sequence[Sequence[Text]], columns: int, rows: int) -> list[Text]:
        """Place blocks of lines next to each other: along the rows when there is one, else down the columns."""
        result: list[Text] = []
        for row in range(rows):
            group = blocks[row::rows] if rows > 1 else blocks
            result += [
                self.joined([block[number] for block in group[:columns]]) for number in range(len(group[0]))
            ]
        return result

    def joined(self, parts: Iterable[Text]) -> Text:
        """One line of the sheet, made of parts of it."""
        line = Text(" ").join(parts)
        line.truncate(self.width, pad=True)
        return line

    def wrapped(self, text: str) -> list[Text]:
        """`text` on as many lines as it needs, but not more than a few; the rest is cut off."""
        indent = "  " if self.width >= NARROW else ""
        parts = textwrap.wrap(clean(text), self.width, subsequent_indent=indent, break_on_hyphens=False)
        if len(parts) > _MESSAGE_LINES:
            parts = [*parts[: _MESSAGE_LINES - 1], "".join(parts[_MESSAGE_LINES - 1 :])]
        return [self.line(part) for part in parts or [""]]


def _fit(text: str, width: int) -> str:
    """Return `text` as exactly `width` cells, harmless, with an ellipsis where something was cut off."""
    text = clean(text)
    if cell_len(text) > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width > 0 else ""
    return set_cell_size(text, width)
