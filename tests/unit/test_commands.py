"""No command in a document can rot: each is parsed by what would run it, or stands on a list with a reason."""

import functools
import importlib.util
import os
import re
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from evcharge.cli import drive, evcharge
from evcharge.labels import Speech
from evcharge.labels.driver import SENTENCES
from tests.documents import (
    DOCUMENTS,
    NEITHER,
    NOT_YET,
    ROOT,
    RUN,
    Typed,
    commands_of,
    everything,
    spelt_out,
    to_run,
)
from tests.unit.deploy.composed import FILES, read

EVERYTHING = everything()


def of(*programs: str) -> list[Typed]:
    return sorted({one for one in EVERYTHING if one.program in programs}, key=str)


def parse(words: list[str], *, whole: bool) -> None:
    """Let click parse a command line: its command, flags and arguments exist, and each value is one. Raises.

    In a sentence (not `whole`) a command is often named without the arguments that it needs.
    """
    command: click.Command = evcharge
    context = click.Context(evcharge)
    rest = list(words)
    while isinstance(command, click.Group) and rest:
        if command.name == "driver" and rest[0] not in command.commands:
            command = drive
            break
        found = command.get_command(context, rest[0])
        assert found is not None, f"no command {rest[0]}"
        command, rest = found, rest[1:]
    if isinstance(command, click.Group):
        assert not whole
        return
    try:
        command.make_context(command.name, rest)
    except (click.MissingParameter, click.BadOptionUsage):
        # `cp set --location` names a flag; what flags there are is looked at all the same.
        if whole:
            raise


@pytest.mark.parametrize(
    "typed", [one for one in of("evcharge") if not one.text.startswith(tuple(NOT_YET))], ids=str
)
def test_a_command_of_ours_is_one(typed: Typed, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # What these name must be there.
    for name in re.findall(r"--(?:log|config|scenario) (\S+)", typed.text):
        (tmp_path / name).touch()
    for words in spelt_out(typed):
        try:
            parse(words, whole=typed.fenced)
        except click.ClickException as problem:
            raise AssertionError(f"{typed}: {problem.format_message()}") from None


def test_a_slip_in_a_document_is_found():
    for wrong in (
        "cpss",
        "cps --jsn",
        "report --by month",
        "central --port x",
        "revoke CP+1",
        "driver D01 --pause",
    ):
        with pytest.raises((click.ClickException, AssertionError)):
            parse(wrong.split(), whole=True)
    for right in ("report --by cp", "driver D01 --pause 3", "cp list", "driver list"):
        parse(right.split(), whole=True)


@functools.cache
def makes(target: str) -> str:
    # As if typed by hand: this may run under a `make` that shares its jobs with those below it.
    environ = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    return subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target],
        cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False,
    ).stderr  # fmt: skip


@pytest.mark.parametrize("typed", of("make"), ids=str)
def test_make_knows_what_to_do(typed: Typed):
    targets = [word for word in typed.words[1:] if "=" not in word and not word.startswith("-")]
    for target in targets or ["help"]:
        assert makes(target) == "", f"make {target}"


@pytest.mark.parametrize("typed", of("docker", "podman-compose"), ids=str)
def test_compose_finds_a_file_a_profile_and_services(typed: Typed):
    words = typed.words
    if words[:2] != ["docker", "compose"] and words[0] != "podman-compose":
        # One container of several.
        for name in re.findall(r"\bevcharge-([a-z]+)-\d\b", typed.text):
            assert "deploy" in read(FILES[0])["services"][name]
        assert words[1] in {"exec", "kill", "start", "logs", "ps"} or not typed.fenced
        return
    words = words[1:] if words[0] == "podman-compose" else words[2:]
    path = ROOT / words[words.index("-f") + 1] if "-f" in words else FILES[0]
    content = read(path)
    if "--profile" in words:
        profile = words[words.index("--profile") + 1]
        assert any(profile in one.get("profiles", []) for one in content["services"].values())
    if not typed.fenced:
        return
    known = {"up", "down", "run", "logs", "exec", "ps", "stop", "start", "build", "pull", "kill", "restart"}
    verbs = [word for word in words if word in known]
    assert verbs, typed
    rest = [word for word in words[words.index(verbs[0]) + 1 :] if not word.startswith("-")]
    if verbs[0] in {"run", "logs", "exec", "stop", "start", "kill", "restart"}:
        assert rest[0] in content["services"], typed


@pytest.mark.parametrize("typed", of("systemctl", "journalctl", "cp"), ids=str)
def test_systemd_finds_its_units(typed: Typed):
    folder = ROOT / "deploy" / "systemd"
    if typed.program == "cp":
        ours = [word for word in typed.words[1:-1] if word.startswith("deploy/")]
        assert ours or typed.text.startswith(tuple(NEITHER))
        assert all(list(ROOT.glob(word)) for word in ours)
        return
    for name in typed.words[1:]:
        if name.startswith("evcharge"):
            assert (folder / f"{re.sub('@.*', '@', name)}.service").is_file(), name


