"""What stands in a driver's way and when that is over, read off what Central says: for the list of troubles. Pure."""

from evcharge.domain.errors import Code
from evcharge.driver.words import Words
from evcharge.evc1.messages import ErrorNotice, Message, Notice, Progress, TicketIssued

# What is wrong with, and what it is now; None: it is over.
Note = tuple[str, str | None]

_BEGIN = {"FAULT": "point", "ENGINE_LOST": "engine", "MONITOR_LOST": "monitor"}
_END = {"ENGINE_BACK": "engine", "MONITOR_BACK": "monitor"}
_OF_A_CHARGE = ("point", "engine", "monitor")


class FaultNotes:
    """What is wrong at present, each with its `source`."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._open: set[str] = set()

    def begin(self, source: str, what: str) -> tuple[Note, ...]:
        """`source` is in trouble."""
        self._open.add(source)
        return ((source, what),)

    def end(self, *sources: str) -> tuple[Note, ...]:
        """These are well; returns those that were not."""
        over = [source for source in sources if source in self._open]
        self._open.difference_update(over)
        return tuple((source, None) for source in over)

    def is_news(self, notice: Notice) -> bool:
        """Return whether `notice` is worth a line: the end of what we never heard of is not."""
        return notice.code not in _END or _END[notice.code] in self._open

    def hear(self, message: Message) -> tuple[tuple[str, ...], tuple[Note, ...]]:
        """Return the sentences that say what is over, and what is to be noted."""
        match message:
            case Notice(code=code) if code in _BEGIN:
                return (), self.begin(_BEGIN[code], self._words.notice(message))
            case Notice(code=code) if code in _END:
                return (), self.end(_END[code])
            case ErrorNotice(code=Code.STORAGE, text=text):
                return (), self.begin("storage", self._words.error(Code.STORAGE, text))
            case TicketIssued() | Progress(step="REFUSED"):
                return self._stored(self.end(*_OF_A_CHARGE))
            case Progress():
                return self._stored(())
            case _:
                return (), ()

    def _stored(self, notes: tuple[Note, ...]) -> tuple[tuple[str, ...], tuple[Note, ...]]:
        over = self.end("storage")
        return tuple(self._words("stores again") for _ in over), (*over, *notes)
