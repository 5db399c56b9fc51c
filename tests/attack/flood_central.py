"""Silent connections to Central's port for peers, from four addresses, one of them the neighbours' own."""

from tests.attack.result import Result
from tests.attack.sockets import Crowd
from tests.attack.target import Target

NAME = "silent flood of Central's port"


async def run(target: Target, seconds: float, seed: int) -> Result:
    """Open more of them than there is room for."""
    crowd = Crowd(target.central, most=2000)
    try:
        await crowd.press(seconds, 500, lambda _: b"", seed)
        crowd.answers["still standing at the end"] = crowd.standing()
    finally:
        crowd.leave()
    return Result(crowd.tried, crowd.answers)
