"""Money that an operator puts right: with a reason, once, never below nothing, and the ticket stays as it was."""

import pytest

from evcharge.central.peers.letters import letters
from evcharge.central.rules import commands as c
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import Correction, CorrectionKind, TransferKind
from evcharge.domain import events
from evcharge.domain.billing import MAX_MONEY_CENTS
from evcharge.domain.errors import Code
from evcharge.evc1 import messages
from tests.unit.central.builders import KWH, Network, only


@pytest.fixture
def town() -> Network:
    town = Network()
    town.point_is_there()
    town.driver_is_there()
    return town


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
    assert (to, notice.code, notice.cost_cents) == ("D01", "WALLET_CORRECTED", cents)
    assert isinstance(notice, messages.Notice)


def test_no_wallet_falls_below_nothing_and_what_is_held_stays_held(town: Network):
    assert refuses(town, c.CorrectMoney, driver_id="D01", cents=-2_001) is Code.BALANCE
    town.charging()
    refusal = town.refuses(c.PayOut, driver_id="D01", cents=1, reason="x", reference="R")
    assert refusal.text == "the wallet of D01 has 0.00 € free; 20.00 € are held for a charge"


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
