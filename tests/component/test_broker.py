"""Our side of Kafka against a real broker, which wants a login; it has doors with TLS as well."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from evcharge.domain.errors import ConfigError, StateError
from evcharge.kafka.client import CLOSE_WITHIN_S, WITHIN_S, BrokerLost, Brokers, Consumer, Producer, Received
from evcharge.kafka.topics import CENTRAL_COMMANDS, CP_EVENTS, CP_TELEMETRY, TOPICS
from evcharge.runtime.config import KafkaSettings
from tests import kafka
from tests.ports import free_port
from tests.stopwatch import Stopwatch

USER, PASSWORD = "evcharge", "correct-horse"
NETWORKS = iter(range(1000))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.Broker]:
    kafka.needed()
    folder = tmp_path_factory.mktemp("kafka")
    pem, _ = kafka.certified(folder)
    with kafka.running(folder / "broker", user=USER, password=PASSWORD, pem=pem) as server:
        yield server


@pytest.fixture(scope="module")
def ca_file(server: kafka.Broker) -> str:
    """The authority of the broker's certificate."""
    assert server.pem is not None
    return str(server.pem.with_name("ca.pem"))


@pytest.fixture(autouse=True)
async def no_line_is_left() -> AsyncIterator[None]:
    """Cut off what aiokafka closes without waiting: TLS says goodbye, and a loop that ends never hears the answer."""
    yield
    for transport in list(vars(asyncio.get_running_loop())["_transports"].values()):
        transport.abort()
    await asyncio.sleep(0)


def known(server: kafka.Broker, state: Path, password: str = PASSWORD, **more: object) -> Brokers:
    """Brokers as a role knows them, with topics of its own."""
    settings = KafkaSettings(
        **{
            "bootstrap": server.bootstrap,
            "prefix": f"n{next(NETWORKS)}-",
            "security": "sasl_plaintext",
            "user": USER,
        }
        | more
    )
    return Brokers(settings, state, {"EVCHARGE_KAFKA_PASSWORD": password})


async def read(brokers: Brokers, topic: str, number: int, begin: int | None = 0) -> list[Received]:
    consumer = Consumer(brokers, [topic])
    await consumer.start(lambda _topic, _partition: begin)
    try:
        found: list[Received] = []
        async with asyncio.timeout(20):
            while len(found) < number:
                found += await consumer.fetch(0.5)
        return found
    finally:
        await consumer.close()


def records(number: int, size: int = 10, begin: int = 0) -> list[tuple[str, str, bytes]]:
    numbers = range(begin, begin + number)
    return [(CP_EVENTS, f"CP{one % 7:03}", str(one).encode().ljust(size)) for one in numbers]


async def test_the_topics_are_created_once_and_what_is_sent_comes_in_order_of_each_key(server, tmp_path):
    brokers = known(server, tmp_path, partitions=3)
    assert await brokers.prepare() == await brokers.prepare() != ""
    producer = Producer(brokers)
    await producer.start()
    for topic in TOPICS:
        await producer.knows(topic)
    # More than one batch of a partition holds: 4 MB over three partitions.
    await producer.send(records(400, size=10_000))
    await producer.probe()
    await producer.close()
    found = await read(brokers, CP_EVENTS, 400)
    assert {record.partition for record in found} <= {0, 1, 2}
    assert len({(record.key, record.partition) for record in found}) == 7
    for key in {record.key for record in found}:
        numbers = [int(record.value) for record in found if record.key == key]
        assert numbers == sorted(numbers)
    assert sorted(int(record.value) for record in found) == list(range(400))


