"""`evcharge cp …` and `evcharge driver …`: who may take part, through the Registry's API."""

import difflib
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from evcharge.domain.errors import BadInput
from evcharge.operator.invocation import JSON, YES
from evcharge.runtime.cli_options import REGISTRY, Decorator, id_argument, options, settings
from evcharge.runtime.plain import clean

if TYPE_CHECKING:
    from evcharge.operator.admin import Admin
    from evcharge.runtime.config import Config

Kind = Literal["cp", "driver"]
_Result = TypeVar("_Result")
HERE = click.option(
    "--here", is_flag=True, help="Keep the credential in this PC's state folder: it runs here."
)
USER = click.option("--admin", "user", default="admin", show_default=True, help="Which administrator.")


class RoleOrGroup(click.Group):
    """A group whose first word may also be the id of somebody who runs: then it is that role's command."""

    def __init__(self, name: str, *, role: click.Command, help: str) -> None:  # noqa: A002  click's word
        super().__init__(name, help=help)
        self._role = role

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Hand everything to the role, unless one of our own commands or a question for help comes first."""
        first = args[0] if args else ""
        # "lst" is a slip for "list", and no driver of that name.
        is_slip = first.islower() and difflib.get_close_matches(first, self.commands, n=1, cutoff=0.7)
        if args and first not in self.commands and first not in ctx.help_option_names and not is_slip:
            args = [_ROLE, *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the role takes, too: most people who ask for help want to run it."""
        super().format_options(ctx, formatter)
        given = [one for one in self._role.params if isinstance(one, click.Option)]
        flags = [found for one in given if (found := one.get_help_record(ctx)) is not None]
        with formatter.section(f"evcharge {self.name} ID [OPTIONS]"):
            formatter.write_dl(flags)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return one of our commands, or the role's."""
        return ("", self._role, args[1:]) if args[0] == _ROLE else super().resolve_command(ctx, args)


# No command line can hold it.
_ROLE = "\0role"


def add_commands(group: click.Group, kind: Kind) -> None:
    """Add add, list, disable, enable, rotate and withdraw to `group`."""
    off, on = (_switch(kind, on=on) for on in (False, True))
    for command in (_add(kind), _list(kind), off, on, _rotate(kind), _withdraw(kind)):
        group.add_command(command)


def _admin(*decorators: Decorator) -> Decorator:
    return options(*decorators, USER, REGISTRY, JSON)


def _add(kind: Kind) -> click.Command:
    extra = (click.option("--location", metavar="TEXT", default="", help="Where it stands."),)

    @click.command("add")
    @id_argument("id_", metavar="ID")
    @_admin(*(extra if kind == "cp" else ()), HERE)
    def add(id_: str, user: str, here: bool, as_json: bool, config_file: Path | None, **given: Any) -> None:
        """Register ID and show its credential, once."""
        location = given.pop("location", "")
        work = _Work(config_file, given, user, as_json=as_json)
        content = work.ask(lambda admin: admin.add(kind, id_, location))
        work.tell("added", id=id_)
        work.credential(kind, id_, content, here=here)

    return add


