"""Settings: one frozen struct per role, from flags, environment, joined.toml, config.toml and defaults, in
that order. joined.toml is what `evcharge join` wrote into the state folder: where the others are.

A key that nobody knows is an error with a suggestion, so that a typing error never passes for a default.
"""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta, Struct, inspect

from evcharge.domain import countries, currency
from evcharge.domain.billing import MAX_SESSION_MWH, parse_cents, parse_price
from evcharge.domain.errors import BadInput, ConfigError
from evcharge.domain.location import Location
from evcharge.runtime import redirects, timezone, toml_file
from evcharge.runtime.plain import parted

PREFIX = "EVCHARGE_"
# Variables that are ours without being settings: they are read where they are needed.
_OTHER_VARIABLES = {f"{PREFIX}{name}" for name in (
    "CONFIG", "ENROLMENT_TOKEN", "CREDENTIAL", "FAILPOINT", "OPERATOR_TOKEN", "ADMIN_PASSWORD",
    "WEATHER_TOKEN", "WEATHER_KEY", "KAFKA_PASSWORD", "DATABASE_PASSWORD", "NOTIFY_TOKEN", "NOTIFY_PASSWORD",
)}  # fmt: skip
_DEFAULT_FILE = Path("config.toml")
JOINED_FILE = "joined.toml"


def _rising(bounds: list[int]) -> object:
    if bounds[0] > bounds[1]:
        raise ValueError
    return bounds


def _tenths(percent: float) -> object:
    # Receipts count in thousandths: a rate that was rounded here would be on all of them.
    if percent != round(percent, 1):
        raise ValueError
    return percent


def _location(text: str) -> object:
    return text == "" or Location.checked(text)


def _country(code: str) -> object:
    if code not in countries.ALPHA_3:
        raise ValueError
    return code


def _text(allowed: str, pattern: str = "", check: Callable[[str], object] | None = None) -> Meta:
    return Meta(pattern=pattern or None, extra={"allowed": allowed, "check": check})


