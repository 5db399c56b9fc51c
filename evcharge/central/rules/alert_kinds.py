"""What an operator's eye can be needed for, and one such trouble."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evcharge.domain.errors import Code

NOT_UNDERSTOOD = frozenset({Code.PROOF, Code.CRYPTO, Code.SEQ, Code.MALFORMED, Code.TOO_BIG, Code.TICKET})
# What was shown to the Registry in the name of somebody whom it knows.
WRONG_CREDENTIAL = "a wrong credential was shown to the Registry"
# Why the Registry does not hear Central, when it is for its key: another sentence than that it is away.
WRONG_SERVICE_KEY = "the service.key here is not the Registry's: copy it from there and start Central again"
# What an alert is about when it is about no charging point or driver.
CENTRAL, REGISTRY, WEATHER, KAFKA = "CENTRAL", "REGISTRY", "WEATHER", "KAFKA"


def member(role: str, name: str = "") -> str:
    """Return what an alert is about that is about one of several: CENTRAL:B, REGISTRY:HOST:PORT."""
    return f"{role.upper()}:{name}"


class AlertKind(StrEnum):
    """What is wrong; also the last part of an alert's id."""

    FAULT = "fault"
    ENGINE = "engine"
    MONITOR = "monitor"
    DUPLICATE = "duplicate"
    NOT_UNDERSTOOD = "not-understood"
    JOURNAL = "journal"
    QUARANTINE = "quarantine"
    FLOOD = "flood"
    REVOKED = "revoked"
    WELCOME = "welcome"
    REGISTRY = "registry"
    AWAY = "away"
    STORAGE = "storage"
    CLOCK = "clock"
    CLOCK_OFF = "clock-off"
    WEATHER = "weather"
    WEATHER_SERVICE = "weather-service"
    CHAIN = "chain"
    KAFKA = "kafka"
    NOTIFY = "notify"
    DEBT = "debt"


# Nothing that happens later says that these are over: an operator closes them. A weather service, or one of several
# Centrals or Registries, may have been given up for good, and a way of `[notify]` on which nothing waits is not tried.
CLOSED_BY_HAND = frozenset(
    {
        AlertKind.DUPLICATE,
        # A stranger may have claimed a name that is connected all the time, or never comes.
        AlertKind.NOT_UNDERSTOOD,
        AlertKind.JOURNAL,
        AlertKind.QUARANTINE,
        AlertKind.FLOOD,
        AlertKind.DEBT,
        AlertKind.CLOCK,
        AlertKind.WELCOME,
        AlertKind.CHAIN,
        AlertKind.WEATHER_SERVICE,
        AlertKind.NOTIFY,
        AlertKind.AWAY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One trouble of `about`: a charging point, driver, location, way to tell people, CENTRAL, REGISTRY:HOST:PORT, …"""

    kind: AlertKind
    about: str
    detail: str
    since: datetime
    solved_at: datetime | None = None
    # Of a refusal: what it means is said by its code, where nobody knows its words in another language.
    code: str = ""
    # An operator has seen it; nothing else has ended it.
    by_hand: bool = False
    times: int = 1
    # Of the weather: an operator lets the charging points there work in spite of it.
    overridden: bool = False
    # Of a monitor: its engine has no link either.
    both: bool = False
    # Who has taken it, and since when.
    taken_by: str = ""
    taken_at: datetime | None = None

    @property
    def id(self) -> str:
        """Return the id, unique among the open ones: CP001-fault."""
        return f"{self.about}-{self.kind}"
