"""Sessions, tickets, statistics and the audit log over HTTP: filters, pages both ways, files, and the chain."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from evcharge.central.api.kit import answers
from evcharge.central.api.resources import stats as stats_resource
from evcharge.central.books import verify
from evcharge.central.books.statistics import Statistics
from evcharge.central.services import chain_walker
from evcharge.domain.ids import natural
from evcharge.evc1 import messages
from tests.component import books
from tests.component.books import raw
from tests.component.callers import shaped, statuses
from tests.component.office import Office, opened

LISTS = {"sessions": answers.SessionsAnswer, "tickets": answers.TicketsAnswer}


@pytest.fixture
async def office(tmp_path: Path, monkeypatch) -> AsyncIterator[Office]:
    monkeypatch.setattr(chain_walker, "_LOOK_EVERY_S", 0.02)
    async with opened(tmp_path) as office:
        yield office


async def charges(office: Office, times: int = 5) -> list[str]:
    """Let D01 charge at CP001, 1 kWh more each time; return the sessions, oldest first."""
    engine, driver = await office.town.point(), await office.town.driver()
    made = []
    for number in range(times):
        driver.asks("CP001")
        made.append((await engine.is_asked()).session_id)
        await engine.journals(engine.starts())
        await engine.journals(engine.meters(1_000_000 * (number + 1)), engine.ends())
        await driver.ticket()
    return made


async def text_of(office: Office, path: str) -> tuple[str, aiohttp.ClientResponse]:
    headers = {"Authorization": f"Bearer {office.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(office.url + path, headers=headers) as response,
    ):
        return (await response.read()).decode(), response


async def table_of(office: Office, path: str) -> list[dict[str, str]]:
    text, response = await text_of(office, path)
    assert response.status == 200, text
    assert response.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    return list(csv.DictReader(io.StringIO(text, newline="")))


READ = [
    "/api/sessions",
    "/api/sessions.csv",
    "/api/tickets",
    "/api/tickets.csv",
    "/api/stats",
    "/api/events",
    "/api/audit",
]


async def test_who_may_look_at_the_books(office: Office):
    assert await statuses(office, "GET", "/api/stats") == {
        "nobody": 401, "driver": 403, "viewer": 200, "service": 403, "operator": 200, "admin": 200,
    }  # fmt: skip
    for path in READ:
        assert (await office.ask("GET", path, token=None)).status == 401, path


# ---- lists


@pytest.mark.parametrize("what", LISTS)
async def test_a_list_is_read_forwards_and_back_again(office: Office, what: str):
    made = (await charges(office))[::-1]
    first = shaped(await office.ask("GET", f"/api/{what}?limit=2"), LISTS[what])
    assert first["previous"] is None
    second = shaped(
        await office.ask("GET", f"/api/{what}", params={"limit": "2", "before": first["next"]}), LISTS[what]
    )
    third = shaped(
        await office.ask("GET", f"/api/{what}", params={"limit": "2", "before": second["next"]}), LISTS[what]
    )
    assert third["next"] is None
    pages = [[row["session_id"] for row in page[what]] for page in (first, second, third)]
    assert pages == [made[:2], made[2:4], made[4:]]
    back = await office.ask("GET", f"/api/{what}", params={"limit": "2", "after": third["previous"]})
    assert [row["session_id"] for row in shaped(back, LISTS[what])[what]] == made[2:4]
    again = await office.ask("GET", f"/api/{what}", params={"limit": "9", "after": back.body["previous"]})
    assert [row["session_id"] for row in again.body[what]] == made[:2]
    assert again.body["previous"] is None
    assert again.body["next"] is not None
    on = await office.ask("GET", f"/api/{what}", params={"limit": "9", "before": again.body["next"]})
    assert [row["session_id"] for row in on.body[what]] == made[2:]


@pytest.mark.parametrize("what", LISTS)
async def test_a_list_is_narrowed_by_time_driver_and_point(office: Office, what: str):
    made = await charges(office, 2)
    today = datetime.now(UTC).date()
    for query, count in (
        (f"from={today}", 2),
        (f"to={today}", 2),
        (f"from={today - timedelta(days=1)}&to={today}&driver_id=D01&cp_id=CP001", 2),
        (f"from={today + timedelta(days=1)}", 0),
        (f"to={today - timedelta(days=1)}", 0),
        ("from=2000-01-01T00:00:00%2B02:00&to=2999-01-01T00:00Z", 2),
        ("driver_id=D02", 0),
        ("cp_id=CP002", 0),
    ):
        answer = shaped(await office.ask("GET", f"/api/{what}?{query}"), LISTS[what])
        assert len(answer[what]) == count, query
    rows = (await office.get(f"/api/{what}"))[what]
    at = rows[0]["ended_at"]
    found = await office.ask("GET", f"/api/{what}", params={"from": at, "to": at})
    assert [row["session_id"] for row in found.body[what]] == [made[-1]]


BAD_QUERIES = [
    "from=yesterday", "to=2026-02-30", "from=2026-11-02&to=2026-11-01", "from=0001-01-01T00:00%2B05:00", "from=",
    "to=NaN", "from=2026-01-01&from=2026-01-02", "limit=0", "limit=1e3", "limit=1001", "limit=-5", "limit=%D9%A1",
    "colour=red",
    "driver_id=d01", "cp_id=%00", "before=x", "after=x", "before=2026", "after=session~x~y", "cp_id=" + "X" * 33,
    "before=events~2026-01-01T00:00:00+00:00~S-1", "limit=" + "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("what", LISTS)
async def test_a_bad_filter_is_422_and_named(office: Office, what: str):
    for query in BAD_QUERIES:
        answer = await office.ask("GET", f"/api/{what}?{query}")
        assert answer.status == 422, query
        assert answer.body["text"].isprintable()
        if "before" not in query and "limit" not in query and "after" not in query:
            assert (await office.ask("GET", f"/api/{what}.csv?{query}")).status == 422, query
    assert (await office.ask("GET", f"/api/{what}.csv?limit=5")).status == 422
    assert (await office.ask("GET", "/api/sessions?state=gone")).status == 422
    assert (await office.ask("GET", "/api/tickets?state=open")).status == 422


async def test_a_cursor_of_another_list_is_422(office: Office):
    await charges(office, 2)
    cursor = (await office.get("/api/sessions?limit=1"))["next"]
    for way in ("before", "after"):
        assert (await office.ask("GET", "/api/tickets", params={way: cursor})).status == 422
    both = {"before": cursor, "after": cursor}
    assert (await office.ask("GET", "/api/sessions", params=both)).status == 422


async def test_one_session_is_told_with_its_ticket_and_its_events(office: Office):
    (name,) = await charges(office, 1)
    told = shaped(await office.ask("GET", f"/api/sessions/{name}"), answers.SessionAnswer)
    assert (told["session"]["cost_cents"], told["ticket"]["cost_cents"]) == (25, 25)
    kinds = [event["type"] for event in told["events"]]
    assert kinds[0] == "SessionAuthorised"
    assert "TicketMade" in kinds
    for other in ("S-404", "x" * 300, "%00", "..%2f", "%F0%9F%9A%97"):
        assert (await office.ask("GET", f"/api/sessions/{other}")).status == 404, other


async def test_an_open_session_has_no_ticket_yet(office: Office):
    engine, _ = await office.charging()
    assert engine.start is not None
    told = shaped(await office.ask("GET", f"/api/sessions/{engine.start.session_id}"), answers.SessionAnswer)
    assert (told["session"]["state"], told["ticket"]) == ("CHARGING", None)


# ---- files


async def test_a_file_holds_all_that_fits_with_a_line_of_names(office: Office, monkeypatch):
    monkeypatch.setattr("evcharge.central.api.kit.exports._PAGE", 2)
    made = (await charges(office))[::-1]
    sessions = await table_of(office, "/api/sessions.csv")
    assert [row["session_id"] for row in sessions] == made
    assert [row["energy_mwh"] for row in sessions] == [f"{number}000000" for number in (5, 4, 3, 2, 1)]
    tickets = await table_of(office, "/api/tickets.csv?driver_id=D01")
    assert [row["cost_cents"] for row in tickets] == ["125", "100", "75", "50", "25"]
    assert {row["estimated"] for row in tickets} == {"no"}
    text, _ = await text_of(office, "/api/tickets.csv?driver_id=D02")
    assert text.count("\r\n") == 1


async def test_an_id_that_a_spreadsheet_would_run_is_text_in_the_file(office: Office):
    engine = await office.town.point("-1-2")
    driver = await office.town.driver("-D1")
    driver.asks("-1-2")
    await engine.is_asked()
    await engine.journals(engine.starts())
    await engine.journals(engine.meters(1_000), engine.ends())
    await driver.ticket()
    (row,) = await table_of(office, "/api/tickets.csv")
    assert (row["cp_id"], row["driver_id"]) == ("'-1-2", "'-D1")
    assert (await office.get("/api/tickets"))["tickets"][0]["cp_id"] == "-1-2"


# ---- statistics


async def test_the_statistics_are_what_the_tickets_say(office: Office):
    await charges(office, 3)
    engine = await office.town.point("CP002")
    engine.monitor.send(messages.Health(fault="hot"))
    await office.recorded("FaultReported")
    stats = shaped(await office.ask("GET", "/api/stats"), answers.StatsAnswer)
    today = datetime.now(UTC).date().isoformat()
    sums = {"sessions": 3, "energy_mwh": 6_000_000, "revenue_cents": 150}
    assert stats["today"] == {"day": today, **sums}
    assert stats["days"] == [{"day": today, **sums}]
    one, other = stats["cps"]
    assert {name: one[name] for name in sums} == sums
    assert (other["cp_id"], other["sessions"], other["faults"]) == ("CP002", 0, 1)
    assert other["mean_fault_s"] is not None
    assert 0 < stats["availability"] <= 1
    only = shaped(await office.ask("GET", "/api/stats?cp_id=CP002"), answers.StatsAnswer)
    assert ([point["cp_id"] for point in only["cps"]], only["days"], only["today"]["sessions"]) == (
        ["CP002"],
        [],
        0,
    )
    past = shaped(await office.ask("GET", "/api/stats?from=2020-01-01&to=2020-12-31"), answers.StatsAnswer)
    assert (past["days"], past["today"]["sessions"], past["cps"][0]["sessions"]) == ([], 3, 0)


async def test_sums_that_are_kept_ask_nothing_of_the_books_and_put_no_points_in_order(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    await office.town.point("CP002")
    monkeypatch.setattr(stats_resource, "_REST", 1e9)
    first = await office.get("/api/stats")
    computed: list[str] = []
    monkeypatch.setattr(stats_resource, "natural", lambda id_: computed.append(id_) or natural(id_))
    monkeypatch.setattr(Statistics, "uses", lambda *_: pytest.fail("the sums were computed again"))
    assert await office.get("/api/stats") == first
    assert computed == []


async def test_statistics_of_nothing_are_empty(office: Office):
    stats = shaped(await office.ask("GET", "/api/stats"), answers.StatsAnswer)
    assert (stats["days"], stats["cps"], stats["availability"]) == ([], [], None)


async def test_bad_days_are_422(office: Office):
    for query in (
        "from=x", "to=2026-11-31", "from=2026-11-02&to=2026-11-01", "from=2020-01-01&to=2026-01-01",
        "from=2026-11-01T00:00Z", "from=0000-01-01", "to=10000-01-01", "cp_id=cp", "days=0", "days=367",
        "days=7&from=2026-01-01",
        "from=2026-01-01&from=2026-01-01", "to=",
    ):  # fmt: skip
        assert (await office.ask("GET", f"/api/stats?{query}")).status == 422, query
    assert (await office.ask("GET", "/api/stats?cp_id=CP404")).status == 404
    for query in ("to=0001-01-01", "from=9999-12-31&to=9999-12-31", "from=9999-01-01&to=9999-12-31"):
        shaped(await office.ask("GET", f"/api/stats?{query}"), answers.StatsAnswer)


# ---- the audit log


async def test_the_audit_log_is_searched_and_read_backwards(office: Office):
    await charges(office, 3)
    await office.post("/api/cps/CP001/out")
    rows = shaped(await office.ask("GET", "/api/events?type=TicketMade"), answers.EventsAnswer)["events"]
    assert [row["type"] for row in rows] == ["TicketMade"] * 3
    page = shaped(await office.ask("GET", "/api/events?type=TicketMade&limit=2"), answers.EventsAnswer)
    assert [row["n"] for row in page["events"]] == [row["n"] for row in rows[1:]]
    older = await office.ask("GET", f"/api/events?type=TicketMade&limit=2&before={page['next']}")
    assert [row["n"] for row in older.body["events"]] == [rows[0]["n"]]
    assert older.body["next"] is None
    mine = (await office.get("/api/events?who=operator&cp_id=CP001"))["events"]
    assert [row["type"] for row in mine] == ["HoldPlaced"]
    assert (await office.get("/api/events?who=nobody"))["events"] == []


async def test_a_bad_search_of_the_audit_log_is_422(office: Office):
    for query in (
        "type=Nothing", "type=", "type=ticketmade", "who=", "who=%0A", "who=" + "x" * 65, "cp_id=x", "before=-1",
        "after=1.5", "before=" + "9" * 17, "n=5", "type=TicketMade&type=TicketMade", "before=NaN", "limit=0",
    ):  # fmt: skip
        assert (await office.ask("GET", f"/api/events?{query}")).status == 422, query


async def audit(office: Office) -> dict:
    return shaped(await office.ask("GET", "/api/audit"), answers.AuditAnswer)


async def until(office: Office, *, ok: bool) -> dict:
    """Wait until the walker has found it out."""
    async with asyncio.timeout(5):
        while (state := await audit(office))["ok"] != ok:
            await asyncio.sleep(0.01)
    return state


async def test_the_chain_is_verified_in_the_background(office: Office):
    await office.town.point()
    state = await until(office, ok=True)
    assert (state["first_bad"], state["why"]) == (None, "")
    assert state["verified_at"]
    assert len(state["head"]) == 64
    assert verify.check(office.town.state / "central" / "central.db") == []


async def test_a_row_that_was_changed_is_named_and_is_an_alert(office: Office, monkeypatch):
    monkeypatch.setattr(chain_walker, "_AGAIN_AFTER_S", 0.0)
    await office.town.point()
    await until(office, ok=True)
    with raw(office.town.state / "central" / "central.db", tamper=True) as connection:
        connection.execute("UPDATE events SET actor = 'nobody' WHERE n = 2")
    state = await until(office, ok=False)
    assert state["first_bad"] == 2
    await office.recorded("ChainBroken")
    (alert,) = [one for one in (await office.get("/api/alerts"))["alerts"] if one["kind"] == "chain"]
    assert alert["closable"] is True
    assert (await office.ask("POST", "/api/alerts/CENTRAL-chain/close")).status == 200


# ---- lies of before


async def test_central_starts_with_lies_in_its_books_says_so_and_shows_the_largest_sum(tmp_path: Path):
    async with books.opened(tmp_path / "central") as old:
        await old.store.commit(books.entries(books.busy_day()))
    books.lie(tmp_path / "central" / "central.db", datetime.now(UTC))
    async with opened(tmp_path) as office:
        await office.town.says("the books hold 10000 tickets with more energy than any session can have")
        answer = shaped(await office.ask("GET", "/api/stats"), answers.StatsAnswer)
        assert answer["today"]["energy_mwh"] == 2**53 - 1
        assert [use["energy_mwh"] for use in answer["cps"] if use["cp_id"] == "CP001"] == [2**53 - 1]
