"""What Central and the Registry say on pages, in the languages that only pages are read in. Pure.

A module for each language, because it is written by somebody else than the tables in English and Spanish: by table and
name, as those have them. `tests/unit/labels/test_translations.py` names each sentence that a language lacks.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module

LANGUAGES = ("de", "fr", "pt", "ca")
# The package whose tables they are of.
_LABELS = __name__.rpartition(".")[0]


@cache
def of(lang: str) -> Mapping[str, str]:
    """Return the sentences in `lang` by their English; none for a language that is not there."""
    # Read when the first page asks for it: no terminal needs them.
    if lang not in LANGUAGES:
        return {}
    tables: Mapping[str, Mapping[str, str]] = import_module(f"{__name__}.{lang}").SENTENCES
    return {
        english(table, name): text for table, sentences in tables.items() for name, text in sentences.items()
    }


def english(table: str, name: str) -> str:
    """Return the English of one sentence. Raises KeyError for one that is in no table."""
    words = import_module(_LABELS) if table.isupper() else import_module(f"{_LABELS}.{table}")
    text: str = getattr(words, table if table.isupper() else "SENTENCES")[name][0]
    return text
