"""A PostgreSQL of the tests: the first that needs it makes it in a temporary folder, and it ends with the session."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tests.absent import absent
from tests.ports import free_port

_FOLDERS = [None, *sorted(str(path) for path in Path("/usr/lib/postgresql").glob("*/bin"))[::-1]]


def program(name: str) -> str:
    """Return the path of a program of PostgreSQL; without one the test is left out."""
    for folder in _FOLDERS:
        if found := shutil.which(name, path=folder):
            return found
    return absent(f"no {name} here: install PostgreSQL (Debian: apt-get install postgresql)")


def server_user() -> str | None:
    """Return whose process it is; None: ours. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    return next((name for name in ("postgres", "nobody") if _is_there(name)), None)


@contextlib.contextmanager
def server(disk: Path | None = None, **settings: str) -> Iterator[str]:
    """Run PostgreSQL while the block lasts, its data on `disk` if one is named; yield the address of its database."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    port = free_port()
    user = server_user()
    # Memory where there is some: what is forced to it costs no time.
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="evcharge-postgres-", dir=disk or base))
    try:
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        _run(
            user,
            initdb,
            "-D",
            data,
            "-U",
            "evcharge",
            "-A",
            "trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "-N",
        )
        options = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
        } | settings
        watcher = _start(user, pg_ctl, data, options)
        try:
            yield f"postgresql://evcharge@127.0.0.1:{port}/postgres"
        finally:
            watcher.communicate(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(
    user: str | None, pg_ctl: str, data: Path, options: Mapping[str, object]
) -> "subprocess.Popen[bytes]":
    """Start a server; return what ends it when this process closes its pipe, or is killed and the system does."""
    said = " ".join(f"-c {name}={value}" for name, value in options.items())
    _run(user, pg_ctl, "-D", data, "-w", "-t", "120", "-l", data.parent / "log", "-o", said, "start")
    end = f"read -r _; {pg_ctl} -D {data} -m immediate stop >/dev/null 2>&1"
    return subprocess.Popen(
        ["sh", "-c", f"{end}; rm -rf {data.parent}"],
        stdin=subprocess.PIPE,
        user=user,
        cwd="/",
        start_new_session=True,
    )


@contextlib.contextmanager
def hot_standby(primary: str) -> Iterator[tuple[str, Path]]:
    """Run a standby that follows the server at `primary` while the block lasts; yield its address and its data."""
    pg_ctl, port, user = program("pg_ctl"), free_port(), server_user()
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="evcharge-postgres-", dir=base))
    try:
        if user is not None:
            shutil.chown(folder, user)
        data, far = folder / "data", urlsplit(primary)
        from_it = ("-h", far.hostname, "-p", far.port, "-U", far.username)
        _run(user, program("pg_basebackup"), *from_it, "-D", data, "-R", "-X", "stream", "-c", "fast", "-N")
        options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder}
        watcher = _start(user, pg_ctl, data, options)
        try:
            yield primary.replace(f":{far.port}", f":{port}"), data
        finally:
            watcher.communicate(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def stop(data: Path) -> None:
    """End the server with its data in a folder at once, as a computer does that is switched off."""
    _run(server_user(), program("pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")


def promote(data: Path) -> None:
    """Let the standby with its data in a folder be written from now on."""
    _run(server_user(), program("pg_ctl"), "-D", data, "-w", "promote")


def restart(data: str, mode: str) -> None:
    """End the server with its data in a folder, "fast" or "immediate" (as a crash does), and start it again."""
    log = Path(data).parent / "log"
    _run(server_user(), program("pg_ctl"), "-D", data, "-m", mode, "-w", "-t", "120", "-l", log, "restart")


def _is_there(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _run(user: str | None, *command: object) -> None:
    subprocess.run(
        [str(part) for part in command], check=True, user=user, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, cwd="/", timeout=180,
    )  # fmt: skip
