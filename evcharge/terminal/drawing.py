"""Lines of words and colours for a terminal of any size. Pure."""

import io
import textwrap
from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from evcharge.labels import Speech
from evcharge.runtime.plain import clean
from evcharge.terminal.fault_log import LoggedFault, told

_LABEL_CELLS = 12


def title(left: str, right: str, width: int) -> Text:
    """Return a headline across the screen; in a narrow one `left` is cut."""
    room = width - cell_len(right) - 3
    if cell_len(left) > room > 1:
        left = set_cell_size(left, room - 1).rstrip(" ·") + "…"
    gap = max(1, width - cell_len(left) - cell_len(right) - 2)
    return Text(f" {left}{' ' * gap}{right} "[: max(1, width)], style="reverse bold")


def heading(text: str, width: int) -> Text:
    """Return the line above a list."""
    return Text(f" {text} ", style="bold").append("─" * max(0, width - cell_len(text) - 2), style="dim")


def fact(label: str, *parts: Text | str) -> Text:
    """Return a line "label  value", the values all at the same column."""
    return Text(f" {label:<{_LABEL_CELLS}}", style="dim").append_text(
        Text.assemble(*(part if isinstance(part, Text) else Text(part) for part in parts), style="not dim")
    )


def lamp(color: str, words: str) -> Text:
    """Return ● and what it means, both in that colour."""
    return Text(f"● {words}", style=f"not dim {color}")


def bar(permille: int, width: int) -> Text:
    """Return a progress bar with its percentage."""
    cells = max(4, min(40, width - _LABEL_CELLS - 10))
    permille = min(1000, max(0, permille))
    done = cells * permille // 1000
    text = Text("█" * done, style="not dim green").append("░" * (cells - done), style="dim")
    return text.append(f" {permille // 10:3} %", style="not dim")


def keys(choices: Sequence[tuple[str, str]], width: int) -> list[Text]:
    """Return "k what  k what" on as many lines as it takes."""
    lines = [Text()]
    for key, what in choices:
        choice = Text(" ").append(f" {key} ", style="reverse").append(f" {what}")
        if lines[-1].cell_len and lines[-1].cell_len + choice.cell_len > width:
            lines.append(Text())
        lines[-1].append_text(choice)
    return lines


def listed(troubles: Sequence[LoggedFault], words: Speech) -> list[Text]:
    """Return the faults, those that are not over in red; a sentence when there are none."""
    if not troubles:
        return [Text(f" {words('no faults')}", style="dim")]
    return [
        Text(f" {line}", style="dim" if trouble.restored else "red")
        for line, trouble in zip(told(troubles, words), troubles, strict=True)
    ]


def wrapped(texts: Iterable[Text], width: int, most: int) -> list[Text]:
    """Return at most `most` lines: long texts go on, indented, on the next line."""
    lines: list[Text] = []
    for text in texts:
        if len(lines) >= most:
            break
        indent = " " * (10 if width >= 60 else 2)
        pieces = textwrap.wrap(text.plain.strip(), max(8, width - 1), subsequent_indent=indent)
        lines += [Text(f" {piece}", style=text.style) for piece in pieces]
    return lines[:most]


def page(top: Sequence[Text], middle: Sequence[Text], bottom: Sequence[Text], height: int) -> list[Text]:
    """Return exactly `height` lines: `bottom` at the bottom, as much of `top` and then `middle` as fits."""
    height = max(1, height)
    bottom = bottom[: max(0, height - 1)]
    room = height - len(bottom)
    above = [*top, *middle][:room]
    return [*above, *([Text()] * (room - len(above))), *bottom]


def drawn(lines: Sequence[Text], width: int, *, colors: bool) -> str:
    """Return `lines` as text with ANSI colours; what is too wide ends in "…"."""
    out = io.StringIO()
    console = Console(
        file=out,
        force_terminal=True,
        width=max(1, width),
        color_system="standard",
        no_color=not colors,
        legacy_windows=False,
        _environ={},
    )
    for line in lines:
        console.print(_tame(line), no_wrap=True, overflow="ellipsis", crop=True, highlight=False)
    return out.getvalue().removesuffix("\n")


def _tame(line: Text) -> Text:
    # Colours are ours; whatever else a terminal would obey came with a name or a sentence from outside.
    plain = clean(line.plain)
    return line if plain == line.plain else Text(plain, style=line.style)
