"""How much one identity may do to Central's books in a while, over however many connections. Pure.

`now` is in monotonic seconds. A program that is well never comes near these.
"""

from evcharge.domain.errors import Code, Overloaded
from evcharge.domain.ids import CpId, Role
from evcharge.runtime.rate_limit import TokenBuckets

# So many at once, and one more each so many seconds.
LOGINS, LOGIN_EVERY_S = 20, 3.0
JOURNALS, JOURNAL_EVERY_S = 3, 20.0
CHANGES, CHANGE_EVERY_S = 10, 6.0
# Records of Kafka under one key that come to nothing: as many as over a connection in a minute.
USELESS_RECORDS, USELESS_RECORD_EVERY_S = 600, 0.1
# A peer that floods Central is not heard for this long.
BAN_S = 60.0

TOO_FAST = "more messages than Central takes, without end"
USELESS = "too much that comes to nothing"


class Quotas:
    """What is left to everybody."""

    def __init__(self) -> None:
        self._logins = TokenBuckets(LOGIN_EVERY_S, LOGINS)
        self._journals = TokenBuckets(JOURNAL_EVERY_S, JOURNALS)
        self._changes = TokenBuckets(CHANGE_EVERY_S, CHANGES)
        self._useless = TokenBuckets(USELESS_RECORD_EVERY_S, USELESS_RECORDS)
        self._bans = TokenBuckets(BAN_S)

    def login(self, role: Role, id_: str, now: float) -> None:
        """Count a login. Raises Overloaded (E_SLOW) when there were too many, or while `id_` is banned."""
        self.check(role, id_, now)
        bucket = self._logins.of((role, id_))
        if not bucket.take(now):
            raise Overloaded("too many logins", Code.SLOW, bucket.wait_s(now))

    def new_journal(self, cp_id: CpId, now: float) -> None:
        """Count a journal that is not the one before. Raises Overloaded (E_SLOW) when there were too many."""
        bucket = self._journals.of(cp_id)
        if not bucket.take(now):
            raise Overloaded("too many new journals", Code.SLOW, bucket.wait_s(now))

    def change_of_health(self, cp_id: CpId, now: float) -> bool:
        """Count that a monitor says something else; return whether it may."""
        return self._changes.of(cp_id).take(now)

    def next_change_of_health_s(self, cp_id: CpId, now: float) -> float:
        """Return how long a monitor waits until it may say something else."""
        return self._changes.of(cp_id).wait_s(now)

    def useless_record(self, topic: str, key: str, now: float) -> bool:
        """Count a record that came to nothing; return whether it is one too many: what lies there is cut off."""
        if self._useless.of((topic, key)).take(now):
            return False
        return self._bans.of((topic, key)).take(now)

    def is_cut_off(self, topic: str, key: str, now: float) -> bool:
        """Return whether what lies under that key is passed over unread for a while."""
        return self._bans.of((topic, key)).wait_s(now) > 0

    def ban(self, role: Role, id_: str, now: float) -> None:
        """Hear nothing of `id_` for a while."""
        self._bans.of((role, id_)).take(now)

    def check(self, role: Role, id_: str, now: float) -> None:
        """Raise Overloaded (E_SLOW) while `id_` is banned."""
        wait_s = self._bans.of((role, id_)).wait_s(now)
        if wait_s > 0:
            raise Overloaded("not heard for a minute: it sent too much", Code.SLOW, wait_s)
