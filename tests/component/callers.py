"""Who may be calling Central's API: a token or a cookie for each role, and answers held against their shapes."""

import msgspec
from aiohttp import ClientSession, CookieJar

from evcharge.central.api.kit import answers
from tests.component.office import Answer, Office

# Whoever has a token of its own. Drivers have cookies.
PROGRAMS = ("admin", "operator", "viewer", "service")
PASSWORD = "correct horse battery"


async def token_of(office: Office, role: str) -> str:
    """Return a bearer token of that role."""
    answer = await office.ask("POST", "/api/tokens", {"name": f"a-{role}", "role": role})
    assert answer.status == 201, answer.body
    return answer.body["token"]


async def cookie_of(office: Office, driver_id: str = "D01") -> str:
    """Return the cookie of a driver that is logged in."""
    account = {"name": driver_id, "role": "driver", "password": PASSWORD}
    assert (await office.ask("POST", "/api/accounts", account)).status in (200, 201)
    # Its address is a number, for which cookies are kept only on demand.
    async with (
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
        session.post(f"{office.url}/api/login", json={"name": driver_id, "password": PASSWORD}) as response,
    ):
        assert response.status == 200, await response.text()
        (cookie,) = response.cookies.values()
        return f"{cookie.key}={cookie.value}"


async def statuses(office: Office, method: str, path: str, body: object = None) -> dict[str, int]:
    """Return what each kind of caller gets, nobody and a driver too."""
    found = {"nobody": (await office.ask(method, path, body, token=None)).status}
    cookie = await cookie_of(office)
    found["driver"] = (await office.ask(method, path, body, token=None, headers={"Cookie": cookie})).status
    for role in PROGRAMS:
        found[role] = (await office.ask(method, path, body, token=await token_of(office, role))).status
    return found


def shaped(answer: Answer, shape: type[answers.Answer | answers.PointAnswer]) -> dict:
    """Return the body of `answer`, which must be exactly of that shape."""
    assert answer.status == 200, answer.body
    msgspec.convert(answer.body, shape, strict=True)
    return answer.body
