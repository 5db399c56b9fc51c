"""Events as lines, from Central's API or from Kafka: what `evcharge events` shows."""

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import click
import msgspec
from msgspec import Meta, Struct

from evcharge.domain.errors import ConfigError, Overloaded
from evcharge.domain.strict_json import read_json
from evcharge.labels import Speech
from evcharge.operator.client import OperatorClient
from evcharge.operator.invocation import Operating
from evcharge.operator.tables import local
from evcharge.runtime.network_currency import currency
from evcharge.runtime.plain import clean, clean_json
from evcharge.runtime.waiting import Backoff

if TYPE_CHECKING:
    from evcharge.kafka.client import Brokers

Told = dict[str, Any]
LOOK_EVERY_S = 1.0
_PAGE = 1000
# An event of a session lies in two topics: the ids of so many are remembered.
_REMEMBERED = 20_000
# What a line shows before the rest, or not at all.
_SHOWN = ("type", "cp_id", "driver_id", "session_id", "request_id")


class _Published(Struct):
    """What every event of Central's has, whatever else it tells."""

    event_id: Annotated[str, Meta(pattern=r"\A[0-9]{1,15}-")]
    type: str
    at: datetime
    cp_id: str | None
    driver_id: str | None
    session_id: str | None
    data: dict[str, Any]


async def show(
    work: Operating, *, source: str, limit: int, type_: str | None, cp_id: str | None, follow: bool
) -> None:
    """Print the last `limit` events, and with `follow` all that follow. Raises EvchargeError."""

    def wanted(told: Told) -> bool:
        return type_ in (None, told["type"]) and cp_id in (None, told["cp_id"])

    told = (
        _from_api(work, limit, type_, cp_id, follow=follow)
        if source == "api"
        else _from_kafka(work, limit, wanted, follow=follow, narrow=bool(type_ or cp_id))
    )
    async for one in told:
        click.echo(clean_json(msgspec.json.encode(one).decode()) if work.as_json else line(one))


def line(told: Told) -> str:
    """Return one event on one line: when, its number, its type, whom it concerns, and the rest."""
    number = told["event_id"].partition("-")[0]
    whom = [told[name] for name in ("cp_id", "driver_id", "session_id") if told[name]]
    rest = [f"{name}={_short(value)}" for name, value in told["data"].items() if value not in (None, "", [])]
    return clean(" ".join([local(told["at"]), f"#{number}", told["type"], *whom, *rest]))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f'"{text}"' if " " in text else text


# ---- from the API


async def _from_api(
    work: Operating, limit: int, type_: str | None, cp_id: str | None, *, follow: bool
) -> AsyncIterator[Told]:
    api = work.api()
    only = {"type": type_, "cp_id": cp_id}
    newest = (await api.get("/api/events", limit=1))["events"]
    after = newest[-1]["n"] if newest else 0
    if limit:
        for row in (await api.get("/api/events", limit=limit, **only))["events"]:
            after = max(after, row["n"])
            yield _of_row(row)
    while follow:
        await asyncio.sleep(LOOK_EVERY_S)
        for row in await _news(api, work.say, after, only):
            after = row["n"]
            yield _of_row(row)


async def _news(api: OperatorClient, say: Speech, after: int, only: dict[str, str | None]) -> list[Told]:
    """Return what has happened since number `after`; waits for a Central that is away."""
    backoff, lost = Backoff(), False
    while True:
        try:
            rows: list[Told] = (await api.get("/api/events", after=after, limit=_PAGE, **only))["events"]
        except Overloaded as problem:
            if not lost:
                click.echo(clean(problem.text), err=True)
            lost = True
            await asyncio.sleep(backoff.next_s(0.2))
            continue
        if lost:
            click.echo(say("events back"), err=True)
        return rows


def _of_row(row: Told) -> Told:
    """Return a row of the audit log in the shape that Kafka has."""
    data = {name: value for name, value in row["data"].items() if name not in _SHOWN}
    told = {name: row[name] for name in ("correlation_id", "type", "at", "cp_id", "driver_id", "session_id")}
    # What Central answers names it, and this process has adopted it.
    told["currency"] = currency().code
    return {"event_id": f"{row['n']}-{row['hash'][:16]}", **told, **_by(row), "data": data}


