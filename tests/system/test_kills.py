"""kill -9 and Ctrl+C of every part, at idle and during a charge: nothing supplied is lost, one ticket, plain words
on every other screen, and again when it is back."""

import asyncio
import contextlib
import signal as signals
from dataclasses import dataclass

import pytest

from tests.system.city import City, Program

# A car plugs in at once and stays: the charge ends when the driver says so.
STAYS = ("--speed", "10", "--auto-plug", "0.1")


@dataclass
class Charge:
    """A running charge, and everybody who takes part in it."""

    city: City
    central: Program
    engine: Program
    monitor: Program
    driver: Program

    async def has_flowed(self) -> None:
        """Wait until Central has committed some energy of the running session."""
        async with asyncio.timeout(30):
            while not self.city.books("SELECT 1 FROM session WHERE meter_mwh > start_meter_mwh"):
                await asyncio.sleep(0.05)

    async def flows(self) -> None:
        """Wait until the engine has metered more, whoever listens."""
        before = self._metered()
        async with asyncio.timeout(30):
            while self._metered() < before + 2:
                await asyncio.sleep(0.05)

    def _metered(self) -> int:
        """How many readings of its meter the engine's journal holds."""
        folder = self.city.state / "cp" / "CP001" / "journal"
        return sum(path.read_bytes().count(b'"METER"') for path in folder.iterdir())

    def ticket(self):
        """The one ticket there is."""
        rows = self.city.books("SELECT * FROM ticket")
        assert len(rows) == 1
        return rows[0]


@pytest.fixture
async def charge(city: City) -> Charge:
    central = await city.central()
    engine = await city.engine("CP001", *STAYS)
    await engine.says("health port listening")
    monitor = await city.monitor("CP001")
    await central.says("CP001 .*Available")
    driver = await city.driver("D01")
    await driver.says("Connected")
    driver.types("start")
    await driver.says("CP001: .* kW")
    return Charge(city, central, engine, monitor, driver)


@pytest.fixture(params=["kill -9", "Ctrl+C"])
def how(request: pytest.FixtureRequest) -> str:
    return request.param


async def killed(program: Program, how: str) -> None:
    """End `program`, by force or as somebody does who presses Ctrl+C in its window."""
    if how == "kill -9":
        await program.dies()
    else:
        assert await program.stops(signals.SIGINT) == 0, program.text


async def test_an_engine_killed_during_a_charge_delivers_its_final_state(charge: Charge, how: str):
    await charge.driver.says("CP001: .* kW", times=3)
    await killed(charge.engine, how)
    await charge.monitor.says("CP001 KO: engine lost: ")
    if how == "kill -9":
        assert "final ticket follows" in await charge.driver.says("CP001 failed")
    else:
        # It had the time to say the final state itself.
        await charge.driver.says("Ended:   the engine was stopped")
    await charge.central.says("CP001 .*Faulted")
    charge.driver.types("start CP001" if how == "Ctrl+C" else "list")
    if how == "Ctrl+C":
        await charge.driver.says(r"CP001 not available\. CP out of service")
    seen = len(charge.central.lines)
    back = await charge.city.engine("CP001", *STAYS)
    await back.says("connected to CENTRAL")
    if how == "kill -9":
        await charge.driver.says("Ended:   .*restart")
        charge.driver.types("troubles")
        await charge.driver.says(r"since .*, restored .*: CP001 failed")
    assert charge.ticket()["energy_mwh"] > 0
    await charge.monitor.says("CP001 STATUS OK: engine is back")
    await charge.central.says("CP001 .*Available", since=seen)


