"""The drills that there are, as data. Pure."""

from collections.abc import Mapping

from evcharge.domain.charging_point import CpStatus
from evcharge.drills.course import Act, Drill, Expectation, Need, Proof, Screen, Step
from evcharge.storage.members import Cause


def _status(status: CpStatus) -> Expectation:
    return Expectation(Proof.STATUS, status)


_AVAILABLE = _status(CpStatus.AVAILABLE)
_GROWS = Expectation(Proof.GROWS)
_TICKET = Expectation(Proof.TICKET)
_NOT_UNDERSTOOD = r"Messages not comprehensible"
_WALL, _DRIVER, _ENGINE, _MONITOR = Screen.WALL, Screen.DRIVER, Screen.ENGINE, Screen.MONITOR


def _driver_says(pattern: str) -> Expectation:
    return Expectation(Proof.DRIVER_SAYS, pattern)


def _step(act: Act, look: tuple[Screen, ...], *expects: Expectation) -> Step:
    return Step(act=act, look=look, expects=expects)


# Each drill begins with it, unless a charge has nothing to do with it.
_CHARGE = _step(Act.CHARGE, (_WALL, _DRIVER, _ENGINE), _status(CpStatus.CHARGING), _GROWS)
_UNPLUG = _step(Act.UNPLUG, (_WALL, _DRIVER), _TICKET, _driver_says(r"Session: "), _AVAILABLE)

