"""Bytes <-> frames, and frames <-> messages: length prefix, Fernet inside, a strict sequence number. Pure."""

import base64
import struct

from cryptography.fernet import Fernet, InvalidToken

from evcharge.domain.errors import Code, ProtocolError
from evcharge.domain.features import SPOKEN
from evcharge.evc1 import messages
from evcharge.evc1.messages import Message

LENGTH = struct.Struct(">I")
# HELLO is our largest frame before login: some 600 bytes, of which the ticket takes most.
MAX_HANDSHAKE_BYTES = 4096
# Our largest message, a full batch of journal records, stays below this; Fernet adds a third.
MAX_FRAME_BYTES = 65536
KEY_BYTES = 32

# A Fernet token: version 1, time 8, IV 16, whole AES blocks (the last one padded), HMAC 32.
_FERNET_BYTES = 57
_BLOCK_BYTES = 16

_HTTP = frozenset({b"GET ", b"POST", b"HEAD", b"PUT ", b"DELE", b"OPTI", b"PATC", b"CONN", b"TRAC", b"PRI "})
_TLS_RECORD = b"\x16\x03"


def frame(payload: bytes) -> bytes:
    """Return `payload` behind its length. Raises ProtocolError E_TOO_BIG when it is empty or oversized."""
    if not 0 < len(payload) <= MAX_FRAME_BYTES:
        raise ProtocolError(
            f"a frame of {len(payload)} bytes; allowed are 1 to {MAX_FRAME_BYTES}", Code.TOO_BIG
        )
    return LENGTH.pack(len(payload)) + payload


class FrameCutter:
    """Cuts a stream of bytes into frames and believes no length beyond `limit`, which may be raised later."""

    __slots__ = ("_at", "_data", "limit")

    def __init__(self, limit: int = MAX_HANDSHAKE_BYTES) -> None:
        self.limit = limit
        self._data = b""
        self._at = 0

    @property
    def waiting(self) -> int:
        """How many bytes are held that `pop` has not returned yet."""
        return len(self._data) - self._at

    def feed(self, data: bytes) -> None:
        """Take in `data`, in pieces of any size."""
        self._data = self._data[self._at :] + data if self.waiting else data
        self._at = 0

    def pop(self) -> bytes | None:
        """Return the oldest whole frame, None when there is none yet.

        Raises ProtocolError E_TOO_BIG as soon as a length is seen to be 0 or above the limit.
        """
        data = self._data
        start = self._at + LENGTH.size
        if len(data) < start:
            return None
        (length,) = LENGTH.unpack_from(data, self._at)
        if not 0 < length <= self.limit:
            raise self._not_a_length(length)
        end = start + length
        if len(data) < end:
            return None
        if end == len(data):
            # Do not hold on to a chunk that has been used up: there are thousands of cutters.
            self._data, self._at = b"", 0
        else:
            self._at = end
        return data[start:end]

    def _not_a_length(self, length: int) -> ProtocolError:
        start = self._data[self._at : self._at + LENGTH.size]
        if start in _HTTP:
            text = "HTTP on the charging port? This port speaks EVC1; the web pages are on another port"
        elif start.startswith(_TLS_RECORD):
            text = "TLS on the charging port? TLS is not switched on here"
        else:
            text = f"a frame of {length} bytes; allowed are 1 to {self.limit}"
        return ProtocolError(text, Code.TOO_BIG)


class Sealer:
    """Seals the messages of one direction under one key, for a reader who `speaks` these features.

    `count` is the number of the next frame.
    """

    __slots__ = ("_fernet", "_speaks", "count")

    def __init__(self, key: bytes, speaks: frozenset[str] = SPOKEN) -> None:
        self._fernet = _fernet(key)
        self._speaks = speaks
        self.count = 0

    def seal(self, message: Message) -> bytes:
        """Return the token of `message`; raises ProtocolError E_TOO_BIG, and then no number is used up."""
        # The token's own time is never looked at (a clock that jumps must not cut the line), so none is read.
        plaintext = messages.encode(self.count, messages.as_understood(message, self._speaks))
        token = self._fernet.encrypt_at_time(plaintext, 0)
        if len(token) > MAX_FRAME_BYTES:
            raise ProtocolError(f"the message makes a frame of {len(token)} bytes", Code.TOO_BIG)
        self.count += 1
        return token


class Opener:
    """Opens the tokens of one direction under one key. `count` is the number of the next frame."""

    __slots__ = ("_fernet", "count")

    def __init__(self, key: bytes) -> None:
        self._fernet = _fernet(key)
        self.count = 0

    def open(self, token: bytes) -> Message:
        """Return the message in `token`.

        Raises ProtocolError: E_CRYPTO when it is not sealed under our key, E_SEQ when it is not the next
        one, E_MALFORMED or E_FIELD when it holds no message.
        """
        envelope = messages.decode(open_token(self._fernet, token))
        if envelope.n != self.count:
            raise ProtocolError(f"frame {envelope.n} came where {self.count} was due", Code.SEQ)
        self.count += 1
        return envelope.m


class RisingOpener:
    """Opens tokens of a lane on which some are lost and some come twice, such as a broker's."""

    __slots__ = ("_fernet", "count")

    def __init__(self, key: bytes) -> None:
        self._fernet = _fernet(key)
        self.count = 0

    def open(self, token: bytes) -> Message | None:
        """Return the message in `token`; None when it is no newer than one that was opened.

        Raises ProtocolError: E_CRYPTO when it is not sealed under our key, E_MALFORMED or E_FIELD when it holds no
        message.
        """
        envelope = messages.decode(open_token(self._fernet, token))
        if envelope.n < self.count:
            return None
        self.count = envelope.n + 1
        return envelope.m

    def opens(self, token: bytes) -> bool:
        """Return whether `token` is sealed under our key, whatever is in it."""
        try:
            open_token(self._fernet, token)
        except ProtocolError:
            return False
        return True


def open_token(fernet: Fernet, token: bytes) -> bytes:
    """Return the plaintext of `token`, whatever its age; raises ProtocolError E_CRYPTO."""
    try:
        plaintext = fernet.decrypt(token)
    except InvalidToken:
        plaintext = None
    if plaintext is None or not _is_canonical(token, len(plaintext)):
        raise ProtocolError("a frame does not open under the key of this connection", Code.CRYPTO)
    return plaintext


def _is_canonical(token: bytes, plaintext_bytes: int) -> bool:
    # Python's base64 skips foreign bytes, takes + for -, and ignores the spare bits at the end. The right
    # length rules out the first, and only the last four characters can hold the last.
    raw_bytes = _FERNET_BYTES + (plaintext_bytes // _BLOCK_BYTES + 1) * _BLOCK_BYTES
    return (
        len(token) == (raw_bytes + 2) // 3 * 4
        and b"+" not in token
        and b"/" not in token
        and base64.urlsafe_b64encode(base64.urlsafe_b64decode(token[-4:])) == token[-4:]
    )


def _fernet(key: bytes) -> Fernet:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    return Fernet(base64.urlsafe_b64encode(key))
