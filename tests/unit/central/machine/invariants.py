"""What holds after every step."""

from hypothesis.stateful import (
    invariant,
    precondition,
)

from evcharge.central.rules.facts import TransferKind
from evcharge.central.rules.quarantine import MOST_FOREIGN
from evcharge.domain.location import Location
from tests.unit.central.machine.batches import Batches
from tests.unit.central.machine.values import CPS
from tests.unit.central.model import believed


class Invariants(Batches):
    """The rules and the model agree; no cent and no watt-hour is lost."""

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
                assert (point.fault, set(point.holds)) == (cp.fault, cp.holds)
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
                assert driver.sessions == ({one.session} if one.session else set())  # at most one
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
                assert (facts.unseen_by(session_id) is None) == seen  # told until it is shown

    @invariant()
    def every_ticket_is_right_and_final(self) -> None:
        for session_id, (energy_mwh, cents, estimated) in self.model.tickets.items():
            ticket = self.tickets[session_id]
            assert (ticket.energy_mwh, ticket.cost_cents, ticket.estimated) == (energy_mwh, cents, estimated)
            assert energy_mwh >= 0
            if "limit" in ticket.reason:
                assert ticket.reason == self.model.sessions[session_id].at_limit
            assert cents <= self.model.sessions[session_id].hold or not ticket.price_centi_cents_per_kwh
        assert self.tickets.keys() == self.model.tickets.keys()  # exactly one

    @invariant()
    def no_cent_is_lost_or_made(self) -> None:
        wallets = sum(self.facts.driver(one).balance_cents for one in self.model.drivers)
        wallets += sum(self.model.left.values())
        held = sum(self.facts.driver(one).held_cents for one in self.model.drivers)
        billed = sum(ticket.cost_cents for ticket in self.tickets.values())
        billed += self.model.revenue
        assert self.model.topped_up == self.money[TransferKind.TOP_UP]
        assert wallets + held + billed == self.model.topped_up + self.model.put_in == -self.money["outside"]
        assert (wallets, held, billed) == tuple(self.money[one] for one in ("wallet", "held", "revenue"))

    @invariant()
    def a_meter_never_goes_back(self) -> None:
        for session in self.facts.sessions():
            assert session.energy_mwh >= self.meters.get(session.session_id, 0)
            self.meters[session.session_id] = session.energy_mwh

    @invariant()
    def one_point_has_one_session_and_one_request_makes_one(self) -> None:
        open_ones = list(self.facts.sessions())
        assert len({session.cp_id for session in open_ones}) == len(open_ones)
        made = [one for one in self.model.sessions if self.model.sessions[one].state in "AC"]
        assert sorted(session.session_id for session in open_ones) == sorted(made)
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
