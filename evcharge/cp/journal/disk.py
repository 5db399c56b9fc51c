"""What the journal asks of a disk: few operations, so that a test can play a failing or a lying one."""

import contextlib
import errno
import fcntl
import os
from pathlib import Path
from typing import Protocol

from evcharge.domain.errors import StateError, Taken
from evcharge.runtime import files


class File(Protocol):
    """One open file. Every operation may raise OSError."""

    def size(self) -> int:
        """Return its length in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; fewer only at the end of the file."""

    def write(self, offset: int, data: bytes) -> None:
        """Write all of `data` at `offset`. Not durable before `sync`."""

    def reserve(self, offset: int, length: int) -> None:
        """Make sure that writing this range cannot run out of space; what is new in it reads as zeros."""

    def sync(self, *, data_only: bool = False) -> None:
        """Return when all that was written is durable. After an error the file must not be synced again."""

    def close(self) -> None:
        """Let go of it."""


class Disk(Protocol):
    """One folder of files. Every operation may raise OSError."""

    def lock(self) -> None:
        """Take the folder for this process until `close`; raise Taken when another one has it."""

    def open(self, name: str) -> File | None:
        """Open an existing file for reading and writing; None when there is none."""

    def create(self, name: str) -> File:
        """Create an empty file, in place of any of that name."""

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in place of any of that name. Not durable before `sync_folder`."""

    def remove(self, name: str) -> None:
        """Remove a file; there being none is fine."""

    def exists(self, name: str) -> bool:
        """Return whether there is a file of that name."""

    def sync_folder(self) -> None:
        """Return when all names are durable."""

    def close(self) -> None:
        """Let go of the folder and its lock."""


class _OsFile:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def read(self, offset: int, length: int) -> bytes:
        parts = []
        while length > 0 and (part := os.pread(self._descriptor, length, offset)):
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return b"".join(parts)

    def write(self, offset: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._descriptor, rest, offset)
            offset += written
            rest = rest[written:]

    def reserve(self, offset: int, length: int) -> None:
        try:
            os.posix_fallocate(self._descriptor, offset, length)
        except (AttributeError, OSError) as problem:
            if isinstance(problem, OSError) and problem.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise
            # No such call here (macOS), or not on this file system: zeros written are space taken, too.
            start = max(offset, self.size())
            self.write(start, bytes(max(0, offset + length - start)))

    def sync(self, *, data_only: bool = False) -> None:
        if data_only:
            getattr(os, "fdatasync", os.fsync)(self._descriptor)
        else:
            os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


class FolderDisk:
    """The real thing: a folder of the file system, made durably (with its parents) when it is missing."""

    LOCK = "lock"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: int | None = None

    def __str__(self) -> str:
        return str(self._folder)

    def lock(self) -> None:
        try:
            _make_folder(self._folder)
            lock = files.open_ours(self._folder / self.LOCK, os.O_RDWR | os.O_CREAT)
        except OSError as problem:
            raise self._unusable(problem) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(lock)
            raise Taken(
                f"another engine (pid {owner}) uses the journal in {self._folder}. Stop it first, or start "
                "this one with another charging point or state folder."
            ) from None
        self._lock = lock
        try:
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        except OSError as problem:
            self.close()
            raise self._unusable(problem) from None

    def _unusable(self, problem: OSError) -> StateError:
        return StateError(f"cannot use the folder {self._folder}: {files.why(problem)}")

    def open(self, name: str) -> File | None:
        try:
            return _OsFile(files.open_ours(self._folder / name, os.O_RDWR))
        except FileNotFoundError:
            return None

    def create(self, name: str) -> File:
        return _OsFile(files.open_ours(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_TRUNC))

    def rename(self, old: str, new: str) -> None:
        (self._folder / old).replace(self._folder / new)

    def remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def exists(self, name: str) -> bool:
        return (self._folder / name).exists()

    def sync_folder(self) -> None:
        _sync_folder(self._folder)

    def close(self) -> None:
        if self._lock is not None:
            with contextlib.suppress(OSError):
                os.close(self._lock)
            self._lock = None


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
