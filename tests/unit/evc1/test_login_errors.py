"""Error frames of EVC1, read back as the errors that they report."""

import json

import pytest

from evcharge.domain.errors import AuthenticationError, Code, Overloaded, ProtocolError
from evcharge.evc1.login_errors import error_frame, parse_error
from tests.unit.evc1.logins import NOW


def test_an_error_frame_is_read_back_as_the_error_it_reports():
    error = parse_error(error_frame(Code.BUSY, "come back later", 2.5, NOW))
    assert isinstance(error, Overloaded)
    assert (error.code, error.text, error.retry_after_s) == (Code.BUSY, "come back later", 2.5)
    assert json.loads(error_frame(Code.BUSY, "x", 2.5, NOW))["now"] == NOW


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (Code.EXPIRED, AuthenticationError),
        (Code.REVOKED, AuthenticationError),
        (Code.DUPLICATE, AuthenticationError),
        (Code.TIMEOUT, Overloaded),
        (Code.VERSION, ProtocolError),
        (Code.ROLE, ProtocolError),
    ],
)
def test_each_code_becomes_its_kind_of_error(code, kind):
    error = parse_error(error_frame(code, ""))
    assert type(error) is kind
    assert error.code is code
    assert code in error.text


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"t":"challenge"}',
        bytes(32),
        b'{"t":"error"}x',
        # With these a stranger ended every peer: nothing can write a surrogate that stands alone.
        b'{"t":"error","code":"E_BUSY","text":"\\ud800"}',
        b'{"t":"error","code":"E_BUSY","\\udfff":1}',
        b'{"t":"error","code":"E_BUSY","more":{"\\udfff":1}}',
        b'{"t":"error","code":"E_BUSY","code":"E_REVOKED"}',
        b'{"t":"error","code":"E_BUSY","more":1e999}',
    ],
)
def test_what_is_no_error_frame_is_none(frame):
    assert parse_error(frame) is None


@pytest.mark.parametrize(
    "frame",
    [
        b'{"t":"error"}',
        b'{"t":"error","code":5}',
        b'{"t":"error","code":"E_BUSY","retry_after":-1}',
        b'{"t":"error","code":"E_BUSY","retry_after":99999999}',
        b'{"t":"error","code":"E_BUSY","text":"a\\u001b[31mred"}',
        b'{"t":"error","code":"E_NOSUCH\\n"}',
        b'{"t":"error","code":"E_NOSUCH"}',
    ],
)
def test_a_hint_that_cannot_be_shown_safely_is_a_protocol_error(frame):
    error = parse_error(frame)
    assert type(error) is ProtocolError
    assert error.text.isprintable()
