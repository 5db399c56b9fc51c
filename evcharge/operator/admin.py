"""The Registry as an administrator's commands see it: log in once, then list, add, switch and rotate."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from evcharge.domain.errors import AuthenticationError, Code, ProtocolError, Refused, StateError
from evcharge.domain.ids import natural
from evcharge.http.registry_client import RegistryAddress, call, listed, register
from evcharge.labels import Speech
from evcharge.runtime import clock
from evcharge.security import secret_files

PASSWORD_VARIABLE = "EVCHARGE_ADMIN_PASSWORD"  # noqa: S105  its name, not the password
Kind = Literal["cp", "driver"]
# A token this close to its end would end in the middle of a command.
_MARGIN_S = 60.0


class PasswordNeeded(StateError):
    """No login is valid any more and no password is at hand: nothing was done yet; ask for it and try again."""


class Admin:
    """An administrator `user` at the Registry. The token is kept (0600) until it ends."""

    def __init__(
        self,
        registry: RegistryAddress,
        state: Path,
        user: str,
        say: Speech,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._registry = registry
        self._file = state / "admin.token"
        self._user = user
        self._say = say
        # Typed by a person, when it was needed.
        self.password = environ.get(PASSWORD_VARIABLE, "")

    async def every(self, kind: Kind) -> list[dict[str, Any]]:
        """Return every charging point or driver that is or was registered."""
        rows = await listed(lambda path: self._call("GET", path))
        found: list[dict[str, Any]] = rows["cps" if kind == "cp" else "drivers"]
        return sorted(found, key=lambda row: natural(str(row[_field(kind)])))

    async def add(self, kind: Kind, id_: str, location: str) -> dict[str, Any]:
        """Register `id_`; the answer holds its new credential. Raises Refused when it is registered."""
        # An administrator's registration of a known id would replace its credential.
        known = {row[_field(kind)]: row["state"] for row in await self.every(kind)}
        if known.get(id_, "withdrawn") != "withdrawn":
            raise Refused(self._say("added already", id=id_, kind=kind), Code.CONFLICT)
        return await self._with_token(
            lambda token: register(self._registry, kind, id_, token, location=location)
        )

    async def switch(self, kind: Kind, id_: str, *, on: bool) -> dict[str, Any]:
        """Let `id_` get tickets, or no more."""
        return await self._call("POST", "/activate" if on else "/deactivate", {_field(kind): id_})

    async def withdraw(self, kind: Kind, id_: str) -> dict[str, Any]:
        """Take `id_` out of the network."""
        return await self._call("DELETE", f"/register/{kind}/{id_}")

    async def rotate(self, kind: Kind, id_: str) -> dict[str, Any]:
        """Replace the credential of `id_`; the answer holds the new one."""
        return await self._call("POST", "/rotate", {_field(kind): id_})

    async def invite(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make an invitation (`joining.invite` says what for); the answer holds its secret."""
        return await self._call("POST", "/v1/invitations", body)

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return await self._with_token(lambda token: call(self._registry, method, path, body, token=token))

    async def _with_token(self, act: Callable[[str], Any]) -> dict[str, Any]:
        token = self._kept()
        if token is not None:
            try:
                return await act(token)  # type: ignore[no-any-return]
            except AuthenticationError as problem:
                if problem.code is not Code.CREDENTIAL:
                    raise
                # Ended at the Registry meanwhile, or of another one.
                self._file.unlink(missing_ok=True)
        return await act(await self._login())  # type: ignore[no-any-return]

    def _kept(self) -> str | None:
        try:
            expires_at, user, url, token = secret_files.read_secret(self._file).split(" ")
            good = float(expires_at) > clock.utc_now().timestamp() + _MARGIN_S
        except (StateError, ValueError):
            return None
        # What one of several gave out is good at all of them.
        return token if good and user == self._user and url in self._registry.urls else None

    async def _login(self) -> str:
        if not self.password:
            raise PasswordNeeded(self._say("no admin password"))
        content = await call(
            self._registry, "POST", "/v1/login", {"user": self._user, "password": self.password}
        )
        token, expires_at = content.get("token"), content.get("expires_at")
        if not isinstance(token, str) or not isinstance(expires_at, int | float) or " " in token:
            raise ProtocolError(f"{self._registry.url} does not answer like a Registry.")
        secret_files.replace_secret(self._file, f"{expires_at} {self._user} {self._registry.url} {token}")
        return token


def _field(kind: Kind) -> str:
    return "cp_id" if kind == "cp" else "driver_id"
