"""The books of Central or the Registry from the file into PostgreSQL, and back; and as files for checks and copies."""

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
from evcharge.central.books.setup import visitor
from evcharge.domain.errors import StateError
from evcharge.operator.backup import agree
from evcharge.runtime.config import Config
from evcharge.security import secret_files
from evcharge.security.key_digests import network_of
from evcharge.storage.anchor_file import ANCHORS
from evcharge.storage.database import copy_database, only_process, open_own
from evcharge.storage.exchange import sync_folder
from evcharge.storage.members import REGISTRY_KEY_FILES, Me
from evcharge.storage.postgres_place import CENTRAL, ELSEWHERE, MOVING, REGISTRY, Place, broken_off, place_of

# A head of the other's log is told once a minute, and a copy takes moments.
_MOST_TRIES = 5


@contextlib.contextmanager
def as_files(config: Config, *, registry: bool = True) -> Iterator[Path]:
    """Give a folder in which Central's books lie as a file, and the Registry's beside it, each as at one instant.

    It is the state folder where they do. Not for use inside a loop. Raises StateError.
    """
    sections = (REGISTRY, CENTRAL) if registry else (CENTRAL,)
    settings = {REGISTRY: config.registry.database, CENTRAL: config.central.database}
    if not any(settings[section] for section in sections):
        yield config.state
        return
    with tempfile.TemporaryDirectory(prefix="evcharge-") as name:
        folder = Path(name)
        for _ in range(_MOST_TRIES):
            # Also one that is a file: it goes on meanwhile, and would remember more of the other than was copied.
            for section in sections:
                _copied(config, section, folder, in_postgres=bool(settings[section]))
            if agree(folder):
                break
        else:
            raise StateError(
                f"the books in {config.state} changed faster than they could be copied: try again."
            )
        yield folder


def _copied(config: Config, section: str, folder: Path, *, in_postgres: bool) -> None:
    source, copied = _path(config.state, section), _path(folder, section)
    if not in_postgres and not source.exists():
        return
    kept = source.with_name(ANCHORS)
    copied.parent.mkdir(mode=0o700, exist_ok=True)
    copied.unlink(missing_ok=True)
    # First: an anchor that is younger than the copy would say that its end was cut off.
    if kept.exists():
        shutil.copyfile(kept, copied.with_name(ANCHORS))
    if not in_postgres:
        copy_database(source, copied)
        return
    from evcharge.storage.postgres_copy import copy_out

    asyncio.run(copy_out(place_of(config, section=section), _schema(section), copied))


def to_postgres(config: Config, url: str, section: str = CENTRAL) -> Place:
    """Move the books into an empty PostgreSQL; the file is kept aside. Whose they are is stopped. Raises StateError.

    What was copied is read back and compared, row by row, before it is stored. Nobody begins with it before the file is
    aside, nor with the file once it may be stored there: a move that was broken off is finished by the same command.
    """
    place, path = place_of(config, url, section=section), _path(config.state, section)
    moved, moving = path.with_name(f"{path.name}.moved"), path.with_name(f"{path.name}{MOVING}")

    def mark() -> None:
        secret_files.replace_secret(moving, str(place))

    def put_aside() -> None:
        secret_files.replace_secret(path.with_name(ELSEWHERE), str(place))
        path.rename(moved)
        sync_folder(path.parent)

    with only_process(path):
        if moving.exists():
            if (there := secret_files.read_secret(moving)) != str(place):
                raise broken_off(path, there, section)
        elif not path.exists():
            raise StateError(f"{path} is not there: there are no books to move.")
        if path.exists():
            if moved.exists():
                raise StateError(f"{moved} is there from an earlier move: put it elsewhere first.")
            asyncio.run(_sent(path, place, _mover(config, section), mark, put_aside))
        moving.unlink(missing_ok=True)
        sync_folder(path.parent)
    return place


def to_file(config: Config, section: str = CENTRAL) -> Path:
    """Bring the books back from PostgreSQL into the state folder. Whose they are is stopped. Raises StateError.

    They are checked as `evcharge audit verify` checks them before they are in their place.
    """
    place, path = place_of(config, section=section), _path(config.state, section)
    with only_process(path):
        if path.exists():
            raise StateError(f"{path} is there already: move it aside first.")
        with tempfile.TemporaryDirectory(prefix="evcharge-", dir=path.parent) as name:
            me = replace(_mover(config, section), moving_to=f"{path.resolve()} on {socket.gethostname()}")
            asyncio.run(_bring(place, Path(name) / path.name, me, lambda back: back.rename(path)))
        path.with_name(ELSEWHERE).unlink(missing_ok=True)
        sync_folder(path.parent)
    return path


def _mover(config: Config, section: str) -> Me:
    """Return as whom books are moved: which keys are compared depends on whose they are."""
    me = visitor(config)
    return replace(me, network=network_of(config.state, REGISTRY_KEY_FILES)) if section == REGISTRY else me


async def _sent(
    source: Path, place: Place, me: Me, mark: Callable[[], object], put_aside: Callable[[], object]
) -> None:
    from evcharge.storage.postgres_books import open_postgres
    from evcharge.storage.postgres_copy import copy_in
    from evcharge.storage.postgres_transactions import nobody_at_work, prepare_tables, still_alone

    schema = _schema(place.section)
    # evcharge may have been updated since a move was broken off: nobody else begins with the file until it is over.
    async with open_own(source, schema):
        pass
    if place.section == REGISTRY:
        async with nobody_at_work(place, me.network) as alone:
            await prepare_tables(place, schema, me.network)
            await copy_in(source, place, schema, lambda _: still_alone(alone), mark)
            put_aside()
        return
    async with open_postgres(place, schema, STATEMENTS, me) as books:
        await copy_in(source, place, schema, books.stays, mark)
        put_aside()


async def _bring(place: Place, back: Path, me: Me, put: Callable[[Path], object]) -> None:
    from evcharge.storage.postgres_books import open_postgres
    from evcharge.storage.postgres_copy import check_books, copy_out
    from evcharge.storage.postgres_transactions import mark_moved, nobody_at_work, prepare_tables

    schema = _schema(place.section)

    async def copied() -> None:
        await copy_out(place, schema, back)
        if wrong := await asyncio.to_thread(verify.check, back):
            raise StateError(f"{place} does not hold what was written ({wrong[0]}): nothing was moved.")

    # Opening them would make some.
    await check_books(place, schema)
    # Nobody else writes meanwhile; and they are marked first: there must never be two that both begin.
    if place.section == REGISTRY:
        async with nobody_at_work(place, me.network, me.moving_to) as alone:
            # evcharge may have been updated since this was broken off: until it is over no Registry begins with them.
            await prepare_tables(place, schema, me.network, moving_to=me.moving_to)
            await copied()
            await mark_moved(alone, me.moving_to)
            put(back)
        return
    async with open_postgres(place, schema, STATEMENTS, me) as books:
        await copied()
        await books.move()
        put(back)


def _path(state: Path, section: str) -> Path:
    return state / section / f"{section}.db"


def _schema(section: str) -> str:
    return verify.SCHEMAS[f"{section}.db"]
