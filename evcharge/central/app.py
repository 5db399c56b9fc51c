"""Central from end to end: which part gets what, and who runs until when. Read this first."""

import asyncio
import hashlib
import logging
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evcharge import __version__
from evcharge.central.api.kit.exports import configured_issuer
from evcharge.central.api.resources.member_list import told_lead
from evcharge.central.api.resources.push import MAX_PAGES
from evcharge.central.api.standby import Halted, Standby
from evcharge.central.api.wiring import Services, Tokens, Website, Work, website
from evcharge.central.books.archive import Archive
from evcharge.central.books.setup import database_path, open_books, own_name
from evcharge.central.books.store import CentralStore
from evcharge.central.context import BookSide, PeerSide, WriterSide
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed, Live
from evcharge.central.peers.consents import Consents
from evcharge.central.peers.links import Peers
from evcharge.central.peers.quotas import USELESS, Quotas
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.peers.watchdog import Watchdog, each_minute
from evcharge.central.rules.alert_kinds import CENTRAL as CENTRAL_ITSELF
from evcharge.central.rules.alert_kinds import KAFKA, REGISTRY, WEATHER, Alert, AlertKind
from evcharge.central.rules.commands import CENTRAL, Note, StartCentral
from evcharge.central.rules.epochs import Epochs
from evcharge.central.rules.metering import Means, not_shown
from evcharge.central.rules.settings import Rules
from evcharge.central.services import notify_setup
from evcharge.central.services.anchor_keeper import Anchors
from evcharge.central.services.chain_walker import ChainWalker
from evcharge.central.services.clock_watch import ClockWatch
from evcharge.central.services.member_watch import CentralWatch, RegistryWatch
from evcharge.central.services.notifier import Notifier, NotifyBook
from evcharge.central.services.registry_audit import RegistryAudit, last_noted
from evcharge.central.services.registry_sync import RegistryAccess, RegistryLink
from evcharge.central.services.weather_watch import WeatherLink, last_word
from evcharge.central.services.weather_watch import Word as WeatherWord
from evcharge.central.terminal.event_log import EventLog
from evcharge.central.terminal.operator_orders import OperatorOrders
from evcharge.central.views.alerts import REBUILD_FROM, Alerts
from evcharge.domain.billing import parse_cents, parse_price
from evcharge.domain.days import Days
from evcharge.domain.errors import Code, Deposed, NotNow, ProtocolError
from evcharge.domain.events import CentralStarted, CentralStopped, WeatherLost
from evcharge.domain.ids import CpId, DriverId, Role
from evcharge.domain.session import Session
from evcharge.evc1.server import ServerOptions
from evcharge.evc1.server import serve as listen
from evcharge.evc1.tickets import TicketOpener
from evcharge.http.server import SEATS
from evcharge.labels.causes import because
from evcharge.labels.central import said
from evcharge.runtime import heap, timezone
from evcharge.runtime.admission import SeatLimits
from evcharge.runtime.clock import Clock, steady, utc_now
from evcharge.runtime.config import CentralSettings, Config, ReachSettings
from evcharge.runtime.descriptors import raise_limit, share
from evcharge.runtime.health_socket import OwnHealth
from evcharge.runtime.lifecycle import run_until
from evcharge.runtime.plain import place
from evcharge.security import secret_files, state_folder
from evcharge.security.key_digests import network_of
from evcharge.security.passwords import Credentials
from evcharge.security.tls import LOOPBACK, client_context
from evcharge.storage.anchor_file import ANCHORS, AnchorFile
from evcharge.storage.books import Books
from evcharge.storage.members import KEY_FILES, Me, Membership
from evcharge.storage.store_errors import StoreError
from evcharge.terminal.keyboard import is_terminal

if TYPE_CHECKING:
    from evcharge.central.kafka.outbox import Outbox

log = logging.getLogger(__name__)

# Engines and monitors come back within seconds of a start; one that has not by then raises an alert.
_MISSED_AFTER_S = 60.0
# Whoever stops does not wait for a database that is away.
_LOOK_WITHIN_S = 1.0
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  what is compared
# Its engine's, its monitor's, and that of the driver who charges there.
_LINKS_OF_A_POINT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Central:
    """Every part, put together and not yet at work."""

    settings: CentralSettings
    writer: WriterSide
    books: BookSide
    peers: PeerSide
    door: ServerOptions
    console: EventLog
    website: Website
    anchors: Anchors
    outbox: "Outbox | None"
    notifier: Notifier
    # Where peers find the Centrals of the network.
    others_at: Sequence[str]
    # What goes on for ever beside the writer.
    works: tuple[Work, ...]


