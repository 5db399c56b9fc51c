"""An engine that tells the truth, and crashes."""

from evcharge.domain import journal_records
from evcharge.evc1 import messages
from tests.unit.central.machine.values import CPS, RULES


class Engine:
    """An honest engine and its disks. Its contactor counts by itself what was delivered."""

    def __init__(self, cp_id: str) -> None:
        self.cp_id = cp_id
        # Its steady clock; and whether it tells times at all, as one of release 0.1 does not.
        self.now_s = 0.0
        self.tells_times = cp_id == CPS[0]
        self.at = self.received_s = self.began_s = 0.0
        self.elapsed_s = 0
        # Of each session: when it began by Central's instant, and how long it lasted.
        self.lasted: dict[str, tuple[float, int]] = {}
        self.disks: dict[str, list[journal_records.AnyRecord]] = {}
        self.link: int | None = None
        self.pending: str | None = None
        self.running: str | None = None
        self.meter_mwh = 0
        self.new_disk()

    def new_disk(self) -> None:
        self.crash(leave_trace=False)
        self.journal_id = f"{len(self.disks):02}{self.cp_id[-2:]}" * 8
        self.disks[self.journal_id] = []

    @property
    def disk(self) -> list[journal_records.AnyRecord]:
        return self.disks[self.journal_id]

    def journal(self, kind: type[journal_records.Record], session_id: str, **what: object) -> None:
        self.disk.append(kind(seq=len(self.disk) + 1, session_id=session_id, **what))

    def crash(self, *, leave_trace: bool = True) -> None:
        if leave_trace and self.running:
            self.end("restart")
        self.link = self.pending = self.running = None

    def begin(self) -> None:
        """Plug in; too late, and the session is refused."""
        self.running, self.pending = self.pending, None
        if self.now_s - self.received_s > RULES.plug_within_s:
            self.journal(journal_records.SupplyRefused, self.running, reason="not plugged in")
            self.running = None
            return
        self.began_s, self.elapsed_s = self.now_s, 0
        began_at = {"began_at": self.at + self.now_s - self.received_s} if self.tells_times else {}
        self.journal(
            journal_records.SupplyStart,
            self.running,
            driver_id="D01",
            request_id="R-00000001",
            price=2_500,
            hold_cents=0,
            limit_mwh=0,
            auth="signed",
            meter_mwh=self.meter_mwh,
            **began_at,
        )

    def meter(self, more_mwh: int) -> None:
        self.meter_mwh += more_mwh
        self.elapsed_s = int(self.now_s - self.began_s)
        self.journal(journal_records.Meter, self.running, meter_mwh=self.meter_mwh, **self.times())

    def times(self) -> dict[str, int]:
        return {"elapsed_s": self.elapsed_s} if self.tells_times else {}

    def end(self, reason: str) -> None:
        if reason != "restart":
            self.elapsed_s = int(self.now_s - self.began_s)
        self.journal(
            journal_records.SupplyEnd, self.running, meter_mwh=self.meter_mwh, reason=reason, **self.times()
        )
        self.lasted[self.running] = (self.at + self.began_s - self.received_s, self.elapsed_s)
        self.running = None

    def hears(self, message: messages.Message) -> None:
        known = [record.session_id for record in self.disk]
        match message:
            case messages.Synced():
                if message.last_seq > len(self.disk):
                    self.new_disk()  # an older image of this disk: what it will write is not what was there
            case messages.Start():
                if message.session_id in (*known, self.pending):
                    pass
                elif self.pending or self.running:
                    self.journal(journal_records.SupplyRefused, message.session_id, reason="busy")
                else:
                    self.pending = message.session_id
                    self.at, self.received_s = message.at, self.now_s
            case messages.Stop():
                if self.running == message.session_id:
                    self.end(message.reason)
                elif self.pending == message.session_id:
                    self.pending = None
                    self.journal(journal_records.SupplyRefused, message.session_id, reason=message.reason)
            case messages.Query():
                if message.session_id not in (*known, self.pending):
                    self.journal(journal_records.SupplyRefused, message.session_id, reason="never started")
