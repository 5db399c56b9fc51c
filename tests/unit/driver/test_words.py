"""What Central says in English, said by the driver in its own language; and the lines of a pipe in Spanish."""

import pytest
from msgspec import structs

from evcharge.domain.charging_point import NEW_JOURNAL
from evcharge.domain.errors import AuthenticationError, BadInput, Code, Overloaded
from evcharge.driver.conversation import Conversation
from evcharge.driver.lines import LineCutter
from evcharge.driver.prompt import parse
from evcharge.driver.words import ENGLISH, Words
from evcharge.evc1.messages import (
    Balance,
    ErrorNotice,
    History,
    Notice,
    PointRow,
    Points,
    Progress,
    Supply,
    TicketIssued,
)

SPANISH = Words("es")


def refused(code: str, text: str = "english", **more: object) -> Progress:
    return Progress(
        request_id="request-1", step="REFUSED", code=code, text=text, **{"cp_id": "CP001", **more}
    )


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (refused("E_NONE_AVAILABLE"), "Ningún punto de recarga disponible en este momento."),
        (refused("E_UNKNOWN_CP"), "Denegado: CP001 no existe. Con `list` verá los que hay."),
        (refused("E_CP_BUSY"), "Denegado: CP001 está ocupado con otra recarga."),
        (refused("E_BALANCE"), "Denegado: Saldo insuficiente: recárguelo antes."),
        (refused("E_DRIVER_BUSY"), "Denegado: Ya tiene una recarga en curso: párela antes."),
        (
            refused("E_DRIVER_BUSY", reason="driver"),
            "Denegado: Su recarga aún se está parando: pruebe dentro de un momento.",
        ),
        (
            refused("E_CP_NOT_AVAILABLE", status="Unavailable", reason="operator, weather"),
            "Denegado: CP001 no disponible. CP fuera de servicio "
            "(Fuera de servicio: parado por el operador, parado por el tiempo).",
        ),
        (
            refused("E_CP_NOT_AVAILABLE", status="Unavailable", reason=f"{NEW_JOURNAL}, weather"),
            "Denegado: CP001 no disponible. CP fuera de servicio "
            "(Fuera de servicio: diario nuevo sin confirmar, parado por el tiempo).",
        ),
        (
            refused("E_CP_NOT_AVAILABLE", status="Faulted", reason="overheating"),
            "Denegado: CP001 no disponible. CP fuera de servicio (Averiado: overheating).",
        ),
        (
            refused("E_CP_NOT_AVAILABLE", status="Disconnected", reason="its monitor is not heard"),
            "Denegado: CP001 no disponible. CP fuera de servicio (Desconectado: su monitor no responde).",
        ),
        (refused("E_CP_NOT_AVAILABLE"), "Denegado: CP001 no disponible. CP fuera de servicio."),
        (
            refused("E_CP_NOT_AVAILABLE", reason="not plugged in"),
            "Denegado: CP001: el vehículo no se enchufó a tiempo.",
        ),
        (
            refused("E_CP_NOT_AVAILABLE", reason="driver"),
            "Denegado: CP001: usted paró antes de que empezara la recarga.",
        ),
        (
            refused("E_CP_NOT_AVAILABLE", reason="busy"),
            "Denegado: CP001 no pudo iniciar la recarga. Inténtelo de nuevo.",
        ),
        (refused("E_DRIVER_BLOCKED"), "Denegado: conductor bloqueado"),
        (refused("E_CP_BUSY", cp_id=None), "Denegado: punto de recarga en uso"),
        (refused("E_OF_TOMORROW", text="of tomorrow"), "Denegado: of tomorrow"),
        (refused("E_OF_TOMORROW", text=""), "Denegado: E_OF_TOMORROW"),
        (ErrorNotice(code="E_NO_SESSION", text="No such session."), "Denegado: no existe esa recarga"),
    ],
)
def test_a_refusal_is_said_in_spanish(word: Progress | ErrorNotice, said: str):
    assert SPANISH.refused(word) == said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (refused("E_CP_BUSY", text="CP001 is busy."), "Refused: CP001 is busy."),
        (refused("E_CP_BUSY", text=""), "Refused: CP001 is busy with another charge."),
        (refused("E_CP_NOT_AVAILABLE", text=""), "Refused: CP001 not available. CP out of service."),
        (refused("E_NONE_AVAILABLE", text="x"), "No charging point available at the moment."),
    ],
)
def test_in_english_central_has_the_word_and_its_terms_when_it_has_none(word: Progress, said: str):
    assert ENGLISH.refused(word) == said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            Notice(code="FAULT", text="x", cp_id="CP001", reason="overheating", energy_mwh=1_234_567),
            "Avería en CP001 (overheating); 1,234 kWh hasta ahora; llegará el tique final.",
        ),
        (
            Notice(code="ENGINE_LOST", text="x", cp_id="CP001"),
            "CP001 no tiene conexión con la CENTRAL; la recarga en curso continúa, sus cifras no avanzan.",
        ),
        (
            Notice(code="MONITOR_LOST", text="x", cp_id="CP001"),
            "El monitor de CP001 no responde; su recarga continúa hasta el final.",
        ),
        (
            Notice(code="KEY_REVOKED", text="x", cp_id="CP001", cost_cents=25),
            "Se retiró la clave de CP001; su recarga ha terminado y se le cobran 0,25 €.",
        ),
        (Notice(code="OF_TOMORROW", text="of tomorrow", cp_id="CP001"), "of tomorrow"),
        (Notice(code="FAULT", text="without terms"), "without terms"),
    ],
)
def test_a_notice_is_said_in_spanish_and_what_is_unknown_as_it_came(word: Notice, said: str):
    assert SPANISH.notice(word) == said
    assert ENGLISH.notice(word) == word.text