Host = Annotated[str, _text("a host name or an address", r"\A[A-Za-z0-9._:%-]{1,253}\Z")]
Places = Annotated[
    list[Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._:%\[\]-]{1,253}:\d{1,5}\Z")]],
    _text(
        "a list, each of them host:port, such as 10.0.0.6:9002 or [::1]:9002",
        check=lambda places: [parted(place) for place in places],
    ),
]
Url = Annotated[str, _text("an address like https://127.0.0.1:5001", r"\Ahttps://[^\s/?#]+/?\Z")]
WebUrl = Annotated[str, _text("an address like http://127.0.0.1:8000", r"\Ahttps?://[^\s/?#@]+/?\Z")]
MaybeWebUrl = Annotated[
    str, _text("an address like http://127.0.0.1:8000, or nothing", r"\A(https?://[^\s/?#@]+/?)?\Z")
]
LocationName = Annotated[
    str,
    _text(
        "a name of at most 80 characters on one line, or nothing", r"\A[^\x00-\x1f\x7f]{0,200}\Z", _location
    ),
]
FileName = Annotated[str, _text("the name of a file or folder", r"\A[^\x00\r\n]{1,4096}\Z")]
Price = Annotated[str, _text('a price per kWh in quotes, such as "0.25"', check=parse_price)]
Money = Annotated[str, _text('an amount in quotes, such as "12.50", up to 10 000 000', check=parse_cents)]
Port = Annotated[int, Meta(ge=0, le=65535)]
Brokers = Annotated[
    str,
    _text(
        "host:port, or several separated by commas; empty is off",
        r"\A(?:[A-Za-z0-9._-]+:\d{1,5}(?:,(?!\Z)|\Z))*\Z",
    ),
]
Prefix = Annotated[str, _text("up to 40 letters, digits, dots, hyphens", r"\A[A-Za-z0-9.-]{0,40}\Z")]
OptionalText = Annotated[
    str, _text("text of at most 200 characters on one line", r"\A[^\x00-\x1f\x7f]{0,200}\Z")
]
MaybeHook = Annotated[
    str,
    _text("an address like https://ntfy.sh/my-topic, or nothing", r"\A(https?://[^\s/?#@]+/\S{1,400})?\Z"),
]
MailAddress = Annotated[
    str, _text("an address like ana@example.org", r"\A[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}\Z")
]
MaybeMailAddress = Annotated[
    str,
    _text(
        "an address like ana@example.org, or nothing", r"\A([A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190})?\Z"
    ),
]
# A name, an address, or the folder of a socket.
_DATABASE_HOST = r"([A-Za-z0-9._%-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?"
Database = Annotated[
    str,
    _text(
        "an address like postgresql://evcharge@127.0.0.1:5432/evcharge, without a password, or nothing",
        rf"\A(postgresql://[A-Za-z0-9._%-]{{1,100}}@{_DATABASE_HOST}(,{_DATABASE_HOST}){{0,7}}"
        r"/[A-Za-z0-9._%-]{1,100}(\?schema=[a-z_][a-z0-9_]{0,40})?)?\Z",
    ),
]
MemberName = Annotated[
    str,
    _text("up to 40 letters, digits, dots, hyphens and underscores, or nothing", r"\A[A-Za-z0-9._-]{0,40}\Z"),
]
HostPort = Annotated[str, _text("host:port, or nothing", r"\A([A-Za-z0-9._-]{1,253}:\d{1,5})?\Z")]
TimeZone = Annotated[
    str,
    _text(
        'the name of a time zone that this computer knows, such as "Europe/Madrid", or nothing',
        check=lambda name: not name or timezone.zone(name),
    ),
]
CountryCode = Annotated[
    str,
    _text('an ISO 3166 country code, such as "ES"', r"\A[A-Z]{2}\Z", _country),
]
CurrencyCode = Annotated[
    str,
    _text(
        f"an ISO 4217 code of a currency that has hundredths: {', '.join(currency.CODES)}",
        check=currency.currency_of,
    ),
]
PartyId = Annotated[str, _text('three letters or digits, such as "EVC"', r"\A[A-Z0-9]{3}\Z")]
Percent = Annotated[int, Meta(ge=0, le=100)]
VatPercent = Annotated[
    float,
    Meta(
        ge=0,
        le=100,
        extra={"allowed": "a number from 0 to 100, with one decimal at most", "check": _tenths},
    ),
]
Wait = Annotated[float, Meta(ge=0, le=86_400)]
City = Annotated[
    str, _text("a name of 1 to 80 characters on one line", r"\A(?=[^\x00-\x1f\x7f]{1,80}\Z)\S(.*\S)?\Z")
]
# Reports are the only sign of life of the weather service: three of them must fit into `weather_stale_s`.
Reports = Annotated[
    float,
    Meta(
        ge=0.1,
        le=10,
        extra={
            "allowed": "a number from 0.1 to 10: Central reports a service that is silent for 30 s "
            "(to ask the source less often, set min_request_s)"
        },
    ),
]
Celsius = Annotated[float, Meta(ge=-100, le=100)]
MetresPerSecond = Annotated[float, Meta(ge=0, le=150)]
Bounds = Annotated[
    list[Percent],
    Meta(
        min_length=2,
        max_length=2,
        extra={"allowed": "two whole numbers from 0 to 100, the lower first", "check": _rising},
    ),
]


MaybeFolder = Annotated[str, _text("the name of a folder, or nothing", r"\A[^\x00\r\n]{0,4096}\Z")]


class ReachSettings(Struct, frozen=True, kw_only=True):
    """[reach]: where peers find the Registry and Central, and operators Central's API."""

    registry_url: Url = "https://127.0.0.1:5001"
    other_registries: list[Url] = msgspec.field(default_factory=list)
    central_host: Host = "127.0.0.1"
    central_port: Port = 9002
    other_centrals: Places = msgspec.field(default_factory=list)
    central_api: WebUrl = "http://127.0.0.1:8000"
    other_apis: list[WebUrl] = msgspec.field(default_factory=list)

    @property
    def registries(self) -> tuple[str, ...]:
        """Where all Registries are, in the order in which they are asked at first."""
        return (self.registry_url, *self.other_registries)

    @property
    def centrals(self) -> list[tuple[str, int]]:
        """Where all Centrals are, in the order in which a peer dials them at first."""
        return [(self.central_host, self.central_port), *map(parted, self.other_centrals)]


class RegistrySettings(Struct, frozen=True, kw_only=True):
    """[registry]: the HTTPS service. `names` are further host names for its certificate.

    `database` is where its tables lie, if not in the state folder; its password never stands here.
    """

    host: Host = "127.0.0.1"
    port: Port = 5001
    names: list[Host] = msgspec.field(default_factory=list)
    ticket_minutes: Annotated[int, Meta(ge=1, le=1440)] = 15
    database: Database = ""
    database_security: Literal["auto", "tls", "plaintext"] = "auto"
    database_ca_file: OptionalText = ""


