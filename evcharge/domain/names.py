"""Names that a person would confuse, and those that are taken by the programs themselves. Pure."""

from evcharge.domain.ids import Role

# Actors of the audit logs and subjects of alerts, beside people, charging points and drivers.
_OURS = (
    *Role,
    *(
        "anybody",
        "deputy",
        "enrolment",
        "evcharge",
        "kafka",
        "local",
        "stranger",
        "system",
        "various",
    ),
)
_ALIKE = str.maketrans("0iI1", "olll", "-_.")


def looks_like(name: str) -> str:
    """Return what `name` looks like at a glance: the same for any two names that could be confused."""
    return name.translate(_ALIKE).lower()


_TAKEN = frozenset(looks_like(name) for name in _OURS)


def is_ours(name: str) -> bool:
    """Return whether `name` is, or looks like, one that our own programs go by."""
    return looks_like(name) in _TAKEN
