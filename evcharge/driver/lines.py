"""Bytes into lines that were never trusted: typed commands and files of services. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from evcharge.domain.errors import BadInput
from evcharge.driver.words import ENGLISH, Words

# A charging point's id has 32 characters at most, a location 200: nothing honest is longer.
MAX_LINE_BYTES = 512
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class RawLine:
    """One line without its newline. `number` counts from 1; what was too long to keep is cut off."""

    number: int
    data: bytes
    too_long: bool = False

    def text(self, words: Words = ENGLISH) -> str:
        """Return the line as stripped text; raise BadInput, said in `words`, when it is none."""
        if self.too_long:
            raise BadInput(words("too long", limit=MAX_LINE_BYTES))
        data = self.data.removeprefix(_BOM) if self.number == 1 else self.data
        try:
            text = data.decode().replace("\t", " ").strip()
        except UnicodeDecodeError:
            raise BadInput(words("not text")) from None
        if not text.isprintable():
            raise BadInput(words("control characters"))
        return text


class LineCutter:
    """Cuts chunks into lines; never holds more than a chunk and MAX_LINE_BYTES."""

    def __init__(self) -> None:
        self._rest = b""
        self._number = 0
        # The start of this line was already dropped, or kept as too long.
        self._too_long = False

    def feed(self, data: bytes) -> Iterator[RawLine]:
        """Take in `data`; yield each line that is now whole."""
        *whole, rest = (self._rest + data).split(b"\n")
        for line in whole:
            yield self._line(line)
        if len(rest) > MAX_LINE_BYTES:
            self._too_long = True
            rest = rest[:MAX_LINE_BYTES]
        self._rest = rest

    def end(self) -> Iterator[RawLine]:
        """Yield the last line when it had no newline."""
        if self._rest or self._too_long:
            rest, self._rest = self._rest, b""
            yield self._line(rest)

    def _line(self, data: bytes) -> RawLine:
        self._number += 1
        too_long = self._too_long or len(data) > MAX_LINE_BYTES
        self._too_long = False
        return RawLine(self._number, data[:MAX_LINE_BYTES], too_long)
