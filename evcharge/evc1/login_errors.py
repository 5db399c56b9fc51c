"""What is said before the login when it fails: plain JSON that anybody could forge, and so only a hint. Pure."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from evcharge.domain.errors import AuthenticationError, Code, EvchargeError, Overloaded, ProtocolError
from evcharge.domain.journal_records import Text
from evcharge.domain.strict_json import strict_json


class _Hint(Struct, frozen=True):
    code: Annotated[str, Meta(pattern=r"\A[A-Z_]{1,32}\Z")]
    text: Text = ""
    retry_after: Annotated[float, Meta(ge=0, le=86_400)] | None = None
    tell_name: bool = False


class NameWanted(AuthenticationError):
    """Central cannot open our ticket, so that it does not know who we are; it takes a name with the next HELLO."""


def error_frame(code: Code, text: str, retry_after_s: float | None = None, now: float | None = None) -> bytes:
    """Return the frame that says why the handshake ends."""
    content = {"t": "error", "code": code, "text": text[:200], "retry_after": retry_after_s, "now": now}
    if code is Code.TICKET:
        # Nothing but the ticket names a peer: without this nobody could say whose key is wrong.
        content["tell_name"] = True
    return msgspec.json.encode(content)


def parse_error(frame: bytes) -> EvchargeError | None:
    """Return the error that `frame` reports, None when it is no error frame. Anybody may have forged it."""
    try:
        values = strict_json(frame)
    except ProtocolError:
        return None
    if values.get("t") != "error":
        return None
    try:
        hint = msgspec.convert(values, _Hint)
    except msgspec.ValidationError:
        return ProtocolError("Central answered with an error that cannot be read", Code.MALFORMED)
    if hint.tell_name and hint.code == Code.TICKET:
        return NameWanted(hint.text or f"Central says {hint.code}", Code.TICKET)
    return reported(hint.code, hint.text, hint.retry_after)


_AUTHENTICATION = frozenset(
    {
        Code.TICKET,
        Code.EXPIRED,
        Code.CLOCK,
        Code.PROOF,
        Code.CENTRAL_PROOF,
        Code.REVOKED,
        Code.DISABLED,
        Code.DUPLICATE,
        Code.CREDENTIAL,
    }
)
_LOAD = frozenset({Code.BUSY, Code.TIMEOUT, Code.SLOW, Code.UNREACHABLE, Code.STORAGE})


def reported(code: str, text: str, retry_after_s: float | None = None) -> EvchargeError:
    """Return the error that Central reported as `code` and `text`, as an exception of ours."""
    text = text or f"Central says {code}"
    try:
        known = Code(code)
    except ValueError:
        return ProtocolError(f"{text} ({code[:32]!a})", Code.MALFORMED)
    if known in _AUTHENTICATION:
        return AuthenticationError(text, known)
    if known in _LOAD:
        return Overloaded(text, known, retry_after_s)
    return ProtocolError(text, known)
