"""What an engine's journal records of a charge; each record is one line of it, and one part of RECORDS."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, dataclass_transform

from msgspec import UNSET, Meta, Struct, UnsetType

from evcharge.domain.billing import MAX_MONEY_CENTS, MAX_SESSION_MWH
from evcharge.domain.features import Feature
from evcharge.domain.ids import ID_PATTERN

Id = Annotated[str, Meta(pattern=ID_PATTERN)]
Token = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{8,96}\Z")]
# Text that people will read: no control characters, no line or direction overrides, short.
# A letter that neither moves the cursor nor hides or turns around what stands beside it.
PLAIN = r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
Text = Annotated[str, Meta(max_length=200, pattern=rf"\A{PLAIN}*\Z")]
# A register counts for decades; what one session can have is bounded by `billing`.
Energy = Annotated[int, Meta(ge=0, le=10**15)]
SessionEnergy = Annotated[int, Meta(ge=0, le=MAX_SESSION_MWH)]
Difference = Annotated[int, Meta(ge=-(10**15), le=10**15)]  # of energy
Power = Annotated[int, Meta(ge=0, le=10_000_000)]
Speed = Annotated[float, Meta(ge=0.01, le=100_000)]
OwnLimitMwh = Annotated[int, Meta(ge=1, le=MAX_SESSION_MWH)]
OwnLimitCents = Annotated[int, Meta(ge=1, le=MAX_MONEY_CENTS)]
Cents = Annotated[int, Meta(ge=-(10**12), le=10**12)]
Price = Annotated[int, Meta(ge=0, le=1_000_000)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Seconds = Annotated[int, Meta(ge=0, le=86_400)]
Permille = Annotated[int, Meta(ge=0, le=1000)]
DeciCelsius = Annotated[int, Meta(ge=-1000, le=5000)]  # tenths of a degree
Elapsed = Annotated[int, Meta(ge=0, le=10**9)]  # whole seconds of an engine's steady clock since SUPPLY_START
Instant = Annotated[float, Meta(ge=0, le=253_402_300_799)]  # Unix seconds, UTC
Key = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{43}=\Z")]  # 32 bytes, base64url


class Growing(Struct, frozen=True, gc=False):
    """What may get more fields. Those that the first release lacks are UNSET by default and named in `since`."""

    since: ClassVar[Mapping[str, Feature]] = MappingProxyType({})


def known(value: int | UnsetType) -> int | None:
    """Return what a field holds that may be left out; None: it was."""
    return None if value is UNSET else value


# ---- engine: the durable lane. The journal on its disk holds these very structs.


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record(Growing, frozen=True, tag_field="k", gc=False):
    """One fact of an engine's journal. `seq` counts from 1 in each journal, without gaps."""

    seq: Count
    session_id: Token


class SupplyStart(Record, tag="SUPPLY_START"):
    """The contactor is about to close: all that is needed to rebuild the session, signed by Central."""

    driver_id: Id
    request_id: Token
    price: Price
    hold_cents: Count
    limit_mwh: Energy
    auth: Text
    meter_mwh: Energy
    # START's `at`, and the seconds of the engine's steady clock that have passed since it came.
    began_at: Instant | UnsetType = UNSET
    battery_permille: Permille | UnsetType = UNSET
    since = MappingProxyType({"began_at": Feature.TIMES, "battery_permille": Feature.BATTERY})


class Meter(Record, tag="METER"):
    """The register, once a second while power flows; and how full the battery is, where that is known."""

    meter_mwh: Energy
    elapsed_s: Elapsed | UnsetType = UNSET
    battery_permille: Permille | UnsetType = UNSET
    since = MappingProxyType({"elapsed_s": Feature.TIMES, "battery_permille": Feature.BATTERY})


class SupplyEnd(Record, tag="SUPPLY_END"):
    """The contactor is open; this is the session's final register."""

    meter_mwh: Energy
    reason: Text
    elapsed_s: Elapsed | UnsetType = UNSET
    battery_permille: Permille | UnsetType = UNSET
    since = MappingProxyType({"elapsed_s": Feature.TIMES, "battery_permille": Feature.BATTERY})


class SupplyRefused(Record, tag="SUPPLY_REFUSED"):
    """No power flowed for this session, and none ever will."""

    reason: Text


AnyRecord = SupplyStart | Meter | SupplyEnd | SupplyRefused
