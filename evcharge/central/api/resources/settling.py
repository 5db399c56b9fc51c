"""What an operator settles by hand: charges to end, sessions whose engine is lost, money that must be put right."""

from collections.abc import Mapping
from typing import Annotated

from aiohttp import hdrs, web
from msgspec import Meta, Struct

from evcharge.central.api.kit import answers
from evcharge.central.api.kit.request_inputs import Reference, body_of, carried_out, make_sure
from evcharge.central.api.kit.routes import OPERATORS, Route
from evcharge.central.api.resources.sessions import Sessions
from evcharge.central.books.archive import Archive, Moved
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import Actor, CloseLost, CorrectMoney, EndCharge, PayOut, Refund
from evcharge.central.rules.facts import TransferKind
from evcharge.domain.billing import MAX_MONEY_CENTS
from evcharge.domain.errors import Code, Refused
from evcharge.domain.ids import DriverId, SessionId, check_id
from evcharge.domain.journal_records import PLAIN
from evcharge.http.server import answer, language_of

# Its driver is told over EVC1: as there, no letters that hide or turn around what stands beside them.
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=rf"\A(?=.*\S){PLAIN}*\Z")]
Cents = Annotated[int, Meta(ge=1, le=MAX_MONEY_CENTS)]

CONFLICT: Mapping[int, str] = {
    409: "The rules do not allow it now, or the sum looks like a slip (E_CONFIRM): then say `confirm`.",
}


class CorrectionBody(Struct, forbid_unknown_fields=True):
    """Cents to put into the wallet, or (below 0) to take out; with a session, as a correction of its ticket."""

    cents: Annotated[int, Meta(ge=-MAX_MONEY_CENTS, le=MAX_MONEY_CENTS)]
    reason: Reason
    reference: Reference
    session_id: Annotated[str, Meta(max_length=200)] | None = None
    confirm: bool = False


class RefundBody(Struct, forbid_unknown_fields=True):
    """Cents to give back of what a ticket costs; all of it when there are none."""

    reason: Reason
    reference: Reference
    cents: Cents | None = None
    confirm: bool = False


class PayOutBody(Struct, forbid_unknown_fields=True):
    """Cents to pay out, all when there are none; of the wallet that `registration` of the id has or left."""

    reason: Reason
    reference: Reference
    cents: Cents | None = None
    registration: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    confirm: bool = False


