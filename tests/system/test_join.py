"""Another PC joins with one pasted line: two state folders, real processes, one charge."""

from pathlib import Path

from tests.system.city import City, Program
from tests.system.terminal import terminal


async def invited(city: City, *args: str) -> Program:
    """Run `evcharge invite …` as the administrator on the Registry's PC."""
    made = await city.run("invite", *args, env={"EVCHARGE_ADMIN_PASSWORD": city.admin_password})
    assert await made.ends() == 0, made.text
    return made


class OtherPc:
    """A second state folder whose programs are told no address at all."""

    def __init__(self, city: City, folder: Path) -> None:
        self.city = city
        self.state = folder / "state"
        self.folder = folder
        folder.mkdir()

    async def run(self, *args: str, stdin: bool = False, **env: str) -> Program:
        return await self.city.run(*args, name=args[0], stdin=stdin, env=self.environment() | env)

    def environment(self) -> dict[str, str]:
        """Return the environment of a PC that was told nothing but its state folder (empty is not given)."""
        told = self.city.environment()
        nothing = {name: "" for name in told if name.startswith("EVCHARGE_")}
        return told | nothing | {"EVCHARGE_STATE": str(self.state)}


async def test_an_invited_point_and_driver_charge_from_another_pc_without_any_flag(
    city: City, tmp_path: Path
):
    central = await city.central()
    other = OtherPc(city, tmp_path / "other")

    made = await invited(city, "cp", "CP009", "--location", "Berlin")
    token = made.lines[-1]
    assert "this PC only" in made.text
    # As a mail client leaves it, and through a pipe.
    joining = await other.run("join", stdin=True)
    assert joining.process.stdin is not None
    joining.process.stdin.write(f"{token[:60]}\r\n  {token[60:]}\n".encode())
    joining.process.stdin.close()
    assert await joining.ends() == 0, joining.text
    assert "evcharge cp-engine CP009" in joining.text
    assert (other.state / "cp/CP009/secret").stat().st_mode & 0o777 == 0o600
    assert not (other.state / "enrolment.token").exists()

    again = await other.run("join", token)
    assert await again.ends() == 1
    assert "This token was already used on 20" in again.text

    driver_token = (await invited(city, "driver", "D09", "--hours", "1")).lines[-1]
    assert await (await other.run("join", driver_token)).ends() == 0

    quick = ("--speed", "60", "--auto-plug", "0.1", "--auto-unplug", "1", "--health-port", "0")
    engine = await other.run("cp-engine", "CP009", *quick)
    health = (await engine.says(r"listening on 127\.0\.0\.1:\d+")).rsplit(":", 1)[1].split()[0].rstrip(".")
    await other.run("cp-monitor", "CP009", "--engine", f"127.0.0.1:{health}")
    await central.says("CP009 .*Available")
    services = tmp_path / "services.txt"
    services.write_text("CP009\n")
    driver = await other.run("driver", "D09", "--file", str(services), "--pause", "0.1")
    assert await driver.ends() == 0, driver.text
    assert "SESSION SUMMARY" in driver.text
    assert city.books("SELECT energy_mwh FROM ticket WHERE driver_id = 'D09'")[0][0] > 0
    for program in city.programs:
        assert program is made or token not in program.text


async def test_a_token_that_is_not_whole_is_refused_before_any_network_traffic(city: City, tmp_path: Path):
    other = OtherPc(city, tmp_path / "other")
    token = (await invited(city, "cp", "CP009")).lines[-1]
    for pasted, says in (
        ((token[:-9],), "The token is not whole: 9 of its"),
        ((token[:30] + "AAA" + token[33:],), "The token is damaged"),
        (("https://127.0.0.1:5001",), "This is no token of evcharge"),
        ((), "There is no token"),
    ):
        refused = await other.run("join", *pasted)
        assert await refused.ends() == 1
        assert f"evcharge: {says}" in refused.text
    spanish = await other.run("join", token[:-9], "--lang", "es")
    assert await spanish.ends() == 1
    assert "El token no está completo" in spanish.text
    assert not other.state.exists()
    # None of that has used it up. Broken into two arguments by a space it still works.
    assert await (await other.run("join", token[:50], token[50:])).ends() == 0


async def test_a_token_is_asked_for_and_may_be_pasted_in_pieces(city: City, tmp_path: Path):
    other = OtherPc(city, tmp_path / "other")
    token = (await invited(city, "driver", "D09")).lines[-1]
    env = other.environment()
    async with terminal("join", env=env, cwd=other.folder) as screen:
        await screen.shows("Paste the token:")
        await screen.keys("ctrl-d")
        assert await screen.ends() == 130
    async with terminal("join", env=env, cwd=other.folder) as screen:
        await screen.shows("Paste the token:")
        await screen.types(token[:50])
        await screen.shows("and the rest of it:")
        await screen.keys("enter", "enter")
        assert await screen.ends() == 1
        await screen.shows("evcharge: The token is not whole")
    for bracketed in (True, False):
        async with terminal("join", env=env, cwd=other.folder, columns=60) as screen:
            await screen.shows("Paste the token:")
            screen.paste(f"{token[:70]}\r\n{token[70:]}", bracketed=bracketed)
            await screen.keys("enter")
            await screen.shows("evcharge driver D09" if bracketed else "was already used")
            assert token[20:40] not in screen.text
            assert "Traceback" not in screen.text
    assert (other.state / "driver/D09/password").exists()
