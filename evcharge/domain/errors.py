"""The exception tree. Each leaf has a wire code; each text says what is so and what to try.

EvchargeError
├── ProtocolError         the peer lies or the stream broke: hang up
│   └── Unforeseen        a mistake of ours that a far end has found: hang up all the same
├── AuthenticationError   the peer is not who it must be: never retried at once
├── Overloaded            not now: back off, `retry_after_s` when known
├── Refused               a rule says no: answer with the code and carry on
│   ├── CommandRefused    said by the rules, in terms: its words are in `labels`
│   │   └── StaleLink     it came over a link that its sender has left behind: hang up
│   └── Unstorable        the database says no, and will say so each time
├── BadInput              a value from a person or a program is malformed: nothing changed
├── ConfigError           flags, environment or config.toml are wrong: exit 2
└── StateError            files, ports or databases are not usable: exit 1
    ├── NotNow            a database is not usable at present: whoever can wait tries again
    ├── Taken             another process has that port or state folder: exit 2
    └── Deposed           another Central leads now: begin anew, as one that stands by
"""

from enum import StrEnum


class Code(StrEnum):
    """Wire codes (PROTOCOL.md D4, and the refusals of the rules)."""

    VERSION = "E_VERSION"
    MALFORMED = "E_MALFORMED"
    TOO_BIG = "E_TOO_BIG"
    FIELD = "E_FIELD"
    TICKET = "E_TICKET"
    EXPIRED = "E_EXPIRED"
    CLOCK = "E_CLOCK"
    PROOF = "E_PROOF"
    CENTRAL_PROOF = "E_CENTRAL_PROOF"
    REVOKED = "E_REVOKED"
    DISABLED = "E_DISABLED"
    DUPLICATE = "E_DUPLICATE"
    BUSY = "E_BUSY"
    TIMEOUT = "E_TIMEOUT"
    SLOW = "E_SLOW"
    ROLE = "E_ROLE"
    ID = "E_ID"
    SEQ = "E_SEQ"
    CRYPTO = "E_CRYPTO"
    CLOSED = "E_CLOSED"
    CREDENTIAL = "E_CREDENTIAL"
    UNREACHABLE = "E_UNREACHABLE"
    NOT_FOUND = "E_NOT_FOUND"
    CONFLICT = "E_CONFLICT"
    # Refusals of the rules: the conversation goes on.
    UNKNOWN_CP = "E_UNKNOWN_CP"
    CP_NOT_AVAILABLE = "E_CP_NOT_AVAILABLE"
    CP_BUSY = "E_CP_BUSY"
    CP_OCCUPIED = "E_CP_OCCUPIED"
    NONE_AVAILABLE = "E_NONE_AVAILABLE"
    NONE_NEAR = "E_NONE_NEAR"
    PRICE = "E_PRICE"
    BALANCE = "E_BALANCE"
    DRIVER_BLOCKED = "E_DRIVER_BLOCKED"
    DRIVER_BUSY = "E_DRIVER_BUSY"
    PAUSE = "E_PAUSE"
    NO_SESSION = "E_NO_SESSION"
    WHICH_SESSION = "E_WHICH_SESSION"
    ENGINE_THERE = "E_ENGINE_THERE"
    CONFIRM = "E_CONFIRM"
    # A start by hand: its driver did not confirm it; or the PIN typed for it is wrong.
    NOT_CONFIRMED = "E_NOT_CONFIRMED"
    PIN = "E_PIN"
    STORAGE = "E_STORAGE"


class EvchargeError(Exception):
    """Root of all our errors: a sentence for people, and a `code` for programs."""

    def __init__(self, text: str, code: Code | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code if code is not None else self.default_code

    default_code: Code = Code.MALFORMED


class ProtocolError(EvchargeError):
    """What arrived is not EVC1, or breaks its rules. The connection ends."""


class Unforeseen(ProtocolError):
    """What a far end sent made our own code fail. It costs that connection, and nothing else."""

    default_code = Code.CLOSED


def unforeseen(problem: Exception) -> Unforeseen:
    """Return what `problem` is for that connection. It names the kind only: what a stranger sent is not repeated."""
    return Unforeseen(f"something failed that was not foreseen ({type(problem).__name__})")


class AuthenticationError(EvchargeError):
    """The peer (or Central) did not prove who it is, or may not take part."""

    default_code = Code.PROOF


class Overloaded(EvchargeError):
    """The other side has no room now. `retry_after_s` is a hint in seconds."""

    default_code = Code.BUSY

    def __init__(self, text: str, code: Code | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(text, code)
        self.retry_after_s = retry_after_s


class Refused(EvchargeError):
    """A rule of the network says no. Nothing has changed."""

    default_code = Code.CP_NOT_AVAILABLE


class CommandRefused(Refused):
    """A rule refuses a command: `why` names what is so, `facts` (money as `…_cents`) what there is to say of it.

    `labels/command_refusals` words it, for whoever reads; `text` is that name alone.
    """

    def __init__(self, why: str, code: Code | None = None, **facts: str | int) -> None:
        super().__init__(why, code)
        self.why = why
        self.facts = facts


class StaleLink(CommandRefused):
    """It came over a link that is not, or no longer, the one its identity speaks over. Nothing has changed."""

    default_code = Code.DUPLICATE


class Unstorable(Refused):
    """It breaks a rule of the database itself: nothing has changed, and to try again is of no use."""

    default_code = Code.STORAGE


class BadInput(EvchargeError):
    """A value that a person or a program gave is malformed. Nothing has changed."""

    default_code = Code.FIELD


class ConfigError(EvchargeError):
    """Flags, environment or config.toml are wrong (exit code 2)."""

    default_code = Code.FIELD


class StateError(EvchargeError):
    """A file, port or database is not usable as it is (exit code 1)."""

    default_code = Code.STORAGE


class NotNow(StateError):
    """A database that is not usable at present, and may be in a while: whoever can wait tries again."""


class Taken(StateError):
    """A port or a state folder that another process has, or that we may not have (exit code 2)."""


class Deposed(StateError):
    """Another Central leads this network now, or may: what this one has in memory no longer counts."""
