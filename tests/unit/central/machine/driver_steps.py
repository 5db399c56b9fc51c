"""Drivers: they ask, answer, stop, and see their tickets."""

from hypothesis import strategies as st
from hypothesis.stateful import (
    rule,
)

from evcharge.central.rules import commands as c
from tests.unit.central.machine.link_steps import LinkSteps
from tests.unit.central.machine.values import CPS, cps, drivers, own_limits, rarely, shown_prices, stale
from tests.unit.central.model import MAX_HOLD


class DriverSteps(LinkSteps):
    """What drivers do, in their app and at the point."""

    @rule(
        driver_id=drivers,
        cp_id=st.sampled_from([*CPS, *CPS, None, "CP404"]),
        request=st.integers(1, 30),
        stale=stale,
        web=rarely,
        until=own_limits,
        shown_price=shown_prices,
        by_operator=rarely,
    )
    def a_driver_asks(
        self,
        driver_id: str,
        cp_id: str | None,
        request: int,
        stale: str = "",
        *,
        web: bool = True,
        until: tuple[int | None, int | None] = (None, None),
        shown_price: int | None = None,
        by_operator: bool = False,
    ) -> None:
        self.nonce += 1
        self.do(
            c.StartCharging,
            driver_id=driver_id,
            request_id=f"R-{request:08}",
            nonce=f"{self.nonce:016}",
            cp_id=cp_id,
            until_mwh=until[0],
            until_cents=until[1],
            shown_price=shown_price,
            by_operator=by_operator,
            **self.of_driver(driver_id, stale, web=web or by_operator),
        )

    @rule(
        driver_id=drivers,
        cp_id=cps,
        request=st.integers(1, 30),
        reach=st.sampled_from([*c.Reach, c.Reach.DRIVER, c.Reach.DRIVER]),
        pin=st.sampled_from([None, None, "right", "wrong"]),
        stale=stale,
    )
    def an_id_is_typed(
        self, driver_id: str, cp_id: str, request: int, reach: c.Reach, pin: str | None, stale: str = ""
    ) -> None:
        self.nonce += 1
        point = self.draft.point(cp_id)
        driver = self.draft.driver(driver_id)
        proved = driver.pin_hash if driver and pin == "right" else None
        self.do(
            c.StartCharging,
            driver_id=driver_id,
            request_id=f"R-{request:08}",
            nonce=f"{self.nonce:016}",
            cp_id=cp_id,
            by_hand=c.ByHand(reach=reach, has_pin=pin is not None, proved=proved),
            **self.over(point and point.engine_link, stale),
        )

    @rule(
        driver_id=drivers,
        request=st.none() | st.integers(1, 30),
        yes=st.booleans(),
        stale=stale,
        web=st.booleans(),
    )
    def a_driver_answers(
        self, driver_id: str, request: int | None, stale: str = "", *, yes: bool, web: bool = True
    ) -> None:
        self.nonce += 1
        asking = self.draft.asking(driver_id)
        pending = asking[1].request_id if asking else "R-00000001"
        self.do(
            c.AnswerStart,
            driver_id=driver_id,
            request_id=pending if request is None else f"R-{request:08}",
            yes=yes,
            nonce=f"{self.nonce:016}",
            **self.of_driver(driver_id, stale, web=web),
        )

    @rule(cp_id=cps)
    def a_monitor_finds_no_fault(self, cp_id: str) -> None:
        self.do(c.FaultUnconfirmed, cp_id=cp_id)

    @rule(cp_id=cps, request=st.none() | st.integers(1, 30))
    def a_driver_is_silent(self, cp_id: str, request: int | None) -> None:
        point = self.draft.point(cp_id)
        pending = point.question.request_id if point and point.question else "R-00000001"
        self.do(c.GiveUpStart, cp_id=cp_id, request_id=pending if request is None else f"R-{request:08}")

    @rule(driver_id=drivers, cents=st.sampled_from([None, 1, 100, MAX_HOLD]), stale=stale, web=st.booleans())
    def a_driver_chooses_a_pin(
        self, driver_id: str, cents: int | None, stale: str = "", *, web: bool = True
    ) -> None:
        self.do(
            c.SetPin,
            driver_id=driver_id,
            pin_hash=None if cents is None else "kept",
            limit_cents=cents or 0,
            **self.of_driver(driver_id, stale, web=web),
        )

    @rule(driver_id=drivers, named=st.booleans(), data=st.data(), stale=stale, web=rarely)
    def a_driver_stops(
        self, driver_id: str, data: st.DataObject, stale: str, *, named: bool, web: bool
    ) -> None:
        session_id = self.any_session(data) if named else None
        over = self.of_driver(driver_id, stale, web=web)
        self.do(c.StopCharging, driver_id=driver_id, session_id=session_id, **over)

    @rule(driver_id=drivers, data=st.data(), stale=stale, web=rarely)
    def a_driver_has_seen_a_ticket(
        self, driver_id: str, data: st.DataObject, stale: str, *, web: bool
    ) -> None:
        over = self.of_driver(driver_id, stale, web=web)
        self.do(c.MarkTicketShown, driver_id=driver_id, session_id=self.any_session(data), **over)

    @rule(driver_id=drivers, cents=st.integers(1, 300))
    def money_comes_in(self, driver_id: str, cents: int) -> None:
        self.do(c.TopUp, driver_id=driver_id, cents=cents)
