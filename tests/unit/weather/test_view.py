"""What the screen of the weather service shows, at each size of the window."""

import re
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len
from rich.text import Text

from evcharge.domain.location import Location
from evcharge.labels import Speech
from evcharge.labels.weather_service import SENTENCES
from evcharge.terminal import drawing
from evcharge.terminal.fault_log import LoggedFault
from evcharge.weather.readings import Spot
from evcharge.weather.view import LocationLine, ServiceFacts, listed, view

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
EN, ES = Speech(SENTENCES), Speech(SENTENCES, "es")
COLD = LocationLine(
    location=Location("Alcoy"),
    celsius=-3.0,
    wind_m_per_s=12.0,
    measured_at=NOON,
    alerts=["COLD"],
    cps=["CP003"],
)
GOOD = LocationLine(
    location=Location("Alicante"), celsius=16.04, wind_m_per_s=None, measured_at=NOON, cps=["CP001", "CP007"]
)
BLIND = LocationLine(location=Location("Atlantis"), trouble="OpenWeather knows no place called Atlantis")


def facts(*rows: LocationLine, **more: object) -> ServiceFacts:
    told = {
        "source": "OpenWeather", "url": "http://127.0.0.1:8000", "clock": "12:00:00", "source_trouble": None,
        "source_heard": True, "central_trouble": None, "central_heard": True, "rows": rows,
    }  # fmt: skip
    return ServiceFacts(**(told | more))


def screen(
    what: ServiceFacts,
    width: int = 80,
    height: int = 24,
    words: Speech = EN,
    *,
    only_list: bool = False,
    troubles=(),
) -> str:
    messages = [Text(" 12:00:00 ALERT Alcoy: cold")]
    lines = view(what, troubles, messages, words, width, height, only_list=only_list)
    assert len(lines) == max(1, height)
    return re.sub(r"\x1b\[[0-9;]*m", "", drawing.drawn(lines, width, colors=False))


def test_each_location_has_a_line_and_bad_weather_comes_first():
    shown = screen(facts(GOOD, COLD, BLIND))
    lines = [line.strip() for line in shown.splitlines()]
    assert "WEATHER OpenWeather" in lines[0]
    assert "Weather     ● OK" in shown
    assert "Central     ● connected, http://127.0.0.1:8000" in shown
    rows = [
        line for line in lines if line.split()[0:1] and line.split()[0] in ("Alcoy", "Alicante", "Atlantis")
    ]
    assert [row.split()[0] for row in rows] == ["Alcoy", "Atlantis", "Alicante"]
    assert rows[0].startswith("Alcoy")
    assert rows[0].endswith("cold")
    assert "-3.0  12.0" in rows[0]
    assert "16.0     –" in rows[2]
    assert rows[2].endswith("2  good")
    assert "ALERT Alcoy: cold" in shown
    assert " m  move a CP" in shown


def test_trouble_is_said_with_the_courses_words():
    lost = "Weather connection unavailable: OpenWeather does not answer (no answer in time)"
    shown = screen(facts(GOOD, source_trouble=lost, central_trouble="Unable to connect to Central"))
    assert f"● {lost}"[:60] in shown
    assert "● Unable to connect to Central" in shown
    assert "not asked yet" in screen(facts(source_heard=False, central_heard=False))


def test_an_override_is_shown():
    row = LocationLine(location=Location("Alcoy"), celsius=-3.0, alerts=["WIND", "COLD"], override=True)
    assert "cold, strong wind (overridden)" in screen(facts(row))
    assert "frío, viento fuerte (anulado)" in screen(facts(row), words=ES)


def test_without_locations_it_says_why():
    assert "none yet: Central knows no charging point" in screen(facts())


def test_more_locations_than_lines_are_counted():
    rows = [LocationLine(location=Location(f"City {number:02}"), celsius=10.0) for number in range(40)]
    shown = screen(facts(*rows, COLD))
    assert "Locations (41)" in shown
    assert "Alcoy" in shown
    found = [line for line in shown.splitlines() if line.strip().startswith("+")]
    left = int(found[0].strip().removeprefix("+"))
    assert left + shown.count("City ") + 1 == 41
    assert "ALERT Alcoy: cold" in shown


def test_the_list_of_faults_fills_the_screen():
    trouble = LoggedFault("Weather connection unavailable: it is silent", NOON, NOON)
    shown = screen(facts(GOOD), only_list=True, troubles=[trouble])
    assert "restored" in shown
    assert "it is silent" in shown
    assert "Alicante" not in shown


@pytest.mark.parametrize("words", [EN, ES], ids=["en", "es"])
@pytest.mark.parametrize(("width", "height"), [(200, 60), (80, 24), (49, 20), (20, 6), (1, 1)])
def test_it_fits_every_window(width: int, height: int, words: Speech):
    shown = screen(facts(GOOD, COLD, BLIND), width, height, words)
    assert all(cell_len(line) <= width for line in shown.splitlines())


def test_the_same_as_plain_lines():
    assert listed([COLD, GOOD, BLIND], EN) == [
        "Alcoy: -3.0 °C, wind 12.0 m/s; cold; CPs: CP003",
        "Alicante: 16.0 °C; good; CPs: CP001, CP007",
        "Atlantis: unknown; OpenWeather knows no place called Atlantis; CPs: –",
    ]
    assert listed([], EN) == ["none yet: Central knows no charging point"]
    assert LocationLine(location=Location("x")).words(EN) == "unknown"


ABROAD = LocationLine(
    location=Location("Guadalajara"),
    spot=Spot(20.6767, -103.3475, "MX"),
    celsius=24.0,
    wind_m_per_s=2.0,
    measured_at=NOON,
)
HERE = LocationLine(
    location=Location("Elche"), spot=Spot(38.2653, -0.6988, "ES"), celsius=16.0, measured_at=NOON
)


@pytest.mark.parametrize(("words", "where"), [(EN, "Where"), (ES, "Dónde")])
def test_each_place_shows_its_country_and_where_it_is(words: Speech, where: str):
    shown = screen(facts(ABROAD, HERE, BLIND), words=words)
    heads = next(line for line in shown.splitlines() if where in line)
    abroad = next(line for line in shown.splitlines() if "Guadalajara, MX" in line)
    assert abroad.index("20.68, -103.35") == heads.index(where)
    assert "Elche, ES" in shown
    assert "38.27, -0.70" in shown
    assert all(cell_len(line) <= 80 for line in shown.splitlines())
    assert listed([ABROAD], words)[0].startswith(
        f"Guadalajara, MX (20.68, -103.35): {words.figures('24.0 °C')}"
    )


def test_a_narrow_window_has_no_room_for_coordinates():
    shown = screen(facts(ABROAD), width=60)
    assert "Guadalajara, MX" in shown
    assert "103.35" not in shown
