"""What README.md types is typed here, and does what README.md says; nothing is shortened but the ports."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.system.city import City, city

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SPANISH = (ROOT / "README.es.md").read_text("utf-8")


def readme(line: str) -> list[str]:
    """Return the words of a command that both READMEs type, without `evcharge`."""
    for text in (README, SPANISH):
        assert re.search(rf"^{re.escape(line)}(  +#.*)?$", text, re.MULTILINE), line
    return line.split()[1:]


@pytest.fixture
async def town(tmp_path: Path):
    async with city(tmp_path / ".evcharge", City) as town:
        yield town


async def test_by_hand_as_the_readme_says(town: City):
    await town.central()
    engine = await town.engine(*readme("evcharge cp-engine CP001 --location Alicante --auto-plug 3")[1:])
    await town.monitor(*readme("evcharge cp-monitor CP001")[1:])
    await town.latest("central").says("CP001 .*Available")
    driver = await town.driver(*readme("evcharge driver D01")[1:])
    for word in ("list", "balance", "history"):
        driver.types(word)
    await driver.says("CP001 .*Available +Alicante")
    driver.types("start")
    shown = README[README.index("D01> start") :].splitlines()[1:5]
    for line in shown:
        await driver.says(re.escape(line))
    await driver.says("kWh")
    driver.types("stop")
    await driver.says("SESSION SUMMARY")
    driver.types("quit")
    assert await driver.ends() == 0
    # Its password opens its page.
    assert (town.state / "driver/D01/password").read_text().strip()
    await engine.stops()


async def test_what_the_course_registers_with_curl_can_be_started(town: City):
    await town.central()
    posted = README[README.index("curl -k -X POST") : README.index("EVCHARGE_CREDENTIAL=")]
    assert posted in SPANISH
    call = posted.replace(":5001", f":{town.registry_port}")
    answered = subprocess.run(
        ["/bin/sh", "-c", call], cwd=town.state.parent, capture_output=True, text=True, timeout=20, check=True
    )
    assert '"cp_id"' in answered.stdout, answered.stdout + answered.stderr
    line = "EVCHARGE_CREDENTIAL=choose-a-good-one evcharge cp-engine CP009 --health-port 9109"
    assert all(line in text for text in (README, SPANISH))
    secret: dict[str, Any] = {"EVCHARGE_CREDENTIAL": "choose-a-good-one"}
    engine = await town.engine("CP009", **secret)
    await engine.says("connected to CENTRAL")
    port = town.health_ports["CP009"]
    await town.run("cp-monitor", "CP009", "--engine", f"127.0.0.1:{port}", env=secret)
    await town.latest("central").says(r"CP009 .*Berlin.* Available")


async def test_the_sample_of_services_names_points_that_exist(town: City):
    central = await town.central()
    for cp_id, location in (("CP001", "Alicante"), ("CP002", "Berlin")):
        fast = ("--auto-plug", "0.1", "--auto-unplug", "0.1", "--speed", "600")
        await town.engine(cp_id, "--location", location, *fast)
        await town.monitor(cp_id)
        await central.says(f"{cp_id} .*Available")
    assert readme("evcharge driver D02 --file services.txt")
    driver = await town.driver("D02", "--file", str(ROOT / "services.txt"), "--pause", "0.1")
    assert await driver.ends() == 0, driver.text
    wanted = [line for line in (ROOT / "services.txt").read_text().splitlines() if line[:1] not in ("#", "")]
    assert len(town.books("SELECT session_id FROM ticket")) == len(wanted)
