"""The rules against an independent model, with engines that crash, repeat, swap their disks and lie.

Commands are decided in batches on a draft, as by the dispatcher; some commits fail and leave nothing.
`play` plays a round; what the rounds have shown stands in `reached`.
"""

import contextlib
import functools
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from evcharge.central.books import rows as books
from evcharge.central.books.invariants import Checker
from evcharge.central.books.reconcile import Reconciled, reconcile
from evcharge.central.books.status_history import Statuses
from evcharge.central.peers.letters import letters, message_of
from evcharge.central.rules import charging, presence
from evcharge.central.rules import commands as c
from evcharge.central.rules.alert_kinds import Alert, AlertKind
from evcharge.central.rules.decide import decide
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Closed, Facts, JournalForgotten, Transfer, TransferKind
from evcharge.central.rules.pending_facts import PendingFacts
from evcharge.central.rules.quarantine import MOST_FOREIGN
from evcharge.central.rules.replies import RecordsMissing
from evcharge.central.rules.settings import Rules
from evcharge.domain import events, journal_records
from evcharge.domain.charging_point import ChargingPoint, CpStatus, Hold
from evcharge.domain.errors import Code, Refused, StaleLink
from evcharge.domain.ids import Role
from evcharge.domain.location import Location, WeatherKind
from evcharge.domain.session import Ticket
from evcharge.evc1 import messages
from evcharge.storage import database, hash_chain
from tests.unit.central.builders import ADMIN, NOON, located
from tests.unit.central.model import MAX_HOLD, MAX_MWH, MOST_JOURNALS, WELCOME, Model, believed, heard

RULES = Rules(now=NOON, welcome_credit_cents=WELCOME, max_hold_cents=MAX_HOLD, max_session_mwh=MAX_MWH)
CPS, DRIVERS = ("CP001", "CP002"), ("D01", "D02")
cps, drivers = st.sampled_from(CPS), st.sampled_from(DRIVERS)
PLACES, HOME = ("Elche", "Altea"), {"CP001": "Elche", "CP002": "Altea"}
places = st.sampled_from(["Elche", "ELCHE", "Altea"])
said_places = st.sampled_from(["", "", *PLACES])
# The third is placed with a new journal, and lifted with its alert.
ORDERED_HOLDS = (Hold.OPERATOR, Hold.WEATHER)
ordered_holds = st.sampled_from(ORDERED_HOLDS)
# Mostly the keys that are valid; sometimes older or newer ones.
rarely = st.sampled_from([False] * 4 + [True])
epochs = st.sampled_from([None] * 4 + [0, 1, 2, 3])
# Mostly the link over which one speaks; sometimes one from before, or with what was valid before.
stale = st.sampled_from([""] * 4 + ["old link", "old epoch"])
energies = st.sampled_from([0, 1, 777, 20_000, 1_000_000, 5_999_999, 300_000_000])
# In mWh and cents.
own_limits = st.sampled_from(
    [(None, None)] * 3 + [(1_000_000, None), (None, 30), (20_000, 200), (300_000_000, None)]
)
reasons = st.sampled_from(["unplugged", "limit", "fault", "restart", "a new kind of reason"])
afterwards = st.sampled_from([
    "it goes on", "a fault", "revoked", "a new disk", "a gap", "bad weather", "barred", "a move", "a new price",
    "ended by an operator",
])  # fmt: skip


class Engine:
    """An honest engine and its disks. Its contactor counts by itself what was delivered."""

    def __init__(self, cp_id: str) -> None:
        self.cp_id = cp_id
        # Its steady clock; and whether it tells times at all, as one of release 0.1 does not.
        self.now_s = 0.0
        self.tells_times = cp_id == CPS[0]
        self.at = self.received_s = self.began_s = 0.0
        self.elapsed_s = 0
        # Of each session: when it began by Central's instant, and how long it lasted.
        self.lasted: dict[str, tuple[float, int]] = {}
        self.disks: dict[str, list[journal_records.AnyRecord]] = {}
        self.link: int | None = None
        self.pending: str | None = None
        self.running: str | None = None
        self.meter_mwh = 0
        self.new_disk()

    def new_disk(self) -> None:
        self.crash(leave_trace=False)
        self.journal_id = f"{len(self.disks):02}{self.cp_id[-2:]}" * 8
        self.disks[self.journal_id] = []

    @property
    def disk(self) -> list[journal_records.AnyRecord]:
        return self.disks[self.journal_id]

    def journal(self, kind: type[journal_records.Record], session_id: str, **what: object) -> None:
        self.disk.append(kind(seq=len(self.disk) + 1, session_id=session_id, **what))

    def crash(self, *, leave_trace: bool = True) -> None:
        if leave_trace and self.running:
            self.end("restart")
        self.link = self.pending = self.running = None

    def begin(self) -> None:
        """Plug in; too late, and the session is refused."""
        self.running, self.pending = self.pending, None
        if self.now_s - self.received_s > RULES.plug_within_s:
            self.journal(journal_records.SupplyRefused, self.running, reason="not plugged in")
            self.running = None
            return
        self.began_s, self.elapsed_s = self.now_s, 0
        began_at = {"began_at": self.at + self.now_s - self.received_s} if self.tells_times else {}
        self.journal(
            journal_records.SupplyStart,
            self.running,
            driver_id="D01",
            request_id="R-00000001",
            price=2_500,
            hold_cents=0,
            limit_mwh=0,
            auth="signed",
            meter_mwh=self.meter_mwh,
            **began_at,
        )

    def meter(self, more_mwh: int) -> None:
        self.meter_mwh += more_mwh
        self.elapsed_s = int(self.now_s - self.began_s)
        self.journal(journal_records.Meter, self.running, meter_mwh=self.meter_mwh, **self.times())

    def times(self) -> dict[str, int]:
        return {"elapsed_s": self.elapsed_s} if self.tells_times else {}

    def end(self, reason: str) -> None:
        if reason != "restart":
            self.elapsed_s = int(self.now_s - self.began_s)
        self.journal(
            journal_records.SupplyEnd, self.running, meter_mwh=self.meter_mwh, reason=reason, **self.times()
        )
        self.lasted[self.running] = (self.at + self.began_s - self.received_s, self.elapsed_s)
        self.running = None

    def hears(self, message: messages.Message) -> None:
        known = [record.session_id for record in self.disk]
        match message:
            case messages.Synced():
                if message.last_seq > len(self.disk):
                    self.new_disk()  # an older image of this disk: what it will write is not what was there
            case messages.Start():
                if message.session_id in (*known, self.pending):
                    pass
                elif self.pending or self.running:
                    self.journal(journal_records.SupplyRefused, message.session_id, reason="busy")
                else:
                    self.pending = message.session_id
                    self.at, self.received_s = message.at, self.now_s
            case messages.Stop():
                if self.running == message.session_id:
                    self.end(message.reason)
                elif self.pending == message.session_id:
                    self.pending = None
                    self.journal(journal_records.SupplyRefused, message.session_id, reason=message.reason)
            case messages.Query():
                if message.session_id not in (*known, self.pending):
                    self.journal(journal_records.SupplyRefused, message.session_id, reason="never started")


