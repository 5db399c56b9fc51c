"""One plain line for each thing that happens at Central."""

import pytest

from evcharge.central.views.event_text import line, status_line, why
from evcharge.domain import events as e
from evcharge.domain.charging_point import ChargingPoint, Hold
from evcharge.domain.session import EndReason

S, R = "S-D01-CP001-00", "R-00000001"
WHOSE = {"session_id": S, "request_id": R, "cp_id": "CP001", "driver_id": "D01"}

LINES: dict[e.Event, str | None] = {
    e.CentralStarted(version="1", points=0, open_sessions=0): None,
    e.CentralStopped(): None,
    e.InputRefused(code="E_SEQ", text="x"): None,
    e.LoginRefused(claimed="CP001", code="E_PROOF", text="x"): None,
    e.ClockJumped(seconds=86_400): "ALERT the clock of this machine jumped by +86400 s",
    e.StorageRestored(why="disk full", failed_at=1.0): None,
    e.RegistryLost(why="no answer"): None,
    e.RegistryReached(): None,
    e.RegistryNoted(
        n=1, at=1.0, what="log in", target="admin", result="done"
    ): "Registry: log in admin: done",
    e.RegistryNoted(n=2, at=1.0, what="POST /v1/login", target="admin", result="E_CREDENTIAL", times=9): (
        "Registry: POST /v1/login admin: refused (wrong id or credential) (9 times)"
    ),
    e.RegistryNoted(n=3, at=1.0, what="POST /v1/ticket", target="CP001", result="E_CREDENTIAL"): (
        "Unable to connect to CP001. Messages not comprehensible. (a wrong credential was shown to the Registry)"
    ),
    e.AlertClosed(alert_id="CP001-journal"): None,
    e.AlertTaken(alert_id="CP001-fault", by="ana"): None,
    e.AlertLeft(alert_id="CP001-fault", by="ana"): None,
    e.ClockOff(seconds=-9): "ALERT the clock of this machine is -9 s from that of the database: set it right",
    e.ClockRight(): "the clock of this machine is right again",
    e.MemberAway(role="registry", name="b:5001", why="no answer in time"): (
        "ALERT REGISTRY:b:5001 is away (no answer in time); the network goes on without it"
    ),
    e.MemberBack(role="central", name="B"): "CENTRAL:B answers again",
    e.KafkaLost(where="kafka:9092", why="no answer", waiting=3): None,
    e.KafkaReached(): None,
    e.NotifyLost(way="mail", why="no answer"): None,
    e.NotifyReached(way="mail"): None,
    e.FiguresUnderstood(cp_id="CP001"): None,
    e.OrderCarriedOut(
        request_id="0" * 32, cp_id="CP001", command="out", changed=True, ends=True
    ): "order out CP001, from Kafka: done",
    e.OrderCarriedOut(
        request_id="0" * 32, cp_id="CP001", command="out", changed=False, ends=False
    ): "order out CP001, from Kafka: nothing to do",
    e.OrderRefused(
        request_id="0" * 32, cp_id="CP009", command="out", code="E_UNKNOWN_CP", text="CP009 is away"
    ): "order out CP009, from Kafka, refused: CP009 is away",
    e.StorageRestored(why="disk full", failed_at=1.0): None,
    e.RegistryLost(why="no answer"): None,
    e.RegistryReached(): None,
    e.AlertClosed(alert_id="CP001-journal"): None,
    e.PointAdded(
        cp_id="CP001", location="Alicante", price_centi_cents_per_kwh=2_500
    ): "CP001 is new here: Alicante, 0.25 €/kWh",
    e.PointAdded(
        cp_id="CP001", location="", price_centi_cents_per_kwh=1
    ): "CP001 is new here: no location, 0.0001 €/kWh",
    e.PointMoved(cp_id="CP001", location="Elche"): "CP001 is now in Elche",
    e.LocationDiffers(cp_id="CP001", said="Berlin", location="Elche"): (
        "WARNING CP001 says Berlin; the network has it in Elche. If it is not there: "
        "evcharge cp set CP001 --location; if it is, "
        "start its engine with that --location"
    ),
    e.PriceChanged(
        cp_id="CP001", price_centi_cents_per_kwh=3_000, old_price_centi_cents_per_kwh=2_500
    ): "CP001 now costs 0.30 €/kWh; running charges keep their price",
    e.ChainBroken(
        n=7, why="row 7 was changed"
    ): "ALERT the audit log was changed at row 7: row 7 was changed",
    e.DriverBarred(driver_id="D01"): "D01: may no longer charge",
    e.DriverReadmitted(driver_id="D01"): "D01: may charge again",
    e.WeatherAlertRaised(
        location="Elche", alert="COLD", temperature_celsius=-3
    ): "ALERT weather in Elche: cold (-3.0 °C); its charging points are out of order",
    e.WeatherAlertRaised(
        location="Elche", alert="WIND"
    ): "ALERT weather in Elche: strong wind; its charging points are out of order",
    e.WeatherAlertCleared(location="Elche", alerts=("COLD",)): "the weather in Elche is good again",
    e.WeatherAlertCleared(
        location="Elche", alerts=("COLD",), left=("STORM", "WIND")
    ): "the weather in Elche is better; still: storm, strong wind",
    e.WeatherLost(
        why="the weather service was stopped"
    ): "Weather connection unavailable (the weather service was stopped): what the weather withholds stays out of "
    "order, everything else goes on.",
    e.WeatherReached(first=True): "The weather service is connected.",
    e.WeatherReached(): "Weather connection restored.",
    e.WeatherOverridden(
        location="Elche", override=True
    ): "Elche works in spite of the weather, by order of an operator",
    e.WeatherOverridden(location="Elche", override=False): "Elche heeds the weather again",
    e.EngineConnected(cp_id="CP001", link=1, journal_id="a" * 32, last_seq=0): None,
    e.EngineLost(cp_id="CP001", link=1, reason="cut"): None,
    e.MonitorConnected(cp_id="CP001", link=1): None,
    e.MonitorSpoke(cp_id="CP001"): None,
    e.MonitorLost(cp_id="CP001", link=1, reason="cut"): None,
    e.FaultReported(cp_id="CP001", fault="overheating"): None,
    e.FaultCleared(cp_id="CP001", fault="overheating"): None,
    e.VehiclePluggedIn(cp_id="CP001"): None,
    e.VehicleUnplugged(cp_id="CP001"): None,
    e.HoldPlaced(cp_id="CP001", hold=Hold.WEATHER): "CP001 is held: weather",
    e.HoldLifted(cp_id="CP001", hold=Hold.WEATHER): "CP001 is no longer held by: weather",
    e.HoldPlaced(cp_id="CP001", hold=Hold.JOURNAL): "CP001 is held: new journal: close its alert to confirm",
    e.HoldLifted(cp_id="CP001", hold=Hold.JOURNAL): "CP001: its new journal is confirmed",
    e.PointWithdrawn(cp_id="CP001", epoch=1): "CP001 is withdrawn from the network",
    e.KeyRevoked(cp_id="CP001", epoch=1): "CP001: keys revoked; it needs a new registration",
    e.KeyRestored(cp_id="CP001", epoch=1): "CP001: back with new keys",
    e.JournalReplaced(
        cp_id="CP001", old="a" * 32, new="b" * 32
    ): "ALERT CP001 has a new journal (aaaaaaaa before, bbbbbbbb now)",
    e.RecordQuarantined(
        cp_id="CP001", journal_id="a" * 32, seq=7, why="meter goes backwards", record="{}"
    ): "ALERT CP001: record 7 set aside: meter goes backwards",
    e.RecordQuarantined(
        cp_id="CP001",
        journal_id="a" * 32,
        seq=7,
        why="unknown or closed session",
        record="{}",
        times=41,
        kept=False,
    ): "ALERT CP001: record 7 makes no sense and is only counted: unknown or closed session (41 times)",
    e.StraySupply(
        cp_id="CP001", session_id=S
    ): f"ALERT CP001 supplies {S}, which is closed here; it is told to stop",
    e.DriverAdded(driver_id="D01"): "D01 is new here",
    e.DriverWithdrawn(
        driver_id="D01", epoch=1, balance_cents=320
    ): "D01 is withdrawn from the network; 3.20 € stay in its wallet",
    e.DriverConnected(driver_id="D01", link=1): "D01 connected",
    e.DriverLost(driver_id="D01", link=1, reason="cut"): "D01 left: cut",
    e.DriverBlocked(driver_id="D01", epoch=1): "D01: credential withdrawn",
    e.DriverUnblocked(driver_id="D01", epoch=1): None,
    e.WalletToppedUp(driver_id="D01", cents=2_000, balance_cents=2_005): "D01: 20.00 € in, balance 20.05 €",
    e.WalletCorrected(
        driver_id="D01", cents=-1_980, balance_cents=25, reason="typed twice", reference="R"
    ): "D01: wallet corrected by -19.80 € (typed twice), balance 0.25 €",
    e.PaidOut(
        driver_id="D01", cents=320, balance_cents=0, reason="moved away", reference="R"
    ): "D01: 3.20 € paid out (moved away), 0.00 € left",
    e.WelcomeWithheld(driver_id="D01", most=200, within_an_hour=True): (
        "ALERT D01 begins with an empty wallet: 200 drivers had the welcome credit within an hour"
    ),
    e.WelcomeWithheld(driver_id="D02", most=2_000, within_an_hour=False): (
        "ALERT D02 begins with an empty wallet: 2000 drivers had the welcome credit, which is all there is"
    ),
    e.PinSet(
        driver_id="D01", limit_cents=500, seal="5ea1"
    ): "D01: a PIN allows charges of up to 5.00 € at charging points",
    e.PinRemoved(driver_id="D01", why="driver"): "D01: its PIN is gone",
    e.PinRemoved(driver_id="D01", why="misses"): "ALERT D01: its PIN was typed wrongly too often and is void",
    e.PinRemoved(driver_id="D01", why="credential"): "D01: its PIN is void with its old credential",
    e.TicketShown(driver_id="D01", session_id=S): None,
    e.StartRefused(
        driver_id="D01", request_id=R, cp_id="CP001", code="E_CP_BUSY", text="CP001 is busy."
    ): "D01 refused: CP001 is busy.",
    e.ConfirmationAsked(
        driver_id="D01",
        request_id=R,
        cp_id="CP001",
        location="Elche",
        price_centi_cents_per_kwh=2_500,
        hold_cents=2_000,
        within_s=30,
    ): "CP001: D01 is asked to confirm the start there, within 30 s",
    e.StartConfirmed(driver_id="D01", request_id=R, cp_id="CP001"): "CP001: D01 confirms the start",
    e.ConfirmationEnded(
        driver_id="D01",
        request_id=R,
        cp_id="CP001",
        code="E_NOT_CONFIRMED",
        text="D01 did not confirm within 30 s.",
        reason="late",
    ): "CP001: nothing started. D01 did not confirm within 30 s.",
    e.SessionAuthorised(
        **WHOSE, price_centi_cents_per_kwh=2_500, hold_cents=2_000, limit_mwh=1, plug_within_s=60
    ): f"{S}: authorised, up to 20.00 €; asking CP001",
    e.SessionReady(**WHOSE, plug_within_s=60): f"{S}: CP001 waits for the plug",
    e.SessionStarted(**WHOSE, meter_mwh=0): f"{S}: CP001 supplies D01",
    e.SessionInterrupted(
        **WHOSE, energy_mwh=1_234_567, reason="overheating"
    ): f"{S}: interrupted (overheating), 1.234 kWh so far",
    e.StopOrdered(**WHOSE, reason=EndReason.OPERATOR): f"{S}: ending (stopped by the operator)",
    e.SessionRefused(
        **WHOSE, reason=EndReason.BUSY
    ): f"{S}: not taken (the charging point was busy); nothing charged, nothing paid",
}


