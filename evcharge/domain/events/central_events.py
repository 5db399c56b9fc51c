"""What happened to Central: its clock, disk and books, the services around it, strangers at its door. Pure."""

from evcharge.domain.events.event import Event


class CentralStarted(Event):
    """Central opened its database; every charging point is Disconnected until its monitor speaks.

    Who issues receipts from now on, as tickets name it, and the VAT of prices in thousandths; None: as before.
    """

    version: str
    points: int
    open_sessions: int
    issuer: int | None = None
    operator: str | None = None
    tax_id: str | None = None
    address: str | None = None
    country_code: str | None = None
    party_id: str | None = None
    vat_permille: int | None = None


class CentralStopped(Event):
    """Central was stopped on purpose."""


class InputRefused(Event):
    """A peer (`who`) sent something that it may not; nothing changed. `times` counts repeats within a minute."""

    code: str
    text: str
    times: int = 1
    who: str = ""


class LoginRefused(Event):
    """Somebody failed to prove that it is `claimed`. `times` counts repeats within a minute."""

    claimed: str
    code: str
    text: str
    times: int = 1
    role: str = ""


class ClockJumped(Event):
    """Central's wall clock moved by `seconds` against its steady clock."""

    seconds: int


class ClockOff(Event):
    """Central's wall clock is `seconds` ahead of that of the database where its books are (less than 0: behind)."""

    seconds: int


class ClockRight(Event):
    """Central's wall clock agrees with the database's again."""


class StorageRestored(Event):
    """Central's disk accepts data again; it had not since `failed_at` (Unix seconds)."""

    why: str
    failed_at: float


class RegistryLost(Event):
    """The Registry does not answer Central."""

    why: str


class RegistryReached(Event):
    """The Registry answers again."""


class MemberAway(Event):
    """One of several Centrals or Registries (`role`) is away; the others do its work.

    `name` is a Central's, or the address of a Registry (host:port).
    """

    role: str
    name: str
    why: str


class MemberBack(Event):
    """One of several Centrals or Registries is there again, or nobody counts on it any more."""

    role: str
    name: str


class WeatherLost(Event):
    """The weather service is silent. What the weather withholds stays withheld."""

    why: str


class WeatherReached(Event):
    """The weather service is heard again, or (`first`) for the first time."""

    first: bool = False


class KafkaLost(Event):
    """The brokers at `where` do not answer; `waiting` events are kept for them, as is every later one."""

    where: str = ""
    why: str = ""
    waiting: int = 0


class KafkaReached(Event):
    """The brokers answer again, and get every event that has waited."""


class NotifyLost(Event):
    """Operators are not told by `way` (mail, ntfy, webhook): it has not worked for long, or refuses what it is sent."""

    way: str
    why: str


class NotifyReached(Event):
    """Operators are told by `way` again."""

    way: str


class ChainBroken(Event):
    """Row `n` of the audit log is not what was written: somebody changed Central's books."""

    n: int
    why: str


class RegistryAnchored(Event):
    """The Registry's own audit log had `n` rows, the last with this hash; kept here, it reveals later changes."""

    n: int
    hash: str


class RegistryNoted(Event):
    """Somebody did `what` to `target` at the Registry, or tried to: row `n` of its audit log, at its time `at`.

    `result` is "done" or the code of the refusal; `times` counts repeats. Who it was, and from where, are the actor.
    """

    n: int
    at: float
    what: str
    target: str
    result: str
    times: int = 1


class AlertClosed(Event):
    """An operator closed an alert that nothing else would end, by its id, such as CP001-journal."""

    alert_id: str


class AlertTaken(Event):
    """An operator (`by`) took an open alert, such as CP001-fault, and has it until it ends."""

    alert_id: str
    by: str


class AlertLeft(Event):
    """An operator (`by`) left an open alert: nobody has it now."""

    alert_id: str
    by: str


# What a login at the Registry is called there when it fails.
TICKET_ASKED = "POST /v1/ticket"
# Why a link ended that only Central ended: nothing is wrong at its other end.
CENTRAL_STOPPED = "Central stopped"


CentralEvent = (
    CentralStarted
    | CentralStopped
    | InputRefused
    | LoginRefused
    | ClockJumped
    | ClockOff
    | ClockRight
    | StorageRestored
    | RegistryLost
    | RegistryReached
    | MemberAway
    | MemberBack
    | KafkaLost
    | KafkaReached
    | NotifyLost
    | NotifyReached
    | WeatherLost
    | WeatherReached
    | AlertClosed
    | AlertTaken
    | AlertLeft
    | RegistryAnchored
    | RegistryNoted
    | ChainBroken
)