@functools.cache
def empty_books() -> bytes:
    """Return Central's database as it is before anything has happened."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as books:
        for number, statements in database._steps("evcharge.central.books.schema"):
            for statement in statements:
                books.execute(statement)
            books.execute(f"PRAGMA user_version={number}")
        return books.serialize()


class TheRules(RuleBasedStateMachine):
    """Central's rules, its books, two charging points and two drivers."""

    def __init__(self) -> None:
        super().__init__()
        self.facts, self.model = Facts(), Model()
        self.engines = {cp_id: Engine(cp_id) for cp_id in CPS}
        self.nonce, self.batch_size, self.settings = 0, 1, RULES
        # With which epoch each link logged in.
        self.links: dict[int, int] = {}
        self.batch: list[tuple[c.AnyCommand, Decision, datetime]] = []
        self.delivered: Counter[str] = Counter()
        self.doubtful: set[str] = set()
        self.tickets: dict[str, Ticket] = {}
        # Sessions that are over, as the books have them.
        self.closed: dict[str, Closed] = {}
        self.money: Counter[str] = Counter()
        self.meters: dict[str, int] = {}
        self.statuses, self.head = Statuses(), hash_chain.Head()
        self.books = sqlite3.connect(":memory:", isolation_level=None)
        self.books.deserialize(empty_books())
        self.checker = Checker(self.books)
        # Whether something was stored since they were checked.
        self.has_news = True
        self.begin()

    def teardown(self) -> None:
        if self.batch:
            self.commit()
        self.books.row_factory = sqlite3.Row
        compared = reconcile(self.books, self.books.execute("SELECT * FROM events ORDER BY n"))
        self.books.close()
        assert compared == Reconciled((), ())  # I33

    # ---- the dispatcher

    def begin(self) -> None:
        self.batch = []
        self.draft, self.draft_model = PendingFacts(self.facts), self.model.draft()

    def do(self, kind: type[c.AnyCommand], **what: object) -> None:
        self.carry_out(kind(by=ADMIN, **located(what)))

    def carry_out(self, command: c.AnyCommand) -> None:
        """Decide one command on the draft; the model must come to the same."""
        expected = self.draft_model.apply(command)
        before = {point.cp_id: point for point in self.draft.points()}
        try:
            decision = decide(self.draft, command, self.settings)
        except Refused as refusal:
            assert refusal.code == expected
            reached["not settled for the next owner"] += refusal.code is Code.BUSY
            if isinstance(refusal, StaleLink):
                reached[f"{refusal.code} {type(command).__name__}"] += 1
            return
        assert heard(decision.reply) == expected
        if decision.reply is not None:
            told = message_of(decision.reply)
            assert messages.decode(messages.encode(0, told)).m == told
        for event in decision.events:
            if isinstance(event, events.SessionAuthorised):
                assert event.by_operator == getattr(command, "by_operator", False)
                reached["started by an operator"] += event.by_operator
                driver = self.draft.driver(event.driver_id)
                point = before[event.cp_id]
                assert point.status in (CpStatus.AVAILABLE, CpStatus.FINISHING)  # I11, I26
                if point.status is CpStatus.FINISHING:
                    assert isinstance(command, c.AnswerStart) or command.cp_id == point.cp_id
                    assert point.occupied_by in (None, event.driver_id)
                assert driver is not None
                assert not driver.blocked
                assert driver.balance_cents > 0 or event.price_centi_cents_per_kwh == 0
        for change in decision.changes:
            self.draft.put(change)
        assert all(self.speaks(command)), "a link that is not the present one"  # I31
        if isinstance(command, c.TakeRecords):  # I17
            again = decide(self.draft, command, self.settings)
            assert again.is_empty
            assert heard(again.reply) == expected
        reach(command, decision)
        self.batch.append((command, decision, self.settings.now))
        if len(self.batch) >= self.batch_size:
            self.commit()

    def speaks(self, command: c.AnyCommand) -> Iterator[bool]:
        """Yield whether `command` comes over the link of whom it speaks for, as that was before it."""
        match command:
            case c.TakeRecords() | c.ReportReady() | c.StartCharging(by_hand=c.ByHand()):
                point = self.draft.point(command.cp_id)
                at_present = (command.link, command.epoch) == (point.engine_link, point.epoch)
                yield (at_present and not point.revoked) or command.link == point.parting_link
            case c.MonitorReports():
                point = self.draft.point(command.cp_id)
                yield (command.link, command.epoch) == (point.monitor_link, point.epoch)
                yield not point.revoked
            case (
                c.StartCharging(link=int())
                | c.AnswerStart(link=int())
                | c.SetPin(link=int())
                | c.StopCharging(link=int())
                | c.MarkTicketShown(link=int())
            ):
                driver = self.draft.driver(command.driver_id)
                yield (command.link, command.epoch) == (driver.link, driver.epoch)
                yield not driver.blocked

    def commit(self) -> None:
        # Stored once, whatever comes of it: else the teardown after a failure stores it again, and hides why it failed.
        batch, self.batch, self.model = self.batch, [], self.draft_model
        reached["full batch"] += len(batch) == 4
        self.has_news |= bool(batch)
        self.books.execute("BEGIN")
        entries = [books.DecidedEntry(decision, ADMIN, at) for _, decision, at in batch]
        news = self.statuses.news(books.points_of(entries))
        for sql, rows in (*books.statements(entries), *books.status_statements(self.statuses, news)):
            self.books.executemany(sql, rows)
        self.statuses.take(news)
        for entry in entries:
            for event in entry.decision.events:
                row = books.event_row(self.head.n + 1, entry, event)
                self.head = hash_chain.Head(row["n"], hash_chain.chained(self.head.hash, row))
                self.books.execute(books.PUT_EVENT, {**row, "hash": self.head.hash})
        self.books.execute("COMMIT")
        for _, decision, _ in batch:
            for change in decision.changes:
                self.facts.put(change)
                self.remember(change)
        self.closed |= self.draft._closed
        self.begin()
        for command, decision, _ in batch:
            if isinstance(command, c.EngineArrives):
                self.engines[command.cp_id].link = command.link
            for event in decision.events:
                self.tell(event)

    def remember(self, change: object) -> None:
        if isinstance(change, Ticket):
            assert change.session_id not in self.tickets  # I13, I14
            self.tickets[change.session_id] = change
            if not change.estimated and change.session_id not in self.doubtful:
                limit_mwh = self.draft_model.sessions[change.session_id].limit
                assert change.energy_mwh == min(self.delivered[change.session_id], limit_mwh)  # I1, I5
                self.lasts_as_its_engine_measured(change)
            assert change.ended_at >= change.started_at
        elif isinstance(change, Transfer):
            self.money[change.debit] -= change.cents
            self.money[change.credit] += change.cents
            self.money[change.kind] += change.cents

    def lasts_as_its_engine_measured(self, ticket: Ticket) -> None:
        """Whatever outages, restarts and clocks did meanwhile (I38)."""
        began_at, elapsed_s = self.engines[ticket.cp_id].lasted[ticket.session_id]
        if self.engines[ticket.cp_id].tells_times:
            assert ticket.elapsed_s == elapsed_s
            assert ticket.started_at.timestamp() == pytest.approx(began_at, abs=0.001)
            assert ticket.ended_at == ticket.started_at + timedelta(seconds=elapsed_s)
            reached["told late"] += ticket.late
        else:
            assert ticket.elapsed_s is None

    def tell(self, event: events.Event) -> None:
        for role, peer_id, message in letters(event, lambda _: "signed"):
            assert messages.decode(messages.encode(0, message)).m == message
            engine = self.engines.get(peer_id) if role is Role.ENGINE else None
            point = self.facts.point(peer_id)
            if engine is not None and point is not None and engine.link == point.engine_link is not None:
                engine.hears(message)

    @rule(size=st.sampled_from([1, 2, 4, 4]))
    def batches_grow(self, size: int) -> None:
        self.batch_size = size
        if self.batch:
            self.commit()

    @rule(by=st.sampled_from([timedelta(hours=-1), timedelta(days=400), timedelta(days=-800)]))
    def centrals_clock_is_set(self, by: timedelta) -> None:
        if datetime(2000, 1, 1, tzinfo=UTC) < self.settings.now + by < datetime(2100, 1, 1, tzinfo=UTC):
            self.settings = replace(self.settings, now=self.settings.now + by)
            reached["clock set while charging"] += any(engine.running for engine in self.engines.values())

    @precondition(lambda self: self.batch)
    @rule()
    def a_commit_fails(self) -> None:
        # What has happened is tried again; what was asked is refused.
        again = [command for command, _, _ in self.batch if command.is_fact]
        reached["failed commit"] += 1
        self.begin()
        for command in again:
            self.carry_out(command)

    # ---- links

    def log_in(self, subject: str, epoch: int | None, *, other: bool = False) -> dict[str, int]:
        """Return the link over which `subject` logs in, mostly with the registration that the Registry names."""
        holder = self.draft.point(subject) or self.draft.driver(subject)
        number = len(self.links) + 1
        self.links[number] = epoch if epoch is not None else holder.epoch if holder else 0
        registration = holder.registration + (holder.withdrawn != other) if holder else 0
        return {"link": number, "epoch": self.links[number], "registration": registration}

    def over(self, link: int | None, stale: str) -> dict[str, int]:
        """Return over which link something comes."""
        number = (link or 0) - (stale == "old link")
        return {"link": number, "epoch": self.links.get(number, 0) - (stale == "old epoch")}

    @initialize()
    def everybody_is_there(self) -> None:
        for cp_id in CPS:
            self.an_engine_arrives(cp_id, None, HOME[cp_id])
            self.a_monitor_arrives(cp_id, None)
            self.a_monitor_reports(cp_id, None)
        for driver_id in DRIVERS:
            self.a_driver_arrives(driver_id, None)

    @rule(cp_id=cps, epoch=epochs, location=said_places, said_location=said_places, other=rarely)
    def an_engine_arrives(
        self,
        cp_id: str,
        epoch: int | None,
        location: str = "",
        said_location: str = "",
        *,
        other: bool = False,
    ) -> None:
        engine = self.engines[cp_id]
        self.do(
            c.EngineArrives,
            cp_id=cp_id,
            location=location,
            said_location=said_location,
            journal_id=engine.journal_id,
            last_seq=len(engine.disk),
            **self.log_in(cp_id, epoch, other=other),
        )

    @rule(cp_id=cps, epoch=epochs, other=rarely)
    def a_monitor_arrives(self, cp_id: str, epoch: int | None, *, other: bool = False) -> None:
        self.do(c.MonitorArrives, cp_id=cp_id, location="", **self.log_in(cp_id, epoch, other=other))

    @rule(
        cp_id=cps,
        fault=st.sampled_from([None, "overheating", "x" * 200]),
        occupied=st.booleans(),
        stale=stale,
    )
    def a_monitor_reports(
        self, cp_id: str, fault: str | None, stale: str = "", *, occupied: bool = False
    ) -> None:
        point = self.draft.point(cp_id)
        over = self.over(point and point.monitor_link, stale)
        self.do(c.MonitorReports, cp_id=cp_id, fault=fault, occupied=occupied, **over)

    @rule(cp_id=cps, kind=st.sampled_from([c.EngineLeaves, c.MonitorLeaves]), old=rarely)
    def a_link_ends(self, cp_id: str, kind: type[c.AnyCommand], *, old: bool) -> None:
        point = self.draft.point(cp_id)
        link = point and (point.engine_link if kind is c.EngineLeaves else point.monitor_link)
        self.do(kind, cp_id=cp_id, link=1 if old or not link else link, reason="cut")

    @rule(driver_id=drivers, epoch=epochs, other=rarely)
    def a_driver_arrives(self, driver_id: str, epoch: int | None, *, other: bool = False) -> None:
        self.do(c.DriverArrives, driver_id=driver_id, **self.log_in(driver_id, epoch, other=other))

    @rule(driver_id=drivers)
    def a_driver_leaves(self, driver_id: str) -> None:
        driver = self.draft.driver(driver_id)
        self.do(c.DriverLeaves, driver_id=driver_id, link=(driver and driver.link) or 1, reason="cut")

    @rule(
        cp_id=cps,
        driver_id=drivers,
        kind=st.sampled_from([c.EngineArrives, c.MonitorArrives, c.DriverArrives]),
    )
    def an_overtaken_link_arrives(self, cp_id: str, driver_id: str, kind: type[c.AnyCommand]) -> None:
        early = self.log_in(driver_id if kind is c.DriverArrives else cp_id, None)
        if kind is c.DriverArrives:
            self.a_driver_arrives(driver_id, None)
            self.do(kind, driver_id=driver_id, **early)
        elif kind is c.MonitorArrives:
            self.a_monitor_arrives(cp_id, None)
            self.do(kind, cp_id=cp_id, location="", **early)
        else:
            self.an_engine_arrives(cp_id, None)
            self.do(kind, cp_id=cp_id, location="", journal_id="f" * 32, last_seq=0, **early)

    # ---- drivers and operators

    def of_driver(self, driver_id: str, stale: str, *, web: bool) -> dict[str, int]:
        """Return over which link a driver says something; over none on its page."""
        driver = self.draft.driver(driver_id)
        return {} if web else self.over(driver and driver.link, stale)

    @rule(
        driver_id=drivers,
        cp_id=st.sampled_from([*CPS, *CPS, None, "CP404"]),
        request=st.integers(1, 30),
        stale=stale,
        web=rarely,
        until=own_limits,
        by_operator=rarely,
    )
    def a_driver_asks(
        self,
        driver_id: str,
        cp_id: str | None,
        request: int,
        stale: str = "",
        *,
        web: bool = True,
        until: tuple[int | None, int | None] = (None, None),
        by_operator: bool = False,
    ) -> None:
        self.nonce += 1
        self.do(
            c.StartCharging,
            driver_id=driver_id,
            request_id=f"R-{request:08}",
            nonce=f"{self.nonce:016}",
            cp_id=cp_id,
            until_mwh=until[0],
            until_cents=until[1],
            by_operator=by_operator,
            **self.of_driver(driver_id, stale, web=web or by_operator),
        )

    @rule(
        driver_id=drivers,
        cp_id=cps,
        request=st.integers(1, 30),
        reach=st.sampled_from([*c.Reach, c.Reach.DRIVER, c.Reach.DRIVER]),
        pin=st.sampled_from([None, None, "right", "wrong"]),
        stale=stale,
    )
    def an_id_is_typed(
        self, driver_id: str, cp_id: str, request: int, reach: c.Reach, pin: str | None, stale: str = ""
    ) -> None:
        self.nonce += 1
        point = self.draft.point(cp_id)
        driver = self.draft.driver(driver_id)
        proved = driver.pin_hash if driver and pin == "right" else None
        self.do(
            c.StartCharging,
            driver_id=driver_id,
            request_id=f"R-{request:08}",
            nonce=f"{self.nonce:016}",
            cp_id=cp_id,
            by_hand=c.ByHand(reach=reach, has_pin=pin is not None, proved=proved),
            **self.over(point and point.engine_link, stale),
        )

    @rule(
        driver_id=drivers,
        request=st.none() | st.integers(1, 30),
        yes=st.booleans(),
        stale=stale,
        web=st.booleans(),
    )
    def a_driver_answers(
        self, driver_id: str, request: int | None, stale: str = "", *, yes: bool, web: bool = True
    ) -> None:
        self.nonce += 1
        asking = self.draft.asking(driver_id)
        pending = asking[1].request_id if asking else "R-00000001"
        self.do(
            c.AnswerStart,
            driver_id=driver_id,
            request_id=pending if request is None else f"R-{request:08}",
            yes=yes,
            nonce=f"{self.nonce:016}",
            **self.of_driver(driver_id, stale, web=web),
        )

    @rule(cp_id=cps)
    def a_monitor_finds_no_fault(self, cp_id: str) -> None:
        self.do(c.FaultUnconfirmed, cp_id=cp_id)

    @rule(cp_id=cps, request=st.none() | st.integers(1, 30))
    def a_driver_is_silent(self, cp_id: str, request: int | None) -> None:
        point = self.draft.point(cp_id)
        pending = point.question.request_id if point and point.question else "R-00000001"
        self.do(c.GiveUpStart, cp_id=cp_id, request_id=pending if request is None else f"R-{request:08}")

    @rule(driver_id=drivers, cents=st.sampled_from([None, 1, 100, MAX_HOLD]), stale=stale, web=st.booleans())
    def a_driver_chooses_a_pin(
        self, driver_id: str, cents: int | None, stale: str = "", *, web: bool = True
    ) -> None:
        self.do(
            c.SetPin,
            driver_id=driver_id,
            pin_hash=None if cents is None else "kept",
            limit_cents=cents or 0,
            **self.of_driver(driver_id, stale, web=web),
        )

    def any_session(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(["S-unknown", *self.draft_model.sessions]))

    @rule(driver_id=drivers, named=st.booleans(), data=st.data(), stale=stale, web=rarely)
    def a_driver_stops(
        self, driver_id: str, data: st.DataObject, stale: str, *, named: bool, web: bool
    ) -> None:
        session_id = self.any_session(data) if named else None
        over = self.of_driver(driver_id, stale, web=web)
        self.do(c.StopCharging, driver_id=driver_id, session_id=session_id, **over)

    @rule(data=st.data())
    def an_operator_ends_a_charge(self, data: st.DataObject) -> None:
        self.do(c.EndCharge, session_id=self.any_session(data))

    @rule(driver_id=drivers, data=st.data(), stale=stale, web=rarely)
    def a_driver_has_seen_a_ticket(
        self, driver_id: str, data: st.DataObject, stale: str, *, web: bool
    ) -> None:
        over = self.of_driver(driver_id, stale, web=web)
        self.do(c.MarkTicketShown, driver_id=driver_id, session_id=self.any_session(data), **over)

    @rule(driver_id=drivers, cents=st.integers(1, 300))
    def money_comes_in(self, driver_id: str, cents: int) -> None:
        self.do(c.TopUp, driver_id=driver_id, cents=cents)

    @rule(
        kind=st.sampled_from([c.PlaceHold, c.PlaceHold, c.LiftHold]),
        cp_id=st.sampled_from(["CP001", None, "CP404"]),
        hold=ordered_holds,
    )
    def a_hold_changes(self, kind: type[c.AnyCommand], cp_id: str | None, hold: Hold) -> None:
        self.do(kind, cp_id=cp_id, hold=hold)

    @rule(
        about=st.sampled_from([*CPS, "CP404"]),
        kind=st.sampled_from([AlertKind.JOURNAL, AlertKind.JOURNAL, AlertKind.QUARANTINE]),
    )
    def an_operator_closes_an_alert(self, about: str, kind: AlertKind) -> None:
        self.do(c.CloseAlert, alert=Alert(kind=kind, about=about, detail="", since=NOON))

    @rule(subject=st.sampled_from([*CPS, *DRIVERS, "X"]), epoch=st.sampled_from([0, 0, 1, 2, 3]))
    def keys_are_revoked(self, subject: str, epoch: int) -> None:
        self.do(c.RevokeKeys, subject=subject, epoch=epoch)

    @rule(subject=st.sampled_from([*CPS, *DRIVERS, "X"]), earlier=rarely)
    def an_id_is_withdrawn(self, subject: str, *, earlier: bool) -> None:
        holder = self.draft.point(subject) or self.draft.driver(subject)
        self.do(
            c.Withdraw,
            subject=subject,
            epoch=(holder.epoch if holder else 0) + 1,
            registration=holder.registration - earlier if holder else 0,
        )

    @rule(data=st.data(), unless_begun=st.booleans(), cut_off=rarely)
    def a_lost_charge_is_closed(self, data: st.DataObject, *, unless_begun: bool, cut_off: bool) -> None:
        self.do(c.CloseLost, session_id=self.any_session(data), unless_begun=unless_begun, cut_off=cut_off)
        # What its engine tells later is another story (test_corrections).
        self.commit()

    @rule(cp_id=cps)
    def an_engine_dies_for_good(self, cp_id: str) -> None:
        """Its charge is closed; what its journal tells afterwards is no second ticket."""
        point = self.draft.point(cp_id)
        if point is not None and point.session_id is not None:
            if point.engine_link is not None:
                self.do(c.EngineLeaves, cp_id=cp_id, link=point.engine_link, reason="gone")
            self.do(c.CloseLost, session_id=point.session_id)
            self.commit()

    @rule(driver_id=drivers, cents=st.integers(-300, 300), data=st.data(), named=st.booleans())
    def an_operator_corrects_money(
        self, driver_id: str, cents: int, data: st.DataObject, *, named: bool
    ) -> None:
        session_id = self.any_session(data) if named else None
        self.orders(c.CorrectMoney, driver_id=driver_id, cents=cents, session_id=session_id)

    @rule(data=st.data(), cents=st.none() | st.integers(1, 100))
    def an_operator_refunds(self, data: st.DataObject, cents: int | None) -> None:
        self.orders(c.Refund, session_id=self.any_session(data), cents=cents)

    @rule(
        driver_id=drivers, cents=st.none() | st.integers(1, 300), registration=st.none() | st.integers(0, 2)
    )
    def an_operator_pays_out(self, driver_id: str, cents: int | None, registration: int | None) -> None:
        self.orders(c.PayOut, driver_id=driver_id, cents=cents, registration=registration)

    def orders(self, kind: type[c.MoneyOrder], **what: object) -> None:
        """Give an order about money, which the dispatcher carries out knowing what the books know."""
        self.commit()
        known = self.closed.get(str(what.get("session_id")))
        if known is not None:
            self.draft.recall(known)
        self.nonce += 1
        self.do(kind, reason="by hand", reference=f"order-{self.nonce}", **what)
        self.commit()

    @rule(
        cp_id=st.sampled_from([*CPS, "CP404"]), price=st.sampled_from([0, 1, 2_500, 2_500, 7_777, 1_000_000])
    )
    def a_price_changes(self, cp_id: str, price: int) -> None:
        # Running sessions keep theirs (I7).
        self.do(c.SetPrice, cp_id=cp_id, price_centi_cents_per_kwh=price)

    @rule(cp_id=st.sampled_from([*CPS, "CP404"]), location=st.sampled_from(PLACES), told=st.booleans())
    def a_point_moves(self, cp_id: str, location: str, *, told: bool = False) -> None:
        self.do(c.MovePoint, cp_id=cp_id, location=location)
        if told:
            self.do(c.RegistryFollows, cp_id=cp_id, location=location)

    @rule(driver_id=st.sampled_from([*DRIVERS, "D404"]), barred=st.booleans())
    def a_driver_is_barred_or_readmitted(self, driver_id: str, *, barred: bool) -> None:
        self.do(c.BarDriver, driver_id=driver_id, barred=barred)

    @rule(location=places, alert=st.sampled_from(WeatherKind), temperature=st.none() | st.just(-4.5))
    def the_weather_turns_bad(self, location: str, alert: WeatherKind, temperature: float | None) -> None:
        self.do(c.WeatherAlert, location=location, alert=alert, temperature_celsius=temperature)

    @rule(location=places)
    def the_weather_is_good(self, location: str) -> None:
        self.do(c.WeatherClear, location=location)

    @rule(location=places, override=st.sampled_from([True, True, False]))
    def an_operator_overrides_the_weather(self, location: str, *, override: bool) -> None:
        self.do(c.WeatherOverride, location=location, override=override)

    @rule(location=places)
    def the_weather_is_measured(self, location: str) -> None:
        self.do(c.WeatherReport, location=location, temperature_celsius=21.0)

    # ---- engines

    def goes_on(self, engine: Engine, more_mwh: int, reason: str | None) -> None:
        """Plug in, let power flow, perhaps end."""
        if engine.pending:
            engine.begin()
        if engine.running:
            self.delivered[engine.running] += more_mwh
            engine.meter(more_mwh)
            if reason:
                engine.end(reason)

    @precondition(lambda self: any(engine.pending or engine.running for engine in self.engines.values()))
    @rule(more_mwh=energies, reason=st.none() | reasons, skips=st.sampled_from([0, 0, 1, 2, 99]))
    def power_flows(self, more_mwh: int, reason: str | None, skips: int) -> None:
        for engine in self.engines.values():
            self.goes_on(engine, more_mwh, reason)
            last = self.draft.last_seq(engine.cp_id, engine.journal_id)
            self.send(engine, engine.disk[last + skips : last + 100])

    @rule(
        driver_id=drivers,
        cp_id=st.sampled_from([*CPS, None]),
        request=st.integers(1, 30),
        energy=st.lists(energies, max_size=2),
        reason=st.none() | reasons,
        how=st.sampled_from(["in its app", "in its app", "at the point", "with a PIN"]),
        until=own_limits,
        then=afterwards,
    )
    def all_is_well_and_a_driver_charges(
        self,
        driver_id: str,
        cp_id: str | None,
        request: int,
        energy: list[int],
        reason: str | None,
        how: str,
        until: tuple[int | None, int | None],
        then: str,
    ) -> None:
        self.commit()
        for one in CPS:
            point, link = self.draft.point(one), self.engines[one].link
            if link is None or point.engine_link != link or point.revoked:
                self.an_engine_arrives(one, None)
            point = self.draft.point(one)
            if not point.monitor_heard or point.fault is not None:
                self.a_monitor_arrives(one, None)
                self.a_monitor_reports(one, None)
        for location in PLACES:
            self.the_weather_is_good(location)
        for hold in ORDERED_HOLDS:
            self.a_hold_changes(c.LiftHold, None, hold)
        for one in CPS:
            self.an_operator_closes_an_alert(one, AlertKind.JOURNAL)
        self.a_driver_is_barred_or_readmitted(driver_id, barred=False)
        self.a_driver_arrives(driver_id, None)
        self.money_comes_in(driver_id, 30)
        match how:
            case "at the point":
                self.an_id_is_typed(driver_id, cp_id or "CP001", request, c.Reach.DRIVER, None)
                self.a_driver_answers(driver_id, None, yes=True)
            case "with a PIN":
                self.a_driver_chooses_a_pin(driver_id, MAX_HOLD)
                self.an_id_is_typed(driver_id, cp_id or "CP001", request, c.Reach.NOBODY, "right")
            case _:
                self.a_driver_asks(driver_id, cp_id, request, until=until)
        self.commit()
        for more_mwh in energy:
            for engine in self.engines.values():
                self.goes_on(engine, more_mwh, reason)
                self.an_engine_sends_all_it_has(engine.cp_id)
        match then:
            case "a fault":
                for one in CPS:
                    self.a_monitor_reports(one, "overheating")
            case "bad weather":
                for location in PLACES:
                    self.the_weather_turns_bad(location, WeatherKind.COLD, None)
            case "a move":
                for one in CPS:
                    self.a_point_moves(one, "Elche")
                self.the_weather_turns_bad("Altea", WeatherKind.COLD, None)
                for one in CPS:
                    self.a_point_moves(one, "Altea")
            case "ended by an operator":
                for point in list(self.draft.points()):
                    if point.session_id is not None:
                        self.do(c.EndCharge, session_id=point.session_id)
            case "barred":
                self.a_driver_is_barred_or_readmitted(driver_id, barred=True)
            case "revoked":
                self.keys_are_revoked(cp_id or "CP001", 0)
            case "a new disk":
                self.a_disk_is_replaced_or_an_old_image_put_back("CP001", None)
                self.an_engine_arrives("CP001", None)
                self.a_driver_asks(driver_id, "CP001", request + 30)
            case "a new price":
                for one in CPS:
                    self.a_price_changes(one, 7_777)
            case "a gap":
                engine = self.engines["CP001"]
                self.goes_on(engine, 1, None)
                self.goes_on(engine, 1, None)
                self.send(engine, engine.disk[self.draft.last_seq("CP001", engine.journal_id) + 1 :][-100:])
            case _:
                pass

    @rule(cp_id=cps, stale=stale)
    def an_engine_sends_all_it_has(self, cp_id: str, stale: str = "") -> None:
        engine = self.engines[cp_id]
        last = self.draft.last_seq(cp_id, engine.journal_id)
        self.send(engine, engine.disk[last : last + 100], stale)

    @rule(cp_id=cps, stale=stale)
    def an_engine_sends_its_oldest_again(self, cp_id: str, stale: str) -> None:
        self.send(self.engines[cp_id], self.engines[cp_id].disk[:3], stale)

    @rule(cp_id=cps, data=st.data(), stale=stale)
    def an_engine_is_ready(self, cp_id: str, data: st.DataObject, stale: str) -> None:
        point = self.draft.point(cp_id)
        over = self.over(point and point.engine_link, stale)
        self.do(c.ReportReady, cp_id=cp_id, session_id=self.any_session(data), **over)

    @rule(cp_id=cps, behind=st.integers(-3, 4), count=st.integers(1, 4), order=st.sampled_from([1, 1, -1]))
    def an_engine_repeats_skips_or_reorders(self, cp_id: str, behind: int, count: int, order: int) -> None:
        engine = self.engines[cp_id]
        first = max(0, self.draft.last_seq(cp_id, engine.journal_id) - behind)
        self.send(engine, engine.disk[first : first + count][::order])

    def send(self, engine: Engine, records: list[journal_records.AnyRecord], stale: str = "") -> None:
        if not records or engine.link is None:
            return
        point = self.draft.point(engine.cp_id)
        if point is None or point.engine_link != engine.link:
            # It hears that its line is cut, and connects again.
            self.an_engine_arrives(engine.cp_id, None)
        what = {"cp_id": engine.cp_id, "journal_id": engine.journal_id, "records": tuple(records)}
        self.do(c.TakeRecords, **what, **self.over(engine.link, stale))

    @rule(
        cp_id=cps,
        data=st.data(),
        kind=st.sampled_from(messages.RECORD_TYPES),
        meter_mwh=energies,
        reason=reasons,
    )
    def an_engine_lies(self, cp_id: str, data, kind, meter_mwh: int, reason: str) -> None:
        running = self.engines[cp_id].running
        session_id = running if running and data.draw(st.booleans()) else self.any_session(data)
        self.doubtful.add(session_id)
        every = {
            "meter_mwh": meter_mwh, "reason": reason, "driver_id": "D02", "request_id": "R-00000099", "price": 1,
            "hold_cents": 1, "limit_mwh": 10**15, "auth": "", "began_at": 10**9, "elapsed_s": 10**9,
        }  # fmt: skip
        fields_of = set(kind.__struct_fields__)
        what = {name: value for name, value in every.items() if name in fields_of}
        self.engines[cp_id].journal(kind, session_id, **what)

    @rule(seconds=st.sampled_from([1, 20, 59, 60, 600, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.commit()
        now, steady_s = self.settings.now + timedelta(seconds=seconds), self.settings.steady_s + seconds
        self.settings = replace(self.settings, now=now, steady_s=steady_s)
        for engine in self.engines.values():
            engine.now_s += seconds
        for model in (self.model, self.draft_model):
            model.now += seconds

    @rule(driver_id=drivers, cp_id=cps, times=st.integers(1, 4), request=st.integers(1, 30))
    def nobody_plugs_in(self, driver_id: str, cp_id: str, times: int, request: int) -> None:
        for number in range(times):
            self.a_driver_asks(driver_id, cp_id, request + 100 * number)
            self.time_passes(60)
            engine = self.engines[cp_id]
            if engine.pending:
                engine.journal(journal_records.SupplyRefused, engine.pending, reason="not plugged in")
                engine.pending = None
                self.an_engine_sends_all_it_has(cp_id)

    @rule(cp_id=cps)
    def an_engine_crashes(self, cp_id: str) -> None:
        self.engines[cp_id].crash()

    @rule(cp_id=cps, keep=st.none() | st.integers(0, 10))
    def a_disk_is_replaced_or_an_old_image_put_back(self, cp_id: str, keep: int | None) -> None:
        engine = self.engines[cp_id]
        self.doubtful |= {record.session_id for record in engine.disk} | {engine.pending or ""}
        if keep is None:
            engine.new_disk()
        else:
            engine.crash(leave_trace=False)
            del engine.disk[keep:]

    # ---- what always holds

    @invariant()
    def the_rules_and_the_model_agree(self) -> None:
        for facts, model in ((self.facts, self.model), (self.draft, self.draft_model)):
            for cp_id, cp in model.cps.items():
                point = facts.point(cp_id)
                assert point is not None
                assert (point.status, point.session_id, point.epoch) == (
                    model.shown(cp),
                    cp.session,
                    cp.epoch,
                )
                assert (point.fault, set(point.holds)) == (cp.fault, cp.holds)  # I21
                asked = point.question and (point.question.request_id, point.question.driver_id)
                assert asked == (cp.question and (cp.question.request, cp.question.driver))
                assert (point.location.name, point.price_centi_cents_per_kwh) == (cp.at or "", cp.price)
            assert sorted(point.cp_id for point in facts.points()) == sorted(
                cp_id for cp_id, cp in model.cps.items() if not cp.withdrawn
            )
            for (driver_id, number), cents in model.left.items():
                left = facts.former_wallet(driver_id, number)
                assert left is not None
                assert left.balance_cents == cents
            for where, kinds in model.bad_weather.items():
                weather = facts.weather(Location(where))
                assert weather is not None
                assert (weather.alerts, weather.override) == (kinds, where in model.overridden)
            for driver_id, one in model.drivers.items():
                driver = facts.driver(driver_id)
                assert driver is not None
                assert (driver.balance_cents, driver.blocked) == (one.balance, one.blocked)
                assert (driver.barred, driver.withdrawn) == (one.barred, one.withdrawn)
                assert driver.asked_by == one.asked
                assert (driver.pin_limit_cents if driver.pin_hash else None, driver.pin_misses) == (
                    one.pin,
                    one.misses,
                )
                assert driver.sessions == ({one.session} if one.session else set())  # I10
            for cp_id in CPS:
                known = {journal: last for (at, journal), last in model.journals.items() if at == cp_id}
                assert {one: facts.last_seq(cp_id, one) for one in facts.journals(cp_id)} == known
            for session_id, one in model.sessions.items():
                session = facts.session(session_id)
                assert (session is not None) == (one.state in "AC")
                if session is not None:
                    assert (session.energy_mwh, session.hold_cents) == (believed(one), one.hold)
                    assert session.stop_reason == one.stop
            for session_id in model.tickets:
                seen = session_id in model.seen
                assert (facts.unseen_by(session_id) is None) == seen  # I15

    @invariant()
    def every_ticket_is_right_and_final(self) -> None:
        for session_id, (energy_mwh, cents, estimated) in self.model.tickets.items():
            ticket = self.tickets[session_id]
            assert (ticket.energy_mwh, ticket.cost_cents, ticket.estimated) == (energy_mwh, cents, estimated)
            assert energy_mwh >= 0
            if "limit" in ticket.reason:
                assert ticket.reason == self.model.sessions[session_id].at_limit
            assert cents <= self.model.sessions[session_id].hold or not ticket.price_centi_cents_per_kwh  # I8
        assert self.tickets.keys() == self.model.tickets.keys()  # I13

    @invariant()
    def no_cent_is_lost_or_made(self) -> None:
        wallets = sum(self.facts.driver(one).balance_cents for one in self.model.drivers)
        wallets += sum(self.model.left.values())
        held = sum(self.facts.driver(one).held_cents for one in self.model.drivers)
        billed = sum(ticket.cost_cents for ticket in self.tickets.values())
        billed += self.model.revenue
        assert self.model.topped_up == self.money[TransferKind.TOP_UP]
        assert (
            wallets + held + billed == self.model.topped_up + self.model.put_in == -self.money["outside"]
        )  # I6
        assert (wallets, held, billed) == tuple(self.money[one] for one in ("wallet", "held", "revenue"))

    @invariant()
    def a_meter_never_goes_back(self) -> None:
        for session in self.facts.sessions():
            assert session.energy_mwh >= self.meters.get(session.session_id, 0)  # I4
            self.meters[session.session_id] = session.energy_mwh

    @invariant()
    def one_point_has_one_session_and_one_request_makes_one(self) -> None:
        open_ones = list(self.facts.sessions())
        assert len({session.cp_id for session in open_ones}) == len(open_ones)  # I9
        made = [one for one in self.model.sessions if self.model.sessions[one].state in "AC"]
        assert sorted(session.session_id for session in open_ones) == sorted(made)  # I12
        assert len(set(self.model.requests.values())) == len(self.model.requests) == len(self.model.sessions)

    @invariant()
    def the_books_tell_what_is_shown(self) -> None:
        for point in self.facts.points():
            shown = self.statuses[point.cp_id]
            assert (shown.status, shown.reason) == (point.status, point.reason)

    @invariant()
    def what_cannot_be_money_is_counted_and_bounded(self) -> None:
        for point in self.facts.points():
            aside = [one for one in self.facts._quarantine.values() if one.cp_id == point.cp_id]
            assert (
                self.facts.foreign_records(point.cp_id) == sum(not one.ours for one in aside) <= MOST_FOREIGN
            )

    @precondition(lambda self: self.has_news)
    @invariant()
    def the_books_hold(self) -> None:
        assert self.checker.violations() == []
        self.has_news = False


# A run that never came here has proved nothing.
MUST_BE_REACHED = {
    "granted", "repeated", "refused", "not taken", "ticket", "ticket of nothing", "estimated ticket", "limit exceeded",
    "set aside", "resync", "again", "interrupted", "revoked while charging", "restored", "new journal", "failed commit",
    "stop told again", "asked what became of it", "full batch", "stopped by weather", "overridden", "stopped by bar",
    "started by an operator", "ended by an operator", "stopped at its own limit", "stopped at the limit by Central",
    "moved into bad weather", "new price while charging", "new journal confirmed", "refused for its journal",
    "withdrawn", "back after a withdrawal", "a next owner", "not settled for the next owner",
    "held for its journal while authorised", "journal forgotten", "lost by a newer credential", "E_PAUSE",
    "asked to confirm", "confirmed", "not confirmed", "allowed by a PIN", "no use confirming",
    *(f"{code} {kind}" for code in ("E_DUPLICATE", "E_REVOKED") for kind in (
        "EngineArrives", "MonitorArrives", "DriverArrives", "TakeRecords", "ReportReady", "MonitorReports",
        "StartCharging", "StopCharging", "MarkTicketShown",
    )),
}  # fmt: skip
_NAMED = {
    events.SessionAuthorised: "granted",
    events.StartRefused: "refused",
    events.ConfirmationAsked: "asked to confirm",
    events.StartConfirmed: "confirmed",
    events.ConfirmationEnded: "not confirmed",
    events.SessionRefused: "not taken",
    events.TicketMade: "ticket",
    events.RecordQuarantined: "set aside",
    events.SessionInterrupted: "interrupted",
    events.KeyRestored: "restored",
    events.JournalReplaced: "new journal",
    events.PointWithdrawn: "withdrawn",
}


def reach(command: c.AnyCommand, decision: Decision) -> None:
    """Note what this decision has shown."""
    reached.update(_NAMED[type(event)] for event in decision.events if type(event) in _NAMED)
    for event in decision.events:
        match event:
            case events.TicketMade():
                reached["estimated ticket"] += event.estimated
                reached["ticket of nothing"] += event.energy_mwh == 0
                reached["stopped at its own limit"] += event.reason == "own limit"
            case events.EngineLost(reason=presence.REVOKED) | events.MonitorLost(reason=presence.REVOKED):
                reached["lost by a newer credential"] += 1
            case events.PointAdded(registration=registration):
                reached["back after a withdrawal"] += registration > 0
            case events.DriverAdded(registration=registration):
                reached["a next owner"] += registration > 0
            case events.HoldLifted(hold=Hold.JOURNAL):
                reached["new journal confirmed"] += 1
            case events.StartRefused(facts=facts, code=code):
                reached["E_PAUSE"] += code == "E_PAUSE"
                reached["refused for its journal"] += "new journal" in facts.reason
            case events.StopOrdered(reason="charging point lost"):
                reached["held for its journal while authorised"] += 1
            case events.RecordQuarantined(why=why):
                reached["limit exceeded"] += "limit" in why
                reached["lasted too long"] += "lasts longer" in why
            case events.StopOrdered(reason="key revoked"):
                reached["revoked while charging"] += 1
            case events.StopOrdered(reason="weather"):
                reached["stopped by weather"] += 1
                reached["moved into bad weather"] += isinstance(command, c.MovePoint)
            case events.StopOrdered(reason="limit" | "own limit"):
                reached["stopped at the limit by Central"] += 1
            case events.StopOrdered(reason="operator"):
                reached["stopped by bar"] += isinstance(command, c.BarDriver)
                reached["ended by an operator"] += isinstance(command, c.EndCharge)
            case events.WeatherOverridden(override=True):
                reached["overridden"] += any(isinstance(one, events.HoldLifted) for one in decision.events)
            case events.PriceChanged():
                charging = [x for x in decision.changes if isinstance(x, ChargingPoint) and x.charging]
                reached["new price while charging"] += bool(charging)
            case events.EngineConnected(ask=ask, stop=stop):
                reached["asked what became of it"] += bool(ask)
                reached["stop told again"] += bool(stop)
    reached["journal forgotten"] += any(isinstance(one, JournalForgotten) for one in decision.changes)
    ended = any(isinstance(event, events.ConfirmationEnded) for event in decision.events)
    reached["no use confirming"] += ended and not isinstance(command, c.AnswerStart | c.GiveUpStart)
    granted = any(isinstance(event, events.SessionAuthorised) for event in decision.events)
    by_hand = isinstance(command, c.StartCharging) and command.by_hand is not None
    reached["allowed by a PIN"] += granted and by_hand
    reached["resync"] += isinstance(decision.reply, RecordsMissing)
    reached["again"] += isinstance(command, c.TakeRecords) and decision.is_empty
    reached["repeated"] += isinstance(command, c.StartCharging) and decision.is_empty


reached: Counter[str] = Counter()


def play(examples: int, number: int = 0) -> None:
    """Play a round of so many examples: the one of that number, or a new one in a nightly run."""
    rules = seed(number)(TheRules) if settings().derandomize else TheRules
    # Few enough that even a short round forgets some.
    with mock.patch.object(charging, "MOST_JOURNALS", MOST_JOURNALS):
        run_state_machine_as_test(rules, settings=settings(max_examples=examples, stateful_step_count=60))
