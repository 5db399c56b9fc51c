"""Tells people beyond the screens: a charging point that is out, an alert that lasts, a driver's car that is full.

Nothing waits for it: it looks at what is committed, keeps a bounded queue for each way, and writes what it has told
and what still waits into a file of its own, so that a restart of Central tells nothing twice.
"""

import asyncio
import contextlib
import itertools
import json
import logging
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from evcharge import labels
from evcharge.central.books.archive import Archive
from evcharge.central.feed import Feed
from evcharge.central.rules.alert_kinds import AlertKind
from evcharge.central.rules.commands import CENTRAL, Note
from evcharge.central.rules.facts import Facts
from evcharge.central.services.notify_ways import Message, NotificationChannel, NotTaken, NotThere
from evcharge.central.views.alerts import Alerts, alert_text, restored_text
from evcharge.central.views.event_text import why
from evcharge.domain import events
from evcharge.domain.billing import euros, kwh
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import StateError
from evcharge.domain.ids import CpId, DriverId
from evcharge.domain.session import EndReason
from evcharge.domain.strict_json import read_json
from evcharge.domain.timestamps import text_of
from evcharge.labels.causes import because
from evcharge.labels.central import said
from evcharge.labels.notify import SENTENCES
from evcharge.runtime import failures, files
from evcharge.runtime.clock import Clock
from evcharge.runtime.outage import Outage
from evcharge.runtime.waiting import Backoff, uninterrupted
from evcharge.security import secret_files
from evcharge.storage.store_errors import StoreError

log = logging.getLogger(__name__)

MOST_WAITING = 200
_MOST_FULL = 500
_MOST_WISHES = 20_000
# More than all of these can be: a message, the way to a driver and its name are short.
_MOST_BYTES = 1 << 25
_LOOK_EVERY_S = 1.0
# After a start of Central nobody has been heard yet.
_GRACE_S = 30.0
_FIRST_RETRY_S, _MOST_RETRY_S = 5.0, 600.0
# A way that has not worked for so long is an alert: a server that starts again takes less.
_LOST_AFTER_S = 60.0
# A car that got full while Central was away, or was starting, is told of for so long.
_FULL_FOR = timedelta(hours=1)
_LOST = frozenset({CpStatus.FAULTED, CpStatus.DISCONNECTED})
_OUT = _LOST | {CpStatus.UNAVAILABLE}


class _Kept(Struct):
    told: dict[str, str] = {}
    full: list[str] = []
    waiting: list[Message] = []
    wishes: dict[str, str] = {}
    # In what language the drivers among them read; one that is not here, in that of `[notify]`.
    langs: dict[str, str] = {}


