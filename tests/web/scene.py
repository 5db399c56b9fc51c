"""A network with something on every page: for photographs, and for tests that want a full house."""

import asyncio
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evcharge.evc1.messages import Health, SupplyUpdate
from tests.component.books import opened, raw
from tests.component.town import FakeEngine, Town
from tests.web.room import ControlRoom

CITIES = ("Alicante", "Elche", "Alcoy", "Benidorm", "Orihuela", "Torrevieja")
POINTS = tuple(f"CP{number:03}" for number in range(1, 19))
DRIVERS = tuple(f"D{number:02}" for number in range(1, 9))
DAYS = 30
PRICE = 2500


async def write_the_past(state: Path, seed: int = 7) -> None:
    """Fill the books of a Central that does not run yet with a month of charges and of statuses."""
    dice = random.Random(seed)
    folder = state / "central"
    folder.mkdir(parents=True, exist_ok=True)
    async with opened(folder) as books:
        path = books.path
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with raw(path) as database:
        database.execute("BEGIN")
        for number, cp_id in enumerate(POINTS):
            city = CITIES[number % len(CITIES)]
            database.execute(
                "INSERT INTO cp (cp_id, location, price_centi_cents_per_kwh, operator_hold, weather_hold, revoked,"
                " epoch, last_used, registered_location) VALUES (?, ?, ?, 0, 0, 0, 0, 0, ?)",
                (cp_id, city, PRICE, city),
            )
        for driver_id in DRIVERS:
            database.execute(
                "INSERT INTO driver (driver_id, balance_cents, held_cents, blocked, epoch) VALUES (?, ?, 0, 0, 0)",
                (driver_id, 2_500),
            )
        for day in range(DAYS, 0, -1):
            for cp_id in POINTS:
                _write_day(database, cp_id, today - timedelta(days=day), dice)
        database.execute("COMMIT")


def _write_day(database, cp_id: str, midnight: datetime, dice: random.Random) -> None:
    day, at, total = midnight.date().isoformat(), midnight + timedelta(hours=6), [0, 0, 0]
    for _ in range(dice.randint(1, 4)):
        at += timedelta(minutes=dice.randint(20, 180))
        minutes, mwh = dice.randint(15, 80), dice.randint(4_000_000, 30_000_000)
        cents = (mwh * PRICE + 50_000_000) // 100_000_000
        name = f"S-{dice.choice(DRIVERS)}-{cp_id}-{dice.randbytes(6).hex()}"
        driver_id, end = name.split("-")[1], at + timedelta(minutes=minutes)
        began, ended = (instant.isoformat(timespec="microseconds") for instant in (at, end))
        reason = dice.choices(("unplugged", "driver", "battery full", "operator"), (8, 4, 2, 1))[0]
        database.execute(
            "INSERT INTO session (session_id, request_id, cp_id, driver_id, state, price_centi_cents_per_kwh,"
            " hold_cents, limit_mwh, plug_within_s, start_meter_mwh, meter_mwh, authorised_at, started_at, ended_at,"
            " received_at, elapsed_s, end_reason)"
            " VALUES (?, ?, ?, ?, 'TICKETED', ?, 0, 100000000, 60, 0, ?, ?, ?, ?, ?, ?, ?)",
            (name, name, cp_id, driver_id, PRICE, mwh, began, began, ended, ended, 60 * minutes, reason),
        )
        database.execute(
            "INSERT INTO ticket (session_id, request_id, cp_id, driver_id, energy_mwh, cost_cents,"
            " price_centi_cents_per_kwh, reason, started_at, ended_at, received_at, elapsed_s, estimated)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (name, name, cp_id, driver_id, mwh, cents, PRICE, reason, began, ended, ended, 60 * minutes),
        )
        total = [total[0] + 1, total[1] + mwh, total[2] + cents]
        at = end
    database.execute("INSERT INTO daily VALUES (?, ?, ?, ?, ?)", (cp_id, day, *total))
    charging = total[1] // 8_000
    faulted = dice.choice((0, 0, 0, 600_000, 3_600_000))
    gone = dice.choice((0, 0, 120_000, 1_200_000))
    # Central itself was away on some days.
    away = 3_600_000 * (midnight.day % 7 == 0)
    rest = 86_400_000 - charging - faulted - gone - away
    for status, ms, times in (
        ("Charging", charging, total[0]),
        ("Faulted", faulted, int(faulted > 0)),
        ("Disconnected", gone, int(gone > 0)),
        ("NoData", away, int(away > 0)),
        ("Available", rest, total[0] + 1),
    ):
        database.execute("INSERT INTO status_daily VALUES (?, ?, ?, ?, ?)", (cp_id, day, status, ms, times))


