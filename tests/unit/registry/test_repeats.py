from msgspec.structs import replace

from evcharge.registry import repeats as module
from evcharge.registry.repeats import WITHIN_S, AuditEntry, Repeats

LOGIN = AuditEntry("unknown", "stranger", "10.0.0.9", "POST /v1/ticket", "CP001", "E_CREDENTIAL")


def test_the_first_refusal_is_written_at_once_and_its_like_is_counted():
    repeats = Repeats()
    assert [repeats.first(LOGIN, now) for now in (0, 1, 2)] == [True, False, False]
    assert repeats.due(WITHIN_S - 1) == []
    assert repeats.due(WITHIN_S) == [replace(LOGIN, times=2, detail="within a minute")]
    assert repeats.due(WITHIN_S) == []
    assert repeats.first(LOGIN, WITHIN_S)


def test_a_refusal_that_came_once_is_one_row():
    repeats = Repeats()
    assert repeats.first(LOGIN, 0)
    assert repeats.rest() == []


def test_sources_and_kinds_are_counted_apart():
    repeats = Repeats()
    for entry in (LOGIN, replace(LOGIN, address="10.0.0.8"), replace(LOGIN, result="E_SLOW")):
        assert repeats.first(entry, 0)


def test_one_source_that_tries_many_ids_is_one_row():
    repeats = Repeats()
    repeats.first(LOGIN, 0)
    for number in range(50):
        assert not repeats.first(replace(LOGIN, target=f"CP{number}"), 1)
    (row,) = repeats.rest()
    assert (row.target, row.times, row.address) == ("various", 50, LOGIN.address)


def test_many_sources_are_counted_together(monkeypatch):
    monkeypatch.setattr(module, "MAX_SOURCES", 2)
    repeats = Repeats()
    written = [repeats.first(replace(LOGIN, address=f"10.0.0.{n}"), 0) for n in range(5)]
    assert written == [True, True, True, False, False]
    assert [(row.address, row.times) for row in repeats.rest()] == [("many addresses", 2)]


def test_an_audit_row_holds_no_control_characters_and_no_novels():
    entry = AuditEntry("a\x1b[31m", "b\n", "c\u202e", "d\x00", "e" * 300, "f", "Elche, España €")
    assert (entry.who, entry.role, entry.address, entry.what) == ("a?[31m", "b?", "c?", "d?")
    assert len(entry.target) == 200
    assert entry.detail == "Elche, España ?"
