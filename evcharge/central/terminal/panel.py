"""`evcharge central --panel`: the wall on a whole terminal, live, with a command line beneath it.

It only looks at what is committed and gives commands like everybody else. A terminal that does not take what is
written (a paused one, a slow line) is waited for by a thread of its own, never by Central.
"""

import asyncio
import logging
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import Float, FloatContainer, HSplit, Layout, Window
from prompt_toolkit.layout.controls import BufferControl, UIContent, UIControl
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from rich.console import Console as RichConsole
from rich.style import Style
from rich.text import Text

from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed, Live
from evcharge.central.rules.alert_kinds import CENTRAL, KAFKA, REGISTRY, WEATHER, AlertKind
from evcharge.central.terminal import command_line
from evcharge.central.terminal.command_line import PanelOrder, PanelVerb
from evcharge.central.terminal.operator_orders import OperatorOrders, OrderAnswer, fault
from evcharge.central.terminal.text_layout import COLOURS_256, NARROW, NO_COLOURS, TRUE_COLOURS, Palette
from evcharge.central.terminal.wall import Several, View, wall
from evcharge.central.views.alerts import Alerts, alert_text
from evcharge.central.views.event_text import speech
from evcharge.central.views.today import Today
from evcharge.domain.errors import BadInput
from evcharge.domain.events import Event, TicketMade
from evcharge.domain.ids import CpId, SessionId
from evcharge.domain.session import Session
from evcharge.labels.central import said
from evcharge.runtime import logs
from evcharge.runtime.clock import Clock
from evcharge.runtime.waiting import wait_until
from evcharge.terminal.screen_writer import NonBlockingOutput, calm_resizes

log = logging.getLogger(__name__)

