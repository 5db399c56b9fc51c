"""An answer that is a file: sent as it is made, and broken off where it cannot be made to its end."""

import logging
from collections.abc import AsyncIterator

from aiohttp import web

from evcharge.labels.causes import because
from evcharge.labels.central import said
from evcharge.storage.store_errors import StoreError

log = logging.getLogger(__name__)


async def send_file(
    request: web.Request, name: str, content_type: str, chunks: AsyncIterator[bytes]
) -> web.StreamResponse:
    """Answer `chunks` as a file called `name`. When one cannot be made, the connection ends in its middle."""
    response = web.StreamResponse(
        headers={
            "Content-Type": content_type,
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
    )
    # The first one first: what fails here is still answered as a sentence.
    first = await anext(chunks, b"")
    await response.prepare(request)
    await response.write(first)
    try:
        async for chunk in chunks:
            await response.write(chunk)
    except StoreError as problem:
        log.warning("%s", said("export cut short", file=name, why=because(str(problem))))
        _break_off(request)
        return response
    except Exception:
        _break_off(request)
        raise
    await response.write_eof()
    return response


def _break_off(request: web.Request) -> None:
    # A file that merely ended here would look complete.
    if request.transport is not None:
        request.transport.abort()
