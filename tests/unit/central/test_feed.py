"""The feed hands on what happened, and the console prints it."""

import asyncio
import logging
from dataclasses import replace

import pytest
from msgspec import structs

from evcharge.central.feed import Feed, Live
from evcharge.central.terminal import event_log
from evcharge.central.terminal.event_log import EventLog
from evcharge.domain import events
from evcharge.domain.charging_point import Hold
from evcharge.domain.errors import Code, ProtocolError
from tests.unit.central.builders import Network


@pytest.fixture
def town() -> Network:
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    return network


def test_every_listener_hears_every_event_in_order():
    feed, one, other = Feed(), [], []
    feed.listen(one.append)
    feed.listen(other.append)
    happened = [events.DriverAdded(driver_id="D01"), events.CentralStopped()]
    for event in happened:
        feed.publish(event)
    assert one == other == happened


def test_live_figures_are_handed_on_and_the_latest_kept(town: Network):
    feed, heard = Feed(), []
    feed.listen_live(lambda session, live: heard.append((session.session_id, live.energy_mwh)))
    session = town.charging()
    for energy_mwh in (5, 10):
        feed.take(session.cp_id, session, Live(session.session_id, 22_000, energy_mwh))
    assert heard == [(session.session_id, 5), (session.session_id, 10)]
    assert feed.live["CP001"].energy_mwh == 10


def test_figures_of_another_ones_session_are_a_breach_and_late_ones_are_not_shown(town: Network):
    feed, heard = Feed(), []
    feed.listen_live(lambda _session, live: heard.append(live.energy_mwh))
    session = town.charging()
    figures = Live(session.session_id, 22_000, 10, 251)
    with pytest.raises(ProtocolError, match="CP002 speaks of a session that is not its own") as breach:
        feed.take("CP002", session, figures)
    assert breach.value.code is Code.ID
    feed.take("CP001", None, figures)
    assert (feed.live, feed.temperatures, heard) == ({}, {}, [])
    for energy_mwh in (10, 9, 10, 11):
        feed.take("CP001", session, structs.replace(figures, energy_mwh=energy_mwh))
    assert heard == [10, 10, 11]
    # Those of another session begin anew.
    feed.take("CP001", structs.replace(session, session_id="S-2"), Live("S-2", 22_000, 0))
    assert heard[-1] == 0


@pytest.mark.parametrize("started", [True, False])
def test_a_session_that_ended_has_no_live_figures(town: Network, started: bool):
    feed = Feed()
    session = town.charging() if started else town.authorised()
    feed.take(session.cp_id, session, Live(session.session_id, 22_000, 5))
    engine = town.engines["CP001"]
    record = engine.ended(session.session_id) if started else engine.refused(session.session_id)
    for event in town.sends(record).events:
        feed.publish(event)
    assert feed.live == {}


@pytest.mark.virtual_time
async def test_the_console_counts_events_beyond_what_anyone_reads_and_tells_the_statuses_afterwards(
    town: Network, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "evcharge.central.terminal.event_log")
    loop = asyncio.get_running_loop()
    console = EventLog(town.facts, now=loop.time)
    flapped = [*town.holds(Hold.OPERATOR).events, *town.lifts(Hold.OPERATOR).events]
    for _ in range(1_000):
        for event in flapped:
            console.on_event(event)
    (held,) = town.holds(Hold.WEATHER).events
    console.on_event(held)
    shown = len(caplog.records)
    assert 1_000 <= shown <= 1_100
    await asyncio.sleep(3)
    assert [record.getMessage() for record in caplog.records[shown:]] == [
        "1001 more events in a few seconds than anyone can read: `evcharge events` has them all",
        "CP001 (Alicante) Out of Order: weather",
    ]
    # It is over: each is told again.
    (lifted,) = town.lifts(Hold.WEATHER).events
    console.on_event(lifted)
    assert caplog.records[-1].getMessage() == "CP001 (Alicante) Available"


@pytest.mark.virtual_time
async def test_thousands_of_statuses_are_told_some_at_a_time(
    town: Network, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(event_log, "status_line", lambda point, _lang: f"{point.cp_id} stands")
    caplog.set_level(logging.INFO, "evcharge.central.terminal.event_log")
    console = EventLog(town.facts, now=lambda: 0.0)
    point = town.facts.point("CP001")
    for number in range(1_250):
        cp_id = f"CP{number:05}"
        town.facts.put(replace(point, cp_id=cp_id))
        console.on_event(events.MonitorSpoke(cp_id=cp_id))
    for wait_s, told in ((2.5, 100), (1.0, 100), (1.0, 50), (5.0, 0)):
        caplog.clear()
        await asyncio.sleep(wait_s)
        assert sum("stands" in record.getMessage() for record in caplog.records) == told


def test_the_console_lists_at_first_as_many_points_as_anyone_can_read(
    town: Network, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "evcharge.central.terminal.event_log")
    point = town.facts.point("CP001")
    for number in range(1, 1_250):
        town.facts.put(replace(point, cp_id=f"CP{number:03}"))
    EventLog(town.facts).show_all()
    told = [record.getMessage() for record in caplog.records]
    assert (told[0], len(told)) == ("CP001 (Alicante) Available", 1_001)
    assert told[-1] == "249 more charging points than anyone can read: `evcharge cps` lists them all"


def test_the_console_prints_each_event_and_each_change_of_status_once(
    town: Network, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "evcharge.central.terminal.event_log")
    console = EventLog(town.facts)
    console.show_all()
    for changes, hold in (
        (town.holds, Hold.OPERATOR),
        (town.holds, Hold.WEATHER),
        (town.lifts, Hold.OPERATOR),
    ):
        for event in changes(hold).events:
            console.on_event(event)
    console.on_event(events.MonitorSpoke(cp_id="CP001"))
    console.on_event(events.MonitorSpoke(cp_id="CP404"))
    console.on_event(events.CentralStopped())
    assert [record.getMessage() for record in caplog.records] == [
        "CP001 (Alicante) Available",
        "CP001 is held: operator",
        "CP001 (Alicante) Out of Order: operator",
        "CP001 is held: weather",
        "CP001 (Alicante) Out of Order: operator, weather",
        "CP001 is no longer held by: operator",
        "CP001 (Alicante) Out of Order: weather",
    ]
