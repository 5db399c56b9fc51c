"""`evcharge invite` and `evcharge join`: what is typed and printed around `joining`."""

import math
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from evcharge.operator.registering import USER, as_administrator
from evcharge.runtime.cli_options import CENTRAL, REGISTRY, id_argument, options, settings
from evcharge.runtime.plain import clean

if TYPE_CHECKING:
    from evcharge.joining.token import Invitation
    from evcharge.labels import Speech
    from evcharge.runtime.config import Config

_MAX_INPUT = 64 * 1024


def _host(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    from evcharge.domain.errors import ConfigError
    from evcharge.runtime import config

    try:
        return None if value is None else config.parse("reach.central_host", value)
    except ConfigError as problem:
        raise click.BadParameter(problem.text) from None


def _number(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    # Not-a-number is in no range, but click lets it through.
    if math.isnan(value):
        raise click.BadParameter("give hours, such as 24")
    return value


_HOURS = click.option(
    "--hours",
    type=click.FloatRange(0.1, 720),
    callback=_number,
    default=24,
    show_default=True,
    help="How long it is good for.",
)
_HOST = click.option(
    "--host", callback=_host, metavar="HOST", help="Where the other PC finds this one, when not 127.0.0.1."
)


@click.group()
def invite() -> None:
    """Make a token with which another PC joins: evcharge join TOKEN."""


@invite.command("cp")
@id_argument("cp_id")
@click.option("--location", default="", help="Where it stands.", metavar="TEXT")
@options(_HOURS, _HOST, USER, REGISTRY, CENTRAL)
def invite_cp(
    cp_id: str,
    location: str,
    hours: float,
    host: str | None,
    user: str,
    config_file: Path | None,
    **given: Any,
) -> None:
    """Make a token for charging point CP_ID (engine and monitor); a known one gets a new credential."""
    _invite(settings(config_file, given), "cp", cp_id, user, hours, host, location)


@invite.command("driver")
@id_argument("driver_id")
@options(_HOURS, _HOST, USER, REGISTRY, CENTRAL)
def invite_driver(
    driver_id: str, hours: float, host: str | None, user: str, config_file: Path | None, **given: Any
) -> None:
    """Make a token for driver DRIVER_ID; a known one gets a new credential."""
    _invite(settings(config_file, given), "driver", driver_id, user, hours, host, "")


def _invite(
    config: "Config",
    kind: Literal["cp", "driver"],
    id_: str,
    user: str,
    hours: float,
    host: str | None,
    location: str,
) -> None:
    from datetime import UTC, datetime

    from evcharge.joining import joining
    from evcharge.labels import Speech
    from evcharge.labels.join import SENTENCES

    say = Speech(SENTENCES, config.lang)
    ttl_s = round(hours * 3600)
    made = as_administrator(
        config,
        user,
        lambda admin: joining.invite(
            config, admin.invite, kind, id_, say, location=location, ttl_s=ttl_s, host=host
        ),
    )
    # The token alone on standard output, so that it can be piped into a file or a mail.
    for doubt in made.doubts:
        click.echo(clean(doubt), err=True)
    until = f"{datetime.fromtimestamp(made.expires_at, UTC):%Y-%m-%d %H:%M} UTC"
    click.echo(say("made", until=until, id=id_), err=True)
    click.echo(made.token)


@click.command()
@click.argument("token", nargs=-1)
@click.option(
    "--force", is_flag=True, help="Also when this state folder knows other addresses, or another network."
)
@click.option(
    "--start", is_flag=True, help="Start it here at once: the driver, or the engine of the charging point."
)
@options()
def join(token: tuple[str, ...], force: bool, start: bool, config_file: Path | None, **given: Any) -> None:
    """Join a network with TOKEN from evcharge invite; without it, it is asked for (or read from a pipe)."""
    config = settings(config_file, given)
    import asyncio

    from evcharge.domain.errors import BadInput
    from evcharge.joining import joining
    from evcharge.joining.token import BadToken
    from evcharge.labels import Speech
    from evcharge.labels.join import SENTENCES

    say = Speech(SENTENCES, config.lang)
    try:
        invitation = _read(token, say)
    except BadToken as problem:
        raise BadInput(say(problem.name, **problem.values)) from None
    path = asyncio.run(joining.join(config.state, invitation, say, force=force))
    click.echo(clean(say("joined", id=invitation.id, url=invitation.registry_url, path=path)))
    for key, value in joining.addresses(invitation).items():
        now = getattr(settings(config_file, given).reach, key.partition(".")[2])
        if now != value:
            click.echo(say("overruled", key=key, value=now), err=True)
    state = [] if given["state"] is None else ["--state", str(config.state)]
    first, *rest = ("driver",) if invitation.kind == "driver" else ("cp-engine", "cp-monitor")
    lines = [shlex.join(["evcharge", command, invitation.id, *state]) for command in (first, *rest)]
    if not start:
        click.echo("\n  ".join([say("next"), *lines]))
        return
    if rest:
        click.echo("\n  ".join([say("beside"), *lines[1:]]))
    sys.stdout.flush()
    # It becomes the program that was asked for: Ctrl+C, its terminal and its exit code are that one's.
    os.execv(sys.executable, [sys.executable, "-m", "evcharge", first, invitation.id, *state])  # noqa: S606


def _read(token: tuple[str, ...], say: "Speech") -> "Invitation":
    from evcharge.joining.token import BadToken, decode

    if token:
        # What a mail client broke with spaces comes as several arguments.
        return decode(" ".join(token))
    if sys.stdin is None:
        return decode("")
    if not sys.stdin.isatty():
        return decode(sys.stdin.buffer.read(_MAX_INPUT).decode("utf-8", "replace"))
    from prompt_toolkit import PromptSession

    session: PromptSession[str] = PromptSession(is_password=True)
    text, empty = "", 0
    while True:
        try:
            line = session.prompt(f"{say('go on' if text else 'paste')}: ")
        except EOFError:
            raise click.Abort from None
        text += line + "\n"
        try:
            return decode(text)
        except BadToken as problem:
            # Pasted in several lines: the next ones follow. One empty line is what an old terminal makes of CRLF;
            # the second gives up.
            empty += not line.strip()
            if problem.name != "cut off" or empty > 1:
                raise
