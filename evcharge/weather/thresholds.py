"""When the weather forbids charging: thresholds with hysteresis, and which codes are storms. Pure."""

from dataclasses import dataclass

from evcharge.domain.location import WeatherKind
from evcharge.weather.readings import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Alerts begin beyond the first value of a pair and end at the second, or beyond it. °C and m/s."""

    cold_below: float = 0.0
    cold_clear: float = 1.0
    heat_above: float = 40.0
    heat_clear: float = 38.0
    wind_above: float = 20.0
    wind_clear: float = 17.0
    storm: bool = True


def alerts(before: frozenset[WeatherKind], reading: Reading, limits: Thresholds) -> frozenset[WeatherKind]:
    """Return the alerts after `reading`. Between the two values of a pair, all stays as it was `before`."""
    after = set()
    if reading.celsius < limits.cold_below or (
        WeatherKind.COLD in before and reading.celsius < limits.cold_clear
    ):
        after.add(WeatherKind.COLD)
    if reading.celsius > limits.heat_above or (
        WeatherKind.HEAT in before and reading.celsius > limits.heat_clear
    ):
        after.add(WeatherKind.HEAT)
    if reading.wind_m_per_s is None:
        # Not told: neither an alert nor its end.
        after |= before & {WeatherKind.WIND}
    elif reading.wind_m_per_s > limits.wind_above or (
        WeatherKind.WIND in before and reading.wind_m_per_s > limits.wind_clear
    ):
        after.add(WeatherKind.WIND)
    if limits.storm and reading.storm:
        after.add(WeatherKind.STORM)
    return frozenset(after)


def is_wmo_storm(code: int) -> bool:
    """Return whether a WMO weather code (table 4677, as Open-Meteo uses it) is a thunderstorm."""
    return code in (95, 96, 99)


def is_openweather_storm(code: int) -> bool:
    """Return whether an OpenWeather condition is a thunderstorm (2xx), squalls or a tornado."""
    return 200 <= code < 300 or code in (771, 781)
