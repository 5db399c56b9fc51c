"""Exercise "message": a driver asks for the price of a charging point before it starts."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from evcharge.central.peers.driver import DriverTalk
from evcharge.central.rules.facts import Facts
from evcharge.domain.charging_point import ChargingPoint
from evcharge.domain.errors import BadInput, ProtocolError
from evcharge.domain.features import SPOKEN
from evcharge.domain.ids import CpId, Role
from evcharge.driver.conversation import Conversation
from evcharge.driver.line_mode import obey_line
from evcharge.driver.lines import LineCutter
from evcharge.driver.prompt import parse
from evcharge.driver.words import Words
from evcharge.evc1 import messages as m

Named = Callable[[str, str], Any]
MESSAGES = "evcharge.evc1.messages"


@pytest.fixture
def ask(named: Named) -> Any:
    return named(MESSAGES, "AskPrice")


@pytest.fixture
def told(named: Named) -> Any:
    return named(MESSAGES, "PriceTold")


def test_both_travel_as_the_protocol_says(ask: Any, told: Any):
    for message, json in (
        (ask(cp_id="CP001"), b'{"n":7,"m":{"t":"ASK_PRICE","cp_id":"CP001"}}'),
        (told(cp_id="CP001", price=3_500), b'{"n":7,"m":{"t":"PRICE","cp_id":"CP001","price":3500}}'),
        (told(cp_id="CP009", price=None), b'{"n":7,"m":{"t":"PRICE","cp_id":"CP009","price":null}}'),
    ):
        assert m.encode(7, message) == json
        assert m.decode(json).m == message


def test_only_a_driver_asks_and_only_central_tells(ask: Any, told: Any):
    m.check_sender(ask(cp_id="CP001"), Role.DRIVER)
    m.check_sender(told(cp_id="CP001", price=1), Role.CENTRAL)
    for message, role in ((ask(cp_id="CP001"), Role.ENGINE), (told(cp_id="CP001", price=1), Role.DRIVER)):
        with pytest.raises(ProtocolError):
            m.check_sender(message, role)


def test_what_is_no_charging_point_or_no_price_is_stopped_at_the_door(ask: Any):
    assert ask
    for raw in (b'{"t":"ASK_PRICE","cp_id":"no such id"}', b'{"t":"PRICE","cp_id":"CP001","price":-1}'):
        with pytest.raises(ProtocolError):
            m.decode(b'{"n":1,"m":%b}' % raw)


def test_an_older_release_is_not_asked(ask: Any):
    assert ask.feature in SPOKEN
    driver = talk()
    driver.connected(SPOKEN - {ask.feature})
    assert driver.ask(ask(cp_id="CP001")).messages == ()


def test_central_tells_the_price_of_a_point_that_is_there(ask: Any, told: Any):
    facts = Facts()
    facts.put(ChargingPoint(cp_id=CpId("CP001"), price_centi_cents_per_kwh=3_500))
    facts.put(ChargingPoint(cp_id=CpId("CP002"), price_centi_cents_per_kwh=9_900, withdrawn=True))
    # Nothing but its facts is asked.
    link, dispatcher = MagicMock(), MagicMock(facts=facts)
    link.identity.id, link.identity.role = "D01", Role.DRIVER
    central = DriverTalk(link, dispatcher, MagicMock(), MagicMock())

    def answer(cp_id: str) -> object:
        return asyncio.run(central._answer(ask(cp_id=cp_id)))  # noqa: SLF001  where it answers

    assert answer("CP001") == told(cp_id="CP001", price=3_500)
    for nobody in ("CP002", "CP003"):
        assert answer(nobody) == told(cp_id=nobody, price=None)


def talk(lang: str = "en") -> Conversation:
    found = Conversation("D01", "127.0.0.1:9002", 60, lambda: "R-00000001", (), Words(lang))
    found.connected()
    return found


@pytest.mark.parametrize(("lang", "price"), [("en", "0.35 €/kWh"), ("es", "0,35 €/kWh")])
def test_the_driver_reads_it_in_its_own_language(ask: Any, told: Any, lang: str, price: str):
    driver = talk(lang)
    assert driver.ask(ask(cp_id="CP001")).messages == (ask(cp_id="CP001"),)
    assert driver.busy
    (line,) = driver.hear(told(cp_id="CP001", price=3_500)).lines
    assert "CP001" in line
    assert price in line
    assert not driver.busy
    (line,) = driver.hear(told(cp_id="CP009", price=None)).lines
    assert "CP009" in line


def test_it_is_typed_as_price_and_the_name_of_a_point(ask: Any):
    driver = talk()
    sent: list[object] = []
    desk: Any = SimpleNamespace(
        words=Words("en"),
        conversation=driver,
        show=sent.append,
        carry_out=lambda it: sent.extend(it.messages),
    )
    for line in LineCutter().feed(b"price cp001\n"):
        assert obey_line(desk, line)
    assert sent == [ask(cp_id="CP001")]
    for wrong in ("price", "price no such point"):
        with pytest.raises(BadInput):
            parse(wrong)
    assert any(line.startswith("price ") for line in Words("en").help())
