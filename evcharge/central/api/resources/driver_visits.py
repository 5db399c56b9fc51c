"""Drivers who come through the web: they need not have been here with the driver's program before."""

from evcharge.central.api.kit.request_inputs import carried_out
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.rules.commands import Actor, DriverVisits
from evcharge.domain.ids import DriverId


async def welcome(dispatcher: Dispatcher, actor: Actor) -> DriverId:
    """Return the driver that `actor` is; one who was never here gets a wallet first. Raises Refused."""
    driver_id = DriverId(actor.id)
    if dispatcher.facts.driver(driver_id) is None:
        await carried_out(dispatcher, DriverVisits(by=actor, driver_id=driver_id))
    return driver_id


def registration_of(dispatcher: Dispatcher, driver_id: DriverId) -> int:
    """Return which registration of its id a driver is that is logged in."""
    driver = dispatcher.facts.driver(driver_id)
    return driver.registration if driver is not None else 0
