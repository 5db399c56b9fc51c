"""A monitor on a terminal: what its keys do."""

from collections.abc import Mapping

from rich.text import Text

from evcharge.cp.monitor.monitor_view import view
from evcharge.cp.status import MonitorFacts
from evcharge.terminal.menu_screen import MenuScreen
from evcharge.terminal.screen import Choice

_MOST_PASSWORD = 200


class MonitorScreen(MenuScreen[MonitorFacts, str]):
    """The live screen and the menu of one monitor; its orders are the words that a pipe gives."""

    def _choices(self) -> Mapping[str, Choice]:
        return {
            "r": self._simply("register"),
            "w": self._withdraw,
            "a": self._simply("authenticate"),
            "f": self._fault,
            "s": self._simply("status"),
            "q": self._simply("quit"),
        }

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

    async def _fault(self) -> None:
        self._do("recover" if self._facts().simulating else "fault")

    async def _withdraw(self) -> None:
        if await self._agreed(self._words("ask withdraw", cp_id=self._facts().cp_id)):
            self._do("withdraw")
