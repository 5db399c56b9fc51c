"""The network's last day and a point's last hour are in the books: a Central that starts anew shows what was before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from evcharge.central.api.kit import answers
from evcharge.central.api.kit.past_lines import PastLines
from evcharge.central.books import past_courses
from evcharge.central.rules import commands as c
from evcharge.central.views.past_power import past_power
from evcharge.central.views.telemetry import SAMPLES, Series, Telemetry
from evcharge.domain.ids import CpId
from evcharge.domain.journal_records import AnyRecord
from tests.component import engines
from tests.component.books import entries
from tests.component.books import opened as books_opened
from tests.component.callers import shaped
from tests.component.office import opened
from tests.unit.central.builders import NOON, Network

ENGINES = engines.BOTH
HOUR = 3_600
# Of 22 kW in a minute.
MWH = 366_667


@pytest.mark.only_sqlite
async def test_the_power_of_the_last_day_and_of_a_point_survives_a_restart_of_central(tmp_path: Path):
    async with opened(tmp_path) as office:
        engine, driver = await office.town.point(), await office.town.driver()
        driver.asks("CP001")
        await engine.is_asked()
        await engine.journals(structs.replace(engine.starts(), began_at=datetime.now(UTC).timestamp()))
        await engine.journals(structs.replace(engine.meters(5_000), elapsed_s=1))
        await engine.journals(structs.replace(engine.ends(), elapsed_s=1))
        await driver.ticket()
        # There has been a sign of life since.
        await office.post("/api/cps/CP001/out")
    async with opened(tmp_path) as office:
        for _ in range(2):
            told = shaped(await office.ask("GET", "/api/power"), answers.PowerAnswer)["power"]
            assert sum(power_w for _, power_w in told) > 0
            shown = shaped(await office.ask("GET", "/api/cps/CP001"), answers.PointAnswer)["power"]
            assert sum(power_w for _, power_w in shown) > 0


def charges(network: Network, cp_id: str, driver_id: str, minutes: int, *, ends: bool = True) -> None:
    """Let that many minutes of 22 kW flow from now on."""
    session, engine = network.authorised(driver_id, cp_id), network.engines[CpId(cp_id)]
    began_at = session.authorised_at.timestamp()
    network.rules = replace(network.rules, steady_s=network.rules.steady_s + 60.0 * minutes)
    records: list[AnyRecord] = [engine.started(session.session_id, began_at=began_at)]
    records += [engine.meter(session.session_id, MWH, elapsed_s=60 * one) for one in range(1, minutes + 1)]
    if ends:
        records.append(engine.ended(session.session_id, elapsed_s=60 * minutes))
    network.sends(*records, cp_id=cp_id)


@pytest.fixture
def network() -> Network:
    network = Network()
    for number in ("1", "2"):
        network.engine(f"CP00{number}", speed_permille=1000, max_power_w=22_000)
        network.monitor(f"CP00{number}")
        network.driver_is_there(f"D0{number}")
    return network


async def test_what_flowed_is_told_of_ended_and_of_open_charges(tmp_path: Path, network: Network):
    charges(network, "CP001", "D01", 40)
    charges(network, "CP002", "D02", 25, ends=False)
    until = NOON + timedelta(hours=1)
    async with books_opened(tmp_path) as books:
        await books.store.commit(entries(network))
        courses, since = await past_courses.past_courses(books.database, until - timedelta(hours=24), until)
    told = list(past_power(courses, since.timestamp(), until.timestamp()))
    powers = [round(power_w, -2) for _, power_w, _ in told]
    assert powers == [44_000] * 5 + [22_000] * 3 + [0] * 4
    assert since == NOON


async def test_of_more_charges_than_are_read_only_the_time_is_told_that_is_whole(
    tmp_path: Path, network: Network, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(past_courses, "_SESSIONS_AT_ONCE", 2)
    for _ in range(5):
        charges(network, "CP001", "D01", 10)
        network.later(HOUR)
    until = NOON + timedelta(hours=5)
    async with books_opened(tmp_path) as books:
        await books.store.commit(entries(network))
        for most, told, since in (
            (6, 5, NOON),
            # The last that is read ended first: whatever flowed after it is known.
            (4, 4, NOON + timedelta(hours=1, minutes=10)),
        ):
            monkeypatch.setattr(past_courses, "MOST_SESSIONS", most)
            found = await past_courses.past_courses(books.database, until - timedelta(hours=24), until)
            assert (len(found[0]), found[1]) == (told, since)


async def test_a_charge_that_is_closed_is_told_too(tmp_path: Path, network: Network):
    charges(network, "CP001", "D01", 10, ends=False)
    (session,) = network.facts.sessions()
    network.engine_leaves()
    network.does(c.CloseLost, session_id=session.session_id)
    until = NOON + timedelta(hours=1)
    async with books_opened(tmp_path) as books:
        await books.store.commit(entries(network))
        courses, _ = await past_courses.past_courses(books.database, until - timedelta(hours=24), until)
    assert [mwh for _, mwh, _ in courses[0]][-1] == 10 * MWH


async def test_the_last_hour_of_a_point_is_told_of_ended_and_of_open_charges(
    tmp_path: Path, network: Network
):
    # Of the first the last 10 of 20 minutes are in that hour.
    charges(network, "CP001", "D01", 20)
    network.later(50 * 60)
    charges(network, "CP001", "D01", 5, ends=False)
    charges(network, "CP002", "D02", 15)
    until = NOON + timedelta(minutes=70)
    async with books_opened(tmp_path) as books:
        await books.store.commit(entries(network))
        lines = PastLines(Telemetry(), books.database, books.store)
        books.store.seen_until = until
        power = (await lines.point(CpId("CP001"))).power
        assert await lines.point(CpId("CP003")) == Series([], [])
    minutes = [round(power_w, -2) for _, power_w in power[::4]]
    assert minutes == [22_000] * 10 + [0] * 30 + [22_000] * 5 + [0] * 15
    assert len(power) == SAMPLES


async def test_of_more_charges_of_a_point_than_are_read_only_the_time_is_told_that_is_whole(
    tmp_path: Path, network: Network, monkeypatch: pytest.MonkeyPatch
):
    for _ in range(5):
        charges(network, "CP001", "D01", 5)
        network.later(10 * 60)
    until = NOON + timedelta(minutes=50)
    hour_ago = until - timedelta(hours=1)
    async with books_opened(tmp_path) as books:
        await books.store.commit(entries(network))
        for most, told, since in ((6, 5, NOON), (2, 2, NOON + timedelta(minutes=35))):
            monkeypatch.setattr(past_courses, "MOST_OF_A_POINT", most)
            found = await past_courses.courses_of(books.database, CpId("CP001"), hour_ago, until)
            assert (len(found[0]), found[1]) == (told, since)
