"""The live lane over Kafka: figures that engines have sealed, for the screens.

The record says under which charging point it lies, and only the key of that one's present connection is tried. What
it carries is neither stored nor billed.
"""

import asyncio
from dataclasses import dataclass, field

from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.peers.engine import live_of
from evcharge.central.peers.links import Peers
from evcharge.central.peers.quotas import BAN_S, USELESS, Quotas
from evcharge.central.peers.refusal_log import UNKNOWN, Refusals
from evcharge.central.rules.alert_kinds import KAFKA
from evcharge.central.rules.commands import CENTRAL, Note
from evcharge.domain.errors import BadInput, Code, Overloaded, ProtocolError, unforeseen
from evcharge.domain.events import FiguresUnderstood
from evcharge.domain.ids import CpId, Role, check_id
from evcharge.evc1.connection import Channel
from evcharge.evc1.frames import RisingOpener
from evcharge.evc1.messages import ErrorNotice, SupplyUpdate
from evcharge.kafka.topics import CP_TELEMETRY
from evcharge.runtime.rate_limit import TokenBuckets

ADDRESS = f"kafka:{CP_TELEMETRY}"
# As much as over its connection.
RECORDS_PER_S = 200
# A peer counts as understood again when nothing wrong has come for this long.
QUIET_S = 10.0


@dataclass(slots=True)
class _Reception:
    """What one charging point's figures are opened with: the keys of its last connections, the newest first."""

    channel: Channel
    openers: list[RisingOpener] = field(default_factory=list)
    undecodable_at: float | None = None


class TelemetryReceiver:
    """Opens the records of cp-telemetry and shows what is in them."""

    def __init__(
        self, dispatcher: Dispatcher, peers: Peers, feed: Feed, refusals: Refusals, quotas: Quotas
    ) -> None:
        self._dispatcher = dispatcher
        self._peers = peers
        self._feed = feed
        self._refusals = refusals
        self._quotas = quotas
        self._receptions: dict[CpId, _Reception] = {}
        self._buckets = TokenBuckets(1 / RECORDS_PER_S, RECORDS_PER_S)

    def take(self, key: str, value: bytes) -> None:
        """Take in one record; whatever is wrong with it goes to the screens and the audit log.

        Of records that come too fast under one key, those beyond the rate are dropped unread. When too many come to
        nothing, all of that key are for a while; keys that are no charging point's count as one.
        """
        now = asyncio.get_running_loop().time()
        if self._quotas.is_cut_off(CP_TELEMETRY, self._source(key), now):
            return
        try:
            cp_id = CpId(check_id(key))
        except BadInput:
            self._refuse(UNKNOWN, ProtocolError("a record lies under no id", Code.ID))
            return
        if self._dispatcher.facts.point(cp_id) is None:
            self._refuse(cp_id, ProtocolError("figures of a charging point that does not exist", Code.ID))
            return
        if not self._buckets.of(cp_id).take(now):
            self._refuse(cp_id, ProtocolError("more figures than Central takes", Code.SLOW))
            return
        reception = self._reception(cp_id)
        if reception is None:
            return  # its engine has gone; these are its last words
        try:
            self._show(cp_id, self._open(reception, value))
        except Exception as failure:  # noqa: BLE001 - anybody may have put it there
            problem = failure if isinstance(failure, ProtocolError) else unforeseen(failure)
            if reception.undecodable_at is None:
                reception.channel.send(ErrorNotice(code=problem.code, text=problem.text[:200]))
            reception.undecodable_at = now
            self._refuse(cp_id, problem)
            return
        if reception.undecodable_at is not None and now - reception.undecodable_at > QUIET_S:
            reception.undecodable_at = None
            self._dispatcher.post(Note(by=CENTRAL, event=FiguresUnderstood(cp_id=cp_id)))

    def _reception(self, cp_id: CpId) -> _Reception | None:
        channel = self._peers.channel(Role.ENGINE, cp_id)
        if channel is None:
            return None
        reception = self._receptions.get(cp_id)
        if reception is None or reception.channel is not channel:
            # What was sealed for the connection before this one may still be on its way.
            before = reception.openers[:1] if reception is not None else []
            reception = self._receptions[cp_id] = _Reception(
                channel, [RisingOpener(channel.telemetry_key), *before]
            )
        return reception

    def _open(self, reception: _Reception, value: bytes) -> SupplyUpdate | None:
        present, *before = reception.openers
        try:
            message = present.open(value)
        except ProtocolError as problem:
            if before and before[0].opens(value):
                return None
            if problem.code is Code.CRYPTO:
                text = "figures in Kafka do not open under the key of its connection"
                raise ProtocolError(text, Code.CRYPTO) from None
            raise
        if message is not None and not isinstance(message, SupplyUpdate):
            raise ProtocolError("this is no place for anything but figures", Code.ROLE)
        return message

    def _show(self, cp_id: CpId, update: SupplyUpdate | None) -> None:
        if update is not None:  # None: told before
            live = live_of(update)
            self._feed.take(cp_id, self._dispatcher.facts.session(live.session_id), live)

    def _source(self, key: str) -> str:
        return key if self._dispatcher.facts.point(CpId(key)) is not None else KAFKA

    def _refuse(self, who: str, problem: ProtocolError) -> None:
        # Anybody may write there in anybody's name.
        self._refusals.input(who, Role.ENGINE, ADDRESS, problem, proven=False)
        source = self._source(who)
        if self._quotas.useless_record(CP_TELEMETRY, source, asyncio.get_running_loop().time()):
            flood = Overloaded(USELESS, Code.SLOW, BAN_S)
            self._refusals.input(source, Role.ENGINE, ADDRESS, flood, proven=False)
