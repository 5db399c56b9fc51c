"""Silent connections to Central's API, from four addresses, one of them the neighbours' own."""

from tests.attack.result import Result
from tests.attack.sockets import flood
from tests.attack.target import Target

NAME = "silent flood of the API"


async def run(target: Target, seconds: float, seed: int) -> Result:
    """Open more of them than there is room for."""
    return await flood(target.api, seconds, seed)
