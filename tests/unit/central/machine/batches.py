"""Commands are decided in batches on a draft, as by the dispatcher; some commits fail and leave nothing."""

import contextlib
import functools
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
)

from evcharge.central.books import rows as books
from evcharge.central.books.invariants import Checker
from evcharge.central.books.reconcile import Reconciled, reconcile
from evcharge.central.books.status_history import Statuses
from evcharge.central.peers.letters import letters, message_of
from evcharge.central.rules import commands as c
from evcharge.central.rules.decide import decide
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Closed, Facts, Transfer
from evcharge.central.rules.pending_facts import PendingFacts
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code, Refused, StaleLink
from evcharge.domain.ids import Role
from evcharge.domain.session import Ticket
from evcharge.evc1 import messages
from evcharge.storage import database, hash_chain
from evcharge.storage.sqlite_statements import sql_of
from tests.unit.central import ocpi
from tests.unit.central.builders import ADMIN, located
from tests.unit.central.machine.honest_engine import Engine
from tests.unit.central.machine.reached import reach, reached
from tests.unit.central.machine.values import (
    CPS,
    RULES,
)
from tests.unit.central.model import Model, heard


@functools.cache
def empty_books() -> bytes:
    """Return Central's database as it is before anything has happened."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as books:
        for number, statements in database.schema_steps("evcharge.central.books.schema"):
            for statement in statements:
                books.execute(statement)
            books.execute(f"PRAGMA user_version={number}")
        return books.serialize()


class Batches(RuleBasedStateMachine):
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
        self.versions: Counter[str] = Counter()
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
        ocpi.everything_is_exported_once(self.books)
        self.books.close()
        assert compared == Reconciled((), ())

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
                assert point.status in (CpStatus.AVAILABLE, CpStatus.FINISHING)
                if point.status is CpStatus.FINISHING:
                    assert isinstance(command, c.AnswerStart) or command.cp_id == point.cp_id
                    assert point.occupied_by in (None, event.driver_id)
                assert driver is not None
                assert not driver.blocked
                assert driver.balance_cents > 0 or event.price_centi_cents_per_kwh == 0
        for change in decision.changes:
            self.draft.put(change)
        assert all(self.speaks(command)), "a link that is not the present one"
        if isinstance(command, c.TakeRecords):  # repeated, they change nothing
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
        for statement, rows in (
            *books.statements(entries, versions=self.versions),
            *books.status_statements(self.statuses, news),
        ):
            self.books.executemany(sql_of(statement), rows)
        self.statuses.take(news)
        for entry in entries:
            for event in entry.decision.events:
                row = books.event_row(self.head.n + 1, entry, event)
                self.head = hash_chain.Head(row["n"], hash_chain.chained(self.head.hash, row))
                self.books.execute(sql_of(books.PUT_EVENT), (*row.values(), self.head.hash, ""))
        self.books.execute("COMMIT")
        self.versions.update(books.wallets_of(entries))
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
            assert change.session_id not in self.tickets  # exactly one, and never changed
            self.tickets[change.session_id] = change
            if not change.estimated and change.session_id not in self.doubtful:
                limit_mwh = self.draft_model.sessions[change.session_id].limit
                assert change.energy_mwh == min(self.delivered[change.session_id], limit_mwh)
                self.lasts_as_its_engine_measured(change)
            assert change.ended_at >= change.started_at
        elif isinstance(change, Transfer):
            self.money[change.debit] -= change.cents
            self.money[change.credit] += change.cents
            self.money[change.kind] += change.cents

    def lasts_as_its_engine_measured(self, ticket: Ticket) -> None:
        """Whatever outages, restarts and clocks did meanwhile."""
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

    def of_driver(self, driver_id: str, stale: str, *, web: bool) -> dict[str, int]:
        """Return over which link a driver says something; over none on its page."""
        driver = self.draft.driver(driver_id)
        return {} if web else self.over(driver and driver.link, stale)

    def any_session(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(["S-unknown", *self.draft_model.sessions]))
