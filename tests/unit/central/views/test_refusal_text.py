"""Every refusal has a sentence in both languages."""

import pytest

from evcharge.central.rules.replies import RequestStep
from evcharge.central.views import refusal_text
from evcharge.domain import events
from evcharge.domain.errors import Code
from evcharge.domain.session import EndReason


def refused(code: str, cp_id: str | None = "CP001", text: str = "No.") -> events.StartRefused:
    return events.StartRefused(driver_id="D01", request_id="R-00000001", cp_id=cp_id, code=code, text=text)


@pytest.mark.parametrize(
    ("code", "cp_id", "spanish"),
    [
        (Code.BALANCE, "CP001", "Saldo insuficiente: recárguelo antes."),
        (Code.NONE_AVAILABLE, None, "Ningún punto de recarga disponible en este momento."),
        (Code.DRIVER_BUSY, "CP001", "Ya tiene una recarga en curso: párela antes."),
        (Code.UNKNOWN_CP, "CP404", "CP404 no existe. Con `list` verá los que hay."),
        (Code.CP_BUSY, "CP001", "CP001 está ocupado con otra recarga."),
        (Code.CP_NOT_AVAILABLE, "CP001", "CP001 no disponible. CP fuera de servicio."),
        (Code.DRIVER_BLOCKED, None, "conductor bloqueado"),
        (Code.DRIVER_BLOCKED, "CP001", "conductor bloqueado"),
        ("E_NEWER", None, "No."),
    ],
)
def test_a_request_that_was_refused_at_once(code: str, cp_id: str | None, spanish: str):
    refusal = refusal_text.of_event(refused(code, cp_id))
    assert (refusal.request_id, refusal.en, refusal.es) == ("R-00000001", "No.", spanish)
    answer = RequestStep(request_id="R-00000001", step="REFUSED", cp_id=cp_id, code=code, text="No.")
    assert refusal_text.of_answer(answer) == refusal


@pytest.mark.parametrize("reason", list(EndReason))
def test_a_charging_point_that_did_not_take_it(reason: EndReason):
    refusal = refusal_text.of_event(
        events.SessionRefused(
            session_id="S-00000001", request_id="R-00000001", cp_id="CP001", driver_id="D01", reason=reason
        )
    )
    assert refusal.en.startswith("CP001")
    assert "CP001" in refusal.es
    assert refusal.en != refusal.es


def test_the_status_of_a_point_is_no_reason_of_a_session():
    # "operator" is the name of a hold here: the point was out of service, nobody stopped anything.
    answer = RequestStep(
        request_id="R-00000001",
        step="REFUSED",
        cp_id="CP001",
        code=Code.CP_NOT_AVAILABLE,
        text="CP001 not available.",
        status="Unavailable",
        reason="driver",
    )
    assert refusal_text.of_answer(answer).es == "CP001 no disponible. CP fuera de servicio."
