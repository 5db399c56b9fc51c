"""`evcharge backup` and `evcharge restore`: the books of Central and Registry in one file, and back where they were.

A zip with `manifest.json`: which evcharge made it and when, and of each book its SHA-256, its schema and the head of
its audit log. Keys come along only when somebody asks, sealed under a passphrase (scrypt, AES-256-GCM).
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from msgspec import Struct

from evcharge import __version__
from evcharge.domain.errors import StateError
from evcharge.domain.strict_json import read_json
from evcharge.labels import Speech
from evcharge.runtime import files
from evcharge.storage import exchange
from evcharge.storage.anchor_file import ANCHORS
from evcharge.storage.database import copy_database, newest_schema, only_process
from evcharge.storage.hash_chain import Head
from evcharge.storage.reading import reading
from evcharge.storage.witnesses import central_witness

FORMAT = 1
# In the order in which they are copied: whoever remembers a head of another book is copied before that book.
CENTRAL = "central/central.db"
REGISTRY = "registry/registry.db"
BOOKS = {REGISTRY: "evcharge.registry.schema", CENTRAL: "evcharge.central.books.schema"}
# Our identity, everything that must stay secret, and what is remembered beside the books: where drivers want to be
# told, and which weather alerts are the service's own.
NETWORK = "ca.pem"
KEYS = (
    NETWORK, "ca.key", "service.key", "registry.pem", "registry.key", "central.pem", "central.key",
    "central/resume.key", "central/pin.key", "operator.token", "weather.token", "enrolment.token", "weather.key",
    "kafka.password", "central/database.password", "registry/database.password", "notify.password", "notify.token",
    "central/notified.json", "weather/alerts.json",
)  # fmt: skip
LEAST_PASSPHRASE = 12
_MANIFEST, _SEALED = "manifest.json", "keys.sealed"
_BESIDE = ("-wal", "-shm", "-journal")
_MOST_MANIFEST, _MOST_KEYS = 1 << 20, 1 << 25
_CHUNK = 1 << 20
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**16, 8, 1
# An anchor comes once a minute, and a copy takes moments: the second try is nearly always the last.
_MOST_TRIES = 5


# Copies a book that is elsewhere into a new file.
Copy = Callable[[Path], None]


class Part(Struct, kw_only=True, forbid_unknown_fields=False):
    """One file of a backup. `schema` and `head` are those of a book."""

    name: str
    bytes: int
    sha256: str
    schema: int | None = None
    head: Head | None = None


class Sealing(Struct, kw_only=True):
    """How the keys are sealed, all in hexadecimal digits but the costs of scrypt."""

    salt: str
    nonce: str
    n: int
    r: int
    p: int


class Manifest(Struct, kw_only=True):
    """What a backup holds. `network` is the SHA-256 of the certificate of its CA."""

    format: int
    evcharge: str
    made_at: datetime
    network: str
    parts: list[Part]
    keys: Sealing | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and where what it replaced lies now (None: it replaced nothing)."""

    manifest: Manifest
    aside: Path | None
    keys: bool


# ---- making one


