"""Where a charging point stands, as its two programs hear it from Central."""

import logging

from evcharge.domain.ids import CpId
from evcharge.domain.location import place
from evcharge.labels import Speech
from evcharge.runtime.clock import utc_now
from evcharge.terminal.fault_log import FaultLog

log = logging.getLogger(__name__)


class Standing:
    """The location that holds, for screens. What the engine was told holds until Central has said another."""

    def __init__(self, cp_id: CpId, words: Speech, troubles: FaultLog, location: str = "") -> None:
        self._cp_id = cp_id
        self._words = words
        self._troubles = troubles
        self.location = location
        # What was heard last: the location, and what the engine said.
        self._told: tuple[str, str] | None = None

    def hear(self, location: str, said: str) -> None:
        """Take in where the network has it; one line when that is news, a warning when the engine says otherwise."""
        differs = said != "" and place(said) != place(location)
        values = {"cp_id": self._cp_id, "location": location, "said": said}
        trouble = self._words("elsewhere", **values) if differs else None
        if trouble is not None and (location, said) != self._told:
            log.warning("%s", trouble)
        elif self.location and place(self.location) != place(location):
            log.info("%s", self._words("moved", **values))
        self._troubles.note("location", trouble, utc_now())
        self.location, self._told = location, (location, said)
