"""Who plays in the demo, and how the many voices share one screen."""

import io
import json
import socket

import pytest

from evcharge.demo import scenario
from evcharge.demo.demo_screen import DemoScreen
from tests.ports import free_port


def test_names_are_those_of_the_course():
    assert scenario.cp_ids(2) == ["CP001", "CP002"]
    assert scenario.driver_ids(2) == ["D01", "D02"]
    assert scenario.driver_ids(2, first=2) == ["D02", "D03"]


@pytest.mark.parametrize(("drivers", "points"), [(3, 6), (3, 3), (5, 2), (1, 1), (7, 3), (0, 4)])
def test_no_two_drivers_of_a_wave_ask_for_the_same_charging_point(drivers, points):
    everybody = scenario.driver_ids(drivers)
    waves = scenario.waves(everybody, points)
    assert [driver for wave in waves for driver in wave] == everybody
    for wave in waves:
        asked = scenario.services(wave, scenario.cp_ids(points))
        assert all(len(wanted) == scenario.SERVICES for wanted in asked.values())
        everyone = [cp_id for wanted in asked.values() for cp_id in set(wanted)]
        assert len(everyone) == len(set(everyone))


def test_more_waves_may_take_longer():
    assert scenario.once_within_s(4, 2) > scenario.once_within_s(2, 2) > 60


def test_a_taken_port_becomes_a_free_one_and_a_free_one_stays():
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        other = scenario.free_port("127.0.0.1", port)
        assert other not in (0, port)
    assert scenario.free_port("127.0.0.1", port) == port
    assert scenario.free_port("127.0.0.1", 0) > 0


def test_an_address_that_is_not_ours_is_left_to_who_listens_there():
    assert scenario.free_port("192.0.2.1", 9002) == 9002


def test_a_server_on_every_address_is_reached_on_this_pc():
    assert scenario.reachable("0.0.0.0") == "127.0.0.1"
    assert scenario.joined(scenario.reachable("::"), 7) == "[::1]:7"
    assert scenario.joined("localhost", "7") == "localhost:7"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_lines_stand_aligned_after_the_name_of_who_said_them():
    out = io.StringIO()
    screen = DemoScreen(13, "text", out)
    screen.show("central", "CP001 Available")
    screen.show("CP001 monitor", "")
    screen.say("done")
    assert out.getvalue() == ("central       │ CP001 Available\nCP001 monitor │\nevcharge      │ done\n")


def test_a_terminal_gets_a_colour_for_each_kind_unless_it_wants_none(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    screen = DemoScreen(8, "text", out)
    for name in ("central", "CP001 engine", "CP002 engine", "D01"):
        screen.show(name, "x")
    central, first, second, driver = (line.split("m")[0] for line in out.getvalue().splitlines())
    assert first == second
    assert len({central, first, driver}) == 3
    monkeypatch.setenv("NO_COLOR", "")
    plain = Terminal()
    DemoScreen(8, "text", plain).show("central", "x")
    assert "\x1b" not in plain.getvalue()


def test_what_a_process_prints_cannot_paint_the_terminal():
    out = io.StringIO()
    DemoScreen(3, "text", out).show("D01", "\x1b[2J")
    assert out.getvalue() == "D01 │ \\x1b[2J\n"


def test_a_quiet_screen_shows_what_the_demo_says_and_a_file_keeps_everything(tmp_path):
    out = io.StringIO()
    screen = DemoScreen(7, "text", out, quiet=True)
    screen.show("central", "before there is a file")
    screen.keep_in(tmp_path / "demo" / "up.log")
    screen.show("central", "CP001 Available")
    screen.say("The network stands.")
    screen.close()
    assert out.getvalue() == "The network stands.\n"
    kept = (tmp_path / "demo" / "up.log").read_text()
    assert kept == "central │ CP001 Available\nevcharge │ The network stands.\n"


def test_json_lines_get_the_name_of_their_process_and_others_become_json():
    out = io.StringIO()
    screen = DemoScreen(3, "json", out)
    screen.show("central", '{"text":"a","level":"info"}')
    screen.show("D01", "b\x1b")
    screen.show("D01", "[1]")
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"process": "central", "text": "a", "level": "info"},
        {"process": "D01", "text": "b\\x1b"},
        {"process": "D01", "text": "[1]"},
    ]


def test_without_standard_output_nothing_is_shown_and_nothing_breaks(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    DemoScreen(3, "text").say("x")
