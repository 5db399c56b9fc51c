"""Alerts: opened by one event, solved by another, kept for who looks later. Each cause: `test_alert_causes`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evcharge import labels
from evcharge.central.rules.alert_kinds import (
    CENTRAL,
    CLOSED_BY_HAND,
    KAFKA,
    REGISTRY,
    WEATHER,
    AlertKind,
)
from evcharge.central.views.alerts import MAX_OPEN, MAX_SOLVED, Alerts, alert_text, restored_text, taken_text
from evcharge.domain import events as e
from evcharge.domain.charging_point import ChargingPoint, Hold
from evcharge.domain.errors import Code
from evcharge.labels.operator import SENTENCES

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
ENGINE = {"cp_id": "CP001", "link": 1, "journal_id": "a" * 32, "last_seq": 0}
BAD_PROOF = e.LoginRefused(claimed="CP001", code=Code.PROOF, text="no proof")
TWICE = e.LoginRefused(claimed="CP001", code=Code.DUPLICATE, text="already connected from 10.0.0.7")

# What opens an alert, what it is, and what solves it.
STORIES = [
    pytest.param(
        e.FaultReported(cp_id="CP001", fault="hot"),
        ("CP001", AlertKind.FAULT),
        e.FaultCleared(cp_id="CP001", fault="hot"),
        id="fault",
    ),
    pytest.param(
        e.EngineLost(cp_id="CP001", link=1, reason="cut"),
        ("CP001", AlertKind.ENGINE),
        e.EngineConnected(**ENGINE),
        id="engine",
    ),
    pytest.param(
        e.MonitorLost(cp_id="CP001", link=1, reason="cut"),
        ("CP001", AlertKind.MONITOR),
        e.MonitorSpoke(cp_id="CP001"),
        id="monitor",
    ),
    pytest.param(
        e.KeyRevoked(cp_id="CP001", epoch=2),
        ("CP001", AlertKind.REVOKED),
        e.KeyRestored(cp_id="CP001", epoch=3),
        id="keys of a point",
    ),
    pytest.param(
        e.DriverBlocked(driver_id="D01", epoch=2),
        ("D01", AlertKind.REVOKED),
        e.DriverUnblocked(driver_id="D01", epoch=3),
        id="keys of a driver",
    ),
    pytest.param(TWICE, ("CP001", AlertKind.DUPLICATE), e.KeyRevoked(cp_id="CP001", epoch=2), id="twice"),
    pytest.param(
        e.LoginRefused(claimed="D01", code=Code.DUPLICATE, text="twice"),
        ("D01", AlertKind.DUPLICATE),
        e.DriverBlocked(driver_id="D01", epoch=2),
        id="driver twice",
    ),
    pytest.param(
        BAD_PROOF, ("CP001", AlertKind.NOT_UNDERSTOOD), e.EngineConnected(**ENGINE), id="wrong key, engine"
    ),
    pytest.param(
        BAD_PROOF, ("CP001", AlertKind.NOT_UNDERSTOOD), e.MonitorSpoke(cp_id="CP001"), id="wrong key, monitor"
    ),
    pytest.param(
        e.InputRefused(code=Code.CRYPTO, text="bad token", who="D01"),
        ("D01", AlertKind.NOT_UNDERSTOOD),
        e.DriverConnected(driver_id="D01", link=2),
        id="wrong key later",
    ),
    pytest.param(
        e.RegistryLost(why="refused"), (REGISTRY, AlertKind.REGISTRY), e.RegistryReached(), id="Registry"
    ),
    pytest.param(
        e.JournalReplaced(cp_id="CP001", old="a" * 32, new="b" * 32),
        ("CP001", AlertKind.JOURNAL),
        e.AlertClosed(alert_id="CP001-journal"),
        id="journal",
    ),
    pytest.param(
        e.RecordQuarantined(cp_id="CP001", journal_id="a" * 32, seq=7, why="odd", record="{}"),
        ("CP001", AlertKind.QUARANTINE),
        e.AlertClosed(alert_id="CP001-quarantine"),
        id="quarantine",
    ),
    pytest.param(
        e.InputRefused(code=Code.SLOW, text="too much", who="CP001"),
        ("CP001", AlertKind.FLOOD),
        e.AlertClosed(alert_id="CP001-flood"),
        id="flood",
    ),
    pytest.param(
        e.LoginRefused(claimed="D01", code=Code.SLOW, text="too many logins"),
        ("D01", AlertKind.FLOOD),
        e.AlertClosed(alert_id="D01-flood"),
        id="flood of logins",
    ),
    pytest.param(
        e.WeatherAlertRaised(location="Elche", alert="COLD"),
        ("Elche", AlertKind.WEATHER),
        e.WeatherAlertCleared(location="Elche", alerts=("COLD",)),
        id="weather",
    ),
    pytest.param(
        e.WeatherLost(why="the weather service was stopped"),
        (WEATHER, AlertKind.WEATHER_SERVICE),
        e.WeatherReached(),
        id="weather service",
    ),
    pytest.param(
        e.WelcomeWithheld(driver_id="D01", most=200, within_an_hour=True),
        (CENTRAL, AlertKind.WELCOME),
        e.AlertClosed(alert_id="CENTRAL-welcome"),
        id="welcome",
    ),
    pytest.param(
        e.ChainBroken(n=7, why="row 7 was changed"),
        (CENTRAL, AlertKind.CHAIN),
        e.AlertClosed(alert_id="CENTRAL-chain"),
        id="audit log",
    ),
    pytest.param(
        e.ClockJumped(seconds=-40),
        (CENTRAL, AlertKind.CLOCK),
        e.AlertClosed(alert_id="CENTRAL-clock"),
        id="clock",
    ),
    pytest.param(
        e.NotifyLost(way="mail", why="connection refused"),
        ("mail", AlertKind.NOTIFY),
        e.NotifyReached(way="mail"),
        id="notifications",
    ),
    pytest.param(
        e.MemberAway(role="registry", name="b:5001", why="no answer in time"),
        ("REGISTRY:b:5001", AlertKind.AWAY),
        e.MemberBack(role="registry", name="b:5001"),
        id="one of several Registries",
    ),
    pytest.param(
        e.MemberAway(role="central", name="B", why="silent for 5 s"),
        ("CENTRAL:B", AlertKind.AWAY),
        e.AlertClosed(alert_id="CENTRAL:B-away"),
        id="one of several Centrals, given up",
    ),
    pytest.param(e.ClockOff(seconds=3600), (CENTRAL, AlertKind.CLOCK_OFF), e.ClockRight(), id="clock off"),
]


@pytest.mark.parametrize(("begin", "what", "end"), STORIES)
def test_an_alert_stays_until_it_is_solved(begin: e.Event, what: tuple, end: e.Event):
    alerts = Alerts()
    alerts.take(begin, NOON)
    (alert,) = alerts.open()
    assert (alert.about, alert.kind) == what
    assert (alert.since, alert.solved_at, alert.times) == (NOON, None, 1)
    assert alerts.is_open(*what)
    assert alerts.recent() == [alert]
    assert restored_text(alert) == ""
    alerts.take(end, LATER)
    assert not alerts.is_open(*what)
    (over,) = [one for one in alerts.recent() if one.kind is alert.kind]
    assert (over.since, over.solved_at) == (NOON, LATER)
    for lang in labels.LANGUAGES:
        assert alert_text(over, lang)
        assert restored_text(over, lang)


@pytest.mark.parametrize(("begin", "what", "end"), STORIES)
def test_the_end_of_one_is_not_the_end_of_another(begin: e.Event, what: tuple, end: e.Event):
    alerts = Alerts()
    alerts.take(begin, NOON)
    for other in (
        e.FaultCleared(cp_id="CP002", fault="hot"),
        e.EngineConnected(**ENGINE | {"cp_id": "CP002"}),
        e.MonitorSpoke(cp_id="CP002"),
        e.KeyRestored(cp_id="CP002", epoch=3),
        e.DriverUnblocked(driver_id="D02", epoch=3),
        e.DriverConnected(driver_id="D02", link=1),
        e.AlertClosed(alert_id="CP002-journal"),
    ):
        alerts.take(other, LATER)
    assert alerts.is_open(*what)


@pytest.mark.parametrize(("begin", "what", "end"), STORIES)
def test_the_end_of_what_never_began_is_nothing(begin: e.Event, what: tuple, end: e.Event):
    alerts = Alerts()
    alerts.take(end, NOON)
    assert all((one.about, one.kind) != what for one in alerts.recent())


def test_who_is_withdrawn_leaves_the_alerts():
    alerts = Alerts()
    for event in (
        e.FaultReported(cp_id="CP001", fault="hot"),
        e.LoginRefused(claimed="CP001", code=Code.DUPLICATE, text="twice"),
        e.KeyRevoked(cp_id="CP001", epoch=1),
        e.DriverBlocked(driver_id="D01", epoch=1),
        e.FaultReported(cp_id="CP002", fault="hot"),
    ):
        alerts.take(event, NOON)
    before = alerts.revision
    alerts.take(e.PointWithdrawn(cp_id="CP001", epoch=1), LATER)
    alerts.take(e.DriverWithdrawn(driver_id="D01", epoch=1, balance_cents=0), LATER)
    assert [alert.about for alert in alerts.open()] == ["CP002"]
    assert alerts.revision > before
    # None of them was mended: only the first duplicate ended, with the revocation.
    assert {alert.kind for alert in alerts.recent() if alert.solved_at} <= {AlertKind.DUPLICATE}


def test_what_happens_again_is_the_same_alert_with_the_latest_detail():
    alerts = Alerts()
    alerts.take(e.EngineLost(cp_id="CP001", link=1, reason="end of stream"), NOON)
    alerts.take(e.EngineLost(cp_id="CP001", link=2, reason="no heartbeat"), LATER)
    (alert,) = alerts.open()
    assert (alert.since, alert.times) == (NOON, 2)
    assert "no heartbeat" in alert_text(alert)


def test_refusals_that_were_counted_are_counted_here():
    alerts = Alerts()
    alerts.take(BAD_PROOF, NOON)
    alerts.take(e.LoginRefused(claimed="CP001", code=Code.PROOF, text="no proof", times=50), LATER)
    (alert,) = alerts.open()
    assert alert.times == 51


def test_the_newest_open_one_comes_first_and_the_solved_ones_after():
    alerts = Alerts()
    for minutes, cp_id in enumerate(("CP001", "CP002", "CP003", "CP004")):
        alerts.take(e.FaultReported(cp_id=cp_id, fault="hot"), NOON + timedelta(minutes=minutes))
    alerts.take(e.FaultCleared(cp_id="CP002", fault="hot"), LATER)
    alerts.take(e.FaultCleared(cp_id="CP001", fault="hot"), LATER)
    assert [one.about for one in alerts.open()] == ["CP004", "CP003"]
    assert [one.about for one in alerts.recent()] == ["CP004", "CP003", "CP001", "CP002"]


def test_the_solved_ones_are_bounded():
    alerts = Alerts()
    for number in range(MAX_SOLVED + 5):
        alerts.take(e.FaultReported(cp_id=f"CP{number:03}", fault="hot"), NOON)
        alerts.take(e.FaultCleared(cp_id=f"CP{number:03}", fault="hot"), LATER)
    assert len(alerts.recent()) == MAX_SOLVED
    assert alerts.recent()[-1].about == "CP005"


def test_the_open_ones_are_bounded_too():
    alerts = Alerts()
    for number in range(MAX_OPEN + 5):
        alerts.take(e.FaultReported(cp_id=f"CP{number}", fault="hot"), NOON)
    assert len(alerts.open()) == MAX_OPEN


@pytest.mark.parametrize("event", [BAD_PROOF, TWICE, e.InputRefused(code=Code.CRYPTO, text="x", who="CP001")])
def test_a_name_that_nobody_has_raises_no_alert(event: e.Event):
    alerts = Alerts(known=lambda who: who == "CP002")
    alerts.take(event, NOON)
    assert alerts.recent() == []


@pytest.mark.parametrize(
    "event",
    [
        e.LoginRefused(claimed="CP001", code=Code.EXPIRED, text="late"),
        e.InputRefused(code=Code.ROLE, text="not yours", who="CP001"),
        e.HoldPlaced(cp_id="CP001", hold=Hold.OPERATOR),
        e.CentralStarted(version="1", points=1, open_sessions=0),
        e.AlertClosed(alert_id="nothing"),
    ],
)
def test_what_is_no_trouble_raises_no_alert(event: e.Event):
    alerts = Alerts()
    alerts.take(event, NOON)
    assert alerts.recent() == []


def test_storage_that_fails_is_shown_at_once_and_its_end_is_an_event():
    alerts = Alerts()
    alerts.storage_failed("disk full", NOON)
    (alert,) = alerts.open()
    assert "disk full" in alert_text(alert)
    alerts.take(e.StorageRestored(why="disk full", failed_at=NOON.timestamp()), LATER)
    (over,) = alerts.recent()
    assert (over.since, over.solved_at, over.times) == (NOON, LATER, 1)


def test_storage_that_failed_before_a_restart_is_told_whole_from_its_end():
    alerts = Alerts()
    alerts.take(e.StorageRestored(why="disk full", failed_at=NOON.timestamp()), LATER)
    (over,) = alerts.recent()
    assert (over.kind, over.since, over.solved_at) == (AlertKind.STORAGE, NOON, LATER)


def test_after_a_start_what_the_facts_say_is_open_even_when_its_event_is_too_old():
    point = ChargingPoint(cp_id="CP001", fault="hot")
    revoked = ChargingPoint(cp_id="CP002", revoked=True)
    alerts = Alerts()
    alerts.take(e.FaultReported(cp_id="CP003", fault="cold"), NOON)
    swapped = ChargingPoint(cp_id="CP005", holds=frozenset({Hold.JOURNAL}), journal_id="b" * 32)
    others = [replace(point, cp_id="CP003"), ChargingPoint(cp_id="CP004")]
    alerts.adopt([point, revoked, *others, swapped], LATER)
    assert {(one.about, one.kind, one.since) for one in alerts.open()} == {
        ("CP001", AlertKind.FAULT, LATER),
        ("CP002", AlertKind.REVOKED, LATER),
        ("CP003", AlertKind.FAULT, NOON),
        ("CP005", AlertKind.JOURNAL, LATER),
    }
    assert all(one.times == 1 for one in alerts.open())
    alerts.take(e.FaultCleared(cp_id="CP001", fault="hot"), LATER)
    assert not alerts.is_open("CP001", AlertKind.FAULT)


def test_an_id_with_hyphens_is_found():
    alerts = Alerts()
    alerts.take(e.JournalReplaced(cp_id="CP-A-1", old="a" * 32, new="b" * 32), NOON)
    assert alerts.named("CP-A-1-journal") is not None
    assert alerts.named("CP") is None


def test_closed_by_hand_is_said_so():
    alerts = Alerts()
    alerts.take(e.ClockJumped(seconds=9), NOON)
    alerts.take(e.AlertClosed(alert_id="CENTRAL-clock"), LATER)
    (over,) = alerts.recent()
    assert restored_text(over) == "CENTRAL: seen by an operator."
    assert restored_text(over, "es") == "CENTRAL: visto por un operador."


@pytest.mark.parametrize("kind", AlertKind)
def test_every_kind_has_its_words_and_those_of_its_end(kind: AlertKind):
    assert f"alert {kind}" in SENTENCES
    assert f"restored {kind}" in SENTENCES


def test_the_wordings_that_teachers_look_for_are_said():
    alerts = Alerts()
    alerts.take(BAD_PROOF, NOON)
    alerts.take(e.RegistryLost(why="no answer"), LATER)
    registry, wrong_key = alerts.open()
    assert alert_text(registry).startswith("Registry not responding")
    assert alert_text(registry, "es").startswith("Registry no responde")
    assert alert_text(wrong_key).startswith("Unable to connect to CP001. Messages not comprehensible.")
    assert alert_text(wrong_key, "es").startswith("Imposible conectar con CP001. Mensajes no comprensibles.")
    assert AlertKind.FAULT not in CLOSED_BY_HAND


# ---- every alert has an end, and one cause is one alert


@pytest.mark.parametrize("kind", AlertKind)
def test_every_alert_ends_with_its_cause_or_is_closed_by_an_operator(kind: AlertKind):
    stories = [story.values for story in STORIES if story.values[1][1] is kind]
    stories += [(e.KafkaLost(), (KAFKA, kind), e.KafkaReached())] if kind is AlertKind.KAFKA else []
    assert stories or kind in CLOSED_BY_HAND | {AlertKind.STORAGE}
    if kind is AlertKind.STORAGE:  # no event can tell of it before it is over
        alerts = Alerts()
        alerts.storage_failed("disk full", NOON)
        alerts.take(e.StorageRestored(why="disk full", failed_at=NOON.timestamp()), LATER)
        assert alerts.open() == []
    key: Any
    for opens, key, ends in stories:
        alerts = Alerts()
        alerts.take(opens, NOON)
        assert alerts.is_open(*key)
        alerts.take(ends, LATER)
        assert not alerts.is_open(*key)
    if kind in CLOSED_BY_HAND:
        alerts = Alerts()
        alerts._begin(kind, "CP001", "why", NOON)
        alerts.take(e.AlertClosed(alert_id=f"CP001-{kind}"), LATER)
        assert alerts.open() == []


# ---- who has taken it, and a charging point that is not heard at all


def test_an_alert_says_who_looks_after_it_until_it_ends():
    alerts = Alerts()
    alerts.take(e.FaultReported(cp_id="CP001", fault="hot"), NOON)
    alerts.take(e.AlertTaken(alert_id="CP001-fault", by="ana"), LATER)
    (alert,) = alerts.open()
    assert (alert.taken_by, alert.taken_at) == ("ana", LATER)
    assert (taken_text(alert), taken_text(alert, "es")) == ("ana is on it.", "ana se ocupa.")
    # It stays taken while its text changes.
    alerts.take(e.FaultReported(cp_id="CP001", fault="hotter"), LATER)
    assert alerts.open()[0].taken_by == "ana"
    alerts.take(e.AlertTaken(alert_id="CP001-fault", by="ben"), LATER)
    assert alerts.open()[0].taken_by == "ben"
    alerts.take(e.AlertLeft(alert_id="CP001-fault", by="ana"), LATER)
    assert (alerts.open()[0].taken_by, taken_text(alerts.open()[0])) == ("", "")
    alerts.take(e.AlertTaken(alert_id="CP001-fault", by="ana"), LATER)
    alerts.take(e.FaultCleared(cp_id="CP001", fault="hot"), LATER)
    alerts.take(e.FaultReported(cp_id="CP001", fault="hot"), LATER)
    assert alerts.open()[0].taken_by == ""
    alerts.take(e.AlertTaken(alert_id="nothing", by="ana"), LATER)


@pytest.mark.parametrize(
    ("event", "spanish"),
    [
        # Its words are known, with the two addresses that an operator looks for.
        (
            e.LoginRefused(
                claimed="CP001",
                code=Code.DUPLICATE,
                text=(
                    "CP001 (engine) is already connected from 10.0.0.5:40312; this is 10.0.0.9:51200. "
                    "Stop one of the two, or give this one a credential of its own"
                ),
            ),
            "ya está conectado desde 10.0.0.5:40312; este es 10.0.0.9:51200",
        ),
        (
            e.InputRefused(who="CP001", code=Code.SEQ, text="frame 7 came where 5 was due"),
            "llegó la trama 7 donde tocaba la 5",
        ),
        (e.InputRefused(who="CP001", code=Code.SEQ, text="CP001 now keeps another journal"), "otro diario"),
        # Of a text that nobody knows the code says what it means.
        (
            e.InputRefused(who="CP001", code=Code.TOO_BIG, text="no words for it"),
            "(mensaje demasiado grande)",
        ),
        (e.InputRefused(who="KAFKA", code=Code.SLOW, text="no words for it"), "demasiados intentos"),
    ],
)
def test_the_words_of_a_refusal_are_said_in_the_language_of_the_page(event: e.Event, spanish: str):
    alerts = Alerts()
    alerts.take(event, NOON)
    (alert,) = alerts.open()
    assert spanish in alert_text(alert, "es")
    assert alert.detail in alert_text(alert)
    assert alert.detail not in alert_text(alert, "fr")


def test_who_has_not_come_back_a_while_after_a_start_is_missed_until_it_has():
    alerts = Alerts()
    away = ChargingPoint(cp_id="CP001", journal_id="a")
    unlinked = ChargingPoint(cp_id="CP002", journal_id="a", monitor_link=1, monitor_heard=True)
    back = ChargingPoint(cp_id="CP003", engine_link=2, monitor_link=3, monitor_heard=True)
    revoked = ChargingPoint(cp_id="CP004", journal_id="a", revoked=True)
    never_there = ChargingPoint(cp_id="CP005")
    alerts.miss([away, unlinked, back, revoked, never_there], NOON)
    assert {alert.id: alert_text(alert) for alert in alerts.open()} == {
        "CP001-monitor": "CP001 is disconnected: neither its monitor nor its engine is heard "
        "(not heard since Central started).",
        "CP002-engine": "The engine of CP002 has no link to Central (not heard since Central started).",
    }
    alerts.take(e.MonitorSpoke(cp_id="CP001"), LATER)
    assert {alert.id for alert in alerts.open()} == {"CP001-engine", "CP002-engine"}
    for cp_id in ("CP001", "CP002"):
        alerts.take(e.EngineConnected(**ENGINE | {"cp_id": cp_id}), LATER)
    assert alerts.open() == []


def test_what_an_event_told_is_not_told_again_of_who_has_not_come_back():
    alerts = Alerts()
    alerts.take(e.MonitorLost(cp_id="CP001", link=1, reason="cut"), NOON)
    alerts.miss([ChargingPoint(cp_id="CP001", journal_id="a", engine_link=2)], LATER)
    (alert,) = alerts.open()
    assert (alert.detail, alert.since, alert.times, alert.both) == ("cut", NOON, 1, False)
