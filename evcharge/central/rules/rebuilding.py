"""Sessions that the books do not know and Central authorised: their books were restored from an older copy. Pure.

A START carries Central's signature, and the engine's SUPPLY_START repeats all of it; so an engine that tells again
what the copy lacks brings its sessions back, each once.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from msgspec import UNSET

from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Driver
from evcharge.central.rules.settings import Rules
from evcharge.central.rules.settlement import about, hold_anew, make_room
from evcharge.central.rules.start_seal import sealed_for
from evcharge.central.rules.wallet import new_driver
from evcharge.domain import events
from evcharge.domain.billing import MAX_MONEY_CENTS, MAX_SESSION_MWH
from evcharge.domain.ids import CpId, DriverId, RequestId, SessionId
from evcharge.domain.journal_records import SupplyStart
from evcharge.domain.session import Session, SessionState

ANOTHER_OWNER = "authorised for an earlier owner of that id, whose wallet is closed"
# Returns the driver of a later registration of an id.
Succeed = Callable[[Draft, Driver, int, int, Rules], Driver]
_ANOTHER_KIND = "authorised for a driver whose id a charging point has now"


def rebuilt(
    draft: Draft, cp_id: CpId, record: SupplyStart, rules: Rules, succeed: Succeed
) -> Session | str | None:
    """Return the session that `record` begins, authorised anew; or why nobody here can be billed for it.

    None: the books know it already, or Central never authorised it.
    """
    session_id, driver_id = SessionId(record.session_id), DriverId(record.driver_id)
    known = draft.driver(driver_id)
    registration = sealed_for(rules.sign_key, cp_id, record, known.registration if known is not None else 0)
    if registration is None or draft.closed(session_id) is not None:
        return None
    if known is None and draft.point(CpId(driver_id)) is not None:
        return _ANOTHER_KIND
    make_room(draft, draft.existing_point(cp_id), rules)
    driver = _owner(draft, driver_id, registration, rules, succeed)
    if driver is None:
        return ANOTHER_OWNER
    request_id = RequestId(record.request_id)
    if draft.outcome(request_id) is not None:
        # Its driver did not hear of the outcome, asked again after the restore, and was granted another session.
        request_id = RequestId(session_id)
    session = hold_anew(
        draft,
        Session(
            session_id=session_id,
            request_id=request_id,
            cp_id=cp_id,
            driver_id=driver_id,
            registration=registration,
            state=SessionState.AUTHORISED,
            price_centi_cents_per_kwh=record.price,
            hold_cents=min(record.hold_cents, MAX_MONEY_CENTS),
            limit_mwh=min(record.limit_mwh, MAX_SESSION_MWH),
            authorised_at=_began(record, rules),
            plug_within_s=rules.plug_within_s,
            rebuilt=True,
        ),
        driver,
    )
    point = draft.existing_point(cp_id)
    draft.put(replace(point, session_id=session_id, charging=False, last_used=draft.uses + 1))
    draft.put(session)
    draft.say(
        events.SessionRebuilt(
            **about(session),
            price_centi_cents_per_kwh=session.price_centi_cents_per_kwh,
            hold_cents=session.hold_cents,
            short_cents=session.short_cents,
            limit_mwh=session.limit_mwh,
            plug_within_s=session.plug_within_s,
            authorised_at=session.authorised_at.timestamp(),
            registration=registration,
        )
    )
    return session


def _owner(
    draft: Draft, driver_id: DriverId, registration: int, rules: Rules, succeed: Succeed
) -> Driver | None:
    """Return the driver of that registration, whom the copy may not know yet; None when another has the id."""
    driver = draft.driver(driver_id)
    if driver is None:
        return new_driver(draft, driver_id, registration, 0, rules)
    if registration > driver.registration and not driver.sessions:
        return succeed(draft, driver, registration, driver.epoch, rules)
    return driver if driver.registration == registration else None


def _began(record: SupplyStart, rules: Rules) -> datetime:
    """Return when it began by Central's clock, as far as the engine could tell; never in the future."""
    if record.began_at is UNSET:
        return rules.now
    return min(datetime.fromtimestamp(record.began_at, UTC), rules.now)
