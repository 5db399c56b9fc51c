"""What the doctor's observations mean, and what to type: one finding for each thing that was looked at. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from evcharge.doctor.observations import (
    BooksHere,
    CredentialAnswer,
    DatabaseThere,
    Folder,
    Home,
    Knock,
    Member,
    Observations,
    Paper,
    PaperEnd,
    ServerShown,
    TlsServer,
    Trust,
    Way,
    WayEnd,
)
from evcharge.domain.errors import Code
from evcharge.runtime.health_socket import Pulse
from evcharge.runtime.plain import place

OLDEST_PYTHON = (3, 11)
# Central believes a ticket that was made at most 120 s ahead of its clock; from half of it on it is worth a word.
CLOCK_OFF_S = 60.0
# Below the first nothing may be stored any more in a moment; below the second it is time to look.
DISK_FULL_BYTES = 100_000_000
DISK_LOW_BYTES = 1_000_000_000
# Of a folder: what its owner needs, and what lets others replace files in it, whatever mode those have.
_OWNERS, _WRITTEN_BY_OTHERS = 0o700, 0o022
_LOOPBACK = ("127.", "::1", "localhost")
_WAY_NAMES = {
    WayEnd.DROPPED: "way dropped",
    WayEnd.TURNED_AWAY: "way turned away",
    WayEnd.NOBODY: "way nobody",
    WayEnd.NO_ROUTE: "way no route",
    WayEnd.NO_NAME: "way no name",
    WayEnd.HELD_BACK: "way held back",
}
_TRUST_NAMES = {
    Trust.OTHER_CA: "tls other CA",
    Trust.OTHER_NAME: "tls other name",
    Trust.NOT_YET: "tls not yet",
    Trust.EXPIRED: "tls expired",
    Trust.NO_TLS: "tls none",
    Trust.SILENT: "way silent",
}
_KNOCK_NAMES = {
    Code.TICKET: "knock ticket",
    Code.EXPIRED: "knock clock",
    Code.CLOCK: "knock clock",
    Code.REVOKED: "knock revoked",
    Code.DISABLED: "credential disabled",
    Code.VERSION: "knock version",
    Code.CENTRAL_PROOF: "knock not Central",
    Code.MALFORMED: "knock not Central",
    Code.TOO_BIG: "knock not Central",
    Code.TIMEOUT: "way silent",
}


class FindingMark(StrEnum):
    """How a finding is: well, worth a word, wrong, or not looked at."""

    WELL = "well"
    MIND = "mind"
    WRONG = "wrong"
    SKIPPED = "skipped"


class DoctorFinding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at: what (`check`), how it is, and its sentence in `labels.doctor` with its values."""

    check: str
    mark: FindingMark
    name: str
    values: dict[str, Any] = {}


def findings(seen: Observations) -> list[DoctorFinding]:
    """Return what there is to say, in the order in which one looks at it."""
    return list(_findings(seen))


def _findings(seen: Observations) -> Iterator[DoctorFinding]:
    yield _python(seen)
    if not seen.folder.is_there:
        yield _wrong("state", "state none", path=seen.folder.path)
    else:
        yield _home(seen.folder)
        yield from _modes(seen.folder, seen.uid)
        yield from _papers(seen)
    if seen.folder.free_bytes is not None:
        yield _disk(seen.folder.path, seen.folder.free_bytes)
    yield from _servers("registry", seen, (seen.registry, *seen.registries_away))
    yield _central(seen)
    yield from _servers("central api", seen, (seen.central_api, *seen.central_apis_away))
    yield _version(seen)
    yield _clock(seen)
    for member in seen.members:
        yield from _member(seen, member)
    if seen.health_port is not None:
        start = "evcharge cp-engine CP_ID"
        yield _way("health port", seen, seen.health_port, start, "--health-host 0.0.0.0")
    if seen.books is not None:
        yield _books(seen.books, seen.central_api_url)
    for database in seen.databases:
        yield _database(database)
    yield _kafka(seen)
    if seen.untold_by is not None:
        yield from _notify(seen.untold_by)
    yield _weather(seen)
    for process in seen.processes:
        mark = FindingMark.WELL if process.pulse is Pulse.WELL else FindingMark.WRONG
        values = {"who": process.name, "why": process.why, "seconds": f"{seen.within_s:g}"}
        yield DoctorFinding(check="process", mark=mark, name=process.pulse, values=values)


