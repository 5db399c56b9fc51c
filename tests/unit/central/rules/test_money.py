"""Money that an operator puts right: with a reason, once, never below nothing, and the ticket stays as it was."""

import pytest

from evcharge.central.peers.letters import letters
from evcharge.central.rules import commands as c
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Correction, CorrectionKind, Debt, Transfer, TransferKind
from evcharge.domain import events
from evcharge.domain.billing import MAX_MONEY_CENTS
from evcharge.domain.errors import Code
from evcharge.evc1 import messages
from evcharge.labels.command_refusals import in_words
from tests.unit.central.builders import KWH, Network, only


def billed(town: Network) -> str:
    """D01 has charged 10 kWh for 2.50 €."""
    session = town.charging(more_mwh=10 * KWH)
    town.sends(town.engines["CP001"].ended(session.session_id))
    return session.session_id


def orders(town: Network, kind: type[c.MoneyOrder], **what: object) -> Decision:
    return town.does(kind, **{"reason": "typed twice", "reference": "R-1"} | what)


def refuses(town: Network, kind: type[c.MoneyOrder], **what: object) -> Code:
    return town.refuses(kind, **{"reason": "typed twice", "reference": "R-1"} | what).code


@pytest.mark.parametrize(("cents", "way"), [(-1_980, ("wallet", "outside")), (1_980, ("outside", "wallet"))])
def test_a_wallet_is_corrected_both_ways_with_a_reason_and_an_actor(town: Network, cents: int, way: tuple):
    said = only(orders(town, c.CorrectMoney, driver_id="D01", cents=cents), events.WalletCorrected)
    assert (said.cents, said.balance_cents, said.reason) == (cents, 2_000 + cents, "typed twice")
    moved = town.transfers[-1]
    assert (moved.kind, (moved.debit, moved.credit), moved.cents) == (TransferKind.CORRECTION, way, 1_980)
    assert (moved.reason, moved.actor, moved.reference) == ("typed twice", "admin", "R-1")
    ((_, to, notice),) = letters(said, lambda _: "")
    assert isinstance(notice, messages.Notice)
    assert (to, notice.code, notice.cost_cents) == ("D01", "WALLET_CORRECTED", cents)


def test_no_wallet_falls_below_nothing_and_what_is_held_stays_held(town: Network):
    assert refuses(town, c.CorrectMoney, driver_id="D01", cents=-2_001) is Code.BALANCE
    town.charging()
    refusal = town.refuses(c.PayOut, driver_id="D01", cents=1, reason="x", reference="R")
    assert in_words(refusal) == "the wallet of D01 has 0.00 € free; 20.00 € are held for a charge"


def test_a_ticket_is_given_back_and_stays_as_it_was(town: Network):
    session_id = billed(town)
    decision = orders(town, c.Refund, session_id=session_id)
    (made,) = (one for one in decision.changes if isinstance(one, Correction))
    assert (made.kind, made.cost_cents, made.paid_cents, made.energy_mwh) == (
        CorrectionKind.ORDER,
        -250,
        -250,
        0,
    )
    assert town.driver().balance_cents == 2_000
    assert town.tickets[0].cost_cents == 250
    assert (town.transfers[-1].reason, town.transfers[-1].actor) == ("typed twice", "admin")
    assert refuses(town, c.Refund, session_id=session_id) is Code.FIELD


def test_a_part_is_given_back_and_never_more_than_the_rest(town: Network):
    session_id = billed(town)
    orders(town, c.Refund, session_id=session_id, cents=100)
    assert town.driver().balance_cents == 1_850
    assert refuses(town, c.Refund, session_id=session_id, cents=151) is Code.FIELD
    orders(town, c.Refund, session_id=session_id)
    assert town.driver().balance_cents == 2_000


def test_what_was_never_paid_does_not_come_back(town: Network):
    """The wallet lacked a part of what the charging point told afterwards: that is let off, not given."""
    session = town.charging(more_mwh=KWH)
    town.engine_leaves()
    town.does(c.CloseLost, session_id=session.session_id)
    orders(town, c.PayOut, driver_id="D01", cents=1_875)
    town.engine()
    town.sends(town.engines["CP001"].ended(session.session_id, 9 * KWH))
    assert town.driver().balance_cents == 0  # 1.00 € of 2.25 € was there
    orders(town, c.Refund, session_id=session.session_id)
    assert town.driver().balance_cents == 125


