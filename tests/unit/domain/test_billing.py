"""Amounts and prices as they are typed and read, and the bounds of both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.domain.billing import (
    MAX_MONEY_CENTS,
    MAX_PRICE_CENTI_CENTS,
    MAX_SESSION_MWH,
    euros,
    kwh,
    kwh_in_short,
    parse_cents,
    parse_kwh,
    parse_price,
    price_text,
    typed_number,
)
from evcharge.domain.errors import BadInput
from evcharge.domain.tariff import Consumption, Tariff

prices = st.integers(0, MAX_PRICE_CENTI_CENTS)


@pytest.mark.parametrize(
    ("text", "price"),
    [("0.25", 2_500), ("0", 0), ("0.0001", 1), ("100", 1_000_000), ("1.5", 15_000), ("00.250000000", 2_500)],
)
def test_a_price_is_read_in_centi_cents(text: str, price: int):
    assert parse_price(text) == price


@pytest.mark.parametrize(
    ("text", "cents"), [("20", 2_000), ("12.50", 1_250), ("0.01", 1), ("0", 0), ("9999999.99", 999_999_999)]
)
def test_an_amount_is_read_in_cents(text: str, cents: int):
    assert parse_cents(text) == cents


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-1",
        "+1",
        "-0",
        "1e2",
        "1e999999999",  # Decimal would take it, and all the memory with it
        "1E+9999999",
        "1_000",
        " 1",
        "1 ",
        "1\n",
        "1,5",
        ".5",
        "5.",
        "1.2.3",
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "0x10",
        "١٢",
        "１",
        "½",
        "1000000000",
        "0.00001",
        "0.0000000001",
        "twenty",
        "9" * 5_000,
        "€5",
    ],
)
def test_what_is_not_a_plain_number_of_euros_is_refused_with_an_example(text: str):
    with pytest.raises(BadInput, match=r"^price .*: give a plain number, such as 0\.25$") as problem:
        parse_price(text)
    assert problem.value.text.isascii()
    assert len(problem.value.text) < 600
    with pytest.raises(BadInput, match=r"such as 12\.50$"):
        parse_cents(text)


def test_a_part_of_a_cent_is_no_amount():
    with pytest.raises(BadInput):
        parse_cents("0.001")


def test_a_price_above_a_hundred_euros_is_taken_for_cents():
    with pytest.raises(BadInput, match="above 100 per kWh: is it in cents"):
        parse_price("100.0001")


@pytest.mark.parametrize(
    ("cents", "text"), [(0, "0.00"), (5, "0.05"), (1_250, "12.50"), (-5, "-0.05"), (-1_234, "-12.34")]
)
def test_cents_are_shown_as_euros(cents: int, text: str):
    assert euros(cents) == text


@given(st.integers(0, MAX_MONEY_CENTS))
def test_what_is_shown_is_read_back(cents: int):
    assert parse_cents(euros(cents)) == cents


@pytest.mark.parametrize(
    ("price", "text"), [(2_500, "0.25"), (2_550, "0.2550"), (1, "0.0001"), (10_000, "1.00"), (0, "0.00")]
)
def test_a_price_is_shown_with_as_many_decimals_as_it_needs(price: int, text: str):
    assert price_text(price) == text


@given(prices)
def test_a_shown_price_is_read_back(price: int):
    assert parse_price(price_text(price)) == price


@pytest.mark.parametrize(
    ("energy_mwh", "text"),
    [
        (0, "0.000"),
        (999, "0.000"),
        (1_234_567, "1.234"),
        (1_999_999, "1.999"),
        (10**12, "1000000.000"),
        (1_000_000, "1.000"),
        (-1_234_567, "-1.234"),
    ],
)
def test_energy_is_shown_in_kwh_rounded_towards_nothing(energy_mwh: int, text: str):
    assert kwh(energy_mwh) == text


# ---- bounds


@pytest.mark.parametrize("most", [MAX_SESSION_MWH, MAX_MONEY_CENTS], ids=["energy", "money"])
def test_a_thousand_million_of_the_largest_rows_add_up_within_64_bits(most: int):
    assert 10**9 * most < 2**63


def test_the_dearest_ticket_is_an_amount_of_money_and_a_page_computes_it_exactly():
    assert Tariff(MAX_PRICE_CENTI_CENTS).cost_cents(Consumption(MAX_SESSION_MWH)) <= MAX_MONEY_CENTS
    # What JavaScript and SQLite compute with: energy times price, before it is divided.
    assert MAX_SESSION_MWH * MAX_PRICE_CENTI_CENTS < 2**53


def test_an_amount_above_the_largest_is_a_typing_error():
    assert parse_cents("10000000") == MAX_MONEY_CENTS
    with pytest.raises(BadInput, match=r"more than 10000000\.00:"):
        parse_cents("10000000.01")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0,25", "0.25"),
        ("20,50", "20.50"),
        ("3,5", "3.5"),
        ("0,2525", "0.2525"),
        ("20.50", "20.50"),
        # A thousand, or one and a quarter: nobody knows.
        ("1,250", "1,250"),
        ("1.234,50", "1.234,50"),
        (",5", ",5"),
        ("5,", "5,"),
        ("٣,٥", "٣,٥"),
    ],
)
def test_where_the_comma_is_decimal_it_is_taken_unless_it_may_mean_thousands(typed: str, meant: str):
    assert typed_number(typed, comma=True) == meant
    assert typed_number(typed, comma=False) == typed


@pytest.mark.parametrize(
    ("text", "energy_mwh"), [("5", 5_000_000), ("3.2", 3_200_000), ("0.000001", 1), ("9000", 9_000_000_000)]
)
def test_energy_is_read_in_mwh(text: str, energy_mwh: int):
    assert parse_kwh(text) == energy_mwh


@pytest.mark.parametrize("text", ["0", "", "-1", "1e3", "9000.1", "0.0000001", "1,5"])
def test_what_is_no_energy_is_refused(text: str):
    with pytest.raises(BadInput):
        parse_kwh(text)


@pytest.mark.parametrize(
    ("energy_mwh", "text"),
    [(5_000_000, "5"), (3_200_000, "3.2"), (1_234_567, "1.234"), (10_000_000, "10"), (0, "0")],
)
def test_energy_has_no_more_decimals_than_it_needs(energy_mwh: int, text: str):
    assert kwh_in_short(energy_mwh) == text
