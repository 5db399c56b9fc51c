"""Sessions, tickets and reports as files for people: their language, their numbers, the network's clocks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal

from evcharge import labels
from evcharge.central.api.kit.csv_export import Dialect, Figure
from evcharge.central.api.kit.routes import Parameter
from evcharge.domain.billing import euros
from evcharge.domain.local_time import here
from evcharge.domain.location import Location
from evcharge.domain.session import EndReason
from evcharge.labels.operator import SENTENCES

FOR_PEOPLE = Parameter(
    "lang",
    "A file for people, in this language, as spreadsheets there open it: kWh, €, local time, location, duration.",
    {"type": "string", "enum": list(labels.PAGE_LANGUAGES)},
)
_SESSION = (
    "session_id", "cp_id", "location", "driver_id", "state", "started_at", "ended_at", "duration", "energy", "price",
    "cost", "reason", "note",
)  # fmt: skip
_TICKET = (*(name for name in _SESSION if name != "state"), "vat", "issuer")
_REPORT = ("sessions", "duration", "energy", "cost")

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PeopleCsv:
    """Rows of answers, in the words of `lang` and the time of `zone`.

    `where` says where a charging point stood at an instant of the books.
    """

    lang: str
    zone: tzinfo
    where: Callable[[str, str], Location]

    @property
    def session_heads(self) -> Dialect:
        """Columns and headings of sessions."""
        return self._dialect(_SESSION)

    @property
    def ticket_heads(self) -> Dialect:
        """Columns and headings of tickets."""
        return self._dialect(_TICKET)

    def report_heads(self, by: str) -> Dialect:
        """Columns and headings of a report by driver or charging point."""
        return self._dialect(("driver_id", *_REPORT) if by == "driver" else ("cp_id", "location", *_REPORT))

    def session(self, row: Row) -> dict[str, object]:
        """Return the cells of one session."""
        cells = self._charge(row)
        reason = row["end_reason"] or row["stop_reason"]
        cells["state"] = self._say(f"state {row['state']}")
        cells["reason"] = self._reason(reason)
        cells["note"] = self._notes(row, "rebuilt")
        return cells

    def ticket(self, row: Row) -> dict[str, object]:
        """Return the cells of one ticket, with what was put right since."""
        cells = self._charge(row)
        corrected = row["corrected_mwh"] or row["corrected_cents"]
        cells["energy"] = self._energy(_int(row["energy_mwh"]) + _int(row["corrected_mwh"]))
        cells["cost"] = self._number(euros(_int(row["cost_cents"]) + _int(row["corrected_cents"])))
        cells["reason"] = self._reason(row["reason"])
        vat = row["vat_percent"]
        cells["vat"] = self._number(f"{vat}") if vat is not None else ""
        cells["issuer"] = ", ".join(str(row[name]) for name in ("operator", "tax_id") if row[name])
        cells["note"] = self._notes(
            {**row, "corrected": corrected}, "estimated", "late", "corrected", "rebuilt"
        )
        return cells

    def summed(self, row: Row, until: str = "", *, total: bool = False) -> dict[str, object]:
        """Return the cells of one row of a report of a time that ended then, or of its last line."""
        name = self._say("report total") if total else str(row["id"])
        return {
            "driver_id": name,
            "cp_id": name,
            "location": "" if total else self.where(str(row["id"]), until).name,
            "sessions": Figure(row["sessions"]),
            "duration": Figure(duration(row["elapsed_s"])),
            "energy": self._energy(_int(row["energy_mwh"])),
            "cost": self._number(euros(_int(row["cost_cents"]))),
        }

    def _charge(self, row: Row) -> dict[str, object]:
        began_at = str(row["started_at"] or row["authorised_at"])
        return {
            "session_id": row["session_id"],
            "cp_id": row["cp_id"],
            "location": self.where(str(row["cp_id"]), began_at).name,
            "driver_id": row["driver_id"],
            "started_at": self._local(row["started_at"]),
            "ended_at": self._local(row["ended_at"]),
            "duration": Figure(duration(row["elapsed_s"])),
            "energy": self._energy(_int(row["energy_mwh"])),
            "price": self._number(str(row["price"])),
            "cost": self._number(euros(_int(row["cost_cents"]))),
        }

    def _dialect(self, columns: tuple[str, ...]) -> Dialect:
        heads = tuple(self._say(f"csv {name}") for name in columns)
        # Where the comma is in the numbers, spreadsheets part cells at semicolons.
        return Dialect(columns, heads, ";" if self._has_comma else ",", bom=True)

    @property
    def _has_comma(self) -> bool:
        return labels.has_comma(self.lang)

    def _number(self, text: str) -> Figure:
        return Figure(text.replace(".", ",") if self._has_comma else text)

    def _energy(self, mwh: int) -> Figure:
        # To the last mWh: a spreadsheet adds them up.
        return self._number(f"{Decimal(mwh).scaleb(-6):.6f}")

    def _local(self, at: object) -> Figure:
        if not at:
            return Figure("")
        return Figure(f"{here(datetime.fromisoformat(str(at)), self.zone):%Y-%m-%d %H:%M:%S}")

    def _reason(self, value: object) -> str:
        return labels.reason(EndReason.read(str(value)), self.lang) if value else ""

    def _notes(self, row: Row, *names: str) -> str:
        owed = [self._say("owed", euros=euros(_int(row["owed_cents"])))] if row["owed_cents"] else []
        return ", ".join([*(self._say(name) for name in names if row[name]), *owed])

    def _say(self, name: str, **values: object) -> str:
        return labels.Speech(SENTENCES, self.lang)(name, **values)


def duration(seconds: object) -> str:
    """Return a length as 0:42:07, which spreadsheets take for one; "" when it is not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(_int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def _int(value: object) -> int:
    return int(str(value))
