"""The doctor looks: by `folder_probes` at the state folder, by `network_probes` at the others, here at the rest."""

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from evcharge import __version__
from evcharge.central.books.setup import SCHEMA as CENTRAL_SCHEMA
from evcharge.central.rules.alert_kinds import AlertKind
from evcharge.doctor import folder_probes, network_probes
from evcharge.doctor.observations import (
    BooksHere,
    CredentialAnswer,
    DatabaseThere,
    Knock,
    Member,
    Observations,
    Process,
    TlsServer,
    Trust,
    WayEnd,
    WeatherSource,
)
from evcharge.domain.errors import AuthenticationError, Code, EvchargeError
from evcharge.domain.ids import ID_PATTERN, Role
from evcharge.domain.location import Location
from evcharge.evc1.client import TicketWallet
from evcharge.evc1.tickets import IssuedTicket
from evcharge.http.registry_client import RegistryAddress, fetch_ticket, kept_credential
from evcharge.labels import Speech
from evcharge.labels.causes import cause
from evcharge.labels.operator import SENTENCES as OPERATOR
from evcharge.labels.weather_service import SENTENCES as WEATHER
from evcharge.operator.client import OperatorClient
from evcharge.registry.setup import SCHEMA as REGISTRY_SCHEMA
from evcharge.runtime import files, health_socket
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import Config
from evcharge.security import secret_files, state_folder
from evcharge.storage.database import holder
from evcharge.storage.postgres_place import CENTRAL, REGISTRY, place_of
from evcharge.storage.reading import reading
from evcharge.weather import app as weather
from evcharge.weather.atlas import Atlas
from evcharge.weather.keys import where
from evcharge.weather.readings import SourceTrouble

_ROLES = {"cp": (Role.ENGINE, Role.MONITOR), "driver": (Role.DRIVER,)}
_KEPT = ("secret", "password", "*.ticket", "journal")
# Of a lab with many drivers on one PC, the first ones tell enough.
_MOST_MEMBERS = 12
_ANY_CITY = "Madrid"


async def look(config: Config, within_s: float, environ: Mapping[str, str] = os.environ) -> Observations:
    """Return what there is to see from this PC; each question may take `within_s` seconds."""
    ca_file = config.state / "ca.pem"
    api_urls = (config.reach.central_api, *config.reach.other_apis)
    registries, centrals, apis, source, brokers_why, databases = await asyncio.gather(
        asyncio.gather(
            *(
                network_probes.server(urlsplit(url).hostname or "", _port(url), "/ca.pem", ca_file, within_s)
                for url in config.reach.registries
            )
        ),
        asyncio.gather(*(network_probes.way(*one, within_s) for one in config.reach.centrals)),
        asyncio.gather(
            *(
                network_probes.server(urlsplit(url).hostname or "", _port(url), "/healthz", ca_file, within_s)
                for url in api_urls
            )
        ),
        _weather(config, within_s, environ),
        _brokers(config, within_s, environ),
        asyncio.gather(*(_database(config, one, within_s) for one in (REGISTRY, CENTRAL))),
    )
    # Of several, one that answers is enough.
    registry = next((one for one in registries if one.way.end is WayEnd.OPEN), registries[0])
    # One of several is at work, and the others refuse.
    central = next((one for one in centrals if one.end is WayEnd.OPEN), centrals[0])
    # Also one that stands by answers here, for the one at work.
    api_url, api = next(
        (one for one in zip(api_urls, apis, strict=True) if one[1].way.end is WayEnd.OPEN),
        (api_urls[0], apis[0]),
    )
    may_ask = registry.shown is not None and registry.shown.trust is Trust.OURS
    found = [
        await _member(config, kind, id_, within_s, environ, may_ask=may_ask)
        for kind, id_ in _members(config.state)
    ]
    ticket = next((one for one in found if one[1] is not None), None)
    knock = None
    if ticket is not None and central.end is WayEnd.OPEN:
        member, issued = ticket
        assert issued is not None
        role = _ROLES[member.kind][0]
        error = await network_probes.knock(central.host, central.port, issued, member.id, role, within_s)
        knock = Knock(
            id=member.id, code=error.code if error is not None else None, why=error.text if error else ""
        )
    is_ours = api.shown is not None and api.shown.trust is Trust.OURS
    asked = OperatorAsked(config, environ) if is_ours else None
    engine = config.monitor
    return Observations(
        now=utc_now(),
        within_s=within_s,
        version=__version__,
        python=sys.version_info[:2],
        uid=os.geteuid(),
        folder=folder_probes.folder(config.state),
        registry=registry,
        central=central,
        central_api=api,
        central_api_url=api_url,
        registries_away=_away(registries, registry),
        central_apis_away=_away(apis, api),
        members=tuple(member for member, _ in found),
        knock=knock,
        central_version=await network_probes.release(api.way, ca_file, within_s) if is_ours else None,
        health_port=None
        if engine.engine_host in ("127.0.0.1", "localhost", "::1")
        else await network_probes.way(engine.engine_host, engine.engine_port, within_s),
        books=await _books(config.state, asked, within_s),
        databases=tuple(one for one in databases if one is not None),
        brokers=config.kafka.bootstrap,
        brokers_why=brokers_why[0],
        brokers_sent_on=brokers_why[1],
        untold_by=await asked.untold_by(config.lang, within_s)
        if asked is not None and _tells(config)
        else None,
        source=source,
        processes=tuple(
            Process(name=one.name, pulse=one.pulse, why=one.why)
            for one in await asyncio.to_thread(health_socket.look, config.health_folder, [], within_s)
        ),
    )