async def run(
    config: Config,
    stop: asyncio.Event,
    clock: Clock = utc_now,
    *,
    show_panel: bool = False,
    health: OwnHealth | None = None,
    new_keys: bool = False,
) -> int:
    """Serve the network until `stop` is set. Raises StateError when something needed is missing or taken.

    A database that is away is waited for.

    `show_panel` paints the wall on the terminal, if there is one; `health` is told how to ask what is wrong;
    `new_keys`: those of the state folder replace others that the books know.
    """
    standby, begins_anew = Standby(config, stop, health, new_keys=new_keys), True
    while begins_anew:
        try:
            begins_anew = await _led(config, stop, clock, standby, health, show_panel=show_panel)
        except NotNow as problem:
            # One that was gone again before all was read is waited for standing by.
            begins_anew = not stop.is_set() and (
                standby.retry.was_there or await standby.retry.again(problem)
            )
    log.info("%s", said("stopped"))
    return 0


async def _led(
    config: Config,
    stop: asyncio.Event,
    clock: Clock,
    standby: Standby,
    health: OwnHealth | None,
    *,
    show_panel: bool,
) -> bool:
    """Serve the network, once this Central leads; return whether another one has taken over since."""
    begins_anew = False
    try:
        async with build(config, clock, standby) as central:
            standby.retry.is_there()
            if health is not None:
                health.wrong = lambda: central.writer.dispatcher.trouble
            shown = await _panel(central, config.lang, stop) if show_panel else []
            await serve(central, stop, shown)
    except* Halted:
        pass
    except* Deposed as problems:
        # All that is in memory is of another time: what follows begins with the books.
        begins_anew = True
        log.warning("%s", said("deposed", why=because(_first(problems).text)))
    finally:
        if health is not None:
            health.wrong = lambda: None
    return begins_anew and not stop.is_set()


def _first(problems: ExceptionGroup[Deposed]) -> Deposed:
    first = problems.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


async def run_with_panel(
    config: Config, stop: asyncio.Event, *, health: OwnHealth | None = None, new_keys: bool = False
) -> int:
    """Run Central with its wall on the terminal. Raises as `run` does."""
    return await run(config, stop, show_panel=True, health=health, new_keys=new_keys)


