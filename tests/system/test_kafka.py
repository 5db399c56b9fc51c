"""A whole network with a real Kafka beside it, which is read, killed, frozen, and absent."""

import asyncio
import contextlib
import itertools
import json
import re
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import kafka
from tests.component.way import Way
from tests.system.city import WITHIN_S, City, Program, city, searched
from tests.system.test_charges import QUICK

# Records of a flood: far more than Central reads before it stops listening to a key.
FLOOD = 20_000
EVENTS = ("central-events", "cp-events", "driver-events")
# From the request to the ticket, as the charging point's records tell it.
CHARGE = ["SessionAuthorised", "SessionReady", "SessionStarted", "TicketMade"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.Broker]:
    """One broker for all of them; who breaks it mends it."""
    kafka.needed()
    with kafka.running(tmp_path_factory.mktemp("kafka") / "broker") as broker:
        yield broker


_networks = itertools.count()


class KafkaCity(City):
    """A network whose Central knows a broker; its topics have a prefix of their own."""

    bootstrap = ""
    # Where its programs look for the broker, if not there.
    way = ""

    def __init__(self, state: Path) -> None:
        super().__init__(state)
        self.prefix = f"n{next(_networks)}-"

    def environment(self) -> dict[str, str]:
        kafka = {
            "EVCHARGE_KAFKA__BOOTSTRAP": self.way or self.bootstrap,
            "EVCHARGE_KAFKA__PREFIX": self.prefix,
        }
        return super().environment() | kafka

    def records(self, *topics: str) -> list[dict]:
        """What kcat reads, in the order of the events; each once."""
        found: dict[str, dict[str, Any]] = {}
        for topic in topics or EVENTS:
            for line in kafka.kcat(self.bootstrap, "-C", "-t", self.prefix + topic, "-o", "beginning"):
                record = json.loads(line)
                found.setdefault(record["event_id"], record)
        return sorted(found.values(), key=lambda record: int(record["event_id"].split("-")[0]))

    def in_kafka(self) -> list[int]:
        return [int(record["event_id"].split("-")[0]) for record in self.records()]

    def stored(self) -> list[int]:
        return [row["n"] for row in self.books("SELECT n FROM events ORDER BY n")]


@pytest.fixture
async def town(tmp_path: Path, broker: kafka.Broker) -> AsyncIterator[KafkaCity]:
    """Registry and state folder of a network beside the broker."""
    KafkaCity.bootstrap = broker.bootstrap
    async with city(tmp_path / "state", KafkaCity) as town:
        yield town
        town.check_books()
    for program in town.programs:
        assert "Traceback" not in program.text, f"{program.name}:\n{program.text}"


async def points(town: KafkaCity, central: Program, number: int) -> list[Program]:
    names = [f"CP{one:03}" for one in range(1, number + 1)]
    engines = [await town.engine(name, *QUICK) for name in names]
    for name in names:
        await town.monitor(name)
    for name in names:
        await central.says(f"{name} .*Available")
    return engines


async def gets_all(town: KafkaCity) -> None:
    """Kafka has every stored event, in order; what did not fit into Central's last second, after its next start."""
    stored = town.stored()
    if town.in_kafka() != stored:
        central = await town.central()
        async with asyncio.timeout(WITHIN_S):
            while stored[-1] not in await asyncio.to_thread(town.in_kafka):
                await asyncio.sleep(0.2)
        assert await central.stops() == 0
    assert town.in_kafka()[: len(stored)] == stored


def in_order_of(key: str, lines: list[str]) -> dict[str, list[int]]:
    """The numbers of the events of each key in the order in which they lie in the topic, repeats left out."""
    order: dict[str, list[int]] = {}
    seen = set()
    for line in lines:
        record = json.loads(line)
        if record["event_id"] not in seen:
            seen.add(record["event_id"])
            order.setdefault(record[key], []).append(int(record["event_id"].split("-")[0]))
    return order


