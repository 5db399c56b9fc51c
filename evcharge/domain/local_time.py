"""An instant as a clock on the wall of a place calls it. Pure."""

from datetime import datetime, tzinfo


def here(at: datetime, zone: tzinfo | None = None) -> datetime:
    """Return an instant as it is called here, or in `zone`; at the very end of the calendar it stays what it is."""
    try:
        return at.astimezone(zone)
    except (OverflowError, ValueError, OSError):
        return at
