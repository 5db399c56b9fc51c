"""What every part of Central stands on, handed around as one thing."""

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
from evcharge.runtime.clock import Clock
from evcharge.runtime.config import Config
from evcharge.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The writer and its books, who hears of it, who is connected. `clock` is the wall clock."""

    config: Config
    clock: Clock
    database: Database
    store: CentralStore
    dispatcher: Dispatcher
    feed: Feed
    archive: Archive
    alerts: Alerts
    refusals: Refusals
    epochs: Epochs
    peers: Peers
    consents: Consents
    quotas: Quotas
    operator_token: str
    weather_token: str
    service_token: str
