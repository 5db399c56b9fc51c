"""The local CA, certificates, keys and secret files: everything that says whom to believe.

A state folder holds ca.pem, ca.key, registry.pem/.key, central.pem/.key, service.key, enrolment.token,
operator.token, weather.token, central/resume.key and central/pin.key. Peers on other PCs need ca.pem and their own
credential only.
"""

import base64
import os
import socket
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from evcharge.domain.errors import StateError
from evcharge.runtime import files
from evcharge.security import machine
from evcharge.security.certificates import Authority, doubts, names_of, new_authority, server_certificate
from evcharge.security.secret_files import kept_secret, new_secret, replace_secret
from evcharge.security.tls import LOOPBACK

# What OpenSSL finds wrong with a certificate whose time has not come, or has passed (X509_V_ERR_...).
NOT_VALID_NOW = (9, 10)


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


def operator_token_path(state: Path) -> Path:
    """Return where the token of Central's operators is kept; `init` and Central's start make it."""
    return state / "operator.token"


def weather_token_path(state: Path) -> Path:
    """Return where the token of the weather service is kept; `init` and Central's start make it."""
    return state / "weather.token"


def service_token(service_key: bytes) -> str:
    """Return the bearer token by which Central shows the Registry that it holds the service key."""
    raw = base64.urlsafe_b64decode(service_key)
    derived = HKDF(hashes.SHA256(), 32, salt=b"EVC1", info=b"registry api").derive(raw)
    return base64.urlsafe_b64encode(derived).decode().rstrip("=")


def over_tls(url: str) -> str:
    """Return `url` with HTTPS in place of plain HTTP, on the same port."""
    parts = urlsplit(url)
    if parts.scheme != "http":
        return url
    netloc = parts.netloc if parts.port is not None else f"{parts.netloc}:80"
    return parts._replace(scheme="https", netloc=netloc).geturl()


def authority_key(state: Path) -> bytes:
    """Return the public key of the CA (DER), which stays when its certificate is made anew. Raises StateError."""
    key = _load_certificate(state / "ca.pem").public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


# ---- init


def init_state(
    state: Path, names: Sequence[str], now: datetime, *, renew: bool = False, added: Sequence[str] = ()
) -> InitReport:
    """Make what `state` lacks: CA, certificates for `names`, keys, enrolment token. Overwrites nothing.

    With `renew`, or with names to be `added`, the certificates are made anew for the names they have, `names` and
    `added`; their keys stay. May be run again, also after a crash half way. Raises StateError when a half cannot be
    completed, or the folder is another user's.
    """
    _check_owner(state)
    report = InitReport()
    for path, make in (
        (state / "service.key", _fernet_key),
        (state / "central" / "resume.key", _fernet_key),
        (state / "central" / "pin.key", new_secret),
        (state / "enrolment.token", new_secret),
        (operator_token_path(state), new_secret),
        (weather_token_path(state), new_secret),
    ):
        existed = path.exists()
        kept_secret(path, make())
        (report.kept if existed else report.made).append(str(path.relative_to(state)))
    authority = _authority(state, now, report)
    machine.mark(state)
    for who in ("registry", "central"):
        _server(state, who, authority, [*names, *added], now, report, renew=renew or bool(added))
    return report


def _check_owner(state: Path) -> None:
    try:
        owner = state.stat().st_uid
    except OSError:
        return  # it is made, or whoever makes a file in it says what is wrong
    if owner != os.geteuid():
        raise StateError(
            f"{state.absolute()} belongs to another user (uid {owner}; you are {os.geteuid()}), who could not read "
            "what is made there now: run evcharge init as its owner, or choose another folder with --state."
        )


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
    state: Path,
    who: str,
    authority: Authority,
    names: Sequence[str],
    now: datetime,
    report: InitReport,
    *,
    renew: bool,
) -> None:
    path = state / f"{who}.pem"
    key = _key_of(state, who, report)
    if path.exists() and renew:
        # Replaced at once, or not at all: a server that starts meanwhile finds the old one or the new one.
        names = [*names_of(_load_certificate(path)), *names]
    elif path.exists():
        report.kept.append(path.name)
        lacks = [name for name in names if name not in names_of(_load_certificate(path))]
        flags = "".join(f" --add-name {name}" for name in lacks) or " --renew"
        report.warnings.extend(
            f"{path.name} {doubt}. evcharge init{flags} makes a new one."
            for doubt in doubts(_load_certificate(path), authority, names, now)
        )
        return
    wanted = list(dict.fromkeys(name for name in (*LOOPBACK, socket.gethostname(), *names) if name))
    _write_certificate(path, server_certificate(f"evcharge {who}", wanted, key, authority, now))
    report.made.append(f"{path.name} (for {', '.join(wanted)})" if renew else path.name)
    if renew:
        report.warnings.append(f"{path.name} is new: restart {who.capitalize()} if it is running.")


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
        raise StateError(
            f"{path} does not contain a private key that evcharge wrote. Put it back from a backup."
        )
    return key


def _load_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        raise StateError(f"{path} is not a certificate. Put it back from a backup.") from None


def _write_certificate(path: Path, certificate: x509.Certificate) -> None:
    replace_secret(path, certificate.public_bytes(serialization.Encoding.PEM).decode().strip(), files.PUBLIC)
