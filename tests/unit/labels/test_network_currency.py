"""Every sentence of ours in another currency than the euro, and what a person typed as it was typed."""

import string

import pytest

from evcharge import labels
from evcharge.domain.currency import CODES, EUR, currency_of
from evcharge.domain.errors import BadInput
from evcharge.domain.own_limit import NO_LIMITS, cut_off, names_money
from evcharge.labels import Speech, driver
from evcharge.labels.command_errors import translated
from evcharge.runtime import network_currency
from tests.unit.labels.test_labels import ROOMS, TABLES

SENTENCES = [words for table in ROOMS.values() for words in table.values()]
SENTENCES += [words for table in TABLES for words in table.values[0].values()]


def values_of(text: str) -> dict[str, object]:
    """Something for each brace: numbers where a number may be formatted."""
    found = ((name, shape or "") for _, name, shape, _ in string.Formatter().parse(text) if name)
    return {name: 7 if shape.endswith(("d", "f", "g", ",")) else "12.50" for name, shape in found}


@pytest.mark.parametrize("lang", labels.PAGE_LANGUAGES)
@pytest.mark.parametrize("code", ["USD", "SEK"])
def test_no_sentence_says_euro_in_a_network_of_another_currency(code: str, lang: str):
    network_currency.adopt(code)
    sign, with_money = currency_of(code).sign, 0
    for words in SENTENCES:
        said = labels.filled(words, lang, values_of(words[0]))
        assert "€" not in said, words
        assert said.replace("\u00a0", " ").isprintable(), words
        with_money += "€" in words[0]
        assert ("€" not in words[0]) or sign in said, words
    assert with_money > 80


@pytest.mark.parametrize("words", [words for words in SENTENCES if "euro" in words[0].lower()])
def test_no_english_sentence_says_euro_in_letters(words: tuple[str, str]):
    assert "{euros}" in words[0]
    assert "euro" not in words[0].replace("{euros}", "").lower()


@pytest.mark.parametrize(
    ("code", "lang", "money"),
    [
        ("USD", "en", "$21,847.12"),
        ("GBP", "en", "£21,847.12"),
        ("SEK", "en", "kr 21,847.12"),
        ("ZAR", "en", "R 21,847.12"),
        ("USD", "es", "21.847,12 $"),
        ("SEK", "fr", "21\u202f847,12 kr"),
        ("BRL", "pt", "21\u00a0847,12 R$"),
    ],
)
def test_thousands_are_parted_in_every_currency(code: str, lang: str, money: str):
    network_currency.adopt(code)
    assert (labels.money(2_184_712, lang), labels.money(-2_184_712, lang)) == (money, f"-{money}")
    words = ("{sum} €, {low} €.", "{sum} €, {low} €.")
    low = labels.money(1_250, lang)
    assert labels.filled(words, lang, {"sum": "21847.12", "low": "12.50"}) == f"{money}, {low}."
    # A sum that is said already stays, and so does a number that is none.
    assert labels.figures(f"{money}, 21847.12", lang) == f"{money}, 21847.12"


@pytest.mark.parametrize(
    ("code", "lang", "money", "debt", "price"),
    [
        ("EUR", "en", "12.50 €", "-0.05 €", "0.25 €/kWh"),
        ("EUR", "de", "12,50 €", "-0,05 €", "0,25 €/kWh"),
        ("USD", "en", "$12.50", "-$0.05", "$0.25/kWh"),
        ("USD", "es", "12,50 $", "-0,05 $", "0,25 $/kWh"),
        ("GBP", "en", "£12.50", "-£0.05", "£0.25/kWh"),
        ("SEK", "en", "kr 12.50", "-kr 0.05", "kr 0.25/kWh"),
        ("SEK", "fr", "12,50 kr", "-0,05 kr", "0,25 kr/kWh"),
        ("BRL", "pt", "12,50 R$", "-0,05 R$", "0,25 R$/kWh"),
    ],
)
def test_an_amount_is_written_as_its_reader_writes_it(
    code: str, lang: str, money: str, debt: str, price: str
):
    network_currency.adopt(code)
    assert (labels.money(1250, lang), labels.money(-5, lang), labels.price(2500, lang)) == (
        money,
        debt,
        price,
    )
    # In a sentence it is the same, also where it is to be so wide.
    words = ("{sum} € and {price} €/kWh|{sum:>8} €", "{sum} € y {price} €/kWh|{sum:>8} €")
    said, wide = labels.filled(words, lang, {"sum": "-0.05", "price": "0.25"}).split("|")
    assert (said.split()[0] in debt, said.endswith(price)) == (True, True)
    assert wide.strip() == debt


