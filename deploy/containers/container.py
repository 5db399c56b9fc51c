"""What a container of compose.yaml does before it is a role of evcharge: it finds who it is, and gets its key.

    init                 make keys and the first administrator, and hand each service what it needs, and no more
    invite [KIND WHO]... make join tokens: WHO is an id, or how many (cp 6, driver D09); alone, for all of this network
    registry, central    be that role, as soon as there are keys
    central-b            be the second Central, with a copy of the first one's keys
    registry-b           be the second Registry, likewise
    engine, monitor      be one of several: CP003 is the third container of its service
    migrate [registry]   move the books, or the Registry's, from the file into the PostgreSQL that is set; whose they
                         are is stopped
    driver [ID]          the same for drivers; with an ID, by hand
    weather              be the weather service
    figures              make the token with which Prometheus reads Central's figures
    greet                wait until the network stands, then say where it is and how to log in

No secret is in the image or in compose.yaml: `init` and `invite` make them, into volumes.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import secrets
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NoReturn, TypeVar

from cryptography import x509

from evcharge.domain.errors import EvchargeError, Overloaded
from evcharge.joining import joining
from evcharge.joining.token import BadToken, decode
from evcharge.labels import Speech
from evcharge.labels.join import SENTENCES as JOINING
from evcharge.labels.operator import SENTENCES as OPERATING
from evcharge.operator.admin import Admin
from evcharge.operator.client import OperatorClient
from evcharge.operator.registering import as_administrator
from evcharge.runtime import config as settings
from evcharge.runtime.config import Config
from evcharge.security import secret_files
from evcharge.security.certificates import names_of
from evcharge.storage.postgres_place import CENTRAL, PASSWORD_FILE, REGISTRY, Place

Kind = Literal["cp", "driver"]
Result = TypeVar("Result")

ROOT = Path("/var/lib/evcharge")
# One volume for each: what Registry and Central share; what the weather service needs; and so on.
NETWORK, WEATHER, TOKENS, FIGURES = (ROOT / name for name in ("network", "weather", "tokens", "figures"))
POINTS, DRIVERS = ROOT / "points", ROOT / "drivers"
# Where PostgreSQL beside us finds its password; and where the second Central sees the volume of the first.
DATABASE, FIRST = ROOT / "database", ROOT / "first"
OWN_POSTGRES = "postgres"
# What all Centrals of a network must have the same of.
KEYS = (
    "ca.pem", "central.pem", "central.key", "service.key", "operator.token", "weather.token", "central/resume.key",
    "central/pin.key",
)  # fmt: skip
# The same of all Registries.
REGISTRY_KEYS = ("ca.pem", "registry.pem", "registry.key", "service.key", "enrolment.token")
CITIES = ("Alicante", "Elche", "Alcoy", "Benidorm", "Orihuela", "Torrevieja")
CP, DRIVER = "CP{:03d}", "D{:02d}"
WITHIN_S = 120.0
_TTL_S = 7 * 86_400
_EVERY_S = 0.5
# The end of the name that Compose gives to one of several: evcharge-engine-3, or with underscores.
_NUMBERED = re.compile(r"(?P<service>[a-z]+)(?P<mark>[-_])(?P<number>[0-9]+)\Z")
_SHOWN = re.compile(r"^.*(?:the password|la contraseña) (\S+)$", re.MULTILINE)

WORDS = {
    "stands": ("The network stands: {count} charging points are available.",
               "La red está en marcha: {count} puntos de recarga disponibles."),
    "waits": ("Registry and Central stand. Charging points come from other PCs, with tokens of the service invite.",
              "Registry y Central están en marcha. Los puntos de recarga vienen de otros PC, con tokens de invite."),
    "not all": ("{count} of {wanted} charging points are available so far: docker compose logs says why.",
                "Hay {count} de {wanted} puntos de recarga disponibles: docker compose logs dice por qué."),
    "pages": ("Pages", "Páginas"),
    "login": ("Login", "Acceso"),
    "who": ("{who}, password {password}", "{who}, contraseña {password}"),
    "known": ("admin, with the password that was shown when the network was made",
              "admin, con la contraseña que se mostró al crear la red"),
    "warns": ("Your browser will warn once: the certificate is signed by this network's own CA.",
              "El navegador avisará una vez: el certificado lo firma la CA de esta red."),
    "no name": (
        "This container cannot tell which of several it is. Start it by compose.yaml, or name it: NAME=CP001.",
        "Este contenedor no sabe cuál es de varios. Arránquelo con compose.yaml o nómbrelo: NAME=CP001.",
    ),
    "no token": (
        "No join token for {id} in {path}. Make one where the Registry is: docker compose run --rm invite {kind} {id}",
        "No hay token para {id} en {path}. Haga uno donde está el Registry: docker compose run --rm invite {kind} {id}",
    ),
    "no keys": ("{path} is not there: docker compose logs init says why.",
                "Falta {path}: docker compose logs init dice por qué."),
    "no database": (
        "{place} does not answer. Beside us it is in the profile postgres: docker compose logs postgres says why.",
        "{place} no responde. Aquí está en el perfil postgres: docker compose logs postgres dice por qué.",
    ),
    "a file": (
        "This needs PostgreSQL: docker compose --env-file deploy/postgres.env (two-centrals.env, two-registries.env) …",
        "Necesita PostgreSQL: docker compose --env-file deploy/postgres.env … (o two-centrals.env, two-registries.env)",
    ),
    "waiting": ("Waiting for a join token for {id}.", "Esperando un token para {id}."),
}  # fmt: skip


class Trouble(Exception):
    """Something that a person must put right; one sentence."""


def say(name: str, **values: object) -> str:
    """Return a sentence in the language of this container."""
    return WORDS[name][os.environ.get("EVCHARGE_LANG") == "es"].format_map(values)


def load(state: Path) -> Config:
    """Return the settings of this container for a state folder."""
    return settings.load(None, os.environ, {"state": str(state)})


def evcharge(*args: str, state: Path) -> NoReturn:
    """Be `evcharge ARGS` from now on: the same process, so that signals reach it."""
    os.execvp("evcharge", ["evcharge", *args, "--state", str(state)])  # noqa: S606, S607  ours, from this image


# ---- which of several


def own_name() -> str:
    """Return the name of this container, as the name server of its network knows it. Raises Trouble."""
    lines = Path("/etc/resolv.conf").read_text("utf-8").splitlines()
    servers = [line.split()[1] for line in lines if line.startswith("nameserver ")]
    own = socket.gethostbyname(socket.gethostname())
    for server in servers:
        for name in _names_of(own, server):
            if _NUMBERED.search(name):
                return name
    raise Trouble(say("no name"))


def _names_of(address: str, server: str) -> list[str]:
    # The resolver of the C library would answer out of /etc/hosts, where only the container's id stands.
    labels = [*reversed(address.split(".")), "in-addr", "arpa"]
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    question = struct.pack(">6H", secrets.randbits(16), 0x0100, 1, 0, 0, 0) + name + struct.pack(">2H", 12, 1)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as caller:
            caller.settimeout(5)
            caller.connect((server, 53))
            caller.send(question)
            answer = caller.recv(4096)
    except OSError:
        return []
    return names_in(answer, question)


def names_in(answer: bytes, question: bytes) -> list[str]:
    """Return the first labels of the names in the answer of a name server; none from one that is not to `question`."""
    if answer[:2] != question[:2] or len(answer) < 12:
        return []
    found, at = [], len(question)
    with contextlib.suppress(IndexError, struct.error, UnicodeDecodeError):
        for _ in range(struct.unpack(">H", answer[6:8])[0]):
            at = _after_name(answer, at)
            kind, _class, _ttl, length = struct.unpack(">2HIH", answer[at : at + 10])
            at += 10
            if at + length > len(answer):
                break
            if kind == 12:
                found.append(answer[at + 1 : at + 1 + answer[at]].decode("ascii"))
            at += length
    return found


def _after_name(packet: bytes, at: int) -> int:
    while packet[at]:
        if packet[at] >= 0xC0:
            return at + 2
        at += 1 + packet[at]
    return at + 1


def numbered(form: str) -> str:
    """Return the id of this container: NAME, else `form` with its number, such as CP003. Raises Trouble."""
    if given := os.environ.get("NAME"):
        return given
    found = _NUMBERED.search(own_name())
    return form.format(int(found["number"]) if found else 0)


def neighbour(service: str) -> str:
    """Return the name of the container of `service` with our number: where this monitor's engine is."""
    if given := os.environ.get("ENGINE"):
        return given
    name = own_name()
    found = _NUMBERED.search(name)
    return name if found is None else f"{name[: found.start()]}{service}{found['mark']}{found['number']}"


