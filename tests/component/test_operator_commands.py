"""The operator's commands, in this process, against a real Central."""

import asyncio
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from evcharge import cli
from evcharge.central.api.resources import points
from evcharge.central.rules.commands import PlaceHold, WeatherAlert
from evcharge.domain.charging_point import Hold
from evcharge.domain.errors import AuthenticationError
from evcharge.domain.location import WeatherKind
from evcharge.evc1 import messages
from evcharge.labels import Speech
from evcharge.labels.operator import SENTENCES
from evcharge.operator import stream
from evcharge.operator.client import OperatorClient
from evcharge.runtime.config import ReachSettings
from evcharge.security import secret_files, state_folder, tls
from tests.component.shell import Shell
from tests.component.town import Town, hear, running

pytestmark = pytest.mark.usefixtures("clean_surroundings")


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with running(tmp_path / "state") as town:
        yield town


@pytest.fixture
async def shell(town: Town, capsys) -> Shell:
    url = (await town.says("API for operators is listening")).split()[-1]
    return Shell(town.state, capsys, central_api=url)


# ---- orders to Central


async def test_out_and_resume_say_what_became_of_the_point(town: Town, shell: Shell):
    await town.point()
    assert await shell.does("out", "CP001") == "CP001 is out of order.\n"
    assert await shell.does("out", "CP001") == "CP001 was already out of order.\n"
    assert await shell.does("resume", "CP001") == "CP001 is resumed: Available.\n"
    assert await shell.does("resume", "CP001") == "CP001 was not held by an operator: Available.\n"


async def test_in_spanish(town: Town, shell: Shell):
    await town.point()
    assert await shell.does("out", "CP001", "--lang", "es") == "CP001 fuera de servicio.\n"
    assert "Fuera de servicio" in await shell.does("cps", "--lang", "es")
    assert await shell.does("resume", "CP001", "--lang", "es") == "CP001 reanudado: Disponible.\n"


