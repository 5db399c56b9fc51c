"""What a test needs and this machine lacks: a failure in CI, a visible skip on somebody's own machine."""

import os
from typing import NoReturn

import pytest


def absent(reason: str) -> NoReturn:
    """End the test: `reason` says what is not here, and how to get it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    # Nothing is switched off by this: a person's machine may lack a browser, Java or a kernel module, and CI may not.
    pytest.skip(reason)
