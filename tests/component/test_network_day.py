"""One network day: every answer of Central counts a charge on the day on which it ended, in the network's time zone."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from evcharge.central.books.archive import Archive
from evcharge.central.books.invariants import violations
from evcharge.central.books.rows import DecidedEntry
from evcharge.central.books.store import CentralStore
from evcharge.central.context import BookSide
from evcharge.central.rules.settings import Rules
from evcharge.central.terminal.text_layout import NO_COLOURS
from evcharge.central.terminal.wall import View, wall
from evcharge.domain.billing import euros, kwh
from evcharge.domain.days import Days
from evcharge.security import state_folder
from evcharge.storage.database import open_database
from tests.component import books, office
from tests.component.books import SCHEMA, entries, raw, written_by_an_older
from tests.component.office import Office
from tests.unit.central.builders import Network

SECOND = timedelta(seconds=1)
KWH = 1_000_000
PRICE_CENTS = 25


@dataclass(frozen=True)
class Sums:
    """What one answer says of a day."""

    sessions: int
    energy_mwh: int
    cents: int

    @classmethod
    def of(cls, rows: list[dict]) -> "Sums":
        return cls(
            len(rows),
            sum(int(row["energy_mwh"]) for row in rows),
            sum(int(row["cost_cents"]) for row in rows),
        )


def days_of(zone: str) -> Days:
    return Days(ZoneInfo(zone), zone)


def charged(day: date, days: Days) -> tuple[list[DecidedEntry], list[DecidedEntry]]:
    """Return charges that end around `day`: one before it, three in it; and, apart, one at the very end of it.

    Each brings another sum: 1, 2, 4, 8, 16 kWh.
    """
    begin, end = days.begin(day), days.end(day)
    network = Network(rules=Rules(now=begin - timedelta(hours=3), welcome_credit_cents=2_000))
    network.point_is_there()
    network.driver_is_there()
    for energy_kwh, starts, ends in (
        (1, begin - timedelta(hours=2), begin - SECOND),
        (2, begin - SECOND / 2, begin),
        (4, begin + timedelta(hours=9), begin + timedelta(hours=10)),
        (8, end - timedelta(hours=1), end - SECOND),
    ):
        charge(network, energy_kwh, starts, ends)
    today = entries(network)
    charge(network, 16, end - SECOND / 2, end)
    return today, entries(network)


def charge(network: Network, energy_kwh: int, starts: datetime, ends: datetime) -> None:
    network.later((starts - network.rules.now).total_seconds())
    session = network.charging(more_mwh=energy_kwh * KWH)
    network.later((ends - network.rules.now).total_seconds())
    network.sends(network.engines["CP001"].ended(session.session_id))


async def kept(state: Path, decided: list, days: Days) -> None:
    path = state / "central" / "central.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    async with open_database(path, SCHEMA) as database:
        store = await CentralStore.open(database, days)
        # What is there has a version, which is read with it.
        await store.load(decided[-1].at)
        await store.commit(decided)


async def answers(state: Path, zone: str, day: date, now: datetime) -> dict[str, Sums]:
    """Ask everything that says something of `day`, at `now`."""
    clock: Callable[[], datetime] = lambda: now  # noqa: E731
    async with office.opened(state, timezone=zone, clock=clock) as central:
        limits = f"?from={day}&to={day}"
        stats = await central.get(f"/api/stats{limits}")
        assert stats["timezone"] == zone
        (found,) = stats["days"]
        (point,) = stats["cps"]
        answered = {
            "statistics": Sums(found["sessions"], found["energy_mwh"], found["revenue_cents"]),
            "its point": Sums(point["sessions"], point["energy_mwh"], point["revenue_cents"]),
            "history": Sums.of((await central.get(f"/api/sessions{limits}"))["sessions"]),
            "tickets": Sums.of((await central.get(f"/api/tickets{limits}"))["tickets"]),
        }
        for what in ("sessions", "tickets"):
            rows = await csv_of(central, f"/api/{what}.csv{limits}")
            assert {row["day"] for row in rows} == {str(day)}
            answered[f"{what}.csv"] = Sums.of(rows)
        return answered


async def today(state: Path, zone: str, now: datetime) -> dict[str, Sums]:
    """Ask everything that says what today has brought, at `now`."""
    clock: Callable[[], datetime] = lambda: now  # noqa: E731
    async with office.opened(state, timezone=zone, clock=clock) as central:
        brought = (await central.get("/api/stats?days=1"))["today"]
        snapshot = await snapshot_of(central)
        assert snapshot["zone"] == zone
        kpi = snapshot["kpi"]
    async with open_database(state / "central" / "central.db", SCHEMA) as database:
        store = await CentralStore.open(database, days_of(zone))
        panel = await BookSide(database=database, store=store, archive=Archive(database)).today(clock)
    view = View(energy_today_mwh=panel.energy_mwh, revenue_today_cents=panel.cents)
    title = wall(view, 120, 5, NO_COLOURS, "en")[0].plain
    assert f"ended today: {kwh(panel.energy_mwh)} kWh {euros(panel.cents)} €" in title
    return {
        "statistics": Sums(brought["sessions"], brought["energy_mwh"], brought["revenue_cents"]),
        "wall": Sums(kpi["sessions_today"], kpi["energy_today_mwh"], kpi["revenue_today_cents"]),
        "panel": Sums(panel.sessions, panel.energy_mwh, panel.cents),
    }


async def csv_of(central: Office, path: str) -> list[dict[str, str]]:
    headers = {"Authorization": f"Bearer {central.token}"}
    async with aiohttp.ClientSession() as session, session.get(central.url + path, headers=headers) as answer:
        return list(csv.DictReader(io.StringIO(await answer.text(), newline="")))


async def snapshot_of(central: Office) -> dict:
    headers = {"Authorization": f"Bearer {central.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(central.url + "/ws", headers=headers) as socket,
    ):
        return json.loads((await socket.receive(timeout=5)).data)


DAYS = [
    pytest.param("Europe/Madrid", date(2026, 3, 29), 23, id="Madrid, spring"),
    pytest.param("Europe/Madrid", date(2026, 10, 25), 25, id="Madrid, autumn"),
    pytest.param("Europe/Madrid", date(2026, 10, 31), 24, id="Madrid, 31 October"),
    pytest.param("Europe/Madrid", date(2026, 12, 31), 24, id="Madrid, New Year's Eve"),
    pytest.param("Pacific/Auckland", date(2026, 9, 27), 23, id="Auckland, spring"),
    pytest.param("Pacific/Auckland", date(2026, 4, 5), 25, id="Auckland, autumn"),
    pytest.param("Pacific/Auckland", date(2027, 1, 1), 24, id="Auckland, New Year"),
    pytest.param("Pacific/Honolulu", date(2026, 10, 31), 24, id="Honolulu, 31 October"),
    pytest.param("Pacific/Honolulu", date(2026, 12, 31), 24, id="Honolulu, New Year's Eve"),
]


@pytest.mark.parametrize(("zone", "day", "hours"), DAYS)
async def test_all_answers_count_a_charge_on_the_day_of_its_end(
    tmp_path: Path, zone: str, day: date, hours: int
):
    days = days_of(zone)
    assert days.end(day) - days.begin(day) == timedelta(hours=hours)
    before_its_end, at_its_end = charged(day, days)
    await kept(tmp_path, before_its_end, days)
    expected = Sums(3, 14 * KWH, 14 * PRICE_CENTS)
    found = await today(tmp_path, zone, days.end(day) - SECOND)
    assert found == dict.fromkeys(found, expected)
    await kept(tmp_path, at_its_end, days)
    # A second later it is tomorrow, which begins with the last of them.
    found = await answers(tmp_path, zone, day, days.end(day) + SECOND)
    assert found == dict.fromkeys(found, expected)
    found = await today(tmp_path, zone, days.end(day) + SECOND)
    assert found == dict.fromkeys(found, Sums(1, 16 * KWH, 16 * PRICE_CENTS))


async def test_a_charge_that_runs_belongs_to_no_day_yet(tmp_path: Path):
    zone, day = "Europe/Madrid", date(2026, 10, 31)
    days = days_of(zone)
    network = Network(rules=Rules(now=days.end(day) - timedelta(hours=1), welcome_credit_cents=2_000))
    network.point_is_there()
    network.driver_is_there()
    network.charging(more_mwh=5 * KWH)
    await kept(tmp_path, entries(network), days)
    now = days.end(day) - timedelta(minutes=30)
    found = await today(tmp_path, zone, now)
    assert found == dict.fromkeys(found, Sums(0, 0, 0))
    async with office.opened(tmp_path, timezone=zone, clock=lambda: now) as central:
        # It will end later than it began, but nobody knows on which day.
        for query, count in ((f"from={day}", 1), (f"to={day}", 0), (f"from={day}&to={day}", 0), ("", 1)):
            assert len((await central.get(f"/api/sessions?{query}"))["sessions"]) == count, query
        (row,) = await csv_of(central, "/api/sessions.csv")
        assert row["day"] == ""


# ---- another time zone


def daily(path: Path) -> dict[str, tuple[int, int]]:
    with raw(path) as connection:
        assert violations(connection) == []
        rows = connection.execute(
            "SELECT day, SUM(sessions), SUM(energy_mwh) FROM daily GROUP BY day"
        ).fetchall()
    return {row[0]: (row[1], row[2] // KWH) for row in rows}


@pytest.mark.parametrize("schema", [1, 2, 3, 4, 5, 13])
async def test_books_of_before_are_counted_anew_by_the_days_of_the_network(tmp_path: Path, schema: int):
    day, days = date(2026, 10, 31), days_of("Pacific/Auckland")
    path = tmp_path / "central.db"
    before, after = charged(day, days)
    written_by_an_older(path, schema, [*before, *after])
    async with open_database(path, SCHEMA) as database:
        # By days of UTC until now.
        assert (await CentralStore.open(database)).days.name == "UTC"
    assert set(daily(path)) == {"2026-10-30", "2026-10-31"}
    async with open_database(path, SCHEMA) as database:
        store = await CentralStore.open(database, days)
        assert store.days_before == "UTC"
    assert daily(path) == {"2026-10-30": (1, 1), "2026-10-31": (3, 14), "2026-11-01": (1, 16)}


async def test_the_setting_can_change_and_change_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("evcharge.central.books.store._COUNTED_AT_ONCE", 2)
    path = tmp_path / "central.db"
    west, east = days_of("Pacific/Honolulu"), days_of("Pacific/Auckland")
    before, after = charged(date(2026, 12, 31), west)
    async with open_database(path, SCHEMA) as database:
        store = await CentralStore.open(database, west)
        await store.commit([*before, *after])
    counted = daily(path)
    for days, changes in ((east, True), (east, False), (west, True)):
        async with open_database(path, SCHEMA) as database:
            store = await CentralStore.open(database, days)
            assert bool(store.days_before) is changes
        assert (daily(path) == counted) is (days is west)


async def test_a_correction_counts_on_the_day_of_its_charge(tmp_path: Path):
    """Told a day later, in a zone in which it was another day than that of UTC."""
    day, days = date(2026, 12, 31), days_of("Pacific/Honolulu")
    network = Network(rules=Rules(now=days.end(day) - timedelta(hours=2), welcome_credit_cents=2_000))
    network.point_is_there()
    network.driver_is_there()
    session, engine = network.charging(more_mwh=4 * KWH), network.engines["CP001"]
    # It comes with another journal, and a day later with its own again.
    network.engine(journal_id="b" * 32)
    network.later(86_400)
    network.engines["CP001"] = engine
    network.engine()
    network.sends(engine.ended(session.session_id, KWH))
    async with books.opened(tmp_path) as opened:
        store = await CentralStore.open(opened.database, days)
        await store.commit(entries(network))
        assert await store.day_totals(day) == (5 * KWH, 5 * PRICE_CENTS, 1)
        (row,) = await opened.database.read("SELECT day, energy_mwh, revenue_cents FROM daily")
        assert tuple(row) == (str(day), 5 * KWH, 5 * PRICE_CENTS)


async def test_a_computer_whose_zone_has_no_name_counts_by_utc_and_says_so(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("evcharge.runtime.timezone.own_name", lambda: None)
    state_folder.init_state(tmp_path, [], datetime.now(UTC))
    async with office.opened(tmp_path) as central:
        assert "Set [central] timezone." in await central.town.says("days are those of UTC")
        assert (await central.get("/api/stats"))["timezone"] == "UTC"
