"""What goes wrong before anything runs: one plain sentence, the right exit code, nothing changed."""

import shutil
import sqlite3
import subprocess

import pytest

from tests.system.city import City


async def refused(city: City, *args: str, **env: str) -> tuple[int, str]:
    """Run a command that must fail; return its exit code and what it said."""
    program = await city.run(*args, env=env)
    return await program.ends(), program.text


async def test_a_port_in_use_is_named(city: City):
    await city.central()
    code, text = await refused(
        city, "registry", "--port", str(city.registry_port), "--state", str(city.state)
    )
    assert code == 2
    assert "in use" in text


async def test_a_second_central_on_one_state_folder_names_the_first(city: City):
    central = await city.central()
    code, text = await refused(city, "central", "--port", "0")
    assert code == 2
    assert str(central.process.pid) in text


async def test_a_second_engine_on_one_journal_is_refused(city: City):
    await city.central()
    engine = await city.engine("CP001")
    await engine.says("connected")
    code, text = await refused(city, "cp-engine", "CP001", "--health-port", "0")
    assert code in (1, 2)
    assert "journal" in text


async def test_a_readable_key_file_is_refused(city: City):
    (city.state / "service.key").chmod(0o644)
    code, text = await refused(city, "central")
    assert code == 1
    assert "service.key" in text
    assert "0600" in text


async def test_without_init_the_sentence_says_what_to_do(city: City):
    code, text = await refused(city, "central", "--state", str(city.state / "elsewhere"))
    assert code == 1
    assert "evcharge init" in text


async def test_a_typing_error_in_the_settings_names_its_line(city: City):
    file = city.state / "config.toml"
    file.write_text("[central]\n\nprot = 9002\n")
    code, text = await refused(city, "central", "--config", str(file))
    assert code == 2
    assert "line 3" in text
    assert "did you mean `port`?" in text


async def test_a_bad_id_never_becomes_a_file_name(city: City):
    for name in ("../../etc/passwd", "cp 001", "", "X" * 33, "CP\u2160"):
        code, text = await refused(city, "cp-engine", name)
        assert code == 2, text
        assert "A-Z" in text


async def test_a_newer_schema_is_refused(city: City):
    central = await city.central()
    await central.stops()
    with sqlite3.connect(city.state / "central/central.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    code, text = await refused(city, "central")
    assert code == 1
    assert "newer evcharge" in text


async def test_a_damaged_database_is_refused(city: City):
    central = await city.central()
    await central.stops()
    path = city.state / "central/central.db"
    path.write_bytes(b"rubbish" * 1000)
    code, text = await refused(city, "central")
    path.unlink()
    assert code == 1
    assert "damaged" in text


async def test_an_unregistered_point_is_told_how_to_register(city: City):
    (city.state / "enrolment.token").unlink()
    code, text = await refused(city, "cp-engine", "CP001", "--health-port", "0")
    assert code == 1
    assert "not registered" in text


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed: apt-get install curl")
async def test_the_courses_curl_registers_a_point(city: City):
    call = [
        "curl", "-sk", "-X", "POST", f"https://127.0.0.1:{city.registry_port}/register/cp",
        "-H", "Content-Type: application/json",
        "-d", '{"cp_id":"CP001","location":"Berlin","credential":"cp_secret_001"}',
    ]  # fmt: skip
    token = (city.state / "enrolment.token").read_text().strip()
    refused = subprocess.run(call, capture_output=True, text=True, timeout=20, check=True)
    assert '"error":true' in refused.stdout.replace(" ", "")
    answer = subprocess.run(
        [*call, "-H", f"Authorization: Bearer {token}"],
        capture_output=True, text=True, timeout=20, check=True,
    )  # fmt: skip
    text = answer.stdout.replace(" ", "").replace("\n", "")
    assert '"cp_id":"CP001"' in text
    assert '"error":false' in text
    assert '"location":"Berlin"' in text
    await city.central()
    engine = await city.engine("CP001", EVCHARGE_CREDENTIAL="cp_secret_001")
    await engine.says("connected to CENTRAL")


async def test_help_is_quick_and_imports_no_role(city: City):
    program = await city.run("--help")
    assert await program.ends() == 0
    for command in ("init", "registry", "central", "cp-engine", "cp-monitor", "driver", "up", "audit"):
        assert command in program.text
