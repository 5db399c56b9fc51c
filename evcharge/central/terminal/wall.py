"""The wall: every charging point, charge and fault at one moment, as lines of rich text that fit a screen. Pure.

What a status is stands there three times: as a background colour, as a mark and as words. The lists beneath the
charging points are laid out by `wall_lists`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from msgspec import structs
from rich.style import Style
from rich.text import Text

from evcharge import labels
from evcharge.central.feed import Live
from evcharge.central.terminal import wall_lists
from evcharge.central.terminal.text_layout import NARROW, Palette, Sheet
from evcharge.central.terminal.wall_lists import Fault
from evcharge.central.views.event_text import why
from evcharge.domain.billing import euros, kwh
from evcharge.domain.charging_point import ChargingPoint, CpStatus
from evcharge.domain.ids import CpId, natural
from evcharge.domain.location import Location
from evcharge.domain.session import Session, SessionState
from evcharge.runtime.plain import clean

MARKS: Mapping[CpStatus, str] = {
    CpStatus.AVAILABLE: "●",
    CpStatus.PREPARING: "◐",
    CpStatus.CHARGING: "▶",
    CpStatus.UNAVAILABLE: "■",
    CpStatus.FAULTED: "▲",
    CpStatus.DISCONNECTED: "○",
    CpStatus.FINISHING: "◆",
}
_WORST_FIRST = (CpStatus.FAULTED, CpStatus.UNAVAILABLE, CpStatus.DISCONNECTED)
_TILE_WIDTH, _TILE_LINES, _WIDEST_TILE = 25, 4, 39
_ROW_WIDTH, _CELL_WIDTH = 39, 19
# From here on charges and faults stand side by side.
_WIDE = 110
# Lines that the rest of the wall wants beneath the charging points.
_LINES_BELOW = 7
_LEAST_BELOW = 5


@dataclass(frozen=True, slots=True)
class Several:
    """This Central, since when it leads, and those that stand by."""

    me: str
    since: datetime
    others: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that the wall shows at one moment."""

    points: Sequence[ChargingPoint] = ()
    sessions: Sequence[Session] = ()
    live: Mapping[CpId, Live] = field(default_factory=dict)
    # When those figures came.
    live_at: Mapping[CpId, datetime] = field(default_factory=dict)
    # The open ones first, then some that are solved; of each the newest first.
    faults: Sequence[Fault] = ()
    # Open faults beyond those: no screen is that high.
    more_faults: int = 0
    messages: Sequence[str] = ()
    troubles: Sequence[str] = ()
    # Nothing where this Central is the only one.
    several: Several | None = None
    energy_today_mwh: int = 0
    revenue_today_cents: int = 0
    # Shown instead of everything below the counters, while somebody reads it.
    page: Sequence[str] | None = None
    # Countries of locations that name none, as the weather service found them.
    countries: Mapping[Location, str] = field(default_factory=dict)
    # By which the instants are told; None is this computer's.
    zone: tzinfo | None = None


def wall(view: View, width: int, height: int, palette: Palette, lang: str) -> list[Text]:
    """Return at most `height` lines, each exactly `width` cells wide."""
    return _Wall(view, width, height, palette, lang).lines()[:height]


