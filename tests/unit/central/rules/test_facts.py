"""Facts, and drafts on top of them that nobody else sees."""

from dataclasses import replace

import pytest
from msgspec import structs

from evcharge.central.rules import facts as facts_module
from evcharge.central.rules.charging import StartRefusal, _any_point
from evcharge.central.rules.decision import Decision, Draft
from evcharge.central.rules.facts import (
    Debt,
    Driver,
    Facts,
    FormerWallet,
    JournalCursor,
    JournalForgotten,
    OrderTaken,
    TicketSeen,
    TicketUnseen,
)
from evcharge.central.rules.pending_facts import PendingFacts
from evcharge.central.rules.wallet import balance_of
from evcharge.domain import events
from evcharge.domain.charging_point import ChargingPoint
from evcharge.domain.errors import Code
from evcharge.domain.location import Location
from evcharge.domain.session import SessionState
from tests.unit.central.builders import Network, remembered


def test_nothing_is_known_at_first():
    facts = Facts()
    assert facts.point("CP001") is None
    assert facts.session("S-1") is None
    assert facts.driver("D01") is None
    assert facts.outcome("R-1") is None
    assert facts.last_seq("CP001", "a") == 0
    assert facts.unseen_by("S-1") is None
    assert list(facts.points()) == list(facts.sessions()) == list(facts.drivers()) == []


def test_facts_show_through_a_draft(town: Network):
    session = town.charging()
    draft = PendingFacts(PendingFacts(town.facts))
    assert draft.point("CP001") == town.point()
    assert draft.session(session.session_id) == session
    assert draft.driver("D01") == town.driver()
    assert draft.outcome(session.request_id) == session
    assert draft.last_seq("CP001", "a" * 32) == 1
    assert list(draft.points()) == [town.point()]
    assert draft.uses == town.facts.uses == 1


def test_what_is_pending_answers_for_no_list_of_which_it_knows_a_part_only():
    facts, pending = Facts(), PendingFacts(Facts())
    only_committed = {name for name in dir(facts) if not name.startswith("_")} - set(dir(pending))
    assert only_committed == {
        "available",
        "debtors",
        "drivers",
        "forget_old_requests",
        "left_wallets",
        "points_after",
        "sessions",
    }
    assert not isinstance(pending, Facts)
    assert isinstance(Draft(facts), PendingFacts)


def test_a_draft_is_thrown_away_without_a_trace(town: Network):
    session = town.charging()
    before = remembered(town.facts)
    draft = PendingFacts(town.facts)
    draft.put(replace(town.point(), fault="overheating", last_used=9))
    draft.put(ChargingPoint(cp_id="CP002"))
    draft.put(structs.replace(session, state=SessionState.REFUSED))
    draft.put(Driver(driver_id="D02"))
    draft.put(JournalCursor("CP001", "a" * 32, 99))
    draft.put(TicketSeen(session.session_id, "D01"))
    assert [point.cp_id for point in draft.points()] == ["CP001", "CP002"]
    assert draft.point("CP001").fault == "overheating"
    assert draft.session(session.session_id) is None
    assert draft.last_seq("CP001", "a" * 32) == 99
    assert draft.uses == 9
    assert remembered(town.facts) == before


def test_a_closed_session_is_forgotten_but_its_outcome_is_not(town: Network):
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id))
    assert list(town.facts.sessions()) == []
    assert town.facts.session(session.session_id) is None
    assert town.facts.outcome(session.request_id) == town.tickets[0]


def test_a_ticket_stays_in_its_inbox_until_it_is_seen(town: Network):
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id))
    draft = PendingFacts(town.facts)
    assert draft.unseen_by(session.session_id) == "D01"
    draft.put(TicketSeen(session.session_id, "D01"))
    assert draft.unseen_by(session.session_id) is None
    assert town.facts.unseen_by(session.session_id) == "D01"
    town.facts.put(TicketSeen(session.session_id, "D01"))
    town.facts.put(TicketSeen(session.session_id, "D01"))
    assert town.facts.unseen_by(session.session_id) is None


