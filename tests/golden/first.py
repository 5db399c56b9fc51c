"""Release 0.1, as files: what it understands, and a conversation that it had."""

import base64
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema

FOLDER = Path(__file__).parent / "0.1"


@functools.cache
def schema() -> dict[str, Any]:
    """Return what 0.1 understands, as JSON Schema: it refuses every field that does not stand there."""
    return json.loads((FOLDER / "schema.json").read_text("utf-8"))


@functools.cache
def conversation() -> dict[str, Any]:
    """Return a conversation of all kinds of peers with Central (tests/golden/record.py)."""
    return json.loads((FOLDER / "conversation.json").read_text("utf-8"))


def frame(connection: dict[str, Any], name: str) -> bytes:
    """Return a frame of a login."""
    return base64.b64decode(connection[name])


def takes(message: Mapping[str, Any]) -> bool:
    """Return whether a program of 0.1 takes `message` inside a frame."""
    return _validator().is_valid({"n": 0, "m": message})


@functools.cache
def _validator() -> jsonschema.protocols.Validator:
    return jsonschema.Draft202012Validator(schema())
