"""The pages as a browser fetches them: what is served, to whom, and what never leaves its folder."""

import gzip
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import pytest

from evcharge.central.api.resources import pages
from tests.component.visitors import House, opened


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    web = tmp_path / "web"
    (web / "js" / "words").mkdir(parents=True)
    (web / "css").mkdir()
    for name in ("index", "driver", "monitor", "login"):
        (web / f"{name}.html").write_text(f"<!doctype html><title>{name}</title>" + "<p>text</p>" * 50)
    (web / "js" / "store.js").write_text("export const x = 1;\n" * 100)
    (web / "js" / "words" / "es.js").write_text("export default {};")
    (web / "css" / "base.css").write_text("body{}")
    (web / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (web / "notes.md").write_text("not for browsers")
    (web / ".hidden.js").write_text("not for browsers")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(pages, "files", lambda _: tmp_path)
    async with opened(tmp_path / "state") as house:
        yield house


KINDS = {
    "/static/js/store.js": "text/javascript; charset=utf-8",
    "/static/js/words/es.js": "text/javascript; charset=utf-8",
    "/static/css/base.css": "text/css; charset=utf-8",
    "/static/icon.svg": "image/svg+xml",
    "/favicon.ico": "image/svg+xml",
    "/login": "text/html; charset=utf-8",
}


@pytest.mark.parametrize("path", KINDS)
async def test_a_part_of_a_page_is_there_for_everybody_with_its_kind(house: House, path: str):
    answer = await house.visitor().get(path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == KINDS[path]
    assert answer.headers["Cache-Control"] == "no-cache"
    assert (await house.visitor().get(path + "?v=1&v=2")).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/..%2fsecret.txt",
        "/static/..%5csecret.txt",
        "/static/%2fetc/passwd",
        "/static//etc/passwd",
        "/static/js/../../../secret.txt",
        "/static/js/%00store.js",
        "/static/js",
        "/static/js/",
        "/static/",
        "/static",
        "/static/notes.md",
        "/static/.hidden.js",
        "/static/" + "x" * 4000,
        "/static/JS/STORE.JS",
        "/index.html",
        "/web/index.html",
    ],
)
async def test_nothing_else_is_served(house: House, path: str):
    answer = await house.visitor().get(path)
    assert answer.status in (404, 414)
    assert b"secret" not in answer.raw


# ---- whose page


async def test_without_a_login_a_page_leads_to_the_login_and_back(house: House):
    for path, back in (("/", "%2F"), ("/monitor?x=1", "%2Fmonitor%3Fx%3D1"), ("/driver", "%2Fdriver")):
        answer = await house.visitor().get(path)
        assert answer.status == 303
        assert answer.headers["Location"] == f"/login?next={back}"


async def test_a_link_on_another_site_opens_the_page_which_then_asks_for_itself(house: House):
    # The browser brings no cookie along with such a link, whoever has logged in.
    for site in ("cross-site", "same-site"):
        answer = await house.visitor().get("/", headers={"Sec-Fetch-Site": site})
        assert (answer.status, "<title>index" in answer.text) == (200, True)


async def test_everybody_gets_to_the_own_page(house: House):
    driver, vera = await house.person("D01", "driver"), await house.person("vera", "viewer")
    for path, page in (("/", "index"), ("/monitor", "monitor")):
        assert f"<title>{page}" in (await vera.get(path)).text
        assert (await driver.get(path)).headers["Location"] == "/driver"
    assert "<title>driver" in (await driver.get("/driver")).text
    assert (await vera.get("/driver")).headers["Location"] == "/"
    for person in (driver, vera):
        assert "<title>login" in (await person.get("/login")).text


async def test_a_service_is_led_round_in_no_circle(house: House):
    service = await house.service("meteo", "service")
    assert (await service.get("/driver")).headers["Location"] == "/"
    assert (await service.get("/")).status == 200


# ---- how it is fetched


async def test_what_the_browser_has_is_not_sent_again(house: House):
    visitor = house.visitor()
    first = await visitor.get("/static/js/store.js")
    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = await visitor.get("/static/js/store.js", headers={"If-None-Match": known})
        assert (again.status, again.raw) == (304, b"")
        assert again.headers["ETag"] == tag
        assert "Content-Security-Policy" in again.headers
    assert (await visitor.get("/static/js/store.js", headers={"If-None-Match": '"other"'})).status == 200
    assert (await visitor.get("/static/css/base.css", headers={"If-None-Match": tag})).status == 200


