"""The rules against their model, until every situation that matters has come up.

HYPOTHESIS_PROFILE=nightly looks further than CI does.
"""

import pytest
from hypothesis import settings

from tests.unit.central.machine import MUST_BE_REACHED, play, reached


# Ten seconds of a free core a round; several times that on a busy machine, with coverage, in development mode.
@pytest.mark.timeout(900)
def test_the_rules_come_to_what_the_model_says_wherever_it_matters():
    reached.clear()
    # One or two rounds are nearly always enough: the rarest situations come up a few times in one, or not at all.
    for number in range(1, 6):
        play(max(150, settings().max_examples), number)
        if all(reached[name] for name in MUST_BE_REACHED):
            break
    assert {name for name in MUST_BE_REACHED if not reached[name]} == set()