def test_old_outcomes_are_forgotten_but_never_that_of_an_open_session(
    town: Network, monkeypatch: pytest.MonkeyPatch
):
    running = town.charging()
    town.point_is_there("CP002")
    closed = []
    for number in range(2, 12):
        town.driver_is_there(f"D{number}")
        session = town.authorised(f"D{number}", "CP002")
        town.sends(town.engines["CP002"].refused(session.session_id), cp_id="CP002")
        closed.append(session.request_id)
    town.facts.forget_old_requests()
    assert town.facts.outcome(closed[0]) is not None
    monkeypatch.setattr(facts_module, "REMEMBERED_REQUESTS", 10)
    monkeypatch.setattr(facts_module, "islice", lambda items, _: list(items)[:3])
    town.facts.forget_old_requests()
    assert town.facts.outcome(running.request_id) == running
    assert [request for request in closed if town.facts.outcome(request) is None] == closed[:2]


def test_a_ruling_remembers_what_it_changed_and_caused():
    facts = Facts()
    ruling = Draft(facts)
    assert ruling.decision() == Decision()
    assert ruling.decision().is_empty
    point = ChargingPoint(cp_id="CP001")
    ruling.put(point)
    assert ruling.existing_point("CP001") == point
    assert ruling.session_of(point) is None
    assert ruling.decision() == Decision(changes=(point,))
    assert not ruling.decision().is_empty
    assert facts.point("CP001") is None


def test_what_is_available_follows_every_change_in_the_order_of_ids():
    facts = Facts()
    for number in (3, 1, 2):
        facts.put(ready(f"CP{number:03}"))
    assert [point.cp_id for point in facts.available(2)] == ["CP001", "CP002"]
    facts.put(replace(ready("CP001"), fault="engine lost"))
    facts.put(replace(ready("CP001"), fault="engine lost"))
    assert [point.cp_id for point in facts.available(9)] == ["CP002", "CP003"]
    facts.put(replace(ready("CP002"), location=Location("Elche")))
    facts.put(ready("CP001"))
    assert [(point.cp_id, point.location.name) for point in facts.available(9)] == [
        ("CP001", ""),
        ("CP002", "Elche"),
        ("CP003", ""),
    ]


def test_charging_points_are_told_in_pages_by_id_without_those_that_are_withdrawn():
    facts = Facts()
    for number in (4, 2, 5, 1, 3):
        facts.put(ready(f"CP{number:03}"))
    facts.put(replace(ready("CP003"), withdrawn=True))
    facts.put(replace(ready("CP002"), location=Location("Elche")))
    assert [point.cp_id for point in facts.points_after("", 2)] == ["CP001", "CP002"]
    assert [point.cp_id for point in facts.points_after("CP002", 9)] == ["CP004", "CP005"]
    assert [point.cp_id for point in facts.points_after("CP0035", 1)] == ["CP004"]
    assert facts.points_after("CP005", 1) == []


def test_a_draft_tells_no_charging_point_that_is_withdrawn_in_it():
    facts = Facts()
    for number in (1, 2):
        facts.put(ready(f"CP{number:03}"))
    draft = PendingFacts(facts)
    draft.put(replace(ready("CP001"), withdrawn=True))
    draft.put(replace(ready("CP003"), withdrawn=True))
    assert [point.cp_id for point in draft.points()] == ["CP002"]
    assert [point.cp_id for point in facts.points()] == ["CP001", "CP002"]


def test_a_draft_sees_what_is_free_in_it():
    facts = Facts()
    for number in range(1, 5):
        facts.put(ready(f"CP{number:03}"))
    draft = PendingFacts(facts)
    draft.put(replace(ready("CP002"), fault="engine lost"))
    draft.put(replace(ready("CP003"), last_used=7))
    draft.put(ready("CP009"))
    ruling = Draft(draft)
    ruling.put(replace(ready("CP004"), revoked=True))
    assert [(point.cp_id, point.last_used) for point in ruling.free()] == [
        ("CP001", 0),
        ("CP009", 0),
        ("CP003", 7),
    ]
    assert [point.cp_id for point in facts.free()] == ["CP001", "CP002", "CP003", "CP004"]


