"""What this computer's clock can say, and what its calendar can show. Imported before anything looks at it."""

import time

# Python reads no clock beyond 2262; keys, versions and certificates of ours count from 1970.
_EARLIEST_S, _LATEST_S = 0, 7_258_118_400  # 1970 and 2200


def is_usable() -> bool:
    """Return whether the clock says something that can be meant."""
    try:
        # Not utc_now, which stands still at the end of 2262 where this one fails.
        return _EARLIEST_S < time.time() < _LATEST_S
    except OverflowError:
        return False
