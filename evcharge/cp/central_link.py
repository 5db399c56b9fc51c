"""How a charging point's programs reach Central: the credential both share, their link, and the lines about it."""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

from evcharge import labels
from evcharge.domain.errors import AuthenticationError, Code, EvchargeError, Overloaded, StateError
from evcharge.domain.ids import CpId, Role
from evcharge.evc1.central_addresses import places
from evcharge.evc1.client import LinkState, Phase, ReconnectingClient, TicketWallet
from evcharge.evc1.connection import HandedOver
from evcharge.evc1.tickets import IssuedTicket
from evcharge.http import registry_client
from evcharge.labels import Phrase, Speech, say
from evcharge.labels.causes import cause
from evcharge.labels.point import SENTENCES
from evcharge.runtime import failures
from evcharge.runtime.config import Config
from evcharge.runtime.outage import Outage
from evcharge.runtime.waiting import Backoff
from evcharge.security import secret_files

log = logging.getLogger(__name__)

# How often the file of the credential is looked at.
LOOK_S = 1.0
# What to do about a wrong key, where there is one thing to do.
_CURES = {Code.TICKET: "wrong service key", Code.CREDENTIAL: "wrong credential"}


class PointCredential:
    """The secret of one charging point. Its two programs share the file, and whichever changes it tells both."""

    def __init__(self, config: Config, cp_id: CpId, location: str = "") -> None:
        """`location` is where the charging point stands, for its first registration; only its engine can say."""
        self._config = config
        self._location = location
        self._cp_id = cp_id
        self._words = Speech(SENTENCES, config.lang)
        self.file: Path = config.state / "cp" / cp_id / "secret"
        # From the environment it cannot change while we live.
        self.is_given = bool(os.environ.get("EVCHARGE_CREDENTIAL"))
        self._looked_at: tuple[int, int] | None = None
        # Told what is wrong with the Registry, and None when it answers.
        self.on_registry: Callable[[str | None], None] = lambda _: None
        self._registry_outage = Outage(self._say_registry_lost, self._say_registry_back)

    async def find(self) -> str:
        """Return the secret; waits for the Registry when the charging point must be registered first.

        Raises StateError, with what to do, when it can be neither found nor made.
        """
        backoff = Backoff(first_s=1.0)
        while True:
            try:
                secret = await self._own()
            except Overloaded as problem:
                self.tell_registry(problem)
                await asyncio.sleep(backoff.next_s(problem.retry_after_s or 0.0))
                continue
            self.tell_registry(None)
            self._looked_at = self._stamp()
            return secret

    def tell_registry(self, problem: EvchargeError | None) -> None:
        """Say that the Registry gives nothing, and why; None: that it does again."""
        lang = self._config.lang
        if problem is not None and not isinstance(problem, Overloaded):
            why = labels.says(problem.code, problem.text, lang)
            log.warning("%s", self._words("not renewed", why=why))
        elif problem is not None:
            self._registry_outage.lost(problem)
        else:
            self._registry_outage.back()

    def _say_registry_lost(self, problem: EvchargeError) -> None:
        phrase = say(Phrase.REGISTRY_LOST, self._config.lang)
        log.warning("%s", explained(phrase, problem, self._config.lang))
        self.on_registry(phrase)

    def _say_registry_back(self) -> None:
        log.info("%s", say(Phrase.REGISTRY_BACK, self._config.lang))
        self.on_registry(None)

    async def now(self) -> str:
        """Return the secret as it is now, for a login. Raises AuthenticationError when it cannot be read."""
        try:
            return await self._own()
        except StateError as problem:
            # The link waits for somebody to put it right; a running charge must not end because of it.
            raise AuthenticationError(problem.text, Code.CREDENTIAL) from None

    def replace(self, secret: str) -> None:
        """Write the secret, which both programs are about to notice. Raises StateError."""
        secret_files.replace_secret(self.file, secret)

    async def watch(self, on_change: Callable[[str], None]) -> None:
        """Call `on_change` with the secret each time that its file was written anew. Does not end."""
        while True:
            await asyncio.sleep(LOOK_S)
            stamp = self._stamp()
            if self.is_given or stamp is None or stamp == self._looked_at:
                continue
            self._looked_at = stamp
            try:
                secret = secret_files.read_secret(self.file)
            except (StateError, OSError) as problem:
                log.warning(
                    "%s", self._words("bad credential", why=cause(failures.why(problem), self._words.lang))
                )
                continue
            log.info("%s", self._words("new credential", cp_id=self._cp_id))
            on_change(secret)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self.file.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    async def _own(self) -> str:
        config = self._config
        return await registry_client.own_secret(
            config.state,
            registry_client.RegistryAddress.of(config),
            "cp",
            self._cp_id,
            location=self._location,
        )


