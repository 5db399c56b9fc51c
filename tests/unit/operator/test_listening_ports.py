"""What a firewall must let through, by the settings."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from evcharge import cli
from evcharge.domain.strict_json import read_json
from evcharge.operator.listening_ports import ports
from evcharge.runtime.config import (
    CentralSettings,
    Config,
    EngineSettings,
    KafkaSettings,
    ReachSettings,
    RegistrySettings,
    WeatherSettings,
)


def shown(config: Config) -> list[tuple[str, bool, str]]:
    return [(row.role, row.into, row.at) for row in ports(config)]


def test_every_port_that_a_role_listens_on_is_named_with_the_flag_that_lets_others_in():
    found = {(row.role, row.port): row.flag for row in ports(Config()) if row.is_closed}
    assert found == {
        ("registry", 5001): "--host 0.0.0.0",
        ("central", 9002): "--host 0.0.0.0",
        ("central", 8000): "--api-host 0.0.0.0",
        ("cp-engine", 9101): "--health-host 0.0.0.0",
    }


def test_what_listens_for_all_needs_no_flag():
    config = Config(registry=RegistrySettings(host="0.0.0.0"), central=CentralSettings(host="::", api=False))
    into = [row for row in ports(config) if row.into and row.role != "cp-engine"]
    assert [(row.at, row.is_closed) for row in into] == [("0.0.0.0:5001", False), ("[::]:9002", False)]


def test_who_goes_where_follows_the_settings():
    config = Config(
        reach=ReachSettings(
            registry_url="https://r:1",
            other_registries=["https://s:1"],
            central_host="c",
            central_port=2,
            other_centrals=["[::1]:8"],
            central_api="https://a:3",
            other_apis=["https://b:3"],
        ),
        kafka=KafkaSettings(bootstrap="k:4,l:5"),
        engine=EngineSettings(live_lane="kafka"),
        weather=WeatherSettings(simulate="front.txt"),
    )
    out = [(role, at) for role, into, at in shown(config) if not into]
    assert [at for role, at in out if role == "central"] == ["r:1", "s:1", "k:4", "l:5"]
    assert [at for role, at in out if role == "cp-engine"] == ["r:1", "s:1", "c:2", "[::1]:8", "k:4", "l:5"]
    assert [at for role, at in out if role == "cp-monitor"] == [
        "r:1",
        "s:1",
        "c:2",
        "[::1]:8",
        "127.0.0.1:9101",
    ]
    assert [at for role, at in out if role == "driver"] == ["r:1", "s:1", "c:2", "[::1]:8"]
    assert [at for role, at in out if role == "weather"] == ["a:3", "b:3"]


@pytest.mark.parametrize(
    ("weather", "hosts"),
    [
        (WeatherSettings(source="openweather"), ["api.openweathermap.org:443"]),
        (WeatherSettings(api_url="https://proxy:8443"), ["proxy:8443"]),
        (WeatherSettings(source="simulate"), []),
    ],
)
def test_the_source_of_the_weather_is_on_the_list(weather: WeatherSettings, hosts: list[str]):
    out = [at for role, _, at in shown(Config(weather=weather)) if role == "weather"]
    assert out[1:] == hosts


@pytest.fixture
def own_log() -> Iterator[None]:
    """Give back the log that a command sets up, and with it the language."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)


@pytest.mark.usefixtures("own_log")
def test_the_command_shows_a_role_and_what_opens_its_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["ports", "registry", "central", "--lang", "es"]) == 0
    said = capsys.readouterr().out
    assert "registry  127.0.0.1:5001  HTTPS de todos los PC" in said
    assert "para otros: evcharge registry --host 0.0.0.0" in said
    assert "sudo ufw allow 5001/tcp; sudo ufw allow 8000/tcp; sudo ufw allow 9002/tcp" in said
    assert "cp-engine" not in said
    assert cli.run(["ports", "--json"]) == 0
    rows = read_json(capsys.readouterr().out.encode(), dict)["ports"]
    assert {"role", "into", "host", "port", "who", "flag"} == set(rows[0])
    assert cli.run(["ports", "kafka"]) == 2
