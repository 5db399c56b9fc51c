"""One id leads through everything that one request of a driver sets off: logs of three programs, books, Kafka, API."""

import json
from pathlib import Path
from typing import Any

from evcharge.central.kafka.published_event import outgoing
from tests.system.city import City, Program, city


def lines_of(program: Program, request_id: str) -> list[dict[str, Any]]:
    """Return the lines of a program's log that name that request; each line of it is JSON."""
    told = [json.loads(line) for line in program.lines]
    return [line for line in told if line.get("request_id") == request_id]


async def test_a_request_is_followed_by_one_id_from_the_driver_to_its_ticket(tmp_path: Path):
    as_json: Any = {"EVCHARGE_LOG__FORMAT": "json"}
    async with city(tmp_path / "state", City) as town:
        central = await town.central(**as_json)
        engine = await town.engine(
            "CP001", "--auto-plug", "0.1", "--auto-unplug", "0.3", "--speed", "60", **as_json
        )
        await town.monitor("CP001")
        await central.says("CP001 .*Available")
        driver = await town.driver("D01", **as_json)
        driver.types("start CP001")
        await driver.says("SESSION SUMMARY")
        driver.types("quit")
        assert await driver.ends() == 0
        asked = json.loads(next(line for line in driver.lines if "Request sent" in line))
        request_id = asked["request_id"]
        # The driver: from the request to the receipt.
        told = [line["text"] for line in lines_of(driver, request_id)]
        assert any(text.startswith("Request sent") for text in told)
        assert any("SESSION SUMMARY" in text for text in told)
        # Central: each event of it, with what else it is about.
        events = [line["event"] for line in lines_of(central, request_id)]
        assert {"SessionAuthorised", "SessionStarted", "TicketMade"} <= set(events)
        (session_id,) = {line["session_id"] for line in lines_of(central, request_id)}
        # The engine: what it took, what it supplied, how it ended.
        at_the_point = lines_of(engine, request_id)
        assert len(at_the_point) >= 3
        assert {line["session_id"] for line in at_the_point} == {session_id}
        # The books: the ticket, and the rows that the API shows as the audit log.
        (ticket,) = town.books("SELECT request_id FROM ticket WHERE session_id = ?", session_id)
        assert ticket["request_id"] == request_id
        rows = town.books("SELECT * FROM events WHERE correlation_id = ? ORDER BY n", request_id)
        assert rows[0]["type"] == "SessionAuthorised"
        assert rows[-1]["type"] == "TicketMade"
        # Kafka: each of them is published under that id.
        records = [json.loads(value) for row in rows for _, _, value in outgoing(dict(row))]
        assert {one["correlation_id"] for one in records} == {request_id}
        # And as docs/RUNBOOK.md greps for them.
        shown = await town.run("events", "--json", "--limit", "1000")
        assert await shown.ends() == 0, shown.text
        found = [json.loads(line)["type"] for line in shown.lines if request_id in line]
        assert found == [row["type"] for row in rows]
