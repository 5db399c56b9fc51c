"""`--help`, in both languages: nothing is left in English where somebody reads Spanish."""

import re
from collections.abc import Iterator

import click
import pytest

from evcharge import cli
from evcharge.operator.help_words import SPANISH


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))


EVERY = dict(commands(cli.evcharge)) | {("driver", "D01"): cli.drive}


def texts() -> Iterator[str]:
    for command in EVERY.values():
        yield from (" ".join(one.split()) for one in (command.help or "").split("\n\n"))
        for option in command.params:
            if isinstance(option, click.Option) and option.help:
                yield option.help.partition("  [")[0]


def test_every_sentence_of_the_help_has_its_spanish_one_and_none_is_left_over():
    english = {text for text in texts() if text} | {"Show this message and exit."}
    assert english - set(SPANISH) == set()
    assert set(SPANISH) - english == set()
    assert [text for text, spanish in SPANISH.items() if not spanish.endswith(".")] == []


@pytest.mark.parametrize("path", EVERY, ids=lambda path: " ".join(path) or "evcharge")
def test_help_in_spanish_says_nothing_in_english(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]):
    assert cli.run([*path, "--help", "--lang", "es"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("Uso: evcharge")
    assert not re.search(
        r"\b(Usage|Options|OPTIONS|Commands|COMMAND|ARGS|INTEGER|RANGE|FLOAT|TEXT|default:|required|Show|the|of)\b",
        shown,
    ), shown
    assert cli.run([*path, "--help"]) == 0
    english = capsys.readouterr().out
    assert english.startswith("Usage: evcharge")
    # An argument has a name for people, no variable's; and no line has a name alone.
    assert re.findall(r"\b[A-Z]+_(?!\w)|^  [A-Z_]+$", english, re.MULTILINE) == []


def test_a_sentence_that_is_cut_for_the_list_of_commands_is_cut_in_spanish_too(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    assert cli.run(["--help", "--lang", "es"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(re.match(r"  doctor +Dice qué va mal en este PC.*\.\.\.$", line) for line in lines), lines
    assert max(map(len, lines)) <= 60


def test_without_a_command_the_help_is_all_that_is_said(monkeypatch, capsys):
    monkeypatch.setenv("EVCHARGE_LANG", "es")
    assert cli.run([]) == 2
    said = capsys.readouterr().err
    assert (said.count("Uso:"), "Error" in said) == (1, False)
