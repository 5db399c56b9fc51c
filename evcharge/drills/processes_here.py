"""Processes of this PC that others started: Central, to be killed and started again; a broker, to be stopped."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

from msgspec import Struct

_PROC = Path("/proc")
_LISTENS = "0A"
# What a service manager, or `evcharge up`, needs to start it again by itself.
COMES_BACK_WITHIN_S = 25.0


class StartedProgram(Struct, frozen=True):
    """How a process was started: enough to start it again in the same way. Bytes, which need be no text."""

    pid: int
    command: tuple[bytes, ...]
    folder: bytes
    # Each a name, an equals sign and its value.
    environ: tuple[bytes, ...]

    def __repr__(self) -> str:
        # The environment may hold secrets.
        return f"StartedProgram({self.pid})"

    @property
    def comes_back(self) -> bool:
        """Whether somebody else starts it again: `evcharge up`, or a service manager."""
        by_service_manager = any(one.startswith(b"INVOCATION_ID=") for one in self.environ)
        return b"--parent-pipe" in self.command or by_service_manager

    async def asks(self, *command: str) -> tuple[int, str]:
        """Run another command with the settings of this one; return its exit code and the last line that it says."""
        # What stands before the name of the role is how evcharge is called here.
        before = list(self.command[: self.command.index(b"central")])
        if b"--parent-pipe" in before:
            at = before.index(b"--parent-pipe")
            del before[at : at + 2]
        after = [
            part
            for flag, value in zip(self.command, self.command[1:], strict=False)
            if flag in (b"--state", b"--config")
            for part in (flag, value)
        ]
        process = await asyncio.create_subprocess_exec(
            *before,
            *(part.encode() for part in command),
            *after,
            cwd=self.folder,
            env={name: value for name, _, value in (one.partition(b"=") for one in self.environ)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        lines = said.decode("utf-8", "replace").split("\n")
        return process.returncode or 0, next((line.strip() for line in reversed(lines) if line.strip()), "-")

    def start_again(self, log: Path) -> "subprocess.Popen[bytes]":
        """Start it as it was, on its own; what it prints goes into `log`."""
        with log.open("ab") as out:
            return subprocess.Popen(  # noqa: S603  the command that ran here a moment ago
                self.command,
                cwd=self.folder,
                env={name: value for name, _, value in (one.partition(b"=") for one in self.environ)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def started(pid: int) -> StartedProgram | None:
    """Return how `pid` was started; None when that cannot be read here."""
    try:
        command = (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")[:-1]
        environ = (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
        folder = (_PROC / str(pid) / "cwd").readlink()
    except OSError:
        return None
    return StartedProgram(
        pid, tuple(command), os.fsencode(folder), tuple(entry for entry in environ if b"=" in entry)
    )


def began(pid: int) -> int | None:
    """Return when `pid` began, in ticks since this machine did; None when there is no such process."""
    try:
        # Its name, in brackets, may hold anything.
        fields = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[19])


def is_here(host: str) -> bool:
    """Return whether a host, by name or address, is this PC."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except OSError:
        return False
    for family, kind, _, _, address in found:
        with contextlib.suppress(OSError), socket.socket(family, kind) as probe:
            # Only an address of ours can be bound.
            probe.bind(address)
            return True
    return False


def listener(port: int) -> int | None:
    """Return the process of this PC that listens on `port`; None when there is none, or it may not be looked at."""
    inodes = {
        fields[9]
        for table in ("tcp", "tcp6")
        for line in _lines(_PROC / "net" / table)[1:]
        if (fields := line.split())[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port
    }
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for folder in _PROC.glob("[0-9]*/fd"):
        try:
            if any(str(entry.readlink()) in wanted for entry in folder.iterdir()):
                return int(folder.parent.name)
        except OSError:
            continue  # it has ended, or is another user's
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii").splitlines()
    except OSError:
        return [""]


def kill(pid: int) -> None:
    """End a process at once, as a power cut would. Raises OSError."""
    os.kill(pid, signal.SIGKILL)


def freeze(pid: int) -> None:
    """Stop a process where it is. Raises OSError."""
    os.kill(pid, signal.SIGSTOP)


def thaw(pid: int) -> None:
    """Let a frozen process go on. Raises OSError."""
    os.kill(pid, signal.SIGCONT)


async def mounted(folder: Path, size: str) -> bool:
    """Mount a disk of `size` ("2m") on `folder`; return whether that was allowed."""
    return await _quietly("mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder))


async def unmount_all(folder: Path) -> None:
    """Take away every disk that is mounted in `folder`, the last first."""
    for line in reversed(_lines(_PROC / "self" / "mounts")):
        if line and Path(line.split()[1]).is_relative_to(folder):
            await _quietly("umount", line.split()[1])


async def _quietly(*command: str) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError:
        return False
    return await process.wait() == 0
