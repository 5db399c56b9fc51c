"""Which requests come from our own pages, under which names, and what browsers are told."""

import pytest

from evcharge.central.api.kit.origin_checks import Names, check_origin, security_headers
from evcharge.domain.errors import AuthenticationError

HOST = "lab-7:8000"


def passes(method: str, headers: dict[str, str], host: str = HOST) -> bool:
    try:
        check_origin(method, headers, host)
    except AuthenticationError:
        return False
    return True


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_changes_nothing_may_come_from_anywhere(method: str):
    assert passes(method, {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"})


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "MADEUP"])
@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "SAME-ORIGIN"}, False),
        ({"Sec-Fetch-Site": ""}, False),
        ({"Origin": "http://lab-7:8000"}, True),
        ({"Origin": "http://LAB-7:8000"}, True),
        ({"Origin": "http://lab-7:8001"}, False),
        ({"Origin": "http://lab-7"}, False),
        ({"Origin": "http://lab-70:8000"}, False),
        ({"Origin": "http://lab-7:8000.evil.example"}, False),
        ({"Origin": "http://lab-7:8000@evil.example"}, False),
        ({"Origin": "http://[::1"}, False),
        ({"Origin": "http://lab-7:x"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
    ],
)
def test_what_changes_something_must_come_from_our_pages(method: str, headers: dict[str, str], ours: bool):
    assert passes(method, headers) is ours


def test_a_websocket_must_name_our_origin_whatever_else_it_says():
    for headers, ours in (
        ({}, True),
        ({"Origin": "http://lab-7:8000"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "http://lab-7:8000", "Sec-Fetch-Site": "same-site"}, False),
    ):
        assert passes("GET", {"Upgrade": "websocket"} | headers) is ours


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://lab-7", "lab-7"),
        ("https://lab-7", "lab-7:443"),
        ("http://lab-7:80", "lab-7"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_a_port_that_goes_without_saying_is_the_same(origin: str, host: str):
    assert passes("POST", {"Origin": origin}, host)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:8000", "lab-7:8000", "10.0.0.9"]
)
def test_we_are_called_by_our_names_and_the_address_that_was_reached(host: str):
    Names(["Lab-7"]).check(host, "10.0.0.9")


@pytest.mark.parametrize(
    "host", ["evil.example", "", ":8000", "lab-7.evil.example", "10.0.0.8", "localhost.", "a\x00b"]
)
def test_any_other_name_is_not_ours(host: str):
    with pytest.raises(AuthenticationError) as caught:
        Names(["lab-7"]).check(host, "10.0.0.9")
    assert caught.value.text.isprintable()


def test_websockets_of_the_host_are_allowed_by_name_unless_it_is_none():
    assert " ws://lab-7:8000 wss://lab-7:8000;" in security_headers("lab-7:8000")["Content-Security-Policy"]
    for host in ("", "x; script-src *", "a b", "'self'", "x:999999", "a,b", "[::1", "x\ny"):
        assert "connect-src 'self';" in security_headers(host)["Content-Security-Policy"]
