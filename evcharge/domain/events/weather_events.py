"""What the weather forbids, and who overrides it. Pure."""

from evcharge.domain.events.event import Event


class WeatherAlertRaised(Event):
    """The weather at a location forbids charging there."""

    location: str
    alert: str
    temperature_celsius: float | None = None
    text: str = ""


class WeatherAlertCleared(Event):
    """Weather alerts for a location ended; those in `left` did not."""

    location: str
    alerts: tuple[str, ...]
    left: tuple[str, ...] = ()


class WeatherOverridden(Event):
    """An operator lets a location work despite its weather alerts (`override`), or it heeds them again.

    By his order, or because another kind of alert began.
    """

    location: str
    override: bool


WeatherEvent = WeatherAlertRaised | WeatherAlertCleared | WeatherOverridden
