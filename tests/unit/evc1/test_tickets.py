"""Tickets of EVC1: whom they let in, for how long, and what is refused."""

import json
from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet

from evcharge.domain.errors import AuthenticationError, Code
from evcharge.domain.ids import Role
from evcharge.domain.strict_json import base64_text
from evcharge.evc1.handshake import SessionKeys
from evcharge.evc1.tickets import ABSOLUTE_S, LIVENESS, Identity, TicketOpener
from tests.unit.evc1.logins import CP001, NOW, OPENER, RESUME, SERVICE, refusal, ticket


def test_a_ticket_carries_who_and_for_how_long():
    issued = ticket()
    body = OPENER.open(issued.ticket, NOW)
    assert body.identity == CP001
    assert body.key_bytes == issued.key
    assert issued.expires_at == int(NOW) + 900
    assert issued.renew_after == int(NOW) + 450


def test_keys_are_not_shown():
    issued = ticket()
    shown = repr(issued) + repr(OPENER.open(issued.ticket, NOW)) + repr(SessionKeys(bytes(32), bytes(32)))
    for secret in (base64_text(issued.key), repr(issued.key), issued.key.hex(), issued.ticket):
        assert secret not in shown


@pytest.mark.parametrize(
    "token",
    ["", "x", "ü", "\ud800", "A" * 2049, "gAAAA"],
)
def test_what_is_no_ticket_of_ours_is_refused(token):
    refusal(AuthenticationError, Code.TICKET, OPENER.open, token, NOW)


def test_a_sealed_something_is_no_ticket():
    token = Fernet(SERVICE).encrypt(b"[]").decode()
    refusal(AuthenticationError, Code.TICKET, OPENER.open, token, NOW)


def test_a_ticket_of_another_service_is_refused():
    refusal(AuthenticationError, Code.TICKET, OPENER.open, ticket(key=Fernet.generate_key()).ticket, NOW)


def altered(**changes) -> str:
    body = json.loads(Fernet(SERVICE).decrypt(ticket().ticket))
    return Fernet(SERVICE).encrypt(json.dumps(body | changes).encode()).decode()


def test_a_ticket_names_the_registration_unless_it_is_the_first():
    """Release 0.1 knows no other, and refuses a field that it does not know."""
    assert "reg" not in json.loads(Fernet(SERVICE).decrypt(ticket().ticket))
    body = OPENER.open(altered(reg=3), NOW)
    assert (body.identity.registration, OPENER.open(altered(), NOW).identity.registration) == (3, 0)


def test_what_a_newer_registry_adds_to_a_ticket_is_ignored():
    assert OPENER.open(altered(more=1), NOW).id == OPENER.open(ticket().ticket, NOW).id


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"aud": "elsewhere"},
        {"iss": "me"},
        {"id": "cp001"},
        {"id": "../CP001"},
        {"role": "king"},
        {"epoch": -1},
        {"epoch": True},
        {"key": "short"},
        {"key": base64_text(bytes(32))[:-2] + "B="},
        {"tid": "x"},
        {"exp": 10**15},
        {"loc": "\n"},
        {"reg": -1},
        {"reg": "1"},
    ],
)
def test_a_ticket_with_a_bad_field_is_refused(changes):
    refusal(AuthenticationError, Code.TICKET, OPENER.open, altered(**changes), NOW)


def test_only_peers_of_the_stream_have_tickets_for_it():
    refusal(AuthenticationError, Code.ROLE, OPENER.open, altered(role="operator"), NOW)


@pytest.mark.parametrize("late_s", [1, 86_400])
def test_an_expired_ticket_is_refused_with_the_time_of_central(late_s):
    issued = ticket()
    error = refusal(AuthenticationError, Code.EXPIRED, OPENER.open, issued.ticket, issued.expires_at + late_s)
    assert "2025-12-1" in error.text
    OPENER.open(issued.ticket, issued.expires_at)


def test_a_ticket_from_the_future_is_refused_beyond_two_minutes():
    OPENER.open(ticket(now=NOW + 120).ticket, NOW)
    error = refusal(AuthenticationError, Code.CLOCK, OPENER.open, ticket(now=NOW + 122).ticket, NOW)
    assert "clocks" in error.text


@pytest.mark.parametrize("wrong_s", [-3_600, 3_600, -50 * 365 * 86_400])
def test_a_ticket_of_the_registry_is_good_by_the_wall_clock_too(wrong_s):
    """Its own began wrong, or stood still while the machine slept."""
    issued, steady = ticket(), NOW + wrong_s
    refusal(
        AuthenticationError, Code.CLOCK if wrong_s < 0 else Code.EXPIRED, OPENER.open, issued.ticket, steady
    )
    body = OPENER.open(issued.ticket, steady, NOW + 60)
    # So long after that login what Central issues ends: by the clock that this is judged by.
    assert body.auth == round(steady - 60.5)
    assert OPENER.open(issued.ticket, NOW, steady).auth == int(NOW)


def test_a_ticket_of_the_registry_that_is_good_by_neither_clock_is_refused_by_the_wall():
    issued = ticket()
    for wall_now in (issued.expires_at + 1, NOW - 130):
        for steady in (issued.expires_at + 3_600, NOW - 3_600):
            code = Code.CLOCK if wall_now < NOW else Code.EXPIRED
            error = refusal(AuthenticationError, code, OPENER.open, issued.ticket, steady, wall_now)
            assert f"here it is {datetime.fromtimestamp(wall_now, UTC):%Y-%m-%d %H:%M:%S} UTC" in error.text


def test_tickets_of_central_go_by_its_steady_clock_alone():
    issued = ticket(key=RESUME, issuer="central", ttl_s=12 * 3600)
    for wall_now in (NOW - 86_400, NOW + 86_400):
        assert OPENER.open(issued.ticket, NOW, wall_now).id == "CP001"
    for steady, code in ((issued.expires_at + 1, Code.EXPIRED), (NOW - 130, Code.CLOCK)):
        refusal(AuthenticationError, code, OPENER.open, issued.ticket, steady, NOW)


def test_tickets_of_central_end_a_day_after_the_last_real_login():
    old = Identity("CP001", Role.ENGINE, 3, int(NOW) - ABSOLUTE_S + 60)
    issued = ticket(old, RESUME, issuer="central", ttl_s=12 * 3600)
    assert issued.expires_at == int(NOW) + 60
    refusal(AuthenticationError, Code.EXPIRED, OPENER.open, issued.ticket, NOW + 61)
    forged = altered(iss="central", auth=int(NOW) - ABSOLUTE_S - 1)
    assert "Registry" in refusal(AuthenticationError, Code.EXPIRED, OPENER.open, forged, NOW).text


def test_two_service_keys_are_read_while_one_replaces_the_other():
    new = Fernet.generate_key()
    both = TicketOpener([new, SERVICE])
    both.open(ticket().ticket, NOW)
    both.open(ticket(key=new).ticket, NOW)
    refusal(AuthenticationError, Code.TICKET, TicketOpener([new]).open, ticket().ticket, NOW)


def test_the_table_of_heartbeats_holds_every_peer():
    assert {role: (life.heartbeat_s, life.dead_after_s) for role, life in LIVENESS.items()} == {
        Role.MONITOR: (1.0, 3.0),
        Role.ENGINE: (2.0, 6.0),
        Role.DRIVER: (5.0, 15.0),
    }
