"""What a check of the books finds has words, in both languages, whoever finds it."""

import ast
import string
from collections.abc import Iterator

import pytest

from evcharge.central.books.expected.proven_tables import TABLES
from evcharge.central.books.invariants import CHECKS
from evcharge.domain.audit_findings import AuditFinding
from evcharge.labels import LANGUAGES
from evcharge.labels.book_findings import SENTENCES, in_words
from evcharge.storage.witnesses import CENTRAL, REGISTRY
from tests.unit.sources import calls

# Named by a constant, or by what a table is called; each of these is tested by itself.
BY_NAME = {CENTRAL, REGISTRY, "nothing", "there is none", "what it says is not understood"}
PUT_TOGETHER = {f"noun {table}" for table in (*TABLES, "ledger", "quarantine", "web_session", "order_taken")}


def findings() -> Iterator[tuple[str, ast.Call]]:
    """Yield each finding that is made somewhere, with where that is."""
    for module, call in calls({"AuditFinding"}):
        yield f"{module}:{call.lineno}", call


def names_of(name: ast.expr) -> list[str]:
    """Return what a finding may be called there."""
    match name:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=body, orelse=orelse):
            return names_of(body) + names_of(orelse)
        case _:
            return []


def shown(fact: str | None) -> str:
    return str(fact).removesuffix("_cents").removesuffix("_mwh")


def fields(name: str) -> list[set[str]]:
    return [{field for _, field, _, _ in string.Formatter().parse(text) if field} for text in SENTENCES[name]]


def test_every_finding_has_its_sentence_and_gives_what_it_says_and_no_more():
    found = list(findings())
    assert len(found) > 40
    wrong = []
    for where, call in found:
        given = {shown(keyword.arg) for keyword in call.keywords}
        for name in names_of(call.args[0]):
            if name not in SENTENCES or any(told != given for told in fields(name)):
                wrong.append((where, name))
    assert wrong == []


def test_no_sentence_is_left_over():
    made = {name for _, call in findings() for name in names_of(call.args[0])}
    made |= BY_NAME | PUT_TOGETHER | {check.name for check in CHECKS}
    assert {name.removesuffix(", one") for name in SENTENCES} == made | SINCE


# What a log of long ago does not tell.
SINCE = {"passwords and tokens", "open logins of the pages", "references of top-ups"}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_invariant_has_its_sentence(check):
    assert fields(check.name) == [{"number", "rows"}] * len(LANGUAGES)


@pytest.mark.parametrize(
    ("finding", "english", "spanish"),
    [
        (
            AuditFinding("wallet is not its ledger", number="I6", rows="D01"),
            "I6 broken: each wallet is what its ledger says: D01",
            "I6 no se cumple: cada monedero es lo que dice su libro mayor: D01",
        ),
        (
            AuditFinding("unbilled", session_id="S-1", cp_id="CP001", energy_mwh=3_000_000),
            "S-1 was never billed: its records from CP001 are in quarantine (3.000 kWh)",
            "S-1 nunca se cobró: sus registros de CP001 están en cuarentena (3,000 kWh)",
        ),
        # Money and energy as the reader writes them; nothing is rounded away.
        (
            AuditFinding(
                "sound",
                events=AuditFinding("events", count=1),
                chains=AuditFinding("chain"),
                tickets=AuditFinding("tickets", count=2),
                energy_mwh=1_220_005,
                cost_cents=25,
            ),
            "1 event, chain unbroken; 2 tickets, 1.220005 kWh, 0.25 €; every sum holds",
            "1 evento, cadena íntegra; 2 tiques, 1,220005 kWh, 0,25 €; cuadran todas las sumas",
        ),
        (
            AuditFinding("unsigned", count=1, points=("CP001",)),
            "quarantine holds 1 session with energy that this Central never signed (CP001): made up, or signed with a "
            "lost resume.key",
            "hay 1 sesión con energía en cuarentena que esta Central nunca firmó (CP001): inventada, o firmada con "
            "una resume.key perdida",
        ),
        # A row that is not there has nothing in its columns.
        (
            AuditFinding(
                "differs",
                row=AuditFinding("row", noun=AuditFinding("noun cp"), key="CP001"),
                column="fault",
                found=None,
                said="'KO'",
            ),
            "charging point CP001: fault is nothing; the audit log says 'KO'",
            "punto de recarga CP001: fault es nada; según el registro de auditoría, 'KO'",
        ),
        (
            AuditFinding("chain broken", why="row 3 is missing or out of its place"),
            "audit log broken: row 3 is missing or out of its place",
            "el registro de auditoría está roto: falta la fila 3, o no está en su sitio",
        ),
        # Who said it: a program by its name in that language, a file by its own.
        (
            AuditFinding(
                "said by several",
                finding=AuditFinding("cut off", first=4, last=9),
                witnesses=(REGISTRY, "kept.log"),
            ),
            "rows 4 to 9 were cut off, say the Registry, kept.log",
            "se cortaron las filas 4 a 9, según el Registry, kept.log",
        ),
    ],
)
def test_a_finding_is_worded_for_whoever_reads(finding: AuditFinding, english: str, spanish: str):
    assert [in_words(finding, lang) for lang in LANGUAGES] == [english, spanish]
    assert in_words(finding) == english
