"""Exercise "weather": a thermometer of one's own is a source of weather."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from evcharge.domain.location import Location
from evcharge.labels import Speech
from evcharge.labels.weather_service import SENTENCES
from evcharge.runtime.config import Config, WeatherSettings
from evcharge.weather import app
from evcharge.weather.readings import SourceTrouble

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ALICANTE, ELCHE = Location("Alicante"), Location("Elche")
Named = Callable[[str, str], Any]


def line(location: str, celsius: str, wind: str, ago_s: float = 60) -> str:
    return f"{location}; {celsius}; {wind}; {(NOW - timedelta(seconds=ago_s)).timestamp():.0f}\n"


@pytest.fixture
def read(named: Named) -> Any:
    return named("evcharge.weather.thermometer", "read")


def why(read: Any, text: str, location: Location = ALICANTE) -> str:
    with pytest.raises(SourceTrouble) as found:
        read(text, location, NOW)
    assert found.value.name in SENTENCES
    return found.value.name


def test_the_last_line_of_a_location_counts(read: Any):
    text = (
        "# from the roof\n"
        + line("Alicante", "3.5", "2")
        + line("Elche", "9", "1")
        + line("alicante", "-4", "")
    )
    reading = read(text, ALICANTE, NOW)
    assert (reading.celsius, reading.wind_m_per_s, reading.storm) == (-4.0, None, False)
    assert reading.measured_at == NOW - timedelta(seconds=60)
    assert read(text, ELCHE, NOW).wind_m_per_s == 1.0


def test_a_location_without_a_line_is_an_unknown_place(read: Any):
    assert why(read, line("Alicante", "3", "2"), ELCHE) == "unknown place"
    assert why(read, "") == "unknown place"


def test_what_cannot_be_true_is_not_believed(read: Any):
    assert why(read, line("Alicante", "300", "")) == "absurd temperature"
    assert why(read, line("Alicante", "nan", "")) == "absurd temperature"
    assert why(read, line("Alicante", "3", "900")) == "absurd wind"
    assert why(read, line("Alicante", "3", "2", ago_s=7200)) == "too late"


def test_what_is_no_measurement_says_so_and_does_not_crash(read: Any):
    assert why(read, line("Alicante", "warm", "")) == "nonsense"
    assert why(read, "Alicante; 3; 2; yesterday") == "nonsense"


def test_the_settings_choose_it_and_the_service_asks_it(named: Named, tmp_path: Path):
    kind = named("evcharge.weather.sources", "Thermometer")
    assert "thermometer" in get_args(WeatherSettings.__annotations__["source"])
    file = tmp_path / "roof.txt"
    settings = WeatherSettings(source="thermometer", simulate=str(file))  # type: ignore[arg-type]
    atlas: Any = SimpleNamespace(city_of=lambda location: location)

    async def asked() -> float:
        file.write_text(line("Alicante", "-1.5", "3"))
        words = Speech(SENTENCES, "en")
        async with app.open_source(Config(weather=settings), atlas, lambda: NOW, {}, words) as source:
            assert isinstance(source, kind)
            assert (await source.measure(ALICANTE)).celsius == -1.5
            # It is read again each time.
            file.write_text(line("Alicante", "2.5", "3"))
            found = (await source.measure(ALICANTE)).celsius
            file.unlink()
            with pytest.raises(SourceTrouble):
                await source.measure(ALICANTE)
            return found

    assert asyncio.run(asked()) == 2.5