@dataclass
class Charge:
    """A car at an engine."""

    engine: FakeEngine
    power_w: int
    energy_mwh: int

    def update(self) -> None:
        """Say what it takes, a second later."""
        assert self.engine.start is not None
        self.energy_mwh += self.power_w * 1000 // 3600
        update = SupplyUpdate(
            session_id=self.engine.start.session_id,
            power_w=self.power_w,
            energy_mwh=self.energy_mwh,
            temperature_deci_celsius=280 + self.power_w // 200,
            battery_permille=630,
            full_in_s=1_500,
        )
        self.engine.channel.send(update)


async def begin_charge(town: Town, engine: FakeEngine, name: str, power_w: int = 11_000) -> Charge:
    """Have a driver charge at `engine`."""
    driver = await town.driver(name)
    driver.asks(engine.cp_id)
    await engine.is_asked()
    await driver.step("READY")
    await engine.journals(engine.starts())
    await driver.step("CHARGING")
    return Charge(engine, power_w, 0)


async def lively(room: ControlRoom, seed: int = 7) -> list[Charge]:
    """Bring the points of the past to life, one in each status at least; return the charges that run."""
    town, dice = room.town, random.Random(seed)
    town.places = {cp_id: CITIES[number % len(CITIES)] for number, cp_id in enumerate(POINTS)}
    for cp_id in POINTS:
        await room.registry.register(cp_id, location=town.places[cp_id])
    engines = {cp_id: await town.engine(cp_id) for cp_id in POINTS[:-1]}
    for cp_id in POINTS[:-1]:
        town_fault = "overheated" if cp_id == "CP005" else None
        engines[cp_id].monitor = await town.monitor(cp_id, fault=town_fault)
        await town.says(rf"{cp_id} .*(Available|Faulted)")
    charges = [
        await begin_charge(town, engines[cp_id], name, power)
        for cp_id, name, power in (
            ("CP002", "D01", 21_400),
            ("CP001", "D02", 11_000),
            ("CP008", "D03", 7_300),
            ("CP012", "D04", 49_800),
            ("CP016", "D05", 3_600),
        )
    ]
    waiting = await town.driver("D06")
    waiting.asks("CP011")
    await engines["CP011"].is_asked()
    await waiting.step("READY")
    await room.ask("POST", "/api/cps/CP004/out")
    occupied = engines["CP007"].monitor
    assert occupied is not None
    occupied.send(Health(fault=None, occupied=True))
    for city, celsius in zip(CITIES, (17.5, 16.2, -1.5, 18.1, 14.0, 19.2), strict=True):
        await room.ask(
            "POST",
            "/api/weather_update",
            {"location": city, "temperature_celsius": celsius, "wind_m_per_s": dice.uniform(1, 9)},
        )
    await room.ask(
        "POST", "/api/weather_alert", {"location": "Alcoy", "alert": "COLD", "temperature_celsius": -1.5}
    )
    return charges


async def flowing(charges: list[Charge], every_s: float = 0.2) -> None:
    """Let power flow, with small changes, for ever."""
    dice = random.Random(1)
    while True:
        for charge in charges:
            charge.power_w = max(1_000, charge.power_w + dice.randint(-300, 320))
            charge.update()
        await asyncio.sleep(every_s)
