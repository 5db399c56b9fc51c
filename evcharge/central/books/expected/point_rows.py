"""What the log tells of charging points, their journals, and records that were set aside. Pure."""

from collections.abc import Iterator

import msgspec

from evcharge.central.books.expected.log_reading import NO_EPOCH, Folds, LogReading, note_epoch
from evcharge.central.books.expected.proven_tables import HOLD_COLUMNS, QUARANTINE, UNKNOWN, Row
from evcharge.domain import events as e
from evcharge.domain.charging_point import LocatedBy
from evcharge.domain.strict_json import read_json


class PointRows:
    """Rows of `cp` and `journal`, as they are so far; those of `quarantine` are put at once."""

    def __init__(self, log: LogReading) -> None:
        self._log = log
        self._points: dict[str, Row] = {}
        self._journals: dict[tuple[str, str], Row] = {}

    def folds(self) -> Folds:
        """Return what takes in an event, by its type."""
        return {
            e.PointAdded: self._point_added,
            e.PointWithdrawn: self._point_withdrawn,
            e.PointMoved: self._point_moved,
            e.PriceChanged: self._price_changed,
            e.FaultReported: self._fault_reported,
            e.FaultCleared: self._fault_cleared,
            e.HoldPlaced: self._hold_placed,
            e.HoldLifted: self._hold_lifted,
            e.KeyRevoked: self._key_revoked,
            e.KeyRestored: self._key_restored,
            e.EngineConnected: self._engine_connected,
            e.EngineLost: self._engine_lost,
            e.MonitorConnected: self._monitor_connected,
            e.RecordQuarantined: self._record_quarantined,
        }

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield each row that may still have changed, with the name of its table."""
        yield from (("cp", row) for row in self._points.values())
        yield from (("journal", row) for row in self._journals.values())

    def _point_added(self, event: e.PointAdded) -> None:
        self._point(event.cp_id).update(
            location=event.location,
            said_location="",
            located_by_operator=0,
            price_centi_cents_per_kwh=event.price_centi_cents_per_kwh,
            registration=event.registration,
            revoked=0,
            withdrawn=0,
        )
        note_epoch(self._point(event.cp_id), event.epoch)

    def _point_withdrawn(self, event: e.PointWithdrawn) -> None:
        self._point(event.cp_id).update(revoked=1, withdrawn=1, fault=None)
        note_epoch(self._point(event.cp_id), event.epoch)

    def _point_moved(self, event: e.PointMoved) -> None:
        # Older than the record of who said so.
        by_operator = int(event.by == LocatedBy.OPERATOR) if event.by else UNKNOWN
        self._point(event.cp_id).update(location=event.location, located_by_operator=by_operator)

    def _price_changed(self, event: e.PriceChanged) -> None:
        self._point(event.cp_id)["price_centi_cents_per_kwh"] = event.price_centi_cents_per_kwh

    def _fault_reported(self, event: e.FaultReported) -> None:
        self._point(event.cp_id)["fault"] = event.fault

    def _fault_cleared(self, event: e.FaultCleared) -> None:
        self._point(event.cp_id)["fault"] = None

    def _hold_placed(self, event: e.HoldPlaced) -> None:
        self._point(event.cp_id)[f"{event.hold}_hold"] = 1

    def _hold_lifted(self, event: e.HoldLifted) -> None:
        self._point(event.cp_id)[f"{event.hold}_hold"] = 0

    def _key_revoked(self, event: e.KeyRevoked) -> None:
        self._point(event.cp_id)["revoked"] = 1
        note_epoch(self._point(event.cp_id), event.epoch)

    def _key_restored(self, event: e.KeyRestored) -> None:
        self._point(event.cp_id)["revoked"] = 0
        note_epoch(self._point(event.cp_id), event.epoch)

    def _engine_connected(self, event: e.EngineConnected) -> None:
        self._point(event.cp_id)["journal_id"] = event.journal_id
        if event.said:
            self._point(event.cp_id)["said_location"] = event.said
        note_epoch(self._point(event.cp_id), event.epoch)
        # Less than before when that journal was forgotten meanwhile.
        self._cursor(event.cp_id, event.journal_id, 0)["least_last_seq"] = event.last_seq

    def _engine_lost(self, event: e.EngineLost) -> None:
        journal_id = self._point(event.cp_id)["journal_id"]
        if journal_id is not None and event.last_seq is not None:
            # Without a link nothing more is taken of it.
            self._cursor(event.cp_id, journal_id, event.last_seq)["last_seq"] = event.last_seq

    def _monitor_connected(self, event: e.MonitorConnected) -> None:
        note_epoch(self._point(event.cp_id), event.epoch)

    def _record_quarantined(self, event: e.RecordQuarantined) -> None:
        self._cursor(event.cp_id, event.journal_id, event.seq)
        record = _record(event.record)
        about = (event.cp_id, record.session_id, record.k, event.journal_id, event.seq)
        said = (self._log.at, *about, event.why, event.record, int(event.kept))
        self._log.put("quarantine", dict(zip(QUARANTINE, said, strict=True)))

    def _point(self, cp_id: str) -> Row:
        # A log that tells of a point that was never added was tampered with; whatever it says, the row must be that.
        return self._points.setdefault(
            cp_id,
            {
                "cp_id": cp_id,
                "location": UNKNOWN,
                "said_location": "",
                "located_by_operator": 0,
                "price_centi_cents_per_kwh": UNKNOWN,
                "fault": None,
                **dict.fromkeys(HOLD_COLUMNS, 0),
                "revoked": 0,
                "withdrawn": 0,
                "registration": 0,
                "journal_id": None,
                **NO_EPOCH,
            },
        )

    def _cursor(self, cp_id: str, journal_id: str, seq: int) -> Row:
        row = self._journals.setdefault(
            (cp_id, journal_id), {"cp_id": cp_id, "journal_id": journal_id, "least_last_seq": 0}
        )
        row |= {"last_seq": UNKNOWN, "least_last_seq": max(row["least_last_seq"], seq)}
        return row


class _Record(msgspec.Struct):
    k: str = ""
    session_id: str = ""


def _record(text: str) -> _Record:
    """Return whose record it is that was set aside, and of which kind."""
    try:
        return read_json(text, _Record)
    except ValueError:
        return _Record()
