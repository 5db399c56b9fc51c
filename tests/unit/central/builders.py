"""A network in memory: what happens there is told in one line each."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from evcharge.central.rules import commands as c
from evcharge.central.rules.alert_kinds import Alert, AlertKind
from evcharge.central.rules.decide import decide
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Closed, Driver, Facts, Quarantined, Transfer
from evcharge.central.rules.pending_facts import PendingFacts
from evcharge.central.rules.replies import RecordsTaken, RequestStep
from evcharge.central.rules.settings import Rules
from evcharge.central.views import refusal_text
from evcharge.domain import journal_records
from evcharge.domain.charging_point import ChargingPoint, Hold
from evcharge.domain.errors import Refused
from evcharge.domain.events import ConfirmationEnded, Event, RecordQuarantined, StartRefused
from evcharge.domain.ids import Role
from evcharge.domain.location import Location
from evcharge.domain.session import Session, Ticket

E = TypeVar("E", bound=Event)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADMIN = c.Actor("admin", Role.OPERATOR, "local")
JOURNAL, OTHER_JOURNAL = "a" * 32, "b" * 32
KWH = 1_000_000


@dataclass
class FakeEngine:
    """Numbers the records of one journal."""

    cp_id: str
    journal_id: str = JOURNAL
    last_seq: int = 0
    meter_mwh: int = 0

    def next_seq(self) -> int:
        self.last_seq += 1
        return self.last_seq

    def started(self, session_id: str, **when: float) -> journal_records.SupplyStart:
        return journal_records.SupplyStart(
            seq=self.next_seq(),
            session_id=session_id,
            driver_id="D01",
            request_id="R-00000001",
            price=2_500,
            hold_cents=2_000,
            limit_mwh=80 * KWH,
            auth="signed",
            meter_mwh=self.meter_mwh,
            **when,
        )

    def meter(self, session_id: str, more_mwh: int = 0, **when: int) -> journal_records.Meter:
        self.meter_mwh += more_mwh
        return journal_records.Meter(
            seq=self.next_seq(), session_id=session_id, meter_mwh=self.meter_mwh, **when
        )

    def ended(
        self, session_id: str, more_mwh: int = 0, reason: str = "unplugged", **when: int
    ) -> journal_records.SupplyEnd:
        self.meter_mwh += more_mwh
        return journal_records.SupplyEnd(
            seq=self.next_seq(), session_id=session_id, meter_mwh=self.meter_mwh, reason=reason, **when
        )

    def refused(self, session_id: str, reason: str = "never started") -> journal_records.SupplyRefused:
        return journal_records.SupplyRefused(seq=self.next_seq(), session_id=session_id, reason=reason)


def located(what: dict[str, object]) -> dict[str, object]:
    """Return the parameters of a command as a door gives them to it: with locations that are no longer text."""
    texts = {name: text for name, text in what.items() if name in ("location", "said_location")}
    return what | {name: Location(text) for name, text in texts.items() if isinstance(text, str)}


@dataclass
class Network:
    """Facts, and the rules applied to them as the dispatcher does."""

    rules: Rules = field(default_factory=lambda: Rules(now=NOON, welcome_credit_cents=2_000))
    facts: Facts = field(default_factory=Facts)
    engines: dict[str, FakeEngine] = field(default_factory=dict)
    tickets: list[Ticket] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    # When each of them was taken.
    instants: list[datetime] = field(default_factory=list)
    # What the books know of sessions that are over.
    over: dict[str, Closed] = field(default_factory=dict)
    _links: int = 0
    _requests: int = 0

    # ---- giving commands

    def does(self, kind: type[c.AnyCommand], **what: object) -> Decision:
        """Decide and apply one command; it comes over the present link, where nothing else is said."""
        command = kind(**{"by": ADMIN} | self._over_its_link(kind, what) | located(what))
        draft = recalling(self.facts, self.over, command)
        decision = decide(draft, command, self.rules)
        self.decisions.append(decision)
        self.instants.append(self.rules.now)
        for change in decision.changes:
            draft.put(change)
            self.facts.put(change)
            if isinstance(change, Ticket):
                self.tickets.append(change)
            if isinstance(change, Transfer):
                self.transfers.append(change)
        self.over |= draft._closed
        return decision

    def _over_its_link(self, kind: type[c.AnyCommand], what: dict) -> dict:
        if kind in (c.TakeRecords, c.ReportReady, c.MonitorReports) or what.get("by_hand"):
            point = self.facts.point(what["cp_id"]) or ChargingPoint(cp_id=what["cp_id"])
            link = point.monitor_link if kind is c.MonitorReports else point.engine_link
            return {"link": link, "epoch": point.epoch}
        return {}

    def refuses(self, kind: type[c.AnyCommand], **what: object) -> Refused:
        """Return the refusal of one command; see that it left no trace."""
        before = remembered(self.facts)
        try:
            self.does(kind, **what)
        except Refused as refusal:
            assert remembered(self.facts) == before
            return refusal
        raise AssertionError(f"{kind.__name__} was not refused")

    def later(self, seconds: float) -> None:
        now, steady_s = self.rules.now + timedelta(seconds=seconds), self.rules.steady_s + seconds
        self.rules = replace(self.rules, now=now, steady_s=steady_s)

    def clock_is_set(self, by: timedelta) -> None:
        """Somebody sets Central's clock; no time passes."""
        self.rules = replace(self.rules, now=self.rules.now + by)

    def link(self) -> int:
        self._links += 1
        return self._links

    # ---- who is there

    def engine(self, cp_id: str = "CP001", journal_id: str | None = None, **what: object) -> Decision:
        """An engine arrives, with the journal it has or with another."""
        engine = self.engines.setdefault(cp_id, FakeEngine(cp_id))
        if journal_id is not None and journal_id != engine.journal_id:
            engine = self.engines[cp_id] = FakeEngine(cp_id, journal_id)
        defaults = {
            "cp_id": cp_id,
            "link": self.link(),
            "epoch": 0,
            "location": "",
            "journal_id": engine.journal_id,
            "last_seq": engine.last_seq,
        }
        return self.does(c.EngineArrives, **defaults | what)

    def monitor(self, cp_id: str = "CP001", fault: str | None = None, **what: object) -> Decision:
        """A monitor arrives and reports."""
        link = self.link()
        self.does(c.MonitorArrives, **{"cp_id": cp_id, "link": link, "epoch": 0, "location": ""} | what)
        epoch = what.get("epoch", 0)
        return self.does(c.MonitorReports, cp_id=cp_id, link=link, epoch=epoch, fault=fault)

    def reports(self, fault: str | None, cp_id: str = "CP001", **what: object) -> Decision:
        return self.does(c.MonitorReports, cp_id=cp_id, fault=fault, **what)

    def plugged(self, cp_id: str = "CP001") -> Decision:
        """The monitor says that a vehicle is plugged in."""
        return self.reports(None, cp_id, occupied=True)

    def point_is_there(self, cp_id: str = "CP001", location: str = "Alicante", **what: object) -> None:
        """A charging point with an engine and a monitor that is content."""
        self.engine(cp_id, location=location, **what)
        self.monitor(cp_id, **what)

    def driver_is_there(self, driver_id: str = "D01", **what: object) -> Decision:
        return self.does(c.DriverArrives, **{"driver_id": driver_id, "link": self.link(), "epoch": 0} | what)

    def engine_leaves(self, cp_id: str = "CP001") -> Decision:
        return self.does(c.EngineLeaves, cp_id=cp_id, link=self.point(cp_id).engine_link, reason="cut")

    def monitor_leaves(self, cp_id: str = "CP001") -> Decision:
        return self.does(c.MonitorLeaves, cp_id=cp_id, link=self.point(cp_id).monitor_link, reason="cut")

    # ---- charging

    def asks(self, driver_id: str = "D01", cp_id: str | None = "CP001", **what: object) -> Decision:
        """A driver asks for a charge, with a request id of its own."""
        self._requests += 1
        defaults = {
            "driver_id": driver_id,
            "request_id": f"R-{self._requests:08}",
            "nonce": f"{self._requests:016}",
            "cp_id": cp_id,
        }
        return self.does(c.StartCharging, **defaults | what)

    def authorised(self, driver_id: str = "D01", cp_id: str | None = "CP001", **what: object) -> Session:
        """A driver asks, and is granted."""
        answer = self.asks(driver_id, cp_id, **what).reply
        assert isinstance(answer, RequestStep)
        assert answer.step == "ASKING", answer
        return self.session(answer.session_id)

    def sends(self, *records: journal_records.AnyRecord, cp_id: str = "CP001") -> Decision:
        """An engine delivers records of its journal."""
        return self.does(
            c.TakeRecords, cp_id=cp_id, journal_id=self.engines[cp_id].journal_id, records=records
        )

    def charging(self, driver_id: str = "D01", cp_id: str = "CP001", more_mwh: int = 0) -> Session:
        """A session that has started and metered `more_mwh`."""
        session = self.authorised(driver_id, cp_id)
        engine = self.engines[cp_id]
        records: list[journal_records.AnyRecord] = [engine.started(session.session_id)]
        if more_mwh:
            records.append(engine.meter(session.session_id, more_mwh))
        self.sends(*records, cp_id=cp_id)
        return self.session(session.session_id)

    def holds(self, hold: Hold = Hold.OPERATOR, cp_id: str | None = "CP001") -> Decision:
        return self.does(c.PlaceHold, cp_id=cp_id, hold=hold)

    def lifts(self, hold: Hold = Hold.OPERATOR, cp_id: str | None = "CP001") -> Decision:
        return self.does(c.LiftHold, cp_id=cp_id, hold=hold)

    def closes(self, kind: AlertKind = AlertKind.JOURNAL, about: str = "CP001") -> Decision:
        """An operator closes an alert."""
        return self.does(c.CloseAlert, alert=Alert(kind=kind, about=about, detail="", since=NOON))

    # ---- looking

    def point(self, cp_id: str = "CP001") -> ChargingPoint:
        point = self.facts.point(cp_id)
        assert point is not None
        return point

    def driver(self, driver_id: str = "D01") -> Driver:
        driver = self.facts.driver(driver_id)
        assert driver is not None
        return driver

    def session(self, session_id: str) -> Session:
        session = self.facts.session(session_id)
        assert session is not None
        return session


