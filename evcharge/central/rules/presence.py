"""Over which link an identity speaks: what comes over any other link is refused, and changes nothing. Pure.

A link is the present one from its arrival until it leaves or another one arrives in its place, and only as long as
nobody has shown a newer credential of its identity.
"""

from evcharge.central.rules.commands import FromLink, MaybeFromLink
from evcharge.central.rules.decision import Draft
from evcharge.domain.errors import Code, StaleLink
from evcharge.domain.ids import CpId, DriverId

# Why a link ended that had logged in with a credential which counts no longer.
REVOKED = "its keys were revoked"


def check_engine(draft: Draft, command: FromLink | MaybeFromLink, cp_id: CpId) -> None:
    """Raise StaleLink unless the engine of `cp_id` speaks over the link of `command`, or has its last word there."""
    point = draft.point(cp_id)
    if point is not None and point.parting_link is not None and point.parting_link == command.link:
        return
    _check(command, cp_id, point.engine_link if point else None, point.epoch if point else 0)


def check_monitor(draft: Draft, command: FromLink, cp_id: CpId) -> None:
    """Raise StaleLink unless the monitor of `cp_id` speaks over the link of `command`."""
    point = draft.point(cp_id)
    _check(command, cp_id, point.monitor_link if point else None, point.epoch if point else 0)


def check_driver(draft: Draft, command: MaybeFromLink, driver_id: DriverId) -> None:
    """Raise StaleLink unless the driver speaks over the link of `command`, or through a web page."""
    driver = draft.driver(driver_id)
    if command.link is not None:
        _check(command, driver_id, driver.link if driver else None, driver.epoch if driver else 0)


def check_arrival(command: FromLink, who: str, present: int | None, epoch: int) -> None:
    """Raise StaleLink when `who` logged in later than this link, or with a newer credential."""
    _check_epoch(command, who, epoch)
    # Links are numbered as they log in.
    if present is not None and command.link < present:
        raise _superseded(who)


def _check(command: FromLink | MaybeFromLink, who: str, present: int | None, epoch: int) -> None:
    _check_epoch(command, who, epoch)
    if command.link != present:
        raise _superseded(who)


def _check_epoch(command: FromLink | MaybeFromLink, who: str, epoch: int) -> None:
    if command.epoch < epoch:
        raise StaleLink("revoked", Code.REVOKED, who=who)


def _superseded(who: str) -> StaleLink:
    return StaleLink("superseded", who=who)
