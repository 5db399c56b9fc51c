"""What a driver does on its own page: look, ask to charge, stop, see its tickets.

An order through the web is the same command as one from the driver's program, under the same rules. How it goes on
is told over the page's WebSocket.
"""

import secrets
from typing import Annotated

from aiohttp import hdrs, web
from msgspec import Meta, Struct

from evcharge.central.api.kit import member_answers, views
from evcharge.central.api.kit.request_inputs import BEFORE, LIMIT, body_of, carried_out, page_of
from evcharge.central.api.kit.routes import DRIVERS, Parameter, Route
from evcharge.central.api.resources.driver_visits import registration_of, welcome
from evcharge.central.api.resources.logins import Secret
from evcharge.central.books.archive import Archive, ListPage
from evcharge.central.books.store import CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.peers.consents import Consents
from evcharge.central.rules.commands import (
    Actor,
    AnswerStart,
    MarkTicketShown,
    SetPin,
    StartCharging,
    StopCharging,
)
from evcharge.central.rules.replies import RequestStep
from evcharge.central.views import refusal_text
from evcharge.central.views.driver_board import DriverBoard, ticket_row
from evcharge.central.views.page_frames import Refusal
from evcharge.domain.billing import parse_price
from evcharge.domain.errors import BadInput, Code, CommandRefused
from evcharge.domain.events import ConfirmationEnded
from evcharge.domain.ids import CpId, DriverId, RequestId, SessionId
from evcharge.domain.journal_records import Id, OwnLimitCents, OwnLimitMwh, Text, Token
from evcharge.domain.location import Location
from evcharge.evc1.messages import Pin
from evcharge.http.server import answer
from evcharge.labels import PAGE_LANGUAGES


class Wanted(Struct, forbid_unknown_fields=True):
    """A request to charge: at `cp_id`, or at any, if possible of `location`. Repeat it with the same request_id.

    It ends after so much energy (mWh) or money (cents), whichever comes first. `shown_price`: what the driver was shown
    that a kWh costs there, such as "0.25"; where it costs more by now, the request is refused (E_PRICE).
    """

    request_id: Token
    cp_id: Id | None = None
    location: Text | None = None
    until_mwh: OwnLimitMwh | None = None
    until_cents: OwnLimitCents | None = None
    shown_price: Text | None = None

    def command(self, by: Actor, driver_id: DriverId, *, by_operator: bool = False) -> StartCharging:
        """Return it as a command; `by_operator`: for a driver who stands there. Raises BadInput."""
        return StartCharging(
            by=by,
            driver_id=driver_id,
            request_id=RequestId(self.request_id),
            nonce=secrets.token_hex(8),
            cp_id=CpId(self.cp_id) if self.cp_id is not None else None,
            location=Location(self.location) if self.location is not None else None,
            until_mwh=self.until_mwh,
            until_cents=self.until_cents,
            shown_price=parse_price(self.shown_price) if self.shown_price is not None else None,
            by_operator=by_operator,
        )


class Answered(Struct, forbid_unknown_fields=True):
    """Whether the driver wants the charge that a charging point asks about."""

    request_id: Token
    yes: bool


class NewPin(Secret, forbid_unknown_fields=True):
    """A PIN of 4 to 12 digits, and what a charge with it may cost."""

    pin: Pin
    limit_cents: Annotated[int, Meta(ge=1, le=10**6)]


_SESSION = Parameter("session_id", "The charge to stop; may be left out while there is one only.")


