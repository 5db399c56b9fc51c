"""Which Centrals share these books, which of them leads, and which Registry or Central is away."""

from collections.abc import Sequence

from aiohttp import hdrs, web

from evcharge.central.api.kit import answers
from evcharge.central.api.kit.routes import VIEWERS, Route
from evcharge.central.rules.alert_kinds import Alert
from evcharge.central.rules.commands import Actor
from evcharge.central.services.member_watch import told_url
from evcharge.central.views.alerts import Alerts
from evcharge.domain.ids import Role
from evcharge.http.server import answer
from evcharge.labels import PAGE_LANGUAGES, Speech
from evcharge.labels.api_answers import SENTENCES
from evcharge.storage.members import CentralMember, Lead, Membership


class MemberRoutes:
    """/api/members. `membership` is None where the books are a file, which one Central has to itself."""

    def __init__(self, membership: Membership | None, registries: Sequence[str], alerts: Alerts) -> None:
        """`registries` are their addresses."""
        self._membership = membership
        self._registries = [told_url(url) for url in registries]
        self._alerts = alerts

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
        registries = self._told_registries()
        if self._membership is None:
            nobody = dict.fromkeys(("leader", "since", "cause", "before"))
            return answer({**nobody, "members": [], "registries": registries})
        lead, members = await self._membership.members()
        away = self._alerts.away(Role.CENTRAL)
        return answer(
            {
                "leader": lead.name,
                "since": lead.since.isoformat(),
                "cause": lead.cause,
                "before": lead.before or None,
                "members": [_member(one, away.get(one.name)) for one in members],
                "registries": registries,
                **{lang: told_lead(lead, lang) for lang in PAGE_LANGUAGES},
            }
        )

    def _told_registries(self) -> list[dict[str, object]]:
        away = self._alerts.away(Role.REGISTRY)
        return [
            {"name": name, "away_since": _since(alert), "why": alert.detail if alert is not None else ""}
            for name in (self._registries if len(self._registries) > 1 else ())
            for alert in [away.get(name)]
        ]


def told_lead(lead: Lead, lang: str) -> str:
    """Say who leads, and what became of who led before."""
    # Who led before is told by the cause, where there was one.
    name = f"led {lead.cause}" if lead.before else "led first"
    return Speech(SENTENCES, lang)(name, who=lead.name, before=lead.before)


def _since(alert: Alert | None) -> str | None:
    return alert.since.isoformat() if alert is not None else None


def _member(one: CentralMember, away: Alert | None) -> dict[str, object]:
    return {
        "name": one.name,
        "address": one.address,
        "version": one.version,
        "since": one.since.isoformat(),
        "alive": one.alive,
        "leads": one.leads,
        "away_since": _since(away),
    }
