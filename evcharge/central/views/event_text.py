"""One plain line of text for each thing that happens at Central. Pure."""

from evcharge import labels
from evcharge.central.rules.alert_kinds import WRONG_CREDENTIAL, member
from evcharge.central.views import refusal_text
from evcharge.domain import events
from evcharge.domain.billing import euros, kwh, price_text
from evcharge.domain.charging_point import ChargingPoint, CpStatus, Hold
from evcharge.domain.errors import Code
from evcharge.labels import Phrase, registry
from evcharge.labels.causes import cause
from evcharge.labels.central import SENTENCES


def speech(lang: str) -> labels.Speech:
    """Return the voice of Central in that language."""
    return labels.Speech(SENTENCES, lang)


def _at_registry(what: str, lang: str) -> str:
    """Return what was done at the Registry in words; a request, or what a newer one says, as it is."""
    name = f"to {what}"
    return labels.Speech(registry.SENTENCES, lang)(name) if name in registry.SENTENCES else what


def line(event: events.Event, lang: str = labels.DEFAULT_LANGUAGE) -> str | None:
    """Return what to print for `event`, or None when its effect on the status says it all."""
    say = speech(lang)
    text = _line(event, lang, say)
    times = getattr(event, "times", 1)
    return say("repeated", text=text, times=times) if text is not None and times > 1 else text


def _line(event: events.Event, lang: str, say: labels.Speech) -> str | None:
    match event:
        case events.Unread():
            return say("event unread", n=event.n, kind=event.kind)
        case events.PointAdded():
            return say(
                "point added",
                cp_id=event.cp_id,
                location=event.location or say("no location"),
                price=price_text(event.price_centi_cents_per_kwh),
            )
        case events.RegistryNoted(what=events.TICKET_ASKED, result=Code.CREDENTIAL):
            sentence = labels.say(Phrase.NOT_UNDERSTOOD, lang, cp_id=event.target or "?")
            return f"{sentence} ({cause(WRONG_CREDENTIAL, lang)})"
        case events.RegistryNoted():
            is_done = event.result == "done"
            result = (
                say("registry done")
                if is_done
                else say("registry refused", why=labels.code(event.result, lang))
            )
            return say(
                "registry noted", what=_at_registry(event.what, lang), target=event.target, result=result
            )
        case events.PointMoved():
            return say("point moved", cp_id=event.cp_id, location=event.location)
        case events.LocationDiffers():
            return say("location differs", cp_id=event.cp_id, said=event.said, location=event.location)
        case events.PriceChanged():
            price = price_text(event.price_centi_cents_per_kwh)
            return say("price changed", cp_id=event.cp_id, price=price)
        case events.HoldLifted(hold=Hold.JOURNAL):
            return say("journal confirmed", cp_id=event.cp_id)
        case events.HoldPlaced():
            return say("hold placed", cp_id=event.cp_id, hold=say(f"why {event.hold}"))
        case events.HoldLifted():
            return say("hold lifted", cp_id=event.cp_id, hold=say(f"why {event.hold}"))
        case events.PointWithdrawn():
            return say("point withdrawn", cp_id=event.cp_id)
        case events.KeyRevoked():
            return say("key revoked", cp_id=event.cp_id)
        case events.KeyRestored():
            return say("key restored", cp_id=event.cp_id)
        case events.JournalReplaced():
            return say("journal replaced", cp_id=event.cp_id, old=event.old[:8], new=event.new[:8])
        case events.RecordQuarantined():
            name = "record quarantined" if event.kept else "record counted"
            return say(name, cp_id=event.cp_id, seq=event.seq, why=cause(event.why, lang))
        case events.StraySupply():
            return say("stray supply", cp_id=event.cp_id, session_id=event.session_id)
        case events.DriverAdded():
            return say("driver added", driver_id=event.driver_id)
        case events.DriverConnected():
            return say("driver connected", driver_id=event.driver_id)
        case events.DriverLost():
            return say("driver lost", driver_id=event.driver_id, reason=cause(event.reason, lang))
        case events.DriverBlocked():
            return say("driver blocked", driver_id=event.driver_id)
        case events.DriverWithdrawn():
            return say("driver withdrawn", driver_id=event.driver_id, balance=euros(event.balance_cents))
        case events.DriverBarred():
            return say("driver barred", driver_id=event.driver_id)
        case events.DriverReadmitted():
            return say("driver readmitted", driver_id=event.driver_id)
        case events.WalletToppedUp():
            amount, balance = euros(event.cents), euros(event.balance_cents)
            return say("topped up", driver_id=event.driver_id, amount=amount, balance=balance)
        case events.WalletCorrected() | events.PaidOut():
            name = "paid out" if isinstance(event, events.PaidOut) else "wallet corrected"
            figures = {"amount": euros(event.cents), "balance": euros(event.balance_cents)}
            return say(name, driver_id=event.driver_id, reason=event.reason, **figures)
        case events.WelcomeWithheld():
            name = "welcome withheld for now" if event.within_an_hour else "welcome withheld"
            return say(name, driver_id=event.driver_id, most=event.most)
        case events.StartRefused():
            why = refusal_text.in_words(event, lang)
            return say("start refused", driver_id=event.driver_id, why=why)
        case events.ConfirmationAsked():
            return say("confirmation asked", driver_id=event.driver_id, cp_id=event.cp_id, s=event.within_s)
        case events.StartConfirmed():
            return say("start confirmed", driver_id=event.driver_id, cp_id=event.cp_id)
        case events.ConfirmationEnded():
            return say("confirmation ended", cp_id=event.cp_id, why=refusal_text.in_words(event, lang))
        case events.PinSet():
            return say("pin set", driver_id=event.driver_id, limit=euros(event.limit_cents))
        case events.PinRemoved():
            return say(f"pin removed, {event.why}", driver_id=event.driver_id)
        case events.ClockJumped():
            return say("clock jumped", seconds=f"{event.seconds:+}")
        case events.ClockOff():
            return say("clock off", seconds=f"{event.seconds:+}")
        case events.ClockRight():
            return say("clock right")
        case events.MemberAway():
            about = member(event.role, event.name)
            return say("member away", about=about, why=cause(event.why, lang))
        case events.MemberBack():
            return say("member back", about=member(event.role, event.name))
        case events.OrderCarriedOut():
            name = "order carried out" if event.changed else "order without effect"
            return say(name, command=event.command, cp_id=event.cp_id)
        case events.OrderRefused():
            why = refusal_text.of_order(event, lang)
            return say("order refused", command=event.command, cp_id=event.cp_id, why=why)
        case events.ChainBroken():
            return say("chain broken", n=event.n, why=cause(event.why, lang))
        case (
            events.WeatherAlertRaised()
            | events.WeatherAlertCleared()
            | events.WeatherOverridden()
            | events.WeatherLost()
            | events.WeatherReached()
        ):
            return _weather_line(event, lang, say)
        case _:
            return _session_line(event, lang, say)


