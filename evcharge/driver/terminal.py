"""The driver at a terminal: a prompt with completion, and a line at the bottom that lives."""

import asyncio
import logging
import os
import sys
import termios
import textwrap
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style
from rich.console import RenderableType

from evcharge.domain.errors import BadInput, StateError
from evcharge.driver import view
from evcharge.driver.actions import ActionRunner, LineOutput
from evcharge.driver.line_mode import obey_line
from evcharge.driver.lines import LineCutter
from evcharge.driver.prompt import WORDS, PinWish, parse
from evcharge.driver.words import Words
from evcharge.evc1.messages import Balance, ConfirmStart, History, Points, Supply, TicketIssued
from evcharge.runtime.clock import utc_now
from evcharge.runtime.plain import clean

_REFRESH_S = 0.25
# Rows below the prompt that the completion menu may use.
_MENU_ROWS = 5
# More lines than that were not meant for us: a paragraph went into the wrong window.
_MOST_LINES = 20
_ORDERS = ("start", "stop", "pin", *WORDS)
_STYLE = Style.from_dict({"bottom-toolbar": "noreverse", "bottom-toolbar.text": "noreverse"})


class TerminalWords(Words):
    """Says the same, with tables and a receipt. The figures of each second stand in the toolbar instead."""

    def ticket(self, driver_id: str, bill: TicketIssued) -> list[str]:
        """The receipt."""
        return _lines(view.receipt(driver_id, bill, self))

    def points(self, answer: Points) -> list[str]:
        """The free charging points."""
        return _lines(view.points(answer, self, _columns()))

    def history(self, answer: History) -> list[str]:
        """The latest tickets."""
        return _lines(view.history(answer, self, _columns()))

    def balance(self, answer: Balance) -> list[str]:
        """The wallet."""
        return _lines(view.balance(answer, self))

    def live(self, supply: Supply) -> list[str]:  # noqa: ARG002
        """Nothing."""
        return []


class Drawn(str):
    """A line that we have drawn: its escapes are colours of ours."""

    __slots__ = ()


class TerminalScreen(LineOutput):
    """Lines above the prompt. Each is written when `show` returns: a ticket is seen before it is acknowledged."""

    def __init__(self, words: Words) -> None:
        super().__init__(words)
        self.session: PromptSession[str] | None = None

    def show(self, line: str) -> None:
        """Write one line above the prompt, broken between words; what is being typed stays."""
        if not isinstance(line, Drawn):
            line = clean(line)
            if len(line) > (columns := _columns()):
                line = "\n".join(textwrap.wrap(line, columns))
        app = self.session.app if self.session is not None else None
        if app is None or not app.is_running:
            self._write(line)
            return
        try:
            app.renderer.erase()
        except OSError:
            raise self._gone() from None
        self._write(line)
        app.renderer.reset()
        app.renderer.request_absolute_cursor_position()
        app.invalidate()


class Suggestions(Completer):
    """Commands; after `start`, the charging points that were heard of."""

    def __init__(self, points: Iterable[str]) -> None:
        self._points = points

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
        """Yield what may stand where the cursor is."""
        for word, typed in suggest(document.text_before_cursor, self._points):
            yield Completion(word, start_position=-typed)


