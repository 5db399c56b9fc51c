"""Why something failed, in our own words: no text of a library or of the system reaches a screen, a log or an answer.

`why` is the one place that turns an exception into a sentence. It speaks English; `labels.failures` has the same
sentences in other languages, and a test feeds it every class that our dependencies raise.
"""

import errno
import re
import socket
from collections.abc import Mapping

from evcharge.domain.errors import EvchargeError

_BROKE = "the connection broke"
_CUT = "the other end cut it"
_LATE = "no answer in time"
_NO_ROOM = "no space left on the disk"
_NOT_JSON = "it is not JSON"
_NOT_HTTP = "what answers does not speak HTTP as we do"
_NOT_TLS = "what answers does not speak TLS as we do"
_NOT_UTF8 = "it is not UTF-8 text"
_NO_NAME = "its name is not known here; no internet?"
_REFUSED = "connection refused"
_DENIED = "permission denied"
_NO_MEMORY = "no memory left"
_LONG = "it is longer than is taken"
_NO_ADDRESS = "it is no web address"
_NO_ROUTE = "no route to host"
_NOT_SEALED = "it was not sealed with this key"
_NOT_ALLOWED = "the brokers do not allow it to this user"
_NOT_READY = "the brokers are not ready"
_OLD_KAFKA = "these brokers are of a release that is not spoken here"

_ERRNOS: Mapping[int, str] = {
    errno.ECONNREFUSED: _REFUSED,
    errno.ECONNRESET: _CUT,
    errno.ECONNABORTED: _CUT,
    errno.EPIPE: _CUT,
    errno.ENOTCONN: _BROKE,
    errno.ESHUTDOWN: _BROKE,
    errno.ETIMEDOUT: _LATE,
    errno.EHOSTUNREACH: _NO_ROUTE,
    errno.EHOSTDOWN: _NO_ROUTE,
    errno.ENETUNREACH: "no network leads there",
    errno.ENETDOWN: "the network is down",
    errno.ENETRESET: _BROKE,
    errno.EADDRINUSE: "that port is in use",
    errno.EADDRNOTAVAIL: "this computer has no such address",
    errno.EAFNOSUPPORT: "this computer does not speak to such addresses",
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.ENOENT: "it is not there",
    errno.EEXIST: "something of that name is there already",
    errno.ENOTDIR: "a file stands where a folder must be",
    errno.EISDIR: "a folder stands there",
    errno.ENOTEMPTY: "the folder is not empty",
    errno.ELOOP: "its links lead in a circle",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EXDEV: "it lies on another disk",
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: _NO_ROOM,
    errno.EROFS: "that disk can only be read",
    errno.EIO: "reading or writing failed",
    errno.ESTALE: "the disk is not reached any more",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
    errno.ENOMEM: _NO_MEMORY,
    errno.ENOBUFS: _NO_MEMORY,
    errno.EBUSY: "it is in use",
    errno.ETXTBSY: "it is in use",
    errno.EAGAIN: "it is in use",
    errno.EDEADLK: "it is in use",
    errno.ENODEV: "there is no such device",
    errno.ENXIO: "there is no such device",
    errno.EINTR: "it was interrupted",
}

