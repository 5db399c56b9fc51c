"""What is broken on purpose, drawn from a seed, and how each of it is done."""

import asyncio
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tests.cluster.cables import Loss
from tests.cluster.network import Member, Network
from tests.cluster.wire import Way

CLOCK_S = 3600
# A fault that is longer than this costs the leader its lease.
DEPOSES_S = 4.0
_DOUBLE_ODDS = 0.15
_ON_LEADER_ODDS = 0.75
_SHORT_S, _LONG_S = (0.3, 2.0), (4.0, 8.0)
_LONG_ODDS = 0.35
_STOPS_WITHIN_S = 30.0


class Kind(StrEnum):
    """A kind of fault."""

    KILL = "Central killed (kill -9)"
    FREEZE = "Central frozen (SIGSTOP)"
    HANDOVER = "Central stopped (SIGTERM)"
    CUT = "Central cut off its database"
    CUT_OUT = "… what it says to it is lost"
    CUT_BACK = "… what it hears from it is lost"
    UNSENT = "connection broken before a commit arrived"
    UNANSWERED = "connection broken before the answer of a commit"
    PEERS = "Central cut off its peers, one way or both"
    MUTE = "each packet that Central sends is lost"
    DEAF = "each packet to Central is lost"
    UNPLUGGED = "Central's cable is out"
    CRASH = "PostgreSQL crashed (immediate)"
    STANDBY = "PostgreSQL's standby crashed"
    FAIL_OVER = "PostgreSQL failed over to the standby"
    CLOCK = "Central's clock set by an hour"


WEIGHTS = {
    Kind.KILL: 6, Kind.FREEZE: 5, Kind.HANDOVER: 4, Kind.CUT: 3, Kind.CUT_OUT: 3, Kind.CUT_BACK: 3,
    Kind.UNSENT: 3, Kind.UNANSWERED: 4, Kind.PEERS: 2, Kind.MUTE: 2, Kind.DEAF: 2, Kind.UNPLUGGED: 2,
    Kind.CRASH: 3, Kind.STANDBY: 1, Kind.FAIL_OVER: 2, Kind.CLOCK: 3,
}  # fmt: skip
# What befalls the database befalls all; one at a time.
_DATABASE = (Kind.CRASH, Kind.STANDBY, Kind.FAIL_OVER)
# What needs a computer of its own for each Central.
LOSSES = {Kind.MUTE: (Loss.SENT,), Kind.DEAF: (Loss.HEARD,), Kind.UNPLUGGED: (*Loss,)}
_SILENCES = (Kind.FREEZE, Kind.CUT, Kind.CUT_OUT, Kind.CUT_BACK, *LOSSES)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that breaks, for how long, `after_s` of quiet; on the leader, or on one that stands by."""

    kind: Kind
    on_leader: bool
    lasts_s: float
    after_s: float
    ways: tuple[Way, ...] = ()
    ahead_s: int = 0

    @property
    def deposes(self) -> bool:
        """Whether another Central must lead after it."""
        ends = self.kind in (Kind.KILL, Kind.HANDOVER)
        return self.on_leader and (ends or (self.kind in _SILENCES and self.lasts_s >= DEPOSES_S))


def plan(seed: int) -> Iterator[tuple[Fault, ...]]:
    """Yield what breaks next, one thing or two at once, for ever: always the same for a seed. Each kind comes early."""
    dice = random.Random(seed)
    kinds = list(WEIGHTS)
    dice.shuffle(kinds)
    for kind in kinds:
        yield (_fault(dice, kind),)
    while True:
        first, second = dice.choices(list(WEIGHTS), list(WEIGHTS.values()), k=2)
        together = dice.random() < _DOUBLE_ODDS and first != second and not {first, second} <= {*_DATABASE}
        yield (_fault(dice, first), _fault(dice, second)) if together else (_fault(dice, first),)


def _fault(dice: random.Random, kind: Kind) -> Fault:
    lasts_s = dice.uniform(*(_LONG_S if dice.random() < _LONG_ODDS else _SHORT_S))
    ways = dice.choice(((Way.OUT,), (Way.BACK,), (Way.OUT, Way.BACK)))
    ahead_s = dice.choice((CLOCK_S, -CLOCK_S))
    return Fault(kind, dice.random() < _ON_LEADER_ODDS, lasts_s, dice.uniform(0.0, 1.5), ways, ahead_s)


async def strike(network: Network, fault: Fault, victim: Member) -> list[str]:
    """Break it, and mend it again; return what was wrong with how it broke."""
    match fault.kind:
        case Kind.KILL:
            await victim.goes_down(signal.SIGKILL)
        case Kind.FREEZE:
            victim.signal(signal.SIGSTOP)
            await asyncio.sleep(fault.lasts_s)
            victim.signal(signal.SIGCONT)
        case Kind.HANDOVER:
            try:
                async with asyncio.timeout(_STOPS_WITHIN_S):
                    await victim.goes_down(signal.SIGTERM)
            except TimeoutError:
                await victim.goes_down(signal.SIGKILL)
                return [f"{victim.name} did not end within {_STOPS_WITHIN_S:g} s of SIGTERM"]
        case Kind.CUT | Kind.CUT_OUT | Kind.CUT_BACK:
            ways = {Kind.CUT: (*Way,), Kind.CUT_OUT: (Way.OUT,), Kind.CUT_BACK: (Way.BACK,)}
            victim.database.cut(*ways[fault.kind])
            await asyncio.sleep(fault.lasts_s)
            victim.database.mend()
        case Kind.UNSENT | Kind.UNANSWERED:
            victim.database.cut(Way.OUT if fault.kind is Kind.UNSENT else Way.BACK)
            # Long enough that a commit is under way.
            await asyncio.sleep(0.3)
            # Were the others broken, too, another one would lead, and need not ask what became of the commit.
            victim.database.reset_storing()
            victim.database.mend()
        case Kind.PEERS:
            victim.peers.cut(*fault.ways)
            await asyncio.sleep(fault.lasts_s)
            victim.peers.mend()
        case Kind.MUTE | Kind.DEAF | Kind.UNPLUGGED:
            assert victim.cable is not None
            async with victim.cable.lost(*LOSSES[fault.kind]):
                await asyncio.sleep(fault.lasts_s)
        case Kind.CRASH:
            await network.pair.restart()
        case Kind.STANDBY:
            await network.pair.restart_standby()
        case Kind.FAIL_OVER:
            await network.pair.fail_over()
            for member in network.members:
                member.database.reset()
            await network.pair.rebuild_standby()
        case Kind.CLOCK:
            victim.sets_its_clock(0 if victim.ahead_s else fault.ahead_s)
    return []
