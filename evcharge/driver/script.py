"""A file of services: which charging point to ask for, one a line. Pure.

A line is `CP001`, `any` or `any near Berlin`, and may end with a limit: `CP001 5 kWh`, `any 3 €`. Blank lines and
# comments are passed over, bad lines named. A file that begins with `[` is JSON, `[{"cp": "CP001", "kwh": 5}, {"near":
"Berlin", "eur": 3}]`: each entry counts as a line.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec import Struct

from evcharge.domain.billing import euros, kwh
from evcharge.domain.errors import BadInput
from evcharge.domain.journal_records import Id, OwnLimitCents, OwnLimitMwh, Text
from evcharge.domain.location import Location
from evcharge.domain.own_limit import OwnLimits, cut_off, own_limits
from evcharge.domain.strict_json import read_json
from evcharge.driver.lines import LineCutter, RawLine
from evcharge.driver.requests import Outcome
from evcharge.driver.words import ENGLISH, Words
from evcharge.labels.causes import cause
from evcharge.runtime import failures
from evcharge.runtime.network_currency import currency

# The table at the end of a file that takes days stays readable, and its memory bounded.
MAX_ROWS = 1000
PROBE_BYTES = 8192
# A file of JSON is read as a whole.
MAX_JSON_BYTES = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_ANY = "ANY"
_NEAR = "NEAR"


@dataclass(frozen=True, slots=True)
class Wish:
    """A charge at `cp_id`, or at any, preferably at `location`; it ends after so much energy or money."""

    cp_id: str | None = None
    location: str | None = None
    until_mwh: int | None = None
    until_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One good line of the file."""

    line: int
    wish: Wish


class _Entry(Struct, forbid_unknown_fields=True):
    """One request in a file of JSON, as other programs write them."""

    cp: str = "any"
    near: str | None = None
    kwh: int | float | None = None
    eur: int | float | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """One line that says nothing we can do."""

    line: int
    problem: str


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """The service whose outcome is not known yet."""

    request_id: str
    cp_id: Id | None
    location: Text | None
    until_mwh: OwnLimitMwh | None = None
    until_cents: OwnLimitCents | None = None


class ServiceRow(Struct, frozen=True, forbid_unknown_fields=True):
    """One finished service in the table at the end."""

    line: int
    wanted: str
    cp_id: str
    energy_mwh: int
    cost_cents: int
    result: str


class Mark(Struct, forbid_unknown_fields=True):
    """How far a file has come: what a restarted driver needs to go on."""

    line: int = 0
    asked: Asked | None = None
    rows: list[ServiceRow] = msgspec.field(default_factory=list)
    charged: int = 0
    refused: int = 0
    bad: int = 0
    energy_mwh: int = 0
    cost_cents: int = 0

    @property
    def services(self) -> int:
        """How many services are finished."""
        return self.charged + self.refused

    def begin(self, line: int, asked: Asked) -> None:
        """The service of `line` is asked for; to be stored before it is sent."""
        self.line = line
        self.asked = asked

    def settle(self, outcome: Outcome, words: Words = ENGLISH) -> bool:
        """Note the outcome of the service asked for; return whether `outcome` was about it."""
        asked = self.asked
        if asked is None or asked.request_id != outcome.request_id:
            return False
        self.asked = None
        self.charged += outcome.charged
        self.refused += not outcome.charged
        self.energy_mwh += outcome.energy_mwh
        self.cost_cents += outcome.cost_cents
        row = ServiceRow(
            line=self.line,
            wanted=words.wanted(asked.cp_id, asked.location, asked.until_mwh, asked.until_cents),
            cp_id=outcome.cp_id or "",
            energy_mwh=outcome.energy_mwh,
            cost_cents=outcome.cost_cents,
            result=outcome.result if outcome.charged else words("refused", text=outcome.result),
        )
        self.rows = [*self.rows, row][-MAX_ROWS:]
        return True


