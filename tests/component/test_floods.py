"""Peers that say too much: they are slowed down, what they say becomes a few rows, and an operator is told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec
import pytest

from evcharge.central.books import verify
from evcharge.central.peers import quotas, watchdog
from evcharge.central.peers.quotas import CHANGES, JOURNALS, LOGINS
from evcharge.central.rules.counted import IN_FULL, MOST_USELESS
from evcharge.central.rules.quarantine import MOST_FOREIGN
from evcharge.domain import events, journal_records
from evcharge.domain.errors import Code, EvchargeError, Overloaded
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel
from tests.component.callers import cookie_of
from tests.component.office import opened
from tests.component.town import FakeEngine, Town, hear, running

E = TypeVar("E", bound=events.Event)


# On a busy machine a crowd takes a while, and nothing of what it has used up comes back meanwhile.
BACK_AFTER_S = 3_600.0


@pytest.fixture(autouse=True)
def _strict(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGIN_EVERY_S", "JOURNAL_EVERY_S", "CHANGE_EVERY_S", "BAN_S"):
        monkeypatch.setattr(quotas, name, BACK_AFTER_S)
    # What is counted is counted in one minute.
    monkeypatch.setattr(watchdog, "MINUTE_S", BACK_AFTER_S)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with running(tmp_path) as town:
        yield town
    assert verify.check(tmp_path / "central" / "central.db") == []


def told(town: Town, kind: type[E]) -> list[E]:
    return [msgspec.json.decode(row["data"], type=kind) for row in town.rows(kind.__name__)]


async def end_of(channel: Channel) -> EvchargeError:
    """Return what ends a connection."""
    async with asyncio.timeout(10):
        try:
            while True:
                await channel.receive()
        except EvchargeError as end:
            return end


async def test_many_logins_of_one_id_are_slowed_down_and_shown(town: Town):
    await town.driver("D01")
    links = [await town.dial("D01", Role.DRIVER) for _ in range(100)]
    ends = await asyncio.gather(*(end_of(link) for link in links[LOGINS:]))
    assert all(
        isinstance(end, Overloaded) and end.code is Code.SLOW and 0 < end.retry_after_s <= BACK_AFTER_S
        for end in ends
    )
    await town.recorded("LoginRefused")
    # The others find the driver connected already.
    (refused,) = [one for one in told(town, events.LoginRefused) if one.code != Code.DUPLICATE]
    assert (refused.claimed, refused.code, refused.text) == ("D01", "E_SLOW", "too many logins")
    assert len(told(town, events.DriverConnected)) <= LOGINS


async def test_another_driver_logs_in_while_one_is_slowed_down(town: Town):
    for _ in range(LOGINS + 5):
        await town.dial("D01", Role.DRIVER)
    await town.driver("D02")


async def test_many_new_journals_of_one_point_are_slowed_down_and_shown(town: Town):
    engine = await town.engine()
    slowed: list[EvchargeError] = []
    for number in range(2 * JOURNALS):
        engine.channel.abort()
        await town.says(r"CP001 .*(Faulted|Disconnected)")
        engine.channel = await town.dial("CP001", Role.ENGINE)
        engine.channel.send(messages.Sync(journal_id=f"{number + 1:032x}", last_seq=0))
        try:
            await hear(engine.channel, messages.Synced)
        except EvchargeError as end:
            slowed.append(end)
    assert len(slowed) == JOURNALS
    assert {end.code for end in slowed} == {Code.SLOW}
    assert len(told(town, events.JournalReplaced)) == JOURNALS
    await town.recorded("LoginRefused")
    (refused,) = told(town, events.LoginRefused)
    assert (refused.claimed, refused.code, refused.text) == ("CP001", "E_SLOW", "too many new journals")


async def test_a_monitor_with_ever_new_faults_writes_a_few_rows_and_its_last_word_counts(town: Town):
    engine = await town.point()
    for number in range(300):
        engine.monitor.send(messages.Health(fault=f"fault {number}"))
    rows = await town.recorded("FaultReported", CHANGES + 1)
    await settled(engine.monitor)
    reported = told(town, events.FaultReported)
    assert len(rows) == len(reported) == CHANGES + 1
    assert reported[0].fault == "fault 0"


async def test_the_last_word_of_a_monitor_that_changed_its_mind_too_often_counts_in_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(quotas, "CHANGE_EVERY_S", 0.5)
    async with running(tmp_path) as town:
        engine = await town.point()
        for _ in range(3 * CHANGES):
            engine.monitor.send(messages.Health(fault="overheating"))
            engine.monitor.send(messages.Health(fault=None))
        # The last word says something else, too, by which it is known.
        engine.monitor.send(messages.Health(fault=None, occupied=True))
        async with asyncio.timeout(20):
            while not town.dispatcher.facts.point("CP001").occupied:
                await asyncio.sleep(0.01)
        assert town.dispatcher.facts.point("CP001").fault is None


async def test_a_vehicle_that_comes_and_goes_without_end_writes_a_few_rows_and_is_seen_as_it_is(town: Town):
    engine = await town.point()
    for number in range(101):
        engine.monitor.send(messages.Health(fault=None, occupied=number % 2 == 0))
    await settled(engine.monitor)
    assert len(told(town, events.VehiclePluggedIn)) == CHANGES / 2


async def test_a_monitor_that_changes_its_mind_without_end_leaves_its_point_faulted(town: Town):
    engine = await town.point()
    for _ in range(150):
        engine.monitor.send(messages.Health(fault="overheating"))
        engine.monitor.send(messages.Health(fault=None))
    await settled(engine.monitor)
    assert len(told(town, events.FaultCleared)) == CHANGES
    assert len(told(town, events.FaultReported)) == CHANGES + 1
    assert town.dispatcher.facts.point("CP001").fault == "overheating"


async def settled(channel: Channel) -> None:
    """Wait until everything that was sent is taken in."""
    channel.send(messages.Heartbeat())
    await hear(channel, messages.Heartbeat)


def nonsense(engine: FakeEngine) -> journal_records.Meter:
    engine.seq += 1
    return journal_records.Meter(seq=engine.seq, session_id=f"S-nonsense-{engine.seq:08}", meter_mwh=1)


async def test_nonsense_without_end_is_bounded_acknowledged_and_cut_off(town: Town):
    engine = await town.point()
    acknowledged = 0
    with pytest.raises(Overloaded) as cut:
        for _ in range(100):
            answer = await engine.journals(*(nonsense(engine) for _ in range(100)))
            acknowledged = answer.seq
    assert (cut.value.code, cut.value.retry_after_s) == (Code.SLOW, 60)
    assert MOST_FOREIGN + MOST_USELESS <= acknowledged <= MOST_FOREIGN + MOST_USELESS + 200
    quarantined = told(town, events.RecordQuarantined)
    assert len(quarantined) == IN_FULL
    assert len(told(town, events.StraySupply)) == IN_FULL
    town.dispatcher.flush()
    await town.recorded("RecordQuarantined", IN_FULL + 1)
    *_, last = told(town, events.RecordQuarantined)
    assert last.times + IN_FULL >= acknowledged
    (refused, *_) = told(town, events.InputRefused)
    assert (refused.who, refused.code, refused.text) == ("CP001", "E_SLOW", "too much that comes to nothing")


async def test_whoever_was_cut_off_is_not_heard_for_a_while_and_its_neighbour_is(town: Town):
    engine, neighbour = await town.point(), await town.point("CP002")
    with pytest.raises(Overloaded):
        for _ in range(100):
            await engine.journals(*(nonsense(engine) for _ in range(100)))
    again = await end_of(await town.dial("CP001", Role.ENGINE))
    assert isinstance(again, Overloaded)
    assert again.code is Code.SLOW
    assert BACK_AFTER_S * 5 / 6 < again.retry_after_s <= BACK_AFTER_S
    assert isinstance(await neighbour.journals(nonsense(neighbour)), messages.Ack)


async def test_what_is_said_while_a_driver_floods_with_requests_is_a_few_rows_until_it_is_cut_off(town: Town):
    driver = await town.driver()
    for _ in range(2 * MOST_USELESS):
        driver.asks("CP404")
    end = await end_of(driver.channel)
    assert isinstance(end, Overloaded)
    assert end.code is Code.SLOW
    assert len(told(town, events.StartRefused)) == IN_FULL


async def test_a_page_that_asks_for_nothing_without_end_writes_a_few_rows_and_is_not_heard_for_a_while(
    tmp_path: Path,
):
    async with opened(tmp_path, requests_per_s=100_000) as office:
        headers = {"Cookie": await cookie_of(office)}
        statuses: Counter[int] = Counter()
        async with aiohttp.ClientSession() as session:
            for number in range(MOST_USELESS + 50):
                wanted = {"request_id": f"R-{number:08}", "cp_id": "CP404"}
                url = f"{office.url}/api/me/requests"
                async with session.post(url, json=wanted, headers=headers) as answer:
                    statuses[answer.status] += 1
        assert statuses == {200: MOST_USELESS + 1, 429: 49}
        assert len(office.rows("StartRefused")) == IN_FULL
        await office.recorded("LoginRefused")
        (alert,) = [one for one in (await office.get("/api/alerts"))["alerts"] if one["kind"] == "flood"]
        assert (alert["about"], alert["times"]) == ("D01", 2)
        assert (await office.get("/api/cps")) is not None, "an operator is heard meanwhile"
