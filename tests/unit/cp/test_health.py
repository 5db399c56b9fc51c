"""The health port's frames, and a monitor's verdict."""

import hmac
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.cp import health
from evcharge.cp.health import (
    MAX_LINE_BYTES,
    Ping,
    Pong,
    Verdict,
    answer,
    is_ours,
    new_nonce,
    read_ping,
    read_pong,
    seal,
)
from evcharge.domain.errors import ProtocolError

KEY = health.health_key("a secret")
OTHER_KEY = health.health_key("another secret")
NONCE = "0123456789abcdef" * 2
PONG = Pong(cp_id="CP001", n=NONCE, state="idle", fault=None, seq=7, central_link=True, monitors=1)


def test_the_key_is_not_the_secret_and_belongs_to_it_alone():
    assert len(KEY) == 32
    assert KEY != OTHER_KEY
    assert health.health_key("a secret") == KEY


def test_a_ping_and_its_pong_are_read_back():
    line = seal(KEY, Ping(n=NONCE))
    assert read_ping(line).n == NONCE
    assert is_ours(KEY, line)
    assert not is_ours(OTHER_KEY, line)
    line = seal(KEY, PONG)
    pong = read_pong(line)
    assert (pong.cp_id, pong.n, pong.seq, pong.fault) == ("CP001", NONCE, 7, None)
    assert is_ours(KEY, line)


def test_a_pong_may_say_how_warm_it_is_and_one_of_an_older_engine_proves_as_much():
    assert b"temperature" not in seal(KEY, PONG)
    line = seal(KEY, msgspec.structs.replace(PONG, temperature_deci_celsius=431))
    assert read_pong(line).temperature_deci_celsius == 431
    assert is_ours(KEY, line)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "charging"},
        {"fault": "broken"},
        {"seq": 8},
        {"central_link": False},
        {"monitors": 2},
        {"temperature_deci_celsius": 900},
        {"n": "f" * 32},
        {"mac": "0" * 64},
        {"mac": ""},
        {"more": 1},
    ],
)
def test_a_line_with_one_field_changed_proves_nothing(change):
    forged = json.dumps(json.loads(seal(KEY, PONG)) | change, separators=(",", ":")).encode() + b"\n"
    assert read_pong(forged)
    assert not is_ours(KEY, forged)


@pytest.mark.parametrize("kind", [Ping(n=NONCE), PONG], ids=["PING", "PONG"])
def test_a_newer_program_may_say_more_and_proves_that_too(kind):
    bare = msgspec.json.encode(kind).removesuffix(b"}") + b',"more":{"deep":[1]}}'
    mac = hmac.digest(KEY, bare, "sha256").hex().encode()
    line = bare.replace(b'"mac":""', b'"mac":"%b"' % mac) + b"\n"
    read = read_ping if isinstance(kind, Ping) else read_pong
    assert msgspec.structs.replace(read(line), mac="") == kind
    assert is_ours(KEY, line)
    assert not is_ours(KEY, line.replace(b"deep", b"keep"))


def test_a_second_mac_inside_a_line_proves_nothing():
    bare = b'{"t":"PING","n":"%b","mac":"","more":{"mac":""}}' % NONCE.encode()
    mac = hmac.digest(KEY, bare, "sha256").hex().encode()
    assert not is_ours(KEY, bare.replace(b'"mac":""', b'"mac":"%b"' % mac) + b"\n")


def test_only_a_monitor_that_ignores_what_it_does_not_know_is_told_more(monkeypatch):
    monkeypatch.setattr(Pong, "later", frozenset({"temperature_deci_celsius"}))
    warm = msgspec.structs.replace(PONG, temperature_deci_celsius=431)
    older, newer = Ping(n=NONCE), Ping(n=new_nonce(bytes))
    assert newer.n == b"EVC1".hex() + "00" * 12
    assert answer(KEY, older, warm) == seal(KEY, PONG)
    assert answer(KEY, newer, warm) == seal(KEY, warm)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"GET / HTTP/1.1\r\n",
        b"[" * 900 + b"\n",
        b'{"t":"PING"}\n',
        b'{"t":"PING","n":"short","mac":""}\n',
        b'{"t":"PONG","n":"' + NONCE.encode() + b'"}\n',
        b'{"t":"PING","n":"' + NONCE.encode() + b'","more":{"\\udfff":1}}\n',
        b'{"t":"PING","n":"' + NONCE.encode() + b'","mac":"","mac":""}\n',
        b'\xff{"t":"PING"}\n',
    ],
)
def test_what_is_no_frame_is_refused(line):
    for read in (read_ping, read_pong):
        with pytest.raises(ProtocolError, match="not understood"):
            read(line)


def test_a_line_without_end_or_limit_is_refused():
    whole = seal(KEY, Ping(n=NONCE))
    for line in (whole[:-1], b" " * MAX_LINE_BYTES + whole):
        with pytest.raises(ProtocolError, match="no line of ours"):
            read_ping(line)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_frame_or_a_protocol_error(data):
    for read in (read_ping, read_pong):
        with pytest.raises(ProtocolError):
            read(data + b"\n")


def test_the_longest_pong_fits_in_a_line():
    pong = Pong(
        cp_id="C" * 32,
        n=NONCE,
        state="s" * 20,
        fault="€" * 100,
        seq=2**53,
        central_link=False,
        monitors=2**53,
    )
    line = seal(KEY, pong)
    assert len(line) <= MAX_LINE_BYTES
    assert read_pong(line)
    assert is_ours(KEY, line)


def test_there_is_no_verdict_before_the_first_answer_or_two_missed_ones():
    verdict = Verdict()
    assert not verdict.known
    assert not verdict.missed()
    assert not verdict.known
    assert verdict.missed()
    assert verdict.known
    assert verdict.fault == "engine lost: it does not answer"
    assert not verdict.missed()


def test_the_first_good_answer_is_a_change_and_the_second_is_none():
    verdict = Verdict()
    assert verdict.heard(None)
    assert verdict.known
    assert not verdict.heard(None)


def test_one_missed_answer_between_good_ones_is_nothing():
    verdict = Verdict()
    verdict.heard(None)
    for _ in range(5):
        assert not verdict.missed()
        assert not verdict.heard(None)
    assert verdict.fault is None


def test_an_engine_that_is_gone_is_lost_at_once_and_comes_back():
    verdict = Verdict()
    verdict.heard(None)
    assert verdict.lost("engine lost: nothing answers")
    assert not verdict.lost("engine lost: nothing answers")
    assert verdict.heard(None)
    assert verdict.fault is None


def test_a_fault_of_the_engine_is_reported_and_cleared():
    verdict = Verdict()
    assert verdict.heard("engine fault: broken")
    assert not verdict.heard("engine fault: broken")
    assert verdict.heard("engine fault: journal full")
    assert verdict.heard(None)
