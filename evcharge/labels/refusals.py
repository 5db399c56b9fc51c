"""Why a request to charge was refused, in both languages: the one place where a refusal gets its words. Pure.

Central words what its rules decided (`central/views/refusal_text`). Programs that hear of it get Central's sentence,
which is English, and the terms; in other languages they word those here.
"""

from collections.abc import Mapping

from evcharge import labels
from evcharge.domain.billing import euros, price_text
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code
from evcharge.domain.refusals import NO_FACTS, RefusalFacts
from evcharge.domain.session import EndReason
from evcharge.labels import DEFAULT_LANGUAGE, Speech, Words
from evcharge.labels.causes import cause, for_drivers

SENTENCES: Mapping[str, Words] = {
    # ---- the driver
    "unknown driver": (
        "{driver_id} is unknown here: it never logged in.",
        "Aquí no se conoce a {driver_id}: nunca se ha conectado.",
    ),
    "blocked": (
        "{driver_id} may not charge here: blocked.",
        "{driver_id} no puede recargar aquí: bloqueado.",
    ),
    "charging elsewhere": ("{driver_id} already has a charge.", "{driver_id} ya tiene una recarga en curso."),
    "charging elsewhere, at": (
        "{driver_id} already has a charge at {at}.",
        "{driver_id} ya tiene una recarga en curso en {at}.",
    ),
    "already charging": (
        "You already have a charge: stop it first.",
        "Ya tiene una recarga en curso: párela antes.",
    ),
    "already charging, at": (
        "You already have a charge at {at}: stop it first.",
        "Ya tiene una recarga en curso en {at}: párela antes.",
    ),
    "still stopping": (
        "Your charge is still stopping: try again in a moment.",
        "Su recarga aún se está parando: pruebe dentro de un momento.",
    ),
    "still stopping, at": (
        "Your charge at {at} is still stopping: try again in a moment.",
        "Su recarga en {at} aún se está parando: pruebe dentro de un momento.",
    ),
    "pause": (
        "Too many requests without plugging in: ask again in {seconds} s.",
        "Demasiadas peticiones sin enchufar: vuelva a pedir en {seconds} s.",
    ),
    "no money": ("Balance too low: top up first.", "Saldo insuficiente: recárguelo antes."),
    "no money, told": (
        "Balance too low ({euros} €): top up first.",
        "Saldo insuficiente ({euros} €): recárguelo antes.",
    ),
    "no money of another": (
        "{driver_id} has too little money: top up first.",
        "{driver_id} tiene saldo insuficiente: recárguelo antes.",
    ),
    # ---- the charging point
    "none available": (
        "No charging point available at the moment.",
        "Ningún punto de recarga disponible en este momento.",
    ),
    "none near": (
        "No charging point is free there; {at} is.",
        "No hay ningún punto de recarga libre allí; {at} sí lo está.",
    ),
    "none near, at": (
        "No charging point is free there; {at} in {location} is.",
        "No hay ningún punto de recarga libre allí; {at}, en {location}, sí lo está.",
    ),
    "none near wish": (
        "No charging point is free near {wish}; {at} is.",
        "No hay ningún punto de recarga libre cerca de {wish}; {at} sí lo está.",
    ),
    "none near wish, at": (
        "No charging point is free near {wish}; {at} in {location} is.",
        "No hay ningún punto de recarga libre cerca de {wish}; {at}, en {location}, sí lo está.",
    ),
    "unknown point": (
        "{cp_id} does not exist. Use `list` to see those that do.",
        "{cp_id} no existe. Con `list` verá los que hay.",
    ),
    "busy point": (
        "{cp_id} is busy with another charge.",
        "{cp_id} está ocupado con otra recarga.",
    ),
    "point telling": (
        "{cp_id} is still telling what it did: try again in a moment.",
        "{cp_id} aún está contando lo que hizo: pruebe dentro de un momento.",
    ),
    "occupied point": (
        "{cp_id} is occupied: another driver's vehicle is still plugged in.",
        "{cp_id} está ocupado: sigue enchufado el vehículo de otro conductor.",
    ),
    "dearer": (
        "{at} costs {price} €/kWh now, more than you were shown: ask again if you still want it.",
        "{at} cuesta ahora {price} €/kWh, más de lo que se le mostró: pida de nuevo si aún lo quiere.",
    ),
    "out of service": (
        "{cp_id} not available. CP out of service.",
        "{cp_id} no disponible. CP fuera de servicio.",
    ),
    "out of service because": (
        "{cp_id} not available. CP out of service ({why}).",
        "{cp_id} no disponible. CP fuera de servicio ({why}).",
    ),
    # ---- it did not take what Central had granted
    "not plugged": (
        "{cp_id}: the car was not plugged in in time.",
        "{cp_id}: el vehículo no se enchufó a tiempo.",
    ),
    "stopped early": (
        "{cp_id}: you stopped before charging began.",
        "{cp_id}: usted paró antes de que empezara la recarga.",
    ),
    "not taken": (
        "{cp_id} could not take the charge. Try again.",
        "{cp_id} no pudo iniciar la recarga. Inténtelo de nuevo.",
    ),
    "point lost": (
        "{cp_id} was lost before the charge began: nothing was billed, your money is free again.",
        "Se perdió {cp_id} antes de empezar la recarga: no se cobra nada y su dinero queda libre.",
    ),
    # ---- a start at the charging point's own menu
    "nobody": (
        "{driver_id} is not connected: open its app or its page to confirm, or type its PIN.",
        "{driver_id} no está conectado: abra su aplicación o su página para confirmar, o escriba su PIN.",
    ),
    "old app": (
        "The app of {driver_id} is too old to confirm: open its page, or type its PIN.",
        "La aplicación de {driver_id} es demasiado antigua para confirmar: abra su página o escriba su PIN.",
    ),
    "asked elsewhere": (
        "{driver_id} is being asked by another charging point.",
        "Otro punto de recarga está preguntando a {driver_id}.",
    ),
    "wrong pin": (
        "The PIN is wrong, or {driver_id} has none.",
        "El PIN es incorrecto, o {driver_id} no tiene ninguno.",
    ),
    "no": ("{driver_id} said no.", "{driver_id} dijo que no."),
    "late": ("{driver_id} did not confirm in time.", "{driver_id} no lo confirmó a tiempo."),
    "late, within": (
        "{driver_id} did not confirm within {seconds} s.",
        "{driver_id} no lo confirmó en {seconds} s.",
    ),
    "another driver": ("{cp_id} asked for another driver.", "{cp_id} preguntó por otro conductor."),
    "new price": (
        "The price of {cp_id} has changed: start again.",
        "El precio de {cp_id} ha cambiado: empiece de nuevo.",
    ),
    # ---- the request itself
    "id taken": (
        "that request id is taken; ask again",
        "ese identificador de petición ya existe; pida de nuevo",
    ),
}
_UNCONFIRMED = (
    "nobody",
    "old app",
    "asked elsewhere",
    "wrong pin",
    "no",
    "late",
    "another driver",
    "new price",
)
_NOT_TAKEN = {
    EndReason.NOT_PLUGGED: "not plugged",
    EndReason.DRIVER: "stopped early",
    EndReason.NOT_STARTED: "not taken",
    EndReason.BUSY: "not taken",
    EndReason.LOST: "point lost",
}


