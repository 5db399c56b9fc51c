"""The board: what open pages show, and a revision by which each knows what it has missed."""

import copy
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evcharge.central.rules import commands as c
from evcharge.central.views.board import MAX_ALERTS, MAX_MESSAGES
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus, Hold
from tests.unit.central.builders import KWH, NOON
from tests.unit.central.pages import Page, Shown

AVAILABLE, PREPARING, CHARGING, UNAVAILABLE, FAULTED, DISCONNECTED = range(6)
UNIX_NOON = int(NOON.timestamp())


@pytest.fixture
def town() -> Shown:
    return Shown(points=2, drivers=2)


# ---- the snapshot


def test_a_snapshot_shows_every_charging_point_with_its_place_and_price(town: Shown):
    page = Page()
    said = page.takes(town.board.snapshot())
    assert said["epoch"] == "9f3c21aa"
    assert said["version"] == "1.2.3"
    assert said["lang"] == "en"
    assert said["now"] == UNIX_NOON
    assert page.names == {
        0: [0, "CP001", "Alicante", 2_500, "", 0],
        1: [1, "CP002", "Alicante", 2_500, "", 0],
    }
    assert page.row().s == AVAILABLE
    assert page.row().since == UNIX_NOON
    assert page.row().flags == 3
    assert page.messages == {}


def test_a_location_is_shown_with_the_country_that_the_weather_service_takes_it_to_be_in(town: Shown):
    page = Page()
    page.takes(town.board.snapshot())
    report = {"temperature_celsius": 20.0, "wind_m_per_s": None, "measured_at": NOON, "source": "test"}
    where = {"latitude": 38.35, "longitude": -0.48}
    town.does(c.WeatherReport, location="alicante", country="ES", **report, **where)
    town.ticks()
    page.takes(town.board.delta(page.rev))
    assert [name[4] for name in page.names.values()] == ["ES", "ES"]
    # What its name says needs no other word; and where nobody knows any more, nothing is said.
    town.does(c.MovePoint, cp_id="CP001", location="Alicante, ES")
    town.does(c.WeatherReport, location="alicante", country="", **report, **where)
    town.ticks()
    page.takes(town.board.delta(page.rev))
    assert [name[2:] for name in page.names.values()] == [
        ["Alicante, ES", 2_500, "", 0],
        ["Alicante", 2_500, "", 0],
    ]


def test_an_empty_network_has_a_snapshot():
    page = Page()
    page.takes(Shown().board.snapshot())
    assert page.rows == {}
    assert page.kpi["availability"] == 1.0


# ---- rows


def test_a_charge_is_shown_with_its_live_figures(town: Shown):
    session = town.charging("D01", "CP001")
    town.draws(session, 22_000, 2 * KWH, 431)
    town.ticks()
    row = town.row()
    assert (row.s, row.power_w, row.energy_mwh, row.cost_cents) == (CHARGING, 22_000, 2 * KWH, 50)
    assert (row.driver_id, row.session_id, row.started) == ("D01", session.session_id, UNIX_NOON)
    assert row.temperature == 431


def test_a_session_that_waits_for_its_plug_is_preparing(town: Shown):
    town.authorised()
    town.ticks()
    assert (town.row().s, town.row().driver_id, town.row().started) == (PREPARING, "D01", 0)


def test_a_charge_never_shows_more_than_is_held_for_it(town: Shown):
    session = town.charging()
    town.draws(session, 22_000, 100 * KWH)
    town.ticks()
    assert town.row().cost_cents == session.hold_cents


def test_without_a_link_no_power_is_claimed(town: Shown):
    session = town.charging()
    town.draws(session, 22_000, KWH, 400)
    town.engine_leaves()
    town.ticks()
    assert (town.row().power_w, town.row().energy_mwh) == (0, KWH)
    assert (town.row().s, town.row().fault, town.row().flags) == (FAULTED, "no link to Central", 2)


def test_a_temperature_is_shown_without_a_charge_and_not_of_somebody_who_is_gone(town: Shown):
    town.feed.on_temperature("CP002", 215)
    town.ticks()
    assert town.row("CP002").temperature == 215
    town.engine_leaves("CP002")
    town.monitor_leaves("CP002")
    town.ticks()
    assert (town.row("CP002").s, town.row("CP002").temperature) == (DISCONNECTED, None)


