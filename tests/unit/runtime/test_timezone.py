"""Time zones by name, and that of this computer."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from evcharge.domain.errors import BadInput, ConfigError
from evcharge.runtime import config, timezone


def test_a_zone_is_found_by_its_name():
    winter = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert winter.astimezone(timezone.zone("Europe/Madrid")).hour == 13
    assert timezone.zone("UTC") is UTC


WRONG = [
    "Europe/Madird", "europe", "Europe", "Europe/", "/etc/passwd", "../../etc/passwd", "posix/Europe/Madrid",
    "right/Europe/Madrid", "localtime", "posixrules", "tzdata.zi", "CET-1CEST", "Europe/Madrid\n", "\0", "x" * 300,
]  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_zone_is_one_sentence_at_the_start(tmp_path: Path, name: str):
    with pytest.raises(BadInput):
        timezone.zone(name)
    with pytest.raises(ConfigError) as caught:
        config.load(None, {}, {"central.timezone": name})
    assert "`timezone` is" in caught.value.text
    assert "the name of a time zone that this computer knows" in caught.value.text
    assert caught.value.text.isprintable()


def test_a_computer_without_a_database_still_has_utc(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("zoneinfo.TZPATH", ())
    monkeypatch.setattr(timezone, "ZoneInfo", _no_zone)
    assert timezone.zone("UTC") is UTC
    with pytest.raises(BadInput):
        timezone.zone("Europe/Madrid")


def _no_zone(name: str):
    raise KeyError(name)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("Europe/Madrid", "Europe/Madrid"),
        (":Europe/Madrid", "Europe/Madrid"),
        ("/usr/share/zoneinfo/Pacific/Auckland", "Pacific/Auckland"),
        ("Etc/UTC", "UTC"),
        ("CET-1CEST", None),
        ("", None),
    ],
)
def test_the_environment_names_the_zone_of_this_computer(monkeypatch, given: str, found: str | None):
    monkeypatch.setenv("TZ", given)
    assert timezone.own_name() == found


def test_else_the_link_of_the_computer_names_it_or_its_note_beside(monkeypatch, tmp_path: Path):
    monkeypatch.delenv("TZ", raising=False)
    localtime, note = tmp_path / "localtime", tmp_path / "timezone"
    monkeypatch.setattr(timezone, "_LOCALTIME", localtime)
    monkeypatch.setattr(timezone, "_DEBIAN_NAME", note)
    assert timezone.own_name() == "UTC"
    database = tmp_path / "zoneinfo" / "Pacific"
    database.mkdir(parents=True)
    (database / "Honolulu").touch()
    localtime.symlink_to(database / "Honolulu")
    assert timezone.own_name() == "Pacific/Honolulu"
    localtime.unlink()
    localtime.touch()
    assert timezone.own_name() is None
    note.write_text("Europe/Madrid\n")
    assert timezone.own_name() == "Europe/Madrid"