def _wrong(check: str, name: str, **values: Any) -> DoctorFinding:
    return DoctorFinding(check=check, mark=FindingMark.WRONG, name=name, values=values)


def _well(check: str, name: str, **values: Any) -> DoctorFinding:
    return DoctorFinding(check=check, mark=FindingMark.WELL, name=name, values=values)


def _mind(check: str, name: str, **values: Any) -> DoctorFinding:
    return DoctorFinding(check=check, mark=FindingMark.MIND, name=name, values=values)


def _skipped(check: str, name: str, **values: Any) -> DoctorFinding:
    return DoctorFinding(check=check, mark=FindingMark.SKIPPED, name=name, values=values)


# ---- this PC


def _python(seen: Observations) -> DoctorFinding:
    has = ".".join(map(str, seen.python))
    if seen.python < OLDEST_PYTHON:
        return _wrong("python", "python old", has=has, needs=".".join(map(str, OLDEST_PYTHON)))
    return _well("python", "python well", has=has, version=seen.version)


def _home(folder: Folder) -> DoctorFinding:
    match folder.home:
        case Home.HERE:
            return _well("state", "state well", path=folder.path)
        case Home.ELSEWHERE:
            name = "state copied, network" if folder.has_own_ca else "state copied"
            return _wrong("state", name, path=folder.path)
        case Home.UNKNOWN:
            return _skipped("state", "state unmarked", path=folder.path)


def _modes(folder: Folder, uid: int) -> Iterator[DoctorFinding]:
    for file in folder.open_files:
        if file.owner != uid:
            yield _wrong("modes", "modes owner", path=file.path, owner=file.owner, uid=uid)
        else:
            yield _wrong("modes", "modes open", path=file.path, mode=f"{file.mode:04o}")
    for inner in folder.open_folders:
        values = {"path": inner.path, "mode": f"{inner.mode:04o}"}
        if inner.owner != uid:
            yield _wrong("modes", "modes owner", path=inner.path, owner=inner.owner, uid=uid)
        elif inner.mode & _OWNERS != _OWNERS:
            yield _wrong("modes", "folder shut", **values)
        elif inner.mode & _WRITTEN_BY_OTHERS:
            yield _wrong("modes", "folder open", **values)
        else:
            yield _mind("modes", "folder seen", **values)
    if not folder.open_files and not folder.open_folders:
        yield _well("modes", "modes well", count=folder.secrets)


def _papers(seen: Observations) -> Iterator[DoctorFinding]:
    folder = seen.folder
    for paper in folder.papers:
        yield _paper(paper, seen, is_ca=paper is folder.papers[0])


def _paper(paper: Paper, seen: Observations, *, is_ca: bool) -> DoctorFinding:
    values: dict[str, Any] = {"path": paper.path, "why": paper.why}
    # Only on the PC of the CA does `init` make anything, and only elsewhere does `join` bring it.
    whose = "own CA" if is_ca and seen.folder.has_own_ca else "CA" if is_ca else "server"
    match paper.end:
        case PaperEnd.WHOLE if paper.ends is not None and paper.ends < seen.now:
            return _wrong("certificate", f"{whose} ended", **values, ends=f"{paper.ends:%Y-%m-%d}")
        case PaperEnd.WHOLE:
            ends = f"{paper.ends:%Y-%m-%d}" if paper.ends is not None else "?"
            return _well("certificate", "paper well", **values, ends=ends)
        case PaperEnd.UNREADABLE:
            return _wrong("certificate", "paper unreadable", **values, uid=seen.uid)
        case PaperEnd.MISSING | PaperEnd.SPOILT | PaperEnd.OTHER_KEY | PaperEnd.OTHER_CA:
            return _wrong("certificate", f"{whose} {paper.end}", **values)