def explained(phrase: str, problem: EvchargeError, lang: str) -> str:
    """Return `phrase` with the reason, which a Registry or a library gives in English."""
    said = labels.says(problem.code, problem.text, lang)
    return said if said.startswith(phrase) else f"{phrase}: {said}"


def link_to_central(
    config: Config, cp_id: CpId, role: Role, credential: PointCredential
) -> ReconnectingClient:
    """Return the link of this engine or monitor."""
    registry = registry_client.RegistryAddress.of(config)

    async def fetch_ticket() -> IssuedTicket:
        return await registry_client.fetch_ticket(registry, cp_id, role, await credential.now())

    link = ReconnectingClient(
        config.reach.centrals,
        cp_id,
        role,
        TicketWallet(config.state / "cp" / cp_id / f"{role}.ticket"),
        fetch_ticket,
        credential=lambda: registry_client.kept_credential(config.state, "cp", cp_id),
    )
    link.on_registry = credential.tell_registry
    return link


class LinkLines:
    """Says in plain lines what the link lives through, each change once; remembers the last for screens."""

    def __init__(self, config: Config) -> None:
        self._lang = config.lang
        self._words = Speech(SENTENCES, config.lang)
        # The Central that serves us; all of them while none does.
        self.where = self._all = places(config.reach.centrals)
        self._was_lost = self._was_not_understood = False
        self._registry_outage = Outage(
            lambda: None, lambda: log.info("%s", say(Phrase.REGISTRY_BACK, self._lang))
        )
        self.connected = False
        # Why the link is down; None while it is up and before the first attempt has ended.
        self.error: EvchargeError | None = None

    @property
    def trouble(self) -> str | None:
        """What is wrong with the link in one short sentence; None when nothing is."""
        if self.error is None:
            return None
        return f"{self._headline(self.error)} ({labels.code(self.error.code, self._lang)})"

    def tell(self, state: LinkState, consequence: str = "") -> None:
        """Log one change; `consequence` says what goes on without Central."""
        where = state.where or self._all
        central = self._words("central at", where=where)
        self.connected = state.phase is Phase.CONNECTED
        self.where = where if self.connected else self._all
        self.error = state.error
        if self.connected:
            self._registry_outage.back()
        match state.phase:
            case Phase.CONNECTED if self._was_lost:
                log.info("%s (%s)", self._back(), central)
            case Phase.CONNECTED:
                log.info("%s", self._words("connected", where=central))
            case Phase.LOST if isinstance(state.error, HandedOver):
                log.info("%s", self._words("central hands over", where=central))
            case Phase.LOST:
                why = self._why(state.error) + consequence
                log.warning("%s", self._words("central lost", where=central, why=why))
            case Phase.WAITING:
                log.warning("%s%s", self._missing(central, state.error), consequence)
        self._was_not_understood = state.error is not None and state.error.code in labels.NOT_COMPREHENSIBLE
        if state.error is not None and _is_registry(state.error):
            self._registry_outage.lost()
        self._was_lost = not self.connected

    def _missing(self, central: str, error: EvchargeError | None) -> str:
        text = self._why(error)
        if error is not None and error.code in labels.NOT_COMPREHENSIBLE:
            cure = f" {self._words(_CURES[error.code])}" if error.code in _CURES else ""
            return f"{self._headline(error)} ({text}){cure}"
        if text.startswith("cannot connect to"):
            return f"C{text[1:]}"
        return self._words("central missing", where=central, why=text)

    def _headline(self, error: EvchargeError) -> str:
        if error.code in labels.NOT_COMPREHENSIBLE:
            return say(Phrase.NOT_UNDERSTOOD, self._lang, cp_id="Central")
        if _is_registry(error):
            return say(Phrase.REGISTRY_LOST, self._lang)
        return say(Phrase.CENTRAL_LOST, self._lang)

    def _back(self) -> str:
        if self._was_not_understood:
            return say(Phrase.UNDERSTOOD_AGAIN, self._lang, cp_id="Central")
        return say(Phrase.CENTRAL_BACK, self._lang)

    def _why(self, error: EvchargeError | None) -> str:
        if error is None:
            return self._words("it ended")
        if _is_registry(error) and self._lang != labels.DEFAULT_LANGUAGE:
            return say(Phrase.REGISTRY_LOST, self._lang)
        return labels.says(error.code, error.text, self._lang)


def _is_registry(error: EvchargeError) -> bool:
    return error.code is Code.UNREACHABLE and isinstance(error, Overloaded)
