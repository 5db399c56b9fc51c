"""The house keeps its order: what `import-linter` cannot say."""

import re
import subprocess
import sys
from pathlib import Path

import evcharge

LOADED = """
import importlib, pkgutil, sys
import evcharge.central.rules as rules

for module in pkgutil.iter_modules(rules.__path__):
    importlib.import_module(f"evcharge.central.rules.{module.name}")
print(*sorted(sys.modules))
"""


def test_the_rules_load_nothing_but_the_domain():
    said = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = said.stdout.split()
    ours = [name for name in loaded if name.startswith("evcharge.")]
    rooms = {".".join(name.split(".")[: 3 if ".central" in name else 2]) for name in ours}
    assert rooms == {"evcharge.central", "evcharge.central.rules", "evcharge.domain"}
    assert not {"asyncio", "cryptography", "sqlite3", "aiohttp", "socket"} & set(loaded)
    # Python's own and msgspec's among them: on every start of a simulation.
    assert len(loaded) < 220


def test_nobody_outside_storage_reads_the_errors_of_one_database():
    # Who imports it, the contract in pyproject.toml says; its names could be asked for all the same.
    home = Path(evcharge.__file__).parent
    others = [path for path in home.rglob("*.py") if path.parent.name != "storage"]
    assert len(others) > 250
    assert [path.name for path in others if re.search(r"sqlite_error|SQLITE_[A-Z]", path.read_text())] == []
