"""Power that flows for a closed session is stopped, and set aside."""

from evcharge.central.peers.letters import letters
from evcharge.central.rules.commands import Actor, TakeRecords
from evcharge.central.rules.decide import decide
from evcharge.central.rules.facts import Facts
from evcharge.central.rules.replies import RecordsTaken
from evcharge.central.rules.settings import Rules
from evcharge.domain import events
from evcharge.domain.charging_point import ChargingPoint
from evcharge.domain.ids import CpId, JournalId, Role
from evcharge.domain.journal_records import Meter, SupplyEnd
from evcharge.evc1.messages import Stop
from evcharge.runtime.clock import utc_now

CP001, JOURNAL = CpId("CP001"), JournalId("a" * 32)
RULES = Rules(now=utc_now())


def told(record):
    facts = Facts()
    facts.put(ChargingPoint(cp_id=CP001, journal_id=JOURNAL, engine_link=1))
    by = Actor("CP001", Role.ENGINE, "127.0.0.1:1")
    command = TakeRecords(by=by, link=1, epoch=0, cp_id=CP001, journal_id=JOURNAL, records=(record,))
    return decide(facts, command, RULES)


def test_a_meter_of_a_closed_session_stops_the_engine():
    decision = told(Meter(seq=1, session_id="S-D01-CP001-lost", meter_mwh=5))
    assert decision.reply == RecordsTaken(last_seq=1)
    stray = decision.events[-1]
    assert stray == events.StraySupply(session_id="S-D01-CP001-lost", cp_id=CP001)
    assert letters(stray, lambda _: "") == [
        (Role.ENGINE, CP001, Stop(session_id="S-D01-CP001-lost", reason="charging point lost"))
    ]


def test_the_end_of_a_closed_session_is_only_set_aside():
    decision = told(SupplyEnd(seq=1, session_id="S-D01-CP001-lost", meter_mwh=5, reason="unplugged"))
    assert [type(event) for event in decision.events] == [events.RecordQuarantined]
