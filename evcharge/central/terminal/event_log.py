"""Prints what happens, a plain line each, and every change of a charging point's status."""

import logging

from evcharge import labels
from evcharge.central.rules.facts import Facts
from evcharge.central.views.event_text import line, status_line
from evcharge.domain.events import Event
from evcharge.domain.ids import CpId

log = logging.getLogger(__name__)


class EventLog:
    """A listener of the feed."""

    def __init__(self, facts: Facts, lang: str = labels.DEFAULT_LANGUAGE) -> None:
        self._facts = facts
        self._lang = lang
        self._shown: dict[CpId, str] = {point.cp_id: status_line(point, lang) for point in facts.points()}

    def show_all(self) -> None:
        """Print every charging point: all Disconnected after a start (RELIABILITY I23)."""
        for text in self._shown.values():
            log.info("%s", text)

    def on_event(self, event: Event) -> None:
        """Print `event`, and the status that follows from it."""
        text = line(event, self._lang)
        if text is not None:
            log.info("%s", text)
        cp_id = getattr(event, "cp_id", None)
        point = self._facts.point(cp_id) if cp_id is not None else None
        if point is None:
            return
        if point.withdrawn:
            self._shown.pop(point.cp_id, None)
            return
        status = status_line(point, self._lang)
        if self._shown.get(point.cp_id) != status:
            self._shown[point.cp_id] = status
            log.info("%s", status)
