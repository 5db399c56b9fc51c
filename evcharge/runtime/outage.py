"""Something that others rely on and that may be away for a while: its loss is said once, and so is its return. Pure."""

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


def _nothing() -> None:
    """Say nothing of a return."""


class Outage(Generic[P]):
    """Calls `on_lost` when it begins and `on_back` when it ends, however often either is noticed.

    It may have begun already (`is_on`): then its begin was told before.
    """

    def __init__(
        self, on_lost: Callable[P, object], on_back: Callable[[], object] = _nothing, *, is_on: bool = False
    ) -> None:
        self._on_lost = on_lost
        self._on_back = on_back
        self.is_on = is_on

    def lost(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Note that it is away; the arguments are for `on_lost`."""
        if not self.is_on:
            self.is_on = True
            self._on_lost(*args, **kwargs)

    def back(self) -> None:
        """Note that it is there."""
        if self.is_on:
            self.is_on = False
            self._on_back()