def test_what_a_person_typed_stays_as_it_was_typed():
    network_currency.adopt("USD")
    why = "1 € too much, 3 $"
    assert Speech(driver.SENTENCES)("wallet corrected", euros="-0.05", why=why) == (
        f"Your wallet was corrected by -$0.05: {why}."
    )
    assert why in Speech(driver.SENTENCES, "de")("wallet corrected", euros="-0.05", why=why)


def test_an_answer_of_central_is_known_in_its_currency():
    network_currency.adopt("GBP")
    english = labels.told("600.00 € is more than 500.00 €: is that right?")
    assert english == "£600.00 is more than £500.00: is that right?"
    assert translated(english, "es") == "600,00 £ es más de 500,00 £: ¿es correcto?"


@pytest.mark.parametrize("code", ["JPY", "XXX", "eur", "", "E" * 100])
def test_a_currency_without_hundredths_is_refused(code: str):
    with pytest.raises(BadInput, match="give one that has hundredths, of EUR, USD, GBP"):
        currency_of(code)


def test_each_currency_has_a_code_and_a_sign():
    assert all(code.isupper() and len(code) == 3 and currency_of(code).sign for code in CODES)
    assert currency_of("EUR") is EUR


def test_a_currency_that_only_a_newer_central_knows_is_told_by_its_code():
    network_currency.adopt("XTS")
    assert (labels.money(150), labels.money(150, "es")) == ("XTS 1.50", "1,50 XTS")


@pytest.mark.parametrize(
    ("code", "typed", "cents"),
    [
        ("EUR", "CP1 3 €", 300), ("EUR", "CP1 3 euros", 300), ("EUR", "CP1 2.50 eur", 250), ("EUR", "CP1 3 $", None),
        ("USD", "CP1 3 $", 300), ("USD", "CP1 $3", 300), ("USD", "CP1 3 usd", 300), ("USD", "CP1 3 €", None),
        ("USD", "CP1 3 euros", None), ("SEK", "CP1 3 kr", 300), ("BRL", "CP1 R$3.20", 320), ("GBP", "CP1 £ 3", 300),
        ("SEK", "CP1 kr 3", 300), ("ZAR", "CP1 R 3", 300), ("ZAR", "CP1 3 R", 300), ("SEK", "CP1 3kr", 300),
    ],
)  # fmt: skip
def test_a_limit_is_typed_in_the_networks_currency(code: str, typed: str, cents: int | None):
    rest, (until_mwh, until_cents) = cut_off(typed, currency_of(code), comma=False)
    assert (until_mwh, until_cents) == (None, cents)
    assert rest == (typed if cents is None else "CP1")
    assert names_money(f"CP1\n{typed}  # cheap\nCP2")


@pytest.mark.parametrize(("code", "id_"), [("SEK", "KR5"), ("ZAR", "R12"), ("CHF", "CHF1"), ("ZAR", "3R")])
def test_an_id_is_no_limit_where_the_sign_is_a_word(code: str, id_: str):
    assert cut_off(id_, currency_of(code), comma=False) == (id_, NO_LIMITS)


def test_a_limit_in_money_is_seen_in_a_file_of_any_system():
    assert names_money("CP001 $3\r\nCP002\r\n")


def test_a_limit_in_energy_is_no_money():
    assert cut_off("CP1 5 kWh", currency_of("USD"), comma=False) == ("CP1", (5_000_000, None))
    assert not names_money("CP001 5 kWh\nany near Berlin # 3 cars\nCP3")
