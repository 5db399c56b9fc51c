"""A journal, and records to write into it."""

import random
from typing import Any

from evcharge.cp.journal.journal import Journal
from evcharge.domain.journal_records import Meter, SupplyEnd, SupplyRefused, SupplyStart
from tests.unit.cp.journal.memory_disk import MemoryDisk

NOON = 1_800_000_000.0

WEEK = 7 * 86_400.0


def opened(disk) -> Journal:
    ids = random.Random(len(getattr(disk, "calls", ())))
    return Journal(disk, ids.randbytes)


def start(journal: Journal, session_id: str = "S-D01-CP001-00000001", limit_mwh: int = 10**9) -> SupplyStart:
    return SupplyStart(
        seq=journal.last_seq + 1,
        session_id=session_id,
        driver_id="D01",
        request_id="R-00000001",
        price=2500,
        hold_cents=2000,
        limit_mwh=limit_mwh,
        auth="signed",
        meter_mwh=journal.meter_mwh,
    )


def meter(journal: Journal, more_mwh: int = 6111) -> Meter:
    assert journal.running
    return Meter(
        seq=journal.last_seq + 1,
        session_id=journal.running.session_id,
        meter_mwh=journal.meter_mwh + more_mwh,
    )


def end(journal: Journal, reason: str = "unplugged") -> SupplyEnd:
    assert journal.running
    return SupplyEnd(
        seq=journal.last_seq + 1,
        session_id=journal.running.session_id,
        meter_mwh=journal.meter_mwh,
        reason=reason,
    )


def refused(journal: Journal, session_id: str) -> SupplyRefused:
    return SupplyRefused(seq=journal.last_seq + 1, session_id=session_id, reason="busy")


def charge(journal: Journal, session_id: str, meters: int = 3) -> None:
    journal.reserve()
    journal.append(start(journal, session_id))
    for _ in range(meters):
        journal.append(meter(journal))
    journal.append(end(journal))


def facts(journal: Journal) -> tuple[Any, ...]:
    return (journal.journal_id, journal.last_seq, journal.meter_mwh, journal.running)


def opened_again(disk: MemoryDisk) -> Journal:
    disk.kill()
    return opened(disk)
