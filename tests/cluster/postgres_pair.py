"""Two PostgreSQL servers in a temporary folder: a primary, and a standby without which nothing is confirmed."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tests.ports import free_port
from tests.postgres import program, server_user

_WITHIN_S = 120
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # By the name of its cluster: what copies it meanwhile is no standby.
    "synchronous_standby_names": "one, two",
    "hot_standby": "on",
    "wal_retrieve_retry_interval": "200ms",
    # One of them that ends closes its connection. On a busy machine both may be silent for many seconds, and a standby
    # that begins anew each time never catches up, while all commits wait for it.
    "wal_receiver_timeout": "120s",
    "wal_sender_timeout": "120s",
    "max_connections": "60",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
}


class Pair:
    """A server that is written, and one that follows it; `fail_over` makes the second the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user = server_user()
        self._ports = {"one": free_port(), "two": free_port()}
        self.primary, self._standby = "one", "two"

    @property
    def port(self) -> int:
        """The port of the server that is written."""
        return self._ports[self.primary]

    @property
    def url(self) -> str:
        """Its address."""
        return f"postgresql://evcharge@127.0.0.1:{self.port}/postgres"

    @property
    def logs(self) -> str:
        """All that the servers have logged."""
        return "".join(path.read_text("utf-8", "replace") for path in sorted(self._folder.glob("*.log")))

    async def begin(self) -> None:
        """Make both, and return when the second follows."""
        data = self._folder / "one"
        await self._run(
            "initdb", "-D", data, "-U", "evcharge", "-A", "trust", "--encoding=UTF8", "--locale=C.UTF-8", "-N"
        )
        lines = "".join(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
        with (data / "postgresql.conf").open("a") as conf:
            conf.write(f"{lines}unix_socket_directories = '{self._folder}'\n")
        await self._start("one")
        await self.rebuild_standby()

    async def restart(self) -> None:
        """Crash the primary, and let it recover."""
        await self._stop(self.primary)
        await self._start(self.primary)

    async def restart_standby(self) -> None:
        """Crash the standby, and let it follow again."""
        await self._stop(self._standby)
        await self._start(self._standby)

    async def fail_over(self) -> None:
        """Crash the primary for good, and promote the standby."""
        await self._stop(self.primary)
        await self._run("pg_ctl", "-D", self._folder / self._standby, "-w", "-t", _WITHIN_S, "promote")
        self.primary, self._standby = self._standby, self.primary

    async def rebuild_standby(self) -> None:
        """Make a new standby of what the primary has; return when it follows."""
        data = self._folder / self._standby
        shutil.rmtree(data, ignore_errors=True)
        await self._run(
            "pg_basebackup", "-D", data, "-R", "-X", "stream", "--checkpoint=fast", "--no-sync",
            "-d", f"host=127.0.0.1 port={self.port} user=evcharge",
        )  # fmt: skip
        await self._start(self._standby)

    async def end(self) -> None:
        """Stop both."""
        for name in self._ports:
            with contextlib.suppress(RuntimeError):
                await self._stop(name)

    async def _start(self, name: str) -> None:
        log = self._folder / f"{name}.log"
        options = f"-c port={self._ports[name]} -c cluster_name={name}"
        data = self._folder / name
        await self._run("pg_ctl", "-D", data, "-w", "-t", _WITHIN_S, "-l", log, "-o", options, "start")

    async def _stop(self, name: str) -> None:
        await self._run("pg_ctl", "-D", self._folder / name, "-m", "immediate", "-w", "-t", _WITHIN_S, "stop")

    async def _run(self, name: str, *given: object) -> None:
        process = await asyncio.create_subprocess_exec(
            program(name), *map(str, given), user=self._user, cwd="/",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        if await process.wait():
            raise RuntimeError(f"{name} {given[-1]} failed: {self.logs[-500:]}")


@contextlib.asynccontextmanager
async def pair() -> AsyncIterator[Pair]:
    """Run a pair while the block runs."""
    # Memory where there is some: what is forced to it costs no time.
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="evcharge-pair-", dir=base) as name:
        folder = Path(name)
        if (user := server_user()) is not None:
            shutil.chown(folder, user)
        both = Pair(folder)
        # Ends them when this process is killed, and the system closes the pipe.
        stop = f"{program('pg_ctl')} -m immediate stop -D {folder}"
        watcher = subprocess.Popen(
            ["sh", "-c", f"read -r _ || {{ {stop}/one; {stop}/two; rm -rf {folder}; }} >/dev/null 2>&1"],
            stdin=subprocess.PIPE, user=server_user(), cwd="/", start_new_session=True,
        )  # fmt: skip
        try:
            await both.begin()
            yield both
        finally:
            await both.end()
            watcher.communicate(b"\n", timeout=60)
