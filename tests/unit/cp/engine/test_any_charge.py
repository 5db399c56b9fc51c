"""Whatever happens to a charge, power is journaled, limited and ended once."""

import random
from typing import Any

import pytest

from evcharge.domain.journal_records import Meter, SupplyEnd, SupplyRefused, SupplyStart
from tests.unit.cp.engine.charge_point import KWH, NOON, Point


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_power_is_journaled_limited_and_ended_once(seed):
    chance = random.Random(seed)
    point = Point()
    point.link()
    committed = 0
    limits: dict[str, int] = {}
    for step in range(120):
        match chance.randrange(12):
            case 0 | 1:
                session = chance.choice([*limits, f"S-{seed:04}{step:04}"][-3:])
                limits.setdefault(session, chance.choice([0, 5000, 20_000, KWH]))
                point.start(session, limits[session], plug_within_s=20)
            case 2 | 3:
                point.charge.plug()
            case 4:
                point.charge.unplug()
            case 5 if limits:
                point.charge.on_stop(chance.choice(list(limits)), "driver")
            case 6 if limits:
                point.charge.on_query(chance.choice(list(limits)))
            case 7:
                point.charge.on_link_lost()
                point.link(committed)
            case 8 if chance.random() < 0.5:
                point.restart(power_cut=chance.random() < 0.5)
                point.link(committed)
            case 9 if chance.random() < 0.3:
                point.charge.break_down()
                point.tick()
                point.charge.mend()
            case _:
                point.tick(chance.randrange(4))
        batch = point.charge.next_batch(point.now_s)
        if batch is not None:
            assert batch.records[0].seq <= committed + 1
            committed = batch.records[-1].seq
            if chance.random() < 0.7:
                point.charge.on_ack(committed, NOON)
    point.charge.shut_down()
    assert point.contactor.delivered_mwh == point.journal.meter_mwh
    energy: dict[str, int] = {}
    ended: list[str] = []
    began_at = after = 0
    elapsed_s: Any = 0
    while told := point.records(after):
        for record in told:
            match record:
                case SupplyStart():
                    began_at = record.meter_mwh
                    elapsed_s = 0
                case Meter() | SupplyEnd():
                    assert record.elapsed_s >= elapsed_s
                    elapsed_s = record.elapsed_s
            match record:
                case SupplyEnd():
                    energy[record.session_id] = record.meter_mwh - began_at
                    ended.append(record.session_id)
                case SupplyRefused():
                    ended.append(record.session_id)
        after = told[-1].seq
    assert len(ended) == len(set(ended))
    assert all(energy[session] <= limits[session] for session in energy)
    assert sum(energy.values()) == point.contactor.delivered_mwh
