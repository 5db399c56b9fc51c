"""A disk in memory with a page cache: processes die and keep it, power goes and takes what was not synced."""

import errno
import random

from evcharge.domain.errors import StateError


class MemoryFile:
    """A file and what of it is durable."""

    def __init__(self, disk: "MemoryDisk") -> None:
        self.disk = disk
        self.cache = bytearray()
        self.durable = bytearray()
        self.unsynced: list[tuple[int, bytes]] = []
        # How far space was taken.
        self.taken = 0
        self.sync_failed = False

    def size(self) -> int:
        return len(self.cache)

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self.cache[offset : offset + length])

    def write(self, offset: int, data: bytes) -> None:
        self.disk.count("write")
        self._take(offset + len(data))
        _put(self.cache, offset, data)
        self.unsynced.append((offset, data))

    def reserve(self, offset: int, length: int) -> None:
        self.disk.count("reserve")
        self._take(offset + length)
        if len(self.cache) < offset + length:
            self.write(len(self.cache), bytes(offset + length - len(self.cache)))

    def sync(self, *, data_only: bool = False) -> None:
        assert not self.sync_failed, "a file was synced again after a failed sync"
        try:
            self.disk.count("data sync" if data_only else "sync")
        except OSError:
            # The pages are now called clean, and are lost.
            self.unsynced.clear()
            self.sync_failed = True
            raise
        for offset, written in self.unsynced:
            _put(self.durable, offset, written)
        self.unsynced.clear()

    def close(self) -> None:
        pass

    def lose_power(self, chance: random.Random) -> None:
        """Keep what was synced, and the beginning of what was not."""
        whole = chance.randrange(len(self.unsynced) + 1)
        for offset, data in self.unsynced[:whole]:
            _put(self.durable, offset, data)
        if whole < len(self.unsynced):
            offset, data = self.unsynced[whole]
            _put(self.durable, offset, data[: chance.randrange(len(data) + 1)])
        self.cache = bytearray(self.durable)
        self.unsynced.clear()
        self.sync_failed = False

    def _take(self, end: int) -> None:
        more = max(0, end - self.taken)
        if more > self.disk.free_bytes:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.disk.free_bytes -= more
        self.taken += more


class MemoryDisk:
    """One folder. `calls` lists the durable steps; `fail` is asked before each."""

    def __init__(self) -> None:
        self.names: dict[str, MemoryFile] = {}
        self.durable_names: dict[str, MemoryFile] = {}
        self.free_bytes = 1 << 40
        self.calls: list[str] = []
        self.fail_next: dict[str, int] = {}
        self.locked = False

    def __str__(self) -> str:
        return "memory"

    def count(self, call: str) -> None:
        self.calls.append(call)
        if self.fail_next.get(call, 0) > 0:
            self.fail_next[call] -= 1
            raise OSError(errno.EIO, "Input/output error")

    def lock(self) -> None:
        if self.locked:
            raise StateError("another engine (pid 1) uses the journal in memory")
        self.locked = True

    def open(self, name: str) -> MemoryFile | None:
        self.count("open")
        return self.names.get(name)

    def create(self, name: str) -> MemoryFile:
        self.names[name] = MemoryFile(self)
        return self.names[name]

    def rename(self, old: str, new: str) -> None:
        self.count("rename")
        self.names[new] = self.names.pop(old)

    def remove(self, name: str) -> None:
        self.names.pop(name, None)

    def exists(self, name: str) -> bool:
        return name in self.names

    def sync_folder(self) -> None:
        self.count("sync folder")
        self.durable_names = dict(self.names)

    def close(self) -> None:
        self.locked = False

    def kill(self) -> None:
        """The process dies: locks go, the page cache stays."""
        self.locked = False

    def lose_power(self, seed: int = 0) -> None:
        """All that was not synced may be gone, or half there."""
        chance = random.Random(seed)
        self.locked = False
        # A folder that was not synced: its changes so far may be there or not.
        if chance.random() < 0.5:
            self.names = dict(self.durable_names)
        for file in {id(file): file for file in self.names.values()}.values():
            file.lose_power(chance)
        self.durable_names = dict(self.names)


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
