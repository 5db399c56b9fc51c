"""What needs an operator's eye: opened by one event, solved by another, and kept to be read later. Pure.

A fold over the stored events, so that a restart of Central rebuilds the same list from its books.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from evcharge import labels
from evcharge.central.rules.alert_kinds import (
    CENTRAL,
    CLOSED_BY_HAND,
    KAFKA,
    NOT_UNDERSTOOD,
    REGISTRY,
    WEATHER,
    WRONG_CREDENTIAL,
    WRONG_SERVICE_KEY,
    Alert,
    AlertKind,
    member,
)
from evcharge.central.rules.facts import Weather
from evcharge.domain import events
from evcharge.domain.billing import euros
from evcharge.domain.charging_point import ChargingPoint, Hold
from evcharge.domain.errors import Code
from evcharge.domain.ids import DriverId
from evcharge.labels.causes import cause
from evcharge.labels.operator import SENTENCES

MAX_SOLVED = 200
# Every charging point of a large network may be in trouble at once, in more than one way.
MAX_OPEN = 20_000
# So much of the past is read again at a start.
REBUILD_FROM = 2000
# Why somebody is missed of whom no event tells: it went before what is read again, or while Central was away.
NOT_BACK = "not heard since Central started"


def alert_text(alert: Alert, lang: str = labels.DEFAULT_LANGUAGE) -> str:
    """Return what is wrong, in one sentence."""
    if alert.kind is AlertKind.WEATHER:
        detail = ", ".join(labels.weather(kind, lang) for kind in alert.detail.split())
    else:
        detail = alert_detail(alert, lang)
    name = f"alert {alert.kind}"
    if alert.overridden:
        name = "alert weather, overridden"
    elif alert.both:
        name = "alert monitor and engine"
    return labels.Speech(SENTENCES, lang)(name, about=alert.about, detail=detail)


def alert_detail(alert: Alert, lang: str = labels.DEFAULT_LANGUAGE) -> str:
    """Return what is known beyond its kind: a cause, or money that is owed."""
    if alert.kind is AlertKind.DEBT:
        return labels.told(alert.detail, lang)
    words = cause(alert.detail, lang)
    return labels.says(alert.code, words, lang) if words == alert.detail else words


def restored_text(alert: Alert, lang: str = labels.DEFAULT_LANGUAGE) -> str:
    """Return the sentence that says it is over, or "" while it is not."""
    if alert.solved_at is None:
        return ""
    name = "alert closed" if alert.by_hand else f"restored {alert.kind}"
    return labels.Speech(SENTENCES, lang)(name, about=alert.about)


def taken_text(alert: Alert, lang: str = labels.DEFAULT_LANGUAGE) -> str:
    """Return the sentence that says who has taken it, or "" while nobody has."""
    if not alert.taken_by:
        return ""
    return labels.Speech(SENTENCES, lang)("alert taken", by=alert.taken_by)


class Alerts:
    """The open alerts, and the last that were solved. `known` says which ids exist: others raise no alert."""

    def __init__(self, known: Callable[[str], bool] = lambda _: True) -> None:
        self._known = known
        self._open: dict[tuple[str, AlertKind], Alert] = {}
        self._solved: deque[Alert] = deque(maxlen=MAX_SOLVED)
        # Why and since when the engine of a charging point has no link, also while a fault says so already.
        self._engine_lost: dict[str, tuple[str, datetime]] = {}
        # What an operator has closed although it goes on: a debt until more is owed or it is paid, one of several that
        # is away until it is back. Facts and looks tell of them again after a restart.
        self._given_up: set[tuple[str, AlertKind]] = set()
        # When each was let in last (Unix seconds).
        self._understood_at: dict[str, float] = {}
        # Grows with every change: whoever shows alerts need not compare them.
        self.revision = 0

    # ---- looking

    def open(self) -> list[Alert]:
        """Return what is wrong now, the newest first."""
        return sorted(self._open.values(), key=lambda alert: alert.since, reverse=True)

    def recent(self) -> list[Alert]:
        """Return the open alerts, then those that were solved, the newest first."""
        return self.open() + list(reversed(self._solved))

    @property
    def open_count(self) -> int:
        """How many are open."""
        return len(self._open)

    def is_open(self, about: str, kind: AlertKind) -> bool:
        """Return whether `about` has that trouble now."""
        return (about, kind) in self._open

    def away(self, role: str) -> dict[str, Alert]:
        """Return the alerts about those of several that are away, by their names."""
        before = member(role)
        return {
            about.removeprefix(before): alert
            for (about, kind), alert in self._open.items()
            if kind is AlertKind.AWAY and about.startswith(before)
        }

    def told_away(self, role: str) -> set[str]:
        """Return the names of those of several that are away, also where an operator has closed the alert."""
        before = member(role)
        return {
            about.removeprefix(before)
            for about, kind in (*self._open, *self._given_up)
            if kind is AlertKind.AWAY and about.startswith(before)
        }

    def named(self, alert_id: str) -> Alert | None:
        """Return the open alert with that id."""
        # Both parts may hold hyphens: compare, do not take apart.
        return next((alert for alert in self._open.values() if alert.id == alert_id), None)

    # ---- what happens

    def adopt(
        self,
        points: Iterable[ChargingPoint],
        now: datetime,
        weathers: Iterable[Weather] = (),
        debts: Mapping[DriverId, int] = MappingProxyType({}),
        blocked: Iterable[DriverId] = (),
    ) -> None:
        """Open what the facts say is wrong and the events that were read again did not tell (a start)."""
        for point in points:
            if point.fault is not None and not self.is_open(point.cp_id, AlertKind.FAULT):
                self._begin(AlertKind.FAULT, point.cp_id, point.fault, now)
            if point.revoked and not self.is_open(point.cp_id, AlertKind.REVOKED):
                self._begin(AlertKind.REVOKED, point.cp_id, "", now)
            # Without it nobody could confirm the journal.
            if Hold.JOURNAL in point.holds and not self.is_open(point.cp_id, AlertKind.JOURNAL):
                self._begin(AlertKind.JOURNAL, point.cp_id, (point.journal_id or "")[:8], now)
        for driver_id in blocked:
            if not self.is_open(driver_id, AlertKind.REVOKED):
                self._begin(AlertKind.REVOKED, driver_id, "", now)
        for driver_id, cents in debts.items():
            if (
                not self.is_open(driver_id, AlertKind.DEBT)
                and (driver_id, AlertKind.DEBT) not in self._given_up
            ):
                self._begin(AlertKind.DEBT, driver_id, f"{euros(cents)} €", now)
        for weather in weathers:
            if weather.alerts and not self.is_open(weather.location.name, AlertKind.WEATHER):
                self._begin(AlertKind.WEATHER, weather.location.name, " ".join(sorted(weather.alerts)), now)
            self._override(weather.location.name, overridden=weather.override)

    def miss(self, points: Iterable[ChargingPoint], at: datetime) -> None:
        """Open what no event tells: whose monitor or engine has not come back since a start. Call it a while after."""
        for point in points:
            if point.revoked or point.journal_id is None:
                # Its engine may not come, or never has.
                continue
            if point.engine_link is None:
                self._engine_lost.setdefault(point.cp_id, (NOT_BACK, at))
            if point.monitor_link is None and not self.is_open(point.cp_id, AlertKind.MONITOR):
                self._begin(AlertKind.MONITOR, point.cp_id, NOT_BACK, at)
                self._becomes(point.cp_id, AlertKind.ENGINE, AlertKind.MONITOR)
            self._miss_engine(point.cp_id)

    def storage_failed(self, why: str, at: datetime) -> None:
        """Open the one alert that no event can tell, because events cannot be stored."""
        self._begin(AlertKind.STORAGE, CENTRAL, why, at)

    def mark_taken(self, alert_id: str, by: str, at: datetime | None) -> None:
        """Note who has taken an open alert ("": nobody)."""
        alert = self.named(alert_id)
        if alert is not None:
            self.revision += 1
            self._open[alert.about, alert.kind] = replace(alert, taken_by=by, taken_at=at)

    def count(self, about: str, kind: AlertKind, number: int) -> None:
        """Let an open alert name another number: how much waits grows without an event."""
        known = self._open.get((about, kind))
        if known is not None and known.detail != str(number):
            self.revision += 1
            self._open[about, kind] = replace(known, detail=str(number))

    def drop(self, about: str, kind: AlertKind) -> None:
        """Forget an alert about something that is not used here any more."""
        if self._open.pop((about, kind), None) is not None:
            self.revision += 1

    def keep_what_waits_for_an_operator(self) -> None:
        """Forget all but the open alerts that only an operator closes: of others, not all that ends them was read."""
        self._solved.clear()
        for alert in self.open():
            if alert.kind not in CLOSED_BY_HAND:
                self.drop(alert.about, alert.kind)

    def take(self, event: events.Event, at: datetime) -> None:
        """Take in one stored event."""
        self._links(event, at)
        self._keys(event, at)
        self._books(event, at)
        self._weather(event, at)

    def _links(self, event: events.Event, at: datetime) -> None:
        match event:
            case events.FaultReported():
                # One incident, whatever its text becomes.
                self._begin(AlertKind.FAULT, event.cp_id, event.fault, at, times=0)
                # A dead engine is missed by its monitor and by Central: one cause is one alert.
                self._becomes(event.cp_id, AlertKind.ENGINE, AlertKind.FAULT)
            case events.FaultCleared():
                self._end(AlertKind.FAULT, event.cp_id, at)
                self._miss_engine(event.cp_id)
            case events.EngineLost() | events.MonitorLost() if event.reason == events.CENTRAL_STOPPED:
                pass  # an outage of the observer
            case events.EngineLost() if self._known(event.cp_id) and self._explained(event.cp_id):
                # With other keys its monitor may come back, and it not.
                self._engine_lost[event.cp_id] = event.reason, at
            case events.EngineLost() | events.MonitorLost() if self._explained(event.cp_id):
                pass
            case events.EngineLost():
                self._engine_lost[event.cp_id] = event.reason, at
                self._miss_engine(event.cp_id, times=1)
            case events.EngineConnected():
                self._engine_lost.pop(event.cp_id, None)
                self._both(event.cp_id)
                self._end(AlertKind.ENGINE, event.cp_id, at)
                self._understood(event.cp_id, at)
            case events.MonitorLost():
                self._begin(AlertKind.MONITOR, event.cp_id, event.reason, at)
                # A charging point without power or network: one cause is one alert.
                self._becomes(event.cp_id, AlertKind.ENGINE, AlertKind.MONITOR)
                self._both(event.cp_id)
            case events.MonitorSpoke():
                self._end(AlertKind.MONITOR, event.cp_id, at)
                self._miss_engine(event.cp_id)
                self._understood(event.cp_id, at)
            case events.FiguresUnderstood():
                self._end(AlertKind.NOT_UNDERSTOOD, event.cp_id, at)
            case events.DriverConnected():
                self._understood(event.driver_id, at)
            case events.RegistryLost(why=why) if why == WRONG_SERVICE_KEY:
                # It answers.
                self._end(AlertKind.REGISTRY, REGISTRY, at)
                self._begin(AlertKind.NOT_UNDERSTOOD, REGISTRY, why, at)
            case events.RegistryLost():
                self._begin(AlertKind.REGISTRY, REGISTRY, event.why, at)
            case events.RegistryReached():
                self._end(AlertKind.REGISTRY, REGISTRY, at)
                self._end(AlertKind.NOT_UNDERSTOOD, REGISTRY, at)
            case events.MemberAway():
                self._given_up.discard((member(event.role, event.name), AlertKind.AWAY))
                self._begin(AlertKind.AWAY, member(event.role, event.name), event.why, at)
            case events.MemberBack():
                self._given_up.discard((member(event.role, event.name), AlertKind.AWAY))
                self._end(AlertKind.AWAY, member(event.role, event.name), at)
            case events.KafkaLost():
                self._begin(AlertKind.KAFKA, KAFKA, str(event.waiting), at)
            case events.KafkaReached():
                self._end(AlertKind.KAFKA, KAFKA, at)
            case events.NotifyLost():
                self._begin(AlertKind.NOTIFY, event.way, event.why, at)
            case events.NotifyReached():
                self._end(AlertKind.NOTIFY, event.way, at)
            case _:
                pass

    def _miss_engine(self, cp_id: str, times: int = 0) -> None:
        """Open the alert of an engine without link, unless a fault or a lost monitor says it already."""
        lost = self._engine_lost.get(cp_id)
        if self.is_open(cp_id, AlertKind.MONITOR):
            self._both(cp_id)
        elif lost is not None and not self.is_open(cp_id, AlertKind.FAULT):
            self._begin(AlertKind.ENGINE, cp_id, *lost, times=times)

    def _both(self, cp_id: str) -> None:
        """Let the alert of a monitor say whether the engine has no link either."""
        known, both = self._open.get((cp_id, AlertKind.MONITOR)), cp_id in self._engine_lost
        if known is not None and known.both != both:
            self.revision += 1
            self._open[cp_id, AlertKind.MONITOR] = replace(known, both=both)

    def _becomes(self, about: str, old: AlertKind, new: AlertKind) -> None:
        """Let a second alert of the same cause take the place of the first; whoever took that keeps it."""
        known = self._open.get((about, old))
        self.drop(about, old)
        if known is not None and known.taken_by and (about, new) in self._open:
            self._open[about, new] = replace(
                self._open[about, new], taken_by=known.taken_by, taken_at=known.taken_at
            )

    def _explained(self, cp_id: str) -> bool:
        """Whether the links of a charging point end because it was revoked or withdrawn: one cause is one alert."""
        return self.is_open(cp_id, AlertKind.REVOKED) or not self._known(cp_id)

    def _keys(self, event: events.Event, at: datetime) -> None:
        match event:
            case events.KeyRevoked():
                self._begin(AlertKind.REVOKED, event.cp_id, "", at)
                self._end(AlertKind.DUPLICATE, event.cp_id, at)
            case events.KeyRestored():
                self._end(AlertKind.REVOKED, event.cp_id, at)
                if (lost := self._engine_lost.get(event.cp_id)) is not None:
                    # Until now that was no trouble of its own.
                    self._engine_lost[event.cp_id] = lost[0], at
            case events.DriverBlocked():
                self._begin(AlertKind.REVOKED, event.driver_id, "", at)
                self._end(AlertKind.DUPLICATE, event.driver_id, at)
            case events.DriverUnblocked():
                self._end(AlertKind.REVOKED, event.driver_id, at)
            case events.PointWithdrawn():
                self._forget(event.cp_id)
            case events.DriverWithdrawn():
                self._forget(event.driver_id)
            case events.LoginRefused(code=Code.DUPLICATE):
                self._claimed(AlertKind.DUPLICATE, event.claimed, event, at)
            case events.LoginRefused(code=Code.SLOW):
                self._claimed(AlertKind.FLOOD, event.claimed, event, at)
            case events.InputRefused(code=Code.SLOW, who=who) if who == KAFKA:
                self._begin(AlertKind.FLOOD, KAFKA, event.text, at, event.times, code=event.code)
            case events.InputRefused(code=Code.SLOW):
                self._claimed(AlertKind.FLOOD, event.who, event, at)
            case events.RegistryNoted(what=events.TICKET_ASKED, result=Code.CREDENTIAL):
                self._claimed(AlertKind.NOT_UNDERSTOOD, event.target, event, at)
            case events.LoginRefused() if event.code in NOT_UNDERSTOOD:
                self._claimed(AlertKind.NOT_UNDERSTOOD, event.claimed, event, at)
            case events.InputRefused() if event.code in NOT_UNDERSTOOD:
                self._claimed(AlertKind.NOT_UNDERSTOOD, event.who, event, at)
            case _:
                pass

    def _less_owed(self, driver_id: str, left_cents: int, at: datetime) -> None:
        if left_cents == 0:
            self._given_up.discard((driver_id, AlertKind.DEBT))
            self._end(AlertKind.DEBT, driver_id, at)
        elif self.is_open(driver_id, AlertKind.DEBT):
            self._begin(AlertKind.DEBT, driver_id, f"{euros(left_cents)} €", at, times=0)

    def _books(self, event: events.Event, at: datetime) -> None:
        match event:
            case events.JournalReplaced():
                self._begin(AlertKind.JOURNAL, event.cp_id, f"{event.old[:8]} → {event.new[:8]}", at)
            case events.RecordQuarantined():
                self._begin(AlertKind.QUARANTINE, event.cp_id, f"{event.seq}: {event.why}", at, event.times)
            case events.TicketMade() | events.TicketCorrected() if event.owed_cents > 0:
                self._given_up.discard((event.driver_id, AlertKind.DEBT))
                self._begin(
                    AlertKind.DEBT, event.driver_id, f"{euros(event.owed_cents)} €, {event.session_id}", at
                )
            case events.DebtPaid(all_owed_cents=None):
                self._less_owed(event.driver_id, event.owed_cents, at)
            case events.DebtPaid(all_owed_cents=int(left)) | events.TicketCorrected(all_owed_cents=int(left)):
                self._less_owed(event.driver_id, left, at)
            case events.WelcomeWithheld():
                self._begin(AlertKind.WELCOME, CENTRAL, str(event.most), at)
            case events.ClockJumped():
                self._set_clock(event.seconds)
                self._begin(AlertKind.CLOCK, CENTRAL, f"{event.seconds:+}", at)
            case events.ClockOff():
                self._begin(AlertKind.CLOCK_OFF, CENTRAL, f"{event.seconds:+}", at, times=0)
            case events.ClockRight():
                self._end(AlertKind.CLOCK_OFF, CENTRAL, at)
            case events.ChainBroken():
                self._begin(AlertKind.CHAIN, CENTRAL, event.why, at)
            case events.StorageRestored():
                if not self.is_open(CENTRAL, AlertKind.STORAGE):
                    failed_at = datetime.fromtimestamp(event.failed_at, UTC)
                    self._begin(AlertKind.STORAGE, CENTRAL, event.why, failed_at)
                self._end(AlertKind.STORAGE, CENTRAL, at)
            case events.AlertClosed():
                about, _, kind = event.alert_id.rpartition("-")
                if kind in (AlertKind.DEBT, AlertKind.AWAY):
                    self._given_up.add((about, AlertKind(kind)))
                alert = self.named(event.alert_id)
                if alert is not None:
                    self._end(alert.kind, alert.about, at, by_hand=True)
            case events.AlertTaken():
                self.mark_taken(event.alert_id, event.by, at)
            case events.AlertLeft():
                self.mark_taken(event.alert_id, "", None)
            case _:
                pass

    def _weather(self, event: events.Event, at: datetime) -> None:
        match event:
            case events.WeatherAlertRaised():
                known = self._open.get((event.location, AlertKind.WEATHER))
                kinds = {event.alert, *(known.detail.split() if known is not None else ())}
                self._begin(AlertKind.WEATHER, event.location, " ".join(sorted(kinds)), at)
            case events.WeatherAlertCleared(left=()):
                self._end(AlertKind.WEATHER, event.location, at)
            case events.WeatherAlertCleared():
                self._begin(AlertKind.WEATHER, event.location, " ".join(event.left), at, times=0)
            case events.WeatherOverridden():
                self._override(event.location, overridden=event.override)
            case events.WeatherLost():
                self._begin(AlertKind.WEATHER_SERVICE, WEATHER, event.why, at)
            case events.WeatherReached():
                self._end(AlertKind.WEATHER_SERVICE, WEATHER, at)
            case _:
                pass

    def _override(self, location: str, *, overridden: bool) -> None:
        known = self._open.get((location, AlertKind.WEATHER))
        if known is not None and known.overridden != overridden:
            self.revision += 1
            self._open[location, AlertKind.WEATHER] = replace(known, overridden=overridden)

    def _claimed(
        self,
        kind: AlertKind,
        who: str,
        event: events.LoginRefused | events.InputRefused | events.RegistryNoted,
        at: datetime,
    ) -> None:
        # Anybody may claim any name at the door: only names that exist are worth an alert.
        if not self._known(who):
            return
        if not isinstance(event, events.RegistryNoted):
            self._begin(kind, who, event.text, at, event.times, code=event.code)
        # It is heard of some seconds late: who has come in since has the right key.
        elif event.at > self._understood_at.get(who, 0.0):
            self._begin(kind, who, WRONG_CREDENTIAL, at, event.times)

    def _understood(self, who: str, at: datetime) -> None:
        self._understood_at[who] = at.timestamp()
        self._end(AlertKind.NOT_UNDERSTOOD, who, at)

    def _begin(
        self, kind: AlertKind, about: str, detail: str, at: datetime, times: int = 1, code: str = ""
    ) -> None:
        key = (about, kind)
        known = self._open.get(key)
        self.revision += 1
        if known is not None:
            self._open[key] = replace(known, detail=detail, code=code, times=known.times + times)
        elif len(self._open) < MAX_OPEN:
            self._open[key] = Alert(
                kind=kind, about=about, detail=detail, code=code, since=at, times=max(times, 1)
            )

    def _set_clock(self, seconds: int) -> None:
        """What is open has been so for as long as before, whatever the clock says of now."""
        for key, alert in self._open.items():
            self._open[key] = replace(alert, since=alert.since + timedelta(seconds=seconds))

    def _forget(self, about: str) -> None:
        """Drop every alert about somebody who has left the network, but for what is still to be paid."""
        self._engine_lost.pop(about, None)
        self._understood_at.pop(about, None)
        for kind in AlertKind:
            if kind is not AlertKind.DEBT:
                self.drop(about, kind)

    def _end(self, kind: AlertKind, about: str, at: datetime, *, by_hand: bool = False) -> None:
        alert = self._open.pop((about, kind), None)
        if alert is not None:
            self.revision += 1
            self._solved.append(replace(alert, solved_at=at, by_hand=by_hand))
