"""The engine's rules: when power flows, when it ends, and what is said and journaled about it."""

import random
from typing import Any

import pytest
from msgspec import UNSET, UnsetType

from evcharge.cp.engine.charge import ChargeControl, PlanMoment, PointHardware
from evcharge.cp.engine.simulated_car import SimulatedCar, SimulatedContactor, Thermometer
from evcharge.cp.hardware import Flow
from evcharge.cp.health import BROKEN, JOURNAL_FULL
from evcharge.cp.journal import journal as journal_module
from evcharge.cp.journal.journal import Journal
from evcharge.cp.journal.records import JournalState, entries
from evcharge.domain.errors import StateError
from evcharge.domain.journal_records import Meter, SupplyEnd, SupplyRefused, SupplyStart
from evcharge.evc1.messages import Ready, Records, Start, SupplyUpdate, Sync
from tests.unit.cp.journal.memory_disk import MemoryDisk

S1, S2 = "S-D01-CP001-00000001", "S-D02-CP001-00000002"
NOON = 1_800_000_000.0
KWH = 1_000_000


class WatchedContactor(SimulatedContactor):
    """Looks at the disk itself: power may flow only while a START is durable there."""

    def __init__(self, disk: MemoryDisk) -> None:
        super().__init__()
        self.disk = disk

    def durable(self) -> JournalState:
        data = bytes(self.disk.durable_names["journal"].durable)
        (_, _, base), *rest = entries(data)
        state = JournalState(base)
        for _, _, entry in rest:
            state.apply(entry)
        return state

    def close(self) -> None:
        assert self.durable().open is not None, "power before its START was durable"
        super().close()

    def deliver(self, energy_mwh: int) -> None:
        assert self.closed
        super().deliver(energy_mwh)
        assert self.durable().meter_mwh >= self.delivered_mwh, "energy before it was durable"


class Point:
    """One charging point on a memory disk; `restart` gives it another life."""

    def __init__(self, disk: MemoryDisk | None = None) -> None:
        self.disk = disk or MemoryDisk()
        self.now_s = 100.0
        self.contactor = WatchedContactor(self.disk)
        self.permille = 400
        self.start_life()

    def start_life(self) -> None:
        self.said: list[object] = []
        self.moments: list[PlanMoment] = []
        self.contactor.open()
        self.journal = Journal(self.disk, random.Random(len(self.disk.calls)).randbytes)
        hardware = PointHardware(self.contactor, self.arrive, Thermometer(22_000))
        self.charge = ChargeControl(self.journal, hardware, self.said.append, self.moments.append)

    def restart(self, *, power_cut: bool = False) -> None:
        if power_cut:
            self.disk.lose_power()
        else:
            self.disk.kill()
        self.start_life()

    def arrive(self) -> SimulatedCar:
        return SimulatedCar(50 * KWH, self.permille, 22_000)

    def link(self, last_seq: int | None = None) -> None:
        assert self.charge.on_synced(self.journal.last_seq if last_seq is None else last_seq)

    def start(
        self,
        session_id: str = S1,
        limit_mwh: int = 20 * KWH,
        plug_within_s: int = 60,
        at: float | UnsetType = UNSET,
    ) -> None:
        self.charge.on_start(
            Start(
                session_id=session_id,
                request_id="R-00000001",
                driver_id="D01",
                price=2500,
                hold_cents=500,
                limit_mwh=limit_mwh,
                plug_within_s=plug_within_s,
                auth="signed",
                at=at,
            ),
            self.now_s,
        )

    def later(self, seconds: float) -> None:
        """Let time pass before the next thing happens; nobody ticks."""
        self.now_s += seconds
        self.charge.passed(self.now_s)

    def tick(self, times: int = 1, dt_s: float = 1.0) -> None:
        for _ in range(times):
            self.now_s += dt_s
            self.charge.tick(self.now_s, dt_s)

    def records(self, after: int = 0) -> list[Any]:
        return list(self.journal.records_after(after))

    def ends(self) -> list[tuple[str, str]]:
        return [
            (record.session_id, record.reason)
            for record in self.records()
            if isinstance(record, SupplyEnd | SupplyRefused)
        ]


@pytest.fixture
def point() -> Point:
    point = Point()
    point.link()
    return point


@pytest.fixture
def charging(point: Point) -> Point:
    point.start()
    point.charge.plug()
    return point


