"""A real Chromium, and pages of it that tell when their console complains."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.async_api import Browser, Page, async_playwright, expect

# The shell draws pages only; a whole browser draws its window and its menus as well, and takes half as much CPU again.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("EVCHARGE_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--force-color-profile=srgb",
    # Nothing but this computer can be reached: a page that needs more is broken in a lab.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# The lab of a slow PC; what waits for less is told by its own deadline.
PATIENCE_MS = 10_000
# A script that keeps a page's sockets within reach, to drop one as a network does.
SOCKETS = """
globalThis.sockets = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(...given) { super(...given); sockets.push(this); }
};
"""
LAPTOP, TELEVISION, PHONE = (1366, 768), (1920, 1080), (390, 844)


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run one browser while the block runs."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Window:
    """Somebody's window: its page, and the errors that its console showed."""

    page: Page
    errors: list[str] = field(default_factory=list)
    # What a test expects to see complained about, such as an answer 403.
    allowed: list[str] = field(default_factory=list)

    def complaints(self) -> list[str]:
        """Return the errors that no test has allowed."""
        # A server that is away cannot be reached: that is what it looks like in any page.
        allowed = [*self.allowed, "ERR_CONNECTION", "WebSocket connection to"]
        return [error for error in self.errors if not any(words in error for words in allowed)]


async def languages(page: Page) -> AsyncIterator[str]:
    """Yield each language that the page offers, once the page speaks it and has painted what it says."""
    names = await page.locator("#lang option").evaluate_all("(all) => all.map(({ value }) => value)")
    for name in names:
        await page.select_option("#lang", name)
        await expect(page.locator("html")).to_have_attribute("lang", name)
        # Pages paint with the next frame: ours is asked for after theirs.
        await page.evaluate("() => new Promise(requestAnimationFrame)")
        yield name


@contextlib.asynccontextmanager
async def window(
    browser: Browser,
    *,
    theme: Literal["dark", "light"] = "dark",
    lang: str = "en",
    size: tuple[int, int] = LAPTOP,
    still: bool = True,
    keeps: bool = False,
) -> AsyncIterator[Window]:
    """Open a fresh window, with no cookies; `still` asks for reduced motion, `keeps` lets it keep pages' shells."""
    more: dict[str, Any] = {"reduced_motion": "reduce"} if still else {}
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale={"en": "en-GB", "es": "es-ES"}.get(lang, lang),
        timezone_id="Europe/Madrid",
        color_scheme=theme,
        service_workers="allow" if keeps else "block",
        **more,
    )
    context.set_default_timeout(PATIENCE_MS)
    opened = Window(await context.new_page())
    opened.page.on(
        "console",
        lambda message: opened.errors.append(message.text) if message.type == "error" else None,
    )
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    try:
        yield opened
    finally:
        # Chromium forgets a close that meets a navigation (crbug.com/536385539), and Playwright waits for ever: what a
        # test that fails in the middle of one has to say would be lost. The end of the browser closes it then.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_MS / 1000):
                await context.close()
