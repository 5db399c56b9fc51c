"""The weather withholds the charging points of its location, and only it lets them go again."""

from datetime import timedelta

import pytest

from evcharge.central.rules import commands as c
from evcharge.central.rules import weather
from evcharge.central.rules.facts import Weather
from evcharge.central.rules.pending_facts import PendingFacts
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus, Hold
from evcharge.domain.errors import Code
from evcharge.domain.location import Location, WeatherKind
from evcharge.domain.session import EndReason
from evcharge.labels.command_refusals import in_words
from tests.unit.central.builders import NOON, Network, only, said

COLD, WIND = WeatherKind.COLD, WeatherKind.WIND


@pytest.fixture
def town() -> Network:
    network = Network()
    network.point_is_there("CP001", location="Alicante")
    network.point_is_there("CP002", location="Elche")
    network.driver_is_there()
    return network


def alert(town: Network, location: str = "Alicante", kind: WeatherKind = COLD, **what: object):
    return town.does(c.WeatherAlert, location=location, alert=kind, **what)


def known(town: Network, location: str = "Alicante") -> Weather:
    found = town.facts.weather(Location(location))
    assert found is not None
    return found


# ---- alerts


def test_an_alert_holds_the_points_of_its_location_and_no_others(town: Network):
    decision = alert(town, temperature_celsius=-3.5, text="snow")
    assert said(decision) == [events.WeatherAlertRaised, events.HoldPlaced]
    raised = only(decision, events.WeatherAlertRaised)
    assert (raised.location, raised.alert, raised.temperature_celsius, raised.text) == (
        "Alicante", "COLD", -3.5, "snow",
    )  # fmt: skip
    assert (town.point("CP001").status, town.point("CP001").reason) == (CpStatus.UNAVAILABLE, "weather")
    assert town.point("CP002").status is CpStatus.AVAILABLE
    assert known(town).temperature_celsius == -3.5


@pytest.mark.parametrize("spelling", ["ALICANTE", " alicante ", "aLiCaNtE"])
def test_the_spelling_of_a_location_does_not_matter(town: Network, spelling: str):
    alert(town, spelling)
    assert town.point().holds == {Hold.WEATHER}
    assert known(town, "alicante").location.name == "Alicante"


def test_a_street_is_not_a_strasse_for_nothing():
    assert Location("Große  Straße") == Location("GROSSE STRASSE")
    assert Location("Elche") != Location("Elda")


def test_an_alert_ends_the_running_charge_because_of_the_weather(town: Network):
    session = town.charging(more_mwh=1_000)
    decision = alert(town)
    assert only(decision, events.StopOrdered).reason is EndReason.WEATHER
    town.sends(town.engines["CP001"].ended(session.session_id, reason="weather"))
    assert town.tickets[0].reason is EndReason.WEATHER
    assert town.point().status is CpStatus.UNAVAILABLE


def test_an_alert_that_is_repeated_changes_nothing(town: Network):
    alert(town)
    assert alert(town).is_empty


def test_a_repeated_alert_may_bring_a_new_temperature(town: Network):
    alert(town, temperature_celsius=-1.0)
    decision = alert(town, temperature_celsius=-2.0)
    assert (decision.events, known(town).temperature_celsius) == ((), -2.0)


def test_a_second_kind_of_alert_holds_nobody_twice(town: Network):
    alert(town)
    assert said(alert(town, kind=WIND)) == [events.WeatherAlertRaised]
    assert known(town).alerts == {COLD, WIND}


def test_good_weather_lifts_the_hold_of_the_weather_and_no_other(town: Network):
    alert(town)
    alert(town, kind=WIND)
    town.holds(Hold.OPERATOR)
    decision = town.does(c.WeatherClear, location="ALICANTE")
    assert only(decision, events.WeatherAlertCleared).alerts == ("COLD", "WIND")
    assert town.point().holds == {Hold.OPERATOR}
    assert (town.point().status, town.point().reason) == (CpStatus.UNAVAILABLE, "operator")
    assert town.does(c.WeatherClear, location="Alicante").is_empty


