"""The documents fail when they are wrong."""

import ast
import itertools
import re
import tomllib
from pathlib import Path

import click
import pytest
from msgspec import Struct

from evcharge.central.rules.alert_kinds import CLOSED_BY_HAND, AlertKind
from evcharge.cli import drive, evcharge
from evcharge.cp.health import Ping, Pong
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.events import EVENT_TYPES
from evcharge.domain.journal_records import Record
from evcharge.domain.session import EndReason
from evcharge.evc1.messages import MESSAGE_TYPES, RECORD_TYPES, Message
from tests.unit.sources import modules

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "evcharge"
PROTOCOL = (ROOT / "docs/PROTOCOL.md").read_text("utf-8")
GLOSSARY = (ROOT / "docs/GLOSSARY.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs/ARCHITECTURE.md").read_text("utf-8")
FAULTS = (ROOT / "docs/FAULTS.md").read_text("utf-8")
SECURITY = (ROOT / "docs/SECURITY.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs/OPERATIONS.md").read_text("utf-8")
LAB = ROOT / "docs/lab"
RUNBOOK = (ROOT / "docs/RUNBOOK.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")


def tag(kind: type[Message] | type[Record]) -> str:
    return str(kind.__struct_config__.tag)


@pytest.mark.parametrize("kind", [*MESSAGE_TYPES, *RECORD_TYPES], ids=tag)
def test_every_message_stands_in_the_protocol_with_its_fields_and_in_the_glossary(kind):
    # Two messages may share a row, `LIST` / `POINTS`: then each has its fields in the same cell.
    rows = [line for line in PROTOCOL.splitlines() if line.startswith("|") and f"`{tag(kind)}`" in line]
    assert rows, f"{tag(kind)} is not in docs/PROTOCOL.md D9"
    missing = [name for name in kind.__struct_fields__ if name != "seq" and f"`{name}`" not in rows[-1]]
    assert not missing
    assert f"`{tag(kind)}`" in GLOSSARY


def test_every_decision_has_a_number_of_its_own_and_says_it():
    decisions = {path.name[:4]: path for path in sorted((ROOT / "docs/adr").glob("0*.md"))}
    assert len(decisions) == len(list((ROOT / "docs/adr").glob("0*.md")))
    assert list(decisions) == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for number, path in decisions.items():
        assert path.read_text("utf-8").startswith(f"# {number}: ")


@pytest.mark.parametrize("kind", [Ping, Pong])
def test_what_is_said_on_the_health_port_stands_in_the_protocol_with_its_fields(kind: type[Struct]):
    health = PROTOCOL[PROTOCOL.index("## D8") : PROTOCOL.index("## D9")]
    (fields,) = re.findall(rf"`{kind.__struct_config__.tag}\{{(.*?)\}}`", health, re.DOTALL)
    assert set(kind.__struct_fields__) == set(
        re.findall(r"(?:^|, )(\w+)", re.sub(r" ?\([^)]*\)", "", fields))
    )


@pytest.mark.parametrize("word", [*CpStatus, *EndReason])
def test_every_status_and_reason_stands_in_the_glossary(word: str):
    assert f"`{word}`" in GLOSSARY


