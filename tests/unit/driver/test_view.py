"""What a driver's terminal shows, at a fixed width: tables, the receipt, the line at the bottom."""

import re
from datetime import datetime

import pytest
from msgspec import UNSET

from evcharge.driver import view
from evcharge.driver.known_facts import KnownFacts
from evcharge.driver.requests import Request
from evcharge.driver.words import Words
from evcharge.evc1.messages import (
    Balance,
    History,
    Movement,
    PointRow,
    Points,
    Progress,
    Supply,
    TicketIssued,
)

ENGLISH, SPANISH = Words("en"), Words("es")
SESSION = "S-D01-CP001-0123456789abcdef"


def bill(**more: object) -> TicketIssued:
    facts = {
        "session_id": SESSION,
        "request_id": "request-1",
        "cp_id": "CP001",
        "energy_mwh": 1_869_000,
        "cost_cents": 47,
        "price": 2500,
        "reason": "driver",
        "started_at": 100.0,
        "ended_at": 163.0,
        "estimated": False,
        "elapsed_s": 63,
        "received_at": 163.0,
    }
    return TicketIssued(**{**facts, **more})


def supply(**more: object) -> Supply:
    facts = {
        "session_id": SESSION,
        "cp_id": "CP001",
        "power_w": 7400,
        "energy_mwh": 20_000_000,
        "cost_cents": 500,
        "limit_mwh": 80_000_000,
        "elapsed_s": 42,
    }
    return Supply(**{**facts, **more})


def plain(thing: object, columns: int) -> list[str]:
    lines = [line.rstrip() for line in view.render(thing, columns, color=False).split("\n")]
    return [line for line in lines if line]


def bar(
    facts: KnownFacts,
    columns: int,
    request: Request | None = None,
    words: Words = ENGLISH,
    age_s: float = 1.0,
) -> str:
    line = view.toolbar("D01", facts, request, words, columns, view.BarTimes(supply_at=1038.0, age_s=age_s))
    assert line.cell_len <= columns
    return line.plain


WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d"
FREE = Points(points=[PointRow(cp_id="CP001", location="Alicante", price=2500, status="Available")])


# ---- tables


def test_free_points_are_a_table():
    assert plain(view.points(FREE, ENGLISH, 80), 80) == [
        "Available charging points",
        " Point       Price  Status     Location",
        " ──────────────────────────────────────",
        " CP001  0.25 €/kWh  Available  Alicante",
    ]


def test_free_points_in_spanish_and_none():
    assert "Disponible" in plain(view.points(FREE, SPANISH, 80), 80)[3]
    assert plain(view.points(Points(points=[]), SPANISH, 80), 80) == [
        "Ahora no hay ningún punto de recarga disponible."
    ]


def test_a_history_gives_up_its_longest_columns_first():
    answer = History(tickets=[bill()])
    when = rf" {WHEN}  "
    rest = r"CP001  1\.869 kWh  0\.47 €"
    for columns, row in (
        (120, rf"{when}{SESSION}  {rest}  stopped by the driver"),
        (80, rf"{when}{rest}  stopped by the driver"),
        (60, rf"{when}{rest}"),
    ):
        assert re.fullmatch(row, plain(view.history(answer, ENGLISH, columns), columns)[-1])
    assert plain(view.history(answer, ENGLISH, 40), 40)[-1] == " CP001  1.869 kWh  0.47 €"
    assert plain(view.history(History(tickets=[]), ENGLISH, 80), 80) == ["No charges yet."]


def test_the_wallet_shows_free_and_held_money():
    assert plain(view.balance(Balance(balance_cents=1250, held_cents=750), ENGLISH), 80)[-1].split() == [
        "12.50", "€", "7.50", "€",
    ]  # fmt: skip


def test_what_is_owed_stands_below_the_wallet_and_in_the_line_at_the_bottom():
    owing = Balance(balance_cents=0, held_cents=0, owed_cents=320)
    assert "".join(plain(view.balance(owing, ENGLISH), 200)[-1:]) == (
        "You owe 3.20 € of charges that your wallet could not pay: the next money that comes in pays that first."
    )
    assert "el próximo dinero que entre paga eso primero" in plain(view.balance(owing, SPANISH), 200)[-1]
    facts = KnownFacts(connected=True, balance=owing)
    assert "Balance: 0.00 € owed: 3.20 €" in bar(facts, 80)


MOVED = [
    Movement(at=1_767_268_800.0, kind="CORRECTION", cents=-500, reason="cable broken"),
    Movement(at=1_767_268_000.0, kind="DEBT_PAID", cents=-20, session_id=SESSION),
]


