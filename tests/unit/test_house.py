"""The house keeps its order: what `import-linter` cannot say."""

import ast
import re
import subprocess
import sys
from collections.abc import Collection, Iterator

import pytest

from tests.unit.sources import PACKAGE, calls, modules

LOADED = """
import importlib, pkgutil, sys
import evcharge.central.rules as rules

for module in pkgutil.iter_modules(rules.__path__):
    importlib.import_module(f"evcharge.central.rules.{module.name}")
print(*sorted(sys.modules))
"""


def test_the_rules_load_nothing_but_the_domain():
    said = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = said.stdout.split()
    ours = [name for name in loaded if name.startswith("evcharge.")]
    rooms = {".".join(name.split(".")[: 3 if name.startswith("evcharge.central") else 2]) for name in ours}
    assert rooms == {"evcharge.central", "evcharge.central.rules", "evcharge.domain"}
    assert not {"asyncio", "cryptography", "sqlite3", "aiohttp", "socket"} & set(loaded)
    # Python's own and msgspec's among them: on every start of a simulation.
    assert len(loaded) < 220


def test_nobody_outside_storage_reads_the_errors_of_one_database():
    # Who imports it, the contract in pyproject.toml says; its names could be asked for all the same.
    others = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "storage"]
    assert len(others) > 250
    assert [path.name for path in others if re.search(r"sqlite_error|SQLITE_[A-Z]", path.read_text())] == []


def is_text_of_a_location(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in ("name", "key")
        and "location" in ast.unparse(node.value).lower()
    )


def test_locations_are_compared_as_locations_and_their_text_nowhere():
    found = [
        f"{name}:{node.lineno}: {ast.unparse(node)}"
        for name, nodes in modules()
        for node in nodes
        if isinstance(node, ast.Compare) and any(map(is_text_of_a_location, [node.left, *node.comparators]))
    ]
    assert found == []


def test_only_the_domain_knows_which_spellings_are_alike():
    found = [
        name
        for name, nodes in modules()
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("casefold", "normalize")
    ]
    # Passwords have their own form; the atlas folds the names that a source gives to cities.
    assert set(found) <= {"domain/location.py", "security/passwords.py", "weather/atlas.py"}


def test_energy_meets_a_price_in_the_tariff_alone():
    products = [
        (name, ast.unparse(node))
        for name, nodes in modules()
        for node in nodes
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.FloorDiv | ast.Mod)
    ]
    assert len(products) > 100
    prices = [(name, text) for name, text in products if re.search(r"price|_PER_CENT|_SCALE\b", text)]
    # Beside it only the text of a price, and its bounds.
    assert {name for name, _ in prices} == {"domain/tariff.py", "domain/billing.py"}
    assert [text for name, text in prices if name == "domain/billing.py"] == [
        "price_centi_cents_per_kwh / 10000"
    ]


def test_no_statement_of_the_books_multiplies_by_a_price():
    product = re.compile(r"price_centi_cents_per_kwh\s*[*/]|[*/]\s*(?:\w+\.)?price_centi_cents_per_kwh")
    files = [path for kind in ("*.py", "*.sql") for path in PACKAGE.rglob(kind)]
    found = [path.name for path in files if product.search(path.read_text(encoding="utf-8"))]
    assert set(found) <= {"tariff.py", "billing.py"}


# Beside these, messages and answers: what is sent bears the name of what it tells.
MESSAGES = {
    "evc1/messages.py",
    "domain/journal_records.py",
    "central/views/page_frames.py",
    "central/api/kit/answers.py",
    "central/api/kit/member_answers.py",
    "registry/bodies.py",
}
# A module of a conventional name is the same part of each room.
CONVENTIONAL = {
    "app": "what a role is made of: read it first",
    "client": "the end that asks, of the protocol or service of its room",
    "server": "the end that answers, of the protocol of its room",
    "setup": "what a role writes once, before its first run",
    "store": "the tables of a role",
    "view": "what a program's screen shows",
}
# The same thing in each room that has to do with it: its rules, what a peer says of it, its routes, its words.
ONE_THING = {
    "accounts",
    "alerts",
    "driver",
    "engine",
    "failures",
    "invitations",
    "monitor",
    "refusals",
    "settling",
    "weather",
}