def test_the_protocol_names_no_message_that_does_not_exist():
    table = PROTOCOL[PROTOCOL.index("## D9") :]
    named = {
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([A-Z_]+)`", line.split("|")[1])
    }
    assert named == {tag(kind) for kind in (*MESSAGE_TYPES, *RECORD_TYPES)}


def test_every_room_is_on_the_map_of_the_architecture():
    rooms = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("__init__.py")}
    central = {
        str(path.relative_to(PACKAGE).with_suffix("")) for path in (PACKAGE / "central").glob("[a-z]*.py")
    }
    names = {str(room) for room in rooms if room.parts and room.parts[:2] != ("central", "api")} | central
    named = {name for name in names if room_is_named(name)}
    assert sorted(names - named - {"central/books/schema", "registry/schema"}) == []


def test_the_map_stands_in_the_order_of_the_layers():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = {
        contract["containers"][0]: [set(layer.split(" | ")) for layer in contract["layers"]]
        for contract in contracts
        if contract["type"] == "layers"
    }
    # The roles know nothing of each other, and `cli` is none of them.
    for container, home in (("evcharge", ""), ("evcharge.central", "central/")):
        wanted = [name for layer in layers[container] for name in sorted(layer)]
        where = {name: ARCHITECTURE.index(f"`{home}{name}`", ARCHITECTURE.index("## Map")) for name in wanted}
        row = {name: ARCHITECTURE.rindex("\n", 0, place) for name, place in where.items()}
        by_row = sorted(set(row.values()))
        found = [{name for name in wanted if row[name] == start} for start in by_row]
        assert found == layers[container]


def names_of(text: str) -> set[tuple[str, str]]:
    """Return (path, name within it or "") of all that a text calls `a/b` or `a/b.Name`."""
    found = re.findall(r"(?<![\w/.:(])([a-z][a-z_0-9]+(?:/[a-z_0-9]+)+)(?:\.([A-Za-z_]+))?(?![\w/-])", text)
    return {(path, name) for path, name in found if not path.startswith("tests/")}


def test_every_module_and_name_of_the_architecture_exists():
    named = names_of(ARCHITECTURE.replace("adr/", "").replace("docs/", ""))
    assert len(named) > 40
    missing = []
    for path, name in sorted(named):
        homes = [home / path for home in (PACKAGE, PACKAGE / "central")]
        there = [home for home in homes if home.is_dir() or home.with_suffix(".py").is_file()]
        text = (
            there[0].with_suffix(".py").read_text("utf-8") if there and name not in ("", "py", "md") else name
        )
        if not there or not re.search(rf"\b{name}\b" if name else "", text):
            missing.append((path, name))
    assert missing == []


def words_of_the_glossary() -> list[tuple[str, str, str]]:
    table = GLOSSARY[: GLOSSARY.index("## Statuses")]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| **")]
    return [(word, spanish, " | ".join(meaning)) for word, spanish, *meaning in rows]


def test_no_word_stands_twice_in_the_glossary_and_each_has_its_spanish():
    rows = words_of_the_glossary()
    assert len(rows) > 55
    words = [word for word, _, _ in rows]
    assert sorted(word for word in set(words) if words.count(word) > 1) == []
    assert [word for word, spanish, meaning in rows if not spanish.strip() or not meaning.strip()] == []


def room_is_named(name: str) -> bool:
    return f"`{name}`" in ARCHITECTURE


def test_every_module_that_says_it_is_pure_is_held_to_that():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (held,) = (
        contract["source_modules"] for contract in contracts if contract["name"].startswith("Pure rooms")
    )
    said = []
    for module, (tree, *_) in modules():
        assert isinstance(tree, ast.Module)
        if re.search(r"\bPure\b", ast.get_docstring(tree) or ""):
            said.append("evcharge." + module.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    assert len(said) > 50
    # A room holds its modules, and the rooms in it.
    assert [name for name in said if not any(f"{name}.".startswith(f"{room}.") for room in held)] == []


def typed(text: str) -> list[tuple[list[str], click.Command]]:
    """Every command line of a document, in words, and the command it runs; `cp add|list` is one of each."""
    found = []
    for line in re.findall(r"(?:`|^\s*)evcharge ([^`\n#]+)", text.replace("\\|", "|"), re.MULTILINE):
        choices = [word.split("|") if re.fullmatch(r"[a-z|]+", word) else [word] for word in line.split()]
        for words in itertools.product(*choices):
            command: click.Command = evcharge
            for word in words:
                if not isinstance(command, click.Group):
                    break
                # `driver D09` is the driver's app.
                assert word in command.commands or command.name == "driver", f"evcharge {line}"
                command = command.commands.get(word, drive)
            found.append((list(words), command))
    return found


def flags(command: click.Command) -> set[str]:
    return {flag for parameter in command.params for flag in parameter.opts} | {"--help"}


def test_every_command_of_the_operators_page_takes_the_flags_that_all_take():
    table = OPERATIONS[OPERATIONS.index("## Commands") : OPERATIONS.index("All but `cp` and `driver` ask")]
    commands = [command for words, command in typed(table) if words[1:] != ["D09"]]
    assert min(len(commands), len(typed(README))) > 20
    for command in commands:
        assert {"--json", "--lang", "--state", "--config"} <= flags(command), command.name


@pytest.mark.parametrize("kind", AlertKind)
def test_every_alert_stands_in_the_runbook_with_what_ends_it(kind: AlertKind):
    rows = [line for line in RUNBOOK.splitlines() if re.match(rf"\| `[A-Za-z0-9:]+-{kind}`", line)]
    assert len(rows) == 1
    assert (kind in CLOSED_BY_HAND) == ("by hand" in rows[0].split("|")[-2])


def test_the_tour_types_the_same_in_both_languages():
    english, spanish = (
        re.findall(r"(?:^|`)((?:evcharge|pkill) [^`\n]+)", (LAB / name).read_text("utf-8"), re.MULTILINE)
        for name in ("tour.md", "recorrido.md")
    )
    assert len(english) > 10
    assert english == spanish


def test_every_event_that_the_runbook_asks_for_exists():
    asked = set(re.findall(r"--type (\w+)", RUNBOOK))
    assert asked
    assert asked - {event.__name__ for event in EVENT_TYPES} == set()


@pytest.mark.parametrize("document", [FAULTS, SECURITY], ids=["FAULTS", "SECURITY"])
def test_every_test_that_keeps_a_promise_exists(document: str):
    named = set(re.findall(r"`(test_\w+)`", document))
    assert named
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^ *(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert named - defined == set()


def test_links_between_the_documents_lead_somewhere():
    for document in (*ROOT.glob("docs/**/*.md"), ROOT / "README.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