def test_what_moved_in_the_wallet_stands_below_the_charges_with_date_time_and_reason():
    rows = plain(view.history(History(tickets=[bill()], moved=MOVED), ENGLISH, 80), 80)
    at = rows.index("Your wallet, apart from charges")
    assert rows[at + 1].split() == ["When", "What", "Amount", "Why"]
    assert re.fullmatch(r" 202\d-\d\d-\d\d \d\d:\d\d  correction  -5\.00 €  cable broken", rows[at + 3])
    assert re.fullmatch(rf" 202\d-\d\d-\d\d \d\d:\d\d  debt paid   -0\.20 €  {SESSION}", rows[at + 4])
    # In a narrow window the reasons go first.
    narrow = plain(view.history(History(tickets=[], moved=MOVED), SPANISH, 40), 40)
    assert narrow[0] == "Todavía no hay recargas."
    assert any(line.endswith("corrección    -5,00 €") for line in narrow)


@pytest.mark.parametrize("columns", [10, 20, 40, 80, 200])
@pytest.mark.parametrize("words", [ENGLISH, SPANISH])
def test_everything_fits_into_every_width(columns: int, words: Words):
    things = (
        view.points(FREE, words, columns),
        view.history(History(tickets=[bill()], moved=MOVED), words, columns),
        view.balance(Balance(balance_cents=1250, held_cents=750, owed_cents=1), words),
        view.receipt("D01", bill(estimated=True, while_away=True), words),
    )
    for thing in things:
        assert all(len(line) <= columns for line in plain(thing, columns))


def test_hostile_words_of_a_location_are_text_and_no_markup():
    row = PointRow(cp_id="CP001", location="[red]Ali[/red] :smile:", price=2500, status="Available")
    assert "[red]Ali[/red] :smile:" in plain(view.points(Points(points=[row]), ENGLISH, 80), 80)[-1]


# ---- the receipt


def test_the_receipt_holds_every_figure_of_the_ticket():
    lines = plain(view.receipt("D01", bill(), ENGLISH), 80)
    text = "\n".join(lines)
    assert {len(line) for line in lines} == {52}
    assert "SESSION SUMMARY" in lines[0]
    for row in (
        "Driver +D01",
        f"Session +{SESSION}",
        "Point +CP001",
        rf"Date +{WHEN} – \d\d:\d\d",
        "Time +1:03",
        "Energy +1.869 kWh",
        "Price +0.25 €/kWh",
        "Ended +stopped by the driver",
        "TOTAL +0.47 €",
    ):
        assert re.search(row, text), row
    assert "away" not in text


def test_without_a_word_of_the_charging_point_nobody_knows_how_long_it_took():
    text = "\n".join(plain(view.receipt("D01", bill(elapsed_s=UNSET), ENGLISH), 80))
    assert re.search("Time +–", text)


@pytest.mark.parametrize(("late_s", "told"), [(60.0, False), (7_200.0, True)])
@pytest.mark.parametrize(
    ("words", "said"), [(ENGLISH, "CENTRAL heard of it at"), (SPANISH, "la CENTRAL lo supo")]
)
def test_a_bill_that_central_heard_of_late_says_so(words: Words, said: str, late_s: float, told: bool):
    late = bill(received_at=163.0 + late_s)
    assert (said in "\n".join(plain(view.receipt("D01", late, words), 80))) == told
    assert any(said in line for line in words.ticket("D01", late)) == told
    assert not words.notes(bill(received_at=UNSET))


def test_the_receipt_says_what_was_estimated_and_that_nobody_was_there():
    text = "\n".join(plain(view.receipt("D01", bill(estimated=True, while_away=True), SPANISH), 80))
    assert "RESUMEN DE LA SESIÓN" in text
    assert "(estimado)" in text
    assert "mientras usted no" in text


# ---- the line at the bottom


def test_a_running_charge_shows_its_figures_and_how_much_of_the_hold_is_used():
    facts = KnownFacts(connected=True, supply=supply())
    assert bar(facts, 80) == (" CP001  7.40 kW 20.000 kWh 5.00 € 0:42  ████████░░░░░░░░░░░░░░░░░░░░░░ 25%")


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (60, " CP001  7.40 kW 20.000 kWh 5.00 € 0:42  ████░░░░░░░░░░░░ 25%"),
        (40, " CP001  7.40 kW 20.000 kWh 5.00 € 0:42"),
        (20, " CP001  7.40 kW 0:42"),
        (5, " CP00"),
        (1, " "),
    ],
)
def test_a_narrow_window_leaves_out_the_least_important(columns: int, shown: str):
    assert bar(KnownFacts(connected=True, supply=supply()), columns) == shown


def test_a_lost_connection_stands_beside_the_last_figures():
    assert "✗ no connection to CENTRAL, retrying" in bar(KnownFacts(supply=supply()), 80)


def test_a_hold_that_is_used_up_is_a_full_bar():
    line = bar(KnownFacts(connected=True, supply=supply(energy_mwh=90_000_000)), 80)
    assert "░" not in line
    assert line.endswith("100%")


