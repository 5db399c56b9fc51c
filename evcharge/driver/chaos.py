"""A simulated faulty driver, for labs and tests: it talks through the real link, and drops, repeats and tears."""

import asyncio
import random
import secrets
import uuid

from evcharge.driver.actions import ActionRunner, Talker
from evcharge.evc1.client import Timing
from evcharge.evc1.connection import Channel
from evcharge.evc1.messages import Message, RequestStart, RequestStop, Supply, TicketSeen

_ODDS = 0.6  # of one of the faults that are possible at a request
_ODDS_STOP = 0.5
_ODDS_UNSEEN = 0.3
_ODDS_DROP = 0.05  # each second of a charge
_LONGEST_PATIENCE_S = 8.0


class Chaos:
    """One seed's worth of faults. Whatever it does, each of its sessions still ends with one ticket."""

    # It comes back at once: a driver that waits politely breaks little.
    timing = Timing(first_retry_s=0.1, most_retry_s=1.0, duplicate_s=1.0)

    def __init__(self, seed: int, pause_s: float) -> None:
        """`seed` 0 draws one; it is shown, so that a run can be repeated."""
        self.seed = seed or secrets.randbelow(2**31) + 1
        self._pause_s = pause_s
        self._random = random.Random(self.seed)
        self._told = False

    def spoil(self, channel: Channel, desk: ActionRunner) -> Talker:
        """Return `channel` with faults in it, told on the screen of `desk`."""
        if not self._told:
            self._told = True
            self.tell(desk, "begins")
        return _Spoiled(self, channel, desk)

    async def roam(self, desk: ActionRunner) -> None:
        """Ask for one charge after the other, for ever; stop some of them, at any moment."""
        talk = desk.conversation
        while True:
            await desk.until(lambda: talk.request is None)
            desk.carry_out(talk.start(None, None))
            patience_s = self._random.uniform(0, _LONGEST_PATIENCE_S)
            try:
                async with asyncio.timeout(patience_s):
                    await desk.until(lambda: talk.request is None)
            except TimeoutError:
                desk.carry_out(talk.stop())
                await desk.until(lambda: talk.request is None)
            await asyncio.sleep(self._random.uniform(0, self._pause_s))

    def happens(self, odds: float) -> bool:
        """Return whether something of these odds happens now."""
        return self._random.random() < odds

    def fault(self) -> str:
        """Return what goes wrong at a request, or "" for nothing."""
        return self._random.choice(("cut", "tear", "double", "fresh")) if self.happens(_ODDS) else ""

    def tell(self, desk: ActionRunner, what: str) -> None:
        """Show what is done now."""
        desk.show(desk.words(f"chaos {what}", seed=self.seed))


class _Spoiled:
    """A channel with faults; the desk knows nothing of them."""

    def __init__(self, chaos: Chaos, channel: Channel, desk: ActionRunner) -> None:
        self._chaos = chaos
        self._channel = channel
        self._desk = desk

    @property
    def speaks(self) -> frozenset[str]:
        """What the far end understands."""
        return self._channel.speaks

    async def receive(self) -> Message:
        """Return the next message; while charging, the connection may be dropped after it."""
        message = await self._channel.receive()
        if isinstance(message, Supply) and self._chaos.happens(_ODDS_DROP):
            self._chaos.tell(self._desk, "drop")
            self._channel.abort()
        return message

    def send(self, message: Message) -> None:
        """Send `message`: once, twice, half, with another one, or not at all."""
        chaos, channel = self._chaos, self._channel
        if channel.is_closing:
            return
        match message:
            case RequestStart():
                self._start(message)
            case RequestStop() if chaos.happens(_ODDS_STOP):
                chaos.tell(self._desk, "stop")
                channel.send(message)
                channel.send(message)
            case TicketSeen() if chaos.happens(_ODDS_UNSEEN):
                chaos.tell(self._desk, "unseen")
                channel.abort()
            case _:
                channel.send(message)

    def _start(self, message: RequestStart) -> None:
        channel = self._channel
        fault = self._chaos.fault()
        if fault:
            self._chaos.tell(self._desk, fault)
        if fault == "tear":
            channel.send_half_frame(message)
            return
        channel.send(message)
        match fault:
            case "cut":
                channel.abort()
            case "double":
                channel.send(message)
            case "fresh":
                channel.send(RequestStart(request_id=uuid.uuid4().hex))