class _Wall:
    def __init__(self, view: View, width: int, height: int, palette: Palette, lang: str) -> None:
        self._view = view
        self._height = height
        self._sheet = Sheet(width, palette, lang, view.zone)
        self._width = self._sheet.width
        self._palette = palette
        self._lang = lang
        self._say = self._sheet.say
        self._points = sorted(view.points, key=lambda point: natural(point.cp_id))
        self._sessions = {session.cp_id: session for session in view.sessions}
        # Without a link the last figures stand still: no power is claimed then.
        frozen = {point.cp_id for point in self._points if point.engine_link is None}
        self._live = {
            cp_id: structs.replace(live, power_w=0) if cp_id in frozen else live
            for cp_id, live in view.live.items()
        }
        self._frozen_at = {cp_id: at for cp_id, at in view.live_at.items() if cp_id in frozen}

    def lines(self) -> list[Text]:
        head = [self._title(), self._counters()]
        head += [self._sheet.line(f"! {text}", self._palette.banner) for text in self._view.troubles[:2]]
        room = self._height - len(head)
        if self._view.page is not None:
            return head + [self._sheet.line(text) for text in self._view.page[:room]]
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
        title = say("title")
        if (several := view.several) is not None:
            since = f"{several.since.astimezone(view.zone):%H:%M}"
            title = say("title of several", me=several.me, since=since, others=", ".join(several.others))
        return self._sheet.apart(title, now, self._palette.title)

    def _counters(self) -> Text:
        counts = dict.fromkeys(CpStatus, 0)
        for point in self._points:
            counts[point.status] += 1
        shown = [(status, count) for status, count in counts.items() if count]
        total = f"{self._say('points', count=len(self._points))} "
        words = [f"{MARKS[status]} {count} {self._sheet.status(status)}" for status, count in shown]
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
        return self._sheet.cut(line)

    # ---- the charging points

    def _grid(self, room: int) -> list[Text]:
        count = len(self._points)
        if not count:
            return [self._sheet.line(""), self._sheet.line(self._say("no points"))]
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
                return self._sheet.beside(blocks, columns, rows)
        return self._exceptions(room - below)

    def _tiles(self, columns: int) -> list[Text]:
        width = min(_WIDEST_TILE, (self._width - columns + 1) // columns)
        result: list[Text] = []
        for start in range(0, len(self._points), columns):
            tiles = [self._tile(point, width) for point in self._points[start : start + columns]]
            result += [*self._sheet.beside(tiles, columns, 1), self._sheet.line("")]
        return result[:-1]

    def _tile(self, point: ChargingPoint, width: int) -> list[Text]:
        status, style = point.status, self._palette.statuses[point.status]
        session = self._sessions.get(point.cp_id)
        price = labels.price(point.price_centi_cents_per_kwh, self._lang)
        figures = self._figures(point, session)
        reason, words = clean(why(point, self._lang)), self._sheet.status(status)
        driver = session.driver_id if session is not None else ""
        if figures and reason:
            words, reason = f"{words}: {reason}", ""
        bold = style + Style(bold=True)
        return [
            self._sheet.apart(f" {MARKS[status]} {point.cp_id}", f"{price} ", bold, width),
            self._sheet.apart(f" {self._where(point)}", f"{driver} " if driver else "", style, width),
            self._sheet.line(f" {words}", bold, width),
            self._sheet.line(f" {figures or reason}", style, width),
        ]

    def _where(self, point: ChargingPoint) -> str:
        return clean(point.location.in_country(self._view.countries.get(point.location, "")))

    def _row(self, point: ChargingPoint, width: int) -> Text:
        """One charging point on one line: what matters most stands first."""
        session = self._sessions.get(point.cp_id)
        figures, reason = self._figures(point, session), clean(why(point, self._lang))
        words = self._sheet.status(point.status)
        if reason:
            words = f"{words}: {reason}"
        elif figures and session is not None:
            words = f"{figures} {session.driver_id}"
        else:
            price = labels.price(point.price_centi_cents_per_kwh, self._lang).removesuffix("/kWh")
            words = f"{words} {price} {self._where(point)}"
        style = self._palette.statuses[point.status]
        return self._sheet.line(f"{MARKS[point.status]} {point.cp_id:<6} {words}", style, width)

    def _cell(self, point: ChargingPoint, width: int) -> Text:
        live = self._live.get(point.cp_id)
        words = self._sheet.status(point.status)
        if point.status is CpStatus.CHARGING and live is not None:
            words = f"{live.power_w / 1000:.1f} kW"
        style = self._palette.statuses[point.status]
        return self._sheet.line(f"{MARKS[point.status]} {point.cp_id:<6} {words}", style, width)

    def _exceptions(self, room: int) -> list[Text]:
        """Too many to show: those that are not green, the worst first."""
        wrong = [point for status in _WORST_FIRST for point in self._points if point.status is status]
        if not wrong:
            return [self._sheet.line(""), self._sheet.line(self._say("all green"), self._palette.title)]
        columns = max(1, (self._width + 1) // (_ROW_WIDTH + 1))
        width = (self._width - columns + 1) // columns
        most = columns * max(1, room - 1)
        hidden = len(wrong) - most
        blocks = [[self._row(point, width)] for point in wrong[:most]]
        shown = self._sheet.beside(blocks, columns, -(-len(blocks) // columns))
        return shown + ([self._sheet.line(self._say("and more", count=hidden))] if hidden > 0 else [])

    def _figures(self, point: ChargingPoint, session: Session | None) -> str:
        if session is None or session.state is not SessionState.CHARGING:
            return ""
        live, frozen_at = self._live.get(point.cp_id), self._frozen_at.get(point.cp_id)
        return wall_lists.short_figures(self._sheet, session, live, frozen_at)

    # ---- beneath them

    def _below(self, room: int) -> list[Text]:
        """Charges, faults, messages: side by side where there is room, else one beneath the other."""
        if room <= 0:
            return []
        if self._width >= _WIDE:
            left = (self._width - 1) // 2
            right = self._width - 1 - left
            above = min(max(len(self._sessions), len(self._view.faults), 1) + 1, max(1, (room - 1) // 2))
            charges, faults = self._charges(left, above), self._faults(right, above)
            pair = [
                self._sheet.joined([_at(charges, row, left), _at(faults, row, right)])
                for row in range(max(len(charges), len(faults)))
            ]
            return pair + self._messages(room - len(pair))
        # A few messages always; what is left goes to faults first, because they wait for somebody.
        for_messages = min(4, max(2, room // 3)) if room > 4 else 0
        spare = room - for_messages
        faults_wanted = wall_lists.faults_wanted(self._view.faults)
        charges_wanted = 1 + len(self._sessions)
        faults_room = min(faults_wanted, max(spare - charges_wanted, (spare + 1) // 2))
        charges = self._charges(self._width, spare - faults_room)
        faults = self._faults(self._width, faults_room)
        return charges + faults + self._messages(room - len(charges) - len(faults))

    def _charges(self, width: int, room: int) -> list[Text]:
        sessions = self._view.sessions
        return wall_lists.charges(self._sheet, sessions, self._live, self._frozen_at, width, room)

    def _faults(self, width: int, room: int) -> list[Text]:
        return wall_lists.faults(self._sheet, self._view.faults, self._view.more_faults, width, room)

    def _messages(self, room: int) -> list[Text]:
        return wall_lists.messages(self._sheet, self._view.messages, room)

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
            rows = self._sheet.most(wrong, max(1, room - 3), self._width)
        left = room - len(rows)
        faults = [self._sheet.line(f"! {fault.text}") for fault in self._view.faults if not fault.restored]
        faults = faults[-max(0, left - 2) :] if left > 2 else []
        left -= len(faults)
        messages = wall_lists.newest(self._sheet, self._view.messages, left)
        return rows + faults + messages


def _at(lines: Sequence[Text], row: int, width: int) -> Text:
    return lines[row] if row < len(lines) else Text(" " * width)
