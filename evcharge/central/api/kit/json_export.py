"""Lists as JSON, page by page: one array, an object on each line; numbers keep every digit."""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

JSON = "application/json; charset=utf-8"
_ENCODER = msgspec.json.Encoder(decimal_format="number")


async def chunks(pages: AsyncIterator[Sequence[Mapping[str, object]]]) -> AsyncIterator[bytes]:
    """Yield an array of all rows of `pages`, a part for each page. One that is cut off is no JSON."""
    before = b"[\n"
    async for page in pages:
        if page:
            yield before + b",\n".join(map(_ENCODER.encode, page))
            before = b",\n"
    yield b"\n]\n" if before == b",\n" else b"[]\n"
