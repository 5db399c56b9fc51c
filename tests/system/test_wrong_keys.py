"""A wrong key is called a wrong key on every screen that it concerns, and all of it recovers once the keys agree."""

import shutil
from pathlib import Path

import pytest

from evcharge.security import secret_files
from tests.system.city import City

# Two whole starts of a network, on a computer that may be busy.
pytestmark = pytest.mark.timeout(240)

IN_BOTH = [
    ("en", r"Unable to connect to {who}\. Messages not comprehensible\.", "responding again"),
    ("es", r"Imposible conectar con {who}\. Mensajes no comprensibles\.", "responde de nuevo"),
]


@pytest.mark.parametrize(("lang", "sentence", "again"), IN_BOTH)
async def test_another_service_key_is_said_on_every_screen_until_the_keys_agree(
    city: City, lang: str, sentence: str, again: str
):
    flags = ("--lang", lang)
    central = await city.central(*flags)
    names = {"CP001": await city.engine("CP001", *flags), "D01": await city.driver("D01", *flags)}
    await city.monitor("CP001", *flags)
    await central.says("CP001 .*(Available|Disponible)")
    await city.recorded("DriverConnected")
    for program in (*names.values(), city.latest("monitor CP001"), central):
        await program.stops()
    # Central has another state folder: its own keys, and the books that it had.
    folder = city.state.with_name("another")
    # A socket of a running program cannot be copied.
    shutil.copytree(city.state, folder, ignore=shutil.ignore_patterns("*.socket"))
    (folder / "service.key").unlink()
    (folder / "central" / "resume.key").unlink()
    for name in ("service.key", "central/resume.key"):
        secret_files.kept_secret(folder / name, _fernet_key())
    central = await city.central(*flags, EVCHARGE_STATE=str(folder))
    await central.says(sentence.replace("{who}", "(the|el) Registry").replace(r"\.", "[.:]"))
    engine = await city.engine("CP001", *flags)
    monitor = await city.monitor("CP001", *flags)
    driver = await city.driver("D01", *flags)
    for program in (engine, monitor):
        await program.says(sentence.format(who="Central") + r".*service\.key")
    await driver.says(sentence.format(who="CENTRAL"))
    for name in names:
        await central.says(sentence.format(who=name))
    shown = await alerts_of(city, folder, lang)
    assert "REGISTRY-not-understood" in shown
    assert "CP001-not-understood" in shown
    await central.stops()
    for name in ("service.key", "central/resume.key"):
        shutil.copyfile(city.state / name, folder / name)
    central = await city.central(*flags, EVCHARGE_STATE=str(folder))
    await central.says(again)
    await central.says("CP001 .*(Available|Disponible)")
    # What is over last: that nothing was understood, or that Central was away between the two.
    over = "Connected to Central again|Central connected again|Conexión con Central restablecida|conectado de nuevo"
    for program in (engine, monitor):
        await program.says(over)
    await driver.says("(Connected to|Conectado con la) CENTRAL")


async def alerts_of(city: City, folder: Path, lang: str) -> str:
    shown = await city.run("alerts", "--json", "--lang", lang, env={"EVCHARGE_STATE": str(folder)})
    assert await shown.ends() == 0, shown.text
    return shown.text


def _fernet_key() -> str:
    return secret_files.new_secret() + "="


@pytest.mark.parametrize(("lang", "sentence"), [(lang, sentence) for lang, sentence, _ in IN_BOTH])
async def test_a_wrong_secret_hides_behind_no_ticket_and_no_connection(city: City, lang: str, sentence: str):
    flags = ("--lang", lang)
    central = await city.central(*flags)
    engine = await city.engine("CP001", *flags)
    monitor = await city.monitor("CP001", *flags)
    await central.says("CP001 .*(Available|Disponible)")
    secret = city.state / "cp" / "CP001" / "secret"
    right = secret.read_text()
    secret_files.replace_secret(secret, secret_files.new_secret())
    wrong = sentence.format(who="Central") + ".*secret"
    for program in (engine, monitor):
        await program.says(wrong)
    await central.says("CP001 .*(Disconnected|Desconectado)")
    await central.says(sentence.format(who="CP001"))
    # Their tickets are good for fifteen minutes more: whoever starts anew is not let in by them.
    await engine.stops()
    engine = await city.engine("CP001", *flags)
    await engine.says(wrong)
    since = len(central.lines)
    secret_files.replace_secret(secret, right.strip())
    for program in (engine, monitor):
        await program.says("Central connected again|Central conectado de nuevo")
    await central.says("CP001 .*(Available|Disponible)", since=since)
