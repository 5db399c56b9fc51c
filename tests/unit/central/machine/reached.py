"""What the rounds have shown: a run that never came to all that must be reached has proved nothing."""

from collections import Counter

from evcharge.central.rules import commands as c
from evcharge.central.rules import presence
from evcharge.central.rules.decision import Decision
from evcharge.central.rules.facts import JournalForgotten
from evcharge.central.rules.replies import RecordsMissing
from evcharge.domain import events
from evcharge.domain.charging_point import ChargingPoint, Hold

reached: Counter[str] = Counter()
MUST_BE_REACHED = {
    "granted", "repeated", "refused", "not taken", "ticket", "ticket of nothing", "estimated ticket", "limit exceeded",
    "set aside", "resync", "again", "interrupted", "revoked while charging", "restored", "new journal", "failed commit",
    "stop told again", "asked what became of it", "full batch", "stopped by weather", "overridden", "stopped by bar",
    "started by an operator", "ended by an operator", "stopped at its own limit", "stopped at the limit by Central",
    "moved into bad weather", "new price while charging", "new journal confirmed", "refused for its journal",
    "withdrawn", "back after a withdrawal", "a next owner", "not settled for the next owner",
    "held for its journal while authorised", "journal forgotten", "lost by a newer credential", "E_PAUSE", "E_PRICE",
    "asked to confirm", "confirmed", "not confirmed", "allowed by a PIN", "no use confirming",
    *(f"{code} {kind}" for code in ("E_DUPLICATE", "E_REVOKED") for kind in (
        "EngineArrives", "MonitorArrives", "DriverArrives", "TakeRecords", "ReportReady", "MonitorReports",
        "StartCharging", "StopCharging", "MarkTicketShown",
    )),
}  # fmt: skip
_NAMED = {
    events.SessionAuthorised: "granted",
    events.StartRefused: "refused",
    events.ConfirmationAsked: "asked to confirm",
    events.StartConfirmed: "confirmed",
    events.ConfirmationEnded: "not confirmed",
    events.SessionRefused: "not taken",
    events.TicketMade: "ticket",
    events.RecordQuarantined: "set aside",
    events.SessionInterrupted: "interrupted",
    events.KeyRestored: "restored",
    events.JournalReplaced: "new journal",
    events.PointWithdrawn: "withdrawn",
}


def reach(command: c.AnyCommand, decision: Decision) -> None:
    """Note what this decision has shown."""
    reached.update(_NAMED[type(event)] for event in decision.events if type(event) in _NAMED)
    for event in decision.events:
        match event:
            case events.TicketMade():
                reached["estimated ticket"] += event.estimated
                reached["ticket of nothing"] += event.energy_mwh == 0
                reached["stopped at its own limit"] += event.reason == "own limit"
            case events.EngineLost(reason=presence.REVOKED) | events.MonitorLost(reason=presence.REVOKED):
                reached["lost by a newer credential"] += 1
            case events.PointAdded(registration=registration):
                reached["back after a withdrawal"] += registration > 0
            case events.DriverAdded(registration=registration):
                reached["a next owner"] += registration > 0
            case events.HoldLifted(hold=Hold.JOURNAL):
                reached["new journal confirmed"] += 1
            case events.StartRefused(facts=facts, code=code):
                reached[code] += code in ("E_PAUSE", "E_PRICE")
                reached["refused for its journal"] += "new journal" in facts.reason
            case events.StopOrdered(reason="charging point lost"):
                reached["held for its journal while authorised"] += 1
            case events.RecordQuarantined(why=why):
                reached["limit exceeded"] += "limit" in why
                reached["lasted too long"] += "lasts longer" in why
            case events.StopOrdered(reason="key revoked"):
                reached["revoked while charging"] += 1
            case events.StopOrdered(reason="weather"):
                reached["stopped by weather"] += 1
                reached["moved into bad weather"] += isinstance(command, c.MovePoint)
            case events.StopOrdered(reason="limit" | "own limit"):
                reached["stopped at the limit by Central"] += 1
            case events.StopOrdered(reason="operator"):
                reached["stopped by bar"] += isinstance(command, c.BarDriver)
                reached["ended by an operator"] += isinstance(command, c.EndCharge)
            case events.WeatherOverridden(override=True):
                reached["overridden"] += any(isinstance(one, events.HoldLifted) for one in decision.events)
            case events.PriceChanged():
                charging = [x for x in decision.changes if isinstance(x, ChargingPoint) and x.charging]
                reached["new price while charging"] += bool(charging)
            case events.EngineConnected(ask=ask, stop=stop):
                reached["asked what became of it"] += bool(ask)
                reached["stop told again"] += bool(stop)
    reached["journal forgotten"] += any(isinstance(one, JournalForgotten) for one in decision.changes)
    ended = any(isinstance(event, events.ConfirmationEnded) for event in decision.events)
    reached["no use confirming"] += ended and not isinstance(command, c.AnswerStart | c.GiveUpStart)
    granted = any(isinstance(event, events.SessionAuthorised) for event in decision.events)
    by_hand = isinstance(command, c.StartCharging) and command.by_hand is not None
    reached["allowed by a PIN"] += granted and by_hand
    reached["resync"] += isinstance(decision.reply, RecordsMissing)
    reached["again"] += isinstance(command, c.TakeRecords) and decision.is_empty
    reached["repeated"] += isinstance(command, c.StartCharging) and decision.is_empty