@pytest.mark.parametrize("failpoint", ["central.before_commit", "central.after_commit"])
async def test_central_killed_around_a_commit_loses_and_doubles_nothing(city: City, failpoint: str):
    central = await city.central()
    engine = await city.engine("CP001", "--speed", "30", "--auto-plug", "0.1", "--auto-unplug", "1.5")
    await engine.says("health port listening")
    await city.monitor("CP001")
    await central.says("CP001 .*Available")
    driver = await city.driver("D01")
    await driver.says("Connected")
    driver.types("start")
    await driver.says("CP001: .* kW")
    # Its car is unplugged while nobody is at Central: that end is what these deaths could lose or double.
    await central.dies()
    deaths = 0
    for odds in (0.2, 0.5, 1.0):
        central = await city.run("central", env={"EVCHARGE_FAILPOINT": f"{failpoint}:{odds}"})
        driver.types("start")
        with contextlib.suppress(AssertionError):
            await central.ends(15 if odds == 1.0 else 5)
            deaths += 1
        await central.dies()
    assert deaths > 0
    central = await city.central()
    await central.says("CP001 .*Available")
    await driver.says("Ended:")
    await city.settles()
    rows = city.books("SELECT session_id FROM session WHERE state = 'TICKETED'")
    assert rows
    for session in rows:
        await driver.says(session["session_id"])
        assert driver.text.count(session["session_id"]) == 1


async def test_central_killed_during_a_charge_bills_all_of_it_once(charge: Charge, how: str):
    await charge.has_flowed()
    await killed(charge.central, how)
    assert "your charge goes on" in await charge.driver.says("Cannot connect to CENTRAL at")
    assert "the running charge goes on" in await charge.engine.says("Cannot connect to CENTRAL at")
    await charge.monitor.says("Cannot connect to CENTRAL at")
    before = charge.city.books("SELECT meter_mwh FROM session")[0][0]
    await charge.flows()
    central = await charge.city.central()
    assert await central.says("CP001 .*Disconnected")
    await central.says("CP001 .*Charging")
    seen = len(charge.driver.lines)
    for program in (charge.engine, charge.monitor):
        await program.says("Connected to Central again")
    await charge.driver.says("Connected to CENTRAL again")
    await charge.driver.says("CP001: .* kW", since=seen)
    charge.driver.types("stop")
    await charge.driver.says("Ended:   stopped by the driver")
    assert charge.ticket()["energy_mwh"] > before


async def test_a_monitor_killed_during_a_charge_leaves_it_to_its_end(charge: Charge, how: str):
    await killed(charge.monitor, how)
    await charge.central.says("CP001 .*Disconnected")
    await charge.driver.says("monitor of CP001 is not heard; your charge goes on to its end")
    await charge.engine.says("nobody asks how this engine is: no new charge can begin")
    if how == "kill -9":
        # Back while the car still charges: the driver hears of that, too.
        await charge.city.monitor("CP001")
        await charge.driver.says(r"The monitor of CP001 is heard again\.")
        await charge.engine.says("its monitor asks again")
        await charge.central.says("CP001 .*Charging", times=2)
        charge.driver.types("troubles")
        await charge.driver.says("since .*, restored .*: The monitor of CP001 is not heard")
    charge.driver.types("stop")
    await charge.driver.says("Ended:   stopped by the driver")
    if how == "Ctrl+C":
        charge.driver.types("start CP001")
        await charge.driver.says(r"CP001 not available\. CP out of service")
        seen = len(charge.central.lines)
        await charge.city.monitor("CP001")
        await charge.central.says("CP001 .*Available", since=seen)


async def test_a_driver_killed_during_a_charge_sees_the_result_on_its_return(charge: Charge, how: str):
    await killed(charge.driver, how)
    await charge.central.says("D01 left")
    await charge.has_flowed()
    await charge.engine.stops()
    async with asyncio.timeout(20):
        while not charge.city.books("SELECT 1 FROM ticket"):
            await asyncio.sleep(0.1)
    back = await charge.city.driver("D01")
    await back.says("(?i)while you were away")
    await back.says("Ended:   .*engine was stopped")
    await back.stops()
    again = await charge.city.driver("D01")
    await again.says("Connected")
    again.types("history")
    await again.says("CP001")
    assert "SESSION SUMMARY" not in again.text


async def test_with_the_registry_down_nobody_notices_and_reconnects_work(charge: Charge):
    registry = charge.city.latest("registry")
    await registry.dies()
    await charge.driver.says("CP001: .* kW", since=len(charge.driver.lines))
    await charge.engine.dies()
    back = await charge.city.engine("CP001", *STAYS)
    await back.says("connected to CENTRAL")
    await charge.driver.says("Ended:   .*restart")
    await charge.central.dies()
    central = await charge.city.central()
    await central.says("CP001 .*Available")
    await charge.driver.says("Connected to CENTRAL again")
    await central.says("Registry not responding")


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM", "SIGHUP"])
async def test_every_role_stops_cleanly_with_its_peers_connected(charge: Charge, signal: str):
    number = getattr(signals, signal)
    registry = charge.city.latest("registry")
    for program in (registry, charge.central, charge.monitor, charge.engine, charge.driver):
        assert await program.stops(number, within_s=5.5) == 0, program.text


