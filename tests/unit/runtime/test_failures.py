"""Why something failed is told in our words, whoever raised it, in both languages."""

import asyncio
import errno
import inspect
import json
import re
import socket
import sqlite3
import ssl
import tomllib
import zlib
from types import ModuleType
from typing import Annotated, Any

import aiohttp
import aiokafka.errors  # type: ignore[import-untyped]
import cryptography.exceptions
import cryptography.fernet
import cryptography.x509
import msgspec
import pytest
from aiohttp import http_exceptions, http_websocket, web_exceptions

from evcharge.domain.errors import StateError
from evcharge.domain.strict_json import NotJson
from evcharge.labels.causes import cause
from evcharge.runtime import failures, files
from evcharge.storage.sqlite_errors import store_error

# What no sentence of ours may hold.
LIBRARYS = "Traceback of the library"

LIBRARIES: tuple[ModuleType, ...] = (
    aiohttp,
    http_exceptions,
    http_websocket,
    web_exceptions,
    aiokafka.errors,
    cryptography.exceptions,
    cryptography.fernet,
    cryptography.x509,
    msgspec,
    ssl,
    zlib,
    tomllib,
    json,
    asyncio,
)
# How a task is ended, and what only a mistake of our own raises.
NOT_FAILURES = {
    *(
        asyncio.CancelledError,
        asyncio.InvalidStateError,
        asyncio.QueueEmpty,
        asyncio.SendfileNotAvailableError,
    ),
    *(getattr(asyncio, name) for name in ("BrokenBarrierError", "QueueShutDown") if hasattr(asyncio, name)),
}
OF_PYTHON = (
    TimeoutError, ConnectionError, ConnectionRefusedError, ConnectionResetError, ConnectionAbortedError,
    BrokenPipeError, FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError,
    BlockingIOError, InterruptedError, EOFError, MemoryError, RecursionError, UnicodeDecodeError,
    UnicodeEncodeError, OSError, NotJson, ChildProcessError, ProcessLookupError,
)  # fmt: skip


def _classes() -> list[type[BaseException]]:
    found = {
        kind
        for library in LIBRARIES
        for kind in vars(library).values()
        if inspect.isclass(kind) and issubclass(kind, BaseException) and not issubclass(kind, Warning)
    }
    return sorted({*found, *OF_PYTHON} - NOT_FAILURES, key=lambda kind: (kind.__module__, kind.__qualname__))


def _raised(kind: type[BaseException]) -> BaseException:
    """Return an instance that says a library's words, whatever its __init__ asks for."""
    problem = kind.__new__(kind, LIBRARYS) if not issubclass(kind, UnicodeError) else Exception.__new__(kind)
    problem.args = (LIBRARYS,)
    return problem


def _is_ours(problem: BaseException) -> None:
    english = failures.why(problem)
    assert failures.is_foreseen(problem), problem
    spanish = cause(english, "es")
    assert spanish != english, f"not in Spanish: {english}"
    for said in (english, spanish):
        assert LIBRARYS not in said
        assert type(problem).__name__ not in said
        assert not re.search(r"Errno|Expected|[a-z][A-Z]\w*Error|\$\.", said), said


def test_every_class_of_our_dependencies_is_fed():
    names = {kind.__name__ for kind in _classes()}
    assert len(names) > 200
    assert {
        "ClientConnectorDNSError",
        "KafkaTimeoutError",
        "InvalidToken",
        "SSLCertVerificationError",
    } <= names


