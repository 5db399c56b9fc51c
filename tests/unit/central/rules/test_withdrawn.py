"""Withdrawn is an end: who leaves the network, what stays of it, and whose the wallet of a next owner is."""

import pytest

from evcharge.central.rules import commands as c
from evcharge.central.rules import presence
from evcharge.central.rules.facts import FormerWallet, TransferKind
from evcharge.central.rules.replies import RequestStep
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus, Hold
from evcharge.domain.errors import Code
from evcharge.domain.session import EndReason
from evcharge.labels.command_refusals import in_words
from tests.unit.central.builders import KWH, Network, only, said


@pytest.fixture
def town() -> Network:
    """CP001 and D01, with 20 euros."""
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    return network


def withdraws(town: Network, subject: str, epoch: int = 1, registration: int = 0):
    return town.does(c.Withdraw, subject=subject, epoch=epoch, registration=registration)


# ---- charging points


def test_a_withdrawn_point_leaves_the_network(town: Network):
    decision = withdraws(town, "CP001")
    assert said(decision) == [
        events.KeyRevoked,
        events.EngineLost,
        events.MonitorLost,
        events.PointWithdrawn,
    ]
    assert list(town.facts.points()) == []
    assert (town.point().status, town.point().reason) == (CpStatus.UNAVAILABLE, "withdrawn")
    assert town.asks().reply.code == Code.UNKNOWN_CP
    for kind, what in ((c.PlaceHold, {"hold": Hold.OPERATOR}), (c.MovePoint, {"location": "Elche"})):
        assert town.refuses(kind, cp_id="CP001", **what).code is Code.UNKNOWN_CP
    assert town.holds(cp_id=None).is_empty
    assert town.refuses(c.RevokeKeys, subject="CP001").code is Code.ID


def test_what_its_links_say_afterwards_is_about_nobody(town: Network):
    engine, monitor = town.point().engine_link, town.point().monitor_link
    withdraws(town, "CP001")
    for kind, link in ((c.EngineLeaves, engine), (c.MonitorLeaves, monitor)):
        assert town.does(kind, cp_id="CP001", link=link, reason="cut").is_empty
    refused = town.refuses(c.MonitorReports, cp_id="CP001", link=monitor, epoch=0, fault="on fire")
    assert refused.code is Code.REVOKED


def test_one_that_was_revoked_before_is_withdrawn_all_the_same(town: Network):
    town.does(c.RevokeKeys, subject="CP001")
    # The Registry, which is told of it later, counts from what it knew.
    assert said(withdraws(town, "CP001", epoch=1))[-1] is events.PointWithdrawn
    assert withdraws(town, "CP001", epoch=1).is_empty


def test_its_charge_is_told_to_end_and_is_billed_when_its_engine_comes_back(town: Network):
    session = town.charging(more_mwh=KWH)
    assert only(withdraws(town, "CP001"), events.StopOrdered).reason is EndReason.REVOKED
    assert town.session(session.session_id).stop_reason is EndReason.REVOKED
    town.engine(epoch=1, registration=1)
    town.sends(town.engines["CP001"].ended(session.session_id, reason="key revoked"))
    assert town.tickets[0].cost_cents == 25


def test_its_charge_is_not_closed_over_the_head_of_an_engine_that_is_back_with_new_keys(town: Network):
    session = town.charging(more_mwh=KWH)
    withdraws(town, "CP001")
    town.engine(epoch=1, registration=1)
    assert town.does(c.CloseLost, session_id=session.session_id, cut_off=True).is_empty
    assert town.session(session.session_id).stop_reason is EndReason.REVOKED
    assert town.tickets == []


def test_its_charge_can_be_closed_when_its_engine_never_comes_back(town: Network):
    session = town.charging(more_mwh=KWH)
    withdraws(town, "CP001")
    town.does(c.CloseLost, session_id=session.session_id, cut_off=True)
    assert (town.tickets[0].cost_cents, town.tickets[0].estimated) == (25, True)
    assert town.point().session_id is None
    assert list(town.facts.points()) == []


