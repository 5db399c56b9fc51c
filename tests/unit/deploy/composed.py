"""compose files as Compose reads them, as far as tests need it: values from the environment, merged mappings."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
FILES = (ROOT / "compose.yaml", *sorted((ROOT / "deploy" / "lab").glob("*.yaml")))
# ${NAME}, ${NAME:-value}, ${NAME:?why}
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


class Unset(Exception):
    """A variable that must be set is not."""


def interpolated(text: str, environ: Mapping[str, str]) -> str:
    """Return `text` with its variables filled in. Raises Unset."""

    def value(found: re.Match[str]) -> str:
        if given := environ.get(found["name"]):
            return given
        if found["kind"] == "?":
            raise Unset(f"{found['name']}: {found['rest']}")
        return found["rest"] or ""

    return _VARIABLE.sub(value, text)


def read(path: Path, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a compose file with the values of `environ`, else its defaults."""
    given = {"ADDRESS": "192.0.2.1"} if environ is None else environ
    content: dict[str, Any] = yaml.safe_load(interpolated(path.read_text("utf-8"), given))
    return content


def ours(services: Mapping[str, Any]) -> dict[str, Any]:
    """Return the services that run our image."""
    return {name: one for name, one in services.items() if one["image"].startswith("evcharge:")}
