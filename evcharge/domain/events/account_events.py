"""What the people of the control room did with accounts, tokens and registrations. Pure."""

from evcharge.domain.events.event import Event
from evcharge.domain.ids import CpId, DriverId


class LoggedIn(Event):
    """Somebody logged in on Central's pages. `login` names the login, and opens nothing."""

    name: str
    login: str = ""


class LoggedOut(Event):
    """Somebody logged out of Central's pages."""

    name: str
    login: str = ""


class LoginLinkMade(Event):
    """A link that logs an account in once was made. It is stored nowhere."""

    name: str


# The `seal` of these is a digest of all that is kept of the account or token: it proves the row, and opens nothing.


class AccountAdded(Event):
    """Somebody may now log in."""

    name: str
    role: str
    seal: str = ""


class AccountChanged(Event):
    """The `what` of an account (password or role) changed; its logins are void."""

    name: str
    role: str
    what: str
    seal: str = ""


class AccountRemoved(Event):
    """Somebody may no longer log in."""

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
    """Somebody changed (`what`) the registration of a charging point or driver at the Registry."""

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