def test_one_alert_may_end_before_the_other_and_the_hold_stays(town: Network):
    alert(town)
    alert(town, kind=WIND)
    town.does(c.WeatherOverride, location="Alicante", override=True)
    town.does(c.WeatherOverride, location="Alicante", override=False)
    decision = town.does(c.WeatherClear, location="Alicante", alert=COLD)
    cleared = only(decision, events.WeatherAlertCleared)
    assert (cleared.alerts, cleared.left) == (("COLD",), ("WIND",))
    assert said(decision) == [events.WeatherAlertCleared]
    assert town.point().holds == {Hold.WEATHER}
    assert town.does(c.WeatherClear, location="Alicante", alert=COLD).is_empty
    decision = town.does(c.WeatherClear, location="Alicante", alert=WIND)
    assert said(decision) == [events.WeatherAlertCleared, events.HoldLifted]
    assert not town.point().holds


def test_an_override_holds_until_the_last_alert_has_ended(town: Network):
    alert(town)
    alert(town, kind=WIND)
    town.does(c.WeatherOverride, location="Alicante", override=True)
    town.does(c.WeatherClear, location="Alicante", alert=COLD)
    assert known(town).override
    assert not town.point().holds
    town.does(c.WeatherClear, location="Alicante", alert=WIND)
    assert not known(town).override


def test_an_alert_is_not_newer_than_its_measurement(town: Network):
    measured_at = town.rules.now - timedelta(minutes=10)
    alert(town, temperature_celsius=-4.0, measured_at=measured_at)
    assert known(town).measured_at == measured_at
    # So the next measurement, which is also some minutes old, is news.
    later = measured_at + timedelta(seconds=30)
    town.does(c.WeatherReport, location="Alicante", temperature_celsius=3.0, measured_at=later)
    assert known(town).temperature_celsius == 3.0
    alert(town, temperature_celsius=-9.0, kind=WIND, measured_at=measured_at)
    assert known(town).temperature_celsius == 3.0
    assert known(town).alerts == {COLD, WIND}


@pytest.mark.parametrize("ahead", [timedelta(minutes=6), timedelta(hours=1), timedelta(days=365)])
def test_an_alert_holds_however_far_the_clock_of_its_source_is_ahead_of_centrals(
    town: Network, ahead: timedelta
):
    alert(town, temperature_celsius=-4.0, measured_at=town.rules.now + ahead)
    assert town.point().holds == {Hold.WEATHER}
    # It counts as measured now.
    assert (known(town).temperature_celsius, known(town).measured_at) == (-4.0, town.rules.now)


def test_resume_does_not_undo_the_weather(town: Network):
    alert(town)
    town.holds()
    town.lifts()
    assert town.point().holds == {Hold.WEATHER}


def test_good_weather_where_nothing_was_wrong_is_nothing(town: Network):
    assert town.does(c.WeatherClear, location="Nowhere").is_empty
    town.does(c.WeatherReport, location="Alicante", temperature_celsius=20.0)
    assert town.does(c.WeatherClear, location="Alicante").is_empty


# ---- points that come, and points that move


def test_a_point_that_is_new_in_bad_weather_is_held(town: Network):
    alert(town)
    decision = town.engine("CP009", location="alicante")
    assert said(decision)[:2] == [events.PointAdded, events.HoldPlaced]
    assert town.point("CP009").holds == {Hold.WEATHER}


def test_an_alert_may_be_there_before_the_first_point(town: Network):
    town.does(c.WeatherReport, location="Altea", temperature_celsius=-3.0)
    alert(town, "Altea")
    town.point_is_there("CP009", location="Altea")
    assert town.point("CP009").status is CpStatus.UNAVAILABLE


def test_a_point_that_moves_into_bad_weather_is_held_and_its_charge_ends(town: Network):
    alert(town, "Elche")
    town.charging()
    decision = town.does(c.MovePoint, cp_id="CP001", location="elche")
    assert said(decision) == [events.PointMoved, events.HoldPlaced, events.StopOrdered]
    assert only(decision, events.StopOrdered).reason is EndReason.WEATHER


def test_a_point_that_moves_out_of_bad_weather_is_free(town: Network):
    alert(town)
    town.does(c.MovePoint, cp_id="CP001", location="Altea")
    assert town.point().status is CpStatus.AVAILABLE


