"""Everything that an open page shows, with one revision that only grows. Pure.

Events and live figures only mark what has changed; `refresh`, called before each frame, reads the facts again and
gives every change its number. So a page needs nothing but the number of what it has seen last.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType

from evcharge.central.feed import Feed, Live
from evcharge.central.rules.alert_kinds import CLOSED_BY_HAND, Alert
from evcharge.central.rules.facts import Facts
from evcharge.central.views import page_frames
from evcharge.central.views.alerts import Alerts, alert_text, restored_text
from evcharge.central.views.event_text import line, status_line
from evcharge.central.views.today import Today
from evcharge.domain.charging_point import ChargingPoint, CpStatus
from evcharge.domain.events import (
    ClockJumped,
    ConfirmationEnded,
    DriverBlocked,
    DriverConnected,
    DriverLost,
    DriverWithdrawn,
    Event,
    HoldLifted,
    HoldPlaced,
    JournalReplaced,
    KeyRestored,
    KeyRevoked,
    PaidOut,
    PointWithdrawn,
    RecordQuarantined,
    SessionInterrupted,
    SessionRebuilt,
    SessionRefused,
    SessionReopened,
    SessionStarted,
    StartConfirmed,
    StartRefused,
    StraySupply,
    TicketCorrected,
    TicketMade,
    WalletCorrected,
    WalletToppedUp,
)
from evcharge.domain.ids import CpId, DriverId, RequestId, SessionId, natural
from evcharge.domain.location import Location
from evcharge.domain.session import Session, SessionState
from evcharge.domain.strict_json import tellable
from evcharge.labels import DEFAULT_LANGUAGE, LANGUAGES
from evcharge.labels.causes import beside

MAX_MESSAGES = 200
# More open alerts than these nobody reads; the figures say how many there are.
MAX_ALERTS, MAX_SOLVED = 500, 50
_NUMBERS = page_frames.STATUS_NUMBERS
_IN_SERVICE = tuple(
    _NUMBERS[status]
    for status in (CpStatus.AVAILABLE, CpStatus.PREPARING, CpStatus.CHARGING, CpStatus.FINISHING)
)
_HEARD = page_frames.ENGINE_LINKED | page_frames.MONITOR_HEARD
# Power, energy and cost of a charging point without a session.
_NOTHING = (0, 0, 0)
_AVAILABLE = _NUMBERS[CpStatus.AVAILABLE]
# Alerts that are about the network itself: whom they are about, and of what kind.
_BANNERS = {
    ("REGISTRY", "registry"): "registry",
    ("REGISTRY", "not-understood"): "registry",
    ("CENTRAL", "storage"): "storage",
    ("WEATHER", "weather-service"): "weather",
    ("KAFKA", "kafka"): "kafka",
}
_KINDS: Mapping[type[Event], str] = {
    **dict.fromkeys((TicketMade, SessionStarted, HoldLifted, KeyRestored, WalletToppedUp), "ok"),
    **dict.fromkeys((WalletCorrected, PaidOut), "ok"),
    **dict.fromkeys(
        (
            HoldPlaced,
            KeyRevoked,
            PointWithdrawn,
            DriverBlocked,
            DriverWithdrawn,
            StartRefused,
            ConfirmationEnded,
            SessionRefused,
            TicketCorrected,
            SessionRebuilt,
        ),
        "warn",
    ),
    **dict.fromkeys(
        (JournalReplaced, RecordQuarantined, StraySupply, SessionInterrupted, SessionReopened), "bad"
    ),
}
_STATUS_KINDS = {
    CpStatus.AVAILABLE: "ok",
    CpStatus.PREPARING: "info",
    CpStatus.CHARGING: "ok",
    CpStatus.UNAVAILABLE: "warn",
    CpStatus.FAULTED: "bad",
    CpStatus.DISCONNECTED: "warn",
    CpStatus.FINISHING: "info",
}

ShownSince = Callable[[CpId, CpStatus], datetime | None]


@dataclass(slots=True)
class _Place:
    """What is kept of one charging point: its name and row as they were last numbered, and those numbers."""

    name: page_frames.Name
    name_rev: int
    row: page_frames.Row
    rev: int
    # The session in that row.
    session: Session | None


@dataclass(frozen=True, slots=True)
class Opening:
    """What each page hears first. `epoch` names this run of Central: the revisions of another one mean nothing here."""

    epoch: str
    version: str
    lang: str
    now: datetime


class Board:
    """Rows of all charging points, alerts, messages and figures."""

    def __init__(
        self,
        facts: Facts,
        feed: Feed,
        alerts: Alerts,
        today: Today,
        opening: Opening,
        shown_since: ShownSince = lambda _cp_id, _status: None,
    ) -> None:
        """`shown_since` says since when the books know a charging point to show a status."""
        self.epoch = opening.epoch
        self._opening = opening
        self.rev = 0
        # Pages that know nothing newer must be shown everything: the indexes of before mean nothing any more.
        self.renumbered_rev = 0
        self._facts = facts
        self._shown_since = shown_since
        self._live = feed.live
        self._temperatures = feed.temperatures
        self._alerts = alerts
        self._today = today
        self._now = opening.now
        self._places: list[_Place] = []
        self._index: dict[CpId, int] = {}
        # The indexes of all places, those that changed last at the end.
        self._rows: OrderedDict[int, None] = OrderedDict()
        self._names: OrderedDict[int, None] = OrderedDict()
        self._touched: dict[CpId, None] = {point.cp_id: None for point in _sorted(facts)}
        # The points whose figures alone have changed.
        self._moved: dict[CpId, None] = {}
        # Which status, and why, was told last of each; and since when it has that status.
        self._told = {point.cp_id: _told(point) for point in facts.points()}
        self._since: dict[CpId, int] = {}
        # How far the clock was set during an open session, or while a driver is asked.
        self._moved_s: dict[SessionId | RequestId, int] = {}
        self._news: deque[tuple[datetime, Event | ChargingPoint]] = deque(maxlen=MAX_MESSAGES)
        self._messages: deque[tuple[page_frames.Line, Event | ChargingPoint]] = deque(maxlen=MAX_MESSAGES)
        self._worded: dict[Alert, page_frames.AlertRow] = {}
        # The same in languages that pages have asked for since the alerts changed last.
        self._also_worded: dict[str, dict[Alert, Mapping[str, Any]]] = {}
        self._alerts_rev = 0
        self._alerts_seen = -1
        self._banners: dict[Alert, page_frames.Banner] = {}
        self._banners_rev = 0
        self._by = [0] * len(_NUMBERS)
        self._power_w = 0
        self._open = 0
        # The countries that are known of locations.
        self._countries: dict[Location, str] = {}
        self._drivers = {driver.driver_id for driver in facts.drivers() if driver.link is not None}
        self._free: set[int] = set()
        self._free_json: bytes | None = None
        self.refresh(opening.now)

    # ---- what happens

    def on_event(self, event: Event, at: datetime) -> None:
        """Take in one stored event: call it when the facts have taken it in."""
        self._today.on_event(event, at)
        self._news.append((at, event))
        if isinstance(event, ClockJumped):
            self._set_clock(event.seconds)
        if isinstance(event, TicketMade | SessionRefused):
            self._moved_s.pop(event.session_id, None)
        if isinstance(event, StartConfirmed | ConfirmationEnded):
            self._moved_s.pop(event.request_id, None)
        if isinstance(event, DriverConnected | DriverLost | DriverBlocked):
            self._count_driver(event.driver_id)
        cp_id: CpId | None = getattr(event, "cp_id", None)
        point = self._facts.point(cp_id) if cp_id is not None else None
        if point is None:
            return
        self._touched[point.cp_id] = None
        if point.withdrawn:
            self._told.pop(point.cp_id, None)
            self._since.pop(point.cp_id, None)
            return
        before, told = self._told.get(point.cp_id), _told(point)
        if before != told:
            self._told[point.cp_id] = told
            self._news.append((at, point))
            if before is None or before[0] is not told[0]:
                self._since[point.cp_id] = self._began(point, at)

    def recall(self, event: Event, at: datetime) -> None:
        """Show what was stored before this start among the messages; the facts hold its effects already."""
        self._news.append((at, event))

    def touch(self, cp_id: CpId) -> None:
        """The live figures of `cp_id`, or its temperature, are new: the cheapest thing that happens, and most often."""
        self._moved[cp_id] = None

    # ---- the present

    def refresh(self, now: datetime) -> bool:
        """Number what has changed until `now`; return whether anything has."""
        before, self._now = self.rev, now
        self._today.turn(now)
        self._look_at_countries()
        touched, self._touched = self._touched, {}
        moved, self._moved = self._moved, {}
        gone = set[CpId]()
        for cp_id in touched:
            point = self._facts.point(cp_id)
            if point is None:
                continue
            if not point.withdrawn:
                self._describe(point)
            elif cp_id in self._index:
                gone.add(cp_id)
        if gone:
            self._renumber(gone)
        for cp_id in moved:
            number = self._index.get(cp_id)
            if number is not None and cp_id not in touched:
                self._move(self._places[number], cp_id)
        while self._news:
            self._word(*self._news.popleft())
        if self._alerts_seen != self._alerts.revision:
            self._alerts_seen = self._alerts.revision
            self._look_at_alerts()
        return self.rev != before

    @property
    def kpi(self) -> page_frames.Kpi:
        """The figures of the whole network."""
        count = len(self._places)
        in_service = sum(self._by[number] for number in _IN_SERVICE)
        return page_frames.Kpi(
            points=count,
            by=list(self._by),
            power_w=self._power_w,
            energy_today_mwh=tellable(self._today.energy_mwh),
            revenue_today_cents=tellable(self._today.cents),
            sessions_today=self._today.sessions,
            open=self._open,
            availability=round(in_service / count, 4) if count else 1.0,
            drivers=len(self._drivers),
            alerts=self._alerts.open_count,
        )

    def snapshot(self, lang: str = DEFAULT_LANGUAGE) -> bytes:
        """Return the frame that shows everything; in `lang` too, which all frames do not speak."""
        return page_frames.encode(
            page_frames.Snapshot(
                epoch=self.epoch,
                rev=self.rev,
                now=self.now_s,
                version=self._opening.version,
                lang=self._opening.lang,
                zone=self.zone,
                c=[place.name for place in self._places],
                u=[place.row for place in self._places],
                alerts=self._alert_rows(lang),
                messages=self._lines(-1, lang),
                kpi=self.kpi,
                banners=self._banner_rows(lang),
                faults=_faults((place.row for place in self._places), lang),
            )
        )

    def delta(self, seen: int, lang: str = DEFAULT_LANGUAGE) -> bytes:
        """Return the frame with everything newer than revision `seen`."""
        rows = [place.row for place in self._newer(self._rows, seen)]
        delta = page_frames.Delta(
            rev=self.rev,
            now=self.now_s,
            c=self.names(seen),
            u=rows,
            messages=self._lines(seen, lang),
            kpi=self.kpi,
            alerts=self._alert_rows(lang) if self._alerts_rev > seen else UNSET,
            banners=self._banner_rows(lang) if self._banners_rev > seen else UNSET,
            faults=_faults(rows, lang),
        )
        return page_frames.encode(delta)

    # ---- in words

    def _lines(self, seen: int, lang: str) -> list[page_frames.Line | Mapping[str, Any]]:
        newer = [told for told in self._messages if told[0].r > seen]
        if lang in LANGUAGES:
            return [told for told, _ in newer]
        return [page_frames.also(told, **{lang: _text(subject, lang) or ""}) for told, subject in newer]

    def _alert_rows(self, lang: str) -> list[page_frames.AlertRow | Mapping[str, Any]]:
        if lang in LANGUAGES:
            return list(self._worded.values())
        known = self._also_worded.setdefault(lang, {})
        for alert, row in self._worded.items():
            if alert not in known:
                words = {
                    f"what_{lang}": alert_text(alert, lang),
                    f"restored_{lang}": restored_text(alert, lang),
                }
                known[alert] = page_frames.also(row, **words)
        return [known[alert] for alert in self._worded]

    def _banner_rows(self, lang: str) -> list[page_frames.Banner | Mapping[str, Any]]:
        if lang in LANGUAGES:
            return list(self._banners.values())
        return [
            page_frames.also(row, **{lang: alert_text(alert, lang)}) for alert, row in self._banners.items()
        ]

    # ---- for other frames

    @property
    def now_s(self) -> float:
        """The instant of the last refresh, in Unix seconds."""
        return round(self._now.timestamp(), 2)

    @property
    def lang(self) -> str:
        """The language that Central itself speaks."""
        return self._opening.lang

    @property
    def zone(self) -> str:
        """The time zone of the network, by its name."""
        return self._today.days.name

    def names(self, seen: int = -1) -> list[page_frames.Name]:
        """Return the charging points whose name, place or price is newer than `seen`."""
        return [place.name for place in self._newer(self._names, seen, names=True)]

    def free(self) -> bytes:
        """Return the indexes of the charging points that are available, as JSON."""
        if self._free_json is None:
            self._free_json = page_frames.encode(sorted(self._free))
        return self._free_json

    def figures(self) -> Iterator[tuple[CpId, int, int | None]]:
        """Yield the power and the temperature of each charging point."""
        for cp_id, number in self._index.items():
            row = self._places[number].row
            yield cp_id, row[3], row[12]

    def by_the_clock(self, what: SessionId | RequestId, instant: datetime) -> int:
        """Return an instant of an open session or question in Unix seconds, its age by the present clock right."""
        return int(instant.timestamp()) + self._moved_s.get(what, 0)

    # ---- inside

    def _set_clock(self, seconds: int) -> None:
        """What is shown began so long before now as it did, whatever the clock says of now."""
        for cp_id in self._since:
            self._since[cp_id] += seconds
            self._touched[cp_id] = None
        moved: list[SessionId | RequestId] = [session.session_id for session in self._facts.sessions()]
        moved += [point.question.request_id for point in self._facts.points() if point.question is not None]
        for what in moved:
            self._moved_s[what] = self._moved_s.get(what, 0) + seconds

    def _look_at_countries(self) -> None:
        """The weather service says where a location lies: no event tells of it."""
        known = {weather.location: weather.country for weather in self._facts.weathers() if weather.country}
        if known == self._countries:
            return
        self._countries = known
        self._touched |= dict.fromkeys(self._index)

    def _name(self, number: int, point: ChargingPoint) -> page_frames.Name:
        where = point.location
        country = "" if where.country else self._countries.get(where, "")
        return number, point.cp_id, where.name, point.price_centi_cents_per_kwh, country, point.max_power_w

    def _newer(self, order: OrderedDict[int, None], seen: int, *, names: bool = False) -> Iterator[_Place]:
        for number in reversed(order):
            place = self._places[number]
            if (place.name_rev if names else place.rev) <= seen:
                return
            yield place

    def _next(self) -> int:
        self.rev += 1
        return self.rev

    def _describe(self, point: ChargingPoint) -> None:
        number = self._index.get(point.cp_id)
        if number is None:
            self._add(point)
            return
        place = self._places[number]
        name = self._name(number, point)
        if name != place.name:
            place.name, place.name_rev = name, self._next()
            self._names.move_to_end(number)
        row, place.session = self._row(number, point)
        if row != place.row:
            self._count(place.row, -1)
            self._count(row, +1)
            self._list_if_free(row)
            place.row, place.rev = row, self._next()
            self._rows.move_to_end(number)

    def _move(self, place: _Place, cp_id: CpId) -> None:
        """Take in the figures alone; as `_describe`, at a third of its cost."""
        row, session = place.row, place.session
        linked = bool(row[11] & page_frames.ENGINE_LINKED)
        figures = drawn(session, self._live.get(cp_id), linked=linked) if session is not None else _NOTHING
        warmth = self._temperatures.get(cp_id) if row[11] & _HEARD else None
        new = (*row[:3], *figures, *row[6:12], warmth)
        if new != row:
            self._power_w += figures[0] - row[3]
            place.row, place.rev = new, self._next()
            self._rows.move_to_end(row[0])

    def _add(self, point: ChargingPoint) -> None:
        number = len(self._places)
        row, session = self._row(number, point)
        self._places.append(_Place(self._name(number, point), self._next(), row, self._next(), session))
        self._index[point.cp_id] = number
        self._rows[number] = self._names[number] = None
        self._count(row, +1)
        self._list_if_free(row)

    def _renumber(self, gone: set[CpId]) -> None:
        """Take away the charging points in `gone`, and give the others indexes without a gap."""
        for cp_id in gone:
            self._count(self._places[self._index.pop(cp_id)].row, -1)
        self.renumbered_rev = rev = self._next()
        self._places = [self._places[number] for number in self._index.values()]
        for number, place in enumerate(self._places):
            place.name, place.name_rev = (number, *place.name[1:]), rev
            place.row, place.rev = (number, *place.row[1:]), rev
        self._index = {cp_id: number for number, cp_id in enumerate(self._index)}
        self._rows = OrderedDict.fromkeys(range(len(self._places)))
        self._names = OrderedDict.fromkeys(range(len(self._places)))
        self._free = {place.row[0] for place in self._places if place.row[1] == _AVAILABLE}
        self._free_json = None

    def _row(self, number: int, point: ChargingPoint) -> tuple[page_frames.Row, Session | None]:
        status = point.status
        since = self._since.get(point.cp_id)
        if since is None:
            since = self._since[point.cp_id] = self._began(point, self._now)
        flags = (point.engine_link is not None) * page_frames.ENGINE_LINKED
        flags |= point.monitor_heard * page_frames.MONITOR_HEARD | point.revoked * page_frames.REVOKED
        started, figures = 0, _NOTHING
        driver_id = session_id = ""
        session = self._facts.session(point.session_id) if point.session_id is not None else None
        if session is not None:
            driver_id, session_id = session.driver_id, session.session_id
            linked = point.engine_link is not None
            figures = drawn(session, self._live.get(point.cp_id), linked=linked)
            if session.started_at is not None:
                started = self.by_the_clock(session_id, session.started_at)
            flags |= (session.stop_reason is not None) * page_frames.STOPPING
        temperature = self._temperatures.get(point.cp_id) if flags & _HEARD else None
        holds = ",".join(sorted(point.holds)) if point.holds else ""
        fault = point.fault or (point.reason if status is CpStatus.FAULTED else "")
        row = (
            number, _NUMBERS[status], since, *figures, driver_id, session_id, started, holds, fault, flags, temperature,
        )  # fmt: skip
        return row, session

    def _began(self, point: ChargingPoint, at: datetime) -> int:
        """Return since when a point shows its status: longer than this run of Central, if the books say so."""
        return int((self._shown_since(point.cp_id, point.status) or at).timestamp())

    def _count(self, row: page_frames.Row, sign: int) -> None:
        self._by[row[1]] += sign
        self._power_w += sign * row[3]
        self._open += sign * bool(row[7])

    def _list_if_free(self, row: page_frames.Row) -> None:
        is_free = row[1] == _AVAILABLE
        if is_free != (row[0] in self._free):
            self._free ^= {row[0]}
            self._free_json = None

    def _count_driver(self, driver_id: DriverId) -> None:
        driver = self._facts.driver(driver_id)
        if driver is not None and driver.link is not None:
            self._drivers.add(driver_id)
        else:
            self._drivers.discard(driver_id)

    def _word(self, at: datetime, subject: Event | ChargingPoint) -> None:
        text = _text(subject, "en")
        if text is None:
            return
        if isinstance(subject, ChargingPoint):
            kind, cp_id = _STATUS_KINDS[subject.status], subject.cp_id
        else:
            kind, cp_id = _KINDS.get(type(subject), "info"), getattr(subject, "cp_id", None) or CpId("")
        es = _text(subject, "es") or text
        told = page_frames.Line(r=self._next(), at=int(at.timestamp()), en=text, es=es, cp=cp_id, kind=kind)
        self._messages.append((told, subject))

    def _look_at_alerts(self) -> None:
        recent = self._alerts.recent()
        still_open = [alert for alert in recent if alert.solved_at is None]
        solved = [alert for alert in recent if alert.solved_at is not None]
        # Many may be open for long: their words are found once.
        known, listed = self._worded, (*still_open[:MAX_ALERTS], *solved[:MAX_SOLVED])
        self._worded = {alert: known.get(alert) or alert_row(alert) for alert in listed}
        if list(self._worded.values()) != list(known.values()):
            self._alerts_rev = self._next()
        self._also_worded = {
            lang: {alert: row for alert, row in rows.items() if alert in self._worded}
            for lang, rows in self._also_worded.items()
        }
        before = self._banners
        self._banners = {
            alert: page_frames.Banner(
                name, alert_text(alert, "en"), alert_text(alert, "es"), int(alert.since.timestamp())
            )
            for alert in still_open
            if (name := _BANNERS.get((alert.about, alert.kind))) is not None
        }
        if list(self._banners.values()) != list(before.values()):
            self._banners_rev = self._next()


def _text(subject: Event | ChargingPoint, lang: str) -> str | None:
    """Return the message that tells of an event or of another status; None: there is none."""
    return status_line(subject, lang) if isinstance(subject, ChargingPoint) else line(subject, lang)


def alert_row(alert: Alert) -> page_frames.AlertRow:
    """Return one alert as pages are shown it."""
    return page_frames.AlertRow(
        id=alert.id,
        kind=alert.kind,
        about=alert.about,
        what=alert_text(alert, "en"),
        what_es=alert_text(alert, "es"),
        since=int(alert.since.timestamp()),
        solved_at=int(alert.solved_at.timestamp()) if alert.solved_at is not None else None,
        restored=restored_text(alert, "en"),
        restored_es=restored_text(alert, "es"),
        times=alert.times,
        closable=alert.solved_at is None and alert.kind in CLOSED_BY_HAND,
        taken_by=alert.taken_by,
    )


def drawn(session: Session, live: Live | None, *, linked: bool) -> tuple[int, int, int]:
    """Return the power in W, the energy in mWh and the cost in cents of an open session, as screens show them."""
    power_w, energy_mwh = 0, session.energy_mwh
    if live is not None and live.session_id == session.session_id and session.state is SessionState.CHARGING:
        energy_mwh = max(energy_mwh, live.energy_mwh)
        # Without a link the last figures stand still: no power is claimed then.
        power_w = live.power_w if linked else 0
    return power_w, energy_mwh, session.shown_cents(energy_mwh)


def _told(point: ChargingPoint) -> tuple[CpStatus, str]:
    return point.status, point.reason


def _sorted(facts: Facts) -> list[ChargingPoint]:
    return sorted(facts.points(), key=lambda point: natural(point.cp_id))


def _faults(rows: Iterable[page_frames.Row], lang: str) -> page_frames.Faults | UnsetType:
    """Return what is wrong in other languages than English: in Spanish, and in that of the page."""
    return beside((row[page_frames.FAULT] for row in rows), lang) or UNSET
