"""Tables against the audit log: whatever a hand changes in a table shows, and is named in plain words.

The hand knows SQLite: no trigger, check or chain is broken by it, and where it can it keeps every sum.
"""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from evcharge.central.books import verify
from evcharge.central.books.rows import DecidedEntry
from evcharge.central.rules import commands as c
from evcharge.central.rules import start_seal
from evcharge.central.rules.accounts import Account, ApiToken, Login
from evcharge.central.rules.charging import MOST_JOURNALS
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import OrderOffset
from evcharge.central.rules.settings import Rules
from evcharge.domain import journal_records
from evcharge.domain.audit_findings import AuditFinding
from evcharge.domain.events import (
    AccountAdded,
    AccountRemoved,
    Event,
    LoggedIn,
    PointAdded,
    SessionAuthorised,
    TokenMade,
)
from evcharge.domain.ids import Role
from evcharge.domain.location import WeatherKind
from evcharge.domain.operator_order import Order
from evcharge.domain.timestamps import text_of
from evcharge.labels.book_findings import in_words
from tests.component.books import busy_day, entries, opened, raw, rechained
from tests.component.test_verify import NO_ANCHOR
from tests.unit.central.builders import ADMIN, KWH, NOON, OTHER_JOURNAL, FakeEngine, Network, owed_cents

KEY = b"k" * 32
HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"
LOGIN = Login(
    token_sha256="ab" * 32, name="olga", has_account=True, version=1, address="10.0.0.5", created_at=NOON,
    expires_at=NOON + timedelta(hours=12),
)  # fmt: skip
PUT_LOGIN = (
    "INSERT INTO web_session (token_sha256, name, has_account, version, address, created_at, expires_at)"
    " VALUES (?, ?, 1, 1, '10.0.0.5', ?, '2026-01-02T00:00:00.000000+00:00')"
)


def everything() -> Network:
    """A day on which every table of the books got a row."""
    network = busy_day()
    network.point_is_there("CP004", location="Elche")
    for name in ("olga", "otto"):
        account = Account(
            name=name, role=Role.OPERATOR, secret_hash=HASH, version=1, created_at=NOON, created_by="admin"
        )
        network.does(c.ChangeAccess, event=AccountAdded(name=name, role="operator"), change=account)
    gone = Account(
        name="otto", role=Role.OPERATOR, secret_hash=HASH, version=1, created_at=NOON, created_by="admin",
        removed_at=NOON,
    )  # fmt: skip
    network.does(c.ChangeAccess, event=AccountRemoved(name="otto"), change=gone)
    token = ApiToken(
        name="meteo", role=Role.SERVICE, token_sha256="cd" * 32, created_at=NOON, created_by="admin"
    )
    network.does(c.ChangeAccess, event=TokenMade(name="meteo", role="service"), change=token)
    network.does(c.Note, event=LoggedIn(name="olga", login=LOGIN.id))
    network.does(c.TopUp, driver_id="D02", cents=500, reference="receipt-17")
    network.does(c.BarDriver, driver_id="D02", barred=True)
    network.does(c.SetPin, driver_id="D02", pin_hash="$argon2id$gone", limit_cents=200)
    network.does(c.SetPin, driver_id="D02", pin_hash=None)
    network.does(c.SetPin, driver_id="D03", pin_hash=HASH, limit_cents=500)
    network.does(c.WeatherAlert, location="Elche", alert=WeatherKind.COLD)
    network.does(c.SetPrice, cp_id="CP002", price_centi_cents_per_kwh=3_000)
    order = Order(command_id="0" * 32, command="out", cp_id="CP003", issued_at=NOON.timestamp())
    network.does(c.TakeOrder, order=order, place=OrderOffset("c1", 0, 1))
    network.engine_leaves("CP003")
    network.later(60)
    network.does(c.DriverArrives, driver_id="D04", link=network.link(), epoch=1)
    # Who has left, who has come back, and who has the id of somebody who left.
    for number, name in enumerate(("CP005", "CP006")):
        network.point_is_there(name, location="Altea")
        network.does(c.RevokeKeys, subject=name) if number else network.reports("hot", name)
        network.does(c.Withdraw, subject=name, epoch=1, registration=0)
    network.point_is_there("CP006", location="Elche", epoch=1, registration=1)
    for name in ("D05", "D06"):
        network.driver_is_there(name)
        network.does(c.Withdraw, subject=name, epoch=1, registration=0)
    network.driver_is_there("D06", epoch=1, registration=1)
    account = Account(
        name="D06", role=Role.DRIVER, secret_hash=HASH, version=1, created_at=NOON, created_by="admin",
        registration=1,
    )  # fmt: skip
    network.does(c.ChangeAccess, event=AccountAdded(name="D06", role="driver"), change=account)
    return network


