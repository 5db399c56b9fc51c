"""Exercise "reason": a charge that is to end below 0.1 kWh is refused, with words of its own."""

from datetime import UTC, datetime
from typing import Any

from evcharge.central.rules import commands as c
from evcharge.central.rules.decide import decide
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Facts
from evcharge.central.rules.settings import Rules
from evcharge.domain.errors import Code
from evcharge.domain.events import SessionAuthorised, StartRefused
from evcharge.domain.ids import CpId, DriverId, JournalId, RequestId, Role
from evcharge.domain.location import Location
from evcharge.labels.refusals import refusal

BY = c.Actor("D01", Role.DRIVER, "127.0.0.1")
CP, DRIVER = CpId("CP001"), DriverId("D01")
RULES = Rules(now=datetime(2026, 1, 1, 12, tzinfo=UTC), welcome_credit_cents=2_000)
LEAST_MWH = 100_000


class Network:
    """One charging point that is free, and one driver with 20 €."""

    def __init__(self) -> None:
        self.facts = Facts()
        here: dict[str, Any] = {"by": BY, "epoch": 0}
        point = here | {"cp_id": CP}
        where: dict[str, Any] = {"location": Location("Alicante")}
        journal: dict[str, Any] = {"journal_id": JournalId("a" * 32), "last_seq": 0}
        self.does(c.EngineArrives(**point, **where, **journal, link=1))
        self.does(c.MonitorArrives(**point, **where, link=2))
        self.does(c.MonitorReports(**point, link=2, fault=None))
        self.does(c.DriverArrives(**here, driver_id=DRIVER, link=3))

    def does(self, command: c.AnyCommand) -> Decision:
        decision = decide(self.facts, command, RULES)
        for change in decision.changes:
            self.facts.put(change)
        return decision

    def asks(self, until_mwh: int | None) -> Decision:
        return self.does(
            c.StartCharging(
                by=BY, link=3, epoch=0, driver_id=DRIVER, request_id=RequestId("R-00000001"), nonce="1",
                cp_id=CP, until_mwh=until_mwh,
            )
        )  # fmt: skip


def refused(decision: Decision) -> StartRefused:
    kinds = [type(event) for event in decision.events]
    assert kinds == [StartRefused], "a wish below 0.1 kWh is not refused yet"
    event = decision.events[0]
    assert isinstance(event, StartRefused)
    return event


def test_less_than_a_tenth_of_a_kwh_is_refused_and_a_tenth_is_not():
    assert refused(Network().asks(LEAST_MWH - 1)).code == Code.FIELD
    assert refused(Network().asks(1)).code == Code.FIELD
    for enough in (LEAST_MWH, None):
        assert isinstance(Network().asks(enough).events[0], SessionAuthorised)


def test_the_refusal_holds_no_money_and_no_charging_point():
    network = Network()
    refused(network.asks(5))
    driver, point = network.facts.driver(DRIVER), network.facts.point(CP)
    assert driver is not None
    assert point is not None
    assert (driver.held_cents, driver.sessions, point.session_id) == (0, frozenset(), None)


def test_it_says_why_in_both_languages():
    facts = refused(Network().asks(5)).facts
    assert facts is not None
    english, spanish = (refusal(Code.FIELD, lang, facts) for lang in ("en", "es"))
    assert "0.1 kWh" in english
    assert "0,1 kWh" in spanish


def test_the_code_alone_says_nothing_of_it():
    refused(Network().asks(5))
    assert refusal(Code.FIELD, "en") == ""
