"""The currencies that a network may count in, and how amounts in them are written. Pure.

All money is in cents, hundredths of the network's currency: only currencies that have them are here. Our sentences are
written with "€", after a number: it stands for the sign of the network's currency, which is put there before the
values are filled in, so that what a person typed stays as it is.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from evcharge.domain.errors import BadInput

_SIGNS = {
    "EUR": "€",
    "USD": "$",
    "GBP": "£",
    "CHF": "CHF",
    "SEK": "kr",
    "NOK": "kr",
    "DKK": "kr",
    "PLN": "zł",
    "CZK": "Kč",
    "RON": "lei",
    "TRY": "₺",
    "UAH": "₴",
    "BRL": "R$",
    "MXN": "$",
    "CAD": "$",
    "AUD": "$",
    "NZD": "$",
    "SGD": "$",
    "HKD": "$",
    "ILS": "₪",
    "INR": "₹",
    "ZAR": "R",
}
CODES = tuple(_SIGNS)
# Where a sign goes before a number that is not known yet. No text of people has it: it is for private use.
_HERE = "\ue000"
_MARKED = re.compile(f"{_HERE}( *-?)")
# The sign as our sentences have it, and an amount with it.
_WRITTEN = "€"
_AMOUNT = re.compile(r"(\{\w+(?::>\d+)?\}|(?<![\w.])\d[\d.]*(?: \d{3})*)[ \u00a0]€")


class Currency(NamedTuple):
    """One currency: its ISO 4217 code, and its sign as it stands beside an amount."""

    code: str
    sign: str

    def sign_first(self, lang: str) -> bool:
        """Return whether the sign stands before an amount: in English; but the euro's stands behind everywhere."""
        return lang == "en" and self != EUR

    def beside(self, number: str, lang: str) -> str:
        """Return a number with the sign, such as "-0.05": "-0.05 €", "-$0.05"."""
        if not self.sign_first(lang):
            return f"{number} {self.sign}"
        return f"-{self._first}{number[1:]}" if number.startswith("-") else f"{self._first}{number}"

    def put_into(self, sentence: str, lang: str) -> str:
        """Return a sentence of ours with this sign, its values still to be filled in.

        Where the sign comes first there is a mark for it: what is filled in goes through `finished`.
        """
        if self is EUR or _WRITTEN not in sentence:
            return sentence
        return _rewritten(sentence, self.sign, first=self.sign_first(lang))

    def finished(self, text: str) -> str:
        """Return a sentence whose values are filled in, with the sign where `put_into` left marks for it."""
        return _MARKED.sub(rf"\1{self._first}", text) if _HERE in text else text

    @property
    def _first(self) -> str:
        # A word has a blank behind it.
        return f"{self.sign} " if self.sign[-1].isalpha() else self.sign


# What books, peers and programs of before count in.
EUR = Currency("EUR", _SIGNS["EUR"])


def currency_of(code: str) -> Currency:
    """Return the currency of an ISO 4217 code. Raises BadInput for one that is not here."""
    if code == EUR.code:
        return EUR
    sign = _SIGNS.get(code)
    if sign is None:
        raise BadInput(f"currency {code[:40]!a}: give one that has hundredths, of {', '.join(CODES)}")
    return Currency(code, sign)


@lru_cache(maxsize=4096)
def _rewritten(sentence: str, sign: str, *, first: bool) -> str:
    if first:
        sentence = _AMOUNT.sub(rf"{_HERE}\1", sentence)
    return sentence.replace(_WRITTEN, sign)
