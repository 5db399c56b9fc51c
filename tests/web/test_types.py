"""The pages' scripts as TypeScript reads them: every name, property and argument is there, as their comments say."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.absent import absent

TYPESCRIPT = "typescript@5.9.3"
# Beside the Python tools: what `make` has made, `make clean` removes.
FOLDER = Path(sys.prefix) / "typescript"


@pytest.fixture(scope="module")
def tsc() -> Path:
    """TypeScript's compiler, installed when it is not here yet."""
    found = FOLDER / "node_modules" / ".bin" / "tsc"
    if not found.exists():
        npm = shutil.which("npm")
        if npm is None:
            absent("no npm here, so no TypeScript: apt-get install nodejs npm")
        FOLDER.mkdir(exist_ok=True)
        # No lock file: it would hold addresses.
        quiet = (
            "--no-package-lock",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--silent",
            "--prefix",
            str(FOLDER),
        )
        done = subprocess.run(
            [npm, "install", *quiet, TYPESCRIPT], check=False, capture_output=True, text=True
        )
        if done.returncode or not found.exists():
            absent(f"npm cannot install {TYPESCRIPT}: {(done.stderr or done.stdout)[-300:]}")
    return found


async def test_typescript_finds_nothing_wrong_in_the_pages_scripts(tsc: Path):
    project = Path(__file__).with_name("tsconfig.json")
    done = subprocess.run(
        [tsc, "--project", project, "--pretty", "false"], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