async def test_what_gets_smaller_is_squeezed_for_those_who_take_it(house: House):
    visitor = house.visitor()
    plain = await visitor.get("/static/js/store.js", headers={"Accept-Encoding": "identity"})
    small = await visitor.get("/static/js/store.js", headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.raw) == plain.raw
    assert len(small.raw) < len(plain.raw) / 5
    assert small.headers["ETag"] != plain.headers["ETag"]
    for answer in (plain, small):
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert int(answer.headers["Content-Length"]) == len(answer.raw)
    for refused in ("gzip;q=0", "gzip; q=0.0", "br", ""):
        answer = await visitor.get("/static/js/store.js", headers={"Accept-Encoding": refused})
        assert "Content-Encoding" not in answer.headers
    # It would get larger.
    tiny = await visitor.get("/static/css/base.css", headers={"Accept-Encoding": "gzip"})
    assert tiny.raw == b"body{}"


async def test_head_says_what_get_would_and_sends_nothing(house: House):
    for path in ("/login", "/static/js/store.js"):
        head = await house.visitor().ask("HEAD", path, headers={"Accept-Encoding": "identity"})
        get = await house.visitor().get(path, headers={"Accept-Encoding": "identity"})
        assert (head.status, head.raw) == (200, b"")
        for name in ("Content-Length", "Content-Type", "ETag", "Cache-Control"):
            assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize(
    "wanted", ["bytes=0-9", "bytes=5-", "bytes=-5", "bytes=9-1", "bytes=0-0,2-3", "lines=1-2"]
)
async def test_a_part_of_a_file_is_the_whole_file(house: House, wanted: str):
    answer = await house.visitor().get(
        "/static/js/store.js", headers={"Range": wanted, "Accept-Encoding": "identity"}
    )
    assert (answer.status, len(answer.raw)) == (200, 2000)


async def test_pages_take_no_orders(house: House):
    for path in ("/", "/login", "/static/js/store.js"):
        answer = await house.visitor().post(path, {})
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, HEAD"


async def test_whoever_works_on_the_pages_sees_each_change_at_once(tmp_path: Path, monkeypatch):
    web = tmp_path / "web"
    web.mkdir()
    monkeypatch.setattr(pages, "files", lambda _: tmp_path)
    for dev, seen in ((False, 404), (True, 200)):
        (web / "new.js").unlink(missing_ok=True)
        async with opened(tmp_path / str(dev), web_dev=dev) as house:
            assert (await house.visitor().get("/static/new.js")).status == 404
            (web / "new.js").write_text("1")
            assert (await house.visitor().get("/static/new.js")).status == seen


async def test_without_any_pages_the_api_works(tmp_path: Path, monkeypatch):
    (tmp_path / "web").mkdir()
    monkeypatch.setattr(pages, "files", lambda _: tmp_path)
    async with opened(tmp_path / "state") as house:
        assert (await house.visitor().get("/login")).problem == (404, "E_NOT_FOUND")
        assert (await house.program.get("/api/cps")).status == 200


def test_what_the_package_brings_along_is_found():
    found = pages.read_assets(files("evcharge.central") / "web")
    assert {"login.html", "js/api.js", "css/tokens.css"} <= set(found)
    assert all(asset.content for asset in found.values())


def test_a_start_squeezes_nothing_and_each_file_is_squeezed_once(monkeypatch: pytest.MonkeyPatch):
    squeezed: list[bytes] = []

    def counted(content: bytes, mtime: int) -> bytes:
        squeezed.append(content)
        return gzip.compress(content, mtime=mtime)

    monkeypatch.setattr(pages, "gzip", SimpleNamespace(compress=counted))
    found = pages.read_assets(files("evcharge.central") / "web")
    assert squeezed == []
    asset = found["js/api.js"]
    assert asset.squeezed is asset.squeezed is not None
    assert squeezed == [asset.content]
    assert pages.Asset(b"a" * 1000, "font/woff2", "").squeezed is None
    assert squeezed == [asset.content]


def test_a_page_names_the_language_that_central_speaks(tmp_path: Path):
    (tmp_path / "index.html").write_text('<!doctype html>\n<html lang="en" data-theme="dark"></html>')
    spoken = {lang: pages.read_assets(tmp_path, lang)["index.html"] for lang in ("en", "es")}
    assert b'<html lang="es" data-theme' in spoken["es"].content
    assert b'<html lang="en" data-theme' in spoken["en"].content
    assert spoken["es"].tag != spoken["en"].tag


@pytest.mark.parametrize("page", ["index", "driver", "monitor", "login"])
def test_the_language_of_a_page_can_be_named(page: str):
    folder = Path(pages.__file__).parents[2] / "web"
    assert b'<html lang="es"' in pages.read_assets(folder, "es")[f"{page}.html"].content
