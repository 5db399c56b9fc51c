"""The peer's side of its link to Central: tickets, heartbeats, reconnecting. For engine, monitor and driver."""

import asyncio
import contextlib
import logging
import os
import random
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from evcharge.channel import Channel, ChannelClosed, connect
from evcharge.errors import AuthenticationError, Code, EvchargeError, Overloaded, ProtocolError
from evcharge.handshake import IssuedTicket
from evcharge.ids import Role
from evcharge.lifecycle import Backoff, utc_now, wait_until
from evcharge.messages import Bye, Heartbeat

log = logging.getLogger(__name__)

FetchTicket = Callable[[], Awaitable[IssuedTicket]]

_TICKET_REFUSED = frozenset({Code.TICKET, Code.EXPIRED, Code.CLOCK, Code.PROOF, Code.ID, Code.ROLE})
_WITHDRAWN = frozenset({Code.REVOKED, Code.DISABLED, Code.CREDENTIAL})
_HOPELESS = frozenset({Code.CENTRAL_PROOF, Code.VERSION, Code.MALFORMED, Code.TOO_BIG, Code.FIELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How patient a link is, in seconds. `heartbeat_s` None: as Central says; dead after `silent_beats` of it."""

    connect_s: float = 5.0
    heartbeat_s: float | None = None
    silent_beats: int = 3
    first_retry_s: float = 0.5
    most_retry_s: float = 10.0
    duplicate_s: float = 5.0
    # For what only a person can put right: withdrawn keys, a Central that is not ours, another version.
    withdrawn_s: float = 60.0
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
    """One change of a link; `error` says why it was lost, or why it cannot be made."""

    phase: Phase
    error: EvchargeError | None = None


class _Kept(Struct, forbid_unknown_fields=True):
    registry: "_KeptTicket | None" = None
    resume: "_KeptTicket | None" = None


class _KeptTicket(Struct, frozen=True, forbid_unknown_fields=True):
    ticket: Annotated[str, Meta(min_length=1, max_length=2048)]
    key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    expires_at: int
    renew_after: int


class TicketWallet:
    """The Registry's ticket and Central's resume ticket, kept in one file (0600) to outlive this process.

    A file that cannot be read or written costs nothing but a login at the Registry: it is logged once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._grumbled = False
        self._kept = self._read()

    @property
    def registry(self) -> IssuedTicket | None:
        """The latest ticket of the Registry."""
        return _issued(self._kept.registry)

    @property
    def resume(self) -> IssuedTicket | None:
        """The ticket that Central gave at the last login."""
        return _issued(self._kept.resume)

    def keep_registry(self, issued: IssuedTicket) -> None:
        """Keep a new ticket of the Registry."""
        self._kept.registry = _kept(issued)
        self._write()

    def keep_resume(self, issued: IssuedTicket) -> None:
        """Keep a new ticket of Central."""
        self._kept.resume = _kept(issued)
        self._write()

    def _read(self) -> _Kept:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            pass
        except OSError as problem:
            self._grumble(f"cannot be read ({problem.strerror})")
        except (ValueError, RecursionError):
            self._grumble("holds no tickets")
        return _Kept()

    def _write(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _replace(self._path, msgspec.json.encode(self._kept))
        except OSError as problem:
            self._grumble(f"cannot be written ({problem.strerror})")

    def _grumble(self, what: str) -> None:
        if not self._grumbled:
            self._grumbled = True
            log.warning("the ticket file %s %s; going on without it", self._path, what)


def _kept(issued: IssuedTicket) -> _KeptTicket:
    return _KeptTicket(issued.ticket, issued.key, issued.expires_at, issued.renew_after)


def _issued(kept: _KeptTicket | None) -> IssuedTicket | None:
    return None if kept is None else IssuedTicket(kept.ticket, kept.key, kept.expires_at, kept.renew_after)


def _replace(path: Path, data: bytes) -> None:
    # mkstemp makes it 0600; a crash leaves the old file whole.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Link:
    """One peer's link to Central, made again whenever it breaks."""

    def __init__(
        self,
        host: str,
        port: int,
        id: str,  # noqa: A002
        role: Role,
        wallet: TicketWallet,
        fetch_ticket: FetchTicket,
        *,
        tls: ssl.SSLContext | None = None,
        timing: Timing | None = None,
        now: Callable[[], float] = lambda: utc_now().timestamp(),
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`fetch_ticket` asks the Registry for a new ticket; `now` is in Unix seconds."""
        self._host = host
        self._port = port
        self._id = id
        self._role = role
        self._wallet = wallet
        self._fetch_ticket = fetch_ticket
        self._tls = tls
        self._timing = timing or Timing()
        self._now = now
        self._backoff = Backoff(self._timing.first_retry_s, self._timing.most_retry_s, uniform)
        self._woken = asyncio.Event()
        self._refused: set[str] = set()
        self._reported: Code | None = None
        self._fetching = asyncio.Lock()
        # Set whenever a Registry ticket was fetched: its half-life is counted from here, by our own clock.
        self._renew_at: float | None = None
        self.connected = False

    def wake(self) -> None:
        """Try again now: something has changed, such as a new credential."""
        self._woken.set()

    async def run(
        self, talk: Callable[[Channel], Awaitable[None]], on_state: Callable[[LinkState], None]
    ) -> None:
        """Keep the link up for ever, running `talk(channel)` on each connection until it ends.

        Failures of the network, of the login and of the stream lead to another try, and `on_state` hears of
        each change once. Anything else that `talk` raises is raised, after a goodbye.
        """
        renewing = asyncio.get_running_loop().create_task(self._renew_in_time())
        try:
            while True:
                await self._once(talk, on_state)
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewing

    async def _once(
        self, talk: Callable[[Channel], Awaitable[None]], on_state: Callable[[LinkState], None]
    ) -> None:
        self._woken.clear()
        ticket = ""
        try:
            issued = await self._ticket()
            ticket = issued.ticket
            channel = await self._connect(issued)
        except (ChannelClosed, AuthenticationError, Overloaded, ProtocolError) as error:
            if self._reported is not error.code:
                self._reported = error.code
                on_state(LinkState(Phase.WAITING, error))
            await self._pause(error, ticket)
            return
        self._refused.clear()
        self._reported = None
        self._wallet.keep_resume(channel.accepted.resume)
        self.connected = True
        on_state(LinkState(Phase.CONNECTED))
        try:
            error = await self._converse(channel, talk)
        finally:
            self.connected = False
        on_state(LinkState(Phase.LOST, error))
        await self._pause(error, "")
