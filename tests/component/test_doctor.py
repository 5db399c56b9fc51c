"""The doctor looks for real: each thing is broken on loopback, and the sentence is read."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from evcharge.central.books.setup import open_books
from evcharge.doctor import network_probes, probes
from evcharge.doctor.findings import FindingMark, findings
from evcharge.domain.errors import AuthenticationError, Code
from evcharge.evc1.client import TicketWallet
from evcharge.kafka import diagnosis
from evcharge.labels import Speech
from evcharge.labels.command_errors import translated
from evcharge.labels.doctor import SENTENCES
from evcharge.registry.setup import open_tables
from evcharge.runtime import files
from evcharge.runtime.config import (
    CentralSettings,
    Config,
    KafkaSettings,
    MonitorSettings,
    ReachSettings,
    RegistrySettings,
    WeatherSettings,
)
from evcharge.security import machine, secret_files, state_folder
from evcharge.security.tls import server_context
from evcharge.storage.postgres_connection import connect
from evcharge.storage.postgres_place import Place, place_of
from tests.absent import absent
from tests.component.gate import Gate
from tests.component.office import Office, opened
from tests.component.registry_process import Running, make_state, renew_certificate, running_registry
from tests.component.small_disk import small_disk

WITHIN_S = 5.0
ID = b"0123456789abcdef0123456789abcdef\n"


@pytest.fixture(autouse=True)
def this_pc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This PC has a number, also where tests run in a container."""
    path = tmp_path / "machine-id"
    path.write_bytes(ID)
    monkeypatch.setattr(machine, "_ID_FILE", path)
    return path


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder as `evcharge init` makes it: made once, copied by each test."""
    state = tmp_path_factory.mktemp("network") / "state"
    (state.parent / "password").write_text(make_state(state))
    return state


@pytest.fixture
def state(network: Path, tmp_path: Path) -> Path:
    shutil.copytree(network, tmp_path / "state")
    (tmp_path / "state" / machine.MARK_FILE).unlink(missing_ok=True)
    machine.mark(tmp_path / "state")
    return tmp_path / "state"


@contextlib.asynccontextmanager
async def registry_of(state: Path, network: Path) -> AsyncIterator[Running]:
    async with running_registry(state, (network.parent / "password").read_text()) as running:
        yield running


def reach(**where: Any) -> ReachSettings:
    """Where nobody is, but for what a test names."""
    nobody = {
        "registry_url": "https://127.0.0.1:1",
        "central_port": 1,
        "central_api": "http://127.0.0.1:1",
    }
    return ReachSettings(**nobody | where)


def settings(state: Path, more: dict[str, Any] | None = None, **where: Any) -> Config:
    return Config(
        **{"state": state, "reach": reach(**where), "weather": WeatherSettings(simulate="calm.txt")}
        | (more or {})
    )


async def told(config: Config, check: str, within_s: float = WITHIN_S) -> tuple[FindingMark, str]:
    """Return the mark and the sentences of what was looked at."""
    found = [one for one in findings(await probes.look(config, within_s, {})) if one.check == check]
    say = Speech(SENTENCES)
    worst = max((one.mark for one in found), key=[*FindingMark].index)
    return worst, " ".join(say(one.name, **one.values) for one in found)


@contextlib.asynccontextmanager
async def listener(tls: Any = None, answer: bytes = b"", host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Somebody who takes connections, says `answer`, and then nothing."""
    open_: set[asyncio.StreamWriter] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_.add(writer)
        writer.write(answer)
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(accept, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_:
            writer.transport.abort()
        await asyncio.sleep(0)


@contextlib.contextmanager
def deaf() -> Iterator[int]:
    """A port whose queue is full: what comes is dropped, as by a firewall."""
    with contextlib.ExitStack() as later:
        door = later.enter_context(socket.socket())
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        for _ in range(3):
            caller = later.enter_context(socket.socket())
            caller.settimeout(0)
            caller.connect_ex(door.getsockname())
        yield door.getsockname()[1]


# ---- the ways


async def test_a_registry_and_its_charging_point_are_well(state: Path, network: Path):
    async with registry_of(state, network) as registry:
        secret_files.write_secret(state / "cp/CP001/secret", "cp_secret_001")
        await registry.register()
        config = settings(state, registry_url=registry.url)
        assert await told(config, "registry") == (
            FindingMark.WELL,
            f"127.0.0.1:{registry.port} answers, and its certificate is from our CA.",
        )
        assert await told(config, "credential") == (FindingMark.WELL, "the Registry takes that of CP001.")
        mark, text = await told(config, "clock")
        assert (mark, text[:24]) == (FindingMark.WELL, "it agrees with Registry ")


async def test_a_closed_port_is_refused_here(state: Path):
    mark, text = await told(settings(state), "registry")
    assert mark is FindingMark.WRONG
    assert "127.0.0.1:1 refuses the connection: nothing listens on that port" in text
    assert text.endswith("Type: evcharge registry")


async def test_a_port_that_never_answers_is_behind_a_firewall(state: Path):
    with deaf() as port:
        mark, text = await told(settings(state, central_port=port), "central", 0.5)
    assert mark is FindingMark.WRONG
    assert f"127.0.0.1:{port} gives no answer within 0.5 s: a firewall drops" in text
    assert f"sudo ufw allow {port}/tcp" in text


async def test_a_name_that_nobody_knows(state: Path):
    mark, text = await told(settings(state, central_host="no-such-pc.invalid"), "central")
    assert (mark, text[:51]) == (FindingMark.WRONG, "no-such-pc.invalid: that name is not known here. Us")


# In a network namespace of its own, a kernel says what it says for real, and nothing of this machine changes.
ROUTES = """
ip link set lo up
ip link add eth0 type veth peer name eth1
ip link set eth0 up
ip addr add 10.77.0.1/24 dev eth0
ip route add unreachable 10.78.0.0/24
ip route add prohibit 10.79.0.0/24
exec "$@"
"""
LOOK = """
import asyncio, sys
from evcharge.doctor import network_probes
for host in sys.argv[1:]:
    print(asyncio.run(network_probes.way(host, 9002, 6.0)).end)
"""


def test_what_the_kernel_says_of_a_way_is_told_apart():
    alone = ["unshare", "--net", "sh", "-ec", ROUTES, "sh"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        absent("not allowed to make a network of its own here: run as root, with iproute2")
    hosts = {
        "192.0.2.1": "no route",
        "10.78.0.5": "turned away",
        "10.79.0.5": "held back",
        "127.0.0.1": "refused",
    }
    done = subprocess.run(
        [*alone, sys.executable, "-c", LOOK, *hosts], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.stdout.splitlines() == list(hosts.values()), done.stderr


def test_who_answers_no_arp_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    table = tmp_path / "arp"
    table.write_text(
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "192.168.1.10     0x1         0x0         00:00:00:00:00:00     *        eth0\n"
        "192.168.1.11     0x1         0x2         52:54:00:12:34:56     *        eth0\n"
    )
    monkeypatch.setattr(network_probes, "_NEIGHBOURS", table)
    unreachable = OSError(113, "No route to host")
    assert network_probes._end(unreachable, "192.168.1.10") == "nobody"
    assert network_probes._end(unreachable, "192.168.1.11") == "turned away"


# ---- certificates and clocks


async def test_a_registry_of_another_network(state: Path, tmp_path: Path):
    state_folder.init_state(tmp_path / "theirs", [], datetime.now(UTC))
    tls = server_context(tmp_path / "theirs/registry.pem", tmp_path / "theirs/registry.key")
    async with listener(tls) as port:
        mark, text = await told(settings(state, registry_url=f"https://127.0.0.1:{port}"), "registry", 1.0)
    assert mark is FindingMark.WRONG
    assert f"shows a certificate of another CA than {state}/ca.pem" in text
    # Here our own CA lies: nothing can be joined, and another server has our port.
    assert text.endswith("See which: ss -ltnp. Stop it and type: evcharge registry")
    assert "join" not in text
    (state / "ca.key").unlink()
    async with listener(tls) as port:
        mark, text = await told(settings(state, registry_url=f"https://127.0.0.1:{port}"), "registry", 1.0)
    assert (mark, "evcharge join --force TOKEN" in text) == (FindingMark.WRONG, True)


async def test_an_address_that_the_certificate_does_not_name(state: Path, network: Path):
    tls = server_context(state / "registry.pem", state / "registry.key")
    async with listener(tls, host="127.0.0.7") as port:
        mark, text = await told(settings(state, registry_url=f"https://127.0.0.7:{port}"), "registry", 1.0)
    assert mark is FindingMark.WRONG
    assert "its certificate does not name 127.0.0.7; it names 127.0.0.1, " in text
    assert "evcharge init --add-name 127.0.0.7" in text


@pytest.mark.parametrize(
    ("days", "words"), [(-3000, "its certificate ended on 2"), (30, "its certificate holds from 2")]
)
async def test_a_certificate_of_another_time_is_a_matter_of_clocks(state: Path, days: int, words: str):
    renew_certificate(state, datetime.now(UTC) + timedelta(days=days))
    tls = server_context(state / "registry.pem", state / "registry.key")
    async with listener(tls) as port:
        mark, text = await told(settings(state, registry_url=f"https://127.0.0.1:{port}"), "registry", 1.0)
    assert mark is FindingMark.WRONG
    assert words in text
    assert "sudo timedatectl set-ntp true" in text


async def test_a_clock_that_is_off_is_seen_by_the_answer(state: Path):
    tls = server_context(state / "registry.pem", state / "registry.key")
    past = f"{datetime.now(UTC) - timedelta(minutes=5):%a, %d %b %Y %H:%M:%S} GMT"
    async with listener(tls, f"HTTP/1.1 200 OK\r\nDate: {past}\r\n\r\n".encode()) as port:
        mark, text = await told(settings(state, registry_url=f"https://127.0.0.1:{port}"), "clock", 2.0)
    assert mark is FindingMark.WRONG
    assert text.startswith("the clock here is 30")
    assert " s ahead of Registry." in text


async def test_a_program_that_speaks_no_tls(state: Path):
    async with listener(answer=b"220 mail\r\n") as port:
        mark, text = await told(settings(state, registry_url=f"https://127.0.0.1:{port}"), "registry", 2.0)
    assert (mark, "does not speak TLS" in text) == (FindingMark.WRONG, True)


async def test_a_program_that_hangs(state: Path):
    async with listener() as port:
        mark, text = await told(settings(state, registry_url=f"https://127.0.0.1:{port}"), "registry", 0.5)
    assert (mark, "says nothing for 0.5 s" in text) == (FindingMark.WRONG, True)


async def test_without_a_ca_nobody_is_believed(state: Path, network: Path):
    async with registry_of(state, network) as registry:
        (state / "ca.pem").unlink()
        mark, text = await told(settings(state, registry_url=registry.url), "registry")
    assert (mark, "without a good ca.pem" in text) == (FindingMark.SKIPPED, True)


# What is wrong with the certificates that lie here is found without a network.
CA_SPOILT = "is spoilt: it holds no certificate. "


def as_joined(state: Path) -> None:
    """Leave what another PC has of the network."""
    for path in {*state.glob("*.key"), *state.glob("registry.*"), *state.glob("central.*")}:
        path.unlink()


async def test_a_spoilt_ca_is_seen_while_the_network_is_down(state: Path):
    assert (await told(settings(state), "certificate"))[0] is FindingMark.WELL
    (state / "ca.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n")
    mark, text = await told(settings(state), "certificate")
    assert (mark, f"{state}/ca.pem {CA_SPOILT}Put it back from a backup, " in text) == (
        FindingMark.WRONG,
        True,
    )
    assert "join" not in text
    as_joined(state)
    mark, text = await told(settings(state), "certificate")
    assert mark is FindingMark.WRONG
    assert text.endswith(
        f"ca.pem {CA_SPOILT}Copy it again from the Registry's PC (scp), or type: evcharge join --force TOKEN"
    )


async def test_a_ca_that_is_not_there(state: Path):
    (state / "ca.pem").unlink()
    mark, text = await told(settings(state), "certificate")
    assert (mark, f"there is no {state}/ca.pem, though its key is here" in text) == (FindingMark.WRONG, True)
    as_joined(state)
    mark, text = await told(settings(state), "certificate")
    assert (mark, text.endswith("type: evcharge join TOKEN")) == (FindingMark.WRONG, True)


async def test_certificates_of_another_network_or_key(state: Path, tmp_path: Path):
    state_folder.init_state(tmp_path / "theirs", [], datetime.now(UTC))
    ours = (state / "ca.pem").read_bytes()
    shutil.copy(tmp_path / "theirs/ca.pem", state)
    mark, text = await told(settings(state), "certificate")
    assert (mark, f"{state}/ca.pem does not belong to ca.key beside it" in text) == (FindingMark.WRONG, True)
    assert f"{state}/registry.pem is not from the CA of this folder" in text
    (state / "ca.pem").write_bytes(ours)
    shutil.copy(tmp_path / "theirs/central.pem", state)
    mark, text = await told(settings(state), "certificate")
    assert (mark, f"{state}/central.pem does not belong to the key beside it" in text) == (
        FindingMark.WRONG,
        True,
    )
    # What it says is the cure.
    state_folder.init_state(state, [], datetime.now(UTC), renew=True)
    assert (await told(settings(state), "certificate"))[0] is FindingMark.WELL


async def test_a_spoilt_certificate_of_a_server(state: Path):
    path = state / "registry.pem"
    path.write_bytes(b"")
    mark, text = await told(settings(state), "certificate")
    assert (mark, f"{path} is spoilt: it holds no certificate, and its server cannot start" in text) == (
        FindingMark.WRONG,
        True,
    )
    path.rename(f"{path}.old")
    state_folder.init_state(state, [], datetime.now(UTC))
    assert (await told(settings(state), "certificate"))[0] is FindingMark.WELL


async def test_a_certificate_that_has_ended(state: Path):
    renew_certificate(state, datetime.now(UTC) - timedelta(days=3000))
    mark, text = await told(settings(state), "certificate")
    assert (mark, text.count(" ended on 2")) == (FindingMark.WRONG, 1)
    assert "evcharge init --renew" in text


# ---- who lives here


async def test_a_credential_that_the_registry_does_not_take(state: Path, network: Path):
    async with registry_of(state, network) as registry:
        await registry.register()
        secret_files.write_secret(state / "cp/CP001/secret", "another_secret")
        mark, text = await told(settings(state, registry_url=registry.url), "credential")
        assert mark is FindingMark.WRONG
        assert f"does not take that of CP001 ({state}/cp/CP001/secret)" in text
        secret_files.replace_secret(state / "cp/CP001/secret", "cp_secret_001")
        await registry.ask("POST", "/deactivate", {"cp_id": "CP001"}, token=await registry.admin())
        mark, text = await told(settings(state, registry_url=registry.url), "credential")
        assert (mark, "is disabled or withdrawn" in text) == (FindingMark.WRONG, True)


async def test_a_join_that_failed_leaves_nobody(state: Path):
    (state / "cp/CP007").mkdir(parents=True)
    (state / "cp/CP007/secret.join-1").touch(mode=0o600)
    found = findings(await probes.look(settings(state), 0.2, {}))
    assert not [one for one in found if one.values.get("id") == "CP007"]


async def test_a_ticket_that_has_expired_needs_the_registry(state: Path):
    secret_files.write_secret(state / "cp/CP001/secret", "cp_secret_001")
    old = Gate().ticket(now=datetime.now(UTC).timestamp() - 3600)
    TicketWallet(state / "cp/CP001/engine.ticket").keep_registry(old)
    mark, text = await told(settings(state), "credential")
    assert (mark, text[:35]) == (FindingMark.WRONG, "the ticket of CP001 has expired, an")


@contextlib.asynccontextmanager
async def knocking(state: Path, **door: Any) -> AsyncIterator[tuple[Gate, Config]]:
    """A Central that is knocked at with a kept ticket."""
    gate = Gate(**door)
    secret_files.write_secret(state / "cp/CP001/secret", "cp_secret_001")
    TicketWallet(state / "cp/CP001/engine.ticket").keep_registry(gate.ticket())
    async with gate.open():
        yield gate, settings(state, central_port=gate.port)


async def test_central_takes_a_ticket_and_nobody_is_logged_in(state: Path):
    async with knocking(state) as (gate, config), gate.pair():
        mark, text = await told(config, "central")
        assert (mark, text) == (
            FindingMark.WELL,
            f"127.0.0.1:{gate.port} answers, and takes the ticket of CP001.",
        )
        assert gate.arrived.empty()
        assert gate.refused == []


async def test_a_central_with_another_service_key(state: Path):
    async with knocking(state) as (_, config):
        other = Gate().ticket()
        TicketWallet(state / "cp/CP001/engine.ticket").keep_registry(other)
        mark, text = await told(config, "central")
    assert (mark, "its service.key is not the Registry's" in text) == (FindingMark.WRONG, True)


async def test_a_central_whose_clock_is_behind(state: Path):
    behind = lambda: datetime.now(UTC).timestamp() - 600  # noqa: E731
    async with knocking(state, now=behind, wall_now=behind) as (_, config):
        mark, text = await told(config, "central")
    assert (mark, "the clocks of Central and the Registry differ" in text) == (FindingMark.WRONG, True)


async def test_another_program_in_centrals_place(state: Path):
    async with knocking(state) as (_, config), listener(answer=b"SSH-2.0-OpenSSH_9.6\r\n") as port:
        mark, text = await told(structs.replace(config, reach=reach(central_port=port)), "central")
    assert (mark, "what answers is not our Central" in text) == (FindingMark.WRONG, True)


async def test_keys_that_were_revoked(state: Path):
    async with knocking(state) as (gate, config):
        gate.withdrawn["CP001"] = AuthenticationError("the keys of CP001 were revoked", Code.REVOKED)
        mark, text = await told(config, "central")
    assert (mark, "the keys of CP001 were revoked" in text) == (FindingMark.WRONG, True)


# ---- this PC


async def test_files_that_others_may_read(state: Path):
    (state / "operator.token").chmod(0o640)
    mark, text = await told(settings(state), "modes")
    assert (mark, text) == (
        FindingMark.WRONG,
        f"{state}/operator.token has mode 0640: others may use it, so evcharge refuses it. "
        f"Type: chmod 600 {state}/operator.token",
    )


@pytest.mark.parametrize("inner", ["", "cp", "cp/CP001", "central", "driver/D01/letters"])
async def test_a_folder_that_is_shut_hides_what_is_in_it(state: Path, inner: str):
    secret_files.write_secret(state / "cp/CP001/secret", "cp_secret_001")
    files.make_folder(state / "driver/D01/letters")
    assert (await told(settings(state), "modes"))[0] is FindingMark.WELL
    folder = state / inner
    folder.chmod(0o600)
    mark, text = await told(settings(state), "modes")
    folder.chmod(0o700)
    assert (mark, text) == (
        FindingMark.WRONG,
        f"{folder} has mode 0600: not even its owner may use what is in it. Type: chmod 700 {folder}",
    )


@pytest.mark.parametrize(
    ("mode", "mark", "words"),
    [
        (0o770, FindingMark.WRONG, "others may replace any file in it"),
        (0o755, FindingMark.MIND, "others see which files are in it"),
    ],
)
async def test_a_folder_that_others_may_use(state: Path, mode: int, mark: FindingMark, words: str):
    (state / "central").chmod(mode)
    found, text = await told(settings(state), "modes")
    assert (found, words in text) == (mark, True)
    assert text.endswith(f"Type: chmod 700 {state}/central")


async def test_a_shut_folder_keeps_nobody_from_looking_at_the_rest(state: Path):
    if os.geteuid() != 0:
        absent("only root can be somebody else for a while")
    secret_files.write_secret(state / "cp/CP001/secret", "cp_secret_001")
    with tempfile.TemporaryDirectory() as room:
        there = Path(room) / "state"
        shutil.move(state, there)
        for path in (Path(room), there, *there.rglob("*")):
            os.chown(path, 65534, 65534)
        for inner in ("cp", "cp/CP001", "central"):
            (there / inner).chmod(0o400)
        os.seteuid(65534)
        try:
            mark, text = await told(settings(there), "modes")
        finally:
            os.seteuid(0)
    assert (mark, f"{there}/cp has mode 0400" in text, f"{there}/central has mode 0400" in text) == (
        FindingMark.WRONG,
        True,
        True,
    )


async def test_a_file_of_another_user(state: Path):
    if os.geteuid() != 0:
        absent("only root can give a file away")
    os.chown(state / "ca.key", 65534, -1)
    mark, text = await told(settings(state), "modes")
    assert (mark, "belongs to another user (uid 65534)" in text) == (FindingMark.WRONG, True)


async def test_a_disk_that_is_nearly_full(state: Path, tmp_path: Path):
    with small_disk(tmp_path / "small", "1m") as disk:
        shutil.copytree(state, disk / "s")
        mark, text = await told(settings(disk / "s"), "disk")
    assert mark is FindingMark.WRONG
    assert text.startswith("only 0 MB are free at ")


async def test_a_state_folder_that_was_copied_to_another_pc(state: Path, this_pc: Path):
    assert (await told(settings(state), "state"))[0] is FindingMark.WELL
    this_pc.write_bytes(ID[::-1])
    mark, text = await told(settings(state), "state")
    assert mark is FindingMark.WRONG
    assert "with the keys of the whole network, was copied from another PC" in text
    (state / "ca.key").unlink()
    _, text = await told(settings(state), "state")
    assert "two PCs with one credential" in text


async def test_a_pc_without_a_number_says_nothing_of_copies(state: Path, this_pc: Path):
    this_pc.unlink()
    assert (await told(settings(state), "state"))[0] is FindingMark.SKIPPED


async def test_there_is_no_state_folder(tmp_path: Path):
    mark, text = await told(settings(tmp_path / "none"), "state")
    assert (mark, "evcharge init" in text) == (FindingMark.WRONG, True)
    assert not (tmp_path / "none").exists()


# ---- one Central


@contextlib.asynccontextmanager
async def working_central(tmp_path: Path) -> AsyncIterator[tuple[Office, Config]]:
    async with opened(tmp_path / "state") as office:
        yield office, settings(tmp_path / "state", central_api=office.url, central_port=office.town.port)


async def test_the_central_of_these_books_is_at_work(tmp_path: Path):
    async with working_central(tmp_path) as (_, config):
        mark, text = await told(config, "books")
        assert (mark, text.startswith(f"Central (process {os.getpid()}) works with ")) == (
            FindingMark.WELL,
            True,
        )
        assert (await told(config, "central api"))[0] is FindingMark.WELL
        assert await told(config, "version") == (FindingMark.WELL, "Central has evcharge 0.1.0, too.")


async def test_of_several_centrals_the_api_that_answers_is_looked_at(tmp_path: Path):
    async with opened(tmp_path / "state") as office:
        config = settings(tmp_path / "state", other_apis=[office.url], central_port=office.town.port)
        mark, text = await told(config, "central api")
        assert (mark, office.url.rpartition("/")[2] in text) == (FindingMark.WELL, True)
        assert (await told(config, "version"))[0] is FindingMark.WELL


async def test_books_that_were_copied_and_a_second_central_that_works_with_them(tmp_path: Path):
    async with working_central(tmp_path) as (office, config):
        copy = tmp_path / "copy"
        await office.town.point()
        shutil.copytree(tmp_path / "state", copy)
        there = structs.replace(config, state=copy)
        mark, text = await told(there, "books")
        assert (mark, "is a copy of the books of the Central at" in text) == (FindingMark.MIND, True)
        async with opened(copy) as second:
            # Both go on, each with a history of its own.
            await second.town.point("CP002")
            mark, text = await told(there, "books")
        assert mark is FindingMark.WRONG
        assert (
            f"there are two Centrals: the one at {office.url} does not work with {copy}/central/central.db"
            in text
        )


async def test_a_central_of_another_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with working_central(tmp_path) as (_, config):
        monkeypatch.setattr(probes, "__version__", "0.9.0")
        mark, text = await told(config, "version")
    assert (mark, text[:43]) == (FindingMark.MIND, "here is evcharge 0.9.0, at Central 0.1.0. T")


# ---- what may be there


async def test_an_engine_on_another_pc(state: Path):
    config = settings(state, {"monitor": MonitorSettings(engine_host="127.0.0.9", engine_port=1)})
    mark, text = await told(config, "health port")
    assert (mark, "127.0.0.9:1 refuses" in text) == (FindingMark.WRONG, True)


SECTIONS = {"central": CentralSettings, "registry": RegistrySettings}


def with_tables_at(state: Path, section: str, database: str, **more: Any) -> Config:
    return settings(state, {section: SECTIONS[section](database=database, **more)})


async def test_a_database_that_central_can_use(state: Path, postgres: str):
    config = with_tables_at(state, "central", f"{postgres}?schema=doctor")
    mark, text = await told(config, "central database")
    assert (mark, "holds no books yet" in text) == (FindingMark.WELL, True)
    async with open_books(config):
        pass
    mark, text = await told(config, "central database")
    assert (mark, "its books are of schema" in text) == (FindingMark.WELL, True)
    await mark_as_moved(config, "UPDATE leader SET moved = '/there'")
    mark, text = await told(config, "central database")
    assert (mark, "were moved to /there" in text) == (FindingMark.WRONG, True)


async def test_a_database_that_the_registry_can_use(state: Path, postgres: str):
    config = with_tables_at(state, "registry", f"{postgres}?schema=doctor_registry")
    mark, text = await told(config, "registry database")
    assert (mark, "holds no tables of it yet" in text) == (FindingMark.WELL, True)
    (state / "registry" / "registry.db").unlink(missing_ok=True)
    async with open_tables(config):
        pass
    mark, text = await told(config, "registry database")
    assert (mark, "its tables are of schema" in text) == (FindingMark.WELL, True)
    await mark_as_moved(config, "INSERT INTO moved (there) VALUES ('/there')")
    mark, text = await told(config, "registry database")
    assert (mark, "were moved to /there" in text) == (FindingMark.WRONG, True)
    mark, text = await told(with_tables_at(state, "central", config.registry.database), "central database")
    assert (mark, "holds the books of another service" in text) == (FindingMark.WRONG, True)


async def mark_as_moved(config: Config, sql: str) -> None:
    section = "central" if config.central.database else "registry"
    connection = await connect(place_of(config, section=section))
    await connection.execute(sql)
    await connection.close()


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize(
    ("wrong", "more", "says"),
    [
        (("/postgres", "/nowhere"), {}, "there is no such database"),
        (("evcharge@", "nobody@"), {}, "refuses the login: check the user, and the password"),
        (("", ""), {"database_security": "tls"}, "cannot be reached"),
        (("", ""), {"database_ca_file": "gone.pem"}, "gone.pem is not a readable file of certificates"),
    ],
)
async def test_a_database_that_cannot_be_used(
    state: Path, postgres: str, section: str, wrong, more, says: str
):
    config = with_tables_at(state, section, postgres.replace(*wrong), **more)
    mark, text = await told(config, f"{section} database")
    assert (mark, says in text) == (FindingMark.WRONG, True), text


@pytest.mark.parametrize("section", SECTIONS)
async def test_a_database_that_is_not_there_is_said_in_spanish_too(state: Path, section: str):
    config = with_tables_at(state, section, "postgresql://evcharge@127.0.0.1:1/evcharge")
    mark, text = await told(config, f"{section} database")
    assert (mark, "cannot be reached" in text) == (FindingMark.WRONG, True)
    assert "no se llega a" in translated(text, "es")


async def test_a_database_that_may_lose_what_it_confirmed_is_wrong_for_both(state: Path, postgres: str):
    master = await connect(Place(url=postgres))
    await master.execute("CREATE ROLE hasty LOGIN SUPERUSER; ALTER ROLE hasty SET synchronous_commit = off")
    try:
        database = postgres.replace("evcharge@", "hasty@")
        for section in SECTIONS:
            mark, text = await told(with_tables_at(state, section, database), f"{section} database")
            assert (mark, "runs with synchronous_commit = off" in text) == (FindingMark.WRONG, True), text
    finally:
        await master.execute("DROP ROLE hasty")
        await master.close()


async def test_of_several_centrals_one_is_at_work(state: Path):
    async with Gate().open() as gate:
        at = f"127.0.0.1:{gate.port}"
        mark, text = await told(settings(state, other_centrals=[at]), "central")
        assert (mark is FindingMark.WRONG, at in text) == (False, True), text


async def test_brokers_that_are_not_there(state: Path):
    config = settings(state, {"kafka": KafkaSettings(bootstrap="127.0.0.1:1")})
    mark, text = await told(config, "kafka")
    assert (mark, text[:30]) == (FindingMark.WRONG, "127.0.0.1:1 refuses connection")


async def test_a_broker_that_names_an_address_of_its_own(state: Path, monkeypatch: pytest.MonkeyPatch):
    # A stand-in: tests/component/test_broker.py has the broker that does so.
    async def reason(*_: Any) -> str:
        return f"{diagnosis.SENT_ON}10.0.0.9:9092 does not answer"

    monkeypatch.setattr(diagnosis, "reason", reason)
    mark, text = await told(settings(state, {"kafka": KafkaSettings(bootstrap="127.0.0.1:1")}), "kafka")
    assert mark is FindingMark.WRONG
    assert "127.0.0.1:1 answers, but sends us on to an address that is wrong here: 10.0.0.9:9092" in text
    assert "advertised.listeners" in text


@pytest.mark.parametrize(
    ("more", "mark", "words"),
    [
        ({"simulate": "gone.txt"}, FindingMark.WRONG, "cannot read the timeline gone.txt"),
        ({"source": "openweather"}, FindingMark.WRONG, "OpenWeather needs a key"),
        (
            {"source": "openmeteo", "api_url": "http://127.0.0.1:1"},
            FindingMark.WRONG,
            "Open-Meteo gives nothing: ",
        ),
        ({"api_url": "http://127.0.0.1:1"}, FindingMark.MIND, "Open-Meteo gives nothing: "),
    ],
)
async def test_a_source_of_weather_that_gives_nothing(state: Path, more: dict, mark: FindingMark, words: str):
    found, text = await told(settings(state, {"weather": WeatherSettings(**more)}), "weather")
    assert (found, words in text) == (mark, True), text


async def test_a_timeline_is_a_source(state: Path, tmp_path: Path):
    (tmp_path / "calm.txt").write_text("0 *: 18\n")
    config = settings(state, {"weather": WeatherSettings(simulate=str(tmp_path / "calm.txt"))})
    assert (await told(config, "weather"))[0] is FindingMark.WELL


async def test_a_process_that_was_killed_has_its_line(state: Path):
    folder = state / "health"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / "central.socket"))
    mark, text = await told(settings(state, {"central": CentralSettings()}), "process")
    assert (mark, text[:21]) == (FindingMark.WRONG, "central: it was kille")
