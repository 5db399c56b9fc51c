"""A driver's id is typed at a real engine's link: a real Central asks that driver over its own."""

import contextlib
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from evcharge.central import app
from evcharge.central.peers.consents import Consents
from evcharge.domain.errors import Code
from evcharge.evc1 import handshake, messages
from tests.component.town import FakeDriver, FakeEngine, Town, hear, running
from tests.still_time import still


@pytest.fixture(autouse=True)
def _steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's wait passes by itself."""
    still(monkeypatch, app)


@pytest.fixture
async def town(tmp_path: Path):
    async with running(tmp_path) as town:
        yield town


def types(engine: FakeEngine, driver_id: str = "D01", pin: str | None = None) -> str:
    """Type an id at the menu; return the request id."""
    request_id = secrets.token_hex(8)
    more = {} if pin is None else {"pin": pin}
    engine.channel.send(messages.ManualStart(request_id=request_id, driver_id=driver_id, **more))
    return request_id


async def refused(engine: FakeEngine, driver_id: str = "D01", pin: str | None = None) -> messages.Progress:
    request_id = types(engine, driver_id, pin)
    answer = await hear(engine.channel, messages.Progress)
    assert (answer.request_id, answer.step) == (request_id, "REFUSED")
    return answer


def says(driver: FakeDriver, question: messages.ConfirmStart, *, yes: bool) -> None:
    driver.channel.send(messages.AnswerStart(request_id=question.request_id, yes=yes))


async def has_pin(driver: FakeDriver, pin: str = "4711", cents: int = 500) -> None:
    driver.channel.send(messages.SetPin(pin=pin, limit_cents=cents))
    assert (await hear(driver.channel, messages.PinState)).limit_cents == cents


@contextlib.contextmanager
def of_an_old_release() -> Iterator[None]:
    """Whoever logs in meanwhile knows nothing of what has been added since the first release."""
    with mock.patch.object(handshake, "SPOKEN", frozenset()):
        yield


async def wallet(driver: FakeDriver) -> tuple[int, int]:
    driver.channel.send(messages.AskBalance())
    money = await hear(driver.channel, messages.Balance)
    return money.balance_cents, money.held_cents


async def test_nothing_is_held_or_started_before_the_driver_says_yes(town: Town):
    engine, driver = await town.point(), await town.driver()
    request_id = types(engine)
    waits = await hear(engine.channel, messages.Confirming)
    assert (waits.request_id, waits.driver_id, waits.within_s) == (request_id, "D01", 30)
    question = await hear(driver.channel, messages.ConfirmStart)
    assert (question.cp_id, question.location, question.hold_cents) == ("CP001", "Berlin", 2_000)
    assert await wallet(driver) == (2_000, 0)
    says(driver, question, yes=True)
    assert (await driver.step("ASKING")).request_id == request_id
    granted = await hear(engine.channel, messages.Progress)
    assert (granted.request_id, granted.step) == (request_id, "ASKING")
    assert (await engine.is_asked()).request_id == request_id
    assert await wallet(driver) == (0, 2_000)
    await engine.journals(engine.starts(), engine.meters(1_000_000), engine.ends())
    assert (await driver.ticket()).cost_cents == 25


@pytest.mark.parametrize(
    ("says_no", "within_s", "text"),
    [(True, 30, "D01 said no."), (False, 1, "D01 did not confirm within 1 s.")],
    ids=["no", "silence"],
)
async def test_a_no_and_silence_are_told_to_both(tmp_path: Path, says_no: bool, within_s: int, text: str):
    async with running(tmp_path, confirm_within_s=within_s) as town:
        engine, driver = await town.point(), await town.driver()
        types(engine)
        question = await hear(driver.channel, messages.ConfirmStart)
        if says_no:
            says(driver, question, yes=False)
        end = await hear(engine.channel, messages.Progress)
        assert (end.step, end.code, end.text) == ("REFUSED", Code.NOT_CONFIRMED, text)
        over = await hear(driver.channel, messages.ConfirmOver)
        assert (over.request_id, over.code, over.text) == (question.request_id, end.code, text)
        assert await wallet(driver) == (2_000, 0)
        says(driver, question, yes=True)
        assert (await hear(driver.channel, messages.ErrorNotice)).code == Code.NOT_CONFIRMED


async def test_a_driver_that_is_not_connected_is_refused_at_once(town: Town):
    engine, driver = await town.point(), await town.driver()
    await driver.channel.close(messages.Bye())
    await town.says("D01 left")
    answer = await refused(engine)
    assert (answer.code, answer.reason) == (Code.NOT_CONFIRMED, "nobody")


async def test_an_old_app_is_refused_with_a_sentence(town: Town):
    engine = await town.point()
    with of_an_old_release():
        await town.driver()
    answer = await refused(engine)
    assert answer.text == "The app of D01 is too old to confirm: open its page, or type its PIN."


async def test_an_old_engine_gets_its_answer_when_there_is_one_and_nothing_new(town: Town):
    with of_an_old_release():
        engine = await town.point()
    driver = await town.driver()
    types(engine)
    says(driver, await hear(driver.channel, messages.ConfirmStart), yes=True)
    # Its conversation would end at a message that it does not know.
    assert isinstance(await engine.channel.receive(), messages.Progress)
    assert isinstance(await engine.channel.receive(), messages.Start)


