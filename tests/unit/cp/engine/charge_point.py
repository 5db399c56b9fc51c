"""One charging point without its process: its rules on a disk in memory, ticked by hand."""

import random
from typing import Any

from msgspec import UNSET, UnsetType

from evcharge.cp.engine.charge import ChargeControl, PlanMoment, PointHardware
from evcharge.cp.engine.simulated_car import SimulatedCar, SimulatedContactor, Thermometer
from evcharge.cp.journal.journal import Journal
from evcharge.cp.journal.records import JournalState, entries
from evcharge.domain.journal_records import SupplyEnd, SupplyRefused
from evcharge.evc1.messages import Start
from tests.unit.cp.journal.memory_disk import MemoryDisk

S1, S2 = "S-D01-CP001-00000001", "S-D02-CP001-00000002"

NOON = 1_800_000_000.0

KWH = 1_000_000


class WatchedContactor(SimulatedContactor):
    """Looks at the disk itself: power may flow only while a START is durable there."""

    def __init__(self, disk: MemoryDisk) -> None:
        super().__init__()
        self.disk = disk

    def durable(self) -> JournalState:
        data = bytes(self.disk.durable_names["journal"].durable)
        (_, _, base), *rest = entries(data)
        state = JournalState(base)
        for _, _, entry in rest:
            state.apply(entry)
        return state

    def close(self) -> None:
        assert self.durable().open is not None, "power before its START was durable"
        super().close()

    def deliver(self, energy_mwh: int) -> None:
        assert self.closed
        super().deliver(energy_mwh)
        assert self.durable().meter_mwh >= self.delivered_mwh, "energy before it was durable"


class Point:
    """One charging point on a memory disk; `restart` gives it another life."""

    def __init__(self, disk: MemoryDisk | None = None) -> None:
        self.disk = disk or MemoryDisk()
        self.now_s = 100.0
        self.contactor = WatchedContactor(self.disk)
        self.permille = 400
        self.start_life()

    def start_life(self) -> None:
        self.said: list[object] = []
        self.moments: list[PlanMoment] = []
        self.contactor.open()
        self.journal = Journal(self.disk, random.Random(len(self.disk.calls)).randbytes)
        hardware = PointHardware(self.contactor, self.arrive, Thermometer(22_000))
        self.charge = ChargeControl(self.journal, hardware, self.said.append, self.moments.append)

    def restart(self, *, power_cut: bool = False) -> None:
        if power_cut:
            self.disk.lose_power()
        else:
            self.disk.kill()
        self.start_life()

    def arrive(self) -> SimulatedCar:
        return SimulatedCar(50 * KWH, self.permille, 22_000)

    def link(self, last_seq: int | None = None) -> None:
        assert self.charge.on_synced(self.journal.last_seq if last_seq is None else last_seq)

    def start(
        self,
        session_id: str = S1,
        limit_mwh: int = 20 * KWH,
        plug_within_s: int = 60,
        at: float | UnsetType = UNSET,
    ) -> None:
        self.charge.on_start(
            Start(
                session_id=session_id,
                request_id="R-00000001",
                driver_id="D01",
                price=2500,
                hold_cents=500,
                limit_mwh=limit_mwh,
                plug_within_s=plug_within_s,
                auth="signed",
                at=at,
            ),
            self.now_s,
        )

    def later(self, seconds: float) -> None:
        """Let time pass before the next thing happens; nobody ticks."""
        self.now_s += seconds
        self.charge.passed(self.now_s)

    def tick(self, times: int = 1, dt_s: float = 1.0) -> None:
        for _ in range(times):
            self.now_s += dt_s
            self.charge.tick(self.now_s, dt_s)

    def records(self, after: int = 0) -> list[Any]:
        return list(self.journal.records_after(after))

    def ends(self) -> list[tuple[str, str]]:
        return [
            (record.session_id, record.reason)
            for record in self.records()
            if isinstance(record, SupplyEnd | SupplyRefused)
        ]
