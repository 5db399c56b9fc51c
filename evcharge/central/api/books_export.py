"""`evcharge export --books`: the files of the API, from books that are only read; Central may be stopped."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from evcharge.central.api.kit.date_ranges import instants
from evcharge.central.api.kit.exports import Exports, Format, What, configured_issuer
from evcharge.central.api.kit.request_inputs import page_of
from evcharge.central.books.archive import Archive
from evcharge.central.books.invariants import currency_of, days_of
from evcharge.central.books.moving import as_files
from evcharge.central.books.setup import SCHEMA, database_path
from evcharge.domain.errors import StateError
from evcharge.runtime import network_currency
from evcharge.runtime.config import Config
from evcharge.storage.database import newest_schema
from evcharge.storage.reading import AtOneInstant, reading


def write(
    config: Config, what: What, format_: Format, query: Mapping[str, str], take: Callable[[bytes], object]
) -> None:
    """Give a file of all that fits `query` to `take`, a part at a time, as the books were at one instant.

    Raises StateError, BadInput.
    """
    with as_files(config, registry=False) as folder:
        _write(config, database_path(folder), what, format_, query, take)


def _write(
    config: Config,
    path: Path,
    what: What,
    format_: Format,
    query: Mapping[str, str],
    take: Callable[[bytes], object],
) -> None:
    if not path.exists():
        raise StateError(f"{path} is not there: is it the right --state folder?")
    with reading(path) as connection:
        (have,) = connection.execute("PRAGMA user_version").fetchone()
        if have != (newest := newest_schema(SCHEMA)):
            raise StateError(
                f"{path} has schema {have}, and this evcharge reads {newest}: start its Central once, or use the "
                "evcharge that wrote it."
            )
        days = days_of(connection, have)
        network_currency.adopt(currency_of(connection, have))
        exports = Exports(Archive(AtOneInstant(connection)), days, {}, configured_issuer(config))
        filters: dict[str, Any] = {**page_of(query), **instants(query, days)}

        async def run() -> None:
            async for part in exports.file(what, format_, filters):
                take(part)

        asyncio.run(run())
