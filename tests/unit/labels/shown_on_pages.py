"""Which sentences of `labels` pages show: read from the code that says them, so that a new one is found by itself."""

import ast
import re
from collections.abc import Iterator
from functools import cache

from evcharge import labels
from evcharge.central.rules.alert_kinds import AlertKind
from evcharge.labels import (
    Words,
    api_answers,
    causes,
    central,
    command_refusals,
    driver,
    join,
    notify,
    operator,
    refusals,
    registry,
)
from evcharge.labels.command_errors import typed_errors
from tests.unit.labels.test_command_errors import ERRORS, text_of
from tests.unit.sources import calls, nodes_of

# All of them: terms, refusals, causes, and what servers answer.
_WHOLE = (
    labels.STATUSES,
    labels.REASONS,
    labels.CODES,
    labels.STEPS,
    labels.WEATHER,
    labels.PHRASES,
    refusals.SENTENCES,
    command_refusals.SENTENCES,
    causes.SENTENCES,
    api_answers.SENTENCES,
    # Of a token that is made on a page.
    {name: join.SENTENCES[name] for name in ("this pc only", "not named")},
    # What is told beyond the screens.
    notify.SENTENCES,
)
# Of alerts, not of backups.
_ALERTS = {
    name: words
    for name, words in operator.SENTENCES.items()
    if not name.startswith("restored ") or name.removeprefix("restored ") in set(AlertKind)
}
# Some of a room's: those that these modules name.
_NAMED = (
    ("central/views/event_text.py", central.SENTENCES),
    ("central/views/event_text.py", registry.SENTENCES),
    ("central/views/alerts.py", _ALERTS),
    ("central/api/kit/people_csv.py", operator.SENTENCES),
    ("central/views/charge_trouble.py", driver.SENTENCES),
)
# What is typed into a page is read here, and what is wrong with it is answered.
_TYPED = ("domain/", "security/passwords.py")


def shown() -> Iterator[Words]:
    """Yield each sentence that a page may show."""
    for table in _WHOLE:
        yield from table.values()
    for name, table in _NAMED:
        said = _names(name)
        yield from (words for one, words in table.items() if any(_fits(one, text) for text in said))
    yield from _of_typed_values()


def _names(module: str) -> set[tuple[str, bool]]:
    """Return the texts of a module, each with whether something follows it, as in f"why {hold}"."""
    found = set()
    for node in nodes_of(module):
        match node:
            case ast.Constant(value=str(text)):
                found.add((text, False))
            case ast.JoinedStr(values=[ast.Constant(value=str(text)), ast.FormattedValue()]):
                found.add((text, True))
    # `fields[f"csv {name}"]` is a heading, "csv" alone would be all of them.
    return {(text, follows) for text, follows in found if len(text) > 2}


def _fits(name: str, said: tuple[str, bool]) -> bool:
    text, follows = said
    return name.startswith(text) if follows else name == text


def _of_typed_values() -> Iterator[Words]:
    yield from (words for name, words in typed_errors.SENTENCES.items() if name.startswith("of "))
    known = typed_errors.SENTENCES.values()
    for _, call in calls(ERRORS, _TYPED):
        text = text_of(call.args[0]) if call.args else None
        if text is not None:
            yield from (words for words in known if _pattern(words[0]).fullmatch(text))


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(sentence)))