def ticket(*, estimated: bool) -> e.TicketMade:
    return e.TicketMade(
        **WHOSE,
        energy_mwh=1_234_567,
        cost_cents=31,
        price_centi_cents_per_kwh=2_500,
        reason=EndReason.UNPLUGGED,
        started_at=1.0,
        ended_at=2.0,
        estimated=estimated,
        balance_cents=1_969,
    )


CORRECTED = e.TicketCorrected(
    **WHOSE,
    number=1,
    kind="RECORD",
    energy_mwh=9_000_000,
    cost_cents=225,
    paid_cents=225,
    owed_cents=0,
    reason="its charging point told the rest",
    ended_at=3.0,
    elapsed_s=None,
    ticket_ended_at=2.0,
    balance_cents=1_744,
)
LINES[CORRECTED] = f"{S}: ticket corrected by 9.000 kWh, 2.25 € (its charging point told the rest)"
LINES[e.SessionReopened(**WHOSE, hold_cents=2_000)] = (
    f"ALERT {S} was given up, and CP001 supplies it: billed after all, and told to stop"
)
LINES[
    e.SessionRebuilt(
        **WHOSE,
        price_centi_cents_per_kwh=2_500,
        hold_cents=500,
        short_cents=1_500,
        limit_mwh=80_000_000,
        plug_within_s=60,
        authorised_at=1.0,
    )
] = f"{S}: rebuilt from the journal of CP001, the books had lost it; 5.00 € of D01 are held"
LINES[
    e.DebtPaid(driver_id="D01", session_id=S, cents=225, left_cents=100, owed_cents=100, balance_cents=0)
] = f"D01 has paid 2.25 € of its debt for {S}; 1.00 € are still owed"
# Who comes and goes at the pages, and who may: for the audit log, not for the room.
for _quiet in (
    e.LoggedIn(name="ana"),
    e.LoggedOut(name="ana"),
    e.LoginLinkMade(name="ana"),
    e.AccountAdded(name="ana", role="operator"),
    e.AccountChanged(name="ana", role="viewer", what="role"),
    e.AccountRemoved(name="ana"),
    e.TokenMade(name="meteo", role="service"),
    e.TokenRemoved(name="meteo"),
    e.RegistrationChanged(what="register", cp_id="CP001"),
    e.RegistryAnchored(n=7, hash="0" * 64),
):
    LINES[_quiet] = None
