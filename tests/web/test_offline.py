"""What a browser keeps of the pages: their shell, for when Central cannot be reached, and never what it said."""

import asyncio
import re

from playwright.async_api import expect

from tests.web.browser import PATIENCE_MS

KEPT = """async () => {
  const names = await caches.keys();
  const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return [names, all.flat().map(({ url }) => new URL(url).pathname)];
}"""


async def test_a_page_opens_without_central_and_says_since_when(room, window) -> None:
    async with window(keeps=True) as opened:
        opened.allowed += ["ERR_INTERNET_DISCONNECTED", "Failed to fetch"]
        page = await room.enter(opened, "viewer")
        wanted = {"/static/js/wall.js", "/static/css/base.css", "/static/js/words/en_wall.js", "/"}
        async with asyncio.timeout(PATIENCE_MS / 1000):
            # The page itself is kept when it is opened for the second time: the worker was not there for the first.
            await page.evaluate("navigator.serviceWorker.ready")
            await page.reload()
            while True:
                names, paths = await page.evaluate(KEPT)
                plain = {re.sub(r"^/static/[0-9a-f]{10}/", "/static/", path) for path in paths}
                if wanted <= plain:
                    break
                await asyncio.sleep(0.05)
        assert len(names) == 1
        assert all(path in ("/", "/login") or path.startswith("/static/") for path in paths)
        await page.context.set_offline(True)
        await page.reload()
        await expect(page.locator("#lost")).to_contain_text(re.compile(r"since \d\d:\d\d:\d\d"))
        await expect(page.locator(".nav")).to_be_visible()
        await page.context.set_offline(False)
        await expect(page.locator("html")).to_have_attribute("data-link", "live")