def test_holds_faults_revoked_keys_and_stops_are_told(town: Shown):
    town.charging()
    town.holds(cp_id="CP001")
    town.holds(Hold.WEATHER, cp_id="CP001")
    town.reports("overheating", "CP002")
    town.ticks()
    assert (town.row().s, town.row().holds, town.row().flags) == (UNAVAILABLE, "operator,weather", 1 | 2 | 8)
    assert (town.row("CP002").s, town.row("CP002").fault) == (FAULTED, "overheating")
    town.does(c.RevokeKeys, subject="CP002")
    town.ticks()
    assert town.row("CP002").flags & 4


def test_ages_reach_back_before_this_run_of_central(town: Shown):
    town.since["CP001", CpStatus.FAULTED] = NOON - timedelta(minutes=13)
    town.reports("hot")
    town.ticks()
    assert (town.row().s, town.row().since) == (FAULTED, UNIX_NOON - 13 * 60)
    town.later(10)
    town.reports(None)
    town.ticks()
    assert (town.row().s, town.row().since) == (AVAILABLE, UNIX_NOON + 10)


def test_since_says_when_the_status_changed_not_when_it_was_shown(town: Shown):
    town.later(10)
    town.holds(cp_id="CP001")
    town.later(5)
    town.holds(Hold.WEATHER, cp_id="CP001")
    town.later(5)
    town.ticks()
    assert town.row().since == UNIX_NOON + 10


@pytest.mark.parametrize("moved", [timedelta(days=400), timedelta(hours=-1)])
def test_a_clock_that_is_set_makes_nothing_older_or_younger(town: Shown, moved: timedelta):
    session = town.charging("D01", "CP001")
    town.holds(cp_id="CP002")
    town.reports("hot", "CP002")
    town.later(100)
    town.clock_is_set(moved)
    town.feed.publish(events.ClockJumped(seconds=round(moved.total_seconds())))
    town.ticks()
    now = town.now.timestamp()
    assert (now - town.row("CP002").since, now - town.row("CP001").started) == (100, 100)
    charge = town.drivers_board.charge(town.session(session.session_id))
    assert (now - charge.started_at, now - charge.authorised_at) == (100, 100)
    (alert,) = [alert for alert in town.alerts.open() if alert.about == "CP002"]
    assert town.now - alert.since == timedelta(seconds=100)
    town.sends(town.engines["CP001"].ended(session.session_id))
    assert not town.board._moved_s


def test_a_new_charging_point_and_one_that_moved_are_named_in_a_delta(town: Shown):
    page = Page()
    page.takes(town.board.snapshot())
    town.point_is_there("CP003", location="Denia")
    town.engine("CP001", said_location="Elche")
    town.ticks()
    said = page.takes(town.board.delta(page.rev))
    assert sorted(name[1:3] for name in said["c"]) == [["CP001", "Elche"], ["CP003", "Denia"]]
    assert page.row("CP003").s == AVAILABLE


def test_pages_know_the_most_power_that_an_engine_gives(town: Shown):
    page = Page()
    page.takes(town.board.snapshot())
    town.engine("CP001", max_power_w=22_000)
    town.ticks()
    said = page.takes(town.board.delta(page.rev))
    assert [(name[1], name[5]) for name in said["c"]] == [("CP001", 22_000)]


def test_names_of_locations_come_in_one_form(town: Shown):
    page = Page()
    for cp_id, location in (("CP003", "Ma\u0301laga"), ("CP004", "Málaga "), ("CP005", "M\u200bálaga")):
        town.point_is_there(cp_id, location=location)
    town.ticks()
    page.takes(town.board.snapshot())
    assert {name[2] for name in page.names.values()} == {"Alicante", "Málaga"}


# ---- who leaves the network


def test_a_withdrawn_point_leaves_the_wall_and_the_figures(town: Shown):
    town.charging(cp_id="CP001")
    town.ticks()
    page = Page()
    page.takes(town.board.snapshot())
    town.does(c.Withdraw, subject="CP001", epoch=1, registration=0)
    town.ticks()
    assert page.rev < town.board.renumbered_rev
    page.takes(town.board.snapshot())
    assert [name[:2] for name in page.names.values()] == [[0, "CP002"]]
    assert [row[0] for row in page.rows.values()] == [0]
    assert (page.kpi["points"], sum(page.kpi["by"]), page.kpi["open"]) == (1, 1, 0)
    assert town.board.free() == b"[0]"
    assert page.alerts == []
    told = [told["en"] for told in page.messages.values()]
    assert told[-1] == "CP001 is withdrawn from the network"
    assert not any("CP001 (Alicante) Unavailable" in text for text in told)


