"""The ways in which a person is told beyond the screens: a webhook, ntfy, mail. Each sends one message at a time."""

import asyncio
import contextlib
import smtplib
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

import aiohttp
import msgspec
from msgspec import Struct

from evcharge.runtime import failures
from evcharge.runtime.clock import Clock
from evcharge.runtime.network_currency import currency

_WITHIN_S = 10.0
# What a server answers that may do better later.
_LATER = frozenset({401, 403, 408, 425, 429})


class Message(Struct, frozen=True, kw_only=True):
    """What somebody is told: `id` is the same however often it is sent; `to` is a driver's own address, or ""."""

    id: str
    way: str
    to: str
    kind: str
    about: str
    title: str
    text: str
    at: str


class Undelivered(Exception):
    """It is not delivered: `why`, in our words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotThere(Undelivered):
    """It cannot be delivered now: try again later."""


class NotTaken(Undelivered):
    """This message is never taken."""


class NotificationChannel(Protocol):
    """One way."""

    async def send(self, message: Message) -> None:
        """Deliver it; return when the far end has taken it. Raises NotThere, NotTaken."""


class Webhook:
    """Posts each message as JSON."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._token = token

    async def send(self, message: Message) -> None:
        """Post it."""
        names = ("id", "kind", "about", "title", "text", "at")
        body = {name: getattr(message, name) for name in names}
        await _post(self._url, self._token, {**body, "currency": currency().code})


class Ntfy:
    """Publishes to a topic of ntfy: the operators', or a driver's on the same server."""

    def __init__(self, url: str, token: str | None) -> None:
        self._server, _, self._topic = url.rstrip("/").rpartition("/")
        self._token = token

    async def send(self, message: Message) -> None:
        """Publish it."""
        body = {"topic": message.to or self._topic, "title": message.title, "message": message.text}
        await _post(self._server, self._token, body)


async def _post(url: str, token: str | None, body: Mapping[str, str]) -> None:
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    timeout = aiohttp.ClientTimeout(total=_WITHIN_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http,
            http.post(
                url, data=msgspec.json.encode(body), headers=headers, allow_redirects=False
            ) as response,
        ):
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
        raise NotThere(failures.why(problem)) from None
    if 200 <= status < 300:
        return
    why = f"it answered with HTTP status {status}"
    raise NotThere(why) if status in _LATER or status >= 500 or status < 400 else NotTaken(why)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in; `security` is none, starttls or tls, and without `user` nobody logs in."""

    host: str
    port: int
    security: str
    user: str = ""
    password: str | None = field(default=None, repr=False)


class Mail:
    """Hands each message to a mail server."""

    def __init__(self, server: MailServer, sender: str, to: str, clock: Clock) -> None:
        self._server = server
        self._sender = sender
        self._to = to
        self._clock = clock

    async def send(self, message: Message) -> None:
        """Send it; smtplib waits, so a thread does."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._sender, message.to or self._to, message.title
        mail["Date"] = format_datetime(self._clock())
        mail["Message-ID"] = f"<{message.id}@evcharge>"
        mail.set_content(message.text)
        await _in_thread(lambda: self._deliver(mail))

    def _deliver(self, mail: EmailMessage) -> None:
        try:
            with self._connected() as server:
                if self._server.user:
                    server.login(self._server.user, self._server.password or "")
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as problem:
            codes = [code for code, _ in problem.recipients.values()]
            raise _mail_trouble(min(codes, default=550), "refuses the address") from None
        except smtplib.SMTPAuthenticationError:
            raise NotThere("the mail server refuses user or password") from None
        except smtplib.SMTPResponseException as problem:
            raise _mail_trouble(problem.smtp_code, f"answered with {problem.smtp_code}") from None
        except smtplib.SMTPException:
            raise NotThere("the mail server does not do what is asked") from None
        except (OSError, ValueError) as problem:
            raise NotThere(failures.why(problem)) from None

    def _connected(self) -> smtplib.SMTP:
        if self._server.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._server.host, self._server.port, timeout=_WITHIN_S, context=context)
        server = smtplib.SMTP(self._server.host, self._server.port, timeout=_WITHIN_S)
        if self._server.security == "starttls":
            try:
                server.starttls(context=ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server


def _mail_trouble(code: int, what: str) -> Exception:
    why = f"the mail server {what}"
    return NotTaken(why) if 500 <= code < 600 else NotThere(why)


async def _in_thread(work: Callable[[], None]) -> None:
    """Await `work` in a thread that nobody waits for when the process ends."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(problem: BaseException | None) -> None:
        if done.done():
            return
        if problem is None:
            done.set_result(None)
        else:
            done.set_exception(problem)

    def run() -> None:
        problem: BaseException | None = None
        try:
            work()
        except BaseException as raised:  # noqa: BLE001  told where it is awaited
            problem = raised
        with contextlib.suppress(RuntimeError):  # the loop is gone, and so is who asked
            loop.call_soon_threadsafe(settle, problem)

    threading.Thread(target=run, name="notify-mail", daemon=True).start()
    await done
