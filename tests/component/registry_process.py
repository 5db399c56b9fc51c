"""A Registry for component tests: in this process, but over real HTTPS."""

import asyncio
import contextlib
import logging
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from evcharge.http.registry_client import RegistryAddress
from evcharge.registry import app, setup
from evcharge.runtime.config import Config, RegistrySettings
from evcharge.security import secret_files, state_folder, tls


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Any


@dataclass(frozen=True)
class Running:
    """One Registry and what its clients need."""

    state: Path
    port: int
    admin_password: str

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def address(self) -> RegistryAddress:
        return RegistryAddress(self.url, self.state / "ca.pem")

    @property
    def enrolment(self) -> str:
        return secret_files.read_secret(self.state / "enrolment.token")

    @property
    def central(self) -> str:
        return state_folder.service_token(secret_files.read_keys(self.state / "service.key")[0])

    async def ask(self, method, path, body=None, *, token=None, come_from="127.0.0.1", **more) -> Answer:
        """Make one call as `token`, from one of the loopback addresses; every answer must be JSON."""
        headers = more.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        if body is not None:
            more["json"] = body
        connector = aiohttp.TCPConnector(
            ssl=tls.client_context(self.state / "ca.pem"), local_addr=(come_from, 0), force_close=True
        )
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, self.url + path, headers=headers, **more) as response,
        ):
            return Answer(response.status, await response.json(), response.headers)

    async def register(self, id_="CP001", **more) -> Answer:
        body = {"cp_id": id_, "location": "Elche", "credential": "cp_secret_001"} | more
        return await self.ask("POST", "/register/cp", body, token=self.enrolment)

    async def ticket(self, id_="CP001", secret="cp_secret_001", role="engine", **more) -> Answer:
        return await self.ask("POST", "/v1/ticket", {"id": id_, "role": role, "secret": secret}, **more)

    async def admin(self) -> str:
        """Log the first administrator in; return its token."""
        body = {"user": "admin", "password": self.admin_password}
        answer = await self.ask("POST", "/v1/login", body)
        assert answer.status == 200
        return answer.body["token"]


def make_state(state: Path) -> str:
    """Make a state folder as `evcharge init` does; return the administrator's password."""
    password = setup.initialise(Config(state=state)).admin_password
    assert password
    return password


def copy_state(source: Path, target: Path) -> Path:
    shutil.copytree(source, target, dirs_exist_ok=True)
    return target


def renew_certificate(state: Path, now: datetime, names=()) -> None:
    """Give the Registry another certificate, as if `init` had run at `now`."""
    (state / "registry.pem").unlink()
    state_folder.init_state(state, list(names), now.astimezone(UTC))


class _Port(logging.Handler):
    def __init__(self):
        super().__init__()
        self.found = asyncio.get_running_loop().create_future()

    def emit(self, record):
        text = record.getMessage()
        if " listening on https://" in text and not self.found.done():
            self.found.set_result(int(text.rsplit(":", 1)[1]))


@contextlib.asynccontextmanager
async def running_registry(state: Path, admin_password: str, port: int = 0, database: str = ""):
    """Run the Registry (on a free port) while the block runs."""
    stop, heard = asyncio.Event(), _Port()
    logger = logging.getLogger("evcharge.registry.app")
    logger.addHandler(heard)
    logger.setLevel(logging.INFO)
    config = Config(state=state, registry=RegistrySettings(port=port, database=database))
    try:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(app.run(config, stop))
            async with asyncio.timeout(10):
                await asyncio.wait({task, heard.found}, return_when=asyncio.FIRST_COMPLETED)
            if heard.found.done():
                try:
                    yield Running(state, heard.found.result(), admin_password)
                finally:
                    stop.set()
        assert task.result() == 0
    except* Exception as problems:
        if len(problems.exceptions) == 1:
            raise problems.exceptions[0] from None
        raise
    finally:
        logger.removeHandler(heard)
