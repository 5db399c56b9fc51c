"""One of several that an operator has given up is no alert again because Central was started again."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from evcharge.central.services import member_watch
from evcharge.central.services.member_watch import RegistryWatch
from tests.component.office import opened
from tests.component.registry_process import make_state, running_registry
from tests.ports import free_port


@pytest.fixture
def password(tmp_path: Path) -> str:
    return make_state(tmp_path)


async def test_a_registry_whose_alert_was_closed_stays_so_over_restarts_until_it_is_missed_anew(
    tmp_path: Path, password: str, monkeypatch: pytest.MonkeyPatch
):
    looked, look = asyncio.Semaphore(0), RegistryWatch.look

    async def counted(watch: RegistryWatch, http: aiohttp.ClientSession) -> None:
        await look(watch, http)
        looked.release()

    monkeypatch.setattr(member_watch, "POLL_S", 0.02)
    monkeypatch.setattr(RegistryWatch, "look", counted)
    one, other = (free_port() for _ in range(2))
    urls = {"registry_url": f"https://127.0.0.1:{one}", "other_registries": [f"https://127.0.0.1:{other}"]}
    alert = f"REGISTRY:127.0.0.1:{other}-away"
    async with running_registry(tmp_path, password, one):
        async with opened(tmp_path, **urls) as office:
            await office.recorded("MemberAway")
            await office.post(f"/api/alerts/{alert}/close")
        looked = asyncio.Semaphore(0)
        async with opened(tmp_path, **urls) as office, asyncio.timeout(10):
            for _ in range(4):
                await looked.acquire()
            await office.town.dispatcher.applied()
            assert len(office.town.rows("MemberAway")) == 1
    async with opened(tmp_path, **urls) as office:
        async with running_registry(tmp_path, password, other):
            await office.recorded("MemberBack")
            await office.recorded("MemberAway", times=2)
        async with running_registry(tmp_path, password, one):
            await office.recorded("MemberAway", times=3)
            alerts = (await office.get("/api/alerts"))["alerts"]
            assert alert in [known["id"] for known in alerts if not known["solved_at"]]
