"""What stands in a driver's way, from its begin to its end."""

import pytest

from evcharge.driver.fault_notes import FaultNotes
from evcharge.driver.words import Words
from evcharge.evc1.messages import ErrorNotice, Heartbeat, Notice, Progress, TicketIssued

FAILED = Notice(code="FAULT", text="CP001 failed (x); 1.000 kWh so far; final ticket follows.", cp_id="CP001")
TICKET = TicketIssued(
    session_id="S-D01-CP001-0001",
    request_id="request-1",
    cp_id="CP001",
    energy_mwh=1,
    cost_cents=0,
    price=2500,
    reason="fault",
    started_at=1.0,
    ended_at=2.0,
    estimated=False,
)
FULL = ErrorNotice(code="E_STORAGE", text="Central cannot store new charges (disk full). Try again later.")


def fault_notes(lang: str = "en") -> FaultNotes:
    return FaultNotes(Words(lang))


def lost(code: str, text: str = "A sentence.") -> Notice:
    return Notice(code=code, text=text, cp_id="CP001")


def test_a_failed_charge_is_over_with_its_ticket():
    found = fault_notes()
    assert found.hear(FAILED) == ((), (("point", FAILED.text),))
    assert found.hear(Heartbeat()) == ((), ())
    assert found.hear(TICKET) == ((), (("point", None),))
    assert found.hear(TICKET) == ((), ())


@pytest.mark.parametrize(
    ("begin", "end", "source"),
    [("ENGINE_LOST", "ENGINE_BACK", "engine"), ("MONITOR_LOST", "MONITOR_BACK", "monitor")],
)
def test_a_lost_part_is_over_when_it_is_back_or_with_the_charge(begin: str, end: str, source: str):
    found = fault_notes()
    assert not found.is_news(lost(end))
    assert found.hear(lost(end)) == ((), ())
    assert found.is_news(lost(begin))
    assert found.hear(lost(begin))[1] == ((source, "A sentence."),)
    assert found.is_news(lost(end))
    assert found.hear(lost(end))[1] == ((source, None),)
    found.hear(lost(begin))
    assert found.hear(Progress(request_id="request-1", step="REFUSED"))[1] == ((source, None),)


def test_what_central_could_not_store_is_over_when_a_request_goes_on():
    found = fault_notes()
    assert found.hear(FULL) == ((), (("storage", FULL.text),))
    going_on = Progress(request_id="request-1", step="ASKING")
    assert found.hear(going_on) == (("CENTRAL stores again.",), (("storage", None),))
    assert found.hear(going_on) == ((), ())


def test_other_languages_say_it_from_the_code():
    found = fault_notes("es")
    assert found.hear(FULL)[1] == (("storage", "ahora no se pueden guardar datos"),)
    assert found.hear(lost("MONITOR_LOST"))[1] == (
        ("monitor", "El monitor de CP001 no responde; su recarga continúa hasta el final."),
    )