def _disk(path: str, free: int) -> DoctorFinding:
    values = {"path": path, "megabytes": free // 1_000_000}
    if free < DISK_FULL_BYTES:
        return _wrong("disk", "disk full", **values)
    return (
        _mind("disk", "disk low", **values) if free < DISK_LOW_BYTES else _well("disk", "disk well", **values)
    )


# ---- the ways to the others


def _is_here(host: str) -> bool:
    return host.startswith(_LOOPBACK)


def _way(check: str, seen: Observations, way: Way, start: str, for_others: str) -> DoctorFinding:
    at = place(way.host, way.port)
    here = _is_here(way.host)
    if way.end is WayEnd.OPEN:
        return _well(check, "way open", at=at)
    if way.end is WayEnd.REFUSED:
        if here:
            return _wrong(check, "way refused here", at=at, start=start)
        return _wrong(check, "way refused", at=at, start=f"{start} {for_others}")
    if way.end is WayEnd.FAILED:
        return _wrong(check, "way failed", at=at, why=way.why)
    seconds = f"{seen.within_s:g}"
    return _wrong(check, _WAY_NAMES[way.end], at=at, host=way.host, port=way.port, seconds=seconds)


_HOW_TO_START = {
    "registry": ("evcharge registry", "--host 0.0.0.0"),
    "central api": ("evcharge central", "--api-host 0.0.0.0"),
}


def _servers(check: str, seen: Observations, servers: Sequence[TlsServer]) -> Iterator[DoctorFinding]:
    """Say how the first is, and that others are away: the network goes on without them."""
    yield from _server(check, seen, servers[0], *_HOW_TO_START[check])
    for away in servers[1:]:
        for found in _server(check, seen, away, *_HOW_TO_START[check]):
            yield DoctorFinding(check=check, mark=FindingMark.MIND, name=found.name, values=found.values)


def _server(
    check: str, seen: Observations, server: TlsServer, start: str, for_others: str
) -> Iterator[DoctorFinding]:
    way, shown = server.way, server.shown
    if way.end is not WayEnd.OPEN or shown is None:
        found = _way(check, seen, way, start, for_others)
        # Charging needs no API, and a PC of a charging point need not reach it.
        if check == "central api" and found.mark is FindingMark.WRONG and not seen.folder.has_own_ca:
            yield DoctorFinding(check=check, mark=FindingMark.MIND, name=found.name, values=found.values)
        else:
            yield found
        return
    at = place(way.host, way.port)
    if shown.trust is Trust.OURS:
        yield _well(check, "tls ours", at=at)
    elif shown.trust is Trust.OTHER_CA and seen.folder.has_own_ca:
        # Nobody joins the network of a folder with a CA of its own.
        yield _wrong(check, "tls other CA, own", **_term(seen, way, shown), at=at, start=start)
    elif shown.trust is Trust.UNCHECKED:
        yield _skipped(check, "tls unchecked", at=at, path=seen.folder.path)
    else:
        yield _wrong(check, _TRUST_NAMES[shown.trust], **_term(seen, way, shown), at=at)


def _term(seen: Observations, way: Way, shown: ServerShown) -> dict[str, Any]:
    return {
        "host": way.host,
        "port": way.port,
        "names": ", ".join(shown.names) or "-",
        "path": f"{seen.folder.path}/ca.pem",
        "begins": f"{shown.begins:%Y-%m-%d}" if shown.begins else "?",
        "ends": f"{shown.ends:%Y-%m-%d}" if shown.ends else "?",
        "now": f"{seen.now:%Y-%m-%d %H:%M} UTC",
        "seconds": f"{seen.within_s:g}",
    }


def _central(seen: Observations) -> DoctorFinding:
    way, knock = seen.central, seen.knock
    if way.end is not WayEnd.OPEN:
        return _way("central", seen, way, "evcharge central", "--host 0.0.0.0")
    at = place(way.host, way.port)
    if knock is None:
        return _well("central", "way open", at=at)
    return _knocked(knock, at, seen)


def _knocked(knock: Knock, at: str, seen: Observations) -> DoctorFinding:
    if knock.code is None:
        return _well("central", "knock well", at=at, id=knock.id)
    name = _KNOCK_NAMES.get(Code(knock.code)) if knock.code in set(Code) else None
    seconds = f"{seen.within_s:g}"
    if name is None:
        return _mind("central", "knock other", at=at, id=knock.id, why=knock.why)
    return _wrong("central", name, at=at, id=knock.id, seconds=seconds)


def _version(seen: Observations) -> DoctorFinding:
    if seen.central_version is None:
        return _skipped("version", "version unasked", version=seen.version)
    values = {"version": seen.version, "theirs": seen.central_version}
    if seen.central_version == seen.version:
        return _well("version", "version well", **values)
    return _mind("version", "version other", **values)


def _clock(seen: Observations) -> DoctorFinding:
    for who, server in (("Registry", seen.registry), ("Central", seen.central_api)):
        if server.shown is not None and server.shown.ahead_s is not None:
            ahead = server.shown.ahead_s
            values = {"who": who, "seconds": round(abs(ahead))}
            if abs(ahead) <= CLOCK_OFF_S:
                return _well("clock", "clock well", **values)
            return _wrong("clock", "clock ahead" if ahead > 0 else "clock behind", **values)
    return _skipped("clock", "clock alone")


# ---- who lives here


def _member(seen: Observations, member: Member) -> Iterator[DoctorFinding]:
    values = {"id": member.id, "path": member.path, "kind": member.kind}
    late = member.ticket_ends is not None and member.ticket_ends < seen.now.timestamp()
    match member.answer:
        case CredentialAnswer.TAKEN:
            yield _well("credential", "credential well", **values)
        case CredentialAnswer.REFUSED:
            yield _wrong("credential", "credential refused", **values)
        case CredentialAnswer.DISABLED:
            yield _wrong("credential", "credential disabled", **values)
        case CredentialAnswer.UNREADABLE:
            yield _wrong("credential", "credential unreadable", **values, why=member.why)
        case CredentialAnswer.UNASKED if late:
            yield _wrong("credential", "ticket expired", **values)
        case CredentialAnswer.UNASKED:
            yield _skipped("credential", "credential unasked", **values)


def _books(books: BooksHere, url: str) -> DoctorFinding:
    values = {"path": books.path, "url": url, "rows": books.rows, "pid": books.holder}
    if books.same is False:
        return _wrong("books", "books second Central", **values)
    if books.holder is not None:
        return _well("books", "books at work", **values)
    if books.same:
        return _mind("books", "books copy", **values)
    return _well("books", "books free", **values)


def _database(database: DatabaseThere) -> DoctorFinding:
    check = f"{database.section} database"
    if database.why:
        return _wrong(check, "database wrong", why=database.why)
    if database.schema is None:
        return _well(check, f"{check} empty", at=database.at)
    return _well(check, f"{check} well", at=database.at, schema=database.schema)


def _kafka(seen: Observations) -> DoctorFinding:
    values = {"at": seen.brokers, "why": seen.brokers_why}
    if not seen.brokers:
        return _skipped("kafka", "kafka off")
    if not seen.brokers_why:
        return _well("kafka", "kafka well", **values)
    return _wrong("kafka", "kafka advertised" if seen.brokers_sent_on else "kafka away", **values)


def _notify(untold_by: Mapping[str, str]) -> Iterator[DoctorFinding]:
    for way, why in untold_by.items():
        yield _wrong("notify", "notify away", way=way, why=why)
    if not untold_by:
        yield _well("notify", "notify well")


def _weather(seen: Observations) -> DoctorFinding:
    source = seen.source
    if source is None:
        return _skipped("weather", "weather off")
    values = {"source": source.name, "why": source.why}
    if source.why is None:
        return _well("weather", "weather well", **values)
    return (
        _wrong("weather", "weather away", **values)
        if source.needed
        else _mind("weather", "weather away", **values)
    )
