"""An engine on a terminal: what its keys do, and where its screen gets its facts."""

from collections.abc import Mapping

from rich.text import Text

from evcharge.cp.engine import plan
from evcharge.cp.engine.engine_view import view
from evcharge.cp.engine.plan import Action, HandOrder
from evcharge.cp.health import BROKEN
from evcharge.cp.status import EngineFacts
from evcharge.domain.errors import BadInput
from evcharge.domain.ids import DriverId, typed_id
from evcharge.terminal.menu_screen import MenuScreen
from evcharge.terminal.screen import Choice


class EngineScreen(MenuScreen[EngineFacts, HandOrder]):
    """The live screen and the menu of one engine."""

    def _choices(self) -> Mapping[str, Choice]:
        return {
            "p": self._simply(HandOrder(Action.PLUG)),
            "u": self._simply(HandOrder(Action.UNPLUG)),
            "m": self._manual,
            "k": self._break_or_mend,
            "s": self._simply(HandOrder(Action.STATUS)),
            "q": self._quit,
        }

    def _draw(self, width: int, height: int) -> list[Text]:
        return view(
            self._facts(),
            self._messages.newest_first,
            self._words,
            width,
            height,
            # The list has the faults on top, as the monitor's has.
            troubles=self._troubles() if self._only_list else None,
        )

    async def _break_or_mend(self) -> None:
        self._do(HandOrder(Action.MEND if self._facts().fault == BROKEN else Action.BREAK))

    async def _manual(self) -> None:
        answer = await self._console.ask(self._words("ask driver"))
        if not answer:
            self._say(self._words("cancelled"))
            return
        try:
            driver_id = DriverId(typed_id(answer, "driver id"))
        except BadInput as problem:
            self._say(self._words("not done", why=problem.text))
            return
        answer = await self._console.ask(self._words("ask pin", driver=driver_id), secret=True)
        if answer is None:
            self._say(self._words("cancelled"))
            return
        try:
            self._do(HandOrder(Action.MANUAL, driver_id, plan.pin(answer) if answer else None))
        except ValueError:
            self._say(self._words("not done", why=self._words("bad pin")))

    async def _quit(self) -> None:
        if self._facts().state != "charging" or await self._agreed(self._words("ask quit")):
            self._do(HandOrder(Action.STOP))
