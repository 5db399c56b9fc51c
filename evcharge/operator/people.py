"""`evcharge account …` and `evcharge token …`: who may use Central's pages and API."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from evcharge.operator.invocation import API, JSON, Operating
from evcharge.runtime.cli_options import Decorator, options

_NAME = click.argument("name")


def _role(names: tuple[str, ...], default: str | None) -> Decorator:
    return click.option(
        "--role", type=click.Choice(names), default=default, required=default is None, help="What it may."
    )


def _central(*decorators: Decorator) -> Decorator:
    return options(*decorators, API, JSON)


def _path(kind: str, name: str, what: str = "") -> str:
    return f"/api/{kind}/{quote(name, safe='')}{what}"


# ---- people


@click.group()
def account() -> None:
    """Look after who may log in on Central's pages."""


@account.command("add")
@_NAME
@_central(_role(("admin", "operator", "viewer", "driver"), "operator"))
def add_account(name: str, role: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """Let NAME log in; its password is shown once. A driver's NAME is its id, such as D01."""
    work = Operating(config_file, given, as_json=as_json)
    content = work.ask(lambda api: api.post("/api/accounts", {"name": name, "role": role}))
    work.tell("account added", who=name, role=role, password=content["password"])


@account.command("list")
@_central()
def list_accounts(as_json: bool, config_file: Path | None, **given: Any) -> None:
    """List the accounts."""
    from evcharge.operator import tables

    work = Operating(config_file, given, as_json=as_json)
    content = work.ask(lambda api: api.get("/api/accounts"))
    if not as_json:
        tables.show(content["accounts"], tables.accounts(), work.say)


@account.command("password")
@_NAME
@_central()
def give_password(name: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """Give NAME another password, shown once; it is logged out everywhere."""
    work = Operating(config_file, given, as_json=as_json)
    content = work.ask(lambda api: api.post(_path("accounts", name, "/password")))
    work.tell("account password", who=name, password=content["password"])


@account.command("link")
@_NAME
@_central()
def make_link(name: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """Make a link that logs NAME in with one click, once, within an hour; only where the pages are on 127.0.0.1."""
    work = Operating(config_file, given, as_json=as_json)
    content = work.ask(lambda api: api.post(_path("accounts", name, "/link")))
    work.tell("account link", who=name, link=f"{work.at}{content['path']}")


@account.command("role")
@_NAME
@_central(_role(("admin", "operator", "viewer"), None))
def give_role(name: str, role: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """Give NAME another role; it is logged out everywhere."""
    work = Operating(config_file, given, as_json=as_json)
    work.ask(lambda api: api.send("PATCH", _path("accounts", name), {"role": role}))
    work.tell("account role", who=name, role=role)


@account.command("remove")
@_NAME
@_central()
def remove_account(name: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """Stop NAME logging in; it is logged out everywhere."""
    work = Operating(config_file, given, as_json=as_json)
    work.ask(lambda api: api.send("DELETE", _path("accounts", name)))
    work.tell("account removed", who=name)


# ---- programs


@click.group()
def token() -> None:
    """Look after the tokens with which programs use Central's API."""


@token.command("add")
@_NAME
@_central(_role(("admin", "operator", "viewer", "service"), None))
def add_token(name: str, role: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """Make a token for the program NAME; it is shown once."""
    work = Operating(config_file, given, as_json=as_json)
    content = work.ask(lambda api: api.post("/api/tokens", {"name": name, "role": role}))
    work.tell("token added", who=name, role=role, token=content["token"])
    if role == "viewer" and not as_json:
        link = f"{work.at}/login?next=%2F%3Fkiosk%3D1#token={content['token']}"
        work.tell("token wall", link=link)


@token.command("list")
@_central()
def list_tokens(as_json: bool, config_file: Path | None, **given: Any) -> None:
    """List the tokens by name; not the tokens themselves."""
    from evcharge.operator import tables

    work = Operating(config_file, given, as_json=as_json)
    content = work.ask(lambda api: api.get("/api/tokens"))
    if not as_json:
        tables.show(content["tokens"], tables.tokens(), work.say)


@token.command("remove")
@_NAME
@_central()
def remove_token(name: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """Make the token of the program NAME void."""
    work = Operating(config_file, given, as_json=as_json)
    work.ask(lambda api: api.send("DELETE", _path("tokens", name)))
    work.tell("token removed", who=name)


PEOPLE = (account, token)
