"""The local CA, certificates, keys and secret files: everything that says whom to believe.

A state folder holds ca.pem, ca.key, registry.pem/.key, central.pem/.key, service.key, enrolment.token,
operator.token, weather.token, central/resume.key and central/pin.key. Peers on other PCs need ca.pem and their own
credential only.
"""

import base64
import binascii
import contextlib
import os
import secrets
import socket
import ssl
import stat
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from evcharge import files
from evcharge.certificates import Authority, doubts, new_authority, server_certificate
from evcharge.domain.errors import StateError

# This computer: what goes there needs no TLS, and every certificate of ours names it.
LOOPBACK = ("localhost", "127.0.0.1", "::1")

# What OpenSSL finds wrong with a certificate whose time has not come, or has passed (X509_V_ERR_...).
NOT_VALID_NOW = (9, 10)

# No secret of ours is longer; a larger file is the wrong file.
_MAX_SECRET_BYTES = 16 * 1024

# The mode of what everybody on this computer may read, such as a certificate.
PUBLIC = 0o644


class InitReport(Struct, kw_only=True):
    """What `init` made, found and wants to warn of, as lines for people.

    The passwords of new first administrators, at the Registry and of Central's pages, are shown once.
    """

    made: list[str] = []
    kept: list[str] = []
    warnings: list[str] = []
    admin_password: str | None = None
    pages_password: str | None = None

    def __repr__(self) -> str:
        return f"InitReport(made={self.made}, kept={self.kept}, warnings={self.warnings})"


# ---- secret files


def read_secret(path: Path) -> str:
    """Return the text of a secret file without its line end. Raises StateError unless it is 0600 and ours."""
    try:
        # Not blocking: a named pipe in its place must not hang us.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        if path.is_symlink():
            raise StateError(
                f"{path} is a link to a file that is not there: mount it, or mend the link."
            ) from None
        raise StateError(
            f"{path} is missing: run evcharge init, or copy the file from the PC where it ran."
        ) from None
    except OSError as problem:
        raise StateError(f"cannot read {path}: {files.why(problem)}") from None
    try:
        _check_private(path, os.fstat(handle))
        raw = os.read(handle, _MAX_SECRET_BYTES + 1)
    finally:
        os.close(handle)
    try:
        text = raw.decode("ascii").rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text or len(raw) > _MAX_SECRET_BYTES:
        raise StateError(f"{path} holds no secret that evcharge wrote. Put the right file there.")
    return text


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise StateError(f"{path} must be a plain file.")
    mode = stat.S_IMODE(status.st_mode)
    if mode & ~0o600:
        raise StateError(
            f"{path.name} must be mode 0600 (for its owner only) and is {mode:04o}: run chmod 600 {path}"
        )
    if status.st_uid != os.geteuid():
        raise StateError(
            f"{path.name} must belong to the user who runs evcharge: run chown {os.geteuid()} {path}"
        )


def write_secret(path: Path, text: str) -> None:
    """Write a new 0600 file, whole or not at all. Raises FileExistsError when there is one already."""
    with _beside(path, text) as temporary:
        # A link, not a rename: it fails when the name is taken, and never shows half a file.
        path.hardlink_to(temporary)
    _sync_folder(path.parent)


def replace_secret(path: Path, text: str, mode: int = files.OWNER_ONLY) -> None:
    """Write a 0600 file in place of the old one; a crash leaves the old or the new, never a part.

    With another `mode` it is no secret, only written the same careful way.
    """
    with _beside(path, text, mode) as temporary:
        temporary.replace(path)
    _sync_folder(path.parent)


def kept_secret(path: Path, text: str) -> str:
    """Write `text` unless the file exists; return what stands there now, ours or another's."""
    while True:
        with contextlib.suppress(FileExistsError):
            write_secret(path, text)
        try:
            return read_secret(path)
        except StateError:
            # Not `exists`, which would say that a link into a mount that is not there is gone.
            if os.path.lexists(path):
                raise
            # It was there when we wrote, and is gone now: so it is our turn again.


@contextlib.contextmanager
def _beside(path: Path, text: str, mode: int = files.OWNER_ONLY) -> Iterator[Path]:
    """Yield a whole file with `text` next to `path`; it is gone again after the block."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        files.make_folder(path.parent)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise _unwritable(path, problem) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("ascii") + b"\n")
            file.flush()
            # Whatever the umask.
            os.fchmod(handle, mode)
            os.fsync(handle)
        yield temporary
    except FileExistsError:
        raise
    except OSError as problem:
        raise _unwritable(path, problem) from None
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(path: Path, problem: OSError) -> StateError:
    return StateError(f"cannot write {path}: {files.why(problem)}")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---- keys


def new_secret() -> str:
    """Return a machine secret: 32 random bytes, base64url, 43 characters."""
    return secrets.token_urlsafe(32)


def operator_token_path(state: Path) -> Path:
    """Return where the token of Central's operators is kept; `init` and Central's start make it."""
    return state / "operator.token"


def weather_token_path(state: Path) -> Path:
    """Return where the token of the weather service is kept; `init` and Central's start make it."""
    return state / "weather.token"


def is_machine_secret(text: str) -> bool:
    """Return whether `text` has the form of 32 bytes in canonical base64url: nobody chooses that by hand."""
    if len(text) != 43:
        return False
    try:
        raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(raw) == 32 and base64.urlsafe_b64encode(raw).decode() == text + "="


