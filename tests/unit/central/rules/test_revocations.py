"""Keys that are revoked, by an operator or by the Registry."""

from typing import Any

import pytest

from evcharge.central.rules import commands as c
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code
from evcharge.domain.session import EndReason
from evcharge.labels.command_refusals import in_words
from tests.unit.central.builders import JOURNAL, OTHER_JOURNAL, Network, only, said


def test_revoked_keys_end_the_charge_and_take_the_point_out(town: Network):
    session = town.charging()
    decision = town.does(c.RevokeKeys, subject="CP001")
    assert said(decision) == [events.StopOrdered, events.KeyRevoked]
    assert town.session(session.session_id).stop_reason is EndReason.REVOKED
    assert (town.point().status, town.point().reason) == (CpStatus.UNAVAILABLE, "key revoked")
    assert town.point().epoch == 1


def test_a_revoked_point_does_not_return_with_its_old_keys(town: Network):
    town.does(c.RevokeKeys, subject="CP001")
    for kind, what in (
        (c.EngineArrives, {"journal_id": JOURNAL, "last_seq": 0}),
        (c.MonitorArrives, {}),
    ):
        refusal = town.refuses(kind, cp_id="CP001", link=50, epoch=0, location="", **what)
        assert refusal.code is Code.REVOKED


def test_a_revoked_point_returns_with_new_keys_and_finishes_its_charge(town: Network):
    session = town.charging(more_mwh=10)
    town.does(c.RevokeKeys, subject="CP001")
    town.engine_leaves()
    town.monitor_leaves()
    decision = town.engine(epoch=1)
    assert said(decision) == [events.KeyRestored, events.EngineConnected]
    assert only(decision, events.EngineConnected).stop == ((session.session_id, EndReason.REVOKED),)
    town.sends(town.engines["CP001"].ended(session.session_id, 5, reason="key revoked"))
    assert (town.tickets[0].energy_mwh, town.tickets[0].estimated) == (15, False)
    town.monitor(epoch=1)
    assert town.point().status is CpStatus.AVAILABLE


@pytest.mark.parametrize("charging", [False, True])
def test_a_revoked_point_may_return_with_new_keys_on_a_new_disk(town: Network, charging: bool):
    if charging:
        town.charging(more_mwh=10)
    town.does(c.RevokeKeys, subject="CP001")
    town.engine_leaves()
    town.engine(journal_id=OTHER_JOURNAL, epoch=4, location="Elche")
    point = town.point()
    assert (point.revoked, point.epoch, point.location.name, point.session_id) == (False, 4, "Elche", None)
    assert len(town.tickets) == charging


def holder_of(town: Network, subject: str):
    return town.point() if subject == "CP001" else town.driver()


@pytest.mark.parametrize("subject", ["CP001", "D01"])
def test_what_is_revoked_already_is_not_revoked_beyond_the_next_credential(town: Network, subject: str):
    """A new one that the Registry issued meanwhile, which it calls epoch 1, must open the door."""
    town.does(c.RevokeKeys, subject=subject)
    assert town.does(c.RevokeKeys, subject=subject).is_empty
    assert holder_of(town, subject).epoch == 1


@pytest.mark.parametrize("subject", ["CP001", "D01"])
def test_a_new_credential_that_the_registry_has_told_of_is_revoked_before_its_first_use(
    town: Network, subject: str
):
    town.does(c.RevokeKeys, subject=subject)
    assert not town.does(c.RevokeKeys, subject=subject, epoch=1).events
    revoked: Any
    (revoked,) = town.does(c.RevokeKeys, subject=subject).events
    assert revoked.epoch == holder_of(town, subject).epoch == 2
    assert town.does(c.RevokeKeys, subject=subject).is_empty


@pytest.mark.parametrize("subject", ["CP001", "D01"])
def test_what_the_registry_disabled_an_operator_may_revoke_too(town: Network, subject: str):
    town.does(c.RevokeKeys, subject=subject, epoch=5)
    revoked: Any
    (revoked,) = town.does(c.RevokeKeys, subject=subject).events
    assert revoked.epoch == 6


@pytest.mark.parametrize("subject", ["CP001", "D01"])
def test_the_registry_revokes_with_its_own_epoch_once(town: Network, subject: str):
    assert not town.does(c.RevokeKeys, subject=subject, epoch=5).is_empty
    holder = town.point() if subject == "CP001" else town.driver()
    assert holder.epoch == 5
    assert town.does(c.RevokeKeys, subject=subject, epoch=5).is_empty
    assert town.does(c.RevokeKeys, subject=subject, epoch=4).is_empty


def test_what_the_registry_says_of_keys_that_were_renewed_since_is_old(town: Network):
    town.engine(epoch=6)
    assert town.does(c.RevokeKeys, subject="CP001", epoch=5).is_empty
    assert not town.point().revoked


def test_a_revocation_of_somebody_unknown(network: Network):
    assert network.does(c.RevokeKeys, subject="CP009", epoch=1).is_empty
    refusal = network.refuses(c.RevokeKeys, subject="CP009")
    assert (refusal.code, in_words(refusal)) == (Code.ID, "CP009 is unknown here")


def test_a_blocked_driver_starts_nothing_and_its_charge_ends(town: Network):
    session = town.charging()
    decision = town.does(c.RevokeKeys, subject="D01")
    assert said(decision) == [events.StopOrdered, events.DriverBlocked]
    assert town.session(session.session_id).stop_reason is EndReason.REVOKED
    assert town.asks().reply.code == Code.DRIVER_BLOCKED


def test_a_blocked_driver_does_not_return_with_its_old_credential(town: Network):
    town.does(c.RevokeKeys, subject="D01")
    assert town.refuses(c.DriverArrives, driver_id="D01", link=50, epoch=0).code is Code.REVOKED


def test_a_blocked_driver_returns_with_a_new_credential_and_its_money(town: Network):
    town.does(c.RevokeKeys, subject="D01")
    decision = town.driver_is_there(epoch=1)
    assert said(decision) == [events.DriverUnblocked, events.DriverConnected]
    assert (town.driver().blocked, town.driver().balance_cents) == (False, 2_000)


@pytest.mark.parametrize("charges", [True, False])
def test_whoever_loses_its_keys_has_a_last_word_where_a_charge_must_end(town: Network, charges: bool):
    if charges:
        town.charging()
    revoked = only(town.does(c.RevokeKeys, subject="CP001"), events.KeyRevoked)
    assert (revoked.cp_id, revoked.last_word) == ("CP001", charges)
    assert town.point().epoch_told is False
