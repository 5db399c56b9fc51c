"""Central with its HTTP API on a real socket, and an operator who asks it."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from evcharge.runtime.config import KafkaSettings
from evcharge.security import secret_files
from tests.component.town import Town, running


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict
    headers: dict


@dataclass
class Office:
    """A town and its operator."""

    town: Town
    url: str
    token: str

    async def ask(self, method: str, path: str, body=None, *, token: str | None = "", **more) -> Answer:
        """Make one call; every answer is JSON."""
        headers = more.pop("headers", {})
        if token is not None:
            headers = {"Authorization": f"Bearer {token or self.token}"} | headers
        if body is not None:
            more["json"] = body
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, headers=headers, **more) as response,
        ):
            return Answer(response.status, await response.json(), dict(response.headers))

    async def get(self, path: str) -> dict:
        answer = await self.ask("GET", path)
        assert answer.status == 200, answer.body
        assert answer.body["error"] is False
        return answer.body

    async def post(self, path: str, body=None) -> dict:
        answer = await self.ask("POST", path, body)
        assert answer.status == 200, answer.body
        return answer.body

    def rows(self, kind: str) -> list[sqlite3.Row]:
        """Return the audit rows of one type."""
        return self.town.rows(kind)

    def query(self, sql: str, *params: object) -> list[sqlite3.Row]:
        return self.town.query(sql, *params)

    async def recorded(self, kind: str, times: int = 1) -> list[sqlite3.Row]:
        return await self.town.recorded(kind, times)

    async def charging(self) -> tuple:
        """CP001 supplies D01."""
        engine, driver = await self.town.point(), await self.town.driver()
        driver.asks("CP001")
        await engine.is_asked()
        await engine.journals(engine.starts())
        await driver.step("CHARGING")
        return engine, driver


@contextlib.asynccontextmanager
async def opened(state: Path, kafka: KafkaSettings | None = None, **central: object) -> AsyncIterator[Office]:
    async with running(state, kafka=kafka, **central) as town:
        line = await town.says("API for operators is listening")
        yield Office(town, line.split()[-1], secret_files.read_secret(state / "operator.token"))
