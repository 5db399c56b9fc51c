"""A real Apache Kafka (KRaft, one node) on loopback, from its own jars: for tests, and for people (`make kafka`).

Java 17 or newer runs it; Maven copies the jars, once, into ~/.cache/evcharge-kafka (40 s). Nothing is installed.
"""

import argparse
import asyncio
import base64
import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from evcharge.security.certificates import new_authority
from tests.absent import absent
from tests.ports import free_port

HOME = Path(os.environ.get("EVCHARGE_KAFKA_HOME", Path.home() / ".cache" / "evcharge-kafka"))
POM = Path(__file__).with_name("kafka_pom.xml")
# Two loaded cores, a cold disk.
START_WITHIN_S = 90.0
_JAVA = ("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={advertised}
inter.broker.listener.name={listener}
listener.security.protocol.map=ASTRAY:SSL,SSL:SSL,SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,\
SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
"""
_SASL = """\
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
"""
_LOGIN = """\
listener.name.{listener}.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.{listener}.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="{user}" password="{password}" user_{user}="{password}";
"""
_TLS = """\
ssl.keystore.type=PEM
ssl.keystore.location={pem}
"""


def missing() -> str | None:
    """Return what this machine lacks to run a broker, or None."""
    if shutil.which("java") is None:
        return "no Java here (Debian: default-jre-headless), so no Kafka broker can run"
    if not (HOME / "jars" / ".complete").exists() and shutil.which("mvn") is None:
        return "no Maven here (Debian: maven), so Kafka's jars cannot be fetched"
    return None


def needed() -> None:
    """Skip the test that calls this when no broker can run here; in CI that is a failure."""
    if (reason := missing()) is not None:
        absent(reason)


def jars() -> Path:
    """Return the folder of Kafka's jars; Maven fills it the first time."""
    folder = HOME / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        # Several workers of pytest may want them at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
            wanted = ["-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
            fetched = subprocess.run([*command, *wanted], check=False, capture_output=True, text=True)
            if fetched.returncode:
                print(fetched.stdout[-4000:], fetched.stderr[-4000:], file=sys.stderr)
                raise SystemExit(
                    "Kafka's jars could not be fetched (once, about 120 MB, from Maven Central): look at the "
                    "connection to the internet, then try again."
                )
            (folder / ".complete").touch()
    return folder


def certified(folder: Path) -> tuple[Path, Path]:
    """Return the key store of a broker on localhost, and the certificate of its authority, as new files."""
    now = datetime.now(UTC)
    authority = new_authority(ec.generate_private_key(ec.SECP256R1()), now)
    key = ec.generate_private_key(ec.SECP256R1())
    # Without key identifiers, as the recipes for Kafka that people follow make them (`openssl x509 -req -CA`).
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kafka")]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    pem, ca_file = folder / "broker.pem", folder / "ca.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(key.private_bytes(*form) + certificate.public_bytes(serialization.Encoding.PEM))
    ca_file.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    return pem, ca_file


class Broker:
    """One broker; its data lives in `folder`. With a `user`, only who logs in is let in (SCRAM or PLAIN). With a
    `pem` (a PKCS8 key and the certificates, for localhost) it has three more doors, in `at`: SSL, SASL_SSL, and
    ASTRAY, which is SSL and sends whoever comes on to 127.0.0.1.
    """

    def __init__(
        self, folder: Path, port: int, *, user: str = "", password: str = "", pem: Path | None = None
    ) -> None:
        self.bootstrap = f"127.0.0.1:{port}"
        self.at: dict[str, str] = {}
        self.pem = pem
        self._folder = folder
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._classpath = f"{jars()}/*"
        self._config = folder / "server.properties"
        if not self._config.exists():
            folder.mkdir(parents=True, exist_ok=True)
            listener = "SASL_PLAINTEXT" if user else "PLAINTEXT"
            advertised = [f"{listener}://{self.bootstrap}"]
            listeners = list(advertised)
            if pem is not None:
                for name in ("SSL", "SASL_SSL", "ASTRAY"):
                    its = free_port()
                    self.at[name] = f"localhost:{its}"
                    listeners.append(f"{name}://127.0.0.1:{its}")
                    advertised.append(f"{name}://{'127.0.0.1' if name == 'ASTRAY' else 'localhost'}:{its}")
            text = _PROPERTIES.format(
                listener=listener,
                listeners=",".join(listeners),
                advertised=",".join(advertised),
                controller=free_port(),
                data=folder / "data",
            )
            if user:
                text += _SASL
                for name in ("sasl_plaintext", "sasl_ssl"):
                    text += _LOGIN.format(listener=name, user=user, password=password)
            self._config.write_text(text + (_TLS.format(pem=pem) if pem is not None else ""))
            self._format(f"SCRAM-SHA-512=[name={user},password={password}]" if user else "")

    def _format(self, scram: str) -> None:
        # Its first character must not be a hyphen: that would be an option.
        cluster = base64.urlsafe_b64encode(b"\0" + secrets.token_bytes(15)).decode().rstrip("=")
        tool = (*_JAVA, "-cp", self._classpath, "kafka.tools.StorageTool", "format", "--standalone")
        command = [*tool, "-c", str(self._config), "-t", cluster, *(["--add-scram", scram] if scram else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def log(self) -> str:
        """The end of what it has said."""
        return (self._folder / "broker.log").read_text("utf-8", "replace")[-3000:]

    def launch(self) -> None:
        """Start it without waiting until it answers."""
        with (self._folder / "broker.log").open("ab") as log:
            command = (*_JAVA, "-cp", self._classpath, "kafka.Kafka", str(self._config))
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self) -> None:
        """Start it, and return when it answers."""
        self.launch()
        until = time.monotonic() + START_WITHIN_S
        while not self._answers():
            assert self._process is not None
            assert self._process.poll() is None, self.log
            assert time.monotonic() < until, self.log
            time.sleep(0.1)

    async def returns(self) -> None:
        """Start it, and wait until it answers, while others work."""
        await asyncio.to_thread(self.start)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1.0):
            return True
        return False

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as one should; at once when it does not heed that."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Freeze it: connections stay, nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def is_paused(self) -> bool:
        """Return whether somebody froze it."""
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def resume(self) -> None:
        """Let a frozen one go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.send_signal(number)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def wait(self) -> int:
        """Wait for its end."""
        assert self._process is not None
        return self._process.wait()


@contextlib.contextmanager
def running(folder: Path, port: int | None = None, **more: Any) -> Iterator[Broker]:
    """A broker that answers, while the block runs."""
    broker = Broker(folder, port or free_port(), **more)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def kcat(bootstrap: str, *args: str) -> list[str]:
    """Return the lines that kcat, a consumer that nobody here wrote, prints."""
    return _kcat("-b", bootstrap, "-q", "-e", *args).splitlines()


def kcat_puts(bootstrap: str, topic: str, key: str, value: bytes) -> None:
    """Write one record with kcat; `value` may be of one line only."""
    _kcat("-b", bootstrap, "-P", "-t", topic, "-k", key, given=value)


def _kcat(*args: str, given: bytes = b"") -> str:
    tool = shutil.which("kcat")
    if tool is None:
        absent("no kcat here (Debian: kcat)")
    done = subprocess.run([tool, *args], input=given, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def main() -> int:
    """Run a broker until Ctrl+C; what it keeps is there again the next time."""
    parser = argparse.ArgumentParser(prog="make kafka", description=main.__doc__)
    parser.add_argument("--port", type=int, default=9092)
    parser.add_argument("--wipe", action="store_true", help="forget what it keeps")
    given = parser.parse_args()
    if (reason := missing()) is not None:
        print(f"make kafka: {reason}", file=sys.stderr)
        return 1
    folder = HOME / str(given.port)
    if given.wipe:
        shutil.rmtree(folder, ignore_errors=True)
    if not (HOME / "jars" / ".complete").exists():
        print("Fetching Kafka's jars (43 MB, once) …", flush=True)
    try:
        with running(folder, given.port) as broker:
            print(f"Kafka listening on {broker.bootstrap}. Central finds it with")
            print(f"  EVCHARGE_KAFKA__BOOTSTRAP={broker.bootstrap}")
            print("Ctrl+C ends it.", flush=True)
            return broker.wait()
    except KeyboardInterrupt:
        return 0
    except AssertionError as problem:
        print(f"make kafka: the broker did not start:\n{problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
