"""Journals: how many of a point are remembered, and which is forgotten."""

from evcharge.central.rules.charging import MOST_JOURNALS
from evcharge.domain import events
from tests.unit.central.builders import (
    JOURNAL,
    KWH,
    OTHER_JOURNAL,
    Network,
    only,
)


def with_journals(town: Network, number: int) -> list[str]:
    """Deliver a record of each of so many journals; return their names."""
    names = [f"{one:032x}" for one in range(1, number + 1)]
    for name in names:
        town.engine(journal_id=name)
        town.sends(town.engines["CP001"].ended("S-nonsense"))
    return names


def test_a_journal_of_which_nothing_is_committed_takes_no_room(town: Network):
    town.engine(journal_id=OTHER_JOURNAL)
    assert town.facts.journals("CP001") == []


def test_the_journals_of_a_point_are_forgotten_beyond_a_number_the_oldest_first(town: Network):
    names = with_journals(town, MOST_JOURNALS + 3)
    assert town.facts.journals("CP001") == names[3:]
    assert town.facts.last_seq("CP001", names[0]) == 0
    assert town.facts.last_seq("CP001", names[-1]) == 1


def test_an_old_journal_that_is_in_use_again_is_not_forgotten(town: Network):
    first, *rest = with_journals(town, MOST_JOURNALS)
    old = town.engines["CP001"]
    town.engine(journal_id=first)
    town.engines["CP001"].last_seq = 1
    town.sends(town.engines["CP001"].ended("S-nonsense"))
    assert town.facts.journals("CP001") == [first, *rest]
    town.engine(journal_id=OTHER_JOURNAL)
    town.sends(town.engines["CP001"].ended("S-nonsense"))
    assert town.facts.journals("CP001") == [*rest, OTHER_JOURNAL]
    assert old.journal_id == rest[-1]


def test_no_journal_is_forgotten_while_a_session_is_open(town: Network):
    session = town.authorised()
    names = with_journals(town, MOST_JOURNALS + 3)
    assert town.facts.journals("CP001") == names
    town.sends(town.engines["CP001"].refused(session.session_id))
    assert town.facts.journals("CP001") == names[1:]


def test_a_forgotten_journal_that_comes_back_is_read_again_and_bills_nothing_twice(town: Network):
    session = town.charging(more_mwh=KWH)
    records = [town.engines["CP001"].ended(session.session_id)]
    town.sends(*records)
    first = town.engines["CP001"]
    with_journals(town, MOST_JOURNALS)
    assert JOURNAL not in town.facts.journals("CP001")
    town.engines["CP001"] = first
    assert only(town.engine(), events.EngineConnected).last_seq == 0
    first.last_seq = 0
    town.sends(
        first.started(session.session_id), first.meter(session.session_id), first.ended(session.session_id)
    )
    assert len(town.tickets) == 1
