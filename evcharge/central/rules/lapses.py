"""What it costs to ask and never to plug in: a few times are forgiven, each further one makes a longer pause. Pure.

They are counted per driver, in memory; a charge that begins forgives them all.
"""

from dataclasses import replace

from evcharge.central.rules.facts import Driver
from evcharge.central.rules.settings import Rules
from evcharge.domain.session import EndReason, Session

# A cable that does not fit, the wrong bay: so many in a row are nobody's ill will.
FREE = 2
MOST_PAUSE_S = 3600
FORGOTTEN_AFTER_S = 86_400


def after_refusal(driver: Driver, session: Session, reason: EndReason, rules: Rules) -> Driver:
    """Return `driver` after its `session` came to nothing: one more lapse if it kept the charging point from others."""
    held_s = rules.steady_s - session.authorised_s if session.authorised_s is not None else 0.0
    # Stopping just before the time is over keeps others away, too.
    kept = reason is EndReason.DRIVER and held_s >= session.plug_within_s / 2
    if reason is not EndReason.NOT_PLUGGED and not kept:
        return driver
    return replace(driver, lapses=_lapses(driver, rules) + 1, lapsed_s=rules.steady_s)


def forgiven(driver: Driver) -> Driver:
    """Return `driver` after it plugged in."""
    return replace(driver, lapses=0, lapsed_s=None) if driver.lapses else driver


def pause_left_s(driver: Driver, rules: Rules) -> int:
    """Return how many seconds `driver` must wait until its next request is granted; 0 when it need not."""
    costly = _lapses(driver, rules) - FREE
    if costly <= 0 or driver.lapsed_s is None:
        return 0
    pause_s: int = min(rules.unplugged_pause_s * 2 ** min(costly - 1, 12), MOST_PAUSE_S)
    return max(0, pause_s - int(rules.steady_s - driver.lapsed_s))


def _lapses(driver: Driver, rules: Rules) -> int:
    forgotten = driver.lapsed_s is None or rules.steady_s - driver.lapsed_s > FORGOTTEN_AFTER_S
    return 0 if forgotten else driver.lapses
