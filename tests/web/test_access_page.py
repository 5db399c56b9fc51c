"""Who gets in with a browser, where they land, and what other sites can make it do."""

import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Request, expect

from tests.component.books import raw
from tests.web.room import central_of, registry_of
from tests.web.test_push_page import again

# What a page on another port may try: the host is the same, so the browser sends the cookie along.
TRY = """async (central) => {
  const tries = [
    fetch(`${central}/api/cps/out`, { method: "POST", mode: "no-cors", credentials: "include" }),
    fetch(`${central}/api/cps/CP001/out`, {
      method: "POST", mode: "no-cors", credentials: "include", headers: { "Content-Type": "text/plain" }, body: "{}",
    }),
  ];
  await Promise.allSettled(tries);
  const read = await fetch(`${central}/api/cps`, { credentials: "include" }).then(() => "read", () => "kept");
  const socket = await new Promise((done) => {
    const one = new WebSocket(`${central.replace("http", "ws")}/ws`);
    one.onopen = () => done("open");
    one.onerror = () => done("shut");
  });
  return [read, socket];
}"""


@contextlib.asynccontextmanager
async def another_site(central: str) -> AsyncIterator[str]:
    """A site of somebody else, on the same computer, with a button that is not what it seems."""
    html = f'<!doctype html><title>kittens</title><form method="post" action="{central}/api/cps/out"><button>Kittens'

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def test_a_page_of_another_port_can_neither_command_nor_listen(room, window) -> None:
    await room.town.point("CP001")
    async with window() as opened, another_site(room.url) as elsewhere:
        opened.allowed += ["403", "404", "blocked by CORS policy", "ERR_FAILED", "ERR_BLOCKED_BY_RESPONSE"]
        page = await room.enter(opened, "operator")
        sent: list[Request] = []
        await page.goto(elsewhere)
        page.on("request", lambda request: sent.append(request))  # noqa: PLW0108  Playwright marks it
        assert await page.evaluate(TRY, room.url) == ["kept", "shut"]
        async with page.expect_navigation() as answer:
            await page.click("text=Kittens")
        assert (await answer.value).status == 403
        orders = [one for one in sent if one.method == "POST"]
        assert len(orders) == 3
        # To the browser it is the same site: the login of somebody who may goes along.
        assert "evc_" in (await orders[-1].all_headers()).get("cookie", "")
        assert (await room.ask("GET", "/api/events?type=HoldPlaced"))["events"] == []
        await page.goto(room.url)
        await expect(page.locator('.tile[data-cp="CP001"]')).to_have_attribute("data-s", "available")


async def test_a_driver_who_opens_the_operators_pages_is_sent_to_its_own(room, window) -> None:
    async with window() as opened:
        page = await room.enter(opened, "driver")
        for path in ("/", "/monitor"):
            await page.goto(room.url + path)
            assert page.url == f"{room.url}/driver"
            await expect(page.locator("#driver-id")).to_have_text("D01")


async def test_an_operator_who_opens_the_drivers_page_is_sent_to_its_own(room, window) -> None:
    async with window() as opened:
        page = await room.enter(opened, "operator")
        await page.goto(f"{room.url}/driver")
        assert page.url == f"{room.url}/"


async def test_a_login_leads_to_no_other_site(room, window) -> None:
    async with window() as opened, another_site(room.url) as elsewhere:
        password = await room.person("operator.two", "operator")
        page = opened.page
        await page.goto(f"{room.url}/login?next=//{elsewhere.removeprefix('http://')}")
        await page.fill("#name", "operator.two")
        await page.fill("#password", password)
        await page.click("#enter")
        await page.wait_for_url(f"{room.url}/")


HERE = "http://10.0.0.5:8000"


@pytest.mark.parametrize(
    ("following", "role", "lands"),
    [
        ("https://evil.example/", "operator", "/"),
        ("//evil.example/", "operator", "/"),
        ("/\\evil.example/", "operator", "/"),
        ("/\t/evil.example/", "operator", "/"),
        ("javascript:alert(1)", "operator", "/"),
        ("/static/js/dom.js", "operator", "/"),
        ("/monitor#CP001", "viewer", "/monitor#CP001"),
        ("/#history", "operator", "/#history"),
        ("/monitor", "driver", "/driver"),
        ("/driver", "admin", "/"),
        (None, "driver", "/driver"),
    ],
)
async def test_only_own_pages_that_the_role_may_see_follow_a_login(
    login_module, following, role, lands
) -> None:
    assert await login_module(following, role) == lands


@pytest_asyncio.fixture(loop_scope="session")
async def login_module(room, window):
    async with window() as opened:
        await opened.page.goto(f"{room.url}/login")

        async def lands(following: str | None, role: str) -> str:
            return await opened.page.evaluate(
                """async ([next, role, origin]) =>
                    (await import("/static/js/login/next.js")).safeNext(next, role, origin)""",
                [following, role, HERE],
            )

        yield lands


async def test_a_login_that_has_ended_leads_to_the_login_page_and_back(tmp_path, window) -> None:
    async with registry_of(tmp_path / "state") as registry, window() as opened:
        opened.allowed.append("401")
        async with central_of(registry) as room:
            page = await room.enter(opened, "operator", at="/#history")
        # Twelve hours go by.
        with raw(registry.state / "central" / "central.db") as database:
            database.execute("UPDATE web_session SET expires_at = '2020-01-01T00:00:00.000000+00:00'")
        async with again(room) as room:
            await page.wait_for_url(f"{room.url}/login?next=%2F%23history")
            await page.fill("#name", "operator.one")
            await page.fill("#password", room.passwords["operator.one"])
            await page.click("#enter")
            await page.wait_for_url(f"{room.url}/#history")
            await expect(page.locator("#history h2")).to_be_visible()


async def test_a_cookie_that_nobody_gave_opens_nothing(room, window) -> None:
    async with window() as opened:
        opened.allowed.append("401")
        page, port = opened.page, room.url.rpartition(":")[2]
        made_up = {"name": f"evc_{port}", "value": "A" * 43, "url": room.url}
        await page.context.add_cookies([made_up])
        await page.goto(f"{room.url}/monitor")
        assert page.url == f"{room.url}/login?next=%2Fmonitor"
        told = await page.evaluate(
            "fetch('/api/cps/out', { method: 'POST' }).then((answer) => answer.status)"
        )
        assert told == 401
