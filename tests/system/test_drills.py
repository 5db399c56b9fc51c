"""Drills against a network that runs: it is broken for real, put back, and nobody else notices."""

import re
from pathlib import Path

import pytest

from tests.system.city import City

# Some twenty seconds on a quiet machine.
DRILLED_WITHIN_S = 280.0


@pytest.mark.timeout(320)
async def test_drills_on_a_network_that_runs_pass_and_leave_it_as_it_was(city: City, tmp_path: Path):
    await city.central()
    await city.engine("CP001")
    await (await city.monitor("CP001")).says("connected")
    page = tmp_path / "report.html"
    drilled = await city.run(
        "drill",
        "wrong-key",
        "cold-front",
        "kafka-down",
        "--within",
        "80",
        "--lang",
        "es",
        "--report",
        str(page),
    )
    assert await drilled.ends(DRILLED_WITHIN_S) == 0, drilled.text
    assert "wrong-key: superado" in drilled.text
    assert "cold-front: superado" in drilled.text
    assert "kafka-down: sin hacer: no hay ningún broker en este PC" in drilled.text
    assert "Superados: 2. Fallidos: 0. Sin hacer: 1." in drilled.text
    assert "mire las páginas (/) o el panel" in drilled.text
    html = page.read_text("utf-8")
    assert len(re.findall(r'<h2 id="(?:wrong-key|cold-front|kafka-down)"', html)) == 3
    # Its charging point and its driver are in the network no more; the other point is as it was.
    listed = await city.run("cps", "--json")
    assert await listed.ends() == 0
    assert re.findall(r'"cp_id": "([^"]+)"', listed.text) == ["CP001"]
    assert '"status": "Available"' in listed.text or '"status": "AVAILABLE"' in listed.text
    drivers = await city.run("driver", "list", "--json", env={"EVCHARGE_ADMIN_PASSWORD": city.admin_password})
    assert await drivers.ends() == 0
    assert "DRILL-D" not in drivers.text
