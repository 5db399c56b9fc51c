"""Where PostgreSQL is, how we get there, and with which password: without its library, which is an extra."""

import contextlib
import importlib.util
import os
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote

from evcharge.domain.errors import StateError
from evcharge.runtime import files
from evcharge.runtime.config import Config

PASSWORD_FILE = "database.password"  # noqa: S105  its name, not the password
# Beside the books: where they are when they are not here.
ELSEWHERE = "database.place"
# After the name of a file of books: where they are being moved. Until that is over nobody begins with the file.
MOVING = ".moving"
PASSWORD_VARIABLE = "EVCHARGE_DATABASE_PASSWORD"  # noqa: S105
_MOST_BYTES = 4096
CENTRAL, REGISTRY = "central", "registry"
# Where their tables lie when the address does not say: both may be in one database.
_SCHEMAS = {CENTRAL: "public", REGISTRY: "registry"}
_LOCAL = ("", "localhost", "127.0.0.1", "::1")
# Not urlsplit: of several hosts it takes none in brackets.
_URL = re.compile(
    r"postgres(?:ql)?://(?:(?P<user>[^@/:]*)[^@/]*@)?(?P<hosts>[^/]*)/?(?P<name>[^?]*)\??(?P<query>.*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the database is: "postgresql://user@host:port/name?schema=name". `security`: auto, tls or plaintext.

    Several "host:port" are separated by commas: whichever is the primary. `password` counts before what `password_file`
    holds. `section` of the settings says whose tables they are.
    """

    url: str
    password: str | None = None
    password_file: Path | None = None
    security: str = "auto"
    ca_file: str = ""
    section: str = CENTRAL

    @property
    def hosts(self) -> list[tuple[str, int]]:
        """Each host, or folder of a socket, with its port."""
        return [_host(one) for one in self._part("hosts").split(",")]

    @property
    def user(self) -> str:
        """As whom we log in."""
        return unquote(self._part("user"))

    @property
    def database(self) -> str:
        """The name of the database."""
        return unquote(self._part("name"))

    @property
    def schema(self) -> str:
        """The schema of the tables in that database."""
        return parse_qs(self._part("query")).get("schema", [_SCHEMAS[self.section]])[0]

    def _part(self, name: str) -> str:
        found = _URL.fullmatch(self.url)
        return (found[name] or "") if found is not None else ""

    def __str__(self) -> str:
        schema = "" if self.schema == "public" else f", schema {self.schema}"
        at = ", ".join(dict.fromkeys(host or "localhost" for host, _ in self.hosts))
        return f"PostgreSQL (database {self.database} at {at}{schema})"

    def secret(self) -> str | None:
        """Return the password as it is now: its file may be given another one while Central runs."""
        if self.password is not None or self.password_file is None:
            return self.password
        with contextlib.suppress(StateError):
            return _kept(self.password_file)
        return None  # the login fails, and says so

    def tls(self, host: str) -> ssl.SSLContext | None:
        """Return how the certificate of `host` is checked: it names it. None: in the clear. Raises StateError."""
        is_local = host in _LOCAL or host.startswith("/")
        if self.security == "plaintext" or (self.security == "auto" and is_local and not self.ca_file):
            return None
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)
        except OSError:
            raise StateError(f"{self.ca_file} is not a readable file of certificates (PEM).") from None


def _host(text: str) -> tuple[str, int]:
    # Not `hostname`: it would write the folder of a socket in small letters.
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return host, int(port.removeprefix(":") or 5432)
    name, _, port = text.partition(":")
    return unquote(name), int(port or 5432)


def broken_off(path: Path, place: str, section: str) -> StateError:
    """Return what is said while nobody knows whether the books of a file have arrived where they were to be moved."""
    command = "evcharge migrate --to" if section == CENTRAL else f"evcharge migrate --books {section} --to"
    return StateError(
        f"{path} was being moved to {place}, and may be there already: finish that with `{command}`. "
        f"If it never got there, delete {path}{MOVING}."
    )


def place_of(config: Config, url: str = "", *, section: str = CENTRAL) -> Place:
    """Return the place that the settings of a service name for its books, or of `url`. Raises StateError."""
    if importlib.util.find_spec("asyncpg") is None:
        raise StateError(
            f"`[{section}] database` needs the PostgreSQL extra: pip install 'evcharge[postgres]', then start again."
        )
    settings = config.registry if section == REGISTRY else config.central
    path = config.state / section / PASSWORD_FILE
    return Place(
        url=url or settings.database,
        password=os.environ.get(PASSWORD_VARIABLE) or None,
        # Without one, the library looks where its other programs do (~/.pgpass).
        password_file=path if _kept(path) is not None else None,
        security=settings.database_security,
        ca_file=settings.database_ca_file,
        section=section,
    )


def _kept(path: Path) -> str | None:
    try:
        return files.read_ours(path, _MOST_BYTES).decode("utf-8").rstrip("\r\n")
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise StateError(f"cannot read {path}: {files.why(problem)}") from None
    except UnicodeDecodeError:
        raise StateError(f"{path} holds no password: save it as UTF-8 text.") from None
