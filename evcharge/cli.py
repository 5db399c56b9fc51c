"""argv -> role -> exit code: 0 ok, 1 failed, 2 misuse. A role is imported only when it is asked for."""

import logging
import os
import sys
import traceback
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from evcharge import __version__
from evcharge.doctor.doctor_command import doctor
from evcharge.domain.errors import ConfigError, EvchargeError, Taken
from evcharge.drills.drill_command import drill
from evcharge.fleet.fleet_command import fleet
from evcharge.joining.join_commands import invite, join
from evcharge.operator import exporting as _exporting
from evcharge.operator.backing_up import BACKING_UP as _BACKING_UP
from evcharge.operator.backing_up import with_whole_books as _with_whole_books
from evcharge.operator.charges import CHARGES as _CHARGES
from evcharge.operator.events import events as _events
from evcharge.operator.health_command import health as _health
from evcharge.operator.invocation import API as _CENTRAL_API
from evcharge.operator.invocation import JSON as _JSON
from evcharge.operator.invocation import Operating as _Operating
from evcharge.operator.operator_commands import COMMANDS as _OPERATORS
from evcharge.operator.operator_commands import OF_CP as _OF_CP
from evcharge.operator.operator_commands import OF_DRIVER as _OF_DRIVER
from evcharge.operator.operator_commands import set_point as _set_point
from evcharge.operator.people import PEOPLE as _PEOPLE
from evcharge.operator.ports_command import ports
from evcharge.operator.registering import RoleOrGroup, add_commands
from evcharge.operator.settling import SETTLING as _SETTLING
from evcharge.runtime.cli_options import CENTRAL as _CENTRAL
from evcharge.runtime.cli_options import KAFKA as _KAFKA
from evcharge.runtime.cli_options import REGISTRY as _REGISTRY
from evcharge.runtime.cli_options import address as _address
from evcharge.runtime.cli_options import id_argument as _id_argument
from evcharge.runtime.cli_options import key as _key
from evcharge.runtime.cli_options import options as _options
from evcharge.runtime.cli_options import server as _server
from evcharge.runtime.cli_options import settings as _settings

if TYPE_CHECKING:
    import asyncio

    from evcharge.runtime.config import Config
    from evcharge.runtime.health_socket import OwnHealth

FAILED, MISUSE, INTERRUPTED = 1, 2, 130


def main() -> NoReturn:
    """Run the command line of this process and leave with its exit code."""
    code = run()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        # The reader of our output has gone: nothing is left to say, least of all by the interpreter at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)


def run(args: Sequence[str] | None = None) -> int:
    """Run one command line; every failure becomes one plain sentence on standard error, and an exit code."""
    words = sys.argv[1:] if args is None else list(args)
    try:
        if words and not {"-h", "--help"} & set(words):
            result = evcharge.main(words, prog_name="evcharge", standalone_mode=False)
        else:
            result = _help(words)
    except click.ClickException as problem:
        _show(problem, _lang(args))
        return problem.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return FAILED
    except Exception as problem:  # noqa: BLE001  the outermost boundary: nobody above could answer it
        return _failure(problem, _lang(args))
    return result if isinstance(result, int) else 0


def _help(words: list[str]) -> Any:
    """Show help in the language that is asked for, once or always; groups of commands take no --lang else."""
    asked, without = "", []
    for before, word in zip(("", *words), words, strict=False):
        if word.startswith("--lang=") or before == "--lang":
            asked = word.removeprefix("--lang=")
        elif word != "--lang":
            without.append(word)
    # Read here, because what knows every setting is heavy.
    if (asked or os.environ.get("EVCHARGE_LANG")) != "es":
        return evcharge.main(without, prog_name="evcharge", standalone_mode=False)
    from evcharge.operator.help_formatter import spanish_help

    with spanish_help():
        return evcharge.main(without, prog_name="evcharge", standalone_mode=False)


def _lang(args: Sequence[str] | None) -> str:
    """Return the language of whoever reads a failure: that of this process, or what was asked for, once or always."""
    from evcharge.labels import LANGUAGES
    from evcharge.runtime.config import variable
    from evcharge.runtime.logs import language

    words = list(sys.argv[1:] if args is None else args)
    given = [word.removeprefix("--lang=") for word in words if word.startswith("--lang=")]
    given += [words[at + 1] for at, word in enumerate(words[:-1]) if word == "--lang"]
    asked = given[-1] if given else os.environ.get(variable("lang"), "")
    return asked if asked in LANGUAGES else language()


