"""The Registry as a process: who may take part, over HTTPS."""

import asyncio
import logging
import time

from evcharge.domain.errors import NotNow
from evcharge.http.server import SEATS, application, serving
from evcharge.labels.command_errors import because
from evcharge.labels.registry import said
from evcharge.registry.api import RegistryApi, TicketTerms
from evcharge.registry.callers import Callers
from evcharge.registry.invitations import Invitations
from evcharge.registry.setup import database_path, open_tables
from evcharge.registry.store import Store
from evcharge.runtime import clock, lifecycle
from evcharge.runtime.config import Config
from evcharge.runtime.descriptors import raise_limit, share
from evcharge.runtime.health_socket import OwnHealth
from evcharge.runtime.plain import place
from evcharge.security import secret_files
from evcharge.security.passwords import Credentials
from evcharge.security.tls import server_context
from evcharge.storage.anchor_file import ANCHORS, AnchorFile
from evcharge.storage.start_retry import StartRetry
from evcharge.storage.store_errors import StoreError

log = logging.getLogger(__name__)
_WRITE_REPEATS_EVERY_S = 5.0
_ANCHOR_EVERY_S = 60.0


async def run(
    config: Config, stop: asyncio.Event, *, health: OwnHealth | None = None, new_keys: bool = False
) -> int:
    """Serve until `stop` is set. Raises StateError when the state folder, the port or the database will not do.

    One that is away is waited for; `health` is told how to ask what is wrong. `new_keys`: those of the state folder
    replace others that the tables in PostgreSQL know.
    """
    retry = StartRetry(stop, health)
    while True:
        try:
            return await _served(config, stop, retry, new_keys=new_keys)
        except NotNow as problem:
            if not await retry.again(problem):
                return 0


async def _served(config: Config, stop: asyncio.Event, retry: StartRetry, *, new_keys: bool) -> int:
    state, settings = config.state, config.registry
    service_keys = secret_files.read_keys(state / "service.key")
    enrolment_token = secret_files.read_secret(state / "enrolment.token")
    tls = server_context(state / "registry.pem", state / "registry.key")
    budget = share(raise_limit(), SEATS)
    seats = budget.servers[0]
    room = {"members": seats.members, "strangers": seats.strangers, "limit": budget.limit}
    if budget.is_short:
        log.warning("%s", said("little room", **room))
    else:
        log.info("%s", said("room", **room))
    async with open_tables(config, new_keys=new_keys) as tables, Credentials() as credentials:
        store = Store(tables, clock.utc_now)
        retry.is_there()
        if not await store.has_admin():
            log.warning("%s", said("nobody"))
        ticket_s = settings.ticket_minutes * 60
        anchors = AnchorFile(database_path(state).with_name(ANCHORS))
        callers = Callers(store, credentials, service_keys, enrolment_token, time.monotonic)
        api = RegistryApi(
            store,
            credentials,
            callers,
            TicketTerms(service_keys[0], ticket_s),
            clock.utc_now,
            time.monotonic,
        )
        invitations = Invitations(store, credentials, callers, state / "ca.pem", clock.utc_now)
        app = application([*api.routes(), *invitations.routes()], callers.refused)
        async with serving(app, settings.host, settings.port, tls, name="Registry", seats=seats) as port:
            log.info("%s", said("listening", url=f"https://{place(settings.host, port)}"))
            await lifecycle.run_until(stop, _write_repeats(callers), _anchor(store, anchors))
        await callers.write_repeats(all_of_them=True)
        await _drop(store, anchors)
    return 0


async def _anchor(store: Store, anchors: AnchorFile) -> None:
    while True:
        await asyncio.sleep(_ANCHOR_EVERY_S)
        await _drop(store, anchors)


async def _drop(store: Store, anchors: AnchorFile) -> None:
    """Leave the head of the audit log beside the books and in the log; Central keeps it, too."""
    try:
        head = await store.head()
    except StoreError as problem:
        log.warning("%s", said("unread", why=because(str(problem))))
        return
    if head != anchors.newest:
        await anchors.append(head)
        log.info("%s", said("anchor", n=head.n, hash=head.hash))


async def _write_repeats(callers: Callers) -> None:
    while True:
        await asyncio.sleep(_WRITE_REPEATS_EVERY_S)
        try:
            await callers.write_repeats()
        except StoreError as problem:
            # A full disk does not end the Registry: tickets for those who are known may still be possible.
            log.warning("%s", said("unwritten", why=because(str(problem))))