def test_a_point_comes_back_with_its_next_registration_and_with_no_other(town: Network):
    town.does(c.SetPrice, cp_id="CP001", price_centi_cents_per_kwh=5_000)
    withdraws(town, "CP001")
    for what in ({"epoch": 0}, {"epoch": 0, "registration": 1}, {"epoch": 1}, {"epoch": 9}):
        refused = town.refuses(c.MonitorArrives, **{"cp_id": "CP001", "link": 9, "location": ""} | what)
        assert refused.code is Code.REVOKED
    decision = town.engine(epoch=1, registration=1, location="Elche")
    assert said(decision) == [events.PointAdded, events.EngineConnected]
    added = only(decision, events.PointAdded)
    assert (added.registration, added.location, added.price_centi_cents_per_kwh) == (1, "Elche", 5_000)
    town.monitor(epoch=1, registration=1)
    assert [point.status for point in town.facts.points()] == [CpStatus.AVAILABLE]
    # The Registry tells once more, after a restart of Central, of what is long over.
    assert withdraws(town, "CP001", epoch=1, registration=0).is_empty


def test_a_next_registration_may_be_here_before_the_word_of_the_withdrawal(town: Network):
    decision = town.engine(epoch=1, registration=1, location="Elche")
    assert said(decision) == [
        events.KeyRevoked,
        events.EngineLost,
        events.MonitorLost,
        events.PointWithdrawn,
        events.PointAdded,
        events.EngineConnected,
    ]
    assert withdraws(town, "CP001").is_empty
    assert not town.point().revoked


def test_who_was_never_here_leaves_nothing_behind(town: Network):
    assert withdraws(town, "CP777").is_empty


# ---- drivers


def test_a_withdrawn_driver_leaves_and_its_wallet_stays(town: Network):
    decision = withdraws(town, "D01")
    assert said(decision) == [events.DriverBlocked, events.DriverLost, events.DriverWithdrawn]
    assert only(decision, events.DriverWithdrawn).balance_cents == 2_000
    assert list(town.facts.drivers()) == []
    assert list(town.facts.left_wallets()) == [
        FormerWallet(driver_id="D01", registration=0, balance_cents=2_000)
    ]
    assert town.asks().reply.code == Code.DRIVER_BLOCKED
    assert town.refuses(c.TopUp, driver_id="D01", cents=5).code is Code.ID
    assert town.refuses(c.BarDriver, driver_id="D01", barred=True).code is Code.NOT_FOUND
    for epoch in (0, 1, 9):
        assert town.refuses(c.DriverArrives, driver_id="D01", link=9, epoch=epoch).code is Code.REVOKED
        assert town.refuses(c.DriverVisits, driver_id="D01", epoch=epoch).code is Code.REVOKED


def test_one_whose_key_was_revoked_and_that_is_away_is_withdrawn_and_nothing_is_said_twice(town: Network):
    town.does(c.RevokeKeys, subject="D01")
    town.does(c.DriverLeaves, driver_id="D01", link=town.driver().link, reason="cut")
    assert said(withdraws(town, "D01")) == [events.DriverWithdrawn]


def test_its_open_charge_ends_and_the_rest_of_its_hold_goes_back_into_its_wallet(town: Network):
    session = town.charging(more_mwh=KWH)
    withdraws(town, "D01")
    town.sends(town.engines["CP001"].ended(session.session_id, reason="key revoked"))
    assert [wallet.balance_cents for wallet in town.facts.left_wallets()] == [2_000 - 25]
    assert town.driver().held_cents == 0


@pytest.mark.parametrize("how", ["program", "page"])
def test_somebody_else_who_gets_the_id_begins_with_a_wallet_of_its_own(town: Network, how: str):
    town.does(c.TopUp, driver_id="D01", cents=100_000)
    withdraws(town, "D01")
    if how == "program":
        decision = town.driver_is_there(epoch=1, registration=1)
    else:
        decision = town.does(c.DriverVisits, driver_id="D01", epoch=1, registration=1)
    assert only(decision, events.DriverAdded).registration == 1
    assert (town.driver().registration, town.driver().balance_cents) == (1, 2_000)
    assert town.facts.former_wallet("D01", 0).balance_cents == 102_000
    assert [one.driver_id for one in town.facts.drivers()] == ["D01"]
    assert [wallet.registration for wallet in town.facts.left_wallets()] == [0]


