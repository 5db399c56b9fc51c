"""Authentication of callers: tokens, credentials, and the audit rows of those that are refused."""

import hmac
import logging
import re
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from aiohttp import BasicAuth, web
from msgspec import Struct

from evcharge.domain.errors import AuthenticationError, BadInput, Code, Overloaded
from evcharge.http.server import ON_BEHALF_OF, prove
from evcharge.labels.registry import said
from evcharge.registry.registrations import IdKind, Registration
from evcharge.registry.repeats import MAX_SOURCES, AuditEntry, Repeats
from evcharge.registry.store import Invited, Requester, Store, entry
from evcharge.runtime.waiting import uninterrupted
from evcharge.security import state_folder
from evcharge.security.passwords import Credentials, GuessThrottle, LoginThrottle

log = logging.getLogger(__name__)


class Visit(Struct):
    """What is known of a request so far, for the audit log."""

    actor: Requester
    target: str = ""


_VISIT = web.RequestKey("visit", Visit)
FREE_TOKENS = 30
# Of a disk that stays full the newest count.
_MOST_UNWRITTEN = 2 * MAX_SOURCES
# All Registries on the same tables wait while one of them writes.
_MOST_AT_ONCE = 50
ADMIN, ENROLMENT, CENTRAL = "admin", "enrolment", "central"
# Central on behalf of one of its accounts: it may what an administrator may, but replaces no credential unasked.
DEPUTY = "deputy"
_ON_BEHALF_OF = re.compile(r"\A([A-Za-z0-9_.-]{1,32}) ([0-9A-Za-z.:%-]{1,64})\Z")


class Callers:
    """Finds out who sent a request. `clock` is monotonic seconds."""

    def __init__(
        self,
        store: Store,
        credentials: Credentials,
        service_keys: Sequence[bytes],
        enrolment_token: str,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._credentials = credentials
        self._enrolment_token = enrolment_token.encode()
        self._service_tokens = [state_folder.service_token(key).encode() for key in service_keys]
        self._clock = clock
        self._throttle = LoginThrottle(clock)
        # A token cannot be guessed, and a whole lab may join at once from behind one address.
        self._token_throttle = GuessThrottle(clock, free=FREE_TOKENS)
        self._repeats = Repeats()
        self._unwritten: deque[AuditEntry] = deque(maxlen=_MOST_UNWRITTEN)

    async def with_token(self, request: web.Request, *allowed: str) -> Requester:
        """Return whose bearer token came; raise 401 without a good one, 403 unless its role is `allowed`."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise AuthenticationError(
                "This needs a token: send the header Authorization: Bearer <token>.", Code.CREDENTIAL
            )
        role, who = await self._bearer(token.strip())
        actor = Requester(who, role, address_of(request))
        named = request.headers.get(ON_BEHALF_OF)
        if role == CENTRAL and named is not None:
            role, actor = DEPUTY, _deputy(named)
        visit(request).actor = actor
        prove(request, who)
        if role not in allowed:
            raise AuthenticationError(f"This token may not do that: its role is {role}.", Code.ROLE)
        return actor

    async def _bearer(self, token: str) -> tuple[str, str]:
        raw = token.encode("utf-8", "surrogateescape")
        if hmac.compare_digest(raw, self._enrolment_token):
            return ENROLMENT, "enrolment token"
        if any(hmac.compare_digest(raw, service) for service in self._service_tokens):
            return CENTRAL, "central"
        name = await self._store.token_owner(token)
        if name is None:
            raise _unknown_token()
        return ADMIN, name

    async def itself(
        self, request: web.Request, header: str, id_: str, kind: IdKind
    ) -> tuple[Requester, Registration]:
        """Return `id_` as the actor, and its registration, when the Basic `header` holds its own credential."""
        try:
            login = BasicAuth.decode(header, encoding="utf-8")
        except ValueError:
            raise _unknown_token() from None
        if login.login != id_:
            raise AuthenticationError(f"Only {id_} itself or an administrator may do this.", Code.ROLE)
        registration = await self.proved(request, id_, kind, login.password)
        actor = Requester(id_, kind, address_of(request))
        visit(request).actor = actor
        return actor, registration

    async def proved(self, request: web.Request, id_: str, kind: IdKind, secret: str) -> Registration:
        """Return the registration of `id_` if `secret` is its own, else raise: the same for any reason."""
        found = await self._store.find(id_)
        kept = found.secret_hash if found is not None and found.kind is kind else None
        if not await self.guess(kept, secret, id_, visit(request).actor.address) or found is None:
            raise AuthenticationError("The id or its credential is wrong.", Code.CREDENTIAL)
        return found

    async def invited(self, request: web.Request, secret: str) -> Invited:
        """Return what an invitation is good for, slowing down whoever guesses. Raises Overloaded."""
        source = ("an invitation", address_of(request))
        self._token_throttle.attempt(source)
        found = await self._store.invitation(secret)
        if found is None:
            raise AuthenticationError(
                "This token is unknown here. Is it from another network? Ask for a new one.", Code.CREDENTIAL
            )
        self._token_throttle.succeeded(source)
        return found

    async def guess(self, kept: str | None, secret: str, name: str, address: str) -> bool:
        """Check whether `secret` is that of `name`, slowing down whoever guesses. Raises Overloaded."""
        if self._credentials.is_machines(kept, secret):
            # Nobody guesses it: whatever goes on in its name or at its address, its program goes on.
            return True
        self._throttle.attempt(name, address)
        try:
            right = await self._credentials.matches(kept, secret, address)
        except Overloaded:
            self._throttle.undone(name, address)
            raise
        if right:
            self._throttle.succeeded(name, address)
        return right

    async def refused(self, request: web.Request, code: str) -> None:
        """Write, or count, the audit row of a request that was not done."""
        seen = visit(request)
        resource = request.match_info.route.resource
        what = f"{request.method} {resource.canonical}" if resource is not None else "unknown request"
        one = entry(seen.actor, what, seen.target, code)
        if self._repeats.first(one, self._clock()):
            log.info("%s", said("refused", what=what, address=seen.actor.address, code=code))
            await self._store.note([one])

    async def write_repeats(self, *, all_of_them: bool = False) -> None:
        """Write the rows of refusals that were only counted, when their minute is over."""
        self._unwritten += self._repeats.rest() if all_of_them else self._repeats.due(self._clock())
        # A clean stop may cancel it, and a disk may be full: what is not written yet waits for the next turn.
        await uninterrupted(self._write())

    async def _write(self) -> None:
        while some := list(islice(self._unwritten, _MOST_AT_ONCE)):
            await self._store.note(some)
            for one in some:
                # A flood may have pushed it out meanwhile.
                if self._unwritten and self._unwritten[0] is one:
                    self._unwritten.popleft()


def _deputy(named: str) -> Requester:
    match = _ON_BEHALF_OF.match(named)
    if match is None:
        raise BadInput(f"{ON_BEHALF_OF} must be a name and an address.", Code.FIELD)
    return Requester(match[1], CENTRAL, match[2])


def visit(request: web.Request) -> Visit:
    """Return what is known of `request`; at first, only its address."""
    seen = request.get(_VISIT)
    if seen is None:
        seen = request[_VISIT] = Visit(Requester("unknown", "stranger", address_of(request)))
    return seen


def address_of(request: web.Request) -> str:
    """Return the address that `request` came from."""
    return request.remote or "unknown"


def _unknown_token() -> AuthenticationError:
    return AuthenticationError("This token is unknown or has expired. Log in again.", Code.CREDENTIAL)
