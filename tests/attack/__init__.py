"""Attacks on a running network: `make attack`.

Each module of this package with a `NAME` and an `async def run(target, seconds, seed) -> Result` is one attack; a
new file is all that a new attack takes. `BOUNDS` replaces the bounds that `bounds.Bounds` states for all of them.
"""
