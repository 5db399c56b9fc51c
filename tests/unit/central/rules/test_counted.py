"""Facts that a source repeats without end: a few rows a minute, and no repeat forgotten."""

import pytest

from evcharge.central.rules.commands import Actor
from evcharge.central.rules.counted import IN_FULL, MOST_KINDS, MOST_USELESS, CountedFacts
from evcharge.domain.events import (
    CentralStopped,
    EngineConnected,
    Event,
    RecordQuarantined,
    StartRefused,
    StraySupply,
)
from evcharge.domain.ids import Role

ENGINE = Actor("CP001", Role.ENGINE, "10.0.0.7:1")
DRIVER = Actor("D01", Role.DRIVER, "10.0.0.8:1")


def odd(seq: int) -> RecordQuarantined:
    return RecordQuarantined(cp_id="CP001", journal_id="a" * 32, seq=seq, why="odd", record="{}")


def refused(number: int, code: str = "E_CP_BUSY") -> StartRefused:
    return StartRefused(driver_id="D01", request_id=f"R-{number:08}", cp_id="CP001", code=code, text="no")


def stray(number: int) -> StraySupply:
    return StraySupply(session_id=f"S-{number:08}", cp_id="CP001")


@pytest.fixture
def counted() -> CountedFacts:
    return CountedFacts()


def store(counted: CountedFacts, by: Actor, *events: Event) -> tuple[Event, ...]:
    """Store `events`; return those that became rows."""
    draft = counted.draft()
    kept = draft.kept(by, events)
    counted.take(draft)
    return kept


def test_the_first_of_a_minute_and_the_last_are_kept_in_full_and_the_rest_in_one_number(counted):
    said = [odd(seq) for seq in range(1, 101)]
    rows = [row for event in said for row in store(counted, ENGINE, event)]
    assert rows == said[:IN_FULL]
    ((by, last),) = counted.due()
    assert (by, last.seq, last.times) == (ENGINE, 100, 100 - IN_FULL)
    assert sum(row.times for row in [*rows, last]) == 100


def test_one_batch_is_counted_like_many(counted):
    assert len(store(counted, ENGINE, *(odd(seq) for seq in range(1, 101)))) == IN_FULL
    assert [event.times for _, event in counted.due()] == [90]


def test_every_minute_begins_anew(counted):
    for _ in range(3):
        assert len(store(counted, ENGINE, *(odd(seq) for seq in range(1, 51)))) == IN_FULL
        assert len(list(counted.due())) == 1
    assert list(counted.due()) == []


def test_whoever_says_little_is_never_counted(counted):
    for _ in range(5):
        assert len(store(counted, DRIVER, *(refused(number) for number in range(IN_FULL)))) == IN_FULL
        assert list(counted.due()) == []


@pytest.mark.parametrize(
    ("by", "event"),
    [
        (Actor("CP002", Role.ENGINE, "10.0.0.7:1"), odd(1)),
        (ENGINE, stray(1)),
        (ENGINE, refused(1)),
        (Actor("CP001", Role.DRIVER, "10.0.0.7:1"), odd(1)),
    ],
    ids=["another source", "another kind", "a third kind", "another role"],
)
def test_a_flood_hides_nothing_of_another_source_or_kind(counted, by, event):
    store(counted, ENGINE, *(odd(seq) for seq in range(1, 101)))
    assert store(counted, by, event) == (event,)


def test_another_reason_for_a_refusal_is_another_kind(counted):
    store(counted, DRIVER, *(refused(number) for number in range(100)))
    assert store(counted, DRIVER, refused(100, "E_BALANCE")) == (refused(100, "E_BALANCE"),)


def test_what_is_no_such_fact_is_always_kept(counted):
    stopped = [CentralStopped()] * 100
    assert store(counted, ENGINE, *stopped) == tuple(stopped)


def test_what_was_not_stored_is_not_counted(counted):
    failed = counted.draft()
    failed.kept(ENGINE, [odd(seq) for seq in range(1, 101)])
    assert list(counted.due()) == []
    assert store(counted, ENGINE, odd(1)) == (odd(1),)


def test_an_engine_that_comes_back_is_told_again_to_stop(counted):
    store(counted, ENGINE, *(stray(number) for number in range(50)))
    came = EngineConnected(cp_id="CP001", link=2, journal_id="a" * 32, last_seq=0)
    assert store(counted, ENGINE, stray(50)) == ()
    assert store(counted, ENGINE, came, stray(51)) == (came, stray(51))
    assert [event.times for _, event in counted.due()] == [41]


def test_a_flood_from_many_sources_fills_neither_memory_nor_the_books(counted):
    rows = 0
    for number in range(MOST_KINDS + 500):
        by = Actor(f"CP{number}", Role.ENGINE, "10.0.0.7:1")
        rows += len(store(counted, by, odd(1)))
    assert rows == MOST_KINDS + IN_FULL
    assert len(counted._said) == MOST_KINDS + 1
    assert sum(event.times for _, event in counted.due()) == 500 - IN_FULL


def useless(seq: int) -> RecordQuarantined:
    return RecordQuarantined(cp_id="CP001", journal_id="a" * 32, seq=seq, why="odd", record="{}", kept=False)


def flooding(counted: CountedFacts, by: Actor, *events: Event) -> list[Actor]:
    draft = counted.draft()
    draft.kept(by, events)
    return counted.take(draft)


def test_whoever_says_too_much_that_comes_to_nothing_is_named_once_a_minute(counted):
    assert flooding(counted, ENGINE, *(useless(seq) for seq in range(MOST_USELESS))) == []
    assert flooding(counted, ENGINE, useless(1)) == [ENGINE]
    assert flooding(counted, ENGINE, useless(2)) == []
    list(counted.due())
    assert flooding(counted, ENGINE, *(useless(seq) for seq in range(MOST_USELESS + 1))) == [ENGINE]


def test_records_that_are_kept_and_power_that_is_stopped_are_not_useless(counted):
    said = [*(odd(seq) for seq in range(2 * MOST_USELESS)), *(stray(seq) for seq in range(2 * MOST_USELESS))]
    assert flooding(counted, ENGINE, *said) == []


def test_a_crowd_too_large_to_be_counted_one_by_one_is_nobodys_flood(counted):
    for number in range(MOST_KINDS + 2 * MOST_USELESS):
        assert flooding(counted, Actor(f"CP{number}", Role.ENGINE, "10.0.0.7:1"), useless(1)) == []
