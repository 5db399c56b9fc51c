"""The currency of the network, of which a process has one: from the settings, the books, or what Central says."""

from evcharge.domain.currency import CODES, EUR, Currency, currency_of


class _Here:
    currency = EUR


def adopt(code: str) -> None:
    """Let this process tell money in that currency (ISO 4217); one that only newer programs know, by its code."""
    _Here.currency = currency_of(code) if code in CODES else Currency(code, code)


def currency() -> Currency:
    """Return the network's currency: the euro until another one is known."""
    return _Here.currency
