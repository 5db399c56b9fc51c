"""Alerts by their causes: debts, weather, the clock, the Registry, a charging point; one cause is one alert."""

from datetime import UTC, datetime, timedelta

import pytest

from evcharge.central.rules.alert_kinds import WEATHER, WRONG_SERVICE_KEY, AlertKind
from evcharge.central.rules.facts import Weather
from evcharge.central.views.alerts import Alerts, alert_text, restored_text
from evcharge.domain import events as e
from evcharge.domain.location import Location, WeatherKind

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
ENGINE = {"cp_id": "CP001", "link": 1, "journal_id": "a" * 32, "last_seq": 0}


# ---- debts


def test_a_debt_is_open_until_it_is_paid_or_the_facts_say_that_it_is_not():
    alerts = Alerts()
    paid = {"driver_id": "D01", "session_id": "S-1", "cents": 25, "balance_cents": 0}
    alerts.adopt([], NOON, debts={"D01": 125})
    assert [(one.id, one.detail) for one in alerts.open()] == [("D01-debt", "1.25 €")]
    alerts.take(e.DebtPaid(**paid, left_cents=100, owed_cents=100), LATER)
    assert [(one.detail, one.times) for one in alerts.open()] == [("1.00 €", 1)]
    alerts.take(e.DebtPaid(**paid, left_cents=0, owed_cents=0), LATER)
    assert alerts.open() == []
    assert restored_text(alerts.recent()[0]) == "D01 owes nothing any more."


def test_a_debt_outlives_its_owners_registration_with_or_without_a_restart_of_central():
    alerts, restarted = Alerts(), Alerts()
    alerts.adopt([], NOON, debts={"D01": 125})
    for one in (alerts, restarted):
        one.take(e.DriverWithdrawn(driver_id="D01", epoch=1, balance_cents=0), LATER)
    restarted.adopt([], LATER, debts={"D01": 125})
    assert [one.id for one in alerts.open()] == [one.id for one in restarted.open()] == ["D01-debt"]


def corrected(**what: object) -> e.TicketCorrected:
    usual = {
        "session_id": "S-1", "request_id": "R-1", "cp_id": "CP001", "driver_id": "D01", "number": 1, "kind": "ORDER",
        "energy_mwh": 0, "cost_cents": 0, "paid_cents": 0, "reason": "x", "ended_at": 0.0, "elapsed_s": None,
        "ticket_ended_at": 0.0, "balance_cents": 0,
    }  # fmt: skip
    return e.TicketCorrected(**usual | what)


def test_a_debt_that_is_let_off_is_open_no_more():
    alerts = Alerts()
    alerts.adopt([], NOON, debts={"D01": 125})
    alerts.take(corrected(owed_cents=-25, all_owed_cents=100), LATER)
    assert [(one.detail, one.times) for one in alerts.open()] == [("1.00 €", 1)]
    alerts.take(corrected(owed_cents=-100, all_owed_cents=0), LATER)
    assert alerts.open() == []
    # What another registration of the id pays says nothing of the rest.
    alerts.adopt([], NOON, debts={"D02": 125})
    paid = {"driver_id": "D02", "session_id": "S-2", "cents": 25, "balance_cents": 0, "left_cents": 0}
    alerts.take(e.DebtPaid(**paid, owed_cents=0, former_owner=True, all_owed_cents=100), LATER)
    assert [(one.about, one.detail) for one in alerts.open()] == [("D02", "1.00 €")]
    alerts.take(e.DebtPaid(**paid, owed_cents=0, all_owed_cents=0), LATER)
    # An event of an older release does not say how much is owed in all.
    alerts.adopt([], NOON, debts={"D01": 125})
    alerts.take(corrected(owed_cents=-125, all_owed_cents=None), LATER)
    assert len(alerts.open()) == 1


def test_a_debt_whose_alert_was_closed_is_one_again_when_more_is_owed():
    alerts = Alerts()
    alerts.take(e.AlertClosed(alert_id="D01-debt"), NOON)
    alerts.adopt([], NOON, debts={"D01": 125})
    assert alerts.open() == []
    alerts.take(corrected(owed_cents=25), LATER)
    assert [one.id for one in alerts.open()] == ["D01-debt"]


