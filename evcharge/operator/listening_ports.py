"""Which ports each role listens on and goes to, by the settings: what a firewall must let through. Pure."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from msgspec import Struct

from evcharge.runtime.config import Config
from evcharge.runtime.plain import place

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HTTPS = 443
_SOURCES = {
    "openweather": ("api.openweathermap.org",),
    "openmeteo": ("api.open-meteo.com", "geocoding-api.open-meteo.com"),
}


class PortRow(Struct, frozen=True, kw_only=True):
    """One port of a role. `into`: others come in by it, else the role goes out to it. `who` names a sentence.

    `flag` lets others in, where it listens for this PC alone.
    """

    role: str
    into: bool
    host: str
    port: int
    who: str
    flag: str = ""

    @property
    def at(self) -> str:
        """Where it is, as one types it."""
        return place(self.host, self.port)

    @property
    def is_closed(self) -> bool:
        """Whether only this PC reaches it."""
        return self.into and self.host in LOOPBACK


def ports(config: Config) -> list[PortRow]:
    """Return every port, role by role: first those by which others come in."""
    return list(_ports(config))


def _ports(config: Config) -> Iterator[PortRow]:
    registry, central = config.registry, config.central
    yield _in("registry", registry.host, registry.port, "all peers", "--host 0.0.0.0")
    yield _in("central", central.host, central.port, "peers", "--host 0.0.0.0")
    if central.api:
        yield _in("central", central.api_host, central.api_port, "browsers", "--api-host 0.0.0.0")
    for registry_at in config.reach.registries:
        yield from _out("central", _of(registry_at), "to registry")
    yield from _brokers("central", config)
    engine = config.engine
    yield _in("cp-engine", engine.health_host, engine.health_port, "its monitor", "--health-host 0.0.0.0")
    for role in ("cp-engine", "cp-monitor", "driver"):
        for registry_at in config.reach.registries:
            yield from _out(role, _of(registry_at), "to registry")
        for central_at in config.reach.centrals:
            yield from _out(role, central_at, "to central")
        if role == "cp-engine" and engine.live_lane == "kafka":
            yield from _brokers(role, config)
        if role == "cp-monitor":
            yield from _out(role, (config.monitor.engine_host, config.monitor.engine_port), "to engine")
    for api in (config.reach.central_api, *config.reach.other_apis):
        yield from _out("weather", _of(api), "to api")
    yield from _sources(config)


def _in(role: str, host: str, port: int, who: str, flag: str) -> PortRow:
    return PortRow(role=role, into=True, host=host, port=port, who=who, flag=flag)


def _out(role: str, at: tuple[str, int], who: str) -> Iterator[PortRow]:
    yield PortRow(role=role, into=False, host=at[0], port=at[1], who=who)


def _of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (_HTTPS if parts.scheme == "https" else 80)


def _brokers(role: str, config: Config) -> Iterator[PortRow]:
    for broker in filter(None, config.kafka.bootstrap.split(",")):
        host, _, port = broker.rpartition(":")
        yield from _out(role, (host, int(port)), "to brokers")


def _sources(config: Config) -> Iterator[PortRow]:
    settings = config.weather
    if settings.api_url:
        yield from _out("weather", _of(settings.api_url), "to source")
        return
    if settings.source == "simulate" or settings.simulate is not None:
        return
    for name, hosts in _SOURCES.items():
        if settings.source in ("auto", name):
            for host in hosts:
                yield from _out("weather", (host, _HTTPS), "to source")
