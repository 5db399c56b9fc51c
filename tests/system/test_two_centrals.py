"""Two Centrals on one PostgreSQL, real engines and drivers: the leader is killed in the middle of a charge."""

import json
import shutil
from collections.abc import Iterator

import pytest

from tests.ports import free_port
from tests.postgres import server
from tests.system.city import City


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL."""
    with server() as url:
        yield url


async def test_a_charge_goes_on_at_the_other_central_and_is_billed_once(
    city: City, postgres: str, monkeypatch: pytest.MonkeyPatch
):
    books = f"{postgres}?schema=two"
    moved = await city.run("migrate", "--to", books)
    assert await moved.ends() == 0, moved.text
    on = {"EVCHARGE_CENTRAL__DATABASE": books}
    first = await city.central("--name", "A", **on)
    there, port, api_port = city.state.with_name("there"), free_port(), free_port()
    shutil.copytree(city.state, there, ignore=shutil.ignore_patterns("*.socket", "*.lock"))
    apart = {
        "EVCHARGE_STATE": str(there),
        "EVCHARGE_CENTRAL__PORT": str(port),
        "EVCHARGE_CENTRAL__API_PORT": str(api_port),
    }
    second = await city.run("central", "--name", "B", name="central B", env=on | apart)
    await second.says("A leads this network; B stands by")
    known = city.environment() | {"EVCHARGE_REACH__OTHER_CENTRALS": f"127.0.0.1:{port}"}
    monkeypatch.setattr(city, "environment", lambda: known)
    engine = await city.engine("CP001", "--speed", "10", "--auto-plug", "0.1")
    await engine.says("health port listening")
    await city.monitor("CP001")
    await first.says("CP001 .*Available")
    driver = await city.driver("D01")
    await driver.says("Connected")
    driver.types("start")
    await driver.says("CP001: .* kW", times=3)
    await first.dies()
    await second.says("B leads this network from now on")
    await second.says("Central listening on")
    seen = len(driver.lines)
    await driver.says("CP001: .* kW", since=seen)
    driver.types("stop")
    await driver.says("Ended:   stopped by the driver")
    # The one that died stands by when it is back, and shows what the other one knows.
    back = await city.run("central", "--name", "A", name="central", env=on)
    await back.says("B leads this network; A stands by")
    await back.says("API for operators is listening")
    asked = await city.run("tickets", "--json", env=on)
    assert await asked.ends() == 0, asked.text
    (ticket,) = json.loads(asked.text)["tickets"]
    assert ticket["energy_mwh"] > 0
    told = await city.run("members", env=on)
    assert await told.ends() == 0, told.text
    assert "A had ended without a word." in told.text
    checked = await city.run("audit", "verify", env=on)
    assert await checked.ends() == 0, checked.text
    # Handed over: nobody waits for a lease.
    assert await second.stops() == 0, second.text
    await back.says("Central listening on")
    await driver.says("hands over to another one")
    await driver.says(f"Connected again, to CENTRAL at 127.0.0.1:{city.central_port}")