def test_those_that_stay_go_on_being_told_under_their_new_indexes(town: Shown):
    town.does(c.Withdraw, subject="CP001", epoch=1, registration=0)
    town.ticks()
    page = Page()
    page.takes(town.board.snapshot())
    town.draws(town.charging(cp_id="CP002"), 22_000, KWH)
    town.point_is_there("CP003")
    town.ticks()
    page.takes(town.board.delta(page.rev))
    assert (page.row("CP002").power_w, page.row("CP003").s) == (22_000, AVAILABLE)
    assert (page.row("CP002").i, page.row("CP003").i) == (0, 1)
    assert next(iter(town.board.figures()))[:2] == ("CP002", 22_000)


def test_one_that_comes_back_is_on_the_wall_again(town: Shown):
    town.does(c.Withdraw, subject="CP001", epoch=1, registration=0)
    town.ticks()
    page = Page()
    page.takes(town.board.snapshot())
    town.later(60)
    town.point_is_there("CP001", location="Elche", epoch=1, registration=1)
    town.ticks()
    page.takes(town.board.delta(page.rev))
    assert (page.row("CP001").s, page.row("CP001").since) == (AVAILABLE, UNIX_NOON + 60)
    assert page.kpi["points"] == 2


def test_a_point_that_leaves_and_comes_back_between_two_frames_stays(town: Shown):
    town.does(c.Withdraw, subject="CP001", epoch=1, registration=0)
    town.point_is_there("CP001", epoch=1, registration=1)
    before = town.board.renumbered_rev
    town.ticks()
    assert town.board.renumbered_rev == before
    assert town.row("CP001").s == AVAILABLE


# ---- deltas


def test_a_delta_holds_only_what_is_newer(town: Shown):
    before = town.board.rev
    town.holds(cp_id="CP001")
    assert town.ticks()
    said = json.loads(town.board.delta(before))
    assert [row[0] for row in said["u"]] == [0]
    assert said["c"] == []
    assert "alerts" not in said
    assert "banners" not in said


def test_live_figures_that_do_not_change_a_row_are_no_news(town: Shown):
    session = town.charging()
    town.draws(session, 22_000, 5)
    town.ticks()
    before = town.board.rev
    town.draws(session, 22_000, 5)
    assert not town.ticks()
    assert town.board.rev == before
    said = json.loads(town.board.delta(before))
    assert (said["u"], said["messages"]) == ([], [])
    assert said["kpi"]["power_w"] == 22_000


def test_figures_alone_are_news_whatever_changed_before_them(town: Shown):
    session = town.charging("D01", "CP001")
    town.draws(session, 22_000, 5)
    town.ticks()
    town.holds(cp_id="CP002")
    town.ticks()
    before = town.board.rev
    town.draws(session, 21_000, 9, 300)
    town.ticks()
    said = json.loads(town.board.delta(before))
    assert [(row[0], row[3], row[4], row[12]) for row in said["u"]] == [(0, 21_000, 9, 300)]
    assert said["kpi"]["power_w"] == 21_000


def test_nothing_is_numbered_between_two_refreshes(town: Shown):
    before = town.board.rev
    town.holds(cp_id=None)
    town.point_is_there("CP009")
    assert town.board.rev == before


# ---- messages


def test_messages_are_told_in_both_languages(town: Shown):
    town.holds(cp_id="CP001")
    town.ticks()
    page = Page()
    page.takes(town.board.snapshot())
    placed, shown = page.messages.values()
    assert (placed["cp"], placed["kind"]) == ("CP001", "warn")
    assert placed["en"] != placed["es"]
    assert (shown["en"].startswith("CP001"), shown["kind"]) == (True, "warn")
    assert "Out of Order" in shown["en"]
    assert "Fuera de" in shown["es"]
    assert shown["at"] == UNIX_NOON


def test_what_says_nothing_in_words_is_no_message(town: Shown):
    before = town.board.rev
    town.feed.publish(events.CentralStopped())
    town.ticks()
    assert town.board.rev == before


def test_every_message_has_a_number_of_its_own_and_only_the_last_are_kept(town: Shown):
    for _ in range(MAX_MESSAGES):
        town.holds(cp_id="CP001")
        town.lifts(cp_id="CP001")
        town.ticks()
    page = Page()
    page.takes(town.board.snapshot())
    assert len(page.messages) == MAX_MESSAGES
    assert max(page.messages) <= page.rev


