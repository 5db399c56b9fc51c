"""What is known of places, and kept over restarts."""

import stat
from pathlib import Path

import pytest

from evcharge.domain.errors import StateError
from evcharge.domain.location import Location
from evcharge.weather import atlas as atlas_module
from evcharge.weather.atlas import MOST_CITIES, Atlas, coordinates, named
from evcharge.weather.readings import SourceTrouble, Spot


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "weather" / "places.json"


def test_what_is_said_of_places_is_kept(file: Path):
    atlas = Atlas(file)
    atlas.add(Location("Málaga"))
    atlas.add(Location("  MÁLAGA "))
    atlas.change(Location("Campus"), Location("Alicante"))
    atlas.found("OpenWeather", Location("Alicante"), Spot(38.3, -0.5))
    again = Atlas(file)
    assert again.cities == [Location("Málaga")]
    assert again.city_of(Location("CAMPUS")) == Location("Alicante")
    assert again.spot("OpenWeather", Location("alicante")) == Spot(38.3, -0.5)
    assert again.spot("Open-Meteo", Location("alicante")) == Spot(38.3, -0.5)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_location_may_stand_for_itself_again(file: Path):
    atlas = Atlas(file)
    atlas.change(Location("Campus"), Location("Alicante"))
    atlas.change(Location("Campus"), Location(" campus "))
    assert atlas.city_of(Location("Campus")) == Location("Campus")


def test_cities_of_the_settings_stay_and_further_ones_can_be_dropped(file: Path):
    atlas = Atlas(file, [Location("Madrid")])
    atlas.add(Location("madrid"))
    atlas.add(Location("Elche"))
    assert atlas.cities == [Location("Madrid"), Location("Elche")]
    assert not atlas.drop(Location("Madrid"))
    assert atlas.drop(Location("ELCHE"))
    assert Atlas(file, [Location("Madrid")]).cities == [Location("Madrid")]


def test_there_is_an_end_to_cities(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(atlas_module, "MOST_CITIES", 2)
    atlas = Atlas(file)
    atlas.add(Location("a"))
    atlas.add(Location("b"))
    with pytest.raises(StateError):
        atlas.add(Location("c"))
    assert MOST_CITIES > 2


def test_there_is_an_end_to_what_is_remembered(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(atlas_module, "MOST_FOUND", 2)
    atlas = Atlas(file)
    for number in range(3):
        atlas.found("OpenWeather", Location(f"city {number}"), Spot(number, number))
    assert atlas.spot("OpenWeather", Location("city 0")) is None
    assert atlas.spot("OpenWeather", Location("city 2")) == Spot(2, 2)


@pytest.mark.parametrize("content", ["", "{", '{"cities": 5}', "null", "\x00"])
def test_a_damaged_file_is_one_line_and_a_new_beginning(file: Path, content: str, caplog):
    file.parent.mkdir()
    file.write_text(content)
    assert Atlas(file).cities == []
    assert "cannot be read" in caplog.text


def test_what_cannot_be_kept_does_not_stop_the_weather(tmp_path: Path):
    (tmp_path / "weather").write_text("a file where the folder should be")
    atlas = Atlas(tmp_path / "weather" / "places.json")
    atlas.found("OpenWeather", Location("Elche"), Spot(38, -0.7))
    assert atlas.spot("OpenWeather", Location("Elche")) == Spot(38, -0.7)
    with pytest.raises(StateError):
        atlas.add(Location("Elche"))


def test_what_cannot_be_kept_has_not_been_said(file: Path, monkeypatch: pytest.MonkeyPatch):
    atlas = Atlas(file)
    atlas.add(Location("Elche"))
    atlas.change(Location("Campus"), Location("Alicante"))

    def full(path: Path, text: str) -> None:
        raise StateError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("evcharge.weather.atlas.secret_files.replace_secret", full)
        for change in (
            lambda: atlas.add(Location("Madrid")),
            lambda: atlas.drop(Location("Elche")),
            lambda: atlas.change(Location("Campus"), Location("Campus")),
            lambda: atlas.change(Location("Port"), Location("Alicante")),
        ):
            with pytest.raises(StateError, match="full"):
                change()
    assert atlas.cities == [Location("Elche")]
    assert (atlas.city_of(Location("Campus")), atlas.city_of(Location("Port"))) == (
        Location("Alicante"),
        Location("Port"),
    )
    # Nor does the next change, which can be kept, bring it about.
    atlas.found("OpenWeather", Location("Alicante"), Spot(38.3, -0.5))
    assert Atlas(file).cities == [Location("Elche")]
    assert Atlas(file).city_of(Location("Campus")) == Location("Alicante")


@pytest.mark.parametrize(
    ("text", "spot"),
    [
        ("38.34, -0.48", Spot(38.34, -0.48)),
        (" -33;151.2 ", Spot(-33, 151.2)),
        ("0,0", Spot(0, 0)),
        ("91, 0", None),
        ("0, 181", None),
        ("Elche, ES", None),
        ("38.34", None),
        ("nan, 0", None),
        ("", None),
    ],
)
def test_coordinates_are_two_numbers(text: str, spot: Spot | None):
    assert coordinates(text) == spot


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("Alcoy", ["Alcoi / Alcoy"]),
        ("málaga", ["Malaga"]),
        ("Elche", ["Elx", "Elche"]),
        ("Elche, ES", ["Elche"]),
        ("San Vicente del Raspeig", ["Sant Vicent del Raspeig/San Vicente del Raspeig"]),
    ],
)
def test_a_city_is_found_under_any_of_its_names(name: str, names: list[str]):
    assert named(Location(name), [(["Paris"], Spot(1, 1)), (names, Spot(2, 2))]) == [Spot(2, 2)]


@pytest.mark.parametrize("found", [[], [(["Paris"], Spot(1, 1))], [(["Elche de la Sierra"], Spot(1, 1))]])
def test_another_city_is_not_taken_for_it(found):
    with pytest.raises(SourceTrouble, match="unknown place"):
        named(Location("Elche"), found)


MEXICO, SPAIN = Spot(20.67, -103.35, "MX"), Spot(40.63, -3.17, "ES")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Guadalajara", [MEXICO, SPAIN]), ("Guadalajara, ES", [SPAIN]), ("guadalajara ,es", [SPAIN])],
)
def test_those_of_one_name_are_told_apart_by_their_country(name: str, meant: list[Spot]):
    suburb = Spot(20.9, -103.1, "MX")
    found = [(["Guadalajara"], spot) for spot in (MEXICO, suburb, SPAIN)]
    assert named(Location(name), found) == meant


def test_one_of_another_country_is_not_taken_for_it():
    with pytest.raises(SourceTrouble, match="unknown place"):
        named(Location("Guadalajara, FR"), [(["Guadalajara"], MEXICO)])


def test_what_a_name_was_taken_for_stays_whatever_source_is_asked(file: Path):
    atlas = Atlas(file)
    atlas.found("OpenWeather", Location("Guadalajara"), MEXICO)
    atlas = Atlas(file)
    assert (
        atlas.spot("OpenWeather", Location("guadalajara"))
        == atlas.spot("Open-Meteo", Location("Guadalajara"))
        == MEXICO
    )
    assert atlas.spot("OpenWeather", Location("Guadalajara, ES")) is None


def test_places_of_before_countries_were_kept_are_still_known(file: Path):
    file.parent.mkdir()
    file.write_text('{"cities": [], "stands_for": {}, "found": {"OpenWeather: elche": [38.27, -0.7]}}')
    file.chmod(0o600)
    assert Atlas(file).spot("OpenWeather", Location("Elche")) == Spot(38.27, -0.7)
