"""Photographs of every page, dark and light, on each screen: `python -m tests.web.shots [FOLDER]` (make shots)."""

import argparse
import asyncio
import contextlib
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.web.browser import LAPTOP, PHONE, TELEVISION, chromium, window
from tests.web.room import ControlRoom, control_room
from tests.web.scene import flowing, lively, write_the_past

# Long enough for the sparklines to have a shape.
_WARM_UP_S = 8.0
_TABS = ("history", "stats", "drivers", "weather", "audit", "registration")
_DENSITIES = ("tiles", "compact", "mosaic", "map")

Size = tuple[int, int]
_SCREENS: dict[int, Size] = {size[0]: size for size in (PHONE, LAPTOP, TELEVISION, (3840, 2160))}


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


async def photograph(
    camera: Camera, browser: Browser, room: ControlRoom, theme: str, lang: str, size: Size
) -> None:
    """Take every page in one theme, on one screen."""
    look: dict[str, Any] = {"theme": theme, "lang": lang, "size": size}
    end = f"{size[0]}_{theme}"
    async with window(browser, **look) as opened:
        await opened.page.goto(f"{room.url}/login")
        await expect(opened.page.locator("#enter")).to_be_visible()
        await camera.shoot(opened.page, f"login_{end}")
    async with camera.page("admin", **look) as page:
        for density in _DENSITIES:
            await page.goto(f"{room.url}/?d={density}")
            await page.reload()
            await expect(page.locator("html")).to_have_attribute("data-link", "live")
            await asyncio.sleep(3.5)
            await camera.shoot(page, f"wall_{density}_{end}")
        await page.goto(f"{room.url}/?d=tiles")
        await page.click('.tile[data-cp="CP002"]')
        await asyncio.sleep(1.5)
        await camera.shoot(page, f"drawer_{end}")
        await page.keyboard.press("Escape")
        # The browser goes back to the wall on its own time, and would go back from whatever is opened before.
        await expect(page).not_to_have_url(re.compile("CP002"))
        for tab in _TABS:
            await page.goto(f"{room.url}/#{tab}")
            await expect(page.locator("body")).to_have_attribute("data-tab", tab)
            await asyncio.sleep(1.5)
            await camera.shoot(page, f"{tab}_{end}")
    async with camera.page("monitor", **look) as page:
        await asyncio.sleep(2.0)
        await camera.shoot(page, f"monitor_{end}")
    async with camera.page("driver", **look) as page:
        await asyncio.sleep(3.0)
        await camera.shoot(page, f"driver_{end}")


async def main(folder: Path, sizes: list[Size], *, png: bool) -> None:
    """Build the scene, take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        await write_the_past(Path(place) / "state")
        async with chromium() as browser, control_room(Path(place)) as room:
            flow = asyncio.create_task(flowing(await lively(room)))
            try:
                await asyncio.sleep(_WARM_UP_S)
                camera = Camera(folder, browser, room, png=png)
                for size in sizes:
                    for theme, lang in (("dark", "en"), ("light", "es")):
                        await photograph(camera, browser, room, theme, lang, size)
            finally:
                flow.cancel()
    for path in camera.taken:
        print(f"{path.name}  {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("shots"))
    parser.add_argument("--png", action="store_true", help="large files without loss")
    parser.add_argument(
        "--wide", type=int, nargs="+", choices=_SCREENS, default=list(_SCREENS), help="which screens"
    )
    chosen = parser.parse_args()
    asyncio.run(main(chosen.folder, [_SCREENS[wide] for wide in chosen.wide], png=chosen.png))
