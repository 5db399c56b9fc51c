"""config.toml tells every key there is, with the default that the program has."""

import re
from functools import cache
from pathlib import Path

import pytest

from evcharge.cp.engine.plan import Action
from evcharge.runtime import config, toml_file

FILE = Path(__file__).parents[2] / "config.toml"
# Keys that are absent by default stand there as a comment: `# plan = "plan.txt"`.
ABSENT = re.compile(r"^# (\w+) = (.+)$", re.MULTILINE)


@cache
def entries():
    return {entry.key: entry.value for entry in toml_file.read(FILE, config.keys())}


@cache
def in_comments():
    section, found = "", set()
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if header := re.match(r"\[(\w+)\]", line):
            section = header[1]
        elif absent := ABSENT.match(line):
            found.add(f"{section}.{absent[1]}")
    return found


def default(key):
    section, _, name = key.rpartition(".")
    holder = config.Config() if not section else getattr(config.Config(), section)
    value = getattr(holder, name)
    return str(value) if key == "state" else value


def test_every_key_stands_in_the_file_once():
    assert set(entries()) | in_comments() == set(config.keys())
    assert not set(entries()) & in_comments()


@pytest.mark.parametrize("key", sorted(config.keys()))
def test_the_file_gives_the_default(key):
    if key in in_comments():
        assert default(key) is None
    else:
        assert entries()[key] == default(key)


def test_loading_the_file_changes_nothing():
    assert config.load(FILE, {}, {}) == config.Config()


def test_the_keys_in_comments_are_right_when_they_are_wanted(tmp_path):
    wanted = tmp_path / "config.toml"
    wanted.write_text(ABSENT.sub(r"\1 = \2", FILE.read_text(encoding="utf-8")), encoding="utf-8")
    engine = config.load(wanted, {}, {}).engine
    assert (engine.auto_plug_s, engine.auto_unplug_s, engine.plan) == (2.0, 30.0, "plan.txt")


def test_every_key_has_a_comment_or_a_neighbour_that_has_one():
    lines = FILE.read_text(encoding="utf-8").splitlines()
    for index, line in enumerate(lines):
        if re.match(r"\w+ = ", line):
            block = lines[:index]
            above = next(text for text in reversed(block) if not re.match(r"\w+ = ", text))
            assert above.startswith("#") or "] #" in above or above == "[log]", line


def test_every_step_of_a_plan_is_named():
    said = FILE.read_text(encoding="utf-8").partition("# A file of timed steps")[2].partition("# plan =")[0]
    assert set(Action) <= set(re.findall(r"[a-z]+", said))