async def test_a_reader_begins_where_it_likes(server, tmp_path):
    brokers = known(server, tmp_path, partitions=1)
    await brokers.prepare()
    producer = Producer(brokers)
    await producer.start()
    await producer.send(records(10))
    assert [int(record.value) for record in await read(brokers, CP_EVENTS, 3, -3)] == [7, 8, 9]
    assert int((await read(brokers, CP_EVENTS, 4, 6))[0].value) == 6
    # A place beyond the end: the topic was made anew, and is read from its beginning.
    assert int((await read(brokers, CP_EVENTS, 10, 99))[0].value) == 0
    consumer = Consumer(brokers, [CP_EVENTS])
    assert await consumer.start(lambda _topic, _partition: None) == {(CP_EVENTS, 0): 10}
    assert await consumer.fetch(0.1) == []
    assert not await consumer.left()
    await producer.send(records(1, begin=77))
    assert [int(record.value) for record in await consumer.fetch(5)] == [77]
    assert consumer.reads()
    await consumer.close()
    await producer.close()


async def test_the_password_may_lie_in_the_state_folder(server, tmp_path):
    (tmp_path / "kafka.password").write_text(PASSWORD + "\n")
    (tmp_path / "kafka.password").chmod(0o600)
    settings = KafkaSettings(bootstrap=server.bootstrap, security="sasl_plaintext", user=USER, prefix="file-")
    assert await Brokers(settings, tmp_path, {}).prepare()


async def test_a_wrong_password_is_a_sentence_without_it(server, tmp_path):
    brokers = known(server, tmp_path, password="wrong-horse")
    for work in (brokers.prepare, Producer(brokers).start):
        with pytest.raises(BrokerLost) as caught:
            await work()
        assert server.bootstrap in caught.value.text
        assert "horse" not in caught.value.text


async def test_a_topic_that_does_not_exist_is_a_sentence(server, tmp_path):
    brokers = known(server, tmp_path)
    with pytest.raises(BrokerLost, match="there is no topic"):
        await Consumer(brokers, [CENTRAL_COMMANDS]).start(lambda _topic, _partition: 0)
    producer = Producer(brokers)
    await producer.start()
    with pytest.raises(BrokerLost):
        await producer.knows(CP_TELEMETRY)
    await producer.close()


async def test_a_topic_with_more_copies_than_there_are_brokers_is_a_sentence(server, tmp_path):
    with pytest.raises(BrokerLost, match="cannot be created"):
        await known(server, tmp_path, replication=3).prepare()


async def test_a_record_that_no_broker_takes_is_a_sentence(server, tmp_path):
    brokers = known(server, tmp_path)
    await brokers.prepare()
    producer = Producer(brokers)
    await producer.start()
    try:
        with pytest.raises(BrokerLost, match="it is larger than the brokers take"):
            await producer.send([(CP_EVENTS, "CP001", bytes(2_000_000))])
    finally:
        await producer.close()


async def test_nothing_waits_for_a_broker_that_is_frozen(server, tmp_path):
    brokers = known(server, tmp_path)
    await brokers.prepare()
    producer, consumer = Producer(brokers), Consumer(brokers, [CP_EVENTS])
    await producer.start()
    await consumer.start(lambda _topic, _partition: 0)
    server.pause()
    try:
        for work in (
            lambda: producer.send(records(10)),
            producer.probe,
            Producer(brokers).start,
            brokers.prepare,
        ):
            watch = Stopwatch()
            with pytest.raises(BrokerLost):
                await work()
            assert watch.read_s() < WITHIN_S + 4 * CLOSE_WITHIN_S + 1
        for end in (producer, consumer):
            watch = Stopwatch()
            await end.close()
            assert watch.read_s() < 4 * CLOSE_WITHIN_S + 1
    finally:
        server.resume()
    # It is as before for whoever comes now.
    again = Producer(brokers)
    async with asyncio.timeout(60):
        while True:
            try:
                await again.start()
                await again.send(records(1, begin=500))
                break
            except BrokerLost:
                await again.close()
                again = Producer(brokers)
    await again.close()