def _by(row: Told) -> Told:
    return {"actor": row["actor"], "role": row["role"]}


# ---- from Kafka


async def _from_kafka(
    work: Operating, limit: int, wanted: Callable[[Told], bool], *, follow: bool, narrow: bool
) -> AsyncIterator[Told]:
    from evcharge.kafka.client import BrokerLost, Brokers

    if not work.config.kafka.bootstrap:
        raise ConfigError(work.say("no kafka"))
    # The last ones of all are among the last ones of each topic; of some only, they may lie anywhere.
    begin = None if limit == 0 else 0 if narrow else -limit
    reader = _Reader(Brokers(work.config.kafka, work.config.state), begin)
    # With a limit of 0 the past is skipped; applied to what follows it would skip that, too.
    backoff, lost, past = Backoff(most_s=3.0), False, limit > 0 or not follow
    found: list[Told] = []
    try:
        while past or follow:
            try:
                if past:
                    # The topics are read side by side: their past is put in order before it is shown.
                    async for told in reader.past():
                        found += [told] if wanted(told) else []
                        if len(found) > 2 * _PAGE:
                            found = _latest(found, limit)
                    found = _latest(found, limit)[::-1]
                    past = False
                else:
                    found = [told for told in await reader.more() if wanted(told)]
                for told in found:
                    yield told
            except BrokerLost as problem:
                if not follow:
                    raise
                if not lost:
                    click.echo(clean(work.say("kafka away", why=problem.text)), err=True)
                lost = True
                await asyncio.sleep(backoff.next_s(0.2))
                continue
            if lost:
                click.echo(work.say("kafka there"), err=True)
            lost = False
            backoff.reset()
    finally:
        await reader.close()


def _latest(found: list[Told], limit: int) -> list[Told]:
    """Return the newest of `found`, newest first; of two copies, which may lie far apart in the past, one."""
    return heapq.nlargest(limit, {told["event_id"]: told for told in found}.values(), key=_number)


def _number(told: Told) -> int:
    return int(told["event_id"].partition("-")[0])


class _Reader:
    """All topics of events, each event once, and the place in each of them."""

    def __init__(self, brokers: "Brokers", begin: int | None) -> None:
        from evcharge.kafka.client import Consumer
        from evcharge.kafka.topics import EVENT_TOPICS

        self._make: Callable[[], Any] = lambda: Consumer(brokers, EVENT_TOPICS)
        self._begin = begin
        self._next: dict[tuple[str, int], int] = {}
        self._consumer: Any = None
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def past(self) -> AsyncIterator[Told]:
        """Yield what is there already."""
        while True:
            for told in await self.more(0.2):
                yield told
            if not await self._consumer.left():
                return

    async def more(self, within_s: float = LOOK_EVERY_S) -> list[Told]:
        """Return what has come. Raises BrokerLost; then the next call connects again."""
        from evcharge.kafka.client import BrokerLost

        try:
            if self._consumer is None:
                consumer = self._make()
                # Closed by itself when it fails.
                # Kept also of what holds nothing yet: after an outage, what has come since is read from there.
                self._next |= await consumer.start(
                    lambda topic, place: self._next.get((topic, place), self._begin)
                )
                self._consumer = consumer
            records = await self._consumer.fetch(within_s)
            if not records:
                # A reader hears nothing from a broker that has gone: ask.
                await self._consumer.left()
        except BrokerLost:
            await self.close()
            raise
        found = []
        for record in records:
            self._next[record.topic, record.partition] = record.offset + 1
            told = decoded(record.value)
            if told is not None and told["event_id"] not in self._seen:
                self._seen[told["event_id"]] = None
                if len(self._seen) > _REMEMBERED:
                    self._seen.popitem(last=False)
                found.append(told)
        return sorted(found, key=_number)

    async def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.close()


def decoded(value: bytes) -> Told | None:
    """Return what was published, or None for what somebody else has put there."""
    try:
        read_json(value, _Published)
        return read_json(value, dict[str, Any])
    except ValueError:
        return None
