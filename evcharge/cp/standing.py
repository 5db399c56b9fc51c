"""Where a charging point stands and what withholds it, as its two programs hear it from Central."""

import logging
from collections.abc import Sequence

from evcharge.domain.charging_point import Hold
from evcharge.domain.ids import CpId
from evcharge.domain.location import NOWHERE, Location
from evcharge.labels import Speech
from evcharge.runtime.clock import utc_now
from evcharge.terminal.fault_log import FaultLog

log = logging.getLogger(__name__)

KNOWN_HOLDS = frozenset(str(hold) for hold in Hold)


class Standing:
    """The location that holds, for screens, and `withheld`: why Central has it Out of Order, "" when it has not.

    The location that the engine was told holds until Central has said another.
    """

    def __init__(self, cp_id: CpId, words: Speech, troubles: FaultLog, location: Location = NOWHERE) -> None:
        self._cp_id = cp_id
        self._words = words
        self._troubles = troubles
        self.location = location
        self.withheld = ""
        # What was heard last: the location, and what the engine said.
        self._told: tuple[Location, Location] | None = None

    def hear(self, location: Location, said: Location) -> None:
        """Take in where the network has it; one line when that is news, a warning when the engine says otherwise."""
        differs = bool(said) and said != location
        values = {"cp_id": self._cp_id, "location": location, "said": said}
        trouble = self._words("elsewhere", **values) if differs else None
        if trouble is not None and (location, said) != self._told:
            log.warning("%s", trouble)
        elif self.location and self.location != location:
            log.info("%s", self._words("moved", **values))
        self._troubles.note("location", trouble, utc_now())
        self.location, self._told = location, (location, said)

    def hear_holds(self, holds: Sequence[str]) -> None:
        """Take in all that withhold it; one line when that is news, also when nothing does any more."""
        # A later release may send others: they are shown by name.
        reasons = [self._words(f"held {hold}") if hold in KNOWN_HOLDS else hold for hold in holds]
        withheld = self._words("withheld", why=", ".join(reasons)) if reasons else ""
        if withheld and withheld != self.withheld:
            log.warning("%s", withheld)
        elif self.withheld and not withheld:
            log.info("%s", self._words("in service again"))
        self._troubles.note("withheld", withheld or None, utc_now())
        self.withheld = withheld

    def forget_holds(self) -> None:
        """The connection has ended: what withholds it now is not known, and the next one begins with nothing."""
        self.withheld = ""
        self._troubles.note("withheld", None, utc_now())
