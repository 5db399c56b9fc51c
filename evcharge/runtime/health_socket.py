"""The health socket: a Unix socket at which a running process says that it lives, and what is wrong with it.

One for each role and id, in the health folder, which only its owner enters. Whoever connects gets one line of JSON and
asks nothing; a process whose loop hangs gives none, and one that was killed leaves a socket behind at which nobody is.
"""

import asyncio
import contextlib
import errno
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from evcharge.domain.strict_json import read_json
from evcharge.runtime import files

log = logging.getLogger(__name__)

SUFFIX = ".socket"
_MAX_ANSWER_BYTES = 4096
_MOST_WAITING = 16
# A state folder that its role has still to make is looked for again.
_AGAIN_S = 0.5


class OwnHealth:
    """How a process is, as it says itself: `wrong` is asked for a sentence, None while all is well."""

    def __init__(self) -> None:
        self.wrong: Callable[[], str | None] = lambda: None


class Pulse(StrEnum):
    """What was found at a health socket."""

    WELL = "well"
    UNWELL = "unwell"
    # It runs, and does not answer.
    SILENT = "silent"
    # It was killed: its socket is all that is left.
    DEAD = "dead"
    # It has not been started, or it ended as it should.
    ABSENT = "absent"


class Finding(Struct, frozen=True, kw_only=True):
    """What is known of one process: `name` is its role, and its id where it has one; `why` what is wrong with it."""

    name: str
    pulse: Pulse
    why: str = ""


class _Answer(Struct, frozen=True, kw_only=True):
    wrong: str | None


@contextmanager
def listening(folder: Path, name: str, health: OwnHealth, *, needs: Path | None = None) -> Iterator[None]:
    """Answer at the socket `name` of `folder` while the block runs, which is inside a loop.

    `needs` is a folder that must be there first: no process makes a state folder just to be asked for its health.
    One that cannot have its socket works without.
    """
    door = _Door(folder, name, health, needs)
    door.open()
    try:
        yield
    finally:
        door.close()


class _Door:
    def __init__(self, folder: Path, name: str, health: OwnHealth, needs: Path | None) -> None:
        self._path = folder / f"{name}{SUFFIX}"
        self._health = health
        self._needs = needs
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._inode = 0
        self._later: asyncio.TimerHandle | None = None

    def open(self) -> None:
        if self._needs is not None and not self._needs.is_dir():
            self._later = self._loop.call_later(_AGAIN_S, self.open)
            return
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            files.make_folder(self._path.parent)
            # It gets its name when it listens, so that nobody who finds it is refused; and in the place of what an
            # earlier process left, that was killed.
            unnamed = self._path.with_suffix(f".{os.getpid()}")
            unnamed.unlink(missing_ok=True)
            with _short(unnamed) as place:
                door.bind(place)
            door.listen(_MOST_WAITING)
            self._inode = unnamed.stat().st_ino
            unnamed.rename(self._path)
        except OSError as problem:
            door.close()
            log.warning(
                "no health socket at %s, so evcharge health misses this process: %s",
                self._path,
                files.why(problem),
            )
            return
        self._socket = door
        self._loop.add_reader(door, self._answer, door)

    def close(self) -> None:
        if self._later is not None:
            self._later.cancel()
        if self._socket is None:
            return
        self._loop.remove_reader(self._socket)
        self._socket.close()
        with contextlib.suppress(OSError):
            # Another one of the same name may have put its own there since.
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()

    def _answer(self, door: socket.socket) -> None:
        with contextlib.suppress(OSError):
            caller, _ = door.accept()
            with caller:
                # One line of this length always fits into what a fresh connection takes at once.
                caller.settimeout(0)
                caller.send(msgspec.json.encode(_Answer(wrong=self._health.wrong())) + b"\n")


# ---- asking


def look(folder: Path, names: list[str], within_s: float) -> list[Finding]:
    """Ask every process of `folder`, or only those whose role or name is among `names`; each at most `within_s`."""
    found = sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))
    if not names:
        return [_asked(folder, name, within_s) for name in found]
    wanted = [name for name in found if any(_is_called(name, one) for one in names)]
    absent = [one for one in names if not any(_is_called(name, one) for name in wanted)]
    return [
        *(_asked(folder, name, within_s) for name in wanted),
        *(Finding(name=one, pulse=Pulse.ABSENT) for one in absent),
    ]


def socket_name(role: str, id_: str | None = None) -> str:
    """Return the name of a process: its role, then its id, if it has one."""
    return role if id_ is None else f"{role}.{id_}"


def _is_called(name: str, wanted: str) -> bool:
    return name == wanted or name.partition(".")[0] == wanted


def _asked(folder: Path, name: str, within_s: float) -> Finding:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as caller:
        caller.settimeout(within_s)
        try:
            with _short(folder / f"{name}{SUFFIX}") as place:
                caller.connect(place)
            line = b""
            while not line.endswith(b"\n") and (more := caller.recv(_MAX_ANSWER_BYTES)):
                line += more
            answer = read_json(line, _Answer)
        except (ConnectionRefusedError, FileNotFoundError):
            return Finding(name=name, pulse=Pulse.DEAD)
        except (TimeoutError, BlockingIOError, ConnectionError, ValueError):
            return Finding(name=name, pulse=Pulse.SILENT)
    if answer.wrong is None:
        return Finding(name=name, pulse=Pulse.WELL)
    return Finding(name=name, pulse=Pulse.UNWELL, why=answer.wrong)


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """Yield a name for the socket `path` that fits into the 108 bytes which such a name may have."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        place = f"/proc/self/fd/{handle}/{path.name}"
        if not Path(f"/proc/self/fd/{handle}").exists():
            raise OSError(errno.ENAMETOOLONG, "too long", str(path))
        yield place
    finally:
        os.close(handle)
