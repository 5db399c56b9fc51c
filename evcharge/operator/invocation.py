"""One command at work: its settings, the API, the operator's language; and the options that several share."""

import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evcharge.domain.errors import BadInput
from evcharge.runtime import timezone
from evcharge.runtime.cli_options import key, settings
from evcharge.runtime.plain import clean

if TYPE_CHECKING:
    from evcharge.operator.client import OperatorClient

API = key(
    "--central-api", "reach.central_api", "Where Central's API is.", others="reach.other_apis", metavar="URL"
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON, for programs.")
YES = click.option("--yes", is_flag=True, help="Do not ask.")
LIMIT = click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
BEFORE = click.option("--before", metavar="CURSOR", help="Go on where an earlier list ended.")
VIA = click.option(
    "--via",
    type=click.Choice(("api", "kafka")),
    default="api",
    show_default=True,
    help="How the order travels.",
)
ALL = click.option("--all", "everything", is_flag=True, help="Every charging point.")


class Operating:
    """One command at work: its settings, the API, and words in the operator's language."""

    def __init__(self, config_file: Path | None, given: dict[str, Any], *, as_json: bool = False) -> None:
        from evcharge.labels import Speech
        from evcharge.labels.operator import SENTENCES

        self.config = settings(config_file, given)
        self.lang: str = self.config.lang
        self.as_json = as_json
        # Where the Central is that answered.
        self.at = self.config.reach.central_api
        self.say = Speech(SENTENCES, self.lang)
        if self.config.central.timezone:
            # The operator's tables, the panel and the pages tell one instant alike.
            timezone.adopt(self.config.central.timezone)

    def api(self) -> "OperatorClient":
        """Return Central's API, wherever one of its Centrals answers. Raises StateError, ConfigError."""
        from evcharge.operator.client import OperatorClient

        return OperatorClient(self.config.reach, self.config.state, self.say)

    def ask(
        self, talk: "Callable[[OperatorClient], Coroutine[Any, Any, dict[str, Any]]]", *, show: bool = True
    ) -> dict[str, Any]:
        """Return what `talk` brings from Central; with `show`, print it when JSON is wanted."""
        import asyncio

        from evcharge.operator import tables

        async def run() -> dict[str, Any]:
            api = self.api()
            content = await talk(api)
            self.at = api.url
            return content

        content = asyncio.run(run())
        if self.as_json and show:
            tables.show_json(content)
        return content

    def order(self, path: str, body: dict[str, Any], *, yes: bool, method: str = "POST") -> dict[str, Any]:
        """Give an order; one that looks like a slip is asked about first, unless `yes`."""
        from evcharge.domain.errors import Code, Refused

        sure = {**body, "confirm": True}
        try:
            return self.ask(lambda api: api.send(method, path, sure if yes else body))
        except Refused as refusal:
            if refusal.code is not Code.CONFIRM:
                raise
            question = refusal.text
        if not sys.stdin.isatty():
            raise click.UsageError(self.say("sure unasked", question=question))
        if not click.confirm(question, err=True):
            raise BadInput(self.say("not done"))
        return self.ask(lambda api: api.send(method, path, sure))

    def tell(self, name: str, **values: object) -> None:
        """Print one sentence, unless programs read."""
        if not self.as_json:
            click.echo(clean(self.say(name, **values)))
