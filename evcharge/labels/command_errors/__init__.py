"""What goes wrong at a command line, in other languages: the errors of files, ports, settings and typed values. Pure.

They are raised far below, where nobody knows who reads them, as English sentences. A module for each subject has their
Spanish, found by its pattern; a test reads every such error of the program. `translated` knows what servers answer and
what logs say (`api_answers`, `log_lines`), too.
"""

import re
import string
from collections.abc import Mapping
from functools import cache

from evcharge.domain.currency import Currency
from evcharge.labels import (
    DEFAULT_LANGUAGE,
    PAGE_LANGUAGES,
    Saying,
    Words,
    api_answers,
    filled,
    log_lines,
    ungrouped,
    worded,
)
from evcharge.labels.causes import cause
from evcharge.labels.command_errors import (
    book_errors,
    certificate_errors,
    click_errors,
    drill_errors,
    file_errors,
    init_words,
    joining_errors,
    kafka_errors,
    notify_errors,
    point_errors,
    postgres_book_errors,
    process_errors,
    setting_errors,
    typed_errors,
    weather_errors,
)
from evcharge.runtime.network_currency import currency

# Of one subject each.
TABLES: tuple[Mapping[str, Words], ...] = (
    setting_errors.SENTENCES,
    typed_errors.SENTENCES,
    click_errors.SENTENCES,
    file_errors.SENTENCES,
    certificate_errors.SENTENCES,
    init_words.SENTENCES,
    book_errors.SENTENCES,
    postgres_book_errors.SENTENCES,
    point_errors.SENTENCES,
    joining_errors.SENTENCES,
    kafka_errors.SENTENCES,
    notify_errors.SENTENCES,
    weather_errors.SENTENCES,
    drill_errors.SENTENCES,
    process_errors.SENTENCES,
)
# What is a sentence itself.
_INNER = frozenset({"why", "place"})
# What may have blanks in it; the rest is one word.
_LONG = _INNER | {
    "path",
    "same",
    "state",
    "shown",
    "what",
    "names",
    "command",
    "range",
    "owner",
    "id",
    "when",
}


def translated(text: str, lang: str) -> str:
    """Return an English sentence of ours in `lang`; one that is not known here stays as it is."""
    if lang == DEFAULT_LANGUAGE or lang not in PAGE_LANGUAGES:
        return text
    for words, pattern in _patterns(currency()):
        if found := pattern.fullmatch(text):
            values = {
                field: translated(value, lang) if field in _INNER else ungrouped(value)
                for field, value in found.groupdict().items()
            }
            return filled(words, lang, values)
    return cause(text, lang)


def in_other_words(text: str, lang: str) -> str:
    """Return an English sentence of ours in `lang`; "" for one that is not known there."""
    other = translated(text, lang)
    return other if other != text else ""


def because(text: str) -> Saying:
    """Return an English sentence of ours for a line of a log, which is said in the language of that log."""
    return Saying("cause", {"text": text}, lambda lang, _: translated(text, lang))


@cache
def _patterns(_: Currency) -> list[tuple[Words, re.Pattern[str]]]:
    """Return all sentences with the patterns of their English, those with the most words of their own first."""
    tables = (*TABLES, api_answers.SENTENCES, log_lines.SENTENCES)
    known = [words for table in tables for words in table.values()]
    ordered = sorted(known, key=lambda words: -len(re.sub(r"\{.*?\}", "", words[0])))
    return [(words, _pattern(currency().finished(worded(words)))) for words in ordered]


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = []
    for literal, field, _, _ in string.Formatter().parse(sentence):
        parts.append(re.escape(literal))
        if field is not None:
            shape = ".*" if field == "rest" else ".+?" if field in _LONG else r"\S+?"
            parts.append(f"(?P<{field}>{shape})")
    return re.compile("".join(parts), re.DOTALL)