async def test_everything_killed_at_once_comes_back_with_one_ticket(charge: Charge):
    await charge.has_flowed()
    for program in charge.city.programs:
        await program.dies()
    city = charge.city
    await city.registry()
    driver = await city.driver("D01")
    engine = await city.engine("CP001", *STAYS)
    central = await city.central()
    await city.monitor("CP001")
    await central.says("CP001 .*Available")
    await driver.says("Ended:   .*restart")
    await engine.says("(?i)connected to CENTRAL")
    assert charge.ticket()["energy_mwh"] > 0


# ---- at idle: what each OTHER screen says, in both languages

IDLE = [("en", "Ctrl+C"), ("es", "kill -9")]
SAID = {
    "en": {
        "available": "CP001 .*Available",
        "faulted": "CP001 .*Faulted: .*engine lost",
        "disconnected": "CP001 .*Disconnected: its monitor is not heard",
        "driver left": "D01 left: ",
        "out of service": r"CP001 not available\. CP out of service",
        "engine lost": "CP001 KO: engine lost: ",
        "engine back": "CP001 STATUS OK: engine is back",
        "nobody asks": "nobody asks how this engine is: no new charge can begin",
        "asks again": "its monitor asks again",
        "central lost": "Cannot connect to CENTRAL at ",
        "no manual": "Unable to connect to Central: no charge can begin now",
        "later": "Not connected to CENTRAL; it will be asked as soon as it can be reached",
        "central back": "Connected to Central again",
        "driver's central back": "Connected to CENTRAL again",
        "connected": "Connected to CENTRAL at",
        "listed central": "since .*, restored .*: Unable to connect to Central",
        "driver's listed central": "since .*, restored .*: Cannot connect to CENTRAL",
        "listed engine": "since .*, restored .*: engine lost",
        "listed monitor": "since .*, restored .*: nobody asks how this engine is",
    },
    "es": {
        "available": "CP001 .*Disponible",
        "faulted": "CP001 .*Averiado: .*motor perdido",
        "disconnected": "CP001 .*Desconectado: su monitor no responde",
        "driver left": "D01 se ha ido: terminó la conexión",
        "out of service": r"CP001 no disponible\. CP fuera de servicio",
        "engine lost": "CP001 KO: motor perdido: ",
        "engine back": "CP001 STATUS OK: el motor ha vuelto",
        "nobody asks": "nadie pregunta por este motor: no puede empezar otra recarga",
        "asks again": "su monitor vuelve a preguntar",
        "central lost": "Imposible conectar con (la )?CENTRAL en ",
        "no manual": "Imposible conectar con Central: ahora no puede empezar ninguna recarga",
        "later": "Sin conexión con la CENTRAL; se le preguntará en cuanto se pueda",
        "central back": "Conexión con Central restablecida",
        "driver's central back": "Conectado de nuevo con la CENTRAL",
        "connected": "Conectado con la CENTRAL en",
        "listed central": "desde .*, restablecido .*: Imposible conectar con Central",
        "driver's listed central": "desde .*, restablecido .*: Imposible conectar con la CENTRAL",
        "listed engine": "desde .*, restablecido .*: motor perdido",
        "listed monitor": "desde .*, restablecido .*: nadie pregunta por este motor",
    },
}


@dataclass
class Rest(Charge):
    """Everybody connected, nothing charging; `said` are the patterns in the language of the screens."""

    lang: str
    how: str

    @property
    def said(self) -> dict[str, str]:
        return SAID[self.lang]


