"""A PostgreSQL of a drill's own, where its programs are installed: in a folder that vanishes, over a socket in it."""

import asyncio
import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from evcharge.domain.errors import StateError
from evcharge.drills import mending

_PORT = 5432
_DEBIANS = Path("/usr/lib/postgresql")
_WITHIN_S = 60.0
# It ends when we close the pipe, or die.
_SERVE = (
    '"$0" -D "$1" -k "$1" -p "$2" -c listen_addresses= >"$1/log" 2>&1 & read -r _; kill -QUIT $!; wait $!'
)


def is_here() -> bool:
    """Return whether PostgreSQL's programs and the library for it are installed."""
    return importlib.util.find_spec("asyncpg") is not None and all(
        map(_program, ("initdb", "pg_isready", "postgres"))
    )


def _program(name: str) -> str | None:
    folders = sorted(_DEBIANS.glob("*/bin"), key=lambda path: path.parent.name.zfill(4), reverse=True)
    return next((found for path in (None, *folders) if (found := shutil.which(name, path=path))), None)


@asynccontextmanager
async def own_postgres() -> AsyncIterator[str]:
    """Run a server while the block runs; yield the address of its database. Raises StateError."""
    async with mending.room_for_a_network() as folder:
        user = _user()
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        made = await asyncio.create_subprocess_exec(
            *(_program("initdb") or "", "-D", str(data), "-U", "evcharge", "--auth=trust", "--encoding=UTF8"),
            *("--locale=C", "-N"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            user=user,
        )
        if await made.wait():
            raise StateError("PostgreSQL does not start here: type initdb -D FOLDER, which says why.")
        serving = await asyncio.create_subprocess_exec(
            *("sh", "-c", _SERVE, _program("postgres") or "", str(data), str(_PORT)),
            stdin=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
            user=user,
        )
        try:
            if not await mending.until(lambda: _answers(data), _WITHIN_S):
                raise StateError("PostgreSQL does not start here: type initdb -D FOLDER, which says why.")
            yield f"postgresql://evcharge@{quote(str(data), safe='')}:{_PORT}/postgres"
        finally:
            assert serving.stdin is not None
            serving.stdin.close()
            await serving.wait()
            if user is not None:
                shutil.chown(folder, os.geteuid())


async def _answers(data: Path) -> bool:
    asking = await asyncio.create_subprocess_exec(
        *(_program("pg_isready") or "", "-q", "-h", str(data), "-p", str(_PORT)), stdin=subprocess.DEVNULL
    )
    return await asking.wait() == 0


def _user() -> str | None:
    """Return whose process it is to be; None: ours. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)
