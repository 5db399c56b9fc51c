"""Links that log somebody in with one click: once, for a while, and only where the pages are on loopback.

They are made by an administrator, who could give itself any password; they live in memory and end with the process.
"""

from collections import OrderedDict
from collections.abc import Callable

from evcharge.central.rules.accounts import Account
from evcharge.central.services.accounts import Directory, digest
from evcharge.domain.errors import AuthenticationError, Code, Refused
from evcharge.security import secret_files

LASTS_S = 3600.0
_MOST = 20


class LoginLinks:
    """What may still be clicked."""

    def __init__(self, directory: Directory, clock: Callable[[], float], *, allowed: bool) -> None:
        """`clock` is monotonic seconds; `allowed`: nobody from another PC reaches these pages."""
        self._directory = directory
        self._clock = clock
        self._allowed = allowed
        self._open: OrderedDict[str, tuple[Account, float]] = OrderedDict()

    def make(self, account: Account) -> str:
        """Return the secret of a new link for `account`. Raises Refused."""
        if not self._allowed:
            raise Refused("A login link is made only where the pages are on 127.0.0.1.", Code.CONFLICT)
        while len(self._open) >= _MOST:
            self._open.popitem(last=False)
        secret = secret_files.new_secret()
        self._open[digest(secret)] = account, self._clock() + LASTS_S
        return secret

    def use(self, secret: str) -> Account:
        """Return whose link it was, and void it. Raises AuthenticationError."""
        account, until = self._open.pop(digest(secret), (None, 0.0))
        # A new password, another role, a removed account: its links end with them.
        if account is None or self._clock() > until or self._directory.account(account.name) is not account:
            raise AuthenticationError("This link was used before, or is too old.", Code.CREDENTIAL)
        return account