@pytest.fixture
async def book(tmp_path: Path) -> Path:
    """Central's books after that day, closed."""
    async with opened(tmp_path) as books:
        await books.store.commit(entries(everything()))
    path = tmp_path / "central.db"
    with raw(path) as connection:
        connection.execute(PUT_LOGIN, (LOGIN.token_sha256, LOGIN.name, text_of(LOGIN.created_at)))
    return path


def worded(findings: list[AuditFinding]) -> list[str]:
    return [in_words(finding) for finding in findings]


def test_a_day_of_everything_is_what_its_log_tells(book: Path):
    found = verify.examine(book)
    assert (found.problems, worded(found.notes)) == ([], [NO_ANCHOR])


def as_typed(event: Event) -> Event:
    return structs.replace(event, location="San  Juan") if isinstance(event, PointAdded) else event


async def test_a_location_that_an_older_central_kept_as_it_was_typed_is_the_same_one(tmp_path: Path):
    network = Network()
    network.point_is_there(location="San Juan")
    typed = [
        replace(
            entry,
            decision=structs.replace(entry.decision, events=tuple(map(as_typed, entry.decision.events))),
        )
        for entry in entries(network)
    ]
    async with opened(tmp_path) as books:
        await books.store.commit(typed)
    with raw(tmp_path / "central.db") as connection:
        connection.execute("UPDATE cp SET location = 'San  Juan'")
    assert verify.examine(tmp_path / "central.db").problems == []
    async with opened(tmp_path) as books:
        (point,) = (await books.store.load(NOON)).points()
        await books.store.commit([DecidedEntry(Decision(changes=(point,)), ADMIN, NOON)])
    with raw(tmp_path / "central.db") as connection:
        assert [row["location"] for row in connection.execute("SELECT location FROM cp")] == ["San Juan"]
    assert verify.examine(tmp_path / "central.db").problems == []


async def test_what_was_rebuilt_and_what_is_owed_are_what_the_log_tells(tmp_path: Path):
    network = Network(rules=Rules(now=NOON, welcome_credit_cents=100, sign_key=KEY))
    network.point_is_there()
    network.driver_is_there()
    network.driver_is_there("D02")
    engine = network.engines["CP001"]
    # The books of this network know none of these: they were restored. Each was granted more than is left.
    for number, driver_id in enumerate(("D01", "D01", "D02", "D03")):
        start = forgotten(engine, driver_id, number)
        network.sends(start, engine.ended(start.session_id, 5 * KWH))
    network.does(c.TopUp, driver_id="D01", cents=60)
    assert owed_cents(network.facts, "D01") == 2 * 125 - 100 - 60
    # The rest of an estimate, while all that its wallet has is held elsewhere, and given back then.
    network.does(c.TopUp, driver_id="D02", cents=2_000)
    session = network.charging("D02", more_mwh=KWH)
    network.engine(journal_id=OTHER_JOURNAL)
    network.point_is_there("CP002")
    other = network.authorised("D02", "CP002")
    network.engines["CP001"] = engine
    network.engine()
    network.sends(engine.ended(session.session_id, 9 * KWH))
    assert owed_cents(network.facts, "D02") == 225
    network.sends(network.engines["CP002"].refused(other.session_id), cp_id="CP002")
    assert owed_cents(network.facts, "D02") == 0
    async with opened(tmp_path) as books:
        await books.store.commit(entries(network))
    async with opened(tmp_path) as books:
        facts = await books.store.load(NOON)
        assert dict(facts.debtors()) == dict(network.facts.debtors())
    found = verify.examine(tmp_path / "central.db")
    assert found.problems == []
    names = ", ".join(
        f"S-{driver_id}-CP001-{number:016}" for number, driver_id in enumerate(("D01", "D01", "D02", "D03"))
    )
    assert worded(found.notes) == [
        NO_ANCHOR,
        f"rebuilt after a restore, from the journals of the engines: {names}"
        " (20.000 kWh, 5.00 €, 0 of them running)",
    ]


