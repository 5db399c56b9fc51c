"""Bytes <-> frames, and frames <-> messages: length prefix, Fernet inside, a strict sequence number. Pure."""

import base64
import hmac
import os
import struct
from collections.abc import Callable
from typing import ClassVar, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

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
_KEY_LENGTH = f"a key has {KEY_BYTES} bytes"
# 96 bits, of which the number of a frame takes the last 64.
_NONCE = struct.Struct(">4xQ")

# A Fernet token: version 1, time 8, IV 16, whole AES blocks (the last one padded), HMAC 32.
_FERNET_VERSION = b"\x80"
# Nobody looks at the token's time (a clock that jumps must not cut the line), so it is that of the epoch.
_FERNET_HEAD = _FERNET_VERSION + bytes(8)
_BLOCK_BYTES, _HMAC_BYTES = 16, 32
# What the last block is filled up with, by how much it lacks.
_PADDING = tuple(bytes([lacking]) * lacking for lacking in range(_BLOCK_BYTES + 1))

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
        # What has been used up is let go of at once, so anything that is held is waiting.
        self._data = self._data[self._at :] + data if self._data else data
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


class Cipher(Protocol):
    """What seals the frames of one direction under one key."""

    # Follows the label by which the key is derived.
    LABEL: ClassVar[bytes]

    def __init__(self, key: bytes) -> None: ...

    def seal(self, number: int, plaintext: bytes) -> bytes:
        """Return the token of frame `number`. No number may come twice."""
        ...

    def open(self, number: int, token: bytes) -> bytes:
        """Return the plaintext of frame `number`; raises ProtocolError E_CRYPTO."""
        ...


class FernetTokens:
    """Seals and opens tokens of the Fernet specification under one key, as `cryptography.fernet` does.

    Most of what that takes goes into making an AES context for each token, so here there is one for each direction.
    In CBC a block is mixed with the ciphertext before it, whichever token that was of. To seal, a random block goes
    first: what becomes of it can be foretold by nobody and is the IV of the token. To open, the IV goes first: its own
    plaintext depends on the token before and is thrown away, all others are right.
    """

    __slots__ = ("_decrypt", "_encrypt", "_key", "_signing_key")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(_KEY_LENGTH)
        self._key, self._signing_key = key, key[:16]
        # Made when they are needed: one direction of a connection needs one of them.
        self._encrypt: Callable[[bytes], bytes] | None = None
        self._decrypt: Callable[[bytes], bytes] | None = None

    def seal(self, plaintext: bytes) -> bytes:
        """Return the token of `plaintext`."""
        if self._encrypt is None:
            self._encrypt = self._aes_cbc().encryptor().update
        padding = _PADDING[_BLOCK_BYTES - len(plaintext) % _BLOCK_BYTES]
        signed = _FERNET_HEAD + self._encrypt(os.urandom(_BLOCK_BYTES) + plaintext + padding)
        return base64.urlsafe_b64encode(signed + hmac.digest(self._signing_key, signed, "sha256"))

    def open(self, token: bytes) -> bytes:
        """Return the plaintext of `token`, whatever its age; raises ProtocolError E_CRYPTO."""
        try:
            raw = base64.urlsafe_b64decode(token)
        except ValueError:
            raise _not_ours() from None
        signed, blocks = raw[:-_HMAC_BYTES], len(raw) - len(_FERNET_HEAD) - _HMAC_BYTES
        if (
            blocks < 2 * _BLOCK_BYTES
            or blocks % _BLOCK_BYTES
            or not raw.startswith(_FERNET_VERSION)
            # Python's base64 skips foreign bytes, takes + for -, and ignores the spare bits at the end.
            or base64.urlsafe_b64encode(raw) != token
            or not hmac.compare_digest(hmac.digest(self._signing_key, signed, "sha256"), raw[-_HMAC_BYTES:])
        ):
            raise _not_ours()
        if self._decrypt is None:
            self._decrypt = self._aes_cbc().decryptor().update
        padded = self._decrypt(signed[len(_FERNET_HEAD) :])
        lacking = padded[-1]
        if not 0 < lacking <= _BLOCK_BYTES or not padded.endswith(_PADDING[lacking]):
            raise _not_ours()
        return padded[_BLOCK_BYTES:-lacking]

    def _aes_cbc(self) -> BlockCipher[modes.CBC]:
        return BlockCipher(algorithms.AES(self._key[16:]), modes.CBC(bytes(_BLOCK_BYTES)))