def suggest(text: str, points: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield words that may end `text`, each with the number of characters that it replaces."""
    first, blank, rest = text.lstrip().partition(" ")
    if not blank:
        choices: Iterable[str] = _ORDERS
        typed = first
    elif first.lower() == "start" and " " not in rest.lstrip():
        choices = (*sorted(points), "any", "near")
        typed = rest.lstrip()
    else:
        return
    for choice in choices:
        if choice.lower().startswith(typed.lower()) and choice != typed:
            yield choice, len(typed)


def seat(
    lang: str, driver_id: str, stop: asyncio.Event
) -> tuple[Words, LineOutput, Callable[[ActionRunner], Coroutine[Any, Any, None]]]:
    """Return the words and the screen of a person at a terminal, and what takes their orders."""
    words = TerminalWords(lang)
    screen = TerminalScreen(words)
    return words, screen, lambda desk: sit(desk, screen, driver_id, stop)


async def sit(desk: ActionRunner, screen: TerminalScreen, driver_id: str, stop: asyncio.Event) -> None:
    """Do what is typed until the driver leaves: `quit`, Ctrl+D, or Ctrl+C (twice while a request is open)."""
    conversation = desk.conversation
    loop = asyncio.get_running_loop()
    drawn: Supply | None = None
    drawn_at = drawn_s = 0.0
    asked: ConfirmStart | None = None
    answer_by_s = 0.0

    def toolbar() -> ANSI:
        nonlocal drawn, drawn_at, drawn_s, asked, answer_by_s
        columns, facts = _columns(), conversation.facts
        if facts.supply is not drawn:
            drawn, drawn_at, drawn_s = facts.supply, utc_now().timestamp(), loop.time()
        if facts.question is not asked:
            asked = facts.question
            answer_by_s = loop.time() + asked.within_s if asked is not None else 0.0
        times = view.BarTimes(drawn_at, loop.time() - drawn_s, answer_by_s - loop.time())
        line = view.toolbar(driver_id, facts, conversation.request, desk.words, columns, times)
        return ANSI(view.render(line, columns, color=_colorful()))

    desk.show(desk.words("type help"))
    session: PromptSession[str]
    try:
        screen.session = session = PromptSession(
            f"{driver_id}> ",
            completer=Suggestions(conversation.facts.points),
            history=_Discreet(),
            bottom_toolbar=toolbar,
            refresh_interval=_REFRESH_S,
            reserve_space_for_menu=_MENU_ROWS,
            style=_STYLE,
            color_depth=None if _colorful() else ColorDepth.DEPTH_1_BIT,
        )
        # Also raw between two prompts: there, Ctrl+C would be a signal and leave at once.
        with _loud_failures(stop), _logs_above(screen), session.input.raw_mode():
            await _listen(desk, session, screen)
    except (OSError, termios.error):
        raise StateError(desk.words("screen gone")) from None
    finally:
        screen.session = None


class _Discreet(InMemoryHistory):
    """Keeps no line with a PIN in it."""

    def append_string(self, string: str) -> None:
        if not string.lower().lstrip().startswith("pin"):
            super().append_string(string)


async def _digits(desk: ActionRunner, screen: TerminalScreen) -> str:
    """Ask for a PIN, which is not shown; "" when nobody wants to type one."""
    session: PromptSession[str] = PromptSession(is_password=True)
    before, screen.session = screen.session, session
    try:
        return (await session.prompt_async(f"{desk.words('new pin')} ", handle_sigint=False)).strip()
    except (EOFError, KeyboardInterrupt):
        return ""
    finally:
        screen.session = before


async def _listen(desk: ActionRunner, session: "PromptSession[str]", screen: TerminalScreen) -> None:
    hesitant = False
    while True:
        try:
            text = await session.prompt_async(handle_sigint=False, set_exception_handler=False)
        except EOFError:
            return
        except KeyboardInterrupt:
            if hesitant or desk.conversation.request is None:
                return
            hesitant = True
            desk.carry_out(desk.conversation.confirm_quit())
            continue
        hesitant = False
        if _wants_digits(text):
            text += f" {await _digits(desk, screen)}"
        if not _obey(desk, text):
            return


def _wants_digits(text: str) -> bool:
    try:
        wish = parse(text.strip())
    except BadInput:
        return False
    return isinstance(wish, PinWish) and wish.limit_cents > 0 and wish.pin is None


def _obey(desk: ActionRunner, text: str) -> bool:
    # A pasted paragraph is several lines; what is no UTF-8 comes back as the bytes that it was.
    data = text.replace("\r", "\n").encode("utf-8", "surrogateescape") + b"\n"
    if (lines := data.count(b"\n")) > _MOST_LINES:
        desk.show(desk.words("many lines", lines=lines, most=_MOST_LINES))
        return True
    return all(obey_line(desk, line) for line in LineCutter().feed(data))


@contextmanager
def _loud_failures(stop: asyncio.Event) -> Iterator[None]:
    """A terminal that disappears while the prompt is drawn ends the role without an error."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        if isinstance(context.get("exception"), OSError):
            stop.set()
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(before)


class _Above(logging.Handler):
    def __init__(self, screen: TerminalScreen, like: logging.Handler) -> None:
        super().__init__(like.level)
        self._screen = screen
        self._loop = asyncio.get_running_loop()
        self.setFormatter(like.formatter)
        for each in like.filters:
            self.addFilter(each)

    def emit(self, record: logging.LogRecord) -> None:
        # Some threads log, but only the loop's may draw.
        self._loop.call_soon_threadsafe(self._show, self.format(record))

    def _show(self, line: str) -> None:
        with suppress(StateError):  # the next line of our own says it
            self._screen.show(line)


@contextmanager
def _logs_above(screen: TerminalScreen) -> Iterator[None]:
    """Log lines go above the prompt too, instead of through it."""
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = [_Above(screen, handler) for handler in before]
    try:
        yield
    finally:
        root.handlers[:] = before


def _lines(thing: RenderableType) -> list[str]:
    return [Drawn(line) for line in view.render(thing, _columns(), color=_colorful()).split("\n")]


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns or 80
    except (OSError, ValueError):
        return 80


def _colorful() -> bool:
    return not os.environ.get("NO_COLOR")
