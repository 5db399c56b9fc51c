"""What a refused request to charge is about, beside its code: terms and figures that any language can word. Pure."""

from msgspec import Struct

from evcharge.domain.ids import CpId


class RefusalFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The facts of one refusal. `labels.refusals` words them; nobody else does.

    `reason`: a term of its code (an EndReason, a hold, the words of a fault, seconds to wait). `at`: the charging point
    that is offered instead, that has that price, or at which the driver's charge runs.
    """

    reason: str = ""
    # Status of the charging point: a CpStatus.
    status: str = ""
    at: CpId | None = None
    # The location that was wished for.
    wish: str = ""
    # What the wallet has; None where it is not told.
    cents: int | None = None
    within_s: int | None = None
    # What a kWh costs `at` that one, in 1/100 cent.
    price: int | None = None
    # Somebody typed the driver's id at a charging point: the driver itself does not read this.
    by_hand: bool = False


NO_FACTS = RefusalFacts()
