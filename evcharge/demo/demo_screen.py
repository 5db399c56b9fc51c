"""One screen for many processes: each line after the name of who said it; or few lines, and all of them in a file."""

import logging
import os
import sys
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

import msgspec

from evcharge.domain.strict_json import read_json
from evcharge.runtime import files
from evcharge.runtime.logs import LineHandler
from evcharge.runtime.plain import clean, clean_json

OWN_NAME = "evcharge"
_COLOURS: Mapping[str, str] = {
    "registry": "35",
    "central": "36",
    "engine": "32",
    "monitor": "33",
    "weather": "96",
    OWN_NAME: "1",
}
_DRIVER_COLOUR = "34"
# A demo may go on for days: this much of the latest is kept, twice.
_MOST_LOG_BYTES = 5_000_000


class DemoScreen:
    """Shows lines as `name │ line`, aligned and, on a terminal, coloured; as JSON each gets a `process`.

    When `quiet` it shows only what the demo itself says, as it says it; a file may keep all of it.
    """

    def __init__(self, width: int, form: str, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._width = width
        self._json = form == "json"
        stream = sys.stdout if stream is None else stream
        self._colours = not quiet and stream is not None and stream.isatty() and "NO_COLOR" not in os.environ
        # It never waits for who reads: a paused terminal must not fill the pipes of a whole network.
        self._out: logging.Handler = logging.NullHandler() if stream is None else LineHandler(stream)
        self._quiet = quiet
        self._all: logging.Handler = logging.NullHandler() if quiet else self._out

    def keep_in(self, path: Path) -> None:
        """Keep every line in a file, the latest of them. Raises OSError."""
        # A folder that only we may read: passwords are among the lines.
        files.make_folder(path.parent)
        self._all = RotatingFileHandler(path, maxBytes=_MOST_LOG_BYTES, backupCount=1, encoding="utf-8")

    def say(self, sentence: str) -> None:
        """Show a sentence of the demo itself."""
        if self._quiet:
            _put(self._out, clean(sentence))
        self.show(OWN_NAME, sentence)

    def show(self, name: str, line: str) -> None:
        """Show what the process `name` said, or keep it."""
        _put(self._all, self._as_json(name, line) if self._json else self._as_text(name, clean(line)))

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._all is not self._out:
            self._all.close()

    def _as_text(self, name: str, line: str) -> str:
        label = f"{name:<{self._width}} │"
        if self._colours:
            colour = _COLOURS.get(name.rpartition(" ")[2], _DRIVER_COLOUR)
            label = f"\x1b[{colour}m{label}\x1b[0m"
        return f"{label} {line}".rstrip()

    def _as_json(self, name: str, line: str) -> str:
        try:
            fields = read_json(line, dict[str, object])
        except ValueError:
            fields = {"text": clean(line)}
        return clean_json(msgspec.json.encode({"process": name, **fields}).decode())


def _put(handler: logging.Handler, text: str) -> None:
    handler.handle(logging.makeLogRecord({"msg": text}))