def test_without_a_limit_there_is_no_bar():
    line = bar(KnownFacts(connected=True, supply=supply(limit_mwh=None, elapsed_s=UNSET)), 80)
    assert line == " CP001  7.40 kW 20.000 kWh 5.00 €"


def test_without_a_charge_money_and_link_are_shown():
    facts = KnownFacts(connected=True, balance=Balance(balance_cents=2000, held_cents=0))
    assert bar(facts, 80) == " D01  Balance: 20.00 € ● connected to CENTRAL"
    assert bar(facts, 80, words=SPANISH) == " D01  Saldo: 20,00 € ● conectado con la CENTRAL"
    assert bar(KnownFacts(), 80) == " D01  ✗ no connection to CENTRAL, retrying"


def test_what_is_held_stands_beside_the_balance():
    facts = KnownFacts(connected=True, balance=Balance(balance_cents=500, held_cents=1500))
    assert bar(facts, 80) == " D01  Balance: 5.00 € (15.00 € held) ● connected to CENTRAL"
    assert bar(facts, 80, words=SPANISH) == (
        " D01  Saldo: 5,00 € (15,00 € retenidos) ● conectado con la CENTRAL"
    )


def test_during_a_charge_the_wallet_stands_behind_its_figures_as_far_as_the_bar_leaves_room():
    facts = KnownFacts(connected=True, supply=supply(), balance=Balance(balance_cents=500, held_cents=1500))
    assert bar(facts, 120).startswith(
        " CP001  7.40 kW 20.000 kWh 5.00 € 0:42 Balance: 5.00 € (15.00 € held)  ██"
    )
    # Whole or not at all.
    assert bar(facts, 80).startswith(" CP001  7.40 kW 20.000 kWh 5.00 € 0:42  ██")
    assert bar(facts, 60) == " CP001  7.40 kW 20.000 kWh 5.00 € 0:42  ████░░░░░░░░░░░░ 25%"


def test_a_charge_over_midnight_has_two_dates_on_its_receipt():
    noon = datetime(2026, 5, 1, 12).astimezone().timestamp()
    same, other = bill(started_at=noon, ended_at=noon + 60), bill(started_at=noon, ended_at=noon + 86_400)
    assert ENGLISH.span(same) == "2026-05-01 12:00 – 12:01"
    assert ENGLISH.span(other) == "2026-05-01 12:00 – 2026-05-02 12:00"


def test_a_request_under_way_shows_its_step():
    request = Request(request_id="request-1")
    facts = KnownFacts(connected=True)
    assert "any charging point: waiting for CENTRAL" in bar(facts, 80, request)
    request.step, request.place = "READY", "CP001"
    assert "CP001: Authorised: plug in" in bar(facts, 80, request)


def test_a_clock_counts_minutes_and_hours_and_never_backwards():
    assert [view.clock(s) for s in (-3.0, 0, 62.9, 3_723)] == ["0:00", "0:00", "1:02", "1:02:03"]


def test_colours_are_left_out_when_nobody_wants_them():
    assert "\x1b" in view.render(view.points(FREE, ENGLISH, 80), 80, color=True)
    assert "\x1b[3" not in view.render(view.points(FREE, ENGLISH, 80), 80, color=False)


# ---- what is known


def test_facts_follow_what_central_says():
    facts = KnownFacts()
    facts.hear(FREE)
    facts.hear(History(tickets=[bill(cp_id="CP002")]))
    facts.hear(Progress(request_id="request-1", step="ASKING", cp_id="CP003"))
    facts.hear(Progress(request_id="request-1", step="REFUSED", cp_id="CP999"))
    facts.hear(supply())
    assert list(facts.points) == ["CP001", "CP002", "CP003"]
    assert facts.supply == supply()
    facts.hear(bill(session_id="S-another-one"))
    assert facts.supply is not None
    facts.hear(bill())
    assert facts.supply is None


def test_the_memory_of_points_is_bounded(monkeypatch):
    monkeypatch.setattr("evcharge.driver.known_facts._MOST_POINTS", 2)
    facts = KnownFacts()
    facts.hear(History(tickets=[bill(cp_id=f"CP00{number}") for number in range(5)]))
    assert len(facts.points) == 2


@pytest.mark.parametrize(("words", "said"), [(ENGLISH, "as of"), (SPANISH, "a las")])
def test_figures_that_stand_still_say_how_old_they_are_and_claim_no_power(words: Words, said: str):
    old = bar(KnownFacts(connected=True, supply=supply()), 80, words=words, age_s=4.0)
    assert re.match(rf" CP001  {said} \d\d:\d\d:18 20[.,]000 kWh 5[.,]00 € 0:42", old)
    assert "kW " not in old.replace("kWh", "")
    assert said not in bar(KnownFacts(connected=True, supply=supply()), 80, words=words, age_s=3.0)
