"""Withdrawn at the Registry, gone at Central: over real sockets, with real credentials."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from unittest import mock

import pytest

from evcharge.central.books import verify
from evcharge.central.rules.commands import RevokeKeys
from evcharge.central.services import registry_sync
from evcharge.domain.errors import Code, Refused
from evcharge.domain.ids import Role
from evcharge.evc1 import messages
from evcharge.evc1.caller import connect
from evcharge.evc1.connection import Channel
from evcharge.http.registry_client import fetch_ticket
from tests.component.registry_process import Running, make_state, running_registry
from tests.component.town import FakeDriver, hear
from tests.component.visitors import SAME_SITE, House, opened


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[Running]:
    async with running_registry(tmp_path, await asyncio.to_thread(make_state, tmp_path)) as running:
        yield running


@pytest.fixture
async def house(registry: Running, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(registry_sync, "POLL_S", 0.05)
    async with opened(registry.state, registry.url) as house:
        yield house
    assert verify.check(registry.state / "central" / "central.db") == []


async def registered(registry: Running, kind: str, id_: str) -> str:
    """Have an administrator register an id; return its credential."""
    body = {"driver_id": id_} if kind == "driver" else {"cp_id": id_, "location": "Elche"}
    answer = await registry.ask("POST", f"/register/{kind}", body, token=await registry.admin())
    assert answer.status == 201
    return answer.body["password"]


async def withdraws(registry: Running, kind: str, id_: str) -> None:
    answer = await registry.ask("DELETE", f"/register/{kind}/{id_}", token=await registry.admin())
    assert answer.status == 200


async def dials(registry: Running, house: House, id_: str, role: Role, secret: str) -> Channel:
    """Log in with a ticket that the Registry gave for `secret`."""
    ticket = await fetch_ticket(registry.address, id_, role, secret)
    channel = await connect("127.0.0.1", house.town.port, ticket, id_, role)
    house.town.channels.append(channel)
    return channel


async def wallet(channel: Channel) -> int:
    channel.send(messages.AskBalance())
    return (await hear(channel, messages.Balance)).balance_cents


async def charged(house: House, driver: FakeDriver) -> None:
    """One charge of this driver at CP001, up to its ticket, which stays unseen."""
    engine = await house.town.point("CP001")
    driver.asks("CP001")
    await engine.is_asked()
    await engine.journals(engine.starts(), engine.meters(4_000_000), engine.ends())
    assert (await driver.ticket()).cost_cents == 100


async def test_who_gets_the_id_of_a_withdrawn_driver_gets_neither_its_money_nor_its_history(
    registry: Running, house: House
):
    first = await registered(registry, "driver", "D01")
    old = FakeDriver("D01", await dials(registry, house, "D01", Role.DRIVER, first))
    assert await wallet(old.channel) == 2_000
    body = {"cents": 100_000, "reference": "receipt-1", "confirm": True}
    await house.program.post("/api/drivers/D01/top-up", body)
    await charged(house, old)
    page = house.visitor()
    assert (await page.logs_in("D01", first)).status == 200
    await withdraws(registry, "driver", "D01")
    await house.town.says("D01 is withdrawn from the network; 1,019.00 € stay in its wallet")
    assert (await page.get("/api/whoami")).status == 401

    second = await registered(registry, "driver", "D01")
    new = await dials(registry, house, "D01", Role.DRIVER, second)
    assert await wallet(new) == 2_000
    new.send(messages.AskHistory(limit=10))
    # What lay in the inbox of the one before would have come before this answer.
    answer = await hear(new, messages.History, messages.TicketIssued)
    assert isinstance(answer, messages.History)
    assert answer.tickets == []
    page = house.visitor()
    assert (await page.logs_in("D01", second)).status == 200
    me = (await page.get("/api/me")).body
    assert (me["balance_cents"], me["unseen"]) == (2_000, [])
    for path in ("/api/me/tickets", "/api/me/sessions"):
        (rows,) = [rows for rows in (await page.get(path)).body.values() if isinstance(rows, list)]
        assert rows == []
    # An operator sees both: whose is whose, and what is owed.
    (ticket,) = (await house.program.get("/api/tickets?driver_id=D01")).body["tickets"]
    assert ticket["registration"] == 0
    drivers = (await house.program.get("/api/drivers")).body
    assert [driver["balance_cents"] for driver in drivers["drivers"]] == [2_000]
    assert drivers["left"] == [{"driver_id": "D01", "registration": 0, "balance_cents": 101_900}]


async def test_a_page_of_the_next_owner_may_come_before_its_program(registry: Running, house: House):
    first = await registered(registry, "driver", "D01")
    await dials(registry, house, "D01", Role.DRIVER, first)
    await withdraws(registry, "driver", "D01")
    second = await registered(registry, "driver", "D01")
    page = house.visitor()
    assert (await page.logs_in("D01", second)).status == 200
    assert (await page.get("/api/me")).body["balance_cents"] == 2_000
    assert (await house.program.get("/api/drivers")).body["left"][0]["registration"] == 0


async def test_an_account_of_a_withdrawn_driver_opens_nothing_to_its_next_owner(
    registry: Running, house: House
):
    first = await registered(registry, "driver", "D01")
    await dials(registry, house, "D01", Role.DRIVER, first)
    password = await house.account("D01", "driver")
    page = house.visitor()
    assert (await page.logs_in("D01", password)).status == 200
    await withdraws(registry, "driver", "D01")
    await house.town.says("D01 is withdrawn")
    assert (await page.get("/api/me")).status == 401
    assert (await house.program.get("/api/accounts")).body["accounts"] == []
    refused = await house.program.post("/api/accounts", {"name": "D01", "role": "driver"})
    assert refused.body["text"] == "D01 was withdrawn: register it again first."

    await dials(registry, house, "D01", Role.DRIVER, await registered(registry, "driver", "D01"))
    assert (await house.visitor().logs_in("D01", password)).status == 401
    # The next owner may have one, too.
    other = await house.account("D01", "driver")
    page = house.visitor()
    assert (await page.logs_in("D01", other)).status == 200
    assert (await page.get("/api/me")).body["balance_cents"] == 2_000


async def test_a_withdrawn_point_leaves_every_list_and_comes_back(registry: Running, house: House):
    first = await registered(registry, "cp", "CP001")
    monitor = await dials(registry, house, "CP001", Role.MONITOR, first)
    monitor.send(messages.Health(fault="on fire"))
    await house.town.says("CP001 .*on fire")
    await withdraws(registry, "cp", "CP001")
    await house.town.says("CP001 is withdrawn from the network")
    program = house.program
    assert (await program.get("/api/cps")).body["cps"] == []
    assert (await program.get("/api/locations")).body["locations"] == []
    assert [one["about"] for one in (await program.get("/api/alerts")).body["alerts"]] == []
    assert "CP001" not in (await program.get("/metrics")).text
    assert (await program.get("/api/stats")).body["cps"] == []
    # What it did is still told.
    shown = (await program.get("/api/cps/CP001")).body
    assert (shown["withdrawn"], shown["reason"]) == (True, "withdrawn")
    assert shown["history"][-1]["reason"] == "withdrawn"
    for order in ("out", "resume", "revoke"):
        refused = await program.post(f"/api/cps/CP001/{order}")
        assert refused.problem == (404, "E_NOT_FOUND")

    since = len(house.town.lines)
    monitor = await dials(registry, house, "CP001", Role.MONITOR, await registered(registry, "cp", "CP001"))
    monitor.send(messages.Health(fault=None))
    await house.town.says("CP001 is new here: Elche", since)
    (point,) = (await program.get("/api/cps")).body["cps"]
    assert (point["cp_id"], point["revoked"], point["fault"]) == ("CP001", False, None)


async def test_a_withdrawal_outlives_a_restart_of_central(registry: Running, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registry_sync, "POLL_S", 0.05)
    secrets = {"D01": await registered(registry, "driver", "D01")}
    secrets["CP001"] = await registered(registry, "cp", "CP001")
    async with opened(registry.state, registry.url) as house:
        await dials(registry, house, "D01", Role.DRIVER, secrets["D01"])
        (await dials(registry, house, "CP001", Role.MONITOR, secrets["CP001"])).send(
            messages.Health(fault=None)
        )
        await house.town.says("CP001 .*(Faulted|Available)")
        for kind, id_ in (("driver", "D01"), ("cp", "CP001")):
            await withdraws(registry, kind, id_)
            await house.town.says(f"{id_} is withdrawn")
        secrets["D01"] = await registered(registry, "driver", "D01")
        await dials(registry, house, "D01", Role.DRIVER, secrets["D01"])
        await house.town.says("D01 is new here", since=len(house.town.lines) - 20)
    async with opened(registry.state, registry.url) as house:
        assert (await house.program.get("/api/cps")).body["cps"] == []
        drivers = (await house.program.get("/api/drivers")).body
        assert [one["registration"] for one in drivers["left"]] == [0]
        assert await wallet(await dials(registry, house, "D01", Role.DRIVER, secrets["D01"])) == 2_000
        assert not any("withdrawn" in line for line in house.town.lines)


async def test_no_revocation_is_skipped_while_the_books_cannot_be_written(registry: Running, house: House):
    """The first is refused for want of room, the second would be taken: the first is asked for again."""
    for cp_id in ("CP001", "CP002"):
        await registered(registry, "cp", cp_id)
        await house.town.point(cp_id)
    dispatcher, refused = house.town.dispatcher, []
    submit = dispatcher.submit

    async def full_at_first(command):
        if isinstance(command, RevokeKeys) and not refused:
            refused.append(command)
            raise Refused("the disk is full", Code.STORAGE)
        return await submit(command)

    with mock.patch.object(dispatcher, "submit", full_at_first):
        for cp_id in ("CP001", "CP002"):
            await registry.ask("POST", "/deactivate", {"cp_id": cp_id}, token=await registry.admin())
        for cp_id in ("CP002", "CP001"):
            await house.town.says(f"{cp_id}: keys revoked")
    assert [command.subject for command in refused] == ["CP001"]


async def test_who_was_never_here_may_still_log_in_again(registry: Running, house: House):
    """Its row among the revocations is older than its present registration."""
    await registered(registry, "driver", "D01")
    await withdraws(registry, "driver", "D01")
    secret = await registered(registry, "driver", "D01")
    page = house.visitor()
    assert (await page.logs_in("D01", secret)).body["role"] == "driver"
    assert (await page.ask("POST", "/api/logout", headers=SAME_SITE)).status == 200
