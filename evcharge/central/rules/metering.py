"""What a charging point says of a charge, and how much of it is believed: its times and its energy. Pure.

Times: the engine carries Central's own instant of authorisation on by its steady clock. So a record that arrives late
tells when it was written, and no clock that is set changes a length. Energy that is not believed becomes the session's
excess.
"""

import functools
from datetime import UTC, datetime, timedelta

from msgspec import UNSET, Struct, structs

from evcharge.central.rules.settings import Rules
from evcharge.domain.charging_point import ChargingPoint
from evcharge.domain.journal_records import Meter, SupplyEnd, SupplyStart
from evcharge.domain.session import Session, SessionState

NOT_THEN = "began at a time that cannot be"
NOT_SO_LONG = "lasts longer than its session"
TOO_MUCH = "more energy than was allowed; billed to the limit"
BILLED_LESS = "more energy than is believed; the rest was not billed"
NOT_POSSIBLE = "more energy than its power and time allow; billed to what they do"
# Two steady clocks may differ by a hundredth, and a letter may take so long.
_DRIFT_PERCENT, _SLACK_S = 1, 10
# Seconds are told as whole ones, and a meter is read a moment before its second is over.
_ROUNDING_S = 2
# A meter that shows a fifth more than the greatest power is still believed; what is beyond becomes excess.
_TOLERANCE_PERCENT = 20


# A struct, not a dataclass: each live figure is held against one.
class Means(Struct, frozen=True):
    """What a charging point can do: its greatest power, and the speed of its simulated time."""

    power_w: int
    speed_permille: int

    @staticmethod
    def of(point: ChargingPoint, rules: Rules) -> "Means":
        """Return what `point` says that it can do, as far as this network's operators believe it."""
        return _means(point.max_power_w, point.speed_permille, rules.max_power_w, rules.max_speed_permille)

    @property
    def most_power_w(self) -> int:
        """The most that a meter may show."""
        return self.power_w * (100 + _TOLERANCE_PERCENT) // 100

    def energy_mwh(self, seconds: float) -> int:
        """Return the most energy that a meter may show for so many real seconds."""
        # 3600 mW s are a mWh, and a thousandth of the speed is told.
        return int(self.most_power_w * self.speed_permille * seconds / 3600)


# Charging points of one make have the same, and each live figure asks.
@functools.lru_cache(maxsize=1024)
def _means(said_w: int, said_permille: int, most_w: int, most_permille: int) -> Means:
    return Means(min(said_w or most_w, most_w), min(said_permille or most_permille, most_permille))


def begun(session: Session, record: SupplyStart, rules: Rules) -> tuple[Session, str]:
    """Return `session` as it began, and what is not believed of that ("": nothing)."""
    heard_at = max(session.authorised_at, rules.now)
    started_at, doubt = heard_at, ""
    if record.began_at is not UNSET:
        said = datetime.fromtimestamp(record.began_at, UTC)
        last = session.authorised_at + timedelta(seconds=session.plug_within_s + _SLACK_S)
        started_at = min(max(said, session.authorised_at), last)
        doubt = "" if started_at == said else NOT_THEN
    begun = structs.replace(
        session,
        state=SessionState.CHARGING,
        start_meter_mwh=record.meter_mwh,
        meter_mwh=record.meter_mwh,
        started_at=started_at,
        elapsed_s=None if record.began_at is UNSET else 0,
        started_s=rules.steady_s,
    )
    return begun, doubt


def _with_slack(seconds: float) -> int:
    return int(seconds * (100 + _DRIFT_PERCENT) / 100) + _SLACK_S


