"""Leaves the head of the audit log where whoever changes the books cannot reach it.

Every minute and at a clean stop it goes to a file beside the books, to the log of this process, and to the Registry.
Kafka has every event under its number and hash. `audit verify` compares what it finds there with the books. A Central
that takes over begins with the end of the other one's chain, for which no row of its own vouches.
"""

import logging

from evcharge.central.books.store import CentralStore
from evcharge.central.services.registry_sync import RegistryLink
from evcharge.labels.central import said
from evcharge.storage.anchor_file import AnchorFile
from evcharge.storage.hash_chain import Head

log = logging.getLogger(__name__)


class Anchors:
    """Drops the newest head of `store`; `finish` when everything is stored."""

    def __init__(self, store: CentralStore, file: AnchorFile, registry: RegistryLink) -> None:
        self._store = store
        self._file = file
        self._registry = registry

    async def begin(self) -> None:
        """Leave the end of another Central's chain, where this one found it; call it at the start."""
        if (end := self._store.others_end) is not None:
            await self._leave(end)

    async def drop(self) -> None:
        """Leave the present head everywhere, unless it lies there already; call it once a minute."""
        if (head := self._store.head) != self._file.newest:
            await self._leave(head)

    async def _leave(self, head: Head) -> None:
        await self._file.append(head)
        log.info("%s", said("anchored", n=head.n, hash=head.hash))
        self._registry.anchor(head)

    async def finish(self) -> None:
        """Drop the last one; the Registry gets it at once, or with the next start."""
        await self.drop()
        await self._registry.last_anchor()