@pytest.fixture(params=IDLE, ids=" ".join)
async def rest(city: City, request: pytest.FixtureRequest) -> Rest:
    lang, how = request.param
    flags = ("--lang", lang)
    central = await city.central(*flags)
    engine = await city.engine("CP001", *STAYS, *flags, stdin=True)
    await engine.says("health port listening|puerto de salud: escucha")
    monitor = await city.monitor("CP001", *flags, stdin=True)
    await central.says(SAID[lang]["available"])
    driver = await city.driver("D01", *flags)
    await driver.says(SAID[lang]["connected"])
    return Rest(city, central, engine, monitor, driver, lang, how)


async def test_a_monitor_killed_at_idle(rest: Rest):
    said, since = rest.said, len(rest.central.lines)
    await killed(rest.monitor, rest.how)
    await rest.central.says(said["disconnected"], since=since)
    await rest.engine.says(said["nobody asks"])
    rest.driver.types("start CP001")
    await rest.driver.says(said["out of service"])
    # Not even by hand.
    rest.engine.types("manual D01")
    await rest.engine.says("D01 (refused|denegado): ")
    since = len(rest.central.lines)
    await rest.city.monitor("CP001", "--lang", rest.lang)
    await rest.central.says(said["available"], since=since)
    await rest.engine.says(said["asks again"])
    rest.engine.types("faults")
    await rest.engine.says(said["listed monitor"])


async def test_an_engine_killed_at_idle(rest: Rest):
    said, since = rest.said, len(rest.central.lines)
    await killed(rest.engine, rest.how)
    await rest.monitor.says(said["engine lost"])
    await rest.central.says(said["faulted"], since=since)
    rest.driver.types("start CP001")
    await rest.driver.says(said["out of service"])
    since = len(rest.central.lines)
    await rest.city.engine("CP001", *STAYS, "--lang", rest.lang)
    await rest.monitor.says(said["engine back"])
    await rest.central.says(said["available"], since=since)
    rest.monitor.types("faults")
    await rest.monitor.says(said["listed engine"])


async def test_a_driver_killed_at_idle(rest: Rest):
    since = len(rest.engine.lines), len(rest.monitor.lines)
    await killed(rest.driver, rest.how)
    if rest.how == "kill -9":
        await rest.central.says(rest.said["driver left"])
    else:
        await rest.central.says("D01 left: .*said goodbye")
    back = await rest.city.driver("D01", "--lang", rest.lang)
    await back.says(rest.said["connected"])
    assert (len(rest.engine.lines), len(rest.monitor.lines)) == since


async def test_central_killed_at_idle(rest: Rest):
    said = rest.said
    await killed(rest.central, rest.how)
    for program in (rest.engine, rest.monitor, rest.driver):
        await program.says(said["central lost"])
    rest.engine.types("manual D01")
    await rest.engine.says(said["no manual"])
    rest.driver.types("balance")
    await rest.driver.says(said["later"])
    central = await rest.city.central("--lang", rest.lang)
    await central.says(said["available"])
    for program in (rest.engine, rest.monitor):
        await program.says(said["central back"])
        program.types("faults")
        await program.says(said["listed central"])
    await rest.driver.says(said["driver's central back"])
    rest.driver.types("troubles")
    await rest.driver.says(said["driver's listed central"])


async def test_central_away_is_no_fault_of_its_points_and_nothing_is_known_of_that_time(city: City, how: str):
    central = await city.central()
    points = [f"CP{number:03}" for number in range(1, 5)]
    for cp_id in points:
        engine = await city.engine(cp_id)
        await engine.says("health port listening")
        await city.monitor(cp_id)
    for cp_id in points:
        await central.says(rf"{cp_id} .*Available")
    await killed(central, how)
    central = await city.central()
    for cp_id in points:
        await central.says(rf"{cp_id} .*Available")
    await city.settles()
    assert await central.stops() == 0
    found = city.books("SELECT cp_id, status FROM status_log ORDER BY cp_id, n")
    shown = {cp_id: [row["status"] for row in found if row["cp_id"] == cp_id] for cp_id in points}
    for statuses in shown.values():
        assert statuses[-1] == "Available", shown
        assert statuses.count("NoData") == 1
        assert "Disconnected" not in statuses[statuses.index("NoData") :]
    assert city.books("SELECT SUM(times) FROM status_daily WHERE status = 'Faulted'")[0][0] in (None, 0)
