"""What became of a charge, from the request to its ticket and what put that right. Pure."""

from evcharge.domain.events.event import Event
from evcharge.domain.ids import CpId, DriverId, RequestId, SessionId
from evcharge.domain.refusals import RefusalFacts
from evcharge.domain.session import EndReason


class StartRefused(Event):
    """A request to charge broke a rule; nothing changed. `times` counts repeats within a minute."""

    driver_id: DriverId
    request_id: RequestId
    cp_id: CpId | None
    code: str
    # An older Central's sentence; now the facts say it in any language.
    text: str = ""
    times: int = 1
    # With E_PAUSE: the seconds that the driver must wait.
    reason: str = ""
    facts: RefusalFacts | None = None
    # An operator asked, who was told; its driver was not.
    by_operator: bool = False


class ConfirmationAsked(Event):
    """A driver's id was typed at a charging point; the driver is asked whether it wants to charge there."""

    driver_id: DriverId
    request_id: RequestId
    cp_id: CpId
    location: str
    price_centi_cents_per_kwh: int
    hold_cents: int
    within_s: int


class StartConfirmed(Event):
    """The driver said yes to the charge asked for at a charging point. Its authorisation follows."""

    driver_id: DriverId
    request_id: RequestId
    cp_id: CpId


class ConfirmationEnded(Event):
    """The driver did not confirm, or the charge was no longer possible: nothing was started. `reason` says why."""

    driver_id: DriverId
    request_id: RequestId
    cp_id: CpId
    code: str
    # An older Central's sentence; now the facts say it in any language.
    text: str = ""
    reason: str = ""
    facts: RefusalFacts | None = None


class SessionAuthorised(Event):
    """A request was granted: money is held, the price is frozen, the charging point is asked."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    price_centi_cents_per_kwh: int
    hold_cents: int
    limit_mwh: int
    plug_within_s: int
    # When, in Unix seconds by Central's clock; 0: an older Central did not say.
    authorised_at: float = 0.0
    registration: int = 0
    # After so much its driver wants it to end; `limit_mwh` is what came of that, and of the money.
    until_mwh: int | None = None
    until_cents: int | None = None
    # An operator asked for it, for a driver who stood there.
    by_operator: bool = False


class SessionRebuilt(Event):
    """A session missing from a restored backup was rebuilt: the engine had begun it, and Central had signed it.

    It had been granted `short_cents` more than its wallet still has: what it costs beyond the hold is owed.
    """

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    price_centi_cents_per_kwh: int
    hold_cents: int
    short_cents: int
    limit_mwh: int
    plug_within_s: int
    authorised_at: float
    registration: int = 0


class SessionReady(Event):
    """The charging point accepted the session and waits for the plug."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    plug_within_s: int


class SessionStarted(Event):
    """The engine journaled the start: power may flow."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    meter_mwh: int
    # When, in Unix seconds by Central's clock; 0: when Central heard of it.
    started_at: float = 0.0


class SessionInterrupted(Event):
    """Something broke during a charge; the final ticket follows. The energy is what was known by then."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    energy_mwh: int
    reason: str


class StraySupply(Event):
    """Power flows for a session that is closed here: the engine is told to end it. `times` counts within a minute."""

    session_id: SessionId
    cp_id: CpId
    times: int = 1


class StopOrdered(Event):
    """Central ordered the session to end; the engine's record will say how it did."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    reason: EndReason


class SessionRefused(Event):
    """The charging point refused the session: no power flowed, and the hold is back in the wallet."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    reason: EndReason
    # When, in Unix seconds by Central's clock; 0: when Central heard of it.
    ended_at: float = 0.0


class TicketMade(Event):
    """A session ended and was billed, once."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    energy_mwh: int
    cost_cents: int
    price_centi_cents_per_kwh: int
    reason: EndReason
    started_at: float
    ended_at: float
    estimated: bool
    balance_cents: int
    # The seconds that the charging point counted; None: it does not say, and the times are of arrival.
    elapsed_s: int | None = None
    # When Central heard of the end, in Unix seconds; 0: just then.
    received_at: float = 0.0
    registration: int = 0
    # What is still to be paid of it: less could be held than it had been granted.
    owed_cents: int = 0
    # An operator had asked for it.
    by_operator: bool = False
    # The VAT that its price contains, in thousandths: that of its end. None: an older Central.
    vat_permille: int | None = None
    # Who issued receipts then: the `issuer` of a `CentralStarted`. None: an older Central.
    issuer: int | None = None


class TicketShown(Event):
    """The driver has seen its ticket."""

    driver_id: DriverId
    session_id: SessionId


class TicketCorrected(Event):
    """A ticket was corrected, by a difference in energy and money; the wallet paid `paid_cents`, or got them back.

    `owed_cents` is what the wallet lacked, or what is owed no more (less than nothing); `all_owed_cents` is the total
    under this id, whichever registration, as it is now. `kind` is RECORD when its
    charging point told the rest, ORDER when an operator says so. `told_later`: the ticket lies in the inbox of its
    driver again.
    """

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    number: int
    kind: str
    energy_mwh: int
    cost_cents: int
    paid_cents: int
    owed_cents: int
    reason: str
    ended_at: float
    elapsed_s: int | None
    ticket_ended_at: float
    balance_cents: int
    told_later: bool = False
    registration: int = 0
    # The id has another owner since, who is told nothing: the money is that of the wallet which was left.
    former_owner: bool = False
    # For an order: the reference that its author gave.
    reference: str | None = None
    # None: written before this was told.
    all_owed_cents: int | None = None


class SessionReopened(Event):
    """A session that was given up has begun after all: its money is held again, and its engine is told to end it."""

    session_id: SessionId
    request_id: RequestId
    cp_id: CpId
    driver_id: DriverId
    hold_cents: int
    # What it was granted and the wallet has no more.
    short_cents: int = 0


SessionEvent = (
    StartRefused
    | ConfirmationAsked
    | StartConfirmed
    | ConfirmationEnded
    | SessionAuthorised
    | SessionRebuilt
    | SessionReady
    | SessionStarted
    | SessionInterrupted
    | StraySupply
    | StopOrdered
    | SessionRefused
    | TicketMade
    | TicketShown
    | TicketCorrected
    | SessionReopened
)
