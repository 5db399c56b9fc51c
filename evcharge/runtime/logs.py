"""How a role writes its lines: text for people or JSON for programs, one line per record, no secrets.

`log.info("%s is %s", cp_id, status, extra={"cp_id": cp_id})`: what stands in `extra` becomes a field of the
JSON line, as do the fields of the surrounding `about(...)` blocks (request_id, session_id, …).

An argument that has no language yet (`labels.Saying`) is printed in that of this process; in JSON its name and its
facts are fields of their own. A whole line of a part without a language is English, and translated (`translate_with`).
"""

import logging
import os
import re
import select
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, TextIO

import msgspec

from evcharge.runtime import failures
from evcharge.runtime.config import LogSettings
from evcharge.runtime.plain import clean, clean_json

# What a pipe that is ready at all takes at once, without making us wait.
PIPE_BUF_BYTES = 4096
MAX_WAITING_LINES = 1000

_about: ContextVar[dict[str, Any]] = ContextVar("about")
_LEVELS_ES = {"debug": "depuración", "warning": "aviso", "critical": "grave"}
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_HIDDEN = "<hidden>"
_SECRETS = re.compile(
    r"gAAAAA[A-Za-z0-9_-]{20,}={0,2}"  # a Fernet token: tickets
    r"|evc\d+_[A-Za-z0-9_-]{20,}"  # what `evcharge join` takes
    r"|(?<=Bearer )\S+"
    r"|(?<=appid=)[^&\s]+"  # a key of OpenWeather, as it travels
    # 32 bytes in base64url, padded or not, and not a part of something longer: keys and secrets.
    r"|(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*[a-z])(?=[A-Za-z0-9_-]*[A-Z])[A-Za-z0-9_-]{43}=?(?![A-Za-z0-9_=-])"
)
_SECRET_FIELD = re.compile(r"(?i)secret|password|passwd|credential|token|(\A|_)key\Z|authorization|cookie")


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Add `fields` to every record logged inside the block, also by tasks that are started there."""
    token = _about.set({**_about.get({}), **fields})
    try:
        yield
    finally:
        _about.reset(token)


# The English line of a part that has no language, in that of this process; the command line puts the words there.
Translate = Callable[[str, str], str]
_words_of: list[Translate] = []


def translate_with(words: Translate) -> None:
    """Say the lines that have no language yet in that of this process, by `words`."""
    _words_of[:] = [words]


def setup(settings: LogSettings, lang: str = "en", stream: TextIO | None = None) -> None:
    """Send every logger's records to `stream` (standard output) as `settings` say, in `lang`; once per process."""
    stream = sys.stdout if stream is None else stream
    handler: logging.Handler = logging.NullHandler() if stream is None else LineHandler(stream)
    handler.setFormatter(JsonFormatter(lang) if settings.format == "json" else TextFormatter(lang=lang))
    handler.addFilter(_add_context)
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Their INFO is about their insides; ours is for people.
    for noisy in ("asyncio", "aiohttp.access", "aiosqlite"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))


def json_line(name: str, text: str, lang: str) -> str:
    """Return a sentence that is printed, not logged, as the line of JSON that a log would make of it."""
    record = logging.LogRecord(name, logging.INFO, "", 0, "%s", (text,), None)
    _add_context(record)
    return JsonFormatter(lang).format(record)


def language() -> str:
    """Return the language that `setup` was given last; English before."""
    formatters = (handler.formatter for handler in logging.getLogger().handlers)
    return next((one.lang for one in formatters if isinstance(one, TextFormatter | JsonFormatter)), "en")


def without_secrets(text: str) -> str:
    """Return `text` with everything that looks like a ticket, key or secret replaced by "<hidden>"."""
    return _SECRETS.sub(_HIDDEN, text)


class TextFormatter(logging.Formatter):
    """`12:00:01 CP001 is Available`, in local time; from WARNING on the level stands before the words."""

    def __init__(self, zone: tzinfo | None = None, lang: str = "en") -> None:
        """Times are told by `zone`; None is this computer's."""
        super().__init__()
        self._zone = zone
        self.lang = lang
        # Whole seconds since 1970, and how they are told: a quarter of what a line cost was that.
        self._told: tuple[int, str] = (-1, "")

    def format(self, record: logging.LogRecord) -> str:
        second = int(record.created)
        if second != self._told[0]:
            at = datetime.fromtimestamp(second, UTC).astimezone(self._zone)
            self._told = second, f"{at:%H:%M:%S}"
        level = "" if record.levelno == logging.INFO else f"{_level(record, self.lang)}: "
        where = f"{record.name}: " if record.levelno < logging.INFO else ""
        return f"{self._told[1]} {level}{where}{_words(record, self.lang)}"


