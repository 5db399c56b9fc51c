"""Peers that say a byte now and then, on every port: half a HELLO, half a header, half a TLS handshake, half a ping."""

from tests.attack.result import Result
from tests.attack.sockets import trickle
from tests.attack.target import Address, Target

NAME = "slow peers on every port"

# What each port would like to hear the rest of.
HELLO = b"\x00\x00\x02\x00" + b'{"t":"hello","v":1,' + b" " * 400
HEADER = b"GET /api/cps HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 400
TLS = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 400
PING = b'{"t":"PING","n":"' + b"0" * 400


async def run(target: Target, seconds: float, seed: int) -> Result:
    """Hold 200 of them at each port, as long as they are let."""
    result = Result()
    ports: list[tuple[Address | None, bytes]] = [
        (target.central, HELLO),
        (target.api, HEADER),
        (target.registry, TLS),
        (target.health, PING),
    ]
    before = target.faults()
    for address, said in ports:
        await trickle(address, said, seconds / len(ports), seed, result)
    result.expect(holds=target.faults() == before, sentence="a charging point was Faulted meanwhile")
    return result
