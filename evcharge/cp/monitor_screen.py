"""A monitor on a terminal: what its keys do."""

from collections.abc import Callable, Sequence

from rich.text import Text

from evcharge.cp.console import Choice, Console, Messages
from evcharge.cp.monitor_view import view
from evcharge.cp.status import MonitorFacts
from evcharge.cp.troubles import Trouble
from evcharge.labels import Speech

_MOST_PASSWORD = 200


class MonitorScreen:
    """The live screen and the menu of one monitor."""

    def __init__(
        self,
        facts: Callable[[], MonitorFacts],
        troubles: Callable[[], Sequence[Trouble]],
        do: Callable[[str], None],
        say: Callable[[str], None],
        words: Speech,
        stop: Callable[[], None],
    ) -> None:
        """`do` takes the same words as a pipe does; `say` writes a line among the messages."""
        self._facts = facts
        self._troubles = troubles
        self._do = do
        self._say = say
        self._words = words
        self._only_list = False
        self._messages = Messages()
        self._console = Console(
            self._draw,
            {
                "r": self._simply("register"),
                "w": self._withdraw,
                "a": self._simply("authenticate"),
                "f": self._fault,
                "s": self._simply("status"),
                "l": self._list,
                "q": self._simply("quit"),
            },
            stop,
        )
        self._messages.on_news = self._console.news

    async def run(self) -> None:
        """Be there until cancelled; the messages are shown instead of printed."""
        with self._messages.instead():
            await self._console.run()

    async def ask_password(self) -> str | None:
        """Return what is typed, unseen; None when nobody wants to, or when it cannot be a password."""
        answer = await self._console.ask(self._words("ask password"), secret=True)
        if answer and not (len(answer) <= _MOST_PASSWORD and answer.isprintable()):
            self._say(self._words("bad password"))
            return None
        return answer

    def _draw(self, width: int, height: int) -> list[Text]:
        return view(
            self._facts(),
            self._troubles(),
            self._messages.newest_first,
            self._words,
            width,
            height,
            only_list=self._only_list,
        )

    def _simply(self, word: str) -> Choice:
        async def choice() -> None:
            self._do(word)

        return choice

    async def _fault(self) -> None:
        self._do("recover" if self._facts().simulating else "fault")

    async def _list(self) -> None:
        self._only_list = not self._only_list

    async def _withdraw(self) -> None:
        answer = await self._console.ask(self._words("ask withdraw", cp_id=self._facts().cp_id))
        if (answer or "").lower() in (self._words("yes"), "yes", "sí", "si"):
            self._do("withdraw")
        else:
            self._say(self._words("cancelled"))
