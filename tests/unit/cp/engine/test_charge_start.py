"""When a charge begins, and what refuses it."""

from evcharge.cp.engine.charge import PlanMoment
from evcharge.cp.hardware import Flow
from evcharge.domain.journal_records import SupplyStart
from evcharge.evc1.messages import Ready
from tests.unit.cp.engine.charge_point import KWH, S1, S2

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
