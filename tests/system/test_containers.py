"""The image and the compose files at work, where an engine for containers is: tickets, a crash, and what is inside.

With Docker, or with podman and podman-compose. The base image must be here, or a registry that has it.
"""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE = "python:3.12-slim"
# Kafka's image is not needed for a ticket, and is large.
SERVICES = ("init", "invite", "registry", "central", "weather", "engine", "monitor", "driver", "greet")
# An official base has 125 MB at most: with ours, 200 MB.
MOST_BYTES, MOST_OF_BASE = 75_000_000, 125_000_000
WITHIN_S = 60.0

pytestmark = pytest.mark.timeout(400)

SCAN = """
import json, os, pathlib
found = []
for top in ("/opt", "/var/lib/evcharge", "/tmp", "/root", "/home", "/etc/evcharge"):
    for folder, _, names in os.walk(top):
        for name in names:
            path = pathlib.Path(folder, name)
            if path.suffix in {".key", ".token", ".secret", ".db"} or name in {"enrolment.token", "password", "secret"}:
                found.append(str(path))
            elif path.suffix in {".pem", ".txt", ".toml", ".json", ""} and b"PRIVATE KEY--" in path.read_bytes():
                found.append(str(path))
print(json.dumps({"found": found, "environ": dict(os.environ)}))
"""


class Engine:
    """Docker or podman, and a compose file under a name of its own."""

    def __init__(
        self, program: str, compose: list[str], more: list[str], file: Path = ROOT / "compose.yaml"
    ) -> None:
        self.program = program
        self._file = file
        self.project = f"evtest{secrets.token_hex(3)}"
        self._compose = compose
        # What `up` needs besides, and `run`.
        self.no_deps = more
        # Ports of this computer that are nobody's: another address of loopback for each run.
        listen = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250)}.{secrets.randbelow(250) + 1}"
        self.environ = os.environ | {
            "TAG": "test", "POINTS": "1", "DRIVERS": "1", "AUTO_PLUG_S": "0.5", "AUTO_UNPLUG_S": "2", "LISTEN": listen,
            "LOG_DRIVER": "json-file" if program == "docker" else "k8s-file",
            # Without systemd podman cannot time its health checks; the test asks by itself.
            **({} if Path("/run/systemd/private").exists() else {"DISABLE_HC_SYSTEMD": "true"}),
        }  # fmt: skip

    def run(self, *args: str, check: bool = True, within_s: float = WITHIN_S) -> str:
        """Return what the engine prints for a command."""
        return _run([self.program, *args], self.environ, check=check, within_s=within_s)

    def compose(self, *args: str, check: bool = True, within_s: float = 3 * WITHIN_S) -> str:
        """Return what compose prints for a command on this project."""
        line = [*self._compose, "-f", str(self._file), "-p", self.project, *args]
        return _run(line, self.environ, check=check, within_s=within_s)

    def up(self, *services: str) -> None:
        """Start the network, and the driver that plays; or `services` of it."""
        profile = () if services else ("--profile", "drivers")
        self.compose(*profile, "up", "-d", *self.no_deps, *(services or SERVICES))

    def of_lab(self, pc: str, **environ: str) -> "Engine":
        """Return the file of one PC of a lab on this engine."""
        found = Engine(self.program, self._compose, self.no_deps, ROOT / "deploy" / "lab" / f"{pc}.yaml")
        found.environ |= environ
        return found

    def container(self, service: str) -> str:
        """Return the name of the container of a service."""
        labels = [
            f"label=com.docker.compose.{key}" for key in (f"project={self.project}", f"service={service}")
        ]
        filters = [part for label in labels for part in ("--filter", label)]
        names = self.run("ps", "-a", *filters, "--format", "{{.Names}}").split()
        assert len(names) == 1, f"{service}: {names}"
        return names[0]

    def logs(self, service: str) -> str:
        """Return all that a service has printed."""
        return self.run("logs", self.container(service))

    def inside(self, service: str, *command: str, check: bool = True) -> str:
        """Return what a command prints inside the container of a service."""
        return self.run("exec", self.container(service), *command, check=check)

    def remove(self) -> None:
        """Leave nothing of this project, also of one that never stood."""
        # Killed, not stopped one after the other: there is nothing to be kept.
        label = f"label=com.docker.compose.project={self.project}"
        if left := self.run("ps", "-aq", "--filter", label).split():
            self.run("kill", *left, check=False)
            self.run("rm", "-f", *left)
        for kind in ("volume", "network"):
            if left := self.run(kind, "ls", "-q", "--filter", label).split():
                self.run(kind, "rm", *left)
        if self.program == "podman":
            self.run("pod", "rm", "-f", f"pod_{self.project}", check=False)


