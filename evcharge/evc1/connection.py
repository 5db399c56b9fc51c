"""Messages over asyncio, once the login is done: one Channel per connection, on either end.

What comes before it: `evc1/caller` at the peer's end, `evc1/server` at Central's.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from evcharge.domain.errors import Code, EvchargeError, ProtocolError, unforeseen
from evcharge.domain.features import Feature
from evcharge.domain.ids import Role
from evcharge.domain.strict_json import base64_bytes, base64_text
from evcharge.evc1.frames import KEY_BYTES, LENGTH, MAX_FRAME_BYTES, FrameCutter, Opener, Sealer
from evcharge.evc1.gathered_writes import GatheredWrites
from evcharge.evc1.handshake import Accepted, SessionKeys
from evcharge.evc1.login_errors import reported
from evcharge.evc1.messages import Bye, ErrorNotice, Heartbeat, Message, Moved, Rekey, Rekeyed, check_sender
from evcharge.evc1.tickets import Entropy, Identity
from evcharge.runtime import failures
from evcharge.runtime.plain import place
from evcharge.runtime.rate_limit import TokenBucket

log = logging.getLogger(__name__)

_HEARTBEAT = Heartbeat()
# What no conversation hears of. Each message is looked for here: to ask for one kind after the other takes 0.4 us.
_FOR_CHANNELS = frozenset[type[Message]]({Rekey, Rekeyed, Moved})
M = TypeVar("M", bound=Message)
CLOSE_WITHIN_S = 1.0
# A reader this far behind is not keeping up: stop listening, and TCP will slow the sender down.
MOST_WAITING_FRAMES = 64
FEW_WAITING_FRAMES = 32


class ChannelClosed(EvchargeError):
    """The connection has ended, or could not be made. Try again, with a pause."""

    default_code = Code.CLOSED

    def __init__(self, text: str, code: Code | None = None, why: str = "") -> None:
        """`why` is the cause alone, in a few words, for those who say the rest themselves; "": nobody knows."""
        super().__init__(text, code)
        self.why = why


class HandedOver(ChannelClosed):
    """Central is at work no longer; another one takes over, at one of `addresses` if it named any."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        super().__init__("another Central takes over", why="another Central takes over")
        self.addresses = addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What Central grants each connection: its rate, how much at once, and how long one key is used."""

    messages_per_s: float = 200.0
    burst_s: float = 1.0
    rekey_after_s: float = 3600.0
    rekey_after_frames: int = 2**20
    rekey_answer_s: float = 10.0


class Channel(asyncio.Protocol):
    """One encrypted connection. One task may `receive`; anyone may `send`.

    `identity` exists at Central's end only, `accepted` at the peer's end only. `peer_address` is "host:port";
    `speaks` are the features that the far end understands: fields that it does not are left out by themselves.
    """

    identity: Identity
    accepted: Accepted

    # A dict of more than 30 attributes shares nothing with others of its class: it took 2 KiB a connection, and each
    # access a search in it.
    __slots__ = (
        "__weakref__",
        "_at_once",
        "_bucket",
        "_closing",
        "_cutter",
        "_end",
        "_entropy",
        "_epoch",
        "_frames",
        "_gathered",
        "_heard_at",
        "_keys",
        "_last",
        "_loop",
        "_lost",
        "_mute",
        "_next_keys",
        "_on_heartbeat",
        "_on_trouble",
        "_opener",
        "_other",
        "_paused",
        "_pressing_since",
        "_quiet_s",
        "_rekey_after_frames",
        "_rekey_due_at",
        "_rekey_timer",
        "_resume_timer",
        "_sealer",
        "_traffic",
        "_transport",
        "_waiter",
        "_writes",
        "accepted",
        "identity",
        "peer_address",
        "said_at",
        "speaks",
        "telemetry_key",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        cutter: FrameCutter,
        keys: SessionKeys,
        other: Role,
        *,
        epoch: int = 0,
        speaks: frozenset[str] = frozenset(),
        traffic: Traffic | None = None,
        entropy: Entropy = os.urandom,
        writes: GatheredWrites | None = None,
    ) -> None:
        """Take over `transport` after the login. `other` is the role that speaks at its far end.

        Connections that share `writes` gather what they say together.
        """
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._cutter = cutter
        cutter.limit = MAX_FRAME_BYTES
        self._keys = keys
        # Not renewed with the others: what travels beside this connection keeps no step with it.
        self.telemetry_key = keys.telemetry
        self._other = other
        self.speaks = speaks
        self._entropy = entropy
        self._traffic = traffic or Traffic()
        self.peer_address = address_of(transport)

        # Rekeying. The next keys are known, but not yet answered, while `_next_keys` is set.
        self._epoch = epoch
        self._next_keys: SessionKeys | None = None
        self._rekey_timer: asyncio.TimerHandle | None = None
        self._rekey_due_at = 0.0
        at_central = other is not Role.CENTRAL
        if at_central:
            self._sealer, self._opener = self._seals(keys.from_central), self._opens(keys.from_peer)
            rate, burst_s = self._traffic.messages_per_s, self._traffic.burst_s
            self._bucket: TokenBucket | None = TokenBucket(1 / rate, rate * burst_s)
            self._rekey_after_frames = self._traffic.rekey_after_frames
            self._wait_for_next_key()
        else:
            self._sealer, self._opener = self._seals(keys.from_peer), self._opens(keys.from_central)
            self._bucket = None
            self._rekey_after_frames = 2**62

        # Reading. A frame that came while somebody waited for it is opened at once, and stands here as a message.
        # Mostly there is none, and an empty deque takes 760 bytes.
        self._frames: list[bytes | Message] = []
        self._waiter: asyncio.Future[None] | None = None
        self._heard_at = self._loop.time()
        # Heartbeats: who is told of each that is answered here, and how long silence may last ("quiet" only).
        self._on_heartbeat: Callable[[Message], None] | None = None
        self._quiet_s: float | None = None
        self.said_at = self._heard_at
        # Who takes a message where it is read, by its kind.
        self._at_once: dict[type[Message], Callable[[Any], None]] = {}
        self._paused = False
        self._resume_timer: asyncio.TimerHandle | None = None
        self._pressing_since: float | None = None

        # Writing: the frames that are written together at the end of this turn; None when there are none.
        self._writes = writes or GatheredWrites(self._loop)
        self._gathered: list[bytes] | None = None
        # Whoever watches this connection is told when its far end begins to press, or to leave much unread.
        self._on_trouble: Callable[[], None] | None = None

        # Ending. `_end` is what `receive` raises once the frames that came before it are used up. `_mute`
        # when nothing can be written any more, `_closing` when the end was decided here.
        self._last: Message | None = None
        self._end: EvchargeError | None = None
        self._mute = False
        self._closing = False
        self._lost: asyncio.Future[None] = self._loop.create_future()

        transport.set_protocol(self)
        # Frames may have come together with the last one of the login.
        self.data_received(b"")

    # ---- for its users

    @property
    def heard_at(self) -> float:
        """Loop time of the last bytes; the present, while we do not listen ourselves."""
        return self._loop.time() if self._paused else self._heard_at

    @property
    def pressing_since(self) -> float | None:
        """Loop time since when the far end has sent more than its rate; None while it keeps to it."""
        return self._pressing_since

    @property
    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._mute

    @property
    def unsent_bytes(self) -> int:
        """How much waits for a far end that reads too slowly."""
        waiting = self._transport.get_write_buffer_size()
        return waiting if self._gathered is None else waiting + sum(map(len, self._gathered))

    @property
    def is_rekeying(self) -> bool:
        """Whether a new key was sent and not taken yet."""
        return self._next_keys is not None

    async def receive(self) -> Message:
        """Return the next message, which its sender's role may say.

        Raises ProtocolError (E_CRYPTO, E_SEQ, E_FIELD, E_MALFORMED, E_TOO_BIG, E_ROLE) when the stream is
        broken; when it has ended, ChannelClosed or the error that the far end gave as its last word.
        """
        frames = self._frames
        while True:
            while not frames:
                await self._next_frame()
            taken = frames.pop(0)
            if frames:
                # Each of those that wait may have its answer, or say something to the same others.
                self._writes.gather()
            if self._paused:
                self._listen_again()
            message = self._open(taken) if isinstance(taken, bytes) else taken
            if message is not None:
                return message

    def answer_heartbeats(self, interval_s: float, on_heartbeat: Callable[[Message], None]) -> None:
        """Central only: answer them here from now on, so that `receive` returns everything else.

        A far end that is "quiet" hears a HEARTBEAT when nothing else was said to it for `interval_s` seconds.
        """
        self._on_heartbeat = on_heartbeat
        if Feature.QUIET in self.speaks:
            self._quiet_s = interval_s

    def take_at_once(self, kind: type[M], take: Callable[[M], None]) -> None:
        """Give messages of `kind` to `take` from now on, in their order: `receive` returns everything else.

        Whoever waits in `receive` is not woken for them. One at which `take` fails is returned by `receive` after all.
        """
        self._at_once[kind] = take

    def tell_trouble(self, most_unsent_bytes: int, on_trouble: Callable[[], None]) -> None:
        """Central only: call `on_trouble` whenever more than that begins to wait, or the far end exceeds its rate."""
        self._on_trouble = on_trouble
        self._transport.set_write_buffer_limits(high=most_unsent_bytes, low=most_unsent_bytes)

    def send(self, message: Message) -> None:
        """Seal and write `message` without waiting; silently ignored once the connection has ended.

        A far end that does not speak the feature of the whole message is not sent it. Raises ProtocolError
        E_TOO_BIG when the message does not fit in a frame; the stream stays whole.
        """
        if self._mute or (message.feature is not None and message.feature not in self.speaks):
            return
        self._write(message)
        if self._sealer.count >= self._rekey_after_frames:
            self._rekey_now()

    def gather(self) -> None:
        """Write what is sent in the rest of this turn at its end, all at once: for who has much to say."""
        self._writes.gather()

    def send_half_frame(self, message: Message) -> None:
        """Send half of a frame and hang up: what a peer does that crashes while it writes."""
        if not self._mute:
            self.write_gathered()
            token = self._sealer.seal(message)
            self._transport.write((LENGTH.pack(len(token)) + token)[: LENGTH.size + len(token) // 2])
            self._mute = True
            self.stop_reading(ChannelClosed("the connection was torn here"))
            self._transport.close()

    def rekey(self, key: bytes) -> None:
        """Central only: switch to a new issued `key` (32 bytes). Nothing happens while one is unanswered."""
        if self._mute or self._next_keys is not None:
            return
        self._epoch += 1
        self._write(Rekey(epoch=self._epoch, key=base64_text(key)))
        self._next_keys = self._keys.rekeyed(key)
        self._sealer = self._seals(self._next_keys.from_central)
        self._cancel_rekey_timer()
        self._rekey_due_at = self._loop.time() + self._traffic.rekey_answer_s
        self._rekey_timer = self._loop.call_at(self._rekey_due_at, self._rekey_unanswered)

    def stop_reading(self, error: EvchargeError) -> None:
        """Believe nothing more of the far end: `receive` raises `error`. What is sent still goes out."""
        self._closing = True
        self._frames.clear()
        self._stop(error)

    async def close(self, farewell: Message | None = None) -> None:
        """Send `farewell` (BYE or ERROR) and hang up; waits at most CLOSE_WITHIN_S. Idempotent."""
        if not self._mute:
            if farewell is not None:
                self._write(farewell)
            self.write_gathered()
            self._mute = True
            self.stop_reading(ChannelClosed("the connection was closed here"))
            # Keep reading and dropping until the far end hangs up too: closing over unread bytes would
            # reset the connection, and the farewell might never be read.
            self._transport.resume_reading()
            if self._transport.can_write_eof():
                with contextlib.suppress(OSError):
                    self._transport.write_eof()
            else:
                self._transport.close()
        try:
            await asyncio.wait([self._lost], timeout=CLOSE_WITHIN_S)
        finally:
            self._transport.abort()
            # An error that was raised keeps the frames that it went through, and they keep this channel.
            if self._end is not None:
                self._end.__traceback__ = self._end.__context__ = None

    def abort(self, error: EvchargeError | None = None) -> None:
        """Hang up at once; a waiting `receive` raises `error`."""
        self._mute = True
        self._gathered = None
        self.stop_reading(error or ChannelClosed("the connection was cut here"))
        self._transport.abort()

    # ---- for asyncio

    def data_received(self, data: bytes) -> None:
        """Cut frames and queue them; they are opened when they are received."""
        if self._end is not None:
            return
        frames = self._frames
        already = len(frames)
        cutter = self._cutter
        cutter.feed(data)
        try:
            while (token := cutter.pop()) is not None:
                frames.append(token)
        except ProtocolError as error:
            self._stop(error)
            return
        now = self._heard_at = self._loop.time()
        waiting = len(frames)
        unpaid_s = self._spend(now, waiting - already)
        if waiting > MOST_WAITING_FRAMES or unpaid_s > 0:
            self._stop_listening(unpaid_s)
        if waiting and not already and self._waiter is not None and not self._waiter.done():
            # Whoever waits for a message is woken for one only, and not for a heartbeat.
            message = self._open(cast(bytes, frames.pop(0)))
            if message is not None:
                frames.insert(0, message)
        if frames:
            self._wake()

    def pause_writing(self) -> None:
        """Note that more waits for the far end than `tell_trouble` says."""
        self._tell_trouble()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end; frames that came before it can still be received."""
        half = " in the middle of a frame" if self._cutter.waiting else ""
        why = failures.why(exc) if exc is not None else ""
        because = f": {why}" if why else ""
        self._mute = True
        self._gathered = None
        # Whoever takes them has this channel: neither keeps the other.
        self._at_once.clear()
        self._stop(ChannelClosed(f"the connection to {self.peer_address} ended{half}{because}", why=why))
        if not self._lost.done():
            self._lost.set_result(None)

    # ---- reading

    def _open(self, token: bytes) -> Message | None:
        """Return the message in `token`; None when it was for this channel itself, or broke the stream."""
        try:
            message = self._opener.open(token)
            check_sender(message, self._other)
            self._last = message
            if type(message) in _FOR_CHANNELS:
                self._obey(message)
                return None
            if self._on_heartbeat is not None and self._sees_to_heartbeats(message):
                return None
        except ProtocolError as error:
            self._breaks(error)
            return None
        except Exception as problem:
            log.debug("a frame of %s failed", self.peer_address, exc_info=True)
            self._breaks(unforeseen(problem))
            return None
        if self._opener.count >= self._rekey_after_frames:
            self._rekey_now()
        if (take := self._at_once.get(type(message))) is not None:
            try:
                take(message)
            except Exception:
                # The conversation fails at it in its turn, and says so.
                log.debug("a message of %s failed", self.peer_address, exc_info=True)
                return message
            return None
        return message

    def _obey(self, message: Message) -> None:
        if isinstance(message, Rekey | Rekeyed):
            self._change_key(message)
        elif isinstance(message, Moved):
            # In its turn: whatever Central said before it has been received.
            self.stop_reading(HandedOver(message.addresses))

    def _breaks(self, error: EvchargeError) -> None:
        """End the stream with `error`, also when its far end has hung up meanwhile."""
        self.stop_reading(error)
        self._end = error

    def _sees_to_heartbeats(self, message: Message) -> bool:
        """See that the far end has its sign of life; return whether `message` was one of its own."""
        is_heartbeat = isinstance(message, Heartbeat)
        if is_heartbeat and self._on_heartbeat is not None:
            self._on_heartbeat(message)
        # It says them only when it has nothing else to say; whatever it says, it wants a word now and then.
        is_due = is_heartbeat or (
            self._quiet_s is not None and self._loop.time() - self.said_at >= self._quiet_s
        )
        # What it has not read yet tells it the same; and who does not read gets no more.
        if is_due and not self._transport.get_write_buffer_size():
            self.send(_HEARTBEAT)
        return is_heartbeat

    async def _next_frame(self) -> None:
        if self._end is not None:
            raise self._last_word(self._end)
        if self._waiter is not None:
            raise RuntimeError("two tasks read from one channel")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _last_word(self, end: EvchargeError) -> EvchargeError:
        if isinstance(end, ChannelClosed) and not self._closing:
            match self._last:
                case ErrorNotice(code=code, text=text, retry_after_s=retry_after_s):
                    return reported(code, text, retry_after_s)
                case Bye(reason=reason):
                    return ChannelClosed(
                        f"{self.peer_address} said goodbye" + (f": {reason}" if reason else "")
                    )
        return end

    def _spend(self, now: float, messages: int) -> float:
        """Return how long the far end must wait for having sent so many messages."""
        if self._bucket is None:
            return 0.0
        unpaid_s = self._bucket.spend(now, messages)
        if unpaid_s == 0:
            self._pressing_since = None
        elif self._pressing_since is None:
            self._pressing_since = now
            self._tell_trouble()
        return unpaid_s

    def _tell_trouble(self) -> None:
        if self._on_trouble is not None:
            self._on_trouble()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _stop_listening(self, unpaid_s: float) -> None:
        self._paused = True
        self._transport.pause_reading()
        if unpaid_s > 0 and self._resume_timer is None:
            self._resume_timer = self._loop.call_later(unpaid_s, self._paid)

    def _paid(self) -> None:
        self._resume_timer = None
        self._listen_again()

    def _listen_again(self) -> None:
        if self._resume_timer is None and len(self._frames) <= FEW_WAITING_FRAMES and self._end is None:
            self._paused = False
            self._heard_at = self._loop.time()
            self._transport.resume_reading()

    # ---- writing, ending

    def _write(self, message: Message) -> None:
        token = self._sealer.seal(message)
        self.said_at = self._loop.time()
        data = LENGTH.pack(len(token)) + token
        if not self._writes.is_gathering:
            self._transport.write(data)
        elif self._gathered is None:
            self._gathered = [data]
            self._writes.add(self)
        else:
            self._gathered.append(data)

    def write_gathered(self) -> None:
        """Write what was gathered in this turn; for `writes`."""
        if self._gathered is not None:
            data, self._gathered = b"".join(self._gathered), None
            self._transport.write(data)

    def _stop(self, error: EvchargeError) -> None:
        if self._end is None:
            self._end = error
            self._paused = False
            self._transport.pause_reading()
            self._cancel_rekey_timer()
            if self._resume_timer is not None:
                self._resume_timer.cancel()
            self._wake()

    # ---- rekeying: TCP's order keeps both ends in step (PROTOCOL.md D5)

    def _change_key(self, message: Rekey | Rekeyed) -> None:
        if isinstance(message, Rekey):
            if message.epoch != self._epoch + 1:
                raise ProtocolError(f"key {message.epoch} came after key {self._epoch}", Code.SEQ)
            keys = self._keys.rekeyed(base64_bytes(message.key, "key"))
            self._opener = self._opens(keys.from_central)
            self._epoch = message.epoch
            if not self._mute:
                self._write(Rekeyed(epoch=message.epoch))
            self._sealer = self._seals(keys.from_peer)
        else:
            if self._next_keys is None or message.epoch != self._epoch:
                raise ProtocolError(f"nobody asked for key {message.epoch}", Code.SEQ)
            keys = self._next_keys
            self._next_keys = None
            self._opener = self._opens(keys.from_peer)
            self._wait_for_next_key()
        self._keys = keys

    def _seals(self, key: bytes) -> Sealer:
        return Sealer(key, self.speaks, self._keys.cipher)

    def _opens(self, key: bytes) -> Opener:
        return Opener(key, self._keys.cipher)

    def _rekey_now(self) -> None:
        self.rekey(self._entropy(KEY_BYTES))

    def _wait_for_next_key(self) -> None:
        self._cancel_rekey_timer()
        # All peers come back together after a restart; they need not all rekey in the same instant.
        early = self._entropy(1)[0] / 1024
        self._rekey_timer = self._loop.call_later(self._traffic.rekey_after_s * (1 - early), self._rekey_now)

    def _rekey_unanswered(self) -> None:
        wait = f"{self._traffic.rekey_answer_s:g} s"
        self.abort(ProtocolError(f"{self.peer_address} did not take its new key within {wait}", Code.TIMEOUT))

    def _cancel_rekey_timer(self) -> None:
        if self._rekey_timer is not None:
            self._rekey_timer.cancel()


def address_of(transport: asyncio.BaseTransport) -> str:
    # None when the far end hung up before we could ask.
    peer = transport.get_extra_info("peername")
    if peer is None:
        return "unknown:0"
    host, port = peer[:2]
    return place(host, port)
