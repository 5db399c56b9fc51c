"""The whole machine: `play` plays a round; what the rounds have shown stands in `reached`."""

from unittest import mock

from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    rule,
    run_state_machine_as_test,
)

from evcharge.central.rules import charging
from evcharge.central.rules import commands as c
from evcharge.central.rules.alert_kinds import AlertKind
from evcharge.domain.location import WeatherKind
from tests.unit.central.machine.engine_steps import EngineSteps
from tests.unit.central.machine.invariants import Invariants
from tests.unit.central.machine.values import (
    CPS,
    ORDERED_HOLDS,
    PLACES,
    afterwards,
    drivers,
    energies,
    own_limits,
    reasons,
)
from tests.unit.central.model import MAX_HOLD, MOST_JOURNALS


class TheRules(EngineSteps, Invariants):
    """Central's rules, in every order of steps."""

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


def play(examples: int, number: int = 0) -> None:
    """Play a round of so many examples: the one of that number, or a new one in a nightly run."""
    rules = seed(number)(TheRules) if settings().derandomize else TheRules
    # Few enough that even a short round forgets some.
    with mock.patch.object(charging, "MOST_JOURNALS", MOST_JOURNALS):
        run_state_machine_as_test(rules, settings=settings(max_examples=examples, stateful_step_count=60))
