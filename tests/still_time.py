"""A steady clock that only its test moves: what was used up stays so, however long a busy machine takes for it."""

import time
from types import ModuleType, SimpleNamespace

import pytest


class StillTime:
    """Monotonic seconds."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def still(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> StillTime:
    """Give `modules` such a clock for `time.monotonic`; the rest of `time` they keep."""
    clock = StillTime()
    for module in modules:
        monkeypatch.setattr(module, "time", SimpleNamespace(**{**vars(time), "monotonic": clock}))
    return clock
