"""Invitations that are made on Central's pages: tokens with which other PCs join."""

from msgspec import structs

from evcharge.central.api.resources.registration import Ask, Kind
from evcharge.joining import joining
from evcharge.joining.joining import Made
from evcharge.labels import Speech
from evcharge.labels.join import SENTENCES
from evcharge.runtime.config import Config
from evcharge.runtime.plain import place

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  compared with, not bound


class Inviting:
    """Makes tokens that lead here. `port` is where Central really listens."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.port = config.central.port

    async def invite(self, ask: Ask, kind: Kind, id_: str, location: str, lang: str) -> Made:
        """Return the token of an invitation for `id_`, with doubts in `lang`.

        Raises what `ask` raises, StateError and ConfigError.
        """
        config, host = self._config, self._config.central.host
        if host in _EVERYWHERE:
            host = config.reach.central_host
        others = [place(*one) for one in config.reach.centrals if one != (host, self.port)]
        reach = structs.replace(
            config.reach,
            central_host=host,
            central_port=self.port,
            # Where there is one Central only, [reach] may have another name for it.
            other_centrals=others if config.reach.other_centrals else [],
        )
        here = structs.replace(config, reach=reach)
        return await joining.invite(here, ask, kind, id_, Speech(SENTENCES, lang), location=location)
