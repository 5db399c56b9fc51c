"""The description of the API: valid, complete, and true."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from evcharge.central import website
from evcharge.central.api.openapi import page
from tests.component.test_api import Office, opened


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

    class Overheard(website.Api):
        def application(self):
            made.append(super().application())
            return made[0]

    monkeypatch.setattr(website, "Api", Overheard)
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
            assert operation["responses"]["200"]["description"]


async def test_real_answers_match_what_is_said_of_them(office: Office):
    engine, driver = await office.charging()
    await engine.journals(engine.meters(1_000_000), engine.ends())
    ticket = await driver.ticket()
    driver.asks("CP001")
    await engine.is_asked()
    await office.post("/api/weather_alert", {"location": "Berlin", "alert": "WIND", "temperature_celsius": 3})
    description = await described(office)
    values = {"cp_id": "CP001", "session_id": ticket.session_id, "driver_id": "D01", "location": "Berlin"}
    seen = 0
    for path, methods in description["paths"].items():
        operation = methods.get("get")
        if operation is None or "/api/me" in path:
            continue
        content = operation["responses"]["200"]["content"].get("application/json")
        if content is None or "$ref" not in content["schema"]:
            continue
        answer = await office.ask("GET", path.format(**values))
        assert answer.status == 200, (path, answer.body)
        schema = {**content["schema"], "components": description["components"]}
        problems = [problem.message for problem in Draft202012Validator(schema).iter_errors(answer.body)]
        assert problems == [], path
        seen += 1
    assert seen >= 13


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
