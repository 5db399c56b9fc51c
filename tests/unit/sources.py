"""The package's own source, for tests that read it: which calls stand where, and with what."""

import ast
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path

import evcharge

PACKAGE = Path(evcharge.__file__).parent


@cache
def nodes_of(module: str) -> tuple[ast.AST, ...]:
    """Return the nodes of a module, its own first, by its path in the package; parsed once in a process."""
    return tuple(ast.walk(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))))


@cache
def names() -> list[str]:
    """Return the path of each module in the package."""
    return sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def modules(under: str | tuple[str, ...] = "") -> Iterator[tuple[str, tuple[ast.AST, ...]]]:
    """Yield each module whose path begins with `under`, with its nodes."""
    yield from ((name, nodes_of(name)) for name in names() if name.startswith(under))


def calls(functions: Container[str], under: str | tuple[str, ...] = "") -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of one of `functions` as it is written there ("log.info"), with its module's path."""
    for module, nodes in modules(under):
        for node in nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func) in functions:
                yield module, node