def read_keys(path: Path) -> list[bytes]:
    """Return the one or two Fernet keys of a key file, the newest first. Raises StateError."""
    lines = [line.strip().encode() for line in read_secret(path).splitlines() if line.strip()]
    if not 1 <= len(lines) <= 2 or not all(_is_fernet_key(line) for line in lines):
        raise StateError(
            f"{path} must hold one key of 44 characters, or two on lines of their own (the new one first). "
            "Copy it again from the PC where evcharge init ran."
        )
    return lines


def service_token(service_key: bytes) -> str:
    """Return the bearer token by which Central shows the Registry that it holds the service key."""
    raw = base64.urlsafe_b64decode(service_key)
    derived = HKDF(hashes.SHA256(), 32, salt=b"EVC1", info=b"registry api").derive(raw)
    return base64.urlsafe_b64encode(derived).decode().rstrip("=")


def _is_fernet_key(line: bytes) -> bool:
    return line.endswith(b"=") and is_machine_secret(line[:-1].decode())


# ---- TLS


def client_context(ca_file: Path) -> ssl.SSLContext:
    """Return a context that believes `ca_file` and nothing else. Raises StateError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        context.load_verify_locations(cafile=str(ca_file))
    except FileNotFoundError:
        raise StateError(f"{ca_file} is missing: copy it from the PC where evcharge init ran.") from None
    except (OSError, ssl.SSLError):
        raise StateError(f"{ca_file} is no certificate. Copy it again from the PC of the Registry.") from None
    return context


def is_in_the_clear(url: str) -> bool:
    """Return whether anybody on the way could read what is sent to `url`: plain HTTP to another computer."""
    parts = urlsplit(url)
    return parts.scheme != "https" and parts.hostname not in LOOPBACK


def over_tls(url: str) -> str:
    """Return `url` with HTTPS in place of plain HTTP, on the same port."""
    parts = urlsplit(url)
    if parts.scheme != "http":
        return url
    netloc = parts.netloc if parts.port is not None else f"{parts.netloc}:80"
    return parts._replace(scheme="https", netloc=netloc).geturl()


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a context that shows `certificate`. Raises StateError; the key must be a proper secret file."""
    read_secret(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except FileNotFoundError:
        raise StateError(f"{certificate} is missing: run evcharge init.") from None
    except (OSError, ssl.SSLError):
        raise StateError(
            f"{certificate} and {key.name} do not belong together. "
            "Move both away and run evcharge init, which makes new ones."
        ) from None
    return context


# ---- init


def init_state(state: Path, names: Sequence[str], now: datetime) -> InitReport:
    """Make what `state` lacks: CA, certificates for `names`, keys, enrolment token. Overwrites nothing.

    May be run again, also after a crash half way. Raises StateError when a half cannot be completed.
    """
    report = InitReport()
    for path, make in (
        (state / "service.key", _fernet_key),
        (state / "central" / "resume.key", _fernet_key),
        (state / "enrolment.token", new_secret),
        (operator_token_path(state), new_secret),
        (weather_token_path(state), new_secret),
    ):
        existed = path.exists()
        kept_secret(path, make())
        (report.kept if existed else report.made).append(str(path.relative_to(state)))
    authority = _authority(state, now, report)
    for who in ("registry", "central"):
        _server(state, who, authority, names, now, report)
    return report


def _fernet_key() -> str:
    return Fernet.generate_key().decode()


def _authority(state: Path, now: datetime, report: InitReport) -> Authority:
    path = state / "ca.pem"
    key = _key_of(state, "ca", report)
    if path.exists():
        report.kept.append(path.name)
        return Authority(_load_certificate(path), key)
    authority = new_authority(key, now)
    _write_certificate(path, authority.certificate)
    report.made.append(path.name)
    return authority


def _server(
    state: Path, who: str, authority: Authority, names: Sequence[str], now: datetime, report: InitReport
) -> None:
    path = state / f"{who}.pem"
    key = _key_of(state, who, report)
    if path.exists():
        report.kept.append(path.name)
        remedy = f"Move {path.name} away and run evcharge init again."
        report.warnings.extend(
            f"{path.name} {doubt}. {remedy}"
            for doubt in doubts(_load_certificate(path), authority, names, now)
        )
        return
    wanted = dict.fromkeys([*LOOPBACK, socket.gethostname(), *names])
    _write_certificate(
        path, server_certificate(f"evcharge {who}", [name for name in wanted if name], key, authority, now)
    )
    report.made.append(path.name)


def _key_of(state: Path, who: str, report: InitReport) -> ec.EllipticCurvePrivateKey:
    path = state / f"{who}.key"
    existed = path.exists()
    if not existed and (state / f"{who}.pem").exists():
        raise StateError(
            f"{path} is missing, but {who}.pem is there. Put the key back from a backup, "
            f"or move {who}.pem away and run evcharge init again."
        )
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    text = kept_secret(path, pem.decode().strip())
    (report.kept if existed else report.made).append(path.name)
    try:
        key = serialization.load_pem_private_key(text.encode(), None)
    except ValueError:
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise StateError(f"{path} holds no private key that evcharge wrote. Put it back from a backup.")
    return key


def _load_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        raise StateError(f"{path} is no certificate. Put it back from a backup.") from None


def _write_certificate(path: Path, certificate: x509.Certificate) -> None:
    replace_secret(path, certificate.public_bytes(serialization.Encoding.PEM).decode().strip(), PUBLIC)