# ---- weather


def test_a_weather_alert_of_before_a_start_is_open_after_it():
    alerts = Alerts()
    weather = Weather(location=Location("Elche"), alerts=frozenset({WeatherKind.WIND, WeatherKind.COLD}))
    alerts.adopt([], LATER, [weather, Weather(location=Location("Altea"))])
    (alert,) = alerts.open()
    assert (alert.about, alert_text(alert)) == (
        "Elche",
        "Weather in Elche: cold, strong wind. Its charging points are out of order.",
    )


def test_an_override_shows_in_the_alert_until_it_is_taken_back():
    alerts = Alerts()
    alerts.take(e.WeatherAlertRaised(location="Elche", alert="COLD"), NOON)
    before = alerts.revision
    alerts.take(e.WeatherOverridden(location="Elche", override=True), LATER)
    (alert,) = alerts.open()
    assert alert_text(alert) == (
        "Weather in Elche: cold. An operator has overridden it: its charging points work."
    )
    assert "Un operador lo ha anulado" in alert_text(alert, "es")
    assert alerts.revision > before
    # More bad weather there is overridden, too.
    alerts.take(e.WeatherAlertRaised(location="Elche", alert="WIND"), LATER)
    assert alerts.open()[0].overridden
    alerts.take(e.WeatherOverridden(location="Elche", override=False), LATER)
    assert alert_text(alerts.open()[0]).endswith("Its charging points are out of order.")


def test_an_override_of_before_a_start_shows_after_it():
    alerts = Alerts()
    cold = frozenset({WeatherKind.COLD})
    alerts.adopt([], LATER, [Weather(location=Location("Elche"), alerts=cold, override=True)])
    assert alerts.open()[0].overridden


def test_one_of_two_weather_alerts_may_end_before_the_other():
    alerts = Alerts()
    for kind in ("COLD", "WIND"):
        alerts.take(e.WeatherAlertRaised(location="Elche", alert=kind), NOON)
    alerts.take(e.WeatherAlertCleared(location="Elche", alerts=("COLD",), left=("WIND",)), LATER)
    (alert,) = alerts.open()
    assert (alert.detail, alert.times, alert.since) == ("WIND", 2, NOON)
    alerts.take(e.WeatherAlertCleared(location="Elche", alerts=("WIND",)), LATER)
    assert alerts.open() == []


def test_a_location_called_weather_is_not_the_service():
    alerts = Alerts()
    alerts.take(e.WeatherAlertRaised(location="WEATHER", alert="COLD"), NOON)
    assert not alerts.is_open(WEATHER, AlertKind.WEATHER_SERVICE)
    alerts.take(e.WeatherLost(why="the weather service was stopped"), NOON)
    alerts.take(e.WeatherReached(), LATER)
    assert alerts.is_open(WEATHER, AlertKind.WEATHER)


def test_several_kinds_of_weather_are_one_alert_that_names_them_all():
    alerts = Alerts()
    for kind in ("COLD", "STORM", "COLD"):
        alerts.take(e.WeatherAlertRaised(location="Elche", alert=kind), NOON)
    (alert,) = alerts.open()
    assert alert.detail == "COLD STORM"
    assert "frío, tormenta" in alert_text(alert, "es")


# ---- the clock, and the Registry


def test_a_clock_that_goes_further_off_is_one_alert_which_says_how_far():
    alerts = Alerts()
    alerts.take(e.ClockOff(seconds=9), NOON)
    alerts.take(e.ClockOff(seconds=-3600), LATER)
    (alert,) = alerts.open()
    assert (alert.id, alert.times, alert.since) == ("CENTRAL-clock-off", 1, NOON)
    assert alert_text(alert).startswith(
        "The clock of Central's computer is -3600 s from that of its database"
    )
    assert "está a -3600 s del de su base de datos" in alert_text(alert, "es")


