"""One run of the driver's app: its connection and its orders, side by side until the orders end."""

import asyncio
import os
import sys
import uuid
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

from evcharge.domain.errors import EvchargeError
from evcharge.domain.ids import DriverId
from evcharge.driver.actions import ActionRunner, JsonOutput, LineOutput
from evcharge.driver.conversation import Conversation
from evcharge.driver.file_mode import Player
from evcharge.driver.line_mode import obey
from evcharge.driver.prompt import STDIN, is_at_hand, read_chunks
from evcharge.driver.state_files import Memory
from evcharge.driver.words import Words
from evcharge.evc1.central_addresses import places
from evcharge.runtime.config import Config
from evcharge.runtime.lifecycle import run_until

StayConnected = Callable[[ActionRunner], Coroutine[Any, Any, None]]
Orders = Callable[[ActionRunner], Coroutine[Any, Any, None]]


async def run_session(
    config: Config,
    driver_id: DriverId,
    stop: asyncio.Event,
    stay_connected: StayConnected,
    file: Path | None,
    by_itself: Orders | None = None,
) -> int:
    """Play `file`, or do what the person or program at standard input says, while `stay_connected(desk)` runs.

    With `by_itself` nobody is asked. Returns the exit code. Raises StateError when the screen, the state folder
    or the file is not usable.
    """
    words = Words(config.lang)
    screen = JsonOutput(words) if config.log.format == "json" else LineOutput(words)
    by_hand: Orders = _typed
    if at_hand := file is None and by_itself is None and is_at_hand():
        # Half a second of imports, for people only.
        from evcharge.driver import terminal  # noqa: PLC0415

        words, screen, by_hand = terminal.seat(config.lang, driver_id, stop)
    desk = ActionRunner(
        Conversation(
            driver_id,
            places(config.reach.centrals),
            config.central.plug_within_s,
            lambda: uuid.uuid4().hex,
            (memory := Memory(config.state, driver_id, words)).seen,
            words,
            auto_refresh=at_hand,
        ),
        memory,
        screen,
        stop,
        words,
    )

    async def orders() -> None:
        if file is not None:
            await Player(desk, file, config.driver.pause_s).play()
        elif by_itself is not None:
            await by_itself(desk)
        else:
            await by_hand(desk)
        stop.set()

    try:
        await run_until(stop, stay_connected(desk), orders())
    except ExceptionGroup as group:
        raise _sentence(group) from None
    finally:
        desk.close()
    desk.carry_out(desk.conversation.leave())
    if desk.failure is not None:
        raise desk.failure
    return 0


async def _typed(desk: ActionRunner) -> None:
    # Descriptor 0 is somebody else's when standard input was closed.
    is_closed = sys.stdin is None
    is_terminal = not is_closed and os.isatty(STDIN)
    if is_terminal:
        desk.show(desk.words("type help"))
    async with aclosing(
        read_chunks(lambda: os.open(os.devnull, os.O_RDONLY) if is_closed else STDIN)
    ) as chunks:
        await obey(desk, chunks, is_terminal=is_terminal)


def _sentence(group: ExceptionGroup[Exception]) -> Exception:
    """Return the one error that is meant for people, or the group itself: a bug shall be loud."""
    found: Exception = group
    while isinstance(found, ExceptionGroup) and len(found.exceptions) == 1:
        found = found.exceptions[0]
    return found if isinstance(found, EvchargeError) else group