def _away(servers: Sequence[TlsServer], chosen: TlsServer) -> tuple[TlsServer, ...]:
    """Return those beside `chosen` that do not answer, or do not prove to be ours, while another one does."""
    away = [one for one in servers if one.shown is None or one.shown.trust is not Trust.OURS]
    return tuple(one for one in away if one is not chosen) if len(away) < len(servers) else ()


def _port(url: str) -> int:
    parts = urlsplit(url)
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return 0  # beyond 65535: nobody answers there, and the line shows it


# ---- who lives here


def _members(state: Path) -> list[tuple[str, str]]:
    """Return kind and id of whoever has a credential, a ticket or a journal here: a join that failed leaves none."""
    found = [
        (kind, folder.name)
        for kind in _ROLES
        for folder in files.found(state / kind, "*/")
        if re.fullmatch(ID_PATTERN, folder.name) and any(files.found(folder, kept) for kept in _KEPT)
    ]
    return found[:_MOST_MEMBERS]


async def _member(
    config: Config, kind: str, id_: str, within_s: float, environ: Mapping[str, str], *, may_ask: bool
) -> tuple[Member, IssuedTicket | None]:
    path = config.state / kind / id_ / ("secret" if kind == "cp" else "password")
    kept = [
        ticket
        for role in _ROLES[kind]
        if files.is_there(file := path.with_name(f"{role}.ticket"))
        for ticket in [TicketWallet(file).registry]
        if ticket is not None
    ]
    newest = max(kept, key=lambda ticket: ticket.expires_at, default=None)
    good = newest if newest is not None and newest.expires_at > utc_now().timestamp() else None

    def told(answer: CredentialAnswer, why: str = "") -> Member:
        ends = newest.expires_at if newest is not None else None
        return Member(id=id_, kind=kind, path=str(path), answer=answer, why=why, ticket_ends=ends)

    secret = kept_credential(config.state, "driver" if kind == "driver" else "cp", id_, environ)
    if secret is None:
        try:
            secret_files.read_secret(path)
        except EvchargeError as problem:
            return told(CredentialAnswer.UNREADABLE, problem.text), good
        return told(CredentialAnswer.UNASKED), good
    if not may_ask:
        return told(CredentialAnswer.UNASKED), good
    registry = RegistryAddress.of(config)
    try:
        async with asyncio.timeout(within_s):
            issued = await fetch_ticket(registry, id_, _ROLES[kind][0], secret)
    except AuthenticationError as refusal:
        disabled = refusal.code is Code.DISABLED
        return told(CredentialAnswer.DISABLED if disabled else CredentialAnswer.REFUSED, refusal.text), good
    except (EvchargeError, TimeoutError):
        return told(CredentialAnswer.UNASKED), good
    return told(CredentialAnswer.TAKEN), issued


# ---- Central's books, and who works with them


class OperatorAsked:
    """What Central tells an operator; nothing, where there is no token."""

    def __init__(self, config: Config, environ: Mapping[str, str]) -> None:
        self._api: OperatorClient | None = None
        try:
            say = Speech(OPERATOR, config.lang)
            self._api = OperatorClient(config.reach, config.state, say, environ)
        except EvchargeError:
            pass  # no operator's token here: most PCs have none

    async def hash_of(self, row: int, within_s: float) -> str | None:
        """Return the hash of a row of its audit log; "" when it has no such row, None when it does not say."""
        if self._api is None:
            return None
        try:
            async with asyncio.timeout(within_s):
                content = await self._api.get("/api/events", after=row - 1, limit=1)
        except (EvchargeError, TimeoutError):
            return None
        rows = content["events"]
        return str(rows[0]["hash"]) if rows else ""

    async def untold_by(self, lang: str, within_s: float) -> dict[str, str] | None:
        """Return why operators are not told by a way of `[notify]`, by its name; None when Central does not say."""
        if self._api is None:
            return None
        try:
            async with asyncio.timeout(within_s):
                content = await self._api.get("/api/alerts")
        except (EvchargeError, TimeoutError):
            return None
        return {
            str(one["about"]): cause(str(one["detail"]), lang)
            for one in content["alerts"]
            if one["kind"] == AlertKind.NOTIFY and not one["solved_at"]
        }


