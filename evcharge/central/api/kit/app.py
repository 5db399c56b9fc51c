"""Wires the rooms of Central's HTTP side into one application. Charging never depends on any of it."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web

from evcharge.central.api.kit.access import Access
from evcharge.central.api.kit.routes import Route
from evcharge.http.server import REQUESTS_PER_S, Missing, application


class Room(Protocol):
    """Some routes that belong together."""

    def routes(self) -> list[Route]:
        """Return the routes of this room."""


class Api:
    """Every route of `rooms`, behind `access`; each address may send `requests_per_s`.

    `missing` has the page for people where there is nothing.
    """

    def __init__(
        self,
        access: Access,
        rooms: Sequence[Room],
        requests_per_s: int = REQUESTS_PER_S,
        missing: Missing | None = None,
    ) -> None:
        self._access = access
        self._rooms = rooms
        self._requests_per_s = requests_per_s
        self._missing = missing

    def routes(self) -> list[Route]:
        """Return the table of routes."""
        return [route for room in self._rooms for route in room.routes()]

    def application(self) -> web.Application:
        """Return the application with every route."""
        routes = [web.route(route.method, route.path, self._access.guarded(route)) for route in self.routes()]
        return application(
            routes, self._access.refused, self._access.sign, self._requests_per_s, self._missing
        )
