"""One screen for many processes: each line after the name of who said it."""

import logging
import os
import sys
from collections.abc import Mapping
from typing import TextIO

import msgspec

from evcharge.domain.strict_json import read_json
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


class Screen:
    """Shows lines as `name │ line`, aligned and, on a terminal, coloured; as JSON each gets a `process`."""

    def __init__(self, width: int, form: str, stream: TextIO | None = None) -> None:
        self._width = width
        self._json = form == "json"
        stream = sys.stdout if stream is None else stream
        self._colours = stream is not None and stream.isatty() and "NO_COLOR" not in os.environ
        # It never waits for who reads: a paused terminal must not fill the pipes of a whole network.
        self._out: logging.Handler = logging.NullHandler() if stream is None else LineHandler(stream)

    def say(self, sentence: str) -> None:
        """Show a sentence of the demo itself."""
        self.show(OWN_NAME, sentence)

    def show(self, name: str, line: str) -> None:
        """Show what the process `name` said."""
        text = self._as_json(name, line) if self._json else self._as_text(name, clean(line))
        self._out.handle(logging.makeLogRecord({"msg": text}))

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
