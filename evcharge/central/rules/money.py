"""Money that an operator puts right by hand: in a wallet, on a ticket, or out of the network. Pure.

Each order has a reason and an actor, and a reference that the books take once. Nothing is taken twice: no wallet falls
below nothing, what is held for a session stays held, and a ticket gives back no more than it cost.
"""

from dataclasses import replace
from datetime import timedelta

from evcharge.central.rules.commands import CorrectMoney, PayOut, Refund
from evcharge.central.rules.corrections import CorrectionCause, TicketDifference, correct
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Closed, CorrectionKind, Driver, FormerWallet, Transfer, TransferKind
from evcharge.central.rules.wallet import pay_debts
from evcharge.domain import events
from evcharge.domain.billing import MAX_MONEY_CENTS
from evcharge.domain.errors import Code, CommandRefused
from evcharge.domain.ids import DriverId, SessionId


def correct_money(draft: Draft, command: CorrectMoney) -> None:
    """Put `cents` into a wallet, or take them out (below 0): by themselves, or as part of what one ticket cost."""
    if command.cents == 0:
        raise CommandRefused("nothing corrected", Code.FIELD)
    if command.session_id is not None:
        closed = _closed(draft, command.session_id)
        if closed.session.driver_id != command.driver_id:
            session_id, driver_id = command.session_id, command.driver_id
            raise CommandRefused(
                "session of another", Code.NO_SESSION, session_id=session_id, driver_id=driver_id
            )
        _on_ticket(draft, closed, -command.cents, command)
        return
    driver = draft.driver(command.driver_id)
    if driver is None or driver.withdrawn:
        raise CommandRefused("unknown driver", Code.NOT_FOUND, driver_id=command.driver_id)
    if driver.balance_cents + command.cents < 0:
        raise _too_little(driver)
    if driver.balance_cents + driver.held_cents + command.cents > MAX_MONEY_CENTS:
        raise CommandRefused("wallet full", Code.FIELD, most_cents=MAX_MONEY_CENTS)
    driver = replace(driver, balance_cents=driver.balance_cents + command.cents)
    draft.put(driver)
    inwards = command.cents > 0
    _move(draft, TransferKind.CORRECTION, driver, abs(command.cents), command, inwards=inwards)
    draft.say(
        events.WalletCorrected(
            driver_id=driver.driver_id,
            cents=command.cents,
            balance_cents=driver.balance_cents,
            reason=command.reason,
            reference=command.reference,
            registration=driver.registration,
        )
    )
    pay_debts(draft, driver.driver_id, driver.registration)


def refund(draft: Draft, command: Refund) -> None:
    """Give back what a ticket cost, or a part of it."""
    closed = _closed(draft, command.session_id)
    ticket = closed.ticket
    if ticket is None:
        raise CommandRefused("nothing billed", Code.NO_SESSION, session_id=command.session_id)
    costs = ticket.cost_cents + ticket.corrected_cents
    cents = command.cents if command.cents is not None else costs
    if not 0 < cents <= costs:
        raise CommandRefused(
            "more than it cost", Code.FIELD, session_id=command.session_id, costs_cents=costs
        )
    _on_ticket(draft, closed, -cents, command)


def pay_out(draft: Draft, command: PayOut) -> None:
    """Pay out what lies free in a wallet, or a part of it; also in one that a withdrawn driver left."""
    wallet = _wallet(draft, command)
    cents = command.cents if command.cents is not None else wallet.balance_cents
    if cents <= 0 or cents > wallet.balance_cents:
        raise _too_little(wallet)
    wallet = replace(wallet, balance_cents=wallet.balance_cents - cents)
    draft.put(wallet)
    _move(draft, TransferKind.PAY_OUT, wallet, cents, command, inwards=False)
    draft.say(
        events.PaidOut(
            driver_id=wallet.driver_id,
            cents=cents,
            balance_cents=wallet.balance_cents,
            reason=command.reason,
            reference=command.reference,
            registration=wallet.registration,
            former_owner=isinstance(wallet, FormerWallet),
        )
    )


def _closed(draft: Draft, session_id: SessionId) -> Closed:
    if draft.session(session_id) is not None:
        raise CommandRefused("not ended", Code.NO_SESSION, session_id=session_id)
    closed = draft.closed(session_id)
    if closed is None:
        raise CommandRefused("unknown session", Code.NOT_FOUND, session_id=session_id)
    return closed


def _on_ticket(draft: Draft, closed: Closed, cost_cents: int, command: CorrectMoney | Refund) -> None:
    ticket = closed.ticket
    if ticket is None:
        raise CommandRefused("nothing billed", Code.NO_SESSION, session_id=closed.session.session_id)
    # What its charging point told after the bill counts: money changes nothing about when it ended.
    session, ended, elapsed_s = closed.session, ticket.ended_at, ticket.elapsed_s
    if not session.awaits_end and session.elapsed_s is not None:
        ended, elapsed_s = ticket.started_at + timedelta(seconds=session.elapsed_s), session.elapsed_s
    difference = TicketDifference(energy_mwh=0, cents=cost_cents, ended=ended, elapsed_s=elapsed_s)
    cause = CorrectionCause(CorrectionKind.ORDER, command.reason, command.reference, command.by.id)
    correct(draft, closed, difference, cause)


def _wallet(draft: Draft, command: PayOut) -> Driver | FormerWallet:
    driver = draft.driver(command.driver_id)
    if driver is None:
        raise CommandRefused("unknown driver", Code.NOT_FOUND, driver_id=command.driver_id)
    if command.registration in (None, driver.registration):
        return driver
    left = draft.former_wallet(command.driver_id, command.registration or 0)
    if left is None:
        raise CommandRefused(
            "unknown registration",
            Code.NOT_FOUND,
            driver_id=command.driver_id,
            registration=command.registration or 0,
        )
    return left


def _too_little(wallet: Driver | FormerWallet) -> CommandRefused:
    driver_id, free_cents = wallet.driver_id, wallet.balance_cents
    held_cents = wallet.held_cents if isinstance(wallet, Driver) else 0
    if not held_cents:
        return CommandRefused("too little", Code.BALANCE, driver_id=driver_id, free_cents=free_cents)
    return CommandRefused(
        "too little, held", Code.BALANCE, driver_id=driver_id, free_cents=free_cents, held_cents=held_cents
    )


def _move(
    draft: Draft,
    kind: TransferKind,
    wallet: Driver | FormerWallet,
    cents: int,
    command: CorrectMoney | PayOut,
    *,
    inwards: bool,
) -> None:
    debit, credit = ("outside", "wallet") if inwards else ("wallet", "outside")
    draft.put(
        Transfer(
            kind=kind,
            debit=debit,
            credit=credit,
            cents=cents,
            driver_id=DriverId(wallet.driver_id),
            registration=wallet.registration,
            reference=command.reference,
            reason=command.reason,
            actor=command.by.id,
        )
    )
