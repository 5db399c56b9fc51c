"""One identity has one living link, from the login on, and a withdrawn credential has none."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from evcharge.central.feed import Feed
from evcharge.central.peers import links, watchdog
from evcharge.central.peers.consents import Consents
from evcharge.central.peers.links import Peers
from evcharge.central.peers.quotas import LOGINS, Quotas
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.rules.commands import RevokeKeys
from evcharge.central.rules.epochs import Epochs
from evcharge.domain import journal_records
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import AuthenticationError, Code, EvchargeError
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.connection import Channel
from evcharge.evc1.tickets import Identity
from tests.component.test_central import beat
from tests.component.town import Town, hear, running


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with running(tmp_path) as town:
        yield town


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Central does not wait long for a first word."""
    monkeypatch.setattr(watchdog, "FIRST_WORD_S", 0.3)


@contextlib.asynccontextmanager
async def beating(*channels: Channel) -> AsyncIterator[None]:
    """Let these links prove that they live."""
    async with asyncio.TaskGroup() as tasks:
        beats = [tasks.create_task(beat(channel)) for channel in channels]
        yield
        for one in beats:
            one.cancel()


async def refusal(channel: Channel) -> Code:
    """Return with which code Central ends a link."""
    with pytest.raises(EvchargeError) as caught:
        await hear(channel, messages.Synced, messages.Balance)
    return caught.value.code


# ---- the place is taken at the login


async def test_an_engine_that_has_not_said_sync_is_no_less_connected(town: Town):
    first = await town.dial("CP001", Role.ENGINE)
    async with beating(first):
        second = await town.dial("CP001", Role.ENGINE)
        assert await refusal(second) == Code.DUPLICATE
    first.send(messages.Sync(journal_id="a" * 32, last_seq=0))
    await hear(first, messages.Synced)


async def test_a_late_sync_takes_nothing_over(town: Town):
    early = await town.dial("CP001", Role.ENGINE)
    engine = await town.point()
    early.send(messages.Sync(journal_id="b" * 32, last_seq=0))
    driver = await town.driver()
    driver.asks("CP001")
    await engine.is_asked()
    assert await refusal(early) == Code.CLOSED
    assert town.dispatcher.facts.point("CP001").journal_id == engine.journal_id


async def test_of_many_logins_at_once_one_has_a_link(town: Town):
    channels = await asyncio.gather(*(town.dial("D01", Role.DRIVER) for _ in range(LOGINS)))
    for channel in channels:
        channel.send(messages.AskBalance())

    async def outcome(channel: Channel) -> str:
        try:
            await hear(channel, messages.Balance)
        except EvchargeError as end:
            return end.code
        return "answered"

    async with beating(*channels):
        outcomes = await asyncio.gather(*(outcome(channel) for channel in channels))
    assert sorted(outcomes) == ["E_DUPLICATE"] * (LOGINS - 1) + ["answered"]


async def test_of_many_logins_over_a_dead_link_one_takes_its_place(town: Town):
    dead = await town.driver()
    channels = await asyncio.gather(*(town.dial("D01", Role.DRIVER) for _ in range(LOGINS - 1)))
    # All but one are refused; the one that waits hears nothing yet.
    waiting = {asyncio.create_task(refusal(channel)): channel for channel in channels}
    async with asyncio.timeout(20):
        while len(waiting) > 1:
            heard, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for one in heard:
                del waiting[one]
                assert one.result() == Code.DUPLICATE
    ((hears_nothing, heir),) = waiting.items()
    hears_nothing.cancel()
    await asyncio.wait({hears_nothing})
    heir.send(messages.AskBalance())
    await hear(heir, messages.Balance)
    assert await refusal(dead.channel) == Code.CLOSED


