"""What `evcharge audit verify` prints of the books that it checked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from evcharge.domain.audit_findings import AuditFinding
from evcharge.labels.book_findings import in_words
from evcharge.runtime.plain import clean, clean_json
from evcharge.storage.hash_chain import Head
from evcharge.storage.witnesses import Witness


@dataclass(slots=True)
class BookFindings:
    """What is wrong with a book, which rows this release cannot read, what else to know; what it adds up to."""

    problems: list[AuditFinding] = field(default_factory=list)
    unread: list[AuditFinding] = field(default_factory=list)
    notes: list[AuditFinding] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    # Where each chain of its log ends, by the name of the Central that wrote it.
    chains: Mapping[str, Head] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)


def show(books: Mapping[str, BookFindings], *, as_json: bool, lang: str) -> None:
    """Print what was found in each book, by its name: a line each in `lang`, or all of it as JSON."""
    if as_json:
        sound = not any(of.problems for of in books.values())
        told = msgspec.json.encode({"sound": sound, "books": [_told(name, of) for name, of in books.items()]})
        print(clean_json(msgspec.json.format(told, indent=2).decode()))
        return
    for name, of in books.items():
        for finding in _report(of):
            print(clean(in_words(AuditFinding("line", book=name, finding=finding), lang)))


def _report(of: BookFindings) -> Iterator[AuditFinding]:
    yield from of.problems
    yield from of.unread
    if not of.problems:
        yield _summary(of.sums, of.chains)
    yield AuditFinding("anchors", witnesses=tuple(map(_witness, of.witnesses)))
    for note in of.notes:
        yield AuditFinding("note", finding=note)


def _witness(witness: Witness) -> AuditFinding:
    if witness.why:
        return AuditFinding("not asked", witness=witness.name, why=witness.why)
    if not witness.heads:
        return AuditFinding("no anchors", witness=witness.name)
    return AuditFinding("has anchors", witness=witness.name, count=len(witness.heads), newest=witness.newest)


def _summary(sums: Mapping[str, int], chains: Mapping[str, Head]) -> AuditFinding:
    events = AuditFinding("events", count=sums["events"])
    whole = AuditFinding("chain")
    if len(chains) > 1:
        whole = AuditFinding("chains", number=len(chains), ends=tuple(map(_end, chains, chains.values())))
    if "tickets" not in sums:
        return AuditFinding("unbroken", events=events, chains=whole)
    tickets = AuditFinding("tickets", count=sums["tickets"])
    if corrections := sums.get("corrections", 0):
        tickets = AuditFinding(
            "corrected", tickets=tickets, corrections=AuditFinding("corrections", count=corrections)
        )
    return AuditFinding(
        "sound",
        events=events,
        chains=whole,
        tickets=tickets,
        energy_mwh=sums["energy_mwh"],
        cost_cents=sums["cost_cents"],
    )


def _end(chain: str, head: Head) -> AuditFinding:
    return AuditFinding("end", chain=chain, n=head.n) if chain else AuditFinding("end of before", n=head.n)


def _told(name: str, of: BookFindings) -> dict[str, object]:
    anchors = [
        {"name": one.name, "count": len(one.heads), "newest": one.newest, "why": one.why}
        for one in of.witnesses
    ]
    return {
        "name": name,
        "problems": list(map(_finding, of.problems)),
        "unread": list(map(_finding, of.unread)),
        "anchors": anchors,
        "chains": [{"name": chain, "n": head.n, "hash": head.hash} for chain, head in of.chains.items()],
        "notes": list(map(_finding, of.notes)),
        **of.sums,
    }


def _finding(finding: AuditFinding) -> dict[str, object]:
    """Return a finding as programs read it: its name, its facts, and its English sentence."""
    return {"name": finding.name, "facts": _facts(finding), "text": in_words(finding)}


def _facts(finding: AuditFinding) -> dict[str, object]:
    return {
        name: {"name": value.name, "facts": _facts(value)} if isinstance(value, AuditFinding) else value
        for name, value in finding.facts.items()
    }
