"""The door of every command, also as `python -m evcharge`. Before all else: is there a clock to go by?"""

import sys
from typing import NoReturn

from evcharge.runtime import wall_clock


def main() -> NoReturn:
    """Run the command line, unless the clock of this computer cannot be meant."""
    if not wall_clock.is_usable():
        print(
            "evcharge: the clock of this computer is wrong (before 1970, or after 2199): set it, and try again.",
            file=sys.stderr,
        )
        sys.exit(1)
    # Not before: the first thing that logging does is to look at the clock.
    from evcharge import cli

    cli.main()


if __name__ == "__main__":
    main()
