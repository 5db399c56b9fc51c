"""An engine on a terminal: what its keys do, and where its screen gets its facts."""

from collections.abc import Callable

from rich.text import Text

from evcharge.cp.charge import BROKEN
from evcharge.cp.console import Choice, Console, Messages
from evcharge.cp.engine_view import view
from evcharge.cp.plan import Action, Order
from evcharge.cp.status import EngineFacts
from evcharge.errors import BadInput
from evcharge.ids import DriverId, check_id
from evcharge.labels import Speech


class EngineScreen:
    """The live screen and the menu of one engine."""

    def __init__(
        self,
        facts: Callable[[], EngineFacts],
        do: Callable[[Order], None],
        say: Callable[[str], None],
        words: Speech,
        stop: Callable[[], None],
    ) -> None:
        """`do` is the engine's hand; `say` writes a line among the messages."""
        self._facts = facts
        self._do = do
        self._say = say
        self._words = words
        self._only_list = False
        self._messages = Messages()
        self._console = Console(
            self._draw,
            {
                "p": self._simply(Action.PLUG),
                "u": self._simply(Action.UNPLUG),
                "m": self._manual,
                "k": self._break_or_mend,
                "s": self._simply(Action.STATUS),
                "l": self._list,
                "q": self._quit,
            },
            stop,
        )
        self._messages.on_news = self._console.news

    async def run(self) -> None:
        """Be there until cancelled; the messages are shown instead of printed."""
        with self._messages.instead():
            await self._console.run()

    def _draw(self, width: int, height: int) -> list[Text]:
        messages = self._messages.newest_first
        return view(self._facts(), messages, self._words, width, height, only_list=self._only_list)

    def _simply(self, action: Action) -> Choice:
        async def choice() -> None:
            self._do(Order(action))

        return choice

    async def _break_or_mend(self) -> None:
        self._do(Order(Action.MEND if self._facts().fault == BROKEN else Action.BREAK))

    async def _list(self) -> None:
        self._only_list = not self._only_list

    async def _manual(self) -> None:
        answer = await self._console.ask(self._words("ask driver"))
        if not answer:
            self._say(self._words("cancelled"))
            return
        try:
            driver_id = DriverId(check_id(answer.upper(), "driver id"))
        except BadInput as problem:
            self._say(self._words("not done", why=problem.text))
            return
        self._do(Order(Action.MANUAL, driver_id))

    async def _quit(self) -> None:
        if self._facts().state == "charging":
            answer = await self._console.ask(self._words("ask quit"))
            if (answer or "").lower() not in (self._words("yes"), "yes", "sí", "si"):
                self._say(self._words("cancelled"))
                return
        self._do(Order(Action.STOP))
