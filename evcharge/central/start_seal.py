"""Central's signature under a START: what an engine journals of it can be believed when it comes back. Pure."""

import hashlib
import hmac

from evcharge.events import SessionAuthorised
from evcharge.ids import CpId
from evcharge.messages import SupplyStart


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
    )


def is_sealed(key: bytes, cp_id: CpId, start: SupplyStart) -> bool:
    """Return whether Central itself authorised what `start` says, at that charging point."""
    ours = _seal(
        key,
        start.session_id,
        start.request_id,
        cp_id,
        start.driver_id,
        start.price,
        start.hold_cents,
        start.limit_mwh,
    )
    return hmac.compare_digest(ours.encode(), start.auth.encode())


def _seal(key: bytes, *said: object) -> str:
    return hmac.new(key, "|".join(str(one) for one in said).encode(), hashlib.sha256).hexdigest()