def test_a_wrong_credential_at_the_registry_is_an_alert_unless_its_owner_has_come_in_since():
    alerts = Alerts()
    shown = {"n": 1, "what": "POST /v1/ticket", "target": "CP001", "result": "E_CREDENTIAL"}
    alerts.take(e.RegistryNoted(at=NOON.timestamp(), **shown), NOON)
    (alert,) = alerts.open()
    assert alert.id == "CP001-not-understood"
    assert "se mostró al Registry una credencial incorrecta" in alert_text(alert, "es")
    alerts.take(e.MonitorSpoke(cp_id="CP001"), LATER)
    assert alerts.open() == []
    alerts.take(e.RegistryNoted(at=NOON.timestamp(), **shown), LATER)
    assert alerts.open() == []


def test_a_registry_with_another_service_key_answers_and_is_not_understood():
    alerts = Alerts()
    alerts.take(e.RegistryLost(why="connection refused"), NOON)
    alerts.take(e.RegistryLost(why=WRONG_SERVICE_KEY), LATER)
    (wrong_key,) = alerts.open()
    assert alert_text(wrong_key).startswith("Unable to connect to REGISTRY. Messages not comprehensible.")
    assert "la service.key de aquí no es la del Registry" in alert_text(wrong_key, "es")
    alerts.take(e.RegistryReached(), LATER)
    assert alerts.open() == []


# ---- a charging point, whose engine and monitor are missed


def test_a_fault_whose_text_changes_is_one_alert_that_happened_once():
    alerts = Alerts()
    for text in ("hot", "hotter", "burning"):
        alerts.take(e.FaultReported(cp_id="CP001", fault=text), NOON)
    (alert,) = alerts.open()
    assert (alert.detail, alert.times) == ("burning", 1)


@pytest.mark.parametrize("lost", [e.EngineLost, e.MonitorLost])
def test_peers_that_central_itself_sent_away_when_it_stopped_are_no_trouble(lost: type[e.Event]):
    alerts = Alerts()
    alerts.take(lost(cp_id="CP001", link=1, reason=e.CENTRAL_STOPPED), NOON)
    assert alerts.recent() == []


def kinds(alerts: Alerts) -> list[AlertKind]:
    return [alert.kind for alert in alerts.open()]


def test_a_dead_engine_is_one_alert_whoever_misses_it_first():
    lost, missed = (
        e.EngineLost(cp_id="CP001", link=1, reason="cut"),
        e.FaultReported(cp_id="CP001", fault="x"),
    )
    for order in ((lost, missed), (missed, lost)):
        alerts = Alerts()
        for event in order:
            alerts.take(event, NOON)
        assert kinds(alerts) == [AlertKind.FAULT]
        alerts.take(e.EngineConnected(**ENGINE), LATER)
        alerts.take(e.FaultCleared(cp_id="CP001", fault="x"), LATER)
        assert kinds(alerts) == []


def test_an_engine_that_stays_away_when_its_fault_is_over_is_told_of_since_it_went():
    alerts = Alerts()
    alerts.take(e.EngineLost(cp_id="CP001", link=1, reason="cut"), NOON)
    alerts.take(e.FaultReported(cp_id="CP001", fault="x"), LATER)
    alerts.take(e.FaultCleared(cp_id="CP001", fault="x"), LATER)
    (alert,) = alerts.open()
    assert (alert.kind, alert.detail, alert.since) == (AlertKind.ENGINE, "cut", NOON)


def test_links_that_end_by_a_revocation_are_no_alerts_of_their_own():
    alerts = Alerts()
    alerts.take(e.KeyRevoked(cp_id="CP001", epoch=1), NOON)
    alerts.take(e.EngineLost(cp_id="CP001", link=1, reason="its keys were revoked"), NOON)
    alerts.take(e.MonitorLost(cp_id="CP001", link=2, reason="its keys were revoked"), NOON)
    assert kinds(alerts) == [AlertKind.REVOKED]


def test_a_dead_engine_stays_taken_whatever_its_alert_becomes():
    alerts = Alerts()
    alerts.take(e.EngineLost(cp_id="CP001", link=1, reason="cut"), NOON)
    alerts.take(e.AlertTaken(alert_id="CP001-engine", by="ana"), NOON)
    alerts.take(e.FaultReported(cp_id="CP001", fault="engine does not answer"), NOON)
    (alert,) = alerts.open()
    assert (alert.kind, alert.taken_by) == (AlertKind.FAULT, "ana")


