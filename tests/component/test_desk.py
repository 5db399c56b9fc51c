"""The operator's desk at a real Central: what is done, and what is answered."""

import asyncio
import io
import logging
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from evcharge.central.feed import Feed, Live
from evcharge.central.peers.consents import Consents
from evcharge.central.peers.links import Peers
from evcharge.central.peers.quotas import Quotas
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.rules.alert_kinds import Alert, AlertKind
from evcharge.central.rules.epochs import Epochs
from evcharge.central.rules.facts import Facts
from evcharge.central.terminal import panel
from evcharge.central.terminal.command_line import parse
from evcharge.central.terminal.operator_orders import OperatorOrders, fault
from evcharge.central.terminal.text_layout import COLOURS_256, NO_COLOURS, TRUE_COLOURS
from evcharge.central.views.alerts import Alerts
from evcharge.central.views.event_text import speech
from evcharge.central.views.today import Today
from evcharge.domain.days import UTC_DAYS
from evcharge.domain.events import CentralStopped, TicketMade
from evcharge.domain.session import EndReason
from evcharge.evc1 import messages
from evcharge.terminal.screen_writer import NonBlockingOutput
from tests.component.books import raw
from tests.component.town import FakeDriver, FakeEngine, Town, hear, running

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
async def town(tmp_path):
    async with running(tmp_path) as town:
        yield town


class Operator:
    """Types at a desk of its own."""

    def __init__(self, town: Town, lang: str = "en") -> None:
        self.feed, self.alerts = Feed(), Alerts()
        # Its links are not Central's own: commands go through the same dispatcher.
        consents = Consents(None, b"", town.dispatcher.facts, time.monotonic)
        refusals = Refusals(town.dispatcher.post)
        self.peers = Peers(town.dispatcher, None, self.feed, refusals, Epochs(), b"", Quotas(), consents)
        self.desk = OperatorOrders(town.dispatcher, self.feed, self.peers, self.alerts, lang)

    async def types(self, line: str) -> str:
        order = parse(line, speech("en"))
        assert order is not None
        answer = await self.desk.carry_out(order)
        return answer.line or "\n".join(answer.page or ())


async def charging(town: Town) -> tuple[FakeEngine, FakeDriver]:
    engine, driver = await town.point(), await town.driver()
    driver.asks()
    await engine.is_asked()
    await engine.journals(engine.starts())
    return engine, driver


async def test_out_ends_a_charge_and_resume_takes_it_back(town: Town):
    engine, _ = await charging(town)
    operator = Operator(town)
    assert await operator.types("out CP001") == "out: CP001 (Berlin) Out of Order: operator"
    assert (await hear(engine.channel, messages.Stop)).reason == "operator"
    assert "ending: stopped by the operator" in await operator.types("sessions")
    await engine.journals(engine.ends("operator"))
    assert await operator.types("resume CP001") == "resume: CP001 (Berlin) Available"
    assert "1 point, the only one, is withheld" in await operator.types("out all")
    assert "1 of 1 are available" in await operator.types("resume all")


async def test_out_for_all_asks_while_charges_run(town: Town):
    await charging(town)
    desk = Operator(town).desk
    asked = [
        desk.question(order) for line in ("out CP001", "out all") if (order := parse(line, speech("en")))
    ]
    assert asked == ["", "out: this ends 1 running charge. Put every charging point out of order? y/n"]


async def test_start_asks_for_a_driver_who_stands_there(town: Town):
    engine, driver = await town.point(), await town.driver()
    operator = Operator(town)
    assert "Not done: D09 is unknown here" in await operator.types("start CP001 D09")
    said = await operator.types("start any d01 5 kWh")
    start = await engine.is_asked()
    assert said == f"start: CP001 is waiting for D01 to plug in ({start.session_id})."
    assert start.limit_mwh == 5_000_000
    assert (await hear(driver.channel, messages.Notice)).code == "STARTED"


