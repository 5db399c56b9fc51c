"""compose files as Compose reads them, as far as tests need it: values from the environment, merged mappings."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
FILES = (ROOT / "compose.yaml", *sorted((DEPLOY / "lab").glob("*.yaml")))
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


def variables(path: Path) -> dict[str, str]:
    """Return what a file for --env-file sets."""
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def ours(services: Mapping[str, Any]) -> dict[str, Any]:
    """Return the services that run our image."""
    return {name: one for name, one in services.items() if one["image"].startswith("evcharge:")}


def rules() -> list[dict[str, Any]]:
    """Return the alert rules of Prometheus."""
    content = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))
    found: list[dict[str, Any]] = [rule for group in content["groups"] for rule in group["rules"]]
    return found


def board() -> dict[str, Any]:
    """Return the board of Grafana."""
    content: dict[str, Any] = json.loads((DEPLOY / "grafana/boards/evcharge.json").read_text("utf-8"))
    return content


def expressions() -> list[str]:
    """Return all that the rules and the board ask Prometheus."""
    shown = [target["expr"] for panel in board()["panels"] for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + shown
