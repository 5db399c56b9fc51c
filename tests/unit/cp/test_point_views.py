"""What engine and monitor show, for each state and at each size of the window."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len
from rich.text import Text

from evcharge.cp.engine import engine_view
from evcharge.cp.health import BROKEN, JOURNAL_FULL
from evcharge.cp.monitor import monitor_view
from evcharge.cp.status import (
    EngineFacts,
    Lamp,
    MonitorFacts,
    ShownSession,
    Signal,
    engine_line,
    monitor_line,
)
from evcharge.labels import Speech
from evcharge.labels.point import SENTENCES
from evcharge.terminal import drawing
from evcharge.terminal.fault_log import MOST, FaultLog, LoggedFault
from evcharge.terminal.fault_log import told as lines_of

EN, ES = Speech(SENTENCES), Speech(SENTENCES, "es")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SESSION = ShownSession(
    driver_id="D01", price=2_500, hold_cents=500, limit_mwh=20_000_000, power_w=22_000, energy_mwh=5_000_000
)


def engine(**change: object) -> EngineFacts:
    facts: dict[str, object] = {
        "cp_id": "CP001",
        "location": "Alicante",
        "clock": "12:00:00",
        "state": "idle",
        "fault": None,
        "battery_permille": None,
        "health_at": "127.0.0.1:9101",
        "monitors": 1,
        "central_at": "127.0.0.1:9002",
        "linked": True,
        "central_trouble": None,
        "meter_mwh": 1_234_567,
        "last_seq": 12,
        "delivered": True,
    }
    return EngineFacts(**facts | change)


def shown(facts: EngineFacts, words: Speech = EN, width: int = 80, height: int = 24, **more: object) -> str:
    troubles = more.get("troubles")
    lines = engine_view.view(facts, more.get("messages", ()), words, width, height, troubles=troubles)
    assert len(lines) == height
    return Text.from_ansi(drawing.drawn(lines, width, colors=False)).plain


def test_an_idle_engine_shows_where_it_is_and_what_its_keys_do():
    screen = shown(engine())
    for words in (
        "Charging point CP001 · Alicante",
        "● Idle: waiting for a request",
        "● connected  127.0.0.1:9002",
        "● its monitor asks  127.0.0.1:9101",
        "not plugged in",
        "1.234 kWh in all, journal record 12",
        "nothing yet",
    ):
        assert words in screen
    for key in ("p", "u", "m", "k", "s", "l", "q"):
        assert f" {key} " in screen
    assert "driver" not in screen


@pytest.mark.parametrize("width", [40, 30])
def test_in_a_narrow_window_the_place_gives_way_to_the_clock(width: int):
    headline = shown(engine(), width=width, height=12).splitlines()[0]
    assert headline.endswith("12:00:00 ")
    assert headline.startswith(" Charging point CP0")
    assert "…" in headline
    assert "Charging point CP001 · Alicante 12:00:00" in shown(engine(), width=42, height=12)


def test_a_charge_shows_power_energy_money_driver_and_how_far_it_is():
    screen = shown(engine(state="charging", session=SESSION, battery_permille=645, delivered=False))
    for words in ("● Charging", "D01", "22.0 kW", "5.000 kWh", "1.25 €  (0.25 €/kWh)", " 25 %", " 64 %"):
        assert words in screen
    assert "not yet at Central" in screen


def test_both_screens_say_how_warm_it_is():
    warm = engine(state="charging", session=SESSION, temperature_deci_celsius=431)
    assert "22.0 kW  43.1 °C" in shown(warm)
    assert "°C" not in shown(engine(state="charging", session=SESSION))
    assert "43.1 °C" in watched(monitor(temperature_deci_celsius=431))
    assert "°C" not in watched(monitor())


def test_the_cost_is_never_more_than_what_is_held_and_a_free_charge_costs_nothing():
    assert SESSION.cost_cents == 125
    assert (
        ShownSession(
            driver_id="D01", price=2_500, hold_cents=100, limit_mwh=1, energy_mwh=5_000_000
        ).cost_cents
        == 100
    )
    assert (
        ShownSession(driver_id="D01", price=0, hold_cents=0, limit_mwh=0, energy_mwh=5_000_000).cost_cents
        == 0
    )
    free = ShownSession(driver_id="D01", price=0, hold_cents=0, limit_mwh=0)
    assert "  0 %" in shown(engine(state="charging", session=free))


def test_an_authorised_session_shows_how_long_it_waits():
    waiting = ShownSession(driver_id="D01", price=2_500, hold_cents=500, limit_mwh=1, wait_s=42)
    screen = shown(engine(state="pending", session=waiting))
    assert "● Authorised: plug in" in screen
    assert "D01  plug in within 42 s" in screen
    assert "power" not in screen


@pytest.mark.parametrize(
    ("change", "english", "spanish"),
    [
        ({"fault": BROKEN}, "Out of service: broken (KO)", "Fuera de servicio: averiado (KO)"),
        ({"fault": JOURNAL_FULL}, "Out of service: journal full", "Fuera de servicio: diario lleno"),
        ({"linked": False}, "● no answer", "● sin respuesta"),
        (
            {"linked": False, "central_trouble": "Unable to connect to Central"},
            "● Unable to connect",
            "● Unable",
        ),
        ({"monitors": 0}, "nobody asks: is the monitor running?", "nadie pregunta"),
        ({"monitors": 2}, "2 monitors ask; one is enough", "2 monitores preguntan"),
        ({"battery_permille": 400}, "plugged in, battery 40 %", "enchufado, batería al 40 %"),
    ],
)
def test_what_is_wrong_stands_there_in_words_of_both_languages(change, english, spanish):
    assert english in shown(engine(**change))
    assert spanish in shown(engine(**change), ES)


def test_the_key_of_a_broken_charging_point_mends_it():
    assert " k  KO " in shown(engine())
    assert " k  OK " in shown(engine(fault=BROKEN))


def test_one_line_says_it_all():
    assert engine_line(engine(), EN) == (
        "CP001 Idle: waiting for a request; not plugged in; Central: connected; meter 1.234 kWh, journal record 12"
    )
    assert engine_line(engine(state="charging", session=SESSION), EN) == (
        "CP001 Charging D01: 22.0 kW, 5.000 kWh, 1.25 €; Central: connected"
    )
    broken = engine(state="charging", session=SESSION, fault=BROKEN)
    assert engine_line(broken, EN).startswith("CP001 Out of service: broken (KO)")


def test_long_messages_go_on_in_the_next_line_and_the_list_can_have_the_whole_window():
    messages = [Text(" word" * 40), Text(" [red]no markup[/red]")]
    screen = shown(engine(), messages=messages, troubles=[])
    assert screen.count("word") == 40
    assert "[red]no markup[/red]" in screen
    assert "Idle" not in screen
    assert "none so far" in screen


def test_the_list_of_an_engine_has_its_faults_on_top():
    troubles = [LoggedFault("Unable to connect to Central", NOON), LoggedFault("nobody asks", NOON, NOON)]
    screen = shown(engine(), messages=[Text(" a message")], troubles=troubles)
    assert screen.index("Unable to connect") < screen.index("nobody asks") < screen.index("a message")
    assert "restored" in screen
    assert "nobody asks" not in shown(engine())


# ---- monitor


def monitor(**change: object) -> MonitorFacts:
    facts: dict[str, object] = {
        "cp_id": "CP001",
        "clock": "12:00:00",
        "engine": Signal(Lamp.OK, "OK"),
        "link": Signal(Lamp.KO, "KO: the engine has no link to Central"),
        "central": Signal(Lamp.SILENT, "no answer"),
        "engine_at": "127.0.0.1:9101",
        "central_at": "127.0.0.1:9002",
        "heard_at": NOON,
        "monitors": 1,
        "simulating": False,
    }
    return MonitorFacts(**facts | change)


def watched(
    facts: MonitorFacts, troubles: list[LoggedFault] | None = None, *, only_list: bool = False
) -> str:
    lines = monitor_view.view(facts, troubles or [], [], EN, 80, 24, only_list=only_list)
    assert len(lines) == 24
    return drawing.drawn(lines, 80, colors=True)


def test_lamps_have_colours_and_words():
    screen = watched(monitor())
    assert "\x1b[32m● OK" in screen
    assert "\x1b[31m● KO: the engine has no link to Central" in screen
    assert "\x1b[90m● no answer" in screen
    assert "none so far" in screen
    assert "last answer" in screen
    assert "no answer yet" in watched(monitor(heard_at=None))


def test_a_second_monitor_and_a_simulated_fault_are_on_the_screen():
    screen = watched(monitor(monitors=2, simulating=True))
    assert "2 monitors ask this engine; one is enough" in screen
    assert "a fault is simulated" in screen
    assert "end fault" in screen
    assert "simulate fault" in watched(monitor())


def test_faults_are_listed_newest_first_with_begin_and_end():
    troubles = FaultLog()
    troubles.note("engine", "engine lost", NOON)
    troubles.note("central", "Central lost", NOON + timedelta(seconds=1))
    troubles.note("engine", None, NOON + timedelta(seconds=2))
    troubles.note("engine", None, NOON + timedelta(seconds=3))
    newest, oldest = lines_of(troubles.newest_first, EN)
    assert newest.endswith(": Central lost")
    assert "restored" not in newest
    assert "restored" in oldest
    screen = watched(monitor(), troubles.newest_first, only_list=True)
    assert "engine lost" in screen
    assert "link" not in screen
    assert lines_of([], EN) == ["none so far"]


def test_the_same_trouble_in_other_words_is_one_trouble_and_old_ones_are_forgotten():
    troubles = FaultLog()
    troubles.note("engine", "hung up", NOON)
    troubles.note("engine", "nothing answers", NOON + timedelta(seconds=1))
    (only,) = troubles.newest_first
    assert (only.what, only.since) == ("nothing answers", NOON)
    for number in range(MOST + 5):
        troubles.note(str(number), "ko", NOON)
    assert len(troubles.newest_first) == MOST


def test_the_monitor_in_one_line():
    assert monitor_line(monitor(), EN) == (
        "CP001 engine: OK; link of the engine: KO: the engine has no link to Central; Central: no answer"
    )


# ---- sizes


@pytest.mark.parametrize("width", [1, 2, 10, 20, 79, 80, 300])
@pytest.mark.parametrize("height", [0, 1, 2, 5, 24, 100])
def test_any_size_is_filled_and_not_overstepped(width: int, height: int):
    busy = engine(state="charging", session=SESSION, battery_permille=1000, location="Ünïcödé 充電" * 5)
    messages = [Text("12:00:00 " + "x" * 300), Text("12:00:00 ok")]
    troubles = [LoggedFault("engine lost " * 30, NOON, NOON)]
    for only_list in (True, False):
        for lines in (
            engine_view.view(busy, messages, EN, width, height, troubles=troubles if only_list else None),
            monitor_view.view(monitor(), troubles, messages, ES, width, height, only_list=only_list),
        ):
            assert len(lines) == max(1, height)
            drawn = drawing.drawn(lines, width, colors=False)
            plain = Text.from_ansi(drawn).plain
            assert all(cell_len(line) <= width for line in plain.split("\n"))


def test_a_bar_is_full_at_the_end_and_never_more():
    assert drawing.bar(0, 80).plain.count("█") == 0
    assert drawing.bar(2000, 80).plain == "█" * 40 + " 100 %"
