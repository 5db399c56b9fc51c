"""The shapes of what is answered: `openapi` documents them, and tests hold the real answers against them.

Here are the network and its books; who takes part is in `member_answers`.
Energy is in mWh, money in cents of the network's currency, a price in that per kWh as text, instants ISO 8601 in UTC,
days as UTC dates.
"""

from typing import Any

from msgspec import UNSET, Struct, UnsetType


class Shape(Struct, forbid_unknown_fields=True, kw_only=True):
    """Something in an answer."""


class Answer(Shape):
    """Every successful answer."""

    error: bool


class SessionNow(Shape):
    """The session that a charging point serves now, with its live figures."""

    session_id: str
    driver_id: str
    state: str
    power_w: int
    energy_mwh: int
    cost_cents: int
    stopping: bool


class Point(Shape):
    """A charging point: the facts, and the status that follows from them."""

    cp_id: str
    location: str
    price: str
    status: str
    reason: str
    holds: list[str]
    fault: str | None
    revoked: bool
    engine: bool
    monitor: bool
    session: SessionNow | None


class PointsAnswer(Answer):
    """Charging points by id; a driver is answered by `FreePointsAnswer`. `next` is the `after` of what follows."""

    cps: list[Point]
    next: str | None


class FreePoint(Shape):
    """A charging point as drivers see it."""

    cp_id: str
    location: str
    price: str
    free: bool


class FreePointsAnswer(Answer):
    """Charging points as drivers see them, by id. `next` is the `after` of what follows."""

    cps: list[FreePoint]
    next: str | None


class StatusSpan(Shape):
    """What was shown from `at` until `until`, or until now; the status NoData while Central was away."""

    at: str
    status: str
    reason: str
    until: str | None


class PointAnswer(Point):
    """One charging point, with its last 24 hours; power as [Unix s, W], temperature as [Unix s, degrees Celsius].

    `withdrawn`: it has left the network, and is in no list. `country` is that of its location, "" when nobody knows.
    """

    error: bool
    withdrawn: bool
    country: str
    registration: dict[str, Any] | None
    key: str
    history: list[StatusSpan]
    faults: dict[str, dict[str, str]]
    power: list[tuple[int, int]]
    temperature: list[tuple[int, float]]


class OrderAnswer(Answer):
    """How many charging points changed, how many sessions are being ended by it, and who is out all the same.

    `causes`: why they are, in other languages.

    Not `stored`: the order holds already, and goes into the books when there is room on the disk.
    """

    changed: int
    ended: int
    stored: bool = True
    still_out: dict[str, str] = {}
    causes: dict[str, dict[str, str]] = {}
    text: str = ""
    cp: Point | None = None


class Session(Shape):
    """One session, whatever became of it. Its times and `elapsed_s` are the charging point's, where it tells them.

    `registration` tells the driver from earlier owners of its id. `rebuilt`: the books had lost it with a restored
    copy, and its charging point brought it back. `owed_cents` of it are still to be paid: the wallet could not.
    """

    session_id: str
    request_id: str
    cp_id: str
    driver_id: str
    registration: int
    state: str
    authorised_at: str
    started_at: str | None
    ended_at: str | None
    elapsed_s: int | None
    received_at: str | None
    stop_reason: str | None
    end_reason: str | None
    hold_cents: int
    limit_mwh: int
    until_mwh: int | None
    until_cents: int | None
    price: str
    energy_mwh: int
    cost_cents: int
    owed_cents: int
    rebuilt: bool
    by_operator: bool


class SessionOfDay(Session):
    """A session, and the network's day on which it counts: null while it runs."""

    day: str | None


class SessionsAnswer(Answer):
    """A page, newest first. `next` is the `before` of the older page, `previous` the `after` of the newer one."""

    sessions: list[Session]
    next: str | None
    previous: str | None


class Ticket(Shape):
    """The final bill of one session; `estimated` when its last meter was never received.

    `elapsed_s` is null when the charging point does not say how long it lasted: the times are then those of arrival.
    `late`: Central heard of the end, at `received_at`, more than a minute after it.
    What corrections have come to since is not in `energy_mwh` and `cost_cents`: it stands beside them.
    `vat_percent`: what the price contains of VAT, as it was when the charge ended; null: no release kept it then.
    """

    session_id: str
    request_id: str
    cp_id: str
    driver_id: str
    registration: int
    energy_mwh: int
    cost_cents: int
    price: str
    reason: str
    started_at: str
    ended_at: str
    estimated: bool
    elapsed_s: int | None
    received_at: str
    late: bool
    corrected_mwh: int
    corrected_cents: int
    by_operator: bool
    vat_percent: float | None


class TicketRow(Ticket):
    """A ticket as the books have it; `rebuilt` and `owed_cents` are those of its session."""

    owed_cents: int
    rebuilt: bool


class TicketOfDay(TicketRow):
    """A ticket, the network's day on which it counts, and who issued it."""

    day: str
    operator: str
    tax_id: str


class TicketsAnswer(Answer):
    """A page, newest first. `next` is the `before` of the older page, `previous` the `after` of the newer one."""

    tickets: list[TicketRow]
    next: str | None
    previous: str | None


