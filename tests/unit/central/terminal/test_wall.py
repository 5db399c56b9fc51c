"""The wall at fixed sizes: what stands there, in which colour, and that it always fits."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.text import Text

from evcharge.central.feed import Live
from evcharge.central.terminal.text_layout import COLOURS_256, NO_COLOURS, TRUE_COLOURS, Palette
from evcharge.central.terminal.wall import MARKS, Several, View, wall
from evcharge.central.terminal.wall_lists import Fault, fault_lines, session_state
from evcharge.domain.charging_point import ChargingPoint, CpStatus, Hold
from evcharge.domain.location import Location
from evcharge.domain.session import EndReason, Session, SessionState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOSTILE = "[red]x[/red]\x1b[2J\n\u202egnp\x9b31m"
# What puts a charging point into each status, and what its tile says then.
STATUSES = {
    CpStatus.AVAILABLE: ({}, "Available", ""),
    CpStatus.PREPARING: ({"session_id": "S"}, "Preparing", ""),
    CpStatus.CHARGING: ({"session_id": "S", "charging": True}, "Charging", ""),
    CpStatus.UNAVAILABLE: (
        {"holds": frozenset({Hold.OPERATOR, Hold.WEATHER})},
        "Out of Order",
        "operator, weather",
    ),
    CpStatus.FAULTED: ({"fault": "overheating"}, "Faulted", "overheating"),
    CpStatus.DISCONNECTED: ({"monitor_heard": False}, "Disconnected", "its monitor is not heard"),
    CpStatus.FINISHING: ({"occupied": True}, "Occupied", "vehicle plugged in"),
}


def point(number: int = 1, **facts) -> ChargingPoint:
    well = {"monitor_link": 1, "monitor_heard": True, "engine_link": 2}
    place = {"location": Location("Alicante"), "price_centi_cents_per_kwh": 2_500}
    return ChargingPoint(cp_id=f"CP{number:03}", **(place | well | facts))


def charge(number: int = 1, **more) -> Session:
    facts = {
        "session_id": f"S-{number}",
        "request_id": "R",
        "cp_id": f"CP{number:03}",
        "driver_id": "D01",
        "state": SessionState.CHARGING,
        "price_centi_cents_per_kwh": 2_500,
        "hold_cents": 2_000,
        "limit_mwh": 80_000_000,
        "authorised_at": NOON,
        "plug_within_s": 60,
        "started_at": NOON,
    }
    return Session(**(facts | more))


def six() -> View:
    """One of each, the third charging."""
    order = (
        CpStatus.AVAILABLE, CpStatus.PREPARING, CpStatus.CHARGING,
        CpStatus.UNAVAILABLE, CpStatus.FAULTED, CpStatus.DISCONNECTED,
    )  # fmt: skip
    return View(
        points=[point(number, **STATUSES[status][0]) for number, status in enumerate(order, 1)],
        sessions=[charge(2, state=SessionState.AUTHORISED, started_at=None), charge(3)],
        live={"CP003": Live("S-3", 21_900, 1_234_567)},
        faults=[
            Fault("12:00:01", "CP005 is broken."),
            Fault("11:00:01", "The engine of CP001 was lost.", "11:00:09", "It is back."),
        ],
        messages=[f"message {number}" for number in range(20)],
        energy_today_mwh=12_345_678,
        revenue_today_cents=309,
    )


def many(count: int, wrong: int = 0) -> View:
    broken = {"fault": "overheating"}
    return View(
        points=[point(number, **(broken if number <= wrong else {})) for number in range(1, count + 1)]
    )


def shown(view: View, width: int = 80, height: int = 23, lang: str = "en", palette: Palette = TRUE_COLOURS):
    lines = wall(view, width, height, palette, lang)
    assert len(lines) <= height
    assert {line.cell_len for line in lines} <= {width}
    return lines


def text(lines: list[Text]) -> str:
    return "\n".join(line.plain.rstrip() for line in lines)


def style_at(lines: list[Text], words: str):
    for line in lines:
        column = line.plain.find(words)
        if column >= 0:
            spans = [span.style for span in line.spans if span.start <= column < span.end]
            return spans[-1] if spans else line.style
    raise AssertionError(words)


def test_six_points_stand_as_tiles_on_a_usual_terminal():
    assert text(shown(six())).splitlines()[2:16] == [
        " ● CP001       0.25 €/kWh   ◐ CP002       0.25 €/kWh   ▶ CP003       0.25 €/kWh",
        " Alicante                   Alicante             D01   Alicante             D01",
        " Available                  Preparing                  Charging",
        "                                                       21.9 kW 1.234 kWh 0.31 €",
        "",
        " ■ CP004       0.25 €/kWh   ▲ CP005       0.25 €/kWh   ○ CP006       0.25 €/kWh",
        " Alicante                   Alicante                   Alicante",
        " Out of Order               Faulted                    Disconnected",
        " operator, weather          overheating                its monitor is not heard",
        "── Requests and charges (2) ────────────────────────────────────────────────────",
        text(shown(six())).splitlines()[12],
        text(shown(six())).splitlines()[13],
        "── Faults (1 open) ─────────────────────────────────────────────────────────────",
        "12:00:01 ! CP005 is broken.",
    ]


def test_the_head_has_power_now_todays_sums_and_how_many_there_are_of_each():
    lines = text(shown(six(), 120)).splitlines()
    assert lines[0].startswith("EVCHARGE CENTRAL ")
    assert lines[0].endswith("21.9 kW now · ended today: 12.345 kWh 3.09 €")
    for words in ("Points: 6", "● 1 Available", "■ 1 Out of Order", "▲ 1 Faulted", "○ 1 Disconnected"):
        assert words in lines[1]
    assert text(shown(six(), 80)).splitlines()[1] == "●1 ◐1 ▶1 ■1 ▲1 ○1"


@pytest.mark.parametrize("status", CpStatus)
@pytest.mark.parametrize("palette", [TRUE_COLOURS, COLOURS_256, NO_COLOURS])
def test_a_tile_tells_its_status_by_colour_mark_and_words(status: CpStatus, palette: Palette):
    facts, words, why = STATUSES[status]
    lines = shown(View(points=[point(**facts)]), palette=palette)
    said = text(lines)
    assert f" {MARKS[status]} CP001" in said
    assert "Alicante" in said
    assert "0.25 €/kWh" in said
    assert words in said
    assert why in said
    style = style_at(lines[2:], f"{MARKS[status]} CP001")
    assert (style.bgcolor is None) == (palette is NO_COLOURS)


def test_every_status_has_a_mark_of_its_own_and_the_courses_colour():
    assert len(set(MARKS.values())) == len(CpStatus)
    for palette in (TRUE_COLOURS, COLOURS_256):
        colour = {status: style.bgcolor.get_truecolor() for status, style in palette.statuses.items()}
        for green in (CpStatus.AVAILABLE, CpStatus.PREPARING, CpStatus.CHARGING):
            assert colour[green].green > max(colour[green].red, colour[green].blue)
        assert colour[CpStatus.CHARGING].green > colour[CpStatus.AVAILABLE].green
        orange, red, grey = (
            colour[status] for status in (CpStatus.UNAVAILABLE, CpStatus.FAULTED, CpStatus.DISCONNECTED)
        )
        assert orange.red > orange.green > orange.blue
        assert red.red > 2 * red.green
        assert max(grey) - min(grey) < 24


def test_without_colours_what_needs_somebody_stands_out():
    reverse = {status for status, style in NO_COLOURS.statuses.items() if style.reverse}
    assert reverse == {CpStatus.UNAVAILABLE, CpStatus.FAULTED}


def test_a_charge_that_goes_on_without_its_monitor_keeps_its_figures_and_says_why():
    lost = point(session_id="S", charging=True, monitor_heard=False)
    said = text(shown(View(points=[lost], sessions=[charge(meter_mwh=2_000_000)])))
    assert "Disconnected: its monitor" in said
    assert "0.0 kW 2.000 kWh 0.50 €" in said


def test_figures_of_an_engine_without_link_stand_still_and_claim_no_power():
    live = {"CP001": Live("S-1", 22_000, 5_000_000)}
    lost = point(session_id="S", charging=True, engine_link=None)
    live_at = {"CP001": NOON.replace(second=7)}
    view = View(points=[lost], sessions=[charge()], live=live, live_at=live_at)
    said = text(shown(view))
    assert "0.0 kW now" in said
    assert re.search(r"\n as of \d\d:\d\d:07 5\.000 kWh", said)
    assert re.search(r"charging +as of \d\d:\d\d:07 +5\.000 kWh +1\.25 €", said)
    assert "Faulted: no link to Central" in said
    linked = replace(view, points=[replace(lost, engine_link=2)])
    assert "as of" not in text(shown(linked))


def test_no_more_is_shown_than_the_charge_may_cost():
    live = {"CP001": Live("S-1", 22_000, 99_000_000)}
    view = View(points=[point(session_id="S", charging=True)], sessions=[charge()], live=live)
    assert "99.00 kWh 20.00 €" in text(shown(view))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "charging"),
        ({"state": SessionState.AUTHORISED}, "waiting for the plug"),
        ({"stop_reason": EndReason.OPERATOR}, "ending: stopped by the operator"),
    ],
)
def test_how_far_a_charge_is(facts: dict, words: str):
    assert session_state(charge(**facts), "en") == words
    assert words in text(shown(View(points=[point()], sessions=[charge(**facts)])))


def test_a_location_shows_the_country_that_the_weather_service_found():
    points = [point(1, location=Location("León")), point(2, location=Location("León, ES")), point(3)]
    view = View(
        points=points,
        countries={Location("león"): "MX", Location("león, es"): "ES", Location("alicante"): ""},
    )
    for said in (
        text(shown(view)),
        text(shown(replace(view, points=[*points, *many(60).points[3:]]), 160, 49)),
    ):
        assert "León, MX" in said
        assert "León, ES" in said
        assert "ES, ES" not in said


def test_sixty_points_are_rows_on_a_large_screen_and_cells_on_a_small_one():
    view = replace(many(60), live={"CP009": Live("S", 7_000, 1)})
    points = [*view.points[:8], point(9, session_id="S", charging=True), *view.points[9:]]
    view = replace(view, points=points, sessions=[charge(9)])
    large, small = text(shown(view, 160, 49)), text(shown(view))
    assert "● CP060  Available 0.25 € Alicante" in large
    assert "▶ CP009  7.0 kW 0.000 kWh 0.00 € D01" in large
    for number in range(1, 61):
        assert f"CP{number:03}" in small
    assert "▶ CP009  7.0 kW" in small
    assert "Faults" in small
    assert "Requests and charges (1)" in small


def test_two_thousand_points_are_counts_and_those_that_are_not_green():
    said = text(shown(many(2_000, wrong=3)))
    assert "● 1997 Available" in said
    assert [f"CP{number:03}" in said for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert "Every charging point is well." in text(shown(many(2_000)))
    assert "more" in text(shown(many(2_000, wrong=2_000)))


def test_without_points_it_says_what_to_do():
    assert "start an engine and its monitor" in text(shown(View()))


@pytest.mark.parametrize("width", [1, 2, 20, 39, 40, 60, 80, 109, 110, 160, 300])
@pytest.mark.parametrize("height", [1, 2, 5, 10, 23, 49])
@pytest.mark.parametrize("count", [0, 1, 6, 60])
def test_it_fits_whatever_the_size(width: int, height: int, count: int):
    view = six() if count == 6 else many(count, wrong=count // 2)
    view = replace(view, troubles=["Registry not responding"], messages=["m" * 500] * 50)
    shown(view, width, height)
    shown(replace(view, page=["p" * 500] * 50), width, height)


def test_twenty_columns_are_a_list():
    said = text(shown(six(), 20, 23)).splitlines()
    assert said[2:8] == [
        "● CP001  Available",
        "◐ CP002  Preparing",
        "▶ CP003  21.9 kW",
        "■ CP004  Out of Ord…",
        "▲ CP005  Faulted",
        "○ CP006  Disconnect…",
    ]
    assert "! CP005 is broken." in said
    short = text(shown(many(60, wrong=2), 20, 10))
    assert "▲ CP002" in short
    assert "CP003" not in short


def test_spanish_says_it_in_spanish():
    said = text(shown(six(), 120, 40, "es"))
    for words in (
        "Fuera de servicio", "Averiado", "Desconectado", "Suministrando", "Disponible", "kW ahora", "Puntos: 6",
        "Peticiones y suministros (2)", "Averías (sin resolver: 1)", "Mensajes", "operador, tiempo",
        "su monitor no responde", "pendiente de enchufar",
    ):  # fmt: skip
        assert words in said
    for words in ("Out of Order", "Faults", "Messages", "operator"):
        assert words not in said


def test_hostile_words_are_shown_and_do_nothing():
    bad = point(location=Location(HOSTILE), fault=HOSTILE)
    view = View(points=[bad], faults=[Fault("12:00:00", HOSTILE)], messages=[HOSTILE], troubles=[HOSTILE])
    for width in (20, 80, 160):
        lines = shown(replace(view, page=None), width)
        said = text(lines)
        assert "[red]x[/r" in said
        assert not any(character in said for character in "\x1b\x9b\u202e")
    assert "\\x1b[2J\\n\\u202egnp\\x9b31m" in text(shown(view, 160))
    assert "[red]x[/red]\\x1b" in text(shown(View(page=[HOSTILE])))


def test_wide_characters_do_not_push_anything_out_of_line():
    shown(
        View(
            points=[
                point(number, location=Location("東京都千代田区丸の内一丁目" * 3)) for number in range(1, 7)
            ]
        )
    )


def test_open_faults_stay_until_solved_and_their_end_is_told():
    said = text(shown(six(), 80, 30))
    assert "12:00:01 ! CP005 is broken." in said
    assert "11:00:01 ✓ The engine of CP001 was lost." in said
    assert "11:00:09 ✓ It is back." in said
    assert list(fault_lines(Fault("1", "a"))) == ["1 ! a"]


def test_more_open_faults_than_fit_are_counted():
    view = replace(six(), faults=[Fault("12:00:00", f"fault {number}") for number in range(30)])
    said = text(shown(view))
    assert "Faults (30 open)" in said
    assert "fault 0" in said
    hidden = 30 - sum(
        f"fault {number}" in said.split() or f"! fault {number}\n" in said for number in range(30)
    )
    assert f"… and {hidden} more" in said


def test_open_faults_that_were_not_even_listed_are_counted_too():
    view = replace(six(), faults=[Fault("12:00:00", "fault")], more_faults=1_999)
    said = text(shown(view))
    assert "Faults (2000 open)" in said
    # One line is left for them: it says how many there are, the listed one among them.
    assert "12:00:00 ! fault" not in said
    assert "… and 2000 more" in said


def test_more_charges_than_fit_are_counted():
    view = replace(many(60), sessions=[charge(number) for number in range(1, 31)])
    said = text(shown(view))
    assert "Requests and charges (30)" in said
    assert said.count(" charging ") == 1
    assert "… and 29 more" in said


def test_a_wide_screen_has_charges_and_faults_side_by_side():
    line = next(line for line in text(shown(six(), 160, 49)).splitlines() if "Requests" in line)
    assert "Faults (1 open)" in line


def test_a_message_takes_as_many_lines_as_it_needs_but_not_all():
    long = "resume: no longer withheld by the operator, but still CP001 (Alicante) Out of Order: key revoked"
    said = text(shown(replace(six(), messages=["first", long]))).splitlines()
    assert said[-3:] == [
        "first",
        "resume: no longer withheld by the operator, but still CP001 (Alicante) Out of",
        "  Order: key revoked",
    ]
    lines = text(shown(replace(six(), messages=["first", "m" * 5_000]), 80, 30)).splitlines()
    assert lines[-4] == "first"
    assert lines[-1].endswith("…")


def test_troubles_stand_above_everything():
    lines = shown(replace(six(), troubles=["Registry not responding", "disk full", "third"]))
    assert lines[2].plain.startswith("! Registry not responding")
    assert lines[3].plain.startswith("! disk full")
    assert "third" not in text(lines)


def test_a_page_takes_the_place_of_the_wall():
    said = text(shown(replace(six(), page=["COMMANDS", "  out CP001"])))
    assert "COMMANDS" in said
    assert "●1 ◐1 ▶1 ■1 ▲1 ○1" in said
    assert "Alicante" not in said


def test_charging_points_stand_in_the_order_of_people():
    points = [replace(point(), cp_id=cp_id) for cp_id in ("CP10", "CP2", "CP1")]
    lines = text(shown(View(points=points)))
    assert lines.index("CP1 ") < lines.index("CP2 ") < lines.index("CP10")


def test_the_title_names_this_central_and_who_stands_by_only_where_there_are_several():
    assert str(shown(View())[0]).startswith("EVCHARGE CENTRAL  ")
    since = datetime(2026, 11, 30, 10, 5, tzinfo=UTC)
    several = shown(View(several=Several("A", since, ("B", "C")), zone=UTC), width=100)
    assert str(several[0]).startswith("EVCHARGE CENTRAL A, leads since 10:05 · stands by: B, C ")
