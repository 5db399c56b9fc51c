"""`evcharge top-up`, `correct`, `refund`, `pay-out`, `close-lost`: what an operator settles through Central's API."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from evcharge.operator.invocation import API, JSON, YES, Operating
from evcharge.operator.operator_commands import REFERENCE
from evcharge.runtime.cli_options import Decorator, id_argument, options

_REASON = click.option("--reason", required=True, metavar="TEXT", help="Why; the driver reads it.")
# "-19.80" is an amount, not a flag.
_AMOUNTS = {"ignore_unknown_options": True}
_MOST_REASON = 200


def _central(*decorators: Decorator) -> Decorator:
    return options(*decorators, API, JSON)


def _session(session_id: str, order: str) -> str:
    return f"/api/sessions/{quote(session_id, safe='')}/{order}"


def cents_of(work: Operating, text: str, *, signed: bool = False) -> int:
    """Return an amount of euros in cents. Raises click.UsageError with a sentence in the operator's language."""
    from evcharge.domain.billing import parse_cents, typed_number
    from evcharge.domain.errors import BadInput

    sign = "-" if signed and text.startswith("-") else ""
    text = sign + typed_number(text.removeprefix(sign), comma=work.lang == "es")
    digits = text.removeprefix(sign)
    if re.fullmatch(r"-?\d+,\d+", text):
        raise click.UsageError(work.say("amount comma", amount=text, better=text.replace(",", ".")))
    if re.fullmatch(r"-\d+(\.\d+)?", digits):
        raise click.UsageError(work.say("amount negative", amount=text))
    try:
        cents = (-1 if sign else 1) * parse_cents(digits)
    except BadInput:
        raise click.UsageError(work.say("amount bad", amount=ascii(text[:40]))) from None
    if cents == 0:
        raise click.UsageError(work.say("amount nothing"))
    return cents


def _move(
    work: Operating,
    path: str,
    name: str,
    reason: str,
    body: dict[str, Any],
    reference: str | None,
    *,
    yes: bool,
) -> None:
    """Give an order that moves money, and say what came of it."""
    import secrets

    from evcharge.domain.billing import euros
    from evcharge.domain.errors import Overloaded

    if not reason.strip() or len(reason) > _MOST_REASON or not reason.isprintable():
        raise click.UsageError(work.say("reason bad", most=_MOST_REASON))
    reference = reference or secrets.token_hex(8)
    order = {**body, "reason": reason, "reference": reference}
    try:
        content = work.order(path, order, yes=yes)
    except Overloaded as problem:
        text = work.say("order repeat", why=problem.text, reference=reference)
        raise Overloaded(text, problem.code) from None
    work.tell(
        f"{name} before" if content["repeated"] else name,
        driver_id=content["driver_id"],
        session_id=content["session_id"] or "",
        amount=euros(content["cents"] if name == "corrected money" else abs(content["cents"])),
        balance=euros(content["balance_cents"]),
    )
    _owes(work, content)


def _owes(work: Operating, content: dict[str, Any]) -> None:
    from evcharge.domain.billing import euros

    if content["owed_cents"]:
        work.tell("still owes", driver_id=content["driver_id"], owed=euros(content["owed_cents"]))


@click.command("close-lost")
@click.argument("session_id")
@_central()
def close_lost(session_id: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """End SESSION_ID, whose engine does not come back: billed at its last meter, or the money goes back."""
    from evcharge.domain import billing

    work = Operating(config_file, given, as_json=as_json)
    content = work.ask(lambda api: api.post(_session(session_id, "close-lost")))
    ticket = content["ticket"]
    if ticket is None:
        work.tell("lost given back", session_id=session_id)
        return
    figures = {"energy": billing.kwh(ticket["energy_mwh"]), "cost": billing.euros(ticket["cost_cents"])}
    work.tell("lost billed", session_id=session_id, **figures)


@click.command("top-up", context_settings=_AMOUNTS)
@id_argument("driver_id")
@click.argument("euros")
@_central(REFERENCE, YES)
def top_up(
    driver_id: str,
    euros: str,
    reference: str | None,
    yes: bool,
    as_json: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """Put EUROS (such as 20 or 12.50) into the wallet of DRIVER_ID."""
    import secrets

    from evcharge.domain import billing
    from evcharge.domain.errors import Overloaded

    work = Operating(config_file, given, as_json=as_json)
    cents = cents_of(work, euros)
    reference = reference or secrets.token_hex(8)
    body = {"cents": cents, "reference": reference}
    try:
        content = work.order(f"/api/drivers/{driver_id}/top-up", body, yes=yes)
    except Overloaded as problem:
        text = work.say("order repeat", why=problem.text, reference=reference)
        raise Overloaded(text, problem.code) from None
    work.tell(
        "topped up before" if content["repeated"] else "topped up",
        driver_id=driver_id,
        amount=billing.euros(cents),
        balance=billing.euros(content["balance_cents"]),
    )
    _owes(work, content)


@click.command(context_settings=_AMOUNTS)
@id_argument("driver_id")
@click.argument("euros")
@_central(
    _REASON,
    click.option(
        "--session", "session_id", metavar="S-…", help="Of what this session cost: its ticket is corrected."
    ),
    REFERENCE,
    YES,
)
def correct(
    driver_id: str,
    euros: str,
    reason: str,
    session_id: str | None,
    reference: str | None,
    yes: bool,
    as_json: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """Put EUROS into the wallet of DRIVER_ID, or take them out (such as -19.80), with a reason."""
    work = Operating(config_file, given, as_json=as_json)
    body: dict[str, Any] = {"cents": cents_of(work, euros, signed=True)}
    if session_id is not None:
        body["session_id"] = session_id
    _move(work, f"/api/drivers/{driver_id}/correct", "corrected money", reason, body, reference, yes=yes)


@click.command(context_settings=_AMOUNTS)
@click.argument("session_id")
@click.argument("euros", required=False)
@_central(_REASON, REFERENCE, YES)
def refund(
    session_id: str,
    euros: str | None,
    reason: str,
    reference: str | None,
    yes: bool,
    as_json: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """Give back what the ticket of SESSION_ID costs, or EUROS of it."""
    work = Operating(config_file, given, as_json=as_json)
    body = {} if euros is None else {"cents": cents_of(work, euros)}
    _move(work, _session(session_id, "refund"), "refunded", reason, body, reference, yes=yes)


@click.command("pay-out", context_settings=_AMOUNTS)
@id_argument("driver_id")
@click.argument("euros", required=False)
@_central(
    _REASON,
    click.option(
        "--registration",
        type=click.IntRange(0),
        metavar="N",
        help="Whose: the wallet that this registration of the id left.",
    ),
    REFERENCE,
    YES,
)
def pay_out(
    driver_id: str,
    euros: str | None,
    reason: str,
    registration: int | None,
    reference: str | None,
    yes: bool,
    as_json: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """Pay out what is free in the wallet of DRIVER_ID, or EUROS of it; also of one that was withdrawn."""
    work = Operating(config_file, given, as_json=as_json)
    body = {} if euros is None else {"cents": cents_of(work, euros)}
    if registration is not None:
        body["registration"] = registration
    _move(work, f"/api/drivers/{driver_id}/pay-out", "paid out", reason, body, reference, yes=yes)


SETTLING = (top_up, close_lost, correct, refund, pay_out)