# ---- keys


def init() -> None:
    """Make what the network's volume lacks, and give the weather service its part; while the network runs, nothing."""
    config = load(NETWORK)
    lacks = _lacking(NETWORK / "central.pem", config.registry.names) if _made().exists() else []
    password_of_database(config)
    if not _made().exists() or lacks:
        database_answers(config)
        is_new = not (NETWORK / "ca.key").exists()
        args = [part for name in lacks for part in ("--add-name", name)]
        command = ["evcharge", "init", "--state", str(NETWORK), *args]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603  from this image
        if shown := _SHOWN.search(done.stdout):
            secret_files.replace_secret(_password(), shown[1])
        # The password is told at the end, by `greet`; not twice.
        print(done.stdout[: shown.start()] if shown else done.stdout, end="", flush=True)
        if done.returncode:
            if is_new:
                _forget()
            sys.exit(done.returncode)
    _hand_over(NETWORK / "ca.pem", WEATHER / "ca.pem", 0o644)
    _hand_over(NETWORK / "weather.token", WEATHER / "weather.token")
    _made().touch(mode=0o600)


def _forget() -> None:
    """Take away a network that was made by half: nobody has seen its keys yet, and its passwords would differ."""
    for path in sorted(NETWORK.rglob("*"), reverse=True):
        if path.is_dir():
            with contextlib.suppress(OSError):
                path.rmdir()
        elif path.name != PASSWORD_FILE:
            path.unlink()


