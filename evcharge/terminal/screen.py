"""One program on a whole terminal: a screen that is drawn again and again, one key a choice, one question at a time.

Nothing here waits for the terminal: a window that is frozen must not stop a charge.
"""

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.clipboard import DummyClipboard
from prompt_toolkit.data_structures import Size
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.history import DummyHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import ConditionalContainer, HSplit, Layout, Window
from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl
from prompt_toolkit.layout.processors import BeforeInput, ConditionalProcessor, PasswordProcessor
from prompt_toolkit.output.vt100 import Vt100_Output
from rich.text import Text

from evcharge.runtime import logs
from evcharge.terminal import drawing, keyboard
from evcharge.terminal.screen_writer import NonBlockingOutput, calm_resizes

# Keys that come faster than anybody types are pasted: in a menu they mean nothing.
PASTE_S = 0.03
DRAW_S = 0.5
MOST_ANSWER = 300
MOST_MESSAGES = 300
# So much stays on the terminal when the screen has gone.
MOST_LAST_MESSAGES = 12

Draw = Callable[[int, int], Sequence[Text]]
Choice = Callable[[], Awaitable[None]]


class Messages(logging.Handler):
    """The latest lines of the logs, in place of printing them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logs.TextFormatter())
        self._records: deque[logging.LogRecord] = deque(maxlen=MOST_MESSAGES)
        self.lines: deque[tuple[int, str]] = deque(maxlen=MOST_MESSAGES)
        self.on_news: Callable[[], None] = lambda: None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self._records.append(record)
        self.lines.append((record.levelno, self.format(record)))
        self.on_news()

    @property
    def newest_first(self) -> list[Text]:
        """The lines, for a screen."""
        return [
            Text(f" {line}", style="yellow" if level >= logging.WARNING else "")
            for level, line in reversed(self.lines)
        ]

    @contextlib.contextmanager
    def instead(self) -> Iterator[None]:
        """Keep what is logged during the block; the last lines of it are printed at its end."""
        root = logging.getLogger()
        before, root.handlers = root.handlers, [self]
        try:
            yield
        finally:
            root.handlers = before
            for record in list(self._records)[-MOST_LAST_MESSAGES:]:
                for handler in before:
                    handler.handle(record)


class Console:
    """The terminal of one program. `draw(width, height)` returns the lines of its screen."""

    def __init__(self, draw: Draw, choices: Mapping[str, Choice], on_stop: Callable[[], None]) -> None:
        """`choices` are what the keys do; `q` is also Ctrl+D. `on_stop`: Ctrl+C, or the terminal has gone."""
        self._draw = draw
        self._choices = choices
        self._on_stop = on_stop
        self._question = ""
        self._secret = False
        # What answers a question at once; "": a line is wanted.
        self._keys = ""
        self._answer: asyncio.Future[str | None] | None = None
        self._last_key_s = float("-inf")
        self._chosen: asyncio.Queue[Choice] = asyncio.Queue()
        self._out = NonBlockingOutput(keyboard.STDOUT)
        self._size = Size(rows=24, columns=80)
        self._buffer = Buffer(
            multiline=False, history=DummyHistory(), accept_handler=self._accept, on_text_changed=_shorten
        )
        self._input = Window(
            BufferControl(
                self._buffer,
                input_processors=[
                    ConditionalProcessor(PasswordProcessor(), Condition(lambda: self._secret)),
                    BeforeInput(lambda: self._question),
                ],
            ),
            height=1,
        )
        asking = Condition(lambda: self._answer is not None)
        self._app: Application[None] = Application(
            Layout(
                HSplit(
                    [
                        Window(FormattedTextControl(self._screen, show_cursor=False)),
                        ConditionalContainer(self._input, asking),
                    ]
                )
            ),
            key_bindings=self._bindings(asking),
            full_screen=True,
            clipboard=DummyClipboard(),
            output=Vt100_Output(
                self._out,  # type: ignore[arg-type]  # all of a TextIO that it uses
                self._measure,
                term=os.environ.get("TERM"),
                enable_cpr=False,
            ),
            terminal_size_polling_interval=1.0,
        )
        self._app.ttimeoutlen = 0.1
        calm_resizes(self._app, self.news)

    async def run(self) -> None:
        """Show the screen and do what the keys say, until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._do_chosen())
                tasks.create_task(self._redraw())
                await self._show()
                # It ended by itself: the terminal has gone.
                self._on_stop()
        finally:
            self._out.close()

    def news(self) -> None:
        """Draw again soon: something has changed."""
        if not self._out.is_behind and self._app.is_running:
            self._app.invalidate()

    async def ask(self, question: str, *, secret: bool = False, keys: str = "") -> str | None:
        """Return what is typed after `question`, or None when nobody wants to answer.

        With `keys`, one of these is the answer as soon as it is pressed; Enter is "", others do nothing.
        """
        self._question, self._secret, self._keys = f"{question} ", secret, keys
        self._answer = asyncio.get_running_loop().create_future()
        self._buffer.reset()
        # A long answer before had scrolled the question out of sight.
        self._input.horizontal_scroll = 0
        self._app.layout.focus(self._input)
        self.news()
        try:
            return await self._answer
        finally:
            self._answer = None
            self._buffer.reset()
            self._app.layout.focus_previous()
            self.news()

    # ---- keys

    def _bindings(self, asking: Condition) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("c-c", eager=True)
        def _stop(_event: KeyPressEvent) -> None:
            self._on_stop()

        @keys.add("c-d", filter=asking)
        @keys.add("escape", filter=asking)
        def _cancel(_event: KeyPressEvent) -> None:
            self._settle(None)

        @keys.add(Keys.BracketedPaste, filter=asking)
        def _paste(event: KeyPressEvent) -> None:
            self._buffer.insert_text(" ".join(event.data[: 4 * MOST_ANSWER].split()))

        by_key = asking & Condition(lambda: bool(self._keys))

        @keys.add(Keys.Any, filter=by_key, eager=True)
        def _answer(event: KeyPressEvent) -> None:
            if (key := event.data.lower()) and key in self._keys:
                self._last_key_s = asyncio.get_running_loop().time()
                self._settle(key)

        @keys.add(Keys.BracketedPaste, filter=by_key, eager=True)
        def _paste_no_answer(_event: KeyPressEvent) -> None:
            pass

        @keys.add(Keys.Any, filter=~asking)
        @keys.add("c-d", filter=~asking)
        @keys.add("enter", filter=~asking)
        @keys.add(Keys.BracketedPaste, filter=~asking)
        def _choose(event: KeyPressEvent) -> None:
            key = event.key_sequence[0].key
            now_s = asyncio.get_running_loop().time()
            pasted = now_s - self._last_key_s < PASTE_S or bool(event.app.key_processor.input_queue)
            self._last_key_s = now_s
            choice = self._choices.get(
                "q" if key == Keys.ControlD else str(key.value if isinstance(key, Keys) else key).lower()
            )
            if choice is not None and not pasted and self._chosen.empty():
                self._chosen.put_nowait(choice)

        return keys

    def _accept(self, buffer: Buffer) -> bool:
        self._last_key_s = asyncio.get_running_loop().time()
        self._settle(buffer.text.strip())
        return False

    def _settle(self, answer: str | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    async def _do_chosen(self) -> None:
        while True:
            choice = await self._chosen.get()
            await choice()
            self.news()

    # ---- the screen

    async def _show(self) -> None:
        # The signals are lifecycle's; a terminal that has gone ends the input, and later the output.
        with contextlib.suppress(EOFError, OSError):
            await self._app.run_async(handle_sigint=False, set_exception_handler=False)

    async def _redraw(self) -> None:
        while True:
            await asyncio.sleep(DRAW_S)
            self.news()

    def _screen(self) -> ANSI:
        width, height = self._size.columns, self._size.rows - (self._answer is not None)
        return ANSI(drawing.drawn(self._draw(width, height), width, colors=not os.environ.get("NO_COLOR")))

    def _measure(self) -> Size:
        try:
            columns, rows = os.get_terminal_size(keyboard.STDOUT)
        except OSError:
            return self._size
        if columns and rows:
            self._size = Size(rows=rows, columns=columns)
        return self._size


def _shorten(buffer: Buffer) -> None:
    if len(buffer.text) > MOST_ANSWER:
        buffer.text = buffer.text[:MOST_ANSWER]
