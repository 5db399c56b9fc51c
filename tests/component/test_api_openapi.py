"""The description of the API: valid, complete, and true."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from evcharge.central.api import Api, wiring
from evcharge.central.api.kit.openapi import page
from evcharge.evc1 import messages
from tests.component import visitors
from tests.component.office import Office, opened
from tests.component.registry_process import make_state, running_registry
from tests.component.town import hear
from tests.component.visitors import SAME_SITE, House, Visitor


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as office:
        yield office


async def described(office: Office) -> dict:
    answer = await office.ask("GET", "/api/openapi.json", token=None)
    assert answer.status == 200
    return answer.body


async def test_the_description_is_openapi_3_1(office: Office):
    description = await described(office)
    assert description["openapi"].startswith("3.1")
    assert [str(problem) for problem in OpenAPIV31SpecValidator(description).iter_errors()] == []


async def test_every_route_is_described_once(tmp_path: Path, monkeypatch):
    made = []

    class Overheard(Api):
        def application(self):
            made.append(super().application())
            return made[0]

    monkeypatch.setattr(wiring, "Api", Overheard)
    async with opened(tmp_path) as office:
        description = await described(office)
    served = {
        (route.method, re.sub(r":[^}]*", "", route.resource.canonical)) for route in made[0].router.routes()
    }
    told = {(method.upper(), path) for path, methods in description["paths"].items() for method in methods}
    # HEAD goes with every GET.
    assert {one for one in told if one[0] != "HEAD"} == {one for one in served if one[0] != "HEAD"}
    names = [one["operationId"] for methods in description["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))
    for methods in description["paths"].values():
        for operation in methods.values():
            assert operation["summary"].endswith(".")
            status, done = next(iter(operation["responses"].items()))
            assert status < "400"
            assert done["description"]
            # JSON has a shape that says what is in it.
            for kind, content in done.get("content", {}).items():
                # A file of any length is an array of them.
                schema = content["schema"].get("items", content["schema"])
                shapes = schema.get("anyOf", [schema])
                assert "json" not in kind or all("$ref" in shape for shape in shapes)


@dataclass
class Proof:
    """Holds real answers against what the description says of them."""

    description: dict
    seen: set[tuple[str, str]] = field(default_factory=set)

    @property
    def told(self) -> set[tuple[str, str]]:
        """Every method and path that answers with JSON."""
        return {
            (method.upper(), path)
            for path, methods in self.description["paths"].items()
            for method, operation in methods.items()
            if any("application/json" in one.get("content", {}) for one in operation["responses"].values())
        }

    async def ask(self, visitor: Visitor, method: str, path: str, body=None, *, query="", **values) -> dict:
        """Make one call, which must do what it is asked; return the answer."""
        responses = self.description["paths"][path][method.lower()]["responses"]
        answer = await visitor.ask(method, path.format(**values) + query, body, headers=SAME_SITE)
        assert answer.status < 300, (method, path, answer.raw)
        assert str(answer.status) in responses, (method, path)
        schema = responses[str(answer.status)]["content"]["application/json"]["schema"]
        validator = Draft202012Validator({**schema, "components": self.description["components"]})
        problems = [problem.message for problem in validator.iter_errors(answer.body)]
        assert problems == [], (method, path)
        self.seen.add((method, path))
        return answer.body


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    password = await asyncio.to_thread(make_state, tmp_path)
    async with (
        running_registry(tmp_path, password) as registry,
        visitors.opened(tmp_path, registry.url) as house,
    ):
        yield house


async def test_real_answers_match_what_is_said_of_them(house: House):
    proof = Proof((await house.program.get("/api/openapi.json")).body)
    await _of_a_driver(proof, house)
    await _of_logins(proof, house)
    await _of_accounts_and_tokens(proof, house)
    await _of_registrations(proof, house)
    await _of_orders(proof, house)
    await _of_what_is_settled(proof, house)
    values = {"cp_id": "CP001", "driver_id": "D01", "location": "Berlin"}
    values["session_id"] = (await house.program.get("/api/tickets")).body["tickets"][0]["session_id"]
    for method, path in sorted(proof.told - proof.seen):
        if method == "GET":
            await proof.ask(house.program, method, path, **values)
    await _of_what_ends(proof, house)
    assert proof.seen == proof.told


async def _of_a_driver(proof: Proof, house: House) -> None:
    engine, driver = await house.town.point(), await house.person("D01", "driver")
    wanted = {"request_id": "R-web-00000001", "cp_id": "CP001"}
    asked = await proof.ask(driver, "POST", "/api/me/requests", wanted)
    await engine.is_asked()
    await engine.journals(engine.starts(), engine.meters(1_000_000))
    assert (await proof.ask(driver, "GET", "/api/me"))["session"]["step"] == "CHARGING"
    another = wanted | {"request_id": "R-web-00000002"}
    assert (await proof.ask(driver, "POST", "/api/me/requests", another))["step"] == "REFUSED"
    assert (await proof.ask(driver, "POST", "/api/me/stop"))["step"] == "STOPPING"
    await engine.journals(engine.ends("driver"))
    assert (await proof.ask(driver, "GET", "/api/me"))["unseen"]
    await proof.ask(driver, "GET", "/api/me/wallet")
    assert (await proof.ask(driver, "GET", "/api/me/notify"))["ways"] == []
    assert (await proof.ask(driver, "POST", "/api/me/notify", {"to": ""}))["to"] == ""
    assert (await proof.ask(driver, "POST", "/api/me/requests", wanted))["step"] == "TICKETED"
    assert (await proof.ask(driver, "GET", "/api/me/sessions"))["sessions"]
    assert (await proof.ask(driver, "GET", "/api/me/tickets"))["tickets"]
    await proof.ask(driver, "GET", "/api/me/sessions/{session_id}", session_id=asked["session_id"])
    await proof.ask(driver, "GET", "/api/me/statement")
    seen = "/api/me/tickets/{session_id}/seen"
    assert (await proof.ask(driver, "POST", seen, session_id=asked["session_id"]))["changed"]
    pin = {"pin": "4711", "limit_cents": 500}
    assert (await proof.ask(driver, "POST", "/api/me/pin", pin))["limit_cents"] == 500
    assert (await proof.ask(driver, "DELETE", "/api/me/pin"))["limit_cents"] is None
    app = await house.town.driver()
    for yes, step in ((False, "REFUSED"), (True, "ASKING")):
        typed = messages.ManualStart(request_id=f"R-typed-{yes}", driver_id="D01")
        engine.channel.send(typed)
        await hear(app.channel, messages.ConfirmStart)
        assert (await proof.ask(driver, "GET", "/api/me"))["question"]["request_id"] == typed.request_id
        answer = {"request_id": typed.request_id, "yes": yes}
        assert (await proof.ask(driver, "POST", "/api/me/answers", answer))["step"] == step
    # What comes later finds a charging point that is taken.
    await engine.is_asked()


async def _of_what_is_settled(proof: Proof, house: House) -> None:
    engine, driver = await house.town.point("CP005"), await house.town.driver("D05")
    driver.asks("CP005")
    session_id = (await engine.is_asked()).session_id
    await engine.journals(engine.starts(), engine.meters(1_000_000))
    of_session = {"session_id": session_id}
    await proof.ask(house.program, "POST", "/api/sessions/{session_id}/stop", **of_session)
    start = {"request_id": "R-for-D05", "cp_id": "CP005"}
    await proof.ask(house.program, "POST", "/api/drivers/{driver_id}/start", start, driver_id="D05")
    engine.channel.abort()
    await house.town.says("CP005 .*Faulted: no link")
    await proof.ask(house.program, "POST", "/api/sessions/{session_id}/close-lost", **of_session)
    order = {"reason": "too much", "cents": 1}
    for path in (
        "/api/sessions/{session_id}/refund",
        "/api/drivers/{driver_id}/correct",
        "/api/drivers/{driver_id}/pay-out",
    ):
        body = order | {"reference": path.rsplit("/", 1)[-1]}
        await proof.ask(house.program, "POST", path, body, **of_session, driver_id="D05")


async def _of_logins(proof: Proof, house: House) -> None:
    password, vera = await house.account("vera", "viewer"), house.visitor()
    await proof.ask(vera, "POST", "/api/login", {"name": "vera", "password": password})
    await proof.ask(vera, "GET", "/api/whoami")
    body = {"old_password": password, "new_password": "another one"}
    await proof.ask(vera, "POST", "/api/password", body)
    await proof.ask(vera, "POST", "/api/logout")
    made = await proof.ask(house.program, "POST", "/api/accounts/{name}/link", name="vera")
    secret = made["path"].partition("=")[2]
    await proof.ask(house.visitor(), "POST", "/api/login/link", {"link": secret})


async def _of_accounts_and_tokens(proof: Proof, house: House) -> None:
    ana = await house.person("ana", "admin")
    assert (await proof.ask(ana, "POST", "/api/accounts", {"name": "olga", "role": "operator"}))["password"]
    given = {"password": "a good password"}
    await proof.ask(ana, "POST", "/api/accounts", {"name": "otto", "role": "viewer"} | given)
    for body in (None, given):
        await proof.ask(ana, "POST", "/api/accounts/{name}/password", body, name="olga")
    await proof.ask(ana, "PATCH", "/api/accounts/{name}", {"role": "viewer"}, name="olga")
    made = await proof.ask(ana, "POST", "/api/tokens", {"name": "board", "role": "viewer"})
    await proof.ask(house.visitor(), "POST", "/api/login/token", {"token": made["token"]})


async def _of_registrations(proof: Proof, house: House) -> None:
    for body in ({"kind": "cp", "id": "CP009", "location": "Elche"}, {"kind": "driver", "id": "D09"}):
        assert (await proof.ask(house.program, "POST", "/api/registrations", body))["join_token"]
        for verb in ("deactivate", "activate", "rotate"):
            done = await proof.ask(house.program, "POST", f"/api/registrations/{{id}}/{verb}", id=body["id"])
            assert ("credential" in done) == (verb == "rotate")


async def _of_orders(proof: Proof, house: House) -> None:
    async def order(path: str, body=None, **values) -> None:
        await proof.ask(house.program, "POST", path, body, **values)

    await house.town.with_another_disk(await house.town.point("CP002"))
    for what in ("take", "leave", "close"):
        await order(f"/api/alerts/{{alert_id}}/{what}", alert_id="CP002-journal")
    for what in ("out", "resume", "revoke"):
        await order(f"/api/cps/{{cp_id}}/{what}", cp_id="CP002")
    await proof.ask(house.program, "PATCH", "/api/cps/{cp_id}", {"price": "0.25"}, cp_id="CP002")
    await order("/api/drivers/{driver_id}/top-up", {"cents": 5, "reference": "r-1"}, driver_id="D01")
    await order("/api/drivers/{driver_id}/block", {"blocked": False}, driver_id="D01")
    await order("/api/weather_update", {"location": "Alcoy", "temperature_celsius": 3})
    await order("/api/weather_alert", {"location": "Alcoy", "alert": "WIND"})
    await order("/api/locations/{location}/override", {"override": True}, location="Alcoy")
    await proof.ask(house.program, "DELETE", "/api/weather_alert", query="?location=Alcoy")
    await order("/api/weather_source", {"why": ""})
    await order("/api/weather_goodbye")


async def _of_what_ends(proof: Proof, house: House) -> None:
    for path, values in (
        ("/api/accounts/{name}", {"name": "olga"}),
        ("/api/tokens/{name}", {"name": "board"}),
        ("/api/registrations/{id}", {"id": "CP009"}),
    ):
        await proof.ask(house.program, "DELETE", path, **values)
    for what in ("out", "resume"):
        await proof.ask(house.program, "POST", f"/api/cps/{what}")


async def test_refusals_match_what_is_said_of_them(office: Office):
    description = await described(office)
    problem = {"$ref": "#/components/schemas/Problem", "components": description["components"]}
    for method, path, body, token in (
        ("GET", "/api/cps", None, None),
        ("GET", "/api/cps/CP404", None, ""),
        ("GET", "/api/sessions?limit=0", None, ""),
        ("POST", "/api/weather_alert", {}, ""),
        ("POST", "/api/locations/Elche/override", {"override": True}, ""),
    ):
        answer = await office.ask(method, path, body, token=token)
        described_path = re.sub(r"CP404", "{cp_id}", path).replace("Elche", "{location}").partition("?")[0]
        operation = description["paths"][described_path][method.lower()]
        assert str(answer.status) in operation["responses"], path
        assert list(Draft202012Validator(problem).iter_errors(answer.body)) == []


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


async def test_the_page_needs_no_script_and_breaks_no_policy(office: Office):
    async with aiohttp.ClientSession() as session, session.get(f"{office.url}/api/docs") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src" in response.headers["Content-Security-Policy"]
        text = await response.text()
    parser = _Tags()
    parser.feed(text)
    assert parser.open == []
    assert not {"script", "style", "img", "iframe"} & {tag for tag, _ in parser.seen}
    assert not any(name == "style" or name.startswith("on") for _, attrs in parser.seen for name in attrs)
    ids = [attrs["id"] for _, attrs in parser.seen if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in parser.seen:
        if attrs.get("href", "").startswith("#"):
            assert attrs["href"][1:] in ids, attrs
    for path in (await described(office))["paths"]:
        assert path in text


@pytest.mark.parametrize("path", ["/api/docs", "/api/openapi.json"])
async def test_the_description_is_compressed_for_those_who_take_it(office: Office, path: str):
    sizes = {}
    for accepted in ("gzip", "identity"):
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.get(office.url + path, headers={"Accept-Encoding": accepted}) as response,
        ):
            sizes[response.headers.get("Content-Encoding", "")] = len(await response.read())
            assert response.headers["Vary"] == "Accept-Encoding"
    assert sizes["gzip"] * 5 < sizes[""]


async def test_the_look_of_the_page_is_served(office: Office):
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{office.url}/static/css/docs.css") as response,
    ):
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/css")


def test_what_is_written_in_a_description_is_text_on_the_page():
    text = page(
        {
            "info": {"title": "<b>", "version": "1", "description": "a & `b<c`"},
            "paths": {},
            "components": {"schemas": {"X": {"type": "object", "description": "<script>"}}},
        }
    )
    assert "<script>" not in text
    assert "&lt;b&gt;" in text
    assert "<code>b&lt;c</code>" in text