def _made() -> Path:
    """Return the file that says that all keys are there: the others wait for it, whatever starts first."""
    return NETWORK / ".made"


def password_of_database(config: Config) -> None:
    """Make the password of the PostgreSQL that runs beside us, once; of one elsewhere somebody brings it."""
    sections = [name for name, place in _places(config) if OWN_POSTGRES in (host for host, _ in place.hosts)]
    if sections:
        kept = NETWORK / CENTRAL / PASSWORD_FILE
        secret_files.kept_secret(kept, secrets.token_urlsafe(24))
        if REGISTRY in sections:
            _hand_over(kept, NETWORK / REGISTRY / PASSWORD_FILE)
        # PostgreSQL runs as another user; only `init` mounts this volume besides.
        _hand_over(kept, DATABASE / "password", 0o644)


def _places(config: Config) -> list[tuple[str, Place]]:
    """Return whose tables are in a PostgreSQL, and where."""
    urls = ((CENTRAL, config.central.database), (REGISTRY, config.registry.database))
    return [(section, Place(url=url, section=section)) for section, url in urls if url]


def database_answers(config: Config) -> None:
    """Wait until the PostgreSQL of the books accepts a connection; nothing where they are a file. Raises Trouble."""
    for _, place in _places(config):
        _answers(place)


