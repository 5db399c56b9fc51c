"""The house keeps its order: what `import-linter` cannot say."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import evcharge

PACKAGE = Path(evcharge.__file__).parent

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
    others = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "storage"]
    assert len(others) > 250
    assert [path.name for path in others if re.search(r"sqlite_error|SQLITE_[A-Z]", path.read_text())] == []


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield each module of the package by its path in there, parsed."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def is_text_of_a_location(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in ("name", "key")
        and "location" in ast.unparse(node.value).lower()
    )


def test_locations_are_compared_as_locations_and_their_text_nowhere():
    found = [
        f"{name}:{node.lineno}: {ast.unparse(node)}"
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and any(map(is_text_of_a_location, [node.left, *node.comparators]))
    ]
    assert found == []


def test_only_the_domain_knows_which_spellings_are_alike():
    found = [
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("casefold", "normalize")
    ]
    # Passwords have their own form; the atlas folds the names that a source gives to cities.
    assert set(found) <= {"domain/location.py", "security/passwords.py", "weather/atlas.py"}