def test_a_stop_that_was_not_ours_says_whose_it_was():
    word = Progress(request_id="request-1", step="STOPPING", reason="weather")
    assert ENGLISH.step(word, "CP001", 60) == "Stopping the charge at CP001 (stopped because of the weather)"
    assert SPANISH.step(word, None, 60) == "Parando la recarga en el punto de recarga (parado por el tiempo)"


def test_central_knows_best_how_long_the_plug_is_waited_for():
    word = Progress(request_id="request-1", step="READY", plug_within_s=30)
    assert ENGLISH.step(word, "CP001", 60) == "Authorised: plug in at CP001 within 30 s"


def test_who_does_not_let_us_in_is_said_in_spanish():
    registry = Overloaded("Registry not responding at https://127.0.0.1:5001.", Code.UNREACHABLE)
    assert SPANISH.cannot_enter(registry) == "Registry no responde. Se reintenta."
    revoked = AuthenticationError("the key of D01 was revoked", Code.REVOKED)
    assert SPANISH.cannot_enter(revoked) == "Clave revocada. Se reintenta."
    wrong = AuthenticationError("The id or its credential is wrong.", Code.CREDENTIAL)
    assert ENGLISH.cannot_enter(wrong) == (
        "Unable to connect to CENTRAL. Messages not comprehensible. (The id or its credential is wrong). Retrying."
    )
    assert SPANISH.cannot_enter(wrong) == (
        "Imposible conectar con CENTRAL. Mensajes no comprensibles. (identificador o credencial incorrectos). "
        "Se reintenta."
    )


def test_a_charge_in_spanish_from_request_to_ticket():
    talk = Conversation("D01", "127.0.0.1:9002", 60, lambda: "request-1", words=SPANISH)
    assert talk.lost().lines == ("Imposible conectar con la CENTRAL en 127.0.0.1:9002; se reintenta",)
    assert talk.connected().lines == ("Conectado con la CENTRAL en 127.0.0.1:9002.",)
    assert talk.start(None, "Berlín").lines == (
        "Solicitud enviada: cualquier punto de recarga cerca de Berlín",
    )
    said = [
        talk.hear(
            Progress(request_id="request-1", step=step, cp_id="CP001", session_id="S-D01-CP001-1")
        ).lines[0]
        for step in ("ASKING", "READY", "CHARGING", "STOPPING")
    ]
    assert said == [
        "CP001 está libre; se le pregunta",
        "Autorizado: enchufe en CP001 en menos de 60 s",
        "Suministrando en CP001",
        "Parando la recarga en CP001",
    ]
    bill = TicketIssued(
        session_id="S-D01-CP001-1",
        request_id="request-1",
        cp_id="CP001",
        energy_mwh=1_100_000,
        cost_cents=28,
        price=2500,
        reason="unplugged",
        started_at=1.0,
        ended_at=2.0,
        estimated=True,
        while_away=True,
    )
    assert talk.hear(bill).lines == (
        "===== RESUMEN DE LA SESIÓN =====",
        "Conductor: D01",
        "Sesión:    S-D01-CP001-1",
        f"Fecha:     {SPANISH.span(bill)}",
        "Energía:   1,100 kWh  (estimado)",
        "Coste:     0,28 €  (0,25 €/kWh)",
        "Final:     desenchufado",
        "Nota:      esta recarga acabó mientras usted no estaba",
        "================================",
    )
    assert SPANISH.history(History(tickets=[bill]))[0].split() == [
        "Cuándo",
        "Sesión",
        "Punto",
        "Energía",
        "Coste",
        "Final",
    ]
    assert SPANISH.balance(Balance(balance_cents=1, held_cents=2)) == [
        "Saldo: 0,01 € (0,02 € retenidos por una recarga en curso)"
    ]


