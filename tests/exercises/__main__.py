"""`make exercises`: the hidden tests of the exercises in docs/lab, against this tree or another.

make exercises                              which are done in this tree?
make exercises ARGS="reason"                one of them
make exercises ARGS="reason --tree ../ana"  in the tree of somebody else
make exercises ARGS="--solution"            with the model solution, in a copy
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# From easy to hard.
EXERCISES = ("drill", "reason", "weather", "message", "event")


class StalePatch(Exception):
    """The tree has moved on since a model solution was made."""


def solved(exercise: str, folder: Path) -> Path:
    """Return a copy of this tree, in `folder`, with the model solution of an exercise. Raises StalePatch."""
    tree = folder / f"solved-{exercise}"
    shutil.copytree(ROOT / "evcharge", tree / "evcharge")
    patch = HERE / "solutions" / f"{exercise}.patch"
    # Inside of another repository git would apply nothing, and say nothing.
    environ = os.environ | {"GIT_CEILING_DIRECTORIES": str(folder), "GIT_DIR": str(folder / "none")}
    # One line on each side must be what it was: a neighbour that was added or went does no harm.
    command = ["git", "apply", "-C1", "--whitespace=nowarn", str(patch)]
    done = subprocess.run(command, cwd=tree, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StalePatch(
            f"{patch.relative_to(ROOT)} does not apply any more: make its changes in this tree, put "
            f"`git diff evcharge` there, and take them back.\n{done.stderr}"
        )
    return tree


def run(tree: Path, exercises: Sequence[str], folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run hidden tests against the `evcharge` of `tree`, away from every other test, in a new folder in `folder`."""
    place = Path(tempfile.mkdtemp(prefix="hidden-", dir=folder))
    shutil.copy(HERE / "hidden" / "conftest.py", place)
    # Nothing of this project's settings for pytest.
    (place / "pytest.ini").write_text("[pytest]\n")
    names = [f"test_{exercise}.py" for exercise in exercises]
    for exercise, name in zip(exercises, names, strict=True):
        shutil.copy(HERE / "hidden" / f"{exercise}.py", place / name)
    tree = tree.resolve()
    environ = os.environ | {
        "PYTHONPATH": str(tree),
        "EXERCISE_TREE": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        # What somebody always adds to pytest is for their own tests.
        "PYTEST_ADDOPTS": "",
    }
    plugins = [
        part
        for name in ("cacheprovider", "hypothesispytest", "xdist", "asyncio", "cov")
        for part in ("-p", f"no:{name}")
    ]
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", *plugins, *more, *names]
    return subprocess.run(command, cwd=place, env=environ, capture_output=True, text=True, check=False)


def main() -> int:
    """Run what was asked for; 0 when all of it is done."""
    parser = argparse.ArgumentParser(
        prog="make exercises", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("exercises", nargs="*", metavar="EXERCISE", help=f"of {', '.join(EXERCISES)}")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the folder that holds the package evcharge")
    parser.add_argument("--solution", action="store_true", help="the model solution, in a copy of this tree")
    given = parser.parse_args()
    if unknown := set(given.exercises) - set(EXERCISES):
        parser.error(f"there is no exercise {', '.join(sorted(unknown))}: choose from {', '.join(EXERCISES)}")
    if not (given.tree / "evcharge" / "__init__.py").exists():
        parser.error(f"{given.tree} holds no package evcharge")
    open_ones = []
    with tempfile.TemporaryDirectory(prefix="evcharge-exercises-") as made:
        for exercise in given.exercises or EXERCISES:
            tree = solved(exercise, Path(made)) if given.solution else given.tree
            done = run(tree, [exercise], Path(made))
            print(f"== {exercise}: {'done' if done.returncode == 0 else 'not done'}", flush=True)
            if done.returncode:
                open_ones.append(exercise)
                print(done.stdout + done.stderr)
    return 1 if open_ones else 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except StalePatch as problem:
        raise SystemExit(str(problem)) from None