async def test_stop_ends_one_charge_and_the_point_stays_in_service(town: Town):
    engine, driver = await charging(town)
    operator = Operator(town)
    session_id = engine.start.session_id
    assert await operator.types("stop CP404") == "stop: no charge is running at CP404."
    assert await operator.types("stop cp001") == f"stop: {session_id} ends; CP001 stays in service."
    assert (await hear(engine.channel, messages.Stop)).reason == "operator"
    assert (await driver.step("STOPPING")).reason == "operator"
    assert await operator.types(f"stop {session_id}") == f"stop: {session_id} ends; CP001 stays in service."
    await engine.journals(engine.ends("operator"))
    assert (await driver.ticket()).reason == "operator"
    assert await operator.types("stop CP001") == "stop: no charge is running at CP001."
    assert f"{session_id} is not an open session" in await operator.types(f"stop {session_id}")


async def test_close_lost_ends_what_an_engine_left_behind(town: Town):
    engine, driver = await charging(town)
    operator = Operator(town)
    assert await operator.types("close-lost CP404") == "close-lost: no charge is running at CP404."
    assert "the engine of CP001 is connected" in await operator.types("close-lost CP001")
    engine.channel.abort()
    await town.says("CP001.* Faulted: no link")
    assert "is billed by estimate: 0.000 kWh, 0.00 €" in await operator.types("close-lost CP001")
    assert (await driver.ticket()).estimated
    assert await operator.types("close-lost CP001") == "close-lost: no charge is running at CP001."


async def test_close_lost_gives_back_what_had_not_begun(town: Town):
    engine, driver = await town.point(), await town.driver()
    driver.asks()
    await engine.is_asked()
    engine.channel.abort()
    await town.says("CP001.* Faulted: no link")
    assert "its driver has the money back" in await Operator(town).types("close-lost CP001")


async def test_move_says_where_a_point_stands(town: Town):
    await town.point()
    operator = Operator(town)
    assert await operator.types("move CP001 San Juan") == "move: CP001 (San Juan) Available"
    assert await operator.types("move CP404 Elche") == "CP404 is unknown here: no such charging point."
    await town.says("CP001 is now in San Juan")


async def test_resume_says_what_still_holds(town: Town):
    engine = await town.point()
    operator = Operator(town)
    await operator.types("out CP001")
    engine.monitor.send(messages.Health(fault="overheating"))
    await town.says("Faulted: overheating")
    assert "but still CP001 (Berlin) Faulted: overheating" in await operator.types("resume CP001")


@pytest.mark.parametrize(
    ("lang", "why"),
    [
        ("en", "Out of Order: new journal: close its alert to confirm"),
        ("es", "Fuera de servicio: diario nuevo: cierre su aviso para confirmarlo"),
    ],
)
async def test_resume_does_not_confirm_a_new_journal_and_says_what_does(town: Town, lang: str, why: str):
    await town.with_another_disk(await town.point())
    operator = Operator(town, lang)
    assert (await operator.types("resume CP001")).endswith(f"CP001 (Berlin) {why}")
    assert "0 " in await operator.types("resume all")


async def test_close_confirms_a_new_journal_and_leaves_what_ends_by_itself(town: Town):
    engine = await town.point()
    await town.with_another_disk(engine)
    operator = Operator(town)
    operator.alerts.adopt(town.dispatcher.facts.points(), NOON)
    assert (await operator.types("close CP001")).startswith(
        "close: seen. CP001 came with a different journal"
    )
    await town.says("CP001: its new journal is confirmed")
    engine.monitor.send(messages.Health(fault="overheating"))
    await town.says("Faulted: overheating")
    operator = Operator(town)
    operator.alerts.adopt(town.dispatcher.facts.points(), NOON)
    assert (await operator.types("close CP001")).startswith("close: nothing of CP001 is to be closed by hand")
    assert [alert.kind for alert in operator.alerts.open()] == [AlertKind.FAULT]


async def test_what_is_unknown_is_said_and_nothing_changes(town: Town):
    operator = Operator(town)
    for line in ("out CP404", "resume CP404", "rotate CP404"):
        assert "CP404 is unknown here" in await operator.types(line)
    assert "NOBODY is unknown here" in await operator.types("revoke NOBODY")
    assert await operator.types("top-up D09 5") == "Not done: driver D09 is unknown here"
    spanish = await Operator(town, "es").types("top-up D09 5")
    assert spanish == "No se hizo: aquí no se conoce al conductor D09"