class AuditRow(Shape):
    """One row of the audit log: who did what, and from where. `hash` seals it to the row before of its `chain`.

    That is the name of the Central that wrote it; "": books in a file.
    """

    n: int
    at: str
    actor: str
    role: str
    address: str
    type: str
    cp_id: str | None
    driver_id: str | None
    session_id: str | None
    correlation_id: str | None
    data: dict[str, Any]
    hash: str
    chain: str


class PowerAnswer(Answer):
    """The power of the whole network as [Unix s, W]: means of five minutes, the oldest first.

    What was before Central started is that of the charges in the books; a gap while it was away.
    """

    power: list[list[int]]


class BillLine(Shape):
    """One line of a bill: `energy` at one price, or a `correction` or `refund` of what was billed before."""

    kind: str
    at: str | None
    until: str | None
    energy_mwh: int
    price: str | None
    cents: int
    reason: str


class Vat(Shape):
    """The VAT of one rate: `cents` of the `total_cents` that have it."""

    percent: float
    total_cents: int
    cents: int


class Receipt(Shape):
    """What a printed receipt says. `number` counts all tickets.

    `location` is where it was, and `vat` that of its ticket: null where that contains none, or none was kept. Who
    issued it is as it was when the charge ended.
    """

    number: int
    issued_at: str
    location: str
    lines: list[BillLine]
    total_cents: int
    energy_mwh: int
    operator: str
    tax_id: str
    address: str
    vat: Vat | None
    currency: str


class IssuedBy(Shape):
    """Who issued tickets, as it stands on receipts; "" where nothing was set."""

    operator: str
    tax_id: str
    address: str


class Movement(Shape):
    """Cents that came into a wallet, or (below 0) went out of it, apart from charges."""

    at: str
    kind: str
    cents: int
    session_id: str | None
    reason: str | None


class StatementAnswer(Answer):
    """A driver's month: its tickets as they are now, the oldest first, and what else moved in its wallet.

    `complete` is false where the month has more tickets, or movements, than one statement lists. `vat` has each rate
    that its tickets were made with, corrections included; [] where none contains any. Not in it: tickets whose rate no
    release kept. `issuers`: all who issued its tickets; without any, who did at its end.
    """

    driver_id: str
    month: str
    timezone: str
    tickets: list[TicketRow]
    moved: list[Movement]
    sessions: int
    energy_mwh: int
    total_cents: int
    issuers: list[IssuedBy]
    vat: list[Vat]
    currency: str
    complete: bool


class SessionAnswer(Answer):
    """One session, its ticket once there is one, and everything that happened in it.

    `meanwhile`: what happened to its charging point and to Central in that time. `course`: readings as [seconds, mWh,
    W, thousandths of the battery or null], at most 121, the power a mean since the one before; empty where the charging
    point tells no seconds.
    `lost`: it is open, and its engine has no link to Central; if that does not come back, an operator closes it.
    """

    session: Session
    ticket: TicketRow | None
    events: list[AuditRow]
    meanwhile: list[AuditRow]
    course: list[list[int | None]]
    receipt: Receipt | None
    lost: bool
    causes: dict[str, dict[str, str]]


class EventsAnswer(Answer):
    """Rows of the audit log, oldest first. `next` is the `before` of the page before these."""

    events: list[AuditRow]
    next: int | None
    causes: dict[str, dict[str, str]]


class AuditAnswer(Answer):
    """The chain of the audit log: how long it is, and whether it was whole when it was last walked along."""

    rows: int
    head: str
    checked: int
    verified_at: str | None
    ok: bool | None
    first_bad: int | None
    why: str
    causes: dict[str, dict[str, str]]


class Driver(Shape):
    """A driver's wallet, and what it has open. `blocked`: it may not charge; `barred`: by an operator's order.

    `owed_cents`: of charges that the wallet could not pay; the next money that comes in pays that first.
    """

    driver_id: str
    balance_cents: int
    held_cents: int
    owed_cents: int
    blocked: bool
    barred: bool
    connected: bool
    sessions: list[str]


class LeftWallet(Shape):
    """What a driver that was withdrawn left in its wallet; `registration` tells it from other owners of its id."""

    driver_id: str
    registration: int
    balance_cents: int


class DriversAnswer(Answer):
    """Every driver that was ever here, and the wallets of those that were withdrawn and left money."""

    drivers: list[Driver]
    left: list[LeftWallet]


class DriverAnswer(Answer):
    """One driver, and how many of its sessions are being ended by the order.

    Not `stored`: the order holds already, and goes into the books when there is room on the disk.
    """

    driver: Driver
    changed: bool
    ended: int
    stored: bool


class TopUpAnswer(Answer):
    """What the wallet holds now, and its driver still owes; `repeated`: the reference was counted before."""

    driver_id: str
    cents: int
    reference: str
    balance_cents: int
    owed_cents: int
    repeated: bool


class MoneyAnswer(Answer):
    """What came into a wallet by the order, or (`cents` below 0) went out, and what is free in it now, and still owed.

    `repeated`: the reference was counted before.
    """

    driver_id: str
    session_id: str | None
    cents: int
    balance_cents: int
    owed_cents: int
    reference: str
    repeated: bool


