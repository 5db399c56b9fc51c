"""Photographs of every page, dark and light: `python -m tests.web.shots [FOLDER]` (make shots)."""

import argparse
import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.web.browser import LAPTOP, PHONE, chromium, window
from tests.web.room import ControlRoom, control_room
from tests.web.scene import flowing, lively, write_the_past

# Long enough for the sparklines to have a shape.
_WARM_UP_S = 8.0
_TABS = ("history", "stats", "drivers", "weather", "audit", "registration")
_DENSITIES = ("tiles", "compact", "mosaic", "map")


class Camera:
    """Puts pictures into a folder, as JPEG or as PNG."""

    def __init__(self, folder: Path, browser: Browser, room: ControlRoom, *, png: bool) -> None:
        self._folder = folder
        self._browser = browser
        self._room = room
        self._png = png
        self.taken: list[Path] = []

    @contextlib.asynccontextmanager
    async def page(self, role: str, **wish: Any) -> AsyncIterator[Page]:
        """Open a window in which somebody of that role is logged in."""
        async with window(self._browser, **wish) as opened:
            at = {"monitor": "/monitor"}.get(role, "")
            person = {"monitor": "viewer"}.get(role, role)
            yield await self._room.enter(opened, person, at=at)
            if opened.complaints():
                raise SystemExit(f"the console of {role} complained: {opened.complaints()}")

    async def shoot(self, page: Page, name: str) -> None:
        """Take one picture."""
        path = self._folder / f"{name}.{'png' if self._png else 'jpg'}"
        how = {"type": "png"} if self._png else {"type": "jpeg", "quality": 80}
        await page.screenshot(path=path, **how)
        self.taken.append(path)


async def photograph(camera: Camera, browser: Browser, room: ControlRoom, theme: str, lang: str) -> None:
    """Take every page in one theme."""
    look: dict[str, Any] = {"theme": theme, "lang": lang}
    async with window(browser, **look) as opened:
        await opened.page.goto(f"{room.url}/login")
        await expect(opened.page.locator("#enter")).to_be_visible()
        await camera.shoot(opened.page, f"login_{theme}")
    async with camera.page("admin", **look) as page:
        for density in _DENSITIES:
            await page.goto(f"{room.url}/?d={density}")
            await page.reload()
            await expect(page.locator("html")).to_have_attribute("data-link", "live")
            await asyncio.sleep(3.5)
            await camera.shoot(page, f"wall_{density}_{theme}")
        for tab in _TABS:
            await page.goto(f"{room.url}/#{tab}")
            await asyncio.sleep(1.5)
            await camera.shoot(page, f"{tab}_{theme}")
    for size, word in ((LAPTOP, ""), (PHONE, "_phone")):
        async with camera.page("monitor", size=size, **look) as page:
            await asyncio.sleep(2.0)
            await camera.shoot(page, f"monitor{word}_{theme}")
        async with camera.page("driver", size=size, **look) as page:
            await asyncio.sleep(3.0)
            await camera.shoot(page, f"driver{word}_{theme}")
    async with camera.page("operator", size=PHONE, **look) as page:
        await asyncio.sleep(1.5)
        await camera.shoot(page, f"wall_phone_{theme}")


async def main(folder: Path, *, png: bool) -> None:
    """Build the scene, take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        await write_the_past(Path(place) / "state")
        async with chromium() as browser, control_room(Path(place)) as room:
            flow = asyncio.create_task(flowing(await lively(room)))
            try:
                await asyncio.sleep(_WARM_UP_S)
                camera = Camera(folder, browser, room, png=png)
                for theme, lang in (("dark", "en"), ("light", "es")):
                    await photograph(camera, browser, room, theme, lang)
            finally:
                flow.cancel()
    for path in camera.taken:
        print(f"{path.name}  {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("shots"))
    parser.add_argument("--png", action="store_true", help="large files without loss")
    chosen = parser.parse_args()
    asyncio.run(main(chosen.folder, png=chosen.png))