# By the library and the class, so that no library is loaded for it. The first of a class's ancestors counts.
_KINDS: Mapping[str, str] = {
    "TimeoutError": _LATE,
    "ConnectionRefusedError": _REFUSED,
    "ConnectionError": _BROKE,
    "BrokenPipeError": _CUT,
    "ConnectionResetError": _CUT,
    "ConnectionAbortedError": _CUT,
    "FileNotFoundError": _ERRNOS[errno.ENOENT],
    "FileExistsError": _ERRNOS[errno.EEXIST],
    "IsADirectoryError": _ERRNOS[errno.EISDIR],
    "NotADirectoryError": _ERRNOS[errno.ENOTDIR],
    "PermissionError": _DENIED,
    "BlockingIOError": "it is in use",
    "InterruptedError": "it was interrupted",
    "EOFError": "it ended in its middle",
    "MemoryError": _NO_MEMORY,
    "RecursionError": "it is nested too deeply",
    "UnicodeError": _NOT_UTF8,
    "asyncio.LimitOverrunError": _LONG,
    "asyncio.QueueFull": "it takes no more now",
    "json.JSONDecodeError": _NOT_JSON,
    "tomllib.TOMLDecodeError": "it is not TOML",
    "zlib.error": "it is not packed as it should be",
    "ssl.SSLError": _NOT_TLS,
    "aiohttp.ClientSSLError": _NOT_TLS,
    "aiohttp.ServerFingerprintMismatch": "its certificate is another one",
    "aiohttp.ServerDisconnectedError": "it hung up",
    "aiohttp.ServerTimeoutError": _LATE,
    "aiohttp.ClientPayloadError": "its answer ended in its middle",
    "aiohttp.UploadAbortedError": "it did not take what was sent",
    "aiohttp.TooManyRedirects": "it sends us on without end",
    "aiohttp.RedirectClientError": "it sends us on to no web address",
    "aiohttp.ClientResponseError": _NOT_HTTP,
    "aiohttp.InvalidURL": _NO_ADDRESS,
    "aiohttp.NonHttpUrlClientError": _NO_ADDRESS,
    "aiohttp.HttpProcessingError": _NOT_HTTP,
    "aiohttp.HTTPException": "this request is not understood",
    "aiohttp.WebSocketError": _NOT_HTTP,
    "aiohttp.WSHandshakeError": _NOT_HTTP,
    "aiohttp.EofStream": "it ended in its middle",
    "aiohttp.WSMessageTypeError": _NOT_HTTP,
    "aiohttp.ClientError": _BROKE,
    "yarl.InvalidURL": _NO_ADDRESS,
    "msgspec.MsgspecError": _NOT_JSON,
    "evcharge.NotJson": _NOT_JSON,
    "cryptography.InvalidToken": _NOT_SEALED,
    "cryptography.InvalidTag": _NOT_SEALED,
    "cryptography.InvalidKey": _NOT_SEALED,
    "cryptography.InvalidSignature": "its signature is wrong",
    "cryptography.InvalidVersion": "it is not a certificate that is understood",
    "cryptography.AttributeNotFound": "it is not a certificate that is understood",
    "cryptography.ExtensionNotFound": "it is not a certificate that is understood",
    "cryptography.DuplicateExtension": "it is not a certificate that is understood",
    "cryptography.UnsupportedGeneralNameType": "it is not a certificate that is understood",
    "cryptography.UnsupportedAlgorithm": "it is of a kind that is not understood here",
    "cryptography.AlreadyFinalized": "the cipher failed",
    "cryptography.AlreadyUpdated": "the cipher failed",
    "cryptography.NotYetFinalized": "the cipher failed",
    "cryptography.InternalError": "the cipher failed",
    "aiokafka.KafkaTimeoutError": _LATE,
    "aiokafka.RequestTimedOutError": _LATE,
    "aiokafka.KafkaConnectionError": _BROKE,
    "aiokafka.NoBrokersAvailable": "no broker answers",
    "aiokafka.KafkaUnavailableError": "no broker answers",
    "aiokafka.MetadataEmptyBrokerList": "no broker answers",
    "aiokafka.NodeNotReadyError": _NOT_READY,
    "aiokafka.StaleMetadata": _NOT_READY,
    "aiokafka.LeaderNotAvailableError": _NOT_READY,
    "aiokafka.NotLeaderForPartitionError": _NOT_READY,
    "aiokafka.BrokerNotAvailableError": _NOT_READY,
    "aiokafka.ReplicaNotAvailableError": _NOT_READY,
    "aiokafka.NotControllerError": _NOT_READY,
    "aiokafka.GroupLoadInProgressError": _NOT_READY,
    "aiokafka.CoordinatorLoadInProgressError": _NOT_READY,
    "aiokafka.GroupCoordinatorNotAvailableError": _NOT_READY,
    "aiokafka.CoordinatorNotAvailableError": _NOT_READY,
    "aiokafka.NotEnoughReplicasError": "too few brokers are there",
    "aiokafka.NotEnoughReplicasAfterAppendError": "too few brokers are there",
    "aiokafka.InvalidReplicationFactorError": "too few brokers are there",
    "aiokafka.UnknownTopicOrPartitionError": "there is no such topic",
    "aiokafka.InvalidTopicError": "it cannot be the name of a topic",
    "aiokafka.TopicAlreadyExistsError": "that topic is there already",
    "aiokafka.MessageSizeTooLargeError": "it is larger than the brokers take",
    "aiokafka.RecordListTooLargeError": "it is larger than the brokers take",
    "aiokafka.RecordTooLargeError": "it is larger than the brokers take",
    "aiokafka.KafkaStorageError": "the disk of a broker fails",
    "aiokafka.LogDirNotFound": "the disk of a broker fails",
    "aiokafka.CorruptRecordException": "what a broker holds is damaged",
    "aiokafka.OffsetOutOfRangeError": "the brokers do not hold that any more",
    "aiokafka.NoOffsetForPartitionError": "the brokers do not hold that any more",
    "aiokafka.QuotaViolationError": "the brokers want it slower",
    "aiokafka.TopicAuthorizationFailedError": _NOT_ALLOWED,
    "aiokafka.GroupAuthorizationFailedError": _NOT_ALLOWED,
    "aiokafka.ClusterAuthorizationFailedError": _NOT_ALLOWED,
    "aiokafka.TransactionalIdAuthorizationFailed": _NOT_ALLOWED,
    "aiokafka.DelegationTokenAuthorizationFailed": _NOT_ALLOWED,
    "aiokafka.PolicyViolationError": _NOT_ALLOWED,
    "aiokafka.SecurityDisabled": _NOT_ALLOWED,
    "aiokafka.SaslAuthenticationFailed": "the brokers do not take this user and password",
    "aiokafka.AuthenticationFailedError": "the brokers do not take this user and password",
    "aiokafka.AuthenticationMethodNotSupported": "the brokers want another kind of login",
    "aiokafka.UnsupportedSaslMechanismError": "the brokers want another kind of login",
    "aiokafka.IllegalSaslStateError": "the brokers want another kind of login",
    "aiokafka.UnrecognizedBrokerVersion": _OLD_KAFKA,
    "aiokafka.IncompatibleBrokerVersion": _OLD_KAFKA,
    "aiokafka.UnsupportedVersionError": _OLD_KAFKA,
    "aiokafka.UnsupportedForMessageFormatError": _OLD_KAFKA,
    "aiokafka.UnsupportedCodecError": "it is packed in a way that is not understood here",
    "aiokafka.KafkaError": "the client for Kafka failed",
    "aiokafka.ConsumerStoppedError": "the client for Kafka was stopped",
    "aiokafka.IllegalOperation": "the client for Kafka failed",
}

