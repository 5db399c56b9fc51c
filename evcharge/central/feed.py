"""What has happened, handed on to everybody inside Central who wants to know; and the live figures.

Publishing never waits: a listener that cannot keep up must drop something of its own.
"""

from collections.abc import Callable

from msgspec import Struct

from evcharge.domain.errors import Code, ProtocolError
from evcharge.domain.events import Event, SessionRefused, TicketMade
from evcharge.domain.ids import CpId, SessionId
from evcharge.domain.session import Session

Listener = Callable[[Event], None]


# A struct, not a dataclass: each charging point makes one a second, and that costs a tenth of it.
class Live(Struct, frozen=True):
    """The last SUPPLY_UPDATE of a charging point: for screens only, never for money."""

    session_id: SessionId
    power_w: int
    energy_mwh: int
    temperature_deci_celsius: int | None = None
    # How full the battery is, and the seconds until it is full; None: its charging point does not say.
    battery_permille: int | None = None
    full_in_s: int | None = None


LiveListener = Callable[[Session, Live], None]
WarmthListener = Callable[[CpId, int], None]


class Feed:
    """Events in the order of their commit, and the latest live figures of each charging point."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._early_listeners: list[Listener] = []
        self._live_listeners: list[LiveListener] = []
        self.live: dict[CpId, Live] = {}
        # Whichever way figures come: why they cannot be ("": they can), and who is told of it.
        self.doubt: Callable[[Session, Live], str] = lambda _session, _live: ""
        self.on_doubt: Callable[[Session, str], None] = lambda _session, _why: None
        self._warmth_listeners: list[WarmthListener] = []
        # The last temperature of each charging point, in tenths of a degree.
        self.temperatures: dict[CpId, int] = {}

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every event from now on."""
        self._listeners.append(listener)

    def listen_early(self, listener: Listener) -> None:
        """Call `listener` with what a withdrawal does before there is room to store it; it is published afterwards."""
        self._early_listeners.append(listener)

    def act(self, event: Event) -> None:
        """Hand on an event of a withdrawal that is not stored yet."""
        for listener in self._early_listeners:
            listener(event)

    def publish(self, event: Event) -> None:
        """Hand on a stored event."""
        if isinstance(event, (TicketMade, SessionRefused)):
            self.live.pop(event.cp_id, None)
        for listener in self._listeners:
            listener(event)

    def listen_live(self, listener: LiveListener) -> None:
        """Call `listener` with every new live figure from now on."""
        self._live_listeners.append(listener)

    def take(self, cp_id: CpId, session: Session | None, live: Live) -> None:
        """Show what `cp_id` says of a session of its own, whichever way it came. Raises ProtocolError for another's.

        Of a session that has ended a moment ago, of less energy than is known, or that cannot be, nothing is shown.
        """
        if session is None:
            return
        if session.cp_id != cp_id:
            raise ProtocolError(f"{cp_id} speaks of a session that is not its own", Code.ID)
        known = self.live.get(cp_id)
        if known is not None and known.session_id == live.session_id and known.energy_mwh > live.energy_mwh:
            return  # a newer one came the other way meanwhile
        if why := self.doubt(session, live):
            self.on_doubt(session, why)
            return
        self.live[cp_id] = live
        if live.temperature_deci_celsius is not None:
            self.temperatures[cp_id] = live.temperature_deci_celsius
        for listener in self._live_listeners:
            listener(session, live)

    def listen_warmth(self, listener: WarmthListener) -> None:
        """Call `listener` with every temperature that comes without live figures from now on."""
        self._warmth_listeners.append(listener)

    def on_temperature(self, cp_id: CpId, deci_celsius: int) -> None:
        """Replace the temperature of a charging point that may not be charging."""
        self.temperatures[cp_id] = deci_celsius
        for listener in self._warmth_listeners:
            listener(cp_id, deci_celsius)