def test_what_is_free_comes_by_its_last_use_in_all_and_in_each_town():
    facts = Facts()
    for number, (town, last_used) in enumerate(
        [("Elche", 5), ("León", 2), ("Leon, ES", 2), ("Elche", 1)], start=1
    ):
        facts.put(replace(ready(f"CP{number:03}"), location=Location(town), last_used=last_used))

    def ids(facts, town: str = "") -> list[str]:
        return [point.cp_id for point in facts.free(Location(town).town_key)]

    assert ids(facts) == ["CP004", "CP002", "CP003", "CP001"]
    assert (ids(facts, "LEÓN"), ids(facts, "Elche, FR"), ids(facts, "Alicante")) == (
        ["CP002", "CP003"],
        ["CP004", "CP001"],
        [],
    )
    draft = PendingFacts(facts)
    draft.put(replace(ready("CP004"), location=Location("Alicante"), last_used=9))
    draft.put(replace(ready("CP002"), location=Location("León"), last_used=2, revoked=True))
    assert (ids(draft), ids(draft, "Leon"), ids(draft, "Elche"), ids(draft, "Alicante")) == (
        ["CP003", "CP001", "CP004"],
        ["CP003"],
        ["CP001"],
        ["CP004"],
    )
    # Used, moved, gone: what was noted of it goes as well.
    facts.put(replace(ready("CP004"), location=Location("Alicante"), last_used=9))
    facts.put(replace(ready("CP001"), location=Location("Elche"), last_used=10))
    facts.put(replace(ready("CP001"), location=Location("Elche"), last_used=10, withdrawn=True))
    assert (ids(facts), ids(facts, "Elche"), ids(facts, "Alicante")) == (
        ["CP002", "CP003", "CP004"],
        [],
        ["CP004"],
    )


def test_whoever_wants_any_point_does_not_make_central_look_at_all():
    facts, looks = Facts(), []

    class Watched(Facts):
        def free(self, town_key=""):
            for point in facts.free(town_key):
                looks.append(point.cp_id)
                yield point

    for number in range(2_000):
        location = Location("Elche" if number == 1_500 else "León")
        facts.put(replace(ready(f"CP{number:05}"), location=location, last_used=number % 7))
    draft = PendingFacts(Watched())
    assert _any_point(Draft(draft), None).cp_id == "CP00000"
    assert _any_point(Draft(draft), Location("elche")).cp_id == "CP01500"
    assert len(looks) <= 8
    with pytest.raises(StartRefusal) as caught:
        _any_point(Draft(draft), Location("Alicante"))
    assert caught.value.code is Code.NONE_NEAR
    assert len(looks) <= 12


def ready(cp_id: str) -> ChargingPoint:
    return ChargingPoint(cp_id=cp_id, monitor_link=1, engine_link=2, monitor_heard=True)


# ---- what memory has let go, and what it keeps


def test_a_draft_recalls_what_the_books_know_and_the_facts_stay_as_they_are(town: Network):
    session = town.charging()
    town.sends(town.engines["CP001"].ended(session.session_id))
    over = town.over[session.session_id]
    facts = Facts()
    draft = PendingFacts(facts)
    for known in (over.session, OrderTaken("a" * 32), TicketUnseen(session.session_id, "D01"), over):
        draft.recall(known)
    assert draft.outcome(session.request_id) == over.session
    assert draft.order_taken("a" * 32)
    assert draft.unseen_by(session.session_id) == "D01"
    assert draft.closed(session.session_id) == over
    assert facts.outcome(session.request_id) is None
    assert not facts.order_taken("a" * 32)
    assert facts.unseen_by(session.session_id) is None