def test_a_point_that_the_registry_moves_heeds_the_weather_there_too(town: Network):
    alert(town, "Elche")
    decision = town.engine(said_location="Elche")
    assert events.HoldPlaced in said(decision)
    town.engine(said_location="Altea")
    assert town.point().holds == frozenset()


# ---- override


def test_an_override_frees_the_points_while_the_alert_lasts(town: Network):
    alert(town)
    decision = town.does(c.WeatherOverride, location="alicante", override=True)
    assert said(decision) == [events.WeatherOverridden, events.HoldLifted]
    assert (town.point().status, known(town).override) == (CpStatus.AVAILABLE, True)
    assert alert(town).is_empty
    assert town.point().status is CpStatus.AVAILABLE
    town.point_is_there("CP009", location="Alicante")
    assert town.point("CP009").status is CpStatus.AVAILABLE


def test_an_override_is_for_the_alerts_there_were_and_ends_with_another_kind(town: Network):
    alert(town)
    town.does(c.WeatherOverride, location="Alicante", override=True)
    town.charging()
    decision = alert(town, kind=WIND)
    assert said(decision) == [
        events.WeatherAlertRaised, events.WeatherOverridden, events.HoldPlaced, events.StopOrdered,
    ]  # fmt: skip
    assert only(decision, events.WeatherOverridden) == events.WeatherOverridden(
        location="Alicante", override=False
    )
    assert (known(town).override, town.point().holds) == (False, {Hold.WEATHER})
    # An operator who knows of both may say so again.
    town.does(c.WeatherOverride, location="Alicante", override=True)
    assert not town.point().holds


def test_an_override_that_is_taken_back_holds_and_ends_what_runs(town: Network):
    alert(town)
    town.does(c.WeatherOverride, location="Alicante", override=True)
    town.charging()
    decision = town.does(c.WeatherOverride, location="Alicante", override=False)
    assert said(decision) == [events.WeatherOverridden, events.HoldPlaced, events.StopOrdered]


def test_an_override_ends_with_the_alerts_it_was_meant_for(town: Network):
    alert(town)
    town.does(c.WeatherOverride, location="Alicante", override=True)
    town.does(c.WeatherClear, location="Alicante")
    assert not known(town).override
    alert(town)
    assert town.point().holds == {Hold.WEATHER}


def test_an_override_that_is_repeated_changes_nothing(town: Network):
    alert(town)
    town.does(c.WeatherOverride, location="Alicante", override=True)
    assert town.does(c.WeatherOverride, location="Alicante", override=True).is_empty
    assert town.does(c.WeatherOverride, location="Elche", override=False).is_empty


def test_what_is_told_of_the_weather_names_the_place_as_it_is_kept(town: Network):
    alert(town)
    overridden = only(
        town.does(c.WeatherOverride, location="ALICANTE", override=True), events.WeatherOverridden
    )
    assert (overridden.location, overridden.override) == ("Alicante", True)
    taken_back = only(
        town.does(c.WeatherOverride, location="ALICANTE", override=False), events.WeatherOverridden
    )
    assert taken_back.override is False
    cleared = only(town.does(c.WeatherClear, location="ALICANTE"), events.WeatherAlertCleared)
    assert cleared.location == "Alicante"


@pytest.mark.parametrize("is_known", [False, True])
def test_there_is_nothing_to_override_in_good_weather(town: Network, is_known: bool):
    if is_known:
        town.does(c.WeatherReport, location="Elche", temperature_celsius=20.0)
    refusal = town.refuses(c.WeatherOverride, location="Elche", override=True)
    assert refusal.code is Code.CONFLICT
    assert "Elche" in in_words(refusal)


# ---- measurements


def test_a_measurement_is_kept_and_holds_nobody(town: Network):
    decision = town.does(
        c.WeatherReport,
        location="alicante",
        temperature_celsius=-30.0,
        wind_m_per_s=2.5,
        source="OpenWeather",
    )
    assert decision.events == ()
    assert known(town) == Weather(
        location=Location("Alicante"), temperature_celsius=-30.0, wind_m_per_s=2.5, measured_at=NOON, received_at=NOON,
        source="OpenWeather",
    )  # fmt: skip
    assert town.point().status is CpStatus.AVAILABLE