class JsonFormatter(logging.Formatter):
    """One JSON object: at (UTC), level, logger, text, then the fields of `extra`, `about` and a `Saying`."""

    def __init__(self, lang: str = "en") -> None:
        super().__init__()
        self.lang = lang

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": _words(record, self.lang),
        }
        for one in _sayings(record):
            line["said"] = one.name
            line |= {name: _told(name, value) for name, value in one.facts.items() if name not in line}
        for name, value in vars(record).items():
            if name not in _STANDARD and name not in line:
                line[name] = _told(name, value)
        return clean_json(msgspec.json.encode(line).decode())


def _add_context(record: logging.LogRecord) -> bool:
    for name, value in _about.get({}).items():
        if name not in _STANDARD:
            vars(record).setdefault(name, value)
    return True


def _level(record: logging.LogRecord, lang: str) -> str:
    english = record.levelname.lower()
    return _LEVELS_ES.get(english, english) if lang == "es" else english


def _told(name: str, value: Any) -> Any:
    return _HIDDEN if _SECRET_FIELD.search(name) else _plain(value)


def _sayings(record: logging.LogRecord) -> list[Any]:
    """Return the arguments that have no language yet."""
    args = record.args if isinstance(record.args, tuple) else ()
    return [one for one in args if hasattr(one, "in_language")]


def _in_words(argument: Any, lang: str) -> object:
    return argument.in_language(lang) if hasattr(argument, "in_language") else argument


def _translate(line: str, lang: str) -> str:
    return _words_of[0](line, lang) if _words_of else line


def _words(record: logging.LogRecord, lang: str) -> str:
    try:
        if _sayings(record):
            text = str(record.msg) % tuple(_in_words(one, lang) for one in record.args or ())
        else:
            text = _translate(record.getMessage(), lang)
    except (TypeError, ValueError):
        text = f"{record.msg} {record.args}"
    problem = record.exc_info[1] if record.exc_info else None
    if problem is not None:
        # A mistake of our own is told as it is: the line is what a report starts from.
        known = failures.is_foreseen(problem)
        text += f" ({failures.why(problem) if known else f'{type(problem).__name__}: {problem}'}{_where(problem)})"
        # People get a sentence; who debugs gets the whole way, still on one line.
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            text += " | " + logging.Formatter().formatException(record.exc_info).replace("\n", " | ")  # type: ignore[arg-type]
    return clean(without_secrets(text))


def _where(problem: BaseException) -> str:
    step = problem.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is None:
        return ""
    return f", {Path(step.tb_frame.f_code.co_filename).name}:{step.tb_lineno}"


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return clean(without_secrets(str(value)))


class LineHandler(logging.Handler):
    """Writes whole lines and never waits for who reads them.

    A paused terminal or a full pipe would otherwise stop the event loop, and with it a charge. Lines wait
    then, up to MAX_WAITING_LINES; further ones are counted. A reader that is gone for good is no error.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._waiting: deque[bytes] = deque()
        self._dropped = 0
        try:
            self._fd = stream.fileno()
        except (OSError, ValueError):
            self._fd = -1  # a stream in memory

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line, or keep it until the next one."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001  one bad record must not end the task that logged it
            line = f"a log record of {record.name} could not be written"
        if self._fd < 0:
            with suppress(OSError, ValueError):
                self._stream.write(line + "\n")
                self._stream.flush()
            return
        if len(self._waiting) < MAX_WAITING_LINES:
            self._waiting.append(line.encode("utf-8", "backslashreplace") + b"\n")
        else:
            self._dropped += 1
        self._write(wait_s=0)

    def flush(self) -> None:
        """Give a slow reader one more second."""
        if self._fd >= 0:
            self._write(wait_s=1)

    def _write(self, wait_s: float) -> None:
        try:
            while self._waiting and select.select([], [self._fd], [], wait_s)[1]:
                line = self._waiting.popleft()
                rest = line[os.write(self._fd, line[:PIPE_BUF_BYTES]) :]
                if rest:
                    self._waiting.appendleft(rest)
                elif self._dropped and not self._waiting:
                    self._waiting.append(f"… {self._dropped} lines were not shown\n".encode())
                    self._dropped = 0
        except BlockingIOError:
            self._waiting.appendleft(line)
        except (OSError, ValueError):
            self._waiting.clear()
