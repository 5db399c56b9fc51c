"""Where a charging point stands: its engine or an operator says so, and nobody else."""

import pytest

from evcharge.central.rules import commands as c
from evcharge.domain import events
from evcharge.domain.charging_point import Hold
from tests.unit.central.builders import Network, only, said

MOVED, DIFFERS = events.PointMoved, events.LocationDiffers


@pytest.fixture
def town() -> Network:
    """A charging point in Alicante, where its engine was told that it stands."""
    network = Network()
    network.engine(location="Alicante", said_location="Alicante")
    network.monitor(location="Alicante")
    return network


def move(town: Network, location: str):
    return town.does(c.MovePoint, cp_id="CP001", location=location)


def arrives(town: Network, location: str = "", **what: object) -> list[type[events.Event]]:
    return said(town.engine(said_location=location, **what))


def stands(town: Network) -> str:
    return town.point().location.name


def test_the_engine_says_it_when_its_monitor_came_first():
    network = Network()
    network.monitor(location="")
    decision = network.engine(said_location="Berlin")
    assert only(decision, MOVED) == MOVED(cp_id="CP001", location="Berlin", by="engine", said="Berlin")
    assert stands(network) == "Berlin"


def test_an_engine_that_comes_first_knows_better_than_its_ticket():
    network = Network()
    decision = network.engine(location="Alicante", said_location="Berlin")
    assert only(decision, events.PointAdded).location == stands(network) == "Berlin"
    assert DIFFERS not in said(decision)


@pytest.mark.parametrize("ticket", ["", "Madrid"])
def test_a_ticket_does_not_move_a_point_that_is_known(town: Network, ticket: str):
    for decision in (town.engine(location=ticket), town.monitor(location=ticket)):
        assert MOVED not in said(decision)
    assert stands(town) == "Alicante"


def test_an_engine_that_says_something_new_moves_its_point_once(town: Network):
    assert arrives(town, "Elche") == [MOVED, events.EngineConnected]
    assert stands(town) == "Elche"
    assert arrives(town, "elche ") == [events.EngineConnected]
    assert stands(town) == "Elche"


def test_an_engine_that_nobody_told_anything_moves_nothing(town: Network):
    assert arrives(town) == [events.EngineConnected]
    assert stands(town) == "Alicante"


def test_where_an_operator_puts_a_point_it_stays_when_its_engine_repeats_itself(town: Network):
    decision = move(town, "Elche")
    assert said(decision) == [MOVED, DIFFERS]
    assert only(decision, MOVED).by == "operator"
    assert only(decision, DIFFERS) == DIFFERS(cp_id="CP001", said="Alicante", location="Elche")
    assert arrives(town, "Alicante") == arrives(town) == [events.EngineConnected]
    assert move(town, "Elche").is_empty
    assert stands(town) == "Elche"


def test_an_operators_move_holds_against_the_first_word_of_an_engine():
    network = Network()
    network.point_is_there(location="Alicante")
    assert said(move(network, "Elche")) == [MOVED]
    assert arrives(network, "Berlin") == [DIFFERS, events.EngineConnected]
    assert stands(network) == "Elche"


def test_a_new_word_of_the_engine_is_newer_than_an_operators_move(town: Network):
    move(town, "Elche")
    assert arrives(town, "Berlin") == [MOVED, events.EngineConnected]
    assert stands(town) == "Berlin"


def test_an_engine_that_agrees_with_the_operator_ends_the_difference(town: Network):
    move(town, "Elche")
    assert arrives(town, "Elche") == [events.EngineConnected]
    # And what it said long ago is news again.
    assert arrives(town, "Alicante") == [MOVED, events.EngineConnected]


def test_a_difference_is_said_once(town: Network):
    move(town, "Elche")
    assert arrives(town, "Alicante") == [events.EngineConnected]
    assert said(move(town, "Madrid")) == [MOVED, DIFFERS]


def test_peers_hear_where_it_stands_when_they_arrive(town: Network):
    move(town, "Elche")
    connected = only(town.engine(said_location="Alicante"), events.EngineConnected)
    assert (connected.location, connected.said) == ("Elche", "Alicante")
    link = town.link()
    decision = town.does(c.MonitorArrives, cp_id="CP001", link=link, epoch=0, location="Alicante")
    connected = only(decision, events.MonitorConnected)
    assert (connected.location, connected.said) == ("Elche", "Alicante")


# ---- the Registry


def test_an_administrator_who_issues_a_credential_with_another_location_moves_the_point(town: Network):
    move(town, "Elche")
    decision = town.monitor(location="Altea", epoch=1)
    assert stands(town) == "Altea"
    assert not town.point().located_by_operator
    # Its engine has the new credential, too, and the old word.
    assert MOVED not in said(town.engine(location="Altea", said_location="Alicante", epoch=1))
    assert stands(town) == "Altea"
    assert decision is not None


def test_a_new_credential_of_where_the_registry_had_it_moves_nothing(town: Network):
    move(town, "Elche")
    assert MOVED not in said(town.engine(location="Alicante", epoch=1))
    assert stands(town) == "Elche"


def test_a_registry_that_followed_brings_nothing_new(town: Network):
    move(town, "Elche")
    assert said(town.does(c.RegistryFollows, cp_id="CP001", location="Elche")) == []
    move(town, "Madrid")
    assert MOVED not in said(town.engine(location="Elche", epoch=1))
    assert stands(town) == "Madrid"


def test_a_point_that_comes_back_after_a_withdrawal_stands_where_it_did(town: Network):
    move(town, "Elche")
    town.does(c.Withdraw, subject="CP001", epoch=1, registration=0)
    town.does(c.RegistryFollows, cp_id="CP001", location="Madrid")
    town.monitor(epoch=1, registration=1)
    assert stands(town) == "Elche"
    assert arrives(town, "Alicante", epoch=1, registration=1) == [MOVED, events.EngineConnected]


def test_a_point_that_its_engine_moves_into_bad_weather_is_held(town: Network):
    town.does(c.WeatherReport, location="Elche", temperature_celsius=-5.0)
    town.does(c.WeatherAlert, location="Elche", alert="COLD")
    assert arrives(town, "Elche") == [MOVED, events.HoldPlaced, events.EngineConnected]
    assert Hold.WEATHER in town.point().holds
