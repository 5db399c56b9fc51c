"""What a charge costs: integers, rounded once, half up; and how much a sum pays for."""

from datetime import UTC, datetime
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.domain.billing import MAX_PRICE_CENTI_CENTS
from evcharge.domain.tariff import Consumption, Tariff, vat_cents

energies = st.integers(0, 10**15)
prices = st.integers(0, MAX_PRICE_CENTI_CENTS)


@pytest.mark.parametrize(
    ("energy_mwh", "price", "cents"),
    [
        (0, 2_500, 0),
        (1_000_000, 2_500, 25),
        (19_999, 2_500, 0),  # 0.499975 cents
        (20_000, 2_500, 1),  # half a cent goes up
        (20_001, 2_500, 1),
        (1_100_000, 2_500, 28),  # 27.5: the floats of a seed made 27.499999999999996 of it
        (1_100_000, 3_410, 38),
        (10**9, 0, 0),
        (1, MAX_PRICE_CENTI_CENTS, 0),
        (10**15, MAX_PRICE_CENTI_CENTS, 10**13),
    ],
)
def test_what_energy_costs(energy_mwh: int, price: int, cents: int):
    assert Tariff(price).cost_cents(Consumption(energy_mwh)) == cents


@given(energies, prices)
def test_the_cost_is_the_exact_product_rounded_half_up(energy_mwh: int, price: int):
    exact = Fraction(energy_mwh, 1_000_000) * Fraction(price, 100)
    assert Tariff(price).cost_cents(Consumption(energy_mwh)) == floor(exact + Fraction(1, 2))


@given(energies, energies, prices)
def test_more_energy_never_costs_less(one_mwh: int, other_mwh: int, price: int):
    less, more = sorted((one_mwh, other_mwh))
    assert Tariff(price).cost_cents(Consumption(less)) <= Tariff(price).cost_cents(Consumption(more))


@given(st.integers(0, 10**9), prices, st.integers(0, 10**12))
def test_affordable_energy_is_paid_in_full_and_no_more_would_be(cents: int, price: int, cap_mwh: int):
    limit = Tariff(price).affordable_mwh(cents, Consumption(cap_mwh))
    assert 0 <= limit <= cap_mwh
    assert Tariff(price).cost_cents(Consumption(limit)) <= cents
    if limit < cap_mwh:
        assert (limit + 1) * price > cents * 100_000_000


def test_at_no_price_only_the_cap_counts():
    assert Tariff(0).affordable_mwh(0, Consumption(123)) == 123


@pytest.mark.parametrize(
    ("cents", "permille", "vat"),
    [(121, 210, 21), (250, 210, 43), (-250, 210, -43), (1, 210, 0), (250, 0, 0), (105, 55, 5)],
)
def test_vat_is_the_part_of_the_sum_that_it_is(cents: int, permille: int, vat: int):
    assert vat_cents(cents, permille) == vat


def test_one_cent_buys_its_worth():
    assert Tariff(2_500).affordable_mwh(1, Consumption(10**9)) == 40_000


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 86_400))
def test_one_price_at_all_hours_costs_the_same_whenever_it_flowed(began_at: datetime, elapsed_s: int):
    tariff = Tariff(2_500)
    assert (
        tariff.cost_cents(Consumption(1_100_000, began_at, elapsed_s))
        == tariff.cost_cents(Consumption(1_100_000))
        == 28
    )
    assert tariff.affordable_mwh(28, Consumption(10**9, began_at)) == tariff.affordable_mwh(
        28, Consumption(10**9)
    )