async def test_what_was_journaled_since_the_last_live_figures_counts(town: Town):
    engine, _ = await charging(town)
    await engine.journals(engine.meters(10_000_000))
    operator = Operator(town)
    (session,) = town.dispatcher.facts.sessions()
    # They stand still while an engine has no link, and it has told the rest since.
    operator.feed.live[session.cp_id] = Live(session.session_id, 22_000, 1_000_000)
    assert "10.000 kWh  2.50 €" in await operator.types("sessions")


async def test_money_keys_and_pages(town: Town):
    await town.driver()
    operator = Operator(town)
    assert await operator.types("top-up D01 5") == "top-up: D01 has 25.00 € now"
    assert "REQUESTS AND CHARGES\nnone" in await operator.types("sessions")
    assert "FAULTS, THE NEWEST LAST\nnone" in await operator.types("alerts")
    assert "top-up D01 20" in await operator.types("help")
    assert "the keys of D01 are void" in await operator.types("revoke D01")


async def billed(town: Town) -> str:
    """A charge of 3 kWh that D01 paid 0.75 € for; its session."""
    engine, driver = await charging(town)
    await engine.journals(engine.meters(3_000_000), engine.ends())
    ticket = await driver.ticket()
    assert ticket.cost_cents == 75
    return ticket.session_id


async def test_money_is_put_right_at_the_panel_as_by_any_other_way(town: Town):
    session_id = await billed(town)
    operator = Operator(town)
    assert await operator.types("correct D01 -5 the cable") == "correct: -5.00 € for D01; it has 14.25 € now"
    said = await operator.types(f"correct D01 0.25 {session_id} the price")
    assert said == "correct: 0.25 € for D01; it has 14.50 € now"
    said = await operator.types(f"refund {session_id} all the heat")
    assert said == f"refund: 0.50 € of {session_id} refunded to D01; it has 15.00 € now"
    assert await operator.types("pay-out D01 4 it asked") == "pay-out: 4.00 € paid out to D01; 11.00 € left"
    assert "pay-out: 11.00 € paid out to D01; 0.00 €" in await operator.types("pay-out D01 all it left")
    with raw(town.state / "central/central.db") as books:
        rows = books.execute(
            "SELECT kind, cents, reason, actor FROM ledger WHERE reason IS NOT NULL ORDER BY rowid"
        ).fetchall()
    assert [tuple(row) for row in rows] == [
        ("CORRECTION", 500, "the cable", "operator"),
        ("CORRECTION", 25, "the price", "operator"),
        ("CORRECTION", 50, "the heat", "operator"),
        ("PAY_OUT", 400, "it asked", "operator"),
        ("PAY_OUT", 1_100, "it left", "operator"),
    ]


async def test_what_the_rules_forbid_is_said_and_nothing_moves(town: Town):
    session_id = await billed(town)
    operator = Operator(town)
    for line, said in (
        ("correct D01 -99 why", "the wallet of D01 has 19.25 € free"),
        ("correct D09 1 why", "driver D09 is unknown here"),
        ("correct D01 0 why", "a correction of 0.00 € corrects nothing"),
        (f"refund {session_id} 1 why", f"{session_id} costs 0.75 €: that is the most to give back"),
        ("refund S-404 all why", "there is no session S-404"),
        ("pay-out D01/7 all why", "D01 had no registration 7"),
    ):
        assert await operator.types(line) == f"Not done: {said}"
    assert await operator.types("drivers") == (
        "DRIVERS AND THEIR WALLETS\nD01           19.25 € free\n\n"
        "Tab completes, arrow up repeats, Enter or Esc closes this page."
    )


