"""The pages as a browser fetches them: what is served, to whom, and what never leaves its folder."""

import gzip
import hashlib
import re
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from evcharge.central.api.kit import page_files
from evcharge.central.api.resources import pages
from tests.component.visitors import House, opened


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    web = tmp_path / "web"
    (web / "js" / "words").mkdir(parents=True)
    (web / "css").mkdir()
    for name in ("index", "driver", "monitor", "login", "missing"):
        (web / f"{name}.html").write_text(f"<!doctype html><title>{name}</title>" + "<p>text</p>" * 50)
    (web / "js" / "store.js").write_text("export const x = 1;\n" * 100)
    (web / "js" / "words" / "es.js").write_text("export default {};")
    (web / "css" / "base.css").write_text("body{}")
    (web / "sw.js").write_text('const VERSION = "VERSION-OF-THE-PARTS";')
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


PARTS = """<!doctype html><html lang="en">
  <link rel="manifest" href="/static/manifest.webmanifest">
  <link rel="stylesheet" href="/static/css/base.css">
  <script type="module" src="/static/js/a.js"></script>
"""


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A page of three modules, of which one is loaded when it is wanted."""
    web = tmp_path / "parts"
    (web / "js" / "deep").mkdir(parents=True)
    (web / "css").mkdir()
    (web / "index.html").write_text(PARTS)
    (web / "js" / "a.js").write_text(
        'import { b } from "./deep/b.js";\nconst later = () => import("./c.js");\n'
    )
    (web / "js" / "deep" / "b.js").write_text('import "../a.js";\nexport {\n  d,\n} from "./d.js";\n')
    (web / "js" / "deep" / "d.js").write_text("export const d = 1;\n")
    (web / "js" / "c.js").write_text("export {};\n")
    (web / "css" / "base.css").write_text("body{}")
    return web


def test_a_page_names_the_version_of_its_parts_and_every_module_that_it_needs(parts: Path):
    site = page_files.read_site(parts)
    content = site.assets["index.html"].content
    named = re.findall(rb'(?:href|src)="/static/([^"]+)"', content)
    assert b"\n " not in content
    assert named[0] == b"manifest.webmanifest"
    wanted = ("css/base.css", "js/a.js", "js/deep/b.js", "js/deep/d.js")
    assert [name.decode() for name in named[1:]] == [f"{site.version}/{path}" for path in wanted]


SCRIPT = b"""/** What it is.
 * @param {string} a */
import { a } from "./b.js"; // beside it stays
/** @type {Map} */ #map = 0;
  // a line of it
  call("/* no comment */", "// neither");
"""
SLIM = b"""

import { a } from "./b.js"; // beside it stays
#map = 0;

