"""`--via kafka`: an order that lies sealed in Kafka until Central takes it, and Central's answer from there."""

import asyncio
import os
import secrets
from collections.abc import Mapping
from typing import Any, Literal

from evcharge import labels
from evcharge.domain.errors import ConfigError, Overloaded, Refused
from evcharge.domain.operator_order import ORDER_VALID_S, Order
from evcharge.http.central_client import OPERATOR_VARIABLE
from evcharge.kafka.client import Brokers, Consumer, Producer
from evcharge.kafka.topics import CENTRAL_COMMANDS, CENTRAL_EVENTS, CP_EVENTS, OrderSeal
from evcharge.labels import Speech, command_refusals
from evcharge.operator.stream import Told, decoded
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import Config
from evcharge.security import secret_files, state_folder

# How long the answer is waited for. The order itself is good for longer.
ANSWER_WITHIN_S = 20.0
_ANSWERS = ("OrderCarriedOut", "OrderRefused")


async def order(
    config: Config,
    say: Speech,
    command: Literal["out", "resume", "revoke"],
    cp_id: str,
    environ: Mapping[str, str] = os.environ,
) -> Told:
    """Give an order; return the event that says that it was carried out.

    Raises ConfigError, StateError, BrokerLost; Refused when Central says no; Overloaded when it says nothing.
    """
    if not config.kafka.bootstrap:
        raise ConfigError(say("no kafka"))
    brokers = Brokers(config.kafka, config.state)
    path = state_folder.operator_token_path(config.state)
    seal = OrderSeal(environ.get(OPERATOR_VARIABLE) or secret_files.read_secret(path))
    wanted = Order(
        command_id=secrets.token_hex(16), command=command, cp_id=cp_id, issued_at=utc_now().timestamp()
    )
    consumer, producer = Consumer(brokers, (CP_EVENTS, CENTRAL_EVENTS)), Producer(brokers)
    # Stand at the end first: the answer may come at once.
    await consumer.start(lambda _topic, _place: None)
    try:
        await producer.start()
        try:
            await producer.send([(CENTRAL_COMMANDS, cp_id, seal.seal(wanted))])
        finally:
            await producer.close()
        answer = await _answer(consumer, wanted.command_id)
    finally:
        await consumer.close()
    if answer is None:
        until = utc_now().fromtimestamp(wanted.issued_at + ORDER_VALID_S).astimezone()
        raise Overloaded(say("order unanswered", seconds=f"{ANSWER_WITHIN_S:.0f}", until=f"{until:%H:%M:%S}"))
    if answer["type"] == "OrderRefused":
        data: dict[str, Any] = answer["data"]
        said = command_refusals.refusal(data.get("why", ""), data.get("facts") or {}, say.lang)
        raise Refused(said or labels.says(data["code"], data["text"], say.lang))
    return answer


async def _answer(consumer: Consumer, command_id: str) -> Told | None:
    loop = asyncio.get_running_loop()
    until = loop.time() + ANSWER_WITHIN_S
    while (left_s := until - loop.time()) > 0:
        for record in await consumer.fetch(min(1.0, left_s)):
            told = decoded(record.value)
            if told is not None and told.get("correlation_id") == command_id and told["type"] in _ANSWERS:
                return told
    return None