# What OpenSSL finds wrong with a certificate (X509_V_ERR_...).
_CERTIFICATES: Mapping[int, str] = {
    9: "its certificate is not valid yet, or the clock here is wrong",
    10: "its certificate has expired, or the clock here is wrong",
    62: "its certificate does not name this host",
    64: "its certificate does not name this host",
}
_NO_CERTIFICATE = "its certificate is not from an authority that is trusted here"

_UNFORESEEN = "something failed that was not foreseen"


def why(problem: BaseException) -> str:
    """Return why something failed, as the end of a sentence without its full stop, in English."""
    known = _known(problem)
    # A mistake of our own: its kind is for who reports it.
    return known if known is not None else f"{_UNFORESEEN} ({type(problem).__name__})"


def is_foreseen(problem: BaseException) -> bool:
    """Return whether the system, a far end or what was read failed, and not our own code."""
    return _known(problem) is not None


def _known(problem: BaseException) -> str | None:
    if isinstance(problem, EvchargeError):
        return problem.text
    if isinstance(problem, BaseExceptionGroup):
        return _known(problem.exceptions[0])
    if isinstance(ours := getattr(problem, "sentence", None), str):
        # An exception of ours that says itself why: of a database, of a file.
        return ours
    kinds = [_name(kind) for kind in type(problem).__mro__]
    beneath = getattr(problem, "certificate_error", None) or getattr(problem, "os_error", None)
    if isinstance(beneath, BaseException) and (known := _known(beneath)) is not None:
        return known
    if "ssl.SSLCertVerificationError" in kinds:
        return _CERTIFICATES.get(getattr(problem, "verify_code", 0), _NO_CERTIFICATE)
    if "msgspec.ValidationError" in kinds:
        return _bad_field(str(problem))
    if "aiokafka.BrokerResponseError" in kinds and kinds[0] not in _KINDS:
        return f"the brokers say no (error {getattr(problem, 'errno', None) or 0} of Kafka)"
    of_system = _of_system(problem) if isinstance(problem, OSError) else None
    for kind in kinds:
        if kind == "OSError" or (of_system is not None and kind == "aiohttp.ClientError"):
            break
        if kind in _KINDS and not (of_system is not None and "." not in kind):
            return _KINDS[kind]
    if isinstance(problem, OSError):
        return of_system or "the system does not do it"
    return None