call("/* no comment */", "// neither");
"""


def test_comments_stay_at_home_and_lines_keep_their_numbers(parts: Path):
    assert page_files.slimmed(SCRIPT) == SLIM
    (parts / "js" / "c.js").write_bytes(SCRIPT)
    (parts / "js" / "vendor").mkdir()
    (parts / "js" / "vendor" / "v.js").write_bytes(SCRIPT)
    site = page_files.read_site(parts)
    assert site.assets["js/c.js"].content == SLIM
    # What is of others is served as it came, with its licence.
    assert site.assets["js/vendor/v.js"].content == SCRIPT
    assert page_files.read_site(parts, slim=False).assets["js/c.js"].content == SCRIPT


@pytest.mark.parametrize("path", ["index.html", "js/c.js", "css/base.css"])
def test_whatever_changes_the_version_is_another(parts: Path, path: str):
    before = page_files.read_site(parts)
    assert page_files.read_site(parts).version == before.version
    (parts / path).write_text((parts / path).read_text() + " ")
    after = page_files.read_site(parts)
    assert after.version != before.version
    assert after.assets["index.html"].tag != before.assets["index.html"].tag


async def test_a_part_is_kept_for_ever_under_its_version_and_never_under_another(
    house: House, tmp_path: Path
):
    version = page_files.read_site(tmp_path / "web").version
    visitor = house.visitor()
    answer = await visitor.get(f"/static/{version}/js/store.js")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    # A page that was open before an update.
    old = await visitor.get(f"/static/{'0' * 10}/js/store.js")
    assert (old.status, old.raw, old.headers["Cache-Control"]) == (200, answer.raw, "no-cache")
    for path in (
        f"/static/{version}/",
        f"/static/{version}/{version}/js/store.js",
        f"/static/{version}/../js",
    ):
        assert (await visitor.get(path)).status == 404


async def test_the_keeper_of_the_shell_names_the_version_and_is_asked_for_each_time(
    house: House, tmp_path: Path
):
    worker = await house.visitor().get("/sw.js")
    version = page_files.read_site(tmp_path / "web").version
    assert (worker.status, worker.text) == (200, f'const VERSION = "{version}";')
    assert worker.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert worker.headers["Cache-Control"] == "no-cache"


async def test_a_phone_gets_the_certificate_and_how_to_tell_it(house: House):
    certificate = (house.town.state / "ca.pem").read_bytes()
    answer = await house.visitor().get("/ca.crt")
    assert (answer.status, answer.raw) == (200, certificate)
    assert answer.headers["Content-Type"] == "application/x-x509-ca-cert"
    told = (await house.visitor().get("/api/trust")).body
    expected = x509.load_pem_x509_certificate(certificate).fingerprint(hashes.SHA256())
    assert bytes.fromhex(told["sha256"].replace(":", "")) == expected
    assert told["local"] is True
    (house.town.state / "ca.pem").rename(house.town.state / "elsewhere.pem")
    assert (await house.visitor().get("/ca.crt")).problem == (404, "E_NOT_FOUND")


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


async def test_a_person_at_an_address_with_nothing_gets_a_page_and_a_program_a_sentence(house: House):
    reads = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("/nothing", "/driver/nothing", "/index.html"):
        answer = await house.visitor().get(path, headers=reads)
        assert (answer.status, "<title>missing" in answer.text) == (404, True)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Content-Security-Policy" in answer.headers
        assert (await house.visitor().get(path)).problem == (404, "E_NOT_FOUND")
    for path in ("/api/nothing", "/static/nothing.js"):
        assert (await house.visitor().get(path, headers=reads)).problem == (404, "E_NOT_FOUND")
    assert (await house.visitor().ask("POST", "/nothing", headers=reads)).problem == (404, "E_NOT_FOUND")


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
    found = page_files.read_site(files("evcharge.central") / "web").assets
    assert {"login.html", "js/api.js", "css/tokens.css"} <= set(found)
    assert all(asset.content for asset in found.values())


def test_a_start_slims_nothing_and_each_file_is_slimmed_once(monkeypatch: pytest.MonkeyPatch):
    slimmed: list[bytes] = []

    def counted(content: bytes) -> bytes:
        slimmed.append(content)
        return content.strip()

    monkeypatch.setattr(page_files, "slimmed", counted)
    found = page_files.read_site(files("evcharge.central") / "web").assets
    assert slimmed == []
    asset = found["js/api.js"]
    assert asset.content is asset.content == slimmed[0].strip()
    assert asset.tag == hashlib.sha256(asset.content).hexdigest()[:32]
    assert len(slimmed) == 1


def test_a_start_squeezes_nothing_and_each_file_is_squeezed_once(monkeypatch: pytest.MonkeyPatch):
    squeezed: list[bytes] = []

    def counted(content: bytes, mtime: int) -> bytes:
        squeezed.append(content)
        return gzip.compress(content, mtime=mtime)

    monkeypatch.setattr(page_files, "gzip", SimpleNamespace(compress=counted))
    found = page_files.read_site(files("evcharge.central") / "web").assets
    assert squeezed == []
    asset = found["js/api.js"]
    assert asset.squeezed is asset.squeezed is not None
    assert squeezed == [asset.content]
    assert page_files.Asset(lambda: b"a" * 1000, "font/woff2").squeezed is None
    assert squeezed == [asset.content]


def test_a_page_names_the_language_that_central_speaks(tmp_path: Path):
    (tmp_path / "index.html").write_text('<!doctype html>\n<html lang="en" data-theme="dark"></html>')
    spoken = {lang: page_files.read_site(tmp_path, lang).assets["index.html"] for lang in ("en", "es")}
    assert b'<html lang="es" data-currency="EUR" data-theme' in spoken["es"].content
    assert b'<html lang="en" data-currency="EUR" data-theme' in spoken["en"].content
    assert spoken["es"].tag != spoken["en"].tag


@pytest.mark.parametrize("page", ["index", "driver", "monitor", "login"])
def test_the_language_of_a_page_can_be_named(page: str):
    folder = Path(pages.__file__).parents[2] / "web"
    assert b'<html lang="es"' in page_files.read_site(folder, "es").assets[f"{page}.html"].content