def test_a_storm_of_events_is_cut_to_what_is_kept(town: Shown):
    for _ in range(MAX_MESSAGES):
        town.holds(cp_id="CP001")
        town.lifts(cp_id="CP001")
    town.ticks()
    assert len(json.loads(town.board.delta(0))["messages"]) == MAX_MESSAGES


def test_a_point_that_appears_tells_its_status():
    town = Shown()
    town.point_is_there("CP007")
    town.ticks()
    told = [line["en"] for line in json.loads(town.board.delta(0))["messages"]]
    assert any("CP007" in text and "Available" in text for text in told)


def test_what_happened_before_a_start_is_told_without_happening_again(town: Shown):
    session = town.charging(more_mwh=KWH)
    (made,) = [event for event in town.ends(session).events if isinstance(event, events.TicketMade)]
    later = Shown(points=1)
    later.board.recall(made, NOON - timedelta(days=1))
    later.ticks()
    (told,) = json.loads(later.board.snapshot())["messages"]
    assert (told["cp"], told["at"]) == ("CP001", UNIX_NOON - 86_400)
    assert later.board.kpi.sessions_today == 0


def test_what_is_wrong_is_told_in_the_readers_language_beside_the_words_of_the_peer(town: Shown):
    rev = town.board.rev
    town.reports("journal full", "CP001")
    town.reports("smoke comes out", "CP002")
    town.ticks()
    for frame in (town.board.snapshot, lambda *lang: town.board.delta(rev, *lang)):
        assert json.loads(frame())["faults"] == {"journal full": {"es": "diario lleno"}}
        assert json.loads(frame("de"))["faults"] == {
            "journal full": {"es": "diario lleno", "de": "Journal voll"}
        }
        assert {row[10] for row in json.loads(frame("de"))["u"]} == {"journal full", "smoke comes out"}
    assert "faults" not in json.loads(town.board.delta(town.board.rev))


@pytest.mark.parametrize(
    ("lang", "status"), [("de", "Außer Betrieb: "), ("fr", "Hors service: "), ("ca", "Fora de servei: ")]
)
def test_messages_are_told_in_one_more_language_to_who_reads_that(town: Shown, lang: str, status: str):
    town.holds(cp_id="CP001")
    town.ticks()
    (told,) = json.loads(town.board.snapshot(lang))["messages"][-1:]
    assert told[lang].startswith(f"CP001 (Alicante) {status}")
    assert told["en"].startswith("CP001 (Alicante) Out of Order: ")
    # What a point is later changes nothing of what was told of it.
    town.lifts(cp_id="CP001")
    town.ticks()
    assert told in json.loads(town.board.delta(0, lang))["messages"]
    assert not any(lang in told for told in json.loads(town.board.delta(0))["messages"])


# ---- alerts and banners


def test_alerts_and_banners_are_told_in_one_more_language_to_who_reads_that(town: Shown):
    town.reports("engine lost: it does not answer")
    town.feed.publish(events.RegistryLost(why="no answer in time"))
    town.ticks()
    said = json.loads(town.board.snapshot("de"))
    words = {alert["kind"]: (alert["what_de"], alert["restored_de"]) for alert in said["alerts"]}
    assert words["fault"] == ("CP001 ist gestört (Engine verloren: keine Antwort).", "")
    (banner,) = said["banners"]
    assert banner["de"].startswith("Registry antwortet nicht (keine Antwort in der Zeit)")
    seen = said["rev"]
    town.reports(None)
    town.ticks()
    alerts = json.loads(town.board.delta(seen, "de"))["alerts"]
    assert {alert["restored_de"] for alert in alerts} == {"", "CP001 funktioniert wieder."}
    assert "what_de" not in json.loads(town.board.snapshot())["alerts"][0]


def test_alerts_are_sent_when_any_changed_then_not_again(town: Shown):
    page = Page()
    page.takes(town.board.snapshot())
    town.reports("overheating")
    town.ticks()
    page.takes(town.board.delta(page.rev))
    (alert,) = page.alerts
    assert (alert["id"], alert["kind"], alert["about"]) == ("CP001-fault", "fault", "CP001")
    assert alert["what"] != alert["what_es"]
    assert (alert["since"], alert["solved_at"], alert["restored"]) == (UNIX_NOON, None, "")
    assert page.kpi["alerts"] == 1
    assert "alerts" not in page.takes(town.board.delta(page.rev))
    town.later(30)
    town.reports(None)
    town.ticks()
    page.takes(town.board.delta(page.rev))
    assert page.alerts[0]["solved_at"] == UNIX_NOON + 30
    assert page.alerts[0]["restored"]


