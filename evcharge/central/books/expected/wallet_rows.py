"""What the log tells of drivers, their wallets and debts, and of every movement of money. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from evcharge.central.books.expected.log_reading import NO_EPOCH, Folds, LogReading, note_epoch
from evcharge.central.books.expected.proven_tables import LEDGER, UNKNOWN, Row
from evcharge.domain import events as e
from evcharge.domain.audit_findings import AuditFinding

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


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that an event moves: `kind` as in _ACCOUNTS; without a `registration` it is the present owner's."""

    kind: str
    cents: int
    driver_id: str
    session_id: str | None = None
    reference: object = None
    registration: int | None = None
    reason: str | None = None


class WalletRows:
    """Rows of `driver`, `former_wallet` and `debt`, as they are so far; those of `ledger` are put at once."""

    def __init__(self, log: LogReading) -> None:
        self._log = log
        self._drivers: dict[str, Row] = {}
        self._former_wallets: dict[tuple[str, int], Row] = {}
        self._debts: dict[str, Row] = {}
        # Top-ups whose reference was not kept in the log: those of before it was.
        self.unnamed_top_ups = 0

    def folds(self) -> Folds:
        """Return what takes in an event, by its type."""
        return {
            e.DriverAdded: self._driver_added,
            e.DriverConnected: self._driver_connected,
            e.DriverBlocked: self._driver_blocked,
            e.DriverUnblocked: self._driver_unblocked,
            e.DriverWithdrawn: self._driver_withdrawn,
            e.DriverBarred: self._driver_barred,
            e.DriverReadmitted: self._driver_readmitted,
            e.PinSet: self._pin_set,
            e.PinRemoved: self._pin_removed,
            e.WalletToppedUp: self._wallet_topped_up,
            e.WalletCorrected: self._wallet_corrected,
            e.PaidOut: self._paid_out,
            e.DebtPaid: self._debt_paid,
        }

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield each row that may still have changed, with the name of its table."""
        yield from (("driver", row) for row in self._drivers.values())
        yield from (("former_wallet", row) for row in self._former_wallets.values())
        yield from (("debt", row) for row in self._debts.values())

    def _driver_added(self, event: e.DriverAdded) -> None:
        before = self._drivers.get(event.driver_id)
        if before is not None and event.registration > before["registration"]:
            # The present owner of the id begins with a row of its own.
            columns = ("driver_id", "registration", "balance_cents")
            key = (event.driver_id, before["registration"])
            self._former_wallets[key] = {name: before[name] for name in columns}
            del self._drivers[event.driver_id]
        self.driver(event.driver_id)["registration"] = event.registration
        note_epoch(self.driver(event.driver_id), event.epoch)

    def _driver_connected(self, event: e.DriverConnected) -> None:
        note_epoch(self.driver(event.driver_id), event.epoch)

    def _driver_blocked(self, event: e.DriverBlocked) -> None:
        self.driver(event.driver_id)["blocked"] = 1
        note_epoch(self.driver(event.driver_id), event.epoch)

    def _driver_unblocked(self, event: e.DriverUnblocked) -> None:
        self.driver(event.driver_id)["blocked"] = 0
        note_epoch(self.driver(event.driver_id), event.epoch)

    def _driver_withdrawn(self, event: e.DriverWithdrawn) -> None:
        self.check_balance(event.driver_id, event.balance_cents)
        self.driver(event.driver_id).update(blocked=1, withdrawn=1)
        note_epoch(self.driver(event.driver_id), event.epoch)

    def _driver_barred(self, event: e.DriverBarred) -> None:
        self.driver(event.driver_id)["barred"] = 1

    def _driver_readmitted(self, event: e.DriverReadmitted) -> None:
        self.driver(event.driver_id)["barred"] = 0

    def _pin_set(self, event: e.PinSet) -> None:
        self.driver(event.driver_id).update(pin_limit_cents=event.limit_cents, pin_seal=event.seal)

    def _pin_removed(self, event: e.PinRemoved) -> None:
        self.driver(event.driver_id).update(pin_limit_cents=0, pin_seal="")

    def _wallet_topped_up(self, event: e.WalletToppedUp) -> None:
        self.driver(event.driver_id)["balance_cents"] += event.cents
        self.check_balance(event.driver_id, event.balance_cents)
        named = event.reference != ""
        if not named:
            self.unnamed_top_ups += 1
            self._log.unsealed["references of top-ups"] = self._log.n
        self.enter(
            Movement("TOP_UP", event.cents, event.driver_id, reference=event.reference if named else UNKNOWN)
        )

    def _wallet_corrected(self, event: e.WalletCorrected) -> None:
        self.driver(event.driver_id)["balance_cents"] += event.cents
        self.check_balance(event.driver_id, event.balance_cents)
        kind = "PUT_IN" if event.cents > 0 else "TAKEN_OUT"
        self.enter(
            Movement(kind, abs(event.cents), event.driver_id, reference=event.reference, reason=event.reason)
        )

    def _paid_out(self, event: e.PaidOut) -> None:
        self.take_out(event, event.cents)
        registration, reason = event.registration, event.reason
        self.enter(
            Movement("PAY_OUT", event.cents, event.driver_id, None, event.reference, registration, reason)
        )

    def _debt_paid(self, event: e.DebtPaid) -> None:
        self.take_out(event, event.cents)
        registration = event.registration
        self.enter(
            Movement("PAYMENT", event.cents, event.driver_id, event.session_id, registration=registration)
        )
        if (debt := self._debts.get(event.session_id)) is not None:
            debt["left_cents"] = event.left_cents

    def driver(self, driver_id: str) -> Row:
        """Return the driver's row, as it is so far."""
        return self._drivers.setdefault(
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
                **NO_EPOCH,
            },
        )

    def hold(self, driver_id: str, session_id: str, cents: int) -> None:
        """Move `cents` from the driver's balance to what is held for the session."""
        self.enter(Movement("HOLD", cents, driver_id, session_id))
        driver = self.driver(driver_id)
        driver["balance_cents"] -= cents
        driver["held_cents"] += cents

    def settle_hold(self, session: Row, cents: int) -> None:
        """Capture `cents` of what was held for a session that ends; the rest is in the wallet again."""
        driver_id, session_id, hold = session["driver_id"], session["session_id"], session["hold_cents"]
        self.enter(Movement("CAPTURE", cents, driver_id, session_id))
        self.enter(Movement("RELEASE", hold - cents, driver_id, session_id))
        driver = self.driver(driver_id)
        driver["balance_cents"] += hold - cents
        driver["held_cents"] -= hold

    def take_out(self, event: e.TicketCorrected | e.PaidOut | e.DebtPaid, cents: int) -> None:
        """Take `cents` out of the wallet of a driver, or out of the one that a former owner of its id left."""
        if event.former_owner:
            key = (event.driver_id, event.registration or 0)
            none = {"driver_id": key[0], "registration": key[1], "balance_cents": 0}
            self._former_wallets.setdefault(key, none)["balance_cents"] -= cents
        else:
            self.driver(event.driver_id)["balance_cents"] -= cents
            self.check_balance(event.driver_id, event.balance_cents)

    def owe(self, driver_id: str, registration: int, session_id: str, cents: int) -> None:
        """Add `cents` to what is owed for a session; less than nothing: no longer owed."""
        if cents:
            about = {"session_id": session_id, "driver_id": driver_id, "registration": registration}
            debt = self._debts.setdefault(session_id, {**about, "left_cents": 0})
            debt["left_cents"] += cents

    def check_balance(self, driver_id: str, balance_cents: int) -> None:
        """Note a problem where the log says another balance than it comes to; what it says then counts."""
        # Only a part of the log was made anew, when it does not add up in itself.
        known = self.driver(driver_id)["balance_cents"]
        if balance_cents != known:
            self._log.problems.append(
                AuditFinding(
                    "does not add up",
                    n=self._log.n,
                    balance_cents=balance_cents,
                    driver_id=driver_id,
                    known_cents=known,
                )
            )
            self.driver(driver_id)["balance_cents"] = balance_cents

    def enter(self, movement: Movement) -> None:
        """Put a movement of money as the ledger enters it; a movement of nothing is left out."""
        if movement.cents:
            debit, credit = _ACCOUNTS[movement.kind]
            kind = _KINDS.get(movement.kind, movement.kind)
            registration = movement.registration
            if registration is None:
                registration = self.driver(movement.driver_id)["registration"]
            actor = self._log.actor if movement.reason is not None else None
            whose = (movement.driver_id, registration, movement.session_id)
            said = (movement.reason, actor, movement.reference)
            entry = (self._log.at, kind, debit, credit, movement.cents, *whose, *said)
            self._log.put("ledger", dict(zip(LEDGER, entry, strict=True)))