def _show(problem: click.ClickException, lang: str) -> None:
    """Show what click, or one of us, has against a command line."""
    from evcharge.labels import DEFAULT_LANGUAGE
    from evcharge.labels.command_errors import translated
    from evcharge.operator.help_formatter import with_values

    if lang == DEFAULT_LANGUAGE:
        problem.show()
        return
    if isinstance(problem, click.exceptions.NoArgsIsHelpError):
        # Its message is the help.
        click.echo(problem.format_message(), err=True)
        return
    if isinstance(problem, click.UsageError) and problem.ctx is not None:
        usage = with_values(problem.ctx.get_usage().removeprefix("Usage: "))
        click.echo(f"Uso: {usage}\nAyuda: {problem.ctx.command_path} --help\n", err=True)
    click.echo(f"Error: {translated(problem.format_message(), lang)}", err=True)


def _failure(problem: Exception, lang: str) -> int:
    from evcharge.labels.command_errors import translated
    from evcharge.runtime import failures, files, wall_clock
    from evcharge.runtime.logs import without_secrets
    from evcharge.runtime.plain import clean

    # A TaskGroup wraps what ended it. What nobody foresaw is told first.
    leaves = _leaves(problem)
    if not wall_clock.is_usable():
        # It was set while we ran: nothing can be logged or timed any more.
        clock = "this computer's clock is wrong (before 1970, or after 2199): set it, and start again."
        _say(translated(clock, lang))
        return FAILED
    worst = next((leaf for leaf in leaves if not isinstance(leaf, EvchargeError)), leaves[0])
    if isinstance(worst, EvchargeError):
        _say(clean(without_secrets(translated(worst.text, lang))))
        return MISUSE if isinstance(worst, ConfigError | Taken) else FAILED
    if isinstance(worst, OSError) and files.is_of_the_disk(worst):
        # A disk or a folder that does not take part: nothing that a report would help.
        where = worst.filename or "a file"
        _say(clean(without_secrets(translated(f"cannot use {where}: {files.why(worst)}", lang))))
        return FAILED
    known = failures.why(worst) if failures.is_foreseen(worst) else f"{type(worst).__name__}: {worst}"
    what = clean(without_secrets(known))
    mistake = (
        f"stopped by an error in the program itself ({what}). Please report it; --log-level debug shows more."
    )
    _say(translated(mistake, lang))
    if logging.getLogger().isEnabledFor(logging.DEBUG):
        trace = "".join(traceback.format_exception(problem))
        click.echo("\n".join(clean(line) for line in without_secrets(trace).splitlines()), err=True)
    return FAILED


def _leaves(problem: BaseException) -> list[BaseException]:
    if isinstance(problem, BaseExceptionGroup):
        return [leaf for part in problem.exceptions for leaf in _leaves(part)]
    return [problem]


def _say(sentence: str) -> None:
    click.echo(f"evcharge: {sentence}", err=True)


def _live(
    config: "Config",
    role: Callable[["asyncio.Event", "OwnHealth"], Coroutine[Any, Any, int | None]],
    id_: str | None = None,
    *,
    many_links: bool = False,
) -> int:
    """Be the role of this command until it ends; it says at its health socket how it is.

    One with `many_links` runs on the fastest loop there is.
    """
    from evcharge.labels.command_errors import translated
    from evcharge.runtime import health_socket, lifecycle, logs, loops

    logs.translate_with(translated)
    name = health_socket.socket_name(click.get_current_context().command.name or "", id_)
    health = health_socket.OwnHealth()

    async def main(stop: "asyncio.Event") -> int | None:
        needs = None if config.health else config.state
        with health_socket.listening(config.health_folder, name, health, needs=needs):
            return await role(stop, health)

    return lifecycle.run(main, loops.fastest() if many_links else None)


_API = (
    _key("--api-host", "central.api_host", "Address of the API for operators.", metavar="HOST"),
    _key("--api-port", "central.api_port", "Its port; 0 takes any free one.", metavar="PORT"),
)