def _weather_line(
    event: events.WeatherAlertRaised
    | events.WeatherAlertCleared
    | events.WeatherOverridden
    | events.WeatherLost
    | events.WeatherReached,
    lang: str,
    say: labels.Speech,
) -> str:
    match event:
        case events.WeatherLost():
            return say(
                "weather lost", phrase=labels.say(Phrase.WEATHER_LOST, lang), why=cause(event.why, lang)
            )
        case events.WeatherReached(first=True):
            return say("weather first")
        case events.WeatherReached():
            return say("weather back", phrase=labels.say(Phrase.WEATHER_BACK, lang))
        case events.WeatherAlertRaised():
            what = labels.weather(event.alert, lang)
            if event.temperature_celsius is not None:
                what = f"{what} ({event.temperature_celsius:z.1f} °C)"
            return say("weather alert", location=event.location, what=what)
        case events.WeatherAlertCleared(left=()):
            return say("weather cleared", location=event.location)
        case events.WeatherAlertCleared():
            what = ", ".join(labels.weather(kind, lang) for kind in event.left)
            return say("weather left", location=event.location, what=what)
        case events.WeatherOverridden():
            name = "weather overridden" if event.override else "weather heeded"
            return say(name, location=event.location)


def _session_line(event: events.Event, lang: str, say: labels.Speech) -> str | None:
    match event:
        case events.SessionRebuilt():
            return say(
                "session rebuilt",
                session_id=event.session_id,
                cp_id=event.cp_id,
                driver_id=event.driver_id,
                hold=euros(event.hold_cents),
            )
        case events.DebtPaid():
            return say(
                "debt paid",
                driver_id=event.driver_id,
                cents=euros(event.cents),
                session_id=event.session_id,
                left=euros(event.left_cents),
            )
        case events.SessionAuthorised():
            hold = euros(event.hold_cents)
            return say("session authorised", session_id=event.session_id, hold=hold, cp_id=event.cp_id)
        case events.SessionReady():
            return say("session ready", session_id=event.session_id, cp_id=event.cp_id)
        case events.SessionStarted():
            return say(
                "session started",
                session_id=event.session_id,
                cp_id=event.cp_id,
                driver_id=event.driver_id,
            )
        case events.SessionInterrupted():
            energy = kwh(event.energy_mwh)
            reason = cause(event.reason, lang)
            return say("session interrupted", session_id=event.session_id, reason=reason, energy=energy)
        case events.StopOrdered():
            return say("stop ordered", session_id=event.session_id, reason=labels.reason(event.reason, lang))
        case events.SessionRefused():
            why = labels.reason(event.reason, lang)
            return say("session refused", session_id=event.session_id, reason=why)
        case events.TicketCorrected():
            return say(
                "ticket corrected",
                session_id=event.session_id,
                energy=kwh(event.energy_mwh),
                cost=euros(event.cost_cents),
                reason=cause(event.reason, lang),
            )
        case events.SessionReopened():
            return say("session reopened", session_id=event.session_id, cp_id=event.cp_id)
        case events.TicketMade():
            return say(
                "ticket estimated" if event.estimated else "ticket made",
                session_id=event.session_id,
                energy=kwh(event.energy_mwh),
                cost=euros(event.cost_cents),
                reason=labels.reason(event.reason, lang),
            )
        case _:
            return None


def why(point: ChargingPoint, lang: str = labels.DEFAULT_LANGUAGE) -> str:
    """Return why a charging point shows its status, in a few words, or ""."""
    say = speech(lang)
    match point.status:
        case CpStatus.UNAVAILABLE if point.withdrawn:
            return say("why withdrawn")
        case CpStatus.UNAVAILABLE if point.revoked:
            return say("why revoked")
        case CpStatus.UNAVAILABLE:
            return ", ".join(say(f"why {hold}") for hold in sorted(point.holds))
        case CpStatus.FAULTED:
            return cause(point.fault, lang) if point.fault is not None else say("why no link")
        case CpStatus.DISCONNECTED:
            return say("why not heard")
        case CpStatus.FINISHING:
            return say("why occupied")
        case _:
            return ""


def status_line(point: ChargingPoint, lang: str = labels.DEFAULT_LANGUAGE) -> str:
    """Return the status of one charging point in words."""
    where = f" ({point.location})" if point.location else ""
    reason = why(point, lang)
    return f"{point.cp_id}{where} {labels.status(point.status, lang)}{f': {reason}' if reason else ''}"
