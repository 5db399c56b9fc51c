"""The shapes of answers about who takes part: logins, accounts, programs, registrations, and a driver's own page.

The network and its books are in `answers`, and so are the units.
"""

from typing import Literal

from msgspec import field

from evcharge.central.api.kit.answers import Answer, Receipt, Session, Shape, Ticket, TicketRow
from evcharge.central.views.page_frames import Charge, Question
from evcharge.domain.ids import Role

# ---- logins


class WhoAnswer(Answer):
    """An account, or a driver with the credential of its program; `driver_id` is a driver's only."""

    name: str
    role: Role
    driver_id: str | None


class WhoAmIAnswer(WhoAnswer):
    """Who has logged in; with `has_account`, its password can be changed here.

    `currency` (ISO 4217) is that of every amount and price in this API, whose cents are its hundredths.
    """

    has_account: bool
    currency: str


class LogOutAnswer(Answer):
    """Whether there was a login to end."""

    logged_out: bool


# ---- accounts and tokens


class LinkAnswer(Answer):
    """Where a browser is logged in by one click; shown this one time."""

    name: str
    path: str


class Account(Shape):
    """An account, and in how many browsers it is logged in."""

    name: str
    role: Role
    created_at: str
    created_by: str
    logins: int


class AccountsAnswer(Answer):
    """Every account."""

    accounts: list[Account]


class AccountAnswer(Answer):
    """An account; its password only when it was made here, and this one time."""

    name: str
    role: Role
    password: str = ""


class Token(Shape):
    """A program that has a token; not the token itself."""

    name: str
    role: Role
    created_at: str
    created_by: str


class TokensAnswer(Answer):
    """Every program that has a token."""

    tokens: list[Token]


class TokenAnswer(Answer):
    """The token of a program, shown this one time."""

    name: str
    role: Role
    token: str


class RemovedAnswer(Answer):
    """The account or token that was removed."""

    name: str


# ---- registrations


class Registered(Shape):
    """What the Registry says, then Central: `status` null is one that was never here, `key` ok, revoked or unknown.

    `registration` counts the registrations of the id: it rises when one that was withdrawn is registered again.
    """

    state: str
    epoch: int
    registration: int
    registered_at: str
    status: str | None
    key: str


class RegisteredPoint(Registered):
    """A registered charging point."""

    cp_id: str
    location: str


class RegisteredDriver(Registered):
    """A registered driver; its status is Connected, Away or Blocked."""

    driver_id: str


class RegistrationsAnswer(Answer):
    """Every charging point and driver that is registered."""

    cps: list[RegisteredPoint]
    drivers: list[RegisteredDriver]


class WithdrawnAnswer(Answer):
    """What is out of the network."""

    id: str
    kind: Literal["cp", "driver"]


class NewRegistrationAnswer(Answer):
    """The new one's credential and join token, shown this one time; `mind` has doubts, or why there is no token."""

    id: str
    kind: Literal["cp", "driver"]
    credential: str
    join_token: str | None
    mind: list[str]


class RegistrationAnswer(Answer):
    """How a registration is now; a credential and a join token only when it was rotated, and this one time."""

    id: str
    kind: Literal["cp", "driver"]
    state: str
    epoch: int
    credential: str = ""
    join_token: str | None = None
    mind: list[str] = field(default_factory=list)


# ---- a driver's own page


class MeAnswer(Answer):
    """The wallet, the unseen tickets, and what is pushed: the charge, and what a charging point asks; null without.

    Prices in 1/100 cent per kWh, instants in Unix seconds. `pin_limit_cents`: what a charge with its PIN may cost.
    `owed_cents`: of charges that the wallet could not pay; the next money that comes in pays that first.
    """

    driver_id: str
    balance_cents: int
    held_cents: int
    owed_cents: int
    session: Charge | None
    unseen: list[Ticket]
    question: Question | None
    pin_limit_cents: int | None


class NotifyAnswer(Answer):
    """Where the driver is told that its car is full ("": nowhere), and which ways there are: mail, ntfy."""

    to: str
    ways: list[str]


class ProgressAnswer(Answer):
    """How far a request has come. TICKETED: it was carried out before; REFUSED: `code` says why, and `en`, `es`, …"""

    request_id: str
    step: str
    session_id: str | None
    cp_id: str | None
    code: str = ""
    en: str = ""
    es: str = ""
    de: str = ""
    fr: str = ""
    pt: str = ""
    ca: str = ""


class PinAnswer(Answer):
    """What a charge with the driver's PIN may cost; null when it has none."""

    limit_cents: int | None


class OwnSessionsAnswer(Answer):
    """A page of one's own, newest first. `next` is the `before` of the older page."""

    sessions: list[Session]
    next: str | None


class OwnSessionAnswer(Answer):
    """One session of one's own: `course` as of `SessionAnswer`, its ticket and its receipt once there is one."""

    session: Session
    ticket: TicketRow | None
    course: list[list[int | None]]
    receipt: Receipt | None


class OwnMovement(Shape):
    """Cents that came into the wallet, or (below 0) went out; what an operator ordered has a `reason`.

    `kind`: TOP_UP, CORRECTION, PAY_OUT, or DEBT_PAID, of a charge that the wallet could not pay before.
    """

    at: str
    kind: str
    cents: int
    session_id: str | None
    reason: str | None


class OwnWalletAnswer(Answer):
    """The last movements of the wallet apart from charges, the newest first."""

    moved: list[OwnMovement]


class OwnTicketsAnswer(Answer):
    """A page of one's own, newest first. `next` is the `before` of the older page."""

    tickets: list[TicketRow]
    next: str | None


class SeenAnswer(Answer):
    """`changed` is false when there was nothing unseen of that session."""

    session_id: str
    changed: bool
