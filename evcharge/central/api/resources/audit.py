"""The audit log: who did what, from where, and whether anybody has changed it since."""

from typing import Any

from aiohttp import hdrs, web

from evcharge.central.api.kit import answers, views
from evcharge.central.api.kit.request_inputs import LIMIT, OF_POINT, limit_of, whole
from evcharge.central.api.kit.routes import VIEWERS, Parameter, Route
from evcharge.central.books.archive import Archive
from evcharge.central.books.store import CentralStore
from evcharge.central.rules.commands import Actor
from evcharge.central.services.chain_walker import ChainWalker
from evcharge.domain.errors import BadInput
from evcharge.domain.events import EVENT_TYPES
from evcharge.domain.ids import check_id
from evcharge.http.server import answer, language_of
from evcharge.labels.causes import beside

_NUMBER = {"type": "integer", "minimum": 0}
_AFTER = Parameter("after", "Only rows after this number, the oldest of them.", _NUMBER)
_BEFORE = Parameter(
    "before", "Only rows before this number, the newest of them: the `next` of a page.", _NUMBER
)
_TYPES = sorted(kind.__name__ for kind in EVENT_TYPES)
_TYPE = Parameter("type", "Only events of this type.", {"type": "string", "enum": _TYPES})
_WHO = Parameter("who", "Only what this account, peer or program did.")
_MOST = 10**15
_MAX_NAME = 64


class Audit:
    """/api/events, /api/audit"""

    def __init__(self, archive: Archive, store: CentralStore, chain: ChainWalker) -> None:
        self._archive = archive
        self._store = store
        self._chain = chain

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/api/events",
                handler=self.events,
                roles=VIEWERS,
                query=(_AFTER, _BEFORE, _TYPE, _WHO, OF_POINT, LIMIT),
                answers=answers.EventsAnswer,
                summary="Rows of the audit log, oldest first: those after number `after`, else the last ones.",
            ),
            Route(
                method=hdrs.METH_GET,
                path="/api/audit",
                handler=self.audit,
                roles=VIEWERS,
                answers=answers.AuditAnswer,
                summary="How long the chain of the audit log is, and whether it is whole.",
            ),
        ]

    async def events(self, request: web.Request, _: Actor) -> web.Response:
        """List rows of the audit log, oldest first: those after number `after`, else the last ones."""
        query = request.query
        limit = limit_of(query)
        filters: dict[str, Any] = {
            name: whole(query, name, _MOST) for name in ("after", "before") if name in query
        }
        if "type" in query:
            if query["type"] not in _TYPES:
                raise BadInput("type must be a type of event, such as TicketMade.")
            filters["type_"] = query["type"]
        if "who" in query:
            if not (query["who"].isprintable() and 0 < len(query["who"]) <= _MAX_NAME):
                raise BadInput(f"who must be a name of at most {_MAX_NAME} characters.")
            filters["who"] = query["who"]
        if "cp_id" in query:
            filters["cp_id"] = check_id(query["cp_id"], "cp_id")
        rows = await self._archive.events(limit=limit, **filters)
        # A page that was read forwards has a beginning that its reader knows.
        more = rows[0]["n"] if rows and len(rows) == limit and "after" not in filters else None
        told = [views.event(row) for row in rows]
        return answer({"events": told, "next": more, "causes": views.causes(told, language_of(request))})

    async def audit(self, request: web.Request, _: Actor) -> web.Response:
        """Show how long the chain is, and whether it is whole."""
        head, state = self._store.head, self._chain.state
        why = state.broken.why if state.broken is not None else ""
        known = state.verified_at is not None or state.broken is not None
        return answer(
            {
                "rows": head.n,
                "head": head.hash,
                "checked": state.checked,
                "verified_at": views.instant(state.verified_at) if state.verified_at is not None else None,
                "ok": state.broken is None if known else None,
                "first_bad": state.broken.n if state.broken is not None else None,
                "why": why,
                "causes": beside([why], language_of(request)),
            }
        )