def _name(kind: type) -> str:
    library = kind.__module__.partition(".")[0].lstrip("_")
    return kind.__name__ if library == "builtins" else f"{library}.{kind.__name__}"


def _of_system(problem: OSError) -> str | None:
    """Return what its number means, or that of the first of several that asyncio has put together."""
    if isinstance(problem, socket.gaierror):
        if problem.errno == socket.EAI_AGAIN:
            return "names cannot be looked up now; no internet?"
        return _NO_MEMORY if problem.errno == socket.EAI_MEMORY else _NO_NAME
    number = problem.errno
    if number is None and (found := re.search(r"\[Errno (\d+)\]", " ".join(map(str, problem.args)))):
        number = int(found[1])
    if number is None or number <= 0:
        return None
    # Its name is what a report needs; nothing can be advised.
    return _ERRNOS.get(number) or f"the system does not do it ({errno.errorcode.get(number, number)})"


# ---- what msgspec finds wrong with a field

_TYPES: Mapping[str, str] = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
    "bytes": "base64",
    "datetime": "a date and time",
    "date": "a date",
    "time": "a time",
    "uuid": "a UUID",
    "decimal": "a number",
    "duration": "a duration",
}
_KINDS_OF = r"`(?P<kind>[\w |]+)`"
_LIST, _GOT = r"Expected `(?:array|object|bytes)` of", r"(?:, got \d+)?"
# What it says -> what must be. The first that fits counts.
_FIELD_RULES: tuple[tuple[str, str], ...] = (
    (r"Object missing required field `(?P<inner>.*)`", "is missing"),
    (r"Object contains unknown field `(?P<inner>.*)`", "is not known"),
    (r"Expected `str` of length >= 1", "must not be empty"),
    (r"Expected `str` of length >= (\d+)", "must be text of at least {} characters"),
    (r"Expected `str` of length <= (\d+)", "must be text of at most {} characters"),
    (rf"{_LIST} (?:at least length|length >=) (\d+){_GOT}", "must be a list of at least {}"),
    (rf"{_LIST} (?:at most length|length <=) (\d+){_GOT}", "must be a list of at most {}"),
    (rf"{_LIST} length (\d+){_GOT}", "must be a list of {}"),
    (r"Expected `(?:int|float)` >= (\S+)", "must be at least {}"),
    (r"Expected `(?:int|float)` <= (\S+)", "must be at most {}"),
    (r"Expected `(?:int|float)` > (\S+)", "must be above {}"),
    (r"Expected `(?:int|float)` < (\S+)", "must be below {}"),
    (r"Invalid (?:enum )?value .*", "has none of its possible values"),
    (r"(?:Integer value|Number|Timestamp is|Duration is) out of range ?", "is too large or too small"),
    (_KINDS_OF.join((r"Expected ", r"(?:, got .*)?")), "must be {kinds}"),
)
_OTHERWISE = "is not written as it must be"


def _bad_field(text: str) -> str:
    said, _, place = text.partition(" - at `")
    place = place.rstrip("`")
    for pattern, rule in _FIELD_RULES:
        if found := re.fullmatch(pattern, said, re.DOTALL):
            parts = found.groupdict()
            inner = parts.get("inner") or ""
            kinds = [_TYPES.get(kind, "an object") for kind in (parts.get("kind") or "").split(" | ")]
            if "inner" in parts or "kind" in parts:
                return f"{_field(place, inner)} {rule.format(kinds=' or '.join(kinds))}"
            return f"{_field(place)} {rule.format(*found.groups())}"
    return f"{_field(place)} {_OTHERWISE}"


def _field(place: str, inner: str = "") -> str:
    """Return `$.a.b` as a name between quotes that is short and plain, whatever a stranger called his fields."""
    path = place.removeprefix("key in ").removeprefix("$").removeprefix(".")
    if inner:
        path = f"{path}.{inner}" if path else inner
    shown = re.sub(r"[\s`]", "_", ascii(path)[1:-1])[:80]
    return f"`{shown}`" if shown else "it"
