"""What was refused at the door: one audit row at once, then one a minute per source and kind."""

import logging
import re

import pytest

from evcharge.central.peers.refusal_log import _MOST_KINDS, UNKNOWN, Refusals
from evcharge.central.rules.commands import Note
from evcharge.domain.errors import AuthenticationError, Code, ProtocolError
from evcharge.domain.events import CentralStopped, DriverConnected, InputRefused, LoginRefused, MonitorSpoke
from evcharge.domain.ids import Role
from evcharge.runtime.logs import TextFormatter

NO_PROOF = AuthenticationError("no proof")
BAD_SEQ = ProtocolError("row " + "x" * 300, Code.SEQ)


@pytest.fixture
def posted() -> list[Note]:
    return []


@pytest.fixture
def refusals(posted: list[Note]) -> Refusals:
    return Refusals(posted.append)


def test_a_failed_login_is_noted_at_once(refusals: Refusals, posted: list[Note]):
    refusals.login("CP001", Role.ENGINE, "10.0.0.7:50512", NO_PROOF)
    (note,) = posted
    assert note.event == LoginRefused(claimed="CP001", code="E_PROOF", text="no proof", role="engine")
    assert (note.by.id, note.by.role, note.by.address) == ("unknown", Role.UNKNOWN, "10.0.0.7:50512")


@pytest.mark.parametrize("kind", ["login", "input"])
def test_whoever_only_claims_to_be_somebody_is_a_parameter_and_not_the_actor(
    refusals: Refusals, posted: list[Note], kind: str
):
    tell = refusals.login if kind == "login" else refusals.input
    for number, proven in enumerate((False, True)):
        tell(f"CP00{number}", Role.ENGINE, "10.0.0.7:50512", NO_PROOF, proven=proven)
    claimed, proved = posted
    assert (claimed.by.id, claimed.by.role) == ("unknown", Role.UNKNOWN)
    assert (proved.by.id, proved.by.role) == ("CP001", Role.ENGINE)
    assert "CP000" in str(claimed.event)


def test_somebody_who_names_nobody_is_unknown(refusals: Refusals, posted: list[Note]):
    refusals.login("", None, "10.0.0.7:50512", NO_PROOF)
    assert (posted[0].by.id, posted[0].by.role) == (UNKNOWN, Role.UNKNOWN)


def test_bad_input_of_a_known_peer_is_noted_in_short(refusals: Refusals, posted: list[Note]):
    refusals.input("CP001", Role.ENGINE, "10.0.0.7:50512", BAD_SEQ)
    event = posted[0].event
    assert isinstance(event, InputRefused)
    assert (event.code, len(event.text), event.times) == ("E_SEQ", 200, 1)


def test_repeats_from_one_host_are_counted_and_written_once_a_minute(refusals: Refusals, posted: list[Note]):
    for port in range(5):
        refusals.login("CP001", Role.ENGINE, f"10.0.0.7:{port}", NO_PROOF)
    assert len(posted) == 1
    refusals.flush()
    assert [note.event.times for note in posted] == [1, 4]
    refusals.flush()
    assert len(posted) == 2


def test_each_topic_of_kafka_is_a_source_of_its_own(refusals: Refusals, posted: list[Note]):
    for topic in ("cp-telemetry", "central-commands", "central-commands"):
        refusals.input("CP001", Role.ENGINE, f"kafka:{topic}", BAD_SEQ, proven=False)
    assert [note.by.address for note in posted] == ["kafka:cp-telemetry", "kafka:central-commands"]


@pytest.mark.parametrize(
    "other",
    [
        ("CP002", "10.0.0.7:1", NO_PROOF),
        ("CP001", "10.0.0.8:1", NO_PROOF),
        ("CP001", "10.0.0.7:1", BAD_SEQ),
    ],
)
def test_another_name_host_or_kind_is_noted_by_itself(refusals: Refusals, posted: list[Note], other):
    refusals.login("CP001", Role.ENGINE, "10.0.0.7:1", NO_PROOF)
    claimed, address, problem = other
    refusals.login(claimed, Role.ENGINE, address, problem)
    assert len(posted) == 2


