"""`evcharge out`, `resume`, `revoke`, `cps`, `sessions`, `tickets`, `alerts`: through Central's API."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from evcharge.domain.errors import BadInput
from evcharge.domain.ids import typed_id
from evcharge.operator.invocation import ALL, API, BEFORE, JSON, LIMIT, VIA, YES, Operating
from evcharge.operator.reporting import as_file, is_file, print_file, report
from evcharge.runtime.cli_options import KAFKA, Decorator, id_argument, id_option, options

if TYPE_CHECKING:
    pass
REFERENCE = click.option(
    "--reference", metavar="TEXT", help="The same reference again counts once. Default: a new one."
)


def _central(*decorators: Decorator) -> Decorator:
    return options(*decorators, API, JSON)


def _one_or_all(cp_id: str | None, everything: bool) -> str | None:
    if (cp_id is None) == (not everything):
        raise click.UsageError("Give a charging point, such as CP001, or --all.")
    try:
        return typed_id(cp_id) if cp_id is not None else None
    except BadInput as problem:
        raise click.UsageError(problem.text) from None


@click.command()
@click.argument("cp_id", required=False)
@_central(ALL, YES, VIA, KAFKA)
def out(
    cp_id: str | None,
    everything: bool,
    yes: bool,
    via: str,
    as_json: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """Put charging point CP_ID (or --all) out of order; what it supplies ends, with its ticket."""
    cp_id = _one_or_all(cp_id, everything)
    work = Operating(config_file, given, as_json=as_json)
    if via == "kafka":
        _by_kafka(work, "out", cp_id)
        return
    if cp_id is None:
        if not yes:
            _confirm(work)
        content = work.ask(lambda api: api.post("/api/cps/out"))
        work.tell("out all", changed=content["changed"], ended=content["ended"])
        return
    content = work.ask(lambda api: api.post(f"/api/cps/{cp_id}/out"))
    work.tell("out" if content["changed"] else "out already", cp_id=cp_id)
    if content["ended"]:
        work.tell("ended")


def _confirm(work: Operating) -> None:
    points = work.ask(lambda api: api.points(), show=False)["cps"]
    count = sum(point["session"] is not None for point in points)
    if not count:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(work.say("confirm unasked", count=count))
    if not click.confirm(work.say("confirm", count=count), err=True):
        raise BadInput(work.say("not done"))


@click.command()
@click.argument("cp_id", required=False)
@_central(ALL, VIA, KAFKA)
def resume(
    cp_id: str | None, everything: bool, via: str, as_json: bool, config_file: Path | None, **given: Any
) -> None:
    """Lift the operator's hold of CP_ID (or --all). Weather, faults, new journals and revoked keys stay."""
    from evcharge import labels
    from evcharge.domain.charging_point import CpStatus

    cp_id = _one_or_all(cp_id, everything)
    work = Operating(config_file, given, as_json=as_json)
    if via == "kafka":
        _by_kafka(work, "resume", cp_id)
        return
    if cp_id is None:
        content = work.ask(lambda api: api.post("/api/cps/resume"))
        work.tell("resume all", changed=content["changed"])
    else:
        content = work.ask(lambda api: api.post(f"/api/cps/{cp_id}/resume"))
        status = labels.status(CpStatus(content["cp"]["status"]), work.lang)
        work.tell("resumed" if content["changed"] else "resumed already", cp_id=cp_id, status=status)
    for name, why in sorted(content["still_out"].items()):
        work.tell("still out", cp_id=name, why=content.get("causes", {}).get(why, {}).get(work.lang, why))


