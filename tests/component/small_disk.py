"""A real file system that is soon full; needs the right to mount."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.absent import absent


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk of `size` ("256k") in `folder` while the block runs."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        absent("not allowed to mount a small disk here: run as root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
