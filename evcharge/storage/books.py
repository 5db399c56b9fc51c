"""Where facts and events lie, whichever engine keeps them: the ports that the parts of a service are given.

Central's books have one writer, and readers beside it; the Registry's tables may have several, one transaction after
the other. What may go wrong: `store_errors`.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
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

    async def commit(self, writes: Sequence[Writes], partitions: Collection[int] = (), /) -> None:
        """Store all of `writes`, in order, or nothing; return once it is known to be stored. Raises StoreError.

        `partitions` are those whose points it is about: StoreDeposed, unless this one leads in all of them.
        """
        ...


class OpenTransaction(Protocol):
    """The inside of one transaction."""

    async def execute(self, sql: str, params: Params | None = None) -> list[Any]:
        """Run one statement; return the rows it yields, if any. Raises StoreError."""
        ...


class Transactions(Readable, Protocol):
    """Open tables of which each write reads first, and finds what it read unchanged."""

    name: str

    def transaction(self) -> AbstractAsyncContextManager[OpenTransaction]:
        """Commit when the block ends well, roll back otherwise; one at a time, of all who have the tables open."""
        ...
