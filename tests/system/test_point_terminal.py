"""Engine and monitor on real terminals, with Registry, Central and a driver in processes of their own."""

import asyncio
import contextlib
import json
import os
import ssl
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.system.city import City, Program
from tests.system.terminal import WITHIN_S, Terminal, terminal

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
PARAGRAPH = "In the beginning\nquit\nthere was q\nand k and p\n"


@dataclass
class Point:
    """CP001 with its two windows, Central, and D01 who has logged in."""

    city: City
    central: Program
    driver: Program
    engine: Terminal
    monitor: Terminal


@contextlib.asynccontextmanager
async def engine_window(city: City, *flags: str, **size: int) -> AsyncIterator[Terminal]:
    port = city.health_ports.setdefault("CP001", free_port())
    ours = ("--health-port", str(port), "--location", "Alicante", "--speed", "30")
    flags = ("cp-engine", "CP001", *ours, *flags)
    async with terminal(*flags, env=city.environment(), cwd=city.state.parent, **size) as window:
        yield window


@contextlib.asynccontextmanager
async def monitor_window(city: City, *flags: str, cp_id: str = "CP001") -> AsyncIterator[Terminal]:
    where = f"127.0.0.1:{city.health_ports['CP001']}"
    flags = ("cp-monitor", cp_id, "--engine", where, *flags)
    async with terminal(*flags, env=city.environment(), cwd=city.state.parent) as window:
        yield window


@pytest.fixture
async def point(city: City) -> AsyncIterator[Point]:
    central = await city.central()
    driver = await city.driver("D01")
    await central.says("D01 connected")
    async with engine_window(city) as engine:
        await engine.shows("Central +● connected")
        async with monitor_window(city) as monitor:
            await central.says(r"CP001 .*Available")
            yield Point(city, central, driver, engine, monitor)


def keep(name: str, screen: str, city: City) -> None:
    """Keep a capture for the docs when CAPTURE_SCREENS is set, with the ports that everybody has."""
    screen = screen.replace(str(city.central_port), "9002").replace(str(city.health_ports["CP001"]), "9101")
    if os.environ.get("CAPTURE_SCREENS"):
        SCREENS.mkdir(parents=True, exist_ok=True)
        (SCREENS / name).write_text(screen, "utf-8")


async def test_a_charge_is_plugged_in_and_unplugged_by_keys(point: Point):
    point.driver.types("start CP001")
    await point.engine.shows("Authorised: plug in")
    await point.engine.shows(r"driver +D01 +plug in within \d+ s")
    await point.engine.keys("p")
    await point.engine.shows(r"engine +● Charging")
    assert point.engine.color_of("● Charging") == "green"
    await point.engine.shows(r"power +22\.0 kW")
    await point.engine.shows(r"energy +[0-9.]*[1-9]\d* kWh")
    await point.engine.shows(r"cost +0\.[0-9][1-9] €  \(0\.25 €/kWh\)")
    await point.engine.shows(r"battery +█+░+ +\d+ %")
    await point.engine.shows("its monitor asks")
    await point.engine.hides("not yet at Central")
    await point.driver.says(r"22\.00 kW")
    keep("engine.txt", point.engine.capture(), point.city)
    await point.engine.keys("s")
    await point.engine.shows(r"CP001 Charging D01: 22\.0 kW, .* kWh, 0\.\d\d €; Central: connec")
    await point.engine.keys("u")
    await point.engine.shows(r"engine +● Idle")
    await point.engine.shows("ended with .* kWh:")
    await point.driver.says("Ended: +unplugged")
    await point.central.says(r"ticket .* kWh, .* € \(unplugged\)")


async def test_ko_on_and_off_is_seen_by_central_and_kept_in_the_list_of_the_monitor(point: Point):
    await point.monitor.shows(r"engine +● OK")
    await point.engine.keys("k")
    await point.engine.shows(r"● Out of service: broken \(KO\)")
    assert point.engine.color_of("● Out of service") == "red"
    await point.monitor.shows(r"engine +● KO: engine fault: broken \(KO\)")
    assert point.monitor.color_of("● KO") == "red"
    await point.central.says(r"CP001 .*Faulted: engine fault: broken")
    since = len(point.central.lines)
    await point.engine.keys("k")
    await point.central.says(r"CP001 .*Available", since=since)
    await point.monitor.shows(r"since \d\d:\d\d:\d\d, restored \d\d:\d\d:\d\d: engine fault: broken")
    assert point.monitor.color_of("● OK") == "green"
    keep("monitor.txt", point.monitor.capture(), point.city)
    await point.monitor.keys("l")
    await point.monitor.hides("Messages")
    await point.monitor.shows("restored .*: engine fault: broken")


