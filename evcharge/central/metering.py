"""What a charging point says of a charge, and how much of it is believed: its times and its energy. Pure.

Times: the engine carries Central's own instant of authorisation on by its steady clock. So a record that arrives late
tells when it was written, and no clock that is set changes a length. Energy that is not believed becomes the session's
excess.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from msgspec import UNSET

from evcharge.central.ruling import Rules
from evcharge.messages import Meter, SupplyEnd, SupplyStart
from evcharge.session import Session, SessionState

NOT_THEN = "began at a time that cannot be"
NOT_SO_LONG = "lasts longer than its session"
TOO_MUCH = "more energy than was allowed; billed to the limit"
# Two steady clocks may differ by a hundredth, and a letter may take so long.
_DRIFT_PERCENT, _SLACK_S = 1, 10


def begun(session: Session, record: SupplyStart, rules: Rules) -> tuple[Session, str]:
    """Return `session` as it began, and what is not believed of that ("": nothing)."""
    heard_at = max(session.authorised_at, rules.now)
    started_at, doubt = heard_at, ""
    if record.began_at is not UNSET:
        said = datetime.fromtimestamp(record.began_at, UTC)
        last = session.authorised_at + timedelta(seconds=session.plug_within_s + _SLACK_S)
        started_at = min(max(said, session.authorised_at), last)
        doubt = "" if started_at == said else NOT_THEN
    begun = replace(
        session,
        state=SessionState.CHARGING,
        start_meter_mwh=record.meter_mwh,
        meter_mwh=record.meter_mwh,
        started_at=started_at,
        elapsed_s=None if record.began_at is UNSET else 0,
        started_s=rules.steady_s,
    )
    return begun, doubt


def read(session: Session, record: Meter | SupplyEnd, rules: Rules) -> tuple[Session, str]:
    """Return `session` at this reading, and what is not believed of that ("": nothing)."""
    elapsed_s, doubt = _elapsed(session, record, rules)
    # A register below an earlier reading is somebody else's business; here the highest counts.
    meter_mwh = max(record.meter_mwh, session.meter_mwh)
    after = within_limit(replace(session, elapsed_s=elapsed_s, meter_mwh=meter_mwh))
    return after, TOO_MUCH if after.excess_mwh > session.excess_mwh else doubt


def within_limit(session: Session) -> Session:
    """Return `session` with no more energy than it was allowed."""
    over_mwh = session.energy_mwh - session.most_mwh
    return replace(session, excess_mwh=session.excess_mwh + over_mwh) if over_mwh > 0 else session


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


def _elapsed(session: Session, record: Meter | SupplyEnd, rules: Rules) -> tuple[int | None, str]:
    if record.elapsed_s is UNSET:
        return session.elapsed_s, ""
    said_s = max(record.elapsed_s, session.elapsed_s or 0)
    if session.authorised_s is None:
        return said_s, ""
    known_s = rules.steady_s - session.authorised_s
    most_s = int(known_s * (100 + _DRIFT_PERCENT) / 100) + _SLACK_S
    return (said_s, "") if said_s <= most_s else (max(most_s, session.elapsed_s or 0), NOT_SO_LONG)
