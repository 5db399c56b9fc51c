"""Drivers and their wallets. Nothing personal is known of them."""

from dataclasses import asdict
from typing import Annotated

from aiohttp import hdrs, web
from msgspec import Meta, Struct

from evcharge.central.api.kit import answers, member_answers, views
from evcharge.central.api.kit.request_inputs import Reference, body_of, carried_out, make_sure
from evcharge.central.api.kit.routes import OPERATORS, VIEWERS, Route
from evcharge.central.api.resources.own_account import Wanted, told_progress
from evcharge.central.books.archive import Archive
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import Actor, BarDriver, TopUp
from evcharge.domain.billing import MAX_MONEY_CENTS
from evcharge.domain.errors import Code, Refused
from evcharge.domain.events import StopOrdered
from evcharge.domain.ids import DriverId, check_id, natural
from evcharge.http.server import answer


class TopUpBody(Struct, forbid_unknown_fields=True):
    """Cents for a wallet. The same reference again is the same top-up."""

    cents: Annotated[int, Meta(ge=1, le=MAX_MONEY_CENTS)]
    reference: Reference
    confirm: bool = False


class BlockBody(Struct, forbid_unknown_fields=True):
    """Whether the driver is to be kept from charging."""

    blocked: bool


class Drivers:
    """/api/drivers…"""

    def __init__(self, dispatcher: Dispatcher, archive: Archive) -> None:
        self._dispatcher = dispatcher
        self._archive = archive

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/api/drivers",
                handler=self.drivers,
                roles=VIEWERS,
                answers=answers.DriversAnswer,
                summary="Drivers by id, with their wallets.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/drivers/{driver_id}/top-up",
                handler=self.top_up,
                roles=OPERATORS,
                body=TopUpBody,
                answers=answers.TopUpAnswer,
                summary="Put money into a wallet.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/drivers/{driver_id}/start",
                handler=self.start,
                roles=OPERATORS,
                body=Wanted,
                answers=member_answers.ProgressAnswer,
                summary="Ask to charge for a driver who stands there; the rules are those of its own request.",
            ),
            Route(
                method=hdrs.METH_POST,
                path="/api/drivers/{driver_id}/block",
                handler=self.block,
                roles=OPERATORS,
                body=BlockBody,
                answers=answers.DriverAnswer,
                summary="Block a driver from charging, or lift the block. Its session ends.",
            ),
        ]

    async def drivers(self, _request: web.Request, _: Actor) -> web.Response:
        """List drivers by id, with their wallets."""
        facts = self._dispatcher.facts
        drivers = sorted(facts.drivers(), key=lambda driver: natural(driver.driver_id))
        left = sorted(
            facts.left_wallets(), key=lambda wallet: (natural(wallet.driver_id), wallet.registration)
        )
        return answer(
            {
                "drivers": [views.driver(driver, facts) for driver in drivers],
                "left": [asdict(wallet) for wallet in left],
            }
        )

    async def top_up(self, request: web.Request, actor: Actor) -> web.Response:
        """Put money into a wallet. The same reference again changes nothing and gets the same answer."""
        driver_id = DriverId(check_id(request.match_info["driver_id"], "driver_id"))
        body = await body_of(request, TopUpBody)
        known = self._dispatcher.facts.driver(driver_id)
        if known is None or known.withdrawn:
            raise Refused(f"Driver {driver_id} is unknown here.", Code.NOT_FOUND)
        make_sure(body.confirm, body.cents)
        repeated = await self._counted(driver_id, body)
        if not repeated:
            command = TopUp(by=actor, driver_id=driver_id, cents=body.cents, reference=body.reference)
            try:
                await carried_out(self._dispatcher, command)
            except Refused:
                # Two calls at once: the books took one of them.
                repeated = await self._counted(driver_id, body)
                if not repeated:
                    raise
        facts = self._dispatcher.facts
        driver = facts.driver(driver_id)
        balance_cents = driver.balance_cents if driver is not None else 0
        return answer(
            {
                "driver_id": driver_id,
                "cents": body.cents,
                "reference": body.reference,
                "balance_cents": balance_cents,
                "owed_cents": facts.owed_cents(driver_id, driver.registration) if driver is not None else 0,
                "repeated": repeated,
            }
        )

    async def start(self, request: web.Request, actor: Actor) -> web.Response:
        """Ask to charge for a driver; say how far that has come."""
        driver_id = DriverId(check_id(request.match_info["driver_id"], "driver_id"))
        wanted = await body_of(request, Wanted)
        decision = await carried_out(self._dispatcher, wanted.command(actor, driver_id, by_operator=True))
        return answer(told_progress(wanted.request_id, decision.reply))

    async def block(self, request: web.Request, actor: Actor) -> web.Response:
        """Block a driver from charging, or lift the block."""
        driver_id = DriverId(check_id(request.match_info["driver_id"], "driver_id"))
        body = await body_of(request, BlockBody)
        command = BarDriver(by=actor, driver_id=driver_id, barred=body.blocked)
        decision = await carried_out(self._dispatcher, command)
        facts = self._dispatcher.facts
        driver = facts.driver(driver_id)
        return answer(
            {
                "driver": views.driver(driver, facts) if driver is not None else None,
                "changed": not decision.is_empty,
                "ended": sum(isinstance(event, StopOrdered) for event in decision.events),
                "stored": decision.stored,
            }
        )

    async def _counted(self, driver_id: DriverId, body: TopUpBody) -> bool:
        found = await self._archive.moved(body.reference)
        if found is not None and (found.kind, found.driver_id, found.cents) != (
            "TOP_UP",
            driver_id,
            body.cents,
        ):
            raise Refused("That reference belongs to another top-up: choose a new one.", Code.CONFLICT)
        return found is not None
