"""Firefox and WebKit by what they themselves speak (WebDriver BiDi, WebDriver): pages and scripts, nothing more."""

import asyncio
import contextlib
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import aiohttp

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
WEBKIT_DRIVER = shutil.which("WebKitWebDriver")
MINI_BROWSER = next(iter(sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), reverse=True)), None)
XVFB = shutil.which("Xvfb")
START_S = 60.0


class Browser(Protocol):
    """One window."""

    async def go(self, url: str) -> None:
        """Open an address."""

    async def run(self, script: str) -> Any:
        """Return what the expression `script` says in the page, a promise or a plain value."""


async def line_of(process: asyncio.subprocess.Process, pattern: str) -> str:
    """Return the first group of `pattern` in what a process says at its standard error."""
    assert process.stderr is not None
    async with asyncio.timeout(START_S):
        while line := await process.stderr.readline():
            if found := re.search(pattern, line.decode(errors="replace")):
                return found[1]
    raise AssertionError("it ended")


@contextlib.asynccontextmanager
async def process_of(*argv: str | Path, **environ: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program until the block ends."""
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    env = os.environ | environ
    process = await asyncio.create_subprocess_exec(*argv, env=env, stdout=nowhere, stderr=pipe)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        # Whatever it still has to say must not keep it from ending.
        await process.communicate()


class _Firefox:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._count = 0
        self._context = ""

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        self._count += 1
        await self._socket.send_json({"id": self._count, "method": method, "params": params})
        async for message in self._socket:
            answer = json.loads(message.data)
            if answer.get("id") == self._count:
                assert answer["type"] == "success", answer
                return answer["result"]
        raise AssertionError("Firefox hung up")

    async def begin(self) -> None:
        await self.ask("session.new", capabilities={})
        tree = await self.ask("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    async def go(self, url: str) -> None:
        await self.ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def run(self, script: str) -> Any:
        # As text: BiDi has an encoding of its own for values.
        said = f"Promise.resolve({script}).then((value) => JSON.stringify(value ?? null))"
        target = {"context": self._context}
        answer = await self.ask("script.evaluate", expression=said, target=target, awaitPromise=True)
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])


@contextlib.asynccontextmanager
async def firefox(folder: Path) -> AsyncIterator[Browser]:
    """Run Firefox without a screen until the block ends, with a profile of its own."""
    assert FIREFOX is not None
    folder.mkdir()
    argv = (FIREFOX, "--headless", "--no-remote", "--profile", folder, "--remote-debugging-port", "0")
    async with process_of(*argv, HOME=str(folder)) as process, aiohttp.ClientSession() as http:
        address = await line_of(process, r"BiDi listening on (ws://\S+)")
        async with http.ws_connect(f"{address}/session", max_msg_size=0) as socket:
            browser = _Firefox(socket)
            await browser.begin()
            yield browser


class _WebKit:
    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def ask(self, path: str, body: object) -> Any:
        async with self._http.post(self._url + path, json=body) as response:
            value = (await response.json(content_type=None))["value"]
            assert response.status == 200, value
            return value

    async def begin(self) -> None:
        options = {"binary": str(MINI_BROWSER), "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        session = await self.ask("/session", {"capabilities": wanted})
        self._url += f"/session/{session['sessionId']}"

    async def end(self) -> None:
        async with self._http.delete(self._url):
            pass

    async def go(self, url: str) -> None:
        await self.ask("/url", {"url": url})

    async def run(self, script: str) -> Any:
        body = (
            f"const done = arguments[0]; Promise.resolve({script})"
            ".then((value) => done(value ?? null), (problem) => done(String(problem)));"
        )
        return await self.ask("/execute/async", {"script": body, "args": []})


@contextlib.asynccontextmanager
async def webkit(folder: Path, port: int) -> AsyncIterator[Browser]:
    """Run WebKit's small browser on a screen that nobody sees, until the block ends."""
    assert WEBKIT_DRIVER is not None
    assert XVFB is not None
    folder.mkdir()
    # It says the number of its screen once it is there; 2 is its standard error.
    async with process_of(XVFB, "-displayfd", "2", "-screen", "0", "1366x768x24") as screen:
        display = ":" + await line_of(screen, r"^(\d+)$")
        driver = process_of(
            WEBKIT_DRIVER, f"--port={port}", DISPLAY=display, HOME=str(folder), GDK_BACKEND="x11"
        )
        async with driver, aiohttp.ClientSession() as http:
            browser = _WebKit(http, f"http://127.0.0.1:{port}")
            async with asyncio.timeout(START_S):
                while True:
                    try:
                        await browser.begin()
                        break
                    except aiohttp.ClientConnectionError:
                        await asyncio.sleep(0.05)
            try:
                yield browser
            finally:
                await browser.end()
