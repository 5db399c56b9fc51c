"""Central's web side from end to end: which room of the API gets what, and what keeps open pages up to date.

Charging does not depend on it: when it fails, it alone is started again.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from evcharge import __version__
from evcharge.central.api import Api, is_loopback
from evcharge.central.api.kit.access import Access, CallerLimits
from evcharge.central.api.kit.api_task import ApiServer, idle
from evcharge.central.api.kit.app import Room
from evcharge.central.api.kit.exports import configured_issuer
from evcharge.central.api.kit.openapi import OpenApi
from evcharge.central.api.kit.origin_checks import Names
from evcharge.central.api.kit.past_lines import PastLines
from evcharge.central.api.resources.accounts import Accounts
from evcharge.central.api.resources.alerts import AlertRoutes as AlertsRoom
from evcharge.central.api.resources.audit import Audit
from evcharge.central.api.resources.driver_papers import Papers
from evcharge.central.api.resources.drivers import Drivers
from evcharge.central.api.resources.invitations import Inviting
from evcharge.central.api.resources.logins import Logins
from evcharge.central.api.resources.member_list import MemberRoutes
from evcharge.central.api.resources.metrics import Figures, Metrics
from evcharge.central.api.resources.network_power import NetworkPower
from evcharge.central.api.resources.notify_wishes import NotifyRoutes
from evcharge.central.api.resources.own_account import OwnAccountRoutes
from evcharge.central.api.resources.pages import Pages
from evcharge.central.api.resources.points import PointRoutes
from evcharge.central.api.resources.push import Push
from evcharge.central.api.resources.registration import RegistrationRoutes
from evcharge.central.api.resources.reports import Reports
from evcharge.central.api.resources.sessions import Sessions
from evcharge.central.api.resources.settling import Settling
from evcharge.central.api.resources.stats import Stats
from evcharge.central.api.resources.trust import TrustRoutes
from evcharge.central.api.resources.weather import WeatherRoutes
from evcharge.central.books.statistics import Statistics
from evcharge.central.context import BookSide, PeerSide, WriterSide
from evcharge.central.services.accounts import Directory
from evcharge.central.services.chain_walker import ChainWalker
from evcharge.central.services.login_links import LoginLinks
from evcharge.central.services.notifier import Notifier
from evcharge.central.services.registry_accounts import Registrar
from evcharge.central.services.weather_watch import WeatherLink
from evcharge.central.views.board import MAX_MESSAGES, Board, Opening
from evcharge.central.views.driver_board import DriverBoard
from evcharge.central.views.telemetry import Telemetry
from evcharge.http.registry_client import RegistryAddress
from evcharge.http.server import Turns
from evcharge.runtime.admission import SeatLimits
from evcharge.runtime.config import Config
from evcharge.security.passwords import Credentials
from evcharge.security.tls import server_context

# Something that goes on for ever.
Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What programs show to the API, and what Central shows to the Registry."""

    operator: str
    weather: str
    registry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the pages tell of besides: `backlog` is how many events wait for Kafka, and whether it is there."""

    credentials: Credentials
    weather: WeatherLink
    chain: ChainWalker
    backlog: Callable[[], tuple[int, bool]] | None
    notifier: Notifier


@dataclass(frozen=True, slots=True)
class Website:
    """The API and the pages, put together and not yet served; `works` keep open pages up to date."""

    api: Api
    inviting: Inviting
    works: tuple[Work, ...]

    def served(self, config: Config, seats: SeatLimits) -> Work:
        """Return what serves it; nothing when it is not wanted."""
        settings, state = config.central, config.state
        if not settings.api:
            return idle
        # On loopback, too: clients check this certificate before they send Central a secret.
        tls = server_context(state / "central.pem", state / "central.key")
        plain, make = is_loopback(settings.api_host), self.api.application
        return ApiServer(
            make, settings.api_host, settings.api_port, tls, work=self._work, plain=plain, seats=seats
        ).run

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for one in self.works:
                tasks.create_task(one())


async def website(
    config: Config,
    writer: WriterSide,
    books: BookSide,
    peers: PeerSide,
    tokens: Tokens,
    services: Services,
) -> Website:
    """Put the web side together."""
    settings, store, archive = config.central, books.store, books.archive
    dispatcher, feed, clock = writer.dispatcher, writer.feed, writer.clock
    board = await _board(config, writer, books)
    drivers_board = DriverBoard(dispatcher.facts, feed, board)
    peers.peers.has_page = drivers_board.is_open
    telemetry, inviting, credentials = Telemetry(), Inviting(config), services.credentials
    directory = Directory(books.database, dispatcher, clock, peers.epochs.least, settings.web_session_hours)
    await directory.load()
    names = Names([settings.api_host, *config.registry.names])
    limits = CallerLimits(peers.quotas, Turns(settings.requests_per_s))
    access = Access(peers.refusals, tokens.operator, names, directory, tokens.weather, limits)
    registrar = Registrar(RegistryAddress.of(config), tokens.registry)
    links = LoginLinks(directory, time.monotonic, allowed=is_loopback(settings.api_host))
    logins = Logins(access, directory, credentials, registrar.prove_driver, time.monotonic, links)
    registration = RegistrationRoutes(dispatcher, registrar, inviting.invite)
    lines = PastLines(telemetry, books.database, store)
    push = Push(board, drivers_board, telemetry, dispatcher, store, clock, access.standing)
    push.follow(feed)
    figures = Figures(
        dispatcher,
        feed,
        store,
        writer.alerts,
        lambda: len(archive.unread),
        services.backlog,
        services.notifier.waiting,
    )
    issuer = configured_issuer(config)
    sessions = Sessions(dispatcher.facts, archive, feed, store.days, issuer)
    pages = Pages(access, lang=config.lang, dev=settings.web_dev)
    rooms: list[Room] = [
        pages,
        logins,
        Accounts(
            access, directory, credentials, logins, links, clock, registration.of_driver, registration.ids
        ),
        registration,
        PointRoutes(dispatcher, feed, archive, lines, clock, registration.of_point),
        NetworkPower(lines),
        sessions,
        Papers(dispatcher, archive, feed, sessions, store.days, clock, issuer),
        Settling(dispatcher, archive, sessions),
        Drivers(dispatcher, archive),
        AlertsRoom(dispatcher, writer.alerts),
        WeatherRoutes(dispatcher, services.weather, clock),
        Audit(archive, store, services.chain),
        Reports(archive, store.days, clock),
        Stats(dispatcher, store, Statistics(books.database, store.days), clock),
        Metrics(figures, dispatcher, access),
        NotifyRoutes(dispatcher, services.notifier),
        OwnAccountRoutes(dispatcher, store, archive, feed, drivers_board, peers.consents),
        TrustRoutes(config.state / "ca.pem", config.registry.names, local=is_loopback(settings.api_host)),
        MemberRoutes(books.database.membership, config.reach.registries, writer.alerts),
        push,
    ]
    api = Api(access, rooms, settings.requests_per_s, pages.missing)
    rooms.append(OpenApi(api.routes))
    return Website(api, inviting, (push.run, registration.keep_fresh))


async def _board(config: Config, writer: WriterSide, books: BookSide) -> Board:
    """Return the board of all pages, with what happened last."""
    board = Board(
        writer.dispatcher.facts,
        writer.feed,
        writer.alerts,
        await books.today(writer.clock),
        Opening(secrets.token_hex(4), __version__, config.lang, writer.clock()),
        books.store.statuses.since,
    )
    for at, event in await books.archive.happened(MAX_MESSAGES):
        board.recall(event, at)
    return board
