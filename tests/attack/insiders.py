"""Attackers with a credential of their own: how they register and log in."""

from typing import Literal

from evcharge.domain.ids import Role
from evcharge.evc1.caller import connect
from evcharge.evc1.connection import Channel
from evcharge.evc1.tickets import IssuedTicket
from evcharge.http.registry_client import RegistryAddress, fetch_ticket, register
from evcharge.security import secret_files
from tests.attack.target import Target


class Insider:
    """One identity of the network under attack. Without its state folder nobody can be one."""

    def __init__(self, target: Target, name: str) -> None:
        if target.state is None or target.registry is None:
            raise ValueError("an insider needs the state folder and the Registry")
        self._target = target
        self._state = target.state
        self._registry = RegistryAddress(f"https://{target.registry}", target.state / "ca.pem")
        self.name = name
        self.secret = secret_files.new_secret()

    async def joins(self, *, driver: bool = False) -> "Insider":
        """Register with the enrolment token."""
        token = secret_files.read_secret(self._state / "enrolment.token")
        kind: Literal["cp", "driver"] = "driver" if driver else "cp"
        await register(self._registry, kind, self.name, token, location="Nowhere", credential=self.secret)
        return self

    async def ticket(self, role: Role) -> IssuedTicket:
        """Return a ticket for Central."""
        return await fetch_ticket(self._registry, self.name, role, self.secret)

    async def dial(self, role: Role, issued: IssuedTicket | None = None) -> Channel:
        """Log in at Central."""
        central = self._target.central
        return await connect(central.host, central.port, issued or await self.ticket(role), self.name, role)


def can_log_in(target: Target) -> bool:
    """Return whether insiders are possible here."""
    return target.state is not None and target.registry is not None
