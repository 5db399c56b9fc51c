"""One identity speaks over one link: what comes over another, or with an older credential, changes nothing."""

import pytest

from evcharge.central.rules import commands as c
from evcharge.domain import events
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code, StaleLink
from evcharge.labels.command_refusals import in_words
from tests.unit.central.builders import JOURNAL, Network, only, said

ENGINE = {"cp_id": "CP001"}
# Each command of an engine, a monitor and a driver, over no link in particular.
SAID = {
    "records": (c.TakeRecords, ENGINE | {"journal_id": JOURNAL, "records": ()}),
    "ready": (c.ReportReady, ENGINE | {"session_id": "S-D01-CP001-1"}),
    "health": (c.MonitorReports, ENGINE | {"fault": "overheating"}),
    "manual start": (
        c.StartCharging,
        ENGINE | {"driver_id": "D01", "request_id": "R-00000099", "nonce": "9" * 16, "by_hand": c.ByHand()},
    ),
    "request of a yes": (
        c.AnswerStart,
        {"driver_id": "D01", "request_id": "R-00000099", "nonce": "9" * 16, "yes": True},
    ),
    "request of a PIN": (c.SetPin, {"driver_id": "D01", "pin_hash": "kept", "limit_cents": 5}),
    "request start": (
        c.StartCharging,
        {"driver_id": "D01", "request_id": "R-00000099", "nonce": "9" * 16, "cp_id": "CP001"},
    ),
    "request stop": (c.StopCharging, {"driver_id": "D01"}),
    "ticket seen": (c.MarkTicketShown, {"driver_id": "D01", "session_id": "S-D01-CP001-1"}),
}
every_command = pytest.mark.parametrize("said", SAID)


@pytest.fixture
def town() -> Network:
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    return network


def present(town: Network, said: str) -> int:
    """Return the link that this is said over."""
    kind, _ = SAID[said]
    if kind is c.MonitorReports:
        return town.point().monitor_link
    return town.point().engine_link if "request" not in said and "seen" not in said else town.driver().link


def all_return(town: Network, **what: object) -> None:
    """Everybody logs in once more, over a new link."""
    town.point_is_there(**what)
    town.driver_is_there(**what)


@every_command
def test_a_link_that_was_replaced_says_nothing_any_more(town: Network, said: str):
    kind, what = SAID[said]
    old = present(town, said)
    all_return(town)
    refusal = town.refuses(kind, **what, link=old, epoch=0)
    assert isinstance(refusal, StaleLink)
    assert refusal.code is Code.DUPLICATE


@every_command
def test_a_link_that_left_says_nothing_any_more(town: Network, said: str):
    kind, what = SAID[said]
    old = present(town, said)
    town.engine_leaves()
    town.monitor_leaves()
    town.does(c.DriverLeaves, driver_id="D01", link=town.driver().link, reason="cut")
    assert town.refuses(kind, **what, link=old, epoch=0).code is Code.DUPLICATE


@every_command
@pytest.mark.parametrize("by", ["Central", "the Registry"])
def test_a_withdrawn_credential_says_nothing_any_more(town: Network, said: str, by: str):
    kind, what = SAID[said]
    for subject in ("CP001", "D01"):
        town.does(c.RevokeKeys, subject=subject, epoch=3 if by == "the Registry" else 0)
    refusal = town.refuses(kind, **what, link=present(town, said), epoch=0)
    assert isinstance(refusal, StaleLink)
    assert refusal.code is Code.REVOKED
    assert "needs a new registration" in in_words(refusal)


@every_command
def test_a_credential_that_was_replaced_says_nothing_any_more(town: Network, said: str):
    kind, what = SAID[said]
    old = present(town, said)
    all_return(town, epoch=2)
    assert town.refuses(kind, **what, link=old, epoch=0).code is Code.REVOKED
    assert town.refuses(kind, **what, link=old, epoch=2).code is Code.DUPLICATE


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (c.EngineArrives, ENGINE | {"location": "", "journal_id": JOURNAL, "last_seq": 0}),
        (c.MonitorArrives, ENGINE | {"location": ""}),
        (c.DriverArrives, {"driver_id": "D01"}),
    ],
)
def test_a_link_that_logged_in_before_the_present_one_arrives_too_late(town: Network, kind, what: dict):
    early = town.link()
    all_return(town)
    assert town.refuses(kind, **what, link=early, epoch=0).code is Code.DUPLICATE


def test_what_a_driver_does_on_its_page_comes_over_no_link(town: Network):
    town.does(c.DriverLeaves, driver_id="D01", link=town.driver().link, reason="cut")
    town.authorised()
    assert said(town.does(c.StopCharging, driver_id="D01")) == [events.StopOrdered]


# ---- a newer credential ends what the older one opened


def test_an_engine_with_a_newer_credential_ends_the_link_of_its_old_monitor(town: Network):
    link = town.point().monitor_link
    decision = town.engine(epoch=1)
    lost = only(decision, events.MonitorLost)
    assert (lost.link, lost.reason) == (link, "its keys were revoked")
    assert town.point().status is CpStatus.DISCONNECTED
    town.monitor(epoch=1)
    assert town.point().status is CpStatus.AVAILABLE


def test_a_monitor_with_a_newer_credential_ends_the_link_of_its_old_engine(town: Network):
    session = town.charging()
    link = town.point().engine_link
    lost = only(
        town.does(c.MonitorArrives, **ENGINE, link=town.link(), epoch=1, location=""), events.EngineLost
    )
    assert (lost.link, lost.reason) == (link, "its keys were revoked")
    assert (lost.session_id, lost.driver_id) == (session.session_id, "D01")
    town.reports(None)
    assert town.point().status is CpStatus.FAULTED


def test_a_charge_that_had_not_begun_ends_with_the_link_of_its_old_monitor(town: Network):
    session = town.authorised()
    town.engine(epoch=1)
    assert town.session(session.session_id).stop_reason == "monitor lost"


def test_a_charge_goes_on_when_its_engine_returns_with_a_newer_credential(town: Network):
    session = town.charging()
    lost = only(town.engine(epoch=1), events.MonitorLost)
    assert lost.session_id == session.session_id
    assert town.session(session.session_id).stop_reason is None


def test_a_restored_point_believes_no_link_from_before_its_revocation(town: Network):
    town.does(c.RevokeKeys, subject="CP001")
    assert said(town.engine(epoch=1)) == [events.MonitorLost, events.KeyRestored, events.EngineConnected]
    assert not town.point().monitor_heard
