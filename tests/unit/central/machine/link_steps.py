"""Links: engines, monitors and drivers come and go."""

from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    rule,
)

from evcharge.central.rules import commands as c
from tests.unit.central.machine.batches import Batches
from tests.unit.central.machine.values import (
    CPS,
    DRIVERS,
    HOME,
    cps,
    drivers,
    epochs,
    rarely,
    said_places,
    stale,
)


class LinkSteps(Batches):
    """Who is connected, over which link."""

    @initialize()
    def everybody_is_there(self) -> None:
        for cp_id in CPS:
            self.an_engine_arrives(cp_id, None, HOME[cp_id])
            self.a_monitor_arrives(cp_id, None)
            self.a_monitor_reports(cp_id, None)
        for driver_id in DRIVERS:
            self.a_driver_arrives(driver_id, None)

    @rule(cp_id=cps, epoch=epochs, location=said_places, said_location=said_places, other=rarely)
    def an_engine_arrives(
        self,
        cp_id: str,
        epoch: int | None,
        location: str = "",
        said_location: str = "",
        *,
        other: bool = False,
    ) -> None:
        engine = self.engines[cp_id]
        self.do(
            c.EngineArrives,
            cp_id=cp_id,
            location=location,
            said_location=said_location,
            journal_id=engine.journal_id,
            last_seq=len(engine.disk),
            **self.log_in(cp_id, epoch, other=other),
        )

    @rule(cp_id=cps, epoch=epochs, other=rarely)
    def a_monitor_arrives(self, cp_id: str, epoch: int | None, *, other: bool = False) -> None:
        self.do(c.MonitorArrives, cp_id=cp_id, location="", **self.log_in(cp_id, epoch, other=other))

    @rule(
        cp_id=cps,
        fault=st.sampled_from([None, "overheating", "x" * 200]),
        occupied=st.booleans(),
        stale=stale,
    )
    def a_monitor_reports(
        self, cp_id: str, fault: str | None, stale: str = "", *, occupied: bool = False
    ) -> None:
        point = self.draft.point(cp_id)
        over = self.over(point and point.monitor_link, stale)
        self.do(c.MonitorReports, cp_id=cp_id, fault=fault, occupied=occupied, **over)

    @rule(cp_id=cps, kind=st.sampled_from([c.EngineLeaves, c.MonitorLeaves]), old=rarely)
    def a_link_ends(self, cp_id: str, kind: type[c.AnyCommand], *, old: bool) -> None:
        point = self.draft.point(cp_id)
        link = point and (point.engine_link if kind is c.EngineLeaves else point.monitor_link)
        self.do(kind, cp_id=cp_id, link=1 if old or not link else link, reason="cut")

    @rule(driver_id=drivers, epoch=epochs, other=rarely)
    def a_driver_arrives(self, driver_id: str, epoch: int | None, *, other: bool = False) -> None:
        self.do(c.DriverArrives, driver_id=driver_id, **self.log_in(driver_id, epoch, other=other))

    @rule(driver_id=drivers)
    def a_driver_leaves(self, driver_id: str) -> None:
        driver = self.draft.driver(driver_id)
        self.do(c.DriverLeaves, driver_id=driver_id, link=(driver and driver.link) or 1, reason="cut")

    @rule(
        cp_id=cps,
        driver_id=drivers,
        kind=st.sampled_from([c.EngineArrives, c.MonitorArrives, c.DriverArrives]),
    )
    def an_overtaken_link_arrives(self, cp_id: str, driver_id: str, kind: type[c.AnyCommand]) -> None:
        early = self.log_in(driver_id if kind is c.DriverArrives else cp_id, None)
        if kind is c.DriverArrives:
            self.a_driver_arrives(driver_id, None)
            self.do(kind, driver_id=driver_id, **early)
        elif kind is c.MonitorArrives:
            self.a_monitor_arrives(cp_id, None)
            self.do(kind, cp_id=cp_id, location="", **early)
        else:
            self.an_engine_arrives(cp_id, None)
            self.do(kind, cp_id=cp_id, location="", journal_id="f" * 32, last_seq=0, **early)
