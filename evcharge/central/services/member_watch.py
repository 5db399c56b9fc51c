"""Which of several Centrals or Registries is away: a fact when it begins, and when it is over.

That none of them answers, or that nobody leads, is said elsewhere, and is worse.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from urllib.parse import urlsplit

import aiohttp

from evcharge.central.rules.commands import CENTRAL, Note
from evcharge.central.services.registry_sync import POLL_S, RegistryAccess, why_lost
from evcharge.domain.events import MemberAway, MemberBack
from evcharge.domain.ids import Role
from evcharge.storage.members import Membership

_TIMEOUT = aiohttp.ClientTimeout(total=4.0)
_LOOK_EVERY_S = 1.0
# Whoever is missed for less is only started again: a Central at so many looks, a Registry at two.
_MISSED_AT = 5
# Beyond every revocation: whether it can read its tables is what is asked.
_NO_ROWS = {"since": 10**14}


class _Missing:
    """Notes who is missing at so many looks in a row, once. `told` are those that the books call away."""

    def __init__(
        self, role: Role, post: Callable[[Note], object], told: Collection[str], missed_at: int
    ) -> None:
        self._role = role
        self._post = post
        self._told = set(told)
        self._missed_at = missed_at
        self._missed: Counter[str] = Counter()

    def look(self, away: Mapping[str, str]) -> None:
        """Take in who is away at this look, and why."""
        self._missed = Counter({name: self._missed[name] + 1 for name in away})
        for name in sorted(self._told - away.keys()):
            self._told.discard(name)
            self._post(Note(by=CENTRAL, event=MemberBack(role=self._role, name=name)))
        for name, why in away.items():
            if self._missed[name] >= self._missed_at and name not in self._told:
                self._told.add(name)
                self._post(Note(by=CENTRAL, event=MemberAway(role=self._role, name=name, why=why)))


class RegistryWatch:
    """Looks at each Registry, whichever of them does the work."""

    def __init__(
        self, access: RegistryAccess, post: Callable[[Note], object], told: Collection[str] = ()
    ) -> None:
        self._access = access
        self._missing = _Missing(Role.REGISTRY, post, told, 2)

    async def run(self) -> None:
        """Look for ever."""
        connector = aiohttp.TCPConnector(ssl=self._access.tls)
        headers = {"Authorization": f"Bearer {self._access.token}"}
        async with aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT, headers=headers) as http:
            while True:
                await self.look(http)
                await asyncio.sleep(POLL_S)

    async def look(self, http: aiohttp.ClientSession) -> None:
        """Ask all of them."""
        urls = self._access.urls
        whys = await asyncio.gather(*(self._why(http, url) for url in urls))
        if not all(whys):
            self._missing.look({told_url(url): why for url, why in zip(urls, whys, strict=True) if why})

    async def _why(self, http: aiohttp.ClientSession, url: str) -> str:
        """Return why a Registry does not do its work, "" if it does."""
        try:
            async with http.get(f"{url.rstrip('/')}/v1/revocations", params=_NO_ROWS) as response:
                response.raise_for_status()
        except Exception as problem:  # noqa: BLE001 - whatever a Registry answers, Central goes on
            return why_lost(problem)
        return ""


class CentralWatch:
    """Looks at what the lease finds of the others."""

    def __init__(
        self, membership: Membership, post: Callable[[Note], object], told: Collection[str] = ()
    ) -> None:
        self._membership = membership
        self._missing = _Missing(Role.CENTRAL, post, told, _MISSED_AT)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    def look(self) -> None:
        """Note who is missing now."""
        away = self._membership.away
        if away is not None:
            self._missing.look(dict.fromkeys(away, f"silent for {_MISSED_AT} s"))


def told_url(url: str) -> str:
    """Return what a Registry is called: host:port."""
    return urlsplit(url).netloc
