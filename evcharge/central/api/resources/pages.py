"""The pages: what lies in central/web, read once and served from memory.

Only names that were found there are served, so that no path leads out of it. A browser asks each time whether
something is new (on a LAN that is a millisecond), and gets 304 when it is not.
"""

import gzip
import hashlib
from collections.abc import Iterator
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from urllib.parse import quote

from aiohttp import hdrs, web
from msgspec import Struct

from evcharge import labels
from evcharge.central.api.kit.access import Access
from evcharge.central.api.kit.routes import ANYBODY, Route
from evcharge.central.rules.commands import Actor
from evcharge.domain.errors import Code, Refused
from evcharge.domain.ids import Role

_KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "webmanifest": "application/manifest+json",
    "woff2": "font/woff2",
    "txt": "text/plain; charset=utf-8",
}
_SQUEEZED = frozenset(_KINDS[one] for one in ("html", "css", "js", "svg", "txt"))
# Where each page is, and whose it is; the login is everybody's.
_PAGES = {"/": "index.html", "/monitor": "monitor.html", "/driver": "driver.html"}
_LOGIN = "login.html"
_KNOWN = {304: "The browser has it already."}


class Asset(Struct, frozen=True, dict=True):
    """One file."""

    content: bytes
    kind: str
    tag: str

    @cached_property
    def squeezed(self) -> bytes | None:
        """It in gzip, when that is smaller; made when somebody asks for it first, not for all at each start."""
        if self.kind not in _SQUEEZED:
            return None
        # The same content must always have the same tag: no time inside.
        squeezed = gzip.compress(self.content, mtime=0)
        return squeezed if len(squeezed) < len(self.content) else None


def read_assets(folder: Traversable, lang: str = labels.DEFAULT_LANGUAGE) -> dict[str, Asset]:
    """Return every file below `folder` of a kind that pages are made of, by its path with slashes.

    Pages name `lang`: they speak it to readers whose browser asks for no language that they know.
    """
    return dict(_found(folder, "", lang))


def _found(folder: Traversable, prefix: str, lang: str) -> Iterator[tuple[str, Asset]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        suffix = entry.name.rpartition(".")[2]
        if entry.is_dir():
            yield from _found(entry, f"{name}/", lang)
        elif suffix in _KINDS and not entry.name.startswith("."):
            content = entry.read_bytes()
            if suffix == "html":
                content = content.replace(b'<html lang="en"', f'<html lang="{lang}"'.encode(), 1)
            yield name, Asset(content, _KINDS[suffix], hashlib.sha256(content).hexdigest()[:32])


class Pages:
    """/, /driver, /monitor, /login and /static/…, of a Central that speaks `lang`; `dev` reads them each time."""

    def __init__(
        self,
        access: Access,
        *,
        folder: Traversable | None = None,
        lang: str = labels.DEFAULT_LANGUAGE,
        dev: bool = False,
    ) -> None:
        self._access = access
        self._folder = folder if folder is not None else files("evcharge.central") / "web"
        self._lang = lang
        self._dev = dev
        self._assets = read_assets(self._folder, lang)

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        found: list[Route] = []
        for method in (hdrs.METH_GET, hdrs.METH_HEAD):
            found += [
                Route(
                    method=method,
                    path=path,
                    handler=self.page,
                    roles=ANYBODY,
                    any_query=True,
                    also={303: "Who asks has another page."} | _KNOWN,
                    summary=f"The page {name}.",
                    answers="text/html",
                )
                for path, name in (*_PAGES.items(), ("/login", _LOGIN))
            ]
            found += [
                Route(
                    method=method,
                    path=path,
                    handler=self.static,
                    roles=ANYBODY,
                    any_query=True,
                    also=_KNOWN,
                    summary="A part of a page.",
                    answers="*/*",
                )
                for path in ("/static/{path:.+}", "/favicon.ico")
            ]
        return found

    async def page(self, request: web.Request, _: Actor) -> web.Response:
        """Show a page; whoever has not logged in is led to the login, and a driver to its own page."""
        if request.path == "/login":
            return self._served(request, _LOGIN)
        caller = self._access.caller(request)
        # A link on another site brings no cookie along, and what the page asks for itself will.
        if caller is None and request.headers.get("Sec-Fetch-Site") not in ("cross-site", "same-site"):
            return _led(f"/login?next={quote(request.path_qs, safe='')}")
        if caller is not None and (caller.role is Role.DRIVER) != (request.path == "/driver"):
            return _led("/driver" if caller.role is Role.DRIVER else "/")
        return self._served(request, _PAGES[request.path])

    async def static(self, request: web.Request, _: Actor) -> web.Response:
        """Serve one file of the pages."""
        return self._served(request, request.match_info.get("path", "icon.svg"))

    def _served(self, request: web.Request, name: str) -> web.Response:
        assets = read_assets(self._folder, self._lang) if self._dev else self._assets
        asset = assets.get(name)
        if asset is None:
            raise Refused("There is nothing at this address.", Code.NOT_FOUND)
        squeezed = asset.squeezed if _takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")) else None
        tag = f'"{asset.tag}-gz"' if squeezed is not None else f'"{asset.tag}"'
        headers = {hdrs.ETAG: tag, hdrs.CACHE_CONTROL: "no-cache", hdrs.VARY: hdrs.ACCEPT_ENCODING}
        if _is_known(request.headers.get(hdrs.IF_NONE_MATCH, ""), tag):
            return web.Response(status=304, headers=headers)
        headers[hdrs.CONTENT_TYPE] = asset.kind
        if squeezed is not None:
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=squeezed or asset.content, headers=headers)


def _led(where: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: where, hdrs.CACHE_CONTROL: "no-store"})


def _takes_gzip(accepted: str) -> bool:
    for one in accepted.split(","):
        name, _, quality = one.strip().partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return quality.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _is_known(tags: str, tag: str) -> bool:
    # Weak or strong: for a whole file it is the same.
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in tags.split(","))
