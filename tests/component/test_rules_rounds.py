"""The rules against their model, until every situation that matters has come up.

HYPOTHESIS_PROFILE=nightly looks further than CI does.
"""

from types import ModuleType

import pytest
from hypothesis import settings

from tests.unit.central import restores
from tests.unit.central.machine import reached, rounds


# Ten seconds of a free core a round; several times that on a busy machine, with coverage, in development mode.
@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("model", "seen"), [(rounds, reached), (restores, restores)], ids=["the rules", "restored books"]
)
def test_the_rules_come_to_what_the_model_says_wherever_it_matters(model: ModuleType, seen: ModuleType):
    seen.reached.clear()
    # One or two rounds are nearly always enough: the rarest situations come up a few times in one, or not at all.
    for number in range(1, 6):
        model.play(max(150, settings().max_examples), number)
        if all(seen.reached[name] for name in seen.MUST_BE_REACHED):
            break
    assert {name for name in seen.MUST_BE_REACHED if not seen.reached[name]} == set()