@asynccontextmanager
async def build(config: Config, clock: Clock, standby: Standby | None = None) -> AsyncIterator[Central]:
    """Open the books and put every part together: which gets what is written here. Raises StateError, ConfigError.

    `standby` is what is done while another Central on the same books leads.
    """
    state, settings = config.state, config.central
    service_keys = secret_files.read_keys(state / "service.key")
    # The resume key is kept on disk, so its signatures can still be checked after a restart.
    resume_key = secret_files.read_keys(state / "central" / "resume.key")[0]
    tls = client_context(state / "ca.pem")
    link_seats, client_seats = _seats(settings)
    tokens, me = _tokens(state, service_keys[0]), Me()
    if settings.database:
        me = Me(
            name=own_name(config),
            address=_address(settings),
            version=__version__,
            keys=_keys(state, tokens),
            network=network_of(state, KEY_FILES),
            new_keys=standby is not None and standby.new_keys,
            several=bool(config.reach.other_centrals),
        )
    again = standby is not None and standby.retry.was_there
    async with (
        open_books(config, me, standby, again=again) as database,
        Credentials() as credentials,
        AsyncExitStack() as ends,
    ):
        books = await _books(database, settings)
        rules = rules_of(config, clock, resume_key)
        writer = await _writer(books, rules, clock)
        console = EventLog(writer.dispatcher.facts, config.lang)
        consents = Consents(credentials, _pin_key(state), writer.dispatcher.facts, time.monotonic)
        writer.feed.listen(consents.on_event)
        peers = _peers(writer, books, consents, rules)
        writer.feed.listen(console.on_event)
        writer.feed.listen(peers.refusals.on_event)
        access = RegistryAccess(config.reach.registries, tls, tokens.registry)
        registry = RegistryLink(
            access,
            writer.dispatcher,
            writer.feed,
            peers.epochs,
            audit=RegistryAudit(writer.dispatcher, books.archive, await last_noted(books.archive), clock),
            was_lost=any(
                writer.alerts.is_open(REGISTRY, kind)
                for kind in (AlertKind.REGISTRY, AlertKind.NOT_UNDERSTOOD)
            ),
        )
        said_last = await _weather_word(books.archive, writer.alerts)
        weather = WeatherLink(writer.dispatcher, settings.weather_stale_s, said_last)
        chain = ChainWalker(database, books.store, writer.dispatcher, clock)
        outbox = await _outbox(config, writer, books, peers, tokens.operator)
        if outbox is not None:
            # Also of one that leads no more: it goes on in this process, standing by.
            ends.push_async_callback(outbox.close)
        backlog = outbox.backlog if outbox is not None else None
        notifier = _notifier(config, writer, books)
        services = Services(
            credentials=credentials, weather=weather, chain=chain, backlog=backlog, notifier=notifier
        )
        pages = await website(config, writer, books, peers, tokens, services)
        anchors = Anchors(books.store, AnchorFile(database_path(state).with_name(ANCHORS)), registry)
        watchdog = Watchdog(peers.peers, writer.dispatcher)
        yield Central(
            settings=settings,
            writer=writer,
            books=books,
            peers=peers,
            door=ServerOptions(
                opener=TicketOpener([*service_keys, resume_key]),
                resume_key=resume_key,
                # A jump of the wall clock must not make every ticket expire; but the Registry stamps its own by one.
                now=steady(clock),
                wall_now=lambda: clock().timestamp(),
                admit=peers.peers.admit,
                on_refused=peers.peers.refused,
                seats=link_seats,
                aes_gcm=config.security.frames == "aes-gcm",
                currency=settings.currency,
            ),
            console=console,
            website=pages,
            anchors=anchors,
            outbox=outbox,
            notifier=notifier,
            others_at=_as_peers_see(config.reach),
            works=(
                watchdog.run,
                registry.run,
                weather.run,
                pages.served(config, client_seats),
                chain.run,
                anchors.begin,
                *([outbox.run] if outbox is not None else []),
                *([notifier.run] if notifier.ways else []),
                *_of_several(database.membership, access, writer),
            ),
        )


async def serve(central: Central, stop: asyncio.Event, shown: Sequence[Work] = ()) -> None:
    """Let every part work until `stop` is set; then store what was said last. `shown` is the panel."""
    writer, books, refusals = central.writer, central.books, central.peers.refusals
    dispatcher, settings = writer.dispatcher, central.settings
    central.console.show_all()
    if lies := await books.store.beyond_bounds():
        log.warning("%s", said("lies in the books", n=lies))
    dispatcher.post(StartCentral(by=CENTRAL, event=_started(dispatcher)))
    with heap.settled() as settled:
        async with listen(settings.host, settings.port, central.door, central.peers.peers.serve) as port:
            central.website.inviting.port = port
            log.info("%s", said("listening", at=place(settings.host, port)))
            try:
                await run_until(
                    stop,
                    dispatcher.run(),
                    *(work() for work in (*central.works, *shown)),
                    each_minute(refusals, dispatcher, books.store, central.anchors.drop, settled),
                    _miss(writer),
                )
            finally:
                if await _has_heir(books.database.membership):
                    central.peers.peers.hand_over(central.others_at)
            books.store.end()
    # Every peer has been sent away: what they said last, and that we stopped, is still stored.
    refusals.flush()
    dispatcher.flush()
    dispatcher.post(Note(by=CENTRAL, event=CentralStopped()))
    await dispatcher.drain()
    await central.anchors.finish()
    await central.notifier.finish()
    if central.outbox is not None:
        await central.outbox.finish()


async def _miss(writer: WriterSide) -> None:
    """Tell, once, of the charging points that have not come back since this start."""
    await asyncio.sleep(_MISSED_AFTER_S)
    writer.alerts.miss(writer.dispatcher.facts.points(), writer.clock())


async def _has_heir(membership: Membership | None) -> bool:
    """Return whether another Central lives that leads next, or does already."""
    if membership is None:
        return False
    try:
        async with asyncio.timeout(_LOOK_WITHIN_S):
            _, members = await membership.members()
    except (StoreError, TimeoutError):
        return bool(membership.others)
    return any(one.alive and one.name != membership.me.name for one in members)