def test_a_correction_of_a_ticket_takes_from_its_wallet_what_is_there(town: Network):
    session_id = billed(town)
    orders(town, c.CorrectMoney, driver_id="D01", cents=-100, session_id=session_id)
    assert town.driver().balance_cents == 1_650
    assert refuses(town, c.CorrectMoney, driver_id="D01", cents=-1_651, session_id=session_id) is Code.BALANCE
    assert refuses(town, c.CorrectMoney, driver_id="D02", cents=-1, session_id=session_id) is Code.NO_SESSION
    assert refuses(town, c.CorrectMoney, driver_id="D01", cents=0) is Code.FIELD


def test_only_what_was_billed_is_given_back(town: Network):
    session = town.charging()
    assert refuses(town, c.Refund, session_id=session.session_id) is Code.NO_SESSION
    assert refuses(town, c.Refund, session_id="S-none") is Code.NOT_FOUND
    town.sends(town.engines["CP001"].ended(session.session_id))
    given_back = town.authorised()
    town.sends(town.engines["CP001"].refused(given_back.session_id))
    not_billed = {"driver_id": "D01", "cents": -1, "session_id": given_back.session_id}
    assert refuses(town, c.CorrectMoney, **not_billed) is Code.NO_SESSION
    assert refuses(town, c.CorrectMoney, driver_id="D404", cents=1) is Code.NOT_FOUND


def test_a_wallet_is_paid_out_also_one_that_a_withdrawn_driver_left(town: Network):
    town.does(c.Withdraw, subject="D01", epoch=1, registration=0)
    assert refuses(town, c.CorrectMoney, driver_id="D01", cents=1) is Code.NOT_FOUND
    said = only(orders(town, c.PayOut, driver_id="D01", cents=500), events.PaidOut)
    assert (said.balance_cents, said.former_owner) == (1_500, False)
    # The id has a next owner: what the first one left is its own still.
    town.driver_is_there(epoch=1, registration=1)
    assert refuses(town, c.PayOut, driver_id="D01", registration=7) is Code.NOT_FOUND
    said = only(orders(town, c.PayOut, driver_id="D01", registration=0), events.PaidOut)
    assert (said.cents, said.balance_cents, said.former_owner) == (1_500, 0, True)
    assert letters(said, lambda _: "") == []
    assert town.driver().balance_cents == 2_000
    assert refuses(town, c.PayOut, driver_id="D01", registration=0) is Code.BALANCE
    assert town.transfers[-1].registration == 0


def test_a_wallet_holds_no_more_than_its_most_what_is_held_included(town: Network):
    most = MAX_MONEY_CENTS - 2_000
    assert refuses(town, c.CorrectMoney, driver_id="D01", cents=most + 1) is Code.FIELD
    town.charging()
    assert refuses(town, c.CorrectMoney, driver_id="D01", cents=most + 1) is Code.FIELD
    orders(town, c.CorrectMoney, driver_id="D01", cents=most)
    assert town.driver().balance_cents == most


def test_nobody_is_paid_out_who_was_never_here(town: Network):
    assert refuses(town, c.PayOut, driver_id="D404") is Code.NOT_FOUND


# ---- each cent, where it went and why


@pytest.mark.parametrize("kind", [c.CorrectMoney, c.PayOut])
def test_a_wallet_may_be_emptied_to_the_last_cent_and_one_cent_is_money(town: Network, kind: type):
    sign = -1 if kind is c.CorrectMoney else 1
    orders(town, kind, driver_id="D01", cents=sign * 1_999)
    orders(town, kind, driver_id="D01", cents=sign)
    assert town.driver().balance_cents == 0
    assert refuses(town, kind, driver_id="D01", cents=sign) is Code.BALANCE


def test_one_cent_may_come_in_and_one_may_be_given_back(town: Network):
    session_id = billed(town)
    orders(town, c.Refund, session_id=session_id, cents=1)
    orders(town, c.CorrectMoney, driver_id="D01", cents=1)
    assert (town.transfers[-1].debit, town.transfers[-1].credit) == ("outside", "wallet")
    assert town.driver().balance_cents == 1_752
    assert refuses(town, c.Refund, session_id=session_id, cents=0) is Code.FIELD


