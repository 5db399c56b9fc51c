"""`evcharge start`, `stop`: a charge is started for a driver who stands there, or ended, through Central's API."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from evcharge.operator.invocation import API, JSON, Operating
from evcharge.runtime.cli_options import Decorator, id_option, options

_ANY = "ANY"


def _central(*decorators: Decorator) -> Decorator:
    return options(*decorators, API, JSON)


@click.command()
@click.argument("cp_id", metavar="CP_ID|any")
@_central(
    id_option("--driver", "driver_id", "For whom: its wallet pays.", metavar="DRIVER_ID", required=True),
    click.option("--kwh", metavar="KWH", help="It ends after so much energy, such as 5."),
    click.option("--eur", metavar="EUROS", help="It ends after so much money, such as 3."),
)
def start(
    cp_id: str,
    driver_id: str,
    kwh: str | None,
    eur: str | None,
    as_json: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """Start a charge at CP_ID for a driver who stands there; the rules are those of its own request."""
    import secrets

    from evcharge.domain.billing import typed_number
    from evcharge.domain.errors import BadInput, Refused
    from evcharge.domain.ids import typed_id
    from evcharge.domain.own_limit import own_limits
    from evcharge.runtime.network_currency import currency

    work = Operating(config_file, given, as_json=as_json)
    order: dict[str, Any] = {"request_id": f"start-{secrets.token_hex(8)}"}
    try:
        if cp_id.upper() != _ANY:
            order["cp_id"] = typed_id(cp_id)
    except BadInput as problem:
        raise click.UsageError(problem.text) from None
    comma = work.lang == "es"
    energy, money = (None if one is None else typed_number(one, comma=comma) for one in (kwh, eur))
    try:
        until_mwh, until_cents = own_limits(energy, money, currency())
    except BadInput as problem:
        raise click.UsageError(work.say("limit bad", shown=ascii(problem.text[:40]))) from None
    order |= {} if until_mwh is None else {"until_mwh": until_mwh}
    order |= {} if until_cents is None else {"until_cents": until_cents}
    content = work.ask(lambda api: api.post(f"/api/drivers/{driver_id}/start", order))
    if content["step"] == "REFUSED":
        raise Refused(content[work.lang], content["code"])
    work.tell("started", cp_id=content["cp_id"], driver_id=driver_id, session_id=content["session_id"])


@click.command()
@click.argument("charge", metavar="S-…|CP_ID")
@_central()
def stop(charge: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """End one charge, by its session or by where it runs; the charging point stays in service."""
    from evcharge import labels
    from evcharge.domain.errors import BadInput, Code, Refused
    from evcharge.domain.ids import typed_id
    from evcharge.domain.session import EndReason

    work = Operating(config_file, given, as_json=as_json)
    if not charge.upper().startswith("S-"):
        try:
            cp_id = typed_id(charge)
        except BadInput as problem:
            raise click.UsageError(problem.text) from None
        session = work.ask(lambda api: api.get(f"/api/cps/{cp_id}"), show=False)["session"]
        if session is None:
            raise Refused(work.say("nothing runs", cp_id=cp_id), Code.NO_SESSION)
        charge = session["session_id"]
    path = f"/api/sessions/{quote(charge, safe='')}"
    before = work.ask(lambda api: api.get(path), show=False)["session"]
    content = work.ask(lambda api: api.post(f"{path}/stop"))
    about = {"session_id": before["session_id"], "cp_id": before["cp_id"]}
    if content["lost"]:
        work.tell("charge ends later", **about)
    elif before["stop_reason"] is not None:
        why = labels.reason(EndReason.read(before["stop_reason"]), work.lang)
        work.tell("charge ends already", **about, why=why)
    else:
        work.tell("charge ends", **about)


CHARGES = (start, stop)
