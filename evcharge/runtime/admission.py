"""Which connections keep a seat when a server is full: the oldest stranger makes way for the newcomer. Pure.

A stranger has proved nothing yet; a member has logged in. Strangers hold few seats, in all and for each network that
they come from, and a newcomer takes the seat of the one that has sat there longest without proving anything. So a
crowd of silent connections locks nobody out, not even its neighbours behind the same address. `now_s` is steady.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from evcharge.domain.errors import Overloaded

# Strangers behind one IPv6 address have 2^64 of them: that is their network.
_IPV6_PREFIX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLimits:
    """How many seats a server has."""

    strangers: int = 512
    strangers_per_network: int = 128
    # None: as many as this process can hold.
    members: int | None = None
    members_per_login: int | None = None
    # A stranger keeps its seat this long, whoever comes: time to log in, even while newcomers press.
    grace_s: float = 0.25


@dataclass(slots=True, eq=False)
class Seat:
    """The seat of one connection."""

    network: str
    taken_at_s: float
    # A login or a request is under way, which began well: others go first.
    is_busy: bool = False
    # The identity that was proved for this seat; None is a stranger.
    login: str | None = None


class Admission:
    """The seats of one server, and who must leave them."""

    def __init__(self, limits: SeatLimits) -> None:
        self.limits = limits
        # In the order in which they came; of each login in the order in which they proved who they are.
        self._strangers: dict[Seat, None] = {}
        self._of_network: Counter[str] = Counter()
        self._members: dict[str, dict[Seat, None]] = {}
        self._member_count = 0

    @property
    def strangers(self) -> int:
        """How many seats strangers hold."""
        return len(self._strangers)

    @property
    def members(self) -> int:
        """How many seats members hold."""
        return self._member_count

    def arrive(self, address: str, now_s: float) -> tuple[Seat, Seat | None]:
        """Return a seat for a newcomer, and the seat that is taken from somebody for it.

        Raises Overloaded when all who could go have only just come.
        """
        network = network_of(address)
        limits, leaving = self.limits, None
        if self._of_network[network] >= limits.strangers_per_network:
            of_it = (seat for seat in self._strangers if seat.network == network)
            leaving = self._first_to_go(of_it, now_s)
            if leaving is None:
                raise Overloaded(
                    "too many connections from your address that do not log in", retry_after_s=1.0
                )
        elif len(self._strangers) >= limits.strangers:
            leaving = self._first_to_go(self._strangers, now_s)
            if leaving is None:
                raise Overloaded("too many connections that do not log in", retry_after_s=1.0)
        if leaving is not None:
            self.leave(leaving)
        seat = Seat(network, now_s)
        self._strangers[seat] = None
        self._of_network[network] += 1
        return seat, leaving

    def prove(self, seat: Seat, login: str) -> Seat | None:
        """Make the one in `seat` a member; return the seat that another connection of this login loses for it.

        Raises Overloaded when the server has no room for more members. A member may become another one.
        """
        if seat.login == login or not self._holds(seat):
            return None
        of_login = self._members.get(login, {})
        most = self.limits.members_per_login
        leaving = None
        if most is not None and len(of_login) >= most:
            leaving = next((other for other in of_login if not other.is_busy), next(iter(of_login)))
        elif seat.login is None and self._is_full():
            raise Overloaded("there is no room for more connections here", retry_after_s=10.0)
        if leaving is not None:
            self.leave(leaving)
        self.leave(seat)
        seat.login = login
        self._members.setdefault(login, {})[seat] = None
        self._member_count += 1
        return leaving

    def make_room(self) -> Seat | None:
        """Take the seat of the oldest stranger, because this process can hold no more; None without one."""
        leaving = next(
            (seat for seat in self._strangers if not seat.is_busy), next(iter(self._strangers), None)
        )
        if leaving is not None:
            self.leave(leaving)
        return leaving

    def leave(self, seat: Seat) -> None:
        """Free `seat`, if it is still held."""
        if not self._holds(seat):
            return
        if seat.login is None:
            del self._strangers[seat]
            self._of_network[seat.network] -= 1
            if not self._of_network[seat.network]:
                del self._of_network[seat.network]
            return
        of_login = self._members[seat.login]
        del of_login[seat]
        if not of_login:
            del self._members[seat.login]
        self._member_count -= 1

    def _holds(self, seat: Seat) -> bool:
        if seat.login is None:
            return seat in self._strangers
        return seat in self._members.get(seat.login, ())

    def _is_full(self) -> bool:
        return self.limits.members is not None and self._member_count >= self.limits.members

    def _first_to_go(self, strangers: Iterable[Seat], now_s: float) -> Seat | None:
        busy = None
        for seat in strangers:
            if now_s - seat.taken_at_s < self.limits.grace_s:
                break  # all others came later
            if not seat.is_busy:
                return seat
            busy = busy or seat
        return busy


def network_of(address: str) -> str:
    """Return the network that strangers at `address` share: the address itself, of IPv6 its first 64 bits."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))
