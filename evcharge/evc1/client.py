"""The peer's side of its link to Central: tickets, heartbeats, reconnecting. For engine, monitor and driver."""

import asyncio
import base64
import hashlib
import hmac
import logging
import os
import random
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, structs

from evcharge.domain.errors import (
    AuthenticationError,
    Code,
    EvchargeError,
    Overloaded,
    ProtocolError,
    StateError,
    unforeseen,
)
from evcharge.domain.features import Feature
from evcharge.domain.ids import Role
from evcharge.domain.strict_json import read_json
from evcharge.evc1.caller import connect, unreachable
from evcharge.evc1.central_addresses import NOT_OURS, Address, CentralAddresses, places
from evcharge.evc1.connection import Channel, ChannelClosed, HandedOver
from evcharge.evc1.handshake import Accepted
from evcharge.evc1.login_errors import NameWanted
from evcharge.evc1.messages import Bye, Heartbeat
from evcharge.evc1.tickets import IssuedTicket
from evcharge.runtime import failures, network_currency
from evcharge.runtime.clock import utc_now
from evcharge.runtime.outage import Outage
from evcharge.runtime.waiting import Backoff, wait_until
from evcharge.security import secret_files

log = logging.getLogger(__name__)

FetchTicket = Callable[[], Awaitable[IssuedTicket]]

# What a link lives through; anything else is a failure of this process and ends it.
_SETBACKS = (ChannelClosed, AuthenticationError, Overloaded, ProtocolError)
# Another ticket may do better: a later epoch, a later date, another key.
_TICKET_REFUSED = frozenset(
    {Code.TICKET, Code.EXPIRED, Code.CLOCK, Code.PROOF, Code.ID, Code.ROLE, Code.REVOKED, Code.DISABLED}
)
_KINDS_OF_TICKETS = 3
# Only a person can put these right: look again now and then.
_FOR_PEOPLE = frozenset(
    {
        Code.REVOKED,
        Code.DISABLED,
        Code.CREDENTIAL,
        Code.PROOF,
        Code.CENTRAL_PROOF,
        Code.ID,
        Code.ROLE,
        Code.VERSION,
        Code.MALFORMED,
        Code.TOO_BIG,
        Code.FIELD,
    }
)

# What the Registry says of a credential that is not, or no longer, the right one.
_WRONG_CREDENTIAL = frozenset({Code.CREDENTIAL, Code.DISABLED})
_MARK_SALT_BYTES = 16
SILENT_BEATS = 3

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How patient a link is. Its heartbeat is what Central says, unless `heartbeat_s` is given."""

    connect_s: float = 5.0
    heartbeat_s: float | None = None
    silent_beats: int = SILENT_BEATS
    first_retry_s: float = 0.5
    most_retry_s: float = 10.0
    duplicate_s: float = 5.0
    # Retry slowly what only a person can put right: withdrawn keys, a Central that is not ours, another version.
    for_people_s: float = 60.0
    # Anybody can forge an error before the login, so no hint may send us to sleep for longer.
    most_obeyed_s: float = 60.0
    least_renewal_s: float = 30.0


class Phase(StrEnum):
    """What has just happened to a link."""

    CONNECTED = "connected"
    LOST = "lost"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class LinkState:
    """One change of a link; `error` says why it was lost, or why it cannot be made.

    `where` is the Central in question, as one types it; where none answers, all of them.
    """

    phase: Phase
    error: EvchargeError | None = None
    where: str = ""


class _Kept(Struct, forbid_unknown_fields=True):
    registry: IssuedTicket | None = None
    resume: IssuedTicket | None = None
    # By which credential they were got: a salt and a hash. "": nobody knows (a release of before).
    credential: str = ""


class TicketWallet:
    """The Registry's ticket and Central's resume ticket, kept in one file (0600) to outlive this process.

    A file that cannot be read or written costs nothing but a login at the Registry: it is logged once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._logged = False
        self._owner: str | None = None
        self._kept = self._read()

    @property
    def registry(self) -> IssuedTicket | None:
        """The latest ticket of the Registry."""
        return self._kept.registry

    @property
    def resume(self) -> IssuedTicket | None:
        """The ticket that Central gave at the last login."""
        return self._kept.resume

    def keep_registry(self, issued: IssuedTicket) -> None:
        """Keep a new ticket of the Registry."""
        self._kept.registry = issued
        self._write()

    def keep_resume(self, issued: IssuedTicket) -> None:
        """Keep a new ticket of Central."""
        self._kept.resume = issued
        self._write()

    def belongs_to(self, credential: str) -> None:
        """Forget the tickets that another credential got: they would hide for long that this one is wrong."""
        if credential == self._owner:
            return
        if self._kept.credential and not _is_marked(self._kept.credential, credential):
            self._kept = _Kept()
        if not self._kept.credential:
            self._kept.credential = _marked(credential, os.urandom(_MARK_SALT_BYTES))
        self._owner = credential

    def _read(self) -> _Kept:
        try:
            if self._path.exists():
                return read_json(secret_files.read_secret(self._path), _Kept)
        except (StateError, OSError) as problem:
            self._log_once(failures.why(problem))
        except ValueError:
            self._log_once(f"{self._path} holds no tickets")
        return _Kept()

    def _write(self) -> None:
        try:
            secret_files.replace_secret(self._path, msgspec.json.encode(self._kept).decode())
        except (StateError, OSError, ValueError) as problem:
            self._log_once(failures.why(problem))

    def _log_once(self, what: str) -> None:
        if not self._logged:
            self._logged = True
            log.warning("%s; going on without kept tickets", what.rstrip("."))


