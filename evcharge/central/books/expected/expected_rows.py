"""The whole log, folded into the rows that must be there. Pure."""

from collections.abc import Iterator

from evcharge.central.books.expected.control_room_rows import ControlRoomRows
from evcharge.central.books.expected.log_reading import LogReading
from evcharge.central.books.expected.point_rows import PointRows
from evcharge.central.books.expected.proven_tables import MOST_LINES, Columns, Put
from evcharge.central.books.expected.session_rows import SessionRows
from evcharge.central.books.expected.wallet_rows import WalletRows
from evcharge.central.rules.accounts import Told
from evcharge.domain.audit_findings import AuditFinding
from evcharge.domain.strict_json import read_json


class ExpectedRows:
    """Folds the events of a log, from its first, into rows: `put` gets each one once, at the latest by `finish`."""

    def __init__(self, put: Put) -> None:
        self._log = LogReading(put)
        self._wallets = WalletRows(self._log)
        self._control_room = ControlRoomRows(self._log)
        self._parts = (
            PointRows(self._log),
            self._wallets,
            SessionRows(self._log, self._wallets),
            self._control_room,
        )
        self._folds = {
            kind.__name__: (kind, fold) for part in self._parts for kind, fold in part.folds().items()
        }
        self.newest_at = ""

    def take(self, row: Columns) -> None:
        """Take in the next row of the log."""
        # We never write anything but text: the chain names that row.
        self._log.at, self._log.n = str(row["at"]).encode("utf-8", "replace").decode(), row["n"]
        self._log.actor = row["actor"]
        self.newest_at = max(self.newest_at, self._log.at)
        known = self._folds.get(row["type"])
        if known is None:
            return
        kind, fold = known
        try:
            event = read_json(row["data"], kind)
        except (TypeError, ValueError, AttributeError):
            return  # `audit verify` names it
        fold(event)

    def finish(self) -> None:
        """Put the rows that may still have changed."""
        for part in self._parts:
            for name, row in part.rows():
                self._log.put(name, row)

    @property
    def logins(self) -> Told:
        """Return the logins of the pages, as the log tells them."""
        return self._control_room.logins

    @property
    def orders(self) -> set[str]:
        """Return the ids of the orders that were answered."""
        return self._control_room.orders

    @property
    def unnamed_top_ups(self) -> int:
        """Return of how many top-ups the log does not keep the reference."""
        return self._wallets.unnamed_top_ups

    @property
    def problems(self) -> list[AuditFinding]:
        """What the log says twice, and differently."""
        return self._log.problems[:MOST_LINES]

    def notes(self) -> Iterator[AuditFinding]:
        """Yield what cannot be proven."""
        for what, n in self._log.unsealed.items():
            yield AuditFinding("proven since", what=AuditFinding(what), n=n)
