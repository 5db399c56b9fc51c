"""The weather service on a terminal: what its keys do."""

from collections.abc import Mapping

from rich.text import Text

from evcharge.domain.errors import BadInput
from evcharge.terminal.menu_screen import MenuScreen
from evcharge.terminal.screen import Choice
from evcharge.weather.orders import MenuOrder, MenuVerb, checked, checked_cp
from evcharge.weather.view import ServiceFacts, view


class WeatherScreen(MenuScreen[ServiceFacts, MenuOrder]):
    """The live screen and the menu."""

    def _choices(self) -> Mapping[str, Choice]:
        return {
            "a": self._asking(self._add),
            "d": self._asking(self._drop),
            "c": self._asking(self._change),
            "m": self._asking(self._move),
            "q": self._simply(MenuOrder(MenuVerb.QUIT)),
        }

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

    def _asking(self, choice: Choice) -> Choice:
        async def asked() -> None:
            try:
                await choice()
            except BadInput as problem:
                self._say(problem.text)

        return asked

    async def _add(self) -> None:
        if answer := await self._console.ask(self._words("ask add")):
            self._do(MenuOrder(MenuVerb.ADD, checked(answer, self._words)))

    async def _drop(self) -> None:
        if answer := await self._console.ask(self._words("ask drop")):
            self._do(MenuOrder(MenuVerb.DROP, checked(answer, self._words)))

    async def _change(self) -> None:
        if not (answer := await self._console.ask(self._words("ask change"))):
            return
        location = checked(answer, self._words)
        if city := await self._console.ask(self._words("ask change to", location=location)):
            self._do(MenuOrder(MenuVerb.CHANGE, location, checked(city, self._words)))

    async def _move(self) -> None:
        if not (answer := await self._console.ask(self._words("ask move"))):
            return
        cp_id = checked_cp(answer, self._words)
        if location := await self._console.ask(self._words("ask move to", cp_id=cp_id)):
            self._do(MenuOrder(MenuVerb.MOVE, cp_id=cp_id, where=checked(location, self._words)))