def _list(kind: Kind) -> click.Command:
    @click.command("list")
    @_admin()
    def list_(user: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
        """List who is registered."""
        from evcharge.operator import tables

        work = _Work(config_file, given, user, as_json=False)

        async def every(admin: "Admin") -> dict[str, Any]:
            return {"cps" if kind == "cp" else "drivers": await admin.every(kind)}

        content = work.ask(every)
        if as_json:
            tables.show_json(content)
        else:
            columns = tables.registered("cp_id" if kind == "cp" else "driver_id", work.config.lang)
            (rows,) = content.values()
            tables.show(rows, columns, work.say)

    return list_


def _switch(kind: Kind, *, on: bool) -> click.Command:
    @click.command("enable" if on else "disable")
    @id_argument("id_", metavar="ID")
    @_admin()
    def switch(id_: str, user: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
        work = _Work(config_file, given, user, as_json=as_json)
        work.ask(lambda admin: admin.switch(kind, id_, on=on))
        work.tell("enabled" if on else "disabled", id=id_)

    switch.help = (
        "Let ID get login tickets again."
        if on
        else "Give ID no more login tickets; those it has are void at once."
    )
    return switch


def _withdraw(kind: Kind) -> click.Command:
    @click.command("withdraw")
    @id_argument("id_", metavar="ID")
    @_admin(YES)
    def withdraw(
        id_: str, user: str, yes: bool, as_json: bool, config_file: Path | None, **given: Any
    ) -> None:
        """Take ID out of the network: its keys are void, its charge ends, what it did stays in the books."""
        work = _Work(config_file, given, user, as_json=as_json)
        question = work.say("withdraw sure", id=id_)
        if not yes and not sys.stdin.isatty():
            raise click.UsageError(work.say("sure unasked", question=question))
        if not yes and not click.confirm(question, err=True):
            raise BadInput(work.say("not done"))
        work.ask(lambda admin: admin.withdraw(kind, id_))
        work.tell("withdrawn", id=id_)

    return withdraw


def _rotate(kind: Kind) -> click.Command:
    @click.command("rotate")
    @id_argument("id_", metavar="ID")
    @_admin(HERE)
    def rotate(
        id_: str, user: str, here: bool, as_json: bool, config_file: Path | None, **given: Any
    ) -> None:
        """Replace the credential of ID and show the new one, once."""
        work = _Work(config_file, given, user, as_json=as_json)
        content = work.ask(lambda admin: admin.rotate(kind, id_))
        work.tell("rotated", id=id_)
        work.credential(kind, id_, content, here=here)

    return rotate


def as_administrator(
    config: "Config", user: str, talk: "Callable[[Admin], Coroutine[Any, Any, _Result]]"
) -> _Result:
    """Return what `talk(admin)` does; a person at a terminal is asked for the password when one is needed."""
    import asyncio
    import getpass

    from evcharge.http.registry_client import RegistryAddress
    from evcharge.labels import Speech
    from evcharge.labels.operator import SENTENCES
    from evcharge.operator.admin import Admin, PasswordNeeded

    say = Speech(SENTENCES, config.lang)
    admin = Admin(RegistryAddress.of(config), config.state, user, say)
    try:
        return asyncio.run(talk(admin))
    except PasswordNeeded:
        if not sys.stdin.isatty():
            raise
    # Outside of the loop, which would swallow the first Ctrl+C.
    try:
        admin.password = getpass.getpass(
            say("admin password", user=user, url=config.reach.registry_url) + ": "
        )
    except EOFError:
        raise click.Abort from None
    return asyncio.run(talk(admin))


class _Work:
    def __init__(self, config_file: Path | None, given: dict[str, Any], user: str, *, as_json: bool) -> None:
        from evcharge.labels import Speech
        from evcharge.labels.operator import SENTENCES

        self.config: Config = settings(config_file, given)
        self.say = Speech(SENTENCES, self.config.lang)
        self._user = user
        self._as_json = as_json

    def ask(self, talk: "Callable[[Admin], Coroutine[Any, Any, dict[str, Any]]]") -> dict[str, Any]:
        from evcharge.operator import tables

        content = as_administrator(self.config, self._user, talk)
        if self._as_json:
            tables.show_json(content)
        return content

    def tell(self, name: str, **values: object) -> None:
        if not self._as_json:
            click.echo(clean(self.say(name, **values)))

    def credential(self, kind: Kind, id_: str, content: dict[str, Any], *, here: bool) -> None:
        from evcharge.security import secret_files

        path = self.config.state / kind / id_ / ("secret" if kind == "cp" else "password")
        if here:
            secret_files.replace_secret(path, str(content["password"]))
            self.tell("credential kept", path=path)
            return
        self.tell("credential", password=content["password"])
        self.tell("credential advice", path=path)
