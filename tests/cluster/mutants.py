"""Centrals with one thing wrong: `python -m tests.cluster.mutants NAME central …`. The proof must find each of them.

What is changed is changed in this process only, before `evcharge` runs.
"""

import asyncio
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

from evcharge import cli
from evcharge.central.books import rows, store
from evcharge.central.books.store import CentralStore
from evcharge.storage import postgres_books, postgres_lease, postgres_statements
from evcharge.storage.members import Cause
from evcharge.storage.postgres_errors import ALL
from evcharge.storage.statements import Sql, Writes

# How often one goes wrong that goes wrong now and then.
_HASTE, _LOST = 0.05, 0.02
_AGAIN_S = 0.2


def no_fence() -> None:
    """A commit is stored although its Central no longer leads; only the events' primary key may still stop it."""
    whole = postgres_statements.commit_function

    def unfenced(*given: Any) -> tuple[str, str]:
        name, body = whole(*given)
        return name, body.replace("IF NOT FOUND THEN", "IF FALSE THEN")

    patch.object(postgres_books, "commit_function", unfenced).start()


def no_wait() -> None:
    """The heir takes a leader for silent that has its lease, now and then."""
    look = postgres_lease.Lease._cause  # noqa: SLF001

    async def hasty(self: postgres_lease.Lease, found: Any) -> Cause | None:
        cause = await look(self, found)
        return Cause.SILENT if cause is None and random.random() < _HASTE else cause

    patch.object(postgres_lease.Lease, "_cause", hasty).start()
    lease_is_over = "($4 OR until < clock_timestamp())"
    depose = postgres_lease._DEPOSE  # noqa: SLF001
    patch.object(postgres_lease, "_DEPOSE", depose.replace(lease_is_over, "($4 OR TRUE)")).start()


def early_answer() -> None:
    """What is not stored yet is confirmed and told."""
    commit = CentralStore.commit
    turn = asyncio.Lock()
    under_way: set[asyncio.Task[None]] = set()

    async def later(self: CentralStore, entries: Sequence[Any]) -> None:
        async def in_turn() -> None:
            async with turn:
                await commit(self, entries)

        task = asyncio.create_task(in_turn())
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    patch.object(CentralStore, "commit", later).start()


def lost_wallet() -> None:
    """Now and then a wallet is not written with what changed it."""
    whole = rows.statements

    def lacking(*given: Any) -> list[Writes]:
        writes = list(whole(*given))
        return (
            [one for one in writes if isinstance(one[0], Sql) or one[0].table != "driver"]
            if random.random() < _LOST
            else writes
        )

    patch.object(store, "statements", lacking).start()


def blind_retry() -> None:
    """A commit whose answer was lost is taken for not stored: who wanted it asks again."""

    async def denied(self: postgres_books.PostgresBooks, k: int) -> bool:
        if self._writer is not None:
            self._writer.terminate()
        # What is stored is not compared with what is known.
        self._doubt = k
        while self._doubt is not None:
            try:
                self._commits = await self._stored()
            except ALL:
                await asyncio.sleep(_AGAIN_S)
            else:
                self._doubt = None
        return False

    patch.object(postgres_books.PostgresBooks, "_found", denied).start()


def blind_faith() -> None:
    """A commit whose answer was lost is taken for stored."""

    async def believed(self: postgres_books.PostgresBooks, k: int) -> bool:
        if self._writer is not None:
            self._writer.terminate()
        return True

    patch.object(postgres_books.PostgresBooks, "_found", believed).start()


MUTANTS: dict[str, Callable[[], None]] = {
    one.__name__: one for one in (no_fence, no_wait, early_answer, lost_wallet, blind_faith, blind_retry)
}

if __name__ == "__main__":
    MUTANTS[sys.argv.pop(1)]()
    cli.main()