async def test_records_that_would_have_been_money_are_a_problem_of_the_books(tmp_path: Path):
    network = Network(rules=Rules(now=NOON, welcome_credit_cents=100, sign_key=KEY))
    network.point_is_there()
    network.driver_is_there(registration=1, epoch=1)
    engine = network.engines["CP001"]
    # Its driver's id has another owner by now.
    signed = forgotten(engine, "D01", 11)
    network.sends(signed, engine.ended(signed.session_id, 3 * KWH))
    # Made up, or signed with a key that was lost.
    strange = structs.replace(forgotten(engine, "D01", 12), auth="0" * 64)
    network.sends(strange, engine.ended(strange.session_id, 2 * KWH))
    # It was refused, and supplies all the same.
    refused = network.authorised()
    network.sends(
        engine.refused(refused.session_id),
        engine.started(refused.session_id),
        engine.ended(refused.session_id, KWH),
    )
    async with opened(tmp_path) as books:
        await books.store.commit(entries(network))
    found = verify.examine(tmp_path / "central.db")
    assert worded(found.problems) == [
        f"{signed.session_id} was never billed: its records from CP001 are in quarantine (3.000 kWh)",
        f"{refused.session_id} was never billed: its records from CP001 are in quarantine (1.000 kWh)",
    ]
    assert worded(found.notes) == [
        NO_ANCHOR,
        "quarantine holds 1 session with energy that this Central never signed (CP001): made up, or signed with a "
        "lost resume.key",
    ]


def forgotten(engine: FakeEngine, driver_id: str, number: int) -> journal_records.SupplyStart:
    """The start of a session that Central signed, for 20 €, and that its books do not hold."""
    start = structs.replace(
        engine.started(f"S-{driver_id}-CP001-{number:016}"),
        driver_id=driver_id,
        request_id=f"R-lost-{number:04}",
    )
    said = {
        name: getattr(start, name)
        for name in ("session_id", "request_id", "driver_id", "hold_cents", "limit_mwh")
    }
    event = SessionAuthorised(**said, cp_id="CP001", price_centi_cents_per_kwh=start.price, plug_within_s=60)
    return structs.replace(start, auth=start_seal.seal(KEY, event))


