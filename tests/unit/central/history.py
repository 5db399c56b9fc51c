"""A network whose Central may get an older copy of its books back, while its engines keep their journals."""

from copy import deepcopy
from dataclasses import dataclass, field, replace

from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Closed, Facts
from evcharge.central.rules.settings import Rules
from evcharge.central.rules.start_seal import seal
from evcharge.domain import events, journal_records
from tests.unit.central.builders import NOON, Network

KEY = b"k" * 44
RULES = Rules(now=NOON, welcome_credit_cents=2_000, sign_key=KEY)


@dataclass
class History:
    """A network, the journal of each engine, and a copy of Central's facts that may be put back."""

    network: Network = field(default_factory=lambda: Network(rules=RULES))
    journals: dict[str, list[journal_records.AnyRecord]] = field(default_factory=dict)
    copy: Facts = field(default_factory=Facts)
    copy_over: dict[str, Closed] = field(default_factory=dict)

    def is_copied(self) -> None:
        """Make the copy that will be put back."""
        self.copy, self.copy_over = deepcopy(self.network.facts), dict(self.network.over)

    def start(self, driver_id: str = "D01", cp_id: str = "CP001") -> journal_records.SupplyStart:
        """A driver asks, Central signs, the engine has journaled its start and not told it yet."""
        session = self.network.authorised(driver_id, cp_id)
        granted = self.network.decisions[-1].events[-1]
        assert isinstance(granted, events.SessionAuthorised)
        record = replaced(
            self.network.engines[cp_id].started(session.session_id),
            driver_id=driver_id,
            request_id=session.request_id,
            price=session.price_centi_cents_per_kwh,
            hold_cents=session.hold_cents,
            limit_mwh=session.limit_mwh,
            auth=seal(KEY, granted),
        )
        self.journals.setdefault(cp_id, []).append(record)
        return record

    def tells(self, cp_id: str = "CP001", *more: journal_records.AnyRecord) -> Decision:
        """The engine journals more, and delivers what Central lacks."""
        journal = self.journals.setdefault(cp_id, [])
        journal += more
        last = self.network.facts.last_seq(cp_id, self.network.engines[cp_id].journal_id)
        return self.network.sends(*[record for record in journal if record.seq > last], cp_id=cp_id)

    def charge(self, more_mwh: int, driver_id: str = "D01", cp_id: str = "CP001") -> str:
        """A whole charge, told and billed; return its session's id."""
        start = self.start(driver_id, cp_id)
        engine = self.network.engines[cp_id]
        self.tells(cp_id, engine.meter(start.session_id, more_mwh), engine.ended(start.session_id))
        return start.session_id

    def is_restored(self, *, with_engines: bool = True) -> list:
        """Put the copy back; the engines come again, with the journals that they have. Return what was lost."""
        lost, self.network.tickets = self.network.tickets, []
        self.network.facts, self.network.over = deepcopy(self.copy), dict(self.copy_over)
        for point in list(self.network.facts.points()):
            cut = replace(point, engine_link=None, monitor_link=None, monitor_heard=False, journal_end=0)
            self.network.facts.put(cut)
        if with_engines:
            for cp_id, engine in self.network.engines.items():
                self.network.engine(cp_id, journal_id=engine.journal_id)
                self.network.monitor(cp_id)
        return lost


def replaced(record: journal_records.SupplyStart, **changes: object) -> journal_records.SupplyStart:
    return journal_records.SupplyStart(
        **{name: getattr(record, name) for name in record.__struct_fields__} | changes
    )
