"""The network under attack: where it answers, what its processes use, what its books hold."""

import contextlib
import ipaddress
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


class NotLoopback(ValueError):
    """An address that is not on this computer: nothing here attacks those."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server on this computer."""

    host: str
    port: int

    def __post_init__(self) -> None:
        try:
            loopback = ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise NotLoopback(
                f"{self.host} is not a loopback address: these attacks are for networks on this PC."
            )

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Return the address that "HOST:PORT" names. Raises ValueError."""
        host, _, port = text.rpartition(":")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


# As the kernel numbers them in /proc/net/tcp.
_TCP_STATES = {"01": "ESTABLISHED", "08": "CLOSE_WAIT", "0A": "LISTEN"}


@dataclass(frozen=True, slots=True)
class Use:
    """What a process uses."""

    memory_kib: int
    descriptors: int


@dataclass(kw_only=True)
class Target:
    """One network. An address of None is not attacked; without `state` nobody can log in, and no rows are counted."""

    central: Address
    api: Address | None = None
    registry: Address | None = None
    health: Address | None = None
    # The charging point whose engine answers at `health`.
    cp_id: str = "CP001"
    state: Path | None = None
    # Of the processes that can be looked into, by name.
    processes: dict[str, int] = field(default_factory=dict)

    def use(self) -> dict[str, Use]:
        """Return what each process uses now; one that has ended is left out (Linux)."""
        found = {}
        for name, pid in self.processes.items():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
                memory = next((line for line in lines if line.startswith("VmRSS")), "VmRSS: 0 kB")
                found[name] = Use(int(memory.split()[1]), sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()))
        return found

    def held(self, name: str) -> str:
        """Return what the descriptors of a process are, its connections with the state of TCP (Linux)."""
        states = {}
        for table in ("tcp", "tcp6"):
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/net/{table}").read_text("ascii").splitlines()[1:]:
                    fields = line.split()
                    states[f"socket:[{fields[9]}]"] = f"TCP {_TCP_STATES.get(fields[3], fields[3])}"
        kinds: Counter[str] = Counter()
        with contextlib.suppress(OSError):
            for link in Path(f"/proc/{self.processes[name]}/fd").iterdir():
                with contextlib.suppress(OSError):
                    found = str(link.readlink())
                    kinds[states.get(found, found.partition(":")[0])] += 1
        return ", ".join(f"{count} × {kind}" for kind, count in kinds.most_common())

    def rows(self) -> int:
        """Return how many rows the audit logs of Central and Registry hold together."""
        return sum(self.ask(book, "SELECT COALESCE(MAX(n), 0) FROM events") for book in self._books())

    def faults(self) -> int:
        """Return how often a charging point of the network itself became Faulted; 0 without its books."""
        books = self.books
        if books is None:
            return 0
        # The neighbours' has no monitor: it is never well.
        return self.ask(
            books, "SELECT COUNT(*) FROM status_log WHERE status = 'Faulted' AND cp_id = ?", self.cp_id
        )

    @property
    def books(self) -> Path | None:
        """Central's books, if they can be read."""
        path = self.state / "central" / "central.db" if self.state is not None else None
        return path if path is not None and path.exists() else None

    def ask(self, book: Path, sql: str, *params: object) -> int:
        """Return the one number that `sql` asks of a database, as another process may."""
        connection = sqlite3.connect(f"file:{book}?mode=ro", uri=True)
        try:
            return int(connection.execute(sql, params).fetchone()[0])
        finally:
            connection.close()

    def _books(self) -> list[Path]:
        if self.state is None:
            return []
        books = [self.state / "central" / "central.db", self.state / "registry" / "registry.db"]
        return [book for book in books if book.exists()]