class NotifyBook:
    """What was told, what waits and who wants to be told, in one file (0600: it holds drivers' addresses)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._outage: Outage[str] = Outage(self._cannot)
        self._turn = asyncio.Lock()
        self.kept = self._read()
        self.is_changed = False

    def _read(self) -> _Kept:
        try:
            return read_json(files.read_ours(self._path, _MOST_BYTES), _Kept)
        except FileNotFoundError:
            return _Kept()
        except (OSError, ValueError) as problem:
            # Where drivers want to be told stands nowhere else: it must not be written over.
            names = (self._path.with_name(f"{self._path.name}.unread-{n}") for n in itertools.count(1))
            aside = next(name for name in names if not name.exists())
            with contextlib.suppress(OSError):
                self._path.replace(aside)
            why = because(failures.why(problem))
            log.warning("%s", said("notify book unread", path=str(self._path), why=why, aside=aside.name))
            return _Kept()

    async def save(self) -> None:
        """Write what has changed, in a thread: a disk may take its time."""
        # One after the other: an older one that is late must not take the place of a newer one.
        async with self._turn:
            if not self.is_changed:
                return
            self.is_changed = False
            # In ASCII, as everything is that lies in such a file; what is told has accents and €.
            text = json.dumps(msgspec.to_builtins(self.kept))
            try:
                await uninterrupted(asyncio.to_thread(secret_files.replace_secret, self._path, text))
            except (StateError, OSError, ValueError) as problem:
                self.is_changed = True
                self._outage.lost(failures.why(problem))
                return
            self._outage.back()

    def _cannot(self, why: str) -> None:
        log.warning("%s", said("notify book", path=str(self._path), why=because(why)))


class Notifier:
    """Looks once a second; each of `ways` has a queue and a pace of its own."""

    def __init__(
        self,
        ways: Mapping[str, NotificationChannel],
        book: NotifyBook,
        facts: Facts,
        alerts: Alerts,
        feed: Feed,
        archive: Archive,
        post: Callable[[Note], object],
        clock: Clock,
        lang: str,
        point_after_s: float,
        alert_after_s: float,
        backoff: Callable[[], Backoff] = lambda: Backoff(_FIRST_RETRY_S, _MOST_RETRY_S),
    ) -> None:
        self.ways = ways
        self._book = book
        self._facts = facts
        self._alerts = alerts
        self._archive = archive
        self._post = post
        self._clock = clock
        self._lang = lang
        self._say = labels.Speech(SENTENCES, lang)
        self._point_after_s = point_after_s
        self._alert_after = timedelta(seconds=alert_after_s)
        self._backoff = backoff
        # Points to look at, and since when (in loop time) those are out that are.
        self._touched: set[CpId] = {point.cp_id for point in facts.points()}
        self._out: dict[CpId, float] = {}
        self._news = {(name, is_own): asyncio.Event() for name in ways for is_own in (False, True)}
        self._number = 0
        # With nobody to tell, the points of events would pile up: anybody may ask for one that there is not.
        if ways:
            feed.listen(self._on_event)

    def waiting(self) -> dict[str, int]:
        """Return how many messages wait for the operators, by way."""
        queues = [_queue(message) for message in self._book.kept.waiting]
        return {name: queues.count((name, False)) for name in self.ways}

    async def finish(self) -> None:
        """Keep what was told last."""
        await self._book.save()

    # ---- drivers

    def wish(self, driver_id: DriverId, registration: int) -> str:
        """Return where a driver wants to be told that its car is full, or ""."""
        return self._book.kept.wishes.get(_whose(driver_id, registration), "")

    def set_wish(self, driver_id: DriverId, registration: int, to: str, lang: str) -> None:
        """Tell a driver there from now on, in its language; "": no more."""
        wishes, langs, whose = self._book.kept.wishes, self._book.kept.langs, _whose(driver_id, registration)
        wishes.pop(whose, None)
        langs.pop(whose, None)
        if to:
            while len(wishes) >= _MOST_WISHES:
                oldest = next(iter(wishes))
                del wishes[oldest]
                langs.pop(oldest, None)
            wishes[whose], langs[whose] = to, lang
        self._book.is_changed = True

    def way_to(self, to: str) -> str | None:
        """Return the way that leads to a driver's address; None: this network has none."""
        name = "mail" if "@" in to else "ntfy"
        return name if name in self.ways else None

    # ---- what happens

    def _on_event(self, event: events.Event) -> None:
        if (cp_id := getattr(event, "cp_id", None)) is not None:
            self._touched.add(cp_id)
        if isinstance(event, events.TicketMade):
            self._full(event)
        if isinstance(event, events.DriverWithdrawn) and self.wish(event.driver_id, event.registration):
            # An address of somebody who has left is nobody's business.
            self.set_wish(event.driver_id, event.registration, "", "")

    def _full(self, event: events.TicketMade) -> None:
        kept = self._book.kept
        to = self.wish(event.driver_id, event.registration)
        if event.reason is not EndReason.FULL or not to or event.session_id in kept.full:
            return
        if (way := self.way_to(to)) is None:
            return
        kept.full = [*kept.full[1 - _MOST_FULL :], event.session_id]
        figures = {"kwh": kwh(event.energy_mwh), "euros": euros(event.cost_cents)}
        own = kept.langs.get(_whose(event.driver_id, event.registration), self._lang)
        say = labels.Speech(SENTENCES, own)
        text = say("full", about=event.cp_id, **figures)
        self._tell("full", event.cp_id, text, say=say, only=(way, to))

    # ---- work

    async def run(self) -> None:
        """Look and send, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_back())
            tasks.create_task(self._look_on())
            for name, way in self.ways.items():
                tasks.create_task(self._send(name, way))
                tasks.create_task(self._send_to_drivers(name, way))

    async def _look_back(self) -> None:
        """Tell of cars that were full while Central was away; books that are away are read later."""
        now, happened = self._clock(), None
        while happened is None:
            try:
                happened = await self._archive.happened(_MOST_FULL)
            except StoreError as problem:
                log.debug("what happened lately cannot be read: %s", problem)
                await asyncio.sleep(_LOOK_EVERY_S)
        for at, event in happened:
            if isinstance(event, events.TicketMade) and now - at < _FULL_FOR:
                self._full(event)

    async def _look_on(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            is_early = loop.time() - began < _GRACE_S
            self._look_at_points(loop.time(), is_early=is_early)
            self._look_at_alerts(is_early=is_early)
            await self._book.save()
            await asyncio.sleep(_LOOK_EVERY_S)

    def _look_at_points(self, now: float, *, is_early: bool) -> None:
        told = self._book.kept.told
        touched, self._touched = self._touched | set(self._out), set()
        for cp_id in touched:
            point, key = self._facts.point(cp_id), f"point:{cp_id}"
            if point is None or point.withdrawn:
                self._out.pop(cp_id, None)
                self._forget(key)
                continue
            status = point.status
            if is_early and status in _LOST:
                self._touched.add(cp_id)
                continue
            where = point.location.name or self._say("nowhere")
            facts = {"about": cp_id, "location": where, "status": labels.status(status, self._lang)}
            if status in _OUT:
                since = self._out.setdefault(cp_id, now)
                if now - since >= self._point_after_s and key not in told:
                    self._remember(key)
                    self._tell("out", cp_id, self._say("out", why=why(point, self._lang), **facts))
            else:
                self._out.pop(cp_id, None)
                if self._forget(key):
                    self._tell("back", cp_id, self._say("back", **facts))

    def _look_at_alerts(self, *, is_early: bool) -> None:
        now, told = self._clock(), self._book.kept.told
        still_open = self._alerts.open()
        for alert in still_open:
            age, key = now - alert.since, f"alert:{alert.id}"
            if age >= self._alert_after and key not in told:
                self._remember(key)
                text = self._say(
                    "alert", text=alert_text(alert, self._lang), minutes=int(age.total_seconds() // 60)
                )
                self._tell("alert", alert.about, text)
        known = {f"alert:{alert.id}" for alert in still_open}
        over = [key for key in told if key.startswith("alert:") and key not in known]
        if not over:
            return
        solved = {f"alert:{alert.id}": alert for alert in reversed(self._alerts.recent()) if alert.solved_at}
        for key in over:
            alert_ = solved.get(key)
            if alert_ is not None and text_of(alert_.solved_at or now) < told[key]:
                alert_ = None  # an earlier one of that name
            about = alert_.about if alert_ is not None else _about(key)
            if alert_ is None and (is_early or self._is_out(about)):
                # Nothing has solved it: it goes on under another name, or began before what is read at a start.
                continue
            self._forget(key)
            text = restored_text(alert_, self._lang) if alert_ is not None else ""
            self._tell("restored", about, text or self._say("restored", about=about))

    def _is_out(self, about: str) -> bool:
        point = self._facts.point(CpId(about))
        return point is not None and not point.withdrawn and point.status in _LOST

    def _remember(self, key: str) -> None:
        self._book.kept.told[key] = text_of(self._clock())
        self._book.is_changed = True

    def _forget(self, key: str) -> bool:
        if self._book.kept.told.pop(key, None) is None:
            return False
        self._book.is_changed = True
        return True

    def _tell(
        self,
        kind: str,
        about: str,
        text: str,
        *,
        say: labels.Speech | None = None,
        only: tuple[str, str] | None = None,
    ) -> None:
        at = text_of(self._clock())
        self._number += 1
        title = (say or self._say)(f"title {kind}", about=about)
        for name, to in [only] if only is not None else [(name, "") for name in self.ways]:
            message = Message(
                id=f"{at}-{self._number}-{name}",
                way=name,
                to=to,
                kind=kind,
                about=about,
                title=title,
                text=text,
                at=at,
            )
            self._enqueue(message)

    def _enqueue(self, message: Message) -> None:
        waiting = self._book.kept.waiting
        before = [one for one in waiting if _queue(one) == _queue(message)]
        if len(before) >= MOST_WAITING:
            # The first may be on its way.
            waiting.remove(before[1])
            log.warning("%s", said("notify dropped", way=message.way, title=before[1].title))
        waiting.append(message)
        self._book.is_changed = True
        self._news[_queue(message)].set()

    async def _next(self, queue: tuple[str, bool]) -> Message:
        """Return what waits first in a queue, once something does."""
        while True:
            for message in self._book.kept.waiting:
                if _queue(message) == queue:
                    return message
            self._news[queue].clear()
            await self._news[queue].wait()

    async def _settle(self, message: Message) -> None:
        """It is told, or never will be."""
        # One that was on its way may have had to make room meanwhile.
        with contextlib.suppress(ValueError):
            self._book.kept.waiting.remove(message)
        self._book.is_changed = True
        await self._book.save()

    async def _send(self, name: str, way: NotificationChannel) -> None:
        """Send what waits for the operators at one way, in order; again and again while it is not there."""
        backoff = self._backoff()
        outage: Outage[str] = Outage(
            lambda why: log.warning("%s", said("notify lost", way=name, why=because(why))),
            lambda: log.info("%s", said("notify back", way=name)),
        )
        # Of what operators see on screens, as they hear nothing.
        alert: Outage[str] = Outage(
            lambda why: self._post(Note(by=CENTRAL, event=events.NotifyLost(way=name, why=why[:200]))),
            lambda: self._post(Note(by=CENTRAL, event=events.NotifyReached(way=name))),
            is_on=self._alerts.is_open(name, AlertKind.NOTIFY),
        )
        loop, since = asyncio.get_running_loop(), math.inf
        while True:
            message = await self._next((name, False))
            try:
                await way.send(message)
            except NotThere as problem:
                outage.lost(problem.why)
                since = min(since, loop.time())
                if loop.time() - since >= _LOST_AFTER_S:
                    alert.lost(problem.why)
                await asyncio.sleep(backoff.next_s())
                continue
            except NotTaken as problem:
                # That one is lost for good.
                _refused(message, problem.why)
                alert.lost(problem.why)
            else:
                outage.back()
                alert.back()
                backoff.reset()
                since = math.inf
            await self._settle(message)

    async def _send_to_drivers(self, name: str, way: NotificationChannel) -> None:
        """Send drivers their messages by one way; an address that accepts none does not delay the others.

        Each message has a pace of its own, until it is so old that nobody needs it any more.
        """
        loop, news = asyncio.get_running_loop(), self._news[name, True]
        tried: dict[str, tuple[float, Backoff]] = {}
        while True:
            waiting = [one for one in self._book.kept.waiting if _queue(one) == (name, True)]
            tried = {one.id: tried[one.id] for one in waiting if one.id in tried}
            due = {one.id: tried[one.id][0] if one.id in tried else 0.0 for one in waiting}
            message = min(waiting, key=lambda one: due[one.id], default=None)
            if message is None or due[message.id] > loop.time():
                news.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(due[message.id] if message is not None else None):
                        await news.wait()
                continue
            if self._clock() - datetime.fromisoformat(message.at) > _FULL_FOR:
                log.warning("%s", said("notify too old", way=name, title=message.title))
                await self._settle(message)
                continue
            try:
                await way.send(message)
            except NotThere:
                _, backoff = tried.get(message.id, (0.0, self._backoff()))
                tried[message.id] = (loop.time() + backoff.next_s(), backoff)
                continue
            except NotTaken as problem:
                _refused(message, problem.why)
            await self._settle(message)


def _refused(message: Message, why: str) -> None:
    log.warning("%s", said("notify refused", way=message.way, title=message.title, why=because(why)))


def _about(key: str) -> str:
    """Return what the alert is about that is told under `key`."""
    alert_id = key.removeprefix("alert:")
    return next(
        (alert_id.removesuffix(f"-{kind}") for kind in AlertKind if alert_id.endswith(f"-{kind}")), alert_id
    )


def _queue(message: Message) -> tuple[str, bool]:
    """Return the way of a message, and whether it goes to a driver's own address."""
    return message.way, bool(message.to)


def _whose(driver_id: DriverId, registration: int) -> str:
    return f"{driver_id}/{registration}"
