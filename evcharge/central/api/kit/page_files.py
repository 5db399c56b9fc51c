"""The files of the pages as they are served: named by one version; slimmed and squeezed when somebody asks.

Nobody builds them. Modules and sheets name one another by relative paths, so one hash of all files in the address of
the first holds for the rest.
"""

import gzip
import hashlib
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from importlib.resources.abc import Traversable

from msgspec import Struct

from evcharge import labels
from evcharge.domain.currency import EUR, Currency

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
# The address of a part, in a page; what installs a page has one address in every version.
_PART = re.compile(rb'(?<=")/static/(?!manifest\.)')
# Modules that a module needs before it runs.
_IMPORT = re.compile(rb'^(?:import|export)\b[^;"]*"(\.{1,2}/[^"]+)";', re.MULTILINE)
_INDENT = re.compile(rb"\n +")
_ENTRY = re.compile(rb'( *)<script type="module" src="/static/([^"]+)"></script>')
# What a browser keeps for when Central is away is a script that names the version.
WORKER = "sw.js"


class Asset(Struct, frozen=True, dict=True):
    """One file; what is served of it is made when somebody asks for it first, not for all at each start."""

    made: Callable[[], bytes]
    kind: str

    @cached_property
    def content(self) -> bytes:
        """It as it is served."""
        return self.made()

    @cached_property
    def tag(self) -> str:
        """What the same content always has, and no other."""
        return hashlib.sha256(self.content).hexdigest()[:32]

    @cached_property
    def squeezed(self) -> bytes | None:
        """It in gzip, when that is smaller."""
        if self.kind not in _SQUEEZED:
            return None
        # The same content must always have the same tag: no time inside.
        squeezed = gzip.compress(self.content, mtime=0)
        return squeezed if len(squeezed) < len(self.content) else None


class Site(Struct, frozen=True):
    """Every file of the pages by its path with slashes, and the version of them all."""

    assets: dict[str, Asset]
    version: str


def read_site(
    folder: Traversable, lang: str = labels.DEFAULT_LANGUAGE, currency: Currency = EUR, *, slim: bool = True
) -> Site:
    """Return every file below `folder` of a kind that pages are made of; `slim` leaves comments out.

    Pages name `lang`: they speak it to readers whose browser asks for no language that they know. They tell money in
    `currency`.
    """
    found = dict(sorted(_found(folder, "")))
    whole = hashlib.sha256()
    for name, content in found.items():
        whole.update(b"%d %s %d " % (len(name), name.encode(), len(content)))
        whole.update(content)
    version = whole.hexdigest()[:10]

    def served(name: str) -> bytes:
        content = found[name]
        if name == WORKER:
            return content.replace(b"VERSION-OF-THE-PARTS", version.encode())
        if name.endswith(".html"):
            page = _page(content, found, version, lang, currency)
            return _INDENT.sub(b"\n", page) if slim else page
        if slim and name.endswith((".js", ".css")) and "vendor/" not in name:
            return slimmed(content)
        return content

    assets = {name: Asset(partial(served, name), _KINDS[name.rpartition(".")[2]]) for name in found}
    return Site(assets, version)


def _found(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _found(entry, f"{name}/")
        elif entry.name.rpartition(".")[2] in _KINDS and not entry.name.startswith("."):
            yield name, entry.read_bytes()


def slimmed(content: bytes) -> bytes:
    """Return a script or a sheet without its indents and without comments that begin a line; lines keep their numbers.

    Comments are a quarter of what is written. No line of ours is within a text of several lines (a test says so).
    """
    lines, inside = [], False
    for written in content.split(b"\n"):
        rest = written.strip()
        if inside or rest.startswith(b"/*"):
            _, end, rest = rest.partition(b"*/")
            inside, rest = not end, rest.strip()
        lines.append(b"" if rest.startswith(b"//") else rest)
    return b"\n".join(lines)


def _page(content: bytes, found: Mapping[str, bytes], version: str, lang: str, currency: Currency) -> bytes:
    """Return a page that names its language, the currency, the version of its parts, and all modules that it will need.

    Without that list a browser finds the modules of modules of modules one round trip after the other.
    """
    named = f'<html lang="{lang}" data-currency="{currency.code}"'
    content = content.replace(b'<html lang="en"', named.encode(), 1)
    content = content.replace(EUR.sign.encode(), currency.sign.encode())
    if entry := _ENTRY.search(content):
        indent, name = entry[1], entry[2].decode()
        links = [
            b'<link rel="modulepreload" href="/static/%s">' % one.encode() for one in needed(name, found)
        ]
        content = content.replace(entry[0], b"\n".join([entry[0], *(indent + link for link in links)]), 1)
    return _PART.sub(f"/static/{version}/".encode(), content)


def needed(name: str, found: Mapping[str, bytes]) -> list[str]:
    """Return the modules that module `name` imports, and those that they import, nearest first."""
    names = [name]
    for one in names:
        for target in _IMPORT.findall(found.get(one, b"")):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(one), target.decode()))
            if path in found and path not in names:
                names.append(path)
    return names[1:]


def takes_gzip(accepted: str) -> bool:
    """Return whether the header Accept-Encoding `accepted` allows gzip."""
    for one in accepted.split(","):
        name, _, quality = one.strip().partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return quality.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
