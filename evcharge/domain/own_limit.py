"""After how much a driver wants its charge to end, as people type it: `5 kWh`, `3 €`. Pure."""

import re

from evcharge.domain.billing import parse_cents, parse_kwh, typed_number
from evcharge.domain.errors import BadInput

# So much energy in mWh, so much money in cents; None: not by that.
OwnLimits = tuple[int | None, int | None]
NO_LIMITS: OwnLimits = (None, None)
_TYPED = re.compile(
    r"(?:^|\s)(?P<number>[0-9][0-9.,]*)\s*(?P<unit>kwh|€|eur|euros?)$", re.IGNORECASE | re.ASCII
)


def cut_off(text: str, *, comma: bool) -> tuple[str, OwnLimits]:
    """Return `text` without the limit at its end, and that limit; where a `comma` is decimal, "3,2 kWh" is one, too.

    Raises BadInput with what was typed for a limit.
    """
    typed = _TYPED.search(text)
    if typed is None:
        return text, NO_LIMITS
    number = typed_number(typed["number"], comma=comma)
    energy, money = (number, None) if typed["unit"].lower() == "kwh" else (None, number)
    return text[: typed.start()].strip(), own_limits(energy, money)


def own_limits(kwh: object, euros: object) -> OwnLimits:
    """Return limits of so many kWh and euros; None is no limit. Raises BadInput with what is none."""
    shown = f"{kwh} kWh" if kwh is not None else f"{euros} €"
    try:
        until_mwh = None if kwh is None else parse_kwh(str(kwh))
        until_cents = None if euros is None else parse_cents(str(euros))
    except BadInput:
        raise BadInput(shown) from None
    if until_cents == 0:
        raise BadInput(shown)
    return until_mwh, until_cents
