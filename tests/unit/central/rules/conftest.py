"""What most tests of the rules begin with."""

import pytest

from tests.unit.central.builders import Network


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def town(network: Network) -> Network:
    """One charging point that is ready, one driver with 20.00 €."""
    network.point_is_there()
    network.driver_is_there()
    return network
