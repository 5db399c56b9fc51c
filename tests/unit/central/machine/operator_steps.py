"""Operators, the Registry and the weather: holds, keys, money by hand, prices, places."""

from hypothesis import strategies as st
from hypothesis.stateful import (
    rule,
)

from evcharge.central.rules import commands as c
from evcharge.central.rules.alert_kinds import Alert, AlertKind
from evcharge.domain.charging_point import Hold
from evcharge.domain.location import WeatherKind
from tests.unit.central.builders import NOON
from tests.unit.central.machine.driver_steps import DriverSteps
from tests.unit.central.machine.values import (
    CPS,
    DRIVERS,
    PLACES,
    cps,
    drivers,
    ordered_holds,
    places,
    rarely,
)


class OperatorSteps(DriverSteps):
    """What the control room does."""

    @rule(data=st.data())
    def an_operator_ends_a_charge(self, data: st.DataObject) -> None:
        self.do(c.EndCharge, session_id=self.any_session(data))

    @rule(
        kind=st.sampled_from([c.PlaceHold, c.PlaceHold, c.LiftHold]),
        cp_id=st.sampled_from(["CP001", None, "CP404"]),
        hold=ordered_holds,
    )
    def a_hold_changes(self, kind: type[c.AnyCommand], cp_id: str | None, hold: Hold) -> None:
        self.do(kind, cp_id=cp_id, hold=hold)

    @rule(
        about=st.sampled_from([*CPS, "CP404"]),
        kind=st.sampled_from([AlertKind.JOURNAL, AlertKind.JOURNAL, AlertKind.QUARANTINE]),
    )
    def an_operator_closes_an_alert(self, about: str, kind: AlertKind) -> None:
        self.do(c.CloseAlert, alert=Alert(kind=kind, about=about, detail="", since=NOON))

    @rule(
        about=st.sampled_from([*CPS, "CP404"]),
        taken_by=st.sampled_from(["", "admin", "ana"]),
        taken=st.booleans(),
    )
    def somebody_looks_after_an_alert(self, about: str, taken_by: str, *, taken: bool) -> None:
        alert = Alert(kind=AlertKind.FAULT, about=about, detail="", since=NOON, taken_by=taken_by)
        self.do(c.TakeAlert, alert=alert, taken=taken)

    @rule(subject=st.sampled_from([*CPS, *DRIVERS, "X"]), epoch=st.sampled_from([0, 0, 1, 2, 3]))
    def keys_are_revoked(self, subject: str, epoch: int) -> None:
        self.do(c.RevokeKeys, subject=subject, epoch=epoch)

    @rule(subject=st.sampled_from([*CPS, *DRIVERS, "X"]), earlier=rarely)
    def an_id_is_withdrawn(self, subject: str, *, earlier: bool) -> None:
        holder = self.draft.point(subject) or self.draft.driver(subject)
        self.do(
            c.Withdraw,
            subject=subject,
            epoch=(holder.epoch if holder else 0) + 1,
            registration=holder.registration - earlier if holder else 0,
        )

    @rule(data=st.data(), unless_begun=st.booleans(), cut_off=rarely)
    def a_lost_charge_is_closed(self, data: st.DataObject, *, unless_begun: bool, cut_off: bool) -> None:
        self.do(c.CloseLost, session_id=self.any_session(data), unless_begun=unless_begun, cut_off=cut_off)
        # What its engine tells later is another story (test_corrections).
        self.commit()

    @rule(cp_id=cps)
    def an_engine_dies_for_good(self, cp_id: str) -> None:
        """Its charge is closed; what its journal tells afterwards is no second ticket."""
        point = self.draft.point(cp_id)
        if point is not None and point.session_id is not None:
            if point.engine_link is not None:
                self.do(c.EngineLeaves, cp_id=cp_id, link=point.engine_link, reason="gone")
            self.do(c.CloseLost, session_id=point.session_id)
            self.commit()

    @rule(driver_id=drivers, cents=st.integers(-300, 300), data=st.data(), named=st.booleans())
    def an_operator_corrects_money(
        self, driver_id: str, cents: int, data: st.DataObject, *, named: bool
    ) -> None:
        session_id = self.any_session(data) if named else None
        self.orders(c.CorrectMoney, driver_id=driver_id, cents=cents, session_id=session_id)

    @rule(data=st.data(), cents=st.none() | st.integers(1, 100))
    def an_operator_refunds(self, data: st.DataObject, cents: int | None) -> None:
        self.orders(c.Refund, session_id=self.any_session(data), cents=cents)

    @rule(
        driver_id=drivers, cents=st.none() | st.integers(1, 300), registration=st.none() | st.integers(0, 2)
    )
    def an_operator_pays_out(self, driver_id: str, cents: int | None, registration: int | None) -> None:
        self.orders(c.PayOut, driver_id=driver_id, cents=cents, registration=registration)

    def orders(self, kind: type[c.MoneyOrder], **what: object) -> None:
        """Give an order about money, which the dispatcher carries out knowing what the books know."""
        self.commit()
        known = self.closed.get(str(what.get("session_id")))
        if known is not None:
            self.draft.recall(known)
        self.nonce += 1
        self.do(kind, reason="by hand", reference=f"order-{self.nonce}", **what)
        self.commit()

    @rule(
        cp_id=st.sampled_from([*CPS, "CP404"]), price=st.sampled_from([0, 1, 2_500, 2_500, 7_777, 1_000_000])
    )
    def a_price_changes(self, cp_id: str, price: int) -> None:
        # Running sessions keep theirs.
        self.do(c.SetPrice, cp_id=cp_id, price_centi_cents_per_kwh=price)

    @rule(cp_id=st.sampled_from([*CPS, "CP404"]), location=st.sampled_from(PLACES), told=st.booleans())
    def a_point_moves(self, cp_id: str, location: str, *, told: bool = False) -> None:
        self.do(c.MovePoint, cp_id=cp_id, location=location)
        if told:
            self.do(c.RegistryFollows, cp_id=cp_id, location=location)

    @rule(driver_id=st.sampled_from([*DRIVERS, "D404"]), barred=st.booleans())
    def a_driver_is_barred_or_readmitted(self, driver_id: str, *, barred: bool) -> None:
        self.do(c.BarDriver, driver_id=driver_id, barred=barred)

    @rule(location=places, alert=st.sampled_from(WeatherKind), temperature=st.none() | st.just(-4.5))
    def the_weather_turns_bad(self, location: str, alert: WeatherKind, temperature: float | None) -> None:
        self.do(c.WeatherAlert, location=location, alert=alert, temperature_celsius=temperature)

    @rule(location=places)
    def the_weather_is_good(self, location: str) -> None:
        self.do(c.WeatherClear, location=location)

    @rule(location=places, override=st.sampled_from([True, True, False]))
    def an_operator_overrides_the_weather(self, location: str, *, override: bool) -> None:
        self.do(c.WeatherOverride, location=location, override=override)

    @rule(location=places)
    def the_weather_is_measured(self, location: str) -> None:
        self.do(c.WeatherReport, location=location, temperature_celsius=21.0)