def _run(line: list[str], environ: Mapping[str, str], *, check: bool, within_s: float) -> str:
    done = subprocess.run(
        line, capture_output=True, text=True, check=False, env=dict(environ), timeout=within_s, cwd=ROOT
    )
    if check and done.returncode:
        pytest.fail(
            f"{' '.join(line)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.stdout + done.stderr


def _works(*line: str) -> bool:
    try:
        return subprocess.run(line, capture_output=True, check=False, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _engine() -> Engine:
    if _works("docker", "info") and _works("docker", "compose", "version"):
        return Engine("docker", ["docker", "compose"], [])
    if shutil.which("podman") is None:
        pytest.skip(
            "no engine for containers here: neither Docker with its compose plugin answers, nor is there podman"
        )
    compose = shutil.which("podman-compose") or shutil.which(
        "podman-compose", path=str(Path(sys.executable).parent)
    )
    if compose is None:
        pytest.skip("podman is here, and podman-compose is not (pip install podman-compose)")
    # Not every podman starts a chain of dependencies; ours wait by themselves.
    return Engine("podman", [compose], ["--no-deps"])


def _awaited(look: Callable[[], str], wanted: str) -> str:
    deadline = time.monotonic() + 2 * WITHIN_S
    while wanted not in (said := look()):
        assert time.monotonic() < deadline, f"no {wanted!r} in:\n{said[-3000:]}"
        time.sleep(0.5)
    return said


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """An engine that has built the image."""
    one = _engine()
    if not _works(one.program, "image", "inspect", BASE) and not _works(one.program, "pull", BASE):
        pytest.skip(f"{one.program} has no {BASE} here, and no registry gives it")
    if not _works(one.program, "run", "--rm", "--network", "none", BASE, "python", "--version"):
        pytest.skip(f"{one.program} is here and cannot run a container")
    form = ["--format", "docker"] if one.program == "podman" else []
    one.run("build", *form, "-t", "evcharge:test", str(ROOT), within_s=5 * WITHIN_S)
    try:
        yield one
    finally:
        one.remove()


def test_the_image_is_small_has_a_user_of_its_own_and_no_secret(engine: Engine):
    (image,) = json.loads(engine.run("image", "inspect", "evcharge:test"))
    (base,) = json.loads(engine.run("image", "inspect", BASE))
    assert image["Size"] - base["Size"] < MOST_BYTES
    if base["Size"] < MOST_OF_BASE:
        assert image["Size"] <= 200_000_000
    settings = image["Config"]
    assert settings["User"] == "10001:10001"
    assert settings["Labels"]["org.opencontainers.image.version"]
    assert (settings.get("Healthcheck") or image["Healthcheck"])["Test"] == ["CMD", "evcharge", "health"]
    told = json.loads(
        engine.run("run", "--rm", "--network", "none", "--entrypoint", "python", "evcharge:test", "-c", SCAN)
    )
    assert told["found"] == []
    assert [name for name in told["environ"] if name.startswith("EVCHARGE_")] == [
        "EVCHARGE_STATE",
        "EVCHARGE_HEALTH",
    ]
    history = engine.run("history", "--no-trunc", "--format", "{{.CreatedBy}}", "evcharge:test")
    assert "PASSWORD" not in history
    assert "TOKEN" not in history
    bill = engine.run(
        "run", "--rm", "--entrypoint", "cat", "evcharge:test", "/opt/evcharge/share/doc/sbom.cdx.json"
    )
    parts = {part["name"] for part in json.loads(bill)["components"]}
    assert {"evcharge", "aiohttp", "cryptography"} <= parts


def test_a_network_of_containers_sells_energy_and_stands_up_after_a_crash(engine: Engine):
    engine.up()
    greeting = _awaited(lambda: engine.logs("greet"), "password")
    assert "1 charging points are available" in greeting
    assert "https://localhost:8000" in greeting
    _awaited(lambda: engine.logs("driver"), "SESSION SUMMARY")
    # Whoever is inside is nobody, and writes nowhere.
    for service in ("central", "engine"):
        assert engine.inside(service, "id", "-u").strip() == "10001"
        assert "Read-only file system" in engine.inside(service, "touch", "/opt/evcharge/mine", check=False)
        assert "it runs and is well" in engine.inside(service, "evcharge", "health")
    _awaited(lambda: engine.inside("central", "evcharge", "tickets", "--json", check=False), '"cost_cents"')
    # Nothing but its own part: no key of the network at the charging point or the weather service.
    for service in ("engine", "weather"):
        files = engine.inside(service, "find", "/var/lib/evcharge", "-type", "f")
        assert "central.key" not in files
        assert "operator.token" not in files
    before = engine.logs("engine").count("health port listening")
    # The crash ends the command, too: some engines call that a failure.
    engine.inside("engine", "sh", "-c", "kill -9 -1", check=False)
    _awaited(lambda: str(engine.logs("engine").count("health port listening") > before), "True")
    _awaited(lambda: engine.inside("engine", "evcharge", "health", check=False), "it runs and is well")


@contextlib.contextmanager
def address_of_its_own() -> Iterator[str]:
    """Give this computer one more address while the block runs: the ports of a PC 1 there are nobody else's."""
    address = f"10.{secrets.randbelow(100) + 100}.{secrets.randbelow(250)}.{secrets.randbelow(250) + 1}"
    if not _works("ip", "address", "add", f"{address}/32", "dev", "lo"):
        pytest.skip("this computer takes no further address from us: not root, or no ip command")
    try:
        yield address
    finally:
        _works("ip", "address", "del", f"{address}/32", "dev", "lo")


def test_the_files_of_three_pcs_join_with_carried_tokens_and_sell_energy(engine: Engine, tmp_path: Path):
    with contextlib.ExitStack() as undo:
        host = undo.enter_context(address_of_its_own())
        pc1 = engine.of_lab("pc1", ADDRESS=host, LISTEN=host, WEATHER="simulate")
        carried = {"points": "cp", "drivers": "driver"}
        pc2, pc3 = (
            engine.of_lab(pc, PWD=str(tmp_path), TOKENS_FILE=f"{who}.tokens")
            for pc, who in zip(("pc2", "pc3"), carried, strict=True)
        )
        for pc in (pc1, pc2, pc3):
            undo.callback(pc.remove)
        pc1.up("init", "registry", "central", "weather", "greet")
        assert f"https://{host}:8000" in _awaited(lambda: pc1.logs("greet"), "password")
        for who, kind in carried.items():
            tokens = tmp_path / f"{who}.tokens"
            tokens.write_text(pc1.compose("run", "--rm", "-T", *engine.no_deps, "invite", kind, "1"))
            # The containers are another user.
            tokens.chmod(0o644)
        pc2.up("engine", "monitor")
        pc3.up("driver")
        _awaited(lambda: pc3.logs("driver"), "SESSION SUMMARY")
        assert '"cost_cents"' in pc1.inside("central", "evcharge", "tickets", "--json")
        # Nothing but its own part has come to the other PCs.
        for pc, service in ((pc2, "engine"), (pc3, "driver")):
            volumes = pc.run(
                "inspect", pc.container(service), "--format", "{{range .Mounts}}{{.Destination}} {{end}}"
            )
            assert "/var/lib/evcharge/network" not in volumes.split()
