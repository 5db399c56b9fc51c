"""What Central reads of Kafka: figures of engines, for the screens, and orders of operators.

Its place among the orders lies in the books, in the transaction of what each order does; not with the brokers.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from evcharge.central.dispatcher import Dispatcher
from evcharge.central.kafka.telemetry_receiver import TelemetryReceiver
from evcharge.central.peers.quotas import BAN_S, USELESS, Quotas
from evcharge.central.peers.refusal_log import Refusals
from evcharge.central.rules.alert_kinds import KAFKA
from evcharge.central.rules.commands import Actor, TakeOrder
from evcharge.central.rules.facts import OrderOffset
from evcharge.domain.errors import Code, Overloaded, ProtocolError, Refused, Unstorable, unforeseen
from evcharge.domain.ids import CpId, Role
from evcharge.domain.operator_order import Order
from evcharge.kafka.client import Brokers, Consumer, Received
from evcharge.kafka.topics import CENTRAL_COMMANDS, CP_TELEMETRY, OrderSeal
from evcharge.runtime.rate_limit import TokenBucket
from evcharge.storage.books import Books

ADDRESS = f"kafka:{CENTRAL_COMMANDS}"
OPERATOR = Actor("operator", Role.OPERATOR, ADDRESS)
_FETCH_S = 1.0
# More wait with the brokers: each is opened, whoever wrote it.
ORDERS_PER_S = 200
# While the books cannot be written, an order waits where it is.
_RETRY_S = 1.0


Make = Callable[[Brokers, tuple[str, ...]], Consumer]


@dataclass(slots=True)
class FigureConsumer:
    """Reads figures as long as there is a connection, on its own: an order may have to wait."""

    brokers: Brokers
    lane: TelemetryReceiver
    make: Make = Consumer

    async def run(self, cluster: str, works: Callable[[], None]) -> None:
        """Read for ever; call `works` as soon as that is known to work. Raises BrokerLost."""
        del cluster
        consumer = self.make(self.brokers, (CP_TELEMETRY,))
        # Old figures are of no use.
        await consumer.start(lambda *_: None)
        try:
            while True:
                records = await consumer.fetch(_FETCH_S)
                if consumer.reads():
                    works()
                for record in records:
                    self.lane.take(record.key, record.value)
        finally:
            await consumer.close()


@dataclass(slots=True)
class OrderConsumer:
    """Reads orders as long as there is a connection."""

    brokers: Brokers
    seal: OrderSeal
    dispatcher: Dispatcher
    refusals: Refusals
    database: Books
    make: Make = Consumer
    quotas: Quotas = field(default_factory=Quotas)
    bucket: TokenBucket = field(default_factory=lambda: TokenBucket(1 / ORDERS_PER_S, ORDERS_PER_S))

    async def run(self, cluster: str, works: Callable[[], None]) -> None:
        """Read for ever; call `works` as soon as that is known to work. Raises BrokerLost."""
        rows = await self.database.read(
            "SELECT partition, next FROM order_offset WHERE cluster = :cluster", {"cluster": cluster}
        )
        following = {row["partition"]: row["next"] for row in rows}
        consumer = self.make(self.brokers, (CENTRAL_COMMANDS,))
        # None may be passed over.
        await consumer.start(lambda _, place: following.get(place, 0))
        try:
            while True:
                records = await consumer.fetch(_FETCH_S)
                if consumer.reads():
                    works()
                await self.take(cluster, records)
        finally:
            await consumer.close()

    async def take(self, cluster: str, records: list[Received]) -> None:
        """Take in records in their order; keep the place behind what could not be opened."""
        passed: dict[int, TakeOrder] = {}
        for record in records:
            order = await self._next(record)
            place = OrderOffset(cluster, record.partition, record.offset + 1)
            command = TakeOrder(by=OPERATOR, order=order, place=place)
            if order is None:
                passed[record.partition] = command
            else:
                passed.pop(record.partition, None)
                await self._submit(command)
        for command in passed.values():
            await self._submit(command)

    async def _next(self, record: Received) -> Order | None:
        """Return the order; None without one, or when too many under its key came to nothing: those stay sealed."""
        now = asyncio.get_running_loop().time()
        if self.quotas.is_cut_off(CENTRAL_COMMANDS, self._source(record.key), now):
            return None
        await asyncio.sleep(self.bucket.spend(now))
        return self._open(record)

    def _source(self, key: str) -> str:
        """Return whose orders lie there: those of no charging point count as one."""
        return key if self.dispatcher.facts.point(CpId(key)) is not None else KAFKA

    def _open(self, record: Received) -> Order | None:
        try:
            order = self.seal.open(record.value)
            if order.cp_id != record.key:
                raise ProtocolError(f"an order for {order.cp_id} lies under {record.key[:40]!a}", Code.ID)
        except Exception as failure:  # noqa: BLE001 - anybody may have put it there
            problem = failure if isinstance(failure, ProtocolError) else unforeseen(failure)
            self._refuse(record.key, problem)
            return None
        return order

    async def _submit(self, command: TakeOrder) -> None:
        while True:
            try:
                decision = await self.dispatcher.post(command)
            except Unstorable as refusal:
                if command.order is None:
                    raise
                # Trying it again would hold up all that follow.
                text = f"an order for {command.order.cp_id} cannot be taken: {refusal.text}"
                self._refuse(command.order.cp_id, ProtocolError(text, Code.SEQ))
                command = replace(command, order=None)
            except Refused as refusal:
                if refusal.code is not Code.STORAGE:
                    raise
                await asyncio.sleep(_RETRY_S)
            else:
                # An order that is new is an event, carried out or not.
                if command.order is not None and not decision.events:
                    text = f"an order for {command.order.cp_id} was repeated"
                    self._refuse(command.order.cp_id, ProtocolError(text, Code.SEQ))
                return

    def _refuse(self, key: str, problem: ProtocolError) -> None:
        # Anybody may write there in anybody's name.
        self.refusals.input("operator", Role.OPERATOR, ADDRESS, problem, proven=False)
        source = self._source(key)
        if self.quotas.useless_record(CENTRAL_COMMANDS, source, asyncio.get_running_loop().time()):
            flood = Overloaded(USELESS, Code.SLOW, BAN_S)
            self.refusals.input(source, Role.OPERATOR, ADDRESS, flood, proven=False)