def _answers(place: Place) -> None:
    if any(host.startswith("/") for host, _ in place.hosts):
        return
    deadline = time.monotonic() + WITHIN_S
    while True:
        for at in place.hosts:
            with contextlib.suppress(OSError), socket.create_connection(at, timeout=5):
                return
        if time.monotonic() > deadline:
            raise Trouble(say("no database", place=place))
        time.sleep(_EVERY_S)


def keys_are_there(*files: Path) -> None:
    """Wait until `init` has made `files`. Raises Trouble."""
    deadline = time.monotonic() + WITHIN_S
    while missing := [file for file in files if not file.exists()]:
        if time.monotonic() > deadline:
            raise Trouble(say("no keys", path=missing[0]))
        time.sleep(_EVERY_S)


def _lacking(pem: Path, wanted: list[str]) -> list[str]:
    there = names_of(x509.load_pem_x509_certificate(pem.read_bytes()))
    return [name for name in wanted if name not in there]


def _password() -> Path:
    return NETWORK / "admin.password"


def _hand_over(source: Path, target: Path, mode: int = 0o600) -> None:
    secret_files.replace_secret(target, source.read_text("ascii").strip(), mode)


# ---- joining


def invite(wanted: list[str]) -> None:
    """Print a join token for each of `wanted`; without any, write one for everybody who is not registered yet."""
    keys_are_there(_made())
    config = load(NETWORK)
    if (password := _read(_password())) is not None:
        os.environ["EVCHARGE_ADMIN_PASSWORD"] = password
    speech = Speech(JOINING, config.lang)

    async def make(admin: Admin) -> dict[str, str]:
        registered = {one["cp_id"] for one in await admin.every("cp")}
        registered |= {one["driver_id"] for one in await admin.every("driver")}
        made = {}
        for kind, id_, named in asked(wanted):
            # A new token voids the key of whoever is registered, so that one must be named.
            if id_ not in registered or named:
                location = _city(id_) if kind == "cp" and id_ not in registered else ""
                one = await joining.invite(
                    config, admin.invite, kind, id_, speech, location=location, ttl_s=_TTL_S
                )
                made[id_] = one.token
        return made

    made = _until_there(lambda: as_administrator(config, "admin", make))
    for id_, token in made.items():
        if wanted:
            print(token)
        # On the PC of a lab nobody joins from a volume here: the tokens are carried to the others.
        if os.access(TOKENS, os.W_OK):
            secret_files.replace_secret(TOKENS / id_, token)


def asked(wanted: list[str]) -> Iterator[tuple[Kind, str, bool]]:
    """Yield who is to be invited: kind, id, whether it was named. Raises Trouble."""
    counts = wanted or ["cp", os.environ.get("POINTS") or "6", "driver", os.environ.get("DRIVERS") or "3"]
    for kind, who in zip(counts[::2], counts[1::2], strict=True):
        if kind not in ("cp", "driver"):
            raise Trouble(f"{kind!a}: cp or driver")
        known: Kind = "cp" if kind == "cp" else "driver"
        if who.isdecimal():
            form = CP if known == "cp" else DRIVER
            yield from ((known, form.format(number), False) for number in range(1, int(who) + 1))
        else:
            yield known, who.upper(), True


def _city(cp_id: str) -> str:
    number = re.search(r"[0-9]+", cp_id)
    return CITIES[(int(number[0]) - 1) % len(CITIES)] if number is not None else CITIES[0]