class Believed:
    """What a session's readings come to, one after the other: many of them make one session anew."""

    __slots__ = (
        "_ago_s",
        "_before",
        "_known_s",
        "_means",
        "_most_mwh",
        "_most_s",
        "_rounding_mwh",
        "elapsed_s",
        "excess_mwh",
        "meter_mwh",
        "spare_mwh",
    )

    def __init__(self, session: Session, means: Means, rules: Rules) -> None:
        self._before = session
        self._means = means
        self._most_mwh = session.most_mwh
        self._rounding_mwh = means.energy_mwh(_ROUNDING_S)
        # How long ago it was authorised, and how long its charge can have lasted; None: nobody knows.
        self._known_s: float | None = None
        self._most_s: int | None = None
        # The same by Central's wall clock, where nothing better is known: it bounds seconds, never energy.
        self._ago_s: int | None = None
        if session.authorised_s is not None:
            self._known_s = rules.steady_s - session.authorised_s
            self._most_s = _with_slack(self._known_s)
        elif session.started_at is not None and session.started_at <= rules.now:
            # Central was started anew since. A clock that shows an instant before the charge was set: it tells nothing.
            self._ago_s = _with_slack((rules.now - session.started_at).total_seconds())
        self.elapsed_s = session.elapsed_s
        self.meter_mwh = session.meter_mwh
        self.excess_mwh = session.excess_mwh
        self.spare_mwh = session.spare_mwh

    @property
    def energy_mwh(self) -> int:
        """What is billed of it so far."""
        return self.meter_mwh - self._before.start_meter_mwh - self.excess_mwh

    def session(self) -> Session:
        """Return the session as it is at its last reading."""
        return structs.replace(
            self._before,
            elapsed_s=self.elapsed_s,
            meter_mwh=self.meter_mwh,
            excess_mwh=self.excess_mwh,
            spare_mwh=self.spare_mwh,
        )

    def read(self, record: Meter | SupplyEnd) -> str:
        """Take in a reading; return what is not believed of it ("": nothing)."""
        elapsed_s, doubt = self._elapsed(record)
        # A register below an earlier reading is somebody else's business; here the highest counts.
        more_mwh = max(0, record.meter_mwh - self.meter_mwh)
        possible_mwh = self._possible(elapsed_s)
        beyond_mwh = 0 if possible_mwh is None else max(0, more_mwh - possible_mwh)
        if elapsed_s is not None and self._ago_s is not None and elapsed_s > self._ago_s:
            elapsed_s, doubt = max(self._ago_s, self.elapsed_s or 0), NOT_SO_LONG
        self.elapsed_s = elapsed_s
        self.meter_mwh += more_mwh
        self.excess_mwh += beyond_mwh
        self.spare_mwh = None if possible_mwh is None else possible_mwh - more_mwh + beyond_mwh
        if beyond_mwh:
            doubt = NOT_POSSIBLE
        if (over_mwh := self.energy_mwh - self._most_mwh) > 0:
            self.excess_mwh += over_mwh
            doubt = TOO_MUCH
        return doubt

    def _possible(self, elapsed_s: int | None) -> int | None:
        """Return how much more than at its last reading it may have had; None when nobody can say."""
        rounding_mwh = self._rounding_mwh
        if elapsed_s is not None:
            # What an interval leaves over is spent by the next one, but for no longer than seconds are rounded.
            spare_mwh = rounding_mwh if self.spare_mwh is None else min(self.spare_mwh, rounding_mwh)
            return spare_mwh + self._means.energy_mwh(elapsed_s - (self.elapsed_s or 0))
        if self._known_s is None:
            return None
        # Its records do not say when they were written: all of it lies between its authorisation and now.
        all_mwh = rounding_mwh + self._means.energy_mwh(self._known_s)
        return max(0, all_mwh - self.energy_mwh)

    def _elapsed(self, record: Meter | SupplyEnd) -> tuple[int | None, str]:
        if record.elapsed_s is UNSET:
            return self.elapsed_s, ""
        said_s, most_s = max(record.elapsed_s, self.elapsed_s or 0), self._most_s
        if most_s is None or said_s <= most_s:
            return said_s, ""
        return max(most_s, self.elapsed_s or 0), NOT_SO_LONG


def read(session: Session, record: Meter | SupplyEnd, means: Means, rules: Rules) -> tuple[Session, str]:
    """Return `session` at this reading, and what is not believed of that ("": nothing)."""
    believed = Believed(session, means, rules)
    doubt = believed.read(record)
    return believed.session(), doubt


def not_shown(session: Session, power_w: int, energy_mwh: int, means: Means, steady_s: float) -> str:
    """Return why live figures of `session` cannot be, or ""; they are shown at once, and never billed."""
    if power_w > means.most_power_w:
        return f"{power_w} W: more power than it has"
    most_mwh = session.most_mwh
    if session.authorised_s is not None:
        most_mwh = min(most_mwh, means.energy_mwh(steady_s - session.authorised_s + _ROUNDING_S))
    return f"{energy_mwh} mWh: more energy than can have flowed" if energy_mwh > most_mwh else ""


def within_limit(session: Session) -> Session:
    """Return `session` with no more energy than it was allowed."""
    over_mwh = session.energy_mwh - session.most_mwh
    return structs.replace(session, excess_mwh=session.excess_mwh + over_mwh) if over_mwh > 0 else session


def ended_at(session: Session, rules: Rules) -> datetime:
    """Return when `session` ended, if this is the last that is heard of it; never before it began."""
    if session.started_at is None:
        return max(session.authorised_at, rules.now)
    if session.elapsed_s is not None:
        return session.started_at + timedelta(seconds=session.elapsed_s)
    if session.started_s is not None:
        # Its engine does not say: it lasted for as long as Central heard of it.
        return session.started_at + timedelta(seconds=max(0.0, rules.steady_s - session.started_s))
    return max(session.started_at, rules.now)
