"""`evcharge close-lost`: what an operator settles by hand, through Central's API."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from evcharge.operator.commands import API, JSON, Operating
from evcharge.options import Decorator, options


def _central(*decorators: Decorator) -> Decorator:
    return options(*decorators, API, JSON)


@click.command("close-lost")
@click.argument("session_id")
@_central()
def close_lost(session_id: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """End SESSION_ID, whose engine does not come back: billed at its last meter, or the money goes back."""
    from evcharge import billing

    work = Operating(config_file, given, as_json=as_json)
    content = work.ask(lambda api: api.post(f"/api/sessions/{quote(session_id, safe='')}/close-lost"))
    ticket = content["ticket"]
    if ticket is None:
        work.tell("lost given back", session_id=session_id)
        return
    figures = {"energy": billing.kwh(ticket["energy_mwh"]), "cost": billing.euros(ticket["cost_cents"])}
    work.tell("lost billed", session_id=session_id, **figures)


SETTLING = (close_lost,)