def back_up(
    state: Path,
    target: Path,
    now: datetime,
    say: Speech,
    passphrase: str | None = None,
    elsewhere: Mapping[str, Copy] | None = None,
) -> Manifest:
    """Write a backup of the books in `state` to the new file `target`, also while Central and Registry run.

    With a passphrase, the keys come along; of the books that are no files, `elsewhere` copies each. Raises StateError.
    """
    has_books = bool(elsewhere) or any((state / book).exists() for book in BOOKS)
    if not (state / NETWORK).exists() or not has_books:
        raise StateError(say("backup nothing", state=state))
    if os.path.lexists(target):
        raise StateError(say("backup exists", file=target))
    with _of_the_disk(target, say), _workshop(target.parent, target.name) as folder:
        parts = _copied(state, folder, say, elsewhere or {})
        manifest = Manifest(
            format=FORMAT,
            evcharge=__version__,
            made_at=now,
            network=_network(state),
            parts=parts,
        )
        sealed = b""
        if passphrase is not None:
            manifest.keys, sealed = _sealed(_secrets(state), passphrase, manifest.network)
            manifest.parts.append(
                Part(name=_SEALED, bytes=len(sealed), sha256=hashlib.sha256(sealed).hexdigest())
            )
        whole = folder / "whole"
        with os.fdopen(files.open_ours(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
                for part in parts:
                    if part.name != _SEALED:
                        archive.write(folder / part.name, part.name)
                if sealed:
                    archive.writestr(_SEALED, sealed)
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link, not a rename: nothing that is there is overwritten.
            target.hardlink_to(whole)
        except FileExistsError:
            raise StateError(say("backup exists", file=target)) from None
        exchange.sync_folder(target.parent)
    return manifest


def _copied(state: Path, folder: Path, say: Speech, elsewhere: Mapping[str, Copy]) -> list[Part]:
    """Copy the books and their anchors into `folder`, so that none remembers more of another than is there."""
    for _ in range(_MOST_TRIES):
        parts: list[Part] = []
        for book in BOOKS:
            source, is_elsewhere = state / book, elsewhere.get(book)
            if is_elsewhere is None and not source.exists():
                continue
            anchors = str(PurePosixPath(book).with_name(ANCHORS))
            with contextlib.suppress(FileNotFoundError):
                # First: an anchor that is younger than the copy would say that its end was cut off.
                _write(folder / anchors, (state / anchors).read_bytes())
                parts.append(_part(folder, anchors))
            copy = folder / book
            files.make_folder(copy.parent)
            copy.unlink(missing_ok=True)
            if is_elsewhere is not None:
                is_elsewhere(copy)
            else:
                copy_database(source, copy)
            parts.append(_part(folder, book))
        if agree(folder):
            return parts
    raise StateError(say("backup busy", state=state))


def agree(folder: Path) -> bool:
    """Return whether the Registry's log is in the copy as far as Central's copy remembers it."""
    registry, central = folder / REGISTRY, folder / CENTRAL
    if not registry.exists() or not central.exists():
        return True
    with reading(central) as books:
        newest = central_witness(books).newest
    return newest <= _head(registry).n


def _part(folder: Path, name: str) -> Part:
    path = folder / name
    part = Part(name=name, bytes=path.stat().st_size, sha256=_sha256(path))
    if name in BOOKS:
        with reading(path) as books:
            part.schema = books.execute("PRAGMA user_version").fetchone()[0]
        part.head = _head(path)
    return part


def _head(book: Path) -> Head:
    with reading(book) as books:
        row = books.execute("SELECT n, hash FROM events ORDER BY n DESC LIMIT 1").fetchone()
    return Head(*row) if row is not None else Head()


# ---- keys


def _secrets(state: Path) -> dict[str, str]:
    found = {}
    for name in KEYS:
        with contextlib.suppress(FileNotFoundError):
            found[name] = files.read(state / name, _MOST_KEYS).decode("ascii")
    return found


def _sealed(keys: Mapping[str, str], passphrase: str, network: str) -> tuple[Sealing, bytes]:
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealing = Sealing(salt=salt.hex(), nonce=nonce.hex(), n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P)
    text = msgspec.json.encode(keys)
    return sealing, AESGCM(_key(passphrase, sealing)).encrypt(nonce, text, network.encode())


def _key(passphrase: str, how: Sealing) -> bytes:
    kdf = Scrypt(salt=bytes.fromhex(how.salt), length=32, n=how.n, r=how.r, p=how.p)
    return kdf.derive(passphrase.encode())


def _opened(archive: zipfile.ZipFile, manifest: Manifest, passphrase: str, say: Speech) -> dict[str, str]:
    how = manifest.keys
    # Otherwise the author of the file could make us work and take memory without limit.
    if how is None or (how.n, how.r, how.p) != (_SCRYPT_N, _SCRYPT_R, _SCRYPT_P):
        raise StateError(say("restore damaged", what=_SEALED))
    try:
        sealed = archive.read(_SEALED)
        text = AESGCM(_key(passphrase, how)).decrypt(
            bytes.fromhex(how.nonce), sealed, manifest.network.encode()
        )
        keys = read_json(text, dict[str, str])
    except InvalidTag:
        raise StateError(say("restore passphrase")) from None
    except ValueError:
        raise StateError(say("restore damaged", what=_SEALED)) from None
    return {name: keys[name] for name in KEYS if name in keys}


# ---- putting one back


def read_manifest(source: Path, say: Speech) -> Manifest:
    """Return what the backup in `source` says of itself. Raises StateError for anything else."""
    with _archive(source, say) as archive:
        return _manifest(archive, source, say)


def restore(state: Path, source: Path, now: datetime, say: Speech, passphrase: str | None = None) -> Restored:
    """Put the books of a backup into `state`, and its keys when there is a passphrase; raises StateError.

    Nothing is deleted: what they replace is kept in a folder beside them. Nothing changes before all of it was checked.
    """
    with _archive(source, say) as archive, contextlib.ExitStack() as held:
        manifest = _manifest(archive, source, say)
        known = state / NETWORK
        if known.exists() and passphrase is None and _network(state) != manifest.network:
            raise StateError(say("restore other network", file=source, state=state))
        if not known.exists() and passphrase is None:
            raise StateError(say("restore no keys", state=state))
        for part in manifest.parts:
            newest = newest_schema(BOOKS[part.name]) if part.name in BOOKS else 0
            if part.schema is not None and part.schema > newest:
                raise StateError(
                    say(
                        "restore newer",
                        file=source,
                        version=manifest.evcharge,
                        schema=part.schema,
                        known=newest,
                    )
                )
        keys = _opened(archive, manifest, passphrase, say) if passphrase is not None else {}
        with _of_the_disk(state, say):
            files.make_folder(state)
            folder = held.enter_context(exchange.exchanging(state))
            for book in BOOKS:
                held.enter_context(only_process(state / book))
            wanted = [part for part in manifest.parts if part.name != _SEALED]
            for part in wanted:
                _extract(archive, part, folder / part.name, say)
            for name, text in keys.items():
                _write(folder / name, text.encode("ascii"), mode_of(name))
            names = [*(part.name for part in wanted), *keys]
            return Restored(manifest, _exchanged(state, folder, names, now), bool(keys))


def finish(state: Path, say: Speech) -> str:
    """Go on with a restore that was killed in `state`; return what to tell of it, "" for nothing. Raises StateError."""
    with _of_the_disk(state, say):
        finished = exchange.finish(state)
    if finished is None:
        return ""
    aside = say("restored aside", aside=finished.aside) if finished.aside is not None else ""
    return f"{say('restore finished', state=state)} {aside}".rstrip()


def mode_of(name: str) -> int:
    """Return the mode of a file of a state folder: certificates may be read by anybody."""
    return 0o644 if name.endswith(".pem") else files.OWNER_ONLY


def _extract(archive: zipfile.ZipFile, part: Part, target: Path, say: Speech) -> None:
    files.make_folder(target.parent)
    digest, size = hashlib.sha256(), 0
    try:
        with (
            archive.open(part.name) as source,
            os.fdopen(files.open_ours(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file,
        ):
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > part.bytes:
                    break
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    # NotImplementedError is how zipfile refuses a compression or an encryption that it does not know.
    except (KeyError, zipfile.BadZipFile, EOFError, ValueError, NotImplementedError):
        raise StateError(say("restore damaged", what=part.name)) from None
    if (size, digest.hexdigest()) != (part.bytes, part.sha256):
        raise StateError(say("restore damaged", what=part.name))
    if part.name in BOOKS:
        try:
            with reading(target) as books:
                sound = books.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
                schema = books.execute("PRAGMA user_version").fetchone()[0]
        except StateError:
            sound, schema = False, None
        if not sound or schema != part.schema or _head(target) != part.head:
            raise StateError(say("restore damaged", what=part.name))


def _exchanged(state: Path, folder: Path, names: list[str], now: datetime) -> Path | None:
    """Put the files of `folder` into `state`; return where what they replace lies now. All of it, or nothing."""
    aside = state / f"replaced-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    # What SQLite keeps beside a book is of that book alone, and an anchor of the book that it anchors.
    beside = [f"{book}{end}" for book in BOOKS if book in names for end in _BESIDE]
    anchors = [str(PurePosixPath(book).with_name(ANCHORS)) for book in BOOKS if book in names]
    replaced = [name for name in dict.fromkeys((*names, *beside, *anchors)) if os.path.lexists(state / name)]
    exchange.exchange(state, folder, aside, replaced, names)
    return aside if replaced else None


# ---- files


@contextlib.contextmanager
def _archive(source: Path, say: Speech) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(source)
    except zipfile.BadZipFile:
        raise StateError(say("restore no backup", file=source)) from None
    except OSError as problem:
        raise StateError(say("restore unreadable", file=source, why=files.why(problem))) from None
    with archive:
        yield archive


def _manifest(archive: zipfile.ZipFile, source: Path, say: Speech) -> Manifest:
    none = StateError(say("restore no backup", file=source))
    try:
        if archive.getinfo(_MANIFEST).file_size > _MOST_MANIFEST:
            raise none
        data = archive.read(_MANIFEST)
        said: dict[str, Any] = read_json(data, dict[str, Any])
    except (KeyError, zipfile.BadZipFile, EOFError, ValueError, NotImplementedError):
        raise none from None
    if isinstance(said.get("format"), int) and said["format"] > FORMAT:
        raise StateError(say("restore newer format", file=source, version=said.get("evcharge")))
    try:
        manifest = read_json(data, Manifest)
    except ValueError:
        raise none from None
    allowed = {*BOOKS, *(str(PurePosixPath(book).with_name(ANCHORS)) for book in BOOKS), _SEALED}
    names = [part.name for part in manifest.parts]
    # A name that is not ours could lead out of the folder.
    if not allowed.issuperset(names) or len(set(names)) < len(names) or not set(names) & BOOKS.keys():
        raise none
    return manifest


@contextlib.contextmanager
def _workshop(folder: Path, name: str) -> Iterator[Path]:
    """Yield a folder of ours on the disk of `folder`; nothing of it is left afterwards."""
    place = folder / f".{name}.{secrets.token_hex(8)}"
    place.mkdir(mode=0o700)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def _of_the_disk(path: Path, say: Speech) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise StateError(say("backup unwritable", file=path, why=files.why(problem))) from None


def _write(path: Path, data: bytes, mode: int = files.OWNER_ONLY) -> None:
    files.make_folder(path.parent)
    handle = files.open_ours(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(handle, mode)
        os.fsync(handle)


def _network(state: Path) -> str:
    return hashlib.sha256(files.read(state / NETWORK, _MOST_KEYS).strip()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
