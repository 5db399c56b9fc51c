"""Pages of the books: every filter, both directions, and an index for each."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from evcharge.central.books.archive import MAX_HISTORY, STATES, Archive, ListPage, cursor, order_of
from evcharge.central.books.rows import DecidedEntry
from evcharge.central.rules.commands import MovePoint, Note
from evcharge.central.rules.decision import Decision
from evcharge.central.views.alerts import Alerts
from evcharge.domain import events
from evcharge.domain.errors import BadInput, Code
from evcharge.domain.events import ClockJumped, HoldPlaced, Unread
from evcharge.domain.timestamps import text_of
from evcharge.storage.database import Database
from tests.component import engines
from tests.component.books import FromNextYear, entries, opened
from tests.unit.central.builders import ADMIN, NOON, Network

ENGINES = engines.BOTH


class Explained(Database):
    """A database that also keeps the plan of each query."""

    plans: list[str]

    async def read(self, sql, params=None):
        rows = await super().read(f"EXPLAIN QUERY PLAN {sql}", params)
        self.plans = [row["detail"] for row in rows]
        return await super().read(sql, params)


@pytest.fixture
async def archive(tmp_path: Path):
    network = Network()
    for cp_id in ("CP001", "CP002"):
        network.point_is_there(cp_id)
    for driver_id in ("D01", "D02"):
        network.driver_is_there(driver_id)
    for number in range(12):
        driver_id, cp_id = f"D0{number % 2 + 1}", f"CP00{number // 2 % 2 + 1}"
        network.later(60)
        if number % 5 == 4:
            taken = network.authorised(driver_id, cp_id)
            network.sends(network.engines[cp_id].refused(taken.session_id), cp_id=cp_id)
        else:
            session = network.charging(driver_id, cp_id, more_mwh=1_000 * number)
            network.sends(network.engines[cp_id].ended(session.session_id), cp_id=cp_id)
    network.charging("D01", "CP001")
    async with opened(tmp_path) as books:
        await books.store.commit(entries(network))
        if engines.server:
            yield Archive(books.database)
            return
        assert isinstance(books.database, Database)
        explained = Explained(books.database._thread, "x.db")
        explained._lock = books.database._lock
        yield Archive(explained)


def ids(rows) -> list[str]:
    return [row["session_id"] for row in rows]


async def one_page(archive: Archive, what: str, state: str = "", **where):
    page = ListPage(**where)
    return await (archive.sessions(page, state) if what == "sessions" else archive.tickets(page))


async def every(archive: Archive, what: str, **filters) -> list[str]:
    rows, more = await one_page(archive, what, limit=1000, **filters)
    assert more is None
    return ids(rows)


SINCE, UNTIL = NOON + timedelta(minutes=3), NOON + timedelta(minutes=9)
FILTERS = [
    dict(pair for pair in zip(("driver_id", "cp_id", "since", "until"), values, strict=True) if pair[1])
    for values in itertools.product(("", "D01"), ("", "CP001"), (None, SINCE), (None, UNTIL))
]


@pytest.mark.parametrize("what", ["sessions", "tickets"])
@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: "+".join(filters) or "all")
async def test_the_pages_one_after_another_are_the_whole_list_in_both_directions(archive, what: str, filters):
    whole = await every(archive, what, **filters)
    assert whole
    found, before = [], ""
    while True:
        rows, more = await one_page(archive, what, limit=2, before=before, **filters)
        found += ids(rows)
        if more is None:
            break
        before = more
    assert found == whole
    table = what.removesuffix("s")
    rows, _ = await one_page(archive, what, limit=1000, **filters)
    time = order_of(table, filters.get("since"), filters.get("until"))
    back, after = [whole[-1]], cursor(table, rows[-1], time)
    while True:
        rows, more = await one_page(archive, what, limit=2, after=after, **filters)
        back = ids(rows) + back
        if more is None:
            break
        after = more
    assert back == whole


@pytest.mark.only_sqlite
@pytest.mark.parametrize("state", ["", *STATES])
@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: "+".join(filters) or "all")
async def test_every_filter_of_sessions_has_an_index_that_is_in_order(archive, state: str, filters):
    for way in ("before", "after"):
        place = {way: f"session~{NOON.isoformat()}~S-1"}
        await archive.sessions(ListPage(limit=10, **filters, **place), state)
        (plan, *rest) = archive._database.plans
        wanted = (
            "session_by_driver" if "driver_id" in filters
            else "session_by_cp" if "cp_id" in filters
            else "session_by_time" if state in ("", "ended")
            else "session_by_state"
        )  # fmt: skip
        if "since" in filters or "until" in filters:
            wanted = "session_by_end" if wanted == "session_by_time" else f"{wanted}_and_end"
        assert f"{wanted} " in plan, plan
        assert plan.startswith("SEARCH")
        # What is owed of each is looked up by its own key.
        rest = [one for one in rest if "SUBQUERY" not in one and "SEARCH debt" not in one]
        # Of the open ones there is one for each charging point at most: they may be sorted.
        assert not rest or (state == "open" and wanted.startswith("session_by_state")), rest


@pytest.mark.only_sqlite
async def test_what_stands_on_paper_is_found_by_its_keys(archive):
    session_id = (await every(archive, "tickets"))[0]
    asked = {
        "reading": archive.course(session_id),
        "correction": archive.on_paper(session_id),
        "ledger_by_driver": archive.movements("D01", 0, SINCE, UNTIL),
        "events_by_type": archive.meanwhile("CP001", 1, 99),
        "events_of_place": archive.whereabouts("CP001"),
    }
    for wanted, asking in asked.items():
        await asking
        assert [plan for plan in archive._database.plans if plan.startswith("SCAN")] == []
        assert any(wanted in plan for plan in archive._database.plans), archive._database.plans


async def test_where_a_point_stood_is_told_of_each_instant(tmp_path: Path):
    network = Network()
    for cp_id in ("CP001", "CP002"):
        network.point_is_there(cp_id, location="Elche")
    async with opened(tmp_path) as books:
        archive = Archive(books.database)
        await books.store.commit(entries(network))
        network.later(60)
        network.does(MovePoint, cp_id="CP001", location="Altea")
        await books.store.commit(entries(network))
        stood = await archive.whereabouts("CP001")
    instants = [text_of(NOON + timedelta(seconds=s)) for s in (-1, 0, 59, 60, 61)]
    assert [stood.of("CP001", at).name for at in instants] == ["Elche", "Elche", "Elche", "Altea", "Altea"]
    assert list(stood.at) == ["CP001"]


@pytest.mark.only_sqlite
@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: "+".join(filters) or "all")
async def test_every_filter_of_tickets_has_an_index_that_is_in_order(archive, filters):
    await archive.tickets(ListPage(limit=10, before=f"ticket~{NOON.isoformat()}~S-1", **filters))
    wanted = (
        "ticket_by_driver"
        if "driver_id" in filters
        else "ticket_by_cp"
        if "cp_id" in filters
        else "ticket_by_time"
    )
    (plan, *corrected) = archive._database.plans
    assert plan.startswith("SEARCH")
    assert wanted in plan
    # What was corrected is looked up by the ticket's own key.
    assert all("SUBQUERY" in one or "(session_id=?)" in one for one in corrected), corrected


@pytest.mark.only_sqlite
@pytest.mark.parametrize("who", ["", "D01"])
@pytest.mark.parametrize("type_", ["", "TicketMade"])
@pytest.mark.parametrize("cp_id", ["", "CP001"])
@pytest.mark.parametrize("place", [{}, {"after": 3}, {"before": 9}, {"after": 3, "before": 9}])
async def test_every_filter_of_the_audit_log_has_an_index(archive, who, type_, cp_id, place):
    await archive.events(limit=10, who=who, type_=type_, cp_id=cp_id, **place)
    (plan,) = archive._database.plans
    if who or type_ or cp_id:
        index = "events_by_cp" if cp_id else "events_by_actor" if who else "events_by_type"
        assert index in plan
    else:
        # The number is the row's own: either way it ends at the limit.
        assert "PRIMARY KEY" in plan or plan.startswith("SCAN events")


async def test_the_states_are_told_apart(archive):
    count = {state: len(await every(archive, "sessions", state=state)) for state in STATES}
    assert count == {
        "open": 1, "ended": 12, "authorised": 0, "charging": 1, "ticketed": 10, "refused": 2
    }  # fmt: skip


async def test_from_and_to_are_taken_in(archive):
    at = {
        row["session_id"]: datetime.fromisoformat(row["authorised_at"])
        for row in (await archive.sessions(ListPage(limit=99)))[0]
    }
    found = await every(archive, "sessions", since=SINCE, until=UNTIL)
    assert found == [name for name, instant in at.items() if SINCE <= instant <= UNTIL]
    assert len(found) == 7


@pytest.mark.parametrize(
    "place",
    [
        "x",
        "session~x~S",
        "session~2026-01-01",
        "ticket~2026-01-01T00:00:00+00:00~S-1",
        "session~" + "9" * 300,
    ],
)
async def test_a_cursor_that_is_not_of_this_list_is_refused(archive, place: str):
    for way in ("before", "after"):
        with pytest.raises(BadInput, match=way):
            await archive.sessions(ListPage(limit=1, **{way: place}))


async def test_one_session_has_its_ticket_and_its_events(archive):
    name = (await every(archive, "sessions", state="ticketed"))[0]
    session, ticket, events = await archive.session(name)
    assert (session["session_id"], ticket["session_id"]) == (name, name)
    assert [row["type"] for row in events] == ["SessionAuthorised", "SessionStarted", "TicketMade"]
    (refused, *_) = await every(archive, "sessions", state="refused")
    assert (await archive.session(refused))[1] is None
    assert await archive.session("S-404") is None


async def test_the_audit_log_is_filtered_and_read_backwards(archive):
    rows = await archive.events(limit=1000, type_="TicketMade", cp_id="CP001")
    assert {(row["type"], row["cp_id"]) for row in rows} == {("TicketMade", "CP001")}
    assert [row["n"] for row in rows] == sorted(row["n"] for row in rows)
    last = await archive.events(limit=2, before=rows[-1]["n"], type_="TicketMade", cp_id="CP001")
    assert [row["n"] for row in last] == [row["n"] for row in rows[-3:-1]]
    assert await archive.events(limit=5, who="nobody") == []
    assert len(await archive.events(limit=5, who=ADMIN.id)) == 5


async def test_of_old_alerts_only_what_came_after_their_beginning_is_read(tmp_path: Path):
    network = Network()
    for event in (
        events.RegistryReached(),
        events.MemberBack(role="registry", name="registry:9001"),
        events.AlertClosed(alert_id="CP001-duplicate"),
        events.LoginRefused(claimed="CP001", code=Code.DUPLICATE, text="twice"),
        events.NotifyReached(way="mail"),
        events.NotifyLost(way="mail", why="it refuses"),
        events.RegistryReached(),
        events.AlertTaken(alert_id="CP001-duplicate", by="ana"),
        events.NotifyReached(way="mail"),
    ):
        network.does(Note, event=event)
    async with opened(tmp_path) as books:
        await books.store.commit(entries(network))
        found = await Archive(books.database).alerting_before(0, [])
    assert [type(event).__name__ for _, event in found] == [
        "LoginRefused", "NotifyLost", "AlertTaken", "NotifyReached",
    ]  # fmt: skip


async def test_who_logged_in_after_a_wrong_credential_that_is_heard_of_late_is_no_alert(tmp_path: Path):
    network = Network()
    network.point_is_there("CP001")
    logins = [replace(entry, by=replace(ADMIN, id="CP001")) for entry in entries(network)]
    wrong = {"n": 1, "what": events.TICKET_ASKED, "target": "CP001", "result": Code.CREDENTIAL}
    network.does(Note, event=events.RegistryNoted(**wrong, at=NOON.timestamp() - 60))
    alerts = Alerts()
    async with opened(tmp_path) as books:
        await books.store.commit([*logins, *entries(network)])
        for at, event in await Archive(books.database).alerting_before(0, []):
            alerts.take(event, at)
    assert alerts.open() == []


@pytest.mark.only_sqlite
async def test_old_alerts_are_found_in_an_index_and_in_order(archive):
    await archive._of_type("LoginRefused", 3, 9, 10)
    (plan,) = archive._database.plans
    assert "events_by_type (type=? AND n>? AND n<?)" in plan


async def test_a_row_of_another_release_is_never_passed_over(tmp_path: Path):
    network = Network()
    network.point_is_there("CP001")
    network.does(Note, event=FromNextYear(what="x"))
    network.holds()
    async with opened(tmp_path) as books:
        archive = Archive(books.database)
        await books.store.commit(entries(network))
        *_, (_, unread), (_, last) = await archive.happened(100)
        assert (unread, type(last)) == (Unread(n=books.store.head.n - 1, kind="FromNextYear"), HoldPlaced)
        assert archive.unread == {books.store.head.n - 1}
        # Asked again, it is the same one.
        assert len(await archive.happened(2)) == 2
        assert len(archive.unread) == 1


async def test_the_history_of_a_point_says_what_it_showed_from_when_until_when(tmp_path: Path):
    network = Network()
    async with opened(tmp_path) as books:
        archive = Archive(books.database)
        steps: list[Callable[[], object]] = [
            network.point_is_there, network.holds, network.lifts, network.holds,
        ]  # fmt: skip
        for hours, step in enumerate(steps):
            step()
            await books.store.commit(
                [replace(entry, at=NOON + timedelta(hours=hours)) for entry in entries(network)]
            )
        found = await archive.history("CP001", NOON + timedelta(hours=1, minutes=30))
        assert [(one.status, one.reason) for one in found] == [
            ("Unavailable", "operator"),
            ("Available", ""),
            ("Unavailable", "operator"),
        ]
        assert [one.until for one in found] == [found[1].at, found[2].at, None]
        assert len(await archive.history("CP001", NOON - timedelta(days=9))) == 4
        assert await archive.history("CP404", NOON) == []
        assert MAX_HISTORY > 100


@pytest.mark.parametrize("jump", [timedelta(days=400), timedelta(hours=-3)])
async def test_where_the_clock_was_set_the_history_has_a_gap_and_nothing_ends_before_it_begins(
    tmp_path: Path, jump: timedelta
):
    network = Network()
    network.point_is_there()
    async with opened(tmp_path) as books:
        await books.store.commit(entries(network))
        seconds, at = round(jump.total_seconds()), NOON + timedelta(hours=1) + jump
        note = Decision(events=(ClockJumped(seconds=seconds),))
        network.holds()
        await books.store.commit(
            [DecidedEntry(note, ADMIN, at), *(replace(one, at=at) for one in entries(network))]
        )
        found = await Archive(books.database).history("CP001", min(NOON, at) - timedelta(seconds=1))
    assert (found[0].status, found[0].until) == ("Available", text_of(NOON + timedelta(hours=1)))
    assert found[-1].status == "Unavailable"
    assert all(one.until is None or one.until >= one.at for one in found)