class Settling:
    """/api/sessions/{session_id}/stop, …/close-lost and …/refund, /api/drivers/{driver_id}/correct and …/pay-out."""

    def __init__(self, dispatcher: Dispatcher, archive: Archive, sessions: Sessions) -> None:
        self._dispatcher = dispatcher
        self._archive = archive
        self._sessions = sessions

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_POST,
                path="/api/sessions/{session_id}/stop",
                handler=self.stop,
                roles=OPERATORS,
                answers=answers.SessionAnswer,
                summary="End one charge; its charging point stays in service.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/sessions/{session_id}/close-lost",
                handler=self.close_lost,
                roles=OPERATORS,
                answers=answers.SessionAnswer,
                summary="Close a session whose engine does not come back: billed by estimate, or its hold goes back.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/sessions/{session_id}/refund",
                handler=self.refund,
                roles=OPERATORS,
                body=RefundBody,
                answers=answers.MoneyAnswer,
                also=CONFLICT,
                summary="Give back what a ticket cost, or a part of it.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/drivers/{driver_id}/correct",
                handler=self.correct,
                roles=OPERATORS,
                body=CorrectionBody,
                answers=answers.MoneyAnswer,
                also=CONFLICT,
                summary="Put money into a wallet or take it out, with a reason.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/drivers/{driver_id}/pay-out",
                handler=self.pay_out,
                roles=OPERATORS,
                body=PayOutBody,
                answers=answers.MoneyAnswer,
                also=CONFLICT,
                summary="Pay out a wallet, also one that a withdrawn driver left.",
            ),
        ]

    async def stop(self, request: web.Request, actor: Actor) -> web.Response:
        """End one charge; its charging point stays in service."""
        session_id = SessionId(request.match_info["session_id"])
        await self._sessions.told(session_id)
        await carried_out(self._dispatcher, EndCharge(by=actor, session_id=session_id))
        return answer(await self._sessions.told(session_id, language_of(request)))

    async def close_lost(self, request: web.Request, actor: Actor) -> web.Response:
        """Close a session whose engine does not come back."""
        session_id = SessionId(request.match_info["session_id"])
        await self._sessions.told(session_id)
        await carried_out(self._dispatcher, CloseLost(by=actor, session_id=session_id))
        return answer(await self._sessions.told(session_id, language_of(request)))

    async def refund(self, request: web.Request, actor: Actor) -> web.Response:
        """Give back what a ticket cost, or a part of it."""
        session_id = SessionId(request.match_info["session_id"])
        body = await body_of(request, RefundBody)
        ticket = (await self._sessions.told(session_id))["ticket"]
        cents = body.cents
        if cents is None and isinstance(ticket, dict):
            cents = ticket["cost_cents"] + ticket["corrected_cents"]
        make_sure(body.confirm, cents or 0)
        command = Refund(
            by=actor, session_id=session_id, cents=body.cents, reason=body.reason, reference=body.reference
        )
        return await self._moved(command, None, session_id, body.cents)

    async def correct(self, request: web.Request, actor: Actor) -> web.Response:
        """Put money into a wallet or take it out."""
        driver_id = DriverId(check_id(request.match_info["driver_id"], "driver_id"))
        body = await body_of(request, CorrectionBody)
        make_sure(body.confirm, abs(body.cents))
        session_id = SessionId(body.session_id) if body.session_id is not None else None
        command = CorrectMoney(
            by=actor,
            driver_id=driver_id,
            cents=body.cents,
            session_id=session_id,
            reason=body.reason,
            reference=body.reference,
        )
        return await self._moved(command, driver_id, session_id, body.cents)

    async def pay_out(self, request: web.Request, actor: Actor) -> web.Response:
        """Pay out a wallet, or a part of it."""
        driver_id = DriverId(check_id(request.match_info["driver_id"], "driver_id"))
        body = await body_of(request, PayOutBody)
        make_sure(
            body.confirm, body.cents if body.cents is not None else self._free(driver_id, body.registration)
        )
        command = PayOut(
            by=actor,
            driver_id=driver_id,
            cents=body.cents,
            registration=body.registration,
            reason=body.reason,
            reference=body.reference,
        )
        return await self._moved(command, driver_id, None, -body.cents if body.cents is not None else None)

    def _free(self, driver_id: DriverId, registration: int | None) -> int:
        facts = self._dispatcher.facts
        driver = facts.driver(driver_id)
        if driver is not None and registration in (None, driver.registration):
            return driver.balance_cents
        left = facts.former_wallet(driver_id, registration or 0)
        return left.balance_cents if left is not None else 0

    async def _moved(
        self,
        command: CorrectMoney | Refund | PayOut,
        driver_id: DriverId | None,
        session_id: SessionId | None,
        cents: int | None,
    ) -> web.Response:
        """Carry out `command`, once for each reference; answer what has moved."""
        kind = TransferKind.PAY_OUT if isinstance(command, PayOut) else TransferKind.CORRECTION

        async def known() -> Moved | None:
            found = await self._archive.moved(command.reference)
            if found is not None and not found.is_what(kind, driver_id, session_id, cents):
                raise Refused("That reference belongs to another order: choose a new one.", Code.CONFLICT)
            return found

        before = await known()
        if before is None:
            try:
                await carried_out(self._dispatcher, command)
            except Refused:
                # Two calls at once: the books took one of them.
                before = await known()
                if before is None:
                    raise
        moved = await known()
        if moved is None:
            raise LookupError(command.reference)
        return answer(
            {
                "driver_id": moved.driver_id,
                "session_id": moved.session_id,
                "cents": moved.cents,
                "balance_cents": self._free(moved.driver_id, moved.registration),
                "owed_cents": self._dispatcher.facts.owed_cents(moved.driver_id, moved.registration),
                "reference": command.reference,
                "repeated": before is not None,
            }
        )
