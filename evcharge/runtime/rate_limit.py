"""How much one source may do in a while: token buckets, one for each source. Pure.

`now` is in monotonic seconds.
"""

from collections import OrderedDict
from collections.abc import Hashable

# More sources than a network has: a flood from made-up ones must not fill memory.
MOST_SOURCES = 20_000


class TokenBucket:
    """Holds at most `burst` tokens and gains one every `every_s` seconds; it begins full."""

    __slots__ = ("_burst", "_every_s", "_full_at")

    def __init__(self, every_s: float, burst: float = 1.0) -> None:
        self._every_s = every_s
        self._burst = burst
        # When all tokens taken so far will be back.
        self._full_at = float("-inf")

    def wait_s(self, now: float, tokens: float = 1.0) -> float:
        """Return how long until so many tokens are there: 0.0 when they are."""
        missing_s = max(0.0, self._full_at - now)
        return max(0.0, missing_s + (tokens - self._burst) * self._every_s)

    def take(self, now: float, tokens: float = 1.0) -> bool:
        """Take so many tokens if they are there; return whether they were."""
        if self.wait_s(now, tokens) > 0:
            return False
        self.spend(now, tokens)
        return True

    def spend(self, now: float, tokens: float = 1.0) -> float:
        """Take so many tokens, on credit if they are not there; return how long until the debt is paid."""
        every_s = self._every_s
        full_at = self._full_at = max(self._full_at, now) + tokens * every_s
        # As `wait_s(now, 0)`, spelt out: it is asked for every frame.
        unpaid_s = full_at - now - self._burst * every_s
        return unpaid_s if unpaid_s > 0 else 0.0


class TokenBuckets:
    """A bucket for each source. Beyond `most` sources, the one that asked longest ago is forgotten."""

    def __init__(self, every_s: float, burst: float = 1.0, most: int = MOST_SOURCES) -> None:
        self._every_s = every_s
        self._burst = burst
        self._most = most
        self._buckets: OrderedDict[Hashable, TokenBucket] = OrderedDict()

    def of(self, source: Hashable) -> TokenBucket:
        """Return the bucket of `source`."""
        bucket = self._buckets.get(source)
        if bucket is None:
            bucket = self._buckets[source] = TokenBucket(self._every_s, self._burst)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(source)
        return bucket