@pytest.mark.parametrize("kind", _classes(), ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_an_exception_of_a_library_is_told_in_our_words_in_both_languages(kind: type[BaseException]):
    _is_ours(_raised(kind))


def test_whoever_is_late_is_late_whatever_waited_for_it():
    assert {
        failures.why(late())
        for late in (TimeoutError, aiohttp.ConnectionTimeoutError, aiohttp.SocketTimeoutError)
    } == {"no answer in time"}


@pytest.mark.parametrize("number", sorted(errno.errorcode), ids=lambda number: errno.errorcode[number])
def test_every_number_of_the_system_has_our_words(number: int):
    problem = OSError(number, LIBRARYS)
    _is_ours(problem)
    _is_ours(
        OSError(
            None, f"Multiple exceptions: [Errno {number}] Connect call failed ('::1', 1, 0, 0), {LIBRARYS}"
        )
    )


NAMES = sorted({number for name, number in vars(socket).items() if name.startswith("EAI_")})


@pytest.mark.parametrize("number", NAMES)
def test_a_name_that_is_not_found_has_our_words_also_inside_aiohttp(number: int):
    beneath = socket.gaierror(number, LIBRARYS)
    _is_ours(beneath)
    key = aiohttp.client_reqrep.ConnectionKey("h", 1, False, True, None, None, None)  # noqa: FBT003
    _is_ours(problem := aiohttp.ClientConnectorDNSError(key, beneath))
    assert failures.why(problem) == failures.why(beneath)


@pytest.mark.parametrize("code", range(80))
def test_whatever_is_wrong_with_a_certificate_has_our_words(code: int):
    problem = ssl.SSLCertVerificationError(1, LIBRARYS)
    problem.verify_code = code
    _is_ours(problem)
    key = aiohttp.client_reqrep.ConnectionKey("h", 1, True, True, None, None, None)  # noqa: FBT003
    _is_ours(outside := aiohttp.ClientConnectorCertificateError(key, problem))
    assert failures.why(outside) == failures.why(problem)


CODES = [name for name in vars(sqlite3) if name.startswith("SQLITE_") and name.isupper()]


@pytest.mark.parametrize("kind", [sqlite3.OperationalError, sqlite3.DatabaseError, sqlite3.IntegrityError])
@pytest.mark.parametrize("code", ["", *CODES])
def test_every_error_of_sqlite_has_our_words(kind: type[sqlite3.Error], code: str):
    problem = kind(LIBRARYS)
    problem.sqlite_errorname = code
    _is_ours(told := store_error(problem))
    # Log lines and sentences may format it as it is.
    assert str(told) == failures.why(told)


@pytest.mark.parametrize("problem", [files.NotPlain(), files.TooLarge()])
def test_what_we_find_about_a_file_ourselves_has_our_words(problem: OSError):
    _is_ours(problem)


class _Inner(msgspec.Struct, tag="one"):
    a: int


class _Other(msgspec.Struct, tag="two"):
    b: int


class _Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    credential: Annotated[str, msgspec.Meta(min_length=8, max_length=10)] = "12345678"
    id: Annotated[str, msgspec.Meta(pattern="^CP[0-9]+$")] = "CP1"
    name: Annotated[str, msgspec.Meta(min_length=1)] = "x"
    count: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    step: Annotated[int, msgspec.Meta(multiple_of=5)] = 5
    names: Annotated[list[str], msgspec.Meta(min_length=1, max_length=2)] = []
    maybe: str | None = None
    either: int | str | None = None
    kind: _Inner | _Other | None = None
    data: bytes = b""
    deep: list[_Inner] = []
    on: bool = False
    pair: tuple[int, int] = (1, 2)


BAD_FIELDS: list[tuple[str, str, str]] = [
    ('{"credential":"x"}', "`credential` must be text of at least 8 characters",
     "`credential` debe ser un texto de al menos 8 caracteres"),
    ('{"credential":"12345678901"}', "`credential` must be text of at most 10 characters",
     "`credential` debe ser un texto de 10 caracteres como mucho"),
    ('{"credential":7}', "`credential` must be text", "`credential` debe ser un texto"),
    ('{"id":"x"}', "`id` is not written as it must be", "`id` no está escrito como debe"),
    ('{"name":""}', "`name` must not be empty", "`name` no puede estar vacío"),
    ('{"count":0}', "`count` must be at least 1", "`count` debe ser al menos 1"),
    ('{"count":9}', "`count` must be at most 5", "`count` debe ser como mucho 5"),
    ('{"share":0}', "`share` must be above 0.0", "`share` debe ser mayor que 0.0"),
    ('{"share":1}', "`share` must be below 1.0", "`share` debe ser menor que 1.0"),
    ('{"step":4}', "`step` is not written as it must be", "`step` no está escrito como debe"),
    ('{"names":[]}', "`names` must be a list of at least 1", "`names` debe ser una lista de al menos 1"),
    ('{"names":["a","b","c"]}', "`names` must be a list of at most 2", "`names` debe ser una lista de 2 como mucho"),
    ('{"pair":[1]}', "`pair` must be a list of 2", "`pair` debe ser una lista de 2"),
    ('{"maybe":1}', "`maybe` must be text or null", "`maybe` debe ser un texto o null"),
    ('{"either":[]}', "`either` must be a whole number or text or null",
     "`either` debe ser un número entero o un texto o null"),
    ('{"kind":{"type":"x"}}', "`kind.type` has none of its possible values",
     "`kind.type` no tiene ninguno de sus valores posibles"),
    ('{"data":"é"}', "`data` is not written as it must be", "`data` no está escrito como debe"),
    ('{"deep":[{"type":"one"}]}', "`deep[0].a` is missing", "falta `deep[0].a`"),
    ('{"on":1}', "`on` must be true or false", "`on` debe ser true o false"),
    ('{"other":1}', "`other` is not known", "`other` no se conoce"),
    ('{"o ` th":1}', "`o___th` is not known", "`o___th` no se conoce"),
    ('{"count":99999999999999999999999}', "`count` must be at most 5", "`count` debe ser como mucho 5"),
    ("[]", "it must be an object", "lo enviado debe ser un objeto"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "english", "spanish"), BAD_FIELDS)
def test_a_wrong_field_is_named_with_what_it_must_be(body: str, english: str, spanish: str):
    with pytest.raises(msgspec.ValidationError) as wrong:
        msgspec.json.decode(body, type=_Body)
    assert failures.why(wrong.value) == english
    assert cause(english, "es") == spanish
    assert cause(f"Bad body: {english}.", "es") == f"Cuerpo incorrecto: {spanish}."


def test_a_strangers_field_name_is_short_and_plain():
    with pytest.raises(msgspec.ValidationError) as wrong:
        msgspec.json.decode(json.dumps({"\n\x1b" * 500: 1}), type=_Body)
    said = failures.why(wrong.value)
    assert len(said) < 120
    assert said.isprintable()


def test_a_mistake_of_our_own_is_named_for_a_report_and_repeats_nothing():
    problem: Any = KeyError("what a stranger sent")
    assert not failures.is_foreseen(problem)
    assert failures.why(problem) == "something failed that was not foreseen (KeyError)"
    assert cause(failures.why(problem), "es") == "falló algo no previsto (KeyError)"


def test_ours_keep_their_sentence_and_a_group_says_its_first():
    ours = StateError("the file is gone: put it back.")
    assert failures.why(ours) == ours.text
    assert failures.why(ExceptionGroup("two", [ours, OSError(errno.EIO, "x")])) == ours.text
