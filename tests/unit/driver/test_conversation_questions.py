"""Questions and their answers, typed or asked by a screen by itself."""

import pytest

from evcharge.driver.conversation import Conversation
from evcharge.driver.requests import Reaction
from evcharge.evc1.messages import (
    AskBalance,
    AskHistory,
    Balance,
    ErrorNotice,
    History,
    ListPoints,
    Notice,
    PointRow,
    Points,
    TicketSeen,
)
from tests.unit.driver.conversations import ADDRESS, MOVED, SESSION, STARTED, bill, conversation, progress

# ---- questions


@pytest.mark.parametrize(
    ("question", "answer", "lines"),
    [
        (ListPoints(), Points(points=[]), ("No charging point is available now.",)),
        (
            ListPoints(),
            Points(points=[PointRow(cp_id="CP001", location="Alicante", price=2500, status="Available")]),
            ("Point  Price       Status     Location", "CP001  0.25 €/kWh  Available  Alicante"),
        ),
        (AskBalance(), Balance(balance_cents=1250, held_cents=0), ("Balance: 12.50 €",)),
        (
            AskBalance(),
            Balance(balance_cents=0, held_cents=2000),
            ("Balance: 0.00 € (20.00 € held for a running charge)",),
        ),
        (
            AskBalance(),
            Balance(balance_cents=0, held_cents=0, owed_cents=320),
            (
                "Balance: 0.00 €",
                "You owe 3.20 € of charges that your wallet could not pay: "
                "the next money that comes in pays that first.",
            ),
        ),
        (AskHistory(), History(tickets=[]), ("No charges yet.",)),
        (
            AskHistory(),
            History(tickets=[], moved=MOVED),
            (
                "No charges yet.",
                "Your wallet, apart from charges",
                "When              What       Amount   Why",
                "2026-01-01 13:00  paid out   -2.00 €  moved away",
                "2026-01-01 12:00  debt paid  -0.50 €  S-D01-CP001-1",
                "2026-01-01 11:00  NEW KIND   1.00 €",
            ),
        ),
        (
            AskHistory(),
            History(tickets=[bill(reason="driver")]),
            (
                "When              Session        Point  Energy     Cost    Ended",
                f"{STARTED:%Y-%m-%d %H:%M}  S-D01-CP001-1  CP001  1.100 kWh  0.28 €  stopped by the driver",
            ),
        ),
    ],
)
def test_a_question_is_asked_and_its_answer_shown(question, answer, lines):
    talk = conversation()
    assert talk.ask(question).messages == (question,)
    assert talk.ask(question).messages == ()
    assert talk.busy
    assert talk.hear(answer).lines == lines
    assert not talk.busy


def test_a_question_without_answer_is_asked_again_after_an_outage():
    talk = conversation(connected=False)
    assert talk.ask(AskBalance()).messages == ()
    assert talk.connected().messages == (AskBalance(),)
    talk.lost()
    assert talk.connected().messages == (AskBalance(),)


def test_an_error_ends_the_waiting_for_answers():
    talk = conversation()
    talk.ask(ListPoints())
    assert talk.hear(ErrorNotice(code="E_STORAGE", text="not now")).lines == ("CENTRAL says: not now",)
    assert not talk.busy


# ---- what a terminal always shows is asked by itself


def refreshing() -> Conversation:
    return Conversation("D01", ADDRESS, 60, lambda: "request-1", auto_refresh=True)


def test_one_that_refreshes_by_itself_asks_at_once_and_shows_nothing_of_the_answers():
    talk = refreshing()
    assert talk.connected().messages == (ListPoints(), AskBalance())
    assert talk.hear(Balance(balance_cents=2000, held_cents=0)) == Reaction()
    row = PointRow(cp_id="CP001", location="Alicante", price=2500, status="Available")
    assert talk.hear(Points(points=[row])) == Reaction()
    assert talk.facts.balance == Balance(balance_cents=2000, held_cents=0)
    assert list(talk.facts.points) == ["CP001"]
    assert not talk.busy


def test_a_question_that_is_under_way_already_is_not_sent_twice_but_its_answer_is_shown():
    talk = refreshing()
    talk.connected()
    assert talk.ask(AskBalance()) == Reaction()
    assert talk.busy
    assert talk.hear(Balance(balance_cents=2000, held_cents=0)).lines == ("Balance: 20.00 €",)
    assert talk.ask(AskBalance()).messages == (AskBalance(),)


def test_the_money_is_looked_up_when_it_has_changed():
    talk = refreshing()
    talk.connected()
    talk.hear(Balance(balance_cents=2000, held_cents=0))
    talk.start("CP001", None)
    assert talk.hear(progress("CHARGING")).messages == (AskBalance(),)
    assert talk.hear(progress("STOPPING")).messages == ()
    talk.hear(Balance(balance_cents=0, held_cents=2000))
    # The acknowledgement comes last: it makes Central forget the ticket.
    assert talk.hear(bill()).messages == (AskBalance(), TicketSeen(session_id=SESSION))


def test_what_was_asked_before_an_outage_is_asked_again_after_it():
    talk = refreshing()
    talk.connected()
    talk.lost()
    assert not talk.facts.connected
    assert talk.connected().messages == (ListPoints(), AskBalance())
    assert talk.hear(ErrorNotice(code="E_STORAGE", text="not now")).lines == ("CENTRAL says: not now",)
    assert talk.ask(AskBalance()).messages == (AskBalance(),)


def test_the_money_is_looked_up_when_what_was_held_for_a_request_is_free_again():
    talk = talking(auto_refresh=True)
    talk.start("CP001", None)
    talk.hear(progress("READY"))
    talk.hear(Balance(balance_cents=0, held_cents=2000))
    lapsed = progress("REFUSED", code="E_CP_NOT_AVAILABLE", reason="not plugged in")
    assert talk.hear(lapsed).messages == (AskBalance(),)


@pytest.mark.parametrize("code", ["TOPPED_UP", "WALLET_CORRECTED", "PAID_OUT", "DEBT_PAID", "CORRECTED"])
def test_whoever_shows_its_balance_all_the_time_asks_for_it_when_money_moved(code: str):
    notice = Notice(code=code, text="It moved.", cost_cents=100)
    assert talking(auto_refresh=True).hear(notice).messages == (AskBalance(),)
    assert talking(auto_refresh=False).hear(notice).messages == ()


def talking(*, auto_refresh: bool) -> Conversation:
    talk = Conversation("D01", "127.0.0.1:1", 60, lambda: "request-1", auto_refresh=auto_refresh)
    talk.connected()
    # What it asked by itself is answered.
    talk.hear(Points(points=[]))
    talk.hear(Balance(balance_cents=0, held_cents=0))
    return talk
