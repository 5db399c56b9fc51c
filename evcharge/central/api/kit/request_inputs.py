"""What came in with a request: bodies, queries and pages, checked. Every refusal names what is wrong."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from aiohttp import web
from msgspec import Meta, Struct

from evcharge import labels
from evcharge.central.api.kit.routes import Parameter
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import AnyCommand
from evcharge.central.rules.decision import Decision
from evcharge.domain.billing import SURE_CENTS, euros
from evcharge.domain.errors import BadInput, Code, Overloaded, ProtocolError, Refused
from evcharge.domain.ids import check_id
from evcharge.http.server import read_body
from evcharge.labels import PAGE_LANGUAGES

MAX_PAGE, PAGE = 1000, 100
# How long an order may take; it is carried out all the same afterwards.
_PATIENCE_S = 10.0

T = TypeVar("T", bound=Struct)
R = TypeVar("R")

LIMIT = Parameter(
    "limit",
    f"How many at most; {PAGE} when not given.",
    {"type": "integer", "minimum": 1, "maximum": MAX_PAGE},
)
BEFORE = Parameter("before", "The `next` of the page before.")
OF_DRIVER = Parameter("driver_id", "Only of this driver.")
OF_POINT = Parameter("cp_id", "Only of this charging point.")


Reference = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._:-]{1,64}\Z")]


def make_sure(confirmed: bool, cents: int) -> None:
    """Raise Refused (E_CONFIRM) for an amount that looks like a slip, unless whoever gave it is sure."""
    if cents > SURE_CENTS and not confirmed:
        text = f"{euros(cents)} € is more than {euros(SURE_CENTS)} €: is that right?"
        raise Refused(labels.told(text), Code.CONFIRM)


class Nothing(Struct, forbid_unknown_fields=True):
    """The body of a request that says everything in its address."""


async def body_of(request: web.Request, kind: type[T]) -> T:
    """Return the body. Raises BadInput naming the field, or HTTP 413 or 415."""
    try:
        return await read_body(request, kind)
    except ProtocolError as problem:
        raise BadInput(problem.text) from None


def check_query(request: web.Request, known: Sequence[Parameter]) -> None:
    """Raise BadInput for a parameter that is unknown or given twice."""
    query = request.query
    names = [parameter.name for parameter in known]
    for name in query:
        if name not in names:
            allowed = f"this address takes {', '.join(names)}" if names else "this address takes none"
            raise BadInput(f"Unknown parameter {ascii(name)[1:-1][:40]}: {allowed}.")
        if len(query.getall(name)) > 1:
            raise BadInput(f"{name} is given twice.")


def lang_of(query: Mapping[str, str]) -> str | None:
    """Return the language of pages that is asked for, or None. Raises BadInput."""
    lang = query.get("lang")
    if lang is not None and lang not in PAGE_LANGUAGES:
        raise BadInput(f"lang must be one of: {', '.join(PAGE_LANGUAGES)}.")
    return lang


def page_of(query: Mapping[str, str]) -> dict[str, Any]:
    """Return limit, driver_id, cp_id and before, as the archive takes them. Raises BadInput."""
    for name in ("driver_id", "cp_id"):
        if name in query:
            check_id(query[name], name)
    return {
        "limit": limit_of(query),
        "driver_id": query.get("driver_id", ""),
        "cp_id": query.get("cp_id", ""),
        "before": query.get("before", ""),
    }


def limit_of(query: Mapping[str, str], otherwise: int = PAGE) -> int:
    """Return how many rows are wanted, 1 to MAX_PAGE. Raises BadInput."""
    limit = whole(query, "limit", MAX_PAGE) if "limit" in query else otherwise
    if limit == 0:
        raise BadInput(f"limit must be a whole number from 1 to {MAX_PAGE}.")
    return limit


def whole(query: Mapping[str, str], name: str, most: int) -> int:
    """Return a whole number from 0 to `most`. Raises BadInput."""
    text = query[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= most):
        raise BadInput(f"{name} must be a whole number from 0 to {most}.")
    return int(text)


async def carried_out(dispatcher: Dispatcher, command: AnyCommand) -> Decision:
    """Carry out `command` and wait for it to be stored. Raises Refused, or Overloaded after some seconds."""
    return await within_patience(dispatcher.post(command))


async def within_patience(work: Awaitable[R]) -> R:
    """Await what Central's writer has to do. Raises Overloaded after some seconds, and what `work` raises."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await work
    except TimeoutError:
        raise Overloaded("Central is busy: check later whether it was done.", Code.BUSY, 10) from None
