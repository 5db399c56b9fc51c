"""TLS contexts of our servers and clients, and which addresses need none."""

import ssl
from enum import IntEnum
from pathlib import Path
from urllib.parse import urlsplit

from evcharge.domain.errors import StateError
from evcharge.security.secret_files import missing, read_secret

# This computer: what goes there needs no TLS, and every certificate of ours names it.
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class CertificateFault(IntEnum):
    """What OpenSSL finds wrong with a certificate (X509_V_ERR_...), as far as we can advise."""

    NO_ISSUER = 2
    NOT_YET_VALID = 9
    EXPIRED = 10
    SELF_SIGNED = 18
    SELF_SIGNED_ISSUER = 19
    NO_LOCAL_ISSUER = 20
    NO_SIGNATURE = 21
    OTHER_HOST = 62
    OTHER_ADDRESS = 64


# ---- TLS


def client_context(ca_file: Path) -> ssl.SSLContext:
    """Return a context that believes `ca_file` and nothing else. Raises StateError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        context.load_verify_locations(cafile=str(ca_file))
    except FileNotFoundError:
        raise StateError(missing(ca_file)) from None
    except (OSError, ssl.SSLError):
        raise StateError(
            f"{ca_file} is not a certificate. Copy it again from the PC of the Registry."
        ) from None
    return context


def is_in_the_clear(url: str) -> bool:
    """Return whether anybody on the way could read what is sent to `url`: plain HTTP to another computer."""
    parts = urlsplit(url)
    return parts.scheme != "https" and parts.hostname not in LOOPBACK


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a context that shows `certificate`. Raises StateError; the key must be a proper secret file."""
    read_secret(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except FileNotFoundError:
        raise StateError(missing(certificate)) from None
    except (OSError, ssl.SSLError):
        raise StateError(
            f"{certificate} and {key.name} do not match. "
            "Put both back from a backup, or run evcharge init --renew, which makes new certificates."
        ) from None
    return context