_ALL = (
    Drill(
        name="engine-crash",
        steps=(
            _CHARGE,
            _step(
                Act.KILL_ENGINE,
                (_WALL, _MONITOR, _DRIVER),
                _status(CpStatus.FAULTED),
                Expectation(Proof.MONITOR_SAYS, r"KO: engine lost"),
                _driver_says(r"failed|has no link"),
            ),
            _step(
                Act.START_ENGINE, (_WALL, _ENGINE, _DRIVER), _TICKET, _driver_says(r"Session: "), _AVAILABLE
            ),
        ),
    ),
    Drill(
        name="monitor-crash",
        steps=(
            _CHARGE,
            _step(Act.KILL_MONITOR, (_WALL, _DRIVER), _status(CpStatus.DISCONNECTED), _GROWS),
            _step(
                Act.UNPLUG,
                (_WALL, _DRIVER),
                _TICKET,
                _driver_says(r"Session: "),
                _status(CpStatus.DISCONNECTED),
            ),
            _step(Act.ASK, (_DRIVER,), _driver_says(r"not available")),
            _step(Act.START_MONITOR, (_WALL, _MONITOR), _AVAILABLE),
        ),
    ),
    Drill(
        name="driver-crash",
        steps=(
            _CHARGE,
            _step(Act.KILL_DRIVER, (_WALL, _ENGINE), _GROWS),
            _step(Act.UNPLUG, (_WALL,), _TICKET, _AVAILABLE),
            _step(Act.START_DRIVER, (_DRIVER,), _driver_says(r"Session: ")),
        ),
    ),
    Drill(
        name="central-crash",
        needs=(Need.CENTRAL_HERE, Need.CENTRAL_ALONE),
        steps=(
            _CHARGE,
            _step(
                Act.KILL_CENTRAL,
                (Screen.CENTRAL, _ENGINE, _MONITOR, _DRIVER),
                Expectation(Proof.API_AWAY),
                _driver_says(r"Cannot connect to CENTRAL"),
                Expectation(Proof.ENGINE_SAYS, r"CENTRAL .*was lost|Cannot connect to CENTRAL"),
            ),
            _step(Act.START_CENTRAL, (_WALL, _DRIVER), Expectation(Proof.API_BACK), _GROWS),
            _UNPLUG,
        ),
    ),
    Drill(
        name="wrong-key",
        steps=(
            _step(
                Act.SPOIL_KEY,
                (_WALL, _ENGINE, _MONITOR),
                Expectation(Proof.ENGINE_SAYS, _NOT_UNDERSTOOD),
                Expectation(Proof.MONITOR_SAYS, _NOT_UNDERSTOOD),
                _status(CpStatus.DISCONNECTED),
            ),
            _step(
                Act.RIGHT_KEY,
                (_WALL, _ENGINE, _MONITOR),
                Expectation(Proof.ENGINE_SAYS, r"Messages comprehensible"),
                _AVAILABLE,
            ),
        ),
    ),
    Drill(
        name="revoke",
        steps=(
            _CHARGE,
            _step(
                Act.REVOKE,
                (_WALL, _ENGINE, _MONITOR, _DRIVER),
                _TICKET,
                _driver_says(r"Session: "),
                Expectation(Proof.ENGINE_SAYS, r"revoked"),
                Expectation(Proof.ALERT, "{cp}-revoked"),
            ),
            _step(
                Act.ROTATE,
                (_WALL, _ENGINE, _MONITOR),
                _AVAILABLE,
                Expectation(Proof.NO_ALERT, "{cp}-revoked"),
            ),
        ),
    ),
    Drill(
        name="cold-front",
        steps=(
            _CHARGE,
            _step(
                Act.FREEZE_OVER,
                (_WALL, _DRIVER),
                _TICKET,
                _driver_says(r"Session: "),
                _status(CpStatus.UNAVAILABLE),
            ),
            _step(Act.ASK, (_DRIVER,), _driver_says(r"not available")),
            _step(Act.THAW, (_WALL,), _AVAILABLE),
        ),
    ),
    Drill(
        name="kafka-down",
        needs=(Need.BROKER_HERE,),
        steps=(
            _CHARGE,
            _step(Act.STOP_BROKER, (_WALL, Screen.CENTRAL), Expectation(Proof.ALERT, "KAFKA-kafka"), _GROWS),
            _UNPLUG,
            _step(Act.GO_ON_BROKER, (_WALL, Screen.CENTRAL), Expectation(Proof.NO_ALERT, "KAFKA-kafka")),
        ),
    ),
    Drill(
        name="full-disk",
        needs=(Need.SMALL_DISK,),
        steps=(
            _step(
                Act.FILL_DISK,
                (_WALL, _ENGINE, _MONITOR),
                Expectation(Proof.ENGINE_SAYS, r"journal full"),
                _status(CpStatus.FAULTED),
            ),
            _step(Act.ASK, (_DRIVER,), _driver_says(r"not available")),
            _step(Act.FREE_DISK, (_WALL, _ENGINE), _AVAILABLE),
            _CHARGE,
            _UNPLUG,
        ),
    ),
    Drill(
        name="cut-cable",
        steps=(
            _CHARGE,
            _step(
                Act.CUT_CABLE,
                (_WALL, _ENGINE, _DRIVER),
                _status(CpStatus.FAULTED),
                Expectation(Proof.ENGINE_SAYS, r"CENTRAL .*was lost"),
                _driver_says(r"has no link to CENTRAL"),
            ),
            _step(
                Act.MEND_CABLE,
                (_WALL, _ENGINE, _DRIVER),
                Expectation(Proof.ENGINE_SAYS, r"Connected to Central again|connected to"),
                _GROWS,
            ),
            _UNPLUG,
        ),
    ),
    Drill(
        name="central-failover",
        needs=(Need.TWO_CENTRALS,),
        steps=(
            _CHARGE,
            _step(
                Act.KILL_LEADER,
                (Screen.CENTRALS, _DRIVER, _WALL),
                Expectation(Proof.OTHER_WORKS, within_s=1.0),
                Expectation(Proof.TOOK_OVER, Cause.KILLED),
                _driver_says(r"CENTRAL at"),
                _GROWS,
            ),
            _step(Act.START_LEADER, (Screen.CENTRALS,), Expectation(Proof.STANDS_BY)),
            _step(
                Act.FREEZE_LEADER,
                (Screen.CENTRALS, _DRIVER, _WALL),
                Expectation(Proof.OTHER_WORKS, within_s=5.0),
                Expectation(Proof.TOOK_OVER, Cause.SILENT),
                _GROWS,
            ),
            _step(Act.GO_ON_LEADER, (Screen.CENTRALS,), Expectation(Proof.STANDS_BY)),
            _UNPLUG,
            _step(Act.VERIFY, (_WALL,), Expectation(Proof.VERIFIED)),
        ),
    ),
    Drill(
        name="registry-failover",
        needs=(Need.TWO_REGISTRIES,),
        steps=(
            _step(
                Act.KILL_REGISTRY,
                (Screen.MEMBERS,),
                Expectation(Proof.OTHER_REGISTRY, within_s=5.0),
                _AVAILABLE,
            ),
            # Its first login needs a Registry.
            _step(Act.REGISTER_ANEW, (_DRIVER, _WALL), _driver_says(r"Connected to CENTRAL at")),
            _CHARGE,
            _UNPLUG,
            _step(Act.START_REGISTRY, (Screen.MEMBERS,), Expectation(Proof.REGISTRY_BACK)),
            # However quickly somebody starts again what was killed: this one stays away until it goes on.
            _step(
                Act.FREEZE_REGISTRY, (Screen.MEMBERS, _WALL), Expectation(Proof.REGISTRY_AWAY, within_s=25.0)
            ),
            _step(
                Act.GO_ON_REGISTRY, (Screen.MEMBERS, _WALL), Expectation(Proof.REGISTRY_BACK, within_s=15.0)
            ),
        ),
    ),
)
DRILLS: Mapping[str, Drill] = {drill.name: drill for drill in _ALL}