@pytest.mark.parametrize("registration", [None, 3])
def test_a_payment_says_whose_it_was_and_why_in_the_event_and_in_the_transfer(town: Network, registration):
    town.does(c.Withdraw, subject="D01", epoch=1, registration=0)
    town.driver_is_there(epoch=1, registration=3)
    said = only(orders(town, c.PayOut, driver_id="D01", cents=500, registration=registration), events.PaidOut)
    assert (said.driver_id, said.registration, said.cents) == ("D01", 3, 500)
    assert (said.reason, said.reference) == ("typed twice", "R-1")
    assert town.transfers[-1] == Transfer(
        kind=TransferKind.PAY_OUT, debit="wallet", credit="outside", cents=500, driver_id="D01", registration=3,
        reference="R-1", reason="typed twice", actor="admin",
    )  # fmt: skip


def test_a_correction_says_whose_it_was_and_under_which_reference(town: Network):
    town.does(c.Withdraw, subject="D01", epoch=1, registration=0)
    town.driver_is_there(epoch=1, registration=3)
    said = only(orders(town, c.CorrectMoney, driver_id="D01", cents=7), events.WalletCorrected)
    assert (said.driver_id, said.registration, said.reference) == ("D01", 3, "R-1")
    moved = town.transfers[-1]
    assert (moved.driver_id, moved.registration, moved.reference) == ("D01", 3, "R-1")


def test_a_ticket_that_is_given_back_keeps_its_length_and_the_reference(town: Network):
    session_id = billed(town)
    decision = orders(town, c.Refund, session_id=session_id)
    (made,) = (one for one in decision.changes if isinstance(one, Correction))
    assert made.elapsed_s == town.tickets[0].elapsed_s
    assert town.transfers[-1].reference == only(decision, events.TicketCorrected).reference == "R-1"


def test_a_refund_repeats_when_the_charge_ended_as_its_charging_point_told_after_the_bill(town: Network):
    session = town.authorised()
    engine = town.engines["CP001"]
    town.sends(engine.started(session.session_id, began_at=town.rules.now.timestamp()))
    town.later(100)
    town.sends(engine.meter(session.session_id, KWH, elapsed_s=100))
    town.engine_leaves()
    town.does(c.CloseLost, session_id=session.session_id)
    town.later(100)
    town.engine()
    told = only(
        town.sends(engine.ended(session.session_id, KWH, "restart", elapsed_s=200)), events.TicketCorrected
    )
    back = only(
        town.does(c.Refund, session_id=session.session_id, reason="a gift", reference="R1"),
        events.TicketCorrected,
    )
    assert (back.ended_at, back.elapsed_s) == (told.ended_at, told.elapsed_s)


def test_money_that_an_operator_puts_in_pays_what_is_owed_first(town: Network):
    town.facts.put(Debt(session_id="S-1", driver_id="D01", registration=0, left_cents=30))
    decision = orders(town, c.CorrectMoney, driver_id="D01", cents=1)
    assert only(decision, events.DebtPaid).cents == 30
    assert town.driver().balance_cents == 2_000 + 1 - 30


def test_what_is_free_is_all_that_a_refusal_speaks_of_where_nothing_is_held(town: Network):
    refusal = town.refuses(c.PayOut, driver_id="D01", cents=2_001, reason="x", reference="R")
    assert in_words(refusal) == "the wallet of D01 has 20.00 € free"
    town.does(c.Withdraw, subject="D01", epoch=1, registration=0)
    town.driver_is_there(epoch=1, registration=1)
    refusal = town.refuses(c.PayOut, driver_id="D01", cents=2_001, registration=0, reason="x", reference="R")
    assert in_words(refusal) == "the wallet of D01 has 20.00 € free"


@pytest.mark.parametrize(
    ("kind", "what", "text"),
    [
        (c.CorrectMoney, {"driver_id": "D01", "cents": 0}, "a correction of 0.00 € corrects nothing"),
        (c.CorrectMoney, {"driver_id": "D404", "cents": 1}, "driver D404 is unknown here"),
        (c.PayOut, {"driver_id": "D404"}, "driver D404 is unknown here"),
        (c.PayOut, {"driver_id": "D01", "registration": 9}, "D01 had no registration 9"),
        (c.Refund, {"session_id": "S-none"}, "there is no session S-none"),
    ],
)
def test_a_refusal_says_what_is_wrong(town: Network, kind: type[c.MoneyOrder], what: dict, text: str):
    assert in_words(town.refuses(kind, reason="x", reference="R", **what)) == text
