"""Which names are one location, and which a driver means."""

import pytest

from evcharge.domain.errors import BadInput
from evcharge.domain.location import check, in_country, is_meant, place, tidy, town_and_country


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  San   Juan ", "San Juan"),
        ("San\u00a0Juan", "San Juan"),
        ("Ma\u0301laga", "Málaga"),
        ("Ｅｌｃｈｅ", "Elche"),
        ("El\u200bche\u202e", "Elche"),
        ("Guadalajara ,es", "Guadalajara, ES"),
        ("Guadalajara,  ES", "Guadalajara, ES"),
        ("Elche, Alicante", "Elche, Alicante"),
    ],
)
def test_a_name_is_kept_in_one_form(written: str, kept: str):
    assert tidy(written) == check(written) == kept
    assert tidy(kept) == kept


@pytest.mark.parametrize("bad", ["", "  ", "\u200b", "x" * 81, "one\x00two", "\x1b[31m"])
def test_what_is_no_name_is_refused(bad: str):
    with pytest.raises(BadInput, match="1 to 80 characters"):
        check(bad)


def test_capitals_and_blanks_do_not_make_another_location():
    assert place("san  juan") == place("San Juan")
    assert place("Málaga") == place("Ma\u0301laga") == place("MÁLAGA")
    assert place("Málaga") != place("Malaga")


@pytest.mark.parametrize("wish", ["malaga", "Málaga", " MALAGA ", "Ma\u0301laga"])
def test_a_driver_need_not_type_accents(wish: str):
    assert is_meant("Málaga", wish)
    assert not is_meant("Málaga del Fresno", wish)


@pytest.mark.parametrize(
    ("location", "wish", "meant"),
    [
        ("Guadalajara, ES", "guadalajara", True),
        ("Guadalajara, ES", "Guadalajara,es", True),
        ("Guadalajara, ES", "Guadalajara, MX", False),
        ("Guadalajara", "Guadalajara", True),
        # Nobody said which one that is.
        ("Guadalajara", "Guadalajara, ES", False),
        ("Málaga, ES", "MALAGA", True),
        ("Málaga del Fresno, ES", "Málaga", False),
    ],
)
def test_a_driver_need_not_type_the_country(location: str, wish: str, meant: bool):
    assert is_meant(location, wish) is meant


def test_a_country_makes_another_location_and_is_shown_once():
    assert place("Guadalajara, ES") == place("guadalajara ,es") != place("Guadalajara")
    assert town_and_country("Guadalajara, ES") == ("Guadalajara", "ES")
    assert town_and_country("Elche, Alicante") == ("Elche, Alicante", "")
    assert in_country("Guadalajara", "MX") == in_country("Guadalajara, MX", "ES") == "Guadalajara, MX"
    assert in_country("Guadalajara", "") == "Guadalajara"
