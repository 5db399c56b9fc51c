"""What click lays out for `--help`, in Spanish: the words change on their way to its formatter."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from evcharge.operator.help_words import EXTRAS, HEADINGS, VALUES, translated

_USAGE = "Uso: "
# Between what a flag does and what click adds, such as its setting and its default.
_EXTRA = "  ["


class SpanishHelpFormatter(click.HelpFormatter):
    """Lays out help as click does, with Spanish words; what is unknown stays English."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, with_values(args), _USAGE if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        super().write_heading(HEADINGS.get(heading, with_values(heading)))

    def write_text(self, text: str) -> None:
        paragraphs = text.split("\n\n")
        super().write_text("\n\n".join(translated(one) or one for one in paragraphs))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        rows = list(rows)
        room = self.width - 6 - max((len(first) for first, _ in rows), default=0)
        super().write_dl(
            [(with_values(first), _row(second, room)) for first, second in rows], col_max, col_spacing
        )


def with_values(text: str) -> str:
    """Return `text` with Spanish words for what click itself calls values."""
    for english, spanish in VALUES.items():
        text = text.replace(english, spanish)
    return text


def _row(text: str, room: int) -> str:
    what, mark, extras = text.partition(_EXTRA)
    spanish = translated(what)
    if spanish is None:
        spanish = what
    elif what.endswith("...") or not what.endswith("."):
        # A line in the list of commands: as short as click makes it.
        spanish = _short(spanish, room)
    for english, word in EXTRAS.items():
        extras = f"[{extras}".replace(english, word)[1:] if mark else extras
    return spanish + mark + extras


def _short(text: str, room: int) -> str:
    """Return the first sentence without its full stop, cut off where there is no room for it."""
    sentence = text.partition(". ")[0].removesuffix(".")
    if len(sentence) <= room:
        return sentence
    return sentence[: max(0, room - 3)].rpartition(" ")[0] + "..."


@contextmanager
def spanish_help() -> Iterator[None]:
    """Let help be in Spanish while the block runs."""
    before = click.Context.formatter_class
    click.Context.formatter_class = SpanishHelpFormatter
    try:
        yield
    finally:
        click.Context.formatter_class = before
