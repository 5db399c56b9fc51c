"""`evcharge backup` and `evcharge restore`: what is typed, asked and printed around `backup`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evcharge.runtime.cli_options import options, settings

if TYPE_CHECKING:
    from evcharge.operator.backup import Copy
    from evcharge.runtime.config import Config

_WITH_KEYS = click.option(
    "--with-keys", is_flag=True, help="Also the keys and tokens, sealed under a passphrase."
)
_PASSPHRASE = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the passphrase from the first line of FILE instead of asking for it.",
)
_FILE = click.argument("file", type=click.Path(path_type=Path))
_MOST_BYTES = 4096


def with_whole_books(config_file: Path | None, given: dict[str, Any]) -> "Config":
    """Return the settings for whoever uses keys or books, after finishing a restore that was killed half way."""
    config = settings(config_file, given)
    from evcharge.labels import Speech
    from evcharge.labels.operator import SENTENCES
    from evcharge.operator.backup import finish

    if told := finish(config.state, Speech(SENTENCES, config.lang)):
        click.echo(f"evcharge: {told}", err=True)
    return config


def _passphrase(say: Any, file: Path | None, *, new: bool) -> str:
    """Return the passphrase for the keys; it is never an argument, which every user of this computer could read."""
    import getpass

    from evcharge.domain.errors import BadInput
    from evcharge.operator.backup import LEAST_PASSPHRASE
    from evcharge.runtime import files

    if file is not None:
        try:
            lines = files.read(file, _MOST_BYTES).decode("utf-8").splitlines()
        except OSError as problem:
            raise BadInput(say("passphrase unreadable", file=file, why=files.why(problem))) from None
        except UnicodeDecodeError:
            raise BadInput(say("passphrase unreadable", file=file, why="UTF-8")) from None
        text = lines[0] if lines else ""
    elif not sys.stdin.isatty():
        raise BadInput(say("passphrase unasked"))
    else:
        try:
            text = getpass.getpass(say("passphrase") + ": ")
            if new and getpass.getpass(say("passphrase again") + ": ") != text:
                raise BadInput(say("passphrase differs"))
        except EOFError:
            raise click.Abort from None
    if new and len(text) < LEAST_PASSPHRASE:
        raise BadInput(say("passphrase short", least=LEAST_PASSPHRASE))
    return text


def _copying(config: "Config") -> "dict[str, Copy]":
    """Return how the books that PostgreSQL has become files."""
    import asyncio

    from evcharge.operator.backup import BOOKS, CENTRAL, REGISTRY
    from evcharge.storage import postgres_place
    from evcharge.storage.postgres_place import Place, place_of

    places = {}
    if config.registry.database:
        places[REGISTRY] = place_of(config, section=postgres_place.REGISTRY)
    if config.central.database:
        places[CENTRAL] = place_of(config)
    if not places:
        return {}
    from evcharge.storage.postgres_copy import copy_out

    def copying(book: str, place: Place) -> "Copy":
        return lambda target: asyncio.run(copy_out(place, BOOKS[book], target))

    return {book: copying(book, place) for book, place in places.items()}


@click.command()
@_FILE
@options(_WITH_KEYS, _PASSPHRASE)
def backup(
    file: Path, with_keys: bool, passphrase_file: Path | None, config_file: Path | None, **given: Any
) -> None:
    """Copy the books of Central and Registry into the new FILE, also while they run."""
    config = with_whole_books(config_file, given)
    from evcharge.labels import Speech
    from evcharge.labels.operator import SENTENCES
    from evcharge.operator.backup import back_up
    from evcharge.runtime.clock import utc_now

    say = Speech(SENTENCES, config.lang)
    passphrase = _passphrase(say, passphrase_file, new=True) if with_keys else None
    manifest = back_up(config.state, file, utc_now(), say, passphrase, _copying(config))
    events = sum(part.head.n for part in manifest.parts if part.head is not None)
    time = manifest.made_at.astimezone().isoformat(" ", "seconds")
    click.echo(say("backup made", file=file, time=time, events=events))
    click.echo(say("backup with keys" if with_keys else "backup without keys"))


@click.command()
@_FILE
@options(_WITH_KEYS, _PASSPHRASE)
def restore(
    file: Path, with_keys: bool, passphrase_file: Path | None, config_file: Path | None, **given: Any
) -> None:
    """Put the books of the backup FILE back; Central and Registry must not run. What they replace is kept aside."""
    config = with_whole_books(config_file, given)
    from evcharge.domain.errors import BadInput, StateError
    from evcharge.labels import Speech
    from evcharge.labels.operator import SENTENCES
    from evcharge.operator import backup as backups
    from evcharge.runtime.clock import utc_now

    say = Speech(SENTENCES, config.lang)
    if config.central.database or config.registry.database:
        raise StateError(say("restore elsewhere"))
    passphrase = None
    if with_keys:
        if backups.read_manifest(file, say).keys is None:
            raise BadInput(say("restore without keys", file=file))
        passphrase = _passphrase(say, passphrase_file, new=False)
    restored = backups.restore(config.state, file, utc_now(), say, passphrase)
    time = restored.manifest.made_at.astimezone().isoformat(" ", "seconds")
    click.echo(say("restored", time=time, state=config.state))
    if restored.keys:
        click.echo(say("restored keys"))
    if restored.aside is not None:
        click.echo(say("restored aside", aside=restored.aside))
    click.echo(say("restored check"))
    click.echo(say("restored lost", time=time))


BACKING_UP = (backup, restore)