async def test_money_moves_only_on_a_yes(town: Town):
    await town.driver()
    operator = Operator(town)

    def asks(line: str) -> str:
        order = parse(line, speech("en"))
        assert order is not None
        return operator.desk.question(order)

    assert asks("top-up D01 500") == asks("out all") == asks("drivers") == ""
    assert asks("top-up D01 500.01") == "top-up: 500.01 € for D01 is more than 500.00 €. Is that right? y/n"
    assert asks("correct D01 -5 x") == "correct: take 5.00 € out of the wallet of D01 (it has 20.00 €)? y/n"
    assert asks("correct D01 5 x") == "correct: put 5.00 € into the wallet of D01 (it has 20.00 €)? y/n"
    assert asks("correct D01 5 S-1 x") == "correct: S-1 shall have cost 5.00 € less? y/n"
    assert asks("correct D01 -5 S-1 x") == "correct: S-1 shall have cost 5.00 € more? y/n"
    assert asks("refund S-1 all x") == "refund: give back all that S-1 cost? y/n"
    assert asks("refund S-1 2 x") == "refund: give back 2.00 € of what S-1 cost? y/n"
    assert asks("pay-out D01 all x") == "pay-out: pay out 20.00 € to D01 (it has 20.00 €)? y/n"
    assert asks("pay-out D01 3 x") == "pay-out: pay out 3.00 € to D01 (it has 20.00 €)? y/n"
    # Of nobody there is nothing to ask.
    assert asks("correct D09 5 x") == asks("pay-out D09 all x") == asks("top-up D09 600") == ""


async def test_what_comes_in_before_the_yes_is_not_paid_out_too(town: Town):
    engine, driver = await charging(town)
    operator = Operator(town)
    order = parse("pay-out D01 all it left", speech("en"))
    assert order is not None
    order = operator.desk.exact(order)
    assert operator.desk.question(order) == "pay-out: pay out 0.00 € to D01 (it has 0.00 €)? y/n"
    # What was held for the charge comes back meanwhile.
    await engine.journals(engine.meters(3_000_000), engine.ends())
    await driver.ticket()
    said = await operator.desk.carry_out(order)
    assert said.line == "Not done: the wallet of D01 has 19.25 € free"


async def test_a_revocation_on_a_full_disk_says_that_it_is_not_stored(town: Town):
    await town.driver()
    with town.with_a_full_disk():
        answer = await Operator(town).types("revoke D01")
    assert answer == "D01: withdrawn from now on; it will be stored when there is room on the disk."


class FakeChannel:
    """Takes a new key a moment later; or never, and hangs up."""

    def __init__(self, *, takes: bool) -> None:
        self.keys: list[bytes] = []
        self.is_rekeying = self.is_closing = False
        self._takes = takes

    def rekey(self, key: bytes) -> None:
        self.keys.append(key)
        self.is_rekeying = True
        asyncio.get_running_loop().call_later(0.01, self._taken)

    def _taken(self) -> None:
        self.is_rekeying = not self._takes
        self.is_closing = not self._takes


@pytest.mark.parametrize(
    ("takes", "said"), [(True, "has a new key, no interruption"), (False, "has not taken the new key")]
)
async def test_a_new_key_for_a_living_connection(town: Town, monkeypatch, takes: bool, said: str):
    await town.point()
    operator, channel = Operator(town), FakeChannel(takes=takes)
    assert "has no connection now" in await operator.types("rotate CP001")
    monkeypatch.setattr("evcharge.central.terminal.operator_orders._LOOKS", 5)
    monkeypatch.setattr(operator.peers, "channels", lambda _: [channel])
    assert said in await operator.types("rotate CP001")
    assert len(channel.keys[0]) == 32


def test_an_alert_becomes_a_line_and_its_end_another():
    alert = Alert(kind=AlertKind.FAULT, about="CP001", detail="overheating", since=NOON, times=3)
    shown = fault(alert, "en", ZoneInfo("Asia/Tokyo"))
    assert "CP001" in shown.text
    assert shown.text.endswith("(x3)")
    assert shown.at == "21:00:00"
    assert not shown.restored
    over = fault(
        Alert(kind=AlertKind.FAULT, about="CP001", detail="x", since=NOON, solved_at=NOON), "es", UTC
    )
    assert over.restored
    assert over.restored_at == over.at


