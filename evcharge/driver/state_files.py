"""What a driver keeps in its state folder: the tickets it has shown, and how far each file has come."""

import contextlib
import logging
import os
from pathlib import Path
from typing import TypeVar

import msgspec

from evcharge.domain.errors import StateError
from evcharge.domain.strict_json import read_json
from evcharge.driver.script import Mark
from evcharge.driver.words import ENGLISH, Words
from evcharge.runtime import failures, files

_Kind = TypeVar("_Kind")

log = logging.getLogger(__name__)

# Central sends a ticket again only until it was acknowledged: these are far more than can be under way.
_SEEN_KEPT = 1000
# A mark of a file holds the outcome of each of its lines.
_MOST_BYTES = 64 << 20


class Memory:
    """The files seen.json and script.json of one driver. Every change is on disk when the call returns.

    Raises StateError when the folder does not take it. A damaged file is begun anew, with a warning.
    """

    def __init__(self, state: Path, driver_id: str, words: Words = ENGLISH) -> None:
        self._words = words
        folder = state / "driver" / driver_id
        self._seen_file = folder / "seen.json"
        self._script_file = folder / "script.json"
        self._seen = dict.fromkeys(_read(self._seen_file, list[str], "seen lost", words) or [])
        self._marks = _read(self._script_file, dict[str, Mark], "script lost", words) or {}

    @property
    def seen(self) -> tuple[str, ...]:
        """The sessions whose tickets were shown, oldest first."""
        return tuple(self._seen)

    def remember_seen(self, session_id: str) -> None:
        """The ticket of this session was shown."""
        if session_id in self._seen:
            return
        newest = [*self._seen, session_id][-_SEEN_KEPT:]
        _replace(self._seen_file, msgspec.json.encode(newest), self._words)
        self._seen = dict.fromkeys(newest)

    def mark(self, file: Path) -> Mark:
        """Return how far `file` had come, or a fresh mark."""
        return self._marks.get(str(file)) or Mark()

    def keep_mark(self, file: Path, mark: Mark) -> None:
        """Store how far `file` has come."""
        self._store_marks({**self._marks, str(file): mark})

    def drop_mark(self, file: Path) -> None:
        """`file` is finished; the next run begins at its first line."""
        self._store_marks({name: mark for name, mark in self._marks.items() if name != str(file)})

    def _store_marks(self, marks: dict[str, Mark]) -> None:
        _replace(self._script_file, msgspec.json.encode(marks), self._words)
        self._marks = marks


def _read(path: Path, kind: type[_Kind], consequence: str, words: Words) -> _Kind | None:
    try:
        return read_json(files.read_ours(path, _MOST_BYTES), kind)
    except FileNotFoundError:
        return None
    except (ValueError, files.TooLarge):
        log.warning("%s", words("damaged", path=path, consequence=words(consequence)))
        return None
    except OSError as problem:
        raise StateError(words("cannot use", path=path, why=words.cause(failures.why(problem)))) from None


def _replace(path: Path, data: bytes, words: Words) -> None:
    """Make `data` the content of `path` at once and durably, also across a power cut."""
    new = path.with_suffix(".new")
    try:
        files.make_folder(path.parent)
        with os.fdopen(files.open_ours(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as problem:
        with contextlib.suppress(OSError):
            new.unlink()
        raise StateError(words("cannot use", path=path, why=words.cause(failures.why(problem)))) from None
