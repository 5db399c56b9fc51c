"""Central from end to end: which part gets what, and who runs until when. Read this first."""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from typing import Any

from evcharge import __version__, trust
from evcharge.billing import parse_cents, parse_price
from evcharge.central.alerts import REBUILD_FROM, REGISTRY, AlertKind, Alerts
from evcharge.central.api import Api, is_loopback
from evcharge.central.api_server import ApiServer, idle
from evcharge.central.archive import Archive
from evcharge.central.commands import CENTRAL, Note
from evcharge.central.console import Console
from evcharge.central.desk import Desk
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.lines import speech
from evcharge.central.peers import Peers
from evcharge.central.refusals import Refusals
from evcharge.central.registry_link import RegistryLink
from evcharge.central.ruling import Rules
from evcharge.central.store import CentralStore
from evcharge.central.verify import ANCHORS
from evcharge.central.watchdog import Watchdog, each_minute
from evcharge.config import CentralSettings, Config
from evcharge.database import open_database
from evcharge.door import Door, serve
from evcharge.events import CentralStarted, CentralStopped
from evcharge.ids import CpId, DriverId
from evcharge.keyboard import is_terminal
from evcharge.lifecycle import Clock, run_until, steady, utc_now
from evcharge.tickets import TicketOpener

log = logging.getLogger(__name__)


async def run(
    config: Config, stop: asyncio.Event, clock: Clock = utc_now, *, show_panel: bool = False
) -> int:
    """Serve the network until `stop` is set. Raises StateError when something needed is missing or taken.

    `show_panel` paints the wall on the terminal, if there is one.
    """
    state, settings = config.state, config.central
    service_keys = trust.read_keys(state / "service.key")
    resume_key = trust.read_keys(state / "central" / "resume.key")[0]
    tls = trust.client_context(state / "ca.pem")
    operator_token = trust.kept_secret(trust.operator_token_path(state), trust.new_secret())
    path = state / "central" / "central.db"
    async with open_database(path, "evcharge.central.schema") as database:
        store = await CentralStore.open(database)
        facts = await store.load(clock())
        feed = Feed()
        dispatcher = Dispatcher(facts, store, feed, _rules(settings, clock), clock, config.lang)
        console = Console(facts, config.lang)
        refusals = Refusals(dispatcher.post, config.lang)
        archive = Archive(database)
        alerts = await _alerts(dispatcher, archive, feed, clock)
        registry = RegistryLink(
            config.reach.registry_url,
            tls,
            trust.service_token(service_keys[0]),
            dispatcher,
            feed,
            was_lost=alerts.is_open(REGISTRY, AlertKind.REGISTRY),
            lang=config.lang,
        )
        # The resume key stays on this disk for good, so what it signs can be checked after a restart.
        peers = Peers(dispatcher, store, feed, refusals, registry.least_epoch, sign_key=resume_key)
        feed.listen(console.on_event)
        feed.listen(refusals.on_event)
        api = _api(config, Api(dispatcher, archive, feed, alerts, refusals, operator_token, _names(config)))
        shown = []
        if show_panel:
            desk = Desk(dispatcher, feed, peers, alerts, config.lang)
            shown = await _panel(config, stop, clock, dispatcher, feed, alerts, desk, store)
        watchdog = Watchdog(peers, dispatcher, clock, config.lang)
        door = Door(
            opener=TicketOpener([*service_keys, resume_key]),
            resume_key=resume_key,
            # A jump of the wall clock must not make every ticket expire.
            now=steady(clock),
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
                api(),
                *shown,
                each_minute(refusals, store, path.with_name(ANCHORS)),
            )
        # Every peer has been sent away: what they said last, and that we stopped, is still stored.
        refusals.flush()
        dispatcher.post(Note(by=CENTRAL, event=CentralStopped()))
        await dispatcher.drain()
    log.info("%s", speech(config.lang)("stopped"))
    return 0


async def run_with_panel(config: Config, stop: asyncio.Event) -> int:
    """Run Central with its wall on the terminal. Raises as `run` does."""
    return await run(config, stop, show_panel=True)


async def _panel(
    config: Config,
    stop: asyncio.Event,
    clock: Clock,
    dispatcher: Dispatcher,
    feed: Feed,
    alerts: Alerts,
    desk: Desk,
    store: CentralStore,
) -> list[Coroutine[Any, Any, None]]:
    """Return the part of Central that paints the wall; none, and a sentence, without a terminal."""
    if not is_terminal() or os.environ.get("TERM", "dumb") == "dumb":
        log.info("%s", speech(config.lang)("no terminal"))
        return []
    from evcharge.central.panel import Panel, Today  # half as large as all the rest: only when it is shown

    midnight = clock().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    today = Today(midnight.date(), *await store.takings_since(midnight))
    return [Panel(dispatcher, feed, alerts, desk, today, clock, stop, config.lang).run()]


async def _alerts(dispatcher: Dispatcher, archive: Archive, feed: Feed, clock: Clock) -> Alerts:
    """Return the alerts as the books tell them, which follow every event from now on."""
    facts = dispatcher.facts

    def is_known(who: str) -> bool:
        return facts.point(CpId(who)) is not None or facts.driver(DriverId(who)) is not None

    alerts = Alerts(is_known)
    for at, event in await archive.happened(REBUILD_FROM):
        alerts.take(event, at)
    alerts.adopt(facts.points(), clock())
    feed.listen(lambda event: alerts.take(event, clock()))
    dispatcher.on_trouble = lambda why: alerts.storage_failed(why, clock())
    return alerts


def _api(config: Config, api: Api) -> Callable[[], Coroutine[Any, Any, None]]:
    settings = config.central
    if not settings.api:
        return idle
    local = is_loopback(settings.api_host)
    tls = None if local else trust.server_context(config.state / "central.pem", config.state / "central.key")
    return ApiServer(api.application, settings.api_host, settings.api_port, tls).run


def _names(config: Config) -> list[str]:
    return [config.central.api_host, *config.registry.names]


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
