"""`evcharge export`: every charge as a file, from a running Central and from books at rest; CDRs as OCPI wants them."""

import asyncio
import csv
import io
import json
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evcharge import cli
from evcharge.central.api.kit import cdr_answers, exports
from evcharge.central.books import archive
from evcharge.storage.store_errors import StoreError
from tests.component.books import raw
from tests.component.callers import statuses
from tests.component.office import Office, opened
from tests.component.test_report import charge
from tests.unit.central import ocpi

pytestmark = pytest.mark.usefixtures("clean_surroundings")


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path / "state", timezone="Europe/Madrid") as office:
        yield office


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch) -> None:
    monkeypatch.setattr(exports, "_PAGE", 2)


async def five_charges(office: Office) -> list[str]:
    """Five charges, of which one is given back in part and then whole, and one is asked 0.10 € more for."""
    made = [await charge(office, "D2", "CP2", 1_234_567 * number) for number in range(1, 6)]
    for number, cents in enumerate((20, None), 1):
        order = {"cents": cents, "reason": "cable broken", "reference": f"R-{number}"}
        await office.post(f"/api/sessions/{made[2]}/refund", order)
    order = {"cents": -10, "reason": "the cable was left", "session_id": made[0], "reference": "C-1"}
    await office.post("/api/drivers/D2/correct", order)
    return made


class Shell:
    """A shell on Central's PC; what a command prints goes to a file."""

    def __init__(self, office: Office, capfdbinary) -> None:
        self._office = office
        self._capture = capfdbinary

    async def does(self, *args: str, code: int = 0) -> bytes:
        self._capture.readouterr()
        flags = ["--state", str(self._office.town.state), "--central-api", self._office.url]
        found = await asyncio.to_thread(cli.run, ["export", *flags, *args])
        said = self._capture.readouterr()
        assert found == code, said.err
        return said.err if code else said.out


@pytest.fixture
def shell(office: Office, capfdbinary) -> Shell:
    return Shell(office, capfdbinary)


async def test_every_cent_and_mwh_is_in_each_file_once_wherever_it_comes_from(office: Office, shell: Shell):
    made = await five_charges(office)
    cdrs = await shell.does("--format", "cdr")
    with raw(office.town.state / "central/central.db") as books:
        ocpi.everything_is_exported_once(books)
        ((cents, mwh),) = books.execute(
            "SELECT SUM(cost_cents + corrected_cents), SUM(energy_mwh + corrected_mwh) FROM ticket_now"
        )
    assert ocpi.sums(ocpi.read(cdrs)) == (cents, mwh)
    # Newest first, and what corrects a ticket right behind it.
    third, first = made[2], made[0]
    assert [one["id"] for one in json.loads(cdrs)] == [
        made[4], made[3], third, f"{third}-C", f"{third}-1", f"{third}-1-C", f"{third}-2", made[1],
        first, f"{first}-C", f"{first}-1",
    ]  # fmt: skip
    # The same again, and the same of books that nobody has open but us.
    assert await shell.does("--format", "cdr") == cdrs
    assert await shell.does("--format", "cdr", "--books") == cdrs
    rows = csv.DictReader(io.StringIO((await shell.does()).decode(), newline=""))
    assert sum(int(row["cost_cents"]) + int(row["corrected_cents"]) for row in rows) == cents
    for what in ("sessions", "tickets"):
        told = await shell.does(what, "--format", "json")
        assert [row["session_id"] for row in json.loads(told)] == made[::-1]
        assert await shell.does(what, "--format", "json", "--books") == told
        rows = list(csv.DictReader(io.StringIO((await shell.does(what)).decode(), newline="")))
        assert [row["session_id"] for row in rows] == made[::-1]
        assert await shell.does(what, "--books") == await shell.does(what)


