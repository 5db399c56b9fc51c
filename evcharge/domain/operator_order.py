"""An operator's order as it travels over Kafka, and for how long it is good."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from evcharge.domain.journal_records import Id

# An order that is found later than this after it was sealed is not carried out any more.
ORDER_VALID_S = 300.0
# Clocks differ a little; an order from further in the future was sealed by a clock that is wrong.
ORDER_EARLY_S = 30.0


class Order(Struct, frozen=True, forbid_unknown_fields=True):
    """An operator's order, as it lies sealed in central-commands. `issued_at` is in Unix seconds."""

    command_id: Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
    command: Literal["out", "resume", "revoke"]
    cp_id: Id
    issued_at: Annotated[float, Meta(ge=0, le=253_402_300_799)]
