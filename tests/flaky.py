"""`make flaky`: run the tests that a change touches again and again, on an idle machine and beside a busy program.

What passes only because something else is slow, or only because something else is quick, fails in one of the two.
"""

import ast
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
_BURN = "while True: pass"
# As the Makefile has it.
_AS_IN_MAKE = {"PYTHONDEVMODE": "1", "PYTHONMALLOC": "default"}


def touched(changed: set[str], imports: dict[str, set[str]]) -> list[str]:
    """Return the test files among `changed`, and those that use a changed tool of the tests, directly or not.

    Paths are relative to the project; `imports` says which files of `tests/` each of them imports.
    """
    found = {path for path in changed if path in imports}
    while more := {path for path, used in imports.items() if used & found} - found:
        found |= more
    return sorted(path for path in found if Path(path).name.startswith("test_"))


def imports_of(source: str) -> set[str]:
    """Return the files of `tests/` that a module may import, as paths relative to the project."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.replace(".", "/") + ".py" for name in names if name.startswith("tests.")}


def conftests_of(path: str) -> set[str]:
    """Return the conftest.py of its folder and of those above, of which a test uses fixtures without an import."""
    return {str(folder / "conftest.py") for folder in Path(path).parents if folder.parts[:1] == ("tests",)}


def _changed_since(base: str) -> set[str]:
    def git(*words: str) -> list[str]:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    return {
        *git("diff", "--name-only", base, "--", "tests"),
        *git("ls-files", "-o", "--exclude-standard", "tests"),
    }


@contextlib.contextmanager
def _busy(programs: int) -> Iterator[None]:
    burning = [subprocess.Popen([sys.executable, "-c", _BURN]) for _ in range(programs)]
    try:
        yield
    finally:
        for one in burning:
            one.kill()
            one.wait()


@click.command()
@click.option("--base", default="HEAD~1", show_default=True, help="Tests changed since this commit are run.")
@click.option(
    "--times", default=3, show_default=True, help="So often idle, and so often beside a busy program."
)
@click.option("--all", "whole", is_flag=True, help="The whole suite instead.")
@click.argument("files", nargs=-1)
def main(base: str, times: int, *, whole: bool, files: tuple[str, ...]) -> None:
    """Run tests `times` times idle and as often beside a program that burns one core."""
    sources = {str(path.relative_to(ROOT)): path.read_text() for path in ROOT.glob("tests/**/*.py")}
    imports = {path: imports_of(source) | conftests_of(path) for path, source in sources.items()}
    wanted = ["tests"] if whole else list(files) or touched(_changed_since(base), imports)
    if not wanted:
        click.echo(f"No test has changed since {base}.")
        return
    workers = str((os.cpu_count() or 1) + 1)
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "--dist", "loadfile", *wanted]
    failed = 0
    for name, programs in (("idle", 0), ("beside a busy program", 1)):
        for turn in range(1, times + 1):
            began = time.monotonic()
            with _busy(programs):
                code = subprocess.run(command, cwd=ROOT, env=os.environ | _AS_IN_MAKE, check=False).returncode
            failed += code != 0
            verdict = "passed" if code == 0 else "FAILED"
            click.echo(f"{name}, {turn} of {times}: {verdict} in {time.monotonic() - began:.0f} s\n")
    click.echo(f"{2 * times - failed} of {2 * times} runs passed.")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
