"""Central from end to end: which part gets what, and who runs until when. Read this first."""

import asyncio
import logging

from evcharge import __version__, trust
from evcharge.billing import parse_cents, parse_price
from evcharge.central.charging import Rules
from evcharge.central.commands import CENTRAL, Note
from evcharge.central.console import Console
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.peers import Peers
from evcharge.central.refusals import Refusals
from evcharge.central.registry_link import RegistryLink
from evcharge.central.store import CentralStore
from evcharge.central.verify import ANCHORS
from evcharge.central.watchdog import Watchdog, each_minute
from evcharge.config import CentralSettings, Config
from evcharge.database import open_database
from evcharge.door import Door, serve
from evcharge.events import CentralStarted, CentralStopped
from evcharge.lifecycle import Clock, run_until, utc_now
from evcharge.tickets import TicketOpener

log = logging.getLogger(__name__)


async def run(config: Config, stop: asyncio.Event, clock: Clock = utc_now) -> int:
    """Serve the network until `stop` is set. Raises StateError when something needed is missing or taken."""
    state, settings = config.state, config.central
    service_keys = trust.read_keys(state / "service.key")
    resume_key = trust.read_keys(state / "central" / "resume.key")[0]
    tls = trust.client_context(state / "ca.pem")
    path = state / "central" / "central.db"
    async with open_database(path, "evcharge.central.schema") as database:
        store = await CentralStore.open(database)
        facts = await store.load(clock())
        feed = Feed()
        dispatcher = Dispatcher(facts, store, feed, _rules(settings, clock), clock)
        console = Console(facts)
        refusals = Refusals(dispatcher.post)
        # The resume key stays on this disk for good, so what it signs can be checked after a restart.
        peers = Peers(dispatcher, store, feed, refusals, sign_key=resume_key)
        feed.listen(console.on_event)
        registry = RegistryLink(
            config.reach.registry_url, tls, trust.service_token(service_keys[0]), dispatcher, feed
        )
        watchdog = Watchdog(peers, dispatcher, clock)
        door = Door(
            opener=TicketOpener([*service_keys, resume_key]),
            resume_key=resume_key,
            now=lambda: clock().timestamp(),
            admit=peers.admit,
            on_refused=peers.refused,
            max_unauthenticated=settings.max_unauthenticated,
            max_unauthenticated_per_address=settings.max_unauthenticated_per_address,
        )
        console.show_all()
        dispatcher.post(Note(by=CENTRAL, event=_started(dispatcher)))
        async with serve(settings.host, settings.port, door, peers.serve) as port:
            log.info("Central listening on %s:%d", settings.host, port)
            await run_until(
                stop,
                dispatcher.run(),
                watchdog.run(),
                registry.run(),
                each_minute(refusals, store, path.with_name(ANCHORS)),
            )
        # Every peer has been sent away: what they said last, and that we stopped, is still stored.
        refusals.flush()
        dispatcher.post(Note(by=CENTRAL, event=CentralStopped()))
        await dispatcher.drain()
    log.info("Central stopped.")
    return 0


def _rules(settings: CentralSettings, clock: Clock) -> Rules:
    return Rules(
        now=clock(),
        wallets=settings.wallets,
        welcome_credit_cents=parse_cents(settings.welcome_credit),
        max_hold_cents=parse_cents(settings.max_hold),
        max_session_mwh=settings.max_session_kwh * 1_000_000,
        max_active_per_driver=settings.max_active_per_driver,
        plug_within_s=settings.plug_within_s,
        default_price_centi_cents_per_kwh=parse_price(settings.default_price),
        stop_on_monitor_lost=settings.on_monitor_lost == "stop",
    )


def _started(dispatcher: Dispatcher) -> CentralStarted:
    facts = dispatcher.facts
    return CentralStarted(
        version=__version__,
        points=sum(1 for _ in facts.points()),
        open_sessions=sum(session.is_open for session in facts.sessions()),
    )
