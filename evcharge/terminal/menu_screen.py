"""What the screens of engine, monitor and weather have in common: facts, troubles, messages, and one key a choice."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from rich.text import Text

from evcharge.labels import Speech
from evcharge.terminal.fault_log import LoggedFault
from evcharge.terminal.screen import Choice, Console, Messages

Facts = TypeVar("Facts")
Order = TypeVar("Order")


class MenuScreen(ABC, Generic[Facts, Order]):
    """A live screen with a menu. Its `l` shows the list of troubles alone, and again everything."""

    def __init__(
        self,
        facts: Callable[[], Facts],
        troubles: Callable[[], Sequence[LoggedFault]],
        do: Callable[[Order], None],
        say: Callable[[str], None],
        words: Speech,
        stop: Callable[[], None],
    ) -> None:
        """`do` takes the same orders as a pipe gives; `say` writes a line among the messages."""
        self._facts = facts
        self._troubles = troubles
        self._do = do
        self._say = say
        self._words = words
        self._only_list = False
        self._messages = Messages()
        self._console = Console(self._draw, {**self._choices(), "l": self._list}, stop)
        self._messages.on_news = self._console.news

    @abstractmethod
    def _choices(self) -> Mapping[str, Choice]:
        """Return what the keys do; `l` is taken."""

    @abstractmethod
    def _draw(self, width: int, height: int) -> list[Text]:
        """Return the lines of the screen."""

    async def run(self) -> None:
        """Be there until cancelled; the messages are shown instead of printed."""
        with self._messages.instead():
            await self._console.run()

    def _simply(self, order: Order) -> Choice:
        async def choice() -> None:
            self._do(order)

        return choice

    async def _list(self) -> None:
        self._only_list = not self._only_list

    async def _agreed(self, question: str) -> bool:
        """Ask, for one key; say so when it is not that of yes."""
        yes = self._words("yes")[:1]
        if await self._console.ask(question, keys=f"{yes}yn") in (yes, "y"):
            return True
        self._say(self._words("cancelled"))
        return False
