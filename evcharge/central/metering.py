"""How much of what a charging point meters is believed. What is not becomes the session's excess. Pure."""

from dataclasses import replace

from evcharge.session import Session


def metered(session: Session, meter_mwh: int) -> Session:
    """Return `session` at this reading of the register, which is no lower than its last one."""
    return within_limit(replace(session, meter_mwh=meter_mwh))


def within_limit(session: Session) -> Session:
    """Return `session` with no more energy than it was allowed."""
    over_mwh = session.energy_mwh - session.most_mwh
    return replace(session, excess_mwh=session.excess_mwh + over_mwh) if over_mwh > 0 else session
