"""What Central pushes to open pages: one struct for each frame and for each thing in it. Pure.

Every number is absolute: a frame applied twice, or after others were skipped, does no harm. Energy is in mWh, power
in W, money in cents, prices in 1/100 cent per kWh, instants in Unix seconds, temperatures in tenths of a degree.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.json import Encoder
from msgspec.structs import asdict

from evcharge.domain.charging_point import CpStatus

# What a page calls a status.
STATUS_NUMBERS = {status: number for number, status in enumerate(CpStatus)}
# Bits of a row's flags.
ENGINE_LINKED, MONITOR_HEARD, REVOKED, STOPPING = 1, 2, 4, 8

# A charging point is told as index, cp_id, location, price, the country of that location where its name has none, and
# the most power that its engine says it gives in W (0 when nobody knows).
Name = tuple[int, str, str, int, str, int]
# Its index, status, since when, power_w, energy_mwh, cost_cents, driver_id, session_id, when that started, holds,
# fault, flags, and its temperature.
Row = tuple[int, int, int, int, int, int, str, str, int, str, str, int, int | None]
# Where a row has what is wrong, in English.
FAULT: Final = 10


# What is wrong with charging points, as their rows tell it, in other languages: by text and language.
Faults = Mapping[str, Mapping[str, str]]


class AlertRow(Struct, frozen=True, gc=False):
    """One alert, in English and Spanish. `closable`: an operator may close it."""

    id: str
    kind: str
    about: str
    what: str
    what_es: str
    since: int
    solved_at: int | None
    restored: str
    restored_es: str
    times: int
    closable: bool
    # Who has taken it, or "".
    taken_by: str


class Line(Struct, frozen=True, gc=False):
    """One message of the application; `r` is its number, `kind` one of ok, info, warn, bad."""

    r: int
    at: int
    en: str
    es: str
    cp: str
    kind: str


class Kpi(Struct, frozen=True, gc=False):
    """The figures of the whole network. `by` counts the statuses; `open` are charges, `alerts` open alerts."""

    points: int
    by: list[int]
    power_w: int
    energy_today_mwh: int
    revenue_today_cents: int
    sessions_today: int
    open: int
    availability: float
    drivers: int
    alerts: int


class Banner(Struct, frozen=True, gc=False):
    """Something that is wrong with the network itself."""

    id: str
    en: str
    es: str
    since: int


class Snapshot(Struct, tag_field="t", tag="snap"):
    """Everything that an operator's page shows."""

    epoch: str
    rev: int
    now: float
    version: str
    lang: str
    zone: str
    c: Sequence[Name]
    u: Sequence[Row]
    alerts: Sequence[AlertRow | Mapping[str, Any]]
    messages: Sequence[Line | Mapping[str, Any]]
    kpi: Kpi
    banners: Sequence[Banner | Mapping[str, Any]]
    faults: Faults | UnsetType = UNSET


class Delta(Struct, tag_field="t", tag="d"):
    """What has changed since some revision."""

    rev: int
    now: float
    c: Sequence[Name]
    u: Sequence[Row]
    messages: Sequence[Line | Mapping[str, Any]]
    kpi: Kpi
    alerts: Sequence[AlertRow | Mapping[str, Any]] | UnsetType = UNSET
    banners: Sequence[Banner | Mapping[str, Any]] | UnsetType = UNSET
    faults: Faults | UnsetType = UNSET


# ---- a driver's page


class Said(Struct, frozen=True, gc=False, kw_only=True):
    """One sentence for people, in each language of pages: these frames are for one reader, and are few."""

    en: str
    es: str
    de: str
    fr: str
    pt: str
    ca: str


class Charge(Struct, frozen=True):
    """A driver's own charge. `power` holds the last minute, a figure a second."""

    session_id: str
    request_id: str
    cp_id: str
    step: str
    # null: its charging point has no link, and nobody knows.
    power_w: int | None
    energy_mwh: int
    cost_cents: int
    limit_mwh: int
    # What the driver wants at most.
    until_mwh: int | None
    until_cents: int | None
    # An operator asked for it.
    by_operator: bool
    started_at: int | None
    elapsed_s: int | None
    authorised_at: int
    plug_within_s: int
    price: int
    power: list[int]
    # How full its battery is, and in how many seconds it will be; null: nobody says.
    battery_permille: int | None
    full_in_s: int | None
    # Why it ends though its driver did not end it, or what of its charging point is lost.
    trouble: Said | None = None


class Refusal(Said, frozen=True, gc=False, kw_only=True):
    """Why the driver's last request came to nothing."""

    request_id: str


class Question(Struct, frozen=True, gc=False):
    """Its id was typed at a charging point: does the driver want to charge there? It has until `until`."""

    request_id: str
    cp_id: str
    price: int
    hold_cents: int
    within_s: int
    until: int


class Me(Struct, frozen=True):
    """What a driver is shown of itself; nobody else is shown it."""

    driver_id: str
    balance_cents: int
    held_cents: int
    # The next money that comes in pays that first.
    owed_cents: int
    session: Charge | None
    refused: Refusal | None
    tickets: list[dict[str, Any]]
    question: Question | None
    # What a charge with its PIN may cost; None without one.
    pin_limit_cents: int | None


class DriverFrame(Struct):
    """A frame for a driver: all of its own, and which charging points are free."""

    t: str
    epoch: str
    rev: int
    now: float
    lang: str
    zone: str
    c: Sequence[Name]
    free: Raw
    me: Me


_encoder = Encoder()


def also(told: Struct, **words: str) -> Mapping[str, Any]:
    """Return a part of a frame that many read with the words of one more language, such as fr="…"."""
    return asdict(told) | words


def encode(content: Any) -> bytes:
    """Return a frame, or a part of one, as JSON."""
    return _encoder.encode(content)