NEWEST = "(SELECT session_id FROM ticket ORDER BY session_id DESC LIMIT 1)"
# What a hand does, and what is said of it.
FORGERIES: dict[str, tuple[str, str]] = {
    "a wallet is filled, with its ledger": (
        "UPDATE driver SET balance_cents = balance_cents + 1000 WHERE driver_id = 'D02';"
        "INSERT INTO ledger (at, kind, debit, credit, cents, driver_id, reference) "
        "VALUES ('2026-01-01T12:00:00.000000+00:00', 'TOP_UP', 'outside', 'wallet', 1000, 'D02', 'x')",
        r"driver D02: balance_cents is 3500; the audit log says 2500",
    ),
    "money goes from one wallet to another": (
        "UPDATE driver SET balance_cents = balance_cents - 500 WHERE driver_id = 'D03';"
        "UPDATE driver SET balance_cents = balance_cents + 500 WHERE driver_id = 'D02';"
        "UPDATE ledger SET cents = cents + 500 WHERE driver_id = 'D02' AND kind = 'TOP_UP' AND cents = 2000;"
        "UPDATE ledger SET cents = cents - 500 WHERE driver_id = 'D03' AND kind = 'TOP_UP'",
        r"driver D02: balance_cents is 3000; the audit log says 2500",
    ),
    "a top-up is edited": (
        "UPDATE ledger SET cents = 5000 WHERE reference = 'receipt-17'",
        r"ledger: TOP_UP of 5.00 € of D02 at \S+ .* is there 0 times; the audit log says once",
    ),
    "a reference is freed, to be used again": (
        "UPDATE ledger SET reference = 'receipt-18' WHERE reference = 'receipt-17'",
        r"ledger: TOP_UP of 5.00 € of D02 at \S+ \(outside to wallet, reference receipt-18\) is there once",
    ),
    "a ledger row is deleted": (
        "DELETE FROM ledger WHERE kind = 'CAPTURE' AND driver_id = 'D01'",
        r"ledger: CAPTURE of 0.25 € of D01 for S-D01-\S+ at .* is there 0 times; the audit log says once",
    ),
    "a ledger row is made up": (
        "INSERT INTO ledger (at, kind, debit, credit, cents, driver_id) "
        "VALUES ('2026-01-01T12:00:00.000000+00:00', 'TOP_UP', 'outside', 'wallet', 7, 'D01')",
        r"ledger: TOP_UP of 0.07 € of D01 at \S+ \(outside to wallet\) is there once; the audit log says 0 times",
    ),
    "a driver is made up": (
        "INSERT INTO driver (driver_id, balance_cents, held_cents, blocked, epoch) VALUES ('D66', 0, 0, 0, 0)",
        r"driver D66: no event in the audit log accounts for it",
    ),
    "a former wallet is filled": (
        "UPDATE former_wallet SET balance_cents = 9000",
        r"former wallet of D06 0: balance_cents is 9000; the audit log says 2000",
    ),
    "a former wallet is made up": (
        "INSERT INTO former_wallet VALUES ('D05', 7, 1)",
        r"former wallet of D05 7: no event in the audit log accounts for it",
    ),
    "a withdrawn driver is let in": (
        "UPDATE driver SET withdrawn = 0 WHERE driver_id = 'D05'",
        r"driver D05: withdrawn is 0; the audit log says 1",
    ),
    "a withdrawn point is let in": (
        "UPDATE cp SET withdrawn = 0 WHERE cp_id = 'CP005'",
        r"charging point CP005: withdrawn is 0; the audit log says 1",
    ),
    "money of an earlier owner is given to the next": (
        "UPDATE ledger SET registration = 1 WHERE driver_id = 'D06' AND registration = 0",
        r"ledger: TOP_UP of 20.00 € of D06 at",
    ),
    "an account is given to the next owner": (
        "UPDATE account SET registration = 2 WHERE name = 'D06'",
        r"account D06: seal is",
    ),
    "a driver is deleted": (
        "DELETE FROM driver WHERE driver_id = 'D04'",
        r"driver D04 is missing, but the audit log has it",
    ),
    "a bar is lifted": (
        "UPDATE driver SET barred = 0 WHERE driver_id = 'D02'",
        r"driver D02: barred is 0; the audit log says 1",
    ),
    "a driver is blocked": (
        "UPDATE driver SET blocked = 1 WHERE driver_id = 'D01'",
        r"driver D01: blocked is 1; the audit log says 0",
    ),
    "a PIN is planted": (
        "UPDATE driver SET pin_hash = '$argon2id$planted', pin_limit_cents = 2000 WHERE driver_id = 'D01'",
        r"driver D01: pin_seal is '?[0-9a-f]{32}'?; the audit log says ",
    ),
    "a PIN is exchanged": (
        "UPDATE driver SET pin_hash = '$argon2id$planted' WHERE driver_id = 'D03'",
        r"driver D03: pin_seal is '?[0-9a-f]{32}'?; the audit log says '?[0-9a-f]{32}'?",
    ),
    "the limit of a PIN is raised": (
        "UPDATE driver SET pin_limit_cents = 5000 WHERE driver_id = 'D03'",
        r"driver D03: pin_limit_cents is 5000; the audit log says 500",
    ),
    "old keys of a driver are let in": (
        "UPDATE driver SET epoch = 2 WHERE driver_id = 'D01'",
        r"driver D01: epoch is 2; the audit log says 3",
    ),
    "a ticket says less, and its session too": (
        f"UPDATE ticket SET energy_mwh = energy_mwh - 5000 WHERE session_id = {NEWEST};"
        f"UPDATE session SET meter_mwh = meter_mwh - 5000 WHERE session_id = {NEWEST};"
        "UPDATE daily SET energy_mwh = energy_mwh - 5000 WHERE cp_id = 'CP003'",
        r"ticket S-D03-\S+: energy_mwh is 15000; the audit log says 20000",
    ),
    "a ticket is another driver's": (
        f"UPDATE ticket SET driver_id = 'D01' WHERE session_id = {NEWEST}",
        r"ticket S-D03-\S+: driver_id is 'D01'; the audit log says 'D03'",
    ),
    "a ticket contains another VAT": (
        f"UPDATE ticket SET vat_permille = 100 WHERE session_id = {NEWEST}",
        r"ticket S-D03-\S+: vat_permille is 100; the audit log says 0",
    ),
    "a ticket is another issuer's": (
        f"UPDATE ticket SET issuer = 2 WHERE session_id = {NEWEST}",
        r"ticket S-D03-\S+: issuer is 2; the audit log says 1",
    ),
    "an issuer has another tax id": (
        "UPDATE issuer SET tax_id = 'X1'",
        r"issuer 1: tax_id is 'X1'; the audit log says ''",
    ),
    "an issuer is deleted": ("DELETE FROM issuer", r"issuer 1 is missing, but the audit log has it"),
    "an issuer is made up": (
        "INSERT INTO issuer SELECT 2, since, 'Me', tax_id, address, country_code, party_id, 0 FROM issuer",
        r"issuer 2: no event in the audit log accounts for it",
    ),
    "a ticket is deleted": (
        f"DELETE FROM inbox WHERE session_id = {NEWEST}; DELETE FROM ticket WHERE session_id = {NEWEST}",
        r"ticket S-D03-\S+ is missing, but the audit log has it",
    ),
    "a ticket is made up": (
        "INSERT INTO ticket SELECT session_id, request_id, cp_id, driver_id, 0, 0, price_centi_cents_per_kwh, 'full',"
        " authorised_at, ended_at, 0, NULL, ended_at, 0, 0, 1 FROM session WHERE state = 'REFUSED'",
        r"ticket S-D02-\S+: no event in the audit log accounts for it",
    ),
    "a ticket is hidden from its driver": (
        f"DELETE FROM inbox WHERE session_id = {NEWEST}",
        r"unseen ticket S-D03-\S+ is missing, but the audit log has it",
    ),
    "a ticket is shown to another driver": (
        f"UPDATE inbox SET driver_id = 'D02' WHERE session_id = {NEWEST}",
        r"unseen ticket S-D03-\S+: driver_id is 'D02'; the audit log says 'D03'",
    ),
    "a session has another driver": (
        "UPDATE session SET driver_id = 'D02' WHERE state = 'TICKETED' AND driver_id = 'D01'",
        r"session S-D01-\S+: driver_id is 'D02'; the audit log says 'D01'",
    ),
    "a session has another price": (
        "UPDATE session SET price_centi_cents_per_kwh = 1 WHERE state = 'CHARGING'",
        r"session S-D01-\S+: price_centi_cents_per_kwh is 1; the audit log says 2500",
    ),
    "a session is deleted": (
        "DELETE FROM session WHERE state = 'REFUSED'",
        r"session S-D02-\S+ is missing, but the audit log has it",
    ),
    "a session is made up": (
        "INSERT INTO session SELECT 'S-forged-000001', 'R-forged', cp_id, driver_id, state, price_centi_cents_per_kwh,"
        " 0, limit_mwh, plug_within_s, 0, 0, authorised_at, started_at, ended_at, stop_reason, end_reason, excess_mwh,"
        " elapsed_s, received_at, awaits_end, 0, 0, 0, NULL, NULL, 0 FROM session WHERE state = 'REFUSED'",
        r"session S-forged-000001: no event in the audit log accounts for it",
    ),
    "a hold is lifted": (
        "UPDATE cp SET operator_hold = 0 WHERE cp_id = 'CP002'",
        r"charging point CP002: operator_hold is 0; the audit log says 1",
    ),
    "a revocation is forged": (
        "UPDATE cp SET revoked = 1 WHERE cp_id = 'CP001'",
        r"charging point CP001: revoked is 1; the audit log says 0",
    ),
    "a price is changed": (
        "UPDATE cp SET price_centi_cents_per_kwh = 2500 WHERE cp_id = 'CP002'",
        r"charging point CP002: price_centi_cents_per_kwh is 2500; the audit log says 3000",
    ),
    "a fault is hidden": (
        "UPDATE cp SET fault = NULL WHERE cp_id = 'CP002'",
        r"charging point CP002: fault is nothing; the audit log says 'overheating'",
    ),
    "old keys of a charging point are let in": (
        "UPDATE cp SET epoch = 0 WHERE cp_id = 'CP001'",
        r"charging point CP001: epoch is 0; the audit log says 2",
    ),
    "a charging point is made up": (
        "INSERT INTO cp (cp_id, location, price_centi_cents_per_kwh, operator_hold, weather_hold, revoked, epoch,"
        " last_used) VALUES ('CP066', 'Elche', 1, 0, 0, 0, 0, 0)",
        r"charging point CP066: no event in the audit log accounts for it",
    ),
    "records of an engine are passed over": (
        "UPDATE journal SET last_seq = 99 WHERE cp_id = 'CP003'",
        r"journal CP003 a{32}: last_seq is 99; the audit log says 3",
    ),
    "an engine is asked for all it has told": (
        "UPDATE journal SET last_seq = 0 WHERE cp_id = 'CP001'",
        r"journal CP001 a{32}: last_seq is 0; the audit log says at least 5",
    ),
    "a journal is forgotten": (
        "DELETE FROM journal WHERE cp_id = 'CP003'",
        r"journal CP003 a{32} is missing, but the audit log has it",
    ),
    "a journal is made up": (
        f"INSERT INTO journal VALUES ('CP003', '{'f' * 32}', 7)",
        r"journal CP003 f{32}: no event in the audit log accounts for it",
    ),
    "a record set aside is hidden": (
        "DELETE FROM quarantine WHERE cp_id = 'CP001'",
        r"quarantined record 4 of CP001 \(.*\) is missing, but the audit log has it",
    ),
    "a record set aside is edited": (
        "UPDATE quarantine SET record = '{}'",
        r"quarantined record 4 of CP001 \(.*\): no event in the audit log accounts for it",
    ),
    "a weather alert is ended": (
        "UPDATE weather SET alerts = ''",
        r"weather of elche: alerts is ''; the audit log says 'COLD'",
    ),
    "a weather alert is overridden": (
        "UPDATE weather SET override = 1",
        r"weather of elche: override is 1; the audit log says 0",
    ),
    "the weather of a place is deleted": ("DELETE FROM weather", r"weather of elche is missing"),
    "a weather alert is made up": (
        "INSERT INTO weather (place, location, temperature_celsius, wind_m_per_s, source, alerts, override) "
        "VALUES ('altea', 'Altea', 1, 1, '', 'COLD', 0)",
        r"weather of altea: no event in the audit log accounts for it",
    ),
    "a password is replaced": (
        "UPDATE account SET secret_hash = secret_hash || 'x' WHERE name = 'olga'",
        r"account olga: seal is '\w+'; the audit log says '\w+'",
    ),
    "an account gets another role": (
        "UPDATE account SET role = 'admin' WHERE name = 'olga'",
        r"account olga: role is 'admin'; the audit log says 'operator'",
    ),
    "an account comes back": (
        "UPDATE account SET removed_at = NULL WHERE name = 'otto'",
        r"account otto: removed is 0; the audit log says 1",
    ),
    "an account is made up": (
        f"INSERT INTO account VALUES ('eve', 'admin', '{HASH}', 1, '{text_of(NOON)}', 'admin', NULL, 0)",
        r"account eve: no event in the audit log accounts for it",
    ),
    "an account is deleted": ("DELETE FROM account WHERE name = 'olga'", r"account olga is missing"),
    "a token is replaced": (
        "UPDATE api_token SET token_sha256 = 'ee'",
        r"token meteo: seal is '\w+'; the audit log says '\w+'",
    ),
    "a token is made up": (
        f"INSERT INTO api_token VALUES ('evil', 'admin', 'ff', '{text_of(NOON)}', 'admin', NULL)",
        r"token evil: no event in the audit log accounts for it",
    ),
    "a token is deleted": ("DELETE FROM api_token", r"token meteo is missing"),
    "a login is made up": (
        "INSERT INTO web_session (token_sha256, name, has_account, version, address, created_at, expires_at)"
        f" SELECT '{'ee' * 32}', name, 1, 1, address, created_at, expires_at FROM web_session",
        r"login of olga from 10\.0\.0\.5 at \S+: no event in the audit log accounts for it",
    ),
    "an order is kept from being carried out": (
        f"INSERT INTO order_taken VALUES ('{'9' * 32}', '{text_of(NOON)}')",
        r"order 9{32} of Kafka: no event in the audit log accounts for it",
    ),
    "a day of the statistics is edited": (
        "UPDATE daily SET revenue_cents = 9 WHERE cp_id = 'CP003'",
        r"each day's statistics are what its tickets say: CP003",
    ),
    "a row names one that is not there": (
        "DELETE FROM cp WHERE cp_id = 'CP003'",
        r"the file is damaged: row \d+ of session refers to a row of cp that is not there",
    ),
    "a guard is taken away": (
        "DROP TRIGGER ledger_is_final",
        r"the schema was changed: ledger_is_final is missing",
    ),
    "a guard is replaced": (
        "DROP TRIGGER ledger_is_final;"
        "CREATE TRIGGER ledger_is_final BEFORE UPDATE ON ledger BEGIN SELECT 1; END",
        r"the schema was changed: ledger_is_final is different",
    ),
}  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_found_and_named(book: Path, forgery: str):
    statements, said = FORGERIES[forgery]
    with raw(book, tamper="guard" not in forgery) as connection:
        if forgery == "a ticket is made up":
            connection.execute("PRAGMA foreign_keys=OFF")
        connection.executescript(statements)
    lines = verify.check(book)
    assert any(re.search(said, line) for line in lines), lines
    assert not [line for line in lines if line.startswith("audit log broken")]


