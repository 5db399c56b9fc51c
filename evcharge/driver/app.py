"""The driver role: by hand (or from a pipe), or from a file of services."""

import asyncio

from evcharge.channel import ChannelClosed
from evcharge.config import Config
from evcharge.driver.attend import attend
from evcharge.driver.desk import Desk
from evcharge.driver.player import check_file
from evcharge.enrolment import RegistryAddress, fetch_ticket, own_secret
from evcharge.ids import DriverId, Role, check_id
from evcharge.link import Link, LinkState, Phase, TicketWallet
from evcharge.tickets import IssuedTicket


async def run(config: Config, driver_id: DriverId, stop: asyncio.Event) -> int:
    """Be driver `driver_id` until `stop`, `quit`, or the end of the input or file. Returns the exit code.

    Raises BadInput for a bad id, StateError when a file, the screen or the credential is not usable.
    """
    check_id(driver_id, "driver id")
    file = check_file(config.driver.file) if config.driver.file is not None else None

    async def log_in() -> IssuedTicket:
        secret = await own_secret(config.state, config.reach.registry_url, "driver", driver_id)
        registry = RegistryAddress(config.reach.registry_url, config.state / "ca.pem")
        return await fetch_ticket(registry, driver_id, Role.DRIVER, secret)

    link = Link(
        config.reach.central_host,
        config.reach.central_port,
        driver_id,
        Role.DRIVER,
        TicketWallet(config.state / "driver" / driver_id / "driver.ticket"),
        log_in,
    )

    async def stay_connected(desk: Desk) -> None:
        await link.run(desk.talk, lambda state: _tell(desk, state))

    return await attend(config, driver_id, stop, stay_connected, file)


def _tell(desk: Desk, state: LinkState) -> None:
    if state.phase is not Phase.CONNECTED:
        # That nobody answered has words of its own; who answered and said no explains itself.
        desk.lost(None if isinstance(state.error, ChannelClosed) else state.error)
