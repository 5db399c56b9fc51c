"""`evcharge export`: what is typed, and where a file goes that is longer than memory."""

import contextlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from evcharge.operator.invocation import Operating

FORMATS = ("csv", "json", "cdr")
WHAT = click.argument("what", type=click.Choice(("sessions", "tickets")), default="tickets")
FORMAT = click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="csv",
    show_default=True,
    help="csv and json for programs; cdr: Charge Detail Records of OCPI 2.2.1, of tickets.",
)
FROM = click.option(
    "--from",
    "since",
    metavar="DAY",
    help="Ended on this day of the network, such as 2026-11-01, or at this instant, or later.",
)
TO = click.option("--to", "until", metavar="DAY", help="Ended by the end of this day, or by this instant.")
OUT = click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to FILE, which is there when all of it is; without: print it.",
)
BOOKS = click.option(
    "--books", is_flag=True, help="Read the books in the state folder; Central need not run."
)


@contextlib.contextmanager
def taking(out: Path | None) -> Iterator[Callable[[bytes], object]]:
    """Give what takes the parts of a file. Under the name `out` there is all of it, or what was there before.

    A link stays one, and so does a device or a pipe: it takes the parts as they come. Raises OSError.
    """
    if out is None:
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    if out.exists() and not out.is_file():
        with out.open("wb") as device:
            yield device.write
        return
    from evcharge.runtime import files

    out = out.resolve()
    # A name of its own: nobody else's file, nor that of another export, which may be under way.
    half = out.with_name(f".{out.name}.{secrets.token_hex(8)}")
    handle = files.open_ours(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        half.replace(out)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def from_central(
    work: "Operating", what: str, format_: str, take: Callable[[bytes], object], **params: object
) -> None:
    """Give a file that Central makes to `take`, as it comes. Raises what a call raises."""
    import asyncio

    path = "/api/cdrs.json" if format_ == "cdr" else f"/api/{what}.{format_}"
    client = work.api()
    asyncio.run(client.download(path, take, **params))