@click.command()
@id_argument("cp_id")
@_central(VIA, KAFKA)
def revoke(cp_id: str, via: str, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """Withdraw the keys of CP_ID: it is out of service until it registers again."""
    work = Operating(config_file, given, as_json=as_json)
    if via == "kafka":
        _by_kafka(work, "revoke", cp_id)
        return
    content = work.ask(lambda api: api.post(f"/api/cps/{cp_id}/revoke"))
    work.tell("revoked", cp_id=cp_id)
    if content["ended"]:
        work.tell("ended")
    if not content.get("stored", True):
        work.tell("not stored yet")


@click.command("set")
@id_argument("cp_id")
@_central(
    click.option(
        "--price", metavar="EUROS", help="What a kWh costs from now on; a running charge keeps its price."
    ),
    click.option("--location", help="Where it stands: its engine, its monitor and the Registry follow."),
    YES,
)
def set_point(
    cp_id: str,
    price: str | None,
    location: str | None,
    yes: bool,
    as_json: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """Change what a kWh costs at CP_ID, or where it stands."""
    from evcharge.domain.billing import parse_price, typed_number
    from evcharge.domain.location import Location

    work = Operating(config_file, given, as_json=as_json)
    wanted: dict[str, Any] = {}
    if price is not None:
        price = typed_number(price, comma=work.lang == "es")
        try:
            parse_price(price)
        except BadInput:
            better = price.replace(",", ".")
            name = "amount comma" if "," in price else "price bad"
            raise click.UsageError(work.say(name, amount=ascii(price[:20]), better=better[:20])) from None
        wanted["price"] = price
    if location is not None:
        try:
            wanted["location"] = Location.checked(location).name
        except BadInput as problem:
            raise click.UsageError(problem.text) from None
    if not wanted:
        raise click.UsageError(work.say("set what"))
    content = work.order(f"/api/cps/{cp_id}", wanted, yes=yes, method="PATCH")
    already = "" if content["changed"] else " already"
    if price is not None:
        work.tell(f"priced{already}", cp_id=cp_id, price=content["cp"]["price"])
    if location is not None:
        work.tell(f"moved{already}", cp_id=cp_id, location=content["cp"]["location"])
    if content["ended"]:
        work.tell("ended")


@click.command()
@id_argument("driver_id")
@click.option("--lift", is_flag=True, help="Let it charge again.")
@_central()
def block(driver_id: str, lift: bool, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """Block DRIVER_ID from charging, or lift the block (--lift). Its running charge ends."""
    work = Operating(config_file, given, as_json=as_json)
    content = work.ask(lambda api: api.post(f"/api/drivers/{driver_id}/block", {"blocked": not lift}))
    work.tell("readmitted" if lift else "barred", driver_id=driver_id)
    if content["ended"]:
        work.tell("ended")
    if not content["stored"]:
        work.tell("not stored yet")


@click.command()
@click.argument("location")
@click.option("--lift", is_flag=True, help="Heed the weather again.")
@_central()
def override(location: str, lift: bool, as_json: bool, config_file: Path | None, **given: Any) -> None:
    """Let the charging points in LOCATION work in spite of its weather alerts, or no longer (--lift)."""
    from urllib.parse import quote

    work = Operating(config_file, given, as_json=as_json)
    path = f"/api/locations/{quote(location, safe='')}/override"
    content = work.ask(lambda api: api.post(path, {"override": not lift}))
    work.tell("heeded" if lift else "overridden", location=content["location"]["location"])
    if content["ended"]:
        work.tell("ended")


def _by_kafka(work: Operating, command: Literal["out", "resume", "revoke"], cp_id: str | None) -> None:
    """Give an order over Kafka, for one charging point, and say what came of it."""
    import asyncio

    from evcharge.operator import tables, via_kafka

    if cp_id is None:
        raise click.UsageError("Over Kafka an order is for one charging point, such as CP001.")
    answer = asyncio.run(via_kafka.order(work.config, work.say, command, cp_id))
    if work.as_json:
        tables.show_json(answer)
    data = answer["data"]
    if command == "revoke":
        work.tell("revoked", cp_id=cp_id)
    else:
        name = {"out": "out", "resume": "resumed by kafka"}[command]
        work.tell(name if data["changed"] else {"out": "out already"}.get(command, "not held"), cp_id=cp_id)
    if data["ends"]:
        work.tell("ended")


# ---- looking


@click.command()
@_central()
def cps(as_json: bool, config_file: Path | None, **given: Any) -> None:
    """List the charging points as they are now."""
    from evcharge.operator import tables

    work = Operating(config_file, given, as_json=as_json)
    content = work.ask(lambda api: api.points())
    if not as_json:
        tables.show(content["cps"], tables.points(work.lang), work.say)


_STATES = ("open", "ended", "authorised", "charging", "ticketed", "refused")
OF_CP = id_option("--cp", "cp_id", "Only of this charging point.", metavar="CP_ID")
OF_DRIVER = id_option("--driver", "driver_id", "Only of this driver.", metavar="DRIVER_ID")


@click.command()
@as_file(
    click.option("--only", "which", type=click.Choice(_STATES), help="Only those in this state."),
    OF_CP,
    OF_DRIVER,
    LIMIT,
    BEFORE,
)
def sessions(
    which: str | None,
    cp_id: str | None,
    driver_id: str | None,
    limit: int,
    before: str | None,
    as_csv: bool,
    excel: bool,
    as_json: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """List sessions, the newest first; as a file (--csv, --excel): all that fit."""
    from evcharge.operator import tables

    work = Operating(config_file, given, as_json=as_json)
    if is_file(as_csv=as_csv, excel=excel, as_json=as_json):
        print_file(work, "/api/sessions.csv", excel=excel, state=which, cp_id=cp_id, driver_id=driver_id)
        return
    content = work.ask(
        lambda api: api.get(
            "/api/sessions", state=which, cp_id=cp_id, driver_id=driver_id, limit=limit, before=before
        )
    )
    if not as_json:
        tables.show(content["sessions"], tables.sessions(work.lang), work.say)
        _more(work, content)


@click.command()
@as_file(OF_CP, OF_DRIVER, LIMIT, BEFORE)
def tickets(
    cp_id: str | None,
    driver_id: str | None,
    limit: int,
    before: str | None,
    as_csv: bool,
    excel: bool,
    as_json: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """List tickets, the newest first; as a file (--csv, --excel): all that fit."""
    from evcharge.operator import tables

    work = Operating(config_file, given, as_json=as_json)
    if is_file(as_csv=as_csv, excel=excel, as_json=as_json):
        print_file(work, "/api/tickets.csv", excel=excel, cp_id=cp_id, driver_id=driver_id)
        return
    content = work.ask(
        lambda api: api.get("/api/tickets", cp_id=cp_id, driver_id=driver_id, limit=limit, before=before)
    )
    if not as_json:
        tables.show(content["tickets"], tables.tickets(work.lang), work.say)
        _more(work, content)


def _more(work: Operating, content: dict[str, Any]) -> None:
    if content["next"]:
        click.echo(work.say("more", cursor=content["next"]), err=True)


@click.command()
@_central(
    click.option("--close", "alert_id", metavar="ID", help="Close one that nothing else would end."),
    click.option("--take", metavar="ID", help="Take it: every screen names you until it ends."),
    click.option("--leave", metavar="ID", help="Leave one that was taken."),
)
def alerts(
    alert_id: str | None,
    take: str | None,
    leave: str | None,
    as_json: bool,
    config_file: Path | None,
    **given: Any,
) -> None:
    """List what is wrong, then what was solved of late."""
    from urllib.parse import quote

    from evcharge.operator import tables

    work = Operating(config_file, given, as_json=as_json)
    if alert_id is not None:
        work.ask(lambda api: api.post(f"/api/alerts/{quote(alert_id, safe='')}/close"))
        work.tell("closed", alert_id=alert_id)
        return
    wanted = take or leave
    if wanted is not None:
        path = f"/api/alerts/{quote(wanted, safe='')}/{'take' if take else 'leave'}"
        alert = work.ask(lambda api: api.post(path))["alert"]
        work.tell("taken" if alert["taken_by"] else "left", alert_id=wanted, by=alert["taken_by"])
        return
    content = work.ask(lambda api: api.get("/api/alerts"))
    if not as_json:
        tables.show(content["alerts"], tables.alerts(work.lang), work.say)


@click.command()
@_central()
def members(as_json: bool, config_file: Path | None, **given: Any) -> None:
    """List the Centrals that share one PostgreSQL, and the Registries: who leads, who is away, since when, and why."""
    from evcharge.operator import tables

    work = Operating(config_file, given, as_json=as_json)
    content = work.ask(lambda api: api.get("/api/members"))
    if as_json:
        return
    if content["leader"] is None:
        work.tell("alone")
    else:
        cause = content["cause"]
        led = f"leads {cause}" if content["before"] else "leads first"
        work.tell(led, who=content["leader"], at=tables.local(content["since"]), before=content["before"])
        tables.show(content["members"], tables.members(work.say), work.say)
    # An older Central says nothing of them.
    if registries := content.get("registries"):
        work.tell("registries")
        tables.show(registries, tables.registries(work.lang), work.say)


COMMANDS = (out, resume, revoke, block, override, cps, sessions, tickets, alerts, report, members)