def test_of_orders_and_unseen_tickets_the_oldest_make_way(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(facts_module, "REMEMBERED_ORDERS", 2)
    monkeypatch.setattr(facts_module, "REMEMBERED_REQUESTS", 10)
    facts = Facts()
    for number in range(11):
        facts.put(OrderTaken(f"order {number}"))
        facts.put(TicketUnseen(f"S-{number}", "D01"))
    facts.forget_old_requests()
    assert [number for number in range(11) if facts.order_taken(f"order {number}")] == [9, 10]
    assert [number for number in range(11) if facts.unseen_by(f"S-{number}")] == list(range(1, 11))


def test_who_owes_something_is_told_until_the_last_debt_is_paid():
    facts = Facts()
    for session_id, cents in (("S-1", 100), ("S-2", 50)):
        facts.put(debt(session_id, cents))
    assert list(facts.debtors()) == [("D01", 150)]
    facts.put(debt("S-1", 0))
    assert list(facts.debtors()) == [("D01", 50)]
    facts.put(debt("S-2", 0))
    assert list(facts.debtors()) == []


def debt(session_id: str, cents: int) -> Debt:
    return Debt(session_id=session_id, driver_id="D01", registration=0, left_cents=cents)


def test_wallets_that_were_left_are_told_while_there_is_money_in_them():
    facts = Facts()
    facts.put(left("D01", 0, 0))
    facts.put(left("D01", 1, 300))
    facts.put(Driver(driver_id="D02", registration=4, withdrawn=True, balance_cents=20))
    facts.put(Driver(driver_id="D03", withdrawn=True))
    facts.put(Driver(driver_id="D04", balance_cents=7))
    assert list(facts.left_wallets()) == [left("D01", 1, 300), left("D02", 4, 20)]


def left(driver_id: str, registration: int, cents: int) -> FormerWallet:
    return FormerWallet(driver_id=driver_id, registration=registration, balance_cents=cents)


def test_a_journal_that_nobody_knows_may_be_forgotten():
    facts = Facts()
    facts.put(JournalCursor("CP001", "a" * 32, 5))
    facts.put(JournalForgotten("CP001", "b" * 32))
    assert facts.last_seq("CP001", "a" * 32) == 5


def test_nothing_is_decided_on_somebody_who_does_not_exist():
    """The rules ask for whom they know to exist: anything else is a mistake of ours, and no money moves."""
    draft = Draft(Facts())
    for who, ask in (("CP404", draft.existing_point), ("D404", draft.existing_driver)):
        with pytest.raises(LookupError, match=who):
            ask(who)


def test_money_of_a_registration_that_nobody_had_is_never_moved(town: Network):
    session = structs.replace(town.charging(), registration=7)
    with pytest.raises(LookupError, match="D01"):
        balance_of(Draft(town.facts), session)


@pytest.mark.parametrize(
    ("event", "withdraws"),
    [
        (events.KeyRevoked(cp_id="CP001", epoch=1), True),
        (events.PointWithdrawn(cp_id="CP001", epoch=1), True),
        (events.DriverBlocked(driver_id="D01", epoch=1), True),
        (events.DriverWithdrawn(driver_id="D01", epoch=1, balance_cents=0), True),
        (events.DriverBarred(driver_id="D01"), True),
        (events.DriverReadmitted(driver_id="D01"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_decision_withdraws_where_somebody_may_take_part_no_longer(event: events.Event, withdraws: bool):
    assert Decision(events=(events.AlertClosed(alert_id="x"), event)).withdraws is withdraws


def test_of_outcomes_a_tenth_makes_way_when_there_is_one_too_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(facts_module, "REMEMBERED_REQUESTS", 20)
    facts = Facts()
    for number in range(20):
        facts.put(TicketUnseen(f"S-{number}", "D01"))
    facts.forget_old_requests()
    assert facts.unseen_by("S-0") == "D01"
    facts.put(TicketUnseen("S-20", "D01"))
    facts.forget_old_requests()
    assert [number for number in range(21) if facts.unseen_by(f"S-{number}")] == list(range(2, 21))