# ---- commands


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="evcharge %(version)s")
@click.option("--parent-pipe", type=int, hidden=True, help="Stop when the pipe with this number closes.")
def evcharge(parent_pipe: int | None) -> None:
    """An electric-vehicle charging network: Registry, Central, charging points, drivers.

    `evcharge up` shows all of it on this PC. Every setting is a line of config.toml and an environment variable
    (EVCHARGE_CENTRAL__PORT); those that people type are flags, too.
    """
    if parent_pipe is not None:
        from evcharge.runtime.parent_watch import exit_with_parent

        exit_with_parent(parent_pipe)


@evcharge.command()
@click.option(
    "--add-name",
    "added",
    multiple=True,
    metavar="NAME",
    help="Make the certificates anew with this name, too; may be repeated. Keys stay.",
)
@click.option("--renew", is_flag=True, help="Make the certificates anew, with the names they have.")
@click.option(
    "--demo",
    is_flag=True,
    help="Also register CP_001 to CP_005, and DRIVER1 and DRIVER2 with money: for courses, in a network of its own.",
)
@_options(
    _key(
        "--name",
        "registry.names",
        "A further host name for the certificates; may be repeated.",
        multiple=True,
        metavar="NAME",
    )
)
def init(added: tuple[str, ...], renew: bool, demo: bool, config_file: Path | None, **given: Any) -> None:
    """Make the state folder: CA, certificates, keys, the first admin."""
    config = _with_whole_books(config_file, given)
    from evcharge.central.books import setup as pages
    from evcharge.labels import Speech
    from evcharge.labels.command_errors import translated
    from evcharge.labels.registry import SENTENCES
    from evcharge.registry import setup

    say = Speech(SENTENCES, config.lang)
    report = setup.initialise(config, renew=renew, added=added)
    try:
        pages.initialise(config, report)
        if demo:
            from evcharge.demo import demo_users

            demo_users.initialise(config, report)
    finally:
        # Also when the disk has filled up meanwhile: a password that was made is shown now, or never.
        for title, items in (("made", report.made), ("kept", report.kept), ("mind", report.warnings)):
            for item in items:
                click.echo(say(title, what=translated(item, config.lang)))
        # The one time that it is shown: only its hash is kept.
        if report.admin_password is not None:
            click.echo(say("administrator", who=setup.FIRST_ADMIN, password=report.admin_password))
        elif report.pages_password is not None:
            click.echo(say("of the pages", who=pages.FIRST_ADMIN, password=report.pages_password))
        if report.admin_password is not None or report.pages_password is not None:
            click.echo(say("write down"))


@evcharge.command()
@click.option(
    "--new-keys", is_flag=True, help="Use tables in PostgreSQL with other keys: those here replace them."
)
@_options(*_server("registry"))
def registry(new_keys: bool, config_file: Path | None, **given: Any) -> int:
    """Run the Registry (HTTPS): registers charging points and drivers, gives out login tickets."""
    config = _with_whole_books(config_file, given)
    from evcharge.registry import app

    return _live(config, lambda stop, health: app.run(config, stop, health=health, new_keys=new_keys))


@evcharge.command()
@click.option("--panel", is_flag=True, help="The wall with a command line, on the whole terminal.")
@click.option(
    "--new-keys", is_flag=True, help="Lead books in PostgreSQL with other keys: those here replace them."
)
@_options(
    *_server("central"),
    *_API,
    _key("--name", "central.name", "What it is called among several on one PostgreSQL.", metavar="NAME"),
    _REGISTRY,
    _KAFKA,
)
def central(panel: bool, new_keys: bool, config_file: Path | None, **given: Any) -> int:
    """Run Central, the control room."""
    config = _with_whole_books(config_file, given)
    from evcharge.central import app

    role = app.run_with_panel if panel else app.run
    # The panel reads keys: that stays with the loop which it is tested on.
    return _live(
        config,
        lambda stop, health: role(config, stop, health=health, new_keys=new_keys),
        many_links=not panel,
    )


