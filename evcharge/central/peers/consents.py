"""What must be known of a driver's consent before a start at a charging point's menu is decided.

Whether a typed PIN is right, at a bounded cost and not guessed; whether its driver can be asked now, and not too often.
A PIN has few digits: it is kept as Argon2id of its HMAC under a key that is not in the books.
"""

import hmac
from collections.abc import Callable

from msgspec import UNSET

from evcharge.central.rules.commands import ByHand, Reach
from evcharge.central.rules.facts import Facts
from evcharge.domain.errors import Code, Overloaded, Refused
from evcharge.domain.events import Event, StartConfirmed
from evcharge.domain.ids import CpId, DriverId
from evcharge.evc1.messages import ManualStart
from evcharge.security.passwords import Credentials, GuessThrottle

# At one charging point so many drivers may be named before it is slowed down.
_FREE_DRIVERS = 15


class Consents:
    """Looks up consents. `reach` says how a driver can be asked; `clock` is monotonic seconds."""

    def __init__(
        self, credentials: Credentials, key: bytes, facts: Facts, clock: Callable[[], float]
    ) -> None:
        self._credentials = credentials
        self._key = key
        self._facts = facts
        self.reach: Callable[[DriverId], Reach] = lambda _: Reach.NOBODY
        self._pins = GuessThrottle(clock)
        self._questions = GuessThrottle(clock)
        self._points = GuessThrottle(clock, free=_FREE_DRIVERS)

    async def of(self, cp_id: CpId, message: ManualStart) -> ByHand:
        """Return what is known of the consent to `message`. Raises Refused (E_SLOW, E_BUSY) for "not now"."""
        driver_id = DriverId(message.driver_id)
        if message.pin is UNSET:
            self._slow_down(self._questions, driver_id, cp_id)
            return ByHand(reach=self.reach(driver_id))
        self._slow_down(self._pins, driver_id, cp_id)
        driver = self._facts.driver(driver_id)
        kept = driver.pin_hash if driver is not None else None
        try:
            right = await self._credentials.matches(kept, self._peppered(driver_id, message.pin))
        except Overloaded as problem:
            self._undo(self._pins, driver_id, cp_id)
            raise Refused("Too many PINs are being checked: try again in a moment.", Code.BUSY) from problem
        if right:
            self._forgive(self._pins, driver_id, cp_id)
        return ByHand(has_pin=True, proved=kept if right else None)

    async def kept(self, driver_id: DriverId, pin: str) -> str:
        """Return what to keep of a PIN. Raises Refused (E_BUSY) when too many wait."""
        try:
            return await self._credentials.hashed(self._peppered(driver_id, pin))
        except Overloaded as problem:
            raise Refused("Too many PINs are being kept: try again in a moment.", Code.BUSY) from problem

    def on_event(self, event: Event) -> None:
        """A driver who confirms may be asked again."""
        if isinstance(event, StartConfirmed):
            self._forgive(self._questions, event.driver_id, event.cp_id)

    def _peppered(self, driver_id: DriverId, pin: str) -> str:
        return hmac.digest(self._key, f"{driver_id} {pin}".encode(), "sha256").hex()

    def _slow_down(self, throttle: GuessThrottle, driver_id: DriverId, cp_id: CpId) -> None:
        try:
            self._points.attempt(("", cp_id))
            try:
                throttle.attempt((driver_id, cp_id))
            except Overloaded:
                self._points.undone(("", cp_id))
                raise
        except Overloaded as problem:
            wait = f"wait {problem.retry_after_s or 1:.0f} s"
            raise Refused(f"{cp_id} has asked too often for {driver_id}: {wait}.", Code.SLOW) from None

    def _undo(self, throttle: GuessThrottle, driver_id: DriverId, cp_id: CpId) -> None:
        throttle.undone((driver_id, cp_id))
        self._points.undone(("", cp_id))

    def _forgive(self, throttle: GuessThrottle, driver_id: DriverId, cp_id: CpId) -> None:
        throttle.succeeded((driver_id, cp_id))
        # Kept on success, too: knowing one right PIN must not buy tries at others.
        self._points.undone(("", cp_id))