async def test_a_cdr_says_who_charged_where_and_what_it_cost(office: Office, shell: Shell):
    (session_id,) = [await charge(office, "D10", "CP2", 3_000_000)]
    order = {"cents": 20, "reason": "cable broken", "reference": "R-1"}
    await office.post(f"/api/sessions/{session_id}/refund", order)
    # It stands elsewhere by now; a CDR says where it stood.
    await office.ask("PATCH", "/api/cps/CP2", {"location": "Elche"})
    first, credit, corrected = ocpi.read(await shell.does("--format", "cdr"))
    assert (first["cdr_location"]["city"], first["cdr_location"]["country"]) == ("Berlin", "ESP")
    assert (first["cdr_location"]["evse_uid"], first["cdr_location"]["evse_id"]) == ("CP2", "ES*EVC*ECP2")
    assert first["cdr_token"]["contract_id"] == "D10"
    (period,) = first["charging_periods"]
    assert {one["type"]: float(one["volume"]) for one in period["dimensions"]} == {"ENERGY": 3}
    (tariff,) = first["tariffs"]
    (element,) = tariff["elements"]
    assert float(element["price_components"][0]["price"]) == 0.25
    assert [float(one["total_cost"]["excl_vat"]) for one in (first, credit, corrected)] == [0.75, -0.75, 0.55]
    assert credit["credit_reference_id"] == first["id"]
    assert "credit" not in corrected
    assert corrected["remark"] == "Corrected: cable broken"
    changed = {"id", "total_cost", "credit", "credit_reference_id", "last_updated"}
    assert {name for name in credit if credit[name] != first.get(name)} == changed


async def test_a_range_is_one_of_the_networks_days(office: Office, shell: Shell):
    made = await five_charges(office)
    day = (await office.get("/api/stats?days=1"))["days"][-1]["day"]
    for source in ([], ["--books"]):
        (row, *_) = json.loads(await shell.does("--format", "json", "--from", day, "--to", day, *source))
        assert (row["session_id"], row["day"]) == (made[-1], day)
        assert json.loads(await shell.does("--format", "cdr", "--to", "2020-01-01", *source)) == []
        assert json.loads(await shell.does("--format", "json", "--driver", "D3", *source)) == []
        wrong = await shell.does("--from", "2026-13-01", *source, code=1)
        assert b"from must be a date such as 2026-11-21" in wrong
    misuse = await shell.does("sessions", "--format", "cdr", code=2)
    assert b"A CDR is made from a ticket" in misuse


async def test_a_file_is_there_when_all_of_it_is_and_for_its_owner_only(
    office: Office, shell: Shell, tmp_path: Path, monkeypatch
):
    await five_charges(office)
    file = tmp_path / "november.json"
    file.write_text("of before")
    asked = []
    read = archive.Archive.corrections

    async def fails_later(self, session_ids):
        asked.append(session_ids)
        if len(asked) == 2:
            raise StoreError("gone")
        return await read(self, session_ids)

    with monkeypatch.context() as patch:
        patch.setattr(archive.Archive, "corrections", fails_later)
        await shell.does("--format", "cdr", "--out", str(file), code=1)
    assert file.read_text() == "of before"
    assert [one.name for one in tmp_path.iterdir() if "november" in one.name] == ["november.json"]
    assert await shell.does("--format", "cdr", "--out", str(file)) == b""
    assert len(ocpi.read(file.read_bytes())) == 11
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_what_stands_under_the_name_stays_what_it_is(office: Office, shell: Shell, tmp_path: Path):
    await charge(office, "D2", "CP2", 1_000_000)
    whole = await shell.does()
    # A link is followed, as a shell follows it.
    file, link, beside = tmp_path / "kept.csv", tmp_path / "newest.csv", tmp_path / "newest.csv.part"
    file.write_text("of before")
    link.symlink_to(file)
    beside.write_text("somebody's own")
    await shell.does("--out", str(link))
    assert (link.is_symlink(), file.read_bytes()) == (True, whole)
    assert beside.read_text() == "somebody's own"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Open for both, so that neither end waits for the other; a pipe holds this much.
    handle = os.open(pipe, os.O_RDWR)
    try:
        await shell.does("--out", str(pipe))
        assert os.read(handle, 1 << 16) == whole
    finally:
        os.close(handle)
    assert pipe.is_fifo()
    assert {one.name for one in tmp_path.iterdir() if one.is_file()} == {
        "kept.csv",
        "newest.csv",
        "newest.csv.part",
    }


async def test_who_may_look_may_export(office: Office):
    assert await statuses(office, "GET", "/api/cdrs.json") == {
        "nobody": 401, "driver": 403, "viewer": 200, "service": 403, "operator": 200, "admin": 200,
    }  # fmt: skip
    for path in ("/api/tickets.json", "/api/sessions.json"):
        assert (await office.ask("GET", path, token=None)).status == 401


async def test_books_of_another_schema_are_not_guessed_at(office: Office, shell: Shell, tmp_path: Path):
    missing = await shell.does("--books", "--state", str(tmp_path / "nowhere"), code=1)
    assert b"nowhere/central/central.db is not there" in missing


def test_the_shape_that_the_description_shows_is_that_of_ocpi():
    assert set(cdr_answers.Cdr.__struct_fields__) == set(ocpi.CDR["properties"])