def _of_several(membership: Membership | None, access: RegistryAccess, writer: WriterSide) -> list[Work]:
    """Return what goes on where there may be several: each is looked at, the lease is watched, and the clock."""
    alerts, post = writer.alerts, writer.dispatcher.post
    works: list[Work] = []
    if len(access.urls) > 1:
        works.append(RegistryWatch(access, post, alerts.told_away(Role.REGISTRY)).run)
    else:
        _drop(alerts, alerts.away(Role.REGISTRY))
    if membership is None:
        alerts.drop(CENTRAL_ITSELF, AlertKind.CLOCK_OFF)
        _drop(alerts, alerts.away(Role.CENTRAL))
        return works
    known = alerts.named(f"{CENTRAL_ITSELF}-{AlertKind.CLOCK_OFF}")
    told_s = int(known.detail) if known is not None else 0
    works += membership.watch, ClockWatch(membership, post, told_s=told_s).run
    return [*works, CentralWatch(membership, post, alerts.told_away(Role.CENTRAL)).run]


def _drop(alerts: Alerts, away: Mapping[str, Alert]) -> None:
    for alert in away.values():
        alerts.drop(alert.about, alert.kind)


async def _panel(central: Central, lang: str, stop: asyncio.Event) -> list[Work]:
    """Return the part of Central that paints the wall; none, and a sentence, without a terminal."""
    if not is_terminal():
        log.info("%s", said("no terminal"))
        return []
    # Half as large as all the rest: only when it is shown.
    from evcharge.central.terminal.panel import Panel
    from evcharge.central.terminal.wall import Several

    writer, books = central.writer, central.books
    dispatcher, feed, alerts, clock = writer.dispatcher, writer.feed, writer.alerts, writer.clock
    desk = OperatorOrders(dispatcher, feed, central.peers.peers, alerts, lang, books.store.days.zone)
    membership = books.database.membership
    lead = (await membership.members())[0] if membership is not None else None

    def several() -> Several | None:
        if membership is None or lead is None or not membership.others:
            return None
        return Several(membership.me.name, lead.since, membership.others)

    panel = Panel(dispatcher, feed, alerts, desk, await books.today(clock), clock, stop, lang, several)
    if lead is not None and lead.before:
        panel.note(told_lead(lead, lang))
    return [panel.run]


async def _books(database: Books, settings: CentralSettings) -> BookSide:
    store = await CentralStore.open(database, _days(settings))
    if store.days_before:
        log.info("%s", said("other days", zone=store.days.name, before=store.days_before))
    return BookSide(database=database, store=store, archive=Archive(database))


async def _writer(books: BookSide, rules: Rules, clock: Clock) -> WriterSide:
    facts, feed = await books.store.load(clock()), Feed()
    dispatcher = Dispatcher(facts, books.store, feed, rules, clock)
    alerts = await _alerts(dispatcher, books.archive, feed, clock)
    return WriterSide(dispatcher=dispatcher, feed=feed, alerts=alerts, clock=clock)


def _peers(writer: WriterSide, books: BookSide, consents: Consents, rules: Rules) -> PeerSide:
    dispatcher, feed = writer.dispatcher, writer.feed
    refusals, epochs, quotas = Refusals(dispatcher.post), Epochs(), Quotas()
    peers = Peers(dispatcher, books.store, feed, refusals, epochs, rules.sign_key, quotas, consents)
    _guard_figures(feed, dispatcher, rules, refusals, peers)
    dispatcher.on_flood = lambda by: peers.cut_off(by, USELESS)
    return PeerSide(peers=peers, refusals=refusals, quotas=quotas, epochs=epochs, consents=consents)


def _tokens(state: Path, service_key: bytes) -> Tokens:
    return Tokens(
        operator=secret_files.kept_secret(state_folder.operator_token_path(state), secret_files.new_secret()),
        weather=secret_files.kept_secret(state_folder.weather_token_path(state), secret_files.new_secret()),
        registry=state_folder.service_token(service_key),
    )


def _address(settings: CentralSettings) -> str:
    """Return where the other Centrals find the API; "" where they cannot."""
    if not (settings.api and settings.api_port):
        return ""
    host = socket.gethostname() if settings.api_host in _EVERYWHERE else settings.api_host
    return f"https://{place(host, settings.api_port)}"


