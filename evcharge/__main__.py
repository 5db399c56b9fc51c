"""`python -m evcharge` is `evcharge`."""

from evcharge.cli import main

main()