REDRAW_EVERY_S = 0.25
REDRAW_AT_LEAST_EVERY_S = 30.0
MOST_MESSAGES = 200
# Solved faults that stay on the wall; `alerts` shows all that are kept.
MOST_SOLVED = 3
MOST_OPEN = 100
# Sessions whose ids the command line completes.
MOST_BILLED = 50
_YES, _NO = "yYsS", "nN"
# A question may be longer than the window is wide.
_MOST_QUESTION_ROWS = 4


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked in place of the command line, what a yes does, and what is said after a no.

    `insist`: whoever presses Ctrl+C or Ctrl+D once more means yes.
    """

    text: str
    yes: Callable[[], None]
    no: str
    insist: bool = False


def palette() -> Palette:
    """Return the colours that this terminal can show."""
    match _depth():
        case ColorDepth.DEPTH_1_BIT:
            return NO_COLOURS
        case ColorDepth.DEPTH_24_BIT:
            return TRUE_COLOURS
        case _:
            return COLOURS_256


def _depth() -> ColorDepth:
    if (given := ColorDepth.from_env()) is not None:
        return given
    if os.environ.get("COLORTERM", "") in ("truecolor", "24bit"):
        return ColorDepth.DEPTH_24_BIT
    return ColorDepth.DEPTH_8_BIT


class Panel:
    """The program on the terminal. `run` it once, beside the other parts of Central."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        feed: Feed,
        alerts: Alerts,
        desk: OperatorOrders,
        today: Today,
        clock: Clock,
        stop: asyncio.Event,
        lang: str,
        several: Callable[[], Several | None] = lambda: None,
    ) -> None:
        self._several = several
        self._facts = dispatcher.facts
        self._live = feed.live
        self._live_at: dict[CpId, datetime] = {}
        self._alerts = alerts
        self._desk = desk
        self._today = today
        self._clock = clock
        self._stop = stop
        self._lang = lang
        self._say = speech(lang)
        self._palette = palette()
        self._messages: deque[str] = deque(maxlen=MOST_MESSAGES)
        self._page: Sequence[str] | None = None
        self._asking: _Question | None = None
        self._billed: deque[SessionId] = deque(maxlen=MOST_BILLED)
        self._changed = asyncio.Event()
        self._wanted: asyncio.Queue[PanelOrder] = asyncio.Queue()
        self._out = NonBlockingOutput(sys.stdout.fileno())
        self._wall = _WallControl(self)
        self._line = Buffer(
            completer=_Words(self), complete_while_typing=True, multiline=False, accept_handler=self._accept
        )
        self._app: Application[None] = self._application()
        calm_resizes(self._app, self._changed.set)
        feed.listen(self._on_event)
        feed.listen_live(self._on_live)

    async def run(self) -> None:
        """Show the wall until `stop` is set; sets it when the operator quits or the terminal is gone."""
        root = logging.getLogger()
        handlers, handler = root.handlers, _Messages(self.note, self._today.days.zone, self._lang)
        root.handlers = [handler]
        try:
            async with asyncio.TaskGroup() as tasks:
                helpers = [tasks.create_task(self._redraw()), tasks.create_task(self._work())]
                try:
                    # Ctrl+C is a key here; signals belong to lifecycle.
                    await self._app.run_async(handle_sigint=False, set_exception_handler=False)
                except (EOFError, OSError):
                    self._stop.set()  # the terminal was closed
                finally:
                    for helper in helpers:
                        helper.cancel()
        except Exception:
            root.handlers = handlers
            # A screen must not take Central with it.
            log.exception("%s", said("panel failed"))
        finally:
            self._out.close()
            root.handlers = handlers

    def note(self, text: str) -> None:
        """Add a line to the messages."""
        self._messages.append(text)
        self._changed.set()

    # ---- what is shown

    def view(self) -> View:
        """Return what to show now."""
        self._today.turn(self._clock())
        zone = self._today.days.zone
        alerts = self._alerts.recent()
        still_open = [alert for alert in alerts if alert.solved_at is None]
        solved = [alert for alert in alerts if alert.solved_at is not None][:MOST_SOLVED]
        listed = [*still_open[:MOST_OPEN], *solved]
        around = (
            (REGISTRY, AlertKind.REGISTRY),
            (CENTRAL, AlertKind.STORAGE),
            (KAFKA, AlertKind.KAFKA),
            (WEATHER, AlertKind.WEATHER_SERVICE),
        )
        return View(
            points=list(self._facts.points()),
            countries={weather.location: weather.country for weather in self._facts.weathers()},
            sessions=list(self._facts.sessions()),
            live=self._live,
            live_at=self._live_at,
            faults=[fault(alert, self._lang, zone) for alert in listed],
            more_faults=max(0, len(still_open) - MOST_OPEN),
            messages=list(self._messages),
            troubles=[
                alert_text(alert, self._lang)
                for alert in still_open
                if (alert.about, alert.kind) in around or alert.kind is AlertKind.AWAY
            ],
            energy_today_mwh=self._today.energy_mwh,
            revenue_today_cents=self._today.cents,
            page=self._page,
            several=self._several(),
            zone=zone,
        )

    def paint(self, width: int, height: int) -> list[StyleAndTextTuples]:
        """Return the wall as lines for a terminal of that size."""
        return _painted(wall(self.view(), width, height, self._palette, self._lang))

    def ids(self) -> tuple[Iterable[str], Iterable[str], Iterable[str]]:
        """Return the ids of the charging points, of the drivers, and of sessions that were billed of late."""
        points = (point.cp_id for point in self._facts.points())
        return points, (driver.driver_id for driver in self._facts.drivers()), tuple(self._billed)

    def _on_live(self, session: Session, _live: Live) -> None:
        self._live_at[session.cp_id] = self._clock()
        self._changed.set()

    def _on_event(self, event: Event) -> None:
        self._today.on_event(event, self._clock())
        if isinstance(event, TicketMade):
            self._billed.appendleft(event.session_id)
        self._changed.set()

    async def _redraw(self) -> None:
        while True:
            # Without any news a day ends all the same.
            await wait_until(self._changed, REDRAW_AT_LEAST_EVERY_S)
            # A terminal that does not keep up gets the newest wall later, instead of every one.
            if not self._out.is_behind:
                self._changed.clear()
                self._wall.forget()
                self._app.invalidate()
            await asyncio.sleep(REDRAW_EVERY_S)

    # ---- what is typed

    def _accept(self, buffer: Buffer) -> bool:
        line, self._page = buffer.text, None
        self._changed.set()
        self._wall.forget()
        try:
            order = command_line.parse(line, self._say)
        except BadInput as problem:
            self.note(problem.text)
            return False
        if order is None:
            return False
        self.note(f"> {' '.join(line.split())}")
        if order.verb is PanelVerb.QUIT:
            self._ask_to_quit()
        elif question := self._desk.question(order := self._desk.exact(order)):
            no = self._say("not asked for" if order.verb is PanelVerb.OUT else "money not")
            self._ask(_Question(question, lambda: self._wanted.put_nowait(order), no))
        else:
            self._wanted.put_nowait(order)
        return False

    async def _work(self) -> None:
        """Carry out what was typed, one after the other: the screen stays alive meanwhile."""
        while True:
            self._show(await self._desk.carry_out(await self._wanted.get()))

    def _show(self, answer: OrderAnswer) -> None:
        if answer.page is not None:
            self._page = answer.page
            self._changed.set()
        else:
            self.note(answer.line)

    def _ask_to_quit(self) -> None:
        running = sum(1 for _ in self._facts.sessions())
        if not running:
            self._quit()
            return
        question = self._say("quit question", count=running)
        self._ask(_Question(question, self._quit, self._say("quit not"), insist=True))

    def _ask(self, question: _Question) -> None:
        """Ask in place of the command line; one key answers."""
        self._asking = question
        self._app.invalidate()

    def _answer(self, *, yes: bool) -> None:
        question, self._asking = self._asking, None
        if question is not None and yes:
            question.yes()
        elif question is not None:
            self.note(question.no)
        self._app.invalidate()

    def _quit(self) -> None:
        self.note(self._say("quitting"))
        self._stop.set()

    # ---- the terminal

    def _application(self) -> Application[None]:
        keys = KeyBindings()

        @keys.add("c-c")
        def _(_event: KeyPressEvent) -> None:
            if self._line.text:
                self._line.reset()
            else:
                self._ask_to_quit()

        @keys.add("c-d")
        def _(_event: KeyPressEvent) -> None:
            if self._line.text:
                self._line.delete()
            else:
                self._ask_to_quit()

        @keys.add("escape", eager=True)
        def _(_event: KeyPressEvent) -> None:
            if self._line.complete_state is not None:
                self._line.cancel_completion()
            self._page = None
            self._wall.forget()

        @keys.add("c-l")
        def _(event: KeyPressEvent) -> None:
            event.app.renderer.clear()

        self._answering(keys)
        prompt = BufferControl(
            self._line, input_processors=[BeforeInput(self._prompt, style="bold")], focus_on_click=True
        )
        root = FloatContainer(
            HSplit(
                [
                    Window(self._wall, height=Dimension(weight=1), wrap_lines=False),
                    Window(
                        prompt,
                        height=self._rows,
                        wrap_lines=Condition(self._is_asking),
                        dont_extend_height=True,
                    ),
                ]
            ),
            [Float(CompletionsMenu(max_height=6), xcursor=True, ycursor=True)],
        )
        return Application(
            layout=Layout(root, focused_element=prompt),
            key_bindings=keys,
            full_screen=True,
            color_depth=_depth(),
            output=Vt100_Output.from_pty(self._out, term=os.environ.get("TERM")),  # type: ignore[arg-type]
        )

    def _answering(self, keys: KeyBindings) -> None:
        """Add the keys that answer a question; meanwhile every other key does nothing."""
        asked = Condition(self._is_asking)

        @keys.add(Keys.Any, filter=asked, eager=True)
        def _(event: KeyPressEvent) -> None:
            key = event.key_sequence[0].key
            if key in _YES or key in _NO:
                self._answer(yes=key in _YES)

        @keys.add("escape", filter=asked, eager=True)
        def _(_event: KeyPressEvent) -> None:
            self._answer(yes=False)

        @keys.add("c-c", filter=asked, eager=True)
        @keys.add("c-d", filter=asked, eager=True)
        def _(_event: KeyPressEvent) -> None:
            self._answer(yes=self._asking is not None and self._asking.insist)

    def _is_asking(self) -> bool:
        return self._asking is not None

    def _rows(self) -> Dimension:
        return Dimension(min=1, max=_MOST_QUESTION_ROWS if self._is_asking() else 1)

    def _prompt(self) -> str:
        if self._asking is not None:
            return f"{self._asking.text} "
        narrow = self._app.output.get_size().columns < NARROW
        return "> " if narrow else f"{self._say('prompt')} "


