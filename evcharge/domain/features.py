"""What was added to EVC1 since its first release, by the names that both ends of a connection say. Pure.

A reader ignores fields that it does not know, but the first release (0.1) refuses them: so a field that came later
goes only to who named its feature at the login. `messages` holds which field belongs to which (`since`).
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

MOST_FEATURES = 64
Name = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,31}\Z")]


class Feature(StrEnum):
    """One addition. Names are for ever: what one means never changes, and none is used again."""

    # A monitor says whether a vehicle is plugged in.
    OCCUPIED = "occupied"
    # START says Central's instant, and records how many seconds of the engine's steady clock came after it.
    TIMES = "times"
    # SYNC says the greatest power of the charging point, and how much faster than real its simulated time runs.
    POWER = "power"
    # TICKET says by how much it was corrected, NOTICE how much money that is.
    CORRECTIONS = "corrections"
    # A driver confirms a start at a charging point's own menu, or has allowed it with a PIN.
    CONFIRM = "confirm"
    # SYNC says where somebody told the engine that it stands; LOCATED, where the network has it.
    LOCATION = "location"
    # WITHHELD says why a charging point is Out of Order at Central, and when it no longer is.
    WITHHELD = "withheld"
    # WALLET says what the driver owes, SESSIONS what moved in its wallet apart from charges.
    WALLET = "wallet"
    # REQUEST_START says after how much energy or money the charge is to end, SUPPLY how far it is.
    LIMITS = "limits"
    # TICKET says that an operator asked for the charge.
    BY_OPERATOR = "by_operator"
    # A HEARTBEAT is said, and answered, only over a link that carries nothing else for that long.
    QUIET = "quiet"
    # Frames are AES-256-GCM instead of Fernet tokens, where both ends name it: Central does when it is set to.
    AES_GCM = "aes_gcm"
    # SUPPLY_UPDATE says how full the battery is, and in how many seconds it will be; records say how full it is.
    BATTERY = "battery"
    # The login says in which currency the network counts.
    CURRENCY = "currency"
    # MOVED says that another Central takes over, and where it is.
    MOVED = "moved"
    # REQUEST_START says which price the driver was shown: no charge begins at a higher one, which PROGRESS says then.
    SHOWN_PRICE = "shown_price"


SPOKEN: frozenset[str] = frozenset(Feature)
# Those of them that change what a message holds, or whether it is sent at all.
OF_MESSAGES: frozenset[str] = SPOKEN - {Feature.QUIET, Feature.AES_GCM, Feature.CURRENCY}
