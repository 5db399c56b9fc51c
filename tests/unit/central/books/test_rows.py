"""What goes into the books of what was decided: as few rows, and as few columns, as are new."""

from dataclasses import replace
from typing import Any

import pytest

from evcharge.central.books.rows import DecidedEntry, partitions_of, statements
from evcharge.central.rules import commands as c
from evcharge.domain.ids import CpId
from evcharge.domain.partitions import partition_of
from evcharge.storage.statements import Put, Set, Sql, Take
from tests.unit.central.builders import ADMIN, KWH, Network


@pytest.fixture
def town() -> Network:
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    return network


def written(network: Network) -> dict[Any, list[dict[str, Any]]]:
    """Return what the decisions of one commit write of sessions, by the kind of statement."""
    decided = [
        DecidedEntry(one, ADMIN, at) for one, at in zip(network.decisions, network.instants, strict=True)
    ]
    network.decisions, network.instants = [], []
    return {
        type(write): [dict(zip(write.takes, row, strict=True)) for row in rows]
        for write, rows in statements(decided)
        if isinstance(write, Put | Set) and write.table == "session"
    }


def meters(network: Network, session_id: str, *, first_s: int, cp_id: str = "CP001") -> None:
    """Five METERs of as many seconds."""
    engine = network.engines[cp_id]
    network.later(5)
    seconds = range(first_s, first_s + 5)
    network.sends(*(engine.meter(session_id, 100, elapsed_s=one) for one in seconds), cp_id=cp_id)


def test_meters_of_one_commit_set_three_columns_of_one_row(town: Network):
    session = town.charging(more_mwh=1_000)
    written(town)
    meters(town, session.session_id, first_s=1)
    meters(town, session.session_id, first_s=6)
    assert written(town) == {
        Set: [{"session_id": session.session_id, "meter_mwh": 2_000, "excess_mwh": 0, "elapsed_s": 10}]
    }


def test_what_is_new_of_a_session_besides_goes_in_with_its_meters(town: Network):
    session = town.authorised()
    written(town)
    engine = town.engines["CP001"]
    town.sends(engine.started(session.session_id, began_at=town.rules.now.timestamp()))
    meters(town, session.session_id, first_s=1)
    kept = written(town)
    assert [(row["state"], row["meter_mwh"], row["elapsed_s"]) for row in kept[Put]] == [("CHARGING", 500, 5)]
    meters(town, session.session_id, first_s=6)
    town.sends(engine.ended(session.session_id, 7, elapsed_s=11))
    both = written(town)
    assert [(row["state"], row["meter_mwh"], row["elapsed_s"]) for row in both[Put]] == [
        ("TICKETED", 1_007, 11)
    ]
    assert Set not in kept | both


def test_a_ticket_that_was_put_back_and_seen_in_one_commit_has_left_the_inbox(town: Network):
    session = town.charging(more_mwh=KWH)
    town.sends(town.engines["CP001"].ended(session.session_id))
    town.does(c.MarkTicketShown, driver_id="D01", session_id=session.session_id)
    town.does(c.DriverLeaves, driver_id="D01", link=town.driver().link, reason="cut")
    written(town)
    town.does(c.Refund, session_id=session.session_id, reason="a gift", reference="R1")
    town.does(c.MarkTicketShown, driver_id="D01", session_id=session.session_id)
    decided = [DecidedEntry(one, ADMIN, town.rules.now) for one in town.decisions]
    of_inbox = [write for write, _ in statements(decided) if getattr(write, "table", "") == "inbox"]
    assert isinstance(of_inbox[-1], Take)


# ---- versions of wallets


def wallets(network: Network, **versions: int) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return what the decisions of one commit write of drivers: the kind of statement, each id and its version."""
    decided = [
        DecidedEntry(one, ADMIN, at) for one, at in zip(network.decisions, network.instants, strict=True)
    ]
    network.decisions, network.instants = [], []
    return [
        (type(write).__name__, [(row[0], row[-1]) for row in rows])
        for write, rows in statements(decided, versions=versions)
        if isinstance(write, Put | Set) and write.table == "driver"
    ]


def test_a_commit_counts_one_change_of_each_wallet(town: Network):
    wallets(town)
    town.driver_is_there("D02")
    for driver_id in ("D01", "D01", "D02"):
        town.does(c.TopUp, driver_id=driver_id, cents=100)
    assert wallets(town, D01=4) == [("Put", [("D02", 1), ("D01", 5)])]


def test_what_is_owed_and_paid_in_one_commit_needs_no_other_statement(town: Network):
    session = town.charging(more_mwh=KWH)
    town.engine_leaves()
    town.does(c.CloseLost, session_id=session.session_id)
    town.engine()
    town.facts.put(replace(town.driver(), balance_cents=0))
    wallets(town)
    town.sends(town.engines["CP001"].ended(session.session_id, 9 * KWH))
    # The wallet stays as it is; what is owed counts as a change of it.
    assert wallets(town, D01=4) == [("Set", [("D01", 5)])]
    town.does(c.TopUp, driver_id="D01", cents=1_000)
    assert wallets(town, D01=5) == [("Put", [("D01", 6)])]


def test_a_pay_out_of_a_wallet_of_before_counts_as_a_change_of_the_id(town: Network):
    town.driver_is_there(registration=2)
    wallets(town)
    town.does(c.PayOut, driver_id="D01", registration=0, reason="left", reference="x")
    assert wallets(town, D01=2) == [("Set", [("D01", 3)])]


def test_a_commit_is_about_the_partitions_of_all_points_that_have_a_row_in_it():
    network = Network()
    network.driver_is_there()
    for cp_id in ("CP001", "CP002", "CP003"):
        network.point_is_there(cp_id)
    session = network.charging(cp_id="CP001")
    network.decisions.clear()
    network.sends(network.engines["CP001"].ended(session.session_id, KWH), cp_id="CP001")
    network.holds(cp_id="CP002")
    network.does(c.TopUp, driver_id="D01", cents=1)
    decided = [DecidedEntry(one, ADMIN, network.rules.now) for one in network.decisions]
    writes = list(statements(decided))
    of_points = sorted(partition_of(CpId(cp_id), 64) for cp_id in ("CP001", "CP002"))
    assert partitions_of(writes, 64) == of_points
    assert partitions_of(writes, 1) == [0]
    # Whatever the kind of its row: what it metered, its ticket, what counts for its day.
    with_a_point = [(one, rows) for one, rows in writes if not isinstance(one, Sql) and "cp_id" in one.takes]
    assert len(with_a_point) > 3
    for one in with_a_point:
        assert set(partitions_of([one], 64)) <= set(of_points)
        assert partitions_of([one], 64)


def test_a_commit_without_a_point_is_about_no_partition():
    network = Network()
    network.driver_is_there()
    network.does(c.TopUp, driver_id="D01", cents=1)
    decided = [DecidedEntry(one, ADMIN, network.rules.now) for one in network.decisions]
    assert partitions_of(statements(decided), 1) == []
