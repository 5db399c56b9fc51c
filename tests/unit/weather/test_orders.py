"""What a person tells the weather service."""

import pytest

from evcharge.domain.errors import BadInput
from evcharge.domain.location import Location
from evcharge.labels import Speech
from evcharge.labels.weather_service import SENTENCES
from evcharge.weather.orders import MenuOrder, MenuVerb, parse

SAY = Speech(SENTENCES)


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("add  San   Vicente", MenuOrder(MenuVerb.ADD, Location("San Vicente"))),
        ("DROP Madrid", MenuOrder(MenuVerb.DROP, Location("Madrid"))),
        (
            "change Campus UA = Alicante",
            MenuOrder(MenuVerb.CHANGE, Location("Campus UA"), Location("Alicante")),
        ),
        (
            "change Campus=38.38, -0.51",
            MenuOrder(MenuVerb.CHANGE, Location("Campus"), Location("38.38, -0.51")),
        ),
        ("move cp001 Elche", MenuOrder(MenuVerb.MOVE, cp_id="CP001", where=Location("Elche"))),
        ("list", MenuOrder(MenuVerb.LIST)),
        ("faults", MenuOrder(MenuVerb.FAULTS)),
        ("quit", MenuOrder(MenuVerb.QUIT)),
        ("   ", None),
        ("", None),
    ],
)
def test_a_line_is_an_order(line: str, order: MenuOrder | None):
    assert parse(line, SAY) == order


@pytest.mark.parametrize("line", ["fly", "list all", "quit now", "\x1b[A"])
def test_what_is_no_order_gets_the_list_of_orders(line: str):
    with pytest.raises(BadInput, match="add CITY"):
        parse(line, SAY)


@pytest.mark.parametrize(
    "line", ["add", f"add {'x' * 81}", "add a\x07b", "change Elche", "change = Elche", "move CP001"]
)
def test_a_place_needs_a_name(line: str):
    with pytest.raises(BadInput, match="1 to 80 characters"):
        parse(line, SAY)


@pytest.mark.parametrize("line", ["move", "move CP#1 Elche", f"move {'C' * 33} Elche"])
def test_a_charging_point_needs_its_name(line: str):
    with pytest.raises(BadInput, match="not the name of a charging point"):
        parse(line, SAY)