@evcharge.command()
@_id_argument("cp_id")
@_options(
    _CENTRAL,
    _REGISTRY,
    _key("--health-host", "engine.health_host", "Address on which its monitor asks.", metavar="HOST"),
    _key(
        "--health-port",
        "engine.health_port",
        "Port on which its monitor asks; 0 takes any free one.",
        metavar="PORT",
    ),
    _key("--location", "engine.location", "Where it stands.", metavar="TEXT"),
    _key("--speed", "engine.speed", "Simulated seconds in one real second.", metavar="FACTOR"),
    _key("--plan", "engine.plan", "File of timed steps to play.", metavar="FILE"),
    _key("--auto-plug", "engine.auto_plug_s", "Plug in by itself so long after a start.", metavar="SECONDS"),
    _KAFKA,
    _key("--live-lane", "engine.live_lane", "How live figures travel: stream or kafka.", metavar="LANE"),
    _key("--auto-unplug", "engine.auto_unplug_s", "Unplug by itself so long after that.", metavar="SECONDS"),
)
def cp_engine(cp_id: str, config_file: Path | None, **given: Any) -> int:
    """Run the engine of charging point CP_ID: contactor, meter and the simulated car."""
    config = _settings(config_file, given)
    from evcharge.cp.engine import engine
    from evcharge.domain.ids import CpId

    return _live(config, lambda stop, health: engine.run(config, CpId(cp_id), stop, health=health), cp_id)


@evcharge.command()
@_id_argument("cp_id")
@_options(
    _address("--engine", "monitor.engine_host", "monitor.engine_port", "Where its engine answers."),
    _CENTRAL,
    _REGISTRY,
)
def cp_monitor(cp_id: str, config_file: Path | None, **given: Any) -> int:
    """Run the monitor of charging point CP_ID: it asks the engine every second, and tells Central."""
    config = _settings(config_file, given)
    from evcharge.cp.monitor import monitor
    from evcharge.domain.ids import CpId

    return _live(config, lambda stop, _: monitor.run(config, CpId(cp_id), stop), cp_id)


@click.command("driver")
@_id_argument("driver_id")
@_options(
    _CENTRAL,
    _REGISTRY,
    _key("--file", "driver.file", "File of requests, one charging point a line.", metavar="FILE"),
    _key("--pause", "driver.pause_s", "Wait between the services of a file.", metavar="SECONDS"),
    _key(
        "--chaos",
        "driver.chaos",
        "Misbehave on purpose, for labs and tests: drops, double clicks, half frames.",
        metavar="[SEED]",
        is_flag=False,
        flag_value="0",
    ),
)
def drive(driver_id: str, config_file: Path | None, **given: Any) -> int:
    """Run the app of driver DRIVER_ID, by hand or from a file of requests."""
    config = _settings(config_file, given)
    from evcharge.domain.ids import DriverId
    from evcharge.driver import app

    return _live(config, lambda stop, _: app.run(config, DriverId(driver_id), stop), driver_id)


@evcharge.command()
@_options(
    _key(
        "--central-api",
        "reach.central_api",
        "Where Central's API is.",
        others="reach.other_apis",
        metavar="URL",
    ),
    _key("--source", "weather.source", "openweather, openmeteo, simulate or auto.", metavar="SOURCE"),
    _key("--simulate", "weather.simulate", "Timeline to play instead of asking anybody.", metavar="FILE"),
    _key("--every", "weather.every_s", "How often Central is told.", metavar="SECONDS"),
)
def weather(config_file: Path | None, **given: Any) -> int:
    """Run the weather service: bad weather puts the charging points of a location out of order."""
    config = _settings(config_file, given)
    from evcharge.weather import app

    return _live(config, lambda stop, _: app.run(config, stop))


driver = RoleOrGroup(
    "driver", role=drive, help="Run a driver's app (evcharge driver D01), or look after who may drive."
)
add_commands(driver, "driver")
evcharge.add_command(driver)


@evcharge.group()
def cp() -> None:
    """Look after which charging points may take part."""


add_commands(cp, "cp")
cp.add_command(_set_point)
for _operator in (*_OPERATORS, *_CHARGES, *_SETTLING, *_PEOPLE, *_BACKING_UP, _events, _health):
    evcharge.add_command(_operator)


