"""Central's books from the file into PostgreSQL, and back; and as a file for those who check or copy them."""

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from evcharge.central.books import verify
from evcharge.central.books.rows import STATEMENTS
from evcharge.central.books.setup import ELSEWHERE, SCHEMA, database_path, visitor
from evcharge.domain.errors import StateError
from evcharge.runtime.config import Config
from evcharge.security import secret_files
from evcharge.storage.anchor_file import ANCHORS
from evcharge.storage.database import only_process
from evcharge.storage.exchange import sync_folder
from evcharge.storage.members import Me
from evcharge.storage.postgres_place import Place, place_of

_MOVED = "central.db.moved"


@contextlib.contextmanager
def as_files(config: Config) -> Iterator[Path]:
    """Give a folder in which Central's books lie as a file beside the Registry's, as they are at one instant.

    It is the state folder where they do. Not for use inside a loop. Raises StateError.
    """
    if not config.central.database:
        yield config.state
        return
    place = place_of(config)
    from evcharge.storage.postgres_copy import copy_out

    with tempfile.TemporaryDirectory(prefix="evcharge-") as name:
        folder, there = Path(name), database_path(config.state).parent
        copied = database_path(folder)
        copied.parent.mkdir(mode=0o700)
        # First: an anchor that is younger than the copy would say that its end was cut off.
        if (there / ANCHORS).exists():
            shutil.copyfile(there / ANCHORS, copied.with_name(ANCHORS))
        asyncio.run(copy_out(place, SCHEMA, copied))
        if (config.state / "registry").exists():
            (folder / "registry").symlink_to((config.state / "registry").resolve())
        yield folder


def to_postgres(config: Config, url: str) -> Place:
    """Move the books into an empty PostgreSQL; the file is kept aside. Central is stopped. Raises StateError.

    What was copied is read back and compared, row by row, before anything is put aside.
    """
    place, path = place_of(config, url), database_path(config.state)
    from evcharge.storage.postgres_copy import compared, copy_in, copy_out

    with only_process(path):
        if not path.exists():
            raise StateError(f"{path} is not there: there are no books to move.")
        if path.with_name(_MOVED).exists():
            raise StateError(
                f"{path.with_name(_MOVED)} is there from an earlier move: put it elsewhere first."
            )
        asyncio.run(copy_in(path, place, SCHEMA, STATEMENTS))
        with tempfile.TemporaryDirectory(prefix="evcharge-") as name:
            back = Path(name) / path.name
            asyncio.run(copy_out(place, SCHEMA, back))
            if wrong := list(compared(path, back)):
                raise StateError(f"{place} does not hold what was copied ({wrong[0]}): nothing was moved.")
        secret_files.replace_secret(path.with_name(ELSEWHERE), str(place))
        path.rename(path.with_name(_MOVED))
        sync_folder(path.parent)
    return place


def to_file(config: Config) -> Path:
    """Bring the books back from PostgreSQL into the state folder. Central is stopped. Raises StateError.

    They are checked as `evcharge audit verify` checks them before they are in their place.
    """
    place, path = place_of(config), database_path(config.state)
    with only_process(path):
        if path.exists():
            raise StateError(f"{path} is there already: move it aside first.")
        with tempfile.TemporaryDirectory(prefix="evcharge-", dir=path.parent) as name:
            there = f"{path.resolve()} on {socket.gethostname()}"
            me = replace(visitor(config), moving_to=there)
            asyncio.run(_bring(place, Path(name) / path.name, me, lambda back: back.rename(path)))
        path.with_name(ELSEWHERE).unlink(missing_ok=True)
        sync_folder(path.parent)
    return path


async def _bring(place: Place, back: Path, me: Me, put: Callable[[Path], object]) -> None:
    from evcharge.storage.postgres_books import open_postgres
    from evcharge.storage.postgres_copy import copy_out

    # Nobody else writes meanwhile.
    async with open_postgres(place, SCHEMA, STATEMENTS, me) as books:
        await copy_out(place, SCHEMA, back)
        if wrong := await asyncio.to_thread(verify.check, back):
            raise StateError(f"{place} does not hold what was written ({wrong[0]}): nothing was moved.")
        # First: there must never be two that both begin.
        await books.move()
        put(back)
