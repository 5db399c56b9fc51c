"""What the hidden tests of all exercises need. They know nothing of the tests of this project."""

import importlib
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import evcharge

Named = Callable[[str, str], Any]


def pytest_sessionstart() -> None:
    """See that the tree under test is the one that was asked for, and not one that is installed."""
    if (tree := os.environ.get("EXERCISE_TREE")) and not Path(evcharge.__file__).is_relative_to(tree):
        pytest.exit(f"{evcharge.__file__} is not in {tree}", returncode=3)


@pytest.fixture
def named() -> Named:
    """Find what an exercise asks for, or fail with a sentence that says what is not there."""

    def find(module: str, name: str) -> Any:
        path = f"{module.replace('.', '/')}.py"
        assert find_spec(module) is not None, f"there is no {path} yet"
        found = getattr(importlib.import_module(module), name, None)
        assert found is not None, f"{path} has no {name} yet"
        return found

    return find