def recalling(facts: Facts, over: dict[str, Closed], command: c.AnyCommand) -> PendingFacts:
    """Return a draft on `facts` that recalls the sessions which `command` names, as the dispatcher asks the books."""
    draft = PendingFacts(facts)
    named = {record.session_id for record in getattr(command, "records", ())}
    if isinstance(command, c.Refund | c.CorrectMoney):
        named.add(command.session_id)
    for session_id in named & over.keys():
        draft.recall(over[session_id])
    return draft


def owed_cents(facts: Facts, driver_id: str) -> int:
    """Return what a driver of the first registration owes in all."""
    owed: list[int] = [debt.left_cents for debt in facts.debts(driver_id, 0)]
    return sum(owed)


def in_english(refused: RequestStep | StartRefused | ConfirmationEnded) -> str:
    """Return the sentence that Central has for a refusal."""
    return (
        refusal_text.answered(refused, "en")
        if isinstance(refused, RequestStep)
        else refusal_text.in_words(refused, "en")
    )


def remembered(facts: Facts) -> dict:
    """Return everything that `facts` hold, to be compared."""
    return {name: dict(value) if isinstance(value, dict) else value for name, value in vars(facts).items()}


def said(decision: Decision) -> list[type[Event]]:
    """Return the kinds of events of a decision, in order."""
    return [type(event) for event in decision.events]


def only(decision: Decision, kind: type[E]) -> E:
    """Return the one event of that kind."""
    (event,) = [event for event in decision.events if isinstance(event, kind)]
    return event


def set_aside(decision: Decision, why: str) -> None:
    """See that one record was quarantined, acknowledged and told."""
    assert why in only(decision, RecordQuarantined).why
    (kept,) = [change for change in decision.changes if isinstance(change, Quarantined)]
    assert (kept.journal_id, kept.why) == (JOURNAL, only(decision, RecordQuarantined).why)
    assert kept.record.startswith('{"k":"')
    assert isinstance(decision.reply, RecordsTaken)


def refused(network: Network, *asked: object, **what: object) -> RequestStep:
    """Return why a start was refused; see that it changed nothing."""
    before = remembered(network.facts)
    decision = network.asks(*asked, **what)
    assert said(decision) == [StartRefused]
    assert decision.changes == ()
    assert remembered(network.facts) == before
    assert isinstance(decision.reply, RequestStep)
    assert decision.reply.step == "REFUSED"
    refusal = only(decision, StartRefused)
    assert (refusal.code, refusal.facts) == (decision.reply.code, decision.reply.facts)
    assert in_english(refusal) == in_english(decision.reply)
    return decision.reply
