"""The doctor looks for real at ways, certificates and clocks: each is broken on loopback, and the sentence is read."""

import contextlib
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evcharge.doctor import network_probes
from evcharge.doctor.findings import FindingMark
from evcharge.security import secret_files, state_folder
from evcharge.security.tls import server_context
from tests.absent import absent
from tests.component.doctor.looks import listener, registry_of, settings, told
from tests.component.registry_process import renew_certificate


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
