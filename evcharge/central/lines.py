"""One plain line of text for each thing that happens at Central. Pure."""

from evcharge import events
from evcharge.billing import euros, kwh, price_text
from evcharge.charging_point import ChargingPoint


def line(event: events.Event) -> str | None:
    """Return what to print for `event`, or None when its effect on the status says it all."""
    match event:
        case events.PointAdded():
            price = price_text(event.price_centi_cents_per_kwh)
            return f"{event.cp_id} is new here: {event.location or 'no location'}, {price} €/kWh"
        case events.PointMoved():
            return f"{event.cp_id} is now in {event.location}"
        case events.HoldPlaced():
            return f"{event.cp_id} is held: {event.hold}"
        case events.HoldLifted():
            return f"{event.cp_id} is no longer held by: {event.hold}"
        case events.KeyRevoked():
            return f"{event.cp_id}: keys revoked; it needs a new registration"
        case events.KeyRestored():
            return f"{event.cp_id}: back with new keys"
        case events.JournalReplaced():
            return f"ALERT {event.cp_id} has a new journal ({event.old[:8]} before, {event.new[:8]} now)"
        case events.RecordQuarantined():
            return f"ALERT {event.cp_id}: record {event.seq} set aside: {event.why}"
        case events.DriverAdded():
            return f"{event.driver_id} is new here"
        case events.DriverConnected():
            return f"{event.driver_id} connected"
        case events.DriverLost():
            return f"{event.driver_id} left: {event.reason}"
        case events.DriverBlocked():
            return f"{event.driver_id}: credential withdrawn"
        case events.WalletToppedUp():
            return f"{event.driver_id}: {euros(event.cents)} € in, balance {euros(event.balance_cents)} €"
        case events.StartRefused():
            return f"{event.driver_id} refused: {event.text}"
        case events.SessionAuthorised():
            return f"{event.session_id}: authorised, up to {euros(event.hold_cents)} €; asking {event.cp_id}"
        case events.SessionReady():
            return f"{event.session_id}: {event.cp_id} waits for the plug"
        case events.SessionStarted():
            return f"{event.session_id}: {event.cp_id} supplies {event.driver_id}"
        case events.SessionInterrupted():
            return f"{event.session_id}: interrupted ({event.reason}), {kwh(event.energy_mwh)} kWh so far"
        case events.StopOrdered():
            return f"{event.session_id}: stop ordered ({event.reason})"
        case events.SessionRefused():
            return f"{event.session_id}: not taken ({event.reason}); nothing charged, nothing paid"
        case events.TicketMade():
            estimated = ", estimated" if event.estimated else ""
            return (
                f"{event.session_id}: ticket {kwh(event.energy_mwh)} kWh, {euros(event.cost_cents)} € "
                f"({event.reason}{estimated})"
            )
        case events.ClockJumped():
            return f"ALERT the clock of this machine jumped by {event.seconds:+} s"
        case _:
            return None


def status_line(point: ChargingPoint) -> str:
    """Return the status of one charging point in words."""
    where = f" ({point.location})" if point.location else ""
    why = f": {point.reason}" if point.reason else ""
    return f"{point.cp_id}{where} {point.status}{why}"