async def test_a_consumer_that_nobody_here_wrote_reads_a_whole_charge_in_order(town: KafkaCity):
    central = await town.central()
    await points(town, central, 1)
    services = town.state.parent / "services.txt"
    services.write_text("CP001\n")
    driver = await town.driver("D01", "--file", str(services))
    assert await driver.ends() == 0
    await town.settles()
    assert await central.stops() == 0
    told = town.records("cp-events")
    assert [record["type"] for record in told if record["type"] in CHARGE] == CHARGE
    ticket = next(record for record in told if record["type"] == "TicketMade")
    row = town.books("SELECT * FROM ticket")[0]
    assert (ticket["cp_id"], ticket["driver_id"], ticket["session_id"]) == ("CP001", "D01", row["session_id"])
    assert (ticket["data"]["energy_mwh"], ticket["data"]["cost_cents"]) == (
        row["energy_mwh"],
        row["cost_cents"],
    )
    assert ticket["correlation_id"] == row["request_id"]
    # The driver's records tell the same charge; Central's own tell of its start and its stop.
    mine = [record["type"] for record in town.records("driver-events")]
    assert [kind for kind in mine if kind in CHARGE] == CHARGE
    assert [record["type"] for record in town.records("central-events")][-1] == "CentralStopped"
    assert town.in_kafka() == town.stored()


async def test_events_are_printed_from_the_api_and_from_kafka_alike(town: KafkaCity):
    central = await town.central()
    follower = await town.run("events", "--follow", "--from", "kafka")
    await points(town, central, 1)
    await follower.says(r"#\d+ MonitorSpoke CP001")
    services = town.state.parent / "services.txt"
    services.write_text("CP001\n")
    assert await (await town.driver("D01", "--file", str(services))).ends() == 0
    await follower.says(
        r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d #\d+ TicketMade CP001 D01 \S+ energy_mwh=\d+ cost_cents=\d+ "
    )
    told = {}
    for source in ("api", "kafka"):
        printed = await town.run(
            "events", "--from", source, "--json", "--cp", "CP001", "--type", "TicketMade", "--limit", "5"
        )
        assert await printed.ends() == 0, printed.text
        told[source] = [json.loads(line) for line in printed.lines]
    assert told["api"] == told["kafka"]
    assert [one["type"] for one in told["api"]] == ["TicketMade"]
    assert "Traceback" not in follower.text
    wrong = await town.run("events", "--type", "TicketMad")
    assert await wrong.ends() == 2
    assert "TicketMade" in wrong.text


async def test_a_broker_killed_during_20_charges_gets_every_event_in_order(
    town: KafkaCity, broker: kafka.Broker
):
    central = await town.central()
    await points(town, central, 4)
    drivers = []
    for number in range(1, 5):
        # A point each, so that nobody is refused because another one was quicker.
        services = town.state.parent / f"services-{number}.txt"
        services.write_text(f"CP{number:03}\n" * 5)
        drivers.append(await town.driver(f"D{number:02}", "--file", str(services), "--pause", "0.5"))
    await central.says("supplies", times=3)
    # A slow broker may have been lost and found before.
    lost, back_again = (
        r"Kafka down \(.*\), \d+ events? waiting; everything else goes on",
        "Kafka up again; it gets",
    )
    before = len(re.findall(lost, central.text))
    broker.kill()
    await central.says(lost, times=before + 1)
    await central.says("supplies", times=8)
    back = asyncio.create_task(broker.returns())
    for driver in drivers:
        assert await driver.ends(100) == 0, driver.text
    await back
    await central.says(back_again, times=before + 1)
    await town.settles()
    assert await central.stops() == 0
    await gets_all(town)
    assert town.books("SELECT COUNT(*) FROM ticket")[0][0] == 20
    for topic, key in (("cp-events", "cp_id"), ("driver-events", "driver_id")):
        lines = kafka.kcat(broker.bootstrap, "-C", "-t", town.prefix + topic, "-o", "beginning")
        for name, numbers in in_order_of(key, lines).items():
            assert numbers == sorted(numbers), f"{topic} of {name}"
            wanted = town.books(f"SELECT n FROM events WHERE {key} = ? ORDER BY n", name)
            assert numbers == [row["n"] for row in wanted], f"{topic} of {name}"


