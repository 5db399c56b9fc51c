"""What a refused request to charge is about, beside its code: terms and figures that any language can word. Pure."""

from msgspec import Struct

from evcharge.domain.billing import MAX_PRICE_CENTI_CENTS
from evcharge.domain.ids import CpId

_MOST_DIGITS = len(str(MAX_PRICE_CENTI_CENTS))


class RefusalFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The facts of one refusal. `labels.refusals` words them; nobody else does.

    `reason`: a term of its code (an EndReason, a hold, the words of a fault, seconds to wait, a price in 1/100 cent per
    kWh). `at`: the charging point that is offered instead, that has that price, or at which the driver's charge runs.
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
    # Somebody typed the driver's id at a charging point: the driver itself does not read this.
    by_hand: bool = False

    @property
    def price(self) -> int | None:
        """The price that `reason` is, with E_PRICE; None: it is none, for a far end may say anything."""
        is_one = self.reason.isdecimal() and len(self.reason) <= _MOST_DIGITS
        return int(self.reason) if is_one else None


NO_FACTS = RefusalFacts()