def join(state: Path, kind: Kind, id_: str, within_s: float = WITHIN_S) -> None:
    """Have `id_` join from `state` with its token, unless it has its key. Raises Trouble when none comes `within_s`."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Engine and monitor of a charging point share its key, and start at the same time.
    with (state / ".joining").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if joining.credential_path(state, kind, id_).exists():
            return
        config = load(state)
        token = join_token(kind, id_, within_s)
        _until_there(lambda: asyncio.run(joining.join(state, decode(token), Speech(JOINING, config.lang))))


def join_token(kind: Kind, id_: str, within_s: float) -> str:
    """Return the token of `id_`, which may come within so many seconds. Raises Trouble."""
    deadline, told = time.monotonic() + within_s, False
    while True:
        if (token := _read(TOKENS / id_)) is not None:
            return token
        for line in reversed(_lines(_brought())):
            with contextlib.suppress(BadToken):
                if decode(line).id == id_:
                    return line
        if time.monotonic() > deadline or _brought().exists():
            raise Trouble(
                say("no token", id=id_, kind=kind, path=_brought() if _brought().exists() else TOKENS)
            )
        if not told:
            print(say("waiting", id=id_), file=sys.stderr, flush=True)
            told = True
        time.sleep(_EVERY_S)


def _brought() -> Path:
    """Return the file of tokens that a person brought from the PC of the Registry, one a line."""
    return Path(os.environ.get("TOKENS_FILE") or "/run/tokens")


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except OSError:
        return []


def _read(path: Path) -> str | None:
    return secret_files.read_secret(path) if path.exists() else None


def _until_there(act: Callable[[], Result]) -> Result:
    """Do it, again and again while the Registry or Central is not there yet."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            return act()
        except Overloaded:
            if time.monotonic() > deadline:
                raise
        time.sleep(_EVERY_S)


# ---- roles of which there are several


def engine() -> NoReturn:
    """Be the engine of the charging point with the number of this container."""
    id_ = numbered(CP)
    join(POINTS / id_, "cp", id_)
    # Its monitor is in another container.
    evcharge("cp-engine", id_, "--health-host", "0.0.0.0", state=POINTS / id_)  # noqa: S104


def monitor() -> NoReturn:
    """Be the monitor of the charging point with the number of this container."""
    id_, host = numbered(CP), neighbour("engine")
    join(POINTS / id_, "cp", id_)
    evcharge("cp-monitor", id_, "--engine", f"{host}:9101", state=POINTS / id_)


def driver(given: list[str]) -> NoReturn:
    """Be driver `given`, by hand; without one, the driver with the number of this container, from a file."""
    id_ = given[0].upper() if given else numbered(DRIVER)
    # A person who names a driver that nobody invited should hear so soon.
    join(DRIVERS / id_, "driver", id_, 10.0 if given else WITHIN_S)
    services: tuple[str, ...] = ()
    if not given:
        points, first = int(os.environ.get("POINTS") or 6), int(re.sub(r"\D", "", id_) or 1)
        file = Path("/tmp/services.txt")  # noqa: S108  a file system of this container alone
        # Each driver begins at another charging point.
        file.write_text("".join(f"{CP.format((first + turn - 1) % points + 1)}\n" for turn in range(10)))
        services = ("--file", str(file))
    evcharge("driver", id_, *services, *given[1:], state=DRIVERS / id_)


def server(role: str, args: list[str]) -> NoReturn:
    """Be the Registry or Central, as soon as there are keys."""
    keys_are_there(_made())
    database_answers(load(NETWORK))
    evcharge(role, "--host", "0.0.0.0", *args, state=NETWORK)  # noqa: S104  the network of these containers


def migrate(section: str = CENTRAL) -> NoReturn:
    """Move the books from the file into PostgreSQL. Raises Trouble."""
    places = dict(_places(load(NETWORK)))
    if section not in places:
        raise Trouble(say("a file"))
    _answers(places[section])
    evcharge("migrate", "--books", section, "--to", places[section].url, state=NETWORK)


def second_central(args: list[str]) -> NoReturn:
    """Be another Central on the same books, with the keys that the first one has now. Raises Trouble."""
    _take_keys(CENTRAL, KEYS)
    server("central", args)


def second_registry(args: list[str]) -> NoReturn:
    """Be another Registry on the same tables, with the keys that the first one has now. Raises Trouble."""
    _take_keys(REGISTRY, REGISTRY_KEYS)
    server("registry", args)


