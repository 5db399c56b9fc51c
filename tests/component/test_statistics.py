"""Sums over days, from the books and from what is shown now."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from evcharge.central.books import statistics
from evcharge.central.books.statistics import Statistics, Sums, Use, availability
from evcharge.central.books.store import CentralStore
from evcharge.domain.charging_point import CpStatus
from evcharge.storage.statements import Sql
from tests.component import engines
from tests.component.books import Books, entries, opened
from tests.unit.central.builders import NOON, Network

ENGINES = engines.BOTH

TODAY = NOON.date()


async def commit(books: Books, network: Network, hours: float) -> None:
    """Keep what was decided, as at so many hours after noon."""
    at = NOON + timedelta(hours=hours)
    await books.store.commit([replace(entry, at=at) for entry in entries(network)])


@pytest.fixture
async def books(tmp_path: Path):
    """Three days: CP001 charges twice, is held for an hour, and is broken twice; CP002 is only there."""
    network = Network()
    async with opened(tmp_path) as books:
        for cp_id in ("CP001", "CP002"):
            network.point_is_there(cp_id)
        network.driver_is_there()
        await commit(books, network, 0)
        for day in (0, 1):
            session = network.charging(more_mwh=1_000_000 * (day + 1))
            await commit(books, network, 24 * day + 1)
            network.later(3600)
            network.sends(network.engines["CP001"].ended(session.session_id))
            await commit(books, network, 24 * day + 2)
            network.later(23 * 3600)
        network.reports("hot")
        await commit(books, network, 48)
        network.reports(None)
        await commit(books, network, 48.5)
        network.reports("hot")
        await commit(books, network, 49)
        network.reports(None)
        network.holds()
        await commit(books, network, 50.5)
        yield books


async def uses(books: Books, first: date, last: date, hours: float) -> dict[str, Use]:
    found = await Statistics(books.database).uses(
        first, last, ["CP001", "CP002"], books.store.statuses, NOON + timedelta(hours=hours)
    )
    return {use.cp_id: use for use in found}


async def test_each_day_has_its_sums(books: Books):
    last = TODAY + timedelta(days=5)
    for points in (2, 100_000):
        assert await Statistics(books.database).days(TODAY, last, None, points) == {
            TODAY: Sums(1, 1_000_000, 25),
            TODAY + timedelta(days=1): Sums(1, 2_000_000, 50),
        }
    assert await Statistics(books.database).days(TODAY, TODAY, "CP001", 2) == {TODAY: Sums(1, 1_000_000, 25)}
    assert await Statistics(books.database).days(TODAY, last, "CP002", 2) == {}


@pytest.mark.parametrize("last", [date(1, 1, 1), date.max])
async def test_the_ends_of_the_calendar_are_days_like_any_other(books: Books, last: date):
    first = max(date.min, last - timedelta(days=min(3, (last - date.min).days)))
    assert await Statistics(books.database).days(first, last, None, 10**9) == {}


async def test_a_point_has_its_times_and_its_faults(books: Books):
    found = await uses(books, TODAY, TODAY + timedelta(days=9), 60.5)
    one = found["CP001"]
    assert one.sums == Sums(2, 3_000_000, 75)
    assert one.seconds(CpStatus.CHARGING) == 2 * 3600
    assert (one.seconds(CpStatus.FAULTED), one.faults, one.mean_fault_s) == (7200, 2, 3600)
    # The present hold is in no row yet.
    assert one.seconds(CpStatus.UNAVAILABLE) == 36_000
    assert one.seconds(*CpStatus) == 60.5 * 3600
    other = found["CP002"]
    assert (other.sums, other.faults, other.mean_fault_s) == (Sums(), 0, None)
    assert other.seconds(CpStatus.AVAILABLE) == 60.5 * 3600


async def test_only_the_days_that_were_asked_for_count(books: Books):
    one = (await uses(books, TODAY, TODAY, 60.5))["CP001"]
    assert one.sums == Sums(1, 1_000_000, 25)
    assert one.seconds(*CpStatus) == 12 * 3600
    later = (await uses(books, TODAY + timedelta(days=3), TODAY + timedelta(days=4), 60.5))["CP001"]
    assert (later.sums, later.seconds(*CpStatus)) == (Sums(), 0.5 * 3600)


async def test_sums_beyond_64_bits_are_sums_like_any_other(books: Books):
    most = {"most": 2**63 - 1}
    lies = (
        "UPDATE daily SET energy_mwh = :most, revenue_cents = :most",
        "UPDATE status_daily SET ms = :most WHERE status = 'Faulted'",
    )
    await books.database.commit([(Sql(lie), [most]) for lie in lies])
    found = (await uses(books, TODAY, TODAY + timedelta(days=5), 60))["CP001"]
    assert (found.sums.energy_mwh, found.sums.revenue_cents) == (2 * (2**63 - 1), 2 * (2**63 - 1))
    days = await Statistics(books.database).days(TODAY, TODAY, None, 2)
    assert days[TODAY].energy_mwh == 2**63 - 1


async def test_many_points_are_asked_for_in_small_pieces(books: Books, monkeypatch):
    whole = await uses(books, TODAY, TODAY, 60.5)
    monkeypatch.setattr(statistics, "_POINTS_AT_ONCE", 1)
    assert await uses(books, TODAY, TODAY, 60.5) == whole


async def test_availability_is_the_part_of_the_time_in_which_one_could_charge(books: Books):
    found = list((await uses(books, TODAY, TODAY + timedelta(days=2), 60)).values())
    out = (2 + 9.5) * 3600
    assert availability(found) == pytest.approx(1 - out / (2 * 60 * 3600))
    assert availability([]) is None
    assert availability([Use("CP009")]) is None


async def test_time_without_central_is_no_data_and_no_part_of_the_availability(books: Books):
    # It was killed after its last commit, and comes back half a day later.
    again = replace(books, store=await CentralStore.open(books.database))
    back = Network(facts=await again.store.load(NOON + timedelta(hours=62.5)))
    for cp_id in ("CP001", "CP002"):
        back.monitor(cp_id)
    await commit(again, back, 62.5)
    for cp_id in ("CP001", "CP002"):
        back.engine(cp_id)
    await commit(again, back, 62.501)
    found = await uses(again, TODAY, TODAY + timedelta(days=9), 72.5)
    one, other = found["CP001"], found["CP002"]
    assert (one.no_data_ms, other.no_data_ms) == (12 * 3_600_000, 12 * 3_600_000)
    assert (one.faults, other.faults) == (2, 0), "a monitor that comes back before its engine is no fault"
    assert other.seconds(CpStatus.FAULTED) == 3
    assert other.seconds(*CpStatus) == 60.5 * 3600
    assert availability([other]) == pytest.approx(1, abs=1e-4)


async def test_a_fault_that_may_be_a_start_counts_while_it_lasts_longer_than_one(tmp_path: Path):
    async with opened(tmp_path) as books:
        network = Network()
        network.engine("CP001")
        await commit(books, network, 0)
        network.engine_leaves("CP001")
        network.monitor("CP001")
        await commit(books, network, 1)
        soon, late = 1 + 20 / 3600, 1 + 40 / 3600
        assert (await uses(books, TODAY, TODAY, soon))["CP001"].faults == 0
        assert (await uses(books, TODAY, TODAY, late))["CP001"].faults == 1
        network.engine("CP001")
        await commit(books, network, late)
        assert (await uses(books, TODAY, TODAY, late))["CP001"].faults == 1