def _marked(credential: str, salt: bytes) -> str:
    # Slow on purpose: a person may have chosen it, and it may stand in no other file here.
    digest = hashlib.scrypt(credential.encode("utf-8", "surrogateescape"), salt=salt, n=4096, r=8, p=1)
    return base64.b64encode(salt + digest).decode()


def _is_marked(mark: str, credential: str) -> bool:
    try:
        salt = base64.b64decode(mark, validate=True)[:_MARK_SALT_BYTES]
    except ValueError:
        return False
    return hmac.compare_digest(mark, _marked(credential, salt))


class ReconnectingClient:
    """One peer's link to Central, made again whenever it breaks."""

    def __init__(
        self,
        centrals: Iterable[Address],
        id: str,  # noqa: A002
        role: Role,
        wallet: TicketWallet,
        fetch_ticket: FetchTicket,
        *,
        tls: ssl.SSLContext | None = None,
        timing: Timing | None = None,
        credential: Callable[[], str | None] = lambda: None,
        now: Callable[[], float] = lambda: utc_now().timestamp(),
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`centrals` are where the network's Centrals are, of which one is at work.

        `fetch_ticket` asks the Registry for a new ticket; `now` is in Unix seconds.
        `credential` returns what this peer would show the Registry now, None when it cannot be read: tickets
        that another credential got are not used.
        """
        self._centrals = CentralAddresses(centrals)
        self._id = id
        self._role = role
        self._wallet = wallet
        self._fetch_ticket = fetch_ticket
        self._credential = credential
        self._tls = tls
        self._timing = timing or Timing()
        self._now = now
        self._backoff = Backoff(self._timing.first_retry_s, self._timing.most_retry_s, uniform)
        self._woken = asyncio.Event()
        self._refused: set[str] = set()
        self._told: tuple[type[EvchargeError], Code] | None = None
        self._fetching = asyncio.Lock()
        # In loop time, so that a wrong clock cannot make us ask the Registry over and over.
        self._renew_at = 0.0
        self._renewal = asyncio.Event()
        # The credential has changed since this connection was made, and the Registry has not said yes to it.
        self._unproven = False
        self._channel: Channel | None = None
        # Central asked for our name, because it cannot open our tickets.
        self._tell_name = False
        self.connected = self._was_connected = False
        # Told once why a ticket cannot be renewed, and None when that works again.
        self.on_registry: Callable[[EvchargeError | None], None] = _mention

    def wake(self) -> None:
        """Try again now: something has changed, such as the credential."""
        self._woken.set()

    def credential_changed(self) -> None:
        """Show the Registry the new credential now. One that is wrong ends the connection it would hide behind."""
        if self.connected:
            self._unproven = True
            self._renew_at = 0.0
            self._renewal.set()
        self.wake()

    async def run(
        self, talk: Callable[[Channel], Awaitable[None]], on_state: Callable[[LinkState], None]
    ) -> None:
        """Keep the link up until cancelled, running `talk(channel)` on each connection until it ends.

        Failures of the network, the login and the stream lead to another try, and `on_state` hears of each
        change once. Anything else that `talk` or the fetching raises is raised, after a goodbye.
        """

        async def for_ever() -> None:
            while True:
                await self._once(talk, on_state)

        await _beside(self._renew_in_time(), for_ever())

    # ---- one connection

    async def _once(
        self, talk: Callable[[Channel], Awaitable[None]], on_state: Callable[[LinkState], None]
    ) -> None:
        if not self._centrals.failures:
            self._woken.clear()
        ticket: str | None = None
        where = places([self._centrals.next])
        try:
            issued = await self._find_ticket()
            ticket = issued.ticket
            channel = await connect(
                *self._centrals.next,
                issued,
                self._id,
                self._role,
                timeout_s=self._timing.connect_s,
                tls=self._tls,
                tell_name=self._tell_name,
            )
        except Exception as problem:  # noqa: BLE001 - nobody has proved anything yet
            error = self._setback(problem)
            self._tell_name = isinstance(error, NameWanted)
            if self._has_another_ticket(ticket, error):
                return
            if ticket is None:
                # The Registry keeps us out, of all of them.
                self._centrals.begin()
            elif self._centrals.failed(error):
                # The next Central has its own opinion of our tickets.
                self._refused.clear()
                self._tell_name = False
                return
            await self._give_up(error, on_state)
            return
        self._centrals.begin()
        self._refused.clear()
        self._told = None
        self._tell_name = self._unproven = False
        began_at = asyncio.get_running_loop().time()
        end = await self._converse(channel, talk, on_state)
        on_state(LinkState(Phase.LOST, end, where))
        lasted_s = asyncio.get_running_loop().time() - began_at
        if isinstance(end, HandedOver):
            self._centrals.moved(end.addresses)
        elif lasted_s < self._timing.most_retry_s or (
            isinstance(end, ChannelClosed) and end.code is Code.TIMEOUT
        ):
            # One that hangs up at once may have been deposed, one that is silent be dead: another one takes over.
            self._centrals.pass_over()
        # A Central that hangs up on us at once must not be asked again and again.
        if lasted_s >= self._timing.most_retry_s:
            self._backoff.reset()
        await self._pause(self._at_least_s(end))

    async def _give_up(self, error: EvchargeError, on_state: Callable[[LinkState], None]) -> None:
        """Say what this round has come to, once, and wait for the next. `error` is what ended it."""
        failures_of = self._centrals.failures
        where, wait_s = places(self._centrals.all), self._at_least_s(error)
        if len(failures_of) > 1:
            at, error = self._centrals.most_telling()
            wait_s = self._at_least_s(error)
            if error.code in NOT_OURS:
                # That concerns one address: the others may be served sooner.
                wait_s = min(map(self._at_least_s, failures_of.values()))
            if error.code is Code.UNREACHABLE and isinstance(error, ChannelClosed):
                whys = [one.why for one in failures_of.values() if isinstance(one, ChannelClosed)]
                error = unreachable(where, "; ".join(dict.fromkeys(whys)))
            else:
                where = places([at])
        self._centrals.begin()
        if self._told != (type(error), error.code):
            self._told = (type(error), error.code)
            on_state(LinkState(Phase.WAITING, error, where))
        await self._pause(wait_s)

    async def _converse(
        self,
        channel: Channel,
        talk: Callable[[Channel], Awaitable[None]],
        on_state: Callable[[LinkState], None],
    ) -> EvchargeError:
        async def conversation() -> EvchargeError:
            try:
                await talk(channel)
            except _SETBACKS as error:
                return error
            return ChannelClosed("the conversation is over")

        farewell = Bye()
        self.connected = self._was_connected = True
        self._channel = channel
        network_currency.adopt(channel.accepted.currency)
        try:
            self._wallet.keep_resume(_by_our_clock(channel.accepted, self._now()))
            on_state(LinkState(Phase.CONNECTED, where=places([self._centrals.next])))
            beat_s = self._timing.heartbeat_s or channel.accepted.heartbeat_s
            end = await _beside(keep_beating(channel, beat_s, self._timing.silent_beats), conversation())
            farewell = Bye(reason=end.code)
        finally:
            self.connected = False
            self._channel = None
            await channel.close(farewell)
        return end

    async def _pause(self, at_least_s: float) -> None:
        self._refused.clear()
        await wait_until(self._woken, self._backoff.next_s(at_least_s))

    def _at_least_s(self, error: EvchargeError) -> float:
        if isinstance(error, Overloaded) and error.retry_after_s is not None:
            return min(error.retry_after_s, self._timing.most_obeyed_s)
        if error.code is Code.DUPLICATE:
            return self._timing.duplicate_s
        return self._timing.for_people_s if error.code in _FOR_PEOPLE else 0.0

    def _setback(self, problem: Exception) -> EvchargeError:
        """Return `problem` as something that this link lives through. Raises it when it is a failure of our own.

        Whoever has not proved to be Central must not end this process, whatever it says; nor does a file that
        has gone since we were connected: it is needed only because somebody says that our tickets are void.
        """
        if isinstance(problem, _SETBACKS):
            return problem
        if isinstance(problem, StateError) and self._was_connected:
            return AuthenticationError(problem.text, Code.CREDENTIAL)
        if isinstance(problem, EvchargeError):
            raise problem
        log.debug("the login failed", exc_info=problem)
        return unforeseen(problem)

    # ---- tickets

    async def _find_ticket(self) -> IssuedTicket:
        now = self._now()
        if (credential := self._credential()) is not None:
            self._wallet.belongs_to(credential)
        for kept in (self._wallet.registry, self._wallet.resume):
            if kept is not None and now < kept.expires_at and kept.ticket not in self._refused:
                return kept
        return await self._fetch()

    def _has_another_ticket(self, ticket: str | None, error: EvchargeError) -> bool:
        """Whether to try at once with the next kind of ticket. Kept ones stay: what we heard may be forged."""
        if ticket is None or error.code not in _TICKET_REFUSED:
            return False
        self._refused.add(ticket)
        return len(self._refused) < _KINDS_OF_TICKETS

    async def _fetch(self) -> IssuedTicket:
        async with self._fetching:
            credential = self._credential()
            issued = await self._fetch_ticket()
            if credential is not None:
                self._wallet.belongs_to(credential)
            self._wallet.keep_registry(issued)
            self._renew_in(issued.expires_at - issued.renew_after)
            return issued

    def _renew_in(self, wait_s: float) -> None:
        self._renew_at = asyncio.get_running_loop().time() + max(wait_s, self._timing.least_renewal_s)

    async def _renew_in_time(self) -> None:
        """Have a Registry ticket in its first half of life whenever the Registry can be reached."""
        kept = self._wallet.registry
        self._renew_in(0 if kept is None else min(kept.renew_after - self._now(), _longest_wait_s(kept)))
        outage: Outage[EvchargeError] = Outage(self.on_registry, lambda: self.on_registry(None))
        while True:
            wait_s = self._renew_at - asyncio.get_running_loop().time()
            if wait_s > 0:
                self._renewal.clear()
                await wait_until(self._renewal, wait_s)
                continue
            try:
                await self._fetch()
                self._unproven = False
                outage.back()
            except Exception as problem:  # noqa: BLE001 - whatever the Registry answers, the link goes on
                error = self._setback(problem)
                self._renew_in(0)
                if not self._unproven or self._channel is None or error.code not in _WRONG_CREDENTIAL:
                    outage.lost(error)
                    continue
                # With the key that stands here now nobody would have been let in.
                self._unproven = False
                self._channel.stop_reading(error)


def _mention(error: EvchargeError | None) -> None:
    if error is not None:
        log.info("the ticket cannot be renewed: %s", error.text)


def _by_our_clock(accepted: Accepted, now: float) -> IssuedTicket:
    """Return the resume ticket with its end by our clock: Central's may be any other."""
    ends = round(now + accepted.resume.expires_at - accepted.now)
    return structs.replace(accepted.resume, expires_at=ends, renew_after=ends)


def _longest_wait_s(kept: IssuedTicket) -> int:
    return kept.expires_at - kept.renew_after


async def keep_beating(channel: Channel, beat_s: float, silent_beats: int = SILENT_BEATS) -> None:
    """Say HEARTBEAT in time; cut the line when Central has been silent for that many beats."""
    loop = asyncio.get_running_loop()
    dead_after_s = beat_s * silent_beats
    is_quiet = Feature.QUIET in channel.speaks
    next_beat_at = loop.time()
    while (now := loop.time()) < (dead_at := channel.heard_at + dead_after_s):
        if now >= next_beat_at:
            channel.send(Heartbeat())
            next_beat_at = now + beat_s
        await asyncio.sleep(min(next_beat_at, dead_at) - now)
        if is_quiet:
            # Whatever was said meanwhile is a sign of life.
            next_beat_at = max(next_beat_at, channel.said_at + beat_s)
    silent = f"no word from CENTRAL for {dead_after_s:g} s"
    channel.abort(ChannelClosed(silent, Code.TIMEOUT, failures.why(TimeoutError())))


async def _beside(background: Coroutine[Any, Any, None], work: Coroutine[Any, Any, _Result]) -> _Result:
    """Return the result of `work`, or raise bare what it raises; `background` runs beside it, no longer."""
    failure: Exception
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(background)
        try:
            return await work
        except Exception as problem:  # noqa: BLE001 - raised below, where no group wraps it
            failure = problem
        finally:
            task.cancel()
    raise failure