async def test_a_broker_that_is_absent_at_the_start_is_a_banner_and_gets_all_of_it_later(
    town: KafkaCity, broker: kafka.Broker
):
    # Nobody listens on the way to it: to stop it and start it again takes a busy machine longer than all the rest.
    way = Way(f"kafka://{broker.bootstrap}")
    town.way = way.address.removeprefix("kafka://")
    central = await town.central()
    await central.says("Kafka down")
    await points(town, central, 1)
    services = town.state.parent / "services.txt"
    services.write_text("CP001\n")
    assert await (await town.driver("D01", "--file", str(services))).ends() == 0
    alerts = await town.run("alerts", "--json")
    assert await alerts.ends() == 0
    found = [one for one in json.loads(alerts.text)["alerts"] if one["about"] == "KAFKA"]
    waiting = int(searched(r"Kafka down, (\d+) events? waiting", found[0]["what"]))
    assert waiting > 5
    figures = await asyncio.to_thread(
        lambda: urllib.request.urlopen(f"http://127.0.0.1:{town.api_port}/metrics").read().decode()
    )
    assert "evcharge_kafka_up 0.0" in figures
    assert float(searched(r"(?m)^evcharge_kafka_events_waiting (\S+)", figures)) >= waiting
    # Central ends as fast as without, and starts again.
    assert await central.stops(within_s=4.0) == 0
    central = await town.central()
    await central.says("Kafka down")
    async with contextlib.aclosing(way):
        await way.open()
        await central.says("Kafka up again")
        assert await central.stops() == 0
        await gets_all(town)


async def test_a_frozen_broker_delays_neither_a_charge_nor_the_end(town: KafkaCity, broker: kafka.Broker):
    central = await town.central()
    await points(town, central, 1)
    services = town.state.parent / "services.txt"
    services.write_text("CP001\n")
    assert await (await town.driver("D01", "--file", str(services))).ends() == 0
    broker.pause()
    try:
        frozen_at = len(central.lines)
        assert await (await town.driver("D02", "--file", str(services))).ends(20) == 0
        await central.says("Kafka down", since=frozen_at)
        assert await central.stops(within_s=4.0) == 0
        central = await town.central()
        # It ends in time also in the middle of its first attempt.
        assert await central.stops(within_s=4.0) == 0
        central = await town.central()
        await central.says("Kafka down")
    finally:
        broker.resume()
    await central.says("Kafka up again")
    assert await central.stops() == 0
    await gets_all(town)


LANE: dict[str, Any] = {"EVCHARGE_ENGINE__LIVE_LANE": "kafka"}
SLOW = ("--speed", "60", "--auto-plug", "0.1")


def raw_records(town: KafkaCity, topic: str) -> list[tuple[str, bytes]]:
    """Keys and values of a topic that holds no line breaks."""
    lines = kafka.kcat(town.bootstrap, "-C", "-t", town.prefix + topic, "-o", "beginning", "-f", "%k\t%s\n")
    return [(key, value.encode()) for key, value in (line.split("\t") for line in lines)]


def put(town: KafkaCity, topic: str, key: str, value: bytes) -> None:
    """Write one record, as anybody can who reaches the broker."""
    kafka.kcat_puts(town.bootstrap, town.prefix + topic, key, value)


async def test_live_figures_travel_sealed_over_kafka_and_over_the_stream_without_it(
    town: KafkaCity, broker: kafka.Broker
):
    central = await town.central()
    engine = await town.engine("CP001", *SLOW, **LANE)
    await town.monitor("CP001")
    await central.says("CP001 .*Available")
    driver = await town.driver("D01")
    driver.types("start CP001")
    await driver.says(r"kWh", times=3)
    async with asyncio.timeout(30):
        while len(sealed := raw_records(town, "cp-telemetry")) < 3:
            await asyncio.sleep(0.2)
    assert {key for key, _ in sealed} == {"CP001"}
    assert not any(b"power" in value or b"CP001" in value for _, value in sealed)
    # Somebody writes there without the key: it is said, and nothing is shown.
    put(town, "cp-telemetry", "CP001", b"gAAAAABgarbage")
    await central.says("Unable to connect to CP001. Messages not comprehensible.")
    await engine.says("do not open under the key")
    # Central still sees what flows, and so does the driver, when the broker dies; and again when it is back.
    broker.kill()
    await engine.says("Kafka down .*: the live figures take the connection")
    seen = len(driver.lines)
    await driver.says("kWh", since=seen, times=2)
    await broker.returns()
    await engine.says("Kafka up again: it carries the live figures")
    seen, before = len(driver.lines), len(raw_records(town, "cp-telemetry"))
    await driver.says("kWh", since=seen, times=2)
    async with asyncio.timeout(30):
        while len(raw_records(town, "cp-telemetry")) <= before:
            await asyncio.sleep(0.2)
    driver.types("stop")
    await driver.says("SESSION SUMMARY")
    await town.settles()


