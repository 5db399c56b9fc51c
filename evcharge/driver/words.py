"""What a driver reads, as plain lines: which sentence fits, and the layout of tickets and tables. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import UNSET

from evcharge import labels
from evcharge.domain.billing import euros, kwh, kwh_in_short, price_text
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code, EvchargeError
from evcharge.domain.ids import CpId
from evcharge.domain.local_time import here
from evcharge.domain.refusals import RefusalFacts
from evcharge.domain.session import LATE_S, EndReason
from evcharge.evc1.messages import (
    Balance,
    ConfirmOver,
    ConfirmStart,
    ErrorNotice,
    History,
    Notice,
    PinState,
    Points,
    Progress,
    Supply,
    TicketIssued,
)
from evcharge.labels import Phrase, Speech, refusals
from evcharge.labels.driver import SENTENCES
from evcharge.runtime.network_currency import currency

_NOTICES = {
    "FAULT": "failed",
    "ENGINE_LOST": "engine lost",
    "ENGINE_BACK": "engine back",
    "MONITOR_LOST": "monitor lost",
    "MONITOR_BACK": "monitor back",
    "CORRECTED": "corrected",
    "PIN_VOID": "pin void",
    "KEY_REVOKED": "key revoked",
    "TOPPED_UP": "topped up",
    "WALLET_CORRECTED": "wallet corrected",
    "PAID_OUT": "paid out",
    "DEBT_PAID": "debt paid",
    "LIMITED": "limited",
    "STARTED": "started",
}
_OF_NO_POINT = ("pin void", "topped up", "wallet corrected", "paid out", "debt paid")
_MOVEMENTS = {
    "TOP_UP": "moved in",
    "CORRECTION": "moved right",
    "PAY_OUT": "moved out",
    "DEBT_PAID": "moved debt",
}
_HELP = ("start", "limit", "stop", "yes", "list", "balance", "history", "pin", "troubles", "quit")


def as_corrected(bill: TicketIssued) -> tuple[int, int]:
    """Return the energy and the money of a ticket with all that has been put right since."""
    more_mwh = 0 if bill.corrected_mwh is UNSET else bill.corrected_mwh
    more_cents = 0 if bill.corrected_cents is UNSET else bill.corrected_cents
    return bill.energy_mwh + more_mwh, bill.cost_cents + more_cents


class Words:
    """Says everything in one language. What Central sends in English is said from its code and figures."""

    def __init__(self, lang: str = labels.DEFAULT_LANGUAGE) -> None:
        self.lang = lang
        self._say = Speech(SENTENCES, lang)

    def __call__(self, name: str, **values: object) -> str:
        """Return the sentence called `name`."""
        return self._say(name, **values)

    def figures(self, text: str) -> str:
        """Return `text` with its amounts as its reader writes them."""
        return self._say.figures(text)

    def money(self, cents: int) -> str:
        """Return an amount in the network's currency."""
        return labels.money(cents, self.lang)

    def price(self, centi_cents_per_kwh: int) -> str:
        """Return what a kWh costs."""
        return labels.price(centi_cents_per_kwh, self.lang)

    def help(self) -> list[str]:
        """The commands."""
        return [self(f"help {word}") for word in _HELP]

    # ---- the connection

    def cannot_enter(self, problem: EvchargeError) -> str:
        """Somebody was reached, but did not let us in; or the Registry was not."""
        text = problem.text
        if problem.code in labels.NOT_COMPREHENSIBLE:
            phrase = labels.say(Phrase.NOT_UNDERSTOOD, self.lang, cp_id="CENTRAL")
            text = f"{phrase} ({_ended(labels.says(problem.code, text, self.lang))[:-1]})"
        elif not self._is_english:
            lost = problem.code is Code.UNREACHABLE
            said = (
                labels.say(Phrase.REGISTRY_LOST, self.lang) if lost else labels.code(problem.code, self.lang)
            )
            text = said[:1].upper() + said[1:]
        return self("retrying", text=_ended(text))

    def cannot_connect(self, address: str, why: str = "", *, charging: bool) -> str:
        """CENTRAL cannot be reached, and `why` when that is known; said once per outage and cause."""
        because = f" ({self.cause(why)})" if why else ""
        name = "cannot connect, charging" if charging else "cannot connect"
        return self(name, address=address, why=because)

    def farewell(self, text: str) -> str:
        """CENTRAL said goodbye."""
        return self("farewell") + (f": {text}" if text else "")

    # ---- a request

    def wanted(
        self,
        cp_id: str | None,
        location: str | None,
        until_mwh: int | None = None,
        until_cents: int | None = None,
    ) -> str:
        """Name what was asked for: one charging point, or any; and after how much it is to end."""
        wanted = cp_id or self("any point")
        if location:
            wanted = self("near", point=wanted, location=location)
        if until_mwh is not None:
            wanted = self("until", wanted=wanted, most=f"{kwh_in_short(until_mwh)} kWh")
        if until_cents is not None:
            wanted = self("until", wanted=wanted, most=self.money(until_cents))
        return wanted

    def point(self, cp_id: str | None) -> str:
        """Name the charging point in the middle of a sentence."""
        return cp_id or self("the point")

    def step(self, word: Progress, cp_id: str | None, plug_within_s: int) -> str:
        """Say how far a request has come; `plug_within_s` is what we believe when Central does not say."""
        match word.step:
            case "ASKING":
                return self("asking", cp_id=cp_id) if cp_id else self("asking somebody")
            case "READY":
                wait_s = word.plug_within_s if word.plug_within_s is not None else plug_within_s
                return self("ready", point=self.point(cp_id), wait_s=wait_s)
            case "CHARGING":
                return self("charging", point=self.point(cp_id))
            case "STOPPING":
                text = self("stopping", point=self.point(cp_id))
                if word.reason in ("", EndReason.DRIVER):
                    return text
                return self("because", text=text, why=self.cause(word.reason))
            case _:
                return self("central says", text=word.text or word.step)

    def refusal(self, word: Progress | ErrorNotice) -> str:
        """Say why a request was refused: in English Central's own sentence, else one made of its terms."""
        if word.code == Code.NONE_AVAILABLE:
            return refusals.refusal(word.code, self.lang)
        if isinstance(word, ErrorNotice):
            return self.error(word.code, word.text)
        names_one = word.code in (Code.NONE_NEAR, Code.PRICE)
        offered = CpId(word.cp_id) if names_one and word.cp_id else None
        price = None if word.price is UNSET else word.price
        facts = RefusalFacts(reason=word.reason, status=word.status, at=offered, price=price)
        return refusals.heard(word.code, word.text, self.lang, facts, cp_id=word.cp_id or "")

    def question(self, word: ConfirmStart) -> str:
        """Say what a charging point asks."""
        where = f"{word.cp_id} ({word.location})" if word.location else word.cp_id
        name = "asked" if word.hold_cents else "asked, nothing held"
        held, price = euros(word.hold_cents), price_text(word.price)
        return self(name, where=where, price=price, euros=held, s=word.within_s)

    def unconfirmed(self, word: ConfirmOver) -> str:
        """Say why nothing was started there."""
        name = {"no": "unconfirmed, no", "late": "unconfirmed, late"}.get(word.reason)
        if name is not None:
            return self(name, cp_id=word.cp_id)
        # It speaks of its driver in the third person.
        facts = RefusalFacts(reason=word.reason)
        why = refusals.heard(word.code, word.text, self.lang, facts, driver_id=self("you"), cp_id=word.cp_id)
        return self("unconfirmed", cp_id=word.cp_id, why=why)

    def pin(self, word: PinState) -> list[str]:
        """Say whether there is a PIN."""
        return [
            self("no pin") if word.limit_cents is None else self("has pin", euros=euros(word.limit_cents))
        ]

    def refused(self, word: Progress | ErrorNotice) -> str:
        """Say that a request was refused, and why."""
        # This one sentence is the course's own, so it stands alone.
        text = self.refusal(word)
        return text if word.code == Code.NONE_AVAILABLE else self("refused", text=text)

    def error(self, code: str, text: str) -> str:
        """Say what Central's ERROR means; `text`, which is English, is for what we do not know."""
        known = code in labels.CODES
        if text and (self._is_english or not known):
            return text
        return labels.code(code, self.lang)

    def notice(self, word: Notice) -> str:
        """Say what happened to our session."""
        name = _NOTICES.get(word.code)
        if name is None or self._is_english or (word.cp_id is None and name not in _OF_NO_POINT):
            return word.text
        cents = 0 if word.cost_cents is UNSET else word.cost_cents
        figures = {"kwh": kwh(word.energy_mwh or 0), "euros": euros(cents)}
        return self(name, cp_id=word.cp_id, why=self.cause(word.reason), **figures)

    def cause(self, reason: str) -> str:
        """Say why something ended or is not available: an EndReason, holds, or the words of a fault."""
        if reason == EndReason.OWN_LIMIT:
            return self("own limit")
        return refusals.cause_of(reason, self.lang)

    def live(self, supply: Supply) -> list[str]:
        """The figures of this second."""
        kw = f"{supply.power_w / 1000:.2f}"
        return [self("live", cp_id=supply.cp_id, kw=kw, energy=self.energy(supply), cost=self.cost(supply))]

    def energy(self, supply: Supply) -> str:
        """The energy so far, and of how much."""
        done = kwh(supply.energy_mwh)
        if supply.until_mwh is not UNSET:
            done = self.figures(f"{done} kWh").removesuffix(" kWh")
            done = self("so much of", done=done, most=kwh_in_short(supply.until_mwh))
        return f"{done} kWh"

    def cost(self, supply: Supply) -> str:
        """What that costs, and of how much."""
        done = self.money(supply.cost_cents)
        if supply.until_cents is not UNSET:
            # A sign that stands behind stands there once.
            done = done.removesuffix(f" {currency().sign}")
            return self("so much of", done=done, most=self.money(supply.until_cents))
        return done

    def ended(self, reason: str) -> str:
        """Say why a charge ended."""
        return self.cause(EndReason.read(reason))

    # ---- tickets, lists, money

    def ticket(self, driver_id: str, bill: TicketIssued) -> list[str]:
        """The final bill as a block of lines."""
        energy_mwh, cents = as_corrected(bill)
        rows = [
            ("driver", driver_id),
            ("session", bill.session_id),
            ("date", self.span(bill)),
            (
                "energy",
                self.figures(f"{kwh(energy_mwh)} kWh{'  ' + self('estimated') if bill.estimated else ''}"),
            ),
            ("cost", f"{self.money(cents)}  ({self.price(bill.price)})"),
            ("ended", self.ended(bill.reason)),
        ]
        rows += [("note", note) for note in self.notes(bill)]
        width = max(len(self(name)) for name, _ in rows) + 2
        title = f"===== {self('summary')} ====="
        return [
            title,
            *(f"{self(name) + ':':<{width}}{value}" for name, value in rows),
            "=" * len(title),
        ]

    def span(self, bill: TicketIssued) -> str:
        """Return from when to when a charge went, the second date only if it is another one."""
        began, ended = self.at(bill.started_at), self.at(bill.ended_at)
        day, time = ended.split()
        return f"{began} – {time if began.startswith(day) else ended}"

    def notes(self, bill: TicketIssued) -> list[str]:
        """What is unusual about a ticket, a sentence each."""
        notes = [self("while away")] if bill.while_away else []
        if bill.by_operator is True:
            notes.append(self("by operator"))
        if bill.corrected_mwh is not UNSET or bill.corrected_cents is not UNSET:
            notes.append(self("was corrected", kwh=kwh(bill.energy_mwh), euros=euros(bill.cost_cents)))
        if bill.received_at is not UNSET and bill.received_at - bill.ended_at > LATE_S:
            at = self.at(bill.received_at)
            notes.append(self("received late", at=at, point=bill.cp_id))
        return notes

    def points(self, answer: Points) -> list[str]:
        """The available charging points as a table."""
        if not answer.points:
            return [self("no points")]
        return table(self.heads("point", "price", "status", "location"), self.point_rows(answer))

    def point_rows(self, answer: Points) -> list[tuple[str, ...]]:
        """The cells of that table."""
        return [
            (
                point.cp_id,
                self.price(point.price),
                self.status(point.status),
                point.location,
            )
            for point in answer.points
        ]

    def balance(self, answer: Balance) -> list[str]:
        """The wallet."""
        line = self("balance", euros=euros(answer.balance_cents))
        if answer.held_cents:
            line += " " + self("held", euros=euros(answer.held_cents))
        return [line, *self.owes(answer)]

    def owes(self, answer: Balance) -> list[str]:
        """What is owed of charges that the wallet could not pay, and what pays it; nothing when nothing is."""
        return [self("owes", euros=euros(answer.owed_cents))] if answer.owed_cents else []

    def history(self, answer: History) -> list[str]:
        """The latest tickets as a table, newest first; then what else moved in the wallet."""
        moved = list(self.moved_rows(answer))
        heads = self.heads("at", "what", "amount", "why")
        below = [self("moved"), *table(heads, moved)] if moved else []
        if not answer.tickets:
            return [self("no history"), *below]
        columns = self.heads("at", "session", "point", "energy", "cost", "ended")
        return [*table(columns, self.history_rows(answer)), *below]

    def moved_rows(self, answer: History) -> Iterable[tuple[str, ...]]:
        """Yield when money moved in the wallet apart from charges, what it was, how much, and why."""
        for one in answer.moved or ():
            at = self.at(one.at)
            what = self(_MOVEMENTS[one.kind]) if one.kind in _MOVEMENTS else one.kind
            yield at, what, self.money(one.cents), one.reason or one.session_id or ""

    def history_rows(self, answer: History) -> list[tuple[str, ...]]:
        """The cells of that table."""
        return [
            (
                self.at(bill.ended_at),
                bill.session_id,
                bill.cp_id,
                self.figures(f"{kwh(energy_mwh)} kWh"),
                self.money(cents),
                self.ended(bill.reason),
            )
            for bill in answer.tickets
            for energy_mwh, cents in [as_corrected(bill)]
        ]

    def status(self, value: str) -> str:
        """What a status is called. One that a newer Central sent is shown as it is."""
        return labels.status(CpStatus(value), self.lang) if value in set(CpStatus) else value

    @staticmethod
    def at(unix_s: float) -> str:
        """Return an instant as date and time of this computer."""
        return f"{here(datetime.fromtimestamp(unix_s, UTC)):%Y-%m-%d %H:%M}"

    def heads(self, *names: str) -> tuple[str, ...]:
        """The headings of a table."""
        return tuple(self(name) for name in names)

    # ---- what was typed, and files

    def not_understood(self, problem: str) -> str:
        """A typed line that was not carried out."""
        return self("not understood", problem=problem, hint=self("type help"))

    def resuming(self, name: str, line: int, *, unknown: bool) -> str:
        """The file was begun by an earlier run."""
        return self("resuming unknown" if unknown else "resuming after", file=name, line=line)

    def services_done(self, name: str, rows: Iterable[Sequence[str]]) -> list[str]:
        """The table at the end of a file."""
        title = f"===== {self('services done', file=name)} ====="
        heads = (*self.heads("line", "asked for", "point"), "kWh", currency().sign, self("result"))
        cells = [[*row[:3], *(self._number(cell) for cell in row[3:5]), *row[5:]] for row in rows]
        return [title, *table(heads, cells)]

    def services_total(
        self, charged: int, refused_count: int, bad: int, energy_mwh: int, cost_cents: int
    ) -> str:
        """The last line of that table."""
        skipped = ", " + self("one skipped" if bad == 1 else "more skipped", bad=bad) if bad else ""
        return self(
            "services total",
            charged=charged,
            refused=refused_count,
            skipped=skipped,
            kwh=kwh(energy_mwh),
            euros=euros(cost_cents),
        )

    # ---- helpers

    def _number(self, text: str) -> str:
        """Return a figure whose unit stands in the heading."""
        return text if self._is_english else text.replace(".", ",")

    @property
    def _is_english(self) -> bool:
        return self.lang == labels.DEFAULT_LANGUAGE


ENGLISH = Words()


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell, two blanks between."""
    cells = [head, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
