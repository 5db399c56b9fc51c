"""The addresses of the network's Centrals, in the order in which a peer dials them. Pure.

One of them is at work; the others refuse connections until they take over.
"""

from collections.abc import Iterable

from evcharge.domain.errors import Code, EvchargeError
from evcharge.runtime.plain import parted, place

Address = tuple[str, int]

# What answers there is not a Central of ours, or says so: another address may do better.
NOT_OURS = frozenset({Code.CENTRAL_PROOF, Code.VERSION, Code.MALFORMED, Code.TOO_BIG, Code.FIELD})
_NOT_REACHED = (Code.UNREACHABLE, Code.CLOSED, Code.TIMEOUT)
NOT_SERVED = NOT_OURS | frozenset(_NOT_REACHED)


class CentralAddresses:
    """Which Central is dialled next. A round tries each address once, that of the Central that served last first."""

    def __init__(self, addresses: Iterable[Address]) -> None:
        """`addresses` are those of the settings, at least one."""
        self._known = tuple(dict.fromkeys(addresses))
        self._order = list(self._known)
        self._failures: dict[Address, EvchargeError] = {}

    @property
    def next(self) -> Address:
        """The one that is dialled next, or is connected."""
        return self._order[0]

    @property
    def all(self) -> tuple[Address, ...]:
        """All of them, the next one first."""
        return tuple(self._order)

    @property
    def failures(self) -> dict[Address, EvchargeError]:
        """Why those did not serve us that this round has tried, in the order of the tries."""
        return self._failures

    def begin(self) -> None:
        """Begin a new round."""
        self._failures = {}

    def failed(self, error: EvchargeError) -> bool:
        """Note that the one that was dialled did not serve us; return whether this round has another one."""
        self._failures[self.next] = error
        self.pass_over()
        return len(self._failures) < len(self._order)

    def pass_over(self) -> None:
        """Dial the next one first: the present one does not serve us any more."""
        self._order.append(self._order.pop(0))

    def moved(self, named: Iterable[str]) -> None:
        """Dial those first that the present Central named when it handed over, and itself last."""
        last = self.next
        first = [address for text in named if (address := _address(text)) is not None]
        self._order = [one for one in dict.fromkeys((*first, *self._known)) if one != last] + [last]

    def most_telling(self) -> tuple[Address, EvchargeError]:
        """Return the failure of this round that says most: that of whoever answered, before that of who did not."""
        return min(self._failures.items(), key=lambda failure: _rank(failure[1].code))


def places(addresses: Iterable[Address]) -> str:
    """Return the addresses as one types them, with commas."""
    return ", ".join(place(*address) for address in addresses)


def _rank(code: Code) -> int:
    if code not in _NOT_REACHED:
        return 1 if code in NOT_OURS else 0
    return 3 if code is Code.UNREACHABLE else 2


def _address(text: str) -> Address | None:
    try:
        return parted(text)
    except ValueError:
        return None