async def manual_start(engine: Terminal, driver_id: str, pin: str = "") -> None:
    """Type an id at the menu, and a PIN if there is one."""
    await engine.keys("m")
    await engine.shows("Driver id")
    await engine.types(driver_id)
    await engine.shows(f"PIN of {driver_id.upper()}")
    await engine.types(pin)


async def test_a_manual_start_is_granted_or_refused_with_its_sentence(point: Point):
    engine = point.engine
    await manual_start(engine, "D99")
    await engine.shows("D99 refused: D99 is unknown here: it never logged in.")
    rows = point.city.books("SELECT actor, role FROM events WHERE type = 'StartRefused'")
    assert [(row["actor"], row["role"]) for row in rows] == [("CP001", "engine")]
    await manual_start(engine, "d01")
    await engine.shows("asking CENTRAL to let D01 charge")
    await engine.shows("waiting for D01 to confirm, in its app or on its page: at most 30 s")
    await engine.shows(r"driver +D01 +has \d+ s to confirm")
    await point.driver.says(
        r"CP001 .*asks: do you want to charge there\? 0\.25 €/kWh, 20\.00 € are set aside"
    )
    point.driver.types("no")
    await engine.shows("D01 refused: D01 said no.")
    await point.driver.says("Nothing was started at CP001: you said no.")
    await manual_start(engine, "d01")
    await point.driver.says("asks: do you want to charge there")
    point.driver.types("yes")
    await engine.shows("CENTRAL lets D01 charge")
    await point.driver.says("plug in at CP001 within 60 s")
    await engine.keys("p")
    await point.driver.says(r"22\.00 kW")
    await manual_start(engine, "D01")
    await engine.shows("this charging point is in use")
    await engine.keys("u")
    await point.driver.says("Ended: +unplugged")


async def test_a_manual_start_by_pin_asks_nobody_and_ends_at_its_limit(point: Point):
    engine = point.engine
    point.driver.types("pin 0.02 4711")
    await point.driver.says(r"your PIN at a charging point may charge for up to 0\.02 €")
    point.driver.types("quit")
    assert await point.driver.ends() == 0
    await manual_start(engine, "D01", "1147")
    await engine.shows("D01 refused: The PIN is wrong, or D01 has none.")
    await manual_start(engine, "D01", "12")
    await engine.shows("Not done: a PIN has 4 to 12 digits")
    await manual_start(engine, "D01")
    await engine.shows("D01 refused: D01 is not connected")
    await manual_start(engine, "D01", "4711")
    await engine.shows("CENTRAL lets D01 charge")
    assert "4711" not in engine.text
    await engine.keys("p")
    await point.central.says(r"ticket 0\.080 kWh, 0\.02 € \(the prepaid limit was reached\)")
    assert not [line for line in (*point.central.lines, *point.driver.lines) if "4711" in line]
    for row in point.city.books("SELECT data FROM events"):
        assert "4711" not in row["data"]
    (row,) = point.city.books("SELECT pin_hash, pin_limit_cents FROM driver")
    assert row["pin_hash"].startswith("$argon2id$")
    assert row["pin_limit_cents"] == 2


async def test_no_manual_start_without_monitor_or_without_central(point: Point):
    engine, central = point.engine, point.central
    await point.monitor.keys("q")
    assert await point.monitor.ends() == 0
    await central.says("CP001 .*Disconnected")
    await engine.shows("nobody asks: is the monitor running")
    await manual_start(engine, "D01")
    await engine.shows("D01 refused: CP001 not available. CP out of service")
    await central.dies()
    await engine.shows("Central +● Unable to connect to Central")
    await engine.shows("Cannot connect to CENTRAL at ")
    await manual_start(engine, "D01")
    await engine.shows("Unable to connect to Central: no charge can begin now")
    await point.city.central()
    await engine.shows("Connected to Central again")
    await engine.keys("l")
    await engine.shows(r"since .*, restored .*: Unable to connect to Central")
    await engine.shows(r"since [\d:]+: nobody asks how this engine is")


