"""An event: what all of them are, and what a row is that this release cannot read. Pure."""

from typing import dataclass_transform

from msgspec import Struct


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Event(Struct, frozen=True, tag_field="type", gc=False):
    """Something that happened. Never changed, never deleted.

    A field that comes later has a default: rows of every release are read (tests/golden holds one of each form).
    """


class Unread(Event):
    """Row `n` of the audit log, of the type `kind`: written by a newer release, or by nobody of ours. Never stored."""

    n: int
    kind: str
