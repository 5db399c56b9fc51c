"""Hypothesis runs the same examples each time; HYPOTHESIS_PROFILE=nightly looks for new ones."""

import os

from hypothesis import HealthCheck, settings

# Times of a loaded machine say nothing about the code: no deadline.
settings.register_profile(
    "ci", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("nightly", settings.get_profile("ci"), derandomize=False, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
