"""The doctor looks at the state folder: who may use its files and folders, and whether its certificates are whole."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from evcharge.doctor.observations import Folder, Home, OpenFile, Paper, PaperEnd
from evcharge.domain.errors import EvchargeError
from evcharge.runtime import failures, files
from evcharge.security import machine, secret_files

# The secrets of a state folder, as `secret_files.read_secret` will want them.
_SECRETS = (
    "*.key", "*.token", "kafka.password", "central/*.key", "cp/*/secret", "cp/*/*.ticket", "driver/*/password",
    "driver/*/*.ticket",
)  # fmt: skip
_FOLDER = 0o700
# Of a folder that was unpacked with other modes, the first ones tell enough.
_MOST_OPEN = 12


def folder(state: Path) -> Folder:
    """Look at the state folder; it need not be there."""
    path = str(state)
    if not state.is_dir():
        return Folder(path=path, is_there=False, free_bytes=_free(state))
    secrets = sorted({file for pattern in _SECRETS for file in files.found(state, pattern)})
    here = machine.made_here(state)
    has_own_ca = (state / "ca.key").exists()
    return Folder(
        path=path,
        is_there=True,
        home=Home.UNKNOWN if here is None else Home.HERE if here else Home.ELSEWHERE,
        secrets=len(secrets),
        open_files=tuple(_open_files(secrets))[:_MOST_OPEN],
        open_folders=tuple(_open_folders(state))[:_MOST_OPEN],
        free_bytes=_free(state),
        has_own_ca=has_own_ca,
        papers=tuple(_papers(state, is_own=has_own_ca)),
    )


def _open_files(secrets: list[Path]) -> Iterator[OpenFile]:
    for path in secrets:
        try:
            status = path.stat()
        except OSError:
            continue  # a ticket that was replaced meanwhile, a link into a mount that is not there
        mode = stat.S_IMODE(status.st_mode)
        if mode & ~files.OWNER_ONLY or status.st_uid != os.geteuid():
            yield OpenFile(path=str(path), mode=mode, owner=status.st_uid)


def _open_folders(state: Path) -> Iterator[OpenFile]:
    # Whatever is in a folder that is shut is not found, which looks as if it were not there.
    for top, _, _ in os.walk(state):
        try:
            status = Path(top).stat()
        except OSError:
            continue  # it has gone meanwhile, or a shut one above it has its line already
        mode = stat.S_IMODE(status.st_mode) & 0o777
        if mode != _FOLDER or status.st_uid != os.geteuid():
            yield OpenFile(path=top, mode=mode, owner=status.st_uid)


def _free(state: Path) -> int | None:
    there = next((parent for parent in (state, *state.absolute().parents) if parent.is_dir()), None)
    try:
        return shutil.disk_usage(there).free if there is not None else None
    except OSError:
        return None


# ---- certificates, which need no network


def _papers(state: Path, *, is_own: bool) -> Iterator[Paper]:
    ca, paper = _read(state / "ca.pem")
    if ca is not None and is_own and not _is_of_key(ca, state / "ca.key"):
        paper = Paper(path=paper.path, end=PaperEnd.OTHER_KEY)
    yield paper
    if not is_own:
        return
    for who in ("registry", "central"):
        certificate, paper = _read(state / f"{who}.pem")
        if certificate is not None and not _is_of_key(certificate, state / f"{who}.key"):
            paper = Paper(path=paper.path, end=PaperEnd.OTHER_KEY)
        elif certificate is not None and ca is not None and not _is_signed_by(certificate, ca):
            paper = Paper(path=paper.path, end=PaperEnd.OTHER_CA)
        yield paper


def _read(path: Path) -> tuple[x509.Certificate | None, Paper]:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        return None, Paper(path=str(path), end=PaperEnd.MISSING)
    except OSError as problem:
        return None, Paper(path=str(path), end=PaperEnd.UNREADABLE, why=failures.why(problem))
    except ValueError:
        return None, Paper(path=str(path), end=PaperEnd.SPOILT)
    return certificate, Paper(path=str(path), end=PaperEnd.WHOLE, ends=certificate.not_valid_after_utc)


def _is_of_key(certificate: x509.Certificate, path: Path) -> bool:
    """Return whether the certificate is of that private key; a key that cannot be read is another line's matter."""
    try:
        key = serialization.load_pem_private_key(secret_files.read_secret(path).encode(), None)
    except EvchargeError:
        return True
    except (ValueError, TypeError):
        return False
    return _raw(certificate.public_key()) == _raw(key.public_key())


def _raw(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _is_signed_by(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
