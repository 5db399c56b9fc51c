"""A TOML file as a list of dotted keys that each know their line, so that errors can name it."""

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from evcharge.domain.errors import ConfigError
from evcharge.runtime import failures, files

_MISTAKES = (
    (r"Cannot (overwrite|declare|mutate|redefine)", "this key or section appears twice"),
    (r"Expected '='", "a = is missing after the key"),
    (r"Expected '\]", "a ] is missing"),
    (r"Unclosed|Unterminated|Illegal character '\\n'", "a quotation mark or bracket is not closed"),
    (r"Unescaped|Illegal character", "there is a character that is not allowed"),
    (r"Invalid value", "a value is missing, or text is not between quotation marks"),
)
_MOST_BYTES = 1 << 20  # our own file has some 5 KiB


class TomlEntry(NamedTuple):
    """One key as it stands in the file: `place` is "config.toml line 7"."""

    key: str
    value: Any
    place: str


def read(path: Path, known: Collection[str]) -> list[TomlEntry]:
    """Return the entries of the file at `path`; `known` are all keys there are ("lang", "central.port").

    Raises ConfigError when it cannot be read, is not TOML, or holds a key or section that is not known.
    """
    text = _read(path)
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ConfigError(_not_toml(path, problem)) from None
    return list(_entries(path, text, tables, known))


def did_you_mean(name: str, known: Collection[str], form: str = "{}") -> str:
    """Return ", did you mean X?" for the closest of `known` (shown in `form`), or "" when none is close."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f", did you mean {form.format(close[0])}?" if close else ""


def _read(path: Path) -> str:
    try:
        raw = files.read(path, _MOST_BYTES)
    except FileNotFoundError:
        raise ConfigError(f"there is no config file {path}: create it, or name another one") from None
    except files.TooLarge:
        raise ConfigError(f"{path} is larger than 1 MiB: is it a config file?") from None
    except (OSError, ValueError) as problem:
        raise ConfigError(f"cannot read config file {path}: {failures.why(problem)}") from None
    try:
        # A BOM and CRLF are what Windows editors write: no reason to refuse.
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        raise ConfigError(f"{path} line {line} is not UTF-8 text: save the file as UTF-8") from None


def _not_toml(path: Path, problem: Exception) -> str:
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(problem), re.DOTALL)
    if found:
        return f"{path} line {found[2]}, column {found[3]}: this is not TOML: {_mistake(found[1])}"
    return f"{path}: this is not TOML: {_mistake(str(problem))}"


def _mistake(text: str) -> str:
    """Return what a person did, by the beginning of what the parser says of it."""
    known = (advice for begin, advice in _MISTAKES if re.match(begin, text))
    return next(known, "write key = value, with text between double quotes")


def _entries(path: Path, text: str, tables: dict[str, Any], known: Collection[str]) -> Iterator[TomlEntry]:
    sections = {key.partition(".")[0] for key in known if "." in key}
    for name, value in tables.items():
        place = _place(path, text, name)
        if name in sections:
            if not isinstance(value, dict):
                raise ConfigError(f"{place}: `{name}` is a section: write [{name}] on a line of its own")
            for key, item in value.items():
                yield _known(f"{name}.{key}", item, _place(path, text, f"{name}.{key}"), known)
        elif isinstance(value, dict) and name not in known:
            hint = did_you_mean(name, sections, "[{}]")
            raise ConfigError(f"{place}: unknown section [{_shown(name)}]{hint}")
        else:
            yield _known(name, value, place, known)


def _known(dotted: str, value: Any, place: str, known: Collection[str]) -> TomlEntry:
    if dotted in known:
        return TomlEntry(dotted, value, place)
    section, _, name = dotted.partition(".") if "." in dotted else ("", "", dotted)
    neighbours = [key.rpartition(".")[2] for key in known if key.rpartition(".")[0] == section]
    hint = did_you_mean(name, neighbours, "`{}`")
    homes = sorted(key.partition(".")[0] for key in known if key.endswith(f".{name}"))
    if homes and not hint:
        hint = "; it belongs to " + " or ".join(f"[{home}]" for home in homes)
    raise ConfigError(f"{place}: unknown key `{_shown(name)}`{hint}")


def _shown(text: str) -> str:
    return ascii(text)[1:-1][:80]


_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")


def _place(path: Path, text: str, dotted: str) -> str:
    # tomllib keeps no line numbers. A second look at the text finds the line of `dotted`, or of the section
    # around it (inline tables), or only names the file.
    while dotted:
        section = ""
        for number, line in enumerate(text.split("\n"), 1):
            if header := _HEADER.match(line):
                here = section = _plain(header[1])
            elif key := _KEY.match(line):
                here = f"{section}.{_plain(key[1])}" if section else _plain(key[1])
            else:
                continue
            # `a.b = 1` and `[a.b]` also stand for `a`.
            if here == dotted or here.startswith(f"{dotted}."):
                return f"{path} line {number}"
        dotted = dotted.rpartition(".")[0]
    return str(path)


def _plain(dotted: str) -> str:
    return re.sub(rf"\s*({_PART})\s*", lambda part: part[1].strip("\"'"), dotted)