def test_each_booking_names_the_registration_that_it_belongs_to(town: Network):
    withdraws(town, "D01")
    town.driver_is_there(epoch=1, registration=1)
    session = town.charging(more_mwh=KWH)
    town.sends(town.engines["CP001"].ended(session.session_id))
    assert (session.registration, town.tickets[0].registration) == (1, 1)
    booked = [(one.kind, one.registration) for one in town.transfers]
    assert booked == [
        (TransferKind.TOP_UP, 0),
        (TransferKind.TOP_UP, 1),
        (TransferKind.HOLD, 1),
        (TransferKind.CAPTURE, 1),
        (TransferKind.RELEASE, 1),
    ]
    assert town.facts.former_wallet("D01", 0).balance_cents == 2_000


def test_a_next_owner_waits_until_the_last_charge_of_the_one_before_is_settled(town: Network):
    session = town.charging()
    withdraws(town, "D01")
    for kind, what in ((c.DriverArrives, {"link": 9}), (c.DriverVisits, {})):
        refused = town.refuses(kind, driver_id="D01", epoch=1, registration=1, **what)
        assert refused.code is Code.BUSY
    town.sends(town.engines["CP001"].ended(session.session_id))
    town.driver_is_there(epoch=1, registration=1)
    assert town.driver().balance_cents == 2_000


def test_a_next_owner_may_be_here_before_the_word_of_the_withdrawal(town: Network):
    decision = town.driver_is_there(epoch=1, registration=1)
    assert said(decision) == [
        events.DriverBlocked,
        events.DriverLost,
        events.DriverWithdrawn,
        events.DriverAdded,
        events.WalletToppedUp,
        events.DriverConnected,
    ]
    assert withdraws(town, "D01").is_empty
    assert (town.driver().blocked, town.driver().registration) == (False, 1)


def test_what_the_one_before_asked_is_not_answered_to_the_next(town: Network):
    session = town.charging()
    withdraws(town, "D01")
    town.sends(town.engines["CP001"].ended(session.session_id))
    town.driver_is_there(epoch=1, registration=1)
    answer = town.asks(request_id=session.request_id).reply
    assert isinstance(answer, RequestStep)
    assert answer.code == Code.ID


# ---- one id, one kind


def test_an_id_keeps_its_kind_here_too(town: Network):
    for kind in (c.DriverArrives, c.DriverVisits):
        what = {"link": 9} if kind is c.DriverArrives else {}
        refused = town.refuses(kind, driver_id="CP001", epoch=5, registration=1, **what)
        assert (refused.code, in_words(refused)) == (
            Code.CONFLICT,
            "CP001 is a charging point here, and an id keeps its kind",
        )
    refused = town.refuses(c.MonitorArrives, cp_id="D01", link=9, epoch=5, location="", registration=1)
    assert (refused.code, in_words(refused)) == (
        Code.CONFLICT,
        "D01 is a driver here, and an id keeps its kind",
    )


@pytest.mark.parametrize("charges", [True, False])
def test_what_is_told_of_a_withdrawn_point_says_which_and_since_when(town: Network, charges: bool):
    if charges:
        town.charging()
    town.plugged()
    decision = withdraws(town, "CP001", epoch=4)
    revoked, gone = only(decision, events.KeyRevoked), only(decision, events.PointWithdrawn)
    assert (revoked.cp_id, revoked.epoch, revoked.last_word) == ("CP001", 4, charges)
    assert (gone.cp_id, gone.epoch, gone.registration) == ("CP001", 4, 0)
    # Its monitor is the only one who could say so, and is heard no more.
    assert (town.point().occupied, town.point().occupied_by) == (False, None)
    if not charges:
        assert (
            only(decision, events.MonitorLost).reason
            == only(decision, events.EngineLost).reason
            == presence.REVOKED
        )