def test_a_file_that_sqlite_itself_finds_damaged_is_named(book: Path):
    with raw(book) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ticket_by_time'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    data = bytearray(book.read_bytes())
    # An index that lost its entries: queries that use it would not see two tickets.
    at = (page - 1) * size
    data[at + 3 : at + 5] = bytes(2)
    book.write_bytes(data)
    assert any(line.startswith("the file is damaged: ") for line in verify.check(book))


def test_of_many_forgeries_the_first_are_named(book: Path):
    with raw(book, tamper=True) as connection:
        for number in range(40):
            connection.execute(
                "INSERT INTO driver (driver_id, balance_cents, held_cents, blocked, epoch) VALUES (?, 0, 0, 0, 0)",
                (f"D9{number}",),
            )
    lines = [line for line in verify.check(book) if line.startswith("driver")]
    assert len(lines) == 13
    assert lines[-1] == "driver: and more like these"


def test_a_log_that_does_not_add_up_is_named(book: Path):
    # A forger who makes the chain anew, and all tables with it, but forgets one figure.
    with raw(book, tamper=True) as connection:
        rechained(
            connection,
            lambda row: (
                row | {"data": row["data"].replace('"cents":2000,', '"cents":2001,')}
                if (row["type"], row["driver_id"]) == ("WalletToppedUp", "D01")
                else row
            ),
        )
    lines = verify.check(book)
    assert any(re.search(r"the audit log does not add up: event \d+ gives D01 20.00 €, but all before it", line)
               for line in lines), lines  # fmt: skip


