"""The ways of `[notify]`, with the secrets that they need."""

import os
from collections.abc import Mapping
from pathlib import Path

from evcharge.central.services.notify_ways import Mail, MailServer, NotificationChannel, Ntfy, Webhook
from evcharge.domain.errors import ConfigError
from evcharge.runtime.clock import Clock
from evcharge.runtime.config import NotifySettings
from evcharge.security import secret_files, tls

TOKEN_VARIABLE, PASSWORD_VARIABLE = "EVCHARGE_NOTIFY_TOKEN", "EVCHARGE_NOTIFY_PASSWORD"


def ways(
    settings: NotifySettings, state: Path, clock: Clock, environ: Mapping[str, str] = os.environ
) -> dict[str, NotificationChannel]:
    """Return what is set up, by name. Raises ConfigError for half of it, and where a secret would go in the clear."""
    found: dict[str, NotificationChannel] = {}
    token = _secret(environ.get(TOKEN_VARIABLE), state / "notify.token")
    for name, url in (("webhook", settings.webhook), ("ntfy", settings.ntfy)):
        if token is not None and url and tls.is_in_the_clear(url):
            raise ConfigError(
                f"`[notify] {name}` is http://: its token could be read on the way. Use https://."
            )
    if settings.webhook:
        found["webhook"] = Webhook(settings.webhook, token)
    if settings.ntfy:
        found["ntfy"] = Ntfy(settings.ntfy, token)
    if settings.smtp:
        found["mail"] = _mail(
            settings, _secret(environ.get(PASSWORD_VARIABLE), state / "notify.password"), clock
        )
    elif settings.mail_to:
        raise ConfigError(
            '`[notify] mail_to` needs a mail server, too: set `[notify] smtp`, such as "mail.example.org:587".'
        )
    return found


def _mail(settings: NotifySettings, password: str | None, clock: Clock) -> Mail:
    host, _, port = settings.smtp.rpartition(":")
    if not (settings.mail_from and settings.mail_to):
        raise ConfigError("`[notify] smtp` needs a sender and a recipient: set `mail_from` and `mail_to`.")
    if settings.smtp_user and password is None:
        raise ConfigError(
            f"`[notify] smtp_user` needs a password: in {PASSWORD_VARIABLE}, or in notify.password in the state folder."
        )
    if settings.smtp_user and settings.smtp_security == "none" and host not in tls.LOOPBACK:
        raise ConfigError(
            "`[notify] smtp_security` none shows the password to anyone listening: set starttls or tls."
        )
    to = ", ".join(settings.mail_to)
    server = MailServer(host, int(port), settings.smtp_security, settings.smtp_user, password)
    return Mail(server, settings.mail_from, to, clock)


def _secret(given: str | None, path: Path) -> str | None:
    return given or (secret_files.read_secret(path) if path.exists() else None)
