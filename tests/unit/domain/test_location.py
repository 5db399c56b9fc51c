"""Which names are one location, and which a driver means."""

import pytest

from evcharge.domain.errors import BadInput
from evcharge.domain.location import NOWHERE, Location


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
    assert Location(written).name == Location.checked(written).name == str(Location(written)) == kept
    assert Location(kept).name == kept


@pytest.mark.parametrize("bad", ["", "  ", "\u200b", "x" * 81, "one\x00two", "\x1b[31m"])
def test_what_is_no_name_is_refused(bad: str):
    with pytest.raises(BadInput, match="1 to 80 characters"):
        Location.checked(bad)


def test_a_name_may_have_eighty_characters():
    assert Location.checked("x" * 80).name == "x" * 80


def test_capitals_and_blanks_do_not_make_another_location():
    assert Location("san  juan") == Location("San Juan")
    assert {Location("san  juan"): "here"}[Location("SAN JUAN")] == "here"
    assert Location("Málaga") == Location("Ma\u0301laga") == Location("MÁLAGA")
    assert Location("Málaga") != Location("Malaga")


def test_two_spellings_of_one_location_are_told_apart_only_for_screens():
    assert Location("elche") == Location("Elche")
    assert not Location("elche").is_spelt_as(Location("Elche"))
    assert Location(" Elche").is_spelt_as(Location("Elche"))


def test_nowhere_is_false():
    assert Location("  ") == NOWHERE
    assert not NOWHERE
    assert Location("Elche")


@pytest.mark.parametrize("wish", ["malaga", "Málaga", " MALAGA ", "Ma\u0301laga"])
def test_a_driver_need_not_type_accents(wish: str):
    assert Location("Málaga").is_meant_by(Location(wish))
    assert not Location("Málaga del Fresno").is_meant_by(Location(wish))


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
        ("San Juan", "San  Juan", True),
    ],
)
def test_a_driver_need_not_type_the_country(location: str, wish: str, meant: bool):
    assert Location(location).is_meant_by(Location(wish)) is meant


def test_a_country_makes_another_location_and_is_shown_once():
    here = Location("Guadalajara, ES")
    assert here == Location("guadalajara ,es") != Location("Guadalajara")
    assert (here.town, here.country) == ("Guadalajara", "ES")
    assert (Location("Elche, Alicante").town, Location("Elche, Alicante").country) == ("Elche, Alicante", "")
    assert Location("Guadalajara").in_country("MX") == "Guadalajara, MX"
    assert Location("Guadalajara, MX").in_country("ES") == "Guadalajara, MX"
    assert Location("Guadalajara").in_country("") == "Guadalajara"
