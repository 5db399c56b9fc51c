"""Which settings say where secrets go: what merely lies in the current folder must not be one of those who say it.

A config.toml that nobody named belongs to the state folder beside it, and to the secrets in there. Those of any other
folder, and those that a person put into the environment, go where that person said: by flag, variable or --config.
"""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from evcharge.domain.errors import ConfigError

_OF_KAFKA = ("EVCHARGE_KAFKA_PASSWORD",)
_OF_NOTIFY = ("EVCHARGE_NOTIFY_TOKEN",)
_OF_DATABASE = ("EVCHARGE_DATABASE_PASSWORD",)
# By key: the variables that may hold what is sent there.
SECRETS_GO_BY: Mapping[str, tuple[str, ...]] = {
    "reach.registry_url": ("EVCHARGE_ADMIN_PASSWORD", "EVCHARGE_CREDENTIAL", "EVCHARGE_ENROLMENT_TOKEN"),
    "reach.other_registries": ("EVCHARGE_ADMIN_PASSWORD", "EVCHARGE_CREDENTIAL", "EVCHARGE_ENROLMENT_TOKEN"),
    "reach.central_api": ("EVCHARGE_OPERATOR_TOKEN", "EVCHARGE_WEATHER_TOKEN"),
    "reach.other_apis": ("EVCHARGE_OPERATOR_TOKEN", "EVCHARGE_WEATHER_TOKEN"),
    "kafka.bootstrap": _OF_KAFKA,
    "kafka.security": _OF_KAFKA,
    "kafka.mechanism": _OF_KAFKA,
    "kafka.ca_file": _OF_KAFKA,
    "central.database": _OF_DATABASE,
    "central.database_security": _OF_DATABASE,
    "central.database_ca_file": _OF_DATABASE,
    "registry.database": _OF_DATABASE,
    "registry.database_security": _OF_DATABASE,
    "registry.database_ca_file": _OF_DATABASE,
    "notify.webhook": _OF_NOTIFY,
    "notify.ntfy": _OF_NOTIFY,
    "notify.smtp": ("EVCHARGE_NOTIFY_PASSWORD",),
    "notify.smtp_security": ("EVCHARGE_NOTIFY_PASSWORD",),
    "weather.api_url": ("EVCHARGE_WEATHER_KEY", "OPENWEATHER_API_KEY"),
}


def check_file(path: Path, keys: list[str], state: Path, environ: Mapping[str, str]) -> None:
    """Check `keys`, which only `path` sets, a config file that nobody named. Raises ConfigError."""
    _check_environment(path, keys, environ, f"name it with --config {shlex.quote(str(path))}")
    outside = not Path(os.path.realpath(state)).is_relative_to(os.path.realpath(path.parent))
    wanted = [key for key in keys if key in SECRETS_GO_BY]
    if wanted and outside:
        raise ConfigError(
            f"{path} does not say where secrets of {state} go (`{_name(wanted[0])}`), because nobody named it: "
            f"if it should, name it with --config {shlex.quote(str(path))}"
        )


def check_joined(path: Path, keys: list[str], environ: Mapping[str, str]) -> None:
    """Check `keys`, which only `path` sets, joined.toml of a state folder that nobody named. Raises ConfigError."""
    _check_environment(path, keys, environ, f"name that folder with --state {shlex.quote(str(path.parent))}")


def _check_environment(path: Path, keys: list[str], environ: Mapping[str, str], remedy: str) -> None:
    for key in keys:
        for variable in SECRETS_GO_BY.get(key, ()):
            if environ.get(variable):
                raise ConfigError(
                    f"{variable} is not sent where {path} says (`{_name(key)}`), because nobody named it: "
                    f"if it should be, {remedy}"
                )


def _name(key: str) -> str:
    return key.rpartition(".")[2]
