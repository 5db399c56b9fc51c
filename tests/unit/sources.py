"""The package's own source, for tests that read it: which calls stand where, and with what."""

import ast
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path

import evcharge

PACKAGE = Path(evcharge.__file__).parent


@cache
def modules() -> dict[str, tuple[ast.AST, ...]]:
    """Return the nodes of each module, its own first, by its path in the package; parsed once in a process."""
    return {
        path.relative_to(PACKAGE).as_posix(): tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def calls(names: Container[str], under: str | tuple[str, ...] = "") -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of one of `names` as it is written there ("log.info"), with its module's path."""
    for module, nodes in modules().items():
        if module.startswith(under):
            for node in nodes:
                if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
                    yield module, node
