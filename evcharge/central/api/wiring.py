"""Central's web side from end to end: which room of the API gets what, and what keeps open pages up to date.

Charging does not depend on it: when it fails, it alone is started again.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any

from evcharge import __version__
from evcharge.central.api import Api, is_loopback
from evcharge.central.api.kit.access import Access, Limits
from evcharge.central.api.kit.app import Room
from evcharge.central.api.kit.openapi import OpenApi
from evcharge.central.api.kit.origin_checks import Names
from evcharge.central.api.kit.server import ApiServer, idle
from evcharge.central.api.resources.accounts import Accounts
from evcharge.central.api.resources.alerts import Alerts as AlertsRoom
from evcharge.central.api.resources.audit import Audit
from evcharge.central.api.resources.drivers import Drivers
from evcharge.central.api.resources.invitations import Inviting
from evcharge.central.api.resources.logins import Logins
from evcharge.central.api.resources.metrics import Figures, Metrics
from evcharge.central.api.resources.own_account import Me
from evcharge.central.api.resources.pages import Pages
from evcharge.central.api.resources.points import Points
from evcharge.central.api.resources.push import Push
from evcharge.central.api.resources.registration import Registration
from evcharge.central.api.resources.sessions import Sessions
from evcharge.central.api.resources.settling import Settling
from evcharge.central.api.resources.stats import Stats
from evcharge.central.api.resources.weather import Weather
from evcharge.central.books.statistics import Statistics
from evcharge.central.context import Core
from evcharge.central.services.accounts import Directory
from evcharge.central.services.chain_walker import ChainWalker
from evcharge.central.services.login_links import LoginLinks
from evcharge.central.services.registry_client import Registrar
from evcharge.central.services.weather_watch import WeatherLink
from evcharge.central.views.board import MAX_MESSAGES, Board
from evcharge.central.views.driver_board import DriverBoard
from evcharge.central.views.telemetry import Telemetry
from evcharge.central.views.today import Today
from evcharge.http.registry_client import RegistryAddress
from evcharge.http.server import Turns
from evcharge.runtime.admission import SeatLimits
from evcharge.security.passwords import Credentials
from evcharge.security.tls import server_context

# Something that goes on for ever.
Work = Callable[[], Coroutine[Any, Any, None]]


async def website(
    core: Core,
    credentials: Credentials,
    weather: WeatherLink,
    chain: ChainWalker,
    today: Today,
    inviting: Inviting,
    backlog: Callable[[], tuple[int, bool]] | None,
    seats: SeatLimits,
) -> Work:
    """Return what serves the API and the pages. `backlog`: how many events wait for Kafka, and whether it is there."""
    config, clock, dispatcher, feed = core.config, core.clock, core.dispatcher, core.feed
    settings = config.central
    board = Board(
        dispatcher.facts,
        feed.live,
        feed.temperatures,
        core.alerts,
        today,
        epoch=secrets.token_hex(4),
        version=__version__,
        lang=config.lang,
        now=clock(),
        shown_since=core.store.statuses.since,
    )
    for at, event in await core.archive.happened(MAX_MESSAGES):
        board.recall(event, at)
    drivers_board = DriverBoard(dispatcher.facts, feed, board)
    core.peers.has_page = drivers_board.is_open
    telemetry = Telemetry()
    directory = Directory(core.database, dispatcher, clock, core.epochs.least, settings.web_session_hours)
    await directory.load()
    names = Names([settings.api_host, *config.registry.names])
    limits = Limits(core.quotas, Turns(settings.requests_per_s))
    access = Access(core.refusals, core.operator_token, names, directory, core.weather_token, limits)
    registrar = Registrar(
        RegistryAddress(config.reach.registry_url, config.state / "ca.pem"), core.service_token
    )
    links = LoginLinks(directory, time.monotonic, allowed=is_loopback(settings.api_host))
    logins = Logins(access, directory, credentials, registrar.prove_driver, time.monotonic, links)
    registration = Registration(dispatcher, registrar, inviting.invite)
    push = Push(board, drivers_board, telemetry, dispatcher, core.store, clock, access.standing)
    push.follow(feed)
    unread = core.archive.unread
    figures = Figures(dispatcher, feed, core.store, core.alerts, lambda: len(unread), backlog)
    sessions = Sessions(dispatcher.facts, core.archive, feed, core.store.days)
    rooms: list[Room] = [
        Pages(access, dev=settings.web_dev),
        logins,
        Accounts(
            access, directory, credentials, logins, links, clock, registration.of_driver, registration.ids
        ),
        registration,
        Points(dispatcher, feed, core.archive, telemetry, clock, registration.of_point),
        sessions,
        Settling(dispatcher, core.archive, sessions),
        Drivers(dispatcher, core.archive),
        AlertsRoom(dispatcher, core.alerts),
        Weather(dispatcher, weather, clock),
        Audit(core.archive, core.store, chain),
        Stats(dispatcher, core.store, Statistics(core.database, core.store.days), clock),
        Metrics(figures, dispatcher, access),
        Me(dispatcher, core.store, core.archive, feed, drivers_board, core.consents),
        push,
    ]
    api = Api(access, rooms, settings.requests_per_s)
    rooms.append(OpenApi(api.routes))
    return _served(core, api, seats, push.run, registration.keep_fresh)


def _served(core: Core, api: Api, seats: SeatLimits, *works: Work) -> Work:
    settings, state = core.config.central, core.config.state
    if not settings.api:
        return idle
    # Also on this computer alone: whoever has a secret for Central asks for this certificate first.
    tls = server_context(state / "central.pem", state / "central.key")

    async def work() -> None:
        async with asyncio.TaskGroup() as tasks:
            for one in works:
                tasks.create_task(one())

    plain = is_loopback(settings.api_host)
    return ApiServer(
        api.application, settings.api_host, settings.api_port, tls, work=work, plain=plain, seats=seats
    ).run
