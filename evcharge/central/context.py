"""What the parts of Central stand on, in three groups: a part is given those that it uses, or what it uses of them."""

from dataclasses import dataclass

from evcharge.central.books.archive import Archive
from evcharge.central.books.store import CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.peers.consents import Consents
from evcharge.central.peers.links import Peers
from evcharge.central.peers.quotas import Quotas
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.rules.epochs import Epochs
from evcharge.central.views.alerts import Alerts
from evcharge.central.views.today import Today
from evcharge.runtime.clock import Clock
from evcharge.storage.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterSide:
    """What decides, and what hears of it. `clock` is the wall clock."""

    dispatcher: Dispatcher
    feed: Feed
    alerts: Alerts
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSide:
    """What is stored, and how it is read."""

    database: Books
    store: CentralStore
    archive: Archive

    async def today(self, clock: Clock) -> Today:
        """Return what the present day has brought so far."""
        now = clock()
        return Today(self.store.days, now, *await self.store.day_totals(self.store.days.of(now)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSide:
    """The connected peers, the credentials that count, and the log of refusals."""

    peers: Peers
    refusals: Refusals
    quotas: Quotas
    epochs: Epochs
    consents: Consents