@evcharge.command()
@click.option("--points", type=click.IntRange(1, 100), default=6, show_default=True, help="Charging points.")
@click.option("--drivers", type=click.IntRange(0, 100), default=3, show_default=True, help="Demo drivers.")
@click.option("--once", is_flag=True, help="End when every demo driver has its tickets.")
@click.option("--verbose", is_flag=True, help="Show every line of every part.")
@_options(*_server("central"), *_API)
def up(points: int, drivers: int, once: bool, verbose: bool, config_file: Path | None, **given: Any) -> int:
    """Show the whole network on this PC, in real processes over real sockets."""
    config = _with_whole_books(config_file, given)
    from evcharge import demo

    wish = demo.DemoOptions(
        points=points, drivers=drivers, once=once, verbose=verbose, config_file=config_file
    )
    return _live(config, lambda stop, _: demo.run(config, wish, stop))


@evcharge.command()
@_exporting.WHAT
@_options(
    _exporting.FORMAT, _exporting.FROM, _exporting.TO, _OF_CP, _OF_DRIVER, _exporting.OUT, _exporting.BOOKS,
    _CENTRAL_API,
)  # fmt: skip
def export(
    what: Literal["sessions", "tickets"],
    format_: Literal["csv", "json", "cdr"],
    since: str | None,
    until: str | None,
    cp_id: str | None,
    driver_id: str | None,
    out: Path | None,
    books: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """Write all sessions or tickets that fit as one file, however many they are; the newest first."""
    if format_ == "cdr" and what != "tickets":
        raise click.UsageError("A CDR is made from a ticket: evcharge export tickets --format cdr.")
    query = {"from": since, "to": until, "cp_id": cp_id, "driver_id": driver_id}
    wanted = {name: value for name, value in query.items() if value is not None}
    if books:
        config = _with_whole_books(config_file, given)
        from evcharge.central.api import books_export

        with _exporting.taking(out) as take:
            books_export.write(config, what, format_, wanted, take)
        return
    work = _Operating(config_file, given)
    with _exporting.taking(out) as take:
        _exporting.from_central(work, what, format_, take, **wanted)


for _command in (invite, join, doctor, ports, drill, fleet):
    evcharge.add_command(_command)


@evcharge.group()
def audit() -> None:
    """Work with the record of everything that happened."""


@audit.command()
@click.option(
    "--log",
    "logs",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A kept log of Central or the Registry: its anchors are compared, too. May be repeated.",
)
@_options(_JSON)
def verify(logs: tuple[Path, ...], as_json: bool, config_file: Path | None, **given: Any) -> int:
    """Check that the books are what was written: every row, sum and anchor; name what is not."""
    import asyncio

    config = _with_whole_books(config_file, given)
    from evcharge.central.books import moving
    from evcharge.central.books import verify as books
    from evcharge.labels import Speech
    from evcharge.labels.operator import SENTENCES
    from evcharge.operator import far_witnesses

    far = asyncio.run(far_witnesses.ask(config, Speech(SENTENCES, config.lang)))
    with moving.as_files(config) as folder:
        shared = bool(config.central.database)
        return books.main(folder, as_json=as_json, lang=config.lang, far=far, logs=logs, shared=shared)


@evcharge.command()
@click.option(
    "--to",
    "target",
    required=True,
    metavar="ADDRESS",
    help="postgresql://user@host:port/name without a password, or file: back into the state folder.",
)
@click.option(
    "--books",
    type=click.Choice(["central", "registry"]),
    default="central",
    show_default=True,
    help="Whose: Central's books, or the Registry's tables.",
)
@_options()
def migrate(target: str, books: str, config_file: Path | None, **given: Any) -> None:
    """Move Central's books into PostgreSQL, or back into the state folder; stop their owner first."""
    config = _with_whole_books(config_file, given)
    from evcharge.central.books import moving
    from evcharge.labels import Speech
    from evcharge.labels.operator import SENTENCES
    from evcharge.runtime.config import parse

    say = Speech(SENTENCES, config.lang)
    of_registry = books == "registry"
    if target == "file":
        if not (config.registry.database if of_registry else config.central.database):
            raise ConfigError(f"`[{books}] database` is empty: it must say where the books are.")
        path = moving.to_file(config, books)
        click.echo(say("tables moved back" if of_registry else "moved back", path=path))
    else:
        place = moving.to_postgres(config, parse(f"{books}.database", target or "?"), books)
        click.echo(say("tables moved there" if of_registry else "moved there", place=place))
