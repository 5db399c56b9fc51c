"""When to look at what again: thousands of deadlines that mostly move on before they come. Pure."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class TimerWheel(Generic[Key]):
    """Keys by the instant at which each is to be looked at; one instant for each key, the earliest that was given.

    Instants are rounded down to a whole `tick_s`, never up: whoever looks at a key and finds that it is early puts it
    back, and is given it again the next time. So a deadline that moves on costs nothing until the old one comes.
    """

    def __init__(self, tick_s: float) -> None:
        self._tick_s = tick_s
        self._reached = 0
        self._slots: dict[int, list[Key]] = {}
        # The slot of each key; wherever else it stands, it was put there before, and counts no more.
        self._slot_of: dict[Key, int] = {}

    def __len__(self) -> int:
        """Return how many keys there are."""
        return len(self._slot_of)

    def put(self, key: Key, at: float) -> None:
        """Have `key` looked at from `at` on, or earlier if it was put so."""
        slot = max(int(at // self._tick_s), self._reached)
        known = self._slot_of.get(key)
        if known is None or slot < known:
            self._slot_of[key] = slot
            self._slots.setdefault(slot, []).append(key)

    def due(self, now: float) -> list[Key]:
        """Take out all keys that are to be looked at by `now`."""
        self._reached = max(self._reached, int(now // self._tick_s))
        found = list[Key]()
        for slot in sorted(slot for slot in self._slots if slot <= self._reached):
            for key in self._slots.pop(slot):
                if self._slot_of.get(key) == slot:
                    del self._slot_of[key]
                    found.append(key)
        return found
