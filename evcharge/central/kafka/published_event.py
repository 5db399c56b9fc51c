"""A stored event -> what other programs read of it in Kafka (docs/KAFKA.md). Pure.

The id of an event is its number in the audit log and the beginning of its hash: the same each time that it is
sent, and never the same in two networks.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from evcharge.central.views.refusal_text import fields_in_words
from evcharge.kafka.topics import CENTRAL_EVENTS, CENTRAL_KEY, CP_EVENTS, DRIVER_EVENTS, Outgoing
from evcharge.runtime.network_currency import currency

_HASH_CHARS = 16
# Told beside `data` already.
_TOLD = frozenset({"type", "cp_id", "driver_id", "session_id", "request_id"})


class Published(Struct, frozen=True):
    """One event, as everybody may read it. `at` is ISO 8601 in UTC; `data`: its own fields, cents in `currency`."""

    event_id: str
    correlation_id: str | None
    type: str
    at: str
    cp_id: str | None
    driver_id: str | None
    session_id: str | None
    actor: str
    role: str
    currency: str
    data: dict[str, Any]


_encoder = msgspec.json.Encoder()


def outgoing(row: Mapping[str, Any]) -> list[Outgoing]:
    """Return the records of one row of the events table; one that concerns two goes to both."""
    told = fields_in_words(row["type"], row["data"])
    data = {name: value for name, value in told.items() if name not in _TOLD}
    value = _encoder.encode(
        Published(
            event_id=f"{row['n']}-{row['hash'][:_HASH_CHARS]}",
            correlation_id=row["correlation_id"],
            type=row["type"],
            at=row["at"],
            cp_id=row["cp_id"],
            driver_id=row["driver_id"],
            session_id=row["session_id"],
            actor=row["actor"],
            role=row["role"],
            currency=currency().code,
            data=data,
        )
    )
    records = [
        (topic, key, value)
        for topic, key in ((CP_EVENTS, row["cp_id"]), (DRIVER_EVENTS, row["driver_id"]))
        if key is not None
    ]
    return records or [(CENTRAL_EVENTS, CENTRAL_KEY, value)]
