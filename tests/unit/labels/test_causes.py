"""Causes that arrive in English, in words of other languages."""

import pytest

from evcharge.labels.causes import SENTENCES, cause, in_other_words


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("engine lost: it does not answer", "motor perdido: no responde"),
        (
            "engine lost: nothing answers at 10.0.0.1:9101 (connection refused)",
            "motor perdido: nadie responde en 10.0.0.1:9101 (conexión rechazada)",
        ),
        (
            "engine lost: nothing answers at [::1]:9101 (strange)",
            "motor perdido: nadie responde en [::1]:9101 (strange)",
        ),
        (
            "engine lost: nothing answers at engine.lan:9101",
            "motor perdido: nadie responde en engine.lan:9101",
        ),
        ("engine fault: broken (KO)", "avería del motor: averiado (KO)"),
        ("engine fault: smoke comes out", "avería del motor: smoke comes out"),
        ("port 9101 is CP002, not CP001", "el puerto 9101 es CP002, no CP001"),
        ("silent for 3 s", "sin señales durante 3 s"),
        ("the connection to 10.0.0.1:4 ended", "terminó la conexión con 10.0.0.1:4"),
        (
            "the connection to 10.0.0.1:4 ended: [Errno 104] Connection reset by peer",
            "terminó la conexión con 10.0.0.1:4: el otro extremo la cortó",
        ),
        ("7: meter goes backwards", "7: el contador va hacia atrás"),
        (
            "does not fit a session that is CHARGING",
            "no encaja en una sesión en estado CHARGING",
        ),
        ("something new", "something new"),
        ("", ""),
    ],
)
def test_a_known_cause_is_told_in_spanish_and_another_stays_as_it_is(english: str, spanish: str):
    assert cause(english, "es") == spanish
    assert cause(english) == english
    assert cause(english, "nl") == english


@pytest.mark.parametrize("name", SENTENCES)
def test_every_cause_is_recognised_for_what_it_is(name: str):
    english, spanish = (words.format_map(_Filled()) for words in SENTENCES[name])
    assert cause(english, "es") == spanish


class _Filled(dict[str, str]):
    """Any value that a sentence may ask for."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


def test_a_cause_is_said_in_the_languages_that_have_words_for_it():
    assert in_other_words("journal full", "en") == {"es": "diario lleno"}
    assert in_other_words("journal full", "de") == {"es": "diario lleno", "de": "Journal voll"}
    assert in_other_words("smoke comes out", "de") == {}
