"""Command-line options that set keys of config.toml: one rule for a value, wherever it was given."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evcharge.domain.errors import BadInput, ConfigError
from evcharge.domain.ids import typed_id

if TYPE_CHECKING:
    from evcharge.runtime.config import Config

Decorator = Callable[[Any], Any]


def key(flag: str, name: str, text: str, others: str = "", **more: Any) -> Decorator:
    """Return a flag that sets the key `name` of config.toml; that key's own rule checks it.

    Whoever gives it means no other: `others` is a key of further ones, which is empty then.
    """

    def check(context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        if others and value not in (None, ()):
            context.params[_name(others)] = []
        return None if value in (None, ()) else _checked(name, value)

    return click.option(flag, _name(name), callback=check, help=f"{text}  [{name}]", **more)


def _name(key: str) -> str:
    # click wants Python names.
    return key.replace(".", "__")


def _checked(key: str, value: Any) -> Any:
    from evcharge.runtime import config

    try:
        return config.parse(key, value)
    except ConfigError as problem:
        raise click.BadParameter(problem.text) from None


def address(flag: str, host_key: str, port_key: str, text: str, others_key: str = "") -> Decorator:
    """Return a flag that sets a host and a port at once. "[::1]:9002" is how an IPv6 address has its port.

    With `others_key` more of them may follow, with commas.
    """

    def split(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value is None:
            return
        if others_key:
            value, _, others = value.partition(",")
            context.params[_name(others_key)] = _checked(others_key, others)
        host, colon, port = value.rpartition(":")
        if not colon or (":" in host and not host.startswith("[")):
            raise click.BadParameter(f"{value!a} is not HOST:PORT, such as 127.0.0.1:9002 or [::1]:9002")
        context.params[_name(host_key)] = _checked(host_key, host.removeprefix("[").removesuffix("]"))
        context.params[_name(port_key)] = _checked(port_key, port)

    return click.option(
        flag,
        callback=split,
        expose_value=False,
        metavar="HOST:PORT,…" if others_key else "HOST:PORT",
        help=f"{text}  [{', '.join(filter(None, (host_key, port_key, others_key)))}]",
    )


def id_argument(name: str, metavar: str | None = None) -> Decorator:
    """Return an argument that must be an id; people may type it in small letters. `metavar` is what help calls it."""
    return click.argument(name, callback=_typed_id, metavar=metavar)


def id_option(flag: str, name: str, text: str, **more: Any) -> Decorator:
    """Return a flag whose value is an id."""
    return click.option(flag, name, callback=_typed_id, help=text, **more)


def _typed_id(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return typed_id(value) if value is not None else None
    except BadInput as problem:
        raise click.BadParameter(problem.text) from None


def options(*decorators: Decorator) -> Decorator:
    """Return the given options, then those that every command has, as one decorator."""
    shared = (
        click.option(
            "--config",
            "config_file",
            type=click.Path(path_type=Path),
            help="Settings file instead of ./config.toml.",
        ),
        key("--state", "state", "State folder: keys, databases, journals.", metavar="DIR"),
        key("--log-format", "log.format", "text or json.", metavar="FORMAT"),
        key("--log-level", "log.level", "debug, info, warning or error.", metavar="LEVEL"),
        key(
            "--lang",
            "lang",
            "Language of terminals, and of pages whose reader's browser asks for none that they speak: en or es.",
            metavar="LANG",
        ),
    )

    def decorate(command: Any) -> Any:
        for decorator in reversed((*decorators, *shared)):
            command = decorator(command)
        return command

    return decorate


CENTRAL = address(
    "--central",
    "reach.central_host",
    "reach.central_port",
    "Where Central is, or where several are.",
    "reach.other_centrals",
)
KAFKA = key("--kafka", "kafka.bootstrap", "Where the brokers are, if there are any.", metavar="HOST:PORT")
REGISTRY = key(
    "--registry",
    "reach.registry_url",
    "Where the Registry is.",
    others="reach.other_registries",
    metavar="URL",
)


def server(section: str) -> tuple[Decorator, Decorator]:
    """Return the flags that say where a server listens."""
    return (
        key("--host", f"{section}.host", "Address to listen on.", metavar="HOST"),
        key("--port", f"{section}.port", "Port to listen on; 0 takes any free one.", metavar="PORT"),
    )


def settings(config_file: Path | None, given: dict[str, Any]) -> "Config":
    """Return the settings of this process, and set up its log. Raises ConfigError, StateError."""
    from evcharge.domain.errors import StateError
    from evcharge.runtime import config, files, logs, network_currency

    flags = {name.replace("__", "."): value for name, value in given.items()}
    loaded = config.load(config_file, os.environ, flags)
    logs.setup(loaded.log, loaded.lang)
    network_currency.adopt(loaded.central.currency)
    if (owner := files.shut_by(loaded.state)) is not None:
        raise StateError(
            f"the state folder {loaded.state} is closed to this user (uid {os.geteuid()}; it belongs to {owner}): "
            "run evcharge as its owner, or choose another folder with --state."
        )
    return loaded