class CentralSettings(Struct, frozen=True, kw_only=True):
    """[central]: the control room. Prices and sums are text (billing parses them), in `currency`.

    `database` is where its books lie, if not in the state folder; its password never stands here.
    """

    host: Host = "127.0.0.1"
    port: Port = 9002
    name: MemberName = ""
    timezone: TimeZone = ""
    country_code: CountryCode = "ES"
    party_id: PartyId = "EVC"
    currency: CurrencyCode = "EUR"
    database: Database = ""
    database_security: Literal["auto", "tls", "plaintext"] = "auto"
    database_ca_file: OptionalText = ""
    default_price: Price = "0.25"
    wallets: bool = True
    welcome_credit: Money = "20.00"
    welcome_drivers: Annotated[int, Meta(ge=0, le=1_000_000)] = 2_000
    welcome_per_hour: Annotated[int, Meta(ge=0, le=1_000_000)] = 200
    max_hold: Money = "20.00"
    max_session_kwh: Annotated[int, Meta(ge=1, le=MAX_SESSION_MWH // 1_000_000)] = 100
    max_power_kw: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    max_simulated_speed: Annotated[float, Meta(ge=1, le=100_000)] = 100_000
    max_active_per_driver: Annotated[int, Meta(ge=1, le=1000)] = 1
    plug_within_s: Annotated[int, Meta(ge=1, le=86_400)] = 60
    unplugged_pause_s: Annotated[int, Meta(ge=0, le=3600)] = 60
    manual_start: Literal["confirm", "open"] = "confirm"
    confirm_within_s: Annotated[int, Meta(ge=5, le=300)] = 30
    on_monitor_lost: Literal["finish", "stop"] = "finish"
    max_unauthenticated: Annotated[int, Meta(ge=1, le=65_536)] = 512
    max_unauthenticated_per_address: Annotated[int, Meta(ge=1, le=65_536)] = 128
    api: bool = True
    api_host: Host = "127.0.0.1"
    api_port: Port = 8000
    requests_per_s: Annotated[int, Meta(ge=1, le=1_000_000)] = 200
    web_session_hours: Annotated[int, Meta(ge=1, le=720)] = 12
    web_dev: bool = False
    weather_stale_s: Annotated[float, Meta(ge=1, le=86_400)] = 30.0


class NetworkSettings(Struct, frozen=True, kw_only=True):
    """[network]: who runs it, as receipts say it, and the VAT of prices, for charges that end from now on."""

    operator: OptionalText = ""
    tax_id: OptionalText = ""
    address: OptionalText = ""
    vat_percent: VatPercent = 0.0


class EngineSettings(Struct, frozen=True, kw_only=True):
    """[engine]: one charging point and the simulated car that stands at it."""

    health_host: Host = "127.0.0.1"
    health_port: Port = 9101
    location: LocationName = ""
    speed: Annotated[float, Meta(ge=0.01, le=100_000)] = 1.0
    battery_kwh: Annotated[float, Meta(ge=1, le=1000)] = 50.0
    max_power_kw: Annotated[float, Meta(ge=0.1, le=1000)] = 22.0
    arrival_percent: Bounds = msgspec.field(default_factory=lambda: [40, 70])
    auto_plug_s: Wait | None = None
    auto_unplug_s: Wait | None = None
    plan: FileName | None = None
    live_lane: Literal["stream", "kafka"] = "stream"


class MonitorSettings(Struct, frozen=True, kw_only=True):
    """[monitor]: where its engine answers, and how often it is asked."""

    engine_host: Host = "127.0.0.1"
    engine_port: Port = 9101
    ping_s: Annotated[float, Meta(ge=0.05, le=60)] = 1.0


class DriverSettings(Struct, frozen=True, kw_only=True):
    """[driver]: the pause between the services of a file, and that file; `chaos` is the seed of a faulty one."""

    pause_s: Wait = 4.0
    file: FileName | None = None
    chaos: Annotated[int, Meta(ge=0, le=2**31)] | None = None


class KafkaSettings(Struct, frozen=True, kw_only=True):
    """[kafka]: the brokers that events go to. Off without `bootstrap`. Its password never stands here."""

    bootstrap: Brokers = ""
    prefix: Prefix = ""
    partitions: Annotated[int, Meta(ge=1, le=1000)] = 6
    replication: Annotated[int, Meta(ge=1, le=10)] = 1
    security: Literal["plaintext", "tls", "sasl_plaintext", "sasl_tls"] = "plaintext"
    mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    user: OptionalText = ""
    ca_file: OptionalText = ""


class NotifySettings(Struct, frozen=True, kw_only=True):
    """[notify]: who is told beyond the screens. Token and password never stand here.

    `lang` "": that of the network.
    """

    # What `labels.PAGE_LANGUAGES` are.
    lang: Literal["", "en", "es", "de", "fr", "pt", "ca"] = ""
    webhook: MaybeHook = ""
    ntfy: MaybeHook = ""
    mail_to: list[MailAddress] = msgspec.field(default_factory=list)
    mail_from: MaybeMailAddress = ""
    smtp: HostPort = ""
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: OptionalText = ""
    point_after_s: Annotated[float, Meta(ge=0, le=86_400)] = 10.0
    alert_after_s: Annotated[float, Meta(ge=0, le=86_400)] = 300.0


class WeatherSettings(Struct, frozen=True, kw_only=True):
    """[weather]: the service that reports the weather. Its key is a secret, and no setting."""

    source: Literal["auto", "openweather", "openmeteo", "simulate"] = "auto"
    simulate: FileName | None = None
    every_s: Reports = 4.0
    min_request_s: Annotated[float, Meta(ge=0, le=3600)] = 4.0
    api_url: MaybeWebUrl = ""
    cities: list[City] = msgspec.field(default_factory=list)
    cold_below: Celsius = 0.0
    cold_clear: Celsius = 1.0
    heat_above: Celsius = 40.0
    heat_clear: Celsius = 38.0
    wind_above: MetresPerSecond = 20.0
    wind_clear: MetresPerSecond = 17.0
    storm: bool = True


class SecuritySettings(Struct, frozen=True, kw_only=True):
    """[security]: with what Central seals the frames of peers that know both."""

    frames: Literal["fernet", "aes-gcm"] = "fernet"


class LogSettings(Struct, frozen=True, kw_only=True):
    """[log]: how a role writes its lines."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Struct, frozen=True, kw_only=True):
    """Everything a role may want to know; each reads its own section."""

    state: Path = Path(".evcharge")
    lang: Literal["en", "es"] = "en"
    health: MaybeFolder = ""
    reach: ReachSettings = msgspec.field(default_factory=ReachSettings)
    registry: RegistrySettings = msgspec.field(default_factory=RegistrySettings)
    central: CentralSettings = msgspec.field(default_factory=CentralSettings)
    network: NetworkSettings = msgspec.field(default_factory=NetworkSettings)
    engine: EngineSettings = msgspec.field(default_factory=EngineSettings)
    monitor: MonitorSettings = msgspec.field(default_factory=MonitorSettings)
    driver: DriverSettings = msgspec.field(default_factory=DriverSettings)
    weather: WeatherSettings = msgspec.field(default_factory=WeatherSettings)
    kafka: KafkaSettings = msgspec.field(default_factory=KafkaSettings)
    notify: NotifySettings = msgspec.field(default_factory=NotifySettings)
    security: SecuritySettings = msgspec.field(default_factory=SecuritySettings)
    log: LogSettings = msgspec.field(default_factory=LogSettings)

    @property
    def health_folder(self) -> Path:
        """Where running processes have their health sockets."""
        return Path(self.health) if self.health else self.state / "health"


SECTIONS: dict[str, type[Struct]] = {
    field.name: field.type
    for field in msgspec.structs.fields(Config)
    if isinstance(field.type, type) and issubclass(field.type, Struct)
}


@cache
def keys() -> dict[str, Any]:
    """Return the type of every key: "lang", "central.port" and so on."""
    known: dict[str, Any] = {"state": FileName, "lang": Literal["en", "es"], "health": MaybeFolder}
    for section, struct in SECTIONS.items():
        known |= {f"{section}.{field.name}": field.type for field in msgspec.structs.fields(struct)}
    return known


def variable(key: str) -> str:
    """Return the environment variable of `key`: "central.port" is EVCHARGE_CENTRAL__PORT."""
    return PREFIX + key.replace(".", "__").upper()


def load(config_file: Path | None, environ: Mapping[str, str], flags: Mapping[str, Any]) -> Config:
    """Return the settings: flags (keyed like "central.port"; None is not given), else environment, else
    joined.toml of the state folder ([reach] only), else file, else defaults. Without `config_file`,
    EVCHARGE_CONFIG names it, or ./config.toml is it when it exists.

    Raises ConfigError naming file and line, variable or flag, and what is allowed there; also when what nobody named
    would redirect secrets (`redirects`).
    """
    path = _file_name(config_file, environ)
    is_named = config_file is not None or bool(environ.get("EVCHARGE_CONFIG"))
    in_file = _from_file(path)
    nearer = _from_environment(environ)
    for key, value in flags.items():
        if value is not None:
            nearer[key] = _placed("command line", key, value)
    state = _folder((in_file | nearer).get("state", str(Config().state)))
    joined = from_joined(state)
    if path is not None and not is_named:
        redirects.check_file(path, _only_in(in_file, nearer | joined), state, environ)
    if "state" not in nearer and not (is_named and "state" in in_file):
        redirects.check_joined(state / JOINED_FILE, _only_in(joined, nearer), environ)
    given = in_file | joined | nearer
    parts: dict[str, Any] = {
        section: struct(**{k.partition(".")[2]: v for k, v in given.items() if k.startswith(f"{section}.")})
        for section, struct in SECTIONS.items()
    }
    parts |= {key: given[key] for key in ("lang", "health") if key in given}
    return Config(state=state, **parts)


def _only_in(given: Mapping[str, Any], nearer: Mapping[str, Any]) -> list[str]:
    """Return the keys to which `given` alone gives another value than the default."""
    return [key for key, value in given.items() if key not in nearer and value != _default(key)]


def _default(key: str) -> Any:
    section, _, name = key.rpartition(".")
    return getattr(SECTIONS[section]() if section else Config(), name)


def from_joined(state: Path) -> dict[str, Any]:
    """Return the keys of [reach] that `evcharge join` left in `state`, if any. Raises ConfigError."""
    path = state / JOINED_FILE
    try:
        if not path.exists():
            return {}
    except OSError:
        # The folder of somebody else: the role finds that out, and says so.
        return {}
    known = [key for key in keys() if key.startswith("reach.")]
    return _entries(path, known)


def _folder(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise ConfigError(f"state folder {name!a}: that user's home folder is not known") from None


def parse(key: str, value: Any, *, from_text: bool = True) -> Any:
    """Return `value` as `key` wants it; with `from_text`, a str may stand for a number, a truth or a list.

    Raises ConfigError saying what is allowed, without saying where the value came from.
    """
    wanted = keys()[key]
    kind, extra = _unwrap(inspect.type_info(wanted))
    try:
        if from_text and isinstance(value, str) and isinstance(kind, inspect.ListType):
            value = [part.strip() for part in value.split(",") if part.strip()]
        result = msgspec.convert(
            str(value) if isinstance(value, Path) else value, wanted, strict=not from_text
        )
        if result is not None and (check := extra.get("check")):
            check(result)
    except (ValueError, BadInput):
        name = key.rpartition(".")[2]
        raise ConfigError(f"`{name}` is {_shown(value)}; it must be {_allowed(kind, extra)}") from None
    return result


def _unwrap(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    # "X or None" is X for people: None is what an absent key means.
    if isinstance(kind, inspect.UnionType):
        kind = next(part for part in kind.types if not isinstance(part, inspect.NoneType))
    if isinstance(kind, inspect.Metadata):
        return kind.type, kind.extra or {}
    return kind, {}


def _allowed(kind: inspect.Type, extra: dict[str, Any]) -> str:
    match kind:
        case _ if "allowed" in extra:
            return cast(str, extra["allowed"])
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType():
            return " or ".join(f'"{word}"' for word in sorted(map(str, kind.values)))
        case inspect.ListType():
            return f"a list, each item {_allowed(*_unwrap(kind.item_type))}"
        case inspect.IntType():
            return f"a whole number from {kind.ge} to {kind.le}"
        case inspect.FloatType():
            return f"a number from {kind.ge:g} to {kind.le:g}"
        case _:
            return "text"


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:60] + "…"


def _placed(place: str, key: str, value: Any, *, from_text: bool = True) -> Any:
    try:
        return parse(key, value, from_text=from_text)
    except ConfigError as problem:
        raise ConfigError(f"{place}: {problem.text}") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    names = {variable(key): key for key in keys()}
    given = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in _OTHER_VARIABLES:
            continue
        if name not in names:
            hint = toml_file.did_you_mean(name.upper(), [*names, *_OTHER_VARIABLES])
            raise ConfigError(f"unknown environment variable {ascii(name)[1:-1]}{hint}")
        # Empty is "not given": compose files and shells pass on what is not set that way.
        if environ[name]:
            given[names[name]] = _placed(f"environment variable {name}", names[name], environ[name])
    return given


def _file_name(config_file: Path | None, environ: Mapping[str, str]) -> Path | None:
    if config_file is None and environ.get("EVCHARGE_CONFIG"):
        config_file = Path(environ["EVCHARGE_CONFIG"])
    if config_file is None and _DEFAULT_FILE.exists():
        config_file = _DEFAULT_FILE
    return config_file


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    return _entries(path, keys())


def _entries(path: Path, known: Collection[str]) -> dict[str, Any]:
    return {
        entry.key: _placed(entry.place, entry.key, entry.value, from_text=False)
        for entry in toml_file.read(path, known)
    }
