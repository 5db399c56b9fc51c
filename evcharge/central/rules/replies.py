"""What the rules answer to a command, in terms of the domain; `announce` turns it into what its peer hears. Pure."""

from dataclasses import dataclass

from msgspec import Struct

from evcharge.domain.ids import CpId, DriverId, RequestId, SessionId
from evcharge.domain.refusals import NO_FACTS, RefusalFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStep:
    """How far a request to charge has come: `step` is one of ASKING, READY, CHARGING, STOPPING, REFUSED.

    When it is REFUSED, `code` and `facts` say why; `views.refusal_text` has the words.
    """

    request_id: RequestId
    step: str
    session_id: SessionId | None = None
    cp_id: CpId | None = None
    driver_id: DriverId | None = None
    code: str = ""
    facts: RefusalFacts = NO_FACTS
    plug_within_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverAsked:
    """The driver is asked whether it wants the charge that somebody starts at the charging point."""

    request_id: RequestId
    driver_id: DriverId
    within_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PinLimit:
    """What a charge with the driver's PIN may cost; None: it has no PIN."""

    limit_cents: int | None


class RecordsTaken(Struct, frozen=True, kw_only=True):
    """The journal is committed up to `last_seq`."""

    last_seq: int


class RecordsMissing(Struct, frozen=True, kw_only=True):
    """There is a gap: the journal must be told again from the record after `last_seq`."""

    last_seq: int


Reply = RequestStep | DriverAsked | PinLimit | RecordsTaken | RecordsMissing