async def test_a_command_tells_an_instant_in_the_zone_of_the_network_as_the_pages_do(
    town: Town, shell: Shell, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("EVCHARGE_CENTRAL__TIMEZONE", "Asia/Kathmandu")
    try:
        await shell.does("token", "add", "meter", "--role", "viewer")
        made = json.loads(await shell.does("token", "list", "--json"))["tokens"][0]["created_at"]
        there = datetime.fromisoformat(made).astimezone(ZoneInfo("Asia/Kathmandu"))
        assert f"{there:%Y-%m-%d %H:%M:%S}" in await shell.does("token", "list")
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_all_charging_points_are_listed_however_many_pages_they_are(
    town: Town, shell: Shell, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(points, "MAX_PAGE", 2)
    ids = [f"CP{number:03}" for number in range(1, 6)]
    for cp_id in ids:
        await town.point(cp_id)
    listed = await shell.does("cps")
    assert [cp_id for cp_id in ids if cp_id not in listed] == []
    answer = json.loads(await shell.does("cps", "--json"))
    assert ([point["cp_id"] for point in answer["cps"]], answer["next"]) == (ids, None)


async def test_resume_under_bad_weather_says_still_out(town: Town, shell: Shell):
    await town.point()
    await town.operator(PlaceHold, cp_id="CP001", hold=Hold.WEATHER)
    await shell.does("out", "CP001")
    assert "CP001 is still out: weather." in await shell.does("resume", "CP001")
    assert "CP001 sigue fuera: tiempo." in await shell.does("resume", "CP001", "--lang", "es")


async def test_a_new_journal_is_confirmed_by_closing_its_alert(town: Town, shell: Shell):
    await town.with_another_disk(await town.point())
    why = "diario nuevo: cierre su aviso para confirmarlo"
    for which in ("CP001", "--all"):
        assert f"CP001 sigue fuera: {why}." in await shell.does("resume", which, "--lang", "es")
    assert "new journal not confirmed" in await shell.does("cps")
    await shell.does("alerts", "--close", "CP001-journal")
    assert "CP001 was not held by an operator: Available." in await shell.does("resume", "CP001")


async def test_out_all_without_a_terminal_wants_a_yes_when_it_ends_charges(town: Town, shell: Shell):
    engine, driver = await town.point(), await town.driver()
    driver.asks("CP001")
    await engine.is_asked()
    assert "--yes" in await shell.fails("out", "--all", code=2)
    assert "Available" not in await shell.does("cps")
    said = await shell.does("out", "--all", "--yes")
    assert said == "1 charging points put out of order; 1 charges are being ended.\n"
    assert await shell.does("resume", "--all") == "1 charging points resumed.\n"


async def test_out_all_of_an_idle_network_asks_nothing(town: Town, shell: Shell):
    await town.point()
    assert "1 charging points" in await shell.does("out", "--all")


@pytest.mark.parametrize(
    ("typed", "done"), [("y\n", True), ("n\n", False), ("\n", False), ("maybe\nn\n", False)]
)
async def test_on_a_terminal_out_all_asks(town: Town, shell: Shell, monkeypatch, typed: str, done: bool):
    import io

    engine, driver = await town.point(), await town.driver()
    driver.asks("CP001")
    await engine.is_asked()
    keyboard = io.StringIO(typed)
    keyboard.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", keyboard)
    code, out, err = await shell.types("out", "--all")
    assert "This ends 1 running charge; go on? [y/N]" in err
    assert (code == 0, "put out of order" in out) == (done, done)
    point = town.dispatcher.facts.point("CP001")
    assert (Hold.OPERATOR in point.holds) is done


async def test_close_lost_ends_a_charge_whose_engine_is_gone(town: Town, shell: Shell):
    engine, driver = await town.point(), await town.driver()
    driver.asks("CP001")
    session_id = (await engine.is_asked()).session_id
    await engine.journals(engine.starts(), engine.meters(1_000_000))
    assert "is connected" in await shell.fails("close-lost", session_id)
    engine.channel.abort()
    await town.says("CP001.* Faulted: no link")
    said = await shell.does("close-lost", session_id)
    assert said.startswith(f"{session_id} is closed and billed by estimate: 1.000 kWh, 0.25 €.")
    assert (await driver.ticket()).estimated
    spanish = await shell.fails("close-lost", session_id, "--lang", "es")
    assert f"{session_id} no es una sesión abierta" in spanish
    assert "is not" not in spanish


async def test_start_asks_for_a_driver_who_stands_there(town: Town, shell: Shell):
    engine, driver = await town.point(), await town.driver()
    assert "D09 is unknown here" in await shell.fails("start", "cp001", "--driver", "d09")
    assert "'0 kWh' is not a limit" in await shell.fails(
        "start", "any", "--driver", "D01", "--kwh", "0", code=2
    )
    said = await shell.does("start", "any", "--driver", "d01", "--eur", "2,50", "--lang", "es")
    start = await engine.is_asked()
    assert said == f"CP001 espera a que D01 enchufe: {start.session_id}.\n"
    assert start.hold_cents == 250
    assert (await hear(driver.channel, messages.Notice)).code == "STARTED"
    said = await shell.fails("start", "CP001", "--driver", "D01", "--lang", "es")
    assert "D01 ya tiene una recarga en curso en CP001" in said


async def test_stop_ends_one_charge_and_the_point_stays_in_service(town: Town, shell: Shell):
    engine, driver = await town.point(), await town.driver()
    assert "No charge is running at CP001." in await shell.fails("stop", "cp001")
    driver.asks("CP001")
    session_id = (await engine.is_asked()).session_id
    await engine.journals(engine.starts(), engine.meters(1_000_000))
    assert await shell.does("stop", session_id) == f"{session_id} at CP001 is ending; its ticket follows.\n"
    assert (await driver.step("STOPPING")).reason == "operator"
    said = await shell.does("stop", "cp001", "--lang", "es")
    assert said == f"{session_id} ya se estaba parando en CP001 (parado por el operador).\n"
    engine.channel.abort()
    await town.says("CP001.* Faulted: no link")
    assert "when its engine is back; close-lost ends it now" in await shell.does("stop", session_id)
    assert not town.dispatcher.facts.point("CP001").holds


async def test_a_central_whose_books_are_a_file_has_no_others(town: Town, shell: Shell):
    assert "This Central is alone" in await shell.does("members")
    assert json.loads(await shell.does("members", "--json"))["members"] == []


async def test_revoke_takes_the_keys(town: Town, shell: Shell):
    await town.point()
    assert "revoked" in await shell.does("revoke", "CP001")
    assert "CP001-revoked" in await shell.does("alerts")


async def test_revoke_on_a_full_disk_says_that_it_holds_and_is_not_stored(town: Town, shell: Shell):
    await town.point()
    with town.with_a_full_disk():
        assert "this holds from now on, and will be stored" in await shell.does("revoke", "CP001")


async def test_move_says_where_a_point_stands(town: Town, shell: Shell):
    await town.point()
    assert (
        await shell.does("cp", "set", "CP001", "--location", " San   Juan ") == "CP001 is now in San Juan.\n"
    )
    assert "ya está en San Juan" in await shell.does(
        "cp", "set", "CP001", "--location", "San Juan", "--lang", "es"
    )
    assert (
        await shell.does("cp", "set", "CP001", "--location", "San Juan") == "CP001 is already in San Juan.\n"
    )
    code, _, err = await shell.types("cp", "set", "CP001", "--location", "\u200b")
    assert (code, "1 to 80 characters" in err) == (2, True)
    code, _, err = await shell.types("cp", "set", "CP404", "--location", "Elche")
    assert (code, "does not exist" in err) == (1, True)


async def test_cp_set_changes_price_and_location_at_once(town: Town, shell: Shell):
    await town.point()
    said = await shell.does("cp", "set", "CP001", "--price", "0.30", "--location", "Elche")
    assert said == "CP001 costs 0.30 €/kWh from now on.\nCP001 is now in Elche.\n"
    assert "Say what: --price 0.30, --location Elche, or both." in await shell.fails(
        "cp", "set", "CP001", code=2
    )


async def test_price_says_what_a_kwh_costs_and_asks_when_it_looks_like_a_slip(town: Town, shell: Shell):
    await town.point()
    assert (
        await shell.does("cp", "set", "CP001", "--price", "0.30") == "CP001 costs 0.30 €/kWh from now on.\n"
    )
    assert await shell.does("cp", "set", "CP001", "--price", "0.30") == "CP001 already costs 0.30 €/kWh.\n"
    refused = await shell.fails("cp", "set", "CP001", "--price", "30", code=2)
    assert "30.00 €/kWh is more than 2.00 €/kWh: is that right?" in refused
    assert "30.00" in await shell.does("cp", "set", "CP001", "--price", "30", "--yes")
    assert "write the amount with a point, as in 0.3" in await shell.fails(
        "cp", "set", "CP001", "--price", "0,3", code=2
    )
    assert "cuesta 0,31 €/kWh" in await shell.does("cp", "set", "cp001", "--price", "0,31", "--lang", "es")
    assert "escriba el importe con un punto" in await shell.fails(
        "cp", "set", "CP001", "--price", "1,234", "--lang", "es", code=2
    )
    assert "is not a price" in await shell.fails("cp", "set", "CP001", "--price", "cheap", code=2)


async def test_a_driver_is_blocked_and_let_in_again(town: Town, shell: Shell):
    await town.driver()
    assert await shell.does("block", "D01") == "D01 may not charge any more.\n"
    assert await shell.does("block", "D01", "--lift", "--lang", "es") == "D01 puede recargar de nuevo.\n"
    assert "unknown" in await shell.fails("block", "D404")


async def test_a_location_works_in_spite_of_its_weather(town: Town, shell: Shell):
    await town.point()
    assert "no weather alert" in await shell.fails("override", "Berlin")
    await town.operator(WeatherAlert, location="Berlin", alert=WeatherKind.COLD)
    said = await shell.does("override", "Berlin")
    assert said == "Berlin: its charging points work in spite of the weather.\n"
    assert await shell.does("override", "Berlin", "--lift") == "Berlin: the weather counts again.\n"


async def test_top_up_counts_once_with_the_same_reference(town: Town, shell: Shell):
    await town.driver()
    assert await shell.does("top-up", "D01", "20") == "D01: 20.00 € in, balance 40.00 €.\n"
    assert "balance 52.50 €" in await shell.does("top-up", "D01", "12.50", "--reference", "r-1")
    again = await shell.does("top-up", "D01", "12.50", "--reference", "r-1")
    assert "were already counted" in again
    assert "balance 52.50 €" in again


@pytest.mark.parametrize("euros", ["0", "x", "1.005", "-5", "1e9", "١", "", "9" * 30, "NaN"])
async def test_a_bad_amount_is_misuse(shell: Shell, euros: str):
    assert await shell.fails("top-up", "D01", euros, code=2)


@pytest.mark.parametrize(
    ("args", "lang", "sentence"),
    [
        (("top-up", "D01", "19,80"), "en", "19,80: write the amount with a point, as in 19.80."),
        (("top-up", "D01", "1,980"), "es", "1,980: escriba el importe con un punto, como 1.980."),
        (("top-up", "D01", "-5"), "en", "-5: this takes an amount above 0."),
        (("pay-out", "D01", "-5", "--reason", "x"), "es", "-5: el importe debe ser mayor que 0."),
        (("correct", "D01", "--reason", "x", "-19,80"), "en", "-19,80: write the amount with a point"),
        (("correct", "D01", "5", "--reason", " "), "es", "Indique un motivo"),
    ],
)
async def test_amounts_that_look_otherwise_get_a_sentence(
    shell: Shell, args: tuple, lang: str, sentence: str
):
    assert sentence in await shell.fails(*args, "--lang", lang, code=2)


async def test_money_is_put_right_from_any_shell(town: Town, shell: Shell):
    engine, driver = await town.point(), await town.driver()
    driver.asks("CP001")
    session_id = (await engine.is_asked()).session_id
    await engine.journals(engine.starts(), engine.meters(10_000_000), engine.ends())
    why = ("--reason", "typed twice")
    said = await shell.does("correct", "D01", "-7.50", *why)
    assert said == "D01: corrected by -7.50 €, balance 10.00 €.\n"
    said = await shell.does("correct", "D01", "0.50", *why, "--session", session_id)
    assert said == "D01: corrected by 0.50 €, balance 10.50 €.\n"
    said = await shell.does("refund", session_id, *why, "--reference", "r-1", "--lang", "es")
    assert said == f"{session_id}: 2,00 € devueltos a D01, saldo 12,50 €.\n"
    assert "were already refunded" in await shell.does("refund", session_id, *why, "--reference", "r-1")
    assert await shell.does("pay-out", "D01", *why) == "D01: 12.50 € paid out, 0.00 € left.\n"
    assert "has 0.00 € free" in await shell.fails("pay-out", "D01", "1", *why)


async def test_what_looks_like_a_slip_is_asked_first(town: Town, shell: Shell, monkeypatch):
    import io

    await town.driver()
    assert "--yes" in await shell.fails("top-up", "D01", "600", code=2)
    assert "balance 620.00 €" in await shell.does("top-up", "D01", "600", "--yes")
    keyboard = io.StringIO("y\n")
    keyboard.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", keyboard)
    code, out, err = await shell.types("pay-out", "D01", "--reason", "moved away")
    assert "620.00 € is more than 500.00 €: is that right? [y/N]" in err
    assert (code, out) == (0, "D01: 620.00 € paid out, 0.00 € left.\n")


@pytest.mark.parametrize(
    "args",
    [
        ("out",), ("out", "CP001", "--all"), ("out", "cp.001"), ("resume",), ("revoke", "../x"), ("top-up", "D01"),
        ("sessions", "--limit", "0"), ("sessions", "--only", "x"), ("out", ""), ("out", "CP\x1b[2J"),
    ],
)  # fmt: skip
async def test_misuse_is_one_sentence_and_exit_code_2(shell: Shell, args: tuple[str, ...]):
    said = await shell.fails(*args, code=2)
    assert "\x1b" not in said


async def test_what_central_refuses_is_one_sentence(town: Town, shell: Shell):
    assert "CP404 does not exist" in await shell.fails("out", "CP404")
    assert "D404 is unknown" in await shell.fails("top-up", "D404", "5")
    assert "no open alert" in await shell.fails("alerts", "--close", "x/y ?#")


async def test_lists_are_aligned_and_json_is_for_programs(town: Town, shell: Shell):
    assert await shell.does("cps") == "Nothing to show.\n"
    engine, driver = await town.point(), await town.driver()
    driver.asks("CP001")
    await engine.is_asked()
    await engine.journals(engine.starts())
    assert "D01" in await shell.does("cps")
    await engine.journals(engine.meters(1_100_000), engine.ends())
    await driver.ticket()
    head, line = (await shell.does("cps")).splitlines()
    assert head.split()[:3] == ["CP", "Location", "€/kWh"]
    assert line.split() == ["CP001", "Berlin", "0.25", "Available"]
    assert "1.100" in await shell.does("tickets")
    assert "unplugged" in await shell.does("sessions", "--only", "ended", "--cp", "CP001", "--driver", "D01")
    (ticket,) = json.loads(await shell.does("tickets", "--json"))["tickets"]
    assert (ticket["cost_cents"], ticket["energy_mwh"]) == (28, 1_100_000)
    assert json.loads(await shell.does("out", "CP001", "--json"))["changed"] == 1
    assert json.loads(await shell.does("alerts", "--json"))["error"] is False


async def test_a_longer_list_names_how_to_go_on(town: Town, shell: Shell):
    engine, driver = await town.point(), await town.driver()
    for _ in range(2):
        driver.asks("CP001")
        await engine.is_asked()
        await engine.journals(engine.starts(), engine.ends())
        await driver.ticket()
    code, out, err = await shell.types("tickets", "--limit", "1")
    assert code == 0
    cursor = err.strip().removeprefix("More: --before ")
    rest = await shell.does("tickets", "--limit", "1", "--before", cursor)
    assert rest.splitlines()[1] != out.splitlines()[1]


# ---- Central that is not there, or not ours


async def test_central_that_is_not_running(tmp_path: Path, capsys):
    state_folder.init_state(tmp_path / "state", [], _now())
    shell = Shell(tmp_path / "state", capsys, central_api="http://127.0.0.1:9")
    said = await shell.fails("cps")
    assert said == (
        "evcharge: Central is not running at http://127.0.0.1:9 (connection refused): "
        "start it, or give --central-api.\n"
    )
    assert "no funciona en http://127.0.0.1:9 (conexión rechazada)" in await shell.fails(
        "cps", "--lang", "es"
    )
    said = await shell.fails("top-up", "D01", "5", "--reference", "r-1")
    assert "--reference r-1: it counts once" in said


async def test_a_token_of_another_network(town: Town, shell: Shell, monkeypatch):
    monkeypatch.setenv("EVCHARGE_OPERATOR_TOKEN", "x" * 43)
    assert "operator.token" in await shell.fails("cps")
    monkeypatch.setenv("EVCHARGE_OPERATOR_TOKEN", secret_files.read_secret(town.state / "operator.token"))
    (town.state / "operator.token").unlink()
    await shell.does("cps")
    monkeypatch.delenv("EVCHARGE_OPERATOR_TOKEN")
    assert "operator.token is missing" in await shell.fails("cps")


async def test_a_token_that_is_made_anew_is_read_anew(town: Town, shell: Shell):
    path, right = town.state / "operator.token", secret_files.read_secret(town.state / "operator.token")
    secret_files.replace_secret(path, secret_files.new_secret())
    url = (await town.says("API for operators is listening")).split()[-1]
    api = OperatorClient(ReachSettings(central_api=url), town.state, Speech(SENTENCES), {})
    with pytest.raises(AuthenticationError, match="copy operator.token from Central's"):
        await api.get("/api/cps")
    path.unlink()
    with pytest.raises(AuthenticationError, match="copy operator.token from Central's"):
        await api.get("/api/cps")
    secret_files.write_secret(path, right)
    # So `evcharge events -f` goes on.
    assert (await api.get("/api/cps"))["cps"] == []


@pytest.mark.parametrize("token", ["a\nb", "a\r\nHost: x", "é" * 20])
async def test_a_token_that_is_no_header_is_a_sentence(shell: Shell, monkeypatch, token: str):
    monkeypatch.setenv("EVCHARGE_OPERATOR_TOKEN", token)
    assert await shell.fails("cps")


async def test_the_token_never_leaves_this_pc_in_clear_text(tmp_path: Path, capsys):
    state_folder.init_state(tmp_path / "state", [], _now())
    shell = Shell(tmp_path / "state", capsys, central_api="http://192.168.1.10:8000")
    assert "https://" in await shell.fails("cps", code=2)


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://a@b", "x", "http://127.0.0.1:8000/path"])
async def test_a_bad_address_is_misuse(tmp_path: Path, capsys, url: str):
    shell = Shell(tmp_path / "state", capsys, central_api=url)
    await shell.fails("cps", code=2)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 302 Found\r\nLocation: http://example.invalid/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\n<p>\xff",
        b"no HTTP at all\r\n\r\n",
        b"",
    ],
)
async def test_what_is_no_central_is_said_so(tmp_path: Path, capsys, reply: bytes):
    state_folder.init_state(tmp_path / "state", [], _now())

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=_proved(tmp_path / "state")) as server:
        port = server.sockets[0].getsockname()[1]
        shell = Shell(tmp_path / "state", capsys, central_api=f"http://127.0.0.1:{port}")
        assert "Central" in await shell.fails("cps")


