"""The course of a charge: readings of it, evenly spread over its time, and never more than MOST of one session. Pure.

A reading is kept when it is the first of its stretch of time. The longer a charge lasts, the longer its stretches:
whenever they would become too many, each two become one. What has flowed between two readings is what the bill counts.
"""

from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import MeterReading
from evcharge.domain.journal_records import Meter, SupplyEnd, SupplyStart, known
from evcharge.domain.session import Session, SessionState

# Without the last one, which is always kept.
MOST = 120


def stretch_s(elapsed_s: int) -> int:
    """Return how long each stretch is of a charge that has lasted so long, in whole seconds."""
    return 1 << max(0, (elapsed_s // MOST).bit_length())


def is_due(earlier_s: int | None, elapsed_s: int) -> bool:
    """Return whether a reading of a running charge, with one before it, is the first of its stretch."""
    stretch = stretch_s(elapsed_s)
    return earlier_s is None or earlier_s // stretch != elapsed_s // stretch


def thinning_s(earlier_s: int | None, elapsed_s: int) -> int:
    """Return how long stretches have become since the last reading that is kept; 0: they are as they were."""
    stretch = stretch_s(elapsed_s)
    return stretch if earlier_s is not None and stretch > stretch_s(earlier_s) else 0


def follow(
    draft: Draft,
    before: Session,
    after: Session,
    record: SupplyStart | Meter | SupplyEnd | None,
    *,
    ends: bool = False,
) -> None:
    """Keep the reading of `after`, which `record` told, if it is the first of its stretch, or the last of all."""
    earlier_s = before.elapsed_s if before.state is after.state else None
    if after.elapsed_s is None or not (ends or is_due(earlier_s, after.elapsed_s)):
        return
    # With the reading at which a session was closed, and which is none of the even ones, they would be too many.
    was_closed = ends and before.state is not SessionState.CHARGING
    thinned = stretch_s(after.elapsed_s) if was_closed else thinning_s(earlier_s, after.elapsed_s)
    keep(draft, after, record, after.elapsed_s, after.energy_mwh, thinned)


def keep(
    draft: Draft,
    session: Session,
    record: SupplyStart | Meter | SupplyEnd | None,
    elapsed_s: int,
    energy_mwh: int,
    thinned_to_s: int,
) -> None:
    """Keep a reading of `session`, and of those before it one in `thinned_to_s` seconds (0: all of them)."""
    draft.put(
        MeterReading(
            session_id=session.session_id,
            elapsed_s=elapsed_s,
            energy_mwh=energy_mwh,
            # Nothing was told: it was as fast as before, and what is kept of that second stays.
            speed_permille=draft.existing_point(session.cp_id).speed_permille if record is not None else 0,
            battery_permille=known(record.battery_permille) if record is not None else None,
            thinned_to_s=thinned_to_s,
        )
    )
