"""What a check of the books found, as a name and facts that any language can word. Pure."""

from collections.abc import Mapping


class AuditFinding:
    """One thing that was found: `labels/book_findings` words it.

    A fact is a text, a number, None, another finding, or several texts. One whose name ends in `_cents` is money, one
    in `_mwh` energy.
    """

    __slots__ = ("facts", "name")

    def __init__(self, name: str, /, **facts: object) -> None:
        self.name = name
        self.facts: Mapping[str, object] = facts

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AuditFinding):
            return NotImplemented
        return (self.name, self.facts) == (other.name, other.facts)

    def __hash__(self) -> int:
        return hash((self.name, repr(self.facts)))

    def __repr__(self) -> str:
        return f"AuditFinding({self.name!r}, {self.facts!r})"