def test_pkill_means_a_process_that_a_document_starts():
    started = [" ".join(one.words) for one in of("evcharge")]
    patterns = [one.words[-1] for one in of("pkill")]
    assert patterns
    for pattern in patterns:
        assert any(re.search(pattern, line) for line in started), pattern


@pytest.mark.parametrize("typed", of("pip"), ids=str)
def test_pip_finds_what_it_installs(typed: Typed):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    wanted = [word for word in typed.words[1:] if not word.startswith("-") and word != "wheelhouse"]
    assert wanted.pop(0) == "install"
    ours = {
        f"{name}{extra}" for name in (".", "evcharge") for extra in ("", *(f"[{each}]" for each in extras))
    }
    assert set(wanted) <= ours | {"pre-commit", "py-spy"}


@pytest.mark.parametrize(
    "typed", [one for one in of("python", "python3") if "venv" not in one.words], ids=str
)
def test_python_finds_its_module(typed: Typed):
    assert typed.words[1] == "-m"
    assert importlib.util.find_spec(typed.words[2]) is not None


@pytest.mark.parametrize("typed", of("git"), ids=str)
def test_git_finds_its_files(typed: Typed):
    verb, *rest = typed.words[1:]
    assert verb == "rm"
    assert all((ROOT / path).exists() for path in rest if not path.startswith("-"))


HELD = {
    "evcharge", "make", "docker", "podman-compose", "systemctl", "journalctl", "pip", "pkill", "python", "git",
}  # fmt: skip


def test_every_command_is_parsed_or_run_or_there_is_a_reason():
    left = [one for one in EVERYTHING if one.program not in HELD and one.text not in to_run()]
    assert [str(one) for one in left if not one.text.startswith(tuple(NEITHER))] == []


def test_no_entry_of_a_list_is_dead():
    left = [one.text for one in EVERYTHING if one.program not in HELD]
    assert [start for start in NEITHER if not any(text.startswith(start) for text in left)] == []
    texts = [one.text for one in EVERYTHING]
    assert [start for start in NOT_YET if not any(text.startswith(start) for text in texts)] == []
    assert [start for start in RUN if not any(line.startswith(start) for line in to_run())] == []


def test_both_readmes_type_the_same():
    english, spanish = (
        [one.text for one in commands_of(ROOT / name) if one.fenced] for name in ("README.md", "README.es.md")
    )
    assert english == spanish


def test_both_readmes_show_the_same():
    def shown(name: str) -> list[int]:
        # Each block of a screen, and each table, by its number of lines.
        text = (ROOT / name).read_text("utf-8")
        blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
        return [len(part.splitlines()) for part in (*(block for lang, block in blocks if not lang), *tables)]

    assert shown("README.md") == shown("README.es.md")
    spanish = (ROOT / "README.es.md").read_text("utf-8")
    screen = spanish[spanish.index("D01> start") :].splitlines()[1:5]
    say = Speech(SENTENCES, "es")
    point = {"cp_id": "CP001", "point": "CP001"}
    assert screen == [
        say("sent", wanted=say("any point")),
        say("asking", **point),
        say("ready", **point, wait_s=60),
        say("charging", **point),
    ]


def test_what_stands_in_a_comment_or_behind_another_command_is_found():
    texts = {str(one) for one in EVERYTHING}
    for wanted in (
        "compose.yaml: docker compose --profile topics up -d",
        "deploy/lab/pc2.yaml: POINTS=6 TOKENS_FILE=points.tokens docker compose -f deploy/lab/pc2.yaml up -d",
        "services.txt: evcharge driver D02 --file services.txt",
        "docs/FAULTS.md: evcharge init --state other",
    ):
        assert wanted in texts
    (health,) = [
        one for one in EVERYTHING if one.text.startswith("runuser ") and one.text.endswith(" health")
    ]
    assert health.evcharge == ["health"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_block_to_be_typed_says_that_it_is_one(path: Path):
    """A block without a language, or of another one, holds no command that the tests above overlook."""
    for language, block in re.findall(
        r"^```(\w*)\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        if language not in ("sh", "bash", "console", "shell"):
            assert not re.search(r"^\s*(?:\$ )?(?:evcharge|make|docker|curl) \w", block, re.MULTILINE), block


def test_there_are_as_many_as_there_were():
    assert len(EVERYTHING) > 250
    assert {"README.md", "docs/RUNBOOK.md", "docs/lab/tour.md"} <= {one.document for one in EVERYTHING}
    assert sum(1 for _ in commands_of(ROOT / "docs/OPERATIONS.md")) > 80
