"""The pages: what lies in central/web, read once and served from memory.

Only names that were found there are served, so that no path leads out of it. Pages name their parts by
/static/<version>/… (`kit/page_files`). What has the version in its address never changes, and a browser keeps it
without asking; everything else it asks for each time, and gets 304 when nothing is new.
"""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from urllib.parse import quote

from aiohttp import hdrs, web

from evcharge import labels
from evcharge.central.api.kit.access import Access
from evcharge.central.api.kit.page_files import WORKER, Site, read_site, takes_gzip
from evcharge.central.api.kit.routes import ANYBODY, Route
from evcharge.central.rules.commands import Actor
from evcharge.domain.errors import Code, Refused
from evcharge.domain.ids import Role
from evcharge.runtime.network_currency import currency

# Where each page is, and whose it is; the login is everybody's.
_PAGES = {"/": "index.html", "/monitor": "monitor.html", "/driver": "driver.html"}
_LOGIN, _MISSING = "login.html", "missing.html"
# Pages for everybody, also without a login.
_OPEN = {"/login": _LOGIN, "/phones": "phones.html"}
_KNOWN = {304: "The browser has it already."}
_VERSIONED = re.compile(r"([0-9a-f]{10})/(.+)")
_FOR_EVER = "public, max-age=31536000, immutable"


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
        self._site = self._read()

    def _read(self, *, slim: bool = True) -> Site:
        return read_site(self._folder, self._lang, currency(), slim=slim)

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
                for path, name in (*_PAGES.items(), *_OPEN.items())
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
                for path in ("/static/{path:.+}", "/favicon.ico", f"/{WORKER}")
            ]
        return found

    async def page(self, request: web.Request, _: Actor) -> web.Response:
        """Show a page; whoever has not logged in is led to the login, and a driver to its own page."""
        if request.path in _OPEN:
            return self._served(request, _OPEN[request.path])
        caller = self._access.caller(request)
        # A link on another site brings no cookie along, and what the page asks for itself will.
        if caller is None and request.headers.get("Sec-Fetch-Site") not in ("cross-site", "same-site"):
            return _led(f"/login?next={quote(request.path_qs, safe='')}")
        if caller is not None and (caller.role is Role.DRIVER) != (request.path == "/driver"):
            return _led("/driver" if caller.role is Role.DRIVER else "/")
        return self._served(request, _PAGES[request.path])

    async def static(self, request: web.Request, _: Actor) -> web.Response:
        """Serve one file of the pages."""
        # A worker may serve the pages that lie below it.
        other = WORKER if request.path == f"/{WORKER}" else "icon.svg"
        return self._served(request, request.match_info.get("path", other))

    def missing(self, request: web.Request) -> web.Response | None:
        """Return what a person sees at an address where there is nothing; None for a program."""
        reads = "text/html" in request.headers.get(hdrs.ACCEPT, "") and request.method == hdrs.METH_GET
        if not reads or request.path.startswith(("/api/", "/static/")) or _MISSING not in self._site.assets:
            return None
        response = self._served(request, _MISSING)
        response.set_status(404)
        response.headers[hdrs.CACHE_CONTROL] = "no-store"
        return response

    def _served(self, request: web.Request, name: str) -> web.Response:
        site = self._read(slim=False) if self._dev else self._site
        cached = "no-cache"
        if (versioned := _VERSIONED.fullmatch(name)) is not None:
            # A page that was opened before Central's last update gets what is there now, and keeps none of it.
            name, cached = versioned[2], _FOR_EVER if versioned[1] == site.version else cached
        asset = site.assets.get(name)
        if asset is None:
            raise Refused("There is nothing at this address.", Code.NOT_FOUND)
        squeezed = asset.squeezed if takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")) else None
        tag = f'"{asset.tag}-gz"' if squeezed is not None else f'"{asset.tag}"'
        headers = {hdrs.ETAG: tag, hdrs.CACHE_CONTROL: cached, hdrs.VARY: hdrs.ACCEPT_ENCODING}
        if _is_known(request.headers.get(hdrs.IF_NONE_MATCH, ""), tag):
            return web.Response(status=304, headers=headers)
        headers[hdrs.CONTENT_TYPE] = asset.kind
        if squeezed is not None:
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=squeezed or asset.content, headers=headers)


def _led(where: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: where, hdrs.CACHE_CONTROL: "no-store"})


def _is_known(tags: str, tag: str) -> bool:
    # Weak or strong: for a whole file it is the same.
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in tags.split(","))