async def test_quit_asks_while_a_car_charges_and_ctrl_c_does_not(point: Point):
    engine = point.engine
    await manual_start(engine, "D01")
    await point.driver.says("asks: do you want to charge there")
    point.driver.types("yes")
    await engine.shows("CENTRAL lets D01 charge")
    await engine.keys("p")
    await engine.shows("● Charging")
    await engine.keys("ctrl-d")
    await engine.shows(r"Quit\? \(y/n\)")
    await engine.keys("n")
    await engine.shows("nothing was done")
    await engine.keys("q")
    await engine.shows(r"Quit\? \(y/n\)")
    await engine.keys("ctrl-c")
    assert await engine.ends() == 0
    await point.driver.says("Ended: +the engine was stopped")
    assert "CP001 engine stopped" in engine.text
    await point.monitor.shows(r"engine +● no answer: engine lost")
    assert point.monitor.color_of("● no answer") == "brightblack"
    await point.monitor.keys("ctrl-c")
    assert await point.monitor.ends() == 0


BAD_ANSWERS = [
    ("", "nothing was done"),
    ("A" * 5000, r"bad driver id\s+'A{20,}"),
    ("D\x01\x02\x1a1\x7f", r"bad driver id\s+'\\x1aD'"),
    ("Niño", r"bad driver id\s+'Ni\\xf1o'"),
    ("../../etc/passwd", r"bad driver id\s+'../../ETC/PASSWD'"),
]


async def test_bad_input_at_the_prompt_is_a_sentence(point: Point):
    for answer, sentence in BAD_ANSWERS:
        await point.engine.keys("m")
        await point.engine.shows("Driver id")
        point.engine.send(answer)
        await point.engine.keys("enter")
        await point.engine.hides("Driver id")
        await point.engine.shows(sentence)


async def test_a_pasted_paragraph_does_nothing_in_the_menu_and_is_one_answer_at_a_prompt(point: Point):
    engine = point.engine
    for bracketed in (True, False):
        engine.paste(PARAGRAPH, bracketed=bracketed)
        # The next key is read after all of it: whatever it had done would have begun by then.
        await engine.keys("m")
        await engine.shows("Driver id")
        engine.paste(PARAGRAPH, bracketed=bracketed)
        if bracketed:
            await engine.keys("enter")
        await engine.shows(r"Not done: bad driver id\s+'IN THE BEGINNING")
        await engine.hides("Driver id")
        await engine.shows("● Idle")
    await engine.keys("m")
    await engine.shows("Driver id")
    await engine.keys("esc")
    await engine.hides("Driver id")
    await engine.keys("ctrl-z", "tab", "up", "x", "ctrl-l")
    await engine.shows("● Idle")


async def test_a_closed_window_stops_the_engine_in_an_orderly_way(point: Point):
    point.driver.types("start CP001")
    await point.engine.shows("Authorised: plug in")
    await point.engine.keys("p")
    await point.engine.shows("● Charging")
    point.engine.hang_up()
    assert await point.engine.ends() == 0
    await point.driver.says("Ended: +the engine was stopped")
    point.monitor.hang_up()
    assert await point.monitor.ends() == 0


async def test_windows_of_any_size_are_survived(point: Point):
    for columns, lines in ((20, 24), (20, 4), (1, 1), (200, 60), (80, 24)):
        await asyncio.gather(*(each.is_redrawn(columns, lines) for each in (point.engine, point.monitor)))
    await point.engine.shows(r"engine +● Idle")
    await point.engine.shows("p  plug .* q  quit")
    await point.monitor.shows(r"Central +● OK")
    await point.engine.is_redrawn(20, 24)
    await point.engine.shows("● Idle")
    await point.engine.keys("p")
    await point.engine.shows(r"plugged\n +in: a car")


async def test_a_window_that_is_not_read_does_not_hold_up_the_engine(point: Point):
    # As with a frozen terminal emulator: nobody takes what the engine draws.
    loop = asyncio.get_running_loop()
    loop.remove_reader(point.engine.child.child_fd)
    columns = 40
    async with asyncio.timeout(WITHIN_S):
        while columns < 200 or not point.engine.is_full():
            point.engine.child.setwinsize(50, columns)
            columns += 1
            # As somebody drags its corner: sizes that follow at once are one signal, and one screen.
            await asyncio.sleep(0.02)
    # The driver, the monitor and Central do not notice.
    point.driver.types("start CP001")
    await point.driver.says("plug in at CP001 within")
    assert "Faulted" not in point.central.text
    seen = len(point.engine.raw)
    loop.add_reader(point.engine.child.child_fd, point.engine.take_output)
    point.engine.resize(80, 24)
    await point.engine.shows("plug in")
    # Nor are 160 old screens kept for a window that comes back.
    assert len(point.engine.raw) - seen < 50_000


