"""What energy costs: the one place where it meets a price, in integers. Pure.

Energy is in mWh, a price in 1/100 cent per kWh ("centi-cents"). Today a tariff is one price at all hours. Who asks
says all the same when the energy flowed, so that prices that depend on the hour change this module and no caller.
"""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

# centi-cents x mWh per cent: 100 centi-cents x 1 000 000 mWh.
_SCALE = 100_000_000


def vat_cents(cents: int, vat_permille: int) -> int:
    """Return how much of `cents`, which contain it, is VAT, rounded half away from nothing."""
    with_it = 1000 + vat_permille
    part = (abs(cents) * vat_permille * 2 + with_it) // (2 * with_it)
    return part if cents >= 0 else -part


# Structs, not dataclasses: each figure on a screen has its price, and a frozen dataclass costs most of that.
class Consumption(Struct, frozen=True):
    """Energy that flowed, from `began_at` on, for `elapsed_s` seconds of a steady clock; None: nobody knows."""

    energy_mwh: int
    began_at: datetime | None = None
    elapsed_s: int | None = None


class Tariff(Struct, frozen=True):
    """What a charge costs; it is frozen when the charge is authorised."""

    price_centi_cents_per_kwh: int

    @property
    def is_free(self) -> bool:
        """Whether no energy costs anything."""
        return self.price_centi_cents_per_kwh == 0

    def cost_cents(self, use: Consumption) -> int:
        """Return what `use` costs in cents, rounded once, half up."""
        return (use.energy_mwh * self.price_centi_cents_per_kwh + _SCALE // 2) // _SCALE

    def periods(self, use: Consumption) -> tuple[tuple[Consumption, int, int], ...]:
        """Return the parts of `use` that one price holds for, with it and the cents; they come to `cost_cents`."""
        return ((use, self.price_centi_cents_per_kwh, self.cost_cents(use)),)

    def affordable_mwh(self, cents: int, most: Consumption) -> int:
        """Return how much of `most` `cents` pay for in full, in mWh."""
        if self.is_free:
            return most.energy_mwh
        return min(most.energy_mwh, cents * _SCALE // self.price_centi_cents_per_kwh)

    def euros_without_vat(self, vat_permille: int) -> Decimal:
        """Return what a kWh costs in euros without the VAT that the price contains, to a millionth."""
        price = Decimal(self.price_centi_cents_per_kwh).scaleb(-4)
        return round(price * 1000 / (1000 + vat_permille), 6) if vat_permille else price
