"""A charging point that Central has synchronised, and one that charges."""

import pytest

from tests.unit.cp.engine.charge_point import Point


@pytest.fixture
def point() -> Point:
    point = Point()
    point.link()
    return point


@pytest.fixture
def charging(point: Point) -> Point:
    point.start()
    point.charge.plug()
    return point