@pytest.mark.parametrize("engine_first", [True, False])
def test_a_charging_point_that_is_cut_off_is_one_alert(engine_first: bool):
    alerts = Alerts()
    lost = [
        e.EngineLost(cp_id="CP001", link=1, reason="cut"),
        e.MonitorLost(cp_id="CP001", link=2, reason="cut"),
    ]
    for event in lost if engine_first else lost[::-1]:
        alerts.take(event, NOON)
    (alert,) = alerts.open()
    assert (alert.kind, alert.both) == (AlertKind.MONITOR, True)
    assert alert_text(alert) == "CP001 is disconnected: neither its monitor nor its engine is heard (cut)."
    alerts.take(e.EngineConnected(**ENGINE), LATER)
    assert alert_text(alerts.open()[0]) == "CP001 is disconnected: its monitor is not heard (cut)."
    alerts.take(e.MonitorSpoke(cp_id="CP001"), LATER)
    assert alerts.open() == []


def test_an_engine_that_stays_away_when_its_monitor_is_back_is_an_alert_of_its_own():
    alerts = Alerts()
    alerts.take(e.EngineLost(cp_id="CP001", link=1, reason="cut"), NOON)
    alerts.take(e.MonitorLost(cp_id="CP001", link=2, reason="cut"), NOON)
    alerts.take(e.MonitorSpoke(cp_id="CP001"), LATER)
    (alert,) = alerts.open()
    assert (alert.kind, alert.since) == (AlertKind.ENGINE, NOON)


def test_an_engine_that_does_not_come_back_after_new_keys_were_issued_is_missed():
    alerts = Alerts()
    alerts.take(e.KeyRevoked(cp_id="CP001", epoch=1), NOON)
    alerts.take(e.EngineLost(cp_id="CP001", link=1, reason="its keys were revoked"), NOON)
    alerts.take(e.MonitorLost(cp_id="CP001", link=2, reason="its keys were revoked"), NOON)
    # The monitor was told the new credential, and the engine on another PC was not.
    alerts.take(e.KeyRestored(cp_id="CP001", epoch=2), LATER)
    alerts.take(e.MonitorSpoke(cp_id="CP001"), LATER)
    (alert,) = alerts.open()
    assert (alert.kind, alert.since) == (AlertKind.ENGINE, LATER)
    alerts.take(e.EngineConnected(**ENGINE), LATER)
    assert alerts.open() == []


# ---- one of several


def test_who_of_several_is_away_is_told_by_name():
    alerts = Alerts()
    for role, name in (("registry", "b:5001"), ("central", "B")):
        alerts.take(e.MemberAway(role=role, name=name, why="no answer in time"), NOON)
    (alert,) = alerts.away("registry").values()
    assert alert_text(alert) == (
        "REGISTRY:b:5001 is away (no answer in time); the network goes on without it."
    )
    assert alert_text(alert, "de").startswith("REGISTRY:b:5001 fehlt (")
    assert (list(alerts.away("registry")), list(alerts.away("central"))) == (["b:5001"], ["B"])
    alerts.take(e.MemberBack(role="central", name="B"), LATER)
    assert not alerts.away("central")


def test_one_of_several_whose_alert_was_closed_is_told_away_until_it_is_back_or_missed_anew():
    alerts = Alerts()
    missed, back = (
        e.MemberAway(role="central", name="B", why="silent for 5 s"),
        e.MemberBack(role="central", name="B"),
    )
    for ends in (back, missed):
        alerts.take(missed, NOON)
        assert alerts.told_away("central") == {"B"}
        alerts.take(e.AlertClosed(alert_id="CENTRAL:B-away"), NOON)
        assert not alerts.away("central")
        assert (alerts.told_away("central"), alerts.told_away("registry")) == ({"B"}, set())
        alerts.take(ends, LATER)
        assert alerts.told_away("central") == set(alerts.away("central"))
    assert [one.id for one in alerts.open()] == ["CENTRAL:B-away"]
