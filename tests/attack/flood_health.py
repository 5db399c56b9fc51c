"""Silent connections to an engine's health port: its charging point must not be Faulted for them."""

from tests.attack.result import Result
from tests.attack.sockets import flood
from tests.attack.target import Target

NAME = "silent flood of a health port"


async def run(target: Target, seconds: float, seed: int) -> Result:
    """Open more of them than there is room for."""
    before = target.faults()
    result = await flood(target.health, seconds, seed)
    result.expect(holds=target.faults() == before, sentence="a charging point was Faulted meanwhile")
    return result
