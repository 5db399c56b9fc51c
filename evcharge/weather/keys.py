"""Where the key of OpenWeather comes from: the environment or a secret file, never the settings or a command line."""

from collections.abc import Mapping
from pathlib import Path

from evcharge.security import secret_files

KEY_VARIABLES = ("EVCHARGE_WEATHER_KEY", "OPENWEATHER_API_KEY")


def key_path(state: Path) -> Path:
    """Return where the key may be kept."""
    return state / "weather.key"


def find_key(state: Path, environ: Mapping[str, str]) -> str | None:
    """Return the key, if there is one. Raises StateError when its file cannot be used."""
    for name in KEY_VARIABLES:
        if given := environ.get(name, "").strip():
            return given
    return secret_files.read_secret(key_path(state)).strip() if key_path(state).exists() else None


def where(state: Path, environ: Mapping[str, str]) -> str:
    """Return where the key was found, or would be looked for: for people."""
    return next((name for name in KEY_VARIABLES if environ.get(name, "").strip()), str(key_path(state)))
