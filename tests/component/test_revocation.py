"""What the Registry withdraws, Central no longer believes, whether it has ever met the one or not."""

import asyncio
import shutil
from pathlib import Path

import pytest

from evcharge.central.peers import deadlines
from evcharge.central.rules.commands import DriverVisits, MovePoint, Note, RevokeKeys
from evcharge.central.services import registry_sync
from evcharge.domain.errors import AuthenticationError, Code
from evcharge.domain.events import RegistryNoted
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from tests.component.registry_process import Running, make_state, running_registry
from tests.component.test_location import has
from tests.component.town import FakeDriver, FakeEngine, Town, hear, running
from tests.ports import free_port


async def shut_out(registry: Running, id_: str, within_s: float = 5) -> None:
    """Wait until the Registry gives `id_` no ticket any more."""
    async with asyncio.timeout(within_s):
        while (answer := await registry.ticket(id_)).status == 200:
            await asyncio.sleep(0.05)
    assert answer.body["code"] == Code.DISABLED


@pytest.fixture
def password(tmp_path: Path) -> str:
    return make_state(tmp_path)


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_sync, "POLL_S", 0.05)


async def test_a_deactivated_point_is_cut_off_and_its_older_tickets_are_void(
    tmp_path: Path, password: str, quick_polls
):
    async with (
        running_registry(tmp_path, password) as registry,
        running(tmp_path, registry.url) as town,
    ):
        for cp_id in ("CP001", "CP777"):
            await registry.register(cp_id)
        engine = await town.point()
        admin = await registry.admin()
        for cp_id in ("CP001", "CP777"):
            await registry.ask("POST", "/deactivate", {"cp_id": cp_id}, token=admin)
        with pytest.raises(AuthenticationError) as caught:
            await hear(engine.channel, messages.Ack)
        assert caught.value.code == Code.REVOKED
        # CP777 has never been here; its stolen ticket opens nothing all the same.
        async with asyncio.timeout(5):
            while True:
                try:
                    channel = await town.dial("CP777", Role.ENGINE)
                except AuthenticationError as refusal:
                    assert refusal.code == Code.REVOKED
                    break
                channel.abort()


async def test_what_central_revokes_the_registry_withdraws_too(tmp_path: Path, password: str, quick_polls):
    async with (
        running_registry(tmp_path, password) as registry,
        running(tmp_path, registry.url) as town,
    ):
        await registry.register("CP001")
        await town.point()
        await town.operator(RevokeKeys, subject="CP001")
        await shut_out(registry, "CP001")
        # A newly issued credential is not withdrawn again by what Central remembers.
        admin = await registry.admin()
        rotated = await registry.ask(
            "POST", "/rotate", {"cp_id": "CP001", "credential": "another_secret"}, token=admin
        )
        # Before Central hears of the second of them it has told all it remembers once more.
        for cp_id in ("CP002", "CP003"):
            await registry.register(cp_id)
            await town.point(cp_id)
            await registry.ask("POST", "/deactivate", {"cp_id": cp_id}, token=admin)
            await town.says(f"{cp_id}.*keys revoked")
        answer = await registry.ticket("CP001", secret="another_secret")
        assert answer.status == 200
        await town.engine(epoch=rotated.body["epoch"])
        await town.says("CP001.*(new keys|again)")