def refusal(
    code: str, lang: str, facts: RefusalFacts = NO_FACTS, *, driver_id: str = "", cp_id: str = ""
) -> str:
    """Return why a request was refused; "" when `code` is not known here, or its facts say too little."""
    name = _name(code, facts, driver_id, cp_id)
    if not name:
        return ""
    return Speech(SENTENCES, lang)(
        name,
        driver_id=driver_id,
        cp_id=cp_id,
        at=facts.at,
        wish=facts.wish,
        location=facts.reason,
        euros=euros(facts.cents or 0),
        price=price_text(facts.price or 0),
        seconds=facts.reason if code == Code.PAUSE else facts.within_s,
        why=_why(facts, lang),
    )


def heard(
    code: str, text: str, lang: str, facts: RefusalFacts = NO_FACTS, *, driver_id: str = "", cp_id: str = ""
) -> str:
    """Return what Central says: its own sentence `text`, which is English, or else what its terms or its code mean."""
    if text and lang == DEFAULT_LANGUAGE:
        return text
    said = refusal(code, lang, facts, driver_id=driver_id, cp_id=cp_id)
    return said or labels.says(code, text, lang) or labels.code(code, lang)


def cause_of(reason: str, lang: str) -> str:
    """Say why something ended or is not available: an EndReason, holds, or the words of a fault."""
    if (known := cause(reason, lang)) != reason:
        return known
    return ", ".join(
        labels.reason(EndReason(part), lang) if part in set(EndReason) else cause(part, lang)
        for part in reason.split(", ")
    )


def _name(code: str, facts: RefusalFacts, driver_id: str, cp_id: str) -> str:
    """Return which sentence says it."""
    where = ", at" if facts.at is not None else ""
    match code:
        case Code.DRIVER_BUSY | Code.NOT_CONFIRMED | Code.PIN if driver_id and facts.reason in _UNCONFIRMED:
            return "late, within" if facts.reason == "late" and facts.within_s is not None else facts.reason
        case Code.DRIVER_BLOCKED if driver_id:
            return "unknown driver" if facts.reason == "unknown" else "blocked"
        case Code.DRIVER_BUSY if facts.by_hand and driver_id:
            return f"charging elsewhere{where}"
        case Code.DRIVER_BUSY:
            return f"still stopping{where}" if facts.reason else f"already charging{where}"
        case Code.PAUSE if facts.reason:
            return "pause"
        case Code.BALANCE if facts.by_hand and driver_id:
            return "no money of another"
        case Code.BALANCE:
            return "no money" if facts.cents is None else "no money, told"
        case Code.PRICE if facts.at is not None and facts.price is not None:
            return "dearer"
        case Code.NONE_AVAILABLE:
            return "none available"
        case Code.NONE_NEAR if facts.at is not None:
            return f"none near{' wish' if facts.wish else ''}{', at' if facts.reason else ''}"
        case Code.ID:
            return "id taken"
        case _:
            return _name_of_point(code, facts) if cp_id else ""


def _name_of_point(code: str, facts: RefusalFacts) -> str:
    match code:
        case Code.UNKNOWN_CP:
            return "unknown point"
        case Code.CP_BUSY:
            return "point telling" if facts.reason == "telling" else "busy point"
        case Code.CP_OCCUPIED:
            return "occupied point"
        case Code.CP_NOT_AVAILABLE if not facts.status and facts.reason in _NOT_TAKEN:
            return _NOT_TAKEN[EndReason(facts.reason)]
        case Code.CP_NOT_AVAILABLE:
            return "out of service because" if facts.status or facts.reason else "out of service"
        case _:
            return ""


def _why(facts: RefusalFacts, lang: str) -> str:
    reason = for_drivers(facts.reason)
    if lang == DEFAULT_LANGUAGE:
        # The terms themselves are English.
        return ": ".join(filter(None, (facts.status, reason)))
    status = labels.status(CpStatus(facts.status), lang) if facts.status in set(CpStatus) else facts.status
    return ": ".join(filter(None, (status, cause_of(reason, lang))))
