"""The rows that the tables of central.db must hold, by the audit log alone. Pure.

Not told by any event: what charging points showed (status_log, status_daily), measured weather, how far a running
charge has come, and how far Kafka has been sent and read (outbox, order_offset).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec

from evcharge.central.rules.accounts import Told
from evcharge.domain import events as e
from evcharge.domain.charging_point import Hold, LocatedBy
from evcharge.domain.location import Location
from evcharge.domain.session import EndReason, SessionState
from evcharge.domain.strict_json import read_json
from evcharge.domain.timestamps import text_of

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
    """A table that the log proves: what one of its rows is called, its key, and the columns that events tell."""

    name: str
    noun: str
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


_HOLDS = tuple(f"{hold}_hold" for hold in Hold)
TABLES: Final = {
    table.name: table
    for table in (
        Table(
            "cp",
            "charging point",
            ("cp_id",),
            (
                "location", "said_location", "located_by_operator", "price_centi_cents_per_kwh", "fault", *_HOLDS,
                "revoked", "withdrawn", "registration", "journal_id",
            ),
            ("epoch",),
        ),
        Table(
            "driver",
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
        Table("former_wallet", "former wallet of", ("driver_id", "registration"), ("balance_cents",)),
        Table(
            "session",
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
            "ticket",
            ("session_id",),
            (
                "request_id", "cp_id", "driver_id", "registration", "energy_mwh", "cost_cents",
                "price_centi_cents_per_kwh", "reason", "started_at", "ended_at", "estimated", "elapsed_s",
                "received_at",
            ),
        ),
        Table(
            "correction",
            "correction",
            ("session_id", "number"),
            (
                "at", "cp_id", "driver_id", "kind", "energy_mwh", "cost_cents", "paid_cents", "ended_at", "elapsed_s",
                "reason", "reference",
            ),
        ),
        Table("debt", "debt for", ("session_id",), ("driver_id", "registration", "left_cents")),
        Table("inbox", "unseen ticket", ("session_id",), ("driver_id",)),
        Table("journal", "journal", ("cp_id", "journal_id"), (), ("last_seq",)),
        Table("weather", "weather of", ("place",), ("alerts", "override")),
        Table(
            "account",
            "account",
            ("name",),
            ("role", "removed", "seal"),
            kept="(SELECT name, role, removed_at IS NOT NULL AS removed, seal_of_account(name, role, secret_hash,"
            " version, created_at, created_by, removed_at, {registration}) AS seal FROM account)",
        ),
        Table(
            "api_token",
            "token",
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
# The log does not tell it for a peer that was never linked.
_NO_EPOCH: Final = {"epoch": UNKNOWN, "least_epoch": 0}


class ExpectedRows:
    """Folds the events of a log, from its first, into rows: `put` gets each one once, at the latest by `finish`."""

    def __init__(self, put: Put) -> None:
        self._put = put
        self._rows: dict[str, dict[Any, Row]] = {
            name: {}
            for name in (
                "cp", "driver", "former_wallet", "journal", "weather", "account", "api_token", "inbox", "debt",
            )
        }  # fmt: skip
        self._open: dict[str, Row] = {}
        # Refused because they were given up: one of them may still begin.
        self._given_up: dict[str, Row] = {}
        self._problems: list[str] = []
        self.logins = Told()
        self.orders: set[str] = set()
        self.newest_at = ""
        # Top-ups whose reference was not kept in the log: those of before it was.
        self.unnamed_top_ups = 0
        # The event from which on the log proves accounts, tokens and references, and of what kind it was before.
        self._unsealed: dict[str, int] = {}
        self._at = ""
        self._actor = ""
        self._n = 0

    def take(self, row: Columns) -> None:
        """Take in the next row of the log."""
        # We never write anything but text: the chain names that row.
        self._at, self._n = str(row["at"]).encode("utf-8", "replace").decode(), row["n"]
        self._actor = row["actor"]
        self.newest_at = max(self.newest_at, self._at)
        handler = _HANDLERS.get(row["type"])
        if handler is None:
            return
        kind, fold = handler
        try:
            event = read_json(row["data"], kind)
        except (TypeError, ValueError, AttributeError):
            return  # `audit verify` names it
        fold(self, event)

    def finish(self) -> None:
        """Put the rows that may still have changed."""
        for name, rows in self._rows.items():
            for row in rows.values():
                self._put(name, row)
        for row in (*self._open.values(), *self._given_up.values()):
            self._put("session", row)

    @property
    def problems(self) -> list[str]:
        """What the log says twice, and differently."""
        return self._problems[:MOST_LINES]

    def notes(self) -> Iterator[str]:
        """Yield what cannot be proven."""
        for what, n in self._unsealed.items():
            yield f"{what} can be proven by events after number {n} only: those of before do not tell"

    # ---- points

    def _point(self, cp_id: str) -> Row:
        # A log that tells of a point that was never added was tampered with; whatever it says, the row must be that.
        return self._rows["cp"].setdefault(
            cp_id,
            {
                "cp_id": cp_id,
                "location": UNKNOWN,
                "said_location": "",
                "located_by_operator": 0,
                "price_centi_cents_per_kwh": UNKNOWN,
                "fault": None,
                **dict.fromkeys(_HOLDS, 0),
                "revoked": 0,
                "withdrawn": 0,
                "registration": 0,
                "journal_id": None,
                **_NO_EPOCH,
            },
        )

    def point_added(self, event: e.PointAdded) -> None:
        self._point(event.cp_id).update(
            location=event.location,
            said_location="",
            located_by_operator=0,
            price_centi_cents_per_kwh=event.price_centi_cents_per_kwh,
            registration=event.registration,
            revoked=0,
            withdrawn=0,
        )
        self._epoch(self._point(event.cp_id), event.epoch)

    def point_withdrawn(self, event: e.PointWithdrawn) -> None:
        self._point(event.cp_id).update(revoked=1, withdrawn=1, fault=None)
        self._epoch(self._point(event.cp_id), event.epoch)

    def point_moved(self, event: e.PointMoved) -> None:
        # Older than the record of who said so.
        by_operator = int(event.by == LocatedBy.OPERATOR) if event.by else UNKNOWN
        self._point(event.cp_id).update(location=event.location, located_by_operator=by_operator)

    def price_changed(self, event: e.PriceChanged) -> None:
        self._point(event.cp_id)["price_centi_cents_per_kwh"] = event.price_centi_cents_per_kwh

    def fault_reported(self, event: e.FaultReported) -> None:
        self._point(event.cp_id)["fault"] = event.fault

    def fault_cleared(self, event: e.FaultCleared) -> None:
        self._point(event.cp_id)["fault"] = None

    def hold_placed(self, event: e.HoldPlaced) -> None:
        self._point(event.cp_id)[f"{event.hold}_hold"] = 1

    def hold_lifted(self, event: e.HoldLifted) -> None:
        self._point(event.cp_id)[f"{event.hold}_hold"] = 0

    def key_revoked(self, event: e.KeyRevoked) -> None:
        self._point(event.cp_id)["revoked"] = 1
        self._epoch(self._point(event.cp_id), event.epoch)

    def key_restored(self, event: e.KeyRestored) -> None:
        self._point(event.cp_id)["revoked"] = 0
        self._epoch(self._point(event.cp_id), event.epoch)

    def engine_connected(self, event: e.EngineConnected) -> None:
        self._point(event.cp_id)["journal_id"] = event.journal_id
        if event.said:
            self._point(event.cp_id)["said_location"] = event.said
        self._epoch(self._point(event.cp_id), event.epoch)
        # Less than before when that journal was forgotten meanwhile.
        self._cursor(event.cp_id, event.journal_id, 0)["least_last_seq"] = event.last_seq

    def engine_lost(self, event: e.EngineLost) -> None:
        journal_id = self._point(event.cp_id)["journal_id"]
        if journal_id is not None and event.last_seq is not None:
            # Without a link nothing more is taken of it.
            self._cursor(event.cp_id, journal_id, event.last_seq)["last_seq"] = event.last_seq

    def monitor_connected(self, event: e.MonitorConnected) -> None:
        self._epoch(self._point(event.cp_id), event.epoch)

    def record_quarantined(self, event: e.RecordQuarantined) -> None:
        self._cursor(event.cp_id, event.journal_id, event.seq)
        record = _record(event.record)
        about = (event.cp_id, record.session_id, record.k, event.journal_id, event.seq)
        said = (self._at, *about, event.why, event.record, int(event.kept))
        self._put("quarantine", dict(zip(QUARANTINE, said, strict=True)))

    def _cursor(self, cp_id: str, journal_id: str, seq: int) -> Row:
        row = self._rows["journal"].setdefault(
            (cp_id, journal_id), {"cp_id": cp_id, "journal_id": journal_id, "least_last_seq": 0}
        )
        row |= {"last_seq": UNKNOWN, "least_last_seq": max(row["least_last_seq"], seq)}
        return row

    @staticmethod
    def _epoch(row: Row, epoch: int | None) -> None:
        row["epoch"] = UNKNOWN if epoch is None else epoch
        row["least_epoch"] = max(row["least_epoch"], epoch or 0)

    # ---- drivers and money

    def _driver(self, driver_id: str) -> Row:
        return self._rows["driver"].setdefault(
            driver_id,
            {
                "driver_id": driver_id,
                "registration": 0,
                "balance_cents": 0,
                "held_cents": 0,
                "blocked": 0,
                "withdrawn": 0,
                "barred": 0,
                "pin_limit_cents": 0,
                "pin_seal": "",
                **_NO_EPOCH,
            },
        )

    def driver_added(self, event: e.DriverAdded) -> None:
        before = self._rows["driver"].get(event.driver_id)
        if before is not None and event.registration > before["registration"]:
            # The present owner of the id begins with a row of its own.
            columns = ("driver_id", "registration", "balance_cents")
            key = (event.driver_id, before["registration"])
            self._rows["former_wallet"][key] = {name: before[name] for name in columns}
            del self._rows["driver"][event.driver_id]
        self._driver(event.driver_id)["registration"] = event.registration
        self._epoch(self._driver(event.driver_id), event.epoch)

    def driver_connected(self, event: e.DriverConnected) -> None:
        self._epoch(self._driver(event.driver_id), event.epoch)

    def driver_blocked(self, event: e.DriverBlocked) -> None:
        self._driver(event.driver_id)["blocked"] = 1
        self._epoch(self._driver(event.driver_id), event.epoch)

    def driver_unblocked(self, event: e.DriverUnblocked) -> None:
        self._driver(event.driver_id)["blocked"] = 0
        self._epoch(self._driver(event.driver_id), event.epoch)

    def driver_withdrawn(self, event: e.DriverWithdrawn) -> None:
        self._says(event.driver_id, event.balance_cents)
        self._driver(event.driver_id).update(blocked=1, withdrawn=1)
        self._epoch(self._driver(event.driver_id), event.epoch)

    def driver_barred(self, event: e.DriverBarred) -> None:
        self._driver(event.driver_id)["barred"] = 1

    def driver_readmitted(self, event: e.DriverReadmitted) -> None:
        self._driver(event.driver_id)["barred"] = 0

    def pin_set(self, event: e.PinSet) -> None:
        self._driver(event.driver_id).update(pin_limit_cents=event.limit_cents, pin_seal=event.seal)

    def pin_removed(self, event: e.PinRemoved) -> None:
        self._driver(event.driver_id).update(pin_limit_cents=0, pin_seal="")

    def wallet_topped_up(self, event: e.WalletToppedUp) -> None:
        self._driver(event.driver_id)["balance_cents"] += event.cents
        self._says(event.driver_id, event.balance_cents)
        named = event.reference != ""
        if not named:
            self.unnamed_top_ups += 1
            self._unsealed["references of top-ups"] = self._n
        self._move("TOP_UP", event.cents, event.driver_id, reference=event.reference if named else UNKNOWN)

    def wallet_corrected(self, event: e.WalletCorrected) -> None:
        self._driver(event.driver_id)["balance_cents"] += event.cents
        self._says(event.driver_id, event.balance_cents)
        kind = "PUT_IN" if event.cents > 0 else "TAKEN_OUT"
        self._move(kind, abs(event.cents), event.driver_id, reference=event.reference, reason=event.reason)

    def paid_out(self, event: e.PaidOut) -> None:
        self._takes(event, event.cents)
        registration, reason = event.registration, event.reason
        self._move("PAY_OUT", event.cents, event.driver_id, None, event.reference, registration, reason)

    def _takes(self, event: e.TicketCorrected | e.PaidOut, cents: int) -> None:
        """Take `cents` out of the wallet of a driver, or out of the one that a former owner of its id left."""
        if event.former_owner:
            key = (event.driver_id, event.registration)
            none = {"driver_id": event.driver_id, "registration": event.registration, "balance_cents": 0}
            self._rows["former_wallet"].setdefault(key, none)["balance_cents"] -= cents
        else:
            self._driver(event.driver_id)["balance_cents"] -= cents
            self._says(event.driver_id, event.balance_cents)

    def _says(self, driver_id: str, balance_cents: int) -> None:
        # Only a part of the log was made anew, when it does not add up in itself.
        known = self._driver(driver_id)["balance_cents"]
        if balance_cents != known:
            self._problems.append(
                f"the audit log does not add up: event {self._n} says {balance_cents} cents of {driver_id}, "
                f"all before it come to {known}"
            )
            self._driver(driver_id)["balance_cents"] = balance_cents

    def _move(
        self,
        kind: str,
        cents: int,
        driver_id: str,
        session_id: str | None = None,
        reference: object = None,
        registration: int | None = None,
        reason: str | None = None,
    ) -> None:
        if cents:
            debit, credit = _ACCOUNTS[kind]
            kind = _KINDS.get(kind, kind)
            if registration is None:
                registration = self._driver(driver_id)["registration"]
            actor = self._actor if reason is not None else None
            whose = (driver_id, registration, session_id)
            said = (self._at, kind, debit, credit, cents, *whose, reason, actor, reference)
            self._put("ledger", dict(zip(LEDGER, said, strict=True)))

    # ---- sessions

    def session_authorised(self, event: e.SessionAuthorised | e.SessionRebuilt) -> None:
        self._open[event.session_id] = {
            "session_id": event.session_id,
            "request_id": event.request_id,
            "cp_id": event.cp_id,
            "driver_id": event.driver_id,
            "registration": self._driver(event.driver_id)["registration"],
            "state": SessionState.AUTHORISED.value,
            "price_centi_cents_per_kwh": event.price_centi_cents_per_kwh,
            "hold_cents": event.hold_cents,
            "limit_mwh": event.limit_mwh,
            "plug_within_s": event.plug_within_s,
            "start_meter_mwh": 0,
            "authorised_at": self._at,
            "started_at": None,
            "ended_at": None,
            "received_at": None,
            "stop_reason": None,
            "end_reason": None,
            "rebuilt": 0,
            "short_cents": 0,
            "until_mwh": None,
            "until_cents": None,
            "by_operator": 0,
        }
        if isinstance(event, e.SessionAuthorised):
            self._open[event.session_id] |= {
                "until_mwh": event.until_mwh,
                "until_cents": event.until_cents,
                "by_operator": int(event.by_operator),
            }
        self._holds(event.driver_id, event.session_id, event.hold_cents)

    def _holds(self, driver_id: str, session_id: str, cents: int) -> None:
        self._move("HOLD", cents, driver_id, session_id)
        driver = self._driver(driver_id)
        driver["balance_cents"] -= cents
        driver["held_cents"] += cents

    def session_rebuilt(self, event: e.SessionRebuilt) -> None:
        self.session_authorised(event)
        self._open[event.session_id] |= {
            "authorised_at": _instant(event.authorised_at),
            "rebuilt": 1,
            "short_cents": event.short_cents,
        }

    def session_started(self, event: e.SessionStarted) -> None:
        if (session := self._open.get(event.session_id)) is not None:
            session |= {
                "state": SessionState.CHARGING.value,
                "start_meter_mwh": event.meter_mwh,
                "started_at": _instant(event.started_at) if event.started_at else self._at,
            }

    def stop_ordered(self, event: e.StopOrdered) -> None:
        if (session := self._open.get(event.session_id)) is not None:
            session["stop_reason"] = event.reason.value

    def session_refused(self, event: e.SessionRefused) -> None:
        ended_at = _instant(event.ended_at) if event.ended_at else self._at
        session = self._ends(event.session_id, SessionState.REFUSED, event.reason.value, ended_at)
        if session is not None:
            self._pays(session, 0)
            if event.reason is EndReason.LOST:
                self._given_up[event.session_id] = session
            else:
                self._put("session", session)

    def session_reopened(self, event: e.SessionReopened) -> None:
        if (session := self._given_up.pop(event.session_id, None)) is not None:
            session |= dict.fromkeys(("ended_at", "received_at", "end_reason"))
            session |= {"hold_cents": event.hold_cents, "short_cents": event.short_cents}
            self._open[event.session_id] = session
        self._holds(event.driver_id, event.session_id, event.hold_cents)

    def ticket_corrected(self, event: e.TicketCorrected) -> None:
        self._takes(event, event.paid_cents)
        kind = "CORRECTION" if event.paid_cents > 0 else "REFUND"
        self._move(
            kind,
            abs(event.paid_cents),
            event.driver_id,
            event.session_id,
            event.reference,
            event.registration,
            event.reason if event.reference is not None else None,
        )
        self._owes(event.driver_id, event.registration, event.session_id, event.owed_cents)
        self._put(
            "correction",
            {
                "session_id": event.session_id,
                "number": event.number,
                "at": self._at,
                "cp_id": event.cp_id,
                "driver_id": event.driver_id,
                "kind": event.kind,
                "energy_mwh": event.energy_mwh,
                "cost_cents": event.cost_cents,
                "paid_cents": event.paid_cents,
                "ended_at": _instant(event.ended_at),
                "elapsed_s": event.elapsed_s,
                "reason": event.reason,
                "reference": event.reference,
            },
        )
        if event.told_later:
            said = {"session_id": event.session_id, "driver_id": event.driver_id}
            self._rows["inbox"][event.session_id] = said

    def ticket_made(self, event: e.TicketMade) -> None:
        started_at, ended_at = _instant(event.started_at), _instant(event.ended_at)
        session = self._ends(event.session_id, SessionState.TICKETED, event.reason.value, ended_at)
        if session is not None:
            self._pays(session, min(event.cost_cents, session["hold_cents"]))
            self._put("session", session)
        self._says(event.driver_id, event.balance_cents)
        self._owes(event.driver_id, event.registration, event.session_id, event.owed_cents)
        self._put(
            "ticket",
            {
                "session_id": event.session_id,
                "request_id": event.request_id,
                "cp_id": event.cp_id,
                "driver_id": event.driver_id,
                "registration": event.registration,
                "energy_mwh": event.energy_mwh,
                "cost_cents": event.cost_cents,
                "price_centi_cents_per_kwh": event.price_centi_cents_per_kwh,
                "reason": event.reason.value,
                "started_at": started_at,
                "ended_at": ended_at,
                "estimated": int(event.estimated),
                "elapsed_s": event.elapsed_s,
                "received_at": _instant(event.received_at) if event.received_at else self._at,
            },
        )
        self._rows["inbox"][event.session_id] = {"session_id": event.session_id, "driver_id": event.driver_id}

    def debt_paid(self, event: e.DebtPaid) -> None:
        self._driver(event.driver_id)["balance_cents"] -= event.cents
        self._says(event.driver_id, event.balance_cents)
        self._move("PAYMENT", event.cents, event.driver_id, event.session_id)
        if (debt := self._rows["debt"].get(event.session_id)) is not None:
            debt["left_cents"] = event.left_cents

    def _owes(self, driver_id: str, registration: int, session_id: str, cents: int) -> None:
        if cents:
            about = {"session_id": session_id, "driver_id": driver_id, "registration": registration}
            debt = self._rows["debt"].setdefault(session_id, {**about, "left_cents": 0})
            debt["left_cents"] += cents

    def ticket_shown(self, event: e.TicketShown) -> None:
        self._rows["inbox"].pop(event.session_id, None)

    def _ends(self, session_id: str, state: SessionState, reason: str, at: str) -> Row | None:
        session = self._open.pop(session_id, None)
        if session is not None:
            session |= {
                "state": state.value, "end_reason": reason, "ended_at": at, "received_at": self._at,
            }  # fmt: skip
        return session

    def _pays(self, session: Row, cents: int) -> None:
        driver_id, session_id, hold = session["driver_id"], session["session_id"], session["hold_cents"]
        self._move("CAPTURE", cents, driver_id, session_id)
        self._move("RELEASE", hold - cents, driver_id, session_id)
        driver = self._driver(driver_id)
        driver["balance_cents"] += hold - cents
        driver["held_cents"] -= hold

    # ---- the control room

    def weather_raised(self, event: e.WeatherAlertRaised) -> None:
        self._weather(event.location, {*self._alerts(event.location), event.alert})

    def weather_cleared(self, event: e.WeatherAlertCleared) -> None:
        self._weather(event.location, set(event.left))
        if not event.left:
            self._rows["weather"][Location(event.location).key]["override"] = 0

    def weather_overridden(self, event: e.WeatherOverridden) -> None:
        self._weather(event.location, self._alerts(event.location))
        self._rows["weather"][Location(event.location).key]["override"] = int(event.override)

    def _alerts(self, location: str) -> set[str]:
        row = self._rows["weather"].get(Location(location).key)
        return {name for name in row["alerts"].split(",") if name} if row is not None else set()

    def _weather(self, location: str, alerts: set[str]) -> None:
        row = self._rows["weather"].setdefault(
            Location(location).key, {"place": Location(location).key, "override": 0}
        )
        row["alerts"] = ",".join(sorted(alerts))

    def account_changed(self, event: e.AccountAdded | e.AccountChanged) -> None:
        self._access("account", event.name, event.seal, role=event.role, removed=0)

    def account_removed(self, event: e.AccountRemoved) -> None:
        self._access("account", event.name, event.seal, removed=1)

    def token_made(self, event: e.TokenMade) -> None:
        self._access("api_token", event.name, event.seal, role=event.role, removed=0)

    def token_removed(self, event: e.TokenRemoved) -> None:
        self._access("api_token", event.name, event.seal, removed=1)

    def _access(self, table: str, name: str, sealed: str, **said: object) -> None:
        row = self._rows[table].setdefault(name, {"name": name, "role": UNKNOWN})
        row |= {**said, "seal": sealed or UNKNOWN}
        if not sealed:
            self._unsealed["passwords and tokens"] = self._n

    def logged_in(self, event: e.LoggedIn) -> None:
        self.logins.take(event, self._at)
        if not event.login:
            self._unsealed["open logins of the pages"] = self._n

    def order_answered(self, event: e.OrderCarriedOut | e.OrderRefused) -> None:
        self.orders.add(event.request_id)


class _Record(msgspec.Struct):
    k: str = ""
    session_id: str = ""


def _record(text: str) -> _Record:
    """Return whose record it is that was set aside, and of which kind."""
    try:
        return read_json(text, _Record)
    except ValueError:
        return _Record()


def _instant(unix_s: float) -> str:
    return text_of(datetime.fromtimestamp(unix_s, UTC))


_ACCOUNTS: Final = {
    "TOP_UP": ("outside", "wallet"),
    "HOLD": ("wallet", "held"),
    "CAPTURE": ("held", "revenue"),
    "RELEASE": ("held", "wallet"),
    "CORRECTION": ("wallet", "revenue"),
    # A correction the other way, and what pays a debt.
    "REFUND": ("revenue", "wallet"),
    # A correction of a wallet itself.
    "PUT_IN": ("outside", "wallet"),
    "TAKEN_OUT": ("wallet", "outside"),
    "PAY_OUT": ("wallet", "outside"),
    "PAYMENT": ("wallet", "revenue"),
}
# As what the ledger enters them.
_KINDS: Final = dict.fromkeys(("REFUND", "PUT_IN", "TAKEN_OUT"), "CORRECTION") | {"PAYMENT": "CAPTURE"}
_Fold = Callable[[ExpectedRows, Any], None]
_HANDLERS: Final[dict[str, tuple[type[e.Event], _Fold]]] = {
    kind.__name__: (kind, fold)
    for kind, fold in (
        (e.PointAdded, ExpectedRows.point_added),
        (e.PointWithdrawn, ExpectedRows.point_withdrawn),
        (e.PointMoved, ExpectedRows.point_moved),
        (e.PriceChanged, ExpectedRows.price_changed),
        (e.FaultReported, ExpectedRows.fault_reported),
        (e.FaultCleared, ExpectedRows.fault_cleared),
        (e.HoldPlaced, ExpectedRows.hold_placed),
        (e.HoldLifted, ExpectedRows.hold_lifted),
        (e.KeyRevoked, ExpectedRows.key_revoked),
        (e.KeyRestored, ExpectedRows.key_restored),
        (e.EngineConnected, ExpectedRows.engine_connected),
        (e.EngineLost, ExpectedRows.engine_lost),
        (e.MonitorConnected, ExpectedRows.monitor_connected),
        (e.RecordQuarantined, ExpectedRows.record_quarantined),
        (e.DriverAdded, ExpectedRows.driver_added),
        (e.DriverConnected, ExpectedRows.driver_connected),
        (e.DriverBlocked, ExpectedRows.driver_blocked),
        (e.DriverUnblocked, ExpectedRows.driver_unblocked),
        (e.DriverWithdrawn, ExpectedRows.driver_withdrawn),
        (e.DriverBarred, ExpectedRows.driver_barred),
        (e.DriverReadmitted, ExpectedRows.driver_readmitted),
        (e.PinSet, ExpectedRows.pin_set),
        (e.PinRemoved, ExpectedRows.pin_removed),
        (e.WalletToppedUp, ExpectedRows.wallet_topped_up),
        (e.WalletCorrected, ExpectedRows.wallet_corrected),
        (e.PaidOut, ExpectedRows.paid_out),
        (e.SessionAuthorised, ExpectedRows.session_authorised),
        (e.SessionRebuilt, ExpectedRows.session_rebuilt),
        (e.DebtPaid, ExpectedRows.debt_paid),
        (e.SessionStarted, ExpectedRows.session_started),
        (e.StopOrdered, ExpectedRows.stop_ordered),
        (e.SessionRefused, ExpectedRows.session_refused),
        (e.TicketMade, ExpectedRows.ticket_made),
        (e.TicketCorrected, ExpectedRows.ticket_corrected),
        (e.SessionReopened, ExpectedRows.session_reopened),
        (e.TicketShown, ExpectedRows.ticket_shown),
        (e.WeatherAlertRaised, ExpectedRows.weather_raised),
        (e.WeatherAlertCleared, ExpectedRows.weather_cleared),
        (e.WeatherOverridden, ExpectedRows.weather_overridden),
        (e.AccountAdded, ExpectedRows.account_changed),
        (e.AccountChanged, ExpectedRows.account_changed),
        (e.AccountRemoved, ExpectedRows.account_removed),
        (e.TokenMade, ExpectedRows.token_made),
        (e.TokenRemoved, ExpectedRows.token_removed),
        (e.LoggedIn, ExpectedRows.logged_in),
        (e.OrderCarriedOut, ExpectedRows.order_answered),
        (e.OrderRefused, ExpectedRows.order_answered),
    )
}
