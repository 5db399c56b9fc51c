"""The oldest epoch of each id that is still believed, as soon as anybody has said so. Pure.

The books hear of it a moment later; a link of an older epoch must not live that long.
"""

from collections.abc import Callable


class Epochs:
    """What a login with a newer credential, the Registry or an operator has made void: every epoch below `least`.

    One number for each id with a proven credential: as many as are registered.
    """

    def __init__(self) -> None:
        self._least: dict[str, int] = {}
        self._listeners: list[Callable[[str, int, bool], None]] = []

    def listen(self, listener: Callable[[str, int, bool], None]) -> None:
        """Call `listener(id, epoch, last_word)` whenever the least epoch of an id rises."""
        self._listeners.append(listener)

    def least(self, subject: str) -> int:
        """Return the oldest epoch of `subject` that still counts."""
        return self._least.get(subject, 0)

    def raise_to(self, subject: str, epoch: int, *, last_word: bool = False) -> None:
        """Believe no older credential of `subject` from now on.

        `last_word`: an engine that carries out a session may still tell how that ended.
        """
        if epoch > self.least(subject):
            self._least[subject] = epoch
            for listener in self._listeners:
                listener(subject, epoch, last_word)
