"""The driver role: by hand (or from a pipe), from a file of services, or misbehaving on purpose."""

import asyncio

from evcharge.domain.ids import DriverId, Role, check_id
from evcharge.driver.actions import ActionRunner
from evcharge.driver.chaos import Chaos
from evcharge.driver.file_mode import check_file
from evcharge.driver.session_run import run_session
from evcharge.driver.words import Words
from evcharge.evc1.client import LinkState, Phase, ReconnectingClient, TicketWallet
from evcharge.evc1.connection import Channel, ChannelClosed, HandedOver
from evcharge.evc1.tickets import IssuedTicket
from evcharge.http.registry_client import RegistryAddress, fetch_ticket, kept_credential, own_secret
from evcharge.runtime.config import Config


async def run(config: Config, driver_id: DriverId, stop: asyncio.Event) -> int:
    """Be driver `driver_id` until `stop`, `quit`, or the end of the input or file. Returns the exit code.

    Raises BadInput for a bad id, StateError when a file, the screen or the credential is not usable.
    """
    check_id(driver_id, "driver id")
    file = check_file(config.driver.file, Words(config.lang)) if config.driver.file is not None else None
    chaos = Chaos(config.driver.chaos, config.driver.pause_s) if config.driver.chaos is not None else None

    registry = RegistryAddress.of(config)

    async def log_in() -> IssuedTicket:
        secret = await own_secret(config.state, registry, "driver", driver_id)
        return await fetch_ticket(registry, driver_id, Role.DRIVER, secret)

    link = ReconnectingClient(
        config.reach.centrals,
        driver_id,
        Role.DRIVER,
        TicketWallet(config.state / "driver" / driver_id / "driver.ticket"),
        log_in,
        timing=chaos.timing if chaos is not None else None,
        credential=lambda: kept_credential(config.state, "driver", driver_id),
    )

    async def stay_connected(desk: ActionRunner) -> None:
        link.on_registry = lambda problem: desk.carry_out(desk.conversation.renewal(problem))

        async def talk(channel: Channel) -> None:
            await desk.talk(chaos.spoil(channel, desk) if chaos is not None else channel)

        await link.run(talk, lambda state: _tell(desk, state))

    by_itself = chaos.roam if chaos is not None else None
    return await run_session(config, driver_id, stop, stay_connected, file, by_itself)


def _tell(desk: ActionRunner, state: LinkState) -> None:
    desk.conversation.address = state.where
    if isinstance(state.error, HandedOver):
        desk.carry_out(desk.conversation.handed_over())
    elif state.phase is not Phase.CONNECTED:
        # That nobody answered has words of its own; who answered and said no explains itself.
        if isinstance(state.error, ChannelClosed):
            desk.lost(None, state.error.why)
        else:
            desk.lost(state.error)