def test_only_what_an_operator_may_close_is_closable(town: Shown):
    town.reports("overheating")
    town.feed.publish(events.ClockJumped(seconds=60))
    town.ticks()
    page = Page()
    page.takes(town.board.snapshot())
    assert {alert["kind"]: alert["closable"] for alert in page.alerts} == {"fault": False, "clock": True}


def test_trouble_of_the_network_itself_is_a_banner(town: Shown):
    page = Page()
    town.feed.publish(events.RegistryLost(why="no answer"))
    town.ticks()
    page.takes(town.board.snapshot())
    assert [banner["id"] for banner in page.banners] == ["registry"]
    # No event can tell that events cannot be stored.
    town.alerts.storage_failed("disk full", town.now)
    town.ticks()
    page.takes(town.board.delta(page.rev))
    assert {banner["id"] for banner in page.banners} == {"registry", "storage"}
    town.feed.publish(events.RegistryReached())
    town.ticks()
    page.takes(town.board.delta(page.rev))
    assert [banner["id"] for banner in page.banners] == ["storage"]
    town.feed.publish(events.WeatherLost(why="the weather service was stopped"))
    town.ticks()
    page.takes(town.board.delta(page.rev))
    banner = next(one for one in page.banners if one["id"] == "weather")
    assert banner["en"].startswith("Weather connection unavailable")
    assert banner["es"].startswith("Conexión con el clima no disponible (se paró el servicio del clima)")
    town.feed.publish(events.WeatherReached())
    town.ticks()
    page.takes(town.board.delta(page.rev))
    assert [one["id"] for one in page.banners] == ["storage"]


def test_a_list_of_alerts_that_nobody_can_read_is_cut(town: Shown):
    for number in range(MAX_ALERTS + 1):
        town.feed.publish(events.FaultReported(cp_id=f"CP{number:05}", fault="wet"))
    town.ticks()
    page = Page()
    page.takes(town.board.snapshot())
    assert len(page.alerts) == MAX_ALERTS
    assert page.kpi["alerts"] == MAX_ALERTS + 1


# ---- figures


def test_the_figures_count_statuses_power_and_charges(town: Shown):
    session = town.charging("D01", "CP001")
    town.draws(session, 11_000, KWH)
    town.reports("wet", "CP002")
    town.ticks()
    kpi = json.loads(town.board.snapshot())["kpi"]
    assert kpi["points"] == 2
    assert kpi["by"] == [0, 0, 1, 0, 1, 0, 0]
    assert (kpi["power_w"], kpi["open"], kpi["drivers"]) == (11_000, 1, 2)
    assert kpi["availability"] == 0.5


def test_drivers_who_leave_are_counted_no_more(town: Shown):
    town.does(c.DriverLeaves, driver_id="D01", link=town.driver("D01").link, reason="cut")
    assert town.board.kpi.drivers == 1


def test_tickets_of_today_are_summed_until_midnight(town: Shown):
    session = town.charging(more_mwh=4 * KWH)
    town.ends(session)
    kpi = town.board.kpi
    assert (kpi.energy_today_mwh, kpi.revenue_today_cents, kpi.sessions_today) == (4 * KWH, 100, 1)
    town.later(timedelta(days=1).total_seconds())
    town.ticks()
    kpi = town.board.kpi
    assert (kpi.energy_today_mwh, kpi.revenue_today_cents, kpi.sessions_today) == (0, 0, 0)


def test_what_telemetry_samples(town: Shown):
    town.draws(town.charging("D01", "CP002"), 9_000, KWH, 300)
    town.ticks()
    assert list(town.board.figures()) == [("CP001", 0, None), ("CP002", 9_000, 300)]


# ---- any history, any page

_POINTS = st.sampled_from(["CP001", "CP002", "CP003"])
_STEPS = st.one_of(
    st.tuples(st.just("hold"), _POINTS),
    st.tuples(st.just("lift"), _POINTS),
    st.tuples(st.just("fault"), _POINTS),
    st.tuples(st.just("well"), _POINTS),
    st.tuples(st.just("engine"), _POINTS),
    st.tuples(st.just("cut"), _POINTS),
    st.tuples(st.just("ask"), _POINTS),
    st.tuples(st.just("end"), _POINTS),
    st.tuples(st.just("live"), _POINTS),
    st.tuples(st.just("move"), _POINTS),
    st.tuples(st.just("registry"), _POINTS),
    st.tuples(st.just("tick"), _POINTS),
    # A page of three takes a delta, perhaps an old one again, or starts anew.
    st.tuples(st.sampled_from(["read", "twice", "resume", "reload"]), st.sampled_from([0, 1, 2])),
)