def _take_keys(section: str, keys: Sequence[str]) -> None:
    keys_are_there(FIRST / _made().name)
    if section not in dict(_places(load(NETWORK))):
        raise Trouble(say("a file"))
    for name in (*keys, f"{section}/{PASSWORD_FILE}"):
        if name in keys or (FIRST / name).exists():
            _hand_over(FIRST / name, NETWORK / name)
    _made().touch(mode=0o600)


def weather() -> NoReturn:
    """Be the weather service: with the source of WEATHER, or the timeline of the image when that is `simulate`."""
    keys_are_there(WEATHER / "weather.token")
    source = os.environ.get("WEATHER") or "auto"
    timeline = ("--simulate", str(Path(__file__).with_name("front.txt"))) if source == "simulate" else ()
    evcharge("weather", "--source", source, *timeline, state=WEATHER)


# ---- what people and programs look at


def figures() -> None:
    """Make the token with which Prometheus reads Central's figures, and lay it where Prometheus looks."""
    keys_are_there(_made())
    config = load(NETWORK)
    token = FIGURES / "token"
    # Prometheus runs as another user, in another image; nothing else mounts this volume.
    _hand_over(NETWORK / "ca.pem", FIGURES / "ca.pem", 0o644)
    if token.exists():
        return
    api = OperatorClient(config.reach, config.state, Speech(OPERATING, config.lang))

    async def make() -> str:
        name = f"prometheus-{secrets.token_hex(3)}"
        made = await api.post("/api/tokens", {"name": name, "role": "viewer"})
        return str(made["token"])

    secret_files.replace_secret(token, _until_there(lambda: asyncio.run(make())), 0o644)


def greet() -> None:
    """Wait until every charging point is available; then say where the pages are, and how to log in."""
    keys_are_there(_made())
    config = load(NETWORK)
    wanted, deadline = int(os.environ.get("POINTS") or 6), time.monotonic() + WITHIN_S
    api = OperatorClient(config.reach, config.state, Speech(OPERATING, config.lang))
    count = -1
    while count < wanted and time.monotonic() < deadline:
        time.sleep(_EVERY_S)
        with contextlib.suppress(EvchargeError):
            cps = _until_there(lambda: asyncio.run(api.points()))["cps"]
            count = sum(one["status"] in ("Available", "Charging", "Preparing", "Finishing") for one in cps)
    password = _read(_password())
    address = os.environ.get("PAGES") or "https://localhost:8000"
    rows = [
        (say("pages"), f"{address}/"),
        (say("login"), say("who", who="admin", password=password) if password else say("known")),
    ]
    news = "waits" if not wanted else "stands" if count >= wanted else "not all"
    print(f"\n{say(news, count=count, wanted=wanted)}\n")
    print(*(f"  {what:<16} {value}" for what, value in rows), sep="\n")
    print(f"\n  {say('warns')}\n", flush=True)


def main(args: list[str]) -> None:
    """Do what the first of `args` says; anything else is a command of evcharge."""
    plain = {
        "init": init,
        "engine": engine,
        "monitor": monitor,
        "weather": weather,
        "figures": figures,
        "greet": greet,
    }
    os.umask(0o077)
    try:
        match args:
            case [name] if name in plain:
                plain[name]()
            case ["invite", *wanted]:
                invite(wanted)
            case ["registry" | "central" as role, *given]:
                server(role, given)
            case ["migrate"]:
                migrate()
            case ["migrate", "registry"]:
                migrate(REGISTRY)
            case ["registry-b", *given]:
                second_registry(given)
            case ["central-b", *given]:
                second_central(given)
            case ["driver", *given]:
                driver(given)
            case _:
                sys.exit(f"container: {' '.join(args)!a}: {__doc__}")
    except EvchargeError as problem:
        sys.exit(f"evcharge: {problem.text}")
    except Trouble as problem:
        sys.exit(f"evcharge: {problem}")


if __name__ == "__main__":
    main(sys.argv[1:])