class ServiceReader:
    """Chunks of a file into services and bad lines, one at a time, from the line after `after_line` on."""

    def __init__(self, name: str, after_line: int = 0, words: Words = ENGLISH) -> None:
        self._name = name
        self._words = words
        self._after_line = after_line
        self._cutter = LineCutter()
        self._begun = False
        self._json: bytearray | None = None

    def feed(self, data: bytes) -> Iterator[Service | BadLine]:
        """Take in `data`; raise BadInput when the file turns out to be binary."""
        if not self._begun:
            self._begun = True
            if is_binary(data[:PROBE_BYTES]):
                raise BadInput(self._words("not a text file", file=self._name))
            if data.removeprefix(_BOM).lstrip().startswith(b"["):
                self._json = bytearray()
        if self._json is not None:
            self._json += data
            if len(self._json) > MAX_JSON_BYTES:
                raise BadInput(self._words("large JSON", file=self._name))
            return
        yield from self._services(self._cutter.feed(data))

    def end(self) -> Iterator[Service | BadLine]:
        """The file has ended: its last line may lack a newline. Raises BadInput when it began as JSON and is none."""
        if self._json is not None:
            yield from self._entries(bytes(self._json).removeprefix(_BOM))
            return
        yield from self._services(self._cutter.end())

    def _entries(self, raw: bytes) -> Iterator[Service | BadLine]:
        try:
            entries = read_json(raw, list[Any])
        except ValueError as problem:
            why = cause(failures.why(problem), self._words.lang)
            raise BadInput(self._words("cannot read", file=self._name, why=why)) from None
        for number, entry in enumerate(entries, start=1):
            if number <= self._after_line:
                continue
            try:
                asked = msgspec.convert(entry, _Entry)
                near = f" near {asked.near}" if asked.near is not None else ""
                wish = _placed(f"{asked.cp}{near}", self._words)
                yield Service(number, _limited(wish, _limits_of(asked, self._words)))
            except msgspec.ValidationError as problem:
                yield BadLine(number, cause(failures.why(problem), self._words.lang))
            except BadInput as problem:
                yield BadLine(number, problem.text)

    def _services(self, lines: Iterator[RawLine]) -> Iterator[Service | BadLine]:
        for line in lines:
            if line.number <= self._after_line:
                continue
            try:
                text = line.text(self._words).partition("#")[0].strip()
                if text:
                    yield Service(line.number, parse_wish(text, self._words))
            except BadInput as problem:
                yield BadLine(line.number, problem.text)


def is_binary(beginning: bytes) -> bool:
    """Return whether a file that begins like this is binary: NULs, or not UTF-8 and full of control bytes."""
    if b"\0" in beginning:
        return True
    try:
        beginning.decode()
    except UnicodeDecodeError:
        controls = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in beginning)
        # Random bytes have one in ten; a text with a stray escape is named by its line instead.
        return controls * 32 > len(beginning)
    return False


def parse_wish(text: str, words: Words = ENGLISH) -> Wish:
    """Return what `[CP | any] [near LOCATION] [5 kWh | 3 €]` asks for; raise BadInput without a full stop."""
    try:
        where, limits = cut_off(text, currency(), comma=words.lang == "es")
    except BadInput as problem:
        raise BadInput(words("bad limit", shown=_shown(problem.text))) from None
    return _limited(_placed(where or _ANY, words), limits)


def _limits_of(asked: _Entry, words: Words) -> OwnLimits:
    try:
        return own_limits(asked.kwh, asked.eur, currency())
    except BadInput as problem:
        raise BadInput(words("bad limit", shown=_shown(problem.text))) from None


def _limited(wish: Wish, limits: OwnLimits) -> Wish:
    until_mwh, until_cents = limits
    return replace(wish, until_mwh=until_mwh, until_cents=until_cents)


def _placed(text: str, words: Words) -> Wish:
    first, _, rest = text.partition(" ")
    cp_id = None
    if first.upper() != _NEAR:
        cp_id = None if first.upper() == _ANY else checked_point(first, words)
        text = rest.strip()
    near, _, location = text.partition(" ")
    location = location.strip()
    if near and near.upper() != _NEAR:
        raise BadInput(words("expected point", shown=_shown(f"{first} {near}")))
    if near and not location:
        raise BadInput(words("near what"))
    return Wish(cp_id, _checked_location(location, words) if location else None)


def checked_point(word: str, words: Words) -> str:
    """Return the name of a charging point as it is spelled; raise BadInput without a full stop."""
    try:
        return msgspec.convert(word.upper(), Id)
    except msgspec.ValidationError:
        raise BadInput(words("expected point", shown=_shown(word))) from None


def _checked_location(text: str, words: Words) -> str:
    try:
        return msgspec.convert(Location(text).name, Text)
    except msgspec.ValidationError:
        raise BadInput(words("bad location", shown=_shown(text))) from None


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 40 else text[:40] + "...")


def summary(name: str, mark: Mark, words: Words = ENGLISH) -> list[str]:
    """Return the table at the end of the file."""
    rows = [
        (
            str(row.line),
            row.wanted,
            row.cp_id or "-",
            kwh(row.energy_mwh),
            euros(row.cost_cents),
            row.result,
        )
        for row in mark.rows
    ]
    lines = words.services_done(name, rows)
    if left_out := mark.services - len(rows):
        lines.append(words("earlier rows", count=left_out))
    total = words.services_total(mark.charged, mark.refused, mark.bad, mark.energy_mwh, mark.cost_cents)
    return [*lines, total]
