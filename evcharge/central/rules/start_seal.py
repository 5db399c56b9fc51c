"""Central's signature under a START: what an engine journals of it can be believed when it comes back. Pure."""

import hashlib
import hmac

from evcharge.domain.events import SessionAuthorised
from evcharge.domain.ids import CpId
from evcharge.domain.journal_records import SupplyStart

# So many next owners of one id may be missing in a copy that is put back.
_MOST_LOST = 16


def seal(key: bytes, start: SessionAuthorised) -> str:
    """Return the signature of a session as it was authorised."""
    return _seal(
        key,
        start.session_id,
        start.request_id,
        start.cp_id,
        start.driver_id,
        start.price_centi_cents_per_kwh,
        start.hold_cents,
        start.limit_mwh,
        *_later(start.registration),
    )


def is_sealed(key: bytes, cp_id: CpId, start: SupplyStart, registration: int = 0) -> bool:
    """Return whether Central itself authorised what `start` says, at that charging point, for that registration."""
    ours = _seal(
        key,
        start.session_id,
        start.request_id,
        cp_id,
        start.driver_id,
        start.price,
        start.hold_cents,
        start.limit_mwh,
        *_later(registration),
    )
    return hmac.compare_digest(ours.encode(), start.auth.encode())


def sealed_for(key: bytes, cp_id: CpId, start: SupplyStart, known: int) -> int | None:
    """Return for which registration of its driver's id Central authorised `start`; None: for none, it is not ours.

    A record does not name it. `known` is the latest that the books know; a few later ones may have been lost with them.
    """
    tried = (known, *range(known), *range(known + 1, known + 1 + _MOST_LOST))
    return next((number for number in tried if is_sealed(key, cp_id, start, number)), None)


def _later(registration: int) -> tuple[int, ...]:
    # Signatures of before registrations were told apart are of the first one.
    return (registration,) if registration else ()


def _seal(key: bytes, *said: object) -> str:
    return hmac.new(key, "|".join(str(one) for one in said).encode(), hashlib.sha256).hexdigest()
