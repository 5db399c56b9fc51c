"""Who issued tickets, in the books: kept over restarts, never changed, and unknown of what is older."""

from dataclasses import replace
from pathlib import Path

import pytest

from evcharge.central.books.archive import Archive, ListPage
from evcharge.central.rules import commands as c
from evcharge.domain.events import CentralStarted
from evcharge.domain.issuer import Issuer, named
from evcharge.storage.database import schema_steps
from evcharge.storage.postgres_schema import translated
from evcharge.storage.statements import Sql
from evcharge.storage.store_errors import ConstraintViolated
from tests.component import engines
from tests.component.books import SCHEMA, Books, kept, opened
from tests.unit.central.builders import KWH, NOON, Network

ENGINES = engines.BOTH
UNI = Issuer(operator="Uni EV", tax_id="Q0332001G", address="Alicante", vat_permille=100)
PLUS = replace(UNI, operator="Uni EV Plus", vat_permille=210)


def charges(network: Network, issuer: Issuer | None) -> None:
    """Let Central start with these settings, if any, and bill a charge."""
    if issuer is not None:
        network.rules = replace(network.rules, issuer=issuer)
        network.does(c.StartCentral, event=CentralStarted(version="1", points=1, open_sessions=0))
    session = network.charging(more_mwh=KWH)
    network.sends(network.engines["CP001"].ended(session.session_id))
    network.later(60)


def town() -> Network:
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    return network


async def issued(books: Books) -> list[tuple[str, int | None]]:
    """Return of each ticket, the oldest first, who issued it as papers name it, and its VAT."""
    archive = Archive(books.database)
    known = await archive.issuers(Issuer(operator="configured"))
    rows, _ = await archive.tickets(ListPage(limit=10))
    return [(named(known, row["issuer"]).operator, row["vat_permille"]) for row in reversed(rows)]


async def test_who_issued_what_is_known_after_a_restart(tmp_path: Path):
    network = town()
    for issuer in (UNI, PLUS):
        charges(network, issuer)
        async with opened(tmp_path) as books:
            await books.store.load(NOON)
            await kept(books, network)
    async with opened(tmp_path) as books:
        facts = await books.store.load(NOON)
        assert facts.issuers == network.facts.issuers == (UNI, PLUS)
        told = [(one.number, one.since) for one in facts.issuers]
        assert told == [(one.number, one.since) for one in network.facts.issuers]
        assert await issued(books) == [("Uni EV", 100), ("Uni EV Plus", 210)]


@pytest.mark.parametrize("order", ["UPDATE issuer SET operator = 'Me'", "DELETE FROM issuer"])
async def test_who_issued_receipts_is_never_changed(tmp_path: Path, order: str):
    network = town()
    charges(network, UNI)
    async with opened(tmp_path) as books:
        await kept(books, network)
        with pytest.raises(ConstraintViolated, match="breaks a rule of the database"):
            await books.database.commit([(Sql(order), [{}])])


async def test_of_older_books_the_first_issuer_that_they_get_stands_for_all_tickets(tmp_path: Path):
    network = town()
    charges(network, None)
    async with opened(tmp_path) as books:
        await kept(books, network)
        await as_if_older(books)
    async with opened(tmp_path) as books:
        assert (await books.store.load(NOON)).issuers == ()
        assert await issued(books) == [("configured", 0)]
        charges(network, UNI)
        charges(network, PLUS)
        await kept(books, network)
        assert await issued(books) == [("Uni EV", 0), ("Uni EV", 100), ("Uni EV Plus", 210)]


async def as_if_older(books: Books) -> None:
    """Let what the books hold be of an evcharge of schema 30: undo step 31, and take it."""
    steps = dict(schema_steps(SCHEMA))
    orders = ["DROP VIEW ticket_now", "DROP TABLE issuer", "ALTER TABLE ticket DROP COLUMN issuer"]
    for step in (*(one for one in steps[28] if "CREATE VIEW ticket_now" in one), *steps[31]):
        orders += translated(step) if engines.server else [step]
    await books.database.commit([(Sql(order), [{}]) for order in orders])
