"""Engines: power flows, records are sent, repeated, made up; disks are lost; time passes."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
)

from evcharge.central.rules import commands as c
from evcharge.domain import journal_records
from evcharge.evc1 import messages
from tests.unit.central.machine.honest_engine import Engine
from tests.unit.central.machine.operator_steps import OperatorSteps
from tests.unit.central.machine.values import cps, drivers, energies, reasons, stale


class EngineSteps(OperatorSteps):
    """What engines do, and time."""

    def goes_on(self, engine: Engine, more_mwh: int, reason: str | None) -> None:
        """Plug in, let power flow, perhaps end."""
        if engine.pending:
            engine.begin()
        if engine.running:
            self.delivered[engine.running] += more_mwh
            engine.meter(more_mwh)
            if reason:
                engine.end(reason)

    @precondition(lambda self: any(engine.pending or engine.running for engine in self.engines.values()))
    @rule(more_mwh=energies, reason=st.none() | reasons, skips=st.sampled_from([0, 0, 1, 2, 99]))
    def power_flows(self, more_mwh: int, reason: str | None, skips: int) -> None:
        for engine in self.engines.values():
            self.goes_on(engine, more_mwh, reason)
            last = self.draft.last_seq(engine.cp_id, engine.journal_id)
            self.send(engine, engine.disk[last + skips : last + 100])

    @rule(cp_id=cps, stale=stale)
    def an_engine_sends_all_it_has(self, cp_id: str, stale: str = "") -> None:
        engine = self.engines[cp_id]
        last = self.draft.last_seq(cp_id, engine.journal_id)
        self.send(engine, engine.disk[last : last + 100], stale)

    @rule(cp_id=cps, stale=stale)
    def an_engine_sends_its_oldest_again(self, cp_id: str, stale: str) -> None:
        self.send(self.engines[cp_id], self.engines[cp_id].disk[:3], stale)

    @rule(cp_id=cps, data=st.data(), stale=stale)
    def an_engine_is_ready(self, cp_id: str, data: st.DataObject, stale: str) -> None:
        point = self.draft.point(cp_id)
        over = self.over(point and point.engine_link, stale)
        self.do(c.ReportReady, cp_id=cp_id, session_id=self.any_session(data), **over)

    @rule(cp_id=cps, behind=st.integers(-3, 4), count=st.integers(1, 4), order=st.sampled_from([1, 1, -1]))
    def an_engine_repeats_skips_or_reorders(self, cp_id: str, behind: int, count: int, order: int) -> None:
        engine = self.engines[cp_id]
        first = max(0, self.draft.last_seq(cp_id, engine.journal_id) - behind)
        self.send(engine, engine.disk[first : first + count][::order])

    def send(self, engine: Engine, records: list[journal_records.AnyRecord], stale: str = "") -> None:
        if not records or engine.link is None:
            return
        point = self.draft.point(engine.cp_id)
        if point is None or point.engine_link != engine.link:
            # It hears that its line is cut, and connects again.
            self.an_engine_arrives(engine.cp_id, None)
        what = {"cp_id": engine.cp_id, "journal_id": engine.journal_id, "records": tuple(records)}
        self.do(c.TakeRecords, **what, **self.over(engine.link, stale))

    @rule(
        cp_id=cps,
        data=st.data(),
        kind=st.sampled_from(messages.RECORD_TYPES),
        meter_mwh=energies,
        reason=reasons,
    )
    def an_engine_lies(self, cp_id: str, data, kind, meter_mwh: int, reason: str) -> None:
        running = self.engines[cp_id].running
        session_id = running if running and data.draw(st.booleans()) else self.any_session(data)
        self.doubtful.add(session_id)
        every = {
            "meter_mwh": meter_mwh, "reason": reason, "driver_id": "D02", "request_id": "R-00000099", "price": 1,
            "hold_cents": 1, "limit_mwh": 10**15, "auth": "", "began_at": 10**9, "elapsed_s": 10**9,
        }  # fmt: skip
        fields_of = set(kind.__struct_fields__)
        what = {name: value for name, value in every.items() if name in fields_of}
        self.engines[cp_id].journal(kind, session_id, **what)

    @rule(seconds=st.sampled_from([1, 20, 59, 60, 600, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.commit()
        now, steady_s = self.settings.now + timedelta(seconds=seconds), self.settings.steady_s + seconds
        self.settings = replace(self.settings, now=now, steady_s=steady_s)
        for engine in self.engines.values():
            engine.now_s += seconds
        for model in (self.model, self.draft_model):
            model.now += seconds

    @rule(driver_id=drivers, cp_id=cps, times=st.integers(1, 4), request=st.integers(1, 30))
    def nobody_plugs_in(self, driver_id: str, cp_id: str, times: int, request: int) -> None:
        for number in range(times):
            self.a_driver_asks(driver_id, cp_id, request + 100 * number)
            self.time_passes(60)
            engine = self.engines[cp_id]
            if engine.pending:
                engine.journal(journal_records.SupplyRefused, engine.pending, reason="not plugged in")
                engine.pending = None
                self.an_engine_sends_all_it_has(cp_id)

    @rule(cp_id=cps)
    def an_engine_crashes(self, cp_id: str) -> None:
        self.engines[cp_id].crash()

    @rule(cp_id=cps, keep=st.none() | st.integers(0, 10))
    def a_disk_is_replaced_or_an_old_image_put_back(self, cp_id: str, keep: int | None) -> None:
        engine = self.engines[cp_id]
        self.doubtful |= {record.session_id for record in engine.disk} | {engine.pending or ""}
        if keep is None:
            engine.new_disk()
        else:
            engine.crash(leave_trace=False)
            del engine.disk[keep:]