class _WallControl(UIControl):
    """The wall as a control of prompt-toolkit: told its size, painted once for each change."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._painted: tuple[int, int, list[StyleAndTextTuples]] | None = None

    def forget(self) -> None:
        """Paint anew next time."""
        self._painted = None

    def create_content(self, width: int, height: int) -> UIContent:
        if self._painted is None or self._painted[:2] != (width, height):
            self._painted = width, height, self._panel.paint(width, height)
        lines = self._painted[2]
        return UIContent(lambda number: lines[number], line_count=len(lines), show_cursor=False)


class _Words(Completer):
    """Commands, then the names that there are."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        before = document.text_before_cursor
        if not before and not complete_event.completion_requested:
            return
        length, found = command_line.completions(before, *self._panel.ids())
        # What is there already needs no menu.
        if found != [before[len(before) - length :]]:
            yield from (Completion(word, start_position=-length) for word in found)


class _Messages(logging.Handler):
    """Puts log lines into the messages of the panel."""

    def __init__(self, note: Callable[[str], None], zone: tzinfo, lang: str) -> None:
        super().__init__()
        self._note = note
        self.setFormatter(logs.TextFormatter(zone, lang))

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        with suppress(Exception):
            self._note(self.format(record))


def _painted(lines: Sequence[Text]) -> list[StyleAndTextTuples]:
    console = RichConsole(width=1000, color_system="truecolor", force_terminal=True, no_color=False)
    return [
        [(_style(segment.style), segment.text) for segment in line.render(console) if segment.text]
        for line in lines
    ]


def _style(style: Style | None) -> str:
    if style is None:
        return ""
    words = []
    if style.color is not None:
        words.append(f"fg:{style.color.get_truecolor().hex}")
    if style.bgcolor is not None:
        words.append(f"bg:{style.bgcolor.get_truecolor().hex}")
    words += [word for word in ("bold", "reverse") if getattr(style, word)]
    return " ".join(words)
