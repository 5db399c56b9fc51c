"""What the doctor's observations mean, kind by kind, in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from evcharge.doctor.findings import DoctorFinding, FindingMark, findings
from evcharge.doctor.observations import (
    BooksHere,
    CredentialAnswer,
    DatabaseThere,
    Folder,
    Home,
    Knock,
    Member,
    Observations,
    OpenFile,
    Paper,
    PaperEnd,
    Process,
    ServerShown,
    TlsServer,
    Trust,
    Way,
    WayEnd,
    WeatherSource,
)
from evcharge.labels import LANGUAGES, Speech
from evcharge.labels.doctor import SENTENCES
from evcharge.runtime.health_socket import Pulse

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def way(end: WayEnd = WayEnd.OPEN, host: str = "192.168.1.10", port: int = 5001) -> Way:
    return Way(host=host, port=port, end=end, why="too many files are open")


def server(trust: Trust = Trust.OURS, **shown: Any) -> TlsServer:
    ahead = {"ahead_s": 0.2} | shown
    return TlsServer(way=way(), shown=ServerShown(trust=trust, **ahead))


def member(answer: CredentialAnswer, ends: float | None = None) -> tuple[Member]:
    found = Member(
        id="CP001", kind="cp", path="s/cp/CP001/secret", answer=answer, why="why", ticket_ends=ends
    )
    return (found,)


CA = Paper(path="s/ca.pem", end=PaperEnd.WHOLE, ends=datetime(2030, 1, 1, tzinfo=UTC))
FOLDER = Folder(path="s", is_there=True, home=Home.HERE, secrets=7, free_bytes=50_000_000_000, papers=(CA,))
WELL = Observations(
    now=NOON,
    within_s=4,
    version="0.2.0",
    python=(3, 12),
    uid=1000,
    folder=FOLDER,
    registry=server(),
    central=way(port=9002),
    central_api=server(),
    central_api_url="https://192.168.1.10:8000",
    central_version="0.2.0",
    members=member(CredentialAnswer.TAKEN),
    knock=Knock(id="CP001", code=None),
    health_port=way(port=9101),
    books=BooksHere(path="s/central/central.db", holder=71, same=True, rows=9),
    databases=(
        DatabaseThere(
            section="registry", at="PostgreSQL (database evcharge at db, schema registry)", schema=4
        ),
        DatabaseThere(section="central", at="PostgreSQL (database evcharge at db)", schema=25),
    ),
    brokers="192.168.1.10:9092",
    untold_by={},
    source=WeatherSource(name="OpenWeather", why=None, needed=True),
    processes=(Process(name="cp-engine.CP001", pulse=Pulse.WELL),),
)


def seen(**what: Any) -> Observations:
    return structs.replace(WELL, **what)


def folder(**what: Any) -> Observations:
    return seen(folder=structs.replace(FOLDER, **what))


def paper(end: PaperEnd, who: str = "ca", *, own: bool = False, **more: Any) -> Observations:
    found = Paper(path=f"s/{who}.pem", end=end, **more)
    return folder(papers=(found,) if who == "ca" else (CA, found), has_own_ca=own)


def inner(mode: int, owner: int = 1000) -> Observations:
    return folder(open_folders=(OpenFile(path="s/cp", mode=mode, owner=owner),))


def ended(end: WayEnd) -> Observations:
    return seen(registry=TlsServer(way=way(end)))


def said(finding: DoctorFinding, lang: str = "en") -> str:
    return Speech(SENTENCES, lang)(finding.name, **finding.values)


def test_where_nothing_is_wrong_each_thing_has_one_line_that_says_so():
    found = findings(WELL)
    assert {one.mark for one in found} == {FindingMark.WELL}
    checks = [one.check for one in found]
    assert len(checks) == len(set(checks)) == 19


KINDS = [
    ("no route", ended(WayEnd.NO_ROUTE), "registry", "no network of this PC leads there", "ip route"),
    ("nobody", ended(WayEnd.NOBODY), "registry", "no PC of this network has the address 192.168.1.10", "ip addr"),
    ("closed", ended(WayEnd.REFUSED), "registry", "the port is closed", "evcharge registry --host 0.0.0.0"),
    ("dropped", ended(WayEnd.DROPPED), "registry", "a firewall drops", "sudo ufw allow 5001/tcp"),
    ("ICMP", ended(WayEnd.TURNED_AWAY), "registry", "a firewall or router says no (ICMP)", "--add-port=5001/tcp"),
    ("own firewall", ended(WayEnd.HELD_BACK), "registry", "the firewall of this PC", "ufw allow out 5001/tcp"),
    ("no name", ended(WayEnd.NO_NAME), "registry", "that name is not known here", "hostname -I"),
    ("other end", ended(WayEnd.FAILED), "registry", "too many files are open", ""),
    ("wrong CA", seen(registry=server(Trust.OTHER_CA)), "registry", "of another CA than s/ca.pem", "join --force"),
    ("name", seen(registry=server(Trust.OTHER_NAME, names=("lab-7", "10.0.0.7"))), "registry",
     "does not name 192.168.1.10; it names lab-7, 10.0.0.7", "evcharge init --add-name 192.168.1.10"),
    ("not yet", seen(registry=server(Trust.NOT_YET, begins=NOON)), "registry", "holds from 2026-11-29 on", "set-ntp"),
    ("expired", seen(registry=server(Trust.EXPIRED, ends=NOON)), "registry", "ended on 2026-11-29", "init --renew"),
    ("no TLS", seen(central_api=server(Trust.NO_TLS)), "central api", "does not speak TLS", "ss -ltnp"),
    ("hangs", seen(registry=server(Trust.SILENT)), "registry", "says nothing for 4 s", "evcharge health"),
    ("Central closed", seen(central=way(WayEnd.REFUSED, "127.0.0.1", 9002)), "central",
     "nothing listens on that port of this PC", "evcharge central"),
    ("engine closed", seen(health_port=way(WayEnd.REFUSED)), "health port", "closed", "--health-host 0.0.0.0"),
    ("credential", seen(members=member(CredentialAnswer.REFUSED)), "credential",
     "does not take that of CP001 (s/cp/CP001/secret)", "evcharge invite cp CP001"),
    ("disabled", seen(members=member(CredentialAnswer.DISABLED)), "credential", "disabled",
     "evcharge cp enable CP001"),
    ("unreadable", seen(members=member(CredentialAnswer.UNREADABLE)), "credential", "cannot be used", ""),
    ("ticket", seen(members=member(CredentialAnswer.UNASKED, NOON.timestamp() - 1)), "credential",
     "the ticket of CP001 has expired", "evcharge registry"),
    ("ahead", seen(registry=server(ahead_s=300.4)), "clock", "300 s ahead of Registry", "set-ntp true"),
    ("behind", seen(registry=server(ahead_s=-61.0)), "clock", "61 s behind Registry", "set-ntp true"),
    ("service key", seen(knock=Knock(id="CP001", code="E_TICKET")), "central", "service.key is not", "service.key"),
    ("clocks", seen(knock=Knock(id="CP001", code="E_CLOCK")), "central",
     "clocks of Central and the Registry", "set-ntp"),
    ("revoked", seen(knock=Knock(id="CP001", code="E_REVOKED")), "central", "were revoked", "cp rotate CP001"),
    ("protocol", seen(knock=Knock(id="CP001", code="E_VERSION")), "central", "another version", "evcharge --version"),
    ("not Central", seen(knock=Knock(id="CP001", code="E_MALFORMED")), "central", "is not our Central",
     "evcharge ports"),
    ("Kafka", seen(brokers_why="10.0.0.9:9092 does not answer", brokers_sent_on=True), "kafka",
     "sends us on to an address that is wrong here: 10.0.0.9:9092", "advertised.listeners"),
    ("no broker", seen(brokers_why="b:9092 does not answer"), "kafka", "b:9092 does not answer", ""),
    ("notify", seen(untold_by={"mail": "connection refused"}), "notify", "nobody is told by mail: connection refused",
     "Look at `[notify]`"),
    ("database", seen(databases=(DatabaseThere(section="central", at="db", why="db refuses the login: check it"),)),
     "central database", "refuses the login", ""),
    ("Registry's database", seen(databases=(DatabaseThere(section="registry", at="db", why="db is a standby"),)),
     "registry database", "is a standby", ""),
    ("disk", folder(free_bytes=99_000_000), "disk", "only 99 MB are free", "df -h s"),
    ("mode", folder(open_files=(OpenFile(path="s/ca.key", mode=0o644, owner=1000),)), "modes",
     "s/ca.key has mode 0644", "chmod 600 s/ca.key"),
    ("owner", folder(open_files=(OpenFile(path="s/ca.key", mode=0o600, owner=0),)), "modes",
     "belongs to another user (uid 0)", "sudo chown 1000 s/ca.key"),
    ("folder shut", inner(0o600), "modes", "s/cp has mode 0600: not even its owner", "chmod 700 s/cp"),
    ("folder open", inner(0o720), "modes", "others may replace any file in it", "chmod 700 s/cp"),
    ("folder's owner", inner(0o700, 0), "modes", "belongs to another user (uid 0)", "sudo chown 1000 s/cp"),
    ("no CA", paper(PaperEnd.MISSING), "certificate", "there is no s/ca.pem", "evcharge join TOKEN"),
    ("CA spoilt", paper(PaperEnd.SPOILT), "certificate", "s/ca.pem is spoilt", "evcharge join --force TOKEN"),
    ("CA ended", paper(PaperEnd.WHOLE, ends=NOON - timedelta(1)), "certificate", "ended on 2026-11-28", "set-ntp"),
    ("CA shut", paper(PaperEnd.UNREADABLE, why="not allowed"), "certificate", "cannot be read (not allowed)",
     "sudo chown 1000 s/ca.pem"),
    ("no own CA", paper(PaperEnd.MISSING, own=True), "certificate", "though its key is here", "from a backup"),
    ("own CA spoilt", paper(PaperEnd.SPOILT, own=True), "certificate", "s/ca.pem is spoilt", "from any other PC"),
    ("own CA, other key", paper(PaperEnd.OTHER_KEY, own=True), "certificate", "of another network", "from a backup"),
    ("own CA ended", paper(PaperEnd.WHOLE, own=True, ends=NOON - timedelta(1)), "certificate", "ended",
     "evcharge init"),
    ("no certificate", paper(PaperEnd.MISSING, "central", own=True), "certificate", "cannot start", "evcharge init"),
    ("certificate spoilt", paper(PaperEnd.SPOILT, "central", own=True), "certificate", "s/central.pem is spoilt",
     "mv s/central.pem s/central.pem.old && evcharge init"),
    ("certificate, other key", paper(PaperEnd.OTHER_KEY, "central", own=True), "certificate", "the key beside it",
     "evcharge init --renew"),
    ("certificate, other CA", paper(PaperEnd.OTHER_CA, "central", own=True), "certificate",
     "from the CA of this folder",
     "evcharge init --renew"),
    ("certificate ended", paper(PaperEnd.WHOLE, "central", own=True, ends=NOON - timedelta(1)), "certificate", "ended",
     "evcharge init --renew"),
    ("wrong CA on Central's PC", structs.replace(folder(has_own_ca=True), registry=server(Trust.OTHER_CA)), "registry",
     "a server of another state folder", "Stop it and type: evcharge registry"),
    ("no folder", folder(is_there=False), "state", "there is no s", "evcharge join TOKEN"),
    ("copied", folder(home=Home.ELSEWHERE), "state", "was copied from another PC", "evcharge join TOKEN"),
    ("copied network", folder(home=Home.ELSEWHERE, has_own_ca=True), "state", "one Registry and one Central",
     "rm s/machine"),
    ("second Central", seen(books=BooksHere(path="b", holder=71, same=False)), "books", "there are two Centrals",
     "kill 71"),
    ("Python", seen(python=(3, 10)), "python", "Python 3.10 is too old", "apt-get install python3"),
    ("weather", seen(source=WeatherSource(name="OpenWeather", why="no answer in time", needed=True)), "weather",
     "OpenWeather gives nothing: no answer in time", "evcharge weather --simulate"),
    ("killed", seen(processes=(Process(name="central", pulse=Pulse.DEAD),)), "process", "it was killed", "Start it"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("case", "check", "what", "type_"), [one[1:] for one in KINDS], ids=[k[0] for k in KINDS]
)
def test_what_is_wrong_is_named_with_what_to_type(case: Observations, check: str, what: str, type_: str):
    (wrong,) = [one for one in findings(case) if one.mark is FindingMark.WRONG]
    assert wrong.check == check
    assert what in said(wrong)
    assert type_ in said(wrong)


@pytest.mark.parametrize("case", [one[1] for one in KINDS], ids=[one[0] for one in KINDS])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_finding_has_its_words(case: Observations, lang: str):
    say = Speech(SENTENCES, lang)
    for one in findings(case):
        assert said(one, lang)
        assert say(f"m {one.mark}")
        assert say(f"c {one.check}")


@pytest.mark.parametrize(
    ("case", "check", "what"),
    [
        (seen(central_version="0.1.0"), "version", "here is evcharge 0.2.0, at Central 0.1.0"),
        (folder(free_bytes=900_000_000), "disk", "only 900 MB"),
        (inner(0o750), "modes", "others see which files are in it"),
        (
            seen(books=BooksHere(path="b", holder=None, same=True, rows=9)),
            "books",
            "a copy of the books of the Central at",
        ),
        (seen(central_api=TlsServer(way=way(WayEnd.REFUSED))), "central api", "closed"),
        (
            seen(source=WeatherSource(name="Open-Meteo", why="w", needed=False)),
            "weather",
            "Open-Meteo gives nothing: w",
        ),
        (seen(knock=Knock(id="CP001", code="E_BUSY", why="come later")), "central", "come later"),
    ],
)
def test_what_is_only_worth_a_word_fails_nobody(case: Observations, check: str, what: str):
    (worth,) = [one for one in findings(case) if one.mark is not FindingMark.WELL]
    assert (worth.mark, worth.check) == (FindingMark.MIND, check)
    assert what in said(worth)


def test_on_the_pc_of_central_its_api_must_answer():
    case = structs.replace(folder(has_own_ca=True), central_api=TlsServer(way=way(WayEnd.REFUSED)))
    assert [one.check for one in findings(case) if one.mark is FindingMark.WRONG] == ["central api"]


def test_what_could_not_be_asked_is_not_called_well():
    alone = TlsServer(way=way(WayEnd.DROPPED))
    found = findings(
        seen(
            registry=alone,
            central_api=alone,
            central_version=None,
            members=member(CredentialAnswer.UNASKED, NOON.timestamp() + 1),
            knock=None,
            brokers="",
            source=None,
            folder=structs.replace(FOLDER, home=Home.UNKNOWN),
        )
    )
    skipped = {one.check for one in found if one.mark is FindingMark.SKIPPED}
    assert skipped == {"state", "version", "clock", "credential", "kafka", "weather"}


def test_a_free_network_of_one_pc_has_books_without_a_central():
    (books,) = [one for one in findings(seen(books=BooksHere(path="b", holder=None))) if one.check == "books"]
    assert (books.mark, said(books)) == (FindingMark.WELL, "no Central works with b.")


def test_a_small_difference_of_clocks_is_none():
    found = findings(seen(registry=server(ahead_s=timedelta(seconds=59).total_seconds())))
    assert not [one for one in found if one.mark is FindingMark.WRONG]


def test_one_of_several_registries_or_centrals_that_is_away_is_worth_a_word_beside_the_one_that_answers():
    away = TlsServer(way=way(WayEnd.REFUSED, host="192.168.1.11"))
    found = findings(seen(registries_away=(away,), central_apis_away=(away,)))
    odd = [(one.check, one.mark) for one in found if one.mark is not FindingMark.WELL]
    assert odd == [("registry", FindingMark.MIND), ("central api", FindingMark.MIND)]
    (registry, other) = [one for one in found if one.check == "registry"]
    assert registry.mark is FindingMark.WELL
    assert "192.168.1.11:5001" in said(other)
    assert "evcharge registry --host 0.0.0.0" in said(other)
