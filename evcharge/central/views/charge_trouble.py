"""What a driver's page says of a charge that does not go on as it should. Pure."""

from evcharge import labels
from evcharge.central.views.page_frames import Said
from evcharge.domain.charging_point import NO_LINK, ChargingPoint
from evcharge.domain.session import EndReason, Session, SessionState
from evcharge.labels.causes import cause, for_drivers
from evcharge.labels.driver import SENTENCES


def trouble(session: Session, point: ChargingPoint | None) -> Said | None:
    """Return why a charge is about to end that its driver did not end, or what of its point is lost; None: nothing."""
    if session.state is not SessionState.CHARGING or point is None:
        return None
    said = {lang: _sentence(session, point, lang) for lang in labels.PAGE_LANGUAGES}
    return Said(**said) if said["en"] else None


def _sentence(session: Session, point: ChargingPoint, lang: str) -> str:
    say = labels.Speech(SENTENCES, lang)
    ends, fault = session.stop_reason, point.fault
    if fault is None and point.engine_link is None:
        fault = NO_LINK
    if ends is not None and (fault is not None or ends is EndReason.FAULT):
        why = cause(for_drivers(fault), lang) if fault is not None else labels.reason(EndReason.FAULT, lang)
        return say("failed, so far", cp_id=point.cp_id, why=why)
    if ends is EndReason.DRIVER:
        return ""
    if ends is not None:
        why = labels.reason(ends, lang)
        return say("ends", why=why[:1].upper() + why[1:])
    if point.engine_link is None:
        return say("engine lost", cp_id=point.cp_id)
    return "" if point.monitor_heard else say("monitor lost", cp_id=point.cp_id)
