"""Several PCs in one: a network namespace for each, a switch between them, and cables that can be pulled.

Needs Linux, util-linux and iproute2, and either root or a kernel that lets everybody make namespaces. They end with
this process, whatever becomes of it; the PC's own network is not touched.
"""

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_NETWORK = "10.77.0"
# Where nobody is: frames to it are thrown away by everybody, as by a broken wire.
_NOWHERE = "02:00:00:00:00:ff"
# As root there is no need for a user namespace; a root without all rights may need one after all.
_WAYS_IN = (("--net",), ("--user", "--map-root-user", "--net"))


class NoLab(Exception):
    """This machine does not let us make networks; the text says why."""


@dataclass(frozen=True, slots=True)
class Pc:
    """One computer of the lab. A command after `through` runs on it."""

    name: str
    number: int
    through: tuple[str, ...]

    @property
    def address(self) -> str:
        """Its IPv4 address."""
        return f"{_NETWORK}.{self.number}"


class Network:
    """A switch, and the PCs that are plugged into it."""

    def __init__(self) -> None:
        """Raises NoLab when this machine does not allow it."""
        self._holders: list[subprocess.Popen[bytes]] = []
        why = ""
        for way in _WAYS_IN:
            try:
                self._has_user = "--user" in way
                self._switch = self._through(self._hold("unshare", *way))
                self._ip(self._switch, "link add name switch type bridge", "link set switch up")
            except NoLab as problem:
                why = str(problem)
                self.close()
            else:
                return
        raise NoLab(f"cannot make network namespaces here ({why}): be root, or allow user namespaces")

    def pc(self, name: str) -> Pc:
        """Add a PC and plug it in."""
        number = len(self._holders)
        holder = self._hold(*self._switch, "unshare", "--net")
        pc = Pc(name, number, self._through(holder))
        self._ip(
            self._switch,
            f"link add name port{number} type veth peer name eth0 netns {holder}",
            f"link set port{number} master switch up",
        )
        self._ip(
            pc.through,
            "link set lo up",
            f"address add {pc.address}/24 dev eth0",
            "link set eth0 up",
        )
        return pc

    def process_of(self, pc: Pc) -> int:
        """Return the number of a process that is on `pc`."""
        return self._holders[pc.number].pid

    # ---- what breaks

    @contextlib.contextmanager
    def unplugged(self, pc: Pc) -> Iterator[None]:
        """Pull the cable of `pc` out of the switch during the block."""
        self._ip(self._switch, f"link set port{pc.number} down")
        try:
            yield
        finally:
            self._ip(self._switch, f"link set port{pc.number} up")

    @contextlib.contextmanager
    def switched_off(self, pc: Pc) -> Iterator[None]:
        """Take the network card of `pc` away during the block: it knows at once that it cannot reach anybody."""
        self._ip(pc.through, "link set eth0 down")
        try:
            yield
        finally:
            self._ip(pc.through, "link set eth0 up")

    @contextlib.contextmanager
    def lost(self, sender: Pc, receiver: Pc) -> Iterator[None]:
        """Lose all that `sender` sends to `receiver` during the block; what comes back arrives."""
        self._ip(
            sender.through, f"neighbour replace {receiver.address} lladdr {_NOWHERE} dev eth0 nud permanent"
        )
        try:
            yield
        finally:
            self._ip(sender.through, f"neighbour delete {receiver.address} dev eth0")

    @contextlib.contextmanager
    def cut(self, one: Pc, other: Pc) -> Iterator[None]:
        """Lose everything between two PCs during the block."""
        with self.lost(one, other), self.lost(other, one):
            yield

    def reset(self, pc: Pc, port: int) -> bool:
        """Break off the connections of `pc` to `port` with a RST to both ends; False where the kernel cannot."""
        said = subprocess.run(
            [*pc.through, "ss", "--no-header", "--kill", "--tcp", "state", "established", f"dport = :{port}"],
            capture_output=True,
            check=False,
        )
        return bool(said.stdout.strip())

    # ---- how it is made

    def close(self) -> None:
        """Let all of it go: a namespace ends with the last process in it."""
        for holder in self._holders:
            holder.communicate()
        self._holders.clear()

    def _hold(self, *argv: str) -> int:
        """Start a process that does nothing but keep its namespace; return its number once it is inside."""
        try:
            # It ends when its standard input does, which is when this process ends or closes it.
            holder = subprocess.Popen(
                [*argv, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except FileNotFoundError:
            raise NoLab(f"{argv[0]} is not installed") from None
        self._holders.append(holder)
        assert holder.stdin is not None
        assert holder.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            holder.stdin.write(b"in\n")
            holder.stdin.flush()
        if holder.stdout.readline() != b"in\n":
            _, said = holder.communicate()
            raise NoLab(said.decode(errors="replace").strip())
        return holder.pid

    def _through(self, holder: int) -> tuple[str, ...]:
        user = ("--user", "--preserve-credentials") if self._has_user else ()
        return ("nsenter", f"--target={holder}", *user, "--net")

    def _ip(self, through: Sequence[str], *commands: str) -> None:
        try:
            said = subprocess.run(
                [*through, "ip", "-batch", "-"],
                input="\n".join(commands).encode(),
                capture_output=True,
                check=False,
            )
        except FileNotFoundError as problem:
            raise NoLab(f"{problem.filename} is not installed") from None
        if said.returncode:
            raise NoLab(said.stderr.decode(errors="replace").strip().replace("\n", "; "))