# ---- other hardware


class SteadyMeter:
    """A meter that knows nothing of the car behind it: 3 600 mWh a second, until the car has had enough."""

    charge_permille = None
    full_in_s = None
    full = False

    def read(self, dt_s: float, most_mwh: int) -> Flow:
        return Flow(power_w=12_960, energy_mwh=min(most_mwh, round(3_600 * dt_s)))


def test_any_meter_will_do(point):
    meter = SteadyMeter()
    point.arrive = lambda: meter
    point.restart()
    point.link()
    point.start()
    point.charge.plug()
    assert (point.charge.plugged, point.charge.battery_permille) == (True, None)
    point.tick(2)
    assert point.charge.energy_mwh == point.contactor.delivered_mwh == 7_200
    meter.full = True
    point.tick()
    assert point.records()[-1].reason == "battery full"


# ---- beginning


def test_a_start_is_answered_ready_and_waits_for_the_plug(point):
    point.start()
    assert point.said == [Ready(session_id=S1)]
    assert point.charge.state == "pending"
    point.tick(5)
    assert not point.contactor.closed
    assert point.records() == []
    point.charge.plug()
    assert point.contactor.closed
    assert point.charge.state == "charging"
    assert point.records() == [
        SupplyStart(
            seq=1,
            session_id=S1,
            driver_id="D01",
            request_id="R-00000001",
            price=2500,
            hold_cents=500,
            limit_mwh=20 * KWH,
            auth="signed",
            meter_mwh=0,
            battery_permille=point.permille,
        )
    ]
    assert point.moments == [PlanMoment.AUTHORISED, PlanMoment.STARTED]


def test_a_charge_tells_what_stands_on_its_screen(point):
    charge = point.charge
    assert (charge.waiting, charge.running, charge.plugged, charge.battery_permille) == (
        None,
        None,
        False,
        None,
    )
    point.start(plug_within_s=60)
    waiting, until_s = charge.waiting
    assert (waiting.session_id, until_s) == (S1, point.now_s + 60)
    warm_before = charge.temperature_deci_celsius
    charge.plug()
    point.tick(600)
    assert charge.waiting is None
    assert (charge.running.session_id, charge.plugged, charge.last_seq) == (S1, True, point.journal.last_seq)
    # A part of it is lost on the way into the battery.
    assert 400 < charge.battery_permille < 400 + 1000 * charge.energy_mwh // (50 * KWH)
    assert charge.temperature_deci_celsius > warm_before
    charge.unplug()
    point.start(S2)
    charge.plug()
    metered = charge.meter_mwh
    point.tick(60)
    # The register goes on, whoever charges.
    assert charge.meter_mwh == metered + charge.energy_mwh > metered > 0


def test_a_car_that_was_plugged_in_before_begins_at_once(point):
    point.charge.plug()
    point.tick(3)
    assert not point.contactor.closed
    point.start()
    assert point.contactor.closed


def test_the_same_start_again_changes_nothing(point):
    point.start()
    point.start()
    assert point.said == [Ready(session_id=S1)] * 2
    point.charge.plug()
    point.tick(2)
    point.start()
    point.charge.unplug()
    point.start()
    assert len([record for record in point.records() if isinstance(record, SupplyStart)]) == 1
    assert point.said.count(Ready(session_id=S1)) == 2
    assert point.charge.state == "idle"
    point.restart()
    point.link()
    point.start()
    assert point.said == []


def test_a_second_session_is_refused_as_busy_and_the_first_goes_on(charging):
    charging.start(S2)
    charging.start(S2)
    assert charging.ends() == [(S2, "busy")]
    assert charging.contactor.closed
    charging.tick()
    assert charging.journal.running.session_id == S1


def test_a_second_session_is_refused_while_the_first_waits_for_its_plug(point):
    point.start()
    point.start(S2)
    assert point.ends() == [(S2, "busy")]
    point.charge.plug()
    assert point.journal.running.session_id == S1


def test_a_session_that_is_not_plugged_in_in_time_is_refused(point):
    point.start(plug_within_s=10)
    point.tick(9)
    assert point.charge.state == "pending"
    point.tick()
    assert point.ends() == [(S1, "not plugged in")]
    assert point.moments[-1] is PlanMoment.ENDED
    point.charge.plug()
    assert not point.contactor.closed


