"""Kafka as the rest sees it: with broker_check the only user of aiokafka. Every wait has an end, that of closing too.

Imported only where `[kafka] bootstrap` is set. Idempotence stays off: with it and no broker, aiokafka waits for
ever, and cannot be stopped. Order and "none missing" are the business of who sends: see `Producer.send`.
"""

import asyncio
import logging
import os
import ssl
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from aiokafka import (  # type: ignore[import-untyped]
    AIOKafkaConsumer,
    AIOKafkaProducer,
    TopicPartition,
)
from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # type: ignore[import-untyped]
from aiokafka.errors import (  # type: ignore[import-untyped]
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.partitioner import murmur2  # type: ignore[import-untyped]

from evcharge.domain.errors import Code, ConfigError, EvchargeError, StateError
from evcharge.kafka import diagnosis
from evcharge.kafka.topics import TOPICS, Outgoing
from evcharge.runtime import failures
from evcharge.runtime.config import KafkaSettings
from evcharge.runtime.waiting import within
from evcharge.security import secret_files

PASSWORD_VARIABLE = "EVCHARGE_KAFKA_PASSWORD"  # noqa: S105  its name, not the password
# How long anything may take before the broker counts as lost. A shorter freeze is survived.
WITHIN_S = 4.0
CLOSE_WITHIN_S = 0.5
# Shorter than WITHIN_S: then aiokafka gives up first, and has put its things away.
_REQUEST_MS = 3000
# Below the broker's own limit of 1 MiB a record batch.
_BATCH_BYTES = 900_000
_EXISTS = 36
# What aiokafka makes of every reason not to be let in; a topic is unknown as well where only the first step works.
_NOT_LET_IN = (KafkaConnectionError, NodeNotReadyError, UnknownTopicOrPartitionError, OSError)
# After so many records somebody else has a turn: a backlog must not make charges wait.
_YIELD_EVERY = 50
_PROTOCOLS = {
    "plaintext": "PLAINTEXT",
    "tls": "SSL",
    "sasl_plaintext": "SASL_PLAINTEXT",
    "sasl_tls": "SASL_SSL",
}

log = logging.getLogger(__name__)
T = TypeVar("T")
# What it says of a broker that is away, our callers say once and in plain words.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


class BrokerLost(EvchargeError):
    """The brokers do not answer, or do not take what is sent. Try again, with a pause."""

    default_code = Code.UNREACHABLE


class Received(NamedTuple):
    """One record that was read."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes


class Brokers:
    """Where the brokers are, and how one logs in there. Raises ConfigError, StateError when that is not usable."""

    def __init__(self, settings: KafkaSettings, state: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.bootstrap = settings.bootstrap
        self._settings = settings
        self.options: dict[str, Any] = {
            "bootstrap_servers": settings.bootstrap.split(","),
            "security_protocol": _PROTOCOLS[settings.security],
            "request_timeout_ms": _REQUEST_MS,
            "client_id": "evcharge",
        }
        if settings.security.startswith("sasl"):
            if not settings.user:
                raise ConfigError("`[kafka] user` is missing: security is " + settings.security)
            if settings.security == "sasl_plaintext" and settings.mechanism == "PLAIN":
                raise ConfigError(
                    "`[kafka] mechanism` PLAIN without TLS shows the password to anyone listening: set "
                    '`security` to "sasl_tls", or `mechanism` to "SCRAM-SHA-512".'
                )
            password = environ.get(PASSWORD_VARIABLE) or secret_files.read_secret(state / "kafka.password")
            self.options |= {
                "sasl_mechanism": settings.mechanism,
                "sasl_plain_username": settings.user,
                "sasl_plain_password": password,
            }
        if settings.security.endswith("tls"):
            self.options["ssl_context"] = _trusting(settings.ca_file)
        elif settings.ca_file:
            # Naming an authority means: do not talk in the clear.
            wanted = settings.security.replace("plaintext", "tls")
            raise ConfigError(f'`[kafka] ca_file` is for TLS: set `security` to "{wanted}", or leave it out.')

    async def reason(self, within_s: float) -> str | None:
        """Return what keeps us from the brokers and what to try; None when nothing does."""
        return await diagnosis.reason(self._settings, self.options, within_s)

    def named(self, topic: str) -> str:
        """Return the name of `topic` in this cluster."""
        return self._settings.prefix + topic

    def plain(self, name: str) -> str:
        """Return which of our topics has that name in this cluster."""
        return name.removeprefix(self._settings.prefix)

    async def prepare(self) -> str:
        """Create the topics that do not exist yet; return the id of the cluster. Raises BrokerLost."""
        admin = AIOKafkaAdminClient(**self.options)
        try:
            return await _answer(self, self._prepare(admin))
        finally:
            await _ended(admin.close())

    async def _prepare(self, admin: AIOKafkaAdminClient) -> str:
        await admin.start()
        cluster = await admin.describe_cluster()
        have = set(await admin.list_topics())
        partitions, copies = self._settings.partitions, self._settings.replication
        lacking = [
            NewTopic(self.named(topic), partitions, copies, topic_configs=dict(options))
            for topic, options in TOPICS.items()
            if self.named(topic) not in have
        ]
        if lacking:
            made = await admin.create_topics(lacking, timeout_ms=_REQUEST_MS)
            for name, code, *_ in made.topic_errors:
                if code not in (0, _EXISTS):
                    raise BrokerLost(f"topic {name} cannot be created: {failures.why(for_code(code)())}")
        return str(cluster.get("cluster_id") or "")


def _trusting(ca_file: str) -> ssl.SSLContext:
    """Return a context that believes `ca_file`, else what this system trusts, and wants the host's name."""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except ssl.SSLError:
        raise StateError(f"`[kafka] ca_file`: {ca_file} contains no certificates in PEM format.") from None
    except OSError as problem:
        raise StateError(f"`[kafka] ca_file`: cannot read {ca_file}: {failures.why(problem)}.") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 asks for key identifiers, which the certificates of the usual Kafka recipes do not have. Signatures,
    # dates and names are checked all the same.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


async def _answer(brokers: Brokers, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` brings, and name what goes wrong in it. Raises BrokerLost."""
    clock = asyncio.get_running_loop().time
    until = clock() + WITHIN_S
    try:
        # aiokafka swallows cancellations here and there: it is not waited for longer than this.
        return await within(work, WITHIN_S)
    except TimeoutError:
        raise BrokerLost(f"{brokers.bootstrap} does not answer in {WITHIN_S:g} s") from None
    except (KafkaError, OSError) as problem:
        if isinstance(problem, _NOT_LET_IN) and (why := await brokers.reason(until - clock())):
            raise BrokerLost(why) from None
        raise BrokerLost(f"{brokers.bootstrap}: {failures.why(problem)}") from None


@lru_cache(maxsize=65536)
def _slot(key: bytes) -> int:
    # As Kafka's own clients do it, so that other programs find a key where we put it.
    return int(murmur2(key)) & 0x7FFF_FFFF


class Producer:
    """Sends records. Lives until its first BrokerLost; then it is closed, and another one is made."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._producer = AIOKafkaProducer(
            **brokers.options, acks="all", enable_idempotence=False, max_batch_size=_BATCH_BYTES
        )

    async def start(self) -> None:
        """Connect. Raises BrokerLost."""
        try:
            await _answer(self._brokers, self._producer.start())
        except BaseException:
            await self.close()
            raise

    async def send(self, records: Iterable[Outgoing]) -> None:
        """Send `records`; return when every broker that must have them has them. Raises BrokerLost.

        Of one partition there is never more than one batch under way: a later record cannot arrive while an
        earlier one is lost. So whoever sends all of them again, from the first, keeps the order of each key.
        """
        await _answer(self._brokers, self._send(records))

    async def _send(self, records: Iterable[Outgoing]) -> None:
        batches: dict[tuple[str, int], Any] = {}
        for number, (topic, key, value) in enumerate(records):
            if number % _YIELD_EVERY == _YIELD_EVERY - 1:
                await asyncio.sleep(0)
            name, raw = self._brokers.named(topic), key.encode()
            place = (name, _slot(raw) % len(await self._producer.partitions_for(name)))
            batch = batches.get(place)
            if batch is None:
                batch = batches[place] = self._producer.create_batch()
            if batch.append(key=raw, value=value, timestamp=None) is None:
                await self._deliver(batches)
                batches = {place: self._producer.create_batch()}
                # An empty one takes any: what is too large for the brokers, they say.
                batches[place].append(key=raw, value=value, timestamp=None)
        await self._deliver(batches)

    async def _deliver(self, batches: Mapping[tuple[str, int], Any]) -> None:
        waiting = []
        for (name, partition), batch in batches.items():
            future = await self._producer.send_batch(batch, name, partition=partition)
            # Nobody waits for it any more when another one has failed.
            future.add_done_callback(_ignore_result)
            waiting.append(future)
        if waiting:
            # Not awaited one by one: whoever is cancelled then would cancel them, and their errors were unheard.
            await asyncio.wait(waiting)
        for future in waiting:
            future.result()

    async def knows(self, topic: str) -> None:
        """Return when `topic` can be written to. Raises BrokerLost."""
        await _answer(self._brokers, self._producer.partitions_for(self._brokers.named(topic)))

    async def probe(self) -> None:
        """Ask whether the brokers are there. Raises BrokerLost."""
        if not await _answer(self._brokers, self._look()):
            raise BrokerLost(f"{self._brokers.bootstrap} does not answer")

    async def _look(self) -> bool:
        return bool(await self._producer.client.force_metadata_update())

    async def close(self) -> None:
        """Close, whether the broker answers or not."""
        if not await _ended(self._producer.stop()):
            await _force(self._producer)


async def _force(producer: Any) -> None:
    """Take a producer apart that waits for a broker: its stop() would wait with it (aiokafka #1101)."""
    # Cutting the lines ends the requests under way, and so what waits for them.
    for work in (producer.client.close, producer._sender.close, producer.client.close):  # noqa: SLF001
        await _ended(work())


async def _ended(work: Coroutine[Any, Any, Any]) -> bool:
    """Return whether `work` came to its end in time. What it says about itself concerns nobody."""
    try:
        await within(work, CLOSE_WITHIN_S)
    except Exception as problem:  # noqa: BLE001  aiokafka ends in many ways, and none of them matters any more
        log.debug("closing: %s", failures.why(problem))
        return False
    return True


def _ignore_result(future: "asyncio.Future[Any]") -> None:
    if not future.cancelled():
        future.exception()


class Consumer:
    """Reads all partitions of some topics, without a group: who reads keeps its place itself."""

    def __init__(self, brokers: Brokers, topics: Iterable[str]) -> None:
        self._brokers = brokers
        self._topics = tuple(topics)
        self._consumer = AIOKafkaConsumer(
            **brokers.options,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=500,
        )

    async def start(self, begin: Callable[[str, int], int | None]) -> dict[tuple[str, int], int]:
        """Connect and stand where `begin` says of a topic and partition: at an offset, at the end (None), or so
        many records before it (a negative number). Returns the offset of each. Raises BrokerLost.
        """
        try:
            return await _answer(self._brokers, self._start(begin))
        except BaseException:
            await self.close()
            raise

    async def _start(self, begin: Callable[[str, int], int | None]) -> dict[tuple[str, int], int]:
        await self._consumer.start()
        # It asks for the partitions of what it reads; we must know them to say what that is.
        client = self._consumer._client  # noqa: SLF001
        if not await client.set_topics([self._brokers.named(topic) for topic in self._topics]):
            raise KafkaConnectionError("the topics are not told")
        places = [place for topic in self._topics for place in self._places(topic)]
        self._consumer.assign(places)
        ends = await self._consumer.end_offsets(places)
        found: dict[tuple[str, int], int] = {}
        for place in places:
            named = self._brokers.plain(place.topic), place.partition
            wanted = begin(*named)
            if wanted is None:
                wanted = ends[place]
            elif wanted < 0:
                wanted = max(0, ends[place] + wanted)
            # Beyond the end: that topic was made anew since.
            found[named] = wanted if wanted <= ends[place] else 0
            self._consumer.seek(place, found[named])
        return found

    def _places(self, topic: str) -> list[Any]:
        name = self._brokers.named(topic)
        partitions = self._consumer.partitions_for_topic(name)
        if not partitions:
            raise BrokerLost(f"there is no topic {name} at {self._brokers.bootstrap}")
        return [TopicPartition(name, partition) for partition in sorted(partitions)]

    async def left(self) -> bool:
        """Return whether anything is still to be read at this moment. Raises BrokerLost."""
        return await _answer(self._brokers, self._left())

    async def _left(self) -> bool:
        places = list(self._consumer.assignment())
        ends = await self._consumer.end_offsets(places)
        return any([await self._consumer.position(place) < ends[place] for place in places])

    def reads(self) -> bool:
        """Return whether the brokers have let us read of every partition: to find it takes fewer rights."""
        return all(self._consumer.highwater(place) is not None for place in self._consumer.assignment())

    async def fetch(self, within_s: float, most: int = 500) -> list[Received]:
        """Return what there is, once there is something or `within_s` has passed. Raises BrokerLost."""
        try:
            reading = self._consumer.getmany(timeout_ms=round(within_s * 1000), max_records=most)
            got = await within(reading, within_s + WITHIN_S)
        except (KafkaError, OSError, TimeoutError) as problem:
            raise BrokerLost(f"{self._brokers.bootstrap}: {failures.why(problem)}") from None
        return [
            Received(
                self._brokers.plain(record.topic),
                record.partition,
                record.offset,
                (record.key or b"").decode("utf-8", "replace"),
                record.value or b"",
            )
            for records in got.values()
            for record in records
        ]

    async def close(self) -> None:
        """Close, whether the broker answers or not."""
        # A task that it cancels before it has begun makes its stop() end half-way.
        await asyncio.sleep(0)
        # Over TLS a broker answers a farewell only after the fetch that it still holds: it gets none.
        for line in self._consumer._client._conns.values():  # noqa: SLF001
            if line._writer is not None:  # noqa: SLF001
                line._writer.transport.abort()  # noqa: SLF001
        if not await _ended(self._consumer.stop()):
            if self._consumer._fetcher is not None:  # noqa: SLF001
                await _ended(self._consumer._fetcher.close())  # noqa: SLF001
            await _ended(self._consumer._client.close())  # noqa: SLF001
