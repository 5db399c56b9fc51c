"""Why a request or an order came to nothing, as Central says it: to peers, pages, terminals, the log, and Kafka. Pure.

The rules give a code and facts, `labels.refusals` and `labels.command_refusals` have the words. What an
older Central stored has a sentence instead.
"""

from collections.abc import Callable
from typing import Any

from evcharge import labels
from evcharge.central.rules.replies import RequestStep
from evcharge.central.views.page_frames import Refusal
from evcharge.domain.errors import Code
from evcharge.domain.events import (
    ConfirmationEnded,
    OrderRefused,
    SessionRefused,
    StartRefused,
    stored,
    stored_fields,
)
from evcharge.domain.ids import RequestId
from evcharge.domain.refusals import RefusalFacts
from evcharge.labels import DEFAULT_LANGUAGE, command_refusals, refusals

# What a driver is told must fit a message: a fault of 200 characters may be quoted in it.
_MOST_CHARS = 200

_WITH_A_TEXT = ("StartRefused", "ConfirmationEnded", "OrderRefused")

RefusedEvent = StartRefused | SessionRefused | ConfirmationEnded


def of_event(event: RefusedEvent) -> Refusal:
    """Return the refusal that a stored event tells of, for a page."""
    return _in_each(event.request_id, lambda lang: in_words(event, lang))


def of_answer(answer: RequestStep) -> Refusal:
    """Return the refusal that Central answers to a request at once, for a page."""
    return _in_each(answer.request_id, lambda lang: answered(answer, lang))


def in_words(event: RefusedEvent, lang: str) -> str:
    """Return why the request was refused that a stored event tells of."""
    if isinstance(event, SessionRefused):
        code, text, facts = str(Code.CP_NOT_AVAILABLE), "", RefusalFacts(reason=event.reason)
    else:
        code, text, facts = event.code, event.text, event.facts or RefusalFacts(reason=event.reason)
    return _worded(code, text, lang, facts, event.driver_id, event.cp_id)


def of_order(event: OrderRefused, lang: str) -> str:
    """Return why an order that came over Kafka was refused."""
    said = command_refusals.refusal(event.why, event.facts or {}, lang)
    return said or labels.says(event.code, event.text, lang)


def answered(answer: RequestStep, lang: str) -> str:
    """Return why a request was refused that is answered at once."""
    return _worded(answer.code, "", lang, answer.facts, answer.driver_id, answer.cp_id)


def fields_in_words(kind: str, data: str) -> dict[str, Any]:
    """Return the fields of a stored event as programs read them: those of a refusal with its English sentence."""
    fields = stored_fields(data)
    if kind in _WITH_A_TEXT and not fields.get("text"):
        event = stored(0, kind, data)
        if isinstance(event, StartRefused | ConfirmationEnded):
            fields["text"] = in_words(event, DEFAULT_LANGUAGE)
        elif isinstance(event, OrderRefused):
            fields["text"] = of_order(event, DEFAULT_LANGUAGE)
    return fields


def _worded(
    code: str, text: str, lang: str, facts: RefusalFacts, driver_id: str | None, cp_id: str | None
) -> str:
    said = refusals.heard(code, text, lang, facts, driver_id=driver_id or "", cp_id=cp_id or "")
    return said[:_MOST_CHARS]


def _in_each(request_id: RequestId, words: Callable[[str], str]) -> Refusal:
    return Refusal(request_id=request_id, **{lang: words(lang) for lang in labels.PAGE_LANGUAGES})