class OwnAccountRoutes:
    """/api/me…"""

    def __init__(
        self,
        dispatcher: Dispatcher,
        store: CentralStore,
        archive: Archive,
        feed: Feed,
        drivers: DriverBoard,
        consents: Consents,
    ) -> None:
        self._dispatcher = dispatcher
        self._store = store
        self._archive = archive
        self._feed = feed
        self._drivers = drivers
        self._consents = consents

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        get, post = hdrs.METH_GET, hdrs.METH_POST
        paged = (LIMIT, BEFORE)
        return [
            Route(
                method=get,
                path="/api/me",
                handler=self.me,
                roles=DRIVERS,
                answers=member_answers.MeAnswer,
                summary="The driver's wallet, its charge and the tickets it has not seen.",
            ),
            Route(
                method=post,
                path="/api/me/requests",
                handler=self.request,
                roles=DRIVERS,
                body=Wanted,
                answers=member_answers.ProgressAnswer,
                summary="Ask to charge. The same request_id again changes nothing and gets the same answer.",
            ),
            Route(
                method=post,
                path="/api/me/stop",
                handler=self.stop,
                roles=DRIVERS,
                query=(_SESSION,),
                answers=member_answers.ProgressAnswer,
                summary="Stop the driver's charge; the answer names it.",
            ),
            Route(
                method=post,
                path="/api/me/answers",
                handler=self.answer,
                roles=DRIVERS,
                body=Answered,
                answers=member_answers.ProgressAnswer,
                summary="Say whether the driver wants the charge that a charging point asks about.",
            ),
            Route(
                method=post,
                path="/api/me/pin",
                handler=self.set_pin,
                roles=DRIVERS,
                body=NewPin,
                answers=member_answers.PinAnswer,
                summary="Allow charges at the menus of charging points with a PIN, each up to a limit.",
            ),
            Route(
                method=hdrs.METH_DELETE,
                path="/api/me/pin",
                handler=self.remove_pin,
                roles=DRIVERS,
                answers=member_answers.PinAnswer,
                summary="Give the PIN up.",
            ),
            Route(
                method=get,
                path="/api/me/sessions",
                handler=self.sessions,
                roles=DRIVERS,
                query=paged,
                answers=member_answers.OwnSessionsAnswer,
                summary="The driver's sessions, the newest first; `next` continues the list.",
            ),
            Route(
                method=get,
                path="/api/me/tickets",
                handler=self.tickets,
                roles=DRIVERS,
                query=paged,
                answers=member_answers.OwnTicketsAnswer,
                summary="The driver's tickets, the newest first; `next` continues the list.",
            ),
            Route(
                method=get,
                path="/api/me/wallet",
                handler=self.wallet,
                roles=DRIVERS,
                answers=member_answers.OwnWalletAnswer,
                summary="What came into the driver's wallet and went out of it apart from charges, the newest first.",
            ),
            Route(
                method=post,
                path="/api/me/tickets/{session_id}/seen",
                handler=self.seen,
                roles=DRIVERS,
                answers=member_answers.SeenAnswer,
                summary="The driver has seen this ticket: it leaves its inbox.",
            ),
        ]

    async def wallet(self, _: web.Request, actor: Actor) -> web.Response:
        """List what came into the driver's wallet and went out of it, apart from its charges."""
        driver_id = await welcome(self._dispatcher, actor)
        registration = registration_of(self._dispatcher, driver_id)
        rows = await self._store.moved(driver_id, registration)
        names = ("at", "kind", "cents", "session_id", "reason")
        return answer({"moved": [{name: row[name] for name in names} for row in rows]})

    async def me(self, _: web.Request, actor: Actor) -> web.Response:
        """Show the driver its wallet, its charge and its first unseen tickets."""
        driver_id = await welcome(self._dispatcher, actor)
        shown = self._drivers.view(driver_id)
        registration = registration_of(self._dispatcher, driver_id)
        unseen, _more = await self._store.unseen_tickets(driver_id, registration)
        return answer(
            {
                "driver_id": driver_id,
                "balance_cents": shown.balance_cents,
                "held_cents": shown.held_cents,
                "owed_cents": shown.owed_cents,
                "session": shown.session,
                "unseen": [ticket_row(ticket) for ticket in unseen],
                "question": shown.question,
                "pin_limit_cents": shown.pin_limit_cents,
            }
        )

    async def request(self, request: web.Request, actor: Actor) -> web.Response:
        """Ask to charge; say how far that has come."""
        wanted = await body_of(request, Wanted)
        driver_id = await welcome(self._dispatcher, actor)
        decision = await carried_out(self._dispatcher, wanted.command(actor, driver_id))
        return answer(told_progress(wanted.request_id, decision.reply))

    async def stop(self, request: web.Request, actor: Actor) -> web.Response:
        """Stop the charge that is named, or the only one; say which that was."""
        named = request.query.get("session_id")
        driver_id = await welcome(self._dispatcher, actor)
        command = StopCharging(
            by=actor, driver_id=driver_id, session_id=SessionId(named) if named is not None else None
        )
        try:
            decision = await carried_out(self._dispatcher, command)
        except CommandRefused as refusal:
            if refusal.code is not Code.NO_SESSION:
                raise
            raise CommandRefused(refusal.why, Code.CONFLICT, **refusal.facts) from None
        return answer(told_progress("", decision.reply))

    async def answer(self, request: web.Request, actor: Actor) -> web.Response:
        """Start the charge that a charging point asks about, or do not."""
        said = await body_of(request, Answered)
        driver_id = await welcome(self._dispatcher, actor)
        command = AnswerStart(
            by=actor,
            driver_id=driver_id,
            request_id=RequestId(said.request_id),
            yes=said.yes,
            nonce=secrets.token_hex(8),
        )
        decision = await carried_out(self._dispatcher, command)
        for event in decision.events:
            if isinstance(event, ConfirmationEnded):
                refusal = refusal_text.of_event(event)
                told = {"request_id": event.request_id, "step": "REFUSED", "session_id": None}
                return answer(told | {"cp_id": event.cp_id, "code": event.code} | _in_words(refusal))
        return answer(told_progress(said.request_id, decision.reply))

    async def set_pin(self, request: web.Request, actor: Actor) -> web.Response:
        """Keep another PIN."""
        wanted = await body_of(request, NewPin)
        driver_id = await welcome(self._dispatcher, actor)
        registration = registration_of(self._dispatcher, driver_id)
        kept = await self._consents.kept(driver_id, wanted.pin)
        await carried_out(
            self._dispatcher,
            SetPin(
                by=actor,
                driver_id=driver_id,
                registration=registration,
                pin_hash=kept,
                limit_cents=wanted.limit_cents,
            ),
        )
        return answer({"limit_cents": wanted.limit_cents})

    async def remove_pin(self, _: web.Request, actor: Actor) -> web.Response:
        """Keep none."""
        driver_id = await welcome(self._dispatcher, actor)
        await carried_out(self._dispatcher, SetPin(by=actor, driver_id=driver_id, pin_hash=None))
        return answer({"limit_cents": None})

    async def sessions(self, request: web.Request, actor: Actor) -> web.Response:
        """List the driver's own sessions."""
        rows, more = await self._archive.sessions(self._own_page(request, actor))
        return answer({"sessions": [views.session(row, self._feed.live) for row in rows], "next": more})

    async def tickets(self, request: web.Request, actor: Actor) -> web.Response:
        """List the driver's own tickets."""
        rows, more = await self._archive.tickets(self._own_page(request, actor))
        return answer({"tickets": [views.ticket(row) for row in rows], "next": more})

    def _own_page(self, request: web.Request, actor: Actor) -> ListPage:
        registration = registration_of(self._dispatcher, DriverId(actor.id))
        return ListPage(**page_of(request.query) | {"driver_id": actor.id, "registration": registration})

    async def seen(self, request: web.Request, actor: Actor) -> web.Response:
        """Take a ticket out of the driver's inbox. Said again, or of somebody else's, it changes nothing."""
        session_id = request.match_info["session_id"]
        if not 8 <= len(session_id) <= 96:
            raise BadInput("A session's id has 8 to 96 characters.")
        driver_id = await welcome(self._dispatcher, actor)
        command = MarkTicketShown(by=actor, driver_id=driver_id, session_id=SessionId(session_id))
        decision = await carried_out(self._dispatcher, command)
        return answer({"session_id": session_id, "changed": not decision.is_empty})


def told_progress(request_id: str, reply: object) -> dict[str, object]:
    """Return how far a request has come, as the page is told."""
    if not isinstance(reply, RequestStep):
        # It was carried out to its end before: the ticket is the answer.
        return {"request_id": request_id, "step": "TICKETED", "session_id": None, "cp_id": None}
    told: dict[str, object] = {
        "request_id": reply.request_id,
        "step": reply.step,
        "session_id": reply.session_id,
        "cp_id": reply.cp_id,
    }
    if reply.step == "REFUSED":
        refusal = refusal_text.of_answer(reply)
        told |= {"code": reply.code} | _in_words(refusal)
    return told


def _in_words(refusal: Refusal) -> dict[str, object]:
    """Return it in each language of the pages."""
    return {lang: getattr(refusal, lang) for lang in PAGE_LANGUAGES}
