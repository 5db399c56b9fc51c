"""After how much a driver wants its charge to end, as people type it: `5 kWh`, `3 €`, `$3`, `3 USD`. Pure."""

import re
from functools import cache

from evcharge.domain.billing import parse_cents, parse_kwh, typed_number
from evcharge.domain.currency import CODES, EUR, Currency, currency_of
from evcharge.domain.errors import BadInput

# So much energy in mWh, so much money in cents; None: not by that.
OwnLimits = tuple[int | None, int | None]
NO_LIMITS: OwnLimits = (None, None)
_NUMBER = "[0-9][0-9.,]*"


def cut_off(text: str, currency: Currency, *, comma: bool) -> tuple[str, OwnLimits]:
    """Return `text` without the limit at its end, and that limit; where a `comma` is decimal, "3,2 kWh" is one, too.

    Money is in the network's `currency`, with its sign or its code. Raises BadInput with what was typed for a limit.
    """
    typed = _typed(currency).search(text)
    if typed is None:
        return text, NO_LIMITS
    number = typed_number(typed["number"] or typed["after_sign"], comma=comma)
    energy, money = (number, None) if typed["energy"] else (None, number)
    return text[: typed.start()].strip(), own_limits(energy, money, currency)


def own_limits(kwh: object, euros: object, currency: Currency) -> OwnLimits:
    """Return limits of so many kWh and so much money; None is no limit. Raises BadInput with what is none."""
    shown = f"{kwh} kWh" if kwh is not None else f"{euros} {currency.sign}"
    try:
        until_mwh = None if kwh is None else parse_kwh(str(kwh))
        until_cents = None if euros is None else parse_cents(str(euros))
    except BadInput:
        raise BadInput(shown) from None
    if until_cents == 0:
        raise BadInput(shown)
    return until_mwh, until_cents


def names_money(text: str) -> bool:
    """Return whether a line of `text` may end with a limit in money, in whichever currency."""
    return _MONEY.search(text) is not None


@cache
def _typed(currency: Currency) -> re.Pattern[str]:
    sign = re.escape(currency.sign)
    units = "|".join([sign, currency.code, *(["euros?"] if currency == EUR else [])])
    # Where the sign is a word, KR5 and 3R are ids.
    behind = r"\s+" if currency.sign.isalpha() and len(currency.sign) == 1 else r"\s*"
    before = r"\s" if currency.sign.isalpha() else r"\s?"
    number = rf"(?P<number>{_NUMBER})(?:\s*(?P<energy>kwh)|{behind}(?:{units}))"
    return re.compile(
        rf"(?:^|\s)(?:{number}|{sign}{before}(?P<after_sign>{_NUMBER}))$", re.IGNORECASE | re.ASCII
    )


def _any_money() -> re.Pattern[str]:
    signs = "|".join({re.escape(currency_of(code).sign) for code in CODES})
    units = "|".join([signs, *CODES, "euros?"])
    ends = r"[ \t\r]*(?:#.*)?$"
    return re.compile(
        rf"(?:{_NUMBER}[ \t]*(?:{units})|(?:{signs})[ \t]?{_NUMBER}){ends}", re.IGNORECASE | re.MULTILINE
    )


_MONEY = _any_money()
