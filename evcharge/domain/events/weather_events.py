"""What the weather forbids, and who overrides it. Pure."""

from evcharge.domain.events.event import Event


class WeatherAlertRaised(Event):
    """The weather at a location forbids charging there."""

    location: str
    alert: str
    temperature_celsius: float | None = None
    text: str = ""


class WeatherAlertCleared(Event):
    """Weather alerts of a location are over; `left` are those that are not."""

    location: str
    alerts: tuple[str, ...]
    left: tuple[str, ...] = ()


class WeatherOverridden(Event):
    """An operator lets a location work in spite of its weather alerts (`override`), or no longer."""

    location: str
    override: bool


WeatherEvent = WeatherAlertRaised | WeatherAlertCleared | WeatherOverridden
