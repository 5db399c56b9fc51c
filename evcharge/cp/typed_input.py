"""The menus of engine and monitor where there is no terminal: words that are piped in, one line each."""

from collections.abc import AsyncIterator

from evcharge.terminal import keyboard


async def typed(descriptor: int = keyboard.STDIN) -> AsyncIterator[str]:
    """Yield the lines that come in, in lower case and without spaces around, until there are no more."""
    async for line in keyboard.lines(descriptor):
        yield line.lower()