def _as_peers_see(reach: ReachSettings) -> list[str]:
    """Return where peers find the Centrals, if [reach] knows several; those of this computer only if all are there."""
    if not reach.other_centrals:
        return []
    far = [(host, port) for host, port in reach.centrals if host not in LOOPBACK]
    return [place(*one) for one in far or reach.centrals]


def _keys(state: Path, tokens: Tokens) -> str:
    """Return a digest of what every Central of one network must have the same of."""
    digest = hashlib.sha256(b"evcharge central")
    for path in (state / "service.key", state / "central" / "resume.key"):
        digest.update(b"\0".join(secret_files.read_keys(path)))
    for secret in (tokens.operator, tokens.weather, _pin_key(state).decode()):
        digest.update(secret.encode())
    return digest.hexdigest()[:16]


def _days(settings: CentralSettings) -> Days:
    """Return the days of the zone that is set, else of this computer's; of UTC, and a sentence, when it has none."""
    name = settings.timezone or timezone.own_name()
    if name is None:
        log.warning("%s", said("no time zone"))
        name = "UTC"
    return Days(timezone.zone(name), name)


async def _alerts(dispatcher: Dispatcher, archive: Archive, feed: Feed, clock: Clock) -> Alerts:
    """Return the alerts as the books tell them, which follow every event from now on."""
    facts = dispatcher.facts

    def is_known(who: str) -> bool:
        point, driver = facts.point(CpId(who)), facts.driver(DriverId(who))
        return any(one is not None and not one.withdrawn for one in (point, driver))

    alerts = Alerts(is_known)
    owed = [debt.session_id for debtor, _ in facts.debtors() for debt in facts.debts_under(debtor)]
    for at, event in await archive.alerting_before(REBUILD_FROM, owed):
        alerts.take(event, at)
    alerts.keep_what_waits_for_an_operator()
    for at, event in await archive.happened(REBUILD_FROM):
        alerts.take(event, at)
    if archive.unread:
        log.warning("%s", said("events unread", count=len(archive.unread), of=REBUILD_FROM))
    told = {alert.id for alert in alerts.open()}
    blocked = [driver.driver_id for driver in facts.drivers() if driver.blocked]
    alerts.adopt(facts.points(), clock(), facts.weathers(), dict(facts.debtors()), blocked)
    older = {alert.id: alert.about for alert in alerts.open() if alert.id not in told}
    for at, event in await archive.taken_alerts(older):
        alerts.take(event, at)
    feed.listen(lambda event: alerts.take(event, clock()))
    dispatcher.on_trouble = lambda why: alerts.storage_failed(why, clock())
    return alerts


def _notifier(config: Config, writer: WriterSide, books: BookSide) -> Notifier:
    """Return what tells people beyond the screens, if `[notify]` says how. Raises ConfigError, StateError."""
    settings, state = config.notify, config.state
    ways = notify_setup.ways(settings, state, writer.clock)
    for alert in writer.alerts.open():
        if alert.kind is AlertKind.NOTIFY and alert.about not in ways:
            writer.alerts.drop(alert.about, alert.kind)
    return Notifier(
        ways,
        NotifyBook(database_path(state).with_name("notified.json")),
        writer.dispatcher.facts,
        writer.alerts,
        writer.feed,
        books.archive,
        writer.dispatcher.post,
        writer.clock,
        settings.lang or config.lang,
        settings.point_after_s,
        settings.alert_after_s,
    )


async def _weather_word(archive: Archive, alerts: Alerts) -> WeatherWord | None:
    """Return what the books say last of the weather service; a loss that is older than what was read is an alert."""
    found = await last_word(archive)
    if found is None:
        return None
    at, word = found
    if isinstance(word, WeatherLost) and not alerts.is_open(WEATHER, AlertKind.WEATHER_SERVICE):
        alerts.take(word, at)
    return word


