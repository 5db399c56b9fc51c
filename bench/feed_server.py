"""Central's web side alone: many charging points, all charging, whose live figures change so many times a second."""

import asyncio
import random
import sys

from aiohttp import web

from evcharge.central.api.resources.push import Push
from evcharge.central.feed import Feed, Live
from evcharge.central.rules.commands import Actor
from evcharge.central.rules.facts import Facts
from evcharge.central.views.alerts import Alerts
from evcharge.central.views.board import Board, Opening
from evcharge.central.views.driver_board import DriverBoard
from evcharge.central.views.telemetry import Telemetry
from evcharge.central.views.today import Today
from evcharge.domain.charging_point import ChargingPoint
from evcharge.domain.days import UTC_DAYS
from evcharge.domain.ids import CpId, DriverId, RequestId, Role, SessionId
from evcharge.domain.location import Location
from evcharge.domain.session import Session, SessionState
from evcharge.http.server import application, serving
from evcharge.runtime.clock import utc_now

ROUND_S = 0.02


def town(points: int) -> tuple[Facts, list[Session]]:
    """Return as many charging points, each with a charge."""
    facts, sessions, now = Facts(), [], utc_now()
    for number in range(points):
        cp_id, driver_id = CpId(f"CP{number:05}"), DriverId(f"D{number:05}")
        session = Session(
            session_id=SessionId(f"S-{driver_id}-{cp_id}-{number:016x}"),
            request_id=RequestId(f"R-{number:08}"),
            cp_id=cp_id,
            driver_id=driver_id,
            state=SessionState.CHARGING,
            price_centi_cents_per_kwh=2_500,
            hold_cents=2_000,
            limit_mwh=80_000_000,
            authorised_at=now,
            plug_within_s=60,
            started_at=now,
        )
        point = ChargingPoint(
            cp_id=cp_id,
            location=Location(f"Avenida de Denia {number}"),
            price_centi_cents_per_kwh=2_500,
            monitor_link=1,
            engine_link=1,
            monitor_heard=True,
            session_id=session.session_id,
            charging=True,
        )
        facts.put(session)
        facts.put(point)
        sessions.append(session)
    return facts, sessions


async def update(feed: Feed, sessions: list[Session], per_s: int) -> None:
    """Change live figures, for ever."""
    loop, chosen = asyncio.get_running_loop(), random.Random(11)
    began, made, energy_mwh = loop.time(), 0, 0
    while True:
        await asyncio.sleep(ROUND_S)
        # Always as many as time has passed.
        while made < (loop.time() - began) * per_s:
            made, energy_mwh = made + 1, energy_mwh + 6
            session = chosen.choice(sessions)
            figures = Live(session.session_id, 20_000 + made % 2_000, energy_mwh, 300 + made % 200)
            feed.take(session.cp_id, session, figures)


async def main(points: int, per_s: int) -> None:
    """Serve until killed."""
    facts, sessions = town(points)
    feed, alerts, now = Feed(), Alerts(), utc_now()
    board = Board(facts, feed, alerts, Today(UTC_DAYS, now), Opening("be9cbe9c", "0", "en", now))
    drivers = DriverBoard(facts, feed, board)
    push = Push(board, drivers, Telemetry(), None, None, utc_now)  # type: ignore[arg-type]
    push.follow(feed)

    async def enter(request: web.Request) -> web.StreamResponse:
        return await push.connect(request, Actor("bench", Role.OPERATOR, "local"))

    async def on_refused(_request: web.Request, _code: str) -> None:
        pass

    app = application([web.get("/ws", enter)], on_refused)
    async with serving(app, "127.0.0.1", 0, None) as port, asyncio.TaskGroup() as tasks:
        print(f"feed listening on 127.0.0.1:{port}", flush=True)
        tasks.create_task(push.run())
        tasks.create_task(update(feed, sessions, per_s))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
