"""How an instant stands in the books and on the pages. Pure."""

from datetime import datetime


def text_of(instant: datetime) -> str:
    """Return an instant as text: always with microseconds and +00:00, so that text order is time order."""
    return instant.isoformat(timespec="microseconds")
