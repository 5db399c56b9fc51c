"""Which Centrals share these books, and which of them leads."""

from aiohttp import hdrs, web

from evcharge.central.api.kit import answers
from evcharge.central.api.kit.routes import VIEWERS, Route
from evcharge.central.rules.commands import Actor
from evcharge.http.server import answer
from evcharge.labels import PAGE_LANGUAGES, Speech
from evcharge.labels.api_answers import SENTENCES
from evcharge.storage.members import CentralMember, Lead, Membership


class MemberRoutes:
    """/api/members. `membership` is None where the books are a file, which one Central has to itself."""

    def __init__(self, membership: Membership | None) -> None:
        self._membership = membership

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/api/members",
                handler=self.members,
                roles=VIEWERS,
                answers=answers.MembersAnswer,
                summary="The Centrals on the same PostgreSQL, which of them leads since when, and why it took over.",
            )
        ]

    async def members(self, _request: web.Request, _: Actor) -> web.Response:
        """List every Central that was seen of late, and the last take-over. Raises StoreError."""
        if self._membership is None:
            return answer({"leader": None, "since": None, "cause": None, "before": None, "members": []})
        lead, members = await self._membership.members()
        return answer(
            {
                "leader": lead.name,
                "since": lead.since.isoformat(),
                "cause": lead.cause,
                "before": lead.before or None,
                "members": [_member(one) for one in members],
                **{lang: told_lead(lead, lang) for lang in PAGE_LANGUAGES},
            }
        )


def told_lead(lead: Lead, lang: str) -> str:
    """Say who leads, and what became of who led before."""
    # Who led before is told by the cause, where there was one.
    name = f"led {lead.cause}" if lead.before else "led first"
    return Speech(SENTENCES, lang)(name, who=lead.name, before=lead.before)


def _member(one: CentralMember) -> dict[str, object]:
    return {
        "name": one.name,
        "address": one.address,
        "version": one.version,
        "since": one.since.isoformat(),
        "alive": one.alive,
        "leads": one.leads,
    }
