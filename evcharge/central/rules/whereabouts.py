"""The rules of where a charging point stands: its engine or an operator says so, and nobody else. Pure.

An engine says where whoever started it put it. That moves the charging point when it is news: another word than the
one before. So an operator's move holds against an engine that repeats itself, and against one that had said nothing
yet. The Registry names the location of a charging point that is new here, and of one whose credential an administrator
issued anew; otherwise it follows (`registry_link`). A monitor says nothing of it.
"""

from dataclasses import replace

from evcharge.central.rules import charging, weather
from evcharge.central.rules.commands import RegistryFollows
from evcharge.central.rules.decision import Draft
from evcharge.domain import events
from evcharge.domain.charging_point import ChargingPoint, Hold, LocatedBy
from evcharge.domain.location import Location
from evcharge.domain.session import EndReason


def heard(draft: Draft, point: ChargingPoint, said: Location) -> ChargingPoint:
    """Return `point` after its engine has arrived, and said where it stands (nowhere: nobody told it)."""
    if not said:
        return point
    is_news = said != point.said_location
    is_older = not point.said_location and point.located_by_operator
    after = replace(point, said_location=said)
    if is_news and not is_older and said != point.location:
        after = _moved(draft, after, said, LocatedBy.ENGINE)
    _compare(draft, point, after)
    return after


def issued(draft: Draft, point: ChargingPoint, location: Location) -> ChargingPoint:
    """Return `point` after it came with a new credential, for which the Registry names `location`, or none."""
    if not location or location == point.registered_location:
        return point
    after = _moved(draft, replace(point, registered_location=location), location, LocatedBy.REGISTRY)
    _compare(draft, point, after)
    return after


def move(draft: Draft, point: ChargingPoint, location: Location) -> None:
    """Put a charging point where an operator says that it stands."""
    after = _moved(draft, point, location, LocatedBy.OPERATOR)
    if after is not point:
        draft.put(after)
        _compare(draft, point, after)


def registered(draft: Draft, command: RegistryFollows) -> None:
    """Note that the Registry knows where a charging point stands."""
    point = draft.point(command.cp_id)
    if (
        point is not None
        and not point.withdrawn
        and not point.registered_location.is_spelt_as(command.location)
    ):
        draft.put(replace(point, registered_location=command.location))


def _moved(draft: Draft, point: ChargingPoint, location: Location, by: LocatedBy) -> ChargingPoint:
    """Return `point` at another location, under the weather there; its session ends when that withholds it."""
    if location.is_spelt_as(point.location):
        return point
    draft.say(
        events.PointMoved(
            cp_id=point.cp_id, location=location.name, by=by.value, said=point.said_location.name
        )
    )
    point = weather.settled(
        draft, replace(point, location=location, located_by_operator=by is LocatedBy.OPERATOR)
    )
    if Hold.WEATHER in point.holds:
        charging.order_stop(draft, point, EndReason.WEATHER)
    return point


def _compare(draft: Draft, before: ChargingPoint, after: ChargingPoint) -> None:
    """Say once that the engine says another location than the network has."""
    if _differs(after) and not (_differs(before) and _words(before) == _words(after)):
        said, location = _words(after)
        draft.say(events.LocationDiffers(cp_id=after.cp_id, said=said, location=location))


def _words(point: ChargingPoint) -> tuple[str, str]:
    return point.said_location.name, point.location.name


def _differs(point: ChargingPoint) -> bool:
    return bool(point.said_location) and point.said_location != point.location
