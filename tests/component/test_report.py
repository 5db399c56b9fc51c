"""A month by driver or by charging point, and files for people: what they say is what the books hold."""

import contextlib
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from evcharge.central.api.kit import answers
from evcharge.domain.ids import natural
from tests.component.callers import shaped, statuses
from tests.component.office import Office, opened
from tests.component.test_api_books import text_of

MADRID = ZoneInfo("Europe/Madrid")
BOM = "\ufeff"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path, timezone="Europe/Madrid") as office:
        yield office


async def charge(office: Office, driver_id: str, cp_id: str, mwh: int) -> str:
    engine, driver = await office.town.point(cp_id), await office.town.driver(driver_id)
    driver.asks(cp_id)
    session_id = (await engine.is_asked()).session_id
    await engine.journals(engine.starts(), engine.meters(mwh), engine.ends())
    await driver.ticket()
    for channel in (engine.channel, engine.monitor, driver.channel):
        channel.abort()
    await office.town.says(rf"{driver_id} left")
    return session_id


async def three_charges(office: Office) -> str:
    """Two of D2 and one of D10, at CP2 and CP10; one has a correction. Returns that one's session."""
    await charge(office, "D2", "CP10", 1_234_567)
    await charge(office, "D10", "CP2", 3_000_000)
    corrected = await charge(office, "D2", "CP3", 2_000_000)
    order = {"cents": 20, "reason": "cable broken", "reference": "R-1"}
    await office.post(f"/api/sessions/{corrected}/refund", order)
    return corrected


async def file_of(office: Office, path: str, delimiter: str = ",") -> list[list[str]]:
    text, response = await text_of(office, path)
    assert response.status == 200, text
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


async def test_a_month_by_driver_and_by_point_comes_to_what_the_statistics_say(office: Office):
    await three_charges(office)
    month = f"{datetime.now(MADRID):%Y-%m}"
    day = (await office.get("/api/stats?days=1"))["today"]
    for by, ids in (("driver", ["D2", "D10"]), ("cp", ["CP2", "CP3", "CP10"])):
        found = shaped(await office.ask("GET", f"/api/report?month={month}&by={by}"), answers.ReportAnswer)
        assert (found["month"], found["by"], found["timezone"]) == (month, by, "Europe/Madrid")
        # In the order of people: 2 before 10.
        assert [row["id"] for row in found["rows"]] == ids
        total = found["total"]
        assert (total["sessions"], total["energy_mwh"], total["cost_cents"]) == (
            day["sessions"],
            day["energy_mwh"],
            day["revenue_cents"],
        )
        for name in ("sessions", "energy_mwh", "cost_cents", "elapsed_s"):
            assert total[name] == sum(row[name] for row in found["rows"])
    of_driver = {row["id"]: row for row in (await office.get("/api/report?by=driver"))["rows"]}
    # 0.31 € and 0.50 €, of which 0.20 € were given back.
    assert (of_driver["D2"]["sessions"], of_driver["D2"]["cost_cents"]) == (2, 61)
    assert (await office.get("/api/report?month=2026-01"))["rows"] == []


async def test_a_report_is_read_page_by_page(office: Office, monkeypatch):
    monkeypatch.setattr("evcharge.central.books.archive._REPORT_PAGE", 2)
    await three_charges(office)
    assert (await office.get("/api/report?by=cp"))["total"]["sessions"] == 3


@pytest.mark.parametrize(
    "query", ["month=2026-13", "month=2026-1", "month=0000-01", "by=month", "days=3", "month=2026-11%0A"]
)
async def test_what_no_report_has_is_refused(office: Office, query: str):
    assert (await office.ask("GET", f"/api/report?{query}")).status == 422


async def test_who_may_look_may_read_reports(office: Office):
    assert await statuses(office, "GET", "/api/report") == {
        "nobody": 401, "driver": 403, "viewer": 200, "service": 403, "operator": 200, "admin": 200,
    }  # fmt: skip


async def test_a_report_as_a_file_for_programs_and_for_people(office: Office):
    await three_charges(office)
    head, *rows = await file_of(office, "/api/report.csv?by=driver")
    assert head == ["id", "registration", "sessions", "energy_mwh", "cost_cents", "elapsed_s"]
    assert rows[0] == ["D2", "0", "2", "3234567", "61", "0"]
    head, *rows = await file_of(office, "/api/report.csv?by=cp&lang=es", ";")
    assert head == [f"{BOM}Punto de recarga", "Lugar", "Recargas", "Duración", "Energía (kWh)", "Coste (€)"]
    assert rows[0] == ["CP2", "Berlin", "1", "0:00:00", "3,000000", "0,75"]
    assert rows[-1] == ["TOTAL", "", "3", "0:00:00", "6,234567", "1,36"]
    head, *rows = await file_of(office, "/api/report.csv?by=cp&lang=de", ";")
    assert head == [f"{BOM}Ladepunkt", "Ort", "Ladevorgänge", "Dauer", "Energie (kWh)", "Betrag (€)"]
    assert rows[-1] == ["SUMME", "", "3", "0:00:00", "6,234567", "1,36"]


async def test_a_report_of_a_month_that_is_over_names_where_a_point_stood_at_its_end(tmp_path: Path):
    def on(month: int) -> contextlib.AbstractAsyncContextManager[Office]:
        return opened(tmp_path, clock=lambda: datetime(2026, month, 15, tzinfo=UTC))

    async with on(1) as office:
        await charge(office, "D2", "CP2", 1_000_000)
    async with on(2) as office:
        moved = await office.ask("PATCH", "/api/cps/CP2", {"location": "Elche"})
        assert moved.status == 200, moved.body
        rows = await file_of(office, "/api/report.csv?by=cp&lang=en&month=2026-01")
        assert rows[1][:2] == ["CP2", "Berlin"]


async def test_a_spanish_spreadsheet_opens_tickets_and_sessions(office: Office):
    corrected = await three_charges(office)
    head, *rows = await file_of(office, "/api/tickets.csv?lang=es", ";")
    assert head == [
        f"{BOM}Sesión", "Punto de recarga", "Lugar", "Conductor", "Inicio", "Fin", "Duración", "Energía (kWh)",
        "Precio (€/kWh)", "Coste (€)", "Motivo", "Nota", "IVA (%)", "Emisor",
    ]  # fmt: skip
    (row,) = [row for row in rows if row[0] == corrected]
    # The network's clocks, and what was put right is in the figures.
    ticket = next(
        one for one in (await office.get("/api/tickets"))["tickets"] if one["session_id"] == corrected
    )
    ended = datetime.fromisoformat(ticket["ended_at"]).astimezone(MADRID)
    assert row[1:4] == ["CP3", "Berlin", "D2"]
    assert row[5] == f"{ended:%Y-%m-%d %H:%M:%S}"
    assert row[7:] == ["2,000000", "0,25", "0,30", "desenchufado", "corregido después", "0,0", ""]
    head, *rows = await file_of(office, "/api/sessions.csv?lang=en")
    assert head[:5] == [f"{BOM}Session", "Charging point", "Location", "Driver", "State"]
    assert {row[4] for row in rows} == {"ended"}
    assert sorted(row[8] for row in rows) == ["1.234567", "2.000000", "3.000000"]
    assert (await office.ask("GET", "/api/tickets.csv?lang=nl")).status == 422


def test_ids_are_in_the_order_of_people():
    ids = ["CP10", "CP2", "CP1", "CP02", "A", "CP2B", "7", "CP_003", "CP"]
    assert sorted(ids, key=natural) == ["7", "A", "CP", "CP1", "CP2", "CP02", "CP2B", "CP10", "CP_003"]
