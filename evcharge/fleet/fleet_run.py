"""A fleet from its first login to its last word: who is struck by what, and when."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from evcharge.domain.errors import EvchargeError
from evcharge.domain.ids import Role
from evcharge.domain.strict_json import read_json
from evcharge.evc1.caller import connect
from evcharge.evc1.central_addresses import NOT_SERVED, Address, CentralAddresses
from evcharge.evc1.connection import Channel
from evcharge.evc1.tickets import Identity, seal_ticket
from evcharge.fleet.fleet_scenario import Blow, Scenario, Turn, struck
from evcharge.fleet.simulated_point import SimulatedPoint, name_of
from evcharge.fleet.tally import Tally
from evcharge.runtime.clock import utc_now
from evcharge.security import secret_files

_LOCATION = "Simulated"
# So many log in together at first: a real network does not begin in one instant.
_AT_ONCE = 50
_LOGIN_WITHIN_S = 30.0
_FLAP_EVERY_S = 1.0
_TICKET_S = 900
_REGISTERS = "fleet.json"
_LAST_WORDS_S = 10.0


class Dialler:
    """Logs in whoever is simulated, by the service key, at whichever Central serves: on the PC of one only."""

    def __init__(self, state: Path, centrals: Iterable[Address]) -> None:
        """Read the service key. Raises StateError when it is not there."""
        self.state = state
        self._key = secret_files.read_keys(state / "service.key")[0]
        self._centrals = tuple(centrals)

    async def dial(self, name: str, role: Role) -> Channel:
        """Return a link of `name`. Raises what `connect` raises."""
        now = utc_now().timestamp()
        identity = Identity(name, role, 0, int(now), _LOCATION)
        issued = seal_ticket(self._key, identity, issuer="registry", ttl_s=_TICKET_S, now=now)
        # A round of this one's own: a thousand dial at once.
        addresses = CentralAddresses(self._centrals)
        while True:
            host, port = addresses.next
            try:
                channel = await connect(host, port, issued, name, role, timeout_s=_LOGIN_WITHIN_S)
            except EvchargeError as problem:
                if problem.code not in NOT_SERVED or not addresses.failed(problem):
                    raise
            else:
                # Who served is dialled first from now on.
                self._centrals = addresses.all
                return channel


async def play(
    points: list[SimulatedPoint],
    scenario: Scenario,
    seed: int,
    tell: Callable[[float], None],
) -> None:
    """Bring the points to life and let the scenario happen; `tell` hears each second how far it is.

    Also when it is cancelled, Central hears the end of every charge.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        lives = []
        for number, point in enumerate(points):
            lives.append(tasks.create_task(point.live(scenario.pause_s, scenario.charge_s)))
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0.05)
        began = loop.time()
        blows = [
            tasks.create_task(_happens(turn, [points[one] for one in struck(turn, len(points), seed)]))
            for turn in scenario.turns
        ]
        try:
            while (passed := loop.time() - began) < scenario.seconds:
                tell(passed)
                await asyncio.sleep(min(1.0, scenario.seconds - passed))
            tell(scenario.seconds)
        finally:
            for task in blows:
                task.cancel()
            await _last_words(points)
            for task in lives:
                task.cancel()


async def _last_words(points: list[SimulatedPoint]) -> None:
    """End what runs, and let Central hear of it; not for ever, for it may be gone."""
    for point in points:
        point.powered.set()
        point.closes()
    loop = asyncio.get_running_loop()
    until = loop.time() + _LAST_WORDS_S
    while loop.time() < until and not all(point.has_told_all for point in points):  # noqa: ASYNC110 - many of them
        await asyncio.sleep(0.1)


async def _happens(turn: Turn, hit: list[SimulatedPoint]) -> None:
    """Wait for the time of a turn, and do to its points what it says."""
    await asyncio.sleep(turn.at_s)
    match turn.what:
        case Blow.BLACKOUT:
            for point in hit:
                point.powered.clear()
                point.cut(Role.ENGINE, Role.MONITOR, Role.DRIVER)
            await asyncio.sleep(turn.for_s)
            for point in hit:
                point.powered.set()
        case Blow.SURGE:
            for point in hit:
                point.wants()
        case Blow.FLAPPING:
            for _ in range(max(1, round(turn.for_s / _FLAP_EVERY_S))):
                for point in hit:
                    point.cut(Role.MONITOR)
                await asyncio.sleep(_FLAP_EVERY_S)
        case Blow.FAULTS:
            for point in hit:
                point.fault = "simulated fault"
            await asyncio.sleep(turn.for_s)
            for point in hit:
                point.fault = None
        case Blow.COLD:
            for point in hit:
                point.is_cold = True
            await asyncio.sleep(turn.for_s)
            for point in hit:
                point.is_cold = False


def simulated_points(count: int, dialler: Dialler, tally: Tally, seed: int) -> list[SimulatedPoint]:
    """Return so many charging points that are not alive yet; their meters stand where the last fleet left them."""
    registers = _registers(dialler.state)
    return [
        SimulatedPoint(number, dialler.dial, tally, seed, registers.get(name_of(number)[0], 0))
        for number in range(1, count + 1)
    ]


def keep_registers(points: list[SimulatedPoint], state: Path) -> None:
    """Keep where the meters stand: Central knows, and a meter that begins anew would be an alert."""
    registers = _registers(state) | {point.cp_id: point.register_mwh for point in points}
    (state / _REGISTERS).write_bytes(msgspec.json.encode(registers))


def _registers(state: Path) -> dict[str, int]:
    try:
        return read_json((state / _REGISTERS).read_bytes(), dict[str, int])
    except (OSError, ValueError):
        return {}
