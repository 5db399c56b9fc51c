"""`evcharge up` as a stranger starts it: what it says, and that the network lives."""

import asyncio
import re
import signal
import sys
from pathlib import Path

import aiohttp

WITHIN_S = 90.0


async def test_the_network_stands_lives_and_lets_its_administrator_in_with_one_click(tmp_path: Path):
    command = ("-m", "evcharge", "up", "--points", "2", "--drivers", "1", "--port", "0", "--api-port", "0")
    state = tmp_path / "state"
    up = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        "--state",
        str(state),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert up.stdout is not None
    said = ""
    try:
        async with asyncio.timeout(WITHIN_S):
            while "Every line of every part" not in said:
                line = (await up.stdout.readline()).decode()
                assert line, said
                said += line
            link = re.search(r"One click +(http://\S+)/login#link=(\S+)", said)
            assert link is not None, said
            # Two logins, and what is in the files that the screen names.
            guest = re.search(r"Driver +D01, password (\S+)\n +\(kept in (\S+)\)", said)
            assert guest is not None, said
            assert (tmp_path / guest[2]).read_text().strip() == guest[1]
            await lives(link[1], link[2], guest[1])
        up.send_signal(signal.SIGINT)
        rest = (await asyncio.wait_for(up.stdout.read(), WITHIN_S)).decode()
        assert await up.wait() == 0, said + rest
    finally:
        if up.returncode is None:
            up.kill()
            await up.wait()
    kept = (state / "demo" / "up.log").read_text()
    assert "Traceback" not in kept
    assert re.search(r"^D02 +│ .*CP00\d", kept, re.MULTILINE)


async def lives(url: str, link: str, password: str) -> None:
    """See a demo driver charge as the administrator, and charge as the guest."""
    same_site = {"Origin": url}
    jars = [aiohttp.CookieJar(unsafe=True) for _ in range(2)]
    async with (
        aiohttp.ClientSession(url, cookie_jar=jars[0], headers=same_site) as admin,
        aiohttp.ClientSession(url, cookie_jar=jars[1], headers=same_site) as guest,
    ):
        async with admin.post("/api/login/link", json={"link": link}) as entered:
            assert (await entered.json())["role"] == "admin"
        async with guest.post("/api/login", json={"name": "D01", "password": password}) as entered:
            assert (await entered.json())["role"] == "driver", await entered.text()
        asked = {"request_id": "R-guest-0001"}
        async with guest.post("/api/me/requests", json=asked) as answer:
            assert answer.status < 300, await answer.text()
        charging: set[str] = set()
        while not {"D01", "D02"} <= charging:
            async with admin.get("/api/sessions", params={"state": "charging"}) as answer:
                rows = (await answer.json())["sessions"]
            charging |= {row["driver_id"] for row in rows}
            await asyncio.sleep(0.2)
