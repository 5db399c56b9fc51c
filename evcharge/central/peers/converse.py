"""What Central and one peer say to each other, by role: messages in, commands to the dispatcher.

Nothing here changes state: a message becomes a command, and its answer is sent once it is stored.
"""

from evcharge.central.books.store import CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.peers.consents import Consents
from evcharge.central.peers.driver import DriverTalk
from evcharge.central.peers.engine import EngineTalk
from evcharge.central.peers.monitor import MonitorTalk
from evcharge.central.peers.quotas import Quotas
from evcharge.central.peers.talk import PeerLink
from evcharge.domain.ids import Role


async def converse(
    link: PeerLink,
    dispatcher: Dispatcher,
    store: CentralStore,
    feed: Feed,
    quotas: Quotas,
    consents: Consents,
) -> None:
    """Talk until the peer says BYE. Raises ChannelClosed when the line ends, EvchargeError when it errs."""
    match link.identity.role:
        case Role.ENGINE:
            await EngineTalk(link, dispatcher, feed, quotas, consents).run()
        case Role.MONITOR:
            await MonitorTalk(link, dispatcher, feed, quotas).run()
        case _:
            await DriverTalk(link, dispatcher, store, consents).run()
