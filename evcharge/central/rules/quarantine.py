"""Records that are authentic and make no sense: kept aside, acknowledged, told; never without bound. Pure.

What could be money is always kept: records of a session that Central authorised, be it open here or only signed by
Central (its books may have been restored since). Meters count upwards, so the last one of a session stands for all.
Of sessions that Central never authorised, a charging point may leave `MOST_FOREIGN` records here; more are counted.
"""

from dataclasses import replace

import msgspec

from evcharge.central.rules.commands import TakeRecords
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.facts import Quarantined
from evcharge.central.rules.settings import Rules
from evcharge.central.rules.start_seal import sealed_for
from evcharge.domain import events
from evcharge.domain.ids import CpId, DriverId, SessionId
from evcharge.domain.journal_records import AnyRecord, Meter, SupplyStart

MOST_FOREIGN = 1000
_START = str(SupplyStart.__struct_config__.tag)


def set_aside(draft: Draft, command: TakeRecords, record: AnyRecord, rules: Rules, why: str) -> None:
    """Keep `record` aside if there is room for it, or it could be money; tell of it in any case."""
    cp_id, session_id = command.cp_id, SessionId(record.session_id)
    kind = str(record.__struct_config__.tag)
    ours = _is_ours(draft, cp_id, record, rules)
    known = draft.quarantined(cp_id, session_id, kind)
    text = msgspec.json.encode(record).decode()
    kept = ours or (known is None and draft.foreign_records(cp_id) < MOST_FOREIGN)
    newest = Quarantined(
        cp_id=cp_id,
        session_id=session_id,
        kind=kind,
        journal_id=command.journal_id,
        seq=record.seq,
        why=why,
        record=text,
        ours=ours,
    )
    if known is None:
        if kept:
            draft.put(newest)
    elif isinstance(record, Meter) or (ours and not known.ours):
        draft.put(replace(newest, times=known.times + 1))
    else:
        draft.put(replace(known, times=known.times + 1))
    draft.say(
        events.RecordQuarantined(
            cp_id=cp_id, journal_id=command.journal_id, seq=record.seq, why=why, record=text, kept=kept
        )
    )


def _is_ours(draft: Draft, cp_id: CpId, record: AnyRecord, rules: Rules) -> bool:
    """Return whether Central authorised the session of `record` at that charging point."""
    session_id = SessionId(record.session_id)
    session = draft.session(session_id)
    if session is not None:
        return session.cp_id == cp_id
    if isinstance(record, SupplyStart):
        driver = draft.driver(DriverId(record.driver_id))
        known = driver.registration if driver is not None else 0
        if sealed_for(rules.sign_key, cp_id, record, known) is not None:
            return True
    start = draft.quarantined(cp_id, session_id, _START)
    return start is not None and start.ours
