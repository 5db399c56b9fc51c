"""The statistics of days, and what each point showed when."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from msgspec import structs

from evcharge.central.books.invariants import violations
from evcharge.central.books.rows import DecidedEntry
from evcharge.central.books.store import KEEP_STATUSES_FOR
from evcharge.central.rules import commands as c
from evcharge.central.rules.decision import Decision
from evcharge.domain.charging_point import ChargingPoint, CpStatus
from evcharge.domain.events import ClockJumped
from evcharge.domain.timestamps import text_of
from evcharge.storage.store_errors import ConstraintViolated
from tests.component import engines
from tests.component.books import (
    any_event,
    at,
    busy_day,
    entries,
    kept,
    opened,
    raw,
    rows,
)
from tests.unit.central.builders import ADMIN, NOON, Network

ENGINES = engines.BOTH


async def test_a_day_of_the_statistics_is_the_sum_of_its_tickets(tmp_path: Path):
    network = busy_day()
    async with opened(tmp_path) as books:
        for entry in entries(network):
            await books.store.commit([entry])
    with raw(tmp_path / "central.db") as connection:
        assert rows(connection, "SELECT * FROM daily ORDER BY cp_id") == [
            ("CP001", "2026-01-01", 1, 1_000_005, 25),
            ("CP003", "2026-01-01", 1, 20_000, 1),
        ]
        assert violations(connection) == []


@pytest.mark.only_sqlite
async def test_a_statistic_that_is_not_its_tickets_is_found(tmp_path: Path):
    async with opened(tmp_path) as books:
        await kept(books, busy_day())
    for wrong in (
        "UPDATE daily SET energy_mwh = energy_mwh + 1 WHERE cp_id = 'CP001'",
        "DELETE FROM daily WHERE cp_id = 'CP003'",
    ):
        with raw(tmp_path / "central.db") as connection:
            connection.execute("BEGIN")
            connection.execute(wrong)
            (found,) = violations(connection)
            assert found.name == "day is not its tickets"
            assert "CP00" in str(found.facts["rows"])
            connection.execute("ROLLBACK")


async def test_a_day_ends_at_midnight_of_utc(tmp_path: Path):
    network = busy_day()
    ticket = replace(
        network.tickets[0],
        ended_at=(NOON + timedelta(hours=14)).astimezone(timezone(timedelta(hours=-11))),
    )
    async with opened(tmp_path) as books:
        for decision in network.decisions:
            changes = tuple(ticket if one is network.tickets[0] else one for one in decision.changes)
            await books.store.commit([DecidedEntry(structs.replace(decision, changes=changes), ADMIN, NOON)])
    with raw(tmp_path / "central.db") as connection:
        found = rows(connection, "SELECT day FROM daily WHERE cp_id = 'CP001'")
    assert found == [("2026-01-02",)]


async def history(folder: Path, cp_id: str = "CP001") -> list[tuple]:
    with raw(folder / "central.db") as connection:
        return rows(connection, "SELECT at, status, reason FROM status_log WHERE cp_id = ? ORDER BY n", cp_id)


async def lived(folder: Path, *steps: tuple[float, Callable[[Network], object]]) -> Network:
    """Commit what each step does at its second after noon."""
    network = Network()
    async with opened(folder) as books:
        await books.store.load(NOON)
        for second, step in steps:
            step(network)
            decided, network.decisions = network.decisions, []
            when = NOON + timedelta(seconds=second)
            await books.store.commit([DecidedEntry(decision, ADMIN, when) for decision in decided])
    return network


async def test_every_change_of_what_is_shown_is_a_row_with_its_reason(tmp_path: Path):
    await lived(
        tmp_path,
        (0, lambda network: network.point_is_there()),
        (10, lambda network: network.reports("overheating")),
        (25, lambda network: network.reports(None)),
        (30, lambda network: network.holds()),
        (90, lambda network: network.driver_is_there()),
    )
    assert await history(tmp_path) == [
        (at(0), "Available", ""),
        (at(10), "Faulted", "overheating"),
        (at(25), "Available", ""),
        (at(30), "Unavailable", "operator"),
    ]
    with raw(tmp_path / "central.db") as connection:
        found = rows(connection, "SELECT status, ms, times FROM status_daily ORDER BY status")
    assert found == [("Available", 15_000, 2), ("Faulted", 15_000, 1), ("Unavailable", 0, 1)]


async def test_what_a_killed_central_showed_ended_with_its_last_sign_of_life(tmp_path: Path):
    await lived(tmp_path, (0, lambda network: network.point_is_there()))
    async with opened(tmp_path) as books:
        await books.store.live(NOON + timedelta(seconds=300))
    async with opened(tmp_path) as books:
        back = NOON + timedelta(days=1)
        await books.store.load(back)
        assert len(await history(tmp_path)) == 1
        await books.store.commit([DecidedEntry(Decision(events=(any_event(),)), ADMIN, back)])
        assert books.store.statuses["CP001"].since == NOON + timedelta(seconds=300)
        assert (await history(tmp_path))[1:] == [(at(300), "NoData", "")]
        # Its monitor had time enough to come back.
        later = back + timedelta(minutes=1)
        await books.store.commit([DecidedEntry(Decision(events=(any_event(),)), ADMIN, later)])
    assert (await history(tmp_path))[2:] == [(at(86_430), "Disconnected", "its monitor is not heard")]


async def test_what_central_finds_as_it_was_is_as_old_as_it_was(tmp_path: Path):
    steps = ((0, lambda network: network.point_is_there()), (60, lambda network: network.reports("hot")))
    await lived(tmp_path, *steps)
    async with opened(tmp_path) as books:
        back = NOON + timedelta(minutes=13)
        network = Network(facts=await books.store.load(back))
        network.point_is_there()
        network.reports("hot")
        await books.store.commit([DecidedEntry(decision, ADMIN, back) for decision in network.decisions])
        assert books.store.statuses.since("CP001", CpStatus.FAULTED) == NOON + timedelta(seconds=60)
    found = await history(tmp_path)
    assert found[-2:] == [(at(60), "NoData", ""), (at(780), "Faulted", "hot")]
    with raw(tmp_path / "central.db") as connection:
        counted = "SELECT SUM(times) FROM status_daily WHERE status = 'Faulted'"
        assert rows(connection, counted) == [(1,)]


async def test_what_peers_do_when_central_sends_them_away_is_not_kept_as_theirs(tmp_path: Path):
    network = Network()
    network.point_is_there()
    async with opened(tmp_path) as books:
        await books.store.commit(entries(network))
        books.store.end()
        network.engine_leaves()
        network.monitor_leaves()
        await books.store.commit(entries(network))
    assert await history(tmp_path) == [(at(0), "Available", "")]


def jump(seconds: int) -> DecidedEntry:
    """Central's clock is set by so much, ten minutes after noon."""
    decision = Decision(events=(ClockJumped(seconds=seconds),))
    return DecidedEntry(decision, ADMIN, NOON + timedelta(minutes=10, seconds=seconds))


