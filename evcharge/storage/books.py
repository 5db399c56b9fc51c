"""Where Central's facts and events lie, whichever engine keeps them: the port that its parts are given.

One writer, readers beside it. What may go wrong: `store_errors`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from evcharge.storage.members import Membership
from evcharge.storage.statements import Params, Writes


class Row(Protocol):
    """A row of an answer: its values by name, by position, or all in order."""

    def __getitem__(self, key: Any, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def keys(self) -> Iterable[str]:
        """Return the names of its columns, in order."""
        ...


class Readable(Protocol):
    """Books that are asked: those of a running Central, or a file that is only read."""

    async def read(self, sql: str, params: Params | None = None) -> list[Any]:
        """Return all rows of a query (each a `Row`), seeing only what is committed. Raises StoreError."""
        ...


class Books(Readable, Protocol):
    """Open books. `name` is what sentences call them."""

    name: str

    @property
    def membership(self) -> Membership | None:
        """Return the place among several Centrals on the same books; None where only one can be."""
        ...

    async def commit(self, writes: Sequence[Writes]) -> None:
        """Store all of `writes`, in order, or nothing; return once it is known to be stored. Raises StoreError."""
        ...