def _proved(state: Path) -> ssl.SSLContext:
    return tls.server_context(state / "central.pem", state / "central.key")


async def test_who_follows_events_waits_while_a_proxy_answers_nonsense(tmp_path: Path, capsys):
    state_folder.init_state(tmp_path / "state", [], _now())
    replies = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 401 Who\r\nContent-Length: 3\r\n\r\n<p>",
        b'HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{"error":false,"events":[]}',
    ]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(replies.pop(0))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=_proved(tmp_path / "state")) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        say = Speech(SENTENCES)
        async with asyncio.timeout(20):
            api = OperatorClient(ReachSettings(central_api=url), tmp_path / "state", say, {})
            assert await stream._news(api, say, 0, {}) == []
    assert replies == []
    told = capsys.readouterr().err.splitlines()
    assert told == [say("no central", url=url), say("events back")]


# ---- who may


async def test_an_account_is_added_listed_changed_and_removed(town: Town, shell: Shell):
    said = await shell.does("account", "add", "olga")
    assert said.startswith("olga may log in on Central's pages (operator). Its password, shown only now: ")
    assert len(said.split()[-1]) == 24
    listed = await shell.does("account", "list")
    assert "olga" in listed
    assert "operator" in listed
    said = await shell.does("account", "password", "olga")
    assert said.startswith("olga is logged out everywhere.")
    assert await shell.does("account", "role", "olga", "--role", "viewer") == (
        "olga is now viewer, and must log in again.\n"
    )
    assert await shell.does("account", "remove", "olga") == "olga may no longer log in.\n"
    assert await shell.does("account", "list") == "Nothing to show.\n"