def test_one_car_gets_one_session(charging):
    charging.tick(3)
    charging.charge.on_stop(S1, "driver")
    charging.start(S2)
    charging.tick(3)
    assert not charging.contactor.closed
    charging.charge.plug()
    assert charging.contactor.closed
    assert charging.journal.running.session_id == S2


def test_plugging_in_twice_and_unplugging_nothing_are_just_said(point, caplog):
    caplog.set_level("INFO")
    point.charge.unplug()
    point.charge.plug()
    point.charge.plug()
    assert "no car is plugged in" in caplog.text
    assert "a car is already plugged in" in caplog.text


def test_without_central_nothing_new_begins_not_even_what_it_authorised(point):
    point.start()
    point.charge.on_link_lost()
    point.charge.plug()
    point.tick(3)
    assert not point.contactor.closed
    point.link()
    point.tick()
    assert point.contactor.closed


# ---- flowing


def test_each_second_is_journaled_then_delivered_then_shown(charging):
    charging.said.clear()
    charging.tick(2)
    assert charging.contactor.delivered_mwh == 12222
    car = SimulatedCar(50 * KWH, charging.permille, 22_000)
    first, second = (
        {"battery_permille": car.charge_permille, "full_in_s": car.full_in_s}
        for _ in range(2)
        if car.read(1.0, 10**12)
    )
    full = [battery["battery_permille"] for battery in (first, second)]
    assert charging.records(1) == [
        Meter(seq=2, session_id=S1, meter_mwh=6111, elapsed_s=1, battery_permille=full[0]),
        Meter(seq=3, session_id=S1, meter_mwh=12222, elapsed_s=2, battery_permille=full[1]),
    ]
    assert charging.said == [
        SupplyUpdate(session_id=S1, power_w=22_000, energy_mwh=6111, temperature_deci_celsius=221, **first),
        SupplyUpdate(session_id=S1, power_w=22_000, energy_mwh=12222, temperature_deci_celsius=223, **second),
    ]
    # The car knows how full it is, and when it will be.
    assert first["full_in_s"] - second["full_in_s"] in (1, 2)


def test_the_register_goes_on_over_sessions_and_each_counts_its_own(charging):
    charging.tick(2)
    charging.charge.unplug()
    charging.start(S2)
    charging.charge.plug()
    charging.tick()
    assert charging.journal.running.meter_mwh == 12222
    assert charging.said[-1].energy_mwh == 6111
    assert charging.journal.meter_mwh == 12222 + 6111 == charging.contactor.delivered_mwh


@pytest.mark.parametrize("limit_mwh", [0, 1, 6110, 6111, 6112, 30_000])
@pytest.mark.parametrize("linked", [True, False])
def test_the_limit_is_reached_exactly_also_without_central(point, limit_mwh, linked):
    point.start(limit_mwh=limit_mwh)
    point.charge.plug()
    if not linked:
        point.charge.on_link_lost()
    point.tick(10)
    assert point.contactor.delivered_mwh == limit_mwh
    assert point.ends() == [(S1, "limit")]
    assert not point.contactor.closed


