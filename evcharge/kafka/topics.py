"""What travels over Kafka: the names of the topics, and what a sealed order looks like. Pure; docs/KAFKA.md tells all.

A record's key says whom it is about, and Central takes nobody else's key to open it.
"""

from collections.abc import Mapping

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from evcharge.domain.errors import Code, ProtocolError
from evcharge.domain.operator_order import Order
from evcharge.domain.strict_json import read_json
from evcharge.evc1.frames import FernetTokens

CENTRAL_EVENTS, CP_EVENTS, DRIVER_EVENTS = "central-events", "cp-events", "driver-events"
CP_TELEMETRY, CENTRAL_COMMANDS = "cp-telemetry", "central-commands"
EVENT_TOPICS = (CENTRAL_EVENTS, CP_EVENTS, DRIVER_EVENTS)
_MINUTE_MS = 60_000
# Every topic, and how it is kept when it has to be created. What lives minutes need not be kept for a week.
TOPICS: Mapping[str, Mapping[str, str]] = {
    **{topic: {} for topic in EVENT_TOPICS},
    CP_TELEMETRY: {"retention.ms": str(10 * _MINUTE_MS), "segment.ms": str(10 * _MINUTE_MS)},
    CENTRAL_COMMANDS: {"retention.ms": str(60 * _MINUTE_MS)},
}
# What is about no charging point and no driver has this key: all of it stays in order.
CENTRAL_KEY = "central"

# What a record holds, by topic, key and value.
Outgoing = tuple[str, str, bytes]


class OrderSeal:
    """Seals and opens orders under a key that follows from the operator's token."""

    def __init__(self, token: str) -> None:
        key = HKDF(SHA256(), 32, b"EVC1", b"EVC1 central commands").derive(token.encode())
        self._tokens = FernetTokens(key)

    def seal(self, order: Order) -> bytes:
        """Return the value of the record."""
        return self._tokens.seal(msgspec.json.encode(order))

    def open(self, value: bytes) -> Order:
        """Return the order. Raises ProtocolError: E_CRYPTO for another key, E_FIELD for what is no order."""
        try:
            plaintext = self._tokens.open(value)
        except ProtocolError:
            text = "an order does not open under the key of the operator's token"
            raise ProtocolError(text, Code.CRYPTO) from None
        try:
            return read_json(plaintext, Order)
        except ValueError:
            raise ProtocolError("what was opened is no order", Code.FIELD) from None
