"""Files of a state folder that are exchanged together: all of them or none, also when the process is killed meanwhile.

The new files lie in a folder beside the old ones, and a note says what goes where. From the note on, whoever comes
next goes on; before it, nothing has changed.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from evcharge.domain.errors import StateError
from evcharge.domain.strict_json import read_json
from evcharge.runtime import files

_NOTE, _LOCK, _FOLDERS = "restoring.json", "restoring.lock", ".restore."
_MOST_BYTES = 1 << 16


class _Note(msgspec.Struct, kw_only=True):
    """The files of `replaced` go into the folder `aside`, then those of `names` come from `folder`."""

    folder: str
    aside: str
    replaced: list[str]
    names: list[str]


class Finished(NamedTuple):
    """An exchange that was gone on with, and where the old files are (None: there were none)."""

    aside: Path | None


@contextlib.contextmanager
def exchanging(state: Path) -> Iterator[Path]:
    """Yield an empty folder for the new files; while the block runs, nobody else exchanges any. Raises OSError."""
    with _alone(state):
        folder = state / f"{_FOLDERS}{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            # What could neither be done nor undone needs its files still.
            if not is_half_done(state):
                shutil.rmtree(folder, ignore_errors=True)


def exchange(state: Path, folder: Path, aside: Path, replaced: Iterable[str], names: Iterable[str]) -> None:
    """Move `replaced` from `state` to `aside`, and `names` from `folder` to `state`: all, or (OSError) nothing."""
    note = _Note(folder=folder.name, aside=aside.name, replaced=list(replaced), names=list(names))
    draft = folder / _NOTE
    with os.fdopen(files.open_ours(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
        file.write(msgspec.json.encode(note))
        file.flush()
        os.fsync(file.fileno())
    for place in _folders(folder, note.names):
        sync_folder(place)
    draft.rename(state / _NOTE)
    sync_folder(state)
    try:
        _move(state, note)
    except OSError:
        _move_back(state, note)
        _forget(state)
        raise
    _forget(state)


def is_half_done(state: Path) -> bool:
    """Return whether an exchange in `state` was begun and did not end: its files must not be used before `finish`."""
    return os.path.lexists(state / _NOTE)


def finish(state: Path) -> Finished | None:
    """Go on with an exchange that was killed, and sweep up after it; None: nothing was half done.

    Waits for one that is under way. Raises OSError, StateError.
    """
    if not is_half_done(state) and not any(_leftovers(state)):
        return None
    with _alone(state):
        finished = None
        if is_half_done(state):
            try:
                note = read_json(files.read_ours(state / _NOTE, _MOST_BYTES), _Note)
            except ValueError:
                raise StateError(
                    f"{state / _NOTE} is not what evcharge wrote: restore the backup again."
                ) from None
            _move(state, note)
            _forget(state)
            finished = Finished(state / note.aside if note.replaced else None)
        for folder in _leftovers(state):
            shutil.rmtree(folder, ignore_errors=True)
        return finished


def sync_folder(folder: Path) -> None:
    """Have the disk keep which files are in `folder`."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _alone(state: Path) -> Iterator[None]:
    handle = files.open_ours(state / _LOCK, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _leftovers(state: Path) -> Iterator[Path]:
    return state.glob(f"{_FOLDERS}*")


def _move(state: Path, note: _Note) -> None:
    """Do what is not done yet: what is in its place already stays there."""
    folder, aside = state / note.folder, state / note.aside
    for name in note.replaced:
        if os.path.lexists(state / name) and not os.path.lexists(aside / name):
            files.make_folder((aside / name).parent)
            (state / name).rename(aside / name)
    if note.replaced:
        # On the disk in this order, whatever fails: an old file that came back would be taken for a new one.
        for place in (*_folders(aside, note.replaced), *_folders(state, note.replaced)):
            sync_folder(place)
    for name in note.names:
        if os.path.lexists(folder / name):
            files.make_folder((state / name).parent)
            (folder / name).rename(state / name)
    for place in _folders(state, note.names):
        sync_folder(place)


def _move_back(state: Path, note: _Note) -> None:
    folder, aside = state / note.folder, state / note.aside
    for name in note.names:
        if not os.path.lexists(folder / name) and os.path.lexists(state / name):
            (state / name).rename(folder / name)
    for name in note.replaced:
        if os.path.lexists(aside / name):
            (aside / name).rename(state / name)
    shutil.rmtree(aside, ignore_errors=True)


def _forget(state: Path) -> None:
    (state / _NOTE).unlink()
    sync_folder(state)


def _folders(base: Path, names: Iterable[str]) -> set[Path]:
    return {base, *((base / name).parent for name in names)}
