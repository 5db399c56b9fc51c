"""The tables of central.db that the audit log proves, and what it tells of their rows. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from evcharge.domain.charging_point import Hold

# What the log does not say: no column holds bytes.
UNKNOWN: Final = b"?"
# More than these of one kind would be read by nobody.
MOST_LINES = 12

Row = dict[str, Any]
# Takes in one row of the named table.
Put = Callable[[str, Row], None]


class Columns(Protocol):
    """A row of the log: its columns by name."""

    def __getitem__(self, name: str, /) -> Any:
        """Return one column."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that the log proves: its key, and the columns that events tell."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    # Numbers that only rise: where the log does not tell one, it tells the least that it can be.
    rising: tuple[str, ...] = ()
    # What to compare instead of the table itself, in books that have `kept_since`; {registration}: that column, or 0
    # where there was none yet.
    kept: str = ""
    kept_since: str = ""

    @property
    def told(self) -> tuple[str, ...]:
        """Return the columns of the rows that the log tells."""
        return (*self.key, *self.columns, *self.rising, *(least(name) for name in self.rising))


HOLD_COLUMNS = tuple(f"{hold}_hold" for hold in Hold)
TABLES: Final = {
    table.name: table
    for table in (
        Table(
            "cp",
            ("cp_id",),
            (
                "location", "said_location", "located_by_operator", "price_centi_cents_per_kwh", "fault", *HOLD_COLUMNS,
                "revoked", "withdrawn", "registration", "journal_id",
            ),
            ("epoch",),
        ),
        Table(
            "driver",
            ("driver_id",),
            (
                "registration", "balance_cents", "held_cents", "blocked", "withdrawn", "barred", "pin_limit_cents",
                "pin_seal",
            ),
            ("epoch",),
            kept="(SELECT *, seal_of_pin(driver_id, pin_hash) AS pin_seal FROM driver)",
            kept_since="pin_hash",
        ),
        Table("former_wallet", ("driver_id", "registration"), ("balance_cents",)),
        Table(
            "session",
            ("session_id",),
            (
                "request_id", "cp_id", "driver_id", "registration", "state", "price_centi_cents_per_kwh", "hold_cents",
                "limit_mwh", "plug_within_s", "start_meter_mwh", "authorised_at", "started_at", "ended_at",
                "received_at", "stop_reason", "end_reason", "rebuilt", "short_cents",
                "until_mwh", "until_cents", "by_operator",
            ),
        ),
        Table(
            "ticket",
            ("session_id",),
            (
                "request_id", "cp_id", "driver_id", "registration", "energy_mwh", "cost_cents",
                "price_centi_cents_per_kwh", "reason", "started_at", "ended_at", "estimated", "elapsed_s",
                "received_at", "vat_permille", "issuer",
            ),
        ),
        Table(
            "issuer",
            ("number",),
            ("since", "operator", "tax_id", "address", "country_code", "party_id", "vat_permille"),
        ),
        Table(
            "correction",
            ("session_id", "number"),
            (
                "at", "cp_id", "driver_id", "kind", "energy_mwh", "cost_cents", "paid_cents", "ended_at", "elapsed_s",
                "reason", "reference",
            ),
        ),
        Table("debt", ("session_id",), ("driver_id", "registration", "left_cents")),
        Table("inbox", ("session_id",), ("driver_id",)),
        Table("journal", ("cp_id", "journal_id"), (), ("last_seq",)),
        Table("weather", ("place",), ("alerts", "override")),
        Table(
            "account",
            ("name",),
            ("role", "removed", "seal"),
            kept="(SELECT name, role, removed_at IS NOT NULL AS removed, seal_of_account(name, role, secret_hash,"
            " version, created_at, created_by, removed_at, {registration}) AS seal FROM account)",
        ),
        Table(
            "api_token",
            ("name",),
            ("role", "removed", "seal"),
            kept="(SELECT name, role, removed_at IS NOT NULL AS removed, seal_of_token(name, role, token_sha256,"
            " created_at, created_by, removed_at) AS seal FROM api_token)",
        ),
    )
}  # fmt: skip


def least(column: str) -> str:
    """Return the name of the column that holds the least that a rising one can be."""
    return f"least_{column}"


# Rows without a name of their own: as many of each must be there as the log tells of.
LEDGER: Final = (
    "at",
    "kind",
    "debit",
    "credit",
    "cents",
    "driver_id",
    "registration",
    "session_id",
    "reason",
    "actor",
    "reference",
)
QUARANTINE: Final = ("at", "cp_id", "session_id", "kind", "journal_id", "seq", "why", "record", "kept")
