"""What the people of the control room did with accounts, tokens and registrations. Pure."""

from evcharge.domain.events.event import Event
from evcharge.domain.ids import CpId, DriverId


class LoggedIn(Event):
    """Somebody logged in on Central's pages. `login` names it; it opens nothing."""

    name: str
    login: str = ""


class LoggedOut(Event):
    """Somebody logged out of Central's pages."""

    name: str
    login: str = ""


class LoginLinkMade(Event):
    """A link was made that logs an account in once. The link is kept nowhere."""

    name: str


# The `seal` of these is a digest of all that is kept of the account or token: it proves the row, and opens nothing.


class AccountAdded(Event):
    """Somebody may log in from now on."""

    name: str
    role: str
    seal: str = ""


class AccountChanged(Event):
    """An account has another `what` (password or role); its logins are void."""

    name: str
    role: str
    what: str
    seal: str = ""


class AccountRemoved(Event):
    """Somebody may log in no more."""

    name: str
    seal: str = ""


class TokenMade(Event):
    """A program got a token for Central's API."""

    name: str
    role: str
    seal: str = ""


class TokenRemoved(Event):
    """A program's token is void."""

    name: str
    seal: str = ""


class RegistrationChanged(Event):
    """Somebody had the Registry do something (`what`) with the registration of a charging point or driver."""

    what: str
    cp_id: CpId | None = None
    driver_id: DriverId | None = None


AccountEvent = (
    LoggedIn
    | LoggedOut
    | LoginLinkMade
    | AccountAdded
    | AccountChanged
    | AccountRemoved
    | TokenMade
    | TokenRemoved
    | RegistrationChanged
)