@pytest.mark.parametrize("seconds", [400 * 86_400, -3_600], ids=["400 days forwards", "an hour back"])
async def test_a_jump_of_the_clock_ends_what_was_shown_and_fills_nothing(tmp_path: Path, seconds: int):
    network = Network()
    network.point_is_there()
    async with opened(tmp_path) as books:
        await kept(books, network)
        await books.store.commit([jump(seconds)])
        assert books.store.statuses["CP001"].since == jump(seconds).at
    with raw(tmp_path / "central.db") as connection:
        log = rows(connection, "SELECT at, status, until FROM status_log ORDER BY n")
        daily = rows(connection, "SELECT day, status, ms, times FROM status_daily")
    assert log == [(at(0), "Available", at(600)), (text_of(jump(seconds).at), "Available", None)]
    assert daily == [("2026-01-01", "Available", 600_000, 1)]


async def test_what_changes_right_after_a_jump_counts_from_there(tmp_path: Path):
    network = Network()
    network.point_is_there()
    async with opened(tmp_path) as books:
        await kept(books, network)
        network.reports("hot")
        forwards = jump(400 * 86_400)
        changed = [replace(entry, at=forwards.at) for entry in entries(network)]
        await books.store.commit([forwards, *changed])
        daily = await books.database.read("SELECT day, status, ms FROM status_daily ORDER BY day, status")
    assert [tuple(row) for row in daily] == [
        ("2026-01-01", "Available", 600_000),
        ("2027-02-05", "Faulted", 0),
    ]


async def test_a_clock_that_was_set_makes_nothing_old(tmp_path: Path):
    await lived(
        tmp_path,
        (0, lambda network: network.point_is_there()),
        (10, lambda network: network.reports("overheating")),
    )
    async with opened(tmp_path) as books:
        await books.store.live(NOON + timedelta(days=400), NOON + timedelta(minutes=1))
    assert len(await history(tmp_path)) == 2


async def test_statuses_of_long_ago_are_forgotten_but_never_what_is_shown_now(tmp_path: Path):
    await lived(
        tmp_path,
        (0, lambda network: network.point_is_there()),
        (10, lambda network: network.reports("overheating")),
        (25, lambda network: network.reports(None)),
    )
    async with opened(tmp_path) as books:
        await books.store.live(NOON + KEEP_STATUSES_FOR + timedelta(seconds=5))
        assert [row[0] for row in await history(tmp_path)] == [at(10), at(25)]
        await books.store.live(NOON + KEEP_STATUSES_FOR + timedelta(days=1))
    assert await history(tmp_path) == [(at(25), "Available", "")]


async def test_a_point_whose_keys_are_revoked_shows_the_same_after_a_restart(tmp_path: Path):
    def revoke(network: Network) -> None:
        network.point_is_there()
        network.does(c.RevokeKeys, subject="CP001")

    await lived(tmp_path, (0, revoke))
    async with opened(tmp_path) as books:
        await books.store.load(NOON + timedelta(hours=1))
        await books.store.commit([DecidedEntry(Decision(events=(any_event(),)), ADMIN, NOON)])
    assert await history(tmp_path) == [
        (at(0), "Unavailable", "key revoked"),
        (at(0), "NoData", ""),
        (at(3600), "Unavailable", "key revoked"),
    ]


async def test_a_commit_that_fails_tells_nothing_and_the_next_one_all(tmp_path: Path):
    network = Network()
    network.point_is_there()
    before = entries(network)
    wrong = Decision(changes=(ChargingPoint(cp_id="CP001", epoch=-1),))
    async with opened(tmp_path) as books:
        with pytest.raises(ConstraintViolated):
            await books.store.commit([*before, DecidedEntry(wrong, ADMIN, NOON)])
        assert books.store.statuses.get("CP001") is None
        await books.store.commit(before)
    assert await history(tmp_path) == [(at(0), "Available", "")]
