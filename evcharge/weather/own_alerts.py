"""Which alerts the service began, kept on disk: after a restart, too, it ends those and no operator's."""

import json
import logging
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from evcharge.domain.errors import StateError
from evcharge.domain.location import Location, WeatherKind
from evcharge.domain.strict_json import read_json
from evcharge.labels.command_errors import because
from evcharge.runtime import failures, files
from evcharge.runtime.outage import Outage
from evcharge.security import secret_files
from evcharge.weather.atlas import MOST_BYTES

log = logging.getLogger(__name__)


class OwnAlerts:
    """The alerts that came from us, by location."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = _load(path)
        # The disk does not take them.
        self._owed = Outage(lambda why: log.warning("%s", why))

    def of(self, location: Location) -> frozenset[WeatherKind] | None:
        """Return what we began at `location`; None when nobody knows, for nothing was ever kept."""
        return None if self._kept is None else self._kept.get(location.key, frozenset())

    def keep(self, begun: Mapping[Location, AbstractSet[WeatherKind]]) -> None:
        """Keep all that we began. Not being able to is no reason to charge in bad weather: it is said once."""
        after = {location.key: frozenset(alerts) for location, alerts in begun.items() if alerts}
        if after == self._kept and not self._owed.is_on:
            return
        self._kept = after
        text = json.dumps({location: sorted(alerts) for location, alerts in after.items()})
        try:
            secret_files.replace_secret(self._path, text)
        except StateError as problem:
            self._owed.lost(problem.text)
        else:
            self._owed.back()


def _load(path: Path) -> dict[str, frozenset[WeatherKind]] | None:
    try:
        return read_json(files.read_ours(path, MOST_BYTES), dict[str, frozenset[WeatherKind]])
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as problem:
        log.warning(
            "%s", because(f"{path} cannot be read ({failures.why(problem)}): every alert counts as ours.")
        )
        return None
