"""Whoever reads JSON from outside refuses what another reader could understand differently: one way in for all."""

import json
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from evcharge.cp import health
from evcharge.cp.journal import records
from evcharge.domain.errors import EvchargeError
from evcharge.domain.ids import Role
from evcharge.domain.strict_json import base64_text, read_json
from evcharge.driver.state_files import Memory
from evcharge.evc1.client import TicketWallet
from evcharge.evc1.handshake import CentralHandshake
from evcharge.evc1.login_errors import parse_error
from evcharge.evc1.messages import decode
from evcharge.evc1.tickets import Identity, TicketOpener, seal_ticket
from evcharge.http import registry_client
from evcharge.http.central_client import _Failure
from evcharge.http.registry_client import RegistryAddress
from evcharge.kafka.topics import OrderSeal
from evcharge.operator import stream
from evcharge.security import secret_files
from evcharge.weather import atlas, openmeteo, openweather, own_alerts
from evcharge.weather.readings import SourceTrouble, Spot

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
SERVICE = Fernet.generate_key()
OPENER = TicketOpener([SERVICE])
ISSUED = seal_ticket(SERVICE, Identity("CP001", Role.ENGINE, 0, AT), issuer="registry", ttl_s=900, now=AT)
TICKET = Fernet(SERVICE).decrypt(ISSUED.ticket)
SEAL = OrderSeal("a token")
REGISTRY = RegistryAddress("https://registry.test:1", Path("ca.pem"))

# Reads a document; raises, or returns nothing, when it does not believe it.
Reader = Callable[[bytes, Path], object]


def ticket(raw: bytes, _: Path) -> object:
    return OPENER.open(Fernet(SERVICE).encrypt(raw).decode(), AT)


def order(raw: bytes, _: Path) -> object:
    return SEAL.open(SEAL._tokens.seal(raw))


def entry(raw: bytes, _: Path) -> object:
    return list(records.entries(struct.pack(">II", len(raw), zlib.crc32(raw)) + raw))


def hello(raw: bytes, _: Path) -> object:
    return CentralHandshake(OPENER, SERVICE, AT).on_hello(raw)


def failure(raw: bytes, _: Path) -> bool:
    return registry_client._refused(raw, 400, None, REGISTRY).text == "no"


def written(name: str, load: Callable[[Path], object]) -> Reader:
    def reads(raw: bytes, folder: Path) -> object:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        secret_files.replace_secret(path, raw.decode())
        return load(path)

    return reads


def seen(path: Path) -> object:
    return Memory(path.parents[2], "D01")._marks


KEPT = {"ticket": "T", "key": "A" * 43 + "=", "expires_at": 1, "renew_after": 1}
WEATHER = {
    "latitude": 38.3, "longitude": -0.5, "current_units": {"temperature_2m": "°C", "wind_speed_10m": "m/s"},
    "current": {"time": AT, "temperature_2m": 20.0, "wind_speed_10m": 1.0, "weather_code": 0},
}  # fmt: skip
TOLD = dict.fromkeys(("type", "cp_id", "driver_id", "session_id"), "x") | {
    "event_id": "7-abc", "at": "2026-11-21T08:30:00Z", "data": {},
}  # fmt: skip
READERS: dict[str, tuple[object, Reader]] = {
    "a message": ({"n": 0, "m": {"t": "HEALTH", "fault": None}}, lambda raw, _: decode(raw)),
    "a record": (
        {"n": 0, "m": {"t": "RECORDS", "records": [{"k": "METER", "seq": 1, "session_id": "S" * 8, "meter_mwh": 1}]}},
        lambda raw, _: decode(raw),
    ),
    "HELLO": (
        {"t": "hello", "v": 1, "ticket": ISSUED.ticket, "n": base64_text(bytes(32)), "e": base64_text(b"\1" * 32)},
        hello,
    ),
    "an error before the login": ({"t": "error", "code": "E_BUSY"}, lambda raw, _: parse_error(raw)),
    "a ticket": (json.loads(TICKET), ticket),
    "an order in Kafka": (
        {"command_id": "0" * 32, "command": "out", "cp_id": "CP001", "issued_at": 1.0},
        order,
    ),
    "an event in Kafka": (TOLD, lambda raw, _: stream.decoded(raw)),
    "a ping": (
        {"t": "PING", "n": "0" * 32, "mac": ""},
        lambda raw, _: health.read_ping(raw + b"\n"),
    ),
    "an entry of the journal": ({"k": "METER", "seq": 1, "session_id": "S" * 8, "meter_mwh": 1}, entry),
    "the Registry's answer": ({"error": False}, lambda raw, _: registry_client._object(raw, REGISTRY)),
    "the Registry's refusal": ({"text": "no", "code": "E_FIELD"}, failure),
    "the API's refusal": ({"text": "no", "code": "E_FIELD"}, lambda raw, _: read_json(raw, _Failure)),
    "OpenWeather": (
        {"coord": {"lat": 38.3, "lon": -0.5}, "main": {"temp": 20.0}, "dt": AT, "cod": 200},
        lambda raw, _: openweather.read_weather(raw, Spot(38.3, -0.5), NOW),
    ),
    "Open-Meteo": (WEATHER, lambda raw, _: openmeteo.read_weather(raw, Spot(38.3, -0.5), NOW)),
    "kept tickets": ({"registry": KEPT, "resume": None}, written("t", lambda path: TicketWallet(path).registry)),
    "a driver's marks": ({"f": {"line": 1}}, written("driver/D01/script.json", seen)),
    "the alerts begun": ({"elche": ["COLD"]}, written("a", own_alerts._load)),
    "the known places": ({"cities": ["Elche"]}, written("p", lambda path: atlas._load(path).cities)),
}  # fmt: skip


def spoilt(valid: object) -> dict[str, bytes]:
    """Return `valid` with its first key twice, and with what no text and no number may be."""
    text = json.dumps(valid, ensure_ascii=False, separators=(",", ":"))
    first, value = next(iter(valid.items()))  # type: ignore[attr-defined]
    pair = f"{json.dumps(first)}:{json.dumps(value)}"
    return {
        name: f"{{{extra},{text[1:]}".encode()
        for name, extra in {
            "a key twice": pair,
            "a key twice, deep down": '"more":{"x":1,"x":1}',
            "a surrogate as a key": '"\\udfff":1',
            "a surrogate as a value": '"more":["\\ud800"]',
            "a number beyond 64 bits": f'"more":{2**70}',
            "a number that is not finite": '"more":1e999',
            "no end of depth": f'"more":{"[" * 3_000}{"]" * 3_000}',
        }.items()
    }


def believes(reads: Reader, raw: bytes, folder: Path) -> bool:
    try:
        return bool(reads(raw, folder))
    except (EvchargeError, SourceTrouble, ValueError, records.UnknownRecord):
        return False


@pytest.mark.parametrize(("valid", "reads"), READERS.values(), ids=READERS.keys())
def test_one_reader_of_json_serves_all(valid: Any, reads: Reader, tmp_path: Path):
    assert believes(reads, json.dumps(valid, separators=(",", ":")).encode(), tmp_path)
    believed = [name for name, raw in spoilt(valid).items() if believes(reads, raw, tmp_path)]
    assert believed == []
