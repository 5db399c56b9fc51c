"""A TOML file becomes entries that know their line."""

from pathlib import Path

import pytest

from evcharge.domain.errors import ConfigError
from evcharge.runtime import toml_file
from evcharge.runtime.toml_file import TomlEntry

KNOWN = ("lang", "central.port", "central.host", "log.level")


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write_and_read(text):
        Path("c.toml").write_text(text)
        return toml_file.read(Path("c.toml"), KNOWN)

    return write_and_read


def test_every_way_of_writing_a_key_finds_its_line(read):
    text = (
        "# lang = 'no'\nlang = 'es'\nlog . level = 'x'\n[ central ] # port = 3\n'port' = 1\n\n\"host\"='h'\n"
    )
    assert read(text) == [
        TomlEntry("lang", "es", "c.toml line 2"),
        TomlEntry("log.level", "x", "c.toml line 3"),
        TomlEntry("central.port", 1, "c.toml line 5"),
        TomlEntry("central.host", "h", "c.toml line 7"),
    ]


def test_a_key_in_an_inline_table_has_the_line_of_its_section(read):
    assert read("\ncentral = { port = 1 }") == [TomlEntry("central.port", 1, "c.toml line 2")]


def test_a_key_whose_line_cannot_be_told_has_the_name_of_the_file(read):
    assert read('"l\\u0061ng" = 1') == [TomlEntry("lang", 1, "c.toml")]


def test_an_empty_file_and_an_empty_section_have_no_entries(read):
    assert read("") == read("[central]\n") == []


def test_a_key_that_is_a_section_elsewhere_and_one_that_is_close_are_told_apart(read):
    with pytest.raises(ConfigError, match=r"c.toml line 1: unknown key `level`; it belongs to \[log\]"):
        read("level = 1")
    with pytest.raises(ConfigError, match=r"line 2: unknown key `leve`, did you mean `level`\?"):
        read("[log]\nleve = 1")


def test_nothing_close_is_no_suggestion():
    assert toml_file.did_you_mean("zzz", KNOWN) == ""
    assert toml_file.did_you_mean("lnag", KNOWN, "<{}>") == ", did you mean <lang>?"