def test_a_status_of_a_newer_central_is_shown_as_it_is():
    row = PointRow(cp_id="CP001", location="Alicante", price=2500, status="Reserved")
    assert SPANISH.points(Points(points=[row]))[1].split() == [
        "CP001",
        "0,25",
        "€/kWh",
        "Reserved",
        "Alicante",
    ]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        (b"cargar\n", "orden desconocida 'cargar'"),
        (b"list now\n", "list no lleva nada detrás"),
        (b"start CP001 near\n", "near necesita un lugar detrás, como en: any near Berlín"),
        (
            b"start no/point\n",
            "se esperaba un punto de recarga (como CP001) o any, después near LUGAR, después 5 kWh o 3 €; "
            "hay 'no/point'",
        ),
        (b"x" * 600 + b"\n", "demasiado largo (más de 512 bytes)"),
        (b"\xff\n", "no es texto UTF-8"),
        (b"\x1b[2J\n", "contiene caracteres de control"),
    ],
)
def test_what_was_typed_wrongly_is_explained_in_spanish(typed: bytes, problem: str):
    (line,) = LineCutter().feed(typed)
    with pytest.raises(BadInput) as told:
        parse(line.text(SPANISH), SPANISH)
    assert told.value.text == problem


@pytest.mark.parametrize(
    ("lang", "ended", "said"),
    [
        ("en", "stopped at your limit", "Your charge at CP001 ends at 3.200 kWh, 0.80 €"),
        ("es", "parada en su límite", "Su recarga en CP001 terminará en 3,200 kWh, 0,80 €"),
    ],
)
def test_an_own_limit_is_said_to_its_driver(lang: str, ended: str, said: str):
    words = Words(lang)
    assert words.ended("own limit") == ended
    notice = Notice(code="LIMITED", text=said, cp_id="CP001", energy_mwh=3_200_000, cost_cents=80)
    assert words.notice(notice).startswith(said)


@pytest.mark.parametrize(
    ("lang", "sentence", "note"),
    [
        ("en", "The operator starts a charge for you at CP001.", "the operator started this charge for you"),
        (
            "es",
            "El operador inicia una recarga para usted en CP001.",
            "el operador inició esta recarga para usted",
        ),
    ],
)
def test_who_started_a_charge_is_said_to_its_driver(lang: str, sentence: str, note: str):
    words = Words(lang)
    text = "The operator starts a charge for you at CP001."
    assert words.notice(Notice(code="STARTED", text=text, cp_id="CP001")) == sentence
    bill = TicketIssued(
        session_id="S-D01-CP001-1",
        request_id="R-00000001",
        cp_id="CP001",
        energy_mwh=1,
        cost_cents=0,
        price=2_500,
        reason="unplugged",
        started_at=1.0,
        ended_at=2.0,
        estimated=False,
        by_operator=True,
    )
    assert words.notes(bill) == [note]


def test_in_spanish_how_far_a_charge_is_has_a_comma():
    supply = Supply(
        session_id="S-D01-CP001-1",
        cp_id="CP001",
        power_w=7_400,
        energy_mwh=3_200_000,
        cost_cents=80,
        until_cents=300,
    )
    assert SPANISH.live(supply) == ["CP001: 7,40 kW, 3,200 kWh, 0,80 de 3,00 €"]
    assert SPANISH.energy(structs.replace(supply, until_mwh=5_000_000)) == "3,200 de 5 kWh"