def _tells(config: Config) -> bool:
    """Return whether this PC's `[notify]` names a way: Central's, then."""
    return bool(config.notify.webhook or config.notify.ntfy or config.notify.smtp)


async def _books(state: Path, asked: OperatorAsked | None, within_s: float) -> BooksHere | None:
    path = state / "central" / "central.db"
    if not files.is_there(path):
        return None
    try:
        with reading(path) as books:
            row = books.execute("SELECT n, hash FROM events ORDER BY n DESC LIMIT 1").fetchone()
    except EvchargeError:
        row = None  # damaged, or held: `audit verify` says which
    same: bool | None = None
    if (
        row is not None
        and asked is not None
        and (there := await asked.hash_of(row["n"], within_s)) is not None
    ):
        same = there == row["hash"]
    return BooksHere(path=str(path), holder=holder(path), same=same, rows=row["n"] if row is not None else 0)


async def _database(config: Config, section: str, within_s: float) -> DatabaseThere | None:
    is_registry = section == REGISTRY
    at = config.registry.database if is_registry else config.central.database
    if not at:
        return None
    try:
        place = place_of(config, section=section)
        at = str(place)
        # Its library is an extra.
        from evcharge.storage import postgres_lease, postgres_transactions
        from evcharge.storage.postgres_opening import look as look_at

        schema, tables = (
            (REGISTRY_SCHEMA, postgres_transactions) if is_registry else (CENTRAL_SCHEMA, postgres_lease)
        )
        async with asyncio.timeout(within_s):
            found = await look_at(place, schema, tables.check_here)
        return DatabaseThere(section=section, at=at, schema=found)
    except EvchargeError as problem:
        return DatabaseThere(section=section, at=at, why=problem.text)
    except TimeoutError:
        why = f"{at} cannot be reached: is it running, and is `database` its address?"
        return DatabaseThere(section=section, at=at, why=why)


# ---- Kafka, the weather


async def _brokers(config: Config, within_s: float, environ: Mapping[str, str]) -> tuple[str, bool]:
    if not config.kafka.bootstrap:
        return "", False
    # aiokafka takes long to load, and most PCs have no brokers.
    from evcharge.kafka import diagnosis
    from evcharge.kafka.client import Brokers

    try:
        why = await Brokers(config.kafka, config.state, environ).reason(within_s)
    except EvchargeError as problem:
        why = problem.text.rstrip(".")
    why = why or ""
    return why.removeprefix(diagnosis.SENT_ON), why.startswith(diagnosis.SENT_ON)


async def _weather(config: Config, within_s: float, environ: Mapping[str, str]) -> WeatherSource | None:
    settings = config.weather
    chosen = settings.source != "auto" or settings.simulate is not None
    if not chosen and not files.is_there(state_folder.weather_token_path(config.state)):
        return None
    runs = files.is_there(config.health_folder / f"weather{health_socket.SUFFIX}")
    words = Speech(WEATHER, config.lang)
    location = Location(next(iter(settings.cities), _ANY_CITY))
    name: str = settings.source
    why: str | None = None
    # What is found of places meanwhile is not for the service.
    with tempfile.TemporaryDirectory(prefix="evcharge-doctor-") as folder:
        try:
            atlas = Atlas(Path(folder) / "places.json", [location])
            async with (
                asyncio.timeout(within_s),
                weather.open_source(config, atlas, utc_now, environ, words) as source,
            ):
                name = source.name
                await source.measure(location)
        except SourceTrouble as trouble:
            why = _trouble(trouble, name, config, environ, words)
        except EvchargeError as problem:
            why = problem.text.rstrip(".")
        except TimeoutError:
            why = words("silent", source=name, why=cause("no answer in time", config.lang))
    return WeatherSource(name=name, why=why, needed=chosen or runs)


def _trouble(
    trouble: SourceTrouble, source: str, config: Config, environ: Mapping[str, str], words: Speech
) -> str | None:
    # That it knows one city not is nothing about the source.
    if not trouble.of_all:
        return None
    values = dict(trouble.values)
    if "why" in values:
        values["why"] = cause(str(values["why"]), words.lang)
    return words(trouble.name, source=source, where=where(config.state, environ), **values)