def test_a_full_battery_ends_the_session(point):
    point.permille = 999
    point.start()
    point.charge.plug()
    point.tick(600)
    assert point.ends() == [(S1, "battery full")]
    assert point.contactor.delivered_mwh == point.journal.meter_mwh == -(-50_000 * 100 // 92)


def test_a_stall_of_the_process_is_not_billed(charging):
    charging.tick(dt_s=3600.0)
    assert charging.journal.meter_mwh == 22_000_000 * 5 // 3600


# ---- ending


@pytest.mark.parametrize("reason", ["driver", "operator", "weather", "fault", "words of a later version"])
def test_a_stop_ends_the_session_with_its_reason(charging, reason):
    charging.tick(2)
    charging.charge.on_stop(S1, reason)
    assert not charging.contactor.closed
    battery = {"battery_permille": charging.charge.battery_permille}
    end = SupplyEnd(seq=4, session_id=S1, meter_mwh=12222, reason=reason, elapsed_s=2, **battery)
    assert charging.records(3) == [end]
    charging.charge.on_stop(S1, "operator")
    charging.tick(2)
    assert charging.journal.last_seq == 4


def test_a_stop_of_a_waiting_session_refuses_it(point):
    point.start()
    point.charge.on_stop(S1, "operator")
    assert point.ends() == [(S1, "operator")]
    assert point.charge.state == "idle"


def test_a_stop_of_a_session_that_never_came_keeps_it_from_ever_starting(point):
    point.charge.on_stop(S1, "operator")
    point.start()
    point.charge.plug()
    assert point.ends() == [(S1, "operator")]
    assert not point.contactor.closed


def test_unplugging_ends_the_session(charging):
    charging.tick()
    charging.charge.unplug()
    assert charging.ends() == [(S1, "unplugged")]
    assert not charging.contactor.closed


def test_unplugging_before_the_session_begins_only_takes_the_car_away(point):
    point.charge.plug()
    point.charge.unplug()
    point.start()
    assert point.charge.state == "pending"
    assert not point.contactor.closed


def test_a_fault_opens_the_contactor_at_once_and_nothing_begins_until_it_is_mended(charging):
    charging.tick()
    charging.charge.break_down()
    charging.charge.break_down()
    assert not charging.contactor.closed
    assert charging.ends() == [(S1, "fault")]
    assert charging.charge.fault == BROKEN
    charging.charge.plug()
    charging.start(S2)
    assert charging.ends()[-1] == (S2, "fault")
    charging.charge.mend()
    charging.charge.mend()
    assert charging.charge.fault is None
    charging.start("S-D03-CP001-00000003")
    assert charging.contactor.closed


def test_a_fault_while_a_session_waits_refuses_it(point):
    point.start()
    point.charge.break_down()
    assert point.ends() == [(S1, "fault")]


def test_an_engine_that_is_stopped_ends_its_session_and_takes_nothing_new(charging):
    charging.tick()
    charging.charge.shut_down()
    assert charging.ends() == [(S1, "engine stopped")]
    assert not charging.contactor.closed
    charging.start(S2)
    assert charging.ends()[-1] == (S2, "engine stopped")


# ---- its own time


def test_a_charge_begins_so_long_after_centrals_instant_as_it_waited_for_the_plug(point):
    point.start(at=NOON)
    point.later(12.5)
    point.charge.plug()
    assert point.journal.running.began_at == NOON + 12.5


def test_without_centrals_instant_only_the_seconds_are_told(point):
    point.start()
    point.charge.plug()
    point.tick(3)
    assert point.journal.running.began_at is UNSET
    assert point.records()[-1].elapsed_s == 3


def test_an_end_tells_the_whole_seconds_that_have_passed_when_it_comes(charging):
    charging.tick(2)
    charging.later(1.9)
    charging.charge.unplug()
    assert charging.records()[-1].elapsed_s == 3


def test_what_began_between_two_ticks_flows_from_then_on(point):
    point.start()
    point.tick()
    point.later(0.75)
    point.charge.plug()
    point.later(-0.75)
    point.tick()
    assert point.charge.energy_mwh == 6111 // 4


@pytest.mark.parametrize("power_cut", [False, True])
def test_a_restart_ends_a_charge_at_the_second_that_was_journaled_last(point, power_cut: bool):
    point.start(at=NOON)
    point.charge.plug()
    point.tick(8)
    battery = {"battery_permille": point.charge.battery_permille}
    # However long the engine is away, and whatever its clocks begin with.
    point.restart(power_cut=power_cut)
    assert point.records()[-1] == SupplyEnd(
        seq=10, session_id=S1, meter_mwh=8 * 6111, reason="restart", elapsed_s=8, **battery
    )


def test_a_charge_that_an_older_engine_began_ends_without_a_time(point):
    point.start()
    point.charge.plug()
    point.journal.append(Meter(seq=2, session_id=S1, meter_mwh=5))
    point.restart()
    assert point.records()[-1] == SupplyEnd(seq=3, session_id=S1, meter_mwh=5, reason="restart")


def test_the_next_charge_counts_from_its_own_beginning(charging):
    charging.tick(5)
    charging.charge.unplug()
    charging.later(100)
    charging.start(S2)
    charging.charge.plug()
    charging.tick(2)
    assert charging.records()[-1].elapsed_s == 2
    assert charging.charge.elapsed_s == 2


# ---- questions of Central


def test_a_query_is_answered_ready_while_the_session_waits_or_runs(point):
    point.start()
    point.said.clear()
    point.charge.on_query(S1)
    point.charge.plug()
    point.charge.on_query(S1)
    assert point.said == [Ready(session_id=S1)] * 2
    assert point.ends() == []


def test_a_query_for_a_session_that_never_came_is_journaled_as_never_started(point):
    point.charge.on_query(S1)
    point.charge.on_query(S1)
    assert point.ends() == [(S1, "never started")]
    point.start()
    assert point.charge.state == "idle"


def test_a_query_for_an_ended_session_adds_nothing(charging):
    charging.charge.unplug()
    charging.charge.on_query(S1)
    assert charging.ends() == [(S1, "unplugged")]


# ---- crashes


@pytest.mark.parametrize("power_cut", [False, True])
@pytest.mark.parametrize("ticks", [0, 3])
def test_a_charge_that_a_crash_cut_short_ends_at_its_last_journaled_meter(charging, ticks, power_cut):
    charging.tick(ticks)
    delivered = charging.contactor.delivered_mwh
    charging.restart(power_cut=power_cut)
    assert not charging.contactor.closed
    assert charging.ends() == [(S1, "restart")]
    assert charging.journal.meter_mwh == delivered
    assert charging.journal.running is None
    charging.restart()
    assert charging.ends() == [(S1, "restart")]


def test_a_session_that_waited_for_its_plug_is_forgotten_by_a_crash_until_central_asks(point):
    point.start()
    point.restart()
    point.link()
    point.charge.on_query(S1)
    assert point.ends() == [(S1, "never started")]


# ---- the durable lane


def test_the_first_word_names_the_journal_and_how_far_it_goes(charging):
    assert charging.charge.sync() == Sync(journal_id=charging.journal.journal_id, last_seq=1)


def sent(point: Point) -> list[int]:
    batch = point.charge.next_batch(point.now_s)
    return [record.seq for record in batch.records] if isinstance(batch, Records) else []


def test_nothing_is_sent_before_central_has_said_what_it_has():
    point = Point()
    point.charge.on_query(S1)
    assert sent(point) == []
    point.link(0)
    assert sent(point) == [1]


def test_starts_and_ends_go_at_once_and_meters_every_five_seconds(charging):
    assert sent(charging) == [1]
    charging.charge.on_ack(1, NOON)
    charging.tick(4)
    assert sent(charging) == []
    charging.tick()
    assert sent(charging) == [2, 3, 4, 5, 6]
    charging.charge.on_ack(6, NOON)
    charging.tick()
    assert sent(charging) == []
    charging.charge.unplug()
    assert sent(charging) == [7, 8]
    assert not charging.charge.delivered
    charging.charge.on_ack(8, NOON)
    assert charging.charge.delivered
    assert sent(charging) == []


def test_one_batch_is_outstanding_and_a_part_of_it_may_be_acknowledged(charging):
    charging.tick(250)
    assert sent(charging) == list(range(1, 101))
    assert sent(charging) == []
    charging.charge.on_ack(40, NOON)
    assert sent(charging) == []
    charging.charge.on_ack(100, NOON)
    assert sent(charging) == list(range(101, 201))
    charging.charge.on_ack(100, NOON)
    assert sent(charging) == []


def test_a_batch_that_central_does_not_acknowledge_is_repeated(charging):
    assert sent(charging) == [1]
    charging.tick(14)
    assert sent(charging) == []
    charging.tick()
    assert sent(charging) == list(range(1, 17))


def test_after_a_lost_link_everything_goes_again_from_what_central_has(charging):
    charging.tick(10)
    assert sent(charging) == list(range(1, 12))
    charging.charge.on_link_lost()
    charging.charge.on_ack(11, NOON)
    assert sent(charging) == []
    assert not charging.charge.linked
    charging.tick(2)
    charging.link(4)
    assert sent(charging) == list(range(5, 14))


def test_a_resync_goes_back_to_what_central_has(charging):
    charging.tick(10)
    sent(charging)
    charging.charge.on_ack(11, NOON)
    assert charging.charge.on_synced(3)
    assert sent(charging) == list(range(4, 12))


# ---- another journal


@pytest.mark.parametrize("by_ack", [False, True])
def test_a_journal_that_is_older_than_central_knows_is_replaced(charging, by_ack):
    charging.tick(3)
    before = charging.journal.journal_id
    again = charging.charge.on_ack(99, NOON) if by_ack else charging.charge.on_synced(99)
    assert again is False
    assert charging.journal.journal_id != before
    assert charging.charge.sync().last_seq == 0
    assert charging.journal.meter_mwh == charging.contactor.delivered_mwh
    assert not charging.contactor.closed
    assert not charging.charge.linked
    charging.start(S1)
    assert charging.charge.state == "idle"
    charging.link(0)
    charging.charge.plug()
    charging.start(S2)
    assert charging.contactor.closed


def test_an_idle_journal_that_is_older_than_central_knows_is_replaced(point):
    assert not point.charge.on_synced(7)
    point.link(0)
    point.start()
    point.charge.plug()
    assert point.contactor.closed


def test_records_that_central_misses_and_that_were_dropped_make_a_new_journal_with_the_rest(
    charging, monkeypatch
):
    monkeypatch.setattr(journal_module, "WORTH_COMPACTING_BYTES", 100)
    charging.tick(3)
    charging.charge.unplug()
    charging.charge.on_ack(5, NOON)
    charging.charge.on_query(S2)
    charging.charge.on_ack(6, NOON + 8 * 86_400)
    assert charging.journal.first_seq == 6
    charging.charge.on_link_lost()
    before = charging.journal.journal_id
    assert not charging.charge.on_synced(2)
    assert charging.journal.journal_id != before
    charging.link(0)
    batch = charging.charge.next_batch(charging.now_s)
    assert batch == Records(records=[SupplyRefused(seq=1, session_id=S2, reason="never started")])


def test_a_running_charge_survives_a_central_that_lost_old_records(charging, monkeypatch):
    monkeypatch.setattr(journal_module, "WORTH_COMPACTING_BYTES", 100)
    charging.charge.unplug()
    charging.charge.on_ack(2, NOON)
    charging.charge.on_query("S-D03-CP001-00000003")
    charging.charge.on_ack(3, NOON + 8 * 86_400)
    charging.start(S2)
    charging.charge.plug()
    charging.tick(2)
    assert not charging.charge.on_synced(0)
    assert charging.contactor.closed
    charging.link(0)
    charging.tick()
    assert charging.journal.running.session_id == S2
    assert charging.contactor.delivered_mwh == charging.journal.meter_mwh


# ---- a failing disk


def test_a_full_disk_is_a_fault_before_anybody_asks_and_goes_away_with_room(point, caplog):
    caplog.set_level("INFO")
    point.charge.plug()
    point.start()
    point.disk.free_bytes = 0
    point.charge.unplug()
    assert point.charge.fault == JOURNAL_FULL
    point.start(S2)
    assert point.ends()[-1] == (S2, "fault")
    point.tick(3)
    assert len([line for line in caplog.records if line.levelname == "ERROR"]) == 1
    point.disk.free_bytes = 1 << 30
    point.tick()
    assert point.charge.fault is None
    assert "room for the journal again" in caplog.text


def test_a_start_that_finds_no_room_is_refused(point):
    point.start()
    point.disk.free_bytes = 0
    point.disk.names["journal"].taken = 0
    point.charge.plug()
    assert not point.contactor.closed
    point.disk.free_bytes = 1 << 30
    point.tick()
    assert point.ends() == [(S1, "fault")]


def test_power_does_not_begin_without_the_space_of_a_whole_session(point):
    point.disk.free_bytes = 0
    for number in range(20):
        point.charge.on_query(f"S-D09-CP001-{number:08}")
    point.start()
    point.charge.plug()
    assert not point.contactor.closed
    assert point.ends()[-1] == (S1, "fault")
    assert point.charge.fault == JOURNAL_FULL


def test_a_charge_that_uses_up_its_space_on_a_full_disk_ends_as_a_fault(monkeypatch):
    monkeypatch.setattr(journal_module, "SESSION_BYTES", 4096)
    charging = Point()
    charging.link()
    charging.start()
    charging.charge.plug()
    charging.disk.free_bytes = 0
    charging.tick(100)
    assert charging.ends() == [(S1, "fault")]
    assert charging.charge.fault == JOURNAL_FULL
    assert not charging.contactor.closed
    assert charging.journal.meter_mwh == charging.contactor.delivered_mwh > 0


@pytest.mark.parametrize("step", ["write", "data sync"])
def test_a_disk_that_fails_during_a_charge_powers_off_and_ends_it_at_what_is_there(charging, step):
    charging.tick(3)
    charging.disk.fail_next[step] = 1
    charging.tick()
    assert not charging.contactor.closed
    assert charging.ends() == [(S1, "fault")]
    assert charging.moments.count(PlanMoment.ENDED) == 1
    assert 0 <= charging.journal.meter_mwh - charging.contactor.delivered_mwh <= 6112
    assert charging.charge.fault is None
    charging.charge.plug()
    charging.start(S2)
    assert charging.contactor.closed


@pytest.mark.parametrize("step", ["write", "sync"])
def test_a_disk_that_fails_at_a_start_lets_no_power_flow(point, step):
    point.start()
    point.disk.fail_next[step] = 1
    point.charge.plug()
    assert not point.contactor.closed
    # Either the start reached the disk after all and ended with nothing, or it never did.
    assert point.ends() == [(S1, "fault")]
    assert point.journal.meter_mwh == 0


def test_a_disk_that_fails_at_the_end_of_a_charge_still_ends_it_once(charging):
    charging.tick(2)
    charging.disk.fail_next["sync"] = 1
    charging.charge.unplug()
    assert not charging.contactor.closed
    assert len(charging.ends()) == 1
    assert charging.journal.running is None
    assert charging.moments.count(PlanMoment.ENDED) == 1


def test_a_disk_that_fails_again_stops_the_engine_with_the_power_off(charging):
    charging.disk.fail_next = {"data sync": 1}
    charging.tick()
    charging.charge.plug()
    charging.start(S2)
    charging.tick()
    charging.disk.fail_next = {"data sync": 1}
    with pytest.raises(StateError, match="replace the disk"):
        charging.tick()
    assert not charging.contactor.closed


def test_a_refusal_that_finds_no_room_is_journaled_when_there_is_some(point, monkeypatch):
    point.disk.free_bytes = 0
    segment = point.journal._segment
    monkeypatch.setattr(segment, "_size", segment.end)
    point.disk.names["journal"].taken = segment.end
    point.charge.on_query(S1)
    assert point.ends() == []
    assert not point.charge.delivered
    point.charge.on_query(S1)
    point.start()
    point.tick()
    assert point.ends() == []
    point.disk.free_bytes = 1 << 30
    point.tick()
    assert point.ends() == [(S1, "never started")]


# ---- everything at once


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_power_is_journaled_limited_and_ended_once(seed):
    chance = random.Random(seed)
    point = Point()
    point.link()
    committed = 0
    limits: dict[str, int] = {}
    for step in range(120):
        match chance.randrange(12):
            case 0 | 1:
                session = chance.choice([*limits, f"S-{seed:04}{step:04}"][-3:])
                limits.setdefault(session, chance.choice([0, 5000, 20_000, KWH]))
                point.start(session, limits[session], plug_within_s=20)
            case 2 | 3:
                point.charge.plug()
            case 4:
                point.charge.unplug()
            case 5 if limits:
                point.charge.on_stop(chance.choice(list(limits)), "driver")
            case 6 if limits:
                point.charge.on_query(chance.choice(list(limits)))
            case 7:
                point.charge.on_link_lost()
                point.link(committed)
            case 8 if chance.random() < 0.5:
                point.restart(power_cut=chance.random() < 0.5)
                point.link(committed)
            case 9 if chance.random() < 0.3:
                point.charge.break_down()
                point.tick()
                point.charge.mend()
            case _:
                point.tick(chance.randrange(4))
        batch = point.charge.next_batch(point.now_s)
        if batch is not None:
            assert batch.records[0].seq <= committed + 1
            committed = batch.records[-1].seq
            if chance.random() < 0.7:
                point.charge.on_ack(committed, NOON)
    point.charge.shut_down()
    assert point.contactor.delivered_mwh == point.journal.meter_mwh
    energy: dict[str, int] = {}
    ended: list[str] = []
    began_at = after = 0
    elapsed_s: Any = 0
    while told := point.records(after):
        for record in told:
            match record:
                case SupplyStart():
                    began_at = record.meter_mwh
                    elapsed_s = 0
                case Meter() | SupplyEnd():
                    assert record.elapsed_s >= elapsed_s
                    elapsed_s = record.elapsed_s
            match record:
                case SupplyEnd():
                    energy[record.session_id] = record.meter_mwh - began_at
                    ended.append(record.session_id)
                case SupplyRefused():
                    ended.append(record.session_id)
        after = told[-1].seq
    assert len(ended) == len(set(ended))
    assert all(energy[session] <= limits[session] for session in energy)
    assert sum(energy.values()) == point.contactor.delivered_mwh
