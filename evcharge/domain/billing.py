"""Amounts, prices and energy as people type and read them, and their bounds. Pure.

Energy is in mWh, money in cents of the network's currency, whichever that is (`currency`). A price is in 1/100 cent per
kWh ("centi-cents"): 0.2500 €/kWh is 2500. Where our code says "euros", it means whole units of that currency.
"""

import re
from decimal import Decimal

from evcharge.domain.errors import BadInput

MAX_PRICE_CENTI_CENTS = 1_000_000  # 100 €/kWh: above this it is a typing error
# The most of one row: a thousand million of them add up within 64 bits. 9 000 kWh of one session, and 10 million €.
MAX_SESSION_MWH = 9_000_000_000
MAX_MONEY_CENTS = 1_000_000_000
# Above these an amount or a price looks like a slip: whoever orders it is asked first.
SURE_CENTS = 50_000
SURE_PRICE_CENTI_CENTS = 20_000
# No sign, no blanks, no exponent: Decimal would take "1e999999999" and fill the memory with it.
_WITH_COMMA = re.compile(r"[0-9]{1,9},[0-9]{1,2}|0,[0-9]{1,9}", re.ASCII)
_EUROS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)


def parse_price(text: str) -> int:
    """Return a price like "0.25" (€/kWh) in centi-cents per kWh; raise BadInput."""
    price = _parse_euros(text, 10_000, "price", "0.25")
    if price > MAX_PRICE_CENTI_CENTS:
        raise BadInput(f"price {text!a} is above 100 per kWh: is it in cents?")
    return price


def parse_cents(text: str) -> int:
    """Return an amount like "20" or "12.50" (€) in cents; raise BadInput."""
    cents = _parse_euros(text, 100, "amount", "12.50")
    if cents > MAX_MONEY_CENTS:
        raise BadInput(f"amount {text!a} is more than {euros(MAX_MONEY_CENTS)}: is it a typing error?")
    return cents


def parse_kwh(text: str) -> int:
    """Return energy like "5" or "3.2" (kWh) in mWh; raise BadInput."""
    scaled = Decimal(text) * 1_000_000 if _EUROS.fullmatch(text) else None
    if scaled is None or scaled != int(scaled) or not 0 < scaled <= MAX_SESSION_MWH:
        most = MAX_SESSION_MWH // 1_000_000
        raise BadInput(f"energy {text[:40]!a}: give kWh as a plain number up to {most}, such as 3.2")
    return int(scaled)


def typed_number(text: str, *, comma: bool) -> str:
    """Return a number as it is typed where the `comma` is the decimal sign ("0,25"), with a point.

    What may as well be a thousand ("1,250") stays as it is, to be refused.
    """
    return text.replace(",", ".") if comma and _WITH_COMMA.fullmatch(text) else text


def _parse_euros(text: str, scale: int, what: str, example: str) -> int:
    scaled = Decimal(text) * scale if _EUROS.fullmatch(text) else None
    if scaled is None or scaled != int(scaled):
        raise BadInput(f"{what} {text[:40]!a}: give a plain number, such as {example}")
    return int(scaled)


def euros(cents: int) -> str:
    """Return `cents` as "12.50" (a negative sum as "-0.05")."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def price_text(price_centi_cents_per_kwh: int) -> str:
    """Return a price as "0.25" or, where it needs them, with four decimals."""
    text = f"{price_centi_cents_per_kwh / 10_000:.4f}"
    return text.removesuffix("00")


def kwh(energy_mwh: int) -> str:
    """Return energy as kWh with three decimals, rounded towards nothing: 1 234 567 mWh is "1.234"."""
    sign, energy_mwh = ("-" if energy_mwh < 0 else ""), abs(energy_mwh)
    return f"{sign}{energy_mwh // 1_000_000}.{energy_mwh % 1_000_000 // 1000:03d}"


def kwh_in_short(energy_mwh: int) -> str:
    """Return energy as kWh with no more decimals than it needs, three at most: 5 000 000 mWh is "5"."""
    return kwh(energy_mwh).rstrip("0").removesuffix(".")
