"""Central gets older copies of its books back, again and again: no watt-hour and no cent is lost, or billed twice.

Engines keep their journals, drivers top up and are paid out, engines die and are closed by estimate meanwhile. `play`
plays a round; what the rounds have shown stands in `reached`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from evcharge.central.rules import commands as c
from evcharge.central.rules.facts import Transfer
from evcharge.central.rules.start_seal import seal
from evcharge.domain import events, journal_records
from evcharge.domain.errors import Refused
from evcharge.domain.session import SessionState
from tests.unit.central.builders import Network
from tests.unit.central.history import KEY, RULES, History, replaced

CPS, DRIVERS = ("CP001", "CP002"), ("D01", "D02")
cps, drivers = st.sampled_from(CPS), st.sampled_from(DRIVERS)
# 2.00 € each at first, which is 8 kWh.
WELCOME = 200
energies = st.sampled_from([1, 777, 20_000, 1_000_000, 3_000_000, 8_000_000])
sums = st.sampled_from([1, 30, 200, 1_000])
# What must have come up before a round has shown anything.
MUST_BE_REACHED = (
    "restore", "copied while it charged", "rebuilt", "rebuilt with too little money",
    "rebuilt and running", "reopened", "stopped as stray", "closed by estimate", "true end after a restore", "debt",
    "debt paid in full", "debt paid in part", "corrected by an operator", "ticket given back", "paid out",
)  # fmt: skip
reached: Counter[str] = Counter()


class Restores(RuleBasedStateMachine):
    """Two charging points, two drivers, a Central that forgets."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History(network=Network(rules=replace(RULES, welcome_credit_cents=WELCOME)))
        # The ledger as the books have it, and as the copy had it.
        self.ledger: list[Transfer] = []
        self.copied: list[Transfer] = []
        # What operators have put right of each ticket, and that of the copy.
        self.ordered: Counter[str] = Counter()
        self.copied_orders: Counter[str] = Counter()
        self.read = 0
        # Of each session that its engine has begun: where, who, and what has flowed; and where one still runs.
        self.delivered: dict[str, int] = {}
        self.limit: dict[str, int] = {}
        self.running: dict[str, str] = {}
        self.number = 0

    @property
    def network(self) -> Network:
        return self.history.network

    # ---- what follows from what was done

    def hear(self) -> None:
        """Take in what was decided since: the ledger grows, and engines obey."""
        for decision in self.network.decisions[self.read :]:
            self.ledger += [change for change in decision.changes if isinstance(change, Transfer)]
            for event in decision.events:
                self.note(event)
                if isinstance(event, events.StopOrdered | events.StraySupply):
                    self.obey(event.cp_id, event.session_id)
        self.read = len(self.network.decisions)

    def note(self, event: events.Event) -> None:
        match event:
            case events.SessionRebuilt():
                reached["rebuilt"] += 1
                reached["rebuilt with too little money"] += event.short_cents > 0
                reached["rebuilt and running"] += event.session_id in self.running.values()
            case events.SessionReopened():
                reached["reopened"] += 1
            case events.StraySupply():
                reached["stopped as stray"] += 1
            case events.TicketMade(owed_cents=owed):
                reached["closed by estimate"] += event.estimated
                reached["debt"] += owed > 0
            case events.TicketCorrected(kind="ORDER"):
                self.ordered[event.session_id] += event.cost_cents
            case events.TicketCorrected(owed_cents=owed):
                reached["true end after a restore"] += reached["restore"] > 0
                reached["debt"] += owed > 0
            case events.DebtPaid(left_cents=left):
                reached["debt paid in part" if left else "debt paid in full"] += 1

    def obey(self, cp_id: str, session_id: str) -> None:
        """An engine ends what it is told to end; it tells of that the next time."""
        if self.running.get(cp_id) == session_id and self.network.point(cp_id).engine_link is not None:
            self.write(cp_id, self.network.engines[cp_id].ended(session_id, reason="operator"))
            del self.running[cp_id]

    def write(self, cp_id: str, record: journal_records.AnyRecord) -> None:
        self.history.journals.setdefault(cp_id, []).append(record)

    def order(self, kind: type[c.AnyCommand], **what: object) -> bool:
        """Give an operator's order; return whether it was carried out."""
        self.number += 1
        try:
            self.network.does(kind, reason="x", reference=f"O-{self.number}", **what)
        except Refused:
            return False
        finally:
            self.hear()
        return True

    # ---- charging

    @initialize()
    def everybody_is_there(self) -> None:
        for cp_id in CPS:
            self.network.point_is_there(cp_id)
        for driver_id in DRIVERS:
            self.network.driver_is_there(driver_id)
        self.the_books_are_copied()

    @rule(driver_id=drivers, cp_id=cps, more_mwh=energies)
    def a_whole_charge(self, driver_id: str, cp_id: str, more_mwh: int) -> None:
        self.a_driver_charges(driver_id, cp_id)
        self.power_flows(cp_id, more_mwh)
        self.a_car_leaves(cp_id)
        self.an_engine_tells(cp_id)

    @rule(
        driver_id=drivers,
        cp_id=cps,
        more_mwh=energies,
        is_paid_out=st.booleans(),
        is_given_back=st.booleans(),
        told=st.booleans(),
    )
    def a_charge_whose_engine_dies(
        self, driver_id: str, cp_id: str, more_mwh: int, *, is_paid_out: bool, is_given_back: bool, told: bool
    ) -> None:
        """It is closed by estimate; what flows meanwhile is told later, if at all."""
        self.a_driver_charges(driver_id, cp_id)
        self.power_flows(cp_id, 20_000)
        if told:
            self.an_engine_tells(cp_id)
        self.an_engine_is_cut_off(cp_id)
        self.an_operator_closes_what_is_lost(cp_id)
        self.power_flows(cp_id, more_mwh)
        if is_given_back and (session_id := self.running.get(cp_id)) is not None:
            reached["ticket given back"] += self.order(c.Refund, session_id=session_id)
        if is_paid_out:
            self.money_goes_out(driver_id)

    @rule(driver_id=drivers, cp_id=cps)
    def a_driver_charges(self, driver_id: str, cp_id: str) -> None:
        """Central grants it or not; an engine that is busy, of which Central may know nothing, takes no other."""
        if self.network.facts.driver(driver_id) is None:
            self.network.driver_is_there(driver_id)
        try:
            told = self.network.asks(driver_id, cp_id).events
        except Refused:
            told = ()
        for event in told:
            if isinstance(event, events.SessionAuthorised):
                self.begin(event)
        self.hear()

    def begin(self, granted: events.SessionAuthorised) -> None:
        cp_id, engine = granted.cp_id, self.network.engines[granted.cp_id]
        if cp_id in self.running:
            self.write(cp_id, engine.refused(granted.session_id, "busy"))
            return
        record = replaced(
            engine.started(granted.session_id),
            driver_id=granted.driver_id,
            request_id=granted.request_id,
            price=granted.price_centi_cents_per_kwh,
            hold_cents=granted.hold_cents,
            limit_mwh=granted.limit_mwh,
            auth=seal(KEY, granted),
        )
        self.write(cp_id, record)
        self.running[cp_id] = granted.session_id
        self.delivered[granted.session_id], self.limit[granted.session_id] = 0, granted.limit_mwh

    @rule(cp_id=cps, more_mwh=energies)
    def power_flows(self, cp_id: str, more_mwh: int) -> None:
        if (session_id := self.running.get(cp_id)) is not None:
            more_mwh = min(more_mwh, self.limit[session_id] - self.delivered[session_id])
            self.write(cp_id, self.network.engines[cp_id].meter(session_id, more_mwh))
            self.delivered[session_id] += more_mwh

    @rule(cp_id=cps)
    def a_car_leaves(self, cp_id: str) -> None:
        if (session_id := self.running.pop(cp_id, None)) is not None:
            self.write(cp_id, self.network.engines[cp_id].ended(session_id))

    @rule(cp_id=cps)
    def an_engine_tells(self, cp_id: str) -> None:
        if self.linked(cp_id):
            self.history.tells(cp_id)
            self.hear()

    def linked(self, cp_id: str) -> bool:
        point = self.network.facts.point(cp_id)
        return point is not None and point.engine_link is not None

    @rule(cp_id=cps)
    def an_engine_is_cut_off(self, cp_id: str) -> None:
        if self.linked(cp_id):
            self.network.engine_leaves(cp_id)
            self.hear()

    @rule(cp_id=cps)
    def an_engine_is_back(self, cp_id: str) -> None:
        self.network.engine(cp_id)
        self.network.monitor(cp_id)
        self.hear()
        self.an_engine_tells(cp_id)

    @rule(cp_id=cps)
    def an_operator_closes_what_is_lost(self, cp_id: str) -> None:
        point = self.network.facts.point(cp_id)
        if point is not None and point.session_id is not None and point.engine_link is None:
            self.network.does(c.CloseLost, session_id=point.session_id)
            self.hear()

    # ---- money

    @rule(driver_id=drivers, cents=sums)
    def money_comes_in(self, driver_id: str, cents: int) -> None:
        """The next money pays what is owed, and all of it that is left is free."""
        driver = self.network.facts.driver(driver_id)
        if driver is None:
            return
        owed = self.owed(driver_id)
        self.network.does(c.TopUp, driver_id=driver_id, cents=cents)
        self.hear()
        assert self.owed(driver_id) == max(0, owed - cents)
        assert self.network.driver(driver_id).balance_cents == driver.balance_cents + max(0, cents - owed)

    @rule(driver_id=drivers)
    def money_goes_out(self, driver_id: str) -> None:
        reached["paid out"] += self.order(c.PayOut, driver_id=driver_id)

    @rule(driver_id=drivers, cents=st.sampled_from([-100, -1, 50]))
    def an_operator_corrects(self, driver_id: str, cents: int) -> None:
        self.order(c.CorrectMoney, driver_id=driver_id, cents=cents)

    @rule(data=st.data(), cents=st.sampled_from([None, None, 25, -10]))
    def an_operator_puts_a_ticket_right(self, data: st.DataObject, cents: int | None) -> None:
        billed = sorted(one for one, closed in self.network.over.items() if closed.ticket is not None)
        if not billed:
            return
        session_id = data.draw(st.sampled_from(billed))
        if cents is None:
            reached["ticket given back"] += self.order(c.Refund, session_id=session_id)
            return
        driver_id = self.network.over[session_id].session.driver_id
        done = self.order(c.CorrectMoney, driver_id=driver_id, cents=cents, session_id=session_id)
        reached["corrected by an operator"] += done

    def owed(self, driver_id: str) -> int:
        return self.network.facts.owed_cents(driver_id, 0)

    # ---- the books are lost

    @rule()
    def the_books_are_copied(self) -> None:
        """What of them is forgotten afterwards, its engines tell again."""
        self.hear()
        self.history.is_copied()
        self.copied, self.copied_orders = list(self.ledger), Counter(self.ordered)
        reached["copied while it charged"] += bool(self.running)

    @rule(with_engines=st.booleans(), really=st.booleans())
    def a_copy_is_put_back(self, *, with_engines: bool, really: bool) -> None:
        if not really:
            return
        reached["restore"] += 1
        self.hear()
        self.ledger, self.ordered = list(self.copied), Counter(self.copied_orders)
        self.history.is_restored(with_engines=with_engines)
        self.hear()
        for driver_id in DRIVERS:
            self.network.driver_is_there(driver_id)
        self.hear()

    # ---- what must hold

    @invariant()
    def every_cent_is_somewhere_once(self) -> None:
        facts = self.network.facts
        moved: Counter[str] = Counter()
        for one in self.ledger:
            moved[one.debit] -= one.cents
            moved[one.credit] += one.cents
        everybody = list(facts.drivers())
        assert all(driver.balance_cents >= 0 and driver.held_cents >= 0 for driver in everybody)
        assert moved["wallet"] == sum(driver.balance_cents for driver in everybody)
        assert moved["held"] == sum(driver.held_cents for driver in everybody)
        assert moved["revenue"] == sum(self.costs().values()) - sum(cents for _, cents in facts.debtors())

    @invariant()
    def nobody_owes_more_than_it_was_charged_or_while_it_has_money(self) -> None:
        costs = self.costs()
        for driver in self.network.facts.drivers():
            debts = self.network.facts.debts(driver.driver_id, 0)
            assert all(0 < debt.left_cents <= costs[debt.session_id] for debt in debts)
            assert not debts or driver.balance_cents == 0

    @invariant()
    def a_ticket_costs_what_its_energy_costs_but_for_what_operators_put_right(self) -> None:
        for session_id, closed in self.network.over.items():
            if (ticket := closed.ticket) is not None:
                energy_mwh = ticket.energy_mwh + ticket.corrected_mwh
                costs = closed.session.cost_cents(energy_mwh) + self.ordered[session_id]
                assert ticket.cost_cents + ticket.corrected_cents == costs

    def costs(self) -> Counter[str]:
        """What the tickets of the books come to, with all that was put right."""
        return Counter(
            {
                session_id: closed.ticket.cost_cents + closed.ticket.corrected_cents
                for session_id, closed in self.network.over.items()
                if closed.ticket is not None
            }
        )

    def teardown(self) -> None:
        """Once all engines have told everything, every watt-hour is billed once, or runs."""
        if not self.network.engines:
            return
        for _ in range(2):
            # What it is told to end it ends, and tells that too.
            for cp_id in CPS:
                if not self.linked(cp_id):
                    self.an_engine_is_back(cp_id)
                # It meters each second.
                self.power_flows(cp_id, 0)
                self.an_engine_tells(cp_id)
        self.every_cent_is_somewhere_once()
        self.nobody_owes_more_than_it_was_charged_or_while_it_has_money()
        assert dict(self.billed()) == self.delivered

    def billed(self) -> Iterator[tuple[str, int]]:
        for session_id in self.delivered:
            session = self.network.facts.session(session_id)
            if session_id in self.running.values():
                assert session is not None
                assert session.state is SessionState.CHARGING
                yield session_id, session.energy_mwh
                continue
            assert session is None
            ticket = self.network.over[session_id].ticket
            assert ticket is not None
            yield session_id, ticket.energy_mwh + ticket.corrected_mwh


def play(examples: int, number: int = 0) -> None:
    """Play a round of so many examples: the one of that number, or a new one in a nightly run."""
    machine = seed(number)(Restores) if settings().derandomize else Restores
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=40))