async def test_a_broker_that_is_not_there_is_a_sentence(tmp_path):
    port = free_port()
    brokers = Brokers(KafkaSettings(bootstrap=f"127.0.0.1:{port}"), tmp_path, {})
    for work in (brokers.prepare, Producer(brokers).start):
        with pytest.raises(BrokerLost, match=f"127.0.0.1:{port}"):
            await work()


def test_a_login_needs_a_user_and_a_password(tmp_path):
    settings = KafkaSettings(bootstrap="kafka:9092", security="sasl_plaintext")
    with pytest.raises(ConfigError, match="user"):
        Brokers(settings, tmp_path, {})
    settings = KafkaSettings(bootstrap="kafka:9092", security="sasl_tls", user="evcharge")
    with pytest.raises(StateError, match=r"kafka\.password"):
        Brokers(settings, tmp_path, {})


def test_the_password_itself_is_shown_over_tls_only(tmp_path):
    there = {"bootstrap": "kafka:9092", "user": "evcharge", "mechanism": "PLAIN"}
    with pytest.raises(ConfigError, match="PLAIN without TLS shows the password"):
        Brokers(KafkaSettings(**there, security="sasl_plaintext"), tmp_path, {"EVCHARGE_KAFKA_PASSWORD": "x"})
    Brokers(KafkaSettings(**there, security="sasl_tls"), tmp_path, {"EVCHARGE_KAFKA_PASSWORD": "x"})


# ---- TLS


async def goes_and_comes(brokers: Brokers) -> None:
    await brokers.prepare()
    producer = Producer(brokers)
    await producer.start()
    await producer.send(records(20))
    await producer.close()
    found = await read(brokers, CP_EVENTS, 20)
    assert sorted(int(record.value) for record in found) == list(range(20))


async def refused(brokers: Brokers) -> str:
    """The one sentence of all who connect; none of them waits for longer than it should."""
    said = set()
    consumer = Consumer(brokers, [CP_EVENTS])
    for work in (brokers.prepare, Producer(brokers).start, lambda: consumer.start(lambda _topic, _place: 0)):
        watch = Stopwatch()
        with pytest.raises(BrokerLost) as caught:
            await work()
        assert watch.read_s() < WITHIN_S + 4 * CLOSE_WITHIN_S + 1
        said.add(caught.value.text)
    (text,) = said
    assert text.isprintable()
    assert "horse" not in text
    assert "Error" not in text
    return text


async def test_events_go_out_and_come_back_over_tls(server, ca_file, tmp_path):
    await goes_and_comes(known(server, tmp_path, bootstrap=server.at["SSL"], security="tls", ca_file=ca_file))


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
async def test_events_go_out_and_come_back_over_tls_with_a_login(server, ca_file, tmp_path, mechanism):
    there = {"bootstrap": server.at["SASL_SSL"], "security": "sasl_tls", "ca_file": ca_file}
    await goes_and_comes(known(server, tmp_path, **there, mechanism=mechanism))


async def test_a_certificate_of_another_authority_is_a_sentence(server, tmp_path):
    _, other = kafka.certified(tmp_path)
    there = {"bootstrap": server.at["SASL_SSL"], "security": "sasl_tls"}
    text = await refused(known(server, tmp_path, **there, ca_file=str(other)))
    assert text.startswith(f"{server.at['SASL_SSL']} shows a certificate that is not from the authority")
    # Nor is it one of those that this system trusts.
    text = await refused(known(server, tmp_path, **there))
    assert "not trusted by this system: set `ca_file`" in text


async def test_a_certificate_that_does_not_name_the_host_is_a_sentence(server, ca_file, tmp_path):
    where = server.at["SSL"].replace("localhost", "127.0.0.1")
    text = await refused(known(server, tmp_path, bootstrap=where, security="tls", ca_file=ca_file))
    assert text.startswith(f"{where} shows a certificate that does not name 127.0.0.1: use a name")