async def _outbox(
    config: Config, writer: WriterSide, books: BookSide, peers: PeerSide, operator_token: str
) -> "Outbox | None":
    """Return what sends the events to Kafka, and reads what is there for Central; None when no brokers are named.

    Raises ConfigError, StateError.
    """
    dispatcher, alerts, refusals, quotas = writer.dispatcher, writer.alerts, peers.refusals, peers.quotas
    if not config.kafka.bootstrap:
        alerts.drop(KAFKA, AlertKind.KAFKA)
        return None
    from evcharge.central.kafka.consumer import FigureConsumer, OrderConsumer
    from evcharge.central.kafka.outbox import Outbox, OutboxBooks, connecting
    from evcharge.central.kafka.telemetry_receiver import TelemetryReceiver
    from evcharge.kafka.client import Brokers  # most networks have none, and its library is not small
    from evcharge.kafka.topics import OrderSeal

    brokers = Brokers(config.kafka, config.state)
    lane = TelemetryReceiver(dispatcher, peers.peers, writer.feed, refusals, quotas)
    seal = OrderSeal(operator_token)
    figures = FigureConsumer(brokers, lane)
    orders = OrderConsumer(brokers, seal, dispatcher, refusals, books.database, quotas=quotas)
    return Outbox(
        brokers.bootstrap,
        connecting(brokers),
        OutboxBooks(books.database, writer.clock),
        books.store,
        writer.feed,
        alerts,
        dispatcher.post,
        readers=[figures.run, orders.run],
    )


def _seats(settings: CentralSettings) -> tuple[SeatLimits, SeatLimits]:
    """Return the seats of peers and of the API's clients, as far as this process can hold them, and say how many."""
    wanted = SeatLimits(
        strangers=settings.max_unauthenticated,
        strangers_per_network=settings.max_unauthenticated_per_address,
    )
    budget = share(raise_limit(), wanted, SEATS)
    links, clients = budget.servers
    log.log(
        logging.WARNING if budget.is_short else logging.INFO,
        "%s",
        said(
            "room is short" if budget.is_short else "room",
            limit=budget.limit,
            links=links.members,
            points=(links.members or 0) // _LINKS_OF_A_POINT,
            pages=min(MAX_PAGES, clients.members or 0),
        ),
    )
    return links, clients


def _guard_figures(
    feed: Feed, dispatcher: Dispatcher, rules: Rules, refusals: Refusals, peers: Peers
) -> None:
    """Show no live figures that cannot be, whichever way they come; count them as what a peer may not send."""

    def doubt(session: Session, live: Live) -> str:
        point = dispatcher.facts.point(session.cp_id)
        if point is None:
            return ""
        return not_shown(
            session, live.power_w, live.energy_mwh, Means.of(point, rules), dispatcher.steady_s()
        )

    def refuse(session: Session, why: str) -> None:
        channel = peers.channel(Role.ENGINE, session.cp_id)
        address = channel.peer_address if channel is not None else "unknown"
        refusals.input(session.cp_id, Role.ENGINE, address, ProtocolError(f"live figures: {why}", Code.FIELD))

    feed.doubt, feed.on_doubt = doubt, refuse


def _pin_key(state: Path) -> bytes:
    """Return what the PINs of drivers are hashed with: without it, the books alone do not tell them."""
    return secret_files.kept_secret(state / "central" / "pin.key", secret_files.new_secret()).encode()


def rules_of(config: Config, clock: Clock, sign_key: bytes) -> Rules:
    """Return what the rules take from the settings."""
    settings = config.central
    return Rules(
        now=clock(),
        wallets=settings.wallets,
        welcome_credit_cents=parse_cents(settings.welcome_credit),
        welcome_drivers=settings.welcome_drivers,
        welcome_per_hour=settings.welcome_per_hour,
        max_hold_cents=parse_cents(settings.max_hold),
        max_session_mwh=settings.max_session_kwh * 1_000_000,
        max_power_w=settings.max_power_kw * 1000,
        max_speed_permille=round(settings.max_simulated_speed * 1000),
        max_active_per_driver=settings.max_active_per_driver,
        plug_within_s=settings.plug_within_s,
        unplugged_pause_s=settings.unplugged_pause_s,
        manual_start_is_open=settings.manual_start == "open",
        confirm_within_s=settings.confirm_within_s,
        default_price_centi_cents_per_kwh=parse_price(settings.default_price),
        issuer=configured_issuer(config),
        stop_on_monitor_lost=settings.on_monitor_lost == "stop",
        sign_key=sign_key,
    )


def _started(dispatcher: Dispatcher) -> CentralStarted:
    facts = dispatcher.facts
    return CentralStarted(
        version=__version__,
        points=sum(1 for _ in facts.points()),
        open_sessions=sum(session.is_open for session in facts.sessions()),
    )
