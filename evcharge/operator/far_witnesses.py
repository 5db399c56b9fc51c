"""What other computers remember of the audit logs here: the Registry, Central, Kafka. `audit verify` asks them."""

from collections.abc import Awaitable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from evcharge.domain.errors import EvchargeError
from evcharge.domain.journal_records import Count
from evcharge.http.registry_client import RegistryAddress, call
from evcharge.labels import Speech
from evcharge.operator.client import OperatorClient
from evcharge.operator.stream import decoded
from evcharge.runtime.config import Config
from evcharge.security import secret_files, state_folder
from evcharge.storage.hash_chain import Head
from evcharge.storage.witnesses import CENTRAL, KAFKA, REGISTRY, Witness

# Records read of each partition. Every event there is an anchor; newer ones vouch for older rows, too.
_MOST_RECORDS = 200_000
_FETCH_S = 0.5
_PAGE = 1000


class _Anchor(Struct):
    n: Count
    hash: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class _Anchors(Struct):
    anchors: list[_Anchor]


async def ask(config: Config, say: Speech) -> Mapping[str, list[Witness]]:
    """Return who remembers which book, by its name; also who could not be asked, and why."""
    found: dict[str, list[Witness]] = {"central.db": [], "registry.db": []}
    if not (config.registry.database or (config.state / "registry/registry.db").exists()):
        found["central.db"].append(await _asked(REGISTRY, _registry(config)))
    if config.kafka.bootstrap:
        found["central.db"].append(await _asked(KAFKA, _kafka(config)))
    if not (config.central.database or (config.state / "central/central.db").exists()):
        found["registry.db"].append(await _asked(CENTRAL, _central(config, say)))
    return found


async def _asked(name: str, heads: Awaitable[list[Head]]) -> Witness:
    try:
        return Witness(name, tuple(await heads))
    except EvchargeError as problem:
        return Witness(name, why=problem.text)
    except msgspec.ValidationError:
        return Witness(name, why="what it says is not understood")


async def _registry(config: Config) -> list[Head]:
    address = RegistryAddress.of(config)
    token = state_folder.service_token(secret_files.read_keys(config.state / "service.key")[0])
    told = msgspec.convert(await call(address, "GET", "/v1/anchors", token=token), _Anchors)
    return [Head(one.n, one.hash) for one in told.anchors]


async def _central(config: Config, say: Speech) -> list[Head]:
    """Return what Central's audit log says of the Registry's."""
    api = OperatorClient(config.reach, config.state, say)
    heads: list[Head] = []
    after = 0
    while True:
        page = await api.get("/api/events", type="RegistryAnchored", after=after, limit=_PAGE)
        rows = page["events"]
        told = msgspec.convert([row["data"] for row in rows], list[_Anchor])
        heads += [Head(one.n, one.hash) for one in told]
        if len(rows) < _PAGE:
            return heads
        after = rows[-1]["n"]


async def _kafka(config: Config) -> list[Head]:
    """Return the number and the hash's beginning of every event that the brokers still have."""
    from evcharge.kafka.client import Brokers, Consumer
    from evcharge.kafka.topics import EVENT_TOPICS

    consumer = Consumer(Brokers(config.kafka, config.state), EVENT_TOPICS)
    await consumer.start(lambda _topic, _partition: -_MOST_RECORDS)
    heads: dict[str, Head] = {}
    try:
        while await consumer.left():
            for record in await consumer.fetch(_FETCH_S):
                told = decoded(record.value)
                if told is not None:
                    number, _, hash_ = str(told["event_id"]).partition("-")
                    if number.isdecimal() and hash_:
                        heads[told["event_id"]] = Head(int(number), hash_)
    finally:
        await consumer.close()
    return list(heads.values())
