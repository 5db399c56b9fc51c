"""Browsers and programs that come to Central's pages, moved by hand."""

import contextlib
import gzip
import json
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from evcharge.central.rules.commands import CENTRAL, Note
from evcharge.domain.events import RegistryReached
from evcharge.security import secret_files
from tests.component.town import Town, running

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Answer:
    status: int
    raw: bytes
    headers: Any

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def text(self) -> str:
        squeezed = self.headers.get("Content-Encoding") == "gzip"
        return (gzip.decompress(self.raw) if squeezed else self.raw).decode()

    @property
    def problem(self) -> tuple[int, str]:
        return self.status, self.body["code"]


@dataclass
class Visitor:
    """One browser (with its cookies), or one program (with its token)."""

    url: str
    token: str | None = None
    cookies: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, body=None, *, come_from="127.0.0.1", **more) -> Answer:
        headers = dict(more.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if self.cookies:
            headers.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if body is not None:
            more["json"] = body
        connector = aiohttp.TCPConnector(local_addr=(come_from, 0), force_close=True)
        async with (
            aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            ) as session,
            session.request(
                # As it stands, not made tidy.
                method,
                URL(self.url + path, encoded=True),
                headers=headers,
                allow_redirects=False,
                **more,
            ) as response,
        ):
            for name, morsel in response.cookies.items():
                if morsel.value:
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
            return Answer(response.status, await response.read(), response.headers)

    async def get(self, path: str, **more) -> Answer:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, body=None, **more) -> Answer:
        return await self.ask("POST", path, body, **more)

    async def logs_in(self, name: str, password: str, **more) -> Answer:
        return await self.post("/api/login", {"name": name, "password": password}, **more)


@dataclass
class House:
    """A Central with its pages."""

    town: Town
    url: str

    @property
    def program(self) -> Visitor:
        """The operator's own commands: whoever can read the state folder."""
        return Visitor(self.url, secret_files.read_secret(self.town.state / "operator.token"))

    def visitor(self, token: str | None = None) -> Visitor:
        return Visitor(self.url, token)

    async def account(self, name: str, role: str) -> str:
        """Make an account; return its password."""
        answer = await self.program.post("/api/accounts", {"name": name, "role": role})
        assert answer.status == 201, answer.raw
        return answer.body["password"]

    async def person(self, name: str, role: str) -> Visitor:
        """Return somebody who has logged in."""
        visitor = self.visitor()
        answer = await visitor.logs_in(name, await self.account(name, role))
        assert answer.status == 200, answer.raw
        return visitor

    async def service(self, name: str, role: str) -> Visitor:
        """Return a program with a token of its own."""
        answer = await self.program.post("/api/tokens", {"name": name, "role": role})
        assert answer.status == 201, answer.raw
        return self.visitor(answer.body["token"])

    def query(self, sql: str, *params: object) -> list[sqlite3.Row]:
        return self.town.query(sql, *params)

    async def recorded(self, kind: str) -> list[tuple[str, str, str]]:
        """Return actor, role and what the data holds of every audit row of one type, once all are stored."""
        # Whatever was posted before it is stored with it.
        await self.town.dispatcher.submit(Note(by=CENTRAL, event=RegistryReached()))
        rows = self.town.rows(kind)
        return [(row["actor"], row["role"], row["data"]) for row in rows]


@contextlib.asynccontextmanager
async def opened(state: Path, registry_url: str | None = None, **central: object) -> AsyncIterator[House]:
    async with running(state, *([registry_url] if registry_url else []), **central) as town:
        line = await town.says("API for operators is( again)? listening")
        yield House(town, line.split()[-1])
