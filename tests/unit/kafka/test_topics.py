"""Sealed orders: who holds the operator's token gives them, nobody else."""

import msgspec
import pytest
from cryptography.fernet import Fernet

from evcharge.domain.errors import Code, ProtocolError
from evcharge.domain.operator_order import Order
from evcharge.kafka.topics import OrderSeal

ORDER = Order(command_id="0" * 32, command="out", cp_id="CP001", issued_at=1_800_000_000.0)
SEAL = OrderSeal("the operator's token")


def refused(value: bytes, seal: OrderSeal = SEAL) -> Code:
    with pytest.raises(ProtocolError) as caught:
        seal.open(value)
    return caught.value.code


def test_an_order_opens_under_the_token_that_sealed_it():
    assert OrderSeal("the operator's token").open(SEAL.seal(ORDER)) == ORDER
    assert b"CP001" not in SEAL.seal(ORDER)


def test_an_order_of_another_token_does_not_open():
    assert refused(OrderSeal("another token").seal(ORDER)) is Code.CRYPTO


@pytest.mark.parametrize(
    "value",
    [b"", b"out CP001", Fernet(Fernet.generate_key()).encrypt(b"{}")],
    ids=["empty", "plain", "foreign"],
)
def test_what_was_never_sealed_here_does_not_open(value: bytes):
    assert refused(value) is Code.CRYPTO


@pytest.mark.parametrize("place", range(0, 120, 7))
def test_one_changed_byte_and_it_does_not_open(place: int):
    sealed = bytearray(SEAL.seal(ORDER))
    sealed[place] ^= 1
    assert refused(bytes(sealed)) is Code.CRYPTO


@pytest.mark.parametrize(
    "change",
    [{"command": "explode"}, {"cp_id": "../x"}, {"command_id": "1"}, {"issued_at": -1}, {"more": 1}],
    ids=lambda change: next(iter(change)),
)
def test_what_is_no_order_is_not_taken_for_one(change: dict):
    content = msgspec.to_builtins(ORDER) | change
    assert refused(SEAL._tokens.seal(msgspec.json.encode(content))) is Code.FIELD
    assert refused(SEAL._tokens.seal(b"\xff[[[")) is Code.FIELD
