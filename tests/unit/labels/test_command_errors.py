"""What goes wrong at a command line has Spanish words, whoever raised it."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from itertools import chain

import pytest

from evcharge import cli
from evcharge.labels import command_errors
from evcharge.labels.command_errors import TABLES, translated
from evcharge.storage.store_errors import StoreError
from tests.unit.sources import calls

ERRORS = {
    f"{module}{name}"
    for name in (
        "StateError",
        "ConfigError",
        "Taken",
        "BadInput",
        "UsageError",
        "BadParameter",
        "ClickException",
    )
    for module in ("", "click.")
}
# What these say is answered to programs, with a code: English is what they read (see ADR 0018).
ANSWERS = ("central/api/", "central/rules/", "central/books/archive.py", "registry/", "http/server.py")
# The sentences of their mistakes are ValueErrors first.
OF_FILES = ("cp/engine/plan.py", "weather/timeline.py")


def text_of(node: ast.expr) -> str | None:
    """Return a text with something in each of its braces; None for what is worded elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(
                str(part.value) if isinstance(part, ast.Constant) else sample(part) for part in parts
            )
        case ast.BinOp(left=left, op=ast.Add()):
            return f"{text_of(left)}sasl_tls"
        case _:
            return None


def sample(part: ast.expr) -> str:
    # Hints of what was meant may be empty.
    shown = ast.unparse(part)
    return "" if "hint" in shown or "did_you_mean" in shown else "X"


def errors() -> Iterator[tuple[str, str]]:
    """Yield what each error of the command line says, with where that is."""
    of_commands = ((module, call) for module, call in calls(ERRORS) if not module.startswith(ANSWERS))
    for module, call in chain(of_commands, calls({"ValueError"}, OF_FILES)):
        text = text_of(call.args[0]) if call.args else None
        # One that has no word of its own says what others say.
        if text is not None and text.strip("X :.()"):
            yield f"{module}:{call.lineno}", text


def test_every_error_of_the_command_line_has_spanish_words():
    found = list(errors())
    assert len(found) > 90
    assert [(where, text) for where, text in found if translated(text, "es") == text] == []


def kinds_of(kind: type[StoreError]) -> Iterator[type[StoreError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from kinds_of(below)


@pytest.mark.parametrize("kind", list(kinds_of(StoreError)))
def test_what_a_database_did_not_do_has_spanish_words(kind: type[StoreError]):
    assert translated(kind.sentence, "es") != kind.sentence


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        (
            "config.toml line 3: `port` is 'x'; it must be a whole number from 0 to 65535",
            "config.toml, línea 3: `port` es 'x'; debe ser un número entero de 0 a 65535",
        ),
        (
            'environment variable EVCHARGE_LANG: `lang` is \'fr\'; it must be "en" or "es"',
            'variable de entorno EVCHARGE_LANG: `lang` es \'fr\'; debe ser "en" o "es"',
        ),
        (
            "config.toml line 2: unknown key `prot`, did you mean `port`?",
            "config.toml, línea 2: clave desconocida `prot`; ¿quería decir `port`?",
        ),
        (
            "cannot listen on 127.0.0.1:9000: that port is in use. Is another one running here? Choose another port.",
            "no se puede escuchar en 127.0.0.1:9000: ese puerto está en uso. ¿Hay otro en marcha aquí? Elija otro "
            "puerto.",
        ),
        (
            "cannot write /a b/c: no space left on the disk. Free some space, and try again.",
            "no se puede escribir /a b/c: no queda espacio en el disco. Libere espacio y pruebe de nuevo.",
        ),
        ("a sentence of tomorrow", "a sentence of tomorrow"),
    ],
)
def test_what_stands_inside_is_said_in_that_language_too(english: str, spanish: str):
    assert translated(english, "es") == spanish
    assert translated(english, "en") == english


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nosuch"], "No existe la orden 'nosuch'."),
        (["out", "--nosuch"], "No existe la opción"),
        (["cp-engine"], "Falta el argumento 'CP_ID'."),
        (["out"], "Indique un punto de recarga, como CP001, o --all."),
        (["cp-engine", "cp!"], "id 'CP!' no vale"),
        (
            ["central", "--port", "99999"],
            "Valor no válido para '--port': `port` es '99999'; debe ser un número",
        ),
        (["up", "--points", "0"], "0 no está en 1<=x<=100."),
        (["up", "--points", "x"], "'x' no es un número entero."),
        (["central", "--config", "none.toml"], "no existe el fichero de configuración none.toml"),
    ],
)
@pytest.mark.parametrize("asked", ["flag", "environment"])
def test_a_wrong_command_line_is_said_in_the_language_that_was_asked_for(
    args: list[str], said: str, asked: str, monkeypatch, capsys, tmp_path
):
    monkeypatch.chdir(tmp_path)
    if asked == "environment":
        monkeypatch.setenv("EVCHARGE_LANG", "es")
    else:
        args = [*args, "--lang", "es"]
    assert cli.run(args) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Usage" not in told


def test_no_sentence_is_there_twice():
    english = [words[0] for table in TABLES for words in table.values()]
    assert len(set(english)) == len(english)


def test_every_table_is_searched():
    there = [
        importlib.import_module(f"{command_errors.__name__}.{module.name}")
        for module in pkgutil.iter_modules(command_errors.__path__)
    ]
    assert sorted(map(id, TABLES)) == sorted(id(module.SENTENCES) for module in there)
