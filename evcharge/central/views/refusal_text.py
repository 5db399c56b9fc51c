"""Why a driver's request came to nothing, in both languages, for its page. Pure.

In English these are the sentences of the rules themselves; the others are made of their terms.
"""

from evcharge import labels
from evcharge.central.rules.charging import refusal_text
from evcharge.central.rules.replies import RequestStep
from evcharge.central.views.frames import Refusal
from evcharge.domain.errors import Code
from evcharge.domain.events import ConfirmationEnded, SessionRefused, StartRefused
from evcharge.domain.session import EndReason
from evcharge.labels.confirm import why as why_unconfirmed
from evcharge.labels.driver import SENTENCES

_BY_CODE = {
    Code.BALANCE: "no money",
    Code.NONE_AVAILABLE: "none available",
    Code.DRIVER_BUSY: "already charging",
}
_BY_CODE_AND_POINT = {
    Code.UNKNOWN_CP: "unknown point",
    Code.CP_BUSY: "busy point",
    Code.CP_OCCUPIED: "occupied point",
}
_BY_REASON = {
    EndReason.NOT_PLUGGED: "not plugged",
    EndReason.DRIVER: "stopped early",
    EndReason.NOT_STARTED: "not taken",
    EndReason.BUSY: "not taken",
    EndReason.LOST: "point lost",
}


def of_event(event: StartRefused | SessionRefused | ConfirmationEnded) -> Refusal:
    """Return the refusal that a stored event tells of."""
    if isinstance(event, ConfirmationEnded):
        names = {"driver_id": event.driver_id, "cp_id": event.cp_id}
        spanish = why_unconfirmed(event.code, event.text, event.reason, "es", **names)
        return Refusal(event.request_id, event.text, spanish)
    if isinstance(event, StartRefused):
        spanish = _spanish(event.code, event.text, event.cp_id or "", event.reason)
        return Refusal(event.request_id, event.text, spanish)
    text = refusal_text(event.cp_id, event.reason)
    return Refusal(event.request_id, text, _spanish(Code.CP_NOT_AVAILABLE, text, event.cp_id, event.reason))


def of_answer(answer: RequestStep) -> Refusal:
    """Return the refusal that Central answers to a request at once."""
    cp_id = answer.cp_id or ""
    if answer.code == Code.NONE_NEAR:
        say = labels.Speech(SENTENCES, "es")
        near = "none near, at" if answer.reason else "none near"
        return Refusal(answer.request_id, answer.text, say(near, cp_id=cp_id, location=answer.reason))
    spanish = _spanish(answer.code, answer.text, cp_id, "" if answer.status else answer.reason)
    return Refusal(answer.request_id, answer.text, spanish)


def _spanish(code: str, text: str, cp_id: str, reason: str) -> str:
    say = labels.Speech(SENTENCES, "es")
    if code in _BY_CODE:
        return say(_BY_CODE[Code(code)])
    if code == Code.PAUSE and reason:
        return say("pause", seconds=reason)
    if not cp_id:
        return labels.code(code, "es") if code in labels.CODES else text
    if code in _BY_CODE_AND_POINT:
        return say(_BY_CODE_AND_POINT[Code(code)], cp_id=cp_id)
    if code != Code.CP_NOT_AVAILABLE:
        return labels.code(code, "es")
    try:
        ended = EndReason(reason)
    except ValueError:
        return say("out of service", cp_id=cp_id)
    if ended in _BY_REASON:
        return say(_BY_REASON[ended], cp_id=cp_id)
    return say("out of service because", cp_id=cp_id, why=labels.reason(ended, "es"))
