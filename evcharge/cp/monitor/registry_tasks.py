"""What a monitor does at the Registry for its charging point: register, withdraw, authenticate again."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

from evcharge.cp.central_link import PointCredential
from evcharge.domain.errors import AuthenticationError, Code, Refused, StateError
from evcharge.domain.ids import CpId
from evcharge.http import registry_client
from evcharge.labels import Speech
from evcharge.runtime.config import Config
from evcharge.security import secret_files

# The administrator that `evcharge init` makes.
ADMIN = "admin"
AskPassword = Callable[[], Awaitable[str | None]]


class Cancelled(Exception):
    """The person who was asked for the password declined."""


class RegistryTasks:
    """One charging point's business at the Registry. Each errand returns the sentence that says what happened.

    They raise EvchargeError when the Registry says no or does not answer, and Cancelled.
    """

    def __init__(
        self,
        config: Config,
        cp_id: CpId,
        credential: PointCredential,
        ask_password: AskPassword,
        words: Speech,
    ) -> None:
        """`ask_password` asks the person here for the administrator's password."""
        self._config = config
        self._cp_id = cp_id
        self._credential = credential
        self.ask_password = ask_password
        self._words = words
        self._registry = registry_client.RegistryAddress.of(config)
        # Only what the Registry said: where it stands, its engine knows, and not this monitor.
        self._location = ""

    async def register(self) -> str:
        """Register the charging point with the credential it has, or with a new one.

        Once withdrawn, it comes back by an administrator only, and with a new credential.
        """
        enrolment_token = self._enrolment_token()
        token = enrolment_token or await self._admin_token()
        known = await self._listed(token)
        try:
            return await self._register(token, known)
        except AuthenticationError as problem:
            if enrolment_token is None or problem.code is not Code.DISABLED or known is not None:
                raise
        await self._issue()
        return self._words("registered", cp_id=self._cp_id)

    async def _register(self, token: str, known: dict[str, Any] | None) -> str:
        location = self._location if known is None else ""
        if not self._credential.is_given and not self._credential.file.exists():
            await registry_client.own_secret(
                self._config.state,
                self._registry,
                "cp",
                self._cp_id,
                location=location,
                environ={"EVCHARGE_ENROLMENT_TOKEN": token},
            )
            return self._words("registered", cp_id=self._cp_id)
        secret = await self._credential.now()
        await registry_client.register(
            self._registry, "cp", self._cp_id, token, location=location, credential=secret
        )
        if known is not None and known.get("state") == "active":
            return self._words("registered already", cp_id=self._cp_id)
        self._spread(secret)
        return self._words("registered", cp_id=self._cp_id)

    async def withdraw(self) -> str:
        """Take the charging point out of the network; its own credential is enough for that."""
        secret = await self._credential.now()
        await self._verified(secret)
        path = f"/register/cp/{self._cp_id}"
        await registry_client.call(self._registry, "DELETE", path, login=(self._cp_id, secret))
        return self._words("withdrawn", cp_id=self._cp_id)

    async def authenticate(self, *, is_shut_out: bool) -> str:
        """Get a credential that Central accepts. `is_shut_out`: it refused the one that we have."""
        good = await self._is_good()
        if good and not is_shut_out:
            return self._words("still good", cp_id=self._cp_id)
        await self._issue()
        return self._words("authenticated", cp_id=self._cp_id, file=f"cp/{self._cp_id}/secret")

    async def _issue(self) -> None:
        """Have an administrator register a new credential, and keep it."""
        if self._credential.is_given:
            raise StateError(self._words("from environment"))
        admin_token = await self._admin_token()
        # Kept before the Registry hears of it: after a crash in between, the same one is registered again.
        waiting = self._credential.file.with_name("secret.next")
        secret = secret_files.kept_secret(waiting, secret_files.new_secret())
        known = await self._listed(admin_token)
        location = self._location if known is None else ""
        await registry_client.register(
            self._registry, "cp", self._cp_id, admin_token, location=location, credential=secret
        )
        self._spread(secret)
        waiting.unlink(missing_ok=True)

    def _spread(self, secret: str) -> None:
        """Let both programs notice: they look whether the file was written anew."""
        if not self._credential.is_given:
            self._credential.replace(secret)

    async def _is_good(self) -> bool:
        if not self._credential.is_given and not self._credential.file.exists():
            return False
        try:
            await self._verified(await self._credential.now())
        except AuthenticationError as problem:
            if problem.code in (Code.CREDENTIAL, Code.DISABLED):
                return False
            raise
        return True

    async def _verified(self, secret: str) -> dict[str, Any]:
        body = {"cp_id": self._cp_id, "credential": secret}
        answer = await registry_client.call(self._registry, "POST", "/verify", body)
        if isinstance(location := answer.get("location"), str) and location:
            # The Registry forgets it when the id is withdrawn.
            self._location = location
        return answer

    async def _listed(self, token: str) -> dict[str, Any] | None:
        rows = await registry_client.listed(
            lambda path: registry_client.call(self._registry, "GET", path, token=token)
        )
        for row in rows["cps"]:
            if isinstance(row, dict) and row.get("cp_id") == self._cp_id and row.get("state") != "withdrawn":
                return row
        return None

    def _enrolment_token(self) -> str | None:
        path = self._config.state / "enrolment.token"
        given = os.environ.get("EVCHARGE_ENROLMENT_TOKEN")
        return given or (secret_files.read_secret(path) if path.exists() else None)

    async def _admin_token(self) -> str:
        password = os.environ.get("EVCHARGE_ADMIN_PASSWORD") or await self.ask_password()
        if not password:
            raise Cancelled
        body = {"user": ADMIN, "password": password}
        token = (await registry_client.call(self._registry, "POST", "/v1/login", body)).get("token")
        if not isinstance(token, str):
            raise Refused(self._words("no token"), Code.MALFORMED)
        return token
