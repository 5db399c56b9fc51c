"""The table of routes: what may be asked, by whom, with what, and what comes back.

`access` guards by it and `openapi` documents it: there is no other place where a route is described.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from msgspec import Struct

from evcharge.central.rules.commands import Actor
from evcharge.domain.ids import Role

Handler = Callable[[web.Request, Actor], Awaitable[web.StreamResponse]]

ADMINS = frozenset({Role.ADMIN})
OPERATORS = ADMINS | {Role.OPERATOR}
VIEWERS = OPERATORS | {Role.VIEWER}
# Weather is reported by a program of its own, or by an operator.
WEATHER = OPERATORS | {Role.SERVICE}
DRIVERS = frozenset({Role.DRIVER})
EVERYBODY = VIEWERS | {Role.SERVICE, Role.DRIVER}
# Also without a login.
ANYBODY: frozenset[Role] | None = None

_TEXT: Mapping[str, object] = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a query; `schema` is its JSON Schema."""

    name: str
    text: str
    schema: Mapping[str, object] = field(default_factory=lambda: _TEXT)


@dataclass(frozen=True, slots=True)
class RowsOf:
    """An answer that is an array, however long, of objects of that shape."""

    shape: type[Struct]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One thing that can be asked for. `roles` None: by anybody, without a login.

    A route without `body` takes an empty object at most; a query may hold `query` only, each once (`any_query`: what
    it holds does not matter). `answers` is the shape of the JSON in a good answer (several, when it depends on who
    asks), or the media type of one that is not JSON; None: there is no body. `status` is that of a good answer; `also`
    are others that only this route gives, and why.
    """

    method: str
    path: str
    handler: Handler
    roles: frozenset[Role] | None
    summary: str
    body: type[Struct] | None = None
    query: tuple[Parameter, ...] = ()
    any_query: bool = False
    answers: type[Struct] | tuple[type[Struct], ...] | RowsOf | str | None
    status: int = 200
    also: Mapping[int, str] = field(default_factory=dict)