class _History:
    def __init__(self) -> None:
        self.town = Shown(points=2, drivers=3)
        self.pages = [Page(), Page(), Page()]
        self.saved = [Page(), Page(), Page()]
        for page in self.pages:
            page.takes(self.town.board.snapshot())
        self.registry_is_lost = False
        self.energy_mwh = 0
        self._ask("CP001")
        self._ask("CP002")

    def _exists(self, cp_id: str) -> bool:
        return self.town.facts.point(cp_id) is not None

    def step(self, what: str, on) -> None:
        town = self.town
        town.later(1)
        if what in ("read", "twice", "resume", "reload"):
            getattr(self, what)(on)
        elif what == "engine":
            town.point_is_there(on)
        elif what == "move":
            town.point_is_there(on, location=f"Street {town.link()}")
        elif what == "registry":
            self.registry_is_lost = not self.registry_is_lost
            lost = events.RegistryLost(why="?") if self.registry_is_lost else events.RegistryReached()
            town.feed.publish(lost)
        elif what == "tick":
            town.ticks()
        elif self._exists(on):
            getattr(self, f"_{what}")(on)

    def _hold(self, cp_id: str) -> None:
        self.town.holds(cp_id=cp_id)

    def _lift(self, cp_id: str) -> None:
        self.town.lifts(cp_id=cp_id)

    def _fault(self, cp_id: str) -> None:
        self.town.reports("wet", cp_id)

    def _well(self, cp_id: str) -> None:
        self.town.reports(None, cp_id)

    def _cut(self, cp_id: str) -> None:
        self.town.engine_leaves(cp_id)

    def _ask(self, cp_id: str) -> None:
        answer = self.town.asks("D0" + cp_id[-1], cp_id).reply
        if answer.step == "ASKING":
            engine = self.town.engines[cp_id]
            self.town.sends(engine.started(answer.session_id), cp_id=cp_id)

    def _end(self, cp_id: str) -> None:
        session_id = self.town.point(cp_id).session_id
        if session_id is not None:
            self.town.ends(self.town.session(session_id), more_mwh=5)

    def _live(self, cp_id: str) -> None:
        session_id = self.town.point(cp_id).session_id
        if session_id is not None:
            self.energy_mwh += 7
            self.town.draws(self.town.session(session_id), 20_000 + self.energy_mwh, self.energy_mwh, 300)

    def read(self, number: int) -> None:
        page = self.pages[number]
        page.takes(self.town.board.delta(page.rev))

    def twice(self, number: int) -> None:
        page = self.pages[number]
        frame = self.town.board.delta(page.rev)
        page.takes(frame)
        once = copy.deepcopy(page)
        page.takes(frame)
        assert page == once

    def resume(self, number: int) -> None:
        """The page lost its connection a while ago: it goes on from what it had then."""
        self.pages[number], self.saved[number] = self.saved[number], copy.deepcopy(self.pages[number])
        if self.pages[number].rev < 0:
            self.reload(number)
        else:
            self.read(number)

    def reload(self, number: int) -> None:
        self.pages[number] = Page()
        self.pages[number].takes(self.town.board.snapshot())


@settings(max_examples=150, deadline=None)
@given(st.lists(_STEPS, max_size=40))
def test_whatever_frames_a_page_took_it_ends_as_a_fresh_one(steps):
    history = _History()
    for what, on in steps:
        history.step(what, on)
    history.town.ticks()
    fresh = Page()
    fresh.takes(history.town.board.snapshot())
    for number, page in enumerate(history.pages):
        history.read(number)
        assert page == fresh
    assert fresh.kpi["by"] == [sum(row[1] == s for row in fresh.rows.values()) for s in range(len(CpStatus))]
    assert fresh.kpi["power_w"] == sum(row[3] for row in fresh.rows.values())
    assert fresh.kpi["open"] == sum(bool(row[7]) for row in fresh.rows.values())
    assert json.loads(history.town.board.free()) == [
        i for i, row in sorted(fresh.rows.items()) if row[1] == AVAILABLE
    ]