async def test_a_revocation_reaches_the_registry_before_central_asks_again(
    tmp_path: Path, password: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(registry_sync, "POLL_S", 600.0)
    async with (
        running_registry(tmp_path, password) as registry,
        running(tmp_path, registry.url) as town,
    ):
        await registry.register("CP001")
        await town.point()
        await town.operator(RevokeKeys, subject="CP001")
        await shut_out(registry, "CP001")


async def test_when_one_registry_is_away_the_next_one_is_told_at_once_and_nobody_is_missed(
    tmp_path: Path, password: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(registry_sync, "POLL_S", 600.0)
    away = f"https://127.0.0.1:{free_port()}"
    async with (
        running_registry(tmp_path, password) as registry,
        running(tmp_path, away, other_registries=[registry.url]) as town,
    ):
        await registry.register("CP001")
        await town.point()
        await town.operator(RevokeKeys, subject="CP001")
        await shut_out(registry, "CP001", within_s=10)
        assert not any("Registry not responding" in line for line in town.lines)


async def test_a_new_credential_outlives_a_revocation_that_is_still_on_its_way(
    tmp_path: Path, password: str, quick_polls
):
    async with running_registry(tmp_path, password, free_port()) as registry:
        for cp_id in ("CP001", "CP002"):
            await registry.register(cp_id)
    # Nobody to tell, and the operator presses the button more than once.
    async with running(tmp_path, registry.url) as town:
        await town.point()
        for _ in range(3):
            await town.operator(RevokeKeys, subject="CP001")
    async with running_registry(tmp_path, password, registry.port) as registry:
        body = {"cp_id": "CP001", "credential": "another_secret"}
        admin = await registry.admin()
        rotated = await registry.ask("POST", "/rotate", body, token=admin)
        async with running(tmp_path, registry.url) as town:
            await town.point("CP002")
            await registry.ask("POST", "/deactivate", {"cp_id": "CP002"}, token=admin)
            # Central has told what it had to tell before it heard of this.
            await town.says("CP002.*keys revoked")
            await town.engine(epoch=rotated.body["epoch"])
            await town.says("CP001.*new keys")
            assert (await registry.ticket("CP001", secret="another_secret")).status == 200


async def test_what_central_revoked_before_a_restart_the_registry_still_learns(
    tmp_path: Path, password: str, quick_polls
):
    async with running_registry(tmp_path, password, free_port()) as registry:
        await registry.register("CP001")
        body = {"driver_id": "D01", "credential": "dr_secret_001"}
        await registry.ask("POST", "/register/driver", body, token=registry.enrolment)
    # Nobody to tell.
    async with running(tmp_path, registry.url) as town:
        await town.point()
        await town.driver("D01")
        for subject in ("CP001", "D01"):
            await town.operator(RevokeKeys, subject=subject)
    async with running_registry(tmp_path, password, registry.port), running(tmp_path, registry.url):
        for who in ({"id_": "CP001"}, {"id_": "D01", "role": "driver", "secret": "dr_secret_001"}):
            async with asyncio.timeout(5):
                while (answer := await registry.ticket(**who)).status == 200:
                    await asyncio.sleep(0.05)
            assert answer.body["code"] == Code.DISABLED


@pytest.mark.parametrize(
    "anew", [["CP003"], ["CP003", "CP004"], ["CP001", "CP003", "CP004"], ["CP003", "CP002"]]
)
async def test_a_registry_that_was_put_back_from_a_copy_is_heard_from_its_beginning_and_told_again(
    tmp_path: Path, password: str, quick_polls, anew: list[str]
):
    """Its revocations count from where the copy ends: fewer than Central knows, or as many, or more."""
    port, books, copy = free_port(), tmp_path / "registry", tmp_path / "copy"

    async def deactivate(registry: Running, *cp_ids: str) -> None:
        admin = await registry.admin()
        for cp_id in cp_ids:
            await registry.ask("POST", "/deactivate", {"cp_id": cp_id}, token=admin)

    async with running_registry(tmp_path, password, port) as registry:
        for cp_id in ("CP001", "CP002", "CP003", "CP004"):
            await registry.register(cp_id)
    shutil.copytree(books, copy)
    async with running(tmp_path, registry.url) as town:
        for cp_id in ("CP001", "CP002", "CP003", "CP004"):
            await town.point(cp_id)
        async with running_registry(tmp_path, password, port) as registry:
            await town.operator(MovePoint, cp_id="CP004", location="Lisbon")
            await has(registry, "Lisbon", "CP004")
            await deactivate(registry, "CP001", "CP002")
            await town.says("CP002.*keys revoked")
        shutil.rmtree(books)
        shutil.copytree(copy, books)
        # Central is not there to see what happens first.
        async with running_registry(tmp_path, password, free_port()) as registry:
            await deactivate(registry, *anew)
        async with running_registry(tmp_path, password, port) as registry:
            for cp_id in anew:
                await town.says(f"{cp_id}.*keys revoked")
            # What it has forgotten it hears from Central.
            await shut_out(registry, "CP002", within_s=10)
            await has(registry, "Lisbon", "CP004")


async def test_a_revocation_that_central_has_no_room_for_lies_with_the_registry(
    tmp_path: Path, password: str, quick_polls
):
    async with running_registry(tmp_path, password) as registry:
        await registry.register("CP001")
        async with running(tmp_path, registry.url) as town:
            await town.point()
            with town.with_a_full_disk():
                await town.operator(RevokeKeys, subject="CP001")
                await shut_out(registry, "CP001")
                town.stop.set()
                await town.says("CP001: its withdrawal is not stored")
        # Central has forgotten it; the Registry has not.
        async with running(tmp_path, registry.url) as town:
            await town.says("CP001: keys revoked")


async def test_rows_of_the_registry_that_central_has_no_room_for_hold_up_no_revocation(
    tmp_path: Path, password: str, quick_polls
):
    async with (
        running_registry(tmp_path, password) as registry,
        running(tmp_path, registry.url) as town,
    ):
        await registry.register("CP001")
        await town.point()
        await town.says("Registry: register CP001: done")
        with town.with_a_full_disk():
            assert (await registry.ticket("CP777", secret="x" * 20)).status == 401
            async with asyncio.timeout(5):
                while not any(is_of_registry(waiting.command, "CP777") for waiting in town.dispatcher._inbox):
                    await asyncio.sleep(0.01)
            await town.operator(RevokeKeys, subject="CP001")
            await shut_out(registry, "CP001")
            # Nor does what waits grow with each poll.
            waiting = [one for one in town.dispatcher._inbox if is_of_registry(one.command, "CP777")]
            assert len(waiting) == 1
        await town.says("Unable to connect to CP777")


def is_of_registry(command: object, target: str) -> bool:
    """Return whether a command is a row of the Registry's audit log about `target`."""
    return (
        isinstance(command, Note)
        and isinstance(command.event, RegistryNoted)
        and command.event.target == target
    )


async def test_who_is_deactivated_is_cut_although_central_has_no_room_for_that(
    tmp_path: Path, password: str, quick_polls
):
    async with (
        running_registry(tmp_path, password) as registry,
        running(tmp_path, registry.url) as town,
    ):
        await registry.register("CP001")
        engine = await town.point()
        with town.with_a_full_disk():
            admin = await registry.admin()
            await registry.ask("POST", "/deactivate", {"cp_id": "CP001"}, token=admin)
            with pytest.raises(AuthenticationError) as caught:
                await hear(engine.channel, messages.Ack)
            assert caught.value.code == Code.REVOKED
        await town.says("CP001: keys revoked")


# ---- keys that are withdrawn during a charge


@pytest.fixture
def short_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "LAST_WORD_S", 0.3)
    monkeypatch.setattr(deadlines, "LOOK_EVERY_S", 0.0)


@pytest.fixture
def long_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine does not cut off an engine in the middle of it."""
    monkeypatch.setattr(deadlines, "LAST_WORD_S", 3_600.0)


async def charging(town: Town) -> tuple[FakeEngine, FakeDriver]:
    """CP001 has supplied 1 kWh to D01."""
    engine, driver = await town.point(), await town.driver()
    driver.asks("CP001")
    await engine.is_asked()
    await engine.journals(engine.starts(), engine.meters(1_000_000))
    await driver.step("CHARGING")
    return engine, driver


async def heard_until_the_ticket(driver: FakeDriver) -> tuple[messages.TicketIssued, list[str]]:
    """Return the ticket, and the texts of the notices before it."""
    texts = []
    while True:
        message: messages.Message = await hear(driver.channel, messages.Notice, messages.TicketIssued)
        if isinstance(message, messages.TicketIssued):
            return message, texts
        assert isinstance(message, messages.Notice)
        texts.append(message.text)


async def test_an_engine_whose_keys_are_withdrawn_tells_how_its_charge_ended_and_is_cut(
    tmp_path: Path, long_last_word
):
    async with running(tmp_path) as town:
        engine, driver = await charging(town)
        await town.operator(RevokeKeys, subject="CP001")
        assert (await hear(engine.channel, messages.Stop)).reason == "key revoked"
        with pytest.raises(AuthenticationError):
            await hear(engine.monitor, messages.Bye)
        await engine.journals(engine.meters(500_000), engine.ends("key revoked"))
        ticket, told = await heard_until_the_ticket(driver)
        assert (ticket.energy_mwh, ticket.estimated, ticket.reason) == (1_500_000, False, "key revoked")
        assert told == ["The key of CP001 was withdrawn; your charge ended, billed 0.38 €."]
        with pytest.raises(AuthenticationError) as caught:
            await hear(engine.channel, messages.Bye)
        assert caught.value.code == Code.REVOKED


async def test_an_engine_that_says_nothing_is_cut_all_the_same_and_its_charge_is_settled(
    tmp_path: Path, short_last_word
):
    async with running(tmp_path) as town:
        engine, driver = await charging(town)
        await town.operator(RevokeKeys, subject="CP001")
        ticket, told = await heard_until_the_ticket(driver)
        assert (ticket.energy_mwh, ticket.estimated, ticket.reason) == (1_000_000, True, "key revoked")
        assert told == ["The key of CP001 was withdrawn; your charge ended, billed 0.25 €."]
        with pytest.raises(AuthenticationError) as caught:
            await hear(engine.channel, messages.Bye)
        assert caught.value.code == Code.REVOKED
        driver.channel.send(messages.AskBalance())
        assert (await hear(driver.channel, messages.Balance)).held_cents == 0


async def test_nothing_begins_over_a_link_that_has_its_last_word(tmp_path: Path, long_last_word):
    async with running(tmp_path) as town:
        engine, driver = await charging(town)
        await town.driver("D02")
        await town.operator(RevokeKeys, subject="CP001")
        engine.channel.send(messages.ManualStart(request_id="a" * 16, driver_id="D02"))
        refused = await hear(engine.channel, messages.Progress)
        assert (refused.step, refused.code) == ("REFUSED", Code.CP_NOT_AVAILABLE)
        await engine.journals(engine.ends("key revoked"))
        assert not (await driver.ticket()).estimated


async def test_on_a_full_disk_the_engine_is_cut_at_once_and_its_charge_settled_when_there_is_room(
    tmp_path: Path, short_last_word
):
    async with running(tmp_path) as town:
        engine, driver = await charging(town)
        with town.with_a_full_disk():
            await town.operator(RevokeKeys, subject="CP001")
            with pytest.raises(AuthenticationError):
                await hear(engine.channel, messages.Bye)
        ticket, _ = await heard_until_the_ticket(driver)
        assert (ticket.energy_mwh, ticket.estimated) == (1_000_000, True)


@pytest.mark.usefixtures("quick_polls", "long_last_word")
@pytest.mark.parametrize(
    "how",
    [("POST", "/deactivate", {"cp_id": "CP001"}), ("DELETE", "/register/cp/CP001", None)],
    ids=["deactivated", "withdrawn"],
)
async def test_who_is_deactivated_or_withdrawn_during_a_charge_tells_how_it_ended(
    tmp_path: Path, password: str, how: tuple
):
    async with (
        running_registry(tmp_path, password) as registry,
        running(tmp_path, registry.url) as town,
    ):
        await registry.register("CP001")
        engine, driver = await charging(town)
        admin = await registry.admin()
        await registry.ask(*how, token=admin)
        assert (await hear(engine.channel, messages.Stop)).reason == "key revoked"
        await engine.journals(engine.ends("key revoked"))
        assert not (await driver.ticket()).estimated
        with pytest.raises(AuthenticationError):
            await hear(engine.channel, messages.Bye)


async def test_a_word_that_the_registry_never_takes_holds_up_no_other(
    tmp_path: Path, password: str, quick_polls
):
    """An id came back under a later registration, by a login at Central: no credential and no epoch were shown."""
    async with (
        running_registry(tmp_path, password) as registry,
        running(tmp_path, registry.url) as town,
    ):
        await registry.register("CP001")
        await town.point()
        await town.driver()
        await town.operator(DriverVisits, driver_id="D01", registration=1)
        await town.says("D01: credential withdrawn")
        await town.operator(RevokeKeys, subject="CP001")
        await shut_out(registry, "CP001")