def test_no_public_class_name_has_two_meanings():
    homes: dict[str, list[str]] = {}
    for name, nodes in modules():
        if name not in MESSAGES:
            for node in nodes:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes.setdefault(node.name, []).append(name)
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def test_no_module_name_has_two_meanings():
    homes: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        if path.stem not in ("__init__", "__main__"):
            homes.setdefault(path.stem, []).append(path.relative_to(PACKAGE).as_posix())
    twice = {stem for stem, found in homes.items() if len(found) > 1}
    assert twice - CONVENTIONAL.keys() - ONE_THING == set()
    # Nothing stays on these lists that needs no excuse any more.
    assert CONVENTIONAL.keys() | ONE_THING == twice


# Rooms whose programs have a terminal: what they log is said in its language.
SPEAKING = ("registry/", "weather/", "driver/", "central/peers/")


def test_what_a_program_logs_for_people_has_two_languages():
    found = [
        f"{name}:{node.lineno}"
        for name, node in calls({"log.info", "log.warning", "log.error"}, SPEAKING)
        if isinstance(node.args[0], ast.Constant) and re.search(r"[a-z]{2}", str(node.args[0].value))
    ]
    assert found == []


# Ours say a sentence of ours; and an error of click says what a person typed.
OURS = re.compile(
    r"EvchargeError|StateError|ConfigError|BadInput|BadLine|Refused|CommandRefused|Unstorable|StaleLink|Overloaded|ProtocolError|Unforeseen|"
    r"AuthenticationError|Taken|Impostor|ChannelClosed|BrokerLost|Store\w+|ConstraintViolated|SourceTrouble|Journal\w+|"
    r"Damaged|records\.UnknownRecord|Bad\w+|_NotOurs|StartRefusal|click\.ClickException"
)
# Where an exception's own text is read: to turn it into a sentence, or for the report of a mistake of our own.
READERS = {
    "runtime/failures.py",
    "runtime/logs.py",
    "cli.py",
    "storage/sqlite_errors.py",
    "runtime/toml_file.py",
}

# They raise each ValueError that they catch, with a sentence in it.
READERS |= {"cp/engine/plan.py", "weather/timeline.py"}


def _told_as_they_are(nodes: Collection[ast.AST]) -> Iterator[int]:
    """Yield the lines where the text of an exception that is not ours is formatted."""
    for handler in (node for node in nodes if isinstance(node, ast.ExceptHandler)):
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if handler.name is None or all(OURS.fullmatch(ast.unparse(kind)) for kind in kinds if kind):
            continue
        for node in ast.walk(handler):
            told: list[ast.expr] = []
            match node:
                case ast.FormattedValue():
                    told = [node.value]
                case ast.Call(func=ast.Name(id="str" | "repr" | "ascii")):
                    told = node.args
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
                    told = node.args
                case ast.Call(func=func) if ast.unparse(func).rsplit(".")[-1] in {
                    "words",
                    "_words",
                    "say",
                    "_say",
                }:
                    told = [*node.args, *(given.value for given in node.keywords)]
            for part in told:
                if isinstance(part, ast.Name) and part.id == handler.name:
                    yield part.lineno
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr == "strerror":
            yield node.lineno


@pytest.mark.parametrize(
    "line",
    [
        'log.warning("failed: %s", problem)',
        'raise ConfigError(f"cannot read: {problem}")',
        "text = str(problem)",
        "text = problem.strerror",
        "os.strerror(problem.errno)",
        'self._words("cannot use", why=problem)',
    ],
)
def test_an_exception_that_is_told_as_it_is_is_found(line: str):
    theirs = ast.walk(ast.parse(f"try: pass\nexcept OSError as problem: {line}"))
    assert list(_told_as_they_are(list(theirs))) == [2]
    ours = ast.walk(ast.parse("try: pass\nexcept BadInput as problem: log.info('%s', problem)"))
    assert not list(_told_as_they_are(list(ours)))


def test_no_exception_of_a_library_is_told_as_it_is():
    found = [
        f"{name}:{line}: use failures.why"
        for name, nodes in modules()
        if name not in READERS
        for line in _told_as_they_are(nodes)
    ]
    assert found == []


def test_a_file_that_is_called_as_what_make_does_keeps_it_from_nothing():
    makefile = (PACKAGE.parent / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert set(phony.split()) == targets