LINES[ticket(estimated=False)] = f"{S}: ticket 1.234 kWh, 0.31 € (unplugged)"
LINES[ticket(estimated=True)] = f"{S}: ticket 1.234 kWh, 0.31 € (unplugged, estimated)"


@pytest.mark.parametrize(("event", "text"), LINES.items(), ids=lambda value: type(value).__name__)
def test_what_is_printed_for_each_event(event: e.Event, text: str | None):
    assert line(event) == text


def test_every_event_has_been_thought_of():
    assert {type(event) for event in LINES} == set(e.EVENT_TYPES)


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({}, "CP001 Disconnected: its monitor is not heard"),
        ({"location": "Alicante", "monitor_heard": True}, "CP001 (Alicante) Faulted: no link to Central"),
        ({"monitor_heard": True, "engine_link": 1}, "CP001 Available"),
        ({"monitor_heard": True, "fault": "overheating"}, "CP001 Faulted: overheating"),
        (
            {"monitor_heard": True, "engine_link": 1, "holds": frozenset(Hold)},
            "CP001 Out of Order: new journal: close its alert to confirm, operator, weather",
        ),
        ({"revoked": True}, "CP001 Out of Order: key revoked"),
    ],
)
def test_the_status_of_a_point_in_words(facts: dict, text: str):
    assert status_line(ChargingPoint(cp_id="CP001", **facts)) == text


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "order out CP009, from Kafka, refused: CP009 does not exist"),
        ("es", "orden out CP009, de Kafka, denegada: CP009 no existe"),
    ],
)
def test_a_refused_order_is_worded_by_its_facts(lang: str, text: str):
    order = {"request_id": "0" * 32, "cp_id": "CP009", "command": "out", "code": "E_UNKNOWN_CP"}
    assert line(e.OrderRefused(**order, why="unknown point", facts={"cp_id": "CP009"}), lang) == text


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (e.HoldPlaced(cp_id="CP001", hold=Hold.WEATHER), "CP001 queda retenido: tiempo"),
        (
            e.StartRefused(
                driver_id="D01", request_id=R, cp_id="CP001", code="E_CP_BUSY", text="CP001 is busy."
            ),
            "D01 denegado: CP001 está ocupado con otra recarga.",
        ),
        (ticket(estimated=True), f"{S}: tique 1,234 kWh, 0,31 € (desenchufado, estimado)"),
    ],
)
def test_the_lines_in_spanish(event: e.Event, text: str):
    assert line(event, "es") == text


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({}, "CP001 Desconectado: su monitor no responde"),
        ({"monitor_heard": True}, "CP001 Averiado: sin conexión con Central"),
        ({"monitor_heard": True, "fault": "overheating"}, "CP001 Averiado: overheating"),
        ({"revoked": True}, "CP001 Fuera de servicio: clave revocada"),
        (
            {"monitor_heard": True, "engine_link": 1, "holds": frozenset(Hold)},
            "CP001 Fuera de servicio: diario nuevo: cierre su aviso para confirmarlo, operador, tiempo",
        ),
    ],
)
def test_the_status_of_a_point_in_spanish(facts: dict, text: str):
    assert status_line(ChargingPoint(cp_id="CP001", **facts), "es") == text


@pytest.mark.parametrize("hold", Hold)
def test_every_hold_has_words(hold: Hold):
    for lang in ("en", "es"):
        held = ChargingPoint(cp_id="CP001", monitor_heard=True, engine_link=1, holds=frozenset({hold}))
        assert status_line(held, lang).endswith(f": {why(held, lang)}")
        assert why(held, lang)