async def test_more_records_than_are_told_one_by_one_accuse_nobody(tmp_path: Path):
    network = Network()
    network.point_is_there()
    network.driver_is_there()
    async with opened(tmp_path) as books:
        await books.store.commit(entries(network))
        for number in range(30):
            network.sends(network.engines["CP001"].meter(f"S-unknown-{number:07}", 5))
        # As the dispatcher counts them: ten in full, then how many more.
        decided = entries(network)
        for number, entry in enumerate(decided):
            if number >= 10:
                decided[number] = replace(entry, decision=structs.replace(entry.decision, events=()))
        await books.store.commit(decided)
    path = tmp_path / "central.db"
    assert verify.check(path) == []
    with raw(path, tamper=True) as connection:
        connection.execute("UPDATE quarantine SET at = '2025-01-01T12:00:00.000000+00:00' WHERE seq = 20")
    assert [line[:30] for line in verify.check(path)] == ["quarantined record 20 of CP001"]


async def test_journals_that_are_forgotten_or_empty_accuse_nobody_and_one_that_was_deleted_is_named(
    tmp_path: Path,
):
    network = Network()
    names = [f"{number:032x}" for number in range(MOST_JOURNALS + 3)]
    for name in names:
        network.engine(journal_id=name)
        network.sends(network.engines["CP001"].ended("S-unknown-0000001"))
    # One that was forgotten comes back, and begins again.
    network.engine(journal_id=names[0])
    network.sends(network.engines["CP001"].ended("S-unknown-0000001"))
    network.engine(journal_id=OTHER_JOURNAL)
    async with opened(tmp_path) as books:
        await books.store.commit(entries(network))
    path = tmp_path / "central.db"
    assert verify.check(path) == []
    with raw(path, tamper=True) as connection:
        connection.execute("DELETE FROM journal WHERE journal_id = ?", (names[-1],))
    assert verify.check(path)[0] == f"journal CP001 {names[1]} is missing, but the audit log has it"