def ticket(cost_cents: int, ended_at: datetime = NOON) -> TicketMade:
    return TicketMade(
        session_id="S",
        request_id="R",
        cp_id="CP001",
        driver_id="D01",
        energy_mwh=1_000_000,
        cost_cents=cost_cents,
        price_centi_cents_per_kwh=2_500,
        reason=EndReason.UNPLUGGED,
        started_at=ended_at.timestamp() - 1,
        ended_at=ended_at.timestamp(),
        estimated=False,
        balance_cents=0,
    )


def test_the_sums_of_today_begin_anew_at_midnight():
    today = Today(UTC_DAYS, NOON, 500, 7)
    today.on_event(ticket(25), NOON)
    assert (today.energy_mwh, today.cents) == (1_000_500, 32)
    today.on_event(CentralStopped(), NOON + timedelta(hours=12))
    assert (today.energy_mwh, today.cents) == (0, 0)


def test_a_clock_that_is_set_over_midnight_and_back_loses_nothing_of_today():
    today, tomorrow = Today(UTC_DAYS, NOON, 500, 7, 1), NOON + timedelta(hours=12)
    today.on_event(CentralStopped(), tomorrow)
    today.on_event(ticket(25), tomorrow)
    assert (today.energy_mwh, today.cents, today.sessions) == (0, 0, 0)
    today.turn(NOON)
    assert (today.energy_mwh, today.cents, today.sessions) == (1_000_500, 32, 2)


def test_a_charge_of_yesterday_that_is_told_today_is_none_of_today():
    today = Today(UTC_DAYS, NOON)
    today.on_event(ticket(25, NOON - timedelta(days=1)), NOON)
    assert (today.energy_mwh, today.sessions) == (0, 0)


async def test_the_panel_begins_a_new_day_also_when_nothing_happens(monkeypatch):
    monkeypatch.setattr(panel, "REDRAW_AT_LEAST_EVERY_S", 0.01)
    painted = asyncio.Event()
    shown = object.__new__(panel.Panel)  # without its terminal
    shown._changed = asyncio.Event()
    shown._out = SimpleNamespace(is_behind=False)
    shown._wall = SimpleNamespace(forget=lambda: None)
    shown._app = SimpleNamespace(invalidate=painted.set)
    redrawing = asyncio.create_task(shown._redraw())
    async with asyncio.timeout(5):
        await painted.wait()
    redrawing.cancel()
    shown._today, shown._clock = Today(UTC_DAYS, NOON, 500, 7), lambda: NOON + timedelta(hours=12)
    shown._alerts, shown._lang, shown._page, shown._messages = Alerts(), "en", None, []
    shown._several = lambda: None
    shown._facts, shown._live, shown._live_at = Facts(), {}, {}
    assert (shown.view().energy_today_mwh, shown.view().revenue_today_cents) == (0, 0)


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, COLOURS_256),
        ({"COLORTERM": "truecolor"}, TRUE_COLOURS),
        ({"COLORTERM": "truecolor", "NO_COLOR": "1"}, NO_COLOURS),
    ],
)
def test_the_colours_are_those_that_the_terminal_can_show(monkeypatch, environment: dict, wanted):
    for name in ("COLORTERM", "NO_COLOR", "PROMPT_TOOLKIT_COLOR_DEPTH"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert panel.palette() is wanted


def test_a_terminal_that_does_not_read_is_not_waited_for():
    read_end, write_end = os.pipe()
    screen = NonBlockingOutput(write_end)
    try:
        for _ in range(40):
            screen.write("x" * 65_536)
        screen.flush()
        assert screen.is_behind
        drained = threading.Thread(target=_drain, args=(read_end,), daemon=True)
        drained.start()
        screen.close()
        assert not screen.is_behind
    finally:
        os.close(write_end)
        drained.join(5)
        os.close(read_end)


def _drain(fd: int) -> None:
    while os.read(fd, 1 << 20):
        pass


def test_log_lines_become_messages_without_secrets_or_control_characters():
    heard: list[str] = []
    handler = panel._Messages(heard.append, UTC, "en")
    handler.handle(
        logging.makeLogRecord({"msg": "a\x1b[2J", "levelno": logging.WARNING, "levelname": "WARNING"})
    )
    assert heard[0].endswith(r"warning: a\x1b[2J")
    assert not isinstance(handler, io.IOBase)