async def test_a_driver_that_comes_back_is_asked_again(town: Town):
    engine, driver = await town.point(), await town.driver()
    request_id = types(engine)
    await hear(driver.channel, messages.ConfirmStart)
    driver.channel.abort()
    await town.says("D01 left")
    channel = await town.driver_link("D01")
    again = await hear(channel, messages.ConfirmStart)
    assert again.request_id == request_id
    assert again.within_s <= 30
    says(FakeDriver("D01", channel), again, yes=True)
    assert (await engine.is_asked()).request_id == request_id


async def test_the_end_of_the_engines_link_ends_the_question(town: Town):
    engine, driver = await town.point(), await town.driver()
    types(engine)
    question = await hear(driver.channel, messages.ConfirmStart)
    engine.channel.abort()
    over = await hear(driver.channel, messages.ConfirmOver)
    assert (over.request_id, over.code) == (question.request_id, Code.CP_NOT_AVAILABLE)


async def test_a_restart_of_central_ends_every_question(tmp_path: Path):
    async with running(tmp_path) as town:
        engine, driver = await town.point(), await town.driver()
        types(engine)
        question = await hear(driver.channel, messages.ConfirmStart)
    async with running(tmp_path) as town:
        engine, driver = await town.point(), await town.driver()
        says(driver, question, yes=True)
        assert (await hear(driver.channel, messages.ErrorNotice)).code == Code.NOT_CONFIRMED
        assert await wallet(driver) == (2_000, 0)
        # The same request again is a new question.
        engine.channel.send(messages.ManualStart(request_id=question.request_id, driver_id="D01"))
        says(driver, await hear(driver.channel, messages.ConfirmStart), yes=True)
        assert (await engine.is_asked()).request_id == question.request_id


async def test_a_driver_is_not_asked_without_end(town: Town):
    engine, driver = await town.point(), await town.driver()
    for _ in range(5):
        types(engine)
        says(driver, await hear(driver.channel, messages.ConfirmStart), yes=False)
        await hear(engine.channel, messages.Progress)
    answer = await refused(engine)
    assert (answer.code, answer.text) == (Code.SLOW, "CP001 has asked too often for D01: wait 1 s.")


# ---- the PIN


async def test_a_pin_allows_a_charge_up_to_its_limit_while_the_driver_is_away(town: Town):
    engine, driver = await town.point(), await town.driver()
    await has_pin(driver)
    await driver.channel.close(messages.Bye())
    await town.says("D01 left")
    assert (await refused(engine, pin="1147")).code == Code.PIN
    types(engine, pin="4711")
    start = await engine.is_asked()
    assert (start.hold_cents, start.limit_mwh) == (500, 20_000_000)


async def test_a_pin_is_kept_as_a_hash_and_named_nowhere(town: Town):
    driver, pin = await town.driver(), "493817"
    await has_pin(driver, pin)
    await refused(await town.point(), pin="711394")
    driver.channel.send(messages.AskPin())
    assert (await hear(driver.channel, messages.PinState)).limit_cents == 500
    books = sqlite3.connect(f"file:{town.state / 'central/central.db'}?mode=ro", uri=True)
    with contextlib.closing(books):
        (kept,) = books.execute("SELECT pin_hash FROM driver").fetchone()
        dump = "\n".join(books.iterdump())
    assert kept.startswith("$argon2id$")
    for secret in (pin, "711394"):
        assert secret not in dump
        assert not [line for line in town.lines if secret in line]
    assert (town.state / "central/pin.key").stat().st_mode & 0o777 == 0o600


async def test_guessing_a_pin_is_slowed_down_and_then_in_vain(town: Town):
    engine, driver = await town.point(), await town.driver()
    await has_pin(driver)
    answers = [await refused(engine, pin=f"000{n}") for n in range(6)]
    assert [answer.code for answer in answers] == [Code.PIN] * 5 + [Code.SLOW]
    # Not even the right one is looked at before its time.
    assert (await refused(engine, pin="4711")).code == Code.SLOW


async def test_guessing_one_pin_of_many_drivers_is_slowed_down_too(town: Town):
    engine, driver = await town.point(), await town.driver()
    await has_pin(driver)
    codes = []
    for n in range(20):
        # One that is right begins nothing anew.
        await has_pin(driver, pin=f"47{n:02}")
        codes.append((await refused(engine, f"D9{n:02}", pin="0000")).code)
    assert codes[:15] == [Code.PIN] * 15
    assert codes[-1] == Code.SLOW


async def test_a_pin_with_too_many_misses_is_void_and_its_driver_is_told(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Consents, "_slow_down", lambda *_: None)
    engine, driver = await town.point(), await town.driver()
    await has_pin(driver)
    for n in range(10):
        await refused(engine, pin=f"00{n:02}")
    assert (await hear(driver.channel, messages.Notice)).code == "PIN_VOID"
    await town.says("ALERT D01: its PIN was typed wrongly too often and is void")
    assert (await refused(engine, pin="4711")).code == Code.PIN


async def test_an_open_lab_asks_nobody(tmp_path: Path):
    async with running(tmp_path, manual_start="open") as town:
        engine, driver = await town.point(), await town.driver()
        await driver.channel.close(messages.Bye())
        await town.says("D01 left")
        request_id = types(engine)
        assert (await engine.is_asked()).request_id == request_id


@pytest.mark.parametrize(
    "message",
    [messages.AnswerStart(request_id="R-00000001", yes=True), messages.SetPin(pin="4711", limit_cents=5)],
)
async def test_only_drivers_answer_and_choose_pins(town: Town, message: messages.Message):
    engine = await town.engine()
    engine.channel.send(message)
    assert (await hear(engine.channel, messages.ErrorNotice)).code == Code.ROLE
