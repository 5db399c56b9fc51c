"""Prints one stored row of each form that an event of this release can have: `python -m tests.golden.forms`."""

import enum
import types
import typing
from collections.abc import Iterator
from typing import Any

import msgspec

from evcharge.domain import events


def values(kind: Any) -> Iterator[Any]:
    """Yield a value of each shape that `kind` allows."""
    if isinstance(kind, typing.NewType):
        yield from values(kind.__supertype__)
    elif typing.get_origin(kind) in (typing.Union, types.UnionType):
        for one in typing.get_args(kind):
            yield from values(one)
    elif typing.get_origin(kind) is tuple:
        yield tuple(next(values(one)) for one in typing.get_args(kind) if one is not Ellipsis)
    elif isinstance(kind, type) and issubclass(kind, enum.Enum):
        yield from kind
    else:
        yield {str: "x", int: 7, float: 1.5, bool: True, types.NoneType: None}[kind]


def forms(kind: type[events.Event]) -> Iterator[events.Event]:
    """Yield an event with every shape of each field."""
    hints = typing.get_type_hints(kind)
    usual = {name: next(values(hints[name])) for name in kind.__struct_fields__}
    yield kind(**usual)
    for name in usual:
        for value in values(hints[name]):
            yield kind(**usual | {name: value})


def all_forms() -> set[str]:
    """Return them as they are stored."""
    return {msgspec.json.encode(event).decode() for kind in events.EVENT_TYPES for event in forms(kind)}


if __name__ == "__main__":
    print("\n".join(sorted(all_forms())))
