"""A network in memory with the boards that pages are fed from, and a page as simple as one can be."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from evcharge.central.feed import Feed, Live
from evcharge.central.rules.decision import Decision
from evcharge.central.views.alerts import Alerts
from evcharge.central.views.board import Board, Opening
from evcharge.central.views.driver_board import DriverBoard
from evcharge.central.views.today import Today
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.days import UTC_DAYS
from evcharge.domain.session import Session
from tests.unit.central.builders import NOON, Network


class Shown(Network):
    """A network whose every decision reaches the boards."""

    def __init__(self, points: int = 0, drivers: int = 0) -> None:
        super().__init__()
        self.feed, self.alerts, self.today = Feed(), Alerts(), Today(UTC_DAYS, NOON)
        # What the books say of before this run of Central.
        self.since: dict[tuple[str, CpStatus], datetime] = {}
        self.board: Board | None = None
        for number in range(points):
            self.point_is_there(f"CP{number + 1:03}")
        for number in range(drivers):
            self.driver_is_there(f"D{number + 1:02}")
        self.board = Board(
            self.facts,
            self.feed,
            self.alerts,
            self.today,
            Opening("9f3c21aa", "1.2.3", "en", NOON),
            lambda cp_id, status: self.since.get((cp_id, status)),
        )
        self.drivers_board = DriverBoard(self.facts, self.feed, self.board)
        self.feed.listen(lambda event: self.alerts.take(event, self.now))
        self.feed.listen(lambda event: self.board.on_event(event, self.now))
        self.feed.listen(self.drivers_board.on_event)
        self.feed.listen_live(lambda session, _: self.board.touch(session.cp_id))
        self.feed.listen_live(self.drivers_board.on_live)
        self.feed.listen_warmth(lambda cp_id, _: self.board.touch(cp_id))

    @property
    def now(self) -> datetime:
        return self.rules.now

    def does(self, kind, **what) -> Decision:
        decision = super().does(kind, **what)
        if self.board is not None:
            for event in decision.events:
                self.feed.publish(event)
        return decision

    def draws(self, session: Session, power_w: int, energy_mwh: int, deci_celsius: int | None = None) -> None:
        """Live figures of a session arrive."""
        self.feed.take(session.cp_id, session, Live(session.session_id, power_w, energy_mwh, deci_celsius))

    def ends(self, session: Session, **what: object) -> Decision:
        """The engine delivers the end of a session."""
        return self.sends(self.engines[session.cp_id].ended(session.session_id, **what), cp_id=session.cp_id)

    def ticks(self) -> bool:
        self.drivers_board.refresh()
        return self.board.refresh(self.now)

    def row(self, cp_id: str = "CP001") -> "RowView":
        page = Page()
        page.takes(self.board.snapshot())
        return page.row(cp_id)


@dataclass
class Page:
    """What a page does with its frames: absolute values go in, messages are known by their number."""

    rev: int = -1
    names: dict[int, list] = field(default_factory=dict)
    rows: dict[int, list] = field(default_factory=dict)
    messages: dict[int, dict] = field(default_factory=dict)
    alerts: list = field(default_factory=list)
    banners: list = field(default_factory=list)
    kpi: dict = field(default_factory=dict)

    def takes(self, frame: bytes) -> dict:
        content = json.loads(frame)
        if content["t"] == "snap":
            self.names, self.rows, self.messages = {}, {}, {}
        self.rev, self.kpi = content["rev"], content["kpi"]
        self.names |= {name[0]: name for name in content["c"]}
        self.rows |= {row[0]: row for row in content["u"]}
        self.messages |= {told["r"]: told for told in content["messages"]}
        self.messages = {r: self.messages[r] for r in sorted(self.messages)[-200:]}
        self.alerts = content.get("alerts", self.alerts)
        self.banners = content.get("banners", self.banners)
        return content

    def row(self, cp_id: str = "CP001") -> "RowView":
        (number,) = [number for number, name in self.names.items() if name[1] == cp_id]
        return RowView(*self.rows[number])


@dataclass
class RowView:
    """A row with names to it."""

    i: int
    s: int
    since: int
    power_w: int
    energy_mwh: int
    cost_cents: int
    driver_id: str
    session_id: str
    started: int
    holds: str
    fault: str
    flags: int
    temperature: int | None