def test_a_login_and_an_input_of_one_kind_are_two_things(refusals: Refusals, posted: list[Note]):
    refusals.login("CP001", Role.ENGINE, "10.0.0.7:1", BAD_SEQ)
    refusals.input("CP001", Role.ENGINE, "10.0.0.7:1", BAD_SEQ)
    assert [type(note.event) for note in posted] == [LoginRefused, InputRefused]


def test_a_flood_from_many_addresses_fills_neither_memory_nor_the_books(
    refusals: Refusals, posted: list[Note]
):
    for number in range(_MOST_KINDS + 1_000):
        refusals.login("CP001", Role.ENGINE, f"10.{number // 256}.{number % 256}.1:1", NO_PROOF)
    assert len(posted) == _MOST_KINDS + 1
    assert len(refusals._repeats) == _MOST_KINDS + 1
    refusals.flush()
    assert posted[-1].event.times == 999
    refusals.login("CP001", Role.ENGINE, "10.0.0.1:1", NO_PROOF)
    assert len(posted) == _MOST_KINDS + 3


def said(caplog: pytest.LogCaptureFixture, lang: str = "en") -> list[str]:
    formatter = TextFormatter(lang=lang)
    return [
        re.sub(r"^[0-9:]+ ((warning|aviso): )?", "", formatter.format(record)) for record in caplog.records
    ]


@pytest.mark.parametrize(
    ("lang", "lost", "back"),
    [
        (
            "en",
            "Unable to connect to CP001. Messages not comprehensible. (10.0.0.7:1: E_CRYPTO)",
            "CP001 connected again. Messages comprehensible.",
        ),
        (
            "es",
            "Imposible conectar con CP001. Mensajes no comprensibles. (10.0.0.7:1: E_CRYPTO)",
            "CP001 conectado de nuevo. Mensajes comprensibles.",
        ),
    ],
)
def test_a_wrong_key_and_its_end_are_told_in_the_courses_words(
    caplog: pytest.LogCaptureFixture, lang: str, lost: str, back: str
):
    caplog.set_level(logging.INFO, "evcharge.central.peers.refusal_log")
    refusals = Refusals(lambda _: None)
    refusals.on_event(MonitorSpoke(cp_id="CP001"))
    refusals.input("CP001", Role.ENGINE, "10.0.0.7:1", ProtocolError("wrong token", Code.CRYPTO))
    refusals.on_event(DriverConnected(driver_id="D01", link=1))
    refusals.on_event(CentralStopped())
    for _ in range(2):
        refusals.on_event(MonitorSpoke(cp_id="CP001"))
    assert said(caplog, lang) == [lost, back]


def test_other_refusals_are_told_in_the_language_of_the_screen(caplog: pytest.LogCaptureFixture):
    refused = AuthenticationError("its keys were revoked", Code.REVOKED)
    Refusals(lambda _: None).login("CP001", Role.ENGINE, "10.0.0.7:1", refused)
    assert said(caplog) == ["refused CP001 from 10.0.0.7:1: E_REVOKED its keys were revoked"]
    assert said(caplog, "es") == ["rechazado CP001 desde 10.0.0.7:1: E_REVOKED clave revocada"]


NO_TICKET = AuthenticationError("the ticket was not made under a key that is known here", Code.TICKET)


def test_a_name_without_a_ticket_is_worth_a_sentence_and_made_up_ones_fill_no_books(
    refusals: Refusals, posted: list[Note], caplog: pytest.LogCaptureFixture
):
    for number in range(500):
        refusals.login(f"CP{number:03}", Role.ENGINE, f"10.0.0.7:{number + 1}", NO_TICKET)
    assert [note.event.claimed for note in posted][-2:] == ["CP063", ""]
    assert len(posted) == 65
    first, *_, last = said(caplog)
    assert first.startswith("Unable to connect to CP000. Messages not comprehensible.")
    assert last.startswith("Unable to connect to 10.0.0.7. Messages not comprehensible.")
    refusals.flush()
    refusals.login("CP001", Role.ENGINE, "10.0.0.7:1", NO_TICKET)
    assert posted[-1].event.claimed == "CP001"
