"""What is known of places, and kept over restarts."""

import stat
from pathlib import Path

import pytest

from evcharge.domain.errors import StateError
from evcharge.weather import atlas as atlas_module
from evcharge.weather.atlas import MOST_CITIES, Atlas, coordinates, named
from evcharge.weather.readings import SourceTrouble, Spot


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "weather" / "places.json"


def test_what_is_said_of_places_is_kept(file: Path):
    atlas = Atlas(file)
    atlas.add("Málaga")
    atlas.add("  MÁLAGA ")
    atlas.change("Campus", "Alicante")
    atlas.found("OpenWeather", "Alicante", Spot(38.3, -0.5))
    again = Atlas(file)
    assert again.cities == ["Málaga"]
    assert again.city_of("CAMPUS") == "Alicante"
    assert again.spot("OpenWeather", "alicante") == Spot(38.3, -0.5)
    assert again.spot("Open-Meteo", "alicante") == Spot(38.3, -0.5)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_location_may_stand_for_itself_again(file: Path):
    atlas = Atlas(file)
    atlas.change("Campus", "Alicante")
    atlas.change("Campus", " campus ")
    assert atlas.city_of("Campus") == "Campus"


def test_cities_of_the_settings_stay_and_further_ones_can_be_dropped(file: Path):
    atlas = Atlas(file, ["Madrid"])
    atlas.add("madrid")
    atlas.add("Elche")
    assert atlas.cities == ["Madrid", "Elche"]
    assert not atlas.drop("Madrid")
    assert atlas.drop("ELCHE")
    assert Atlas(file, ["Madrid"]).cities == ["Madrid"]


def test_there_is_an_end_to_cities(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(atlas_module, "MOST_CITIES", 2)
    atlas = Atlas(file)
    atlas.add("a")
    atlas.add("b")
    with pytest.raises(StateError):
        atlas.add("c")
    assert MOST_CITIES > 2


def test_there_is_an_end_to_what_is_remembered(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(atlas_module, "MOST_FOUND", 2)
    atlas = Atlas(file)
    for number in range(3):
        atlas.found("OpenWeather", f"city {number}", Spot(number, number))
    assert atlas.spot("OpenWeather", "city 0") is None
    assert atlas.spot("OpenWeather", "city 2") == Spot(2, 2)


@pytest.mark.parametrize("content", ["", "{", '{"cities": 5}', "null", "\x00"])
def test_a_damaged_file_is_one_line_and_a_new_beginning(file: Path, content: str, caplog):
    file.parent.mkdir()
    file.write_text(content)
    assert Atlas(file).cities == []
    assert "cannot be read" in caplog.text


def test_what_cannot_be_kept_does_not_stop_the_weather(tmp_path: Path):
    (tmp_path / "weather").write_text("a file where the folder should be")
    atlas = Atlas(tmp_path / "weather" / "places.json")
    atlas.found("OpenWeather", "Elche", Spot(38, -0.7))
    assert atlas.spot("OpenWeather", "Elche") == Spot(38, -0.7)
    with pytest.raises(StateError):
        atlas.add("Elche")


def test_what_cannot_be_kept_has_not_been_said(file: Path, monkeypatch: pytest.MonkeyPatch):
    atlas = Atlas(file)
    atlas.add("Elche")
    atlas.change("Campus", "Alicante")

    def full(path: Path, text: str) -> None:
        raise StateError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(atlas_module.secret_files, "replace_secret", full)
        for change in (
            lambda: atlas.add("Madrid"),
            lambda: atlas.drop("Elche"),
            lambda: atlas.change("Campus", "Campus"),
            lambda: atlas.change("Port", "Alicante"),
        ):
            with pytest.raises(StateError, match="full"):
                change()
    assert atlas.cities == ["Elche"]
    assert (atlas.city_of("Campus"), atlas.city_of("Port")) == ("Alicante", "Port")
    # Nor does the next change, which can be kept, bring it about.
    atlas.found("OpenWeather", "Alicante", Spot(38.3, -0.5))
    assert Atlas(file).cities == ["Elche"]
    assert Atlas(file).city_of("Campus") == "Alicante"


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
    assert named(name, [(["Paris"], Spot(1, 1)), (names, Spot(2, 2))]) == [Spot(2, 2)]


@pytest.mark.parametrize("found", [[], [(["Paris"], Spot(1, 1))], [(["Elche de la Sierra"], Spot(1, 1))]])
def test_another_city_is_not_taken_for_it(found):
    with pytest.raises(SourceTrouble, match="unknown place"):
        named("Elche", found)


MEXICO, SPAIN = Spot(20.67, -103.35, "MX"), Spot(40.63, -3.17, "ES")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Guadalajara", [MEXICO, SPAIN]), ("Guadalajara, ES", [SPAIN]), ("guadalajara ,es", [SPAIN])],
)
def test_those_of_one_name_are_told_apart_by_their_country(name: str, meant: list[Spot]):
    suburb = Spot(20.9, -103.1, "MX")
    found = [(["Guadalajara"], spot) for spot in (MEXICO, suburb, SPAIN)]
    assert named(name, found) == meant


def test_one_of_another_country_is_not_taken_for_it():
    with pytest.raises(SourceTrouble, match="unknown place"):
        named("Guadalajara, FR", [(["Guadalajara"], MEXICO)])


def test_what_a_name_was_taken_for_stays_whatever_source_is_asked(file: Path):
    atlas = Atlas(file)
    atlas.found("OpenWeather", "Guadalajara", MEXICO)
    atlas = Atlas(file)
    assert atlas.spot("OpenWeather", "guadalajara") == atlas.spot("Open-Meteo", "Guadalajara") == MEXICO
    assert atlas.spot("OpenWeather", "Guadalajara, ES") is None


def test_places_of_before_countries_were_kept_are_still_known(file: Path):
    file.parent.mkdir()
    file.write_text('{"cities": [], "stands_for": {}, "found": {"OpenWeather: elche": [38.27, -0.7]}}')
    file.chmod(0o600)
    assert Atlas(file).spot("OpenWeather", "Elche") == Spot(38.27, -0.7)