async def test_whoever_waits_for_a_place_has_it_as_soon_as_it_is_free(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(links, "_GRACE_S", 3_600.0)
    first = await town.driver()
    second = await town.dial("D01", Role.DRIVER)
    second.send(messages.AskBalance())
    first.channel.abort()
    await hear(second, messages.Balance)


async def test_an_engine_and_its_monitor_are_two(town: Town):
    engine, monitor = await town.dial("CP001", Role.ENGINE), await town.dial("CP001", Role.MONITOR)
    engine.send(messages.Sync(journal_id="a" * 32, last_seq=0))
    await hear(engine, messages.Synced)
    monitor.send(messages.Health(fault=None))
    await town.says("CP001 .*Available")


# ---- the first word


@pytest.mark.parametrize("role", [Role.ENGINE, Role.MONITOR, Role.DRIVER])
async def test_a_login_that_nothing_follows_is_ended(town: Town, impatient, role: Role):
    name = "D01" if role is Role.DRIVER else "CP001"
    assert await refusal(await town.dial(name, role)) == Code.TIMEOUT


async def test_heartbeats_are_no_sync(town: Town, impatient, monkeypatch: pytest.MonkeyPatch):
    first = await town.dial("CP001", Role.ENGINE)
    async with beating(first):
        assert await refusal(first) == Code.TIMEOUT
    monkeypatch.setattr(watchdog, "FIRST_WORD_S", 3_600.0)
    engine = await town.engine()
    engine.channel.send(messages.Heartbeat())
    await hear(engine.channel, messages.Heartbeat)


# ---- a withdrawn credential


async def test_a_revocation_cuts_every_link_of_an_id(town: Town):
    engine = await town.point()
    waiting = [await town.dial("CP001", role) for role in (Role.ENGINE, Role.MONITOR)]
    await town.operator(RevokeKeys, subject="CP001")
    for channel in (engine.channel, engine.monitor, *waiting):
        assert await refusal(channel) == Code.REVOKED


async def test_a_revocation_cuts_an_engine_that_has_not_said_sync(town: Town):
    engine = await town.point()
    engine.channel.abort()
    await town.says("CP001 .*Faulted")
    silent = await town.dial("CP001", Role.ENGINE)
    await town.operator(RevokeKeys, subject="CP001")
    assert await refusal(silent) == Code.REVOKED


@pytest.mark.parametrize("newer", [Role.ENGINE, Role.MONITOR])
async def test_a_login_with_a_newer_credential_cuts_what_the_older_one_opened(town: Town, newer: Role):
    engine = await town.point()
    async with beating(engine.channel, engine.monitor):
        late = await town.dial("CP001", newer, epoch=1)
        for channel in (engine.channel, engine.monitor):
            assert await refusal(channel) == Code.REVOKED
    # Its old tickets are void although the newcomer has said nothing yet.
    with pytest.raises(EvchargeError) as caught:
        await town.dial("CP001", Role.ENGINE, epoch=0)
    assert caught.value.code == Code.REVOKED
    late.send(messages.Heartbeat())


async def test_a_rotated_credential_leaves_a_driver_one_link(town: Town):
    old = await town.driver()
    async with beating(old.channel):
        new = await town.dial("D01", Role.DRIVER, epoch=1)
        assert await refusal(old.channel) == Code.REVOKED
        new.send(messages.AskBalance())
        await hear(new, messages.Balance)


async def test_what_was_said_before_a_revocation_and_heard_after_it_counts_for_nothing(town: Town):
    engine = await town.point()
    revoked = asyncio.create_task(town.operator(RevokeKeys, subject="CP001"))
    engine.channel.send(
        messages.Records(
            records=[
                journal_records.SupplyRefused(seq=1, session_id="S-D01-CP001-0000000000000000", reason="busy")
            ]
        )
    )
    await revoked
    assert await refusal(engine.channel) == Code.REVOKED
    assert town.dispatcher.facts.last_seq("CP001", engine.journal_id) == 0
    assert town.dispatcher.facts.point("CP001").status is CpStatus.UNAVAILABLE


async def test_keys_that_are_revoked_as_the_login_ends_open_nothing(town: Town):
    epochs = Epochs()
    refusals = Refusals(town.dispatcher.post)
    consents = Consents(None, b"", town.dispatcher.facts, time.monotonic)
    peers = Peers(town.dispatcher, None, Feed(), refusals, epochs, b"", Quotas(), consents)
    channel = SimpleNamespace(identity=Identity("CP001", Role.ENGINE, 0, 0), peer_address="10.0.0.7:1")
    peers.admit(channel.identity)
    # The proof was good, and its task has not begun yet.
    epochs.raise_to("CP001", 1)
    with pytest.raises(AuthenticationError) as caught:
        await peers.serve(channel)
    assert caught.value.code == Code.REVOKED
    assert peers.links == {}
