"""The wall: every charging point, charge and fault at one moment, as lines of rich text that fit a screen. Pure.

What a status is stands there three times: as a background colour, as a mark and as words. What peers wrote (a
location, a fault) is shown as data: no markup, no control characters.
"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

from evcharge import labels
from evcharge.billing import cost_cents, euros, kwh, price_text
from evcharge.central.feed import Live
from evcharge.central.lines import speech, why
from evcharge.charging_point import ChargingPoint, CpStatus
from evcharge.ids import CpId
from evcharge.labels import Speech
from evcharge.logs import clean
from evcharge.session import Session, SessionState

MARKS: Mapping[CpStatus, str] = {
    CpStatus.AVAILABLE: "●",
    CpStatus.PREPARING: "◐",
    CpStatus.CHARGING: "▶",
    CpStatus.UNAVAILABLE: "■",
    CpStatus.FAULTED: "▲",
    CpStatus.DISCONNECTED: "○",
}
SOLVED = "✓"
_WORST_FIRST = (CpStatus.FAULTED, CpStatus.UNAVAILABLE, CpStatus.DISCONNECTED)
_TILE_WIDTH, _TILE_LINES, _WIDEST_TILE = 25, 4, 39
_ROW_WIDTH, _CELL_WIDTH = 39, 19
# Narrower than this there is room for one list only.
NARROW = 40
_WIDE = 110
# Lines that the rest of the wall wants beneath the charging points.
_LINES_BELOW = 7
_LEAST_BELOW = 5
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


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the list of faults: when ("12:31:07"), what, and what ended it, if anything did."""

    at: str
    text: str
    restored_at: str = ""
    restored: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that the wall shows at one moment."""

    points: Sequence[ChargingPoint] = ()
    sessions: Sequence[Session] = ()
    live: Mapping[CpId, Live] = field(default_factory=dict)
    # The open ones first, then some that are solved; of each the newest first.
    faults: Sequence[Fault] = ()
    # Open faults beyond those: no screen is that high.
    more_faults: int = 0
    messages: Sequence[str] = ()
    troubles: Sequence[str] = ()
    energy_today_mwh: int = 0
    revenue_today_cents: int = 0
    # Shown instead of everything below the counters, while somebody reads it.
    page: Sequence[str] | None = None


def wall(view: View, width: int, height: int, palette: Palette, lang: str) -> list[Text]:
    """Return at most `height` lines, each exactly `width` cells wide."""
    return _Wall(view, width, height, palette, lang).lines()[:height]


class _Wall:
    def __init__(self, view: View, width: int, height: int, palette: Palette, lang: str) -> None:
        self._view = view
        self._width = max(1, width)
        self._height = height
        self._palette = palette
        self._lang = lang
        self._say: Speech = speech(lang)
        self._points = sorted(view.points, key=lambda point: point.cp_id)
        self._sessions = {session.cp_id: session for session in view.sessions}
        # Without a link the last figures stand still: no power is claimed then.
        self._live = {
            point.cp_id: live if point.engine_link is not None else replace(live, power_w=0)
            for point in self._points
            if (live := view.live.get(point.cp_id)) is not None
        }

    def lines(self) -> list[Text]:
        head = [self._title(), self._counters()]
        head += [self._line(f"! {text}", self._palette.banner) for text in self._view.troubles[:2]]
        room = self._height - len(head)
        if self._view.page is not None:
            return head + [self._line(text) for text in self._view.page[:room]]
        if self._width < NARROW:
            return head + self._narrow(room)
        grid = self._grid(room)
        return head + grid + self._below(room - len(grid))

    # ---- the head

    def _title(self) -> Text:
        view, say = self._view, self._say
        power_w = sum(live.power_w for live in self._live.values())
        now = say(
            "now and today",
            power=f"{power_w / 1000:.1f}",
            energy=kwh(view.energy_today_mwh),
            cost=euros(view.revenue_today_cents),
        )
        return self._apart(say("title"), now, self._palette.title)

    def _counters(self) -> Text:
        counts = dict.fromkeys(CpStatus, 0)
        for point in self._points:
            counts[point.status] += 1
        shown = [(status, count) for status, count in counts.items() if count]
        total = f"{self._say('points', count=len(self._points))} "
        words = [f"{MARKS[status]} {count} {self._status(status)}" for status, count in shown]
        short = [f"{MARKS[status]}{count}" for status, count in shown]
        # As many words as fit.
        for head, chips in (
            (total, [f" {text} " for text in words]),
            (total, words),
            ("", words),
            ("", short),
        ):
            line = Text(head)
            for (status, _), text in zip(shown, chips, strict=True):
                line.append(text, self._palette.statuses[status]).append(" ")
            line.rstrip()
            if line.cell_len <= self._width:
                break
        return self._cut(line)

    # ---- the charging points

    def _grid(self, room: int) -> list[Text]:
        count = len(self._points)
        if not count:
            return [self._line(""), self._line(self._say("no points"))]
        below = min(_LINES_BELOW, room // 2)
        columns = max(1, min(count, (self._width + 1) // (_TILE_WIDTH + 1)))
        rows = -(-count // columns)
        if rows * (_TILE_LINES + 1) <= room - below:
            return self._tiles(-(-count // rows))
        for least, show, kept in (
            (_ROW_WIDTH, self._row, below),
            (_CELL_WIDTH, self._cell, min(below, _LEAST_BELOW)),
        ):
            columns = max(1, (self._width + 1) // (least + 1))
            rows = -(-count // columns)
            if rows <= room - kept:
                width = (self._width - columns + 1) // columns
                blocks = [[show(point, width)] for point in self._points]
                return self._beside(blocks, columns, rows)
        return self._exceptions(room - below)

    def _tiles(self, columns: int) -> list[Text]:
        width = min(_WIDEST_TILE, (self._width - columns + 1) // columns)
        result: list[Text] = []
        for start in range(0, len(self._points), columns):
            tiles = [self._tile(point, width) for point in self._points[start : start + columns]]
            result += [*self._beside(tiles, columns, 1), self._line("")]
        return result[:-1]

    def _tile(self, point: ChargingPoint, width: int) -> list[Text]:
        status, style = point.status, self._palette.statuses[point.status]
        session = self._sessions.get(point.cp_id)
        price = f"{price_text(point.price_centi_cents_per_kwh)} €/kWh"
        figures = self._figures(point, session)
        reason, words = clean(why(point, self._lang)), self._status(status)
        driver = session.driver_id if session is not None else ""
        if figures and reason:
            words, reason = f"{words}: {reason}", ""
        bold = style + Style(bold=True)
        return [
            self._apart(f" {MARKS[status]} {point.cp_id}", f"{price} ", bold, width),
            self._apart(f" {clean(point.location)}", f"{driver} " if driver else "", style, width),
            self._line(f" {words}", bold, width),
            self._line(f" {figures or reason}", style, width),
        ]

    def _row(self, point: ChargingPoint, width: int) -> Text:
        """One charging point on one line: what matters most stands first."""
        session = self._sessions.get(point.cp_id)
        figures, reason = self._figures(point, session), clean(why(point, self._lang))
        words = self._status(point.status)
        if reason:
            words = f"{words}: {reason}"
        elif figures and session is not None:
            words = f"{figures} {session.driver_id}"
        else:
            price = price_text(point.price_centi_cents_per_kwh)
            words = f"{words} {price} € {clean(point.location)}"
        style = self._palette.statuses[point.status]
        return self._line(f"{MARKS[point.status]} {point.cp_id:<6} {words}", style, width)

    def _cell(self, point: ChargingPoint, width: int) -> Text:
        live = self._live.get(point.cp_id)
        words = self._status(point.status)
        if point.status is CpStatus.CHARGING and live is not None:
            words = f"{live.power_w / 1000:.1f} kW"
        style = self._palette.statuses[point.status]
        return self._line(f"{MARKS[point.status]} {point.cp_id:<6} {words}", style, width)

    def _exceptions(self, room: int) -> list[Text]:
        """Too many to show: those that are not green, the worst first."""
        wrong = [point for status in _WORST_FIRST for point in self._points if point.status is status]
        if not wrong:
            return [self._line(""), self._line(self._say("all green"), self._palette.title)]
        columns = max(1, (self._width + 1) // (_ROW_WIDTH + 1))
        width = (self._width - columns + 1) // columns
        most = columns * max(1, room - 1)
        hidden = len(wrong) - most
        blocks = [[self._row(point, width)] for point in wrong[:most]]
        shown = self._beside(blocks, columns, -(-len(blocks) // columns))
        return shown + ([self._line(self._say("and more", count=hidden))] if hidden > 0 else [])

    def _figures(self, point: ChargingPoint, session: Session | None) -> str:
        live = self._live.get(point.cp_id)
        if session is None or session.state is not SessionState.CHARGING:
            return ""
        energy_mwh = live.energy_mwh if live is not None else session.energy_mwh
        power_w = live.power_w if live is not None else 0
        return f"{power_w / 1000:.1f} kW {_short_kwh(energy_mwh)} kWh {_cost(session, energy_mwh)} €"

    # ---- beneath them

    def _below(self, room: int) -> list[Text]:
        """Charges, faults, messages: side by side where there is room, else one beneath the other."""
        if room <= 0:
            return []
        if self._width >= _WIDE:
            left = (self._width - 1) // 2
            right = self._width - 1 - left
            above = min(max(len(self._sessions), len(self._view.faults), 1) + 1, max(1, (room - 1) // 2))
            charges = self._charges(left, above)
            faults = self._faults(right, above)
            above = max(len(charges), len(faults))
            pair = [
                _joined([_at(charges, row, left), _at(faults, row, right)], self._width)
                for row in range(above)
            ]
            return pair + self._messages(room - above)
        # A few messages always; what is left goes to faults first, because they wait for somebody.
        for_messages = min(4, max(2, room // 3)) if room > 4 else 0
        spare = room - for_messages
        faults_wanted = self._faults_wanted()
        charges_wanted = 1 + len(self._sessions)
        faults_room = min(faults_wanted, max(spare - charges_wanted, (spare + 1) // 2))
        charges = self._charges(self._width, spare - faults_room)
        faults = self._faults(self._width, faults_room)
        return charges + faults + self._messages(room - len(charges) - len(faults))

    def _charges(self, width: int, room: int) -> list[Text]:
        sessions = sorted(self._view.sessions, key=lambda session: (session.authorised_at, session.cp_id))
        if not sessions or room < 2:
            name = "charges" if sessions else "no charges"
            return [self._rule(self._say(name, count=len(sessions)), width)][: max(0, room)]
        rows = [self._charge(session, width) for session in sessions]
        title = self._rule(self._say("charges", count=len(sessions)), width)
        return [title, *self._most(rows, room - 1, width)]

    def _charge(self, session: Session, width: int) -> Text:
        at = f"{(session.started_at or session.authorised_at).astimezone():%H:%M:%S}"
        words = f"{at} {session.cp_id:<6} {session.driver_id:<5} {session_state(session, self._lang)}"
        live = self._live.get(session.cp_id)
        if session.state is SessionState.CHARGING:
            energy_mwh = live.energy_mwh if live is not None else session.energy_mwh
            power_w = live.power_w if live is not None else 0
            cost = _cost(session, energy_mwh)
            figures = f"{power_w / 1000:>5.1f} kW {kwh(energy_mwh):>8} kWh {cost:>7} €"
            if cell_len(words) + cell_len(figures) >= width:
                figures = f"{power_w / 1000:.1f} kW {_short_kwh(energy_mwh)} kWh {cost} €"
        else:
            figures = ""
        return self._apart(words, figures, self._palette.quiet, width)

    def _faults_wanted(self) -> int:
        return 1 + sum(2 if fault.restored else 1 for fault in self._view.faults)

    def _faults(self, width: int, room: int) -> list[Text]:
        faults = self._view.faults
        listed = sum(not fault.restored for fault in faults)
        still_open = listed + self._view.more_faults
        if not faults or room < 2:
            name = "faults" if faults else "no faults"
            return [self._rule(self._say(name, count=still_open), width)][: max(0, room)]
        title = self._rule(self._say("faults", count=still_open), width)
        rows: list[Text] = []
        shown = 0
        for fault in faults:
            style = self._palette.quiet if fault.restored else self._palette.title
            group = [self._line(text, style, width) for text in fault_lines(fault)]
            # The last line is kept for how many open ones are not shown.
            if len(rows) + len(group) > room - 1 - (shown + 1 < still_open):
                break
            rows += group
            shown += 1
        if shown < still_open:
            rows.append(self._line(self._say("and more", count=still_open - shown), width=width))
        return [title, *rows]

    def _messages(self, room: int) -> list[Text]:
        if room < 2:
            return []
        title = self._rule(self._say("messages"), self._width)
        return [title, *self._newest(room - 1)]

    def _newest(self, room: int) -> list[Text]:
        """The last messages, in full where that is not too long."""
        lines: list[Text] = []
        for text in reversed(self._view.messages):
            if len(lines) >= room:
                break
            lines = [self._line(part) for part in _wrapped(text, self._width)] + lines
        return lines[max(0, len(lines) - room) :]

    # ---- a narrow screen

    def _narrow(self, room: int) -> list[Text]:
        rows = [self._cell(point, self._width) for point in self._points]
        if len(rows) > max(1, room - 3):
            wrong = [
                self._cell(point, self._width)
                for status in _WORST_FIRST
                for point in self._points
                if point.status is status
            ]
            rows = self._most(wrong, max(1, room - 3), self._width)
        left = room - len(rows)
        faults = [self._line(f"! {fault.text}") for fault in self._view.faults if not fault.restored]
        faults = faults[-max(0, left - 2) :] if left > 2 else []
        left -= len(faults)
        messages = self._newest(left)
        return rows + faults + messages

    # ---- building blocks

    def _status(self, status: CpStatus) -> str:
        return labels.status(status, self._lang)

    def _line(self, text: str, style: Style | None = None, width: int | None = None) -> Text:
        return Text(_fit(text, self._width if width is None else width), style or self._palette.quiet)

    def _apart(self, left: str, right: str, style: Style, width: int | None = None) -> Text:
        """`left` and, when it fits, `right` at the other end of the line."""
        width = self._width if width is None else width
        room = width - cell_len(right)
        if right and room > min(cell_len(left), width // 3):
            return Text(_fit(left, room - 1) + " " + right, style)
        return self._line(left, style, width)

    def _rule(self, title: str, width: int) -> Text:
        text = f"── {title} "
        return Text(_fit(text + "─" * max(0, width - cell_len(text)), width), self._palette.rule)

    def _cut(self, line: Text) -> Text:
        line.truncate(self._width, overflow="ellipsis", pad=True)
        return line

    def _most(self, rows: Sequence[Text], room: int, width: int) -> list[Text]:
        if len(rows) <= room:
            return list(rows)
        more = self._line(self._say("and more", count=len(rows) - room + 1), width=width)
        return [*rows[: max(0, room - 1)], more]

    def _beside(self, blocks: Sequence[Sequence[Text]], columns: int, rows: int) -> list[Text]:
        """Place blocks of lines next to each other: along the rows when there is one, else down the columns."""
        result: list[Text] = []
        for row in range(rows):
            group = blocks[row::rows] if rows > 1 else blocks
            result += [
                _joined([block[number] for block in group[:columns]], self._width)
                for number in range(len(group[0]))
            ]
        return result


def session_state(session: Session, lang: str) -> str:
    """Return how far a request or charge is, in a few words."""
    say = speech(lang)
    if session.stop_reason is not None:
        return say("state stopping", reason=labels.reason(session.stop_reason, lang))
    if session.state is SessionState.CHARGING:
        return say("state charging")
    return say("state plug")


def fault_lines(fault: Fault) -> Iterator[str]:
    """Yield the line of a fault and, when it is over, the line that says so."""
    yield f"{fault.at} {SOLVED if fault.restored else '!'} {fault.text}"
    if fault.restored:
        yield f"{fault.restored_at} {SOLVED} {fault.restored}"


def _cost(session: Session, energy_mwh: int) -> str:
    # What is shown never exceeds what was promised to cost at most.
    cents = cost_cents(energy_mwh, session.price_centi_cents_per_kwh)
    return euros(min(cents, session.hold_cents) if session.hold_cents else cents)


def _short_kwh(energy_mwh: int) -> str:
    text = kwh(energy_mwh)
    return text if energy_mwh < 10_000_000 else text[:-1]


def _fit(text: str, width: int) -> str:
    """Return `text` as exactly `width` cells, harmless, with an ellipsis where something was cut off."""
    text = clean(text)
    if cell_len(text) > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width > 0 else ""
    return set_cell_size(text, width)


def _wrapped(text: str, width: int) -> list[str]:
    """Return `text` on as many lines as it needs, but not more than a few; the rest is cut off."""
    indent = "  " if width >= NARROW else ""
    parts = textwrap.wrap(clean(text), max(1, width), subsequent_indent=indent, break_on_hyphens=False)
    if len(parts) > _MESSAGE_LINES:
        parts = [*parts[: _MESSAGE_LINES - 1], "".join(parts[_MESSAGE_LINES - 1 :])]
    return parts or [""]


def _at(lines: Sequence[Text], row: int, width: int) -> Text:
    return lines[row] if row < len(lines) else Text(" " * width)


def _joined(parts: Iterable[Text], width: int) -> Text:
    line = Text(" ").join(parts)
    line.truncate(width, pad=True)
    return line
