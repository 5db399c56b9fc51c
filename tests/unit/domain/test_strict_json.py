"""JSON from outside means one thing only, or it is refused."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Struct

from evcharge.domain.errors import Code, ProtocolError
from evcharge.domain.strict_json import NotJson, read_json, strict_json


class Narrow(Struct):
    """Asks for one field and skips all others."""

    known: int = 0


AMBIGUOUS = {
    "a lone surrogate": '{"x":"\\ud800"}',
    "a lone surrogate before a letter": '{"x":"\\udfffA"}',
    "surrogates the wrong way round": '{"x":"\\udc00\\ud800"}',
    "a surrogate as a key": '{"\\udfff":1}',
    "a surrogate as a key, deep down": '{"x":[{"\\udfff":1}]}',
    "a key twice": '{"x":1,"x":1}',
    "a key twice, spelt differently": '{"x":1,"\\u0078":1}',
    "a key twice, deep down": '{"x":[{"y":1,"y":2}]}',
    "a known key twice": '{"known":1,"known":2}',
    "a number beyond 64 bits": f'{{"x":{2**63}}}',
    "a number far beyond 64 bits": f'{{"x":-{"9" * 4000}}}',
    "a number that no computer prints": f'{{"x":{"9" * 5000}}}',
    "a number that is not finite": '{"x":1e999}',
    "NaN": '{"x":NaN}',
    "Infinity": '{"x":-Infinity}',
    "too deep": f'{{"x":{"[" * 100_000}{"]" * 100_000}}}',
    "not closed": '{"x":1',
    "two values": '{"x":1}{"x":1}',
    "a control character": '{"x":"\n"}',
    "nothing": "",
    "a byte order mark": '\ufeff{"x":1}',
}


@pytest.mark.parametrize("kind", [dict[str, Any], dict, Any, Narrow], ids=str)
@pytest.mark.parametrize("text", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_what_two_readers_may_understand_differently_is_refused_wherever_it_stands(kind: Any, text: str):
    with pytest.raises((NotJson, msgspec.ValidationError)):
        read_json(text.encode(), kind)
    with pytest.raises(ProtocolError) as refused:
        strict_json(text.encode())
    assert refused.value.code is Code.MALFORMED


@pytest.mark.parametrize(
    "data", [b'{"x":"\xff"}', b'{"x":"\xed\xa0\x80"}', b"\xff", '{"x":"\ud800"}'], ids=ascii
)
@pytest.mark.parametrize("kind", [dict[str, Any], Narrow], ids=str)
def test_what_is_no_text_is_refused(kind: Any, data: bytes | str):
    with pytest.raises(NotJson):
        read_json(data, kind)


def test_another_shape_is_named():
    with pytest.raises(msgspec.ValidationError, match="known"):
        read_json(b'{"known":"1"}', Narrow)
    with pytest.raises(ProtocolError):
        strict_json(b"[]")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"x":"\\ud83d\\ude00\\\\ud800"}', {"x": "😀\\ud800"}),
        (
            f' {{"x": [{2**63 - 1}, {-(2**63)}, 1e3, "\\u0000"]}}\n',
            {"x": [2**63 - 1, -(2**63), 1000.0, "\0"]},
        ),
        ('{"x":{"y":1},"y":{"x":1}}', {"x": {"y": 1}, "y": {"x": 1}}),
    ],
)
def test_everything_else_is_read(text: str, value: object):
    assert read_json(text, dict[str, Any]) == strict_json(text.encode()) == value


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.text(), VALUES, max_size=4), st.booleans())
def test_what_another_program_writes_is_read_as_it_is(values: dict[str, Any], plain: bool):
    assert read_json(json.dumps(values, ensure_ascii=plain), dict[str, Any]) == values


@given(st.text(alphabet='{}[]":,\\ud8fcDa019e.-+ \n', max_size=60))
@example('{"a":"\\ud8\\ud800"}')
def test_whatever_is_read_can_be_written_and_read_again(text: str):
    try:
        value = read_json(text, Any)
    except ValueError:
        return
    assert read_json(msgspec.json.encode(value), Any) == value == json.loads(text)