async def test_an_account_that_will_not_do_is_refused_in_one_sentence(town: Town, shell: Shell):
    assert "bad name" in await shell.fails("account", "add", "Olga Pérez")
    assert "role can only be driver" in await shell.fails("account", "add", "D01")
    assert "no account" in await shell.fails("account", "remove", "../cps")
    await shell.does("account", "add", "olga")
    assert "already exists" in await shell.fails("account", "add", "olga")


async def test_a_token_is_made_for_a_program_and_made_void(town: Town, shell: Shell, monkeypatch):
    content = json.loads(await shell.does("token", "add", "meteo", "--role", "service", "--json"))
    assert (content["name"], content["role"]) == ("meteo", "service")
    assert content["token"] not in await shell.does("token", "list")
    assert await shell.does("token", "remove", "meteo") == "The token of meteo is void.\n"
    assert await shell.does("token", "list") == "Nothing to show.\n"


async def test_accounts_in_spanish(town: Town, shell: Shell):
    assert "ya puede entrar" in await shell.does("account", "add", "olga", "--lang", "es")
    assert "Nombre" in await shell.does("account", "list", "--lang", "es")


@pytest.mark.parametrize(
    "line", ["driver D09 --file f.txt", "driver --file f.txt D09", "driver -h", "driver D09 --help", "driver"]
)
async def test_an_id_after_driver_is_its_app(capsys, monkeypatch, line: str):
    ran = []

    async def run(config, driver_id, stop):
        ran.append((driver_id, config.driver.file))
        return 0

    monkeypatch.setattr("evcharge.driver.app.run", run)
    monkeypatch.setattr("evcharge.runtime.lifecycle.run", lambda main, _: asyncio.run(main(asyncio.Event())))
    code = await asyncio.to_thread(cli.run, line.split())
    said = capsys.readouterr()
    if "--file" in line:
        assert (code, ran) == (0, [("D09", "f.txt")])
    else:
        assert ran == []
        assert "Usage" in said.out + said.err


