"""What it costs to ask and never to plug in: a few times are forgiven, each further one makes a longer pause. Pure.

They are counted per driver, in memory; a charge that begins forgives them all.
"""

from dataclasses import replace
from datetime import timedelta

from evcharge.central.ruling import Rules
from evcharge.central.state import Driver
from evcharge.session import EndReason, Session

# A cable that does not fit, the wrong bay: so many in a row are nobody's ill will.
FREE = 2
MOST_PAUSE_S = 3600
FORGOTTEN_AFTER = timedelta(days=1)


def after_refusal(driver: Driver, session: Session, reason: EndReason, rules: Rules) -> Driver:
    """Return `driver` after its `session` came to nothing: one more lapse if it kept the charging point from others."""
    held = rules.now - session.authorised_at
    # Whoever stops just before the time is over keeps others away, too.
    kept = reason is EndReason.DRIVER and held >= timedelta(seconds=session.plug_within_s / 2)
    if reason is not EndReason.NOT_PLUGGED and not kept:
        return driver
    return replace(driver, lapses=_lapses(driver, rules) + 1, lapsed_at=rules.now)


def forgiven(driver: Driver) -> Driver:
    """Return `driver` after it plugged in."""
    return replace(driver, lapses=0, lapsed_at=None) if driver.lapses else driver


def pause_left_s(driver: Driver, rules: Rules) -> int:
    """Return how many seconds `driver` must wait until its next request is granted; 0 when it need not."""
    costly = _lapses(driver, rules) - FREE
    if costly <= 0 or driver.lapsed_at is None:
        return 0
    pause_s = min(rules.unplugged_pause_s * 2 ** min(costly - 1, 12), MOST_PAUSE_S)
    waited_s = int((rules.now - driver.lapsed_at).total_seconds())
    # A clock that was set back must not make anybody wait for longer.
    return max(0, pause_s - waited_s) if waited_s >= 0 else 0


def _lapses(driver: Driver, rules: Rules) -> int:
    forgotten = driver.lapsed_at is None or rules.now - driver.lapsed_at > FORGOTTEN_AFTER
    return 0 if forgotten else driver.lapses
