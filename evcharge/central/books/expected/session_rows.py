"""What the log tells of sessions, their tickets, what corrected these and who issued them. Pure."""

from collections.abc import Iterator

from evcharge.central.books.expected.log_reading import Folds, LogReading, instant_of
from evcharge.central.books.expected.proven_tables import Row
from evcharge.central.books.expected.wallet_rows import Movement, WalletRows
from evcharge.domain import events as e
from evcharge.domain.session import EndReason, SessionState


class SessionRows:
    """Rows of `session` that are open or may open again, and of `inbox`; the others are put once they are final."""

    def __init__(self, log: LogReading, wallets: WalletRows) -> None:
        self._log = log
        self._wallets = wallets
        self._open: dict[str, Row] = {}
        # Refused because they were given up: one of them may still begin.
        self._given_up: dict[str, Row] = {}
        self._inbox: dict[str, Row] = {}

    def folds(self) -> Folds:
        """Return what takes in an event, by its type."""
        return {
            e.SessionAuthorised: self._session_authorised,
            e.SessionRebuilt: self._session_rebuilt,
            e.SessionStarted: self._session_started,
            e.StopOrdered: self._stop_ordered,
            e.SessionRefused: self._session_refused,
            e.TicketMade: self._ticket_made,
            e.TicketCorrected: self._ticket_corrected,
            e.SessionReopened: self._session_reopened,
            e.TicketShown: self._ticket_shown,
            e.CentralStarted: self._central_started,
        }

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield each row that may still have changed, with the name of its table."""
        yield from (("inbox", row) for row in self._inbox.values())
        yield from (("session", row) for row in (*self._open.values(), *self._given_up.values()))

    def _session_authorised(self, event: e.SessionAuthorised | e.SessionRebuilt) -> None:
        self._open[event.session_id] = {
            "session_id": event.session_id,
            "request_id": event.request_id,
            "cp_id": event.cp_id,
            "driver_id": event.driver_id,
            "registration": self._wallets.driver(event.driver_id)["registration"],
            "state": SessionState.AUTHORISED.value,
            "price_centi_cents_per_kwh": event.price_centi_cents_per_kwh,
            "hold_cents": event.hold_cents,
            "limit_mwh": event.limit_mwh,
            "plug_within_s": event.plug_within_s,
            "start_meter_mwh": 0,
            "authorised_at": self._log.at,
            "started_at": None,
            "ended_at": None,
            "received_at": None,
            "stop_reason": None,
            "end_reason": None,
            "rebuilt": 0,
            "short_cents": 0,
            "until_mwh": None,
            "until_cents": None,
            "by_operator": 0,
        }
        if isinstance(event, e.SessionAuthorised):
            self._open[event.session_id] |= {
                "until_mwh": event.until_mwh,
                "until_cents": event.until_cents,
                "by_operator": int(event.by_operator),
            }
        self._wallets.hold(event.driver_id, event.session_id, event.hold_cents)

    def _session_rebuilt(self, event: e.SessionRebuilt) -> None:
        self._session_authorised(event)
        self._open[event.session_id] |= {
            "authorised_at": instant_of(event.authorised_at),
            "rebuilt": 1,
            "short_cents": event.short_cents,
        }

    def _session_started(self, event: e.SessionStarted) -> None:
        if (session := self._open.get(event.session_id)) is not None:
            session |= {
                "state": SessionState.CHARGING.value,
                "start_meter_mwh": event.meter_mwh,
                "started_at": instant_of(event.started_at) if event.started_at else self._log.at,
            }

    def _stop_ordered(self, event: e.StopOrdered) -> None:
        if (session := self._open.get(event.session_id)) is not None:
            session["stop_reason"] = event.reason.value

    def _session_refused(self, event: e.SessionRefused) -> None:
        ended_at = instant_of(event.ended_at) if event.ended_at else self._log.at
        session = self._ends(event.session_id, SessionState.REFUSED, event.reason.value, ended_at)
        if session is not None:
            self._wallets.settle_hold(session, 0)
            if event.reason is EndReason.LOST:
                self._given_up[event.session_id] = session
            else:
                self._log.put("session", session)

    def _session_reopened(self, event: e.SessionReopened) -> None:
        if (session := self._given_up.pop(event.session_id, None)) is not None:
            session |= dict.fromkeys(("ended_at", "received_at", "end_reason"))
            session |= {"hold_cents": event.hold_cents, "short_cents": event.short_cents}
            self._open[event.session_id] = session
        self._wallets.hold(event.driver_id, event.session_id, event.hold_cents)

    def _ticket_made(self, event: e.TicketMade) -> None:
        started_at, ended_at = instant_of(event.started_at), instant_of(event.ended_at)
        session = self._ends(event.session_id, SessionState.TICKETED, event.reason.value, ended_at)
        if session is not None:
            self._wallets.settle_hold(session, min(event.cost_cents, session["hold_cents"]))
            self._log.put("session", session)
        self._wallets.check_balance(event.driver_id, event.balance_cents)
        self._wallets.owe(event.driver_id, event.registration, event.session_id, event.owed_cents)
        self._log.put(
            "ticket",
            {
                "session_id": event.session_id,
                "request_id": event.request_id,
                "cp_id": event.cp_id,
                "driver_id": event.driver_id,
                "registration": event.registration,
                "energy_mwh": event.energy_mwh,
                "cost_cents": event.cost_cents,
                "price_centi_cents_per_kwh": event.price_centi_cents_per_kwh,
                "reason": event.reason.value,
                "started_at": started_at,
                "ended_at": ended_at,
                "estimated": int(event.estimated),
                "elapsed_s": event.elapsed_s,
                "received_at": instant_of(event.received_at) if event.received_at else self._log.at,
                "vat_permille": event.vat_permille,
                "issuer": event.issuer,
            },
        )
        self._inbox[event.session_id] = {"session_id": event.session_id, "driver_id": event.driver_id}

    def _ticket_corrected(self, event: e.TicketCorrected) -> None:
        self._wallets.take_out(event, event.paid_cents)
        kind = "CORRECTION" if event.paid_cents > 0 else "REFUND"
        self._wallets.enter(
            Movement(
                kind,
                abs(event.paid_cents),
                event.driver_id,
                event.session_id,
                event.reference,
                event.registration,
                event.reason if event.reference is not None else None,
            )
        )
        self._wallets.owe(event.driver_id, event.registration, event.session_id, event.owed_cents)
        self._log.put(
            "correction",
            {
                "session_id": event.session_id,
                "number": event.number,
                "at": self._log.at,
                "cp_id": event.cp_id,
                "driver_id": event.driver_id,
                "kind": event.kind,
                "energy_mwh": event.energy_mwh,
                "cost_cents": event.cost_cents,
                "paid_cents": event.paid_cents,
                "ended_at": instant_of(event.ended_at),
                "elapsed_s": event.elapsed_s,
                "reason": event.reason,
                "reference": event.reference,
            },
        )
        if event.told_later:
            said = {"session_id": event.session_id, "driver_id": event.driver_id}
            self._inbox[event.session_id] = said

    def _ticket_shown(self, event: e.TicketShown) -> None:
        self._inbox.pop(event.session_id, None)

    def _central_started(self, event: e.CentralStarted) -> None:
        if event.issuer is not None:
            self._log.put(
                "issuer",
                {
                    "number": event.issuer,
                    "since": self._log.at,
                    "operator": event.operator,
                    "tax_id": event.tax_id,
                    "address": event.address,
                    "country_code": event.country_code,
                    "party_id": event.party_id,
                    "vat_permille": event.vat_permille,
                },
            )

    def _ends(self, session_id: str, state: SessionState, reason: str, at: str) -> Row | None:
        session = self._open.pop(session_id, None)
        if session is not None:
            session |= {
                "state": state.value, "end_reason": reason, "ended_at": at, "received_at": self._log.at,
            }  # fmt: skip
        return session
