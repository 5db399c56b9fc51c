"""Central as it is, but patient: on a machine that others use, too, a load generator that stands still ends no link."""

from types import MappingProxyType

from evcharge.evc1 import tickets

_TIMES = 20

# Before anything else reads them. What the watchdog does for each link is the same.
tickets.LIVENESS = MappingProxyType(
    {
        role: tickets.Liveness(one.heartbeat_s, one.dead_after_s * _TIMES)
        for role, one in tickets.LIVENESS.items()
    }
)

from evcharge.__main__ import main  # noqa: E402
from evcharge.central.peers import watchdog  # noqa: E402

watchdog.FIRST_WORD_S *= _TIMES

if __name__ == "__main__":
    main()
