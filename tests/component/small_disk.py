"""A real file system that is soon full; needs the right to mount."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk of `size` ("256k") in `folder` while the block runs."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        # In CI a missing part is a failure; on somebody's machine it may be like that.
        (pytest.fail if os.environ.get("CI") else pytest.skip)("not allowed to mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
