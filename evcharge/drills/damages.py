"""What a drill has broken and not put right yet, kept in the state folder: there it outlives a drill that is killed."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from evcharge.domain.errors import StateError
from evcharge.domain.strict_json import read_json
from evcharge.drills.processes_here import StartedProgram
from evcharge.runtime import files
from evcharge.security import secret_files

_FILE = "drill.damages"
# What it holds most of is the environment of Central.
_MOST_BYTES = 4 << 20


class StoppedProcess(Struct, frozen=True, tag="stopped process"):
    """A process that was stopped where it was; `began` tells it from a later one of the same number."""

    pid: int
    began: int


class KilledCentral(Struct, frozen=True, tag="killed central"):
    """Central, which was killed, and how it was started; of several, by the port of its API."""

    program: StartedProgram
    port: int = 0


class KilledRegistry(Struct, frozen=True, tag="killed registry"):
    """One of several Registries, which was killed, how it was started, and its port."""

    program: StartedProgram
    port: int


class BadWeather(Struct, frozen=True, tag="bad weather"):
    """A weather alert that was given."""

    location: str
    alert: str


class Guests(Struct, frozen=True, tag="guests"):
    """The charging point and the driver that were registered, and the folder where they live."""

    cp_id: str
    driver_id: str
    # Bytes: the path need be no text.
    folder: bytes

    @property
    def path(self) -> Path:
        """The folder."""
        return Path(os.fsdecode(self.folder))


Damage = StoppedProcess | KilledCentral | KilledRegistry | BadWeather | Guests


def tag_of(one: Damage) -> str:
    """Return what kind of damage it is."""
    return str(type(one).__struct_config__.tag)


class Damages:
    """The list; each change is on the disk before it returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._all = _read(path)

    @property
    def last_first(self) -> list[Damage]:
        """In this order they are put right."""
        return self._all[::-1]

    def add(self, one: Damage) -> None:
        """Write down what is about to be broken. Raises StateError when that cannot be kept: then break nothing."""
        self._all.append(one)
        self._write()

    def remove(self, one: Damage) -> None:
        """Strike out what is right again."""
        self._all.remove(one)
        if self._all:
            self._write()
        else:
            self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        # Private: the environment of Central may hold secrets.
        secret_files.replace_secret(self._path, msgspec.json.encode(self._all).decode())


def _read(path: Path) -> list[Damage]:
    try:
        found: list[Damage] = read_json(files.read_ours(path, _MOST_BYTES), list[Damage])
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise StateError(f"cannot read {path}: {files.why(problem)}") from None
    except ValueError:
        raise StateError(f"{path} does not contain a list of damage. Remove it.") from None
    return found


@contextlib.contextmanager
def damages_of(state: Path) -> Iterator[Damages]:
    """Have the list of this state folder to ourselves while the block runs. Raises StateError: another drill has it."""
    with held(state) as is_ours:
        if not is_ours:
            raise StateError(f"another drill is running with {state}. Wait until it ends.")
        yield Damages(state / _FILE)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold a folder while the block runs; yield whether nobody else does. Raises StateError when it is not there."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise StateError(secret_files.missing(folder / "ca.pem")) from None
    except OSError as problem:
        raise StateError(f"cannot read {folder}: {files.why(problem)}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