def _now():
    from evcharge.runtime.clock import utc_now

    return utc_now()


async def test_a_month_at_the_terminal_and_as_files(town: Town, shell: Shell):
    engine, driver = await town.point("CP002"), await town.driver("D01")
    driver.asks("CP002")
    session_id = (await engine.is_asked()).session_id
    await engine.journals(engine.starts(), engine.meters(2_000_000), engine.ends())
    await driver.ticket()
    lines = (await shell.does("report", "--by", "cp")).splitlines()
    assert "corrections included" in lines[0]
    assert lines[1].split() == ["CP", "Charges", "Duration", "kWh", "€"]
    assert [line.split() for line in lines[2:]] == [
        ["CP002", "1", "0:00:00", "2.000", "0.50"],
        ["TOTAL", "1", "0:00:00", "2.000", "0.50"],
    ]
    assert json.loads(await shell.does("report", "--json"))["rows"][0]["id"] == "D01"
    assert (await shell.does("report", "--csv")).splitlines()[0].startswith("id,registration,")
    spanish = await shell.does("report", "--by", "cp", "--excel", "--lang", "es")
    assert spanish.startswith("\ufeffPunto de recarga;Lugar;Recargas;")
    assert "CP002;Berlin;1;0:00:00;2,000000;0,50" in spanish
    for what in ("tickets", "sessions"):
        assert session_id in await shell.does(what, "--csv")
        assert "Energía (kWh)" in await shell.does(what, "--excel", "--lang", "es", "--driver", "d01")
    assert "such as 2026-11" in await shell.fails("report", "--month", "November")
    assert "Give only one of --json, --csv and --excel." in await shell.fails(
        "tickets", "--csv", "--json", code=2
    )
    zone = json.loads(await shell.does("report", "--json"))["timezone"]
    said = f"2020-01, in the days of {zone}, corrections included\nNothing to show.\n"
    assert await shell.does("report", "--month", "2020-01") == said


async def test_charging_points_are_listed_in_the_order_of_people(town: Town, shell: Shell):
    for cp_id in ("CP10", "CP2", "CP1"):
        await town.point(cp_id)
    listed = [line.split()[0] for line in (await shell.does("cps")).splitlines()[1:]]
    assert listed == ["CP1", "CP2", "CP10"]
