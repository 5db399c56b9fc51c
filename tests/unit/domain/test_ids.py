"""Ids: what gets through the door, and what does not."""

import pytest

from evcharge.domain.errors import BadInput, Code
from evcharge.domain.ids import Role, check_id, typed_id


@pytest.mark.parametrize("text", ["CP001", "D", "A" * 32, "A_B-C", "0", "-", "CON"])
def test_a_well_formed_id_is_returned_as_it_is(text: str):
    assert check_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A" * 33,
        "A" * 300,
        "cp001",
        "CP 001",
        " CP001",
        "CP001 ",
        "CP001\n",
        "\nCP001",
        "CP001\r\n2026-01-01 ADMIN login ok",
        "CP\0001",
        "' OR 1=1--",
        "../../etc/passwd",
        "..",
        "CP.001",
        "CP/001",
        "ＣＰ００１",
        "СР001",  # Cyrillic
        "\u202e100PC",
        "CP\u200b001",
        "🔌",
        "<img src=x>",
        "=1+1",
        "{{7*7}}",
        "%s%n",
        "$(reboot)",
    ],
)
def test_anything_else_is_refused_in_one_printable_ascii_line(text: str):
    with pytest.raises(BadInput) as refusal:
        check_id(text, "charging point")
    said = refusal.value.text
    assert said.isascii()
    assert said.isprintable()
    assert said.startswith("bad charging point ")
    assert "A-Z, 0-9, _ and -" in said
    assert len(said) < 500
    assert refusal.value.code is Code.FIELD


def test_a_long_id_is_quoted_only_in_part():
    with pytest.raises(BadInput, match=r"^bad id 'x{40}\\u2026': "):
        check_id("x" * 10_000)


def test_an_id_of_forty_characters_is_quoted_whole():
    with pytest.raises(BadInput, match="^bad id 'x{40}': "):
        check_id("x" * 40)


def test_the_roles_are_named_as_on_the_wire():
    peers = ["driver", "engine", "monitor"]
    people = ["admin", "operator", "service", "viewer"]
    assert sorted(Role) == sorted([*peers, *people, "central", "registry", "unknown", "weather"])


@pytest.mark.parametrize("text", ["CP001", "cp001", " Cp001 ", "\tcp001"])
def test_people_type_an_id_in_either_case(text: str):
    assert typed_id(text) == "CP001"


@pytest.mark.parametrize("text", ["", "cp 001", "straße", "cpⅠ", "../x", "c" * 33])
def test_what_is_no_id_in_either_case_is_refused(text: str):
    with pytest.raises(BadInput, match="bad charging point"):
        typed_id(text, "charging point")
