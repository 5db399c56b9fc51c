"""A program in a real pseudo-terminal: what a person would see on its screen, and type at its keyboard."""

import asyncio
import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import sys
import termios
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pexpect
import pyte

WITHIN_S = 30.0
# A key that comes sooner after the last one is taken for a piece of pasted text.
KEY_PAUSE_S = 0.08
KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "ctrl-c": "\x03",
    "ctrl-d": "\x04",
    "ctrl-l": "\x0c",
    "ctrl-u": "\x15",
    "ctrl-z": "\x1a",
}
_PASTE = ("\x1b[200~", "\x1b[201~")
# With this begins a whole screen; of one in the same size only what has changed is drawn.
_WHOLE_SCREEN = b"\x1b[J"


class _Screen(pyte.Screen):
    """A screen that can answer the program, as a terminal does when it is asked where its cursor is."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.answer = b""

    def write_process_input(self, data: str) -> None:
        self.answer += data.encode()


def heed_ctrl_c() -> None:
    """Undo what a shell does to jobs in the background: they ignore SIGINT, and so would their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """One program and its screen. Coordinates are not needed: look for what is written there."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, columns: int = 80, lines: int = 24
    ) -> None:
        """Start `argv`; to be used inside a running loop, and closed with `close`."""
        told = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.name = " ".join(argv[-2:])
        self.raw = b""
        self._screen = _Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        with warnings.catch_warnings():
            # The child of this fork does nothing but prepare its terminal and exec.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.child = pexpect.spawn(
                argv[0],
                list(argv[1:]),
                env={"TERM": "xterm-256color", "LANG": "C.UTF-8"} | told,
                cwd=str(cwd),
                dimensions=(lines, columns),
                timeout=None,
                preexec_fn=heed_ctrl_c,
            )
        self.child.delaybeforesend = None
        self._fd = self.child.child_fd
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self.take_output)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return int(self.child.pid)

    @property
    def text(self) -> str:
        """Everything that was ever written, without colours and movements: for words that are gone again."""
        return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>])", "", self.raw.decode("utf-8", "replace"))

    def capture(self) -> str:
        """Return the screen as plain text, without trailing blanks."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip() + "\n"

    def color_of(self, text: str) -> str:
        """Return the colour in which `text` begins on the screen: "green", "brown" (yellow), "default"…"""
        row, column = self._place_of(text)
        return str(self._screen.buffer[row][column].fg)

    def ground_of(self, text: str, *, below: int = 0) -> str:
        """Return the colour behind the beginning of `text`, where it stands first from line `below` on."""
        row, column = self._place_of(text, below)
        return str(self._screen.buffer[row][column].bg)

    def _place_of(self, text: str, below: int = 0) -> tuple[int, int]:
        for row, line in enumerate(self._screen.display):
            if row >= below and (column := line.find(text)) >= 0:
                return row, column
        raise AssertionError(f"{text!r} is not on the screen of {self.name}:\n{self.capture()}")

    async def shows(self, pattern: str, *, within_s: float = WITHIN_S) -> re.Match[str]:
        """Wait until the screen shows `pattern`; `.` does not cross lines. Returns the match."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    self._news.clear()
                    if found := re.search(pattern, self.capture()):
                        return found
                    if self._over.is_set():
                        raise AssertionError(f"{self.name} ended without {pattern!r}:\n{self.capture()}")
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} did not show {pattern!r}:\n{self.capture()}") from None

    async def hides(self, pattern: str, *, within_s: float = WITHIN_S) -> None:
        """Wait until the screen does not show `pattern` any more."""
        try:
            async with asyncio.timeout(within_s):
                while re.search(pattern, self.capture()) and not self._over.is_set():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} still shows {pattern!r}:\n{self.capture()}") from None

    async def types(self, text: str) -> None:
        """Type `text` and Enter, as a person who types fast."""
        self.send(text)
        await self.keys("enter")

    async def keys(self, *names: str) -> None:
        """Press one key after the other: a letter, or a name of KEYS."""
        for name in names:
            await self._takes_input()
            # What was waited for may be the echo of the last key, a moment ago.
            await asyncio.sleep(KEY_PAUSE_S)
            self.send(KEYS.get(name, name))
        await asyncio.sleep(KEY_PAUSE_S)

    async def _takes_input(self) -> None:
        """Wait until the program has read what was typed: what it reads with that counts as pasted."""
        # The kernel hands it over a moment later.
        await asyncio.sleep(KEY_PAUSE_S)
        async with asyncio.timeout(WITHIN_S):
            while self._untaken():
                await asyncio.sleep(0.01)

    def _untaken(self) -> int:
        """Return how many bytes lie in the terminal, as the program's own end of it says."""
        try:
            end = os.open(f"/proc/{self.pid}/fd/0", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            return 0  # it has ended
        try:
            return int(struct.unpack("i", fcntl.ioctl(end, termios.FIONREAD, b"\0" * 4))[0])
        finally:
            os.close(end)

    def is_full(self) -> bool:
        """Return whether the terminal takes nothing more of what the program writes, as nobody reads it."""
        end = os.open(f"/proc/{self.pid}/fd/1", os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            return not select.select([], [end], [], 0)[1]
        finally:
            os.close(end)

    def paste(self, text: str, *, bracketed: bool = True) -> None:
        """Paste `text`, as modern terminals do (`bracketed`) or as old ones, where it looks typed."""
        self.send(text.join(_PASTE) if bracketed else text)

    def send(self, text: str) -> None:
        """Send raw characters at once."""
        if not self._over.is_set():
            with contextlib.suppress(OSError):
                os.write(self._fd, text.encode("utf-8", "surrogateescape"))

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size."""
        self._screen.resize(lines, columns)
        self.child.setwinsize(lines, columns)

    async def is_redrawn(self, columns: int, lines: int) -> None:
        """Give the window another size, and wait until a program that fills it has drawn all of it anew."""
        since = len(self.raw)
        self.resize(columns, lines)
        try:
            async with asyncio.timeout(WITHIN_S):
                while _WHOLE_SCREEN not in self.raw[since:] and not self._over.is_set():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} did not draw {columns} x {lines}:\n{self.capture()}") from None

    def hang_up(self) -> None:
        """Close the window: the program gets SIGHUP and finds its terminal gone."""
        self._loop.remove_reader(self._fd)
        self._over.set()
        self._news.set()
        self.child.ptyproc.fileobj.close()

    async def ends(self, within_s: float = 10.0) -> int:
        """Wait for the end of the program; return its exit code, or minus the signal that killed it."""
        try:
            async with asyncio.timeout(within_s):
                while self.child.isalive():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{self.name} did not end:\n{self.capture()}") from None
        if self.child.exitstatus is not None:
            return int(self.child.exitstatus)
        return -int(self.child.signalstatus or 0)

    async def close(self) -> None:
        """Stop the program, by force after a few seconds, and let go of its terminal."""
        try:
            if self.child.isalive():
                self.child.kill(signal.SIGTERM)
                await self.ends()
        finally:
            if self.child.isalive():
                self.child.kill(signal.SIGKILL)
                await self.ends()
            self._loop.remove_reader(self._fd)
            with contextlib.suppress(OSError):
                self.child.close(force=True)

    def take_output(self) -> None:
        try:
            data = os.read(self._fd, 65_536)
        except OSError:
            data = b""  # EIO: everybody at the other end has closed it
        if not data:
            self._loop.remove_reader(self._fd)
            self._over.set()
        self.raw += data
        self._stream.feed(data)
        if self._screen.answer:
            answer, self._screen.answer = self._screen.answer, b""
            self.send(answer.decode())
        self._news.set()


@contextlib.asynccontextmanager
async def terminal(
    *args: str, env: Mapping[str, str], cwd: Path, columns: int = 80, lines: int = 24
) -> AsyncIterator[Terminal]:
    """Run `evcharge args…` in a terminal; it is stopped at the end, and must have shown no traceback."""
    program = Terminal((sys.executable, "-m", "evcharge", *args), env, cwd, columns, lines)
    try:
        yield program
    finally:
        await program.close()
    assert "Traceback" not in program.text, program.text