def test_where_a_place_is_stays_known_until_a_source_says_otherwise(town: Network):
    report = {"location": "Alicante", "temperature_celsius": 20.0}
    town.does(c.WeatherReport, **report, latitude=38.35, longitude=-0.48, country="ES")
    town.does(c.WeatherReport, **report)
    assert (known(town).latitude, known(town).longitude, known(town).country) == (38.35, -0.48, "ES")
    town.does(c.WeatherReport, **report, latitude=52.5, longitude=13.4)
    assert (known(town).latitude, known(town).longitude, known(town).country) == (52.5, 13.4, "")


def test_a_measurement_does_not_end_an_alert(town: Network):
    alert(town)
    town.does(c.WeatherReport, location="Alicante", temperature_celsius=20.0)
    assert known(town).alerts == {COLD}


def test_an_older_measurement_does_not_replace_a_newer_one(town: Network):
    town.does(c.WeatherReport, location="Alicante", temperature_celsius=20.0)
    older = {"location": "Alicante", "temperature_celsius": 1.0, "measured_at": NOON - timedelta(hours=1)}
    assert town.does(c.WeatherReport, **older).is_empty
    assert known(town).temperature_celsius == 20.0


def test_a_measurement_from_the_future_is_one_of_now_and_shuts_out_none_that_follow(town: Network):
    report = {"location": "Alicante", "temperature_celsius": 1.0}
    town.does(c.WeatherReport, **report, measured_at=NOON + timedelta(days=1))
    assert (known(town).temperature_celsius, known(town).measured_at) == (1.0, NOON)
    town.later(1)
    town.does(c.WeatherReport, **report | {"temperature_celsius": 2.0})
    assert known(town).temperature_celsius == 2.0


def test_after_central_s_clock_was_set_back_the_weather_is_stale_until_it_is_measured_again(town: Network):
    report = {"location": "Alicante", "temperature_celsius": 1.0}
    town.does(c.WeatherReport, **report)
    before = town.rules.now - timedelta(hours=1)
    assert weather.is_stale(known(town), before)
    assert not weather.is_stale(known(town), town.rules.now - timedelta(seconds=5))
    town.clock_is_set(-timedelta(hours=1))
    # It takes a moment until what was measured arrives.
    town.later(1)
    town.does(c.WeatherReport, **report | {"temperature_celsius": 2.0}, measured_at=before)
    assert (known(town).temperature_celsius, known(town).measured_at) == (2.0, before)
    alert(town, temperature_celsius=-1.0, measured_at=before)
    assert (known(town).temperature_celsius, weather.is_stale(known(town), before)) == (-1.0, False)


def test_what_was_heard_long_ago_is_stale(town: Network):
    assert weather.is_stale(Weather(location=Location("Elche")), town.rules.now)
    town.does(c.WeatherReport, location="Elche", temperature_celsius=1.0)
    town.later(weather.STALE_AFTER.total_seconds())
    assert not weather.is_stale(known(town, "Elche"), town.rules.now)
    town.later(1)
    assert weather.is_stale(known(town, "Elche"), town.rules.now)


def test_places_without_points_are_bounded_and_those_with_points_are_always_known(town: Network, monkeypatch):
    monkeypatch.setattr(weather, "MAX_EMPTY_PLACES", 2)
    for name in ("Atlantis", "Utopia"):
        town.does(c.WeatherReport, location=name, temperature_celsius=1.0)
    assert town.refuses(c.WeatherReport, location="Eldorado", temperature_celsius=1.0).code is Code.CONFLICT
    assert town.refuses(c.WeatherAlert, location="Eldorado", alert=COLD).code is Code.NOT_FOUND
    alert(town)
    town.does(c.WeatherReport, location="utopia", temperature_celsius=2.0)


def test_a_draft_shows_the_weather_beneath_and_hides_its_own_from_it(town: Network):
    alert(town)
    draft = PendingFacts(town.facts)
    draft.put(Weather(location=Location("Elche")))
    draft.put(Weather(location=Location("ALICANTE")))
    assert {one.location.name for one in draft.weathers()} == {"ALICANTE", "Elche"}
    assert {one.location.name for one in town.facts.weathers()} == {"Alicante"}
    assert draft.weather(Location("Altea")) is None