async def test_an_order_over_kafka_is_carried_out_once(town: KafkaCity):
    central = await town.central()
    await points(town, central, 1)
    ordered = await town.run("out", "CP001", "--via", "kafka")
    assert await ordered.ends() == 0, ordered.text
    await central.says("CP001 .*Out of Order: operator")
    back = await town.run("resume", "CP001", "--via", "kafka", "--json")
    assert await back.ends() == 0, back.text
    await central.says("CP001 .*Available", times=2)
    nobody = await town.run("out", "CP009", "--via", "kafka")
    assert await nobody.ends() == 1
    assert "CP009 does not exist" in nobody.text

    # The same record again, one from a stranger, and one that was opened up: rows in the audit log, no more.
    key, out = raw_records(town, "central-commands")[0]
    put(town, "central-commands", key, out)
    await central.says("refused operator .*E_SEQ an order for CP001 was repeated")
    stranger = await town.run("out", "CP001", "--via", "kafka", env={"EVCHARGE_OPERATOR_TOKEN": "x" * 43})
    await central.says("refused operator .*E_CRYPTO an order does not open")
    put(town, "central-commands", "CP002", out)
    await central.says("refused operator .*E_ID an order for CP001 lies under")
    # Nor does a restart of Central carry out again what it has read.
    assert await central.stops() == 0
    central = await town.central()
    await central.says("CP001 .*Available")
    again = await town.run("out", "CP001", "--via", "kafka")
    assert await again.ends() == 0, again.text
    done = town.books("SELECT COUNT(*) FROM events WHERE type = 'OrderCarriedOut'")[0][0]
    holds = town.books("SELECT COUNT(*) FROM events WHERE type = 'HoldPlaced'")[0][0]
    assert (done, holds) == (3, 2)
    await stranger.stops()


async def test_a_flood_of_nonsense_in_kafka_costs_no_order_and_no_book(town: KafkaCity):
    central = await town.central()
    await points(town, central, 2)
    # As anybody can who reaches the broker: under an existing key and under one of nobody, in both topics.
    for topic in ("cp-telemetry", "central-commands"):
        for key in ("CP001", "nobody"):
            put(town, topic, key, b"\n".join([b"gAAAAABgarbage"] * FLOOD))
    for who in ("CP001", "KAFKA"):
        await central.says(f"refused {who} .*kafka:central-commands.*too much that comes to nothing")
    await central.says("refused CP001 .*kafka:cp-telemetry: E_SLOW")
    # An order for a point that nobody floods is behind all that in the topic, and is carried out all the same.
    ordered = await town.run("out", "CP002", "--via", "kafka")
    assert await ordered.ends() == 0, ordered.text
    await central.says("CP002 .*Out of Order: operator")
    # And so is a whole charge at the point that is flooded.
    services = town.state.parent / "services.txt"
    services.write_text("CP001\n")
    assert await (await town.driver("D01", "--file", str(services))).ends() == 0
    await town.settles()
    refused = town.books("SELECT COUNT(*) FROM events WHERE type = 'InputRefused'")[0][0]
    assert 0 < refused < 50


# Some fifteen seconds on a quiet machine.
DRILLED_WITHIN_S = 280.0


@pytest.mark.timeout(700)
async def test_a_drill_stops_the_broker_and_what_a_killed_drill_has_left_is_put_right(
    town: KafkaCity, broker: kafka.Broker
):
    central = await town.central()
    started = len(central.lines)
    drill = await town.run("drill", "kafka-down", "--within", "80")
    await drill.says("The broker is stopped", within_s=DRILLED_WITHIN_S)
    await central.says("Kafka down", since=started, within_s=80)
    await drill.dies()
    # It could put nothing right: the broker is still stopped, and its charging point is registered.
    assert broker.is_paused()
    mended = await town.run("drill", "--mend")
    assert await mended.ends(80) == 0, mended.text
    assert re.search(r"process \d+, which it had stopped, goes on", mended.text)
    assert "DRILL-CP and DRILL-D are withdrawn" in mended.text
    assert not broker.is_paused()
    assert not (town.state / "drill.damages").exists()
    await central.says("Kafka up again", since=started, within_s=80)

    # Nobody kills this one: it passes, and leaves nothing behind.
    again = await town.run("drill", "kafka-down", "--within", "80")
    assert await again.ends(DRILLED_WITHIN_S) == 0, again.text
    assert "kafka-down: passed" in again.text
    assert "An earlier drill" not in again.text
    assert not broker.is_paused()
    assert await central.stops() == 0
    assert town.in_kafka() == town.stored()
