"""How a charging point's programs reach Central: the credential both share, their link, and the lines about it."""

import asyncio
import logging

from evcharge import enrolment
from evcharge.config import Config
from evcharge.errors import Overloaded
from evcharge.ids import CpId, Role
from evcharge.labels import Phrase, say
from evcharge.lifecycle import Backoff
from evcharge.link import Link, LinkState, Phase, TicketWallet
from evcharge.tickets import IssuedTicket

log = logging.getLogger(__name__)


async def credential(config: Config, cp_id: CpId) -> str:
    """Return the secret of this charging point; waits for the Registry when it must be registered first.

    Raises StateError, with what to do, when it can be neither found nor made.
    """
    backoff = Backoff(first_s=1.0)
    waiting = False
    while True:
        try:
            secret = await enrolment.own_secret(
                config.state, config.reach.registry_url, "cp", cp_id, location=config.engine.location
            )
        except Overloaded as problem:
            if not waiting:
                log.warning("%s: %s", say(Phrase.REGISTRY_LOST, config.lang), problem.text)
            waiting = True
            await asyncio.sleep(backoff.next_s(problem.retry_after_s or 0.0))
            continue
        if waiting:
            log.info("%s", say(Phrase.REGISTRY_BACK, config.lang))
        return secret


def link_to_central(config: Config, cp_id: CpId, role: Role, secret: str) -> Link:
    """Return the link of this engine or monitor."""
    registry = enrolment.RegistryAddress(config.reach.registry_url, config.state / "ca.pem")

    async def fetch_ticket() -> IssuedTicket:
        return await enrolment.fetch_ticket(registry, cp_id, role, secret)

    return Link(
        config.reach.central_host,
        config.reach.central_port,
        cp_id,
        role,
        TicketWallet(config.state / "cp" / cp_id / f"{role}.ticket"),
        fetch_ticket,
    )


class LinkLines:
    """Says in plain lines what the link lives through, each change once."""

    def __init__(self, config: Config) -> None:
        self._where = f"CENTRAL at {config.reach.central_host}:{config.reach.central_port}"
        self._lang = config.lang
        self._was_lost = False

    def tell(self, state: LinkState, consequence: str = "") -> None:
        """Log one change; `consequence` says what goes on without Central."""
        text = state.error.text if state.error is not None else "it ended"
        match state.phase:
            case Phase.CONNECTED if self._was_lost:
                log.info("%s (%s)", say(Phrase.CENTRAL_BACK, self._lang), self._where)
            case Phase.CONNECTED:
                log.info("connected to %s", self._where)
            case Phase.LOST:
                log.warning("the link to %s was lost: %s%s", self._where, text, consequence)
            case Phase.WAITING if self._lang != "en":
                log.warning("%s: %s%s", say(Phrase.CENTRAL_LOST, self._lang), text, consequence)
            case Phase.WAITING if text.startswith("cannot connect to"):
                log.warning("C%s%s", text[1:], consequence)
            case Phase.WAITING:
                log.warning("Cannot connect to %s: %s%s", self._where, text, consequence)
        self._was_lost = state.phase is not Phase.CONNECTED