async def test_brokers_that_send_us_on_to_a_name_without_a_certificate_are_a_sentence(
    server, ca_file, tmp_path
):
    where = server.at["ASTRAY"]
    brokers = known(server, tmp_path, bootstrap=where, security="tls", ca_file=ca_file)
    for work in (brokers.prepare, lambda: Consumer(brokers, [CP_EVENTS]).start(lambda _topic, _place: 0)):
        with pytest.raises(BrokerLost) as caught:
            await work()
        assert (
            f"send us on to, {where.replace('localhost', '127.0.0.1')} shows a certificate"
            in caught.value.text
        )


@pytest.mark.parametrize(("door", "security"), [("SSL", "plaintext"), ("SASL_SSL", "sasl_plaintext")])
async def test_plain_text_to_a_port_with_tls_is_a_sentence(server, tmp_path, door, security):
    text = await refused(known(server, tmp_path, bootstrap=server.at[door], security=security))
    assert text == f'{server.at[door]} speaks TLS: set `[kafka] security` to "{security[:-9]}tls"'


@pytest.mark.parametrize("security", ["tls", "sasl_tls"])
async def test_tls_to_a_port_of_plain_text_is_a_sentence(server, ca_file, tmp_path, security):
    text = await refused(known(server, tmp_path, security=security, ca_file=ca_file))
    assert text.startswith(f"{server.bootstrap} speaks plain text, not TLS: name its TLS port")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong-horse"}, "does not take this user and password"),
        ({"password": "wrong-horse", "mechanism": "PLAIN"}, "does not take this user and password"),
        ({"mechanism": "SCRAM-SHA-256"}, "knows no SCRAM-SHA-256"),
        ({"security": "tls"}, "perhaps it wants a login"),
    ],
)
async def test_a_login_over_tls_that_fails_is_a_sentence(server, ca_file, tmp_path, change, said):
    there = {"bootstrap": server.at["SASL_SSL"], "security": "sasl_tls", "ca_file": ca_file}
    assert said in await refused(known(server, tmp_path, **there | change))


async def test_a_login_where_none_is_wanted_is_a_sentence(server, ca_file, tmp_path):
    there = {"bootstrap": server.at["SSL"], "security": "sasl_tls", "ca_file": ca_file}
    assert "wants no login" in await refused(known(server, tmp_path, **there))


async def test_a_port_that_takes_connections_and_says_nothing_is_a_sentence(ca_file, tmp_path):
    silent = socket.create_server(("127.0.0.1", free_port()))
    with silent:
        where = f"localhost:{silent.getsockname()[1]}"
        brokers = Brokers(KafkaSettings(bootstrap=where, security="tls", ca_file=ca_file), tmp_path, {})
        watch = Stopwatch()
        with pytest.raises(BrokerLost, match=f"{where} does not answer"):
            await brokers.prepare()
        assert watch.read_s() < WITHIN_S + 4 * CLOSE_WITHIN_S + 1


def test_tls_wants_a_certificate_with_the_name_of_the_host(tmp_path):
    settings = KafkaSettings(bootstrap="kafka:9093", security="tls")
    context = Brokers(settings, tmp_path, os.environ).options["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_a_ca_file_that_is_none_is_a_sentence_and_so_is_one_without_tls(tmp_path):
    (tmp_path / "empty.pem").touch()
    for name in ("none.pem", "empty.pem"):
        settings = KafkaSettings(bootstrap="kafka:9093", security="tls", ca_file=str(tmp_path / name))
        with pytest.raises(StateError, match=rf"ca_file.*{name}"):
            Brokers(settings, tmp_path, {})
    settings = KafkaSettings(
        bootstrap="kafka:9093", user="evcharge", security="sasl_plaintext", ca_file="ca.pem"
    )
    with pytest.raises(ConfigError, match="sasl_tls"):
        Brokers(settings, tmp_path, {"EVCHARGE_KAFKA_PASSWORD": PASSWORD})