async def test_screens_speak_spanish(city: City):
    await city.central()
    async with engine_window(city, "--lang", "es") as engine, monitor_window(city, "--lang", "es") as monitor:
        await engine.shows("Libre: esperando una petición")
        await engine.shows("Central +● conectado")
        await monitor.shows("motor +● OK")
        await engine.keys("k")
        await engine.shows(r"Fuera de servicio: averiado \(KO\)")
        await monitor.shows("avería del motor")
        await engine.keys("k")
        await monitor.shows("restablecido")
        await city.latest("central").dies()
        await engine.shows("Imposible conectar con Central")


# ---- the monitor's errands


def ask_registry(city: City, path: str, body: dict, token: str = "") -> dict:
    """Call the Registry as an administrator's tool does."""
    request = urllib.request.Request(
        f"https://127.0.0.1:{city.registry_port}{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    context = ssl.create_default_context(cafile=str(city.state / "ca.pem"))
    with urllib.request.urlopen(request, context=context) as response:
        return json.load(response)


async def as_admin(city: City, path: str, body: dict) -> dict:
    def ask() -> dict:
        token = ask_registry(city, "/v1/login", {"user": "admin", "password": city.admin_password})["token"]
        return ask_registry(city, path, body, token)

    return await asyncio.to_thread(ask)


async def test_withdrawn_by_its_monitor_it_comes_back_by_an_administrator(point: Point):
    monitor, central = point.monitor, point.central
    secret = point.city.state / "cp/CP001/secret"
    before = secret.read_text()
    await monitor.keys("r")
    await monitor.shows("CP001 was already registered with this credential")
    await monitor.keys("w")
    await monitor.shows(r"Withdraw CP001 from the network\? \(y/n\)")
    # One key is the answer.
    await monitor.keys("n")
    await monitor.shows("nothing was done")
    await monitor.keys("w")
    await monitor.keys("y")
    await monitor.shows("CP001 is withdrawn from the network")
    await central.says("CP001: keys revoked")
    await monitor.shows("Central +● KO")
    # The enrolment token in the state folder is not enough any more.
    await monitor.keys("r")
    await monitor.shows("Password of the administrator")
    await monitor.types("")
    # That nothing was done stands there already, from the first question.
    await monitor.hides("Password of the administrator")
    since = len(central.lines)
    await monitor.keys("r")
    await monitor.shows("Password of the administrator")
    await monitor.types(point.city.admin_password)
    await monitor.shows("CP001 is registered at the Registry")
    await central.says("CP001 .*Available", since=since)
    await monitor.shows("Central +● OK")
    await point.engine.shows("Central +● connected")
    assert secret.read_text() != before


async def test_after_a_deactivation_it_returns_only_by_a_new_authentication(point: Point):
    monitor, central, engine = point.monitor, point.central, point.engine
    secret = point.city.state / "cp/CP001/secret"
    before = secret.read_text()
    await monitor.keys("a")
    await monitor.shows("the credential of CP001 is good")
    await as_admin(point.city, "/deactivate", {"cp_id": "CP001"})
    await central.says("CP001: keys revoked")
    await monitor.shows(r"Central +● KO: Unable to connect to Central")
    await engine.shows("Central +● Unable to connect to Central")
    await monitor.keys("r")
    await monitor.shows("Not done: CP001 is disabled")
    for answer, sentence in (
        ("wrong", "Not done: The user or the password is wrong"),
        ("", "nothing was done"),
    ):
        await monitor.keys("a")
        await monitor.shows("Password of the administrator")
        await monitor.types(answer)
        await monitor.shows(sentence)
    await monitor.keys("a")
    await monitor.shows("Password of the administrator")
    since = len(central.lines)
    await monitor.types(point.city.admin_password)
    await monitor.shows("CP001 has a new credential, and logs in with it")
    await central.says("CP001: back with new keys", since=since)
    await central.says("CP001 .*Available", since=since)
    await engine.shows("Central +● connected")
    await monitor.shows(r"since .*, restored .*: Unable to connect to Central")
    assert secret.read_text() != before
    assert secret.stat().st_mode & 0o777 == 0o600
    assert point.city.admin_password not in monitor.text
    # A charge works with the new keys.
    point.driver.types("start CP001")
    await engine.shows("Authorised: plug in")


async def test_a_simulated_fault_and_its_end(point: Point):
    await point.monitor.keys("f")
    await point.monitor.shows("a fault is simulated")
    await point.central.says("CP001 .*Faulted: simulated at the monitor")
    await point.monitor.shows(r"engine +● OK")
    since = len(point.central.lines)
    await point.monitor.keys("f")
    await point.central.says("CP001 .*Available", since=since)
    await point.monitor.shows(r"restored .*: a fault is simulated")


async def test_a_second_monitor_and_a_wrong_engine_say_so(point: Point):
    async with monitor_window(point.city) as second:
        await second.shows("2 monitors ask this engine; one is enough")
    async with monitor_window(point.city, cp_id="CP002") as lost:
        port = point.city.health_ports["CP001"]
        await lost.shows(rf"engine +● KO: port {port} is CP001, not CP002")


async def test_a_monitor_says_that_the_registry_does_not_respond(point: Point):
    registry = point.city.latest("registry")
    await registry.dies()
    await point.monitor.keys("r")
    await point.monitor.shows("Registry not responding")
    await point.city.registry()
    await point.monitor.keys("r")
    await point.monitor.shows(r"restored .*: Registry not responding")


async def test_a_monitor_that_was_never_registered_is_registered_by_its_key(city: City):
    await city.central()
    (city.state / "enrolment.token").unlink()
    city.health_ports["CP001"] = free_port()
    async with monitor_window(city) as monitor:
        await monitor.shows("CP001 has no credential here and is not registered")
        await monitor.shows("engine +● not asked yet")
        await monitor.shows("Central +● CP001 is not registered: press r")
        await monitor.keys("l")
        await monitor.keys("r")
        await monitor.shows("Password of the administrator")
        await monitor.types(city.admin_password)
        # Also where the list of faults hides the messages.
        await monitor.shows("CP001 is registered at the Registry")
        await monitor.keys("l")
        await monitor.shows("Central +● OK")


async def test_a_monitor_takes_the_same_words_from_a_pipe(city: City):
    central = await city.central()
    await city.engine("CP001")
    port = city.health_ports["CP001"]
    monitor = await city.run("cp-monitor", "CP001", "--engine", f"127.0.0.1:{port}", stdin=True)
    await central.says("CP001 .*Available")
    for word, answer in [
        ("status", "CP001 engine: OK; link of the engine: .*; Central: OK"),
        ("dance", "type register, withdraw"),
        ("fault", "KO simulated"),
        ("recover", "the simulated fault is over"),
        ("faults", "since .*, restored .*: a fault is simulated"),
        ("register", "CP001 was already registered"),
    ]:
        monitor.types(word)
        await monitor.says(answer)
    await as_admin(city, "/deactivate", {"cp_id": "CP001"})
    await central.says("CP001: keys revoked")
    await monitor.says("Cannot connect to CENTRAL")
    monitor.types("authenticate")
    await monitor.says("set EVCHARGE_ADMIN_PASSWORD")
    monitor.types("quit")
    assert await monitor.ends() == 0


async def test_keys_revoked_by_centrals_operator_while_charging_come_back_by_the_monitors_menu(point: Point):
    monitor, central, engine = point.monitor, point.central, point.engine
    point.driver.types("start CP001")
    await engine.shows("Authorised: plug in")
    await engine.keys("p")
    await point.driver.says(r"22\.00 kW")
    revoked = await point.city.run("revoke", "CP001")
    assert await revoked.ends() == 0, revoked.text
    await monitor.shows("Central +● KO: Unable to connect to Central")
    await engine.keys("u")
    # Neither the revoked credential nor the enrolment token does anything for it.
    await monitor.keys("w")
    await monitor.keys("y")
    await monitor.shows("Not done: CP001 is disabled. Its key was revoked")
    await monitor.keys("r")
    await monitor.shows(r"(?s)Not done: CP001 is disabled.*asking the Registry.*Not done: CP001 is disabled")
    await monitor.keys("a")
    await monitor.shows("Password of the administrator")
    since = len(central.lines)
    await monitor.types(point.city.admin_password)
    await monitor.shows("CP001 has a new credential")
    # What was charged until then is billed now: nothing is lost.
    await point.driver.says("Ended: +the key was revoked")
    await central.says("CP001 .*Available", since=since)
    since = len(point.driver.lines)
    point.driver.types("start CP001")
    # The engine's screen may still have that of the first charge.
    await point.driver.says("plug in at CP001", since=since)
