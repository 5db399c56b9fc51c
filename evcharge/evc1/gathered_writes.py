"""What the connections of one loop say in one of its turns, gathered so that each of them writes it at once."""

import asyncio
from typing import Protocol


class Speaker(Protocol):
    """A connection that has gathered something to say."""

    def write_gathered(self) -> None:
        """Write it now."""


class GatheredWrites:
    """Tells connections whether to gather, and when to write.

    A frame that comes alone is written at once and costs nothing here. Only who knows that much is about to be said
    calls `gather`: what any connection says in the rest of that turn then goes out at its end, before anything else.
    """

    __slots__ = ("_loop", "_speakers", "is_gathering")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._speakers: list[Speaker] = []
        self.is_gathering = False

    def gather(self) -> None:
        """Let each connection gather what it says until the end of this turn."""
        if not self.is_gathering:
            self.is_gathering = True
            # The next turn begins with this, before anything that has come meanwhile.
            self._loop.call_soon(self._write)

    def add(self, speaker: Speaker) -> None:
        """Have `speaker` write at the end of this turn."""
        self._speakers.append(speaker)

    def _write(self) -> None:
        self.is_gathering = False
        speakers, self._speakers = self._speakers, []
        for speaker in speakers:
            speaker.write_gathered()
