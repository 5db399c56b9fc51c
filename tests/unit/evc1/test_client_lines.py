"""What a charging point's programs say about Central and the Registry, and the wait for a credential."""

import logging

import pytest

from evcharge.cp import central_link
from evcharge.cp.central_link import LinkLines, PointCredential
from evcharge.domain.errors import AuthenticationError, Code, Overloaded
from evcharge.domain.ids import CpId
from evcharge.evc1.client import LinkState, Phase
from evcharge.evc1.connection import ChannelClosed, HandedOver
from evcharge.runtime.config import Config, ReachSettings

UNREACHABLE = ChannelClosed("cannot connect to CENTRAL at 10.0.0.1:9002: refused", Code.UNREACHABLE)
GOES_ON = " (the running charge goes on)"


def lines(caplog, *states: LinkState, lang: str = "en", consequence: str = "") -> list[str]:
    caplog.set_level(logging.INFO)
    teller = LinkLines(Config(reach=ReachSettings(central_host="10.0.0.1"), lang=lang))
    for state in states:
        teller.tell(state, consequence)
    return [entry.message for entry in caplog.records]


def test_the_first_connection_and_the_return_read_differently(caplog):
    assert lines(
        caplog,
        LinkState(Phase.CONNECTED),
        LinkState(Phase.LOST, ChannelClosed("CENTRAL hung up")),
        LinkState(Phase.CONNECTED),
    ) == [
        "connected to CENTRAL at 10.0.0.1:9002",
        "the link to CENTRAL at 10.0.0.1:9002 was lost: CENTRAL hung up",
        "Connected to Central again (CENTRAL at 10.0.0.1:9002)",
    ]


@pytest.mark.parametrize(
    ("lang", "over", "back"),
    [
        (
            "en",
            "CENTRAL at 10.0.0.6:9002 hands over to another one",
            "Connected to Central again (CENTRAL at 10.0.0.1:9002)",
        ),
        (
            "es",
            "CENTRAL en 10.0.0.6:9002 cede el mando a otra",
            "Conexión con Central restablecida (CENTRAL en 10.0.0.1:9002)",
        ),
    ],
)
def test_where_there_are_several_the_lines_say_which(caplog, lang, over, back):
    caplog.set_level(logging.INFO)
    reach = ReachSettings(central_host="10.0.0.1", other_centrals=["10.0.0.6:9002"])
    teller = LinkLines(Config(reach=reach, lang=lang))
    assert teller.where == "10.0.0.1:9002, 10.0.0.6:9002"
    teller.tell(LinkState(Phase.CONNECTED, where="10.0.0.6:9002"))
    assert teller.where == "10.0.0.6:9002"
    teller.tell(LinkState(Phase.LOST, HandedOver(("10.0.0.1:9002",)), "10.0.0.6:9002"))
    assert teller.where == "10.0.0.1:9002, 10.0.0.6:9002"
    teller.tell(LinkState(Phase.CONNECTED, where="10.0.0.1:9002"))
    assert [entry.message for entry in caplog.records[1:]] == [over, back]
    assert [entry.levelname for entry in caplog.records] == ["INFO"] * 3


@pytest.mark.parametrize(
    ("lang", "begins"),
    [
        ("en", "Cannot connect to CENTRAL at 10.0.0.1:9002: refused"),
        ("es", "Imposible conectar con CENTRAL en 10.0.0.1:9002: no se puede alcanzar"),
    ],
)
def test_a_central_that_is_away_is_said_in_the_words_the_teachers_look_for(caplog, lang, begins):
    assert lines(caplog, LinkState(Phase.WAITING, UNREACHABLE), lang=lang, consequence=GOES_ON) == [
        begins + GOES_ON
    ]


@pytest.mark.parametrize(
    ("lang", "lost", "back"),
    [
        (
            "en",
            "Cannot connect to CENTRAL at 10.0.0.1:9002: Registry not responding at https://r.",
            ["Registry responding again", "Connected to Central again (CENTRAL at 10.0.0.1:9002)"],
        ),
        (
            "es",
            "Imposible conectar con CENTRAL en 10.0.0.1:9002: Registry no responde",
            ["Registry responde de nuevo", "Conexión con Central restablecida (CENTRAL en 10.0.0.1:9002)"],
        ),
    ],
)
def test_a_registry_that_keeps_us_out_is_named_and_so_is_its_return(caplog, lang, lost, back):
    away = Overloaded("Registry not responding at https://r.", Code.UNREACHABLE)
    assert lines(caplog, LinkState(Phase.WAITING, away), LinkState(Phase.CONNECTED), lang=lang) == [
        lost,
        *back,
    ]


def test_a_ticket_that_cannot_be_renewed_is_said_with_its_end(caplog):
    caplog.set_level(logging.INFO)
    credential = PointCredential(Config(lang="es"), CpId("CP001"))
    noted: list[str | None] = []
    credential.on_registry = noted.append
    for problem in (
        None,
        Overloaded("Registry not responding at https://r.", Code.UNREACHABLE),
        None,
        AuthenticationError("CP001 is disabled.", Code.DISABLED),
    ):
        credential.tell_registry(problem)
    assert [entry.message for entry in caplog.records] == [
        "Registry no responde: no se puede alcanzar",
        "Registry responde de nuevo",
        "la credencial temporal no se puede renovar: dado de baja",
    ]
    assert noted == ["Registry no responde", None]


def test_what_the_registry_says_is_told_by_its_code_in_other_languages():
    away = Overloaded("Registry not responding at https://r.", Code.UNREACHABLE)
    assert (
        central_link.explained("Registry not responding", away, "en")
        == "Registry not responding at https://r."
    )
    busy = Overloaded("Too many wrong logins.", Code.SLOW)
    assert central_link.explained("Registry not responding", busy, "en") == (
        "Registry not responding: Too many wrong logins."
    )
    assert central_link.explained("Registry no responde", busy, "es") == (
        "Registry no responde: demasiado lento, o demasiados intentos"
    )


def test_a_login_that_was_refused_says_why(caplog):
    revoked = AuthenticationError("the key of CP001 was revoked", Code.REVOKED)
    assert lines(caplog, LinkState(Phase.WAITING, revoked), LinkState(Phase.LOST)) == [
        "Cannot connect to CENTRAL at 10.0.0.1:9002: the key of CP001 was revoked",
        "the link to CENTRAL at 10.0.0.1:9002 was lost: it ended",
    ]


async def test_a_charging_point_that_is_not_registered_yet_waits_for_the_registry(caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    answers = [Overloaded("the Registry does not answer", Code.UNREACHABLE, 0.01)] * 2

    async def own_secret(*_, **__) -> str:
        if answers:
            raise answers.pop()
        return "a secret"

    monkeypatch.setattr("evcharge.cp.central_link.registry_client.own_secret", own_secret)
    monkeypatch.setattr(central_link, "Backoff", lambda first_s: _NoBackoff())
    assert await PointCredential(Config(), CpId("CP001")).find() == "a secret"
    assert [entry.message for entry in caplog.records] == [
        "Registry not responding: the Registry does not answer",
        "Registry responding again",
    ]


class _NoBackoff:
    def next_s(self, at_least_s: float) -> float:
        return at_least_s
