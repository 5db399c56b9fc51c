"""The Registry as Central asks it for its own accounts: with the service's token, and saying for whom."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from evcharge.central.rules.accounts import Credential
from evcharge.central.rules.commands import Actor
from evcharge.domain.errors import AuthenticationError, Code, Overloaded, ProtocolError
from evcharge.domain.ids import Role
from evcharge.http.registry_client import RegistryAddress, call
from evcharge.http.server import ON_BEHALF_OF

_ACTIVE = "active"


class _Proved(Struct):
    state: str
    epoch: int
    registration: int = 0


class Registrar:
    """Calls the Registry; the account goes into its audit log, too."""

    def __init__(self, registry: RegistryAddress, token: str) -> None:
        self._registry = registry
        self._token = token

    async def ask(
        self, by: Actor, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Make one call for `by`.

        Raises its refusals as they are, and Overloaded (E_UNREACHABLE) when it does not answer as a Registry that
        knows this Central.
        """
        try:
            return await self._call(by, method, path, body)
        except AuthenticationError as problem:
            # It is Central that was not believed, not whoever asked.
            raise Overloaded(
                f"The Registry does not take orders from this Central: {problem.text}", Code.UNREACHABLE
            ) from None

    async def prove_driver(self, driver_id: str, secret: str, address: str) -> Credential:
        """Return the epoch and the registration of a driver's credential when `secret` is it.

        Raises AuthenticationError (E_CREDENTIAL; E_DISABLED for a driver that may not take part), Overloaded.
        """
        # Nobody has proved to be that driver yet.
        by = Actor(Role.UNKNOWN, Role.UNKNOWN, address)
        body = {"driver_id": driver_id, "credential": secret}
        content = await self._call(by, "POST", "/verify", body)
        try:
            proved = msgspec.convert(content, _Proved)
        except msgspec.ValidationError:
            raise self._no_registry() from None
        if proved.state != _ACTIVE:
            raise AuthenticationError(
                f"{driver_id} is {proved.state} at the Registry: ask an operator.", Code.DISABLED
            )
        return Credential(epoch=proved.epoch, registration=proved.registration)

    async def _call(
        self, by: Actor, method: str, path: str, body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        host = by.address.rpartition(":")[0] or by.address
        headers = {ON_BEHALF_OF: f"{by.id} {host}"}
        try:
            return await call(self._registry, method, path, body, token=self._token, more_headers=headers)
        except ProtocolError:
            raise self._no_registry() from None

    def _no_registry(self) -> Overloaded:
        return Overloaded(f"{self._registry.url} does not answer like a Registry.", Code.UNREACHABLE)