class FernetCipher:
    """Fernet tokens: what every release speaks. The number of a frame is inside."""

    LABEL: ClassVar[bytes] = b""
    __slots__ = ("_tokens",)

    def __init__(self, key: bytes) -> None:
        self._tokens = FernetTokens(key)

    def seal(self, number: int, plaintext: bytes) -> bytes:  # noqa: ARG002
        """Return the token of `plaintext`."""
        return self._tokens.seal(plaintext)

    def open(self, number: int, token: bytes) -> bytes:  # noqa: ARG002
        """Return the plaintext, whatever the number; raises ProtocolError E_CRYPTO."""
        return self._tokens.open(token)


class GcmCipher:
    """AES-256-GCM: the nonce is the frame's number, so a frame opens in its own place only (ADR 0022)."""

    LABEL: ClassVar[bytes] = b" AES-256-GCM"
    __slots__ = ("_gcm",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(_KEY_LENGTH)
        self._gcm = AESGCM(key)

    def seal(self, number: int, plaintext: bytes) -> bytes:
        """Return the ciphertext and its tag. The same number twice would give the key away."""
        return self._gcm.encrypt(_NONCE.pack(number), plaintext, None)

    def open(self, number: int, token: bytes) -> bytes:
        """Return the plaintext of frame `number`; raises ProtocolError E_CRYPTO, also for a frame of another place."""
        try:
            return self._gcm.decrypt(_NONCE.pack(number), token, None)
        except InvalidTag:
            raise _not_ours() from None


class Sealer:
    """Seals the messages of one direction under one key, for a reader who `speaks` these features.

    `count` is the number of the next frame.
    """

    __slots__ = ("_cipher", "_speaks", "_speaks_all", "count")

    def __init__(
        self, key: bytes, speaks: frozenset[str] = SPOKEN, cipher: type[Cipher] = FernetCipher
    ) -> None:
        self._cipher = cipher(key)
        self._speaks = speaks
        # Asked for each message otherwise.
        self._speaks_all = messages.speaks_all(speaks)
        self.count = 0

    def seal(self, message: Message) -> bytes:
        """Return the token of `message`; raises ProtocolError E_TOO_BIG, and then no number is used up."""
        understood = message if self._speaks_all else messages.as_understood(message, self._speaks)
        plaintext = messages.encode(self.count, understood)
        token = self._cipher.seal(self.count, plaintext)
        if len(token) > MAX_FRAME_BYTES:
            # It never leaves this process, so its number may serve again.
            raise ProtocolError(f"the message makes a frame of {len(token)} bytes", Code.TOO_BIG)
        self.count += 1
        return token


class Opener:
    """Opens the tokens of one direction under one key. `count` is the number of the next frame."""

    __slots__ = ("_cipher", "count")

    def __init__(self, key: bytes, cipher: type[Cipher] = FernetCipher) -> None:
        self._cipher = cipher(key)
        self.count = 0

    def open(self, token: bytes) -> Message:
        """Return the message in `token`.

        Raises ProtocolError: E_CRYPTO when it is not sealed under our key, E_SEQ when it is not the next
        one, E_MALFORMED or E_FIELD when it holds no message.
        """
        envelope = messages.decode(self._cipher.open(self.count, token))
        if envelope.n != self.count:
            raise ProtocolError(f"frame {envelope.n} came where {self.count} was due", Code.SEQ)
        self.count += 1
        return envelope.m


class RisingOpener:
    """Opens tokens of a lane on which some are lost and some come twice, such as a broker's."""

    __slots__ = ("_tokens", "count")

    def __init__(self, key: bytes) -> None:
        self._tokens = FernetTokens(key)
        self.count = 0

    def open(self, token: bytes) -> Message | None:
        """Return the message in `token`; None when it is no newer than one that was opened.

        Raises ProtocolError: E_CRYPTO when it is not sealed under our key, E_MALFORMED or E_FIELD when it holds no
        message.
        """
        envelope = messages.decode(self._tokens.open(token))
        if envelope.n < self.count:
            return None
        self.count = envelope.n + 1
        return envelope.m

    def opens(self, token: bytes) -> bool:
        """Return whether `token` is sealed under our key, whatever is in it."""
        try:
            self._tokens.open(token)
        except ProtocolError:
            return False
        return True


def _not_ours() -> ProtocolError:
    return ProtocolError("a frame does not open under the key of this connection", Code.CRYPTO)
