"""Who issues receipts, with which VAT, and since when: what a ticket says of that never changes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who runs the network, as receipts and CDRs name it, and the VAT that its prices contain, in thousandths.

    Two are equal when they say the same, whatever their `number` and `since`.
    """

    operator: str = ""
    tax_id: str = ""
    address: str = ""
    # By these, OCPI knows it: a country (ISO 3166 alpha-2), and three letters or digits.
    country_code: str = "ES"
    party_id: str = "EVC"
    vat_permille: int = 0
    # Its place among those that the books know, from 1 on, and since when it issues; 0: they do not know it yet.
    number: int = field(default=0, compare=False)
    since: datetime = field(default=datetime.min.replace(tzinfo=UTC), compare=False)


def named(known: Sequence[Issuer], number: int | None) -> Issuer:
    """Return the issuer that a ticket names; None: it was made before they were kept, and the oldest stands for it."""
    return next((one for one in known if one.number == number), known[0])


def issuing(known: Sequence[Issuer], at: datetime, now: datetime) -> Issuer:
    """Return who issues what ended `at` an instant, of those `known` in the order of the books.

    What ended before all of them is the oldest's. One that begins later than `now` was noted by a clock that has been
    set back since: it has begun.
    """
    return next((one for one in reversed(known) if not at < one.since <= now), known[0])
