"""Leaves the head of the audit log where whoever changes the books cannot reach it.

Every minute and at a clean stop it goes to a file beside the books, to the log of this process, and to the Registry.
Kafka has every event under its number and hash. `audit verify` compares what it finds there with the books.
"""

import logging

from evcharge.central.books.store import CentralStore
from evcharge.central.services.registry_sync import RegistryLink
from evcharge.labels.central import said
from evcharge.storage.anchor_file import AnchorFile

log = logging.getLogger(__name__)


class Anchors:
    """Drops the newest head of `store`; `finish` when everything is stored."""

    def __init__(self, store: CentralStore, file: AnchorFile, registry: RegistryLink) -> None:
        self._store = store
        self._file = file
        self._registry = registry

    async def drop(self) -> None:
        """Leave the present head everywhere, unless it lies there already; call it once a minute."""
        head = self._store.head
        if head != self._file.newest:
            await self._file.append(head)
            log.info("%s", said("anchored", n=head.n, hash=head.hash))
            self._registry.anchor(head)

    async def finish(self) -> None:
        """Drop the last one; the Registry gets it at once, or with the next start."""
        await self.drop()
        await self._registry.last_anchor()
