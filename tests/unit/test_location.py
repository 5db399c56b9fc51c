"""Which names are one location, and which a driver means."""

import pytest

from evcharge.errors import BadInput
from evcharge.location import check, is_meant, place, tidy


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  San   Juan ", "San Juan"),
        ("San\u00a0Juan", "San Juan"),
        ("Ma\u0301laga", "Málaga"),
        ("Ｅｌｃｈｅ", "Elche"),
        ("El\u200bche\u202e", "Elche"),
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
