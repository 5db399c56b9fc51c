"""What the documents type into a running network is typed into one, as it stands there; only the port is another."""

import asyncio
import stat
import sys
from pathlib import Path

from tests.documents import to_run
from tests.system.city import City, city

# Several times what a command takes beside all other tests.
WITHIN_S = 120.0


async def test_every_line_does_what_it_is_there_for(tmp_path: Path):
    lines = to_run()
    assert len(lines) > 20
    async with city(tmp_path / ".evcharge", City) as town:
        await town.central()
        await town.engine("CP001", "--location", "Alicante", "--auto-plug", "1")
        await town.monitor("CP001")
        await town.latest("central").says("CP001 .*Available")
        driver = await town.driver("D01")
        await driver.says("D01")
        await town.latest("central").says("D01 connected")
        shell = environment(town, tmp_path)
        (tmp_path / "backup").mkdir()
        failed = []
        for line in lines:
            here = line.replace(":8000", f":{town.api_port}").replace("/backup/", f"{tmp_path}/backup/")
            typed = await asyncio.create_subprocess_exec(
                "/bin/sh", "-c", here, cwd=tmp_path, env=shell,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            async with asyncio.timeout(WITHIN_S):
                said, _ = await typed.communicate()
            is_silent = not said and "--out" not in line
            is_refused = line.startswith("curl") and b'"error":false' not in said
            if typed.returncode != 0 or is_silent or is_refused:
                failed.append((line, typed.returncode, said.decode("utf-8", "replace")))
        assert failed == [], "\n".join(map(str, failed))
        # What they name is there.
        assert list((tmp_path / "backup").glob("evcharge-20*.evb"))
        assert all((tmp_path / "backup" / name).stat().st_size for name in ("d01.json", "all.csv"))


def environment(town: City, folder: Path) -> dict[str, str]:
    """Return what a shell on this network's PC knows, with `evcharge` among its commands."""
    command = folder / "bin" / "evcharge"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m evcharge "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    # `invite` asks for it where there is a terminal.
    around = town.environment() | {"EVCHARGE_ADMIN_PASSWORD": town.admin_password}
    return around | {
        "PATH": f"{command.parent}:{around['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