class Alert(Shape):
    """Something that needs, or needed, an operator's attention; `closable` by hand.

    `taken_by`: who has taken it, or "".
    """

    id: str
    kind: str
    about: str
    detail: str
    what: str
    what_es: str
    since: str
    solved_at: str | None
    restored: str
    restored_es: str
    times: int
    closable: bool
    taken_by: str
    taken_at: str | None
    # The language of these that Accept-Language asks for.
    what_de: str | UnsetType = UNSET
    what_fr: str | UnsetType = UNSET
    what_pt: str | UnsetType = UNSET
    what_ca: str | UnsetType = UNSET
    restored_de: str | UnsetType = UNSET
    restored_fr: str | UnsetType = UNSET
    restored_pt: str | UnsetType = UNSET
    restored_ca: str | UnsetType = UNSET


class TakenAnswer(Answer):
    """An open alert as it is now, and whether the order changed who has taken it."""

    alert: Alert
    changed: bool


class AlertsAnswer(Answer):
    """The open alerts, then those that were solved of late."""

    alerts: list[Alert]


class ClosedAnswer(Answer):
    """The alert that is closed now."""

    closed: str


class DaySums(Shape):
    """What the tickets of one UTC day come to."""

    day: str
    sessions: int
    energy_mwh: int
    revenue_cents: int


class PointUse(Shape):
    """What one charging point did in these days, and how long it showed what; `no_data_s` while Central was away.

    `faults` are incidents, each from the first Faulted until it is known to be well.
    """

    cp_id: str
    sessions: int
    energy_mwh: int
    revenue_cents: int
    available_s: int
    preparing_s: int
    charging_s: int
    finishing_s: int
    faulted_s: int
    out_s: int
    disconnected_s: int
    no_data_s: int
    faults: int
    mean_fault_s: int | None


class ReportSums(Shape):
    """What the tickets of one driver, or one charging point, come to, corrections included.

    `registration` counts who had the driver's id; `elapsed_s` is as much as their engines told.
    """

    id: str
    registration: int
    sessions: int
    energy_mwh: int
    cost_cents: int
    elapsed_s: int


class ReportAnswer(Answer):
    """A month by driver or by charging point; its `total` is what the statistics of these days say."""

    month: str
    by: str
    timezone: str
    currency: str
    rows: list[ReportSums]
    total: ReportSums


class StatsAnswer(Answer):
    """Sums per day and per charging point. `availability` is the part of the time in which one could charge.

    A charge counts on the day of `timezone` on which it ended; what still runs is in none.
    """

    days: list[DaySums]
    cps: list[PointUse]
    today: DaySums
    timezone: str
    currency: str
    availability: float | None


class WeatherNow(Shape):
    """What was measured last; `stale` when that is too long ago to be believed."""

    temperature_celsius: float | None
    wind_m_per_s: float | None
    measured_at: str | None
    received_at: str | None
    stale: bool
    source: str


class Location(Shape):
    """A location: its charging points, its weather, the alerts there, and whether an operator overrides them.

    `country` (ISO 3166, "" when nobody knows), `latitude`, `longitude`: where the source of the weather takes it to be.
    """

    location: str
    cps: list[str]
    weather: WeatherNow | None
    alerts: list[str]
    override: bool
    country: str
    latitude: float | None
    longitude: float | None


class LocationsAnswer(Answer):
    """Every location that has charging points or weather. `causes`: what a source is called in other languages."""

    locations: list[Location]
    causes: dict[str, dict[str, str]]


class LocationAnswer(Answer):
    """One location after an order: how many charging points changed, how many sessions are being ended by it."""

    location: Location
    changed: int
    ended: int


class HealthAnswer(Answer):
    """Central lives; `ready` says whether it can work, `reasons` why not. Without Kafka nothing waits for it: null."""

    ready: bool
    reasons: list[str]
    kafka_events_waiting: int | None


class MemberShape(Shape):
    """One Central of several on the same books; `since` is when it was started, `away_since` when it was missed."""

    name: str
    address: str
    version: str
    since: str
    alive: bool
    leads: bool
    away_since: str | None


class RegistryShape(Shape):
    """One Registry of several: host:port, and since when it does not do its work, and why."""

    name: str
    away_since: str | None
    why: str


class MembersAnswer(Answer):
    """Who leads since when; `cause`: first, again, handed over, killed or silent. A Central on a file has none.

    `en`, `es`, … say both in a sentence. `registries` is empty where there is one.
    """

    leader: str | None
    since: str | None
    cause: str | None
    before: str | None
    members: list[MemberShape]
    registries: list[RegistryShape]
    en: str = ""
    es: str = ""
    de: str = ""
    fr: str = ""
    pt: str = ""
    ca: str = ""


class TrustAnswer(Answer):
    """The authority's fingerprint (SHA-256, hexadecimal) and end; `local`: Central listens on its own PC only."""

    sha256: str
    until: str
    names: list[str]
    local: bool


class Description(Shape):
    """The API as OpenAPI 3.1 describes it."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]
